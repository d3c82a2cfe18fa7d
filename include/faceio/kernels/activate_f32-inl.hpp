// Activations of accumulators in registers. Contract: Activation in conv.hpp.
FACEIO_BEGIN_NAMESPACE
namespace FACEIO_TARGET_NS {

/// v = f(v) for every accumulator. `leaky` is the slope of leaky_relu in every lane, slope_of(i, v)
/// the PReLU slope of acc[i][v].
template <int kRows, int kVectors, class SlopeOf>
FACEIO_ALWAYS_INLINE void activate(vf32 (&acc)[kRows][kVectors], Activation activation, vf32 leaky,
                                   const SlopeOf& slope_of) noexcept {
  switch (activation) {
    case Activation::linear: break;
    case Activation::relu:
      FACEIO_UNROLL
      for (int i = 0; i < kRows; ++i) {
        FACEIO_UNROLL
        for (int v = 0; v < kVectors; ++v) acc[i][v] = max(acc[i][v], zero());
      }
      break;
    case Activation::leaky_relu:
      FACEIO_UNROLL
      for (int i = 0; i < kRows; ++i) {
        FACEIO_UNROLL
        for (int v = 0; v < kVectors; ++v) acc[i][v] = max(acc[i][v], mul(acc[i][v], leaky));
      }
      break;
    case Activation::prelu:
      FACEIO_UNROLL
      for (int v = 0; v < kVectors; ++v) {
        FACEIO_UNROLL
        for (int i = 0; i < kRows; ++i) {
          acc[i][v] = fma(min(acc[i][v], zero()), slope_of(i, v), max(acc[i][v], zero()));
        }
      }
      break;
  }
}

/// PReLU slopes from a channel on; null for other activations.
FACEIO_ALWAYS_INLINE const float* slope_of(const ConvArgs& a, int32_t channel) noexcept {
  return a.slope == nullptr ? nullptr : a.slope + channel;
}

/// Channels across the lanes and vectors of each row of accumulators.
struct SlopeAcrossLanes {
  const float* first;
  FACEIO_ALWAYS_INLINE vf32 operator()(int, int v) const noexcept {
    return load(first + v * vf32::lanes);
  }
};

/// One channel a row of accumulators.
struct SlopeAcrossRows {
  const float* first;
  FACEIO_ALWAYS_INLINE vf32 operator()(int i, int) const noexcept { return splat(first[i]); }
};

/// One channel.
struct SlopeOfOne {
  const float* first;
  FACEIO_ALWAYS_INLINE vf32 operator()(int, int) const noexcept { return splat(*first); }
};

}  // namespace FACEIO_TARGET_NS
FACEIO_END_NAMESPACE
