// Instruction-set targets: their names, what this build holds, what this CPU can run, and the only
// place where target feature strings are spelled.
#ifndef FACEIO_SIMD_TARGET_HPP
#define FACEIO_SIMD_TARGET_HPP

#include "../core/status.hpp"

#if FACEIO_X86
// Intrinsics come in here, outside every target region: a header included inside one would have its
// inline functions compiled for that target, and the linker might keep those bodies for everybody.
#include <immintrin.h>
#include <cpuid.h>
#if defined(_MSC_VER) && !defined(__AVX2INTRIN_H) && !defined(FACEIO_STATIC_TARGET)
#error "this clang hides AVX2 where it stands in for Microsoft's compiler: take clang 19 or newer, or FACEIO_STATIC_TARGET"
#endif
#elif FACEIO_NEON
#include <arm_neon.h>
#elif FACEIO_WASM
#include <wasm_simd128.h>
#elif FACEIO_HELIUM
#include <arm_mve.h>
#endif
#if !defined(FACEIO_FREESTANDING)
#include <stdlib.h>
#if (FACEIO_NEON || FACEIO_RVV) && (defined(__linux__) || defined(__FreeBSD__))
#include <sys/auxv.h>
#elif FACEIO_NEON && defined(__APPLE__)
#include <sys/sysctl.h>
#elif FACEIO_NEON && defined(_WIN32)
extern "C" __declspec(dllimport) int __stdcall IsProcessorFeaturePresent(unsigned long feature);  // as windows.h has it
#endif
#endif

#if defined(__clang__)
#define FACEIO_PRAGMA(text) _Pragma(#text)
#define FACEIO_REGION(features) \
  FACEIO_PRAGMA(clang attribute push(__attribute__((target(features))), apply_to = function))
#define FACEIO_REGION_BASELINE FACEIO_PRAGMA(clang attribute push)
#define FACEIO_REGION_END FACEIO_PRAGMA(clang attribute pop)
#elif defined(__GNUC__)
#define FACEIO_PRAGMA(text) _Pragma(#text)
#define FACEIO_REGION(features) FACEIO_PRAGMA(GCC push_options) FACEIO_PRAGMA(GCC target(features))
#define FACEIO_REGION_BASELINE FACEIO_PRAGMA(GCC push_options)
#define FACEIO_REGION_END FACEIO_PRAGMA(GCC pop_options)
#else
#define FACEIO_REGION(features)
#define FACEIO_REGION_BASELINE
#define FACEIO_REGION_END
#endif

#define FACEIO_REGION_AVX2 FACEIO_REGION("avx2,fma")
#define FACEIO_REGION_AVX512 FACEIO_REGION("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl")
// Regions of integer kernels only.
#define FACEIO_REGION_SSE41 FACEIO_REGION("sse4.1")
#define FACEIO_REGION_AVXVNNI FACEIO_REGION("avx2,avxvnni")
#define FACEIO_REGION_AVX512VNNI FACEIO_REGION("avx2,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")
#if defined(__clang__)
#define FACEIO_REGION_DOTPROD FACEIO_REGION("dotprod")
#define FACEIO_REGION_I8MM FACEIO_REGION("dotprod,i8mm")
#else
#define FACEIO_REGION_DOTPROD FACEIO_REGION("arch=armv8.2-a+dotprod")
#define FACEIO_REGION_I8MM FACEIO_REGION("arch=armv8.2-a+dotprod+i8mm")
#endif

// Makes a register's value unknown to the optimiser. Without it gcc loads a value from memory once for
// each multiply-add that uses it, because the instruction can.
// MemorySanitizer takes it for a use, even of lanes that are never looked at.
#if defined(__has_feature)
#if __has_feature(memory_sanitizer)
#define FACEIO_OPAQUE(constraint, value) static_cast<void>(value)
#endif
#endif
#if !defined(FACEIO_OPAQUE) && (defined(__GNUC__) || defined(__clang__))
#define FACEIO_OPAQUE(constraint, value) __asm__("" : "+" constraint(value))
#elif !defined(FACEIO_OPAQUE)
#define FACEIO_OPAQUE(constraint, value) static_cast<void>(value)
#endif

// Rounds a product before it goes into a sum: where the baseline has a multiply-add, compilers make one of the two.
#if defined(__FP_FAST_FMAF) || defined(__FMA__)
#define FACEIO_ROUNDED(constraint, product) FACEIO_OPAQUE(constraint, product)
#else
#define FACEIO_ROUNDED(constraint, product) static_cast<void>(0)
#endif
// Constraint of a float in a register, for these two; anywhere else it goes through memory.
#if FACEIO_X86
#define FACEIO_FLOAT_REGISTER "x"
#elif defined(__aarch64__)
#define FACEIO_FLOAT_REGISTER "w"
#elif FACEIO_NEON
#define FACEIO_FLOAT_REGISTER "t"
#else
#define FACEIO_FLOAT_REGISTER "m"
#endif

