#include "weights.hpp"

#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <vector>

#include "outcome.hpp"

namespace cli {
namespace {

std::vector<std::filesystem::path> weight_folders() {
  std::vector<std::filesystem::path> folders;
  const char* named = std::getenv("FACEIO_WEIGHTS");
  if (named != nullptr && named[0] != '\0') folders.emplace_back(named);
  folders.emplace_back("weights");
  std::error_code failed;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", failed);
  if (!failed) folders.push_back((program.parent_path() / "../../weights").lexically_normal());
#if defined(FACEIO_DEFAULT_WEIGHTS_DIR)
  folders.emplace_back(FACEIO_DEFAULT_WEIGHTS_DIR);
#endif
  return folders;
}

}  // namespace

std::string weights_path(const Arguments& arguments, Network network) {
  const bool detector = network == Network::detector;
  const std::string& asked = detector ? arguments.detector_path : arguments.recogniser_path;
  if (!asked.empty()) return asked;
  const char* file = detector ? "retinaface_mnet025.fiow" : "mobilefacenet_192.fiow";
  std::string places;
  for (const auto& folder : weight_folders()) {
    const auto path = folder / file;
    std::error_code failed;
    if (std::filesystem::exists(path, failed)) return path.string();
    places += (places.empty() ? "" : ", ") + folder.string();
  }
  throw InputError(std::string(file) + " is in none of these folders: " + places + "; pass " +
                   (detector ? "--detector" : "--recogniser") +
                   " PATH, set FACEIO_WEIGHTS, or make it with tools/convert/convert.py");
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
