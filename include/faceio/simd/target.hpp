// Instruction-set targets: their names, what this build holds, what this CPU can run, and the only
// place where target feature strings are spelled.
#ifndef FACEIO_SIMD_TARGET_HPP
#define FACEIO_SIMD_TARGET_HPP

#include "../core/status.hpp"

#if FACEIO_X86
// Intrinsics come in here, outside every target region: a header included inside one would have its
// inline functions compiled for that target, and the linker might keep those bodies for everybody.
#include <immintrin.h>
#if defined(_MSC_VER) && !defined(__clang__)
#include <intrin.h>
#else
#include <cpuid.h>
#endif
#endif
#if !defined(FACEIO_FREESTANDING)
#include <stdlib.h>
#endif

#if defined(__clang__)
#define FACEIO_PRAGMA(text) _Pragma(#text)
#define FACEIO_REGION(features) \
  FACEIO_PRAGMA(clang attribute push(__attribute__((target(features))), apply_to = function))
#define FACEIO_REGION_END FACEIO_PRAGMA(clang attribute pop)
#elif defined(__GNUC__)
#define FACEIO_PRAGMA(text) _Pragma(#text)
#define FACEIO_REGION(features) FACEIO_PRAGMA(GCC push_options) FACEIO_PRAGMA(GCC target(features))
#define FACEIO_REGION_END FACEIO_PRAGMA(GCC pop_options)
#else
#define FACEIO_REGION(features)
#define FACEIO_REGION_END
#endif

#define FACEIO_REGION_AVX2 FACEIO_REGION("avx2,fma")
#define FACEIO_REGION_AVX512 FACEIO_REGION("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl")
// Regions of integer kernels only.
#define FACEIO_REGION_SSE41 FACEIO_REGION("sse4.1")
#define FACEIO_REGION_AVXVNNI FACEIO_REGION("avx2,avxvnni")
#define FACEIO_REGION_AVX512VNNI FACEIO_REGION("avx2,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")

// Makes a register's value unknown to the optimiser. Without it gcc loads a value from memory once for
// each multiply-add that uses it, because the instruction can.
#if defined(__GNUC__) || defined(__clang__)
#define FACEIO_OPAQUE(constraint, value) __asm__("" : "+" constraint(value))
#else
#define FACEIO_OPAQUE(constraint, value) static_cast<void>(0)
#endif

// What the compiler flags already promise about the CPU (the baseline). Targets below it would be
// dead code and are not built; scalar is kept as the readable cross-check of all others.
#if FACEIO_X86 && defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512DQ__) && \
    defined(__AVX512VL__) && defined(__FMA__)
#define FACEIO_BASELINE_LEVEL 4
#elif FACEIO_X86 && defined(__AVX2__) && defined(__FMA__) && defined(__AVXVNNI__) && !defined(FACEIO_NO_INT8)
#define FACEIO_BASELINE_LEVEL 3
#elif FACEIO_X86 && defined(__AVX2__) && defined(__FMA__)
#define FACEIO_BASELINE_LEVEL 2
#elif FACEIO_X86
#define FACEIO_BASELINE_LEVEL 1
#else
#define FACEIO_BASELINE_LEVEL 0
#endif

#if defined(FACEIO_STATIC_TARGET)
#define FACEIO_BUILDS_SCALAR (FACEIO_BASELINE_LEVEL == 0)
#define FACEIO_BUILDS_SSE (FACEIO_BASELINE_LEVEL == 1)
#define FACEIO_BUILDS_AVX2 (FACEIO_BASELINE_LEVEL == 2 || FACEIO_BASELINE_LEVEL == 3)
#define FACEIO_BUILDS_AVX512 (FACEIO_BASELINE_LEVEL == 4)
#else
#define FACEIO_BUILDS_SCALAR 1
#define FACEIO_BUILDS_SSE (FACEIO_X86 && FACEIO_BASELINE_LEVEL <= 1)
#define FACEIO_BUILDS_AVX2 (FACEIO_X86 && FACEIO_BASELINE_LEVEL <= 3)
#define FACEIO_BUILDS_AVX512 (FACEIO_X86)
#endif

