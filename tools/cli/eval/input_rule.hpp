// The input rule of an evaluation: at which sizes the detector sees a picture.
#ifndef FACEIO_CLI_EVAL_INPUT_RULE_HPP
#define FACEIO_CLI_EVAL_INPUT_RULE_HPP

#include <faceio/pipeline/detector.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace cli {

/// Longer side that the rule short:N does not exceed, pixels: that of test_widerface.py
/// (biubug6/Pytorch_Retinaface).
inline constexpr int32_t kLongestSide_px = 2150;

struct InputRule {
  std::string name = "original";
  std::vector<int32_t> long_sides_px;  // one level each; empty: see short_side_px
  int32_t short_side_px = 0;           // 0: the picture's own size
  int32_t longest_side_px = kLongestSide_px;
  float voting_iou = 0.0f;  // 0: no voting
  bool flip = false;        // every level mirrored too
};

/// Reads `original`, `long:A+B+C`, `short:N`, `short:N:M`, `pyramid` or `best`; sides in pixels,
/// levels up to faceio::kMaxLevels. The empty string when `text` is a rule, else what is wrong
/// (CLI11's convention).
std::string parse_input_rule(const std::string& text, InputRule& rule);

/// The rule with its levels and switches: "pyramid (long sides 640+1600 px)".
std::string describe(const InputRule& rule);

/// `options` with the levels of the rule for a picture of this size.
faceio::DetectorOptions with_input_rule(faceio::DetectorOptions options, const InputRule& rule,
                                        faceio::Size picture);

}  // namespace cli

#endif  // FACEIO_CLI_EVAL_INPUT_RULE_HPP
