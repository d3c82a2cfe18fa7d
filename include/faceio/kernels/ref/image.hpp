// Reference of the picture kernels (image.hpp), in double. Oracle of the tests.
#ifndef FACEIO_KERNELS_REF_IMAGE_HPP
#define FACEIO_KERNELS_REF_IMAGE_HPP

#include <math.h>

#include "../image.hpp"

FACEIO_BEGIN_NAMESPACE
namespace ref {

inline uint8_t nearest_level(double level) noexcept {
  return static_cast<uint8_t>(level <= 0.0 ? 0 : level >= 255.0 ? 255 : lrint(level));
}

constexpr bool is_yuv(PixelFormat format) noexcept {
  return format == PixelFormat::NV12 || format == PixelFormat::NV21 || format == PixelFormat::YUYV;
}

/// Pixel (x, y): y u v in formats that store those, r g b in the others.
inline void read_pixel(const ImageView& image, int32_t x, int32_t y, double (&value)[3]) noexcept {
  const uint8_t* row = image.row(y);
  const uint8_t* p = row;
  switch (image.format) {
    case PixelFormat::RGB8:
      p = row + x * 3;
      value[0] = p[0], value[1] = p[1], value[2] = p[2];
      return;
    case PixelFormat::BGR8:
      p = row + x * 3;
      value[0] = p[2], value[1] = p[1], value[2] = p[0];
      return;
    case PixelFormat::RGBA8:
      p = row + x * 4;
      value[0] = p[0], value[1] = p[1], value[2] = p[2];
      return;
    case PixelFormat::BGRA8:
      p = row + x * 4;
      value[0] = p[2], value[1] = p[1], value[2] = p[0];
      return;
    case PixelFormat::GRAY8: value[0] = value[1] = value[2] = row[x]; return;
    case PixelFormat::NV12:
      p = image.chroma_row(y) + x / 2 * 2;
      value[0] = row[x], value[1] = p[0], value[2] = p[1];
      return;
    case PixelFormat::NV21:
      p = image.chroma_row(y) + x / 2 * 2;
      value[0] = row[x], value[1] = p[1], value[2] = p[0];
      return;
    case PixelFormat::YUYV:
      p = row + x / 2 * 4;
      value[0] = p[x % 2 * 2], value[1] = p[1], value[2] = p[3];
      return;
  }
}

/// Levels of 0 to 255, not rounded, of what read_pixel() gave.
inline void to_rgb(PixelFormat format, double (&value)[3]) noexcept {
  if (!is_yuv(format)) return;
  const double grey = 255.0 / 219.0 * (value[0] < 16.0 ? 0.0 : value[0] - 16.0);
  const double chroma = 255.0 / 224.0, u = value[1] - 128.0, v = value[2] - 128.0;
  value[0] = grey + chroma * 1.402 * v;
  value[1] = grey - chroma * (0.344136 * u + 0.714136 * v);
  value[2] = grey + chroma * 1.772 * u;
  for (double& level : value) level = level < 0.0 ? 0.0 : level > 255.0 ? 255.0 : level;
}

inline void u8_to_f32(const UnpackArgs& a) noexcept {
  for (int32_t y = 0; y < a.out.height; ++y) {
    for (int32_t x = 0; x < a.out.width; ++x) {
      const bool inside = x < a.image.size.width_px && y < a.image.size.height_px;
      double rgb[3] = {0.0, 0.0, 0.0};
      if (inside) {
        read_pixel(a.image, x, y, rgb);
        to_rgb(a.image.format, rgb);
      }
      for (int c = 0; c < 3; ++c) {
        // Two roundings, like the contract: a double product would round once.
        const float centred = static_cast<float>(nearest_level(rgb[a.bgr ? 2 - c : c])) - a.mean[c];
        a.out.at(y, x, c) =
            inside ? static_cast<float>(static_cast<double>(centred) * static_cast<double>(a.scale))
                   : 0.0f;
      }
    }
  }
}

/// Bilinear levels before rounding; taps outside the picture are clamped to it, or black.
inline void bilinear(const ImageView& image, double x, double y, bool clamp,
                     double (&out)[3]) noexcept {
  const double black[3] = {is_yuv(image.format) ? 16.0 : 0.0, is_yuv(image.format) ? 128.0 : 0.0,
                           is_yuv(image.format) ? 128.0 : 0.0};
  out[0] = out[1] = out[2] = 0.0;
  if (!(x > -2.0 && y > -2.0 && x < kMaxImageSide_px + 1 && y < kMaxImageSide_px + 1)) return;
  const double left = floor(x), top = floor(y);
  for (int tap = 0; tap < 4; ++tap) {
    int32_t tx = static_cast<int32_t>(left) + tap % 2;
    int32_t ty = static_cast<int32_t>(top) + tap / 2;
    const double share = (tap % 2 != 0 ? x - left : 1.0 - (x - left)) *
                         (tap / 2 != 0 ? y - top : 1.0 - (y - top));
    const Size size = image.size;
    if (clamp) {
      tx = tx < 0 ? 0 : tx >= size.width_px ? size.width_px - 1 : tx;
      ty = ty < 0 ? 0 : ty >= size.height_px ? size.height_px - 1 : ty;
    }
    double value[3] = {black[0], black[1], black[2]};
    const bool inside = tx >= 0 && ty >= 0 && tx < size.width_px && ty < size.height_px;
    if (inside) read_pixel(image, tx, ty, value);
    for (int c = 0; c < 3; ++c) out[c] += share * value[c];
  }
  to_rgb(image.format, out);
}

/// What resize_bilinear_u8 rounds.
inline void resize_value(const ResizeArgs& a, int32_t x, int32_t y, double (&out)[3]) noexcept {
  const double step_x = static_cast<double>(a.image.size.width_px) / a.out_size.width_px;
  const double step_y = static_cast<double>(a.image.size.height_px) / a.out_size.height_px;
  bilinear(a.image, (x + 0.5) * step_x - 0.5, (y + 0.5) * step_y - 0.5, true, out);
}

/// What warp_affine_u8 rounds.
inline void warp_value(const WarpArgs& a, int32_t x, int32_t y, double (&out)[3]) noexcept {
  double m[6];
  for (int i = 0; i < 6; ++i) m[i] = a.matrix[i];
  bilinear(a.image, m[0] * x + m[1] * y + m[2], m[3] * x + m[4] * y + m[5], false, out);
}

inline void resize_bilinear_u8(const ResizeArgs& a) noexcept {
  for (int32_t y = 0; y < a.out_size.height_px; ++y) {
    uint8_t* out = a.out + static_cast<size_t>(y) * a.out_stride_bytes;
    for (int32_t x = 0; x < a.out_size.width_px; ++x) {
      double value[3];
      resize_value(a, x, y, value);
      for (int c = 0; c < 3; ++c) out[x * 3 + c] = nearest_level(value[c]);
    }
  }
}

inline void warp_affine_u8(const WarpArgs& a) noexcept {
  for (int32_t y = 0; y < a.out_size.height_px; ++y) {
    uint8_t* out = a.out + static_cast<size_t>(y) * a.out_stride_bytes;
    for (int32_t x = 0; x < a.out_size.width_px; ++x) {
      double value[3];
      warp_value(a, x, y, value);
      for (int c = 0; c < 3; ++c) out[x * 3 + c] = nearest_level(value[c]);
    }
  }
}

}  // namespace ref
FACEIO_END_NAMESPACE

#endif  // FACEIO_KERNELS_REF_IMAGE_HPP
