// How far a long command has come, with the time that is left.
#ifndef FACEIO_CLI_PROGRESS_HPP
#define FACEIO_CLI_PROGRESS_HPP

#include <cstddef>
#include <string>

#include "images.hpp"

namespace cli {

/// One line on stderr that overwrites itself, a few times a second; nothing when stderr is no terminal.
class Progress {
 public:
  Progress(std::string unit, size_t total);
  ~Progress() { clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// Before each item.
  void step();
  /// Removes the line, so that something else can be printed; the next step shows it again.
  void clear();

 private:
  std::string unit_;
  size_t total_;
  size_t done_ = 0;
  double shown_ms_ = 0.0;
  bool terminal_;
  bool visible_ = false;
  Stopwatch watch_;
};

}  // namespace cli

#endif  // FACEIO_CLI_PROGRESS_HPP
