// The program faceio: find faces, compare them, and look at what the library does on this machine.
#include <cstdio>
#include <exception>

#include "commands.hpp"
#include "process.hpp"

namespace {

cli::Outcome run(const cli::Arguments& arguments) {
  switch (arguments.command) {
    case cli::Command::detect: return cli::run_detect(arguments);
    case cli::Command::compare: return cli::run_compare(arguments);
    case cli::Command::embed: return cli::run_embed(arguments);
    case cli::Command::models: return cli::run_models(arguments);
    case cli::Command::selftest: return cli::run_selftest(arguments);
    case cli::Command::doctor: return cli::run_doctor(arguments);
    case cli::Command::bench: return cli::run_bench(arguments);
    case cli::Command::eval: return cli::run_eval(arguments);
    case cli::Command::calibrate: return cli::run_calibrate(arguments);
  }
  return cli::Outcome::bad_input;
}

}  // namespace

int main(int argc, char** argv) {
  cli::print_utf8();
  const cli::Parsed parsed = cli::parse_arguments(cli::command_line(argc, argv));
  if (parsed.exit_code) return *parsed.exit_code;
  try {
    return static_cast<int>(run(parsed.arguments));
  } catch (const std::exception& e) {
    std::fprintf(stderr, "faceio: %s\n", e.what());
    return static_cast<int>(cli::Outcome::bad_input);
  }
}
