// Windows bitmaps: 1, 4, 8, 16, 24 and 32 bits a pixel, uncompressed, either row order.
#ifndef FACEIO_HOST_IMAGE_BMP_HPP
#define FACEIO_HOST_IMAGE_BMP_HPP

#include "limits.hpp"
#include "picture.hpp"
#include "segments.hpp"

FACEIO_BEGIN_NAMESPACE
namespace host {
namespace detail {

/// One colour of a 16 or 32 bit pixel: where its bits are, and their value as 0..255.
struct BmpChannel {
  uint32_t mask;
  uint32_t shift = 0;
  uint32_t largest;

  /// Precondition: bits is not 0.
  explicit BmpChannel(uint32_t bits) noexcept : mask(bits) {
    while ((mask >> shift & 1u) == 0) ++shift;
    largest = mask >> shift;
  }
  uint8_t operator()(uint32_t pixel) const noexcept {
    const uint64_t value = (pixel & mask) >> shift;
    return static_cast<uint8_t>((value * 255 + largest / 2) / largest);
  }
};

/// Decodes a BMP into `picture`. Entries that a palette lacks are black; alpha is dropped.
inline bool decode_bmp(Span<const uint8_t> bytes, const ReadLimits& limits, Picture& picture,
                       std::string& error) {
  const auto fail = [&error](std::string sentence) {
    error = std::move(sentence);
    return false;
  };
  constexpr size_t kFileHeader_bytes = 14;
  const char* damaged = "the BMP header is damaged; copy or export the picture again";
  const char* truncated = "the BMP ends before its last pixel; copy or download it again";
  if (bytes.size < kFileHeader_bytes + 12) return fail(truncated);
  const size_t pixels_at = read_le32(bytes.data + 10);
  const size_t header_bytes = read_le32(bytes.data + 14);
  const bool core = header_bytes == 12;
  if (!core && (header_bytes < 40 || header_bytes > 124)) return fail(damaged);
  const size_t header_end = kFileHeader_bytes + header_bytes;
  if (header_end > bytes.size) return fail(truncated);
  const uint8_t* header = bytes.data + kFileHeader_bytes;

  uint64_t width = 0;
  uint64_t height = 0;
  bool top_down = false;
  uint32_t bits = 0;
  uint32_t compression = 0;
  if (core) {
    width = read_le16(header + 4);
    height = read_le16(header + 6);
    bits = read_le16(header + 10);
  } else {
    width = read_le32(header + 4);
    const uint32_t rows = read_le32(header + 8);
    top_down = (rows & 0x80000000u) != 0;
    height = top_down ? uint64_t{0x100000000u} - rows : rows;
    bits = read_le16(header + 14);
    compression = read_le32(header + 16);
  }
  if (!check_size(width, height, limits, error)) return false;
  constexpr uint32_t kRgb = 0;
  constexpr uint32_t kBitFields = 3;
  constexpr uint32_t kAlphaBitFields = 6;
  const bool masks_given = compression == kBitFields || compression == kAlphaBitFields;
  if (compression != kRgb && !masks_given) {
    return fail("compressed BMP is not supported; save it as PNG");
  }
  if (bits != 1 && bits != 4 && bits != 8 && bits != 16 && bits != 24 && bits != 32) {
    return fail("BMP with " + std::to_string(bits) +
                " bits a pixel is not supported; save it as PNG");
  }
  if (masks_given && bits != 16 && bits != 32) return fail(damaged);
  if (pixels_at < header_end) return fail(damaged);
  const uint64_t row_used_bytes = (width * bits + 7) / 8;
  const uint64_t row_stride_bytes = (width * bits + 31) / 32 * 4;
  const uint64_t needed_bytes = pixels_at + row_stride_bytes * (height - 1) + row_used_bytes;
  if (bytes.size < needed_bytes) return fail(truncated);

  uint8_t palette[256][3] = {};
  if (bits <= 8) {
    const size_t entry_bytes = core ? 3 : 4;
    const size_t room = (pixels_at - header_end) / entry_bytes;
    const uint32_t stated = core ? 0 : read_le32(header + 32);
    size_t count = size_t{1} << bits;
    if (stated != 0 && stated < count) count = stated;
    if (room < count) count = room;
    if (count == 0) return fail(damaged);
    for (size_t i = 0; i < count; ++i) {
      const uint8_t* entry = bytes.data + header_end + i * entry_bytes;
      for (size_t c = 0; c < 3; ++c) palette[i][c] = entry[2 - c];
    }
  }
  uint32_t masks[3] = {0xFF0000u, 0xFF00u, 0xFFu};
  if (bits == 16) masks[0] = 0x7C00u, masks[1] = 0x3E0u, masks[2] = 0x1Fu;
  if (masks_given) {
    constexpr size_t kMasks_at =
        54;  // after a 40-byte header, or inside a longer one: the same place
    if (pixels_at < kMasks_at + 12) return fail(damaged);  // pixels lie inside the file
    for (size_t c = 0; c < 3; ++c) masks[c] = read_le32(bytes.data + kMasks_at + 4 * c);
    if (masks[0] == 0 || masks[1] == 0 || masks[2] == 0) return fail(damaged);
  }
  const BmpChannel red(masks[0]);
  const BmpChannel green(masks[1]);
  const BmpChannel blue(masks[2]);

  picture.rgb.resize(static_cast<size_t>(width * height * 3));
  picture.size = Size{static_cast<int32_t>(width), static_cast<int32_t>(height)};
  picture.exif_orientation = 1;
  uint8_t* out = picture.rgb.data();
  for (uint64_t y = 0; y < height; ++y) {
    const uint64_t stored_row = top_down ? y : height - 1 - y;
    const uint8_t* row =
        bytes.data + pixels_at + static_cast<size_t>(stored_row * row_stride_bytes);
    for (uint64_t x = 0; x < width; ++x, out += 3) {
      if (bits <= 8) {
        const uint64_t bit = x * bits;
        const uint32_t index =
            static_cast<uint32_t>(row[bit / 8]) >> (8 - bits - bit % 8) & ((1u << bits) - 1);
        std::memcpy(out, palette[index], 3);
      } else if (bits == 24) {
        for (size_t c = 0; c < 3; ++c) out[c] = row[3 * x + 2 - c];
      } else {
        const uint32_t pixel = bits == 16 ? read_le16(row + 2 * x) : read_le32(row + 4 * x);
        out[0] = red(pixel);
        out[1] = green(pixel);
        out[2] = blue(pixel);
      }
    }
  }
  return true;
}

}  // namespace detail
}  // namespace host
FACEIO_END_NAMESPACE

#endif  // FACEIO_HOST_IMAGE_BMP_HPP
