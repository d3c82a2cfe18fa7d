#include "embedder.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "detector.hpp"
#include "../weights.hpp"

namespace cli {
namespace {

using faceio::host::Picture;

Picture empty_crop() {
  Picture crop;
  crop.size = faceio::Embedder::crop_size();
  crop.rgb.resize(faceio::Embedder::crop_bytes());
  return crop;
}

/// `mirrored` becomes `picture` with left and right swapped. Precondition: equal sizes.
void mirror(const Picture& picture, Picture& mirrored) {
  const auto width = static_cast<size_t>(picture.size.width_px);
  for (size_t row = 0; row < picture.rgb.size(); row += 3 * width) {
    for (size_t x = 0; x < width; ++x) {
      const auto from = picture.rgb.begin() + static_cast<ptrdiff_t>(row + 3 * x);
      const auto to = mirrored.rgb.begin() + static_cast<ptrdiff_t>(row + 3 * (width - 1 - x));
      std::copy(from, from + 3, to);
    }
  }
}

}  // namespace

size_t most_central_face(const std::vector<faceio::Face>& faces, faceio::Size picture) {
  size_t best = 0;
  double best_value = -std::numeric_limits<double>::infinity();
  for (size_t i = 0; i < faces.size(); ++i) {
    const faceio::Box& box = faces[i].box;
    const double width = static_cast<double>(box.width);
    const double height = static_cast<double>(box.height);
    const double dx = static_cast<double>(box.x) + width / 2.0 - picture.width_px / 2.0;
    const double dy = static_cast<double>(box.y) + height / 2.0 - picture.height_px / 2.0;
    const double value = width * height - 2.0 * (dx * dx + dy * dy);
    if (value > best_value) {
      best_value = value;
      best = i;
    }
  }
  return best;
}

EvalEmbedder::EvalEmbedder(const Arguments& arguments, bool flip)
    : embedder_(load_embedder(arguments)),
      flip_(flip),
      crop_(empty_crop()),
      mirrored_(empty_crop()) {}

std::vector<float> EvalEmbedder::embed_crop(const Picture& crop) {
  std::vector<float> sum;
  add_crop(crop.view(), sum);
  if (flip_) {
    mirror(crop, mirrored_);
    add_crop(mirrored_.view(), sum);
  }
  return sum;
}

std::optional<std::vector<float>> EvalEmbedder::embed(const faceio::ImageView& image,
                                                      const faceio::Landmarks& landmarks) {
  const auto aligned = embedder_.embedder().align(image, landmarks, crop_.rgb.data());
  if (!aligned) {
    const faceio::Errc code = aligned.status().code;
    const bool no_face =
        code == faceio::Errc::landmarks_degenerate || code == faceio::Errc::landmarks_outside;
    if (no_face) return std::nullopt;
    throw faceio::host::Error("align", aligned.status());
  }
  return embed_crop(crop_);
}

std::string EvalEmbedder::model_id() const { return model_id_text(embedder_.blob().model_id()); }

void EvalEmbedder::add_crop(const faceio::ImageView& crop, std::vector<float>& sum) {
  const faceio::Embedding embedding = embedder_.embed_crop(crop);
  sum.resize(static_cast<size_t>(embedding.size));
  for (size_t i = 0; i < sum.size(); ++i) sum[i] += embedding.raw_norm * embedding.values[i];
}

std::optional<std::vector<float>> unit_vector(std::vector<float> values) {
  const double norm = std::sqrt(cosine_of(values, values));
  if (!(norm > 0.0) || !std::isfinite(norm)) return std::nullopt;
  for (float& value : values) value = static_cast<float>(static_cast<double>(value) / norm);
  return values;
}

double cosine_of(const std::vector<float>& a, const std::vector<float>& b) {
  double sum = 0.0;
  for (size_t i = 0; i < a.size(); ++i) {
    sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  }
  return sum;
}

}  // namespace cli
