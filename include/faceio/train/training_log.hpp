// What a training says of itself: JSON Lines for programs, a line for a person.
#ifndef FACEIO_TRAIN_TRAINING_LOG_HPP
#define FACEIO_TRAIN_TRAINING_LOG_HPP

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>
#include <vector>

#include "../files/path.hpp"
#include "../files/read_file.hpp"
#include "../files/write_file.hpp"
#include "matrix.hpp"

FACEIO_BEGIN_NAMESPACE
namespace train {

/// After a step.
struct StepReport {
  int64_t step = 0;          // done so far
  int64_t steps = 0;         // of the whole training
  int64_t epoch = 0;         // of the batch, from 0
  double loss = 0.0;         // of the batch, before the step
  double rate = 0.0;
  double elapsed_s = 0.0;    // since run() began
  double remaining_s = 0.0;  // estimate
};

/// One JSON object, without the end of the line. `members`: others of yours, as they stand in JSON.
inline std::string json_line(const StepReport& r, const std::string& members = "") {
  char text[256];
  std::snprintf(text, sizeof text,
                "{\"step\":%lld,\"epoch\":%lld,\"loss\":%.9g,\"rate\":%.9g,\"elapsed_s\":%.3f,\"remaining_s\":%.3f",
                static_cast<long long>(r.step), static_cast<long long>(r.epoch), r.loss, r.rate, r.elapsed_s,
                r.remaining_s);
  return text + (members.empty() ? "" : "," + members) + "}";
}

/// For a person: how far, how well, how long still.
inline std::string progress_line(const StepReport& r) {
  char text[160];
  std::snprintf(text, sizeof text, "step %lld of %lld, loss %.4g, rate %.3g, %.0f s left",
                static_cast<long long>(r.step), static_cast<long long>(r.steps), r.loss, r.rate, r.remaining_s);
  return text;
}

/// A file with a line for each step, each step once, also when a training was cut short and went on. A line is in the
/// file when write() returns. Not for several threads at once.
class TrainingLog {
 public:
  /// Keeps the lines of the first `steps_done` steps that an earlier run has written there. Throws Error when the file
  /// cannot be read or written.
  TrainingLog(const std::string& path, int64_t steps_done) : path_(path) {
    const std::string kept = steps_done > 0 ? lines_until(steps_done) : "";
    std::string error;
    const auto* const bytes = static_cast<const uint8_t*>(static_cast<const void*>(kept.data()));
    if (!files::write_file(path, {bytes, kept.size()}, error)) throw Error(error);
    file_.open(files::utf8_path(path), std::ios::app);
  }

  /// Throws Error when the line cannot be written.
  void write(const StepReport& report, const std::string& members = "") {
    file_ << json_line(report, members) << '\n' << std::flush;
    if (!file_) throw Error(path_ + ": the log cannot be written; is there room, and may you write there?");
  }

 private:
  /// The whole lines of the first steps; none when there is no file.
  std::string lines_until(int64_t steps_done) const {
    std::error_code unknown;  // reading says more
    if (!std::filesystem::exists(files::utf8_path(path_), unknown) && !unknown) return "";
    constexpr size_t kLargest_bytes = SIZE_MAX / 4;
    std::vector<uint8_t> before;
    std::string error, kept;
    if (!files::read_file(path_, kLargest_bytes, before, error)) throw Error(error);
    for (size_t begin = 0, end = 0; end < before.size(); ++end) {
      if (before[end] != '\n') continue;
      const std::string line(before.begin() + static_cast<ptrdiff_t>(begin), before.begin() + static_cast<ptrdiff_t>(end) + 1);
      begin = end + 1;
      long long step = 0;
      if (std::sscanf(line.c_str(), "{\"step\":%lld,", &step) == 1 && step <= steps_done) kept += line;
    }
    return kept;
  }

  std::string path_;
  std::ofstream file_;
};

}  // namespace train
FACEIO_END_NAMESPACE

#endif  // FACEIO_TRAIN_TRAINING_LOG_HPP
