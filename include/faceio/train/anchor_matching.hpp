// What the detector should have said: which anchors of the network stand for which annotated faces, and the boxes and
// landmarks in the encoding of its heads. The inverse of anchor_decode_f32 (kernels/detection.hpp).
// Sources: RetinaFace (Deng et al. 2019, arXiv 1905.00641), section 4.2; SSD (Liu et al. 2016), section 2.2; the
// PyTorch code that trained the default weights (Pytorch_Retinaface, mobilenet0.25), called "the published code" below.
#ifndef FACEIO_TRAIN_ANCHOR_MATCHING_HPP
#define FACEIO_TRAIN_ANCHOR_MATCHING_HPP

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "../models/retinaface_mnet025.hpp"
#include "../vision/geometry.hpp"
#include "matrix.hpp"

FACEIO_BEGIN_NAMESPACE
namespace train {

/// A square anchor, in pixels of the network input.
struct Anchor {
  float x = 0.0f;  // centre
  float y = 0.0f;
  float side = 0.0f;
};

/// An annotated face, in pixels of the network input. Not every face of WIDER FACE has landmarks (the published code
/// labels those without -1): such a face teaches class and box, not landmarks.
struct TruthFace {
  Box box;
  std::optional<Landmarks> landmarks;
};

/// The anchors of the default detector for a network input of this size, in the order of its outputs: scale, row,
/// column, anchor. Throws Error for a side below retinaface_mnet025::kMinSide_px: the detector pads such pictures.
inline std::vector<Anchor> detector_anchors(Size network) {
  using namespace retinaface_mnet025;
  if (network.width_px < kMinSide_px || network.height_px < kMinSide_px) {
    throw Error("network input of " + std::to_string(network.width_px) + " x " + std::to_string(network.height_px) +
                " px: pad it to " + std::to_string(kMinSide_px) + " px or more on each side, as the detector does");
  }
  std::vector<Anchor> anchors;
  for (int scale = 0; scale < kScales; ++scale) {
    const int32_t stride_px = kStride_px[scale];
    const int32_t rows = (network.height_px + stride_px - 1) / stride_px;
    const int32_t columns = (network.width_px + stride_px - 1) / stride_px;
    for (int32_t row = 0; row < rows; ++row) {
      for (int32_t column = 0; column < columns; ++column) {
        for (const float side_px : kAnchor_px[scale]) {
          anchors.push_back({(static_cast<float>(column) + 0.5f) * static_cast<float>(stride_px),
                             (static_cast<float>(row) + 0.5f) * static_cast<float>(stride_px), side_px});
        }
      }
    }
  }
  return anchors;
}

/// When an anchor stands for a face. The defaults are the published code's, paper() is the paper's rule.
struct MatchingOptions {
  double positive_iou = 0.35;  // an anchor with at least this IoU with a face stands for the one it overlaps most
  double negative_iou = 0.35;  // one whose best IoU is below is background; between the two it is ignored

  /// Each face takes the anchor that it overlaps most, whatever positive_iou says, if that overlap is at least
  /// least_best_iou. Faces below are "hard": they take no anchor for certain.
  bool best_anchor_for_each_face = true;
  double least_best_iou = 0.2;

  /// What the published code does with hard faces, and why a face may lose its anchor to one: the anchor that a hard
  /// face overlaps most, if it is positive for whatever reason, is given that face's box. When all faces of a picture
  /// are hard, all its anchors are background. false: hard faces take part by positive_iou alone.
  bool hard_faces_redirect_anchors = true;

