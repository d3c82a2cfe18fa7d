// Options of calibrate, and those by which compare and embed judge a face.
#ifndef FACEIO_CLI_CALIBRATE_ARGUMENTS_HPP
#define FACEIO_CLI_CALIBRATE_ARGUMENTS_HPP

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace cli {

struct CalibrateArguments {
  std::string folder;
  std::vector<double> fars = {1e-3, 1e-4};
  uint64_t gallery = 1000;  // people
  std::string label;        // empty: the name of the folder
  bool aligned = false;     // the pictures are crops of Embedder::crop_size()
  std::string out_path;     // empty: no file
};

struct VerdictArguments {
  std::string calibration_path;  // empty: beside the recogniser's weights, if there is one
  std::optional<double> far;     // none: 1e-4, or the smallest that the calibration supports
  bool explain = false;
};

/// The sub-command calibrate, without --json.
CLI::App* add_calibrate(CLI::App& app, CalibrateArguments& arguments);

/// --calibration, --far and --explain of compare.
void add_verdict_options(CLI::App& compare, VerdictArguments& arguments);

/// --explain of embed.
void add_explain(CLI::App& embed, VerdictArguments& arguments);

}  // namespace cli

#endif  // FACEIO_CLI_CALIBRATE_ARGUMENTS_HPP
