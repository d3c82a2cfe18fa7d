// RetinaFace's multi-task loss and its gradient towards the three heads of the detector:
//   L = w_cls L_cls + w_box L_box + w_pts L_pts + w_pixel L_pixel
// Sources: RetinaFace (Deng et al. 2019, arXiv 1905.00641), equation 1; smooth-L1: Fast R-CNN (Girshick 2015), equation
// 3; hard-negative mining: SSD (Liu et al. 2016), section 2.2; the published code (anchor_matching.hpp) for the sums.
#ifndef FACEIO_TRAIN_DETECTION_LOSS_HPP
#define FACEIO_TRAIN_DETECTION_LOSS_HPP

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "anchor_matching.hpp"
#include "logistic.hpp"
#include "matrix.hpp"

FACEIO_BEGIN_NAMESPACE
namespace train {

/// What the three heads say of one picture, or the gradient towards it: a row for each anchor, in the order of
/// detector_anchors().
template <class Scalar>
struct DetectionHeads {
  Matrix<Scalar> classes;    // [A, 2] logits: background, face
  Matrix<Scalar> box;        // [A, 4]
  Matrix<Scalar> landmarks;  // [A, 10]
};

/// The dense regression of equation 1 (L_pixel: the decoded face, rendered, beside the picture), or any other term
/// over the positive anchors. faceio has none.
template <class Scalar>
class DenseRegression {
 public:
  virtual ~DenseRegression() = default;

  /// The term's value for the batch, normalised as it sees fit and not yet weighted. Where `gradient` is not null it
  /// holds a picture for each of `heads`, and the term adds `weight` times its gradient there. What flows to a branch
  /// of its own, it keeps to itself, `weight` included.
  virtual double value(const std::vector<DetectionHeads<Scalar>>& heads,
                       const std::vector<DetectionTargets<Scalar>>& targets, double weight,
                       std::vector<DetectionHeads<Scalar>>* gradient) = 0;
};

/// Weights and mining. The defaults are the published code's, which the default weights were trained with; paper() is
/// the paper's.
struct DetectionLossOptions {
  int32_t negatives_per_positive = 7;  // in each picture; fewer when it has fewer
  int32_t least_negatives = 0;         // of each picture, even of one without faces, which otherwise teaches nothing
  double class_weight = 1.0;
  double box_weight = 2.0;
  double landmark_weight = 1.0;
  double dense_weight = 0.0;

