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
        const double v = a.in.row(y)[static_cast<ptrdiff_t>(x) * a.in.pixel_stride + c];
        a.out.row(y)[static_cast<ptrdiff_t>(x) * a.out.pixel_stride + c] =
            static_cast<float>(v * static_cast<double>(a.scale[c]) + static_cast<double>(a.shift[c]));
      }
    }
  }
}

inline void add_f32(const AddArgs& a) noexcept {
  for (int32_t y = 0; y < a.out.height; ++y) {
    for (int32_t x = 0; x < a.out.width; ++x) {
      for (int32_t c = 0; c < a.out.channels; ++c) {
        const double p = a.a.row(y)[static_cast<ptrdiff_t>(x) * a.a.pixel_stride + c];
        const double q = a.b.row(y)[static_cast<ptrdiff_t>(x) * a.b.pixel_stride + c];
        a.out.row(y)[static_cast<ptrdiff_t>(x) * a.out.pixel_stride + c] = static_cast<float>(p + q);
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
        a.out.row(y)[static_cast<ptrdiff_t>(x) * a.out.pixel_stride + c] =
            a.in.row(static_cast<int32_t>(in_y))[static_cast<ptrdiff_t>(in_x) * a.in.pixel_stride + c];
      }
    }
  }
}

}  // namespace ref
FACEIO_END_NAMESPACE

#endif  // FACEIO_KERNELS_REF_ELEMENTWISE_HPP
