// Which classes a step with sampled centers sees, and that with all of them it is the loss itself.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <faceio/train/margin_softmax.hpp>
#include <faceio/train/sampled_classes.hpp>
#include <vector>

#include "random_batch.hpp"

using namespace faceio::train;
using namespace random_batch;

TEST_CASE("the classes of the batch are always there, the others as many as the rate says") {
  std::mt19937_64 random(1);
  for (int number = 0; number < 2000; ++number) {
    const int classes = integer(random, 1, 60), n = integer(random, 1, 20);
    const double rate = uniform(random, 0.01, 1.0);
    std::vector<int> labels;
    for (int i = 0; i < n; ++i) labels.push_back(integer(random, 0, classes - 1));
    const auto sample = sample_classes(labels, classes, rate, random);
    auto own = labels;
    std::sort(own.begin(), own.end());
    own.erase(std::unique(own.begin(), own.end()), own.end());
    REQUIRE(std::is_sorted(sample.classes.begin(), sample.classes.end()));
    REQUIRE(std::adjacent_find(sample.classes.begin(), sample.classes.end()) == sample.classes.end());
    REQUIRE(sample.classes.size() == std::max(own.size(), static_cast<size_t>(std::round(rate * classes))));
    for (int i = 0; i < n; ++i)
      REQUIRE(sample.classes.at(static_cast<size_t>(sample.labels[static_cast<size_t>(i)])) ==
              labels[static_cast<size_t>(i)]);
  }
}

TEST_CASE("other classes are drawn equally often") {
  std::mt19937_64 random(2);
  constexpr int kClasses = 20, kDraws = 20000;
  std::vector<int> seen(kClasses, 0);
  for (int draw = 0; draw < kDraws; ++draw)
    for (const int c : sample_classes({3}, kClasses, 0.25, random).classes) ++seen[static_cast<size_t>(c)];
  CHECK(seen[3] == kDraws);
  // 4 of 19: a binomial count, within five standard deviations.
  const double p = 4.0 / 19.0, sigma = std::sqrt(kDraws * p * (1.0 - p));
  for (int c = 0; c < kClasses; ++c)
    if (c != 3) CHECK(std::abs(seen[static_cast<size_t>(c)] - kDraws * p) < 5.0 * sigma);
}

TEST_CASE("at rate 1 value and gradients are those of all classes, below it the loss is not larger") {
  std::mt19937_64 random(3);
  for (const int centers : {1, 2}) {
    const Matrix<double> x = matrix(random, 5, 4), w = matrix(random, 50 * centers, 4);
    const std::vector<int> labels = {7, 49, 0, 7, 20};
    MarginSoftmax<double> loss({Margin::arcface(), 16.0, false, centers});
    MarginSoftmaxGradients<double> all, some;
    const double exact = loss.loss(x, w, labels, all);
    Matrix<double> few, scattered = Matrix<double>::Zero(w.rows(), w.cols());
    const auto whole = sample_classes(labels, 50, 1.0, random);
    gather(w, whole, centers, few);
    CHECK(loss.loss(x, few, whole.labels, some) == exact);
    add_scattered(some.weights, whole, centers, 1.0, scattered);
    CHECK(scattered == all.weights);
    CHECK(some.features == all.features);
    for (int i = 0; i < 20; ++i) {
      const auto part = sample_classes(labels, 50, 0.3, random);
      CHECK(part.classes.size() == 15);
      gather(w, part, centers, few);
      CHECK(loss.loss(x, few, part.labels) <= exact);
    }
  }
}

TEST_CASE("what does not fit is refused") {
  std::mt19937_64 random(4);
  for (const double bad : {0.0, -0.5, 1.1, std::nan("")}) CHECK_THROWS_AS(sample_classes({0}, 3, bad, random), Error);
  CHECK_THROWS_AS(sample_classes({3}, 3, 0.5, random), Error);
  CHECK_THROWS_AS(sample_classes({}, 3, 0.5, random), Error);
  const auto sample = sample_classes({2}, 3, 1.0, random);
  Matrix<float> rows = Matrix<float>::Ones(3, 2), weights = Matrix<float>::Ones(2, 2);
  CHECK_THROWS_AS(gather(weights, sample, 1, rows), Error);
  CHECK_THROWS_AS(add_scattered(rows, sample, 1, 1.0f, weights), Error);
  weights = Matrix<float>::Ones(3, 2);
  CHECK_THROWS_AS(add_scattered(rows, sample, 2, 1.0f, weights), Error);
  CHECK_NOTHROW(add_scattered(rows, sample, 1, -0.5f, weights));
  CHECK(weights == Matrix<float>::Constant(3, 2, 0.5f));
}
