#include "fma_peak.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>

namespace cli {

double measure_fma_peak_gmac_s(const faceio::KernelTable& kernels) {
  constexpr int kRuns = 10;
  constexpr double kRun_s = 0.01;
  float start[faceio::kFmaChains];
  std::fill(std::begin(start), std::end(start), 1.0f);  // stays at 1: never subnormal
  volatile float sink = 0.0f;
  int64_t rounds = 10'000;
  double best = 0.0;
  for (int run = 0; run < kRuns;) {
    float result[faceio::kFmaChains];
    int32_t lanes = 0;
    const auto begin = std::chrono::steady_clock::now();
    kernels.fma_peak_f32({start, 0.75f, 0.25f, rounds, result, &lanes});
    const double seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    sink = result[0];
    if (seconds < kRun_s) {
      rounds *= 2;  // too short to time
      continue;
    }
    const double macs = static_cast<double>(rounds) * faceio::kFmaChains * lanes;
    best = std::max(best, macs / seconds * 1e-9);
    ++run;
  }
  static_cast<void>(sink);
  return best;
}

}  // namespace cli