  /// Section 4.2: positive from IoU 0.5, background below 0.3, ignored between; faces have no right to an anchor. The
  /// paper says "larger than 0.5": here an IoU of exactly 0.5 is positive too.
  static MatchingOptions paper() { return {0.5, 0.3, false, 0.2, false}; }
};

/// Entries of a match that are no index of a face.
inline constexpr int32_t kBackgroundAnchor = -1;
inline constexpr int32_t kIgnoredAnchor = -2;

namespace detail {

inline void require_valid(const MatchingOptions& options) {
  if (!(options.negative_iou > 0.0 && options.negative_iou <= options.positive_iou && options.positive_iou <= 1.0)) {
    throw Error("IoU thresholds " + std::to_string(options.negative_iou) + " (negative) and " +
                std::to_string(options.positive_iou) + " (positive): expected 0 < negative <= positive <= 1");
  }
  if (!(options.least_best_iou >= 0.0 && options.least_best_iou <= 1.0)) {
    throw Error("least IoU of a best anchor " + std::to_string(options.least_best_iou) + " is not in [0, 1]");
  }
}

inline void require_valid(const std::vector<Anchor>& anchors) {
  if (anchors.empty()) throw Error("no anchors: take those of detector_anchors()");
  for (size_t a = 0; a < anchors.size(); ++a) {
    const Anchor& anchor = anchors[a];
    if (!std::isfinite(anchor.x) || !std::isfinite(anchor.y) || !std::isfinite(anchor.side) || !(anchor.side > 0.0f)) {
      throw Error("anchor " + std::to_string(a) + ": centre and side must be finite, the side above 0");
    }
  }
}

inline void require_valid(const std::vector<TruthFace>& faces) {
  for (size_t f = 0; f < faces.size(); ++f) {
    const Box& box = faces[f].box;
    if (!std::isfinite(box.x) || !std::isfinite(box.y) || !std::isfinite(box.width) || !std::isfinite(box.height) ||
        !(box.width > 0.0f) || !(box.height > 0.0f)) {
      throw Error("face " + std::to_string(f) + ": box x " + std::to_string(box.x) + " y " + std::to_string(box.y) +
                  " width " + std::to_string(box.width) + " height " + std::to_string(box.height) +
                  " is not finite or has no area; mend the annotation or leave the face out");
    }
    if (!faces[f].landmarks) continue;
    for (const Point& p : faces[f].landmarks->points) {
      if (!std::isfinite(p.x) || !std::isfinite(p.y)) {
        throw Error("face " + std::to_string(f) +
                    ": a landmark is not finite; mend it, or give the face no landmarks");
      }
    }
  }
}

/// vision's iou() in double, where different overlaps of float boxes do not become equal by rounding: which anchor is
/// best must not depend on that.
inline double iou(const Anchor& anchor, const Box& box) {
  const double half = static_cast<double>(anchor.side) / 2.0, x = box.x, y = box.y, w = box.width, h = box.height;
  const double width = (std::min)(anchor.x + half, x + w) - (std::max)(anchor.x - half, x);
  const double height = (std::min)(anchor.y + half, y + h) - (std::max)(anchor.y - half, y);
  if (!(width > 0.0) || !(height > 0.0)) return 0.0;
  const double common = width * height;
  return common / (4.0 * half * half + w * h - common);
}

}  // namespace detail

/// For each anchor the index of the face that it stands for, kBackgroundAnchor or kIgnoredAnchor. Equal overlaps: the
/// first face for an anchor, the first anchor for a face. When several faces overlap the same anchor most, the last of
/// them gets it, as in the published code. Time: anchors times faces. Throws Error: no anchors, sides that are not
/// above 0, numbers that are not finite, thresholds out of range. Safe to call from any thread.
inline std::vector<int32_t> match_anchors(const std::vector<Anchor>& anchors, const std::vector<TruthFace>& faces,
                                          const MatchingOptions& options = {}) {
  detail::require_valid(options);
  detail::require_valid(anchors);
  detail::require_valid(faces);
  struct Best {
    double iou = 0.0;
    size_t index = 0;
  };
  std::vector<Best> face_of(anchors.size()), anchor_of(faces.size());
  for (size_t f = 0; f < faces.size(); ++f) {
    for (size_t a = 0; a < anchors.size(); ++a) {
      const double overlap = detail::iou(anchors[a], faces[f].box);
      if (overlap > face_of[a].iou) face_of[a] = {overlap, f};
      if (overlap > anchor_of[f].iou) anchor_of[f] = {overlap, a};
    }
  }

  std::vector<int32_t> match(anchors.size(), kBackgroundAnchor);
  std::vector<bool> certain(anchors.size(), false);
  if (options.best_anchor_for_each_face) {
    bool all_hard = true;
    for (size_t f = 0; f < faces.size(); ++f) {
      const bool hard = anchor_of[f].iou < options.least_best_iou;
      all_hard = all_hard && hard;
      if (!hard) certain[anchor_of[f].index] = true;
      if (!hard || options.hard_faces_redirect_anchors) face_of[anchor_of[f].index].index = f;
    }
    if (all_hard && options.hard_faces_redirect_anchors) return match;
  }
  for (size_t a = 0; a < anchors.size(); ++a) {
    if (certain[a] || face_of[a].iou >= options.positive_iou) {
      match[a] = static_cast<int32_t>(face_of[a].index);
    } else if (face_of[a].iou >= options.negative_iou) {
      match[a] = kIgnoredAnchor;
    }
  }
  return match;
}

/// What the box head should say of this anchor: dx dy dw dh. Precondition: sides above 0.
template <class Scalar>
std::array<Scalar, 4> encode(const Anchor& anchor, const Box& box) {
  const double side = anchor.side, width = box.width, height = box.height;
  const double centre = retinaface_mnet025::kCentreVariance * side, size = retinaface_mnet025::kSizeVariance;
  return {static_cast<Scalar>((box.x + width / 2.0 - anchor.x) / centre),
          static_cast<Scalar>((box.y + height / 2.0 - anchor.y) / centre),
          static_cast<Scalar>(std::log(width / side) / size), static_cast<Scalar>(std::log(height / side) / size)};
}

/// What the landmark head should say of this anchor: lx ly of five landmarks. Precondition: a side above 0.
template <class Scalar>
std::array<Scalar, 2 * kLandmarkCount> encode(const Anchor& anchor, const Landmarks& landmarks) {
  const double scale = static_cast<double>(retinaface_mnet025::kCentreVariance) * static_cast<double>(anchor.side);
  std::array<Scalar, 2 * kLandmarkCount> code{};
  for (size_t i = 0; i < kLandmarkCount; ++i) {
    const Point& p = landmarks.points[i];
    code[2 * i] = static_cast<Scalar>((static_cast<double>(p.x) - static_cast<double>(anchor.x)) / scale);
    code[2 * i + 1] = static_cast<Scalar>((static_cast<double>(p.y) - static_cast<double>(anchor.y)) / scale);
  }
  return code;
}

/// What the three heads should say of one picture.
template <class Scalar>
struct DetectionTargets {
  std::vector<int32_t> match;       // [A] of match_anchors()
  std::vector<int32_t> positives;   // [P] anchors that stand for a face, rising
  std::vector<bool> has_landmarks;  // [P]
  Matrix<Scalar> box;               // [P, 4]
  Matrix<Scalar> landmarks;         // [P, 10], 0 where there are none
};

/// Matches and encodes. Throws Error as match_anchors() does. Safe to call from any thread.
template <class Scalar>
DetectionTargets<Scalar> make_targets(const std::vector<Anchor>& anchors, const std::vector<TruthFace>& faces,
                                      const MatchingOptions& options = {}) {
  DetectionTargets<Scalar> targets;
  targets.match = match_anchors(anchors, faces, options);
  for (size_t a = 0; a < anchors.size(); ++a) {
    if (targets.match[a] >= 0) targets.positives.push_back(static_cast<int32_t>(a));
  }
  const auto positives = static_cast<Index>(targets.positives.size());
  targets.box.setZero(positives, 4);
  targets.landmarks.setZero(positives, 2 * kLandmarkCount);
  for (Index p = 0; p < positives; ++p) {
    const auto a = static_cast<size_t>(targets.positives[static_cast<size_t>(p)]);
    const TruthFace& face = faces[static_cast<size_t>(targets.match[a])];
    const std::array<Scalar, 4> box = encode<Scalar>(anchors[a], face.box);
    for (size_t k = 0; k < box.size(); ++k) targets.box(p, static_cast<Index>(k)) = box[k];
    targets.has_landmarks.push_back(face.landmarks.has_value());
    if (!face.landmarks) continue;
    const auto landmarks = encode<Scalar>(anchors[a], *face.landmarks);
    for (size_t k = 0; k < landmarks.size(); ++k) {
      targets.landmarks(p, static_cast<Index>(k)) = landmarks[k];
    }
  }
  return targets;
}

}  // namespace train
FACEIO_END_NAMESPACE

#endif  // FACEIO_TRAIN_ANCHOR_MATCHING_HPP
