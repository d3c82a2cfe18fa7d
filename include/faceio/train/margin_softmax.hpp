// Softmax cross-entropy over the angles between embeddings and class weights: normalised softmax and, with a margin,
// SphereFace, CosFace, ArcFace, their combination and sub-center ArcFace. Equations and sources: docs/losses.md.
#ifndef FACEIO_TRAIN_MARGIN_SOFTMAX_HPP
#define FACEIO_TRAIN_MARGIN_SOFTMAX_HPP

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "logistic.hpp"
#include "margin.hpp"
#include "softmax_blocks.hpp"

FACEIO_BEGIN_NAMESPACE
namespace train {

struct MarginSoftmaxOptions {
  Margin margin;             // none: normalised softmax
  double scale = 64.0;       // s, the logit of cosine 1
  bool scale_by_length = false;  // SphereFace: the length of each feature takes the place of s, and is learnt
  int sub_centers = 1;       // K of sub-center ArcFace: the class is as near as the nearest of its K rows

  /// Throws Error unless the margin is one (Margin::require_valid), 0 < scale <= 1e6 and sub_centers >= 1.
  void require_valid() const {
    margin.require_valid();
    if (!(scale > 0.0 && scale <= 1e6))
      throw Error("scale " + std::to_string(scale) + " is not above 0 and at most 1e6; papers use 30 to 64");
    if (sub_centers < 1)
      throw Error("sub_centers is " + std::to_string(sub_centers) + "; it must be 1 or more, 3 in the paper");
  }
};

template <class Scalar>
struct MarginSoftmaxGradients {
  Matrix<Scalar> features;  // [N, D]
  Matrix<Scalar> weights;   // [C * sub_centers, D]
};

/// The loss and its gradients; owns their scratch memory, so that steps after the first allocate nothing. Not for
/// several threads at once.
///
/// Memory of a step with gradients, in scalars: N * C * sub_centers for exponentials and 2 * C * sub_centers for
/// lengths besides the gradients themselves; at 128 examples of 192 floats and 100,000 classes 51 MB besides 77 MB.
/// Without gradients the exponentials of 512 rows suffice.
///
/// Angles and the target logits are computed in double from the rows as they are, at any angle: see TargetLogit. Where
/// an embedding and its class are parallel to 1e-12 the angle has no gradient, and the target's share of it is 0,
/// which for an additive margin is a choice: the loss has the tip of a cone there.
template <class Scalar>
class MarginSoftmax {
 public:
  /// Throws Error when the options are none (MarginSoftmaxOptions::require_valid).
  explicit MarginSoftmax(const MarginSoftmaxOptions& options) : options_(options) { options_.require_valid(); }

  /// The mean over the batch. features [N, D], weights [C * sub_centers, D], where rows y * sub_centers and following
  /// are those of class y; neither needs to be normalised, and the loss does not depend on their lengths (except, with
  /// scale_by_length, that of features). Throws Error when sizes do not fit, a label is no class, or a row has no
  /// direction: its length is not between 1e-12 and 1e18.
  double loss(const Matrix<Scalar>& features, const Matrix<Scalar>& weights, const std::vector<int>& labels) {
    return step(features, weights, labels, nullptr);
  }

  /// The same and its gradients, through the normalisations.
  double loss(const Matrix<Scalar>& features, const Matrix<Scalar>& weights, const std::vector<int>& labels,
              MarginSoftmaxGradients<Scalar>& gradients) {
    return step(features, weights, labels, &gradients);
  }

 private:
  using Row = Eigen::Matrix<double, 1, Eigen::Dynamic>;
  static constexpr double kShortest = 1e-12, kLongest = 1e18, kParallel = 1e-12;

  static double checked_length(double length, const char* what, Index row) {
    if (!(length >= kShortest && length <= kLongest))
      throw Error(std::string(what) + ", row " + std::to_string(row) + ": length " + std::to_string(length) +
                  " is not between 1e-12 and 1e18, so the row has no direction; start from random rows, and look for "
                  "values that are not finite");
    return length;
  }

  double step(const Matrix<Scalar>& features, const Matrix<Scalar>& weights, const std::vector<int>& labels,
              MarginSoftmaxGradients<Scalar>* gradients) {
    const Index n = features.rows(), centers = options_.sub_centers;
    if (features.cols() != weights.cols() || features.cols() < 1)
      throw Error("features have " + std::to_string(features.cols()) + " columns and weights " +
                  std::to_string(weights.cols()) + "; both need the dimension of the embedding");
    if (weights.rows() < 1 || weights.rows() % centers != 0)
      throw Error(std::to_string(weights.rows()) + " rows of weights are no multiple of sub_centers, " +
                  std::to_string(centers));
    check_labels(labels, n, weights.rows() / centers);
    scale_examples(features);
    inverse_lengths_.resize(static_cast<size_t>(weights.rows()));
    blocks_.forward(examples_, labels, weights.rows() / centers, centers, gradients != nullptr,
                    [&](Index first, Matrix<Scalar>& block) { normalise(weights, first, block); });
    if (gradients) {
      gradients->features.resize(n, features.cols());
      pulls_.resize(n, features.cols());
      wrong_share_.resize(static_cast<size_t>(n));
      target_rows_.resize(static_cast<size_t>(n));
    }
    double sum = 0.0;
    for (Index i = 0; i < n; ++i) sum += example(features, weights, labels[static_cast<size_t>(i)], i, gradients);
    if (gradients) {
      gradients->weights.resize(weights.rows(), weights.cols());
      blocks_.backward(examples_, wrong_share_, [&](Index first, const Matrix<Scalar>& block) {
        for (Index r = 0; r < block.rows(); ++r) {
          const Scalar inverse = inverse_lengths_[static_cast<size_t>(first + r)];
          const auto w = weights.row(first + r);
          const Scalar along = block.row(r).dot(w) * inverse * inverse;
          gradients->weights.row(first + r) = (block.row(r) - along * w) * inverse;
        }
      });
      for (Index i = 0; i < n; ++i)
        gradients->weights.row(target_rows_[static_cast<size_t>(i)]) += pulls_.row(i).template cast<Scalar>();
    }
    return sum / static_cast<double>(n);
  }

