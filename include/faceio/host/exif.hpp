// The Exif orientation of a JPEG or PNG, without decoding it. No heap, bounds-checked, linear time.
#ifndef FACEIO_HOST_EXIF_HPP
#define FACEIO_HOST_EXIF_HPP

#include "image/segments.hpp"

FACEIO_BEGIN_NAMESPACE
namespace host {

/// Orientation 1..8 from a TIFF header and its first directory (JEITA CP-3451, 4.6.4 A), in either
/// byte order; 1 when it is absent or unreadable. Only the first directory is looked at, once, so
/// directories that point at each other cost nothing.
inline int32_t tiff_orientation(Span<const uint8_t> tiff) noexcept {
  constexpr size_t kEntry_bytes = 12;
  constexpr uint32_t kOrientation = 0x0112;
  constexpr uint32_t kShort = 3;
  constexpr uint32_t kLong = 4;
  const bool little = detail::starts_with(tiff, "II*\0", 4);
  if (!little && !detail::starts_with(tiff, "MM\0*", 4)) return 1;
  const auto read16 = [little](const uint8_t* p) noexcept {
    return little ? detail::read_le16(p) : detail::read_be16(p);
  };
  const auto read32 = [little](const uint8_t* p) noexcept {
    return little ? detail::read_le32(p) : detail::read_be32(p);
  };
  if (tiff.size < 8) return 1;
  const size_t directory = read32(tiff.data + 4);
  if (directory > tiff.size || tiff.size - directory < 2) return 1;
  const size_t room = (tiff.size - directory - 2) / kEntry_bytes;
  const size_t stated = read16(tiff.data + directory);
  const size_t count = stated < room ? stated : room;
  for (size_t i = 0; i < count; ++i) {
    const uint8_t* entry = tiff.data + directory + 2 + i * kEntry_bytes;
    if (read16(entry) != kOrientation) continue;
    const uint32_t type = read16(entry + 2);
    if (type != kShort && type != kLong) return 1;
    const uint32_t value = type == kShort ? read16(entry + 8) : read32(entry + 8);
    return value >= 1 && value <= 8 ? static_cast<int32_t>(value) : 1;
  }
  return 1;
}

/// Orientation 1..8 of a whole JPEG (first Exif APP1 segment) or PNG (eXIf chunk); 1 for everything
/// else, for pictures without the tag and for damaged ones.
inline int32_t exif_orientation(Span<const uint8_t> file) noexcept {
  if (detail::is_jpeg(file)) {
    detail::JpegMarkers markers(file);
    while (markers.next() == detail::JpegMarkers::Step::segment) {
      if (markers.marker() == detail::JpegMarkers::kStartOfScan) break;
      const Span<const uint8_t> payload = markers.payload();
      constexpr size_t kPrefix_bytes = 6;  // "Exif", zero, padding
      if (markers.marker() == 0xE1 && payload.size >= kPrefix_bytes &&
          detail::starts_with(payload, "Exif\0", 5)) {
        return tiff_orientation(
            Span<const uint8_t>(payload.data + kPrefix_bytes, payload.size - kPrefix_bytes));
      }
    }
  } else if (detail::is_png(file)) {
    detail::PngChunks chunks(file);
    while (chunks.next() == detail::PngChunks::Step::chunk) {
      if (chunks.type() == detail::PngChunks::tag("eXIf"))
        return tiff_orientation(chunks.payload());
    }
  }
  return 1;
}

}  // namespace host
FACEIO_END_NAMESPACE

#endif  // FACEIO_HOST_EXIF_HPP
