// Reads the cases of tools/eval_oracle/detection.py as JSON and prints what faceio/eval makes of them.
#include <faceio/eval/landmarks.hpp>
#include <faceio/eval/wider.hpp>

#include "oracle_main.hpp"

using namespace faceio::eval;
using nlohmann::json;

namespace {

CornerBox corner_box(const json& row) {
  return {row.at(0), row.at(1), row.at(2), row.at(3)};
}

ScoredBox scored_box(const json& row) {
  return {corner_box(row), row.at(4)};
}

FivePoints five_points(const json& row, size_t first) {
  FivePoints points;
  for (size_t i = 0; i < points.size(); ++i) points[i] = {row.at(first + 2 * i), row.at(first + 2 * i + 1)};
  return points;
}

/// One list for each picture out of its rows under `key`; a null makes no list.
template <class Item, class Convert>
PictureLists<Item> lists(const json& input, const char* key, Convert convert) {
  PictureLists<Item> result;
  for (const json& picture : input.at("pictures")) {
    const json& rows = picture.at(key);
    if (rows.is_null()) continue;
    std::vector<Item>& items = result[picture.at("file")];
    for (const json& row : rows) items.push_back(convert(row));
  }
  return result;
}

TruthBox truth_box(const json& row) {
  return {corner_box(row), row.at(4) != 0};
}

json boxes(const json& input) {
  const auto result =
      evaluate_detection(lists<TruthBox>(input, "truth", truth_box),
                         lists<ScoredBox>(input, "predictions", scored_box), input.at("iou_threshold"),
                         input.at("pixel") == 1 ? SideRule::difference_plus_one : SideRule::difference);
  json curve = json::array(), recalls = json::array();
  for (const CurvePoint& p : result.curve) {
    curve.push_back({p.score, p.true_positives, p.false_positives, p.precision, p.recall});
  }
  for (const json& fppi : input.at("fppi")) recalls.push_back(recall_at_fppi(result, fppi));
  return {{"faces", result.faces},
          {"average_precision", result.average_precision},
          {"curve", curve},
          {"recall_at_fppi", recalls}};
}

WiderFace wider_face(const json& row) {
  WiderFace face;
  face.box = corner_box(row);
  for (size_t i = 0; i < face.counts.size(); ++i) face.counts[i] = row.at(4 + i) != 0;
  return face;
}

json wider(const json& input) {
  WiderTruth truth;
  truth.faces = lists<WiderFace>(input, "faces", wider_face);
  truth.has_subsets = true;
  WiderSubset subset = WiderSubset::easy;
  for (const WiderSubset s : {WiderSubset::medium, WiderSubset::hard, WiderSubset::all}) {
    if (input.at("subset") == name(s)) subset = s;
  }
  const auto protocol =
      input.at("protocol") == "python_port" ? WiderProtocol::python_port : WiderProtocol::matlab_kit;
  const auto result =
      evaluate_wider(truth, lists<ScoredBox>(input, "predictions", scored_box), subset, protocol);
  json curve = json::array();
  double thresholds = 0.0, precisions = 0.0;
  size_t proposals = 0, true_positives = 0;
  for (size_t k = 0; k < result.curve.size(); ++k) {
    const WiderCurvePoint& p = result.curve[k];
    if (k % 9 == 0) curve.push_back({p.proposals, p.true_positives});
    thresholds += p.threshold;
    proposals += p.proposals;
    true_positives += p.true_positives;
    precisions += p.precision;
  }
  return {{"faces", result.faces},
          {"average_precision", result.average_precision},
          {"curve", curve},
          {"sums", {thresholds, proposals, true_positives, precisions}}};
}

LandmarkTruth landmark_truth(const json& row) {
  LandmarkTruth face;
  const int box = row.at(0);
  if (box >= 0) face.box = static_cast<size_t>(box);
  face.points = five_points(row, 1);
  return face;
}

json landmarks(const json& input) {
  const auto result = evaluate_landmarks(
      lists<TruthBox>(input, "boxes", truth_box), lists<LandmarkTruth>(input, "landmarks", landmark_truth),
      lists<LandmarkPrediction>(input, "predictions",
                                [](const json& row) {
                                  return LandmarkPrediction{scored_box(row), five_points(row, 5)};
                                }),
      input.at("iou_threshold"));
  json errors = json::array(), failure_rates = json::array(), cumulative = json::array();
  for (const LandmarkError& face : result.errors) errors.push_back(face.normalised_error);
  for (const json& threshold : input.at("thresholds")) {
    failure_rates.push_back({failure_rate(result, threshold, MissedFaces::leave_out),
                             failure_rate(result, threshold, MissedFaces::count_as_failures)});
  }
  const auto found = cumulative_error_curve(result, MissedFaces::leave_out);
  const auto all = cumulative_error_curve(result, MissedFaces::count_as_failures);
  for (size_t i = 0; i < found.size(); ++i) {
    cumulative.push_back({found[i].error, found[i].share, all[i].share});
  }
  return {{"faces", result.faces},
          {"missed", result.missed},
          {"without_box", result.without_box},
          {"errors", errors},
          {"mean", result.mean},
          {"median", result.median},
          {"failure_rates", failure_rates},
          {"cumulative", cumulative}};
}

/// The result of one case; every value null where the library says that there is none.
json evaluate(const json& input) {
  const std::string kind = input.at("kind");
  try {
    return kind == "boxes" ? boxes(input) : kind == "wider" ? wider(input) : landmarks(input);
  } catch (const Error&) {
    json undefined;
    const auto keys =
        kind == "boxes"   ? std::vector<const char*>{"faces", "average_precision", "curve", "recall_at_fppi"}
        : kind == "wider" ? std::vector<const char*>{"faces", "average_precision", "curve", "sums"}
                          : std::vector<const char*>{"faces", "missed", "without_box",   "errors",
                                                     "mean",  "median", "failure_rates", "cumulative"};
    for (const char* key : keys) undefined[key] = nullptr;
    return undefined;
  }
}

}  // namespace

int main(int argc, char** argv) { return answer_cases(argc, argv, evaluate); }
