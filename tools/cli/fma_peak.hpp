// The multiply-add rate that one core of this CPU reaches on a back end.
#ifndef FACEIO_CLI_FMA_PEAK_HPP
#define FACEIO_CLI_FMA_PEAK_HPP

#include <faceio/kernels/table.hpp>

namespace cli {

/// 10^9 single-precision multiply-adds a second, the best of several short runs; multiply and add
/// apart on scalar and sse, as the kernels have them. 0 when this build does not hold the target.
/// Precondition: cpu_supports(target).
double measure_fma_peak_gmac_s(const faceio::KernelTable& kernels);

}  // namespace cli

#endif  // FACEIO_CLI_FMA_PEAK_HPP
