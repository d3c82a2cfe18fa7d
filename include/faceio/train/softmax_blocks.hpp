// The part of a softmax over very many classes that costs time: logits, log-sum-exp and gradients of the wrong classes,
// a block of classes at a time. The right class of each example is left out: with l the log-sum-exp of the wrong ones
// and z the logit of the right one, cross-entropy is log(1 + exp(l - z)), whatever margin made z.
#ifndef FACEIO_TRAIN_SOFTMAX_BLOCKS_HPP
#define FACEIO_TRAIN_SOFTMAX_BLOCKS_HPP

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "matrix.hpp"

FACEIO_BEGIN_NAMESPACE
namespace train {

/// Throws Error unless there is one label for each of `examples` rows and all are 0 to classes - 1.
inline void check_labels(const std::vector<int>& labels, Index examples, Index classes) {
  if (examples < 1) throw Error("features have no rows; a batch needs at least one example");
  if (static_cast<Index>(labels.size()) != examples)
    throw Error(std::to_string(labels.size()) + " labels for " + std::to_string(examples) +
                " rows of features; give one for each");
  for (size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] < 0 || labels[i] >= classes)
      throw Error("label " + std::to_string(labels[i]) + " of example " + std::to_string(i) +
                  " is no class; classes are 0 to " + std::to_string(classes - 1));
  }
}

/// Softmax over the wrong classes: logits are the products of examples [N, D] and rows [C * centers, D], and that of a
/// class the largest of its `centers` consecutive rows.
///
/// Rows are given by a function fill(first, block), which writes rows first, first + 1, ... into the block's rows, so
/// they can be normalised or gathered on the way. Each exponential is taken once, relative to the largest logit of its
/// example so far, and kept for backward(): N * C * centers scalars, the one large array. The rest is of blocks.
template <class Scalar>
class SoftmaxBlocks {
 public:
  /// Afterwards log_sum(i) is the log-sum-exp of example i over all classes but labels[i], -infinity when there is no
  /// other, and, when `for_gradients`, mean_rows().row(i) the average of the rows by their softmax.
  template <class Fill>
  void forward(const Matrix<Scalar>& examples, const std::vector<int>& labels, Index classes, Index centers,
               bool for_gradients, const Fill& fill) {
    const Index n = examples.rows(), rows = classes * centers;
    block_rows_ = centers * (std::max<Index>)(1, kBlockRows / centers);
    centers_ = centers;
    rows_ = rows;
    largest_.assign(static_cast<size_t>(n), -kInfinity);
    sum_.assign(static_cast<size_t>(n), 0.0);
    kept_ = for_gradients;
    const auto needed = static_cast<size_t>(n * (for_gradients ? rows : (std::min)(rows, block_rows_)));
    if (exponentials_.size() < needed) exponentials_.resize(needed);
    if (for_gradients) {
      reference_.resize((rows + block_rows_ - 1) / block_rows_, n);
      mean_rows_.setZero(n, examples.cols());
    }
    for (Index first = 0; first < rows; first += block_rows_) {
      const Index count = (std::min)(block_rows_, rows - first);
      block_.resize(count, examples.cols());
      fill(first, block_);
      Block e = exponentials(first, count, n);
      e.noalias() = examples * block_.transpose();
      if (centers > 1) keep_largest_centers(e);
      exponentiate(e, labels, first);
      if (for_gradients) mean_rows_.noalias() += e * block_;
    }
    if (!for_gradients) return;
    for (Index i = 0; i < n; ++i) {
      const double sum = sum_[static_cast<size_t>(i)];
      mean_rows_.row(i) *= static_cast<Scalar>(sum > 0.0 ? 1.0 / sum : 0.0);
    }
  }

  double log_sum(Index i) const {
    const auto at = static_cast<size_t>(i);
    return sum_[at] > 0.0 ? largest_[at] + std::log(sum_[at]) : -kInfinity;
  }

  const Matrix<Scalar>& mean_rows() const { return mean_rows_; }

