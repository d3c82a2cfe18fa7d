// The options of `faceio eval`.
#ifndef FACEIO_CLI_EVAL_ARGUMENTS_HPP
#define FACEIO_CLI_EVAL_ARGUMENTS_HPP

#include <cstddef>
#include <optional>
#include <string>

#include "input_rule.hpp"

namespace CLI {
class App;
}

namespace cli {

struct Arguments;

enum class EvalProtocol { boxes, wider, landmarks, pairs, templates };

struct EvalArguments {
  EvalProtocol protocol = EvalProtocol::boxes;
  std::string images_folder;
  std::string truth_path;
  std::string landmarks_path;
  std::string pairs_path;
  std::string faces_path;
  std::string predictions_path;  // wider: a folder or a file; empty: run the detector
  std::string html_path;         // empty: no page
  std::string wider_protocol = "matlab";
  std::string subset;  // wider; empty: all that the truth has
  InputRule input;
  std::optional<float> min_score;    // empty: the default of the protocol
  std::optional<float> voting_iou;   // overrides the input rule
  bool flip_detect = false;          // adds to the input rule
  bool aligned = false;              // pairs: the pictures are crops of Embedder::crop_size()
  bool flip = false;                 // embeddings of the mirrored crop are added
  bool score_weighting = false;      // templates
  bool skip_unreadable = false;
  std::optional<size_t> folds;       // pairs; empty: those of the list, or 10
  size_t bootstrap_replicates = 0;   // templates; 0: none
};

/// Adds the command and what stands below it; parsing fills `arguments.eval` and `arguments.json`.
CLI::App* add_eval_command(CLI::App& app, Arguments& arguments);

}  // namespace cli

#endif  // FACEIO_CLI_EVAL_ARGUMENTS_HPP
