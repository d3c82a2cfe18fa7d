#include "thumbnail.hpp"

#include <faceio/host/image_io.hpp>

#include <algorithm>
#include <cmath>

#include "../outcome.hpp"

namespace cli {
namespace {

using faceio::host::Picture;

/// Mean of the pixels of [x0, x1) x [y0, y1), at least one pixel; black outside the picture.
void mean_of(const Picture& picture, double x0, double y0, double x1, double y1, uint8_t* rgb) {
  const auto first = [](double low) { return static_cast<int64_t>(std::floor(low)); };
  const auto last = [first](double low, double high) {
    return std::max(static_cast<int64_t>(std::ceil(high)), first(low) + 1);
  };
  const int64_t width = picture.size.width_px;
  const int64_t left = std::clamp<int64_t>(first(x0), 0, width);
  const int64_t right = std::clamp<int64_t>(last(x0, x1), 0, width);
  const int64_t top = std::clamp<int64_t>(first(y0), 0, picture.size.height_px);
  const int64_t bottom = std::clamp<int64_t>(last(y0, y1), 0, picture.size.height_px);
  const int64_t count = (right - left) * (bottom - top);
  uint64_t sums[3] = {};
  for (int64_t y = top; y < bottom; ++y) {
    const uint8_t* pixel = picture.rgb.data() + 3 * (y * width + left);
    for (int64_t i = 0; i < 3 * (right - left); ++i) sums[i % 3] += pixel[i];
  }
  for (size_t c = 0; c < 3; ++c) {
    rgb[c] = count > 0 ? static_cast<uint8_t>(sums[c] / static_cast<uint64_t>(count)) : uint8_t{0};
  }
}

/// The region that starts at `left`, `top` with `step` picture pixels a thumbnail pixel.
Picture scaled(const Picture& picture, double left, double top, double step, faceio::Size size) {
  Picture small;
  small.size = size;
  small.rgb.resize(3 * static_cast<size_t>(size.width_px) * static_cast<size_t>(size.height_px));
  uint8_t* rgb = small.rgb.data();
  for (int32_t y = 0; y < size.height_px; ++y) {
    for (int32_t x = 0; x < size.width_px; ++x, rgb += 3) {
      const double x0 = left + x * step;
      const double y0 = top + y * step;
      mean_of(picture, x0, y0, x0 + step, y0 + step, rgb);
    }
  }
  return small;
}

void draw_frame(Picture& picture, int32_t x0, int32_t y0, int32_t x1, int32_t y1) {
  constexpr uint8_t kColour[3] = {60, 220, 90};
  const auto set = [&](int32_t x, int32_t y) {
    if (x < 0 || y < 0 || x >= picture.size.width_px || y >= picture.size.height_px) return;
    const int64_t at = 3 * (int64_t{y} * picture.size.width_px + x);
    std::copy(kColour, kColour + 3, picture.rgb.data() + at);
  };
  for (int32_t x = x0; x <= x1; ++x) {
    set(x, y0);
    set(x, y1);
  }
  for (int32_t y = y0; y <= y1; ++y) {
    set(x0, y);
    set(x1, y);
  }
}

std::vector<uint8_t> jpeg_of(const Picture& picture) {
  constexpr int kQuality = 80;
  std::vector<uint8_t> bytes;
  std::string error;
  if (!faceio::host::encode_jpg(picture, bytes, error, kQuality)) throw InputError(error);
  return bytes;
}

}  // namespace

std::vector<uint8_t> thumbnail(const Picture& picture, int32_t side_px) {
  const faceio::Size full = picture.size;
  const double step = static_cast<double>(std::max(full.width_px, full.height_px)) / side_px;
  const auto side = [step](int32_t full_px) {
    return std::max(1, static_cast<int32_t>(std::lround(full_px / step)));
  };
  return jpeg_of(scaled(picture, 0.0, 0.0, step, {side(full.width_px), side(full.height_px)}));
}

std::vector<uint8_t> thumbnail_of(const Picture& picture, const faceio::Box& box,
                                  int32_t side_px) {
  // A box far beyond the picture, which bad truth may hold, shows as black.
  constexpr float kFar_px = 1e5f;
  const double width = static_cast<double>(std::clamp(box.width, 1.0f, kFar_px));
  const double height = static_cast<double>(std::clamp(box.height, 1.0f, kFar_px));
  const double x = static_cast<double>(std::clamp(box.x, -kFar_px, kFar_px));
  const double y = static_cast<double>(std::clamp(box.y, -kFar_px, kFar_px));
  const double region_px = 3.0 * std::max(width, height);
  const double step = region_px / side_px;
  const double left = x + width / 2.0 - region_px / 2.0;
  const double top = y + height / 2.0 - region_px / 2.0;
  Picture small = scaled(picture, left, top, step, {side_px, side_px});
  const auto at = [step](double offset_px) {
    return static_cast<int32_t>(std::lround(offset_px / step));
  };
  draw_frame(small, at(x - left), at(y - top), at(x + width - left), at(y + height - top));
  return jpeg_of(small);
}

}  // namespace cli