// Int8 kernels: none with FACEIO_NO_INT8, else scalar ones always; the others where the targets of floats are built.
// A CPU with AVX-512 but without VNNI runs those of AVX2.
#if defined(FACEIO_NO_INT8)
#define FACEIO_BUILDS_INT8 0
#define FACEIO_BUILDS_SSE41 0
#define FACEIO_BUILDS_INT8_AVX2 0
#define FACEIO_BUILDS_AVXVNNI 0
#define FACEIO_BUILDS_AVX512VNNI 0
#elif defined(FACEIO_STATIC_TARGET)
#define FACEIO_BUILDS_INT8 1
#if defined(__SSE4_1__)
#define FACEIO_BUILDS_SSE41 FACEIO_BUILDS_SSE
#else
#define FACEIO_BUILDS_SSE41 0
#endif
#if defined(__AVX512VNNI__)
#define FACEIO_BUILDS_AVX512VNNI FACEIO_BUILDS_AVX512
#else
#define FACEIO_BUILDS_AVX512VNNI 0
#endif
#define FACEIO_BUILDS_AVXVNNI (FACEIO_BASELINE_LEVEL == 3)
#define FACEIO_BUILDS_INT8_AVX2 (FACEIO_BASELINE_LEVEL == 2 || (FACEIO_BUILDS_AVX512 && !FACEIO_BUILDS_AVX512VNNI))
#else
#define FACEIO_BUILDS_INT8 1
#define FACEIO_BUILDS_SSE41 FACEIO_BUILDS_SSE
#define FACEIO_BUILDS_INT8_AVX2 (FACEIO_X86)
#define FACEIO_BUILDS_AVXVNNI (FACEIO_X86 && FACEIO_BASELINE_LEVEL <= 3)
#define FACEIO_BUILDS_AVX512VNNI (FACEIO_X86)
#endif

FACEIO_BEGIN_NAMESPACE

/// In rising order of preference. avxvnni has the fp32 kernels of avx2, and int8 kernels of its own.
enum class Target : uint8_t { scalar, sse, avx2, avxvnni, avx512 };
inline constexpr int kTargetCount = 5;

constexpr const char* name(Target target) noexcept {
  switch (target) {
    case Target::scalar: return "scalar";
    case Target::sse: return "sse";
    case Target::avx2: return "avx2";
    case Target::avxvnni: return "avxvnni";
    case Target::avx512: return "avx512";
  }
  return "unknown";
}

/// True when this build holds kernels for `target`.
constexpr bool is_built(Target target) noexcept {
  switch (target) {
    case Target::scalar: return FACEIO_BUILDS_SCALAR != 0;
    case Target::sse: return FACEIO_BUILDS_SSE != 0;
    case Target::avx2: return FACEIO_BUILDS_AVX2 != 0;
    case Target::avxvnni: return FACEIO_BUILDS_AVXVNNI != 0;
    case Target::avx512: return FACEIO_BUILDS_AVX512 != 0;
  }
  return false;
}

/// Targets of int8 kernels, in the order of the targets that prefer them.
enum class Int8Target : uint8_t { scalar, sse41, avx2, avxvnni, avx512vnni };
inline constexpr int kInt8TargetCount = 5;

constexpr const char* name(Int8Target target) noexcept {
  switch (target) {
    case Int8Target::scalar: return "scalar";
    case Int8Target::sse41: return "sse4.1";
    case Int8Target::avx2: return "avx2";
    case Int8Target::avxvnni: return "avxvnni";
    case Int8Target::avx512vnni: return "avx512vnni";
  }
  return "unknown";
}

/// True when this build holds int8 kernels for `target`.
constexpr bool is_built(Int8Target target) noexcept {
  switch (target) {
    case Int8Target::scalar: return FACEIO_BUILDS_INT8 != 0;
    case Int8Target::sse41: return FACEIO_BUILDS_SSE41 != 0;
    case Int8Target::avx2: return FACEIO_BUILDS_INT8_AVX2 != 0;
    case Int8Target::avxvnni: return FACEIO_BUILDS_AVXVNNI != 0;
    case Int8Target::avx512vnni: return FACEIO_BUILDS_AVX512VNNI != 0;
  }
  return false;
}

#if FACEIO_X86
namespace detail {

struct CpuidRegisters {
  uint32_t eax = 0, ebx = 0, ecx = 0, edx = 0;
};

inline CpuidRegisters cpuid(uint32_t leaf, uint32_t subleaf) noexcept {
  CpuidRegisters r;
#if defined(_MSC_VER) && !defined(__clang__)
  int regs[4];
  __cpuidex(regs, static_cast<int>(leaf), static_cast<int>(subleaf));
  r.eax = static_cast<uint32_t>(regs[0]);
  r.ebx = static_cast<uint32_t>(regs[1]);
  r.ecx = static_cast<uint32_t>(regs[2]);
  r.edx = static_cast<uint32_t>(regs[3]);
#else
  __cpuid_count(leaf, subleaf, r.eax, r.ebx, r.ecx, r.edx);
#endif
  return r;
}

/// Register state the operating system saves (XCR0). Only valid when CPUID reports OSXSAVE.
inline uint64_t enabled_register_state() noexcept {
#if defined(_MSC_VER) && !defined(__clang__)
  return _xgetbv(0);
#else
  uint32_t low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (static_cast<uint64_t>(high) << 32) | low;
#endif
}

constexpr bool has_bit(uint32_t word, int index) noexcept { return ((word >> index) & 1u) != 0; }

}  // namespace detail
#endif

