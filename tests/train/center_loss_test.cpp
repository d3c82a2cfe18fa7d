// Center loss and its update rule, by hand.
#include <doctest/doctest.h>

#include <cmath>
#include <faceio/train/center_loss.hpp>

using namespace faceio::train;

namespace {

Matrix<double> two_by_two(double a, double b, double c, double d) {
  Matrix<double> m(2, 2);
  m << a, b, c, d;
  return m;
}

}  // namespace

TEST_CASE("half the mean of squared distances to the center") {
  const auto centers = two_by_two(0, 0, 10, 10), features = two_by_two(3, 4, 9, 10);
  Matrix<double> g;
  CHECK(center_loss(features, centers, {0, 1}, &g) == (25.0 + 1.0) / 2.0 / 2.0);
  CHECK(g == two_by_two(1.5, 2.0, -0.5, 0.0));
}

TEST_CASE("centers move by alpha times the sum of differences, over one more than their number") {
  Matrix<double> features(3, 2);
  features << 3, 0, 0, 6, 12, 10;
  auto centers = two_by_two(0, 0, 10, 10);
  update_centers(features, {0, 0, 1}, 0.5, centers);
  // Class 0: (3, 6) * 0.5 / 3. Class 1: (2, 0) * 0.5 / 2.
  CHECK(centers == two_by_two(0.5, 1.0, 10.5, 10.0));
  update_centers(features, {1, 1, 1}, 0.0, centers);
  CHECK(centers == two_by_two(0.5, 1.0, 10.5, 10.0));
  // No example: it stays.
  update_centers(features, {1, 1, 1}, 1.0, centers);
  CHECK(centers.row(0) == two_by_two(0.5, 1.0, 0, 0).row(0));
}

TEST_CASE("what does not fit is refused and changes nothing") {
  auto centers = two_by_two(0, 0, 10, 10);
  const auto before = centers;
  CHECK_THROWS_WITH_AS(update_centers(centers, {0, 0}, 1.5, centers),
                       "alpha is 1.500000; it must be between 0 and 1, 0.5 in the paper", Error);
  CHECK_THROWS_AS(update_centers(before, {0, 2}, 0.5, centers), Error);
  CHECK_THROWS_AS(update_centers(two_by_two(0, std::nan(""), 1, 1), {0, 1}, 0.5, centers), Error);
  CHECK_THROWS_AS(center_loss(Matrix<double>(2, 3), centers, {0, 1}), Error);
  CHECK_THROWS_AS(center_loss(centers, centers, {0}), Error);
  CHECK(centers == before);
}
