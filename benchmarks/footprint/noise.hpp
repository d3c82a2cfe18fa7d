// A picture without faces.
#ifndef FACEIO_BENCHMARKS_FOOTPRINT_NOISE_HPP
#define FACEIO_BENCHMARKS_FOOTPRINT_NOISE_HPP

#include <faceio/core/image_view.hpp>

#include <vector>

/// RGB8 without padding between rows; the same pixels every time.
inline std::vector<uint8_t> noise_rgb8(faceio::Size size) {
  std::vector<uint8_t> rgb(faceio::row_bytes(faceio::PixelFormat::RGB8, size.width_px) *
                           static_cast<size_t>(size.height_px));
  uint32_t state = 1;
  for (uint8_t& value : rgb) {
    state = state * 1664525u + 1013904223u;
    value = static_cast<uint8_t>(state >> 24);
  }
  return rgb;
}

#endif  // FACEIO_BENCHMARKS_FOOTPRINT_NOISE_HPP
