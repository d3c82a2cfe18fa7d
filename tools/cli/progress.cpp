#include "progress.hpp"

#include <cstdio>
#include <utility>

#include "process.hpp"

namespace cli {

Progress::Progress(std::string unit, size_t total)
    : unit_(std::move(unit)), total_(total), terminal_(stderr_is_terminal()) {}

void Progress::step() {
  const size_t before = done_++;
  if (!terminal_) return;
  constexpr double kEvery_ms = 250.0;
  const double elapsed_ms = watch_.elapsed_ms();
  if (elapsed_ms < shown_ms_ + kEvery_ms) return;
  shown_ms_ = elapsed_ms;
  visible_ = true;
  const double left_s = before == 0 ? 0.0
                                    : elapsed_ms / 1000.0 / static_cast<double>(before) *
                                          static_cast<double>(total_ - before);
  std::fprintf(stderr, "\r\033[K%zu of %zu %s, about %.0f s left", before, total_, unit_.c_str(), left_s);
  std::fflush(stderr);
}

void Progress::clear() {
  if (!visible_) return;
  std::fprintf(stderr, "\r\033[K");
  std::fflush(stderr);
  visible_ = false;
}

}  // namespace cli
