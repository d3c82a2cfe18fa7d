// What is known about the quality of a face, and what of it limits trust, in plain words.
#ifndef FACEIO_CLI_EXPLAIN_HPP
#define FACEIO_CLI_EXPLAIN_HPP

#include <faceio/faceio.hpp>
#include <faceio/vision/quality.hpp>

#include <optional>
#include <string>
#include <vector>

#include "verdict.hpp"

namespace cli {

/// Signals of a detected face; what the picture does not tell is NaN. Throws host::Error for a face that
/// cannot be aligned.
faceio::FaceQuality quality_of(const faceio::ImageView& picture, const faceio::Face& face,
                               const faceio::Embedding& embedding, const faceio::Embedder& embedder);

/// Signals of an aligned crop (RGB8, 112x112): sharpness and norm; the others are NaN.
faceio::FaceQuality quality_of_crop(const uint8_t* crop, const faceio::Embedding& embedding);

/// One sentence for each signal that limits trust; empty when none does.
std::vector<std::string> limits_of(const faceio::FaceQuality& quality);

/// "eyes 40.7 px apart, turned -3 (yaw) 5 (pitch) 2 (roll) degrees, ..." without what is NaN.
std::string text_of(const faceio::FaceQuality& quality);

/// {"eye_distance_px":...}, null for what is NaN.
std::string json_of(const faceio::FaceQuality& quality);

/// What a cosine means beside the thresholds of a calibration, or without any.
std::vector<std::string> reasons_of(const std::optional<Judge>& judge, double cosine);

}  // namespace cli

#endif  // FACEIO_CLI_EXPLAIN_HPP
