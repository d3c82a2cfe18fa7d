#include "kernel_tables.hpp"

#include <cstdio>
#if defined(FACEIO_SEPARATE_KERNELS)
#include <faceio/kernels/separate.hpp>
#else
#include <faceio/kernels/dispatch.hpp>
#endif

// CPUs with AVX-512 VNNI have the dot products of AVX-VNNI in another encoding. Those without AVX-VNNI test its int8
// kernels with that.
#if FACEIO_BUILDS_AVXVNNI && FACEIO_BUILDS_AVX512VNNI
#define FACEIO_TESTS_AVXVNNI_IN_EVEX 1
#define _mm256_dpbusd_avx_epi32 _mm256_dpbusd_epi32
#define _mm256_dpwssd_avx_epi32 _mm256_dpwssd_epi32
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"  // as in kernels/targets.hpp
#endif
FACEIO_REGION("avx2,avx512f,avx512vl,avx512vnni")
#define FACEIO_TARGET_NS int8_avxvnni_in_evex
#define FACEIO_TARGET_ID 3
#include <faceio/kernels/all_int8-inl.hpp>
#undef FACEIO_TARGET_NS
#undef FACEIO_TARGET_ID
FACEIO_REGION_END
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif
#undef _mm256_dpbusd_avx_epi32
#undef _mm256_dpwssd_avx_epi32
#endif

namespace test {

namespace {

template <class TargetType, class Table>
std::vector<const Table*> find_runnable(int count) {
  std::vector<const Table*> found;
  for (int i = 0; i < count; ++i) {
    const auto target = static_cast<TargetType>(i);
    const Table* table = faceio::table_for(target);
    if (table != nullptr && table->target != target) continue;  // another target's kernels
    if (table == nullptr || !faceio::cpu_supports(target)) {
      std::printf("target %s: SKIPPED (%s)\n", faceio::name(target),
                  table == nullptr ? "not in this build" : "this CPU cannot run it");
      continue;
    }
    found.push_back(table);
  }
  return found;
}

}  // namespace

const std::vector<const faceio::KernelTable*>& runnable_tables() {
  static const auto tables = find_runnable<faceio::Target, faceio::KernelTable>(faceio::kTargetCount);
  return tables;
}

const std::vector<const faceio::Int8KernelTable*>& runnable_int8_tables() {
  static const auto tables = [] {
    auto found = find_runnable<faceio::Int8Target, faceio::Int8KernelTable>(faceio::kInt8TargetCount);
#if defined(FACEIO_TESTS_AVXVNNI_IN_EVEX)
    if (!faceio::cpu_supports(faceio::Int8Target::avxvnni) && faceio::cpu_supports(faceio::Int8Target::avx512vnni)) {
      std::printf("target avxvnni: tested in the encoding of AVX-512\n");
      found.push_back(&faceio::int8_avxvnni_in_evex::kInt8Table);
    }
#endif
    return found;
  }();
  return tables;
}

faceio::Kernels with_int8(const faceio::KernelTable& table) { return faceio::kernels_for(table.target); }

}  // namespace test
