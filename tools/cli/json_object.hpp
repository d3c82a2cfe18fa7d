// A JSON object built key by key, on one line.
#ifndef FACEIO_CLI_JSON_OBJECT_HPP
#define FACEIO_CLI_JSON_OBJECT_HPP

#include <cstdint>
#include <string>

#include "json.hpp"

namespace cli {

/// Keys come out in the order in which they were added; the caller adds each once.
class JsonObject {
 public:
  /// null for NaN and infinities.
  JsonObject& number(const std::string& key, double value) {
    return json(key, json_number(value));
  }
  JsonObject& count(const std::string& key, uint64_t value) {
    return json(key, std::to_string(value));
  }
  JsonObject& text(const std::string& key, const std::string& value) {
    return json(key, json_string(value));
  }
  JsonObject& flag(const std::string& key, bool value) {
    return json(key, value ? "true" : "false");
  }
  /// `value` is JSON already.
  JsonObject& json(const std::string& key, const std::string& value) {
    members_ += (members_.empty() ? "" : ",") + json_string(key) + ":" + value;
    return *this;
  }

  std::string str() const { return "{" + members_ + "}"; }

 private:
  std::string members_;
};

}  // namespace cli

#endif  // FACEIO_CLI_JSON_OBJECT_HPP
