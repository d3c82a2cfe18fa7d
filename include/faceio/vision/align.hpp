// Where a face must be cut out for recognition: the similarity that maps five landmarks best, in
// the least-squares sense, onto the template that ArcFace networks are trained with.
//
// Source: Umeyama, Least-squares estimation of transformation parameters between two point
// patterns, PAMI 1991, restricted to rotation, uniform scale and shift, which has a closed form in
// the plane; template: Deng et al., ArcFace, CVPR 2019 (InsightFace).
#ifndef FACEIO_VISION_ALIGN_HPP
#define FACEIO_VISION_ALIGN_HPP

#include "geometry.hpp"

FACEIO_BEGIN_NAMESPACE

/// Side of the square crop that the template refers to, pixels.
inline constexpr int32_t kCropSide_px = 112;

/// Landmarks of a frontal face in the crop, pixels.
inline constexpr Landmarks kArcFaceTemplate = {{{38.2946f, 51.6963f},
                                                {73.5318f, 51.5014f},
                                                {56.0252f, 71.7366f},
                                                {41.5493f, 92.3655f},
                                                {70.7299f, 92.2041f}}};

/// A fit worse than this is reported. The template turned by 60 degrees to the side leaves 9 to 10
/// pixels, by 45 degrees up or down 5 to 8; of five random points one set in a hundred stays below
/// 11.
inline constexpr float kLargeResidual_px = 10.0f;

/// Landmarks closer together than this (RMS distance from their mean, picture pixels) are
/// coincident.
inline constexpr float kSmallestSpread_px = 0.01f;

enum class AlignStatus : uint8_t {
  ok,
  large_residual,  // residual_px > kLargeResidual_px: extreme profile, or points not of a face
  mirrored,        // a mirrored face would fit better: left and right landmarks are swapped
};

struct Alignment {
  Similarity image_to_crop;  // never a reflection
  float residual_px = 0.0f;  // RMS distance of mapped landmarks and template, crop pixels
  AlignStatus status = AlignStatus::ok;
};

namespace detail {

/// Root of v >= 0 by Newton's method: constexpr, and no libm on bare metal.
constexpr double square_root(double v) noexcept {
  if (!(v > 0.0)) return 0.0;
  double root = v > 1.0 ? v : 1.0;  // from above, so that every step goes down
  while (true) {
    const double next = 0.5 * (root + v / root);
    if (!(next < root)) return root;
    root = next;
  }
}

}  // namespace detail

/// The similarity q = s(p) that makes sum |s(landmark) - template|^2 smallest, computed in double.
/// Error: landmarks_degenerate when a coordinate is not finite or beyond 1e6 pixels, when the
/// points coincide, or when no rotation is better than any other. Pure; safe to call from any
/// thread.
constexpr Result<Alignment> align_to_template(const Landmarks& landmarks) noexcept {
  constexpr double kCoordinateLimit_px = 1e6;
  double mean_px = 0.0, mean_py = 0.0, mean_qx = 0.0, mean_qy = 0.0;
  for (int i = 0; i < kLandmarkCount; ++i) {
    const double px = landmarks.points[i].x, py = landmarks.points[i].y;
    const bool finite = px > -kCoordinateLimit_px && px < kCoordinateLimit_px &&
                        py > -kCoordinateLimit_px && py < kCoordinateLimit_px;
    if (!finite) return Errc::landmarks_degenerate;
    mean_px += px / kLandmarkCount;
    mean_py += py / kLandmarkCount;
    mean_qx += static_cast<double>(kArcFaceTemplate.points[i].x) / kLandmarkCount;
    mean_qy += static_cast<double>(kArcFaceTemplate.points[i].y) / kLandmarkCount;
  }

  // As complex numbers p and q about their means: dot + i cross = sum conj(p) q for the similarity,
  // and sum p q for its mirror image, p replaced by conj(p).
  double dot = 0.0, cross = 0.0, mirror_dot = 0.0, mirror_cross = 0.0, spread = 0.0, target = 0.0;
  for (int i = 0; i < kLandmarkCount; ++i) {
    const double px = landmarks.points[i].x - mean_px, py = landmarks.points[i].y - mean_py;
    const double qx = kArcFaceTemplate.points[i].x - mean_qx;
    const double qy = kArcFaceTemplate.points[i].y - mean_qy;
    dot += px * qx + py * qy;
    cross += px * qy - py * qx;
    mirror_dot += px * qx - py * qy;
    mirror_cross += px * qy + py * qx;
    spread += px * px + py * py;
    target += qx * qx + qy * qy;
  }
  constexpr double kSmallest_px = kSmallestSpread_px;
  if (spread < kLandmarkCount * kSmallest_px * kSmallest_px) return Errc::landmarks_degenerate;
  // Squared correlations times spread * target, by Cauchy and Schwarz at most its square.
  const double fit = dot * dot + cross * cross;
  const double mirror_fit = mirror_dot * mirror_dot + mirror_cross * mirror_cross;
  constexpr double kNoCorrelation = 1e-12;
  if (fit <= kNoCorrelation * spread * target) return Errc::landmarks_degenerate;

  const double a = dot / spread, b = cross / spread;
  Alignment result;
  result.image_to_crop = Similarity{static_cast<float>(a), static_cast<float>(b),
                                    static_cast<float>(mean_qx - a * mean_px + b * mean_py),
                                    static_cast<float>(mean_qy - b * mean_px - a * mean_py)};
  // With the best a and b the squared error is target - fit / spread; summed term by term it keeps
  // its digits when the fit is almost perfect.
  double squared_error = 0.0;
  for (int i = 0; i < kLandmarkCount; ++i) {
    const double px = landmarks.points[i].x - mean_px, py = landmarks.points[i].y - mean_py;
    const double ex = a * px - b * py - (kArcFaceTemplate.points[i].x - mean_qx);
    const double ey = b * px + a * py - (kArcFaceTemplate.points[i].y - mean_qy);
    squared_error += ex * ex + ey * ey;
  }
  result.residual_px = static_cast<float>(detail::square_root(squared_error / kLandmarkCount));
  if (mirror_fit > fit) {
    result.status = AlignStatus::mirrored;
  } else if (result.residual_px > kLargeResidual_px) {
    result.status = AlignStatus::large_residual;
  }
  return result;
}

FACEIO_END_NAMESPACE

#endif  // FACEIO_VISION_ALIGN_HPP
