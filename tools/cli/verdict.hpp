// Same person or not: a cosine against a calibrated threshold.
#ifndef FACEIO_CLI_VERDICT_HPP
#define FACEIO_CLI_VERDICT_HPP

#include <faceio/eval/calibration_record.hpp>

#include <cstdint>
#include <optional>
#include <string>

#include "arguments.hpp"
#include "json_object.hpp"

namespace cli {

/// A calibration and the row by which to judge.
struct Judge {
  std::string path;
  faceio::eval::Calibration calibration;
  faceio::eval::CalibrationRow row;

  bool same(double cosine) const { return cosine >= row.threshold; }
};

/// The calibration of --calibration, else the one beside the recogniser's weights (PATH.fiow:
/// PATH.calibration) if it exists and is of this model; nothing when there is none. Without --far the row
/// is that of FAR 1e-4, or of the smallest FAR when 1e-4 is not supported. Throws InputError for a
/// calibration of another model and for --far without a calibration, and eval::Error for a damaged file and
/// an unsupported FAR.
std::optional<Judge> find_judge(const Arguments& arguments, uint64_t model_id);

/// "SAME at FAR 1e-4 (threshold 0.531, calibrated on ...)"
std::string sentence_of(const Judge& judge, double cosine);

/// Adds "same":true,"far":0.0001,"threshold":0.53,"calibration":"PATH"; nulls without a calibration.
void add_verdict(JsonObject& object, const std::optional<Judge>& judge, double cosine);

}  // namespace cli

#endif  // FACEIO_CLI_VERDICT_HPP
