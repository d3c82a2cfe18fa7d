// Any bytes as a file with an Exif orientation, and as a TIFF header.
#include <faceio/host/exif.hpp>

#include "fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const fuzz::Exact bytes(data, size);
  const int32_t of_file = faceio::host::exif_orientation({bytes.data(), bytes.size()});
  const int32_t of_tiff = faceio::host::tiff_orientation({bytes.data(), bytes.size()});
  FUZZ_REQUIRE(of_file >= 1 && of_file <= 8);
  FUZZ_REQUIRE(of_tiff >= 1 && of_tiff <= 8);
  return 0;
}
