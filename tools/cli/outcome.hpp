// Exit codes of the program.
#ifndef FACEIO_CLI_OUTCOME_HPP
#define FACEIO_CLI_OUTCOME_HPP

#include <stdexcept>

namespace cli {

/// Greater is worse; several images end with the worst of theirs.
enum class Outcome : int { done = 0, no_face = 1, bad_input = 2 };

inline Outcome worse(Outcome a, Outcome b) {
  return a > b ? a : b;
}

/// Bad usage or bad input: a sentence that says what, where, and what to do next.
class InputError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace cli

#endif  // FACEIO_CLI_OUTCOME_HPP
