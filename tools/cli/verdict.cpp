#include "verdict.hpp"

#include <cmath>
#include <cstdio>
#include <filesystem>

#include "outcome.hpp"
#include "rate_text.hpp"
#include "weights.hpp"

namespace cli {
namespace {

using faceio::eval::Calibration;
using faceio::eval::CalibrationRow;

constexpr double kUsualFar = 1e-4;

CalibrationRow row_of(const Calibration& calibration, const std::optional<double>& far) {
  if (far) return calibration.row_for(*far);
  for (const CalibrationRow& row : calibration.rows) {
    if (std::fabs(row.target_far - kUsualFar) <= 1e-9 * kUsualFar) return row;
  }
  return calibration.rows.back();  // the smallest
}

}  // namespace

std::optional<Judge> find_judge(const Arguments& arguments, uint64_t model_id) {
  const VerdictArguments& asked = arguments.verdict;
  std::string path = asked.calibration_path;
  std::string beside;
  if (path.empty()) {
    beside = std::filesystem::path(weights_path(arguments, Network::recogniser))
                 .replace_extension(".calibration")
                 .string();
    std::error_code failed;
    if (std::filesystem::exists(beside, failed)) path = beside;
  }
  std::string missing = "there is none at " + beside;
  if (!path.empty()) {
    Calibration calibration = faceio::eval::read_calibration(path);
    if (calibration.model_id == model_id) {
      const CalibrationRow row = row_of(calibration, asked.far);
      return Judge{path, std::move(calibration), row};
    }
    const std::string other = path + ": is a calibration of model " + model_id_text(calibration.model_id) +
                              ", the recogniser is model " + model_id_text(model_id);
    if (beside.empty()) throw InputError(other + "; run faceio calibrate with this recogniser");
    missing = other;
  }
  if (asked.far) {
    throw InputError("--far needs a calibration: " + missing + "; make one with faceio calibrate and pass it "
                     "with --calibration");
  }
  return std::nullopt;
}

std::string sentence_of(const Judge& judge, double cosine) {
  char threshold[16];
  std::snprintf(threshold, sizeof threshold, "%.3f", judge.row.threshold);
  return std::string(judge.same(cosine) ? "SAME" : "DIFFERENT") + " at FAR " + far_text(judge.row.target_far) +
         " (threshold " + threshold + ", calibrated on " + judge.calibration.source + ": " +
         std::to_string(judge.calibration.pictures) + " pictures of " +
         std::to_string(judge.calibration.people) + " people)";
}

void add_verdict(JsonObject& object, const std::optional<Judge>& judge, double cosine) {
  if (!judge) {
    for (const char* key : {"same", "far", "threshold", "calibration"}) object.json(key, "null");
    return;
  }
  object.flag("same", judge->same(cosine))
      .number("far", judge->row.target_far)
      .number("threshold", judge->row.threshold)
      .text("calibration", judge->path);
}

}  // namespace cli
