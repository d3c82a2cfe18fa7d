// The margin losses on batches small enough for a pencil, at the ends of their range, and what they refuse.
#include <doctest/doctest.h>

#include <cmath>
#include <faceio/train/margin_softmax.hpp>
#include <limits>
#include <string>
#include <vector>

#include "random_batch.hpp"

using namespace faceio::train;

namespace {

constexpr double kPi = 3.14159265358979323846;

template <class Scalar>
Matrix<Scalar> rows(std::initializer_list<std::initializer_list<double>> values) {
  Matrix<Scalar> m(static_cast<Index>(values.size()), static_cast<Index>(values.begin()->size()));
  Index i = 0;
  for (const auto& row : values) {
    Index j = 0;
    for (const double value : row) m(i, j++) = static_cast<Scalar>(value);
    ++i;
  }
  return m;
}

double loss_of(const MarginSoftmaxOptions& options, const Matrix<double>& features, const Matrix<double>& weights,
               const std::vector<int>& labels) {
  return MarginSoftmax<double>(options).loss(features, weights, labels);
}

template <class Scalar>
bool finite(const MarginSoftmaxGradients<Scalar>& gradients) {
  return gradients.features.allFinite() && gradients.weights.allFinite();
}

std::string refusal(const MarginSoftmaxOptions& options, const Matrix<double>& features, const Matrix<double>& weights,
                    const std::vector<int>& labels) {
  try {
    loss_of(options, features, weights, labels);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("two classes at right angles, by hand") {
  // x at 60 degrees from class 0 and 30 from class 1, s = 2; lengths do not matter.
  const auto x = rows<double>({{1.5, 1.5 * std::sqrt(3.0)}});
  const auto w = rows<double>({{2.0, 0.0}, {0.0, 0.5}});
  const double other = 2.0 * std::sqrt(3.0) / 2.0;  // s cos(30 degrees)
  const auto expected = [&](double target) { return std::log(1.0 + std::exp(other - target)); };
  const auto near = [](double v) { return doctest::Approx(v).epsilon(1e-14); };
  CHECK(loss_of({Margin::none(), 2.0}, x, w, {0}) == near(expected(2.0 * 0.5)));
  CHECK(loss_of({Margin::cosface(0.35), 2.0}, x, w, {0}) == near(expected(2.0 * 0.15)));
  CHECK(loss_of({Margin::arcface(0.5), 2.0}, x, w, {0}) == near(expected(2.0 * std::cos(kPi / 3 + 0.5))));
  // SphereFace: |x| = 3 takes the place of s; cos(4 pi / 3) = -1/2 on piece 1.
  const double wrong = 3.0 * std::sqrt(3.0) / 2.0, right = 3.0 * (0.5 - 2.0);
  CHECK(loss_of({Margin::sphereface(4.0), 64.0, true}, x, w, {0}) == near(std::log(1.0 + std::exp(wrong - right))));
}

TEST_CASE("gradients of two classes at right angles, by hand") {
  // x halfway between both: cosines are equal, the wrong class has probability 1/2, and the loss is log 2.
  const double h = std::sqrt(0.5);
  MarginSoftmax<double> loss({Margin::none(), 2.0});
  MarginSoftmaxGradients<double> g;
  CHECK(loss.loss(rows<double>({{2 * h, 2 * h}}), rows<double>({{1.0, 0.0}, {0.0, 4.0}}), {0}, g) ==
        doctest::Approx(std::log(2.0)).epsilon(1e-14));
  // d cos / dx = (w - x cos) / |x|: (h, -h) h / 2 for class 0 and the opposite for class 1; times s / 2 and -s / 2.
  CHECK(g.features(0, 0) == doctest::Approx(-0.5).epsilon(1e-14));
  CHECK(g.features(0, 1) == doctest::Approx(0.5).epsilon(1e-14));
  // d cos / dw = (x - w cos) / |w|: (0, h) for class 0, (h, 0) / 4 for class 1; times -s / 2 and s / 2.
  CHECK(g.weights(0, 0) == doctest::Approx(0.0));
  CHECK(g.weights(0, 1) == doctest::Approx(-h).epsilon(1e-14));
  CHECK(g.weights(1, 0) == doctest::Approx(h / 4).epsilon(1e-14));
  CHECK(g.weights(1, 1) == doctest::Approx(0.0));
}

TEST_CASE("the loss is the mean over the batch") {
  std::mt19937_64 random(1);
  const auto x = random_batch::matrix(random, 2, 5), w = random_batch::matrix(random, 7, 5);
  const MarginSoftmaxOptions options{Margin::arcface(), 8.0};
  const double both = loss_of(options, x, w, {3, 6});
  const double first = loss_of(options, x.topRows(1), w, {3}), second = loss_of(options, x.bottomRows(1), w, {6});
  CHECK(both == doctest::Approx((first + second) / 2).epsilon(1e-13));
}

TEST_CASE("of sub-centers the nearest counts, for right and wrong classes") {
  const auto x = rows<double>({{1.0, 0.0}});
  // Class 0 at 90 and 60 degrees, class 1 at 45 and 135.
  const double h = std::sqrt(0.5);
  const auto w = rows<double>({{0.0, 1.0}, {0.5, std::sqrt(0.75)}, {h, h}, {-h, h}});
  MarginSoftmaxOptions options{Margin::none(), 1.0, false, 2};
  MarginSoftmax<double> loss(options);
  MarginSoftmaxGradients<double> g;
  CHECK(loss.loss(x, w, {0}, g) == doctest::Approx(std::log(1.0 + std::exp(h - 0.5))).epsilon(1e-14));
  CHECK(g.weights.row(0).isZero(0.0));
  CHECK(g.weights.row(3).isZero(0.0));
  CHECK(!g.weights.row(1).isZero(1e-3));
  CHECK(!g.weights.row(2).isZero(1e-3));
}

TEST_CASE("one class alone costs nothing") {
  MarginSoftmax<float> loss({Margin::arcface(), 64.0});
  MarginSoftmaxGradients<float> g;
  CHECK(loss.loss(rows<float>({{1, 2}, {3, -1}}), rows<float>({{-1, 1}}), {0, 0}, g) == 0.0);
  CHECK(g.features.isZero(0.0f));
  CHECK(g.weights.isZero(0.0f));
}

TEST_CASE_TEMPLATE("parallel and opposite vectors give finite gradients, nearly parallel ones the slope", Scalar, float,
                   double) {
  const Margin margins[] = {Margin::none(), Margin::sphereface(), Margin::cosface(), Margin::arcface(),
                            Margin::arcface(0.5, Extension::none), Margin::arcface(0.5, Extension::easy_margin),
                            Margin::combined(0.9, 0.4, 0.15)};
  for (const Margin& margin : margins) {
    for (const bool by_length : {false, true}) {
      MarginSoftmax<Scalar> loss({margin, 64.0, by_length});
      MarginSoftmaxGradients<Scalar> g;
      for (const double direction : {1.0, -1.0}) {
        for (const double across : {0.0, 1e-20, 1e-13, 1e-9, 1e-4}) {
          const auto x = rows<Scalar>({{3 * direction, across}});
          CHECK(std::isfinite(loss.loss(x, rows<Scalar>({{1, 0}, {0.6, 0.8}}), {0}, g)));
          CHECK(finite(g));
        }
      }
    }
  }
  // At angle 1e-6 an additive margin still pulls across with s sin(m) / |x|, here against a wrong class of probability
  // 1.
  MarginSoftmax<Scalar> loss({Margin::arcface(0.5), 10.0});
  MarginSoftmaxGradients<Scalar> g;
  loss.loss(rows<Scalar>({{2, 2e-6}}), rows<Scalar>({{1, 0}, {1, 0}}), {0}, g);
  const double wrong = 1.0 / (1.0 + std::exp(10.0 * (std::cos(0.5) - 1.0)));
  CHECK(static_cast<double>(g.features(0, 1)) == doctest::Approx(wrong * 10.0 * std::sin(0.5) / 2.0).epsilon(1e-4));
}

TEST_CASE("a million classes at s = 64: no overflow, and the value that equal cosines give") {
  constexpr int kClasses = 1000000;
  // All wrong classes opposite to the feature, or all parallel: log(1 + (C - 1) exp(wrong - right)).
  for (const double side : {1.0, -1.0}) {
    Matrix<float> w(kClasses, 2);
    w.col(0).setConstant(static_cast<float>(side));
    w.col(1).setZero();
    w.row(77) << -static_cast<float>(side), 0.0f;
    MarginSoftmax<float> loss({Margin::none(), 64.0});
    MarginSoftmaxGradients<float> g;
    const double expected = std::log1p((kClasses - 1.0) * std::exp(side * 128.0));
    CHECK(loss.loss(rows<float>({{1, 0}}), w, {77}, g) == doctest::Approx(expected).epsilon(1e-6));
    CHECK(finite(g));
  }
}

TEST_CASE("a row of weights may be the right class of several examples, at every place in a block") {
  // Against the sum written out, over more classes than a block holds.
  std::mt19937_64 random(5);
  constexpr int kClasses = 1100;
  const Matrix<double> x = random_batch::matrix(random, 6, 3), w = random_batch::matrix(random, kClasses, 3);
  const std::vector<int> labels = {0, 511, 512, 1023, 1099, 512};
  double sum = 0.0;
  for (size_t i = 0; i < labels.size(); ++i) {
    const auto row = x.row(static_cast<Index>(i));
    double denominator = 0.0, right = 0.0;
    for (int c = 0; c < kClasses; ++c) {
      double cosine = row.dot(w.row(c)) / row.norm() / w.row(c).norm();
      if (c == labels[i]) right = cosine -= 0.2;
      denominator += std::exp(16.0 * cosine);
    }
    sum += std::log(denominator) - 16.0 * right;
  }
  CHECK(loss_of({Margin::cosface(0.2), 16.0}, x, w, labels) == doctest::Approx(sum / 6.0).epsilon(1e-12));
}

TEST_CASE("one object for batches of changing size") {
  std::mt19937_64 random(6);
  const MarginSoftmaxOptions options{Margin::arcface(), 32.0};
  MarginSoftmax<double> kept(options);
  for (const int classes : {700, 3, 2000, 5}) {
    const int n = random_batch::integer(random, 1, 9);
    const auto x = random_batch::matrix(random, n, 4), w = random_batch::matrix(random, classes, 4);
    const std::vector<int> labels(static_cast<size_t>(n), 2);
    MarginSoftmaxGradients<double> a, b;
    MarginSoftmax<double> fresh(options);
    CHECK(kept.loss(x, w, labels, a) == fresh.loss(x, w, labels, b));
    CHECK(a.features == b.features);
    CHECK(a.weights == b.weights);
    CHECK(kept.loss(x, w, labels) == fresh.loss(x, w, labels));
  }
}

TEST_CASE("what has no loss is refused with what to do") {
  const MarginSoftmaxOptions options{Margin::arcface(), 64.0};
  const auto x = rows<double>({{1, 2}, {3, 4}}), w = rows<double>({{1, 0}, {0, 1}});
  CHECK(refusal(options, x, w, {0, 1}) == "");
  CHECK(refusal(options, x, w, {0}) == "1 labels for 2 rows of features; give one for each");
  CHECK(refusal(options, x, w, {0, 2}) == "label 2 of example 1 is no class; classes are 0 to 1");
  CHECK(refusal(options, x, w, {-1, 0}) == "label -1 of example 0 is no class; classes are 0 to 1");
  CHECK(refusal(options, x, rows<double>({{1, 0, 0}}), {0, 0}).find("2 columns and weights 3") != std::string::npos);
  CHECK(refusal(options, Matrix<double>(0, 2), w, {}).find("no rows") != std::string::npos);
  CHECK(refusal(options, x, Matrix<double>(0, 2), {0, 0}) != "");
  const MarginSoftmaxOptions three{Margin::none(), 64.0, false, 3};
  CHECK(refusal(three, x, w, {0, 0}).find("no multiple of sub_centers") != std::string::npos);
  const double nan = std::nan(""), infinity = std::numeric_limits<double>::infinity();
  for (const double bad : {0.0, 1e-13, 1e19, nan, infinity}) {
    CHECK(refusal(options, rows<double>({{1, 2}, {bad, 0}}), w, {0, 0}).find("features, row 1") == 0);
    CHECK(refusal(options, x, rows<double>({{1, 2}, {0, bad}}), {0, 0}).find("weights, row 1") == 0);
  }
  for (const double bad : {0.0, -1.0, 1e7, nan}) CHECK_THROWS_AS(MarginSoftmax<float>({Margin::none(), bad}), Error);
  CHECK_THROWS_AS(MarginSoftmax<float>({Margin::none(), 64.0, false, 0}), Error);
  CHECK_THROWS_AS(MarginSoftmax<float>({Margin::arcface(4.0), 64.0}), Error);
}
