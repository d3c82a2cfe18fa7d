// The protocols of `faceio eval`. Each prints its results; bad input throws.
#ifndef FACEIO_CLI_EVAL_COMMANDS_HPP
#define FACEIO_CLI_EVAL_COMMANDS_HPP

#include "../arguments.hpp"
#include "../outcome.hpp"

namespace cli {

Outcome run_eval_boxes(const Arguments& arguments);
Outcome run_eval_wider(const Arguments& arguments);
Outcome run_eval_landmarks(const Arguments& arguments);
Outcome run_eval_pairs(const Arguments& arguments);
Outcome run_eval_templates(const Arguments& arguments);

}  // namespace cli

#endif  // FACEIO_CLI_EVAL_COMMANDS_HPP
