// Text for HTML: escaping, and bytes as base64.
#ifndef FACEIO_CLI_EVAL_REPORT_TEXT_HPP
#define FACEIO_CLI_EVAL_REPORT_TEXT_HPP

#include <cstdint>
#include <string>
#include <vector>

namespace cli {

/// `text` for element content and quoted attributes. Control characters become spaces.
std::string html_text(const std::string& text);

/// RFC 4648, section 4.
std::string base64(const std::vector<uint8_t>& bytes);

}  // namespace cli

#endif  // FACEIO_CLI_EVAL_REPORT_TEXT_HPP
