// Contract of the kernels that turn the heads of a detector into boxes: softmax2_f32,
// anchor_decode_f32, nms_f32. All take structures of arrays and need no alignment.
#ifndef FACEIO_KERNELS_DETECTION_HPP
#define FACEIO_KERNELS_DETECTION_HPP

#include "../core/config.hpp"

FACEIO_BEGIN_NAMESPACE

/// softmax2_f32: score[i] = 1 / (1 + exp(background[i] - face[i])), the face share of a softmax
/// over two logits, in 0..1. A NaN logit gives a score below 1e-37. `score` may be `background` or
/// `face`.
struct Softmax2Args {
  const float* background = nullptr;
  const float* face = nullptr;
  float* score = nullptr;
  int32_t count = 0;
};

/// Numbers of one decoded candidate: box, then five landmarks.
inline constexpr int kCandidateValues = 14;

/// The exponent of a box side is clamped to +-kMaxSideExponent: a side is at most 2981 anchors, and
/// no raw value makes it infinite. Trained heads stay within +-2.
inline constexpr float kMaxSideExponent = 8.0f;

/// anchor_decode_f32: boxes and landmarks of `count` candidates. With square anchors (cx, cy, s):
///   centre   = (cx + dx vc s, cy + dy vc s)         vc = centre_variance
///   side     = (s exp(dw vs), s exp(dh vs))         vs = size_variance
///   landmark = (cx + lx vc s, cy + ly vc s)
///   out      = x1 y1 x2 y2 (centre -+ side / 2), then five landmarks x y, times out_scale_x/y
/// Value k of candidate i is raw[k * raw_stride + i] and out[k * out_stride + i]. `out` may be
/// `raw` with the same stride. NaN values stay with their own candidate.
/// Source: SSD (Liu et al. 2016) section 2.2; RetinaFace (Deng et al. 2019) section 3.1.
struct AnchorDecodeArgs {
  const float* raw = nullptr;       // [14][raw_stride]: dx dy dw dh, then lx ly of five landmarks
  int32_t raw_stride = 0;           // floats, >= count
  const float* anchor_x = nullptr;  // centre, network pixels
  const float* anchor_y = nullptr;
  const float* anchor_size = nullptr;  // side, network pixels
  float* out = nullptr;             // [14][out_stride]
  int32_t out_stride = 0;           // floats, >= count
  int32_t count = 0;
  float out_scale_x = 1.0f;         // picture pixels per network pixel
  float out_scale_y = 1.0f;
  float centre_variance = 0.1f;
  float size_variance = 0.2f;
};

/// nms_f32: greedy non-maximum suppression. Boxes come by falling score; keep[i] becomes 1, or 0
/// when the overlap of box i with a kept better box is above the threshold. Areas count whole
/// pixels:
///   area = (x2 - x1 + 1) (y2 - y1 + 1), IoU = intersection / (area_i + area_j - intersection)
/// A box with a NaN coordinate is kept and removes nothing. Time grows with count * kept.
/// Source: Girshick et al., py_cpu_nms of Fast R-CNN, whose pixel convention RetinaFace uses.
struct NmsArgs {
  const float* x1 = nullptr;  // pixels
  const float* y1 = nullptr;
  const float* x2 = nullptr;
  const float* y2 = nullptr;
  int32_t count = 0;
  float iou_threshold = 0.4f;
  uint8_t* keep = nullptr;    // [count]
};

FACEIO_END_NAMESPACE

#endif  // FACEIO_KERNELS_DETECTION_HPP
