// A decoded picture that owns its pixels, and how stored pixels become displayed ones.
#ifndef FACEIO_HOST_IMAGE_PICTURE_HPP
#define FACEIO_HOST_IMAGE_PICTURE_HPP

#include <cstring>
#include <utility>
#include <vector>

#include "../../core/image_view.hpp"

FACEIO_BEGIN_NAMESPACE
namespace host {

/// An RGB8 picture as it is displayed: row 0 is at the top, rows follow each other without gaps.
struct Picture {
  std::vector<uint8_t> rgb;      // [height, width, 3], 0..255
  Size size;                     // displayed width and height, pixels
  int32_t exif_orientation = 1;  // 1..8: the turn that was undone to get here (1: none)

  /// View of the pixels; valid as long as `rgb` is neither changed nor destroyed.
  ImageView view() const noexcept {
    return ImageView(rgb.data(), size, row_bytes(PixelFormat::RGB8, size.width_px),
                     PixelFormat::RGB8);
  }
};

/// Size as displayed of a picture stored with `stored` size and Exif orientation 1..8 (anything else counts as 1).
constexpr Size displayed_size(Size stored, int32_t exif_orientation) noexcept {
  return exif_orientation >= 5 && exif_orientation <= 8 ? Size{stored.height_px, stored.width_px} : stored;
}

namespace detail {

/// Copies `stored` [height, width, 3] into `shown` [displayed height, displayed width, 3], undoing
/// Exif orientation 1..8 (anything else counts as 1). The ranges must not overlap.
inline void copy_displayed(const uint8_t* stored, Size stored_size, int32_t exif_orientation,
                           uint8_t* shown) noexcept {
  const Size size = displayed_size(stored_size, exif_orientation);
  const ptrdiff_t width = stored_size.width_px;
  const ptrdiff_t right = width - 1;
  const ptrdiff_t bottom = (static_cast<ptrdiff_t>(stored_size.height_px) - 1) * width;
  // Displayed pixel (x, y) is stored pixel number first + x * step_x + y * step_y.
  ptrdiff_t first = 0;
  ptrdiff_t step_x = 1;
  ptrdiff_t step_y = width;
  switch (exif_orientation) {
    case 2: first = right, step_x = -1, step_y = width; break;
    case 3: first = bottom + right, step_x = -1, step_y = -width; break;
    case 4: first = bottom, step_x = 1, step_y = -width; break;
    case 5: first = 0, step_x = width, step_y = 1; break;
    case 6: first = bottom, step_x = -width, step_y = 1; break;
    case 7: first = bottom + right, step_x = -width, step_y = -1; break;
    case 8: first = right, step_x = width, step_y = -1; break;
    default: break;
  }
  // Column blocks: a turn by 90 degrees walks down source columns, and a block keeps the rows that
  // it touches in cache from one displayed row to the next.
  constexpr int32_t kBlock_px = 64;
  for (int32_t x_begin = 0; x_begin < size.width_px; x_begin += kBlock_px) {
    const int32_t x_end = size.width_px - x_begin < kBlock_px ? size.width_px : x_begin + kBlock_px;
    for (int32_t y = 0; y < size.height_px; ++y) {
      uint8_t* to = shown + 3 * (static_cast<ptrdiff_t>(y) * size.width_px + x_begin);
      ptrdiff_t source = 3 * (first + y * step_y + x_begin * step_x);
      for (int32_t x = x_begin; x < x_end; ++x, to += 3, source += 3 * step_x) {
        const uint8_t* from = stored + source;
        to[0] = from[0];
        to[1] = from[1];
        to[2] = from[2];
      }
    }
  }
}

}  // namespace detail

/// Turns the stored pixels of `picture` into displayed ones, in place. Orientation is the Exif tag,
/// 1..8; 1 and values outside leave the picture alone. Needs a second copy of the pixels meanwhile.
inline void apply_orientation(Picture& picture, int32_t exif_orientation) {
  if (exif_orientation < 2 || exif_orientation > 8) return;
  std::vector<uint8_t> shown(picture.rgb.size());
  detail::copy_displayed(picture.rgb.data(), picture.size, exif_orientation, shown.data());
  picture.rgb = std::move(shown);
  picture.size = displayed_size(picture.size, exif_orientation);
  picture.exif_orientation = exif_orientation;
}

}  // namespace host
FACEIO_END_NAMESPACE

#endif  // FACEIO_HOST_IMAGE_PICTURE_HPP
