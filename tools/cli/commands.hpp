// The commands. Each prints its results and returns the outcome; bad input throws.
#ifndef FACEIO_CLI_COMMANDS_HPP
#define FACEIO_CLI_COMMANDS_HPP

#include "arguments.hpp"
#include "outcome.hpp"

namespace cli {

Outcome run_detect(const Arguments& arguments);
Outcome run_compare(const Arguments& arguments);
Outcome run_embed(const Arguments& arguments);
Outcome run_models(const Arguments& arguments);
Outcome run_selftest(const Arguments& arguments);
Outcome run_doctor(const Arguments& arguments);
Outcome run_bench(const Arguments& arguments);
Outcome run_eval(const Arguments& arguments);
Outcome run_calibrate(const Arguments& arguments);

}  // namespace cli

#endif  // FACEIO_CLI_COMMANDS_HPP
