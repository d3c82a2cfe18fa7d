#include "weights.hpp"

#include <cinttypes>
#include <cstdio>
#include <filesystem>
#include <vector>

#include "outcome.hpp"
#include "process.hpp"

namespace cli {
namespace {

std::vector<std::filesystem::path> weight_folders() {
  std::vector<std::filesystem::path> folders;
  const std::string named = environment("FACEIO_WEIGHTS").value_or("");
  if (!named.empty()) folders.emplace_back(named);
  folders.emplace_back("weights");
  const std::filesystem::path program = program_path();
  if (!program.empty()) folders.push_back((program.parent_path() / "../../weights").lexically_normal());
#if defined(FACEIO_DEFAULT_WEIGHTS_DIR)
  folders.emplace_back(FACEIO_DEFAULT_WEIGHTS_DIR);
#endif
  return folders;
}

std::string file_name(Network network, faceio::Precision precision) {
  const std::string model = network == Network::detector ? "retinaface_mnet025" : "mobilefacenet_192";
  const bool fp32 = precision == faceio::Precision::fp32;
  return model + (fp32 ? "" : std::string(".") + name(precision)) + ".fiow";
}

const char* maker_of(faceio::Precision precision) {
  return precision == faceio::Precision::int8 ? "quantise/quantise.py" : "convert/convert.py";
}

}  // namespace

std::string weights_path(const Arguments& arguments, Network network) {
  const bool detector = network == Network::detector;
  const std::string& asked = detector ? arguments.detector_path : arguments.recogniser_path;
  if (!asked.empty()) return asked;
  const std::string file = file_name(network, arguments.precision);
  std::string places;
  for (const auto& folder : weight_folders()) {
    const auto path = folder / file;
    std::error_code failed;
    if (std::filesystem::exists(path, failed)) return path.string();
    places += (places.empty() ? "" : ", ") + folder.string();
  }
  throw InputError(file + " is in none of these folders: " + places + "; pass " +
                   (detector ? "--detector" : "--recogniser") +
                   " PATH, set FACEIO_WEIGHTS, or make it with tools/" + maker_of(arguments.precision));
}

bool has_default_weights(Network network, faceio::Precision precision) {
  for (const auto& folder : weight_folders()) {
    std::error_code failed;
    if (std::filesystem::exists(folder / file_name(network, precision), failed)) return true;
  }
  return false;
}

std::string model_id_text(uint64_t model_id) {
  char text[17];
  std::snprintf(text, sizeof text, "%016" PRIx64, model_id);
  return text;
}

faceio::host::OwnedDetector load_detector(const Arguments& arguments) {
  faceio::DetectorOptions options;
  options.min_score = arguments.min_score;
  options.min_face_px = arguments.min_face_px;
  options.max_face_px = arguments.max_face_px;
  options.flip = arguments.flip;
  if (arguments.voting) options.voting_iou = faceio::kVotingIou;
  return faceio::host::OwnedDetector::load(weights_path(arguments, Network::detector), options);
}

faceio::host::OwnedEmbedder load_embedder(const Arguments& arguments) {
  return faceio::host::OwnedEmbedder::load(weights_path(arguments, Network::recogniser));
}

}  // namespace cli
