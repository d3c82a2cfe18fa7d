// How far a face can be trusted for recognition: pixels between the eyes, pose, sharpness. All functions are
// pure and safe to call from any thread.
#ifndef FACEIO_VISION_QUALITY_HPP
#define FACEIO_VISION_QUALITY_HPP

#include "../core/image_view.hpp"
#include "align.hpp"

FACEIO_BEGIN_NAMESPACE

/// Where a head is turned, degrees, as seen in the picture. Zero: upright and facing the camera.
struct HeadPose {
  float yaw_deg = 0.0f;    // -90..90, positive: towards the right of the picture
  float pitch_deg = 0.0f;  // -90..90, positive: up
  float roll_deg = 0.0f;   // -180..180, positive: clockwise in the picture
};

/// What is known about one face. A signal, not a verdict: which values are good enough depends on the use.
struct FaceQuality {
  float eye_distance_px = 0.0f;        // picture pixels
  HeadPose pose;
  float alignment_residual_px = 0.0f;  // Alignment::residual_px, crop pixels
  AlignStatus alignment_status = AlignStatus::ok;
  float sharpness = 0.0f;              // laplacian_variance of the aligned crop, squared grey levels
  float embedding_norm = 0.0f;         // Embedding::raw_norm
  float detector_score = 0.0f;         // Face::score, 0..1
};

namespace detail {

/// Degrees of the angle whose tangent is `tangent`, without libm. Error below 1e-9 degrees.
constexpr double arctangent_deg(double tangent) noexcept {
  constexpr double kDegrees = 57.29577951308232;
  if (!(tangent >= 0.0)) return tangent < 0.0 ? -arctangent_deg(-tangent) : tangent;
  if (tangent > 1.0) return 90.0 - arctangent_deg(1.0 / tangent);
  constexpr double kEighthTurn = 0.4142135623730951;  // tan(45 / 2 degrees)
  if (tangent > kEighthTurn) return 45.0 + arctangent_deg((tangent - 1.0) / (tangent + 1.0));
  double power = tangent, sum = 0.0;
  for (int odd = 1; odd < 40; odd += 2, power *= -tangent * tangent) sum += power / odd;
  return kDegrees * sum;
}

/// Degrees of the direction (x, y), -180..180, clockwise in pictures. Precondition: not both are 0.
constexpr double direction_deg(double x, double y) noexcept {
  if (x == 0.0) return y > 0.0 ? 90.0 : -90.0;
  const double angle = arctangent_deg(y / x);
  return x > 0.0 ? angle : y >= 0.0 ? angle + 180.0 : angle - 180.0;
}

/// Offsets from the middle of the eyes, along and across the line of the eyes, in distances of the eyes.
struct FaceOffsets {
  double eye_x_px = 0.0, eye_y_px = 0.0;  // from the left eye to the right one
  double nose_along = 0.0, nose_across = 0.0, mouth_across = 0.0;
};

/// Precondition: the eyes do not coincide.
constexpr FaceOffsets face_offsets(const Landmarks& landmarks) noexcept {
  const Point* const p = landmarks.points;
  const double left_x = p[kEyeImageLeft].x, left_y = p[kEyeImageLeft].y;
  const double right_x = p[kEyeImageRight].x, right_y = p[kEyeImageRight].y;
  const double mouth_left_x = p[kMouthImageLeft].x, mouth_left_y = p[kMouthImageLeft].y;
  const double mouth_right_x = p[kMouthImageRight].x, mouth_right_y = p[kMouthImageRight].y;
  const double middle_x = (left_x + right_x) / 2, middle_y = (left_y + right_y) / 2;
  const double nose_x = p[kNose].x - middle_x, nose_y = p[kNose].y - middle_y;
  const double mouth_x = (mouth_left_x + mouth_right_x) / 2 - middle_x;
  const double mouth_y = (mouth_left_y + mouth_right_y) / 2 - middle_y;
  FaceOffsets offsets;
  offsets.eye_x_px = right_x - left_x;
  offsets.eye_y_px = right_y - left_y;
  const double x = offsets.eye_x_px, y = offsets.eye_y_px, square = x * x + y * y;
  offsets.nose_along = (nose_x * x + nose_y * y) / square;
  offsets.nose_across = (nose_y * x - nose_x * y) / square;
  offsets.mouth_across = (mouth_y * x - mouth_x * y) / square;
  return offsets;
}

}  // namespace detail

/// Distance of the two eye landmarks, picture pixels.
constexpr float eye_distance_px(const Landmarks& landmarks) noexcept {
  const Point &left = landmarks.points[kEyeImageLeft], &right = landmarks.points[kEyeImageRight];
  const double x = static_cast<double>(right.x) - static_cast<double>(left.x);
  const double y = static_cast<double>(right.y) - static_cast<double>(left.y);
  return static_cast<float>(detail::square_root(x * x + y * y));
}

/// How far the nose stands out before the line of the eyes, in distances of the eyes: at yaw y it moves
/// sideways by kNoseProtrusion tan(y). From the 175 faces of AFW (Zhu and Ramanan, CVPR 2012) with annotated
/// pose and landmarks: medians of 0.13 at 15 degrees and 0.29 at 30.
inline constexpr double kNoseProtrusion = 0.5;

/// How the place of the nose between eyes (0) and mouth (1) moves with pitch p: by -kNoseRise tan(p). From
/// the same faces: medians of 0.655 at -23 degrees and 0.343 at 23.
inline constexpr double kNoseRise = 0.37;