// What the compiler flags already promise about the CPU (the baseline). Targets below it would be
// dead code and are not built; scalar is kept as the readable cross-check of all others.
// CPUs other than x86-64 have vectors of one kind at most: FACEIO_VECTORS names their target, which is Target
// FACEIO_VECTORS_LEVEL with the int8 kernels of Int8Target FACEIO_INT8_VECTORS_LEVEL. They are the baseline, unless
// FACEIO_REGION_VECTORS allows their instructions.
#if FACEIO_X86 && defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512DQ__) && \
    defined(__AVX512VL__) && defined(__FMA__)
#define FACEIO_BASELINE_LEVEL 4
#elif FACEIO_X86 && defined(__AVX2__) && defined(__FMA__) && defined(__AVXVNNI__) && !defined(FACEIO_NO_INT8)
#define FACEIO_BASELINE_LEVEL 3
#elif FACEIO_X86 && defined(__AVX2__) && defined(__FMA__)
#define FACEIO_BASELINE_LEVEL 2
#elif FACEIO_X86
#define FACEIO_BASELINE_LEVEL 1
#elif FACEIO_NEON
#define FACEIO_VECTORS neon
#define FACEIO_VECTORS_LEVEL 5
#define FACEIO_INT8_VECTORS_LEVEL 5
#elif FACEIO_WASM
#define FACEIO_VECTORS wasm
#define FACEIO_VECTORS_LEVEL 6
#define FACEIO_INT8_VECTORS_LEVEL 8
#elif FACEIO_RVV
#define FACEIO_VECTORS rvv
#define FACEIO_VECTORS_LEVEL 7
#define FACEIO_INT8_VECTORS_LEVEL 9
#if !defined(__riscv_v)
#define FACEIO_REGION_VECTORS FACEIO_REGION("arch=+v")
#define FACEIO_BASELINE_LEVEL 0
#endif
#elif FACEIO_HELIUM
#define FACEIO_VECTORS helium
#define FACEIO_VECTORS_LEVEL 8
#define FACEIO_INT8_VECTORS_LEVEL 10
#else
#define FACEIO_BASELINE_LEVEL 0
#endif
#if !defined(FACEIO_BASELINE_LEVEL)
#define FACEIO_BASELINE_LEVEL FACEIO_VECTORS_LEVEL
#endif
#if !defined(FACEIO_REGION_VECTORS)
#define FACEIO_REGION_VECTORS FACEIO_REGION_BASELINE
#endif

#if defined(FACEIO_NO_AVX512) && FACEIO_BASELINE_LEVEL >= 4
#error "FACEIO_NO_AVX512 leaves nothing to run: the compiler is told that every CPU has AVX-512 (-march)"
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
#if !defined(FACEIO_NO_AVX512)
#define FACEIO_BUILDS_AVX512 (FACEIO_X86)
#else
#define FACEIO_BUILDS_AVX512 0
#endif
#endif
#if defined(FACEIO_VECTORS)
#define FACEIO_BUILDS_VECTORS 1
#else
#define FACEIO_BUILDS_VECTORS 0
#define FACEIO_VECTORS_LEVEL 0
#define FACEIO_INT8_VECTORS_LEVEL 0
#endif

// Int8 kernels: none with FACEIO_NO_INT8, else scalar ones always; the others where the targets of floats are built.
// A CPU with AVX-512 but without VNNI runs those of AVX2.
#define FACEIO_BUILDS_INT8_VECTORS (FACEIO_BUILDS_VECTORS && FACEIO_BUILDS_INT8)
#if defined(__aarch64__) && (!defined(FACEIO_STATIC_TARGET) || defined(__ARM_FEATURE_DOTPROD))
#define FACEIO_BUILDS_DOTPROD (FACEIO_NEON && FACEIO_BUILDS_INT8)
#else
#define FACEIO_BUILDS_DOTPROD 0
#endif
#if defined(__aarch64__) && (!defined(FACEIO_STATIC_TARGET) || defined(__ARM_FEATURE_MATMUL_INT8))
#define FACEIO_BUILDS_I8MM (FACEIO_NEON && FACEIO_BUILDS_INT8)
#else
#define FACEIO_BUILDS_I8MM 0
#endif
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
#define FACEIO_BUILDS_AVX512VNNI FACEIO_BUILDS_AVX512
#endif
// Layers that suit Winograd's algorithm are free of the rule that two products fit 16 bits (docs/int8.md); without it
// they would run on kernels that need the rule.
#if defined(FACEIO_SMALL)
#undef FACEIO_BUILDS_SSE41
#define FACEIO_BUILDS_SSE41 0
#undef FACEIO_BUILDS_INT8_AVX2
#define FACEIO_BUILDS_INT8_AVX2 0
#if FACEIO_WASM
#undef FACEIO_BUILDS_INT8_VECTORS
#define FACEIO_BUILDS_INT8_VECTORS 0
#endif
#endif

