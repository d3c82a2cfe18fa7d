// Error rates as people write them.
#ifndef FACEIO_CLI_RATE_TEXT_HPP
#define FACEIO_CLI_RATE_TEXT_HPP

#include <cstdio>
#include <cstdlib>
#include <string>

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

}  // namespace cli

#endif  // FACEIO_CLI_RATE_TEXT_HPP
