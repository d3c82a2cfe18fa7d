// The yardstick computes what it says, so that the compiler cannot have dropped the work.
#include <doctest/doctest.h>

#include <faceio/kernels/ref/measure.hpp>

#include "../support/buffers.hpp"
#include "../support/kernel_tables.hpp"

TEST_CASE("fma_peak_f32 against the reference") {
  for (const faceio::KernelTable* table : test::runnable_tables()) {
    for (const int64_t rounds : {0, 1, 2, 17, 1000}) {
      const auto start = test::random_floats(faceio::kFmaChains);
      std::vector<float> result(faceio::kFmaChains), expected(faceio::kFmaChains);
      int32_t lanes = 0;
      faceio::FmaPeakArgs args{start.data(), 0.75f, 0.125f, rounds, result.data(), &lanes};
      table->fma_peak_f32(args);
      args.result = expected.data();
      faceio::ref::fma_peak_f32(args);
      for (size_t i = 0; i < expected.size(); ++i) {
        CHECK(std::abs(result[i] - expected[i]) <= 1e-6f);  // errors shrink by 0.75 a round
      }
      CHECK(lanes >= 1);
      CHECK(16 % lanes == 0);
    }
  }
}
