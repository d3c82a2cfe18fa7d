// Softmax over a linear classifier, by hand and at the ends of its range.
#include <doctest/doctest.h>

#include <cmath>
#include <faceio/train/softmax.hpp>
#include <limits>
#include <vector>

using namespace faceio::train;

namespace {

Matrix<double> weights_of_three() {
  Matrix<double> w(3, 2);
  w << 1, 0, 0, 1, -1, -1;
  return w;
}

}  // namespace

TEST_CASE("three classes by hand, without biases and with") {
  Matrix<double> x(1, 2);
  x << std::log(2.0), std::log(3.0);
  // exp(logits) are 2, 3 and 1/6.
  const double sum = 2.0 + 3.0 + 1.0 / 6.0;
  Softmax<double> softmax;
  SoftmaxGradients<double> g;
  CHECK(softmax.loss(x, weights_of_three(), {}, {1}, g) == doctest::Approx(-std::log(3.0 / sum)).epsilon(1e-14));
  const double p[3] = {2.0 / sum, 3.0 / sum - 1.0, 1.0 / 6.0 / sum};
  for (int c = 0; c < 3; ++c) {
    CHECK(g.weights(c, 0) == doctest::Approx(p[c] * x(0, 0)).epsilon(1e-13));
    CHECK(g.weights(c, 1) == doctest::Approx(p[c] * x(0, 1)).epsilon(1e-13));
  }
  CHECK(g.features(0, 0) == doctest::Approx(p[0] - p[2]).epsilon(1e-13));
  CHECK(g.features(0, 1) == doctest::Approx(p[1] - p[2]).epsilon(1e-13));
  CHECK(g.biases.size() == 0);

  Vector<double> biases(3);
  biases << std::log(5.0), 0.0, std::log(6.0);  // 10, 3, 1
  CHECK(softmax.loss(x, weights_of_three(), biases, {2}, g) == doctest::Approx(std::log(14.0)).epsilon(1e-14));
  CHECK(g.biases(0) == doctest::Approx(10.0 / 14.0).epsilon(1e-13));
  CHECK(g.biases(1) == doctest::Approx(3.0 / 14.0).epsilon(1e-13));
  CHECK(g.biases(2) == doctest::Approx(-13.0 / 14.0).epsilon(1e-13));
}

TEST_CASE("logits of thousands neither overflow nor lose the loss") {
  Matrix<float> x(1, 1), w(2, 1);
  x << 1000.0f;
  w << 2.0f, 5.0f;
  Softmax<float> softmax;
  SoftmaxGradients<float> g;
  CHECK(softmax.loss(x, w, {}, {0}, g) == 3000.0);
  CHECK(g.features(0, 0) == 3.0f);
  CHECK(softmax.loss(x, w, {}, {1}, g) == 0.0);
  CHECK(g.features(0, 0) == 0.0f);
}

TEST_CASE("what has no loss is refused") {
  Matrix<double> x(1, 2);
  x << 1, 2;
  Softmax<double> softmax;
  const auto w = weights_of_three();
  CHECK_THROWS_WITH_AS(softmax.loss(x, w, Vector<double>::Zero(2), {0}),
                       "2 biases for 3 classes; give one for each, or none", Error);
  CHECK_THROWS_AS(softmax.loss(x, w, {}, {3}), Error);
  CHECK_THROWS_AS(softmax.loss(x, w, {}, {}), Error);
  CHECK_THROWS_AS(softmax.loss(Matrix<double>(1, 3), w, {}, {0}), Error);
  for (const double bad : {std::nan(""), std::numeric_limits<double>::infinity()}) {
    for (int c = 0; c < 3; ++c) {
      auto broken = w;
      broken(c, 0) = bad;
      CHECK_THROWS_AS(softmax.loss(x, broken, {}, {0}), Error);
    }
    x(0, 1) = bad;
    CHECK_THROWS_AS(softmax.loss(x, w, {}, {0}), Error);
    x(0, 1) = 2;
  }
}
