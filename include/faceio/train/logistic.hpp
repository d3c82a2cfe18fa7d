// Cross-entropy of two alternatives, from the difference of their logits.
#ifndef FACEIO_TRAIN_LOGISTIC_HPP
#define FACEIO_TRAIN_LOGISTIC_HPP

#include <cmath>

#include "matrix.hpp"

FACEIO_BEGIN_NAMESPACE
namespace train {

/// log(1 + exp(x)): the cross-entropy where the wrong logit, or the log-sum-exp of the wrong ones, exceeds the right one
/// by x. Keeps its relative precision where it is tiny, and does not overflow.
inline double softplus(double x) { return (x > 0.0 ? x : 0.0) + std::log1p(std::exp(-std::fabs(x))); }

/// Its derivative, 1 / (1 + exp(-x)): the probability of all that is wrong. 0 to 1, for every x.
inline double sigmoid(double x) {
  const double e = std::exp(-std::fabs(x));
  return (x >= 0.0 ? 1.0 : e) / (1.0 + e);
}

}  // namespace train
FACEIO_END_NAMESPACE

#endif  // FACEIO_TRAIN_LOGISTIC_HPP