/// Pose from five points, under weak perspective, with (u, v) the nose's offset from the middle of the eyes
/// along and across the line of the eyes, m the mouth's offset across it, and u0, v0, m0 the template's, all in
/// distances of the eyes:
///
///   roll  = direction of the line of the eyes
///   yaw   = atan((u - u0) / kNoseProtrusion)
///   pitch = atan((v0 / m0 - v / m) / kNoseRise)
///
/// Roll is as exact as the eyes. Yaw and pitch are rough: everybody's nose differs. With the landmarks of
/// Detector, beside AFW's annotations (steps of 15 degrees, 209 faces of yaw up to 45), half of the yaws are
/// within 6 degrees and nine of ten within 12; half of the pitches within 12 and nine of ten within 27, and
/// the median pitch reads 9 degrees too low. Beyond a yaw of 45 degrees the far eye is guessed, and the result
/// stays near 55: large angles only mean "large". Error: landmarks_degenerate when a coordinate is not
/// finite or beyond 1e6 pixels, the eyes coincide, or the mouth lies on the line of the eyes.
constexpr Result<HeadPose> estimate_pose(const Landmarks& landmarks) noexcept {
  constexpr float kCoordinateLimit_px = 1e6f;
  for (const Point& p : landmarks.points) {
    const bool finite = p.x > -kCoordinateLimit_px && p.x < kCoordinateLimit_px && p.y > -kCoordinateLimit_px &&
                        p.y < kCoordinateLimit_px;
    if (!finite) return Errc::landmarks_degenerate;
  }
  if (!(eye_distance_px(landmarks) >= kSmallestSpread_px)) return Errc::landmarks_degenerate;
  const detail::FaceOffsets face = detail::face_offsets(landmarks);
  constexpr double kSmallestMouthOffset = 1e-6;
  if (face.mouth_across > -kSmallestMouthOffset && face.mouth_across < kSmallestMouthOffset) {
    return Errc::landmarks_degenerate;
  }
  const detail::FaceOffsets frontal = detail::face_offsets(kArcFaceTemplate);
  HeadPose pose;
  pose.roll_deg = static_cast<float>(detail::direction_deg(face.eye_x_px, face.eye_y_px));
  pose.yaw_deg =
      static_cast<float>(detail::arctangent_deg((face.nose_along - frontal.nose_along) / kNoseProtrusion));
  pose.pitch_deg = static_cast<float>(detail::arctangent_deg(
      (frontal.nose_across / frontal.mouth_across - face.nose_across / face.mouth_across) / kNoseRise));
  return pose;
}

/// Variance of the Laplacian (kernel 0 1 0, 1 -4 1, 0 1 0) over all pixels with four neighbours, squared grey
/// levels: large when sharp, small when blurred, enlarged from few pixels, or flat in light. Grey is 0.299 R +
/// 0.587 G + 0.114 B (ITU-R BT.601). Source: Pech-Pacheco et al., Diatom autofocusing in brightfield
/// microscopy: a comparative study, ICPR 2000. Noise, and an edge to black where a crop reaches outside its
/// picture, count as sharp. `rgb` is RGB8 [height, width] without gaps; 0 below 3 x 3 pixels.
constexpr float laplacian_variance(const uint8_t* rgb, Size size) noexcept {
  if (size.width_px < 3 || size.height_px < 3) return 0.0f;
  const auto width = static_cast<ptrdiff_t>(size.width_px), height = static_cast<ptrdiff_t>(size.height_px);
  const auto grey = [rgb](ptrdiff_t pixel) {
    const uint8_t* const p = rgb + 3 * pixel;
    return 0.299 * p[0] + 0.587 * p[1] + 0.114 * p[2];
  };
  double sum = 0.0, squares = 0.0;
  for (ptrdiff_t y = 1; y < height - 1; ++y) {
    for (ptrdiff_t x = 1; x < width - 1; ++x) {
      const ptrdiff_t at = y * width + x;
      const double value =
          grey(at - width) + grey(at - 1) + grey(at + 1) + grey(at + width) - 4.0 * grey(at);
      sum += value;
      squares += value * value;
    }
  }
  // Greys of at most 255 lose nothing in a double; rounding may bring a flat crop below 0.
  const auto count = static_cast<double>((width - 2) * (height - 2));
  const double variance = (squares - sum * sum / count) / count;
  return variance > 0.0 ? static_cast<float>(variance) : 0.0f;
}

/// All signals of a face that landmarks, its alignment and its aligned crop (RGB8, kCropSide_px squared,
/// without gaps) tell; embedding_norm and detector_score are the caller's. Errors: those of estimate_pose.
constexpr Result<FaceQuality> measure_quality(const Landmarks& landmarks, const Alignment& alignment,
                                              const uint8_t* crop) noexcept {
  const Result<HeadPose> pose = estimate_pose(landmarks);
  if (!pose) return pose.status();
  FaceQuality quality;
  quality.eye_distance_px = eye_distance_px(landmarks);
  quality.pose = *pose;
  quality.alignment_residual_px = alignment.residual_px;
  quality.alignment_status = alignment.status;
  quality.sharpness = laplacian_variance(crop, {kCropSide_px, kCropSide_px});
  return quality;
}

FACEIO_END_NAMESPACE

#endif  // FACEIO_VISION_QUALITY_HPP
