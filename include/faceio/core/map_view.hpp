// Feature maps: [H, W, C] floats, optionally inside a one-pixel zero border.
//
//   element (y, x, c) is at  row(y)[x * pixel_stride + c * channel_step]
//
// Channels are innermost (channel_step 1), except in maps of few channels, whose rows hold one plane
// after the other (pixel_stride 1): there the pixels of a row fill vectors that their channels would not.
// A map is stored whole, or as a ring of its latest rows (nn/memory_plan.hpp decides); kernels only ever
// ask for row(y), so the same kernel runs layer by layer over whole maps and depth-first over rings.
#ifndef FACEIO_CORE_MAP_VIEW_HPP
#define FACEIO_CORE_MAP_VIEW_HPP

#include "memory.hpp"

FACEIO_BEGIN_NAMESPACE

/// Output channels per weight panel; every vector width in use divides it.
inline constexpr int32_t kPanel = 16;

/// Floats between neighbouring pixels of a map with `channels` channels, other than a picture, whose
/// pixels lie close together. Padding lanes hold zeros.
constexpr int32_t channel_stride(int32_t channels) noexcept {
  return (channels + kPanel - 1) / kPanel * kPanel;
}

/// Floats left of pixel 0 in a row of a plane; the border pixel is the last of them.
inline constexpr int32_t kPlaneMargin = 16;

/// Floats of one channel's row in a map stored in planes. The 31 floats behind the pixels may be
/// read: a vector of every second pixel reaches that far.
constexpr int32_t plane_floats(int32_t width) noexcept {
  return kPlaneMargin + (width + 31 + kPanel - 1) / kPanel * kPanel;
}

struct Size {
  int32_t width_px = 0;
  int32_t height_px = 0;
};
constexpr bool operator==(Size a, Size b) noexcept {
  return a.width_px == b.width_px && a.height_px == b.height_px;
}
constexpr bool operator!=(Size a, Size b) noexcept { return !(a == b); }

/// [height, width, channels]
struct Shape {
  int32_t height = 0;
  int32_t width = 0;
  int32_t channels = 0;
};
constexpr bool operator==(Shape a, Shape b) noexcept {
  return a.height == b.height && a.width == b.width && a.channels == b.channels;
}

/// View of a map or of a slice of its channels. Rows -1 and height, and pixels -1 and width of each
/// row, may be read when `border` is 1 and hold zeros then.
struct MapView {
  float* data = nullptr;      // channel 0 of the slice, at pixel (0, 0) or at ring slot 0
  int32_t height = 0;
  int32_t width = 0;
  int32_t channels = 0;
  int32_t pixel_stride = 0;   // floats from one pixel to the next; 1 in planes
  int32_t channel_step = 1;   // floats from one channel to the next; plane_floats(width) in planes
  int32_t row_stride = 0;     // floats
  int32_t ring_rows = 0;      // 0: the whole map is stored; else row y is in slot y mod ring_rows
  int32_t border = 0;         // 0 or 1 pixel

  float* row(int32_t y) const noexcept {
    const int32_t slot = ring_rows == 0 ? y : (y + ring_rows) % ring_rows;
    return data + static_cast<ptrdiff_t>(slot) * row_stride;
  }
  float& at(int32_t y, int32_t x, int32_t c) const noexcept {
    return row(y)[static_cast<ptrdiff_t>(x) * pixel_stride + static_cast<ptrdiff_t>(c) * channel_step];
  }
  bool in_planes() const noexcept { return channel_step != 1; }

  /// True when rows [begin, end) lie behind each other without a gap: they can be treated as one long
  /// row.
  bool rows_touch(int32_t begin, int32_t end) const noexcept {
    if (row_stride != width * pixel_stride || in_planes()) return false;
    return ring_rows == 0 || begin % ring_rows + (end - begin) <= ring_rows;
  }
};

FACEIO_END_NAMESPACE

#endif  // FACEIO_CORE_MAP_VIEW_HPP
