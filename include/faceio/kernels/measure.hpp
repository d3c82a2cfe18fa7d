// Contract of fma_peak_f32: the yardstick of the benchmarks.
#ifndef FACEIO_KERNELS_MEASURE_HPP
#define FACEIO_KERNELS_MEASURE_HPP

#include "../core/config.hpp"

FACEIO_BEGIN_NAMESPACE

/// Chains that fit the sixteen registers of AVX2 and SSE beside the two constants; a latency of four
/// cycles at two multiply-adds a cycle needs eight.
inline constexpr int kFmaChains = 12;

/// kFmaChains independent chains of x = x * factor + addend, held in registers, `rounds` steps each: as
/// many multiply-adds a second as one core can do on this target. Chain i starts at start[i] in every
/// lane; result[i] is lane 0 of its end. The work is kFmaChains * rounds * *lanes multiply-adds.
struct FmaPeakArgs {
  const float* start = nullptr;  // [kFmaChains]
  float factor = 0.0f;
  float addend = 0.0f;
  int64_t rounds = 0;
  float* result = nullptr;       // [kFmaChains]
  int32_t* lanes = nullptr;      // floats in a vector of this target
};

FACEIO_END_NAMESPACE

#endif  // FACEIO_KERNELS_MEASURE_HPP
