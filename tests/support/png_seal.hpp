// Makes the checksums of PNG chunks right again after damage: behind them lies the decoder.
#ifndef FACEIO_TESTS_SUPPORT_PNG_SEAL_HPP
#define FACEIO_TESTS_SUPPORT_PNG_SEAL_HPP

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace test {

/// CRC-32 of PNG (ISO 3309), a bit at a time.
inline uint32_t png_crc32(const uint8_t* data, size_t size) {
  uint32_t crc = 0xffffffffu;
  for (size_t i = 0; i < size; ++i) {
    crc ^= data[i];
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ ((crc & 1u) != 0 ? 0xedb88320u : 0u);
  }
  return ~crc;
}

/// Does nothing to other bytes than those of a PNG, and stops where its chunks do.
inline void seal_png(uint8_t* data, size_t size) {
  if (size < 8 || std::memcmp(data, "\x89PNG\r\n\x1a\n", 8) != 0) return;
  for (size_t at = 8; size - at >= 12;) {
    const uint8_t* const p = data + at;
    const size_t length = static_cast<size_t>(p[0]) << 24 | static_cast<size_t>(p[1]) << 16 | static_cast<size_t>(p[2]) << 8 | p[3];
    if (length > size - at - 12) return;
    const uint32_t crc = png_crc32(data + at + 4, length + 4);
    for (size_t i = 0; i < 4; ++i) data[at + 8 + length + i] = static_cast<uint8_t>(crc >> (24 - 8 * i));
    at += length + 12;
  }
}

}  // namespace test

#endif
