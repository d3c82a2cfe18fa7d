#include <faceio/faceio.hpp>

#include <cstdio>
#include <optional>

#include "commands.hpp"
#include "explain.hpp"
#include "faces.hpp"
#include "json.hpp"
#include "verdict.hpp"
#include "weights.hpp"

namespace cli {
namespace {

struct Chosen {
  size_t index = 0;  // into the faces, best score first
  size_t count = 0;
  bool largest = false;
  faceio::Embedded embedded;
  faceio::FaceQuality quality;  // with --explain
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
                                       const Arguments& arguments, faceio::host::OwnedDetector& detector,
                                       faceio::host::OwnedEmbedder& embedder) {
  const LoadedImage image = load_image(path);
  if (arguments.aligned) {
    Chosen whole;
    whole.count = 1;
    whole.embedded.embedding = embedder.embed_crop(image.picture.view());
    whole.quality = quality_of_crop(image.picture.rgb.data(), whole.embedded.embedding);
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
  const faceio::Face& face = faces[chosen.index];
  chosen.embedded = embedder.embed(image.picture.view(), face.landmarks);
  if (arguments.verdict.explain) {
    chosen.quality =
        quality_of(image.picture.view(), face, chosen.embedded.embedding, embedder.embedder());
  }
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

void print_json(const Arguments& arguments, const std::optional<Judge>& judge, double cosine,
                const std::optional<Chosen> (&chosen)[2]) {
  JsonObject object;
  object.number("cosine", cosine);
  add_verdict(object, judge, cosine);
  if (arguments.verdict.explain) {
    object.json("margin", judge ? json_number(cosine - judge->row.threshold) : "null")
        .json("reasons", json_strings(reasons_of(judge, cosine)));
    std::string faces;
    for (size_t i = 0; i < 2; ++i) {
      faces += (i == 0 ? "" : ",") + JsonObject()
                                         .text("image", arguments.images[i])
                                         .json("quality", json_of(chosen[i]->quality))
                                         .json("limits", json_strings(limits_of(chosen[i]->quality)))
                                         .str();
    }
    object.json("faces", "[" + faces + "]");
  }
  std::printf("%s\n", object.str().c_str());
}

void print_explanation(const Arguments& arguments, const std::optional<Judge>& judge, double cosine,
                       const std::optional<Chosen> (&chosen)[2]) {
  for (const std::string& reason : reasons_of(judge, cosine)) std::printf("  %s\n", reason.c_str());
  for (size_t i = 0; i < 2; ++i) {
    const faceio::FaceQuality& quality = chosen[i]->quality;
    std::printf("%s  %s\n", arguments.images[i].c_str(), text_of(quality).c_str());
    for (const std::string& limit : limits_of(quality)) std::printf("  %s\n", limit.c_str());
  }
}

}  // namespace

Outcome run_compare(const Arguments& arguments) {
  faceio::host::OwnedDetector detector = load_detector(arguments);
  faceio::host::OwnedEmbedder embedder = load_embedder(arguments);
  const std::optional<Judge> judge = find_judge(arguments, embedder.blob().model_id());
  const int32_t numbers[2] = {arguments.face_a, arguments.face_b};
  const char* const options[2] = {"--face-a", "--face-b"};
  std::optional<Chosen> chosen[2];
  Outcome outcome = Outcome::done;
  for (size_t i = 0; i < 2; ++i) {
    const std::string& path = arguments.images[i];
    try {
      chosen[i] =
          choose_and_embed(path, numbers[i], options[i], arguments, detector, embedder);
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

  const auto cosine = static_cast<double>(
      embedder.cosine(chosen[0]->embedded.embedding, chosen[1]->embedded.embedding));
  if (arguments.json) {
    print_json(arguments, judge, cosine, chosen);
    return outcome;
  }
  if (judge) {
    std::printf("cosine %.3f   %s\n", cosine, sentence_of(*judge, cosine).c_str());
  } else {
    std::printf(
        "cosine %.3f   no verdict: no threshold is calibrated for this model on your pictures.\n"
        "               Rule of thumb for ArcFace-type models: the same person above a threshold "
        "between 0.32 and 0.48.\n",
        cosine);
  }
  for (size_t i = 0; i < 2 && !arguments.aligned; ++i) {
    print_choice(arguments.images[i], *chosen[i], options[i]);
  }
  if (arguments.verdict.explain) print_explanation(arguments, judge, cosine, chosen);
  return outcome;
}

}  // namespace cli
