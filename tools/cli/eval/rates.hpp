// The FARs at which `faceio eval` states TARs, and intervals as text.
#ifndef FACEIO_CLI_EVAL_RATES_HPP
#define FACEIO_CLI_EVAL_RATES_HPP

#include <faceio/eval/intervals.hpp>
#include <faceio/eval/operating_point.hpp>

#include <string>
#include <vector>

#include "../json.hpp"
#include "../rate_text.hpp"

namespace cli {

/// By falling FAR; far_text() gives their names.
inline const std::vector<double> kTargetFars = {1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6};

/// Whether so many impostor pairs can show this FAR: one false accept is not more.
inline bool can_show(double far, size_t impostor_pairs) {
  return faceio::eval::allowed_impostors(far, impostor_pairs) > 0;
}

inline std::string interval_json(const faceio::eval::Interval& interval) {
  return "[" + json_number(interval.low) + "," + json_number(interval.high) + "]";
}

}  // namespace cli

#endif  // FACEIO_CLI_EVAL_RATES_HPP
