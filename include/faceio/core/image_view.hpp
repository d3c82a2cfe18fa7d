// Pictures as callers have them: a pointer, a size, a stride and a pixel format that must be named.
#ifndef FACEIO_CORE_IMAGE_VIEW_HPP
#define FACEIO_CORE_IMAGE_VIEW_HPP

#include "map_view.hpp"

FACEIO_BEGIN_NAMESPACE

/// Memory order of 8-bit pixels. Swapped red and blue detect almost as well and recognise much worse,
/// silently; so the format is part of every image and has no default.
enum class PixelFormat : uint8_t {
  RGB8 = 1,  // r g b
  BGR8,      // b g r
  RGBA8,     // r g b a (alpha is ignored)
  BGRA8,     // b g r a
  GRAY8,     // one byte
  NV12,      // plane of y, then rows of interleaved u v for each 2x2 pixels
  NV21,      // plane of y, then rows of interleaved v u
  YUYV,      // y0 u y1 v for each two pixels
};

/// Bytes of one row of pixels (of the y plane for NV12 and NV21). Precondition: width_px >= 0.
constexpr size_t row_bytes(PixelFormat format, int32_t width_px) noexcept {
  const auto width = static_cast<size_t>(width_px);
  switch (format) {
    case PixelFormat::RGB8:
    case PixelFormat::BGR8: return width * 3;
    case PixelFormat::RGBA8:
    case PixelFormat::BGRA8: return width * 4;
    case PixelFormat::YUYV: return width * 2;
    case PixelFormat::GRAY8:
    case PixelFormat::NV12:
    case PixelFormat::NV21: return width;
  }
  return 0;
}

/// Longest picture side accepted, in pixels: keeps all index arithmetic inside 32 bits.
inline constexpr int32_t kMaxImageSide_px = 32768;

/// True for formats with a separate plane of chroma.
constexpr bool has_chroma_plane(PixelFormat format) noexcept {
  return format == PixelFormat::NV12 || format == PixelFormat::NV21;
}

/// A picture that lives elsewhere and must outlive the view. Making one checks nothing: validate(). Rows run top to bottom, `stride_bytes` apart; nothing outside
/// [row, row + row_bytes) is read. Y, U and V are BT.601 limited range (16..235), as cameras deliver.
struct ImageView {
  const uint8_t* data;
  Size size;
  size_t stride_bytes;
  PixelFormat format;
  const uint8_t* chroma;        // NV12 and NV21: first row of the u v plane
  size_t chroma_stride_bytes;   // NV12 and NV21

  /// Packed formats; NV12 and NV21 take the u v plane that follows the y plane with the same stride.
  constexpr ImageView(const uint8_t* pixels, Size size_px, size_t row_stride_bytes,
                      PixelFormat pixel_format) noexcept
      : ImageView(pixels, size_px, row_stride_bytes, pixel_format,
                  !has_chroma_plane(pixel_format) || pixels == nullptr || size_px.height_px <= 0
                      ? nullptr
                      : pixels + row_stride_bytes * static_cast<size_t>(size_px.height_px),
                  row_stride_bytes) {}

  /// NV12 and NV21 with the u v plane somewhere else.
  constexpr ImageView(const uint8_t* pixels, Size size_px, size_t row_stride_bytes,
                      PixelFormat pixel_format, const uint8_t* chroma_plane,
                      size_t chroma_plane_stride_bytes) noexcept
      : data(pixels),
        size(size_px),
        stride_bytes(row_stride_bytes),
        format(pixel_format),
        chroma(chroma_plane),
        chroma_stride_bytes(chroma_plane_stride_bytes) {}

  /// 0 <= y < height
  constexpr const uint8_t* row(int32_t y) const noexcept {
    return data + static_cast<size_t>(y) * stride_bytes;
  }
  constexpr const uint8_t* chroma_row(int32_t y) const noexcept {
    return chroma + static_cast<size_t>(y / 2) * chroma_stride_bytes;
  }
};

/// ok, or the first reason why this picture cannot be read.
constexpr Status validate(const ImageView& image) noexcept {
  const PixelFormat format = image.format;
  if (format < PixelFormat::RGB8 || format > PixelFormat::YUYV) {
    return Status(Errc::image_bad_format, static_cast<size_t>(format));
  }
  if (image.size.width_px <= 0 || image.size.height_px <= 0) return Errc::image_empty;
  if (image.data == nullptr) return Errc::image_null;
  if (image.size.width_px > kMaxImageSide_px || image.size.height_px > kMaxImageSide_px) {
    return Status(Errc::image_too_large, kMaxImageSide_px);
  }
  const bool two_planes = has_chroma_plane(format);
  if ((two_planes || format == PixelFormat::YUYV) && image.size.width_px % 2 != 0) {
    return Errc::image_odd_size;
  }
  if (two_planes && image.size.height_px % 2 != 0) return Errc::image_odd_size;
  const size_t needed = row_bytes(format, image.size.width_px);
  if (image.stride_bytes < needed) return Status(Errc::image_bad_stride, needed);
  const size_t most = kTooLarge_bytes / 2 / static_cast<size_t>(image.size.height_px);
  if (image.stride_bytes > most) return Errc::image_stride_too_large;
  if (two_planes) {
    if (image.chroma == nullptr) return Errc::image_null;
    if (image.chroma_stride_bytes < needed) return Status(Errc::image_bad_stride, needed);
    if (image.chroma_stride_bytes > most) return Errc::image_stride_too_large;
  }
  return Status();
}

/// Whether bytes lie inside a valid picture, those between its rows included.
inline bool overlaps(const ImageView& image, Span<const uint8_t> bytes) noexcept {
  const auto height = static_cast<size_t>(image.size.height_px);
  const size_t row = row_bytes(image.format, image.size.width_px);
  if (overlaps(Span<const uint8_t>(image.data, (height - 1) * image.stride_bytes + row), bytes)) return true;
  return has_chroma_plane(image.format) &&
         overlaps(Span<const uint8_t>(image.chroma, (height / 2 - 1) * image.chroma_stride_bytes + row), bytes);
}

/// Swaps left and right of one row of `width_px` RGB8 pixels.
constexpr void mirror_rgb8_row(uint8_t* row, int32_t width_px) noexcept {
  constexpr int32_t kPixel_bytes = 3;
  for (int32_t left = 0, right = width_px - 1; left < right; ++left, --right) {
    for (int32_t c = 0; c < kPixel_bytes; ++c) {
      const uint8_t kept = row[left * kPixel_bytes + c];
      row[left * kPixel_bytes + c] = row[right * kPixel_bytes + c];
      row[right * kPixel_bytes + c] = kept;
    }
  }
}

FACEIO_END_NAMESPACE

#endif  // FACEIO_CORE_IMAGE_VIEW_HPP
