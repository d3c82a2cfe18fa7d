// Clopper-Pearson against scipy.stats.beta, percentiles by hand.
#include <doctest/doctest.h>

#include <cmath>
#include <faceio/eval/intervals.hpp>

using faceio::eval::clopper_pearson;
using faceio::eval::Error;
using faceio::eval::Interval;
using faceio::eval::percentile_interval;

TEST_CASE("clopper_pearson: values of scipy.stats.beta (ppf, isf), scipy 1.17") {
  struct Known {
    uint64_t hits, trials;
    double confidence, low, high;
  };
  const Known known[] = {
      {1, 10, 0.95, 0.0025285785444617865, 0.4450161170281954},
      {9, 10, 0.95, 0.5549838829718046, 0.9974714214555382},
      {5, 10, 0.5, 0.3506808141562441, 0.6493191858437559},
      {16, 17, 0.95, 0.7131106033327793, 0.9985118256087334},
      {3, 3000, 0.95, 0.00020627153716225714, 0.0029196164652532663},
      {2983, 3000, 0.95, 0.9909425727707295, 0.9966955962486986},
      {15, 15638932, 0.95, 5.368261488147169e-07, 1.5819629604950824e-06},
      {500000, 1000000, 0.999, 0.498354241502883, 0.501645758497117},
      {4278747, 4689037, 0.95, 0.9122440395661547, 0.9127557654846921},
      {3, 2638360419683, 0.99, 1.2805808721479918e-13, 4.160719442809153e-12},
      {2638360, 2638360419683, 0.95, 9.987935514614886e-07, 1.0012072276352524e-06},
  };
  for (const Known& k : known) {
    CAPTURE(k.hits);
    CAPTURE(k.trials);
    const Interval interval = clopper_pearson(k.hits, k.trials, k.confidence);
    CHECK(std::abs(interval.low / k.low - 1.0) < 1e-10);
    CHECK(std::abs(interval.high / k.high - 1.0) < 1e-10);
  }
}

TEST_CASE("clopper_pearson: closed forms") {
  // No hit: (1 - high)^n = 0.025. All hits: low^n = 0.025.
  CHECK(clopper_pearson(0, 10).low == 0.0);
  CHECK(clopper_pearson(0, 10).high == doctest::Approx(1.0 - std::pow(0.025, 0.1)).epsilon(1e-12));
  CHECK(clopper_pearson(10, 10).low == doctest::Approx(std::pow(0.025, 0.1)).epsilon(1e-12));
  CHECK(clopper_pearson(10, 10).high == 1.0);
  CHECK(clopper_pearson(1, 1).low == doctest::Approx(0.025).epsilon(1e-12));
  // One of two: P(X >= 1) = 1 - (1 - p)^2 = 0.025, and by symmetry.
  CHECK(clopper_pearson(1, 2).low == doctest::Approx(1.0 - std::sqrt(0.975)).epsilon(1e-12));
  CHECK(clopper_pearson(1, 2).high == doctest::Approx(std::sqrt(0.975)).epsilon(1e-12));
  // The rule of three, one-sided 95 %: about 3 / n.
  CHECK(clopper_pearson(0, 3000000, 0.9).high == doctest::Approx(2.9957 / 3e6).epsilon(1e-4));
}

TEST_CASE("clopper_pearson refuses") {
  CHECK_THROWS_AS(clopper_pearson(0, 0), Error);
  CHECK_THROWS_AS(clopper_pearson(3, 2), Error);
  CHECK_THROWS_AS(clopper_pearson(1, 2, 0.0), Error);
  CHECK_THROWS_AS(clopper_pearson(1, 2, 1.0), Error);
  CHECK_THROWS_AS(clopper_pearson(1, 2, std::nan("")), Error);
}

TEST_CASE("percentile_interval interpolates between order statistics") {
  // Positions 0.25 * 4 = 1 and 0.75 * 4 = 3.
  CHECK(percentile_interval({5, 3, 1, 4, 2}, 0.5).low == doctest::Approx(2.0));
  CHECK(percentile_interval({5, 3, 1, 4, 2}, 0.5).high == doctest::Approx(4.0));
  // Positions 0.025 * 4 = 0.1 and 3.9.
  CHECK(percentile_interval({5, 3, 1, 4, 2}).low == doctest::Approx(1.1));
  CHECK(percentile_interval({5, 3, 1, 4, 2}).high == doctest::Approx(4.9));
  CHECK(percentile_interval({7}).low == 7.0);
  CHECK(percentile_interval({7}).high == 7.0);
  CHECK_THROWS_AS(percentile_interval({}), Error);
  CHECK_THROWS_AS(percentile_interval({1.0, std::nan("")}), Error);
  CHECK_THROWS_AS(percentile_interval({1.0}, 2.0), Error);
}
