// Reference of the reductions (reduce.hpp), in double. Oracle of the tests.
#ifndef FACEIO_KERNELS_REF_REDUCE_HPP
#define FACEIO_KERNELS_REF_REDUCE_HPP

#include <math.h>

#include "../reduce.hpp"

FACEIO_BEGIN_NAMESPACE
namespace ref {

inline void dot_f32(const DotArgs& args) noexcept {
  double sum = 0.0;
  for (int32_t i = 0; i < args.count; ++i) {
    sum += static_cast<double>(args.a[i]) * static_cast<double>(args.b[i]);
  }
  *args.result = static_cast<float>(sum);
}

inline void l2_normalize_f32(const L2NormalizeArgs& args) noexcept {
  double sum = 0.0;
  for (int32_t i = 0; i < args.count; ++i) {
    sum += static_cast<double>(args.in[i]) * static_cast<double>(args.in[i]);
  }
  // A float sum that overflows or vanishes is part of the contract, so the sum is rounded first.
  const double norm = ::sqrt(static_cast<double>(static_cast<float>(sum)));
  for (int32_t i = 0; i < args.count; ++i) {
    const bool has_direction = norm > 0.0 && norm < static_cast<double>(HUGE_VALF);
    args.out[i] = has_direction ? static_cast<float>(static_cast<double>(args.in[i]) / norm) : 0.0f;
  }
  if (args.norm != nullptr) *args.norm = static_cast<float>(norm);
}

}  // namespace ref
FACEIO_END_NAMESPACE

#endif  // FACEIO_KERNELS_REF_REDUCE_HPP
