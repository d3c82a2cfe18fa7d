// Softmax cross-entropy over a linear classifier, the loss that the margin losses are compared with.
#ifndef FACEIO_TRAIN_SOFTMAX_HPP
#define FACEIO_TRAIN_SOFTMAX_HPP

#include <cmath>
#include <string>
#include <vector>

#include "logistic.hpp"
#include "softmax_blocks.hpp"

FACEIO_BEGIN_NAMESPACE
namespace train {

template <class Scalar>
struct SoftmaxGradients {
  Matrix<Scalar> features;  // [N, D]
  Matrix<Scalar> weights;   // [C, D]
  Vector<Scalar> biases;    // [C], empty when the loss was given none
};

/// -log softmax(W x + b)[y]; owns scratch memory as MarginSoftmax does, N * C scalars with gradients. Not for several
/// threads at once.
template <class Scalar>
class Softmax {
 public:
  /// The mean over the batch. features [N, D], weights [C, D], biases [C] or empty for none. Throws Error when sizes do
  /// not fit, a label is no class, or numbers are not finite or so large that logits could overflow.
  double loss(const Matrix<Scalar>& features, const Matrix<Scalar>& weights, const Vector<Scalar>& biases,
              const std::vector<int>& labels) {
    return step(features, weights, biases, labels, nullptr);
  }

  /// The same and its gradients.
  double loss(const Matrix<Scalar>& features, const Matrix<Scalar>& weights, const Vector<Scalar>& biases,
              const std::vector<int>& labels, SoftmaxGradients<Scalar>& gradients) {
    return step(features, weights, biases, labels, &gradients);
  }

 private:
  /// A bound of all lengths, from the sum of all squares; it and its product with `other` must be far from overflow.
  static double checked_size(double squares, double other, const char* what) {
    const double size = std::sqrt(squares);
    if (!(size <= 1e18 && size * other <= 1e36))
      throw Error(std::string(what) + " are not finite or too large for logits that are; look for infinities and NaN, "
                  "or for a step size at which training diverges");
    return size;
  }

  double step(const Matrix<Scalar>& features, const Matrix<Scalar>& weights, const Vector<Scalar>& biases,
              const std::vector<int>& labels, SoftmaxGradients<Scalar>* gradients) {
    const Index n = features.rows(), d = features.cols();
    const bool biased = biases.size() != 0;
    if (d != weights.cols() || d < 1)
      throw Error("features have " + std::to_string(d) + " columns and weights " + std::to_string(weights.cols()) +
                  "; both need the dimension of the embedding");
    if (biased && biases.size() != weights.rows())
      throw Error(std::to_string(biases.size()) + " biases for " + std::to_string(weights.rows()) +
                  " classes; give one for each, or none");
    check_labels(labels, n, weights.rows());
    // A bias is the weight of a feature that is 1.
    examples_.resize(n, biased ? d + 1 : d);
    examples_.leftCols(d) = features;
    if (biased) examples_.col(d).setOnes();
    const double length = checked_size(static_cast<double>(examples_.squaredNorm()), 1.0, "features");
    blocks_.forward(examples_, labels, weights.rows(), 1, gradients != nullptr,
                    [&](Index first, Matrix<Scalar>& block) {
                      block.leftCols(d) = weights.middleRows(first, block.rows());
                      if (biased) block.col(d) = biases.segment(first, block.rows());
                      checked_size(static_cast<double>(block.squaredNorm()), length, "weights and biases");
                    });
    if (gradients) {
      gradients->features.resize(n, d);
      gradients->weights.resize(weights.rows(), d);
      gradients->biases.resize(biases.size());
      wrong_share_.resize(static_cast<size_t>(n));
    }
    double sum = 0.0;
    for (Index i = 0; i < n; ++i) {
      const Index y = labels[static_cast<size_t>(i)];
      const double bias = biased ? static_cast<double>(biases(y)) : 0.0;
      const double logit = features.row(i).template cast<double>().dot(weights.row(y).template cast<double>()) + bias;
      const double wrong_minus_right = blocks_.log_sum(i) - logit;
      sum += softplus(wrong_minus_right);
      if (!gradients) continue;
      const double share = sigmoid(wrong_minus_right) / static_cast<double>(n);
      wrong_share_[static_cast<size_t>(i)] = share;
      gradients->features.row(i) = static_cast<Scalar>(share) * (blocks_.mean_rows().row(i).head(d) - weights.row(y));
    }
    if (gradients) {
      blocks_.backward(examples_, wrong_share_, [&](Index first, const Matrix<Scalar>& block) {
        gradients->weights.middleRows(first, block.rows()) = block.leftCols(d);
        if (biased) gradients->biases.segment(first, block.rows()) = block.col(d);
      });
      for (Index i = 0; i < n; ++i) {
        const Index y = labels[static_cast<size_t>(i)];
        const auto share = static_cast<Scalar>(wrong_share_[static_cast<size_t>(i)]);
        gradients->weights.row(y) -= share * features.row(i);
        if (biased) gradients->biases(y) -= share;
      }
    }
    return sum / static_cast<double>(n);
  }

  SoftmaxBlocks<Scalar> blocks_;
  Matrix<Scalar> examples_;
  std::vector<double> wrong_share_;
};

}  // namespace train
FACEIO_END_NAMESPACE

#endif  // FACEIO_TRAIN_SOFTMAX_HPP