/// True when the CPU has the instructions of `target` and the operating system saves its registers.
/// Asks CPUID and XGETBV itself: __builtin_cpu_supports answers 0 to everything under some runtimes.
inline bool cpu_supports(Target target) noexcept {
#if FACEIO_X86
  using detail::has_bit;
  if (target <= Target::sse) return true;  // SSE2 is part of x86-64
  const uint32_t max_leaf = detail::cpuid(0, 0).eax;
  if (max_leaf < 7) return false;
  const detail::CpuidRegisters leaf1 = detail::cpuid(1, 0);
  constexpr int kFma = 12, kOsxsave = 27, kAvx = 28;
  if (!has_bit(leaf1.ecx, kOsxsave) || !has_bit(leaf1.ecx, kAvx)) return false;
  const uint64_t state = detail::enabled_register_state();
  constexpr uint64_t kYmmState = 0x6, kZmmState = 0xe6;
  const detail::CpuidRegisters leaf7 = detail::cpuid(7, 0);
  constexpr int kAvx2 = 5, kAvx512F = 16, kAvx512Dq = 17, kAvx512Bw = 30, kAvx512Vl = 31;
  const bool has_avx2 =
      (state & kYmmState) == kYmmState && has_bit(leaf7.ebx, kAvx2) && has_bit(leaf1.ecx, kFma);
  if (target == Target::avx2) return has_avx2;
  if (target == Target::avxvnni) {
    constexpr int kAvxVnni = 4;
    return has_avx2 && leaf7.eax >= 1 && has_bit(detail::cpuid(7, 1).eax, kAvxVnni);
  }
  return has_avx2 && (state & kZmmState) == kZmmState && has_bit(leaf7.ebx, kAvx512F) &&
         has_bit(leaf7.ebx, kAvx512Dq) && has_bit(leaf7.ebx, kAvx512Bw) && has_bit(leaf7.ebx, kAvx512Vl);
#else
  return target == Target::scalar;
#endif
}

/// The same for the int8 kernels of a target.
inline bool cpu_supports(Int8Target target) noexcept {
  if (target == Int8Target::scalar) return true;
#if FACEIO_X86
  using detail::has_bit;
  constexpr int kSse41 = 19, kAvx512Vnni = 11;
  if (target == Int8Target::sse41) return has_bit(detail::cpuid(1, 0).ecx, kSse41);
  if (target == Int8Target::avx2) return cpu_supports(Target::avx2);
  if (target == Int8Target::avxvnni) return cpu_supports(Target::avxvnni);
  return cpu_supports(Target::avx512) && has_bit(detail::cpuid(7, 0).ecx, kAvx512Vnni);
#else
  return false;
#endif
}

/// The best int8 kernels that are built and that the CPU supports, up to those of `target`.
inline Int8Target best_int8_target(Target target) noexcept {
  for (int i = static_cast<int>(target); i > 0; --i) {
    const auto candidate = static_cast<Int8Target>(i);
    if (is_built(candidate) && cpu_supports(candidate)) return candidate;
  }
  return Int8Target::scalar;
}

/// The highest target that is built and supported; FACEIO_ISA=scalar|sse|avx2|avxvnni|avx512 in the
/// environment asks for another one. Error: unsupported_target when that one is unknown, not built
/// or not supported.
inline Result<Target> best_target() noexcept {
#if !defined(FACEIO_FREESTANDING)
  const char* wanted = getenv("FACEIO_ISA");
  if (wanted != nullptr && wanted[0] != '\0') {
    for (int i = 0; i < kTargetCount; ++i) {
      const auto target = static_cast<Target>(i);
      const char* a = name(target);
      const char* b = wanted;
      while (*a != '\0' && *a == *b) ++a, ++b;
      if (*a != *b) continue;
      if (!is_built(target) || !cpu_supports(target)) break;
      return target;
    }
    return Errc::unsupported_target;
  }
#endif
#if defined(FACEIO_STATIC_TARGET)
  return static_cast<Target>(FACEIO_BASELINE_LEVEL);
#else
  for (int i = kTargetCount - 1; i > 0; --i) {
    const auto target = static_cast<Target>(i);
    if (is_built(target) && cpu_supports(target)) return target;
  }
  return Target::scalar;
#endif
}

FACEIO_END_NAMESPACE

#endif  // FACEIO_SIMD_TARGET_HPP
