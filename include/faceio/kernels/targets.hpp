// Builds the kernels once per target. The only file that re-includes.
#ifndef FACEIO_KERNELS_TARGETS_HPP
#define FACEIO_KERNELS_TARGETS_HPP

#include "table.hpp"

// windows.h and Arduino.h define these as macros; they are names of vector operations here.
#pragma push_macro("min")
#undef min
#pragma push_macro("max")
#undef max
#pragma push_macro("abs")
#undef abs

// gcc 12 reports "may be used uninitialized" inside its own AVX-512 headers: _mm512_undefined_ps and
// friends are uninitialised on purpose.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

#if FACEIO_BUILDS_SCALAR
#define FACEIO_TARGET_NS scalar
#define FACEIO_TARGET_ID 0
#include "all-inl.hpp"
#undef FACEIO_TARGET_NS
#undef FACEIO_TARGET_ID
#endif

#if FACEIO_BUILDS_SSE
#define FACEIO_TARGET_NS sse
#define FACEIO_TARGET_ID 1
#include "all-inl.hpp"
#undef FACEIO_TARGET_NS
#undef FACEIO_TARGET_ID
#endif

#if FACEIO_BUILDS_AVX2
FACEIO_REGION_AVX2
#define FACEIO_TARGET_NS avx2
#define FACEIO_TARGET_ID 2
#include "all-inl.hpp"
#undef FACEIO_TARGET_NS
#undef FACEIO_TARGET_ID
FACEIO_REGION_END
#endif

#if FACEIO_BUILDS_AVX512
FACEIO_REGION_AVX512
#define FACEIO_TARGET_NS avx512
#define FACEIO_TARGET_ID 4
#include "all-inl.hpp"
#undef FACEIO_TARGET_NS
#undef FACEIO_TARGET_ID
FACEIO_REGION_END
#endif

#if FACEIO_BUILDS_VECTORS
FACEIO_REGION_VECTORS
#define FACEIO_TARGET_NS FACEIO_VECTORS
#define FACEIO_TARGET_ID FACEIO_VECTORS_LEVEL
#include "all-inl.hpp"
#undef FACEIO_TARGET_NS
#undef FACEIO_TARGET_ID
FACEIO_REGION_END
#endif

#if FACEIO_BUILDS_INT8
#define FACEIO_TARGET_NS int8_scalar
#define FACEIO_TARGET_ID 0
#include "all_int8-inl.hpp"
#undef FACEIO_TARGET_NS
#undef FACEIO_TARGET_ID
#endif

#if FACEIO_BUILDS_SSE41
FACEIO_REGION_SSE41
#define FACEIO_TARGET_NS int8_sse41
#define FACEIO_TARGET_ID 1
#include "all_int8-inl.hpp"
#undef FACEIO_TARGET_NS
#undef FACEIO_TARGET_ID
FACEIO_REGION_END
#endif

#if FACEIO_BUILDS_INT8_AVX2
FACEIO_REGION_AVX2
#define FACEIO_TARGET_NS int8_avx2
#define FACEIO_TARGET_ID 2
#include "all_int8-inl.hpp"
#undef FACEIO_TARGET_NS
#undef FACEIO_TARGET_ID
FACEIO_REGION_END
#endif

#if FACEIO_BUILDS_AVXVNNI
FACEIO_REGION_AVXVNNI
#define FACEIO_TARGET_NS int8_avxvnni
#define FACEIO_TARGET_ID 3
#include "all_int8-inl.hpp"
#undef FACEIO_TARGET_NS
#undef FACEIO_TARGET_ID
FACEIO_REGION_END
#endif

#if FACEIO_BUILDS_AVX512VNNI
FACEIO_REGION_AVX512VNNI
#define FACEIO_TARGET_NS int8_avx512vnni
#define FACEIO_TARGET_ID 4
#include "all_int8-inl.hpp"
#undef FACEIO_TARGET_NS
#undef FACEIO_TARGET_ID
FACEIO_REGION_END
#endif

