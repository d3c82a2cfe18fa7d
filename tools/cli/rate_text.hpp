// Error rates and their intervals as text.
#ifndef FACEIO_CLI_RATE_TEXT_HPP
#define FACEIO_CLI_RATE_TEXT_HPP

#include <faceio/eval/intervals.hpp>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "json.hpp"

namespace cli {

/// "1e-4" where one digit and a power of ten say it exactly, otherwise three significant digits.
inline std::string far_text(double far) {
  char text[32];
  for (const char* const form : {"%.0e", "%.2e"}) {
    std::snprintf(text, sizeof text, form, far);
    if (std::strtod(text, nullptr) == far) break;
  }
  std::string result = text;
  const size_t zero = result.find("e-0");
  return zero == std::string::npos ? result : result.erase(zero + 2, 1);
}

/// [low,high]
inline std::string interval_json(const faceio::eval::Interval& interval) {
  return "[" + json_number(interval.low) + "," + json_number(interval.high) + "]";
}

}  // namespace cli

#endif  // FACEIO_CLI_RATE_TEXT_HPP
