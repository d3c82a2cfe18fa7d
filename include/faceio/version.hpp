// Version numbers and the inline namespace that every faceio symbol lives in.
//
// The namespace name spells what the compiler was told about the CPU. Two translation units that are
// compiled with different -m flags therefore hold different symbols: passing a faceio object between
// them fails to link, and the linker can never merge an AVX2 body into a baseline program (which
// would die with SIGILL on an older CPU, see docs/dispatch.md). Never spell the inner namespace.
#ifndef FACEIO_VERSION_HPP
#define FACEIO_VERSION_HPP

#define FACEIO_VERSION_MAJOR 0
#define FACEIO_VERSION_MINOR 1
#define FACEIO_VERSION_PATCH 0

#define FACEIO_CONCAT_INNER(a, b) a##b
#define FACEIO_CONCAT(a, b) FACEIO_CONCAT_INNER(a, b)
#define FACEIO_STRINGIZE_INNER(a) #a
#define FACEIO_STRINGIZE(a) FACEIO_STRINGIZE_INNER(a)

#define FACEIO_VERSION_STRING                                                     \
  FACEIO_STRINGIZE(FACEIO_VERSION_MAJOR)                                          \
  "." FACEIO_STRINGIZE(FACEIO_VERSION_MINOR) "." FACEIO_STRINGIZE(FACEIO_VERSION_PATCH)

// FACEIO_FREESTANDING changes code, so it is settled here, before the tag is made (core/config.hpp).
#if !defined(FACEIO_FREESTANDING) && defined(__STDC_HOSTED__) && __STDC_HOSTED__ == 0
#define FACEIO_FREESTANDING
#endif

#if defined(FACEIO_NO_SIMD)
#define FACEIO_ABI_LEVEL scalar
#elif defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512DQ__) && defined(__AVX512VL__)
#define FACEIO_ABI_LEVEL avx512
#elif defined(__AVX512F__)
#define FACEIO_ABI_LEVEL avx512f
#elif defined(__AVX2__)
#define FACEIO_ABI_LEVEL avx2
#elif defined(__AVX__)
#define FACEIO_ABI_LEVEL avx
#elif defined(__SSE4_2__)
#define FACEIO_ABI_LEVEL sse42
#elif defined(__SSE4_1__)
#define FACEIO_ABI_LEVEL sse41
#elif defined(__SSSE3__)
#define FACEIO_ABI_LEVEL ssse3
#elif defined(__SSE3__)
#define FACEIO_ABI_LEVEL sse3
#elif defined(__SSE2__) || defined(_M_X64)
#define FACEIO_ABI_LEVEL sse2
#elif defined(__aarch64__) && defined(__ARM_FEATURE_SVE2)
#define FACEIO_ABI_LEVEL sve2
#elif defined(__aarch64__) && defined(__ARM_FEATURE_SVE)
#define FACEIO_ABI_LEVEL sve
#elif defined(__aarch64__) && defined(__ARM_FEATURE_MATMUL_INT8)
#define FACEIO_ABI_LEVEL i8mm
#elif defined(__aarch64__) && defined(__ARM_FEATURE_DOTPROD)
#define FACEIO_ABI_LEVEL dotprod
#elif defined(__aarch64__) && defined(__ARM_FEATURE_ATOMICS)
#define FACEIO_ABI_LEVEL lse
#elif defined(__aarch64__) && defined(__ARM_NEON)
#define FACEIO_ABI_LEVEL neon
#elif defined(__ARM_NEON) && defined(__ARM_FEATURE_FMA)
#define FACEIO_ABI_LEVEL neon_vfpv4
#elif defined(__wasm_simd128__)
#define FACEIO_ABI_LEVEL wasm_simd128
#elif defined(__riscv_v)
#define FACEIO_ABI_LEVEL rvv
#elif defined(__ARM_FEATURE_MVE)
#define FACEIO_ABI_LEVEL helium
#else
#define FACEIO_ABI_LEVEL generic
#endif

#if defined(__FMA__)
#define FACEIO_ABI_FMA _fma
#else
#define FACEIO_ABI_FMA
#endif

#if defined(__BMI2__)
#define FACEIO_ABI_BMI _bmi2
#else
#define FACEIO_ABI_BMI
#endif

#if defined(__LZCNT__)
#define FACEIO_ABI_LZCNT _lzcnt
#else
#define FACEIO_ABI_LZCNT
#endif

