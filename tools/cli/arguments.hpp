// The command line as data.
#ifndef FACEIO_CLI_ARGUMENTS_HPP
#define FACEIO_CLI_ARGUMENTS_HPP

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <faceio/weights/format.hpp>

#include "calibrate/arguments.hpp"
#include "eval/arguments.hpp"

namespace cli {

enum class Command { detect, compare, embed, models, selftest, doctor, bench, eval, calibrate };

struct Arguments {
  Command command = Command::doctor;
  std::string detector_path;    // empty: look in the usual places
  std::string recogniser_path;  // empty: look in the usual places
  faceio::Precision precision = faceio::Precision::fp32;  // of the weights in the usual places
  std::vector<std::string> images;
  std::string annotated_path;  // empty: none
  bool json = false;
  int32_t min_face_px = 0;
  int32_t max_face_px = 0;
  bool flip = false;
  bool voting = false;
  bool verbose = false;
  float min_score = 0.6f;
  int32_t face_a = 0;  // 1-based rank by score; 0: the largest face
  int32_t face_b = 0;
  bool aligned = false;  // compare, embed: the pictures are crops of Embedder::crop_size()
  int32_t width_px = 640;
  int32_t height_px = 480;
  EvalArguments eval;
  CalibrateArguments calibrate;
  VerdictArguments verdict;
};

/// Parsed arguments, or the exit code after help, version or a usage error was printed.
struct Parsed {
  Arguments arguments;
  std::optional<int> exit_code;
};

Parsed parse_arguments(const std::vector<std::string>& words);

}  // namespace cli

#endif  // FACEIO_CLI_ARGUMENTS_HPP
