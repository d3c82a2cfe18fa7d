// Feature maps of int8 networks: bytes in memory, and where they lie. Numbers: docs/int8.md.
#ifndef FACEIO_CORE_INT8_MAP_HPP
#define FACEIO_CORE_INT8_MAP_HPP

#include "map_view.hpp"

FACEIO_BEGIN_NAMESPACE

/// Elements of wide maps lie between -kWideLimit and kWideLimit.
inline constexpr int32_t kWideLimit = 8191;

/// View of an int8 map or of a slice of its channels; a slice starts at a multiple of 16 channels. Rows -1
/// and height, and pixels -1 and width of each row, may be read when `border` is 1 and hold the border
/// pixel then.
struct Int8Map {
  uint8_t* data = nullptr;  // channel 0 of the slice, at pixel (0, 0) or at ring slot 0
  int32_t height = 0;
  int32_t width = 0;
  int32_t channels = 0;
  int32_t pixel_stride_bytes = 0;
  int32_t row_stride_bytes = 0;
  int32_t ring_rows = 0;  // 0: the whole map is stored; else row y is in slot y mod ring_rows
  int32_t border = 0;     // 0 or 1 pixel
  bool wide = false;      // elements are int16_t, else uint8_t
  /// pixel_stride_bytes bytes of the whole map, not of the slice; null without a border.
  const uint8_t* border_pixel = nullptr;

  uint8_t* row(int32_t y) const noexcept {
    const int32_t slot = ring_rows == 0 ? y : (y + ring_rows) % ring_rows;
    return data + static_cast<ptrdiff_t>(slot) * row_stride_bytes;
  }
  uint8_t* pixel(int32_t y, int32_t x) const noexcept {
    return row(y) + static_cast<ptrdiff_t>(x) * pixel_stride_bytes;
  }
  int32_t at(int32_t y, int32_t x, int32_t c) const noexcept {
    const uint8_t* const p = pixel(y, x);
    if (wide) return static_cast<const int16_t*>(static_cast<const void*>(p))[c];
    return p[c];
  }

  /// True when rows [begin, end) lie behind each other without a gap: they can be treated as one long
  /// row.
  bool rows_touch(int32_t begin, int32_t end) const noexcept {
    if (row_stride_bytes != width * pixel_stride_bytes) return false;
    return ring_rows == 0 || begin % ring_rows + (end - begin) <= ring_rows;
  }
};

FACEIO_END_NAMESPACE

#endif  // FACEIO_CORE_INT8_MAP_HPP
