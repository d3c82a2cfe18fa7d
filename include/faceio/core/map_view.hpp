// Feature maps: [H, W, C] floats, channels innermost, optionally inside a one-pixel zero border.
//
//   element (y, x, c) is at  row(y)[x * pixel_stride + c]
//
// A map is stored whole, or as a ring of its latest rows (nn/memory_plan.hpp decides); kernels only ever
// ask for row(y), so the same kernel runs layer by layer over whole maps and depth-first over rings.
#ifndef FACEIO_CORE_MAP_VIEW_HPP
#define FACEIO_CORE_MAP_VIEW_HPP

#include "memory.hpp"

FACEIO_BEGIN_NAMESPACE

/// Output channels per weight panel; every vector width in use divides it.
inline constexpr int32_t kPanel = 16;

/// Floats between neighbouring pixels of a map with `channels` channels: 3-channel pictures are dense,
/// 8-channel maps stay 8 wide, everything else is a multiple of a panel. Padding lanes hold zeros.
constexpr int32_t channel_stride(int32_t channels) noexcept {
  if (channels <= 4) return channels;
  if (channels <= 8) return 8;
  return (channels + kPanel - 1) / kPanel * kPanel;
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
  int32_t pixel_stride = 0;   // floats
  int32_t row_stride = 0;     // floats
  int32_t ring_rows = 0;      // 0: the whole map is stored; else row y is in slot y mod ring_rows
  int32_t border = 0;         // 0 or 1 pixel

  float* row(int32_t y) const noexcept {
    const int32_t slot = ring_rows == 0 ? y : (y + ring_rows) % ring_rows;
    return data + static_cast<ptrdiff_t>(slot) * row_stride;
  }
  /// True when pixel (y, width) is pixel (y + 1, 0): rows can be treated as one long row.
  bool rows_touch() const noexcept { return ring_rows == 0 && row_stride == width * pixel_stride; }
};

FACEIO_END_NAMESPACE

#endif  // FACEIO_CORE_MAP_VIEW_HPP
