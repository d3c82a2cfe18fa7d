// The WIDER FACE protocol: ground truth and detections as text, average precision of each subset.
//
// Source: eval_tools of the WIDER FACE makers (MATLAB, Shuo Yang, December 2015; read_pred.m, norm_score.m,
// evaluation.m, wider_eval.m) and its common Python port (wondervictor/WiderFace-Evaluation, as found in
// biubug6/Pytorch_Retinaface, widerface_evaluate/evaluation.py).
#ifndef FACEIO_EVAL_WIDER_HPP
#define FACEIO_EVAL_WIDER_HPP

#include <array>
#include <limits>

#include "boxes.hpp"

FACEIO_BEGIN_NAMESPACE
namespace eval {

/// Which faces count; all others are ignored. `all` is no subset of the makers: every face that is not marked
/// invalid and has positive sides.
enum class WiderSubset { easy, medium, hard, all };
inline constexpr size_t kWiderSubsets = 4;

inline constexpr const char* name(WiderSubset subset) {
  constexpr const char* kNames[kWiderSubsets] = {"easy", "medium", "hard", "all"};
  return kNames[static_cast<size_t>(subset)];
}

/// Whose results to reproduce. The Python port differs from the MATLAB kit in three ways: it takes
/// predictions in the order of the file, where the kit sorts each picture by score; it lets the smallest and
/// largest score start at 1 and 0, so scores outside 0..1 are scaled differently; it stops at a picture
/// without a prediction file, where the kit counts the faces as missed.
enum class WiderProtocol { matlab_kit, python_port };

struct WiderFace {
  CornerBox box;  // x2 = x + width, y2 = y + height; the truth holds faces without area
  std::array<bool, kWiderSubsets> counts{};  // by WiderSubset
};

/// Pictures as "event/file.jpg". Without subset flags only `all` can be evaluated.
struct WiderTruth {
  PictureLists<WiderFace> faces;
  bool has_subsets = false;
};

/// Counts over all pictures at one threshold on normalised scores.
struct WiderCurvePoint {
  double threshold = 0.0;  // 0.999, 0.998 ... 0
  size_t proposals = 0;    // predictions, without those whose best match is ignored
  size_t true_positives = 0;
  double precision = 0.0;  // 0..1; 0 without proposals, where the kit has 0/0
  double recall = 0.0;     // 0..1
};

struct WiderResult {
  size_t faces = 0;  // that count in the subset, in pictures with and without predictions
  std::vector<WiderCurvePoint> curve;
  double average_precision = 0.0;  // 0..1
};

inline constexpr size_t kWiderThresholds = 1000;

namespace detail {

/// norm_score.m: smallest and largest score of the whole data set, from where each protocol starts.
struct ScoreRange {
  double smallest;
  double largest;

  ScoreRange(const PictureLists<ScoredBox>& predictions, WiderProtocol protocol)
      : smallest(protocol == WiderProtocol::matlab_kit ? double{(std::numeric_limits<float>::max)()} : 1.0),
        largest(protocol == WiderProtocol::matlab_kit ? double{(std::numeric_limits<float>::min)()} : 0.0) {
    bool any = false;
    for (const auto& picture : predictions) {
      for (const ScoredBox& prediction : picture.items) {
        smallest = (std::min)(smallest, prediction.score);
        largest = (std::max)(largest, prediction.score);
        any = true;
      }
    }
    if (any && !(largest > smallest)) {
      throw Error("all scores are " + std::to_string(largest) +
                  ": the protocol divides by their range, which is 0; write predictions with their scores");
    }
    if (any && !std::isfinite(largest - smallest)) {
      throw Error("scores lie too far apart to be scaled to 0..1; mend the detector");
    }
  }

