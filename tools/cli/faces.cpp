#include "faces.hpp"

#include <faceio/vision/quality.hpp>

#include <cstdio>
#include <limits>

#include "json.hpp"

namespace cli {
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

bool concerns_landmarks(const faceio::Status& status) {
  return status.code == faceio::Errc::landmarks_degenerate ||
         status.code == faceio::Errc::landmarks_outside;
}

std::string note_on(const faceio::Face& face, faceio::Size picture) {
  const auto alignment = faceio::align_to_template(face.landmarks);
  if (!alignment) return "landmarks span no face, cannot be recognised";
  if (alignment->status == faceio::AlignStatus::mirrored) return "landmarks look mirrored";
  if (alignment->status == faceio::AlignStatus::large_residual)
    return "extreme profile, or no face";
  // A profile brings the eyes together, so size is judged after pose.
  if (faceio::eye_distance_px(face.landmarks) < kFewEyePixels) return "small, hard to recognise (< 24 px)";
  const faceio::Box inside = faceio::clamp_to(face.box, picture);
  constexpr float kMostlyInside = 0.9f;
  if (faceio::area(inside) < kMostlyInside * faceio::area(face.box))
    return "cut by the picture's edge";
  return "ok";
}

std::string levels_text(faceio::Size picture, const faceio::DetectorOptions& options) {
  std::string text;
  const faceio::Levels levels = faceio::plan_levels(picture, options);
  for (int l = 0; l < levels.count; ++l) {
    const faceio::Size size = levels.level[l].size;
    const double scale = static_cast<double>(size.width_px) / picture.width_px;
    char line[160];
    std::snprintf(line, sizeof line, "  level %d: %dx%d, anchors of %.0f to %.0f px in the picture%s%s\n",
                  l + 1, size.width_px, size.height_px,
                  static_cast<double>(faceio::retinaface_mnet025::kSmallestFace_px) / scale,
                  static_cast<double>(faceio::kMostSide_px) / scale,
                  options.flip ? ", mirrored too" : "",
                  faceio::tile_count(size) > 1 ? ", in tiles" : "");
    text += line;
  }
  return text;
}

std::string heading_of(const LoadedImage& image) {
  const faceio::Size size = image.picture.size;
  std::string heading =
      image.path + "  " + std::to_string(size.width_px) + "x" + std::to_string(size.height_px);
  const int32_t orientation = image.picture.exif_orientation;
  if (orientation != 1)
    heading += "  (turned upright from Exif orientation " + std::to_string(orientation) + ")";
  return heading;
}

std::string json_of(const LoadedImage& image, const std::vector<faceio::Face>& faces,
                    const std::vector<std::string>& extra) {
  const faceio::Size size = image.picture.size;
  std::string out = "{\"image\":" + json_string(image.path) +
                    ",\"width\":" + std::to_string(size.width_px) +
                    ",\"height\":" + std::to_string(size.height_px) + ",\"faces\":[";
  for (size_t i = 0; i < faces.size(); ++i) {
    const faceio::Face& face = faces[i];
    const faceio::Box& box = face.box;
    out += i == 0 ? "{" : ",{";
    out += "\"score\":" + json_number(static_cast<double>(face.score));
    const char* separator = ",\"box\":[";
    for (const float value : {box.x, box.y, box.width, box.height}) {
      out += separator + json_number(static_cast<double>(value));
      separator = ",";
    }
    separator = "],\"landmarks\":[[";
    for (const faceio::Point& point : face.landmarks.points) {
      out += separator + json_number(static_cast<double>(point.x)) + "," +
             json_number(static_cast<double>(point.y));
      separator = "],[";
    }
    out += "]]";
    if (!extra.empty()) out += "," + extra[i];
    out += "}";
  }
  return out + "]}";
}

}  // namespace cli
