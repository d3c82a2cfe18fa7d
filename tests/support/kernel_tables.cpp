#include "kernel_tables.hpp"

#include <cstdio>
#if defined(FACEIO_SEPARATE_KERNELS)
#include <faceio/kernels/separate.hpp>
#else
#include <faceio/kernels/dispatch.hpp>
#endif

namespace test {

namespace {

template <class TargetType, class Table>
std::vector<const Table*> find_runnable(int count) {
  std::vector<const Table*> found;
  for (int i = 0; i < count; ++i) {
    const auto target = static_cast<TargetType>(i);
    const Table* table = faceio::table_for(target);
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
  static const auto tables = find_runnable<faceio::Int8Target, faceio::Int8KernelTable>(faceio::kInt8TargetCount);
  return tables;
}

faceio::Kernels with_int8(const faceio::KernelTable& table) { return faceio::kernels_for(table.target); }

}  // namespace test