// Whether some int8 kernel wants the weights of wide input as 16-bit numbers: all but the scalar ones do.
#define FACEIO_INT8_PAIRS                                                                                      \
  (FACEIO_BUILDS_SSE41 || FACEIO_BUILDS_INT8_AVX2 || FACEIO_BUILDS_AVXVNNI || FACEIO_BUILDS_AVX512VNNI ||      \
   FACEIO_BUILDS_INT8_VECTORS)

FACEIO_BEGIN_NAMESPACE

/// In rising order of preference. avxvnni has the fp32 kernels of avx2, and int8 kernels of its own.
enum class Target : uint8_t { scalar, sse, avx2, avxvnni, avx512, neon, wasm, rvv, helium };
inline constexpr int kTargetCount = 9;

constexpr const char* name(Target target) noexcept {
  switch (target) {
    case Target::scalar: return "scalar";
    case Target::sse: return "sse";
    case Target::avx2: return "avx2";
    case Target::avxvnni: return "avxvnni";
    case Target::avx512: return "avx512";
    case Target::neon: return "neon";
    case Target::wasm: return "wasm";
    case Target::rvv: return "rvv";
    case Target::helium: return "helium";
  }
  return "unknown";
}

/// Numeric class of a target's fp32 kernels (docs/dispatch.md): true when a multiply-add rounds once.
constexpr bool rounds_once(Target target) noexcept {
  return target != Target::scalar && target != Target::sse && target != Target::wasm;
}

/// True when this build holds kernels for `target`.
constexpr bool is_built(Target target) noexcept {
  switch (target) {
    case Target::scalar: return FACEIO_BUILDS_SCALAR != 0;
    case Target::sse: return FACEIO_BUILDS_SSE != 0;
    case Target::avx2: return FACEIO_BUILDS_AVX2 != 0;
    case Target::avxvnni: return FACEIO_BUILDS_AVXVNNI != 0;
    case Target::avx512: return FACEIO_BUILDS_AVX512 != 0;
    default: return FACEIO_BUILDS_VECTORS != 0 && static_cast<int>(target) == FACEIO_VECTORS_LEVEL;
  }
}

/// Targets of int8 kernels, in the order of the targets that prefer them.
enum class Int8Target : uint8_t { scalar, sse41, avx2, avxvnni, avx512vnni, neon, dotprod, i8mm, wasm, rvv, helium };
inline constexpr int kInt8TargetCount = 11;

constexpr const char* name(Int8Target target) noexcept {
  switch (target) {
    case Int8Target::scalar: return "scalar";
    case Int8Target::sse41: return "sse4.1";
    case Int8Target::avx2: return "avx2";
    case Int8Target::avxvnni: return "avxvnni";
    case Int8Target::avx512vnni: return "avx512vnni";
    case Int8Target::neon: return "neon";
    case Int8Target::dotprod: return "dotprod";
    case Int8Target::i8mm: return "i8mm";
    case Int8Target::wasm: return "wasm";
    case Int8Target::rvv: return "rvv";
    case Int8Target::helium: return "helium";
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
    case Int8Target::dotprod: return FACEIO_BUILDS_DOTPROD != 0;
    case Int8Target::i8mm: return FACEIO_BUILDS_I8MM != 0;
    default: return FACEIO_BUILDS_INT8_VECTORS != 0 && static_cast<int>(target) == FACEIO_INT8_VECTORS_LEVEL;
  }
}

