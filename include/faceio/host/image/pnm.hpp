// Binary PGM (P5) and PPM (P6), with any largest value 1..65535, scaled to 0..255.
#ifndef FACEIO_HOST_IMAGE_PNM_HPP
#define FACEIO_HOST_IMAGE_PNM_HPP

#include "limits.hpp"
#include "picture.hpp"
#include "segments.hpp"

FACEIO_BEGIN_NAMESPACE
namespace host {
namespace detail {

/// Reads the decimal number at `position` after white space and comments; false when there is none,
/// or when it has more than nine digits.
inline bool read_pnm_number(Span<const uint8_t> bytes, size_t& position, uint64_t& number) {
  const auto is_space = [](uint8_t c) { return c == ' ' || (c >= '\t' && c <= '\r'); };
  while (position < bytes.size && (is_space(bytes[position]) || bytes[position] == '#')) {
    if (bytes[position] == '#') {
      while (position < bytes.size && bytes[position] != '\n' && bytes[position] != '\r')
        ++position;
    } else {
      ++position;
    }
  }
  number = 0;
  const size_t first = position;
  while (position < bytes.size && bytes[position] >= '0' && bytes[position] <= '9') {
    number = number * 10 + (bytes[position] - uint64_t{'0'});
    if (++position - first > 9) return false;
  }
  return position > first;
}

inline bool decode_pnm(Span<const uint8_t> bytes, const ReadLimits& limits, Picture& picture,
                       std::string& error) {
  const auto fail = [&error](std::string sentence) {
    error = std::move(sentence);
    return false;
  };
  const bool colour = bytes[1] == '6';
  size_t position = 2;
  uint64_t width = 0;
  uint64_t height = 0;
  uint64_t largest = 0;
  if (!read_pnm_number(bytes, position, width) || !read_pnm_number(bytes, position, height) ||
      !read_pnm_number(bytes, position, largest) || largest < 1 || largest > 65535) {
    return fail(
        "the PNM header is damaged or ends early; it needs width, height and the largest "
        "value (1..65535)");
  }
  if (!check_size(width, height, limits, error)) return false;
  ++position;  // one white space separates the header from the samples
  const uint64_t pixels = width * height;
  const uint64_t channels = colour ? 3 : 1;
  const uint64_t sample_bytes = largest > 255 ? 2 : 1;
  const uint64_t needed_bytes = pixels * channels * sample_bytes;
  if (position > bytes.size || bytes.size - position < needed_bytes) {
    return fail("the PNM ends before its last pixel; copy or download it again");
  }
  picture.rgb.resize(static_cast<size_t>(pixels * 3));
  picture.size = Size{static_cast<int32_t>(width), static_cast<int32_t>(height)};
  picture.exif_orientation = 1;
  const uint8_t* in = bytes.data + position;
  uint8_t* out = picture.rgb.data();
  for (uint64_t i = 0; i < pixels; ++i, out += 3) {
    for (uint64_t c = 0; c < channels; ++c, in += sample_bytes) {
      uint64_t value = sample_bytes == 2 ? read_be16(in) : in[0];
      if (value > largest) value = largest;
      out[c] = static_cast<uint8_t>((value * 255 + largest / 2) / largest);
    }
    if (!colour) out[1] = out[2] = out[0];
  }
  return true;
}

}  // namespace detail
}  // namespace host
FACEIO_END_NAMESPACE

#endif  // FACEIO_HOST_IMAGE_PNM_HPP
