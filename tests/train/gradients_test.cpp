// Gradients of every loss and option against differences of its value, in double.
//
// Differences are central ones of sixth order. Two things bound their step. The loss has a tip where vectors are
// parallel or opposite and the margin's slope does not vanish; angles as near as 1e-5 to it are drawn, and the step is
// 2 % of that distance. It bends or jumps where an extension sets in and where two sub-centers are equally near; there
// is no derivative to compare there, and angles within 0.01 of it are not drawn.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <faceio/train/center_loss.hpp>
#include <faceio/train/margin_softmax.hpp>
#include <faceio/train/sampled_classes.hpp>
#include <faceio/train/softmax.hpp>
#include <string>
#include <vector>

#include "random_batch.hpp"

using namespace faceio::train;
using namespace random_batch;

namespace {

constexpr double kPi = 3.14159265358979323846;
constexpr int kCases = 1000;

template <class Value>
double difference(double& variable, double step, const Value& value) {
  const double middle = variable;
  const auto at = [&](double offset) {
    variable = middle + offset;
    return value();
  };
  const double result = (45.0 * (at(step) - at(-step)) - 9.0 * (at(2 * step) - at(-2 * step)) +
                         (at(3 * step) - at(-3 * step))) / (60.0 * step);
  variable = middle;
  return result;
}

/// The largest error of a gradient beside its largest element.
struct Error6 {
  double largest = 0.0, error = 0.0;

