#include "embedder.hpp"

#include <cmath>

#include "../faces.hpp"
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

}  // namespace

EvalEmbedder::EvalEmbedder(const Arguments& arguments, bool flip)
    : embedder_(load_embedder(arguments)),
      flip_(flip),
      crop_(empty_crop()) {}

std::vector<float> EvalEmbedder::embed_crop(const Picture& crop) {
  std::vector<float> sum;
  add_crop(crop.view(), sum);
  if (flip_) {
    mirrored_ = crop;
    const faceio::Size size = crop.size;
    for (int32_t y = 0; y < size.height_px; ++y) {
      faceio::mirror_rgb8_row(mirrored_.rgb.data() + 3 * y * size.width_px, size.width_px);
    }
    add_crop(mirrored_.view(), sum);
  }
  return sum;
}

std::optional<std::vector<float>> EvalEmbedder::embed(const faceio::ImageView& image,
                                                      const faceio::Landmarks& landmarks) {
  const auto aligned = embedder_.embedder().align(image, landmarks, crop_.rgb.data());
  if (!aligned) {
    if (concerns_landmarks(aligned.status())) return std::nullopt;
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
