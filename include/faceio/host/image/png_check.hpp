// What a PNG must satisfy before it is handed to the decoder, which verifies no checksum.
#ifndef FACEIO_HOST_IMAGE_PNG_CHECK_HPP
#define FACEIO_HOST_IMAGE_PNG_CHECK_HPP

#include <vector>

#include "limits.hpp"
#include "segments.hpp"

FACEIO_BEGIN_NAMESPACE
namespace host {
namespace detail {

struct Crc32Table {
  uint32_t entry[256] = {};
  constexpr Crc32Table() {
    for (uint32_t i = 0; i < 256; ++i) {
      uint32_t value = i;
      for (int bit = 0; bit < 8; ++bit) value = value >> 1 ^ ((value & 1u) != 0 ? 0xEDB88320u : 0u);
      entry[i] = value;
    }
  }
};
inline constexpr Crc32Table kCrc32{};

/// CRC-32 of ISO 3309 as PNG uses it.
inline uint32_t crc32(Span<const uint8_t> bytes) noexcept {
  uint32_t value = 0xFFFFFFFFu;
  for (const uint8_t byte : bytes) value = kCrc32.entry[(value ^ byte) & 0xFFu] ^ value >> 8;
  return ~value;
}

/// False: `error` says why this PNG is not decoded. True: `size` is its stored size, and
/// `palette_at` the offset of a PLTE chunk that has fewer entries than pixels can ask for (0:
/// none).
inline bool check_png(Span<const uint8_t> bytes, const ReadLimits& limits, Size& size,
                      size_t& palette_at, std::string& error) {
  const auto fail = [&error](std::string sentence) {
    error = std::move(sentence);
    return false;
  };
  PngChunks chunks(bytes);
  uint64_t raw_bytes = 0;
  uint64_t data_bytes = 0;
  size_t palette_entries_needed = 0;
  palette_at = 0;
  bool header_seen = false;
  for (;;) {
    const PngChunks::Step step = chunks.next();
    if (step == PngChunks::Step::truncated) {
      return fail("the PNG ends after " + std::to_string(bytes.size) +
                  " bytes, before its end chunk; copy or download it again");
    }
    const Span<const uint8_t> payload = chunks.payload();
    if (chunks.is_critical() && crc32(chunks.checked()) != chunks.stored_crc()) {
      return fail("a PNG chunk is damaged (its checksum differs); copy or download it again");
    }
    if (step == PngChunks::Step::end) break;
    if (chunks.type() == PngChunks::tag("CgBI")) {
      return fail(
          "this PNG is in Apple's own variant (swapped colours); convert it to a standard PNG");
    }
    if (!header_seen) {
      if (chunks.type() != PngChunks::tag("IHDR") || payload.size != 13) {
        return fail("the PNG does not start with its header; copy or export it again");
      }
      const uint64_t width = read_be32(payload.data);
      const uint64_t height = read_be32(payload.data + 4);
      if (!check_size(width, height, limits, error)) return false;
      const uint64_t depth_bits = payload[8];
      const uint8_t colour = payload[9];
      const uint64_t samples = colour == 2 ? 3 : colour == 4 ? 2 : colour == 6 ? 4 : 1;
      raw_bytes = height * ((width * samples * depth_bits + 7) / 8 + 1);
      if (colour == 3 && depth_bits <= 8) palette_entries_needed = size_t{1} << depth_bits;
      size = Size{static_cast<int32_t>(width), static_cast<int32_t>(height)};
      header_seen = true;
    } else if (chunks.type() == PngChunks::tag("PLTE")) {
      if (payload.size % 3 == 0 && payload.size / 3 < palette_entries_needed) {
        palette_at = static_cast<size_t>(payload.data - bytes.data) - 8;
      }
    } else if (chunks.type() == PngChunks::tag("IDAT")) {
      data_bytes += payload.size;
    }
  }
  // Deflate shrinks at most 1032-fold; less data than that cannot fill the picture, and is found
  // out here before the memory for its pixels is taken.
  if ((data_bytes + 1) * 1032 < raw_bytes) {
    return fail(
        "the PNG holds too little data for " +
        size_text(static_cast<uint64_t>(size.width_px), static_cast<uint64_t>(size.height_px)) +
        " pixels; copy or export it again");
  }
  return true;
}

/// The same PNG with the palette at `palette_at` filled up to 256 entries with black. The decoder
/// would show whatever was on its stack for entries that a palette lacks.
inline std::vector<uint8_t> with_full_palette(Span<const uint8_t> png, size_t palette_at) {
  constexpr size_t kFull_bytes = 768;
  const size_t have_bytes = read_be32(png.data + palette_at);
  const uint8_t* entries = png.data + palette_at + 8;
  std::vector<uint8_t> full(png.data, png.data + palette_at);
  const uint8_t head[8] = {0, 0, kFull_bytes >> 8, kFull_bytes & 0xFF, 'P', 'L', 'T', 'E'};
  full.insert(full.end(), head, head + 8);
  full.insert(full.end(), entries, entries + have_bytes);
  full.insert(full.end(), kFull_bytes - have_bytes, uint8_t{0});
  full.insert(full.end(), entries + have_bytes, static_cast<const uint8_t*>(png.end()));
  return full;
}

}  // namespace detail
}  // namespace host
FACEIO_END_NAMESPACE

#endif  // FACEIO_HOST_IMAGE_PNG_CHECK_HPP