#if defined(__MOVBE__)
#define FACEIO_ABI_MOVBE _movbe
#else
#define FACEIO_ABI_MOVBE
#endif

// Switches that change the body of inline functions are part of the tag too.
#if defined(FACEIO_STATIC_TARGET)
#define FACEIO_ABI_STATIC _static
#else
#define FACEIO_ABI_STATIC
#endif

#if defined(FACEIO_NO_INT8)
#define FACEIO_ABI_INT8 _noint8
#else
#define FACEIO_ABI_INT8
#endif

#if defined(FACEIO_NO_AVX512)
#define FACEIO_ABI_AVX512 _noavx512
#else
#define FACEIO_ABI_AVX512
#endif

#if defined(FACEIO_SMALL)
#define FACEIO_ABI_SIZE _small
#else
#define FACEIO_ABI_SIZE
#endif

#if defined(FACEIO_SEPARATE_KERNELS)
#define FACEIO_ABI_KERNELS _separate
#else
#define FACEIO_ABI_KERNELS
#endif

#if defined(FACEIO_FREESTANDING)
#define FACEIO_ABI_HOST _freestanding
#elif defined(FACEIO_NO_MMAP)
#define FACEIO_ABI_HOST _nommap
#else
#define FACEIO_ABI_HOST
#endif

#if defined(FACEIO_TURBOJPEG) && defined(FACEIO_SPNG)
#define FACEIO_ABI_DECODER _turbojpeg_spng
#elif defined(FACEIO_TURBOJPEG)
#define FACEIO_ABI_DECODER _turbojpeg
#elif defined(FACEIO_SPNG)
#define FACEIO_ABI_DECODER _spng
#else
#define FACEIO_ABI_DECODER
#endif

#if defined(FACEIO_ENABLE_ASSERT)
#define FACEIO_ABI_CHECK _checked
#else
#define FACEIO_ABI_CHECK
#endif

#define FACEIO_CONCAT3(a, b, c) FACEIO_CONCAT(FACEIO_CONCAT(a, b), c)
#define FACEIO_ABI_CPU              \
  FACEIO_CONCAT3(FACEIO_ABI_LEVEL,  \
                 FACEIO_CONCAT(FACEIO_ABI_FMA, FACEIO_ABI_BMI), \
                 FACEIO_CONCAT(FACEIO_ABI_LZCNT, FACEIO_ABI_MOVBE))
#define FACEIO_ABI_SWITCHES                                    \
  FACEIO_CONCAT3(FACEIO_CONCAT(FACEIO_ABI_STATIC, FACEIO_ABI_HOST),  \
                 FACEIO_CONCAT(FACEIO_ABI_DECODER, FACEIO_ABI_CHECK), \
                 FACEIO_CONCAT3(FACEIO_CONCAT(FACEIO_ABI_INT8, FACEIO_ABI_AVX512), FACEIO_ABI_SIZE, FACEIO_ABI_KERNELS))
#define FACEIO_ABI_NAMESPACE                                                     \
  FACEIO_CONCAT3(FACEIO_CONCAT3(v, FACEIO_VERSION_MAJOR, _),                     \
                 FACEIO_CONCAT3(FACEIO_VERSION_MINOR, _, FACEIO_VERSION_PATCH),  \
                 FACEIO_CONCAT3(_, FACEIO_ABI_CPU, FACEIO_ABI_SWITCHES))

// a * b + c rounds twice unless fma() is written: clang would fuse it wherever the CPU can, and a numeric class
// (docs/dispatch.md) would not be the same on all CPUs. Behind a header the command line's mode is back. gcc has no
// pragma for it: -ffp-contract=off.
#if defined(__clang__)
#define FACEIO_NO_CONTRACTION _Pragma("STDC FP_CONTRACT OFF")
#define FACEIO_DEFAULT_CONTRACTION _Pragma("STDC FP_CONTRACT DEFAULT")
#else
#define FACEIO_NO_CONTRACTION
#define FACEIO_DEFAULT_CONTRACTION
#endif

#define FACEIO_BEGIN_NAMESPACE \
  FACEIO_NO_CONTRACTION        \
  namespace faceio {           \
  inline namespace FACEIO_ABI_NAMESPACE {
#define FACEIO_END_NAMESPACE \
  }                          \
  }                          \
  FACEIO_DEFAULT_CONTRACTION

#endif  // FACEIO_VERSION_HPP
