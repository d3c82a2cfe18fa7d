// Reference of the detection kernels (detection.hpp), in double. Oracle of the tests.
#ifndef FACEIO_KERNELS_REF_DETECTION_HPP
#define FACEIO_KERNELS_REF_DETECTION_HPP

#include <math.h>

#include "../detection.hpp"

FACEIO_BEGIN_NAMESPACE
namespace ref {

inline void softmax2_f32(const Softmax2Args& a) noexcept {
  for (int32_t i = 0; i < a.count; ++i) {
    const double margin = static_cast<double>(a.background[i]) - static_cast<double>(a.face[i]);
    a.score[i] = margin == margin ? static_cast<float>(1.0 / (1.0 + ::exp(margin))) : 0.0f;
  }
}

inline void anchor_decode_f32(const AnchorDecodeArgs& a) noexcept {
  const double centre_variance = a.centre_variance, size_variance = a.size_variance;
  const double scale[2] = {a.out_scale_x, a.out_scale_y};
  for (int32_t i = 0; i < a.count; ++i) {
    const double anchor[2] = {a.anchor_x[i], a.anchor_y[i]};
    const double size = a.anchor_size[i];
    double raw[kCandidateValues];
    for (int k = 0; k < kCandidateValues; ++k) {
      raw[k] = a.raw[static_cast<ptrdiff_t>(k) * a.raw_stride + i];
    }
    for (int axis = 0; axis < 2; ++axis) {
      const double centre = anchor[axis] + raw[axis] * centre_variance * size;
      const double limit = kMaxSideExponent;
      double exponent = raw[2 + axis] * size_variance;
      exponent = exponent < -limit ? -limit : exponent > limit ? limit : exponent;
      const double side = size * ::exp(exponent);
      float* out = a.out + static_cast<ptrdiff_t>(axis) * a.out_stride + i;
      out[0] = static_cast<float>((centre - side / 2) * scale[axis]);
      out[static_cast<ptrdiff_t>(2) * a.out_stride] =
          static_cast<float>((centre + side / 2) * scale[axis]);
    }
    for (int k = 4; k < kCandidateValues; ++k) {
      a.out[static_cast<ptrdiff_t>(k) * a.out_stride + i] =
          static_cast<float>((anchor[k % 2] + raw[k] * centre_variance * size) * scale[k % 2]);
    }
  }
}

inline double nms_overlap(const NmsArgs& a, int32_t i, int32_t j) noexcept {
  const double left = a.x1[i] > a.x1[j] ? a.x1[i] : a.x1[j];
  const double top = a.y1[i] > a.y1[j] ? a.y1[i] : a.y1[j];
  const double right = a.x2[i] < a.x2[j] ? a.x2[i] : a.x2[j];
  const double bottom = a.y2[i] < a.y2[j] ? a.y2[i] : a.y2[j];
  const double width = right - left + 1.0 > 0.0 ? right - left + 1.0 : 0.0;
  const double height = bottom - top + 1.0 > 0.0 ? bottom - top + 1.0 : 0.0;
  const double area_i = (static_cast<double>(a.x2[i]) - static_cast<double>(a.x1[i]) + 1.0) *
                        (static_cast<double>(a.y2[i]) - static_cast<double>(a.y1[i]) + 1.0);
  const double area_j = (static_cast<double>(a.x2[j]) - static_cast<double>(a.x1[j]) + 1.0) *
                        (static_cast<double>(a.y2[j]) - static_cast<double>(a.y1[j]) + 1.0);
  return width * height / (area_i + area_j - width * height);
}

inline void nms_f32(const NmsArgs& a) noexcept {
  for (int32_t j = 0; j < a.count; ++j) {
    a.keep[j] = 1;
    for (int32_t i = 0; i < j; ++i) {
      if (a.keep[i] != 0 && nms_overlap(a, i, j) > static_cast<double>(a.iou_threshold)) {
        a.keep[j] = 0;
      }
    }
  }
}

}  // namespace ref
FACEIO_END_NAMESPACE

#endif  // FACEIO_KERNELS_REF_DETECTION_HPP
