// Contract of the kernels that reduce a vector to a number: dot_f32, l2_normalize_f32.
//
// Element i is added to running sum i mod 16, and the sixteen sums are folded in halves, so all
// targets of one numeric class give the same bits.
#ifndef FACEIO_KERNELS_REDUCE_HPP
#define FACEIO_KERNELS_REDUCE_HPP

#include "../core/config.hpp"

FACEIO_BEGIN_NAMESPACE

/// dot_f32: *result = sum of a[i] * b[i]; 0 for count 0.
struct DotArgs {
  const float* a = nullptr;
  const float* b = nullptr;
  int32_t count = 0;
  float* result = nullptr;
};

/// l2_normalize_f32: out[i] = in[i] / norm with norm = sqrt(sum of in[i]^2). When norm is 0 or not
/// finite there is no direction: out becomes all zeros and *norm still tells. `out` may be `in`.
struct L2NormalizeArgs {
  const float* in = nullptr;
  float* out = nullptr;
  int32_t count = 0;
  float* norm = nullptr;  // may be null
};

FACEIO_END_NAMESPACE

#endif  // FACEIO_KERNELS_REDUCE_HPP
