// Choosing thresholds for target FARs from scored pairs, and what a FAR means for a gallery.
#ifndef FACEIO_EVAL_CALIBRATION_HPP
#define FACEIO_EVAL_CALIBRATION_HPP

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "bootstrap.hpp"
#include "calibration_record.hpp"
#include "intervals.hpp"
#include "operating_point.hpp"

FACEIO_BEGIN_NAMESPACE
namespace eval {

/// The probability that a stranger resembles somebody in a gallery of `gallery` people, 1 - (1 - FAR)^N, if
/// comparisons were independent: FAR 1e-4 gives about 10 % for 1,000 people. Throws Error unless
/// the FAR is 0 to 1.
inline double false_positive_identification_rate(double false_accept_rate, uint64_t gallery) {
  if (!(false_accept_rate >= 0.0 && false_accept_rate <= 1.0))
    throw Error("FAR " + std::to_string(false_accept_rate) + " is not between 0 and 1");
  if (gallery == 0) return 0.0;
  return -std::expm1(static_cast<double>(gallery) * std::log1p(-false_accept_rate));
}

/// Where the scores come from, as it goes into the record.
struct CalibrationData {
  uint64_t model_id = 0;
  std::string source;  // one line
  uint32_t people = 0;
  uint64_t pictures = 0;
  std::vector<ScoredPair> pairs;  // cosines; people numbered from 0
};

/// One row per target FAR: the smallest threshold whose observed FAR does not exceed the target, with the FAR
/// and TAR observed there. Throws Error when the data cannot support a target (fewer than 3 / FAR impostor
/// pairs, or impostors that share the highest score), a target is named twice, there is no genuine pair, a
/// score is not a cosine, or too few people for the bootstrap.
inline Calibration calibrate(const CalibrationData& data, std::vector<double> target_fars,
                             const BootstrapOptions& options = {}) {
  std::vector<double> genuine, impostor;
  for (const ScoredPair& pair : data.pairs) (pair.genuine() ? genuine : impostor).push_back(pair.score);
  const Roc roc(std::move(genuine), (std::move)(impostor));
  for (const double target_far : target_fars) check_support(target_far, roc.impostor_pairs());
  std::sort(target_fars.begin(), target_fars.end(), std::greater<double>());

  Calibration result;
  result.model_id = data.model_id;
  result.source = data.source;
  result.people = data.people;
  result.pictures = data.pictures;
  result.genuine_pairs = roc.genuine_pairs();
  result.impostor_pairs = roc.impostor_pairs();
  result.confidence = options.confidence;
  const PeopleBootstrap bootstrap(data.pairs, data.people, options);
  for (const double target_far : target_fars) {
    const OperatingPoint point = roc.strict(target_far);
    if (point.threshold == std::numeric_limits<double>::infinity()) detail::refuse_far(target_far);
    CalibrationRow row;
    row.target_far = target_far;
    row.threshold = point.threshold;
    row.observed_far =
        measured_rate(point.accepted_impostors, roc.impostor_pairs(), options.confidence);
    row.observed_far.people = bootstrap.far_at(point.threshold);
    row.tar = measured_rate(point.accepted_genuine, roc.genuine_pairs(), options.confidence);
    row.tar.people = bootstrap.tar_at(point.threshold);
    result.rows.push_back(row);
  }
  check_calibration(result);
  return result;
}

}  // namespace eval
FACEIO_END_NAMESPACE

#endif  // FACEIO_EVAL_CALIBRATION_HPP
