#include "input_rule.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace cli {
namespace {

constexpr const char* kForms =
    "write original, long:N, long:A+B+C, short:N, short:N:M, pyramid or best; sides are 16 to "
    "32768 pixels, at most 4 levels";

/// Whole numbers from 16 to kMaxImageSide_px parted by `separator`; empty when `text` is anything
/// else.
std::vector<int32_t> sides_of(const std::string& text, char separator) {
  constexpr long kSmallest_px = 16;
  std::vector<int32_t> sides_px;
  for (size_t at = 0; at <= text.size();) {
    const size_t end = std::min(text.find(separator, at), text.size());
    const std::string digits = text.substr(at, end - at);
    constexpr size_t kMostDigits = 5;
    if (digits.empty() || digits.size() > kMostDigits) return {};
    if (digits.find_first_not_of("0123456789") != std::string::npos) return {};
    const long side_px = std::strtol(digits.c_str(), nullptr, 10);
    if (side_px < kSmallest_px || side_px > faceio::kMaxImageSide_px) return {};
    sides_px.push_back(static_cast<int32_t>(side_px));
    at = end + 1;
  }
  return sides_px;
}

std::string joined(const std::vector<int32_t>& sides_px) {
  std::string text;
  for (const int32_t side_px : sides_px) {
    text += (text.empty() ? "" : "+") + std::to_string(side_px);
  }
  return text;
}

}  // namespace

std::string parse_input_rule(const std::string& text, InputRule& rule) {
  InputRule parsed;
  parsed.name = text;
  const size_t colon = text.find(':');
  const std::string kind = text.substr(0, colon);
  const std::string rest = colon == std::string::npos ? "" : text.substr(colon + 1);
  if (text == "pyramid") {
    parsed.long_sides_px = {640, 1600};
  } else if (text == "best") {
    parsed.long_sides_px = {640, 960, 1280, 1920};
    parsed.voting_iou = faceio::kVotingIou;
  } else if (kind == "long" && !rest.empty()) {
    parsed.long_sides_px = sides_of(rest, '+');
    const size_t levels = parsed.long_sides_px.size();
    if (levels == 0 || levels > faceio::kMaxLevels) return kForms;
  } else if (kind == "short" && !rest.empty()) {
    const std::vector<int32_t> sides_px = sides_of(rest, ':');
    if (sides_px.empty() || sides_px.size() > 2) return kForms;
    parsed.short_side_px = sides_px[0];
    if (sides_px.size() == 2) parsed.longest_side_px = sides_px[1];
    if (parsed.longest_side_px < parsed.short_side_px) {
      return "the longer side of short:N:M is at least the shorter one";
    }
  } else if (text != "original") {
    return kForms;
  }
  rule = parsed;
  return {};
}

std::string describe(const InputRule& rule) {
  std::string text = rule.name;
  const std::string levels = joined(rule.long_sides_px);
  if (!levels.empty() && rule.name != "long:" + levels) {
    text += " (long sides " + levels + " px)";
  } else if (rule.short_side_px > 0) {
    text += " (longer side at most " + std::to_string(rule.longest_side_px) + " px)";
  }
  if (rule.voting_iou > 0.0f) {
    char vote[32];
    std::snprintf(vote, sizeof vote, ", vote %g", static_cast<double>(rule.voting_iou));
    text += vote;
  }
  return rule.flip ? text + ", flip" : text;
}

faceio::DetectorOptions with_input_rule(faceio::DetectorOptions options, const InputRule& rule,
                                        faceio::Size picture) {
  std::fill(std::begin(options.long_sides_px), std::end(options.long_sides_px), 0);
  std::copy(rule.long_sides_px.begin(), rule.long_sides_px.end(), options.long_sides_px);
  if (rule.short_side_px > 0) {
    const auto shorter = static_cast<double>(std::min(picture.width_px, picture.height_px));
    const auto longer = static_cast<double>(std::max(picture.width_px, picture.height_px));
    const double wanted_px = std::round(rule.short_side_px * longer / shorter);
    options.long_sides_px[0] =
        static_cast<int32_t>(std::min<double>(wanted_px, rule.longest_side_px));
  }
  options.voting_iou = rule.voting_iou;
  options.flip = rule.flip;
  return options;
}

}  // namespace cli
