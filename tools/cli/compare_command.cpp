#include <faceio/faceio.hpp>

#include <cstdio>
#include <optional>

#include "commands.hpp"
#include "faces.hpp"
#include "json.hpp"
#include "weights.hpp"

namespace cli {
namespace {

struct Chosen {
  size_t index = 0;  // into the faces, best score first
  size_t count = 0;
  bool largest = false;
  faceio::Embedded embedded;
};

size_t largest_face(const std::vector<faceio::Face>& faces) {
  size_t best = 0;
  for (size_t i = 1; i < faces.size(); ++i) {
    if (faceio::area(faces[i].box) > faceio::area(faces[best].box)) best = i;
  }
  return best;
}

/// Nothing when the picture holds no face. `number` is 1-based, 0 for the largest face.
std::optional<Chosen> choose_and_embed(const std::string& path, int32_t number, const char* option,
                                       bool aligned, faceio::host::OwnedDetector& detector,
                                       faceio::host::OwnedEmbedder& embedder) {
  const LoadedImage image = load_image(path);
  if (aligned) {
    Chosen whole;
    whole.count = 1;
    whole.embedded.embedding = embedder.embed_crop(image.picture.view());
    return whole;
  }
  const std::vector<faceio::Face> faces = detector.detect(image.picture.view());
  if (faces.empty()) return std::nullopt;
  if (number > static_cast<int32_t>(faces.size())) {
    throw InputError(path + ": holds " + std::to_string(faces.size()) + " face(s), and " + option +
                     " asks for number " + std::to_string(number) + "; faceio detect lists them");
  }
  Chosen chosen;
  chosen.count = faces.size();
  chosen.largest = number == 0;
  chosen.index = number == 0 ? largest_face(faces) : static_cast<size_t>(number) - 1;
  chosen.embedded = embedder.embed(image.picture.view(), faces[chosen.index].landmarks);
  return chosen;
}

void print_choice(const std::string& path, const Chosen& chosen, const char* option) {
  const faceio::Alignment& alignment = chosen.embedded.alignment;
  std::string remark;
  if (alignment.status == faceio::AlignStatus::large_residual) {
    remark = "   extreme profile or no face: do not trust the cosine";
  } else if (alignment.status == faceio::AlignStatus::mirrored) {
    remark = "   landmarks look mirrored: do not trust the cosine";
  }
  if (chosen.largest && chosen.count > 1) {
    remark += std::string("   chose the largest; ") + option + " N for another";
  }
  std::printf("%s  face %zu of %zu   alignment residual %.1f px%s\n", path.c_str(),
              chosen.index + 1, chosen.count, static_cast<double>(alignment.residual_px),
              remark.c_str());
}

}  // namespace

Outcome run_compare(const Arguments& arguments) {
  faceio::host::OwnedDetector detector = load_detector(arguments);
  faceio::host::OwnedEmbedder embedder = load_embedder(arguments);
  const int32_t numbers[2] = {arguments.face_a, arguments.face_b};
  const char* const options[2] = {"--face-a", "--face-b"};
  std::optional<Chosen> chosen[2];
  Outcome outcome = Outcome::done;
  for (size_t i = 0; i < 2; ++i) {
    const std::string& path = arguments.images[i];
    try {
      chosen[i] =
          choose_and_embed(path, numbers[i], options[i], arguments.aligned, detector, embedder);
      if (!chosen[i]) {
        report_error(
            arguments, path,
            path + ": no face found; try a larger picture, a lower --min-score, or --min-face 8");
        outcome = worse(outcome, Outcome::no_face);
      }
    } catch (const std::exception& e) {
      report_error(arguments, path, e.what());
      outcome = Outcome::bad_input;
    }
  }
  if (outcome != Outcome::done) return outcome;

  const float cosine =
      embedder.cosine(chosen[0]->embedded.embedding, chosen[1]->embedded.embedding);
  if (arguments.json) {
    std::printf("{\"cosine\":%s}\n", json_number(static_cast<double>(cosine)).c_str());
    return outcome;
  }
  std::printf(
      "cosine %.3f   no verdict: no threshold is calibrated for this model on your pictures.\n"
      "               Rule of thumb for ArcFace-type models: the same person above a threshold "
      "between 0.32 and 0.48.\n",
      static_cast<double>(cosine));
  for (size_t i = 0; i < 2 && !arguments.aligned; ++i) {
    print_choice(arguments.images[i], *chosen[i], options[i]);
  }
  return outcome;
}

}  // namespace cli
