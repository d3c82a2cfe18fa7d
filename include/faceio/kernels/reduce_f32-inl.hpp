// Dot product and normalisation. Contract: reduce.hpp.
FACEIO_BEGIN_NAMESPACE
namespace FACEIO_TARGET_NS {

FACEIO_ALWAYS_INLINE float dot_sum(const float* a, const float* b, int32_t count) noexcept {
  Sum16 sum;
  FACEIO_UNROLL for (int v = 0; v < Sum16::kVectors; ++v) sum.part[v] = zero();
  int32_t i = 0;
  for (; i + 16 <= count; i += 16) {
    FACEIO_UNROLL for (int v = 0; v < Sum16::kVectors; ++v) {
      const int32_t at = i + v * vf32::lanes;
      sum.part[v] = fma(load(a + at), load(b + at), sum.part[v]);
    }
  }
  // The rest fills some vectors and part of one; the remaining ones keep their sums.
  FACEIO_UNROLL for (int v = 0; v < Sum16::kVectors; ++v) {
    const int32_t at = i + v * vf32::lanes;
    const int32_t left = count - at;
    if (left >= vf32::lanes) {
      sum.part[v] = fma(load(a + at), load(b + at), sum.part[v]);
    } else if (left > 0) {
      sum.part[v] = fma(load_n(a + at, left), load_n(b + at, left), sum.part[v]);
    }
  }
  return lane_sum(sum);
}

inline void dot_f32(const DotArgs& args) noexcept {
  *args.result = dot_sum(args.a, args.b, args.count);
}

inline void l2_normalize_f32(const L2NormalizeArgs& args) noexcept {
  float lane[vf32::lanes];
  store(lane, sqrt(splat(dot_sum(args.in, args.in, args.count))));
  const float norm = lane[0];
  constexpr float kLargestFloat = 3.402823466e38f;
  const bool has_direction = norm > 0.0f && norm <= kLargestFloat;
  const vf32 divisor = splat(norm);
  int32_t i = 0;
  for (; i + vf32::lanes <= args.count; i += vf32::lanes) {
    store(args.out + i, has_direction ? div(load(args.in + i), divisor) : zero());
  }
  if (i < args.count) {
    const int n = args.count - i;
    store_n(args.out + i, has_direction ? div(load_n(args.in + i, n), divisor) : zero(), n);
  }
  if (args.norm != nullptr) *args.norm = norm;
}

}  // namespace FACEIO_TARGET_NS
FACEIO_END_NAMESPACE
