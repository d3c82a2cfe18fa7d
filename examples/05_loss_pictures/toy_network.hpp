// A network of one hidden layer with two outputs, and how it learns: a train::Task of one's own, complete.
#ifndef LOSS_PICTURES_TOY_NETWORK_HPP
#define LOSS_PICTURES_TOY_NETWORK_HPP

#include <cmath>
#include <memory>
#include <utility>
#include <vector>

#include <faceio/train/margin_softmax.hpp>
#include <faceio/train/softmax.hpp>
#include <faceio/train/trainer.hpp>

#include "people.hpp"

/// feature = output * max(hidden * x, 0). The classes are weights on features, [C, 2].
class ToyNetwork final : public train::Task<double> {
 public:
  /// Without options of a margin loss it learns by softmax.
  ToyNetwork(Examples training, int classes, const train::MarginSoftmaxOptions* margin)
      : training_(std::move(training)), margin_(margin ? std::make_unique<MarginLoss>(*margin) : nullptr) {
    constexpr Index kHidden = 64;
    parameters.emplace_back("hidden", start(kHidden, training_.features.cols(), 1));
    parameters.emplace_back("output", start(2, kHidden, 2));
    parameters.emplace_back("classes", evenly_around(classes));
  }

  Index examples() const override { return training_.features.rows(); }

  /// A checkpoint of other data and options would be refused by this number. Here nothing writes one.
  uint64_t recipe() const override { return 0; }

  double loss(const std::vector<Index>& batch) override {
    Matrix inputs(static_cast<Index>(batch.size()), training_.features.cols());
    std::vector<int> labels;
    for (const Index i : batch) {
      inputs.row(static_cast<Index>(labels.size())) = training_.features.row(i);
      labels.push_back(training_.labels[static_cast<size_t>(i)]);
    }
    const Matrix sums = inputs * hidden().transpose();
    const Matrix active = sums.cwiseMax(0.0);
    const Matrix features = active * output().transpose();
    Matrix by_features;
    const double value = loss_of(features, labels, by_features);
    // Backwards, a line for each of those above.
    const Matrix by_active = by_features * output();
    const Matrix by_sums = (sums.array() > 0.0).select(by_active, 0.0);
    parameters[1].gradient = by_features.transpose() * active;
    parameters[0].gradient = by_sums.transpose() * inputs;
    return value;
  }

  Matrix features(const Matrix& inputs) const {
    return (inputs * hidden().transpose()).cwiseMax(0.0) * output().transpose();
  }
  const Matrix& classes() const { return parameters[2].value; }

 private:
  using MarginLoss = train::MarginSoftmax<double>;

  const Matrix& hidden() const { return parameters[0].value; }
  const Matrix& output() const { return parameters[1].value; }

  static Matrix start(Index rows, Index inputs, uint64_t stream) {
    const double deviation = std::sqrt(2.0 / static_cast<double>(inputs));
    return train::normal_matrix<double>(rows, inputs, deviation, train::Random(7, stream));
  }

  /// On a plane there is no room for chance: classes that begin as neighbours by a hair may stay so.
  static Matrix evenly_around(int classes) {
    Matrix weights(classes, 2);
    for (int c = 0; c < classes; ++c) {
      const double angle = 2.0 * kPi * c / classes;
      weights.row(c) << std::cos(angle), std::sin(angle);
    }
    return weights;
  }

  /// The loss, and its gradients by features and, as the parameter's, by classes.
  double loss_of(const Matrix& features, const std::vector<int>& labels, Matrix& by_features) {
    const auto keep = [&](double value, const auto& gradients) {
      by_features = gradients.features;
      parameters[2].gradient = gradients.weights;
      return value;
    };
    if (margin_) {
      train::MarginSoftmaxGradients<double> g;
      return keep(margin_->loss(features, classes(), labels, g), g);
    }
    train::SoftmaxGradients<double> g;  // without biases, so that a class is a direction
    return keep(softmax_.loss(features, classes(), {}, labels, g), g);
  }

  Examples training_;
  std::unique_ptr<MarginLoss> margin_;
  train::Softmax<double> softmax_;
};

#endif  // LOSS_PICTURES_TOY_NETWORK_HPP
