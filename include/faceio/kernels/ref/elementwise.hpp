// Reference of the elementwise kernels (elementwise.hpp), in double. Oracle of the tests.
#ifndef FACEIO_KERNELS_REF_ELEMENTWISE_HPP
#define FACEIO_KERNELS_REF_ELEMENTWISE_HPP

#include "../elementwise.hpp"

FACEIO_BEGIN_NAMESPACE
namespace ref {

inline void batchnorm_f32(const BatchNormArgs& a) noexcept {
  for (int32_t y = 0; y < a.out.height; ++y) {
    for (int32_t x = 0; x < a.out.width; ++x) {
      for (int32_t c = 0; c < a.out.channels; ++c) {
        const double v = a.in.at(y, x, c);
        a.out.at(y, x, c) = static_cast<float>(v * static_cast<double>(a.scale[c]) +
                                               static_cast<double>(a.shift[c]));
      }
    }
  }
}

inline void add_f32(const AddArgs& a) noexcept {
  for (int32_t y = 0; y < a.out.height; ++y) {
    for (int32_t x = 0; x < a.out.width; ++x) {
      for (int32_t c = 0; c < a.out.channels; ++c) {
        const double p = a.a.at(y, x, c), q = a.b.at(y, x, c);
        a.out.at(y, x, c) = static_cast<float>(p + q);
      }
    }
  }
}

inline void upsample_nearest_f32(const UpsampleArgs& a) noexcept {
  for (int32_t y = 0; y < a.out.height; ++y) {
    for (int32_t x = 0; x < a.out.width; ++x) {
      const int64_t in_y = static_cast<int64_t>(y) * a.in.height / a.out.height;
      const int64_t in_x = static_cast<int64_t>(x) * a.in.width / a.out.width;
      for (int32_t c = 0; c < a.out.channels; ++c) {
        a.out.at(y, x, c) = a.in.at(static_cast<int32_t>(in_y), static_cast<int32_t>(in_x), c);
      }
    }
  }
}

}  // namespace ref
FACEIO_END_NAMESPACE

#endif  // FACEIO_KERNELS_REF_ELEMENTWISE_HPP
