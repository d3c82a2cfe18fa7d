// Detection metrics: matching of boxes, precision and recall, average precision, recall at given FPPI.
#ifndef FACEIO_EVAL_BOXES_HPP
#define FACEIO_EVAL_BOXES_HPP

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "../version.hpp"
#include "box_lists.hpp"

FACEIO_BEGIN_NAMESPACE
namespace eval {

enum class Outcome {
  true_positive,
  false_positive,
  left_out,  // the best match is an ignored face: neither right nor wrong
};

/// What became of one prediction; `truth` is the index of the face when it is a true positive.
struct Match {
  Outcome outcome = Outcome::false_positive;
  size_t truth = 0;
};

namespace detail {

inline void check_iou_threshold(double iou_threshold) {
  if (!(iou_threshold > 0.0 && iou_threshold <= 1.0)) {
    throw Error("IoU threshold " + std::to_string(iou_threshold) + " is not in (0, 1]; 0.5 is the usual one");
  }
}

/// Indices of `predictions` by descending score, equal scores in input order.
inline std::vector<size_t> by_descending_score(const std::vector<ScoredBox>& predictions) {
  std::vector<size_t> order(predictions.size());
  std::iota(order.begin(), order.end(), size_t{0});
  // Not std::stable_sort: with it, clang 19 warns of a function of libstdc++ 12 in every program that includes this.
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return predictions[a].score != predictions[b].score ? predictions[a].score > predictions[b].score : a < b;
  });
  return order;
}

/// matches[i] belongs to predictions[i]; `order` is the order in which predictions choose.
inline std::vector<Match> match_in_order(const std::vector<TruthBox>& truth,
                                         const std::vector<ScoredBox>& predictions,
                                         const std::vector<size_t>& order, double iou_threshold,
                                         SideRule rule) {
  std::vector<Match> matches(predictions.size());
  std::vector<bool> taken(truth.size(), false);
  for (const size_t i : order) {
    double best_iou = 0.0;
    size_t best = 0;
    for (size_t t = 0; t < truth.size(); ++t) {
      const double overlap = iou(predictions[i].box, truth[t].box, rule);
      if (overlap > best_iou) {
        best_iou = overlap;
        best = t;
      }
    }
    if (best_iou < iou_threshold) continue;
    if (truth[best].ignored) {
      matches[i].outcome = Outcome::left_out;
    } else if (!taken[best]) {
      taken[best] = true;
      matches[i] = Match{Outcome::true_positive, best};
    }
  }
  return matches;
}

}  // namespace detail

/// Matches the predictions of one picture to its faces as PASCAL VOC does (Everingham et al., IJCV
/// 2010, 4.2): by descending score, equal scores in input order, each prediction takes the face, ignored or
/// not, that it overlaps most (the first of equals). With IoU >= threshold it is left out when that face is
/// ignored, a true positive when the face is free, and a false positive when it is taken: the second-best
/// face gets no turn. Result i belongs to prediction i. Precondition: finite numbers, threshold in (0, 1].
/// Safe from any thread.
inline std::vector<Match> match_picture(const std::vector<TruthBox>& truth,
                                        const std::vector<ScoredBox>& predictions, double iou_threshold,
                                        SideRule rule = SideRule::difference) {
  return detail::match_in_order(truth, predictions, detail::by_descending_score(predictions), iou_threshold,
                                rule);
}

/// What accepting every prediction with at least this score gives.
struct CurvePoint {
  double score = 0.0;
  size_t true_positives = 0;
  size_t false_positives = 0;
  double precision = 0.0;  // 0..1
  double recall = 0.0;     // 0..1
};

struct DetectionResult {
  size_t pictures = 0;             // of the truth, with and without predictions
  size_t faces = 0;                // those not ignored
  std::vector<CurvePoint> curve;   // by falling score; one point for each distinct score that counts
  double average_precision = 0.0;  // 0..1
};

/// Area under precision over recall, all points: at each recall the highest precision at this or any higher
/// recall; nothing beyond the last recall (PASCAL VOC development kit 2010 and later). Precondition: equal
/// lengths, recall does not fall.
inline double area_under_envelope(const std::vector<double>& recall, const std::vector<double>& precision) {
  double area = 0.0, highest = 0.0;
  for (size_t i = recall.size(); i-- > 0;) {
    highest = (std::max)(highest, precision[i]);
    area += (recall[i] - (i > 0 ? recall[i - 1] : 0.0)) * highest;
  }
  return area;
}

/// Matches every picture (match_picture) and counts over the whole set. No threshold can part equal scores,
/// so they make one point of the curve together, and the order of pictures does not matter. A picture without
/// predictions costs its faces. Throws Error: numbers that are not finite, predictions for pictures that
/// `truth` does not list, no face that counts, IoU threshold outside (0, 1]. Safe to call from any thread.
inline DetectionResult evaluate_detection(const PictureLists<TruthBox>& truth,
                                          const PictureLists<ScoredBox>& predictions,
                                          double iou_threshold = 0.5, SideRule rule = SideRule::difference) {
  detail::check_iou_threshold(iou_threshold);
  detail::check_predictions(predictions, truth);
  DetectionResult result;
  result.pictures = truth.size();
  std::vector<std::pair<double, bool>> counted;  // score, right
  for (const auto& picture : truth) {
    for (size_t t = 0; t < picture.items.size(); ++t) {
      detail::require_finite(picture.items[t].box, picture.file + ": face " + std::to_string(t));
      result.faces += picture.items[t].ignored ? 0 : 1;
    }
    const std::vector<ScoredBox>* found = predictions.find(picture.file);
    if (found == nullptr) continue;
    const std::vector<Match> matches = match_picture(picture.items, *found, iou_threshold, rule);
    for (size_t i = 0; i < matches.size(); ++i) {
      if (matches[i].outcome == Outcome::left_out) continue;
      counted.emplace_back((*found)[i].score, matches[i].outcome == Outcome::true_positive);
    }
  }
  if (result.faces == 0) throw Error("the truth holds no face that counts: recall is undefined");

  std::sort(counted.begin(), counted.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  CurvePoint point;
  std::vector<double> recall, precision;
  for (size_t i = 0; i < counted.size(); ++i) {
    (counted[i].second ? point.true_positives : point.false_positives) += 1;
    if (i + 1 < counted.size() && counted[i + 1].first == counted[i].first) continue;
    point.score = counted[i].first;
    const auto right = static_cast<double>(point.true_positives);
    point.precision = right / static_cast<double>(point.true_positives + point.false_positives);
    point.recall = right / static_cast<double>(result.faces);
    result.curve.push_back(point);
    recall.push_back(point.recall);
    precision.push_back(point.precision);
  }
  result.average_precision = area_under_envelope(recall, precision);
  return result;
}

/// The highest recall with at most `fppi` false positives per image (pictures of the truth), without
/// interpolation; 0 when no score reaches that. FDDB's discrete score (Jain and Learned-Miller,
/// UM-CS-2010-009) in this form, with the greedy matching of match_picture in place of FDDB's optimal
/// assignment. Throws Error when fppi is negative or NaN.
inline double recall_at_fppi(const DetectionResult& result, double fppi) {
  if (!(fppi >= 0.0)) throw Error("false positives per image " + std::to_string(fppi) + " is not 0 or more");
  double recall = 0.0;
  for (const CurvePoint& point : result.curve) {
    if (static_cast<double>(point.false_positives) / static_cast<double>(result.pictures) <= fppi) {
      recall = point.recall;
    }
  }
  return recall;
}

}  // namespace eval
FACEIO_END_NAMESPACE

#endif  // FACEIO_EVAL_BOXES_HPP