  void scale_examples(const Matrix<Scalar>& features) {
    examples_.resize(features.rows(), features.cols());
    lengths_.resize(static_cast<size_t>(features.rows()));
    for (Index i = 0; i < features.rows(); ++i) {
      const double length = checked_length(features.row(i).template cast<double>().norm(), "features", i);
      lengths_[static_cast<size_t>(i)] = length;
      const double factor = options_.scale_by_length ? 1.0 : options_.scale / length;
      examples_.row(i) = (features.row(i).template cast<double>() * factor).template cast<Scalar>();
    }
  }

  void normalise(const Matrix<Scalar>& weights, Index first, Matrix<Scalar>& block) {
    for (Index r = 0; r < block.rows(); ++r) {
      const auto w = weights.row(first + r);
      const Scalar length = std::sqrt(w.squaredNorm());
      checked_length(static_cast<double>(length), "weights", first + r);
      const Scalar inverse = Scalar(1) / length;
      inverse_lengths_[static_cast<size_t>(first + r)] = inverse;
      block.row(r) = w * inverse;
    }
  }

  /// The loss of example i; its row of the gradient by features, and what its own class gets besides backward().
  double example(const Matrix<Scalar>& features, const Matrix<Scalar>& weights, int label, Index i,
                 MarginSoftmaxGradients<Scalar>* gradients) {
    const auto at = static_cast<size_t>(i);
    const double length = lengths_[at];
    x_ = features.row(i).template cast<double>() / length;
    const Index first = Index{label} * options_.sub_centers;
    double cosine = -2.0, target_length = 0.0;
    Index target = first;
    for (Index row = first; row < first + options_.sub_centers; ++row) {
      candidate_ = weights.row(row).template cast<double>();
      const double candidate_length = candidate_.norm(), candidate_cosine = x_.dot(candidate_) / candidate_length;
      if (candidate_cosine <= cosine) continue;
      cosine = candidate_cosine;
      target = row;
      target_length = candidate_length;
      w_ = candidate_ / candidate_length;
    }
    // Unlike acos(cosine) this keeps all digits near 0 and pi.
    const double theta = 2.0 * std::atan2((x_ - w_).norm(), (x_ + w_).norm());
    const TargetLogit logit = options_.margin.at(theta);
    const double scale = options_.scale_by_length ? length : options_.scale;
    const double wrong_minus_right = blocks_.log_sum(i) - scale * logit.value;
    if (gradients) {
      const double share = sigmoid(wrong_minus_right) / static_cast<double>(features.rows());
      wrong_share_[at] = share;
      target_rows_[at] = target;
      // Unit tangents of the sphere, from each of the two towards the other.
      tangent_x_ = w_ - cosine * x_;
      tangent_w_ = x_ - cosine * w_;
      const double sine = std::sin(theta);
      const bool parallel = sine < kParallel;
      tangent_x_ *= parallel ? 0.0 : 1.0 / tangent_x_.norm();
      tangent_w_ *= parallel ? 0.0 : 1.0 / tangent_w_.norm();
      const double pull = share * scale * logit.slope;
      pulls_.row(i) = pull / target_length * tangent_w_;
      mean_ = blocks_.mean_rows().row(i).template cast<double>();
      if (options_.scale_by_length) {
        mean_ = share * (mean_ - logit.value * x_ + logit.slope * tangent_x_);
      } else {
        mean_ = (share * scale * (mean_ - mean_.dot(x_) * x_) + pull * tangent_x_) / length;
      }
      gradients->features.row(i) = mean_.template cast<Scalar>();
    }
    return softplus(wrong_minus_right);
  }

  MarginSoftmaxOptions options_;
  SoftmaxBlocks<Scalar> blocks_;
  Matrix<Scalar> examples_;  // [N, D]: features of length scale
  std::vector<double> lengths_, wrong_share_;
  std::vector<Scalar> inverse_lengths_;
  std::vector<Index> target_rows_;
  Matrix<double> pulls_;  // [N, D]: what example i adds to the gradient of row target_rows_[i]
  Row x_, w_, candidate_, tangent_x_, tangent_w_, mean_;
};

}  // namespace train
FACEIO_END_NAMESPACE

#endif  // FACEIO_TRAIN_MARGIN_SOFTMAX_HPP
