// The vector layer of every target behind plain function pointers, so that one test body runs them
// all.
#ifndef FACEIO_TESTS_SIMD_VEC_TARGETS_HPP
#define FACEIO_TESTS_SIMD_VEC_TARGETS_HPP

#include <faceio/kernels/targets.hpp>
#include <vector>

FACEIO_BEGIN_NAMESPACE
namespace test {

/// Arguments are arrays of `lanes` floats.
struct VecOps {
  Target target;
  int lanes;
  struct {
    int tile_vectors, narrow_tile_pixels, wide_tile_pixels;
    int plane_channels, plane_vectors, depthwise_rows, depthwise_pixels;
  } tiles;
  struct {
    void (*sqrt)(const float*, float*) noexcept;
    void (*abs)(const float*, float*) noexcept;
    void (*round_nearest)(const float*, float*) noexcept;
    void (*pow2)(const float*, float*) noexcept;
    void (*exp)(const float*, float*) noexcept;
    void (*load_store)(const float*, float*) noexcept;
    void (*in_register)(const float*, float*) noexcept;
  } unary;
  struct {
    void (*add)(const float*, const float*, float*) noexcept;
    void (*sub)(const float*, const float*, float*) noexcept;
    void (*mul)(const float*, const float*, float*) noexcept;
    void (*div)(const float*, const float*, float*) noexcept;
    void (*min)(const float*, const float*, float*) noexcept;
    void (*max)(const float*, const float*, float*) noexcept;
  } binary;
  struct {
    void (*fma)(const float*, const float*, const float*, float*) noexcept;
    void (*fnma)(const float*, const float*, const float*, float*) noexcept;
  } ternary;
  void (*load_n)(const float*, int, float*) noexcept;
  void (*store_n)(const float*, int, float*) noexcept;
  void (*load_before)(const float*, float*) noexcept;  // of an address in the middle of an array
  void (*load_behind)(const float*, float*) noexcept;
  void (*load_even_odd)(const float*, float*, float*) noexcept;  // put in order
  void (*store_inside)(float*, int32_t, int32_t, const float*) noexcept;
  void (*load_u8x3)(const uint8_t*, float*, float*, float*) noexcept;
  void (*load_u8x2_at)(const uint8_t*, int32_t, const int32_t*, float* const*) noexcept;
  void (*load_u8x4_at)(const uint8_t*, int32_t, const int32_t*, float* const*) noexcept;
  void (*load_u8)(const uint8_t*, float*) noexcept;
  void (*zero)(float*) noexcept;
  void (*splat)(float, float*) noexcept;
  void (*select_gt)(const float*, const float*, const float*, const float*, float*) noexcept;
  bool (*any_gt)(const float*, const float*) noexcept;
  float (*lane_sum)(const float*) noexcept;  // of sixteen floats
};

}  // namespace test
FACEIO_END_NAMESPACE

#if FACEIO_BUILDS_SCALAR
#define FACEIO_TARGET_NS scalar
#define FACEIO_TARGET_ID 0
#include "vec_ops-inl.hpp"
#undef FACEIO_TARGET_NS
#undef FACEIO_TARGET_ID
#endif

#if FACEIO_BUILDS_SSE
#define FACEIO_TARGET_NS sse
#define FACEIO_TARGET_ID 1
#include "vec_ops-inl.hpp"
#undef FACEIO_TARGET_NS
#undef FACEIO_TARGET_ID
#endif

#if FACEIO_BUILDS_AVX2
FACEIO_REGION_AVX2
#define FACEIO_TARGET_NS avx2
#define FACEIO_TARGET_ID 2
#include "vec_ops-inl.hpp"
#undef FACEIO_TARGET_NS
#undef FACEIO_TARGET_ID
FACEIO_REGION_END
#endif

#if FACEIO_BUILDS_AVX512
FACEIO_REGION_AVX512
#define FACEIO_TARGET_NS avx512
#define FACEIO_TARGET_ID 4
#include "vec_ops-inl.hpp"
#undef FACEIO_TARGET_NS
#undef FACEIO_TARGET_ID
FACEIO_REGION_END
#endif

#if FACEIO_BUILDS_VECTORS
FACEIO_REGION_VECTORS
#define FACEIO_TARGET_NS FACEIO_VECTORS
#define FACEIO_TARGET_ID FACEIO_VECTORS_LEVEL
#include "vec_ops-inl.hpp"
#undef FACEIO_TARGET_NS
#undef FACEIO_TARGET_ID
FACEIO_REGION_END
#endif

namespace test {

/// Of every target that this build holds and this CPU can run.
inline std::vector<const faceio::test::VecOps*> runnable_vec_ops() {
  std::vector<const faceio::test::VecOps*> found;
  const auto add = [&](const faceio::test::VecOps& ops) {
    if (faceio::cpu_supports(ops.target)) found.push_back(&ops);
  };
#if FACEIO_BUILDS_SCALAR
  add(faceio::scalar::kVecOps);
#endif
#if FACEIO_BUILDS_SSE
  add(faceio::sse::kVecOps);
#endif
#if FACEIO_BUILDS_AVX2
  add(faceio::avx2::kVecOps);
#endif
#if FACEIO_BUILDS_AVX512
  add(faceio::avx512::kVecOps);
#endif
#if FACEIO_BUILDS_VECTORS
  add(faceio::FACEIO_VECTORS::kVecOps);
#endif
  return found;
}

}  // namespace test

#endif
