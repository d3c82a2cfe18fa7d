// Going through the images of a command: reading, timing, reporting what fails.
#ifndef FACEIO_CLI_IMAGES_HPP
#define FACEIO_CLI_IMAGES_HPP

#include <faceio/host/image_io.hpp>

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "arguments.hpp"
#include "outcome.hpp"

namespace cli {

class Stopwatch {
 public:
  double elapsed_ms() const {
    return std::chrono::duration<double, std::milli>(Clock::now() - start_).count();
  }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point start_ = Clock::now();
};

/// Median of at least one number; of an even number, the mean of the middle two.
double median_of(std::vector<double> values);

struct LoadedImage {
  std::string path;
  faceio::host::Picture picture;
  double decode_ms = 0.0;
};

/// Throws InputError.
LoadedImage load_image(const std::string& path);

/// Prints an error about `image` to stderr, and as a JSON line to stdout in JSON mode.
void report_error(const Arguments& arguments, const std::string& image,
                  const std::string& sentence);

/// Runs `work` on every image; one that fails is reported and the others are still processed.
/// Returns the worst outcome.
Outcome for_each_image(const Arguments& arguments,
                       const std::function<Outcome(const LoadedImage&)>& work);

}  // namespace cli

#endif  // FACEIO_CLI_IMAGES_HPP
