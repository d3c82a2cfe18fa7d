#include <faceio/eval/boxes.hpp>

#include <cstdio>

#include "boxes_page.hpp"
#include "commands.hpp"
#include "detection_run.hpp"

namespace cli {
namespace {

namespace eval = faceio::eval;

constexpr float kMinScore = 0.02f;

void save_page(const EvalArguments& e, const eval::PictureLists<eval::TruthBox>& truth,
               const eval::PictureLists<eval::ScoredBox>& predictions,
               const eval::DetectionResult& result, const std::string& json) {
  Curve curve{"IoU 0.5", {}};
  for (const eval::CurvePoint& point : result.curve) {
    curve.points.emplace_back(point.recall, point.precision);
  }
  ReportPage page("Detection of boxes: " + e.truth_path);
  page.add_listing(json_as_lines(json, 0));
  add_precision_recall(page, {curve});
  add_worst_boxes(page, truth, predictions, eval::SideRule::difference, e.images_folder);
  page.save(e.html_path);
}

}  // namespace

Outcome run_eval_boxes(const Arguments& arguments) {
  const EvalArguments& e = arguments.eval;
  eval::PictureLists<eval::TruthBox> truth = eval::read_truth_boxes(e.truth_path);
  EvalDetector detector(arguments, kMinScore);
  eval::PictureLists<eval::ScoredBox> predictions;
  size_t detections = 0;
  const size_t unreadable = detect_in_listed(
      truth, e, detector, [&](const std::string& file, const std::vector<faceio::Face>& faces) {
        predictions[file] = scored_boxes_of(faces);
        detections += faces.size();
      });
  const eval::DetectionResult result = eval::evaluate_detection(truth, predictions);
  const double recall = result.curve.empty() ? 0.0 : result.curve.back().recall;
  const double recall_01 = eval::recall_at_fppi(result, 0.1);
  const double recall_1 = eval::recall_at_fppi(result, 1.0);

  JsonObject object;
  object.number("ap50", result.average_precision)
      .number("recall", recall)
      .json("recall_at_fppi", JsonObject().number("0.1", recall_01).number("1", recall_1).str())
      .count("pictures", result.pictures)
      .count("faces", result.faces)
      .count("detections", detections)
      .count("unreadable", unreadable);
  detector.describe_in(object);
  if (!e.html_path.empty()) save_page(e, truth, predictions, result, object.str());
  if (arguments.json) {
    std::printf("%s\n", object.str().c_str());
    return Outcome::done;
  }
  std::printf("AP at IoU 0.5         %.4f\n", result.average_precision);
  std::printf("recall                %.4f\n", recall);
  std::printf("recall at FPPI 0.1    %.4f   (FPPI: false positives per image)\n", recall_01);
  std::printf("recall at FPPI 1      %.4f\n", recall_1);
  std::printf("pictures              %zu with %zu faces, %zu unreadable; %zu detections\n",
              result.pictures, result.faces, unreadable, detections);
  std::printf("%s\n", detector.line().c_str());
  return Outcome::done;
}

}  // namespace cli
