#include "explain.hpp"

#include <cmath>
#include <cstdio>
#include <limits>

#include "faces.hpp"
#include "json.hpp"
#include "json_object.hpp"
#include "rate_text.hpp"

namespace cli {
namespace {

using faceio::eval::CalibrationRow;
using faceio::FaceQuality;

constexpr float kUnknown = std::numeric_limits<float>::quiet_NaN();

/// 99 of 100 faces of the 7,701 LFW pictures have these or more (faceio embed --explain --json).
constexpr double kLowSharpness = 33.0;
constexpr double kLowNorm = 51.0;
constexpr double kLowScore = 0.99;

/// 98 of 100 faces of the same pictures are turned by less, to either side and up or down.
constexpr double kLargeTurn_deg = 40.0;

std::string formatted(const char* form, double value) {
  char text[400];
  std::snprintf(text, sizeof text, form, value);
  return text;
}

FaceQuality unknown() {
  FaceQuality quality;
  quality.eye_distance_px = quality.alignment_residual_px = quality.detector_score = kUnknown;
  quality.pose = {kUnknown, kUnknown, kUnknown};
  return quality;
}

double value(float signal) { return static_cast<double>(signal); }

}  // namespace

FaceQuality quality_of(const faceio::ImageView& picture, const faceio::Face& face,
                       const faceio::Embedding& embedding, const faceio::Embedder& embedder) {
  std::vector<uint8_t> crop(faceio::Embedder::crop_bytes());
  const faceio::Alignment alignment =
      faceio::host::value_or_throw(embedder.align(picture, face.landmarks, crop.data()), "align");
  FaceQuality quality = unknown();
  if (const auto measured = faceio::measure_quality(face.landmarks, alignment, crop.data())) {
    quality = *measured;
  } else {  // no pose: the eyes coincide
    quality = quality_of_crop(crop.data(), embedding);
    quality.alignment_residual_px = alignment.residual_px;
    quality.alignment_status = alignment.status;
  }
  quality.embedding_norm = embedding.raw_norm;
  quality.detector_score = face.score;
  return quality;
}

FaceQuality quality_of_crop(const uint8_t* crop, const faceio::Embedding& embedding) {
  FaceQuality quality = unknown();
  quality.sharpness = faceio::laplacian_variance(crop, faceio::Embedder::crop_size());
  quality.embedding_norm = embedding.raw_norm;
  return quality;
}

std::vector<std::string> limits_of(const FaceQuality& quality) {
  std::vector<std::string> limits;
  if (quality.alignment_status == faceio::AlignStatus::mirrored) {
    limits.push_back("the landmarks look mirrored: do not trust the embedding");
  } else if (quality.alignment_status == faceio::AlignStatus::large_residual) {
    limits.push_back("extreme profile, or no face: do not trust the embedding");
  }
  if (quality.eye_distance_px < kFewEyePixels) {
    limits.push_back(formatted("%.1f px between the eyes: ", value(quality.eye_distance_px)) +
                     formatted("below %.0f px fewer faces of one person match (shrunk LFW pictures: 95 %% of "
                               "pairs at 43 px, 93 %% at 21, 84 %% at 13)",
                               value(kFewEyePixels)));
  }
  const auto turned = [&limits](double angle_deg, const char* positive, const char* negative) {
    if (!(std::fabs(angle_deg) > kLargeTurn_deg)) return;
    limits.push_back(std::string("turned ") + (angle_deg > 0.0 ? positive : negative) +
                     formatted(" by about %.0f degrees: ", std::fabs(angle_deg)) +
                     formatted("98 of 100 LFW faces are within %.0f; expect lower cosines with frontal ones",
                               kLargeTurn_deg));
  };
  turned(value(quality.pose.yaw_deg), "to the right", "to the left");
  turned(value(quality.pose.pitch_deg), "up", "down");
  if (value(quality.sharpness) < kLowSharpness) {
    limits.push_back(formatted("sharpness %.0f: blurred, flat or enlarged; ", value(quality.sharpness)) +
                     formatted("99 of 100 LFW faces have %.0f or more", kLowSharpness));
  }
  if (value(quality.embedding_norm) < kLowNorm) {
    limits.push_back(formatted("embedding norm %.1f: the network saw little of a face; ",
                               value(quality.embedding_norm)) +
                     formatted("99 of 100 LFW faces have %.1f or more", kLowNorm));
  }
  if (value(quality.detector_score) < kLowScore) {
    limits.push_back(formatted("detector score %.2f: perhaps no face; ", value(quality.detector_score)) +
                     formatted("99 of 100 LFW faces have %.2f or more", kLowScore));
  }
  return limits;
}

std::string text_of(const FaceQuality& quality) {
  std::string text;
  const auto add = [&text](const char* form, float signal) {
    if (std::isnan(signal)) return;
    text += (text.empty() ? "" : ", ") + formatted(form, value(signal));
  };
  add("eyes %.1f px apart", quality.eye_distance_px);
  const auto whole = [](float angle_deg) { return std::round(angle_deg) + 0.0f; };  // no -0
  add("yaw about %.0f", whole(quality.pose.yaw_deg));
  add("pitch about %.0f", whole(quality.pose.pitch_deg));
  add("roll %.0f degrees", whole(quality.pose.roll_deg));
  add("alignment residual %.1f px", quality.alignment_residual_px);
  add("sharpness %.0f", quality.sharpness);
  add("embedding norm %.1f", quality.embedding_norm);
  add("detector score %.3f", quality.detector_score);
  return text;
}

std::string json_of(const FaceQuality& quality) {
  return JsonObject()
      .number("eye_distance_px", value(quality.eye_distance_px))
      .number("yaw_deg", value(quality.pose.yaw_deg))
      .number("pitch_deg", value(quality.pose.pitch_deg))
      .number("roll_deg", value(quality.pose.roll_deg))
      .number("alignment_residual_px", value(quality.alignment_residual_px))
      .number("sharpness", value(quality.sharpness))
      .number("embedding_norm", value(quality.embedding_norm))
      .number("detector_score", value(quality.detector_score))
      .str();
}

std::vector<std::string> reasons_of(const std::optional<Judge>& judge, double cosine) {
  if (!judge) return {"no calibration, so nothing says how often strangers are as similar"};
  const CalibrationRow& row = judge->row;
  const faceio::eval::Calibration& calibration = judge->calibration;
  std::vector<std::string> reasons;
  const double accepted = std::round(row.observed_far.rate * static_cast<double>(calibration.impostor_pairs));
  reasons.push_back(formatted(judge->same(cosine) ? "%.3f above the threshold, " : "%.3f below the threshold, ",
                              std::fabs(cosine - row.threshold)) +
                    formatted("which %.0f of ", accepted) + std::to_string(calibration.impostor_pairs) +
                    " pairs of strangers and " + formatted("%.1f %% of ", 100.0 * row.tar.rate) +
                    std::to_string(calibration.genuine_pairs) + " pairs of one person reached");
  std::string same, different;
  for (const CalibrationRow& other : calibration.rows) {
    const std::string text = far_text(other.target_far) + formatted(" (%.3f)", other.threshold);
    std::string& list = cosine >= other.threshold ? same : different;
    list += (list.empty() ? "" : ", ") + text;
  }
  reasons.push_back("SAME at FAR " + (same.empty() ? "none" : same) + "; DIFFERENT at FAR " +
                    (different.empty() ? "none" : different));
  return reasons;
}

}  // namespace cli
