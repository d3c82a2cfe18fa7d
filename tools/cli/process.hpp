// What the operating system tells this process, in UTF-8 on Windows and as it is elsewhere.
#ifndef FACEIO_CLI_PROCESS_HPP
#define FACEIO_CLI_PROCESS_HPP

#include <optional>
#include <string>
#include <vector>

namespace cli {

/// What stands behind the program's name on the command line. `argc` and `argv` are those of main().
std::vector<std::string> command_line(int argc, char** argv);

/// A variable of the environment, if it is set.
std::optional<std::string> environment(const char* name);

/// The file of this program; empty when the system does not say.
std::string program_path();

/// True when stderr is a terminal, which shows progress and moves the cursor.
bool stderr_is_terminal();

/// Windows: what this process prints is UTF-8.
void print_utf8();

}  // namespace cli

#endif  // FACEIO_CLI_PROCESS_HPP
