#include "detector.hpp"

#include <cmath>
#include <cstdio>

#include "../weights.hpp"

namespace cli {
namespace {

InputRule rule_of(const EvalArguments& eval) {
  InputRule rule = eval.input;
  rule.voting_iou = eval.voting_iou.value_or(rule.voting_iou);
  rule.flip = rule.flip || eval.flip_detect;
  return rule;
}

}  // namespace

EvalDetector::EvalDetector(const Arguments& arguments, float default_min_score)
    : rule_(rule_of(arguments.eval)),
      detector_(
          faceio::host::OwnedDetector::load(weights_path(arguments, Network::detector), {})) {
  options_.min_score = arguments.eval.min_score.value_or(default_min_score);
}

std::vector<faceio::Face> EvalDetector::detect(const LoadedImage& image) {
  detector_.set_options(with_input_rule(options_, rule_, image.picture.size));
  try {
    const Stopwatch watch;
    std::vector<faceio::Face> faces = detector_.detect(image.picture.view());
    times_ms_.push_back(watch.elapsed_ms());
    return faces;
  } catch (const faceio::host::Error& e) {
    throw InputError(image.path + ": " + e.what());
  }
}

double EvalDetector::median_ms() const {
  return times_ms_.empty() ? std::nan("") : median_of(times_ms_);
}

void EvalDetector::describe_in(JsonObject& object) const {
  object.text("input", describe(rule_))
      .number("min_score", std::round(1e6 * static_cast<double>(options_.min_score)) / 1e6)
      .number("latency_ms", median_ms())
      .text("isa", name(detector_.detector().bound().kernels->target))
      .text("detector", model_id_text(detector_.blob().model_id()));
}

std::string EvalDetector::line() const {
  char text[160];
  std::snprintf(text, sizeof text, "   score above %g   detector median %.2f ms (1 core, %s), ",
                static_cast<double>(options_.min_score), median_ms(),
                name(detector_.detector().bound().kernels->target));
  return "input " + describe(rule_) + text + model_id_text(detector_.blob().model_id());
}

faceio::eval::ScoredBox scored_box_of(const faceio::Face& face) {
  const faceio::Box& box = face.box;
  const double x = static_cast<double>(box.x);
  const double y = static_cast<double>(box.y);
  return {{x, y, x + static_cast<double>(box.width), y + static_cast<double>(box.height)},
          static_cast<double>(face.score)};
}

std::vector<faceio::eval::ScoredBox> scored_boxes_of(const std::vector<faceio::Face>& faces) {
  std::vector<faceio::eval::ScoredBox> boxes;
  for (const faceio::Face& face : faces) boxes.push_back(scored_box_of(face));
  return boxes;
}

}  // namespace cli
