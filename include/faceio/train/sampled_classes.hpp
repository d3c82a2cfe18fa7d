// Sampled class centers (Partial FC: An et al., CVPR 2022): a step sees the classes of its batch and some of the
// others.
#ifndef FACEIO_TRAIN_SAMPLED_CLASSES_HPP
#define FACEIO_TRAIN_SAMPLED_CLASSES_HPP

#include <algorithm>
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "softmax_blocks.hpp"

FACEIO_BEGIN_NAMESPACE
namespace train {

/// Classes that a step sees, ascending, and the labels of its batch as positions among them.
struct SampledClasses {
  std::vector<int> classes, labels;
};

/// The classes of `labels`, all of them, and of the others as many, drawn uniformly without replacement, as are
/// missing to round(rate * class_count). The same on all computers for the same state of `random`. O(class_count)
/// time. Throws Error unless 0 < rate <= 1 and all labels are classes.
///
/// Any loss of this folder then goes on with gather() of its weights and the new labels, and its gradient by weights
/// goes back with add_scattered(). With rate = 1 that is the loss itself, its value and gradients exactly. Below, it
/// is the loss of a task with fewer classes: the sum of exponentials over the wrong ones lacks those that were not
/// drawn and is not scaled up, as in the paper. The loss is never above the exact one, by about log(1 / rate) below it
/// where all classes are equally wrong; gradients are those of this smaller loss, no unbiased estimates of the exact
/// ones; and weights of classes that were not drawn get none.
inline SampledClasses sample_classes(const std::vector<int>& labels, int class_count, double rate,
                                     std::mt19937_64& random) {
  if (!(rate > 0.0 && rate <= 1.0))
    throw Error("rate is " + std::to_string(rate) + "; it must be above 0 and at most 1, 0.1 in the paper");
  check_labels(labels, static_cast<Index>(labels.size()), class_count);
  std::vector<int> position(static_cast<size_t>(class_count), -1);
  for (const int y : labels) position[static_cast<size_t>(y)] = 0;
  const auto own = static_cast<uint64_t>(std::count(position.begin(), position.end(), 0));
  auto others = static_cast<uint64_t>(class_count) - own;
  const auto total = static_cast<uint64_t>((std::round)(rate * class_count));
  uint64_t wanted = total > own ? total - own : 0;
  SampledClasses result;
  for (int c = 0; c < class_count; ++c) {
    int& at = position[static_cast<size_t>(c)];
    if (at < 0) {
      // Of the others still to come, `wanted` are taken (Knuth, 3.4.2, algorithm S).
      const bool taken = ((random() >> 32) * others--) >> 32 < wanted;
      if (!taken) continue;
      --wanted;
    }
    at = static_cast<int>(result.classes.size());
    result.classes.push_back(c);
  }
  for (const int y : labels) result.labels.push_back(position[static_cast<size_t>(y)]);
  return result;
}

/// The rows of the sampled classes, [their number * sub_centers, D]. weights [C * sub_centers, D], C the class_count of
/// sample_classes(); throws Error when they have too few rows.
template <class Scalar>
void gather(const Matrix<Scalar>& weights, const SampledClasses& sample, int sub_centers, Matrix<Scalar>& gathered) {
  const Index k = sub_centers;
  if (k < 1 || (!sample.classes.empty() && weights.rows() < (sample.classes.back() + 1) * k))
    throw Error("gather: " + std::to_string(weights.rows()) + " rows of weights with " + std::to_string(k) +
                " for each class do not reach the largest class sampled");
  gathered.resize(static_cast<Index>(sample.classes.size()) * k, weights.cols());
  for (size_t c = 0; c < sample.classes.size(); ++c)
    gathered.middleRows(static_cast<Index>(c) * k, k) = weights.middleRows(sample.classes[c] * k, k);
}

/// Adds factor * rows, one group of sub_centers rows for each sampled class, to where these classes lie in `weights`:
/// an optimiser step with a negative factor, or 1 for the gradient of all classes. Throws Error when sizes do not fit.
template <class Scalar>
void add_scattered(const Matrix<Scalar>& rows, const SampledClasses& sample, int sub_centers,
                   typename Matrix<Scalar>::Scalar factor, Matrix<Scalar>& weights) {
  const Index k = sub_centers;
  if (k < 1 || rows.rows() != static_cast<Index>(sample.classes.size()) * k || rows.cols() != weights.cols() ||
      (!sample.classes.empty() && weights.rows() < (sample.classes.back() + 1) * k))
    throw Error("add_scattered: " + std::to_string(rows.rows()) + " rows are not those of " +
                std::to_string(sample.classes.size()) + " sampled classes, or do not fit the weights");
  for (size_t c = 0; c < sample.classes.size(); ++c)
    weights.middleRows(sample.classes[c] * k, k) += factor * rows.middleRows(static_cast<Index>(c) * k, k);
}

}  // namespace train
FACEIO_END_NAMESPACE

#endif  // FACEIO_TRAIN_SAMPLED_CLASSES_HPP
