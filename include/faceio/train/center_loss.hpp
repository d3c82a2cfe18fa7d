// Center loss: features near the center of their class, which is learnt beside them (Wen et al., ECCV 2016).
#ifndef FACEIO_TRAIN_CENTER_LOSS_HPP
#define FACEIO_TRAIN_CENTER_LOSS_HPP

#include <cmath>
#include <string>
#include <vector>

#include "softmax_blocks.hpp"

FACEIO_BEGIN_NAMESPACE
namespace train {

/// Throws Error unless features [N, D], centers [C, D] and N labels fit together.
template <class Scalar>
void check_centers(const Matrix<Scalar>& features, const Matrix<Scalar>& centers, const std::vector<int>& labels) {
  if (features.cols() != centers.cols() || features.cols() < 1)
    throw Error("features have " + std::to_string(features.cols()) + " columns and centers " +
                std::to_string(centers.cols()) + "; both need the dimension of the embedding");
  check_labels(labels, features.rows(), centers.rows());
}

/// The mean over the batch of 1/2 |x - c_y|^2, which is equation 2 divided by the batch size, as Softmax's is; lambda
/// of equation 5 weighs the two alike either way. features [N, D], centers [C, D]. `gradient`, when given, becomes
/// that by features, [N, D]; centers have a rule of their own, update_centers(). Throws Error when sizes do not fit or
/// a label is no class, or when the loss is not finite. O(N D) time, no memory besides the gradient.
template <class Scalar>
double center_loss(const Matrix<Scalar>& features, const Matrix<Scalar>& centers, const std::vector<int>& labels,
                   Matrix<Scalar>* gradient = nullptr) {
  check_centers(features, centers, labels);
  const auto n = static_cast<double>(features.rows());
  double sum = 0.0;
  if (gradient) gradient->resize(features.rows(), features.cols());
  for (Index i = 0; i < features.rows(); ++i) {
    const Index y = labels[static_cast<size_t>(i)];
    const auto offset = features.row(i).template cast<double>() - centers.row(y).template cast<double>();
    sum += 0.5 * offset.squaredNorm();
    if (gradient) gradient->row(i) = (offset / n).template cast<Scalar>();
  }
  if (!std::isfinite(sum))
    throw Error("center loss is not finite; look for infinities and NaN in features and centers");
  return sum / n;
}

/// Moves each center towards the examples of its class in the batch by alpha * sum(x - c) / (1 + their number),
/// equation 4; others stay. 0 <= alpha <= 1. To be called with the features that the loss was computed from. Throws
/// Error as center_loss does, before it changes anything.
template <class Scalar>
void update_centers(const Matrix<Scalar>& features, const std::vector<int>& labels, double alpha,
                    Matrix<Scalar>& centers) {
  if (!(alpha >= 0.0 && alpha <= 1.0))
    throw Error("alpha is " + std::to_string(alpha) + "; it must be between 0 and 1, 0.5 in the paper");
  center_loss(features, centers, labels);
  std::vector<int> members(static_cast<size_t>(centers.rows()), 0);
  for (const int y : labels) ++members[static_cast<size_t>(y)];
  // All examples pull from where the center was.
  Matrix<double> moves = features.template cast<double>();
  for (Index i = 0; i < features.rows(); ++i) {
    const int y = labels[static_cast<size_t>(i)];
    moves.row(i) -= centers.row(y).template cast<double>();
    moves.row(i) *= alpha / (1.0 + members[static_cast<size_t>(y)]);
  }
  for (Index i = 0; i < features.rows(); ++i)
    centers.row(labels[static_cast<size_t>(i)]) += moves.row(i).template cast<Scalar>();
}

}  // namespace train
FACEIO_END_NAMESPACE

#endif  // FACEIO_TRAIN_CENTER_LOSS_HPP
