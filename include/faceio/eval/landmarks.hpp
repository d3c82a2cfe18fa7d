// Error of five facial landmarks, normalised by the distance of the eyes.
#ifndef FACEIO_EVAL_LANDMARKS_HPP
#define FACEIO_EVAL_LANDMARKS_HPP

#include <array>
#include <optional>

#include "boxes.hpp"

FACEIO_BEGIN_NAMESPACE
namespace eval {

/// Position in pixels of the stored picture.
struct LandmarkPoint {
  double x = 0.0;
  double y = 0.0;
};

/// Eyes, nose, mouth corners; image-left before image-right.
using FivePoints = std::array<LandmarkPoint, 5>;

/// Annotated points. `box` is the index of the face in the picture's list of truth boxes.
struct LandmarkTruth {
  std::optional<size_t> box;
  FivePoints points;
};

struct LandmarkPrediction {
  ScoredBox face;
  FivePoints points;
};

/// Error of one face that was found.
struct LandmarkError {
  std::string file;
  size_t box = 0;
  double normalised_error = 0.0;
};

struct LandmarkResult {
  size_t faces = 0;                   // with points and a box that is not ignored
  size_t missed = 0;                  // of those, the ones that no prediction matches
  size_t without_box = 0;             // annotated points that belong to no box: not evaluated
  std::vector<LandmarkError> errors;  // faces that were found, in the order of the truth
  double mean = 0.0;                  // over errors
  double median = 0.0;                // over errors; the mean of the middle two when their number is even
};

/// Whether faces that were not found count as faces with an infinite error or leave the count.
enum class MissedFaces { count_as_failures, leave_out };

/// Share of faces whose error is at most `error`.
struct ErrorCurvePoint {
  double error = 0.0;
  double share = 0.0;  // 0..1
};

/// Mean distance of the five points, divided by the distance of the annotated eye centres (inter-ocular
/// distance; 0.05 is 5 % of it). Throws Error when the eyes coincide or a number is not finite.
inline double normalised_mean_error(const FivePoints& truth, const FivePoints& predicted) {
  const auto distance = [](const LandmarkPoint& a, const LandmarkPoint& b) {
    const double dx = a.x - b.x, dy = a.y - b.y;
    return std::sqrt(dx * dx + dy * dy);
  };
  const double inter_ocular_px = distance(truth[0], truth[1]);
  double sum_px = 0.0;
  for (size_t i = 0; i < truth.size(); ++i) sum_px += distance(truth[i], predicted[i]);
  if (!std::isfinite(inter_ocular_px) || !std::isfinite(sum_px)) {
    throw Error("a landmark is not finite or too far away; mend the list or the detector");
  }
  if (!(inter_ocular_px > 0.0))
    throw Error("the annotated eyes coincide; the error cannot be normalised by them");
  return sum_px / static_cast<double>(truth.size()) / inter_ocular_px;
}

namespace detail {

/// The faces of one picture with points, by index of their box; without_box is counted.
inline std::vector<const FivePoints*> points_by_box(const std::string& file, size_t boxes,
                                                    const std::vector<LandmarkTruth>& landmarks,
                                                    size_t& without_box) {
  std::vector<const FivePoints*> by_box(boxes, nullptr);
  for (const LandmarkTruth& face : landmarks) {
    if (!face.box) {
      ++without_box;
      continue;
    }
    const std::string index = std::to_string(*face.box);
    if (*face.box >= boxes) {
      throw Error(file + ": landmarks name box " + index + ", but the picture has " + std::to_string(boxes) +
                  "; do both lists belong together?");
    }
    if (by_box[*face.box] != nullptr)
      throw Error(file + ": box " + index + " has landmarks twice; remove one");
    by_box[*face.box] = &face.points;
  }
  return by_box;
}

inline void set_mean_and_median(LandmarkResult& result) {
  std::vector<double> sorted;
  for (const LandmarkError& face : result.errors) sorted.push_back(face.normalised_error);
  std::sort(sorted.begin(), sorted.end());
  const size_t count = sorted.size();
  result.mean = std::accumulate(sorted.begin(), sorted.end(), 0.0) / static_cast<double>(count);
  result.median = 0.5 * (sorted[(count - 1) / 2] + sorted[count / 2]);
}

inline double counted_faces(const LandmarkResult& result, MissedFaces missed) {
  const size_t faces = missed == MissedFaces::count_as_failures ? result.faces : result.errors.size();
  if (faces == 0) throw Error("the result holds no face; make one with evaluate_landmarks");
  return static_cast<double>(faces);
}

/// For each box the points of the prediction that found it, nullptr for those that were not found.
inline std::vector<const FivePoints*> found_points(const std::vector<TruthBox>& boxes,
                                                   const std::vector<ScoredBox>& scored,
                                                   const std::vector<LandmarkPrediction>& predictions,
                                                   double iou_threshold) {
  std::vector<const FivePoints*> found(boxes.size(), nullptr);
  const std::vector<Match> matches = match_picture(boxes, scored, iou_threshold);
  for (size_t i = 0; i < matches.size(); ++i) {
    if (matches[i].outcome == Outcome::true_positive) found[matches[i].truth] = &predictions[i].points;
  }
  return found;
}

}  // namespace detail

/// Matches predictions to boxes (match_picture, all boxes, with and without points) and measures the points
/// of each true positive whose face has any. Every prediction takes part, whatever its score: leave out those
/// that the application would not accept. Throws Error: numbers that are not finite, points of a box that is
/// not there, two sets of points for a box, predictions or points for pictures that `boxes` does not list, no
/// face to measure or none of them found, IoU threshold outside (0, 1]. Safe to call from any thread.
inline LandmarkResult evaluate_landmarks(const PictureLists<TruthBox>& boxes,
                                         const PictureLists<LandmarkTruth>& landmarks,
                                         const PictureLists<LandmarkPrediction>& predictions,
                                         double iou_threshold = 0.5) {
  detail::check_iou_threshold(iou_threshold);
  PictureLists<ScoredBox> scored;
  for (const auto& picture : predictions) {
    std::vector<ScoredBox>& list = scored[picture.file];
    for (const LandmarkPrediction& prediction : picture.items) list.push_back(prediction.face);
  }
  detail::check_predictions(scored, boxes);
  for (const auto& picture : landmarks) {
    if (boxes.find(picture.file) == nullptr) {
      throw Error(picture.file + ": has landmarks but no box; do both lists belong together?");
    }
  }

  LandmarkResult result;
  for (const auto& picture : boxes) {
    for (size_t t = 0; t < picture.items.size(); ++t) {
      detail::require_finite(picture.items[t].box, picture.file + ": face " + std::to_string(t));
    }
    const std::vector<LandmarkTruth>* annotated = landmarks.find(picture.file);
    if (annotated == nullptr) continue;
    const auto points =
        detail::points_by_box(picture.file, picture.items.size(), *annotated, result.without_box);
    std::vector<const FivePoints*> found(picture.items.size(), nullptr);
    if (const std::vector<LandmarkPrediction>* predicted = predictions.find(picture.file)) {
      found = detail::found_points(picture.items, *scored.find(picture.file), *predicted, iou_threshold);
    }
    for (size_t t = 0; t < points.size(); ++t) {
      if (points[t] == nullptr || picture.items[t].ignored) continue;
      result.faces += 1;
      if (found[t] == nullptr) {
        result.missed += 1;
        continue;
      }
      try {
        result.errors.push_back({picture.file, t, normalised_mean_error(*points[t], *found[t])});
      } catch (const Error& error) {
        throw Error(picture.file + ": box " + std::to_string(t) + ": " + error.what());
      }
    }
  }
  if (result.errors.empty()) {
    throw Error(result.faces == 0 ? "no face has landmarks and a box: there is nothing to measure"
                                  : "none of the faces with landmarks was found: there is no error to state");
  }
  detail::set_mean_and_median(result);
  return result;
}

/// Share of faces with an error above `threshold`, 0..1. Throws Error when the threshold is negative or NaN.
inline double failure_rate(const LandmarkResult& result, double threshold, MissedFaces missed) {
  if (!(threshold >= 0.0))
    throw Error("threshold " + std::to_string(threshold) + " is not 0 or more; 0.1 is usual");
  size_t good = 0;
  for (const LandmarkError& face : result.errors) good += face.normalised_error <= threshold ? 1 : 0;
  const double faces = detail::counted_faces(result, missed);
  return (faces - static_cast<double>(good)) / faces;
}

/// The cumulative error curve: a point for each face that was found, by rising error. Its end stays below 1
/// when missed faces count.
inline std::vector<ErrorCurvePoint> cumulative_error_curve(const LandmarkResult& result, MissedFaces missed) {
  std::vector<ErrorCurvePoint> curve;
  for (const LandmarkError& face : result.errors) curve.push_back({face.normalised_error, 0.0});
  std::sort(curve.begin(), curve.end(),
            [](const ErrorCurvePoint& a, const ErrorCurvePoint& b) { return a.error < b.error; });
  const double faces = detail::counted_faces(result, missed);
  for (size_t i = 0; i < curve.size(); ++i) curve[i].share = static_cast<double>(i + 1) / faces;
  return curve;
}

/// Reads lines `file box_index x y x y x y x y x y`: eyes, nose, mouth corners, image-left before
/// image-right; box_index counts the boxes of the picture from 0 in the order of their list, -1 stands for
/// none. Lines that begin with '#' are comments. Throws Error with file and line: another number of fields,
/// coordinates that are not numbers, no line at all.
inline PictureLists<LandmarkTruth> read_landmark_truth(const std::string& path) {
  constexpr size_t kFields = 12;
  constexpr long long kMostBoxes = 1000000;
  PictureLists<LandmarkTruth> truth;
  LineReader lines(path);
  while (const TextLine* line = lines.next()) {
    line->expect_fields(kFields, "file box_index x y x y x y x y x y");
    LandmarkTruth face;
    const long long box = line->integer(1, -1, kMostBoxes);
    if (box >= 0) face.box = static_cast<size_t>(box);
    for (size_t i = 0; i < face.points.size(); ++i) {
      face.points[i] = LandmarkPoint{line->number(2 + 2 * i), line->number(3 + 2 * i)};
    }
    truth[line->fields[0]].push_back(face);
  }
  if (truth.size() == 0) throw Error(path + ": holds no landmarks, expected lines: file box_index x y ...");
  return truth;
}

}  // namespace eval
FACEIO_END_NAMESPACE

#endif  // FACEIO_EVAL_LANDMARKS_HPP