  /// Some elements of a matrix, all of a small one. Steps are relative to the length of the element's row, or to
  /// `shortest` where that is more.
  template <class Numbers, class Value>
  void compare(std::mt19937_64& random, Numbers& variables, const Numbers& gradient, double step, const Value& value,
               double shortest = 0.0) {
    REQUIRE(gradient.rows() == variables.rows());
    REQUIRE(gradient.cols() == variables.cols());
    const auto count = static_cast<int>(variables.size());
    for (int k = 0; k < std::min(count, 6); ++k) {
      const int at = count <= 6 ? k : integer(random, 0, count - 1);
      double& variable = variables.data()[at];
      const double length = variables.row(at / static_cast<int>(variables.cols())).norm();
      const double expected = difference(variable, step * std::max(length, shortest), value);
      error = std::max(error, std::abs(gradient.data()[at] - expected));
    }
    largest = std::max(largest, gradient.size() ? gradient.cwiseAbs().maxCoeff() : 0.0);
  }
  double relative() const { return largest > 0.0 ? error / largest : error; }
};

struct Batch {
  Matrix<double> features, weights;
  std::vector<int> labels;
  double step;
};

/// How near this angle is to one where psi bends, or steps, on the way from 0 to pi.
double distance_to_bends(const Margin& margin, double theta) {
  double distance = 1.0;
  const auto bend = [&](double at) {
    if (at > 1e-9 && at < kPi - 1e-9) distance = std::min(distance, std::abs(theta - at));
  };
  if (margin.extension == Extension::easy_margin) bend(kPi / 2);
  if (margin.extension == Extension::arcface || margin.extension == Extension::monotonic) {
    for (int k = 1; k <= margin.m1 + 1.0; ++k) bend((k * kPi - margin.m2) / margin.m1);
  }
  return distance;
}

/// Over the sphere the loss is smooth at parallel vectors where psi is level at 0, and has a tip where it is not;
/// likewise at opposite ones.
double distance_to_tips(const Margin& margin, double theta) {
  const auto level = [&](double end) { return std::abs(margin.at(end).slope) < 1e-9; };
  return std::min(level(0.0) ? 1.0 : theta, level(kPi) ? 1.0 : kPi - theta);
}

double angle(const Matrix<double>& a, const Matrix<double>& b) {
  const Matrix<double> u = a / a.norm(), v = b / b.norm();
  return 2.0 * std::atan2((u - v).norm(), (u + v).norm());
}

/// How much nearer the nearest center of each class is than the next.
double distance_to_ties(const Matrix<double>& feature, const Matrix<double>& weights, int centers) {
  double distance = 1.0;
  for (Index first = 0; first < weights.rows(); first += centers) {
    std::vector<double> angles;
    for (Index k = 0; k < centers; ++k) angles.push_back(angle(feature, weights.row(first + k)));
    std::sort(angles.begin(), angles.end());
    if (centers > 1) distance = std::min(distance, angles[1] - angles[0]);
  }
  return distance;
}

/// A batch whose first example has an angle within 1e-4 of 0 or pi in two of three cases, any angle otherwise.
Batch batch_for(std::mt19937_64& random, const MarginSoftmaxOptions& options, int number) {
  const int n = integer(random, 1, 3), d = integer(random, 2, 4), classes = integer(random, 2, 5);
  const int k = options.sub_centers;
  for (;;) {
    Batch batch;
    batch.weights = matrix(random, classes * k, d);
    batch.features.resize(n, d);
    double tip = 1.0, bend = 1.0;
    for (int i = 0; i < n; ++i) {
      const int y = integer(random, 0, classes - 1);
      const Matrix<double> center = batch.weights.row(y * k + integer(random, 0, k - 1));
      double theta = uniform(random, 0.0, kPi);
      if (i == 0 && number % 3 < 2) {
        theta = std::pow(10.0, uniform(random, -5.0, -4.0));
        if (number % 3 == 1) theta = kPi - theta;
      }
      batch.labels.push_back(y);
      batch.features.row(i) = at_angle(random, center, theta);
      bend = std::min(bend, distance_to_ties(batch.features.row(i), batch.weights, k));
      double nearest = kPi;
      for (int c = 0; c < k; ++c)
        nearest = std::min(nearest, angle(batch.features.row(i), batch.weights.row(y * k + c)));
      bend = std::min(bend, distance_to_bends(options.margin, nearest));
      tip = std::min(tip, distance_to_tips(options.margin, nearest));
    }
    const double steepness = std::max(options.scale, 2.0) * (1.0 + options.margin.m1);
    batch.step = std::min({0.01 / steepness, 0.01 * bend, 0.02 * tip});
    if (tip > 0.9e-5 && bend > 1e-2) return batch;
  }
}

double worst_error(const MarginSoftmaxOptions& options) {
  std::mt19937_64 random(9);
  MarginSoftmax<double> loss(options);
  MarginSoftmaxGradients<double> gradients;
  double worst = 0.0;
  for (int number = 0; number < kCases; ++number) {
    Batch b = batch_for(random, options, number);
    const double value = loss.loss(b.features, b.weights, b.labels, gradients);
    CHECK(value == loss.loss(b.features, b.weights, b.labels));
    const auto again = [&] { return loss.loss(b.features, b.weights, b.labels); };
    Error6 features, weights;
    features.compare(random, b.features, gradients.features, b.step, again);
    weights.compare(random, b.weights, gradients.weights, b.step, again);
    worst = std::max({worst, features.relative(), weights.relative()});
  }
  return worst;
}

struct Named {
  std::string name;
  Margin margin;
};

const std::vector<Named>& margins() {
  static const std::vector<Named> all = {
      {"none", Margin::none()},
      {"SphereFace, m = 2", Margin::sphereface(2.0)},
      {"SphereFace, m = 4", Margin::sphereface(4.0)},
      {"SphereFace, m = 1.35", Margin::sphereface(1.35)},
      {"SphereFace, annealed", Margin::sphereface(4.0, 5.0)},
      {"CosFace", Margin::cosface(0.35)},
      {"ArcFace, no extension", Margin::arcface(0.5, Extension::none)},
      {"ArcFace, its code", Margin::arcface(0.5)},
      {"ArcFace, easy margin", Margin::arcface(0.5, Extension::easy_margin)},
      {"ArcFace, monotonic", Margin::arcface(0.5, Extension::monotonic)},
      {"combined, no extension", Margin::combined(0.9, 0.4, 0.15)},
      {"combined, monotonic", Margin::combined(1.2, 0.3, 0.2, Extension::monotonic)},
  };
  return all;
}

}  // namespace

