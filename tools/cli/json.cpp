#include "json.hpp"

#include <cmath>
#include <cstdio>

namespace cli {
namespace {

/// Bytes of the UTF-8 sequence at `at` (Unicode 15, table 3-7), 0 when it is not well-formed.
size_t utf8_length(const std::string& text, size_t at) {
  const auto byte = [&](size_t i) -> unsigned {
    return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0u;
  };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  size_t length = 0;
  unsigned low = 0x80;
  unsigned high = 0xBF;
  if (first >= 0xC2 && first <= 0xDF) {
    length = 2;
  } else if (first >= 0xE0 && first <= 0xEF) {
    length = 3;
    if (first == 0xE0) low = 0xA0;
    if (first == 0xED) high = 0x9F;  // surrogates
  } else if (first >= 0xF0 && first <= 0xF4) {
    length = 4;
    if (first == 0xF0) low = 0x90;
    if (first == 0xF4) high = 0x8F;
  } else {
    return 0;
  }
  if (byte(1) < low || byte(1) > high) return 0;
  for (size_t i = 2; i < length; ++i) {
    if (byte(i) < 0x80 || byte(i) > 0xBF) return 0;
  }
  return length;
}

}  // namespace

std::string json_string(const std::string& text) {
  std::string out = "\"";
  for (size_t at = 0; at < text.size();) {
    const size_t length = utf8_length(text, at);
    const char c = text[at];
    if (length == 0) {
      out += "\\ufffd";
      ++at;
    } else if (length > 1) {
      out.append(text, at, length);
      at += length;
    } else {
      if (c == '"' || c == '\\') {
        out += '\\';
        out += c;
      } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
        char escape[8];
        std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(c));
        out += escape;
      } else {
        out += c;
      }
      ++at;
    }
  }
  return out + "\"";
}

std::string json_number(double value) {
  if (!std::isfinite(value)) return "null";
  char text[32];
  std::snprintf(text, sizeof text, "%.9g", value);
  return text;
}

std::string json_strings(const std::vector<std::string>& texts) {
  std::string out = "[";
  for (const std::string& text : texts) out += (out.size() > 1 ? "," : "") + json_string(text);
  return out + "]";
}

std::string json_error(const std::string& image, const std::string& sentence) {
  return "{\"image\":" + json_string(image) + ",\"error\":" + json_string(sentence) + "}";
}

std::string json_as_lines(const std::string& json, int indent) {
  std::string out;
  int depth = 0;
  int list_depth = 0;
  bool in_string = false;
  const auto new_line = [&] {
    if (!out.empty() && out.back() != '\n') out += '\n';
    out.append(static_cast<size_t>(indent + 2 * (depth - 1)), ' ');
  };
  for (size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (in_string) {
      if (c == '\\' && i + 1 < json.size()) {
        const char escaped = json[++i];
        if (escaped != '"' && escaped != '\\' && escaped != '/') out += c;
        out += escaped;
      } else if (c == '"') {
        in_string = false;
      } else {
        out += c;
      }
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{') {
      ++depth;
      new_line();
    } else if (c == '}') {
      --depth;
    } else if (c == '[' || c == ']') {
      list_depth += c == '[' ? 1 : -1;
    } else if (c == ',' && list_depth == 0) {
      new_line();
    } else if (c == ',' || c == ':') {
      out += c;
      out += ' ';
    } else {
      out += c;
    }
  }
  return out + "\n";
}

}  // namespace cli
