// Compiler spellings, build switches and assertions. Define the same switches in every file of a program.
//
//   FACEIO_FREESTANDING    defined: no environment variable is read and no hosted header is included.
//                          Default: defined when __STDC_HOSTED__ is 0.
//   FACEIO_STATIC_TARGET   defined: only the kernels of the compile-time baseline are built and the
//                          best one is not looked for (firmware, microbenchmarks of one target).
//   FACEIO_NO_INT8         defined: int8 networks are left out, which makes programs smaller; their blobs are
//                          refused as unsupported.
//   FACEIO_NO_AVX512       defined: the kernels of AVX-512 are left out; CPUs that have it run those of AVX2.
//   FACEIO_NO_SIMD         defined: only scalar kernels are built, whatever vectors the CPU has.
//   FACEIO_SMALL           defined: memory before speed. No Winograd's algorithm, whose weights for the detector take
//                          5 MB (fp32) or 1.4 MB (int8) besides the blob, and a checksum table of 1 KB instead of 8.
//                          fp32 results differ by rounding, int8 ones do not.
//   FACEIO_SEPARATE_KERNELS  defined: kernels are built in the one file that includes kernels/separate.hpp, and the
//                          others compile in seconds. Default: every file builds them.
//   FACEIO_ENABLE_ASSERT   defined: programmer errors (null spans, mismatched shapes) are reported by
//                          FACEIO_ASSERT. Default: off; outside input is always checked, by Status.
//   FACEIO_ASSERT_HANDLER(text)  what a failed assertion does. Default: __builtin_trap().
//   FACEIO_NO_IMAGE_IO     defined: host/image_io.hpp is empty, stb is not needed.
//   FACEIO_TURBOJPEG, FACEIO_SPNG  defined: libjpeg-turbo decodes JPEG, libspng PNG; link them.
//   FACEIO_NO_MMAP         defined: files/mapped_file.hpp reads files instead of mapping them.
#ifndef FACEIO_CORE_CONFIG_HPP
#define FACEIO_CORE_CONFIG_HPP

#include <stddef.h>
#include <stdint.h>

#include "../version.hpp"

#if !defined(__GNUC__) && !defined(__clang__)
#error "faceio needs gcc or clang; on Windows that is clang-cl or MinGW-w64 (docs/targets.md)"
#endif

// Checks for what is not finite vanish under these flags, and sums change from compiler to compiler.
#if defined(__FAST_MATH__) || (defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__)
#error "faceio is not meant for -ffast-math or -ffinite-math-only: compile the files that include it without them"
#endif

#if defined(__x86_64__) && !defined(FACEIO_NO_SIMD)
#define FACEIO_X86 1
#else
#define FACEIO_X86 0
#endif

// Advanced SIMD of Arm: every 64-bit CPU has it, 32-bit ones where the compiler is told of it and of VFPv4, which brings
// the multiply-add that rounds once.
#if defined(__ARM_NEON) && defined(__ARM_FEATURE_FMA) && !defined(__ARM_BIG_ENDIAN) && !defined(FACEIO_NO_SIMD)
#define FACEIO_NEON 1
#else
#define FACEIO_NEON 0
#endif

// Fixed-width SIMD of WebAssembly: a module either has it or does not load.
#if defined(__wasm_simd128__) && !defined(FACEIO_NO_SIMD)
#define FACEIO_WASM 1
#else
#define FACEIO_WASM 0
#endif

// RISC-V V, where the compiler is told of it or Linux can be asked for it, and Helium with floats. Their back ends use
// clang's vector types.
#if defined(__clang__) && defined(__riscv_v) && !defined(FACEIO_NO_SIMD)
#define FACEIO_RVV 1
#elif defined(__clang__) && __clang_major__ >= 19 && defined(__riscv) && __riscv_xlen == 64 && defined(__riscv_flen) && \
    __riscv_flen == 64 && defined(__linux__) && !defined(FACEIO_FREESTANDING) && !defined(FACEIO_STATIC_TARGET) &&       \
    !defined(FACEIO_NO_SIMD)
#define FACEIO_RVV 1
#else
#define FACEIO_RVV 0
#endif
#if defined(__clang__) && defined(__ARM_FEATURE_MVE) && __ARM_FEATURE_MVE >= 2 && !defined(FACEIO_NO_SIMD)
#define FACEIO_HELIUM 1
#else
#define FACEIO_HELIUM 0
#endif

#define FACEIO_ALWAYS_INLINE inline __attribute__((always_inline))
// For loops that need every register: inlined, they would share them with their caller's variables.
#define FACEIO_NOINLINE inline __attribute__((noinline))
#define FACEIO_RESTRICT __restrict__

// Register-tile loops carry this: without it gcc keeps the accumulators of a tile in memory at -O2.
#if defined(__clang__)
#define FACEIO_UNROLL _Pragma("clang loop unroll(full)")
#else
#define FACEIO_UNROLL _Pragma("GCC unroll 64")
#endif

// For loops around a register tile of integers: gcc -O3 unrolls those of constant length, reorders the additions of
// all turns, and keeps them in memory.
#if defined(__clang__)
#define FACEIO_NO_UNROLL _Pragma("clang loop unroll(disable)")
#else
#define FACEIO_NO_UNROLL _Pragma("GCC unroll 1")
#endif

// Asks for the cache line of an address, into the first-level cache or the second. Any address may be
// named.
#define FACEIO_PREFETCH(address) __builtin_prefetch(address, 0, 3)
#define FACEIO_PREFETCH_L2(address) __builtin_prefetch(address, 0, 2)

// Square root of a float. __builtin_sqrtf becomes a call of the C library for the sake of errno, unless
// -fno-math-errno is given.
#if defined(__has_builtin)
#if __has_builtin(__builtin_elementwise_sqrt)
#define FACEIO_SQRT(x) __builtin_elementwise_sqrt(x)
#endif
#endif
#if !defined(FACEIO_SQRT)
#define FACEIO_SQRT(x) __builtin_sqrtf(x)
#endif

#if !defined(FACEIO_ASSERT_HANDLER)
#define FACEIO_ASSERT_HANDLER(text) __builtin_trap()
#endif

#if defined(FACEIO_ENABLE_ASSERT)
#define FACEIO_ASSERT(condition, text) \
  do {                                 \
    if (!(condition)) {                \
      FACEIO_ASSERT_HANDLER(text);     \
    }                                  \
  } while (false)
#else
#define FACEIO_ASSERT(condition, text) static_cast<void>(0)
#endif

#endif  // FACEIO_CORE_CONFIG_HPP
