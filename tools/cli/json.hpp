// JSON text: strings, numbers, and a reader-friendly listing.
#ifndef FACEIO_CLI_JSON_HPP
#define FACEIO_CLI_JSON_HPP

#include <string>
#include <vector>

namespace cli {

/// `text` quoted and escaped. Bytes that are not UTF-8 (file names may hold any) become U+FFFD.
std::string json_string(const std::string& text);

/// Shortest of the forms that bring every float back exactly; null for NaN and infinities.
std::string json_number(double value);

/// ["...","..."]
std::string json_strings(const std::vector<std::string>& texts);

/// {"image":path,"error":sentence}
std::string json_error(const std::string& image, const std::string& sentence);

/// Compact JSON as indented lines "key: value" without quotes and brackets, for people.
std::string json_as_lines(const std::string& json, int indent);

}  // namespace cli

#endif  // FACEIO_CLI_JSON_HPP
