// Target logits and their slopes against values worked out by hand.
#include <doctest/doctest.h>

#include <cmath>
#include <faceio/train/margin.hpp>

using namespace faceio::train;

namespace {

constexpr double kPi = 3.14159265358979323846;

double value(const Margin& margin, double theta) { return margin.at(theta).value; }
double slope(const Margin& margin, double theta) { return margin.at(theta).slope; }
doctest::Approx near(double expected) { return doctest::Approx(expected).epsilon(1e-14).scale(1.0); }

}  // namespace

TEST_CASE("no margin is the cosine") {
  CHECK(value(Margin::none(), 0.0) == 1.0);
  CHECK(value(Margin::none(), kPi / 3) == near(0.5));
  CHECK(slope(Margin::none(), kPi / 2) == -1.0);
  CHECK(value(Margin::none(), kPi) == -1.0);
}

TEST_CASE("CosFace lowers the cosine") {
  CHECK(value(Margin::cosface(0.35), kPi / 3) == near(0.15));
  CHECK(slope(Margin::cosface(0.35), kPi / 6) == near(-0.5));
}

TEST_CASE("SphereFace falls from 1 to 1 - 2m, piece by piece") {
  const Margin four = Margin::sphereface(4.0);
  // cos(4 theta) is 0 at odd multiples of pi/8, on piece k: -2k.
  CHECK(value(four, 0.0) == 1.0);
  CHECK(value(four, kPi / 8) == near(0.0));
  CHECK(value(four, kPi / 4) == near(-1.0));
  CHECK(value(four, 3 * kPi / 8) == near(-2.0));
  CHECK(value(four, kPi / 2) == near(-3.0));
  CHECK(value(four, 7 * kPi / 8) == near(-6.0));
  CHECK(value(four, kPi) == near(-7.0));
  CHECK(slope(four, kPi / 8) == near(-4.0));
  CHECK(slope(four, 3 * kPi / 8) == near(-4.0));
  CHECK(slope(four, kPi / 2) == near(0.0));
  // With lambda = 3: (3 * 0.5 + psi(pi / 3)) / 4; cos(4 pi / 3) = -1/2, k = 1: psi = 1/2 - 2.
  CHECK(value(Margin::sphereface(4.0, 3.0), kPi / 3) == near((1.5 - 1.5) / 4));
  CHECK(value(Margin::sphereface(2.0), 2 * kPi / 3) == near(-1.5));
}

TEST_CASE("ArcFace and its three ways past pi - m") {
  const double m = 0.5, before = kPi - 0.6, past = kPi - 0.25;
  for (const Extension extension : {Extension::none, Extension::monotonic, Extension::arcface}) {
    CHECK(value(Margin::arcface(m, extension), before) == near(std::cos(kPi - 0.1)));
    CHECK(slope(Margin::arcface(m, extension), before) == near(-std::sin(0.1)));
    CHECK(value(Margin::arcface(m, extension), 0.0) == near(std::cos(0.5)));
    CHECK(slope(Margin::arcface(m, extension), 0.0) == near(-std::sin(0.5)));
  }
  CHECK(value(Margin::arcface(m, Extension::none), past) == near(-std::cos(0.25)));
  CHECK(slope(Margin::arcface(m, Extension::none), past) == near(std::sin(0.25)));  // rises
  CHECK(value(Margin::arcface(m, Extension::monotonic), past) == near(std::cos(0.25) - 2.0));
  CHECK(slope(Margin::arcface(m, Extension::monotonic), past) == near(-std::sin(0.25)));
  CHECK(value(Margin::arcface(m), past) == near(-std::cos(0.25) - 0.5 * std::sin(0.5)));
  CHECK(slope(Margin::arcface(m), past) == near(-std::sin(0.25)));
  const Margin easy = Margin::arcface(m, Extension::easy_margin);
  CHECK(value(easy, 1.0) == near(std::cos(1.5)));
  CHECK(value(easy, 2.0) == near(std::cos(2.0)));
  CHECK(slope(easy, 2.0) == near(-std::sin(2.0)));
}

TEST_CASE("the combined margin") {
  const Margin combined = Margin::combined(0.9, 0.4, 0.15);
  CHECK(value(combined, 1.0) == near(std::cos(1.3) - 0.15));
  CHECK(slope(combined, 1.0) == near(-0.9 * std::sin(1.3)));
  // 2 theta + 0.2 lies in (2 pi, 3 pi] at theta = 3.1: k = 2.
  CHECK(value(Margin::combined(2.0, 0.2, 0.1, Extension::monotonic), 3.1) == near(std::cos(6.4) - 4.0 - 0.1));
}

TEST_CASE("monotonic extensions fall everywhere, continuous ones without a step") {
  const Margin falling[] = {Margin::sphereface(4.0), Margin::sphereface(1.35), Margin::arcface(0.5),
                            Margin::arcface(0.5, Extension::monotonic),
                            Margin::combined(1.2, 0.3, 0.2, Extension::monotonic)};
  for (const Margin& margin : falling) {
    constexpr int kSteps = 100000;
    for (int i = 0; i < kSteps; ++i) {
      const double theta = kPi * i / kSteps, next = kPi * (i + 1) / kSteps;
      const double fall = value(margin, theta) - value(margin, next);
      REQUIRE(fall > -1e-15);
      REQUIRE(slope(margin, theta) < 1e-12);
      if (margin.extension == Extension::monotonic) REQUIRE(fall < 5.0 * kPi / kSteps);
    }
  }
}

TEST_CASE("options outside their range are named") {
  const double nan = std::nan("");
  CHECK_THROWS_WITH_AS(Margin::sphereface(0.0).require_valid(), "margin: m1 is 0.000000; it must be above 0", Error);
  CHECK_THROWS_AS(Margin::sphereface(4.0, -1.0).require_valid(), Error);
  CHECK_THROWS_AS(Margin::arcface(3.2).require_valid(), Error);
  CHECK_THROWS_AS(Margin::arcface(-0.1).require_valid(), Error);
  CHECK_THROWS_AS(Margin::cosface(nan).require_valid(), Error);
  CHECK_THROWS_AS(Margin::cosface(-0.1).require_valid(), Error);
  CHECK_THROWS_AS(Margin::combined(1.0, 0.3, 0.2, Extension::arcface).require_valid(), Error);
  CHECK_THROWS_AS(Margin::combined(1.1, 0.3, 0.0, Extension::easy_margin).require_valid(), Error);
  CHECK_NOTHROW(Margin::combined(1.0, 0.3, 0.2).require_valid());
}
