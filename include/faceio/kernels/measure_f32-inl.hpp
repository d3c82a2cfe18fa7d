// The peak rate of multiply-adds. Contract: measure.hpp.
FACEIO_BEGIN_NAMESPACE
namespace FACEIO_TARGET_NS {

inline void fma_peak_f32(const FmaPeakArgs& a) noexcept {
  const vf32 factor = splat(a.factor), addend = splat(a.addend);
  vf32 x[kFmaChains];
  FACEIO_UNROLL for (int i = 0; i < kFmaChains; ++i) x[i] = splat(a.start[i]);
  for (int64_t r = 0; r < a.rounds; ++r) {
    FACEIO_UNROLL for (int i = 0; i < kFmaChains; ++i) x[i] = fma(x[i], factor, addend);
  }
  float lane[vf32::lanes];
  FACEIO_UNROLL for (int i = 0; i < kFmaChains; ++i) {
    store(lane, x[i]);
    a.result[i] = lane[0];
  }
  *a.lanes = vf32::lanes;
}

}  // namespace FACEIO_TARGET_NS
FACEIO_END_NAMESPACE
