// Cursors over the parts of JPEG and PNG files. They never read outside the bytes and never
// allocate.
#ifndef FACEIO_HOST_IMAGE_SEGMENTS_HPP
#define FACEIO_HOST_IMAGE_SEGMENTS_HPP

#include <cstring>

#include "../../core/memory.hpp"

FACEIO_BEGIN_NAMESPACE
namespace host {
namespace detail {

inline uint32_t read_be16(const uint8_t* p) noexcept {
  return static_cast<uint32_t>(p[0]) << 8 | static_cast<uint32_t>(p[1]);
}
inline uint32_t read_be32(const uint8_t* p) noexcept {
  return read_be16(p) << 16 | read_be16(p + 2);
}
inline uint32_t read_le16(const uint8_t* p) noexcept {
  return static_cast<uint32_t>(p[1]) << 8 | static_cast<uint32_t>(p[0]);
}
inline uint32_t read_le32(const uint8_t* p) noexcept {
  return read_le16(p + 2) << 16 | read_le16(p);
}

inline bool starts_with(Span<const uint8_t> bytes, const char* text, size_t count) noexcept {
  return bytes.size >= count && std::memcmp(bytes.data, text, count) == 0;
}

inline bool is_jpeg(Span<const uint8_t> bytes) noexcept {
  return starts_with(bytes, "\xff\xd8\xff", 3);
}
inline bool is_png(Span<const uint8_t> bytes) noexcept {
  return starts_with(bytes, "\x89PNG\r\n\x1a\n", 8);
}

/// Walks the markers of a JPEG (ITU-T T.81, annex B).
class JpegMarkers {
 public:
  enum class Step : uint8_t { segment, end_of_image, truncated, damaged };

  static constexpr uint8_t kStartOfScan = 0xDA;
  static constexpr uint8_t kEndOfImage = 0xD9;

  /// Precondition: is_jpeg(bytes).
  explicit JpegMarkers(Span<const uint8_t> bytes) noexcept : bytes_(bytes) {}

  /// segment: marker() and payload() describe the next marker segment. Bytes between segments are
  /// skipped, as decoders do.
  Step next() noexcept {
    for (;;) {
      if (!find_marker()) return Step::truncated;
      if (marker_ == kEndOfImage) return Step::end_of_image;
      const bool alone = marker_ == 0x01 || (marker_ >= 0xD0 && marker_ <= 0xD8);
      if (alone) continue;
      if (bytes_.size - position_ < 2) return Step::truncated;
      const size_t length_bytes = read_be16(bytes_.data + position_);
      if (length_bytes < 2) return Step::damaged;
      if (bytes_.size - position_ < length_bytes) return Step::truncated;
      payload_ = Span<const uint8_t>(bytes_.data + position_ + 2, length_bytes - 2);
      position_ += length_bytes;
      return Step::segment;
    }
  }

  /// After a start-of-scan segment: moves over the entropy-coded bytes and returns how many restart
  /// markers they hold.
  size_t skip_scan() noexcept {
    size_t restarts = 0;
    while (position_ < bytes_.size) {
      const void* found = std::memchr(bytes_.data + position_, 0xFF, bytes_.size - position_);
      if (found == nullptr) {
        position_ = bytes_.size;
        break;
      }
      position_ = static_cast<size_t>(static_cast<const uint8_t*>(found) - bytes_.data);
      size_t code = position_ + 1;
      while (code < bytes_.size && bytes_[code] == 0xFF) ++code;  // fill bytes
      if (code >= bytes_.size) {
        position_ = bytes_.size;
        break;
      }
      const bool restart = bytes_[code] >= 0xD0 && bytes_[code] <= 0xD7;
      if (bytes_[code] != 0 && !restart) break;
      restarts += restart ? 1 : 0;
      position_ = code + 1;
    }
    return restarts;
  }

  uint8_t marker() const noexcept { return marker_; }
  Span<const uint8_t> payload() const noexcept { return payload_; }

 private:
  bool find_marker() noexcept {
    while (position_ + 1 < bytes_.size) {
      const uint8_t code = bytes_[position_ + 1];
      if (bytes_[position_] == 0xFF && code != 0x00 && code != 0xFF) {
        marker_ = code;
        position_ += 2;
        return true;
      }
      ++position_;
    }
    return false;
  }

  Span<const uint8_t> bytes_;
  size_t position_ = 2;
  Span<const uint8_t> payload_;
  uint8_t marker_ = 0;
};

/// Walks the chunks of a PNG (ISO/IEC 15948, clause 5).
class PngChunks {
 public:
  enum class Step : uint8_t { chunk, end, truncated };

  /// Precondition: is_png(bytes).
  explicit PngChunks(Span<const uint8_t> bytes) noexcept : bytes_(bytes) {}

  /// chunk: type(), payload() and checked() describe the next chunk. end: it was IEND.
  Step next() noexcept {
    constexpr size_t kOverhead_bytes = 12;  // length, type, crc
    const size_t left = bytes_.size - position_;
    if (left < kOverhead_bytes) return Step::truncated;
    const uint8_t* chunk = bytes_.data + position_;
    const size_t length_bytes = read_be32(chunk);
    if (left - kOverhead_bytes < length_bytes) return Step::truncated;
    type_ = read_be32(chunk + 4);
    payload_ = Span<const uint8_t>(chunk + 8, length_bytes);
    position_ += kOverhead_bytes + length_bytes;
    return type_ == tag("IEND") ? Step::end : Step::chunk;
  }

  static constexpr uint32_t tag(const char (&name)[5]) noexcept {
    return static_cast<uint32_t>(static_cast<uint8_t>(name[0])) << 24 |
           static_cast<uint32_t>(static_cast<uint8_t>(name[1])) << 16 |
           static_cast<uint32_t>(static_cast<uint8_t>(name[2])) << 8 |
           static_cast<uint32_t>(static_cast<uint8_t>(name[3]));
  }

  uint32_t type() const noexcept { return type_; }
  bool is_critical() const noexcept { return (type_ >> 24 & 0x20) == 0; }
  Span<const uint8_t> payload() const noexcept { return payload_; }
  /// The bytes that the stored checksum covers, and that checksum.
  Span<const uint8_t> checked() const noexcept {
    return Span<const uint8_t>(payload_.data - 4, payload_.size + 4);
  }
  uint32_t stored_crc() const noexcept { return read_be32(payload_.data + payload_.size); }

 private:
  Span<const uint8_t> bytes_;
  size_t position_ = 8;
  Span<const uint8_t> payload_;
  uint32_t type_ = 0;
};

}  // namespace detail
}  // namespace host
FACEIO_END_NAMESPACE

#endif  // FACEIO_HOST_IMAGE_SEGMENTS_HPP