TEST_CASE("gradients of the margin losses are those of differences") {
  struct Form {
    const char* name;
    double scale;
    bool scale_by_length;
    int sub_centers;
  };
  const Form forms[] = {{"s = 1", 1.0, false, 1},
                        {"s = 64", 64.0, false, 1},
                        {"s = |x|", 1.0, true, 1},
                        {"s = 16, three centers", 16.0, false, 3}};
  for (const Named& named : margins()) {
    for (const Form& form : forms) {
      const double worst = worst_error({named.margin, form.scale, form.scale_by_length, form.sub_centers});
      MESSAGE(std::string(named.name) << ", " << std::string(form.name) << ": " << worst);
      CHECK(worst <= 1e-6);
    }
  }
}

TEST_CASE("gradients of softmax, with biases and without") {
  for (const bool biased : {false, true}) {
    std::mt19937_64 random(10);
    Softmax<double> loss;
    SoftmaxGradients<double> gradients;
    double worst = 0.0;
    for (int number = 0; number < kCases; ++number) {
      const int n = integer(random, 1, 4), d = integer(random, 1, 5), classes = integer(random, 2, 6);
      Matrix<double> features = matrix(random, n, d), weights = matrix(random, classes, d);
      Vector<double> biases = matrix(random, biased ? classes : 0, 1);
      std::vector<int> labels;
      for (int i = 0; i < n; ++i) labels.push_back(integer(random, 0, classes - 1));
      loss.loss(features, weights, biases, labels, gradients);
      const auto again = [&] { return loss.loss(features, weights, biases, labels); };
      Error6 x, w, b;
      x.compare(random, features, gradients.features, 1e-3, again, 1.0);
      w.compare(random, weights, gradients.weights, 1e-3, again, 1.0);
      b.compare(random, biases, gradients.biases, 1e-3, again, 1.0);
      worst = std::max({worst, x.relative(), w.relative(), b.relative()});
    }
    MESSAGE("softmax, " << std::string(biased ? "biases: " : "no biases: ") << worst);
    CHECK(worst <= 1e-6);
  }
}

TEST_CASE("gradients of center loss") {
  std::mt19937_64 random(11);
  double worst = 0.0;
  for (int number = 0; number < kCases; ++number) {
    const int n = integer(random, 1, 5), d = integer(random, 1, 5), classes = integer(random, 1, 4);
    Matrix<double> features = matrix(random, n, d), gradient;
    const Matrix<double> centers = matrix(random, classes, d);
    std::vector<int> labels;
    for (int i = 0; i < n; ++i) labels.push_back(integer(random, 0, classes - 1));
    center_loss(features, centers, labels, &gradient);
    Error6 error;
    error.compare(random, features, gradient, 1e-3, [&] { return center_loss(features, centers, labels); },
                  1.0);
    worst = std::max(worst, error.relative());
  }
  MESSAGE("center loss: " << worst);
  CHECK(worst <= 1e-6);
}

TEST_CASE("gradients through sampled classes") {
  std::mt19937_64 random(12);
  for (const double rate : {0.3, 1.0}) {
    const MarginSoftmaxOptions options{Margin::arcface(), 16.0, false, 1};
    MarginSoftmax<double> loss(options);
    double worst = 0.0;
    for (int number = 0; number < kCases; ++number) {
      Batch b = batch_for(random, options, number);
      const auto sample = sample_classes(b.labels, static_cast<int>(b.weights.rows()), rate, random);
      Matrix<double> few;
      MarginSoftmaxGradients<double> gradients;
      gather(b.weights, sample, 1, few);
      loss.loss(b.features, few, sample.labels, gradients);
      Matrix<double> all = Matrix<double>::Zero(b.weights.rows(), b.weights.cols());
      add_scattered(gradients.weights, sample, 1, 1.0, all);
      const auto again = [&] {
        gather(b.weights, sample, 1, few);
        return loss.loss(b.features, few, sample.labels);
      };
      Error6 features, weights;
      features.compare(random, b.features, gradients.features, b.step, again);
      weights.compare(random, b.weights, all, b.step, again);
      worst = std::max({worst, features.relative(), weights.relative()});
    }
    MESSAGE("rate " << rate << ": " << worst);
    CHECK(worst <= 1e-6);
  }
}
