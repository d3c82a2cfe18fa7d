#include <faceio/eval/landmarks.hpp>

#include <cstdio>

#include "commands.hpp"
#include "detection_run.hpp"
#include "report_page.hpp"

namespace cli {
namespace {

namespace eval = faceio::eval;
using eval::MissedFaces;

constexpr float kMinScore = 0.6f;
// Errors as shares of the inter-ocular distance.
constexpr double kFailure = 0.1;        // what is above counts as a failure
constexpr double kLargestShown = 0.25;  // on the page

eval::LandmarkPrediction prediction_of(const faceio::Face& face) {
  eval::LandmarkPrediction prediction;
  prediction.face = scored_box_of(face);
  for (size_t i = 0; i < prediction.points.size(); ++i) {
    const faceio::Point& point = face.landmarks.points[i];
    prediction.points[i] = {static_cast<double>(point.x), static_cast<double>(point.y)};
  }
  return prediction;
}

/// Landmarks of pictures that were left out leave too; landmarks of a picture that the boxes never
/// listed stay, for evaluate_landmarks to report.
eval::PictureLists<eval::LandmarkTruth> landmarks_of_readable(
    const eval::PictureLists<eval::LandmarkTruth>& all,
    const eval::PictureLists<eval::TruthBox>& listed,
    const eval::PictureLists<eval::TruthBox>& readable) {
  eval::PictureLists<eval::LandmarkTruth> kept;
  for (const auto& picture : all) {
    const bool was_listed = listed.find(picture.file) != nullptr;
    const bool left_out = was_listed && readable.find(picture.file) == nullptr;
    if (!left_out) kept[picture.file] = picture.items;
  }
  return kept;
}

/// From no face at no error to the end of the plot; what lies beyond is not shown.
Curve error_curve(const char* label, const eval::LandmarkResult& result, MissedFaces missed) {
  Curve curve{label, {{0.0, 0.0}}};
  for (const auto& point : eval::cumulative_error_curve(result, missed)) {
    if (point.error > kLargestShown) break;
    curve.points.emplace_back(point.error, point.share);
  }
  curve.points.emplace_back(kLargestShown, curve.points.back().second);
  return curve;
}

void save_page(const EvalArguments& e, const eval::LandmarkResult& result,
               const std::string& json) {
  ReportPage page("Landmarks: " + e.truth_path);
  page.add_listing(json_as_lines(json, 0));
  page.add_curves("Faces with at most this error",
                  {"mean error of five points / inter-ocular distance", 0.0, kLargestShown,
                   AxisScale::linear},
                  {"share of faces", 0.0, 1.0, AxisScale::linear},
                  {error_curve("of the faces that were found", result, MissedFaces::leave_out),
                   error_curve("of all faces", result, MissedFaces::count_as_failures)});
  page.save(e.html_path);
}

}  // namespace

Outcome run_eval_landmarks(const Arguments& arguments) {
  const EvalArguments& e = arguments.eval;
  const eval::PictureLists<eval::TruthBox> listed = eval::read_truth_boxes(e.truth_path);
  const eval::PictureLists<eval::LandmarkTruth> all = eval::read_landmark_truth(e.landmarks_path);
  EvalDetector detector(arguments, kMinScore);
  eval::PictureLists<eval::TruthBox> truth = listed;
  eval::PictureLists<eval::LandmarkPrediction> predictions;
  const size_t unreadable = detect_in_listed(
      truth, e, detector, [&](const std::string& file, const std::vector<faceio::Face>& faces) {
        std::vector<eval::LandmarkPrediction>& list = predictions[file];
        for (const faceio::Face& face : faces) list.push_back(prediction_of(face));
      });
  const eval::LandmarkResult result = eval::evaluate_landmarks(
      truth, landmarks_of_readable(all, listed, truth), predictions);
  const double failures = eval::failure_rate(result, kFailure, MissedFaces::count_as_failures);
  const double failures_found = eval::failure_rate(result, kFailure, MissedFaces::leave_out);

  JsonObject object;
  object.number("nme_mean", result.mean)
      .number("nme_median", result.median)
      .number("failure_rate", failures)
      .number("failure_rate_found_only", failures_found)
      .count("faces", result.faces)
      .count("found", result.errors.size())
      .count("without_box", result.without_box)
      .count("pictures", truth.size())
      .count("unreadable", unreadable);
  detector.describe_in(object);
  if (!e.html_path.empty()) save_page(e, result, object.str());
  if (arguments.json) {
    std::printf("%s\n", object.str().c_str());
    return Outcome::done;
  }
  std::printf("error / inter-ocular distance, mean of five points, of the faces found:\n");
  std::printf("mean                  %.4f\nmedian                %.4f\n", result.mean, result.median);
  std::printf("failures above %.1f    %.4f   %.4f of the faces found\n", kFailure, failures,
              failures_found);
  std::printf("faces                 %zu with landmarks and box, %zu found; %zu without box left out\n",
              result.faces, result.errors.size(), result.without_box);
  std::printf("pictures              %zu, %zu unreadable\n%s\n", truth.size(), unreadable,
              detector.line().c_str());
  return Outcome::done;
}

}  // namespace cli
