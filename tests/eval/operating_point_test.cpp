// ROC points, strict and nearest TAR at FAR, equal error rate: hand-computed answers.
#include <doctest/doctest.h>

#include <cmath>
#include <faceio/eval/operating_point.hpp>
#include <limits>
#include <string>

using faceio::eval::allowed_impostors;
using faceio::eval::Error;
using faceio::eval::OperatingPoint;
using faceio::eval::Roc;

namespace {

// Falling: 0.9 g, 0.8 g, 0.7 i, 0.6 g and i (a tie), 0.5 g, 0.4 i, 0.3 i.
Roc example() {
  return Roc({0.5, 0.9, 0.6, 0.8}, {0.3, 0.6, 0.4, 0.7});
}

void check(const OperatingPoint& point, double threshold, uint64_t genuine, uint64_t impostors) {
  CHECK(point.threshold == threshold);
  CHECK(point.accepted_genuine == genuine);
  CHECK(point.accepted_impostors == impostors);
  CHECK(point.tar == static_cast<double>(genuine) / 4.0);
  CHECK(point.observed_far == static_cast<double>(impostors) / 4.0);
  CHECK(point.frr() == 1.0 - point.tar);
}

constexpr double kInfinity = std::numeric_limits<double>::infinity();

}  // namespace

TEST_CASE("points: one per distinct score, ties together") {
  const auto points = example().points();
  REQUIRE(points.size() == 8);
  check(points[0], kInfinity, 0, 0);
  check(points[1], 0.9, 1, 0);
  check(points[2], 0.8, 2, 0);
  check(points[3], 0.7, 2, 1);
  check(points[4], 0.6, 3, 2);
  check(points[5], 0.5, 4, 2);
  check(points[6], 0.4, 4, 3);
  check(points[7], 0.3, 4, 4);
}

TEST_CASE("at: accepted means score >= threshold") {
  check(example().at(0.6), 0.6, 3, 2);
  check(example().at(0.61), 0.61, 2, 1);
  check(example().at(1.0), 1.0, 0, 0);
  check(example().at(-1.0), -1.0, 4, 4);
}

TEST_CASE("strict: FAR never above the target") {
  check(example().strict(0.0), 0.8, 2, 0);
  check(example().strict(0.25), 0.7, 2, 1);  // exactly on the target
  check(example().strict(0.49), 0.7, 2, 1);  // the tie at 0.6 would give 0.5
  check(example().strict(0.5), 0.5, 4, 2);   // the smallest threshold of FAR 0.5, hence the larger TAR
  check(example().strict(0.999), 0.4, 4, 3);
  // The highest score is an impostor's: nothing can be accepted.
  const OperatingPoint none = Roc({0.1}, {0.5}).strict(0.0);
  CHECK(none.threshold == kInfinity);
  CHECK(none.tar == 0.0);
  // The same when the impostor ties with the best genuine score.
  CHECK(Roc({0.5}, {0.5}).strict(0.0).threshold == kInfinity);
}

TEST_CASE("nearest: may exceed the target") {
  check(example().nearest(0.0), 0.8, 2, 0);  // of three points with FAR 0 the last
  check(example().nearest(0.3), 0.7, 2, 1);
  check(example().nearest(0.4), 0.5, 4, 2);    // 0.5 is nearer than 0.25, and exceeds the target
  check(example().nearest(0.375), 0.5, 4, 2);  // equally near: the later
  check(example().nearest(0.99), 0.3, 4, 4);
  // One genuine above four impostors above one genuine. The counts (genuine, impostors) go 1,0 1,1 1,2 1,3
  // 1,4 2,4: only 1,0 1,4 2,4 are corners. FAR 0.5 is as far from 1,0 as from 1,4 and 2,4: the last.
  const Roc run({0.9, 0.1}, {0.8, 0.7, 0.6, 0.5});
  CHECK(run.nearest(0.5).accepted_impostors == 4);
  CHECK(run.nearest(0.5).accepted_genuine == 2);
  CHECK(run.nearest(0.4).accepted_impostors == 0);
  CHECK(run.strict(0.5).accepted_impostors == 2);  // the strict reading has every point
  // One score only: nothing, or everything.
  CHECK(Roc({0.5}, {0.5}).nearest(0.4).threshold == kInfinity);
  CHECK(Roc({0.5}, {0.5}).nearest(0.6).threshold == 0.5);
}

TEST_CASE("equal error rate") {
  // At 0.7 FAR 0.25 < FRR 0.5, at 0.6 FAR 0.5 > FRR 0.25: the lines FAR 0.25..0.5 and FRR 0.5..0.25 cross
  // half way.
  CHECK(example().equal_error_rate().rate == doctest::Approx(0.375));
  CHECK(example().equal_error_rate().threshold == 0.6);
  CHECK(Roc({0.9, 0.8}, {0.1, 0.2}).equal_error_rate().rate == 0.0);  // separable
  CHECK(Roc({0.9, 0.8}, {0.1, 0.2}).equal_error_rate().threshold == 0.8);
  CHECK(Roc({0.1}, {0.9}).equal_error_rate().rate == 1.0);  // upside down
  CHECK(Roc({0.5}, {0.5}).equal_error_rate().rate == doctest::Approx(0.5));
  // FAR 0, 1/2 against FRR 1/3, 0 : crossing at t = (1/3) / (1/3 + 1/2) = 2/5 of the way to 1/2.
  CHECK(Roc({0.9, 0.8, 0.5}, {0.5, 0.1}).equal_error_rate().rate == doctest::Approx(0.2));
}

TEST_CASE("allowed_impostors compares quotients") {
  CHECK(allowed_impostors(0.001, 3000) == 3);
  CHECK(allowed_impostors(0.001, 2999) == 2);
  CHECK(allowed_impostors(0.1, 10) == 1);
  CHECK(allowed_impostors(0.29, 100) == 29);  // 0.29 * 100 is 28.999999999999996
  CHECK(allowed_impostors(0.0, 1000) == 0);
  CHECK(allowed_impostors(0.5, 0) == 0);
  CHECK(allowed_impostors(1e-6, 2638360419683u) == 2638360);
}

TEST_CASE("refusals") {
  const auto refuses = [](std::vector<double> genuine, std::vector<double> impostor,
                          const std::string& word) {
    try {
      Roc(genuine, impostor);
      FAIL("accepted");
    } catch (const Error& error) {
      CHECK(std::string(error.what()).find(word) != std::string::npos);
    }
  };
  refuses({}, {0.5}, "no genuine pair");
  refuses({0.5}, {}, "no impostor pair");
  refuses({0.5, std::nan("")}, {0.5}, "score 1 of the genuine pairs");
  refuses({0.5}, {kInfinity}, "score 0 of the impostor pairs");
  CHECK_THROWS_AS(example().strict(-0.1), Error);
  CHECK_THROWS_AS(example().strict(1.0), Error);
  CHECK_THROWS_AS(example().nearest(std::nan("")), Error);
}
