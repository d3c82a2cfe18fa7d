// What the CPU calls itself.
#ifndef FACEIO_CLI_CPU_NAME_HPP
#define FACEIO_CLI_CPU_NAME_HPP

#include <string>

namespace cli {

/// The brand string, or "unknown".
std::string cpu_name();

}  // namespace cli

#endif  // FACEIO_CLI_CPU_NAME_HPP
