// Reference convolutions: the definition in conv.hpp, written as loops, summed in double. They are
// the oracle of the tests and the documentation of the mathematics; nothing in the library calls them.
#ifndef FACEIO_KERNELS_REF_CONV_HPP
#define FACEIO_KERNELS_REF_CONV_HPP

#include "../conv.hpp"

FACEIO_BEGIN_NAMESPACE
namespace ref {

inline double activate(double x, const ConvArgs& a, int32_t channel) noexcept {
  switch (a.activation) {
    case Activation::linear: return x;
    case Activation::relu: return x > 0.0 ? x : 0.0;
    case Activation::leaky_relu: return x > 0.0 ? x : x * static_cast<double>(a.leaky_slope);
    case Activation::prelu: return x > 0.0 ? x : x * static_cast<double>(a.slope[channel]);
  }
  return x;
}

inline double element(const MapView& map, int32_t y, int32_t x, int32_t c) noexcept {
  return static_cast<double>(map.at(y, x, c));
}
inline void set_element(const MapView& map, int32_t y, int32_t x, int32_t c, double v) noexcept {
  map.at(y, x, c) = static_cast<float>(v);
}

/// What is added to element (y, x, n): the nearest pixel of the addend, or nothing.
inline double addend_element(const ConvArgs& a, int32_t y, int32_t x, int32_t n) noexcept {
  if (a.addend.data == nullptr) return 0.0;
  const int64_t from_y = static_cast<int64_t>(y) * a.addend.height / a.out.height;
  const int64_t from_x = static_cast<int64_t>(x) * a.addend.width / a.out.width;
  return element(a.addend, static_cast<int32_t>(from_y), static_cast<int32_t>(from_x), n);
}

/// Dense convolution with a square kernel of `side`.
inline void conv_dense(const ConvArgs& a, int32_t side) noexcept {
  const int32_t k_total = side * side * a.in.channels;
  for (int32_t y = 0; y < a.out.height; ++y) {
    for (int32_t x = 0; x < a.out.width; ++x) {
      for (int32_t n = 0; n < a.out.channels; ++n) {
        const float* w = a.weights + static_cast<ptrdiff_t>(n / kPanel) * k_total * kPanel + n % kPanel;
        double sum = a.bias == nullptr ? 0.0 : static_cast<double>(a.bias[n]);
        for (int32_t ky = 0; ky < side; ++ky) {
          for (int32_t kx = 0; kx < side; ++kx) {
            for (int32_t c = 0; c < a.in.channels; ++c) {
              sum += element(a.in, y * a.stride + ky - a.pad_before, x * a.stride + kx - a.pad_before, c) *
                     static_cast<double>(w[static_cast<ptrdiff_t>((ky * side + kx) * a.in.channels + c) * kPanel]);
            }
          }
        }
        set_element(a.out, y, x, n, activate(sum, a, n) + addend_element(a, y, x, n));
      }
    }
  }
}

inline void conv1x1_f32(const ConvArgs& a) noexcept { conv_dense(a, 1); }
inline void conv3x3_f32(const ConvArgs& a) noexcept { conv_dense(a, 3); }

inline void depthwise3x3_f32(const ConvArgs& a) noexcept {
  const auto padded = static_cast<ptrdiff_t>(round_up(static_cast<size_t>(a.out.channels), kPanel));
  for (int32_t y = 0; y < a.out.height; ++y) {
    for (int32_t x = 0; x < a.out.width; ++x) {
      for (int32_t c = 0; c < a.out.channels; ++c) {
        double sum = static_cast<double>(a.bias[c]);
        for (int32_t ky = 0; ky < 3; ++ky) {
          for (int32_t kx = 0; kx < 3; ++kx) {
            sum += element(a.in, y * a.stride + ky - a.pad_before, x * a.stride + kx - a.pad_before, c) *
                   static_cast<double>(a.weights[(ky * 3 + kx) * padded + c]);
          }
        }
        set_element(a.out, y, x, c, activate(sum, a, c));
      }
    }
  }
}

inline void global_depthwise_f32(const ConvArgs& a) noexcept {
  const auto padded = static_cast<ptrdiff_t>(round_up(static_cast<size_t>(a.out.channels), kPanel));
  for (int32_t c = 0; c < a.out.channels; ++c) {
    double sum = static_cast<double>(a.bias[c]);
    for (int32_t y = 0; y < a.in.height; ++y) {
      for (int32_t x = 0; x < a.in.width; ++x) {
        sum += element(a.in, y, x, c) *
               static_cast<double>(a.weights[(y * a.in.width + x) * padded + c]);
      }
    }
    set_element(a.out, 0, 0, c, activate(sum, a, c));
  }
}

}  // namespace ref
FACEIO_END_NAMESPACE

#endif  // FACEIO_KERNELS_REF_CONV_HPP
