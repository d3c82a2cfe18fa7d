#include <faceio/faceio.hpp>

#include <cstdio>

#include "commands.hpp"
#include "explain.hpp"
#include "faces.hpp"
#include "json.hpp"
#include "weights.hpp"

namespace cli {
namespace {

std::string json_of_embedding(const faceio::Embedding& embedding) {
  std::string out = "\"embedding\":[";
  for (int32_t i = 0; i < embedding.size; ++i) {
    if (i > 0) out += ",";
    out += json_number(static_cast<double>(embedding.values[i]));
  }
  return out + "]";
}

void print_explanation(const faceio::FaceQuality& quality) {
  std::printf("      %s\n", text_of(quality).c_str());
  for (const std::string& limit : limits_of(quality)) std::printf("      %s\n", limit.c_str());
}

/// Pictures that are aligned crops already.
Outcome embed_crops(const Arguments& arguments) {
  faceio::host::OwnedEmbedder embedder = load_embedder(arguments);
  return for_each_image(arguments, [&](const LoadedImage& image) {
    const faceio::Embedding embedding = embedder.embed_crop(image.picture.view());
    if (arguments.json) {
      std::printf("{\"file\":%s,%s}\n", json_string(image.path).c_str(), json_of_embedding(embedding).c_str());
    } else {
      std::printf("%s  %d numbers, norm before scaling %.2f   --json prints the numbers\n", image.path.c_str(),
                  embedding.size, static_cast<double>(embedding.raw_norm));
    }
    return Outcome::done;
  });
}

}  // namespace

Outcome run_embed(const Arguments& arguments) {
  if (arguments.aligned) return embed_crops(arguments);
  faceio::host::OwnedDetector detector = load_detector(arguments);
  faceio::host::OwnedEmbedder embedder = load_embedder(arguments);
  return for_each_image(arguments, [&](const LoadedImage& image) {
    const faceio::ImageView view = image.picture.view();
    const std::vector<faceio::Face> faces = detector.detect(view);
    std::vector<std::string> extra;
    if (!arguments.json) std::printf("%s\n", heading_of(image).c_str());
    for (size_t i = 0; i < faces.size(); ++i) {
      try {
        const faceio::Embedded embedded = embedder.embed(view, faces[i].landmarks);
        extra.push_back(json_of_embedding(embedded.embedding));
        faceio::FaceQuality quality;
        if (arguments.verdict.explain) {
          quality = quality_of(view, faces[i], embedded.embedding, embedder.embedder());
          extra.back() += ",\"quality\":" + json_of(quality) + ",\"limits\":" + json_strings(limits_of(quality));
        }
        if (!arguments.json) {
          std::printf(
              " %3zu  score %.3f   %d numbers, norm before scaling %.2f   alignment residual %.1f "
              "px\n",
              i + 1, static_cast<double>(faces[i].score), embedded.embedding.size,
              static_cast<double>(embedded.embedding.raw_norm),
              static_cast<double>(embedded.alignment.residual_px));
          if (arguments.verdict.explain) print_explanation(quality);
        }
      } catch (const faceio::host::Error& e) {
        // One face that cannot be aligned must not lose the others.
        if (!concerns_landmarks(e.status())) throw;
        extra.push_back("\"embedding\":null");
        if (arguments.verdict.explain) {
          extra.back() += ",\"quality\":null,\"limits\":" + json_strings({e.what()});
        }
        std::fprintf(stderr, "faceio: %s: face %zu: %s\n", image.path.c_str(), i + 1, e.what());
      }
    }
    if (arguments.json) {
      std::printf("%s\n", json_of(image, faces, extra).c_str());
    } else {
      std::printf("%zu %s   --json prints the numbers\n", faces.size(),
                  faces.size() == 1 ? "face" : "faces");
    }
    return faces.empty() ? Outcome::no_face : Outcome::done;
  });
}

}  // namespace cli