#if FACEIO_BUILDS_INT8_VECTORS
FACEIO_REGION_VECTORS
#define FACEIO_TARGET_NS FACEIO_CONCAT(int8_, FACEIO_VECTORS)
#define FACEIO_TARGET_ID FACEIO_INT8_VECTORS_LEVEL
#include "all_int8-inl.hpp"
#undef FACEIO_TARGET_NS
#undef FACEIO_TARGET_ID
FACEIO_REGION_END
#endif

#if FACEIO_BUILDS_DOTPROD
FACEIO_REGION_DOTPROD
#define FACEIO_TARGET_NS int8_dotprod
#define FACEIO_TARGET_ID 6
#include "all_int8-inl.hpp"
#undef FACEIO_TARGET_NS
#undef FACEIO_TARGET_ID
FACEIO_REGION_END
#endif

#if FACEIO_BUILDS_I8MM
FACEIO_REGION_I8MM
#define FACEIO_TARGET_NS int8_i8mm
#define FACEIO_TARGET_ID 7
#include "all_int8-inl.hpp"
#undef FACEIO_TARGET_NS
#undef FACEIO_TARGET_ID
FACEIO_REGION_END
#endif

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

#pragma pop_macro("abs")
#pragma pop_macro("max")
#pragma pop_macro("min")

FACEIO_BEGIN_NAMESPACE

/// Kernels of one target; null when this build does not hold it. Whether the CPU can run them is
/// another question: cpu_supports().
constexpr const KernelTable* built_table(Target target) noexcept {
  switch (target) {
#if FACEIO_BUILDS_SCALAR
    case Target::scalar: return &scalar::kTable;
#endif
#if FACEIO_BUILDS_SSE
    case Target::sse: return &sse::kTable;
#endif
#if FACEIO_BUILDS_AVX2
    case Target::avx2: return &avx2::kTable;
#endif
#if FACEIO_BUILDS_AVXVNNI
    case Target::avxvnni: return &avx2::kTable;
#endif
#if FACEIO_BUILDS_AVX512
    case Target::avx512: return &avx512::kTable;
#endif
#if FACEIO_BUILDS_VECTORS
    case static_cast<Target>(FACEIO_VECTORS_LEVEL): return &FACEIO_VECTORS::kTable;
#endif
    default: return nullptr;
  }
}

/// The int8 kernels of a target; null when this build does not hold them.
constexpr const Int8KernelTable* built_table(Int8Target target) noexcept {
  switch (target) {
#if FACEIO_BUILDS_INT8
    case Int8Target::scalar: return &int8_scalar::kInt8Table;
#endif
#if FACEIO_BUILDS_SSE41
    case Int8Target::sse41: return &int8_sse41::kInt8Table;
#endif
#if FACEIO_BUILDS_INT8_AVX2
    case Int8Target::avx2: return &int8_avx2::kInt8Table;
#endif
#if FACEIO_BUILDS_AVXVNNI
    case Int8Target::avxvnni: return &int8_avxvnni::kInt8Table;
#endif
#if FACEIO_BUILDS_AVX512VNNI
    case Int8Target::avx512vnni: return &int8_avx512vnni::kInt8Table;
#endif
#if FACEIO_BUILDS_INT8_VECTORS
    case static_cast<Int8Target>(FACEIO_INT8_VECTORS_LEVEL):
      return &FACEIO_CONCAT(int8_, FACEIO_VECTORS)::kInt8Table;
#endif
#if FACEIO_BUILDS_DOTPROD
    case Int8Target::dotprod: return &int8_dotprod::kInt8Table;
#endif
#if FACEIO_BUILDS_I8MM
    case Int8Target::i8mm: return &int8_i8mm::kInt8Table;
#endif
    default: return nullptr;
  }
}

FACEIO_END_NAMESPACE

#endif  // FACEIO_KERNELS_TARGETS_HPP
