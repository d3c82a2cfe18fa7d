#include <faceio/eval/wider_text.hpp>

#include <cstdio>
#include <memory>

#include "boxes_page.hpp"
#include "commands.hpp"
#include "detection_run.hpp"
#include "wider_predictions.hpp"

namespace cli {
namespace {

namespace eval = faceio::eval;
using eval::WiderSubset;

constexpr float kMinScore = 0.02f;

struct SubsetResult {
  WiderSubset subset = WiderSubset::all;
  bool has_faces = false;
  eval::WiderResult wider;
  eval::DetectionResult all_points;  // the same faces by evaluate_detection
};

/// Faces of the other subsets are ignored.
eval::PictureLists<eval::TruthBox> boxes_of(const eval::WiderTruth& truth, WiderSubset subset) {
  eval::PictureLists<eval::TruthBox> boxes;
  for (const auto& picture : truth.faces) {
    std::vector<eval::TruthBox>& list = boxes[picture.file];
    for (const eval::WiderFace& face : picture.items) {
      list.push_back({face.box, !face.counts[static_cast<size_t>(subset)]});
    }
  }
  return boxes;
}

bool any_face_in(const eval::WiderTruth& truth, WiderSubset subset) {
  for (const auto& picture : truth.faces) {
    for (const eval::WiderFace& face : picture.items) {
      if (face.counts[static_cast<size_t>(subset)]) return true;
    }
  }
  return false;
}

/// The one asked for, or all that the truth has.
std::vector<WiderSubset> wanted_subsets(const eval::WiderTruth& truth, const std::string& asked) {
  std::vector<WiderSubset> subsets;
  for (size_t i = 0; i < eval::kWiderSubsets; ++i) {
    const auto subset = static_cast<WiderSubset>(i);
    const bool there = truth.has_subsets || subset == WiderSubset::all;
    if (asked.empty() ? there : asked == name(subset)) subsets.push_back(subset);
  }
  return subsets;
}

/// A subset that was not asked for by name and holds no face has no result.
std::vector<SubsetResult> evaluate(const eval::WiderTruth& truth,
                                   const eval::PictureLists<eval::ScoredBox>& predictions,
                                   const EvalArguments& e) {
  const auto protocol = e.wider_protocol == "python" ? eval::WiderProtocol::python_port
                                                     : eval::WiderProtocol::matlab_kit;
  std::vector<SubsetResult> results;
  for (const WiderSubset subset : wanted_subsets(truth, e.subset)) {
    SubsetResult result;
    result.subset = subset;
    result.has_faces = any_face_in(truth, subset);
    if (result.has_faces || !e.subset.empty()) {
      result.wider = eval::evaluate_wider(truth, predictions, subset, protocol);
      result.all_points = eval::evaluate_detection(boxes_of(truth, subset), predictions);
    }
    results.push_back(result);
  }
  return results;
}

double recall_of(const SubsetResult& result) {
  return result.all_points.curve.empty() ? 0.0 : result.all_points.curve.back().recall;
}

JsonObject json_of(const std::vector<SubsetResult>& results) {
  JsonObject ap, faces, ap_all_points, recall;
  for (const SubsetResult& result : results) {
    const char* key = name(result.subset);
    const auto number_or_null = [&](double value) {
      return result.has_faces ? json_number(value) : std::string("null");
    };
    ap.json(key, number_or_null(result.wider.average_precision));
    faces.count(key, result.wider.faces);
    ap_all_points.json(key, number_or_null(result.all_points.average_precision));
    recall.json(key, number_or_null(recall_of(result)));
  }
  JsonObject object;
  object.json("ap", ap.str())
      .json("ap50_all_points", ap_all_points.str())
      .json("recall", recall.str())
      .json("faces", faces.str());
  return object;
}

void save_page(const EvalArguments& e, const eval::WiderTruth& truth,
               const eval::PictureLists<eval::ScoredBox>& predictions,
               const std::vector<SubsetResult>& results, const std::string& json) {
  std::vector<Curve> curves;
  for (const SubsetResult& result : results) {
    Curve curve{name(result.subset), {}};
    for (const eval::WiderCurvePoint& point : result.wider.curve) {
      if (point.proposals > 0) curve.points.emplace_back(point.recall, point.precision);
    }
    if (result.has_faces) curves.push_back(curve);
  }
  ReportPage page("WIDER FACE protocol: " + e.truth_path);
  page.add_listing(json_as_lines(json, 0));
  add_precision_recall(page, curves);
  if (!e.images_folder.empty()) {
    // `all` comes last and holds every valid face.
    add_worst_boxes(page, boxes_of(truth, results.back().subset), predictions,
                    eval::SideRule::difference_plus_one, e.images_folder);
  }
  page.save(e.html_path);
}

void print_table(const std::vector<SubsetResult>& results, const EvalArguments& e, size_t pictures,
                 size_t unreadable) {
  std::printf("subset   %9s  %16s  %7s  %7s\n", "AP", "AP all points *", "recall", "faces");
  for (const SubsetResult& result : results) {
    if (!result.has_faces) {
      std::printf("%-6s   no face of the truth counts\n", name(result.subset));
      continue;
    }
    std::printf("%-6s   %9.4f  %16.4f  %7.4f  %7zu\n", name(result.subset),
                result.wider.average_precision, result.all_points.average_precision,
                recall_of(result), result.wider.faces);
  }
  std::printf("%s protocol, %zu pictures, %zu unreadable\n", e.wider_protocol.c_str(), pictures,
              unreadable);
  std::printf("* at IoU 0.5 with sides x2 - x1, as `faceio eval boxes` has it\n");
}

}  // namespace

Outcome run_eval_wider(const Arguments& arguments) {
  const EvalArguments& e = arguments.eval;
  eval::WiderTruth truth = eval::read_wider_truth(e.truth_path);
  eval::PictureLists<eval::ScoredBox> predictions;
  size_t unreadable = 0;
  std::unique_ptr<EvalDetector> detector;
  if (!e.predictions_path.empty()) {
    predictions = read_predictions(e.predictions_path, truth);
  } else if (e.images_folder.empty()) {
    throw InputError("pass --images DIR to run the detector, or --predictions for stored ones");
  } else {
    detector = std::make_unique<EvalDetector>(arguments, kMinScore);
    unreadable = detect_in_listed(
        truth.faces, e, *detector,
        [&](const std::string& file, const std::vector<faceio::Face>& faces) {
          predictions[file] = scored_boxes_of(faces);
        });
  }
  const std::vector<SubsetResult> results = evaluate(truth, predictions, e);
  JsonObject object = json_of(results);
  object.text("protocol", e.wider_protocol)
      .count("pictures", truth.faces.size())
      .count("unreadable", unreadable);
  if (detector) {
    detector->describe_in(object);
  } else {
    object.text("predictions", e.predictions_path);
  }
  if (!e.html_path.empty()) save_page(e, truth, predictions, results, object.str());
  if (arguments.json) {
    std::printf("%s\n", object.str().c_str());
    return Outcome::done;
  }
  print_table(results, e, truth.faces.size(), unreadable);
  std::printf("%s\n", detector ? detector->line().c_str() : e.predictions_path.c_str());
  return Outcome::done;
}

}  // namespace cli
