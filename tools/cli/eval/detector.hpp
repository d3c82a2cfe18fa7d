// The detector of an evaluation: one input rule for all pictures, each detection timed.
#ifndef FACEIO_CLI_EVAL_DETECTOR_HPP
#define FACEIO_CLI_EVAL_DETECTOR_HPP

#include <faceio/eval/box_lists.hpp>
#include <faceio/faceio.hpp>

#include <string>
#include <vector>

#include "../images.hpp"
#include "../json_object.hpp"

namespace cli {

class EvalDetector {
 public:
  /// Uses the score, input rule and switches of `arguments.eval`; `default_min_score` where the
  /// command line names none.
  EvalDetector(const Arguments& arguments, float default_min_score);

  /// Best first. Throws InputError that names the picture.
  std::vector<faceio::Face> detect(const LoadedImage& image);

  /// Milliseconds a picture, decoding not included; NaN before the first picture.
  double median_ms() const;

  /// Adds input, min_score, latency_ms, isa, detector.
  void describe_in(JsonObject& object) const;

  /// The same as a line for people.
  std::string line() const;

 private:
  InputRule rule_;
  faceio::DetectorOptions options_;
  faceio::host::OwnedDetector detector_;
  std::vector<double> times_ms_;
};

faceio::eval::ScoredBox scored_box_of(const faceio::Face& face);
std::vector<faceio::eval::ScoredBox> scored_boxes_of(const std::vector<faceio::Face>& faces);

}  // namespace cli

#endif  // FACEIO_CLI_EVAL_DETECTOR_HPP
