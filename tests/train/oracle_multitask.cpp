// Reads the cases of tools/loss_oracle/multitask.py as JSON and prints what faceio/train makes of them, in float.
#include <faceio/train/detection_loss.hpp>

#include "../eval/oracle_main.hpp"

using namespace faceio::train;
using nlohmann::json;

namespace {

Matrix<float> matrix(const json& flat, Eigen::Index columns) {
  const auto values = flat.get<std::vector<float>>();
  return Eigen::Map<const Matrix<float>>(values.data(), static_cast<Eigen::Index>(values.size()) / columns, columns);
}

std::vector<TruthFace> truth_faces(const json& rows) {
  std::vector<TruthFace> faces;
  for (const json& row : rows) {
    TruthFace face;
    face.box = {row.at(0), row.at(1), row.at(2), row.at(3)};
    if (row.size() > 4) {
      face.landmarks.emplace();
      for (size_t i = 0; i < faceio::kLandmarkCount; ++i) {
        face.landmarks->points[i] = {row.at(4 + 2 * i), row.at(5 + 2 * i)};
      }
    }
    faces.push_back(face);
  }
  return faces;
}

/// Rows that are not zero, or nearly, as the oracle gives them.
json gradient_rows(const DetectionHeads<float>& gradient, double scale) {
  json rows = json::array();
  for (Eigen::Index a = 0; a < gradient.classes.rows(); ++a) {
    json row = json::array({a});
    double largest = 0.0;
    for (const Matrix<float>* head : {&gradient.classes, &gradient.box, &gradient.landmarks}) {
      for (Eigen::Index k = 0; k < head->cols(); ++k) {
        const double value = static_cast<double>((*head)(a, k)) * scale;
        row.push_back(value);
        largest = std::max(largest, std::abs(value));
      }
    }
    if (largest > 1e-30) rows.push_back(row);
  }
  return rows;
}

json evaluate(const json& input) {
  const json& rule = input.at("matching");
  const MatchingOptions matching{rule.at("positive"), rule.at("negative"), rule.at("best_anchor"),
                                 rule.at("least_best"), rule.at("redirect")};
  const json& weights = input.at("loss").at("weights");
  const DetectionLossOptions options{input.at("loss").at("ratio"), input.at("loss").at("least"), weights.at(0),
                                     weights.at(1), weights.at(2), 0.0};
  const std::vector<Anchor> anchors = detector_anchors({input.at("size").at(0), input.at("size").at(1)});
  std::vector<DetectionTargets<float>> targets;
  std::vector<DetectionHeads<float>> heads, gradient;
  json match = json::array(), negatives = json::array(), gradients = json::array();
  for (const json& picture : input.at("pictures")) {
    targets.push_back(make_targets<float>(anchors, truth_faces(picture.at("faces")), matching));
    heads.push_back(
        {matrix(picture.at("classes"), 2), matrix(picture.at("box"), 4), matrix(picture.at("landmarks"), 10)});
    match.push_back(targets.back().match);
    negatives.push_back(hard_negatives(heads.back(), targets.back(), options));
  }
  const DetectionLoss loss = detection_loss(heads, targets, options, &gradient);
  const auto n = static_cast<double>(loss.positives > 0 ? loss.positives : 1);
  for (const DetectionHeads<float>& g : gradient) gradients.push_back(gradient_rows(g, n));
  return {{"classes", loss.classes},
          {"box", loss.box},
          {"landmarks", loss.landmarks},
          {"total", loss.total},
          {"counts", {loss.positives, loss.positives_with_landmarks, loss.negatives}},
          {"match", match},
          {"negatives", negatives},
          {"gradient", gradients}};
}

}  // namespace

int main(int argc, char** argv) { return answer_cases(argc, argv, evaluate); }
