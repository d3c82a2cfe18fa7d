// Any bytes as a picture file: a picture within its limits, or a sentence.
#include <faceio/host/image_io.hpp>

#include "../support/png_seal.hpp"
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
/// Makes the checksums of PNG chunks right again: behind them lies the decoder.
extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size, unsigned int seed) {
  size = LLVMFuzzerMutate(data, size, max_size);
  if (seed % 8 != 0) test::seal_png(data, size);
  return size;
}
#endif
