// Boxes and similarity transforms: hand-computed values, in constant expressions too.
#include <doctest/doctest.h>

#include <cmath>
#include <faceio/vision/geometry.hpp>
#include <limits>

#include "../support/buffers.hpp"

using faceio::Box;
using faceio::Point;
using faceio::Similarity;
using faceio::Size;

static_assert(faceio::iou(Box{0, 0, 2, 2}, Box{0, 0, 2, 2}) == 1.0f);
static_assert(faceio::clamp_to(Box{-1, -1, 4, 4}, Size{10, 10}).width == 3.0f);
static_assert(faceio::apply(Similarity{}, Point{3, 4}).y == 4.0f);
static_assert(faceio::inverse(Similarity{2, 0, 0, 0}).a == 0.5f);

TEST_CASE("iou") {
  const Box box{10, 20, 30, 40};
  CHECK(faceio::iou(box, box) == 1.0f);
  // Half overlaps half: 600 common of 1200 + 1200 - 600.
  CHECK(faceio::iou(box, Box{25, 20, 30, 40}) == doctest::Approx(1.0 / 3.0));
  CHECK(faceio::iou(Box{25, 20, 30, 40}, box) == doctest::Approx(1.0 / 3.0));
  CHECK(faceio::iou(box, Box{15, 25, 10, 10}) == doctest::Approx(100.0 / 1200.0));
  CHECK(faceio::iou(box, Box{40, 20, 30, 40}) == 0.0f);  // touching
  CHECK(faceio::iou(box, Box{100, 100, 5, 5}) == 0.0f);
  CHECK(faceio::iou(Box{}, Box{}) == 0.0f);
  CHECK(faceio::iou(box, Box{20, 30, -5, -5}) == 0.0f);
  const float nan = std::numeric_limits<float>::quiet_NaN();
  CHECK(faceio::iou(box, Box{10, 20, nan, 40}) == 0.0f);
}

TEST_CASE("clamp_to") {
  const Size size{100, 50};
  const auto check = [&](Box in, Box expected) {
    const Box out = faceio::clamp_to(in, size);
    CHECK(out.x == expected.x);
    CHECK(out.y == expected.y);
    CHECK(out.width == expected.width);
    CHECK(out.height == expected.height);
  };
  check({10, 20, 30, 20}, {10, 20, 30, 20});
  check({-10, -5, 30, 20}, {0, 0, 20, 15});
  check({90, 40, 30, 20}, {90, 40, 10, 10});
  check({-10, -10, 200, 200}, {0, 0, 100, 50});
  check({200, 60, 10, 10}, {100, 50, 0, 0});
  check({-50, -50, 10, 10}, {0, 0, 0, 0});
  check({10, 10, -5, -5}, {10, 10, 0, 0});
  const float infinity = std::numeric_limits<float>::infinity();
  check({10, 10, infinity, infinity}, {10, 10, 90, 40});
  const float nan = std::numeric_limits<float>::quiet_NaN();
  check({nan, nan, 10, 10}, {0, 0, 0, 0});
  check({10, 10, nan, nan}, {10, 10, 0, 0});
}

TEST_CASE("apply: a quarter turn, twice as large, shifted") {
  const Similarity s{0, 2, 5, -1};
  const Point p = faceio::apply(s, Point{3, 4});  // (3, 4) turned is (-4, 3)
  CHECK(p.x == -3.0f);
  CHECK(p.y == 5.0f);
}

TEST_CASE("inverse undoes apply") {
  for (int i = 0; i < 200; ++i) {
    const Similarity s{test::random_float(0.05f, 2.0f), test::random_float(-2.0f, 2.0f),
                       test::random_float(-500.0f, 500.0f), test::random_float(-500.0f, 500.0f)};
    const Point p{test::random_float(-100.0f, 100.0f), test::random_float(-100.0f, 100.0f)};
    const Point back = faceio::apply(faceio::inverse(s), faceio::apply(s, p));
    // Shifts of 500 are divided by the scale: that many units of rounding return.
    const double scale = std::sqrt(static_cast<double>(s.a * s.a + s.b * s.b));
    const double bound = 1e-6 * (1000.0 / scale + 1000.0);
    CHECK(std::abs(static_cast<double>(back.x - p.x)) <= bound);
    CHECK(std::abs(static_cast<double>(back.y - p.y)) <= bound);
  }
}