  double normalised(double score) const { return (score - smallest) / (largest - smallest); }
};

/// Adds one picture to the counts. Predictions with at least a threshold are those up to the last one that
/// has it, in the order of `order`: the same with sorted scores, and what the Python port does with unsorted
/// ones.
inline void add_picture(const std::vector<TruthBox>& truth, const std::vector<ScoredBox>& predictions,
                        const std::vector<size_t>& order, const ScoreRange& range,
                        std::vector<WiderCurvePoint>& curve) {
  constexpr double kIouThreshold = 0.5;
  const std::vector<Match> matches =
      match_in_order(truth, predictions, order, kIouThreshold, SideRule::difference_plus_one);
  // highest_from[i]: the highest normalised score of the predictions from position i on.
  std::vector<double> highest_from(order.size());
  for (size_t i = order.size(); i-- > 0;) {
    const double score = range.normalised(predictions[order[i]].score);
    highest_from[i] = i + 1 < order.size() ? (std::max)(score, highest_from[i + 1]) : score;
  }
  size_t accepted = 0, proposals = 0, true_positives = 0;
  for (WiderCurvePoint& point : curve) {
    for (; accepted < order.size() && highest_from[accepted] >= point.threshold; ++accepted) {
      const Outcome outcome = matches[order[accepted]].outcome;
      proposals += outcome == Outcome::left_out ? 0 : 1;
      true_positives += outcome == Outcome::true_positive ? 1 : 0;
    }
    point.proposals += proposals;
    point.true_positives += true_positives;
  }
}

}  // namespace detail

/// Average precision of a subset at IoU 0.5, where sides measure x2 - x1 + 1: scores are scaled to 0..1 over
/// the whole data set; in each picture a prediction takes the face that it overlaps most (match_picture);
/// counts at 1000 thresholds give the curve, its area is that of area_under_envelope. Pictures without
/// annotated face are skipped, so false positives there cost nothing. In double; norm_score.m scales in
/// single precision. Throws Error: subset without flags or without faces, numbers that are not finite,
/// predictions for pictures that the truth does not list, scores that are all equal, and with python_port a
/// picture without a list of predictions. Safe to call from any thread.
inline WiderResult evaluate_wider(const WiderTruth& truth, const PictureLists<ScoredBox>& predictions,
                                  WiderSubset subset, WiderProtocol protocol = WiderProtocol::matlab_kit) {
  if (subset != WiderSubset::all && !truth.has_subsets) {
    throw Error(std::string("the ground truth does not say which faces count in subset ") + name(subset) +
                "; write it with tools/eval_oracle/wider_flags.py");
  }
  detail::check_predictions(predictions, truth.faces);
  const detail::ScoreRange range(predictions, protocol);
  WiderResult result;
  result.curve.resize(kWiderThresholds);
  for (size_t k = 0; k < kWiderThresholds; ++k) {
    result.curve[k].threshold = 1.0 - static_cast<double>(k + 1) / static_cast<double>(kWiderThresholds);
  }
  for (const auto& picture : truth.faces) {
    std::vector<TruthBox> faces;
    for (const WiderFace& face : picture.items) {
      detail::require_finite(face.box, picture.file + ": face " + std::to_string(faces.size()));
      const bool counts = face.counts[static_cast<size_t>(subset)];
      faces.push_back(TruthBox{face.box, !counts});
      result.faces += counts ? 1 : 0;
    }
    const std::vector<ScoredBox>* found = predictions.find(picture.file);
    if (found == nullptr) {
      if (protocol == WiderProtocol::matlab_kit) continue;
      throw Error(picture.file +
                  ": has no list of predictions, and the Python port stops there; add an empty one");
    }
    if (faces.empty() || found->empty()) continue;
    std::vector<size_t> order(found->size());
    std::iota(order.begin(), order.end(), size_t{0});
    if (protocol == WiderProtocol::matlab_kit) order = detail::by_descending_score(*found);
    detail::add_picture(faces, *found, order, range, result.curve);
  }
  if (result.faces == 0)
    throw Error(std::string("no face counts in subset ") + name(subset) + ": recall is undefined");

  std::vector<double> recall, precision;
  for (WiderCurvePoint& point : result.curve) {
    const auto right = static_cast<double>(point.true_positives);
    if (point.proposals > 0) point.precision = right / static_cast<double>(point.proposals);
    point.recall = right / static_cast<double>(result.faces);
    recall.push_back(point.recall);
    precision.push_back(point.precision);
  }
  result.average_precision = area_under_envelope(recall, precision);
  return result;
}

}  // namespace eval
FACEIO_END_NAMESPACE

#endif  // FACEIO_EVAL_WIDER_HPP