  /// For each block of rows, take(first, block) with the sums over the examples i of weights[i] * softmax *
  /// examples.row(i), `examples` those of forward().
  template <class Take>
  void backward(const Matrix<Scalar>& examples, const std::vector<double>& weights, const Take& take) {
    const Index n = examples.rows();
    weighted_.resize(n, examples.cols());
    for (Index first = 0; first < rows_; first += block_rows_) {
      const Index count = (std::min)(block_rows_, rows_ - first);
      for (Index i = 0; i < n; ++i) {
        const auto at = static_cast<size_t>(i);
        const double shift = reference_(first / block_rows_, i) - log_sum(i);
        const double factor = sum_[at] > 0.0 ? weights[at] * std::exp(shift) : 0.0;
        weighted_.row(i) = examples.row(i) * static_cast<Scalar>(factor);
      }
      block_.resize(count, examples.cols());
      block_.noalias() = exponentials(first, count, n).transpose() * weighted_;
      take(first, block_);
    }
  }

 private:
  static constexpr double kInfinity = std::numeric_limits<double>::infinity();
  // A block of rows and its logits with 128 examples of 192 floats stay in a second-level cache of 1 MB.
  static constexpr Index kBlockRows = 512;

  using Block = Eigen::Map<Matrix<Scalar>>;

  Block exponentials(Index first, Index count, Index n) {
    return Block(exponentials_.data() + (kept_ ? first * n : 0), n, count);
  }

  /// Logits of the other centers become -infinity.
  void keep_largest_centers(Block& logits) const {
    for (Index i = 0; i < logits.rows(); ++i) {
      for (Index first = 0; first < logits.cols(); first += centers_) {
        Scalar* const z = &logits(i, first);
        const Index best = std::max_element(z, z + centers_) - z;
        for (Index k = 0; k < centers_; ++k) {
          if (k != best) z[k] = -std::numeric_limits<Scalar>::infinity();
        }
      }
    }
  }

  /// Logits become exponentials relative to the largest so far; what was summed before is brought to the same scale.
  void exponentiate(Block& e, const std::vector<int>& labels, Index first) {
    for (Index i = 0; i < e.rows(); ++i) {
      const auto at = static_cast<size_t>(i);
      auto row = e.row(i);
      const Index right = labels[at] * centers_ - first;
      const bool holds_right = right >= 0 && right < e.cols();
      if (holds_right) row.segment(right, centers_).setConstant(-std::numeric_limits<Scalar>::infinity());
      const double before = largest_[at];
      largest_[at] = (std::max)(before, static_cast<double>(row.maxCoeff()));
      if (kept_) reference_(first / block_rows_, i) = largest_[at];
      if (largest_[at] == -kInfinity) {
        row.setZero();
        continue;
      }
      row = (row.array() - static_cast<Scalar>(largest_[at])).exp();
      // Eigen's exp() of -infinity is the smallest value that it can make.
      if (holds_right) row.segment(right, centers_).setZero();
      if (centers_ > 1) row = (row.array() > (std::numeric_limits<Scalar>::min)()).select(row, Scalar(0));
      if (largest_[at] > before && before != -kInfinity) {
        const double shrink = std::exp(before - largest_[at]);
        sum_[at] *= shrink;
        if (kept_) mean_rows_.row(i) *= static_cast<Scalar>(shrink);
      }
      sum_[at] += static_cast<double>(row.sum());
    }
  }

  Index rows_ = 0, centers_ = 1, block_rows_ = kBlockRows;
  bool kept_ = false;
  std::vector<double> largest_, sum_;                                                // of each example
  Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> reference_;  // [blocks, N]: largest_ then
  std::vector<Scalar> exponentials_;
  Matrix<Scalar> block_, mean_rows_, weighted_;
};

}  // namespace train
FACEIO_END_NAMESPACE

#endif  // FACEIO_TRAIN_SOFTMAX_BLOCKS_HPP