#if FACEIO_X86
namespace detail {

struct CpuidRegisters {
  uint32_t eax = 0, ebx = 0, ecx = 0, edx = 0;
};

inline CpuidRegisters cpuid(uint32_t leaf, uint32_t subleaf) noexcept {
  CpuidRegisters r;
  __cpuid_count(leaf, subleaf, r.eax, r.ebx, r.ecx, r.edx);
  return r;
}

/// Register state the operating system saves (XCR0). Only valid when CPUID reports OSXSAVE.
inline uint64_t enabled_register_state() noexcept {
  uint32_t low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (static_cast<uint64_t>(high) << 32) | low;
}

constexpr bool has_bit(uint32_t word, int index) noexcept { return ((word >> index) & 1u) != 0; }

}  // namespace detail
#elif FACEIO_RVV && FACEIO_BASELINE_LEVEL == 0
namespace detail {

FACEIO_REGION_VECTORS
/// Lanes of 32 bits in a register. 0 on CPUs of the draft 0.7, whose Linux says that they have V too: they do not know
/// this configuration.
inline unsigned long rvv_lanes() noexcept {
  unsigned long lanes;
  __asm__ volatile("vsetvli %0, zero, e32, m1, ta, ma" : "=r"(lanes) : : "vl", "vtype");
  return lanes;
}
FACEIO_REGION_END

inline bool has_rvv() noexcept { return (getauxval(AT_HWCAP) >> ('v' - 'a') & 1) != 0 && rvv_lanes() >= 4; }

}  // namespace detail
#endif

/// True when the CPU has the instructions of `target` and the operating system saves its registers.
/// Asks CPUID and XGETBV itself: __builtin_cpu_supports answers 0 to everything under some runtimes.
inline bool cpu_supports(Target target) noexcept {
#if FACEIO_X86
  using detail::has_bit;
  if (target > Target::avx512) return false;
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
  if (target == Target::scalar) return true;
  if (static_cast<int>(target) != FACEIO_VECTORS_LEVEL) return false;
#if FACEIO_BASELINE_LEVEL == FACEIO_VECTORS_LEVEL
  return true;
#else
  return detail::has_rvv();
#endif
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
  return target == Int8Target::avx512vnni && cpu_supports(Target::avx512) &&
         has_bit(detail::cpuid(7, 0).ecx, kAvx512Vnni);
#elif FACEIO_NEON && defined(__aarch64__)
  if (target == Int8Target::neon) return true;
#if defined(FACEIO_STATIC_TARGET)
  return is_built(target);
#elif defined(FACEIO_FREESTANDING)
  return false;
#elif defined(__linux__) || defined(__FreeBSD__)
  const bool dotprod = target == Int8Target::dotprod;
  if (!dotprod && target != Int8Target::i8mm) return false;
  unsigned long features = 0;
#if defined(__linux__)
  features = getauxval(dotprod ? AT_HWCAP : AT_HWCAP2);
#else
  elf_aux_info(dotprod ? AT_HWCAP : AT_HWCAP2, &features, sizeof features);
#endif
  return (features >> (dotprod ? 20 : 13) & 1) != 0;  // HWCAP_ASIMDDP and HWCAP2_I8MM, which older headers lack
#elif defined(__APPLE__)
  if (target == Int8Target::dotprod) return true;  // since the A13 and M1
  int has_i8mm = 0;
  size_t bytes = sizeof has_i8mm;
  return target == Int8Target::i8mm &&
         sysctlbyname("hw.optional.arm.FEAT_I8MM", &has_i8mm, &bytes, nullptr, 0) == 0 && has_i8mm != 0;
#elif defined(_WIN32)
  constexpr unsigned long kDotProducts = 43;  // PF_ARM_V82_DP_INSTRUCTIONS_AVAILABLE
  return target == Int8Target::dotprod && IsProcessorFeaturePresent(kDotProducts) != 0;
#else
  return false;
#endif
#else
  return is_built(target) && cpu_supports(static_cast<Target>(FACEIO_VECTORS_LEVEL));
#endif
}

/// The best int8 kernels that are built and that the CPU supports, up to those of `target`.
inline Int8Target best_int8_target(Target target) noexcept {
  constexpr Int8Target kHighest[kTargetCount] = {
      Int8Target::scalar, Int8Target::sse41, Int8Target::avx2, Int8Target::avxvnni, Int8Target::avx512vnni,
      Int8Target::i8mm,   Int8Target::wasm,  Int8Target::rvv,  Int8Target::helium};
  for (int i = static_cast<int>(kHighest[static_cast<int>(target)]); i > 0; --i) {
    const auto candidate = static_cast<Int8Target>(i);
    if (is_built(candidate) && cpu_supports(candidate)) return candidate;
  }
  return Int8Target::scalar;
}

/// The highest target that is built and supported; FACEIO_ISA=scalar|sse|avx2|avxvnni|avx512|neon|wasm|rvv
/// in the environment asks for another one. Error: unsupported_target when that one is unknown, not built
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
