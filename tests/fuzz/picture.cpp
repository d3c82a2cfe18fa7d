// Any bytes as a picture file: a picture within its limits, or a sentence.
#include <faceio/host/image_io.hpp>

#include "fuzz.hpp"

using namespace faceio;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  host::ReadLimits limits;
  limits.max_pixels = 1 << 18;
  limits.max_file_bytes = 1 << 18;
  const fuzz::Exact bytes(data, size);
  host::Picture picture;
  std::string error;
  if (!host::try_decode_picture({bytes.data(), bytes.size()}, picture, error, limits)) {
    FUZZ_REQUIRE(!error.empty());
    return 0;
  }
  FUZZ_REQUIRE(picture.size.width_px > 0 && picture.size.height_px > 0);
  const auto pixels = static_cast<uint64_t>(picture.size.width_px) * static_cast<uint64_t>(picture.size.height_px);
  FUZZ_REQUIRE(pixels <= limits.max_pixels && picture.rgb.size() == pixels * 3);
  FUZZ_REQUIRE(picture.exif_orientation >= 1 && picture.exif_orientation <= 8);
  return 0;
}

#if defined(FACEIO_FUZZING_WITH_LIBFUZZER)
namespace {

uint32_t crc32_of(const uint8_t* data, size_t size) {
  uint32_t crc = 0xffffffffu;
  for (size_t i = 0; i < size; ++i) {
    crc ^= data[i];
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ ((crc & 1u) != 0 ? 0xedb88320u : 0u);
  }
  return ~crc;
}

uint32_t big_endian(const uint8_t* p) {
  return static_cast<uint32_t>(p[0]) << 24 | static_cast<uint32_t>(p[1]) << 16 | static_cast<uint32_t>(p[2]) << 8 | p[3];
}

}  // namespace

/// Makes the checksums of PNG chunks right again: behind them lies the decoder.
extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size, unsigned int seed) {
  size = LLVMFuzzerMutate(data, size, max_size);
  if (seed % 8 == 0 || size < 8 || std::memcmp(data, "\x89PNG\r\n\x1a\n", 8) != 0) return size;
  for (size_t at = 8; size - at >= 12;) {
    const size_t length = big_endian(data + at);
    if (length > size - at - 12) break;
    const uint32_t crc = crc32_of(data + at + 4, length + 4);
    for (size_t i = 0; i < 4; ++i) data[at + 8 + length + i] = static_cast<uint8_t>(crc >> (24 - 8 * i));
    at += length + 12;
  }
  return size;
}
#endif
