// Reference of fma_peak_f32 (measure.hpp), in double. Oracle of the tests.
#ifndef FACEIO_KERNELS_REF_MEASURE_HPP
#define FACEIO_KERNELS_REF_MEASURE_HPP

#include "../measure.hpp"

FACEIO_BEGIN_NAMESPACE
namespace ref {

/// *lanes is left alone: it is the target's.
inline void fma_peak_f32(const FmaPeakArgs& a) noexcept {
  for (int i = 0; i < kFmaChains; ++i) {
    double x = static_cast<double>(a.start[i]);
    for (int64_t r = 0; r < a.rounds; ++r) {
      x = x * static_cast<double>(a.factor) + static_cast<double>(a.addend);
    }
    a.result[i] = static_cast<float>(x);
  }
}

}  // namespace ref
FACEIO_END_NAMESPACE

#endif  // FACEIO_KERNELS_REF_MEASURE_HPP