  /// Section 3.1 and 4.2: three negatives for each positive, lambda 0.25, 0.1 and 0.01.
  static DetectionLossOptions paper() { return {3, 0, 1.0, 0.25, 0.1, 0.01}; }
};

/// The terms, normalised and not yet weighted, and their weighted sum. Counts are of the whole batch.
struct DetectionLoss {
  double total = 0.0;
  double classes = 0.0;
  double box = 0.0;
  double landmarks = 0.0;
  double dense = 0.0;
  size_t positives = 0;
  size_t positives_with_landmarks = 0;
  size_t negatives = 0;  // those that mining chose
};

namespace detail {

inline void require_valid(const DetectionLossOptions& options) {
  if (options.negatives_per_positive < 0 || options.least_negatives < 0) {
    throw Error("mining of " + std::to_string(options.negatives_per_positive) + " negatives per positive, at least " +
                std::to_string(options.least_negatives) + ": neither may be below 0");
  }
  for (const double weight :
       {options.class_weight, options.box_weight, options.landmark_weight, options.dense_weight}) {
    if (!(std::isfinite(weight) && weight >= 0.0)) {
      throw Error("loss weight " + std::to_string(weight) + " is not a finite number of 0 or more");
    }
  }
}

template <class Scalar>
void require_head(const Matrix<Scalar>& head, const char* name, const std::string& picture, Index anchors,
                Index columns) {
  if (head.rows() != anchors || head.cols() != columns) {
    throw Error(picture + ": the " + name + " head is [" + std::to_string(head.rows()) + ", " +
                std::to_string(head.cols()) + "], expected [" + std::to_string(anchors) + ", " +
                std::to_string(columns) + "]: a row for each anchor that the targets were made with");
  }
  for (Index a = 0; a < anchors; ++a) {
    for (Index k = 0; k < columns; ++k) {
      if (std::isfinite(head(a, k))) continue;
      throw Error(picture + ": value " + std::to_string(k) + " of anchor " + std::to_string(a) + " in the " + name +
                  " head is not finite; training has diverged (lower the learning rate) or its input is damaged");
    }
  }
}

template <class Scalar>
void require_valid(const DetectionHeads<Scalar>& heads, const DetectionTargets<Scalar>& targets, size_t picture) {
  const std::string where = "picture " + std::to_string(picture);
  const auto anchors = static_cast<Index>(targets.match.size());
  const auto positives = static_cast<Index>(targets.positives.size());
  bool fit = targets.has_landmarks.size() == targets.positives.size() && targets.box.rows() == positives &&
             targets.box.cols() == 4 && targets.landmarks.rows() == positives &&
             targets.landmarks.cols() == 2 * kLandmarkCount;
  size_t next = 0;
  for (size_t a = 0; fit && a < targets.match.size(); ++a) {
    if (targets.match[a] < 0) continue;
    fit = next < targets.positives.size() && targets.positives[next] == static_cast<int32_t>(a);
    ++next;
  }
  if (!fit || next != targets.positives.size()) {
    throw Error(where + ": the parts of the targets do not fit together; make them with make_targets()");
  }
  if (!targets.box.allFinite() || !targets.landmarks.allFinite()) {
    throw Error(where + ": a target is not finite; a face is too large or too far away for numbers of this type");
  }
  require_head(heads.classes, "class", where, anchors, 2);
  require_head(heads.box, "box", where, anchors, 4);
  require_head(heads.landmarks, "landmark", where, anchors, 2 * kLandmarkCount);
}

/// How much surer an anchor is of `wrong` than of `right`. Its cross-entropy is log(1 + exp(margin)), which rises with
/// it strictly.
template <class Scalar>
double margin(const DetectionHeads<Scalar>& heads, Index anchor, Index right) {
  return static_cast<double>(heads.classes(anchor, 1 - right)) - static_cast<double>(heads.classes(anchor, right));
}

inline double smooth_l1(double d) { return std::fabs(d) < 1.0 ? 0.5 * d * d : std::fabs(d) - 0.5; }
inline double smooth_l1_slope(double d) { return d < -1.0 ? -1.0 : d > 1.0 ? 1.0 : d; }

/// Cross-entropy of one anchor; writes its gradient times `scale`.
template <class Scalar>
double cross_entropy(const DetectionHeads<Scalar>& heads, Index anchor, Index right, double scale,
                     DetectionHeads<Scalar>* gradient) {
  const double x = margin(heads, anchor, right);
  if (gradient != nullptr) {
    const auto slope = static_cast<Scalar>(scale * sigmoid(x));
    gradient->classes(anchor, 1 - right) = slope;
    gradient->classes(anchor, right) = -slope;
  }
  return softplus(x);
}

/// Sum of smooth-L1 between row `anchor` of a head and row `p` of its targets; writes its gradient times `scale`.
template <class Scalar>
double regression(const Matrix<Scalar>& head, Index anchor, const Matrix<Scalar>& targets, Index p,
                  double scale, Matrix<Scalar>* gradient) {
  double sum = 0.0;
  for (Index k = 0; k < head.cols(); ++k) {
    const double d = static_cast<double>(head(anchor, k)) - static_cast<double>(targets(p, k));
    sum += smooth_l1(d);
    if (gradient != nullptr) (*gradient)(anchor, k) = static_cast<Scalar>(scale * smooth_l1_slope(d));
  }
  return sum;
}

}  // namespace detail

/// The background anchors of one picture that take part in the loss, rising: those with the largest cross-entropy,
/// negatives_per_positive for each positive, at least least_negatives, at most all. Equal cross-entropy: the anchor
/// with the lower index, so the choice is the same everywhere. What is compared is the difference of an anchor's
/// logits, in double: cross-entropies of sure anchors become equal by rounding. Ignored anchors are never chosen.
/// Throws Error for options out of range; heads are checked by detection_loss(). Precondition: heads have a row for
/// each entry of targets.match. Safe to call from any thread.
template <class Scalar>
std::vector<int32_t> hard_negatives(const DetectionHeads<Scalar>& heads, const DetectionTargets<Scalar>& targets,
                                    const DetectionLossOptions& options = {}) {
  detail::require_valid(options);
  struct Candidate {
    double margin;
    int32_t anchor;
  };
  std::vector<Candidate> candidates;
  for (size_t a = 0; a < targets.match.size(); ++a) {
    if (targets.match[a] != kBackgroundAnchor) continue;
    candidates.push_back({detail::margin(heads, static_cast<Index>(a), 0), static_cast<int32_t>(a)});
  }
  const uint64_t wanted = (std::max)(static_cast<uint64_t>(options.least_negatives),
                                     static_cast<uint64_t>(options.negatives_per_positive) * targets.positives.size());
  if (wanted < candidates.size()) {
    const auto end = candidates.begin() + static_cast<std::ptrdiff_t>(wanted);
    std::nth_element(candidates.begin(), end, candidates.end(), [](const Candidate& a, const Candidate& b) {
      return a.margin != b.margin ? a.margin > b.margin : a.anchor < b.anchor;
    });
    candidates.erase(end, candidates.end());
  }
  std::vector<int32_t> chosen;
  for (const Candidate& candidate : candidates) chosen.push_back(candidate.anchor);
  std::sort(chosen.begin(), chosen.end());
  return chosen;
}

/// The loss of a batch and, where `gradient` is not null, its gradient towards the heads, one picture for each of
/// `heads`; what it held before is gone. With N the positives of the batch, M those with landmarks, both at least 1:
///   L_cls = 1/N sum over positives and chosen negatives of -log softmax(logits)[face or background]
///   L_box = 1/N sum over positives of the sum of four smooth-L1(t - t*)
///   L_pts = 1/M sum over positives with landmarks of the sum of ten smooth-L1(l - l*)
///   smooth-L1(d) = d^2 / 2 where |d| < 1, else |d| - 1/2
/// The choice of negatives is constant in between ties, and so the gradient has no part from it. Sums are in double and
/// in a fixed order, whatever Scalar is. `dense` may be null; it is asked when its weight is above 0. Throws Error:
/// batches that do not fit or are empty, heads of other sizes than the targets', numbers that are not finite (which,
/// and where), options out of range. Safe to call from any thread as far as `dense` is.
template <class Scalar>
DetectionLoss detection_loss(const std::vector<DetectionHeads<Scalar>>& heads,
                             const std::vector<DetectionTargets<Scalar>>& targets,
                             const DetectionLossOptions& options = {},
                             std::vector<DetectionHeads<Scalar>>* gradient = nullptr,
                             DenseRegression<Scalar>* dense = nullptr) {
  detail::require_valid(options);
  if (heads.empty() || heads.size() != targets.size()) {
    throw Error("heads of " + std::to_string(heads.size()) + " pictures and targets of " +
                std::to_string(targets.size()) + ": expected the same number of both, at least one");
  }
  if (gradient == &heads) throw Error("the gradient would overwrite the heads; give it a place of its own");
  DetectionLoss loss;
  for (size_t i = 0; i < heads.size(); ++i) {
    detail::require_valid(heads[i], targets[i], i);
    loss.positives += targets[i].positives.size();
    loss.positives_with_landmarks +=
        static_cast<size_t>(std::count(targets[i].has_landmarks.begin(), targets[i].has_landmarks.end(), true));
  }
  const auto n = static_cast<double>((std::max)(loss.positives, size_t{1}));
  const auto m = static_cast<double>((std::max)(loss.positives_with_landmarks, size_t{1}));
  if (gradient != nullptr) gradient->resize(heads.size());

  for (size_t i = 0; i < heads.size(); ++i) {
    const DetectionTargets<Scalar>& target = targets[i];
    DetectionHeads<Scalar>* to = gradient != nullptr ? &(*gradient)[i] : nullptr;
    if (to != nullptr) {
      to->classes.setZero(heads[i].classes.rows(), heads[i].classes.cols());
      to->box.setZero(heads[i].box.rows(), heads[i].box.cols());
      to->landmarks.setZero(heads[i].landmarks.rows(), heads[i].landmarks.cols());
    }
    const std::vector<int32_t> negatives = hard_negatives(heads[i], target, options);
    loss.negatives += negatives.size();
    for (const int32_t a : negatives) {
      loss.classes += detail::cross_entropy(heads[i], a, 0, options.class_weight / n, to);
    }
    for (size_t k = 0; k < target.positives.size(); ++k) {
      const Index a = target.positives[k];
      const auto p = static_cast<Index>(k);
      loss.classes += detail::cross_entropy(heads[i], a, 1, options.class_weight / n, to);
      loss.box += detail::regression(heads[i].box, a, target.box, p, options.box_weight / n,
                                               to != nullptr ? &to->box : nullptr);
      if (!target.has_landmarks[k]) continue;
      loss.landmarks += detail::regression(heads[i].landmarks, a, target.landmarks, p,
                                                     options.landmark_weight / m,
                                                     to != nullptr ? &to->landmarks : nullptr);
    }
  }
  loss.classes /= n;
  loss.box /= n;
  loss.landmarks /= m;
  if (dense != nullptr && options.dense_weight > 0.0) {
    loss.dense = dense->value(heads, targets, options.dense_weight, gradient);
    if (!std::isfinite(loss.dense)) throw Error("the dense regression term is not finite; look into its inputs");
  }
  loss.total = options.class_weight * loss.classes + options.box_weight * loss.box +
               options.landmark_weight * loss.landmarks + options.dense_weight * loss.dense;
  return loss;
}

}  // namespace train
FACEIO_END_NAMESPACE

#endif  // FACEIO_TRAIN_DETECTION_LOSS_HPP
