// Any bytes as a weight blob. What opens must keep to its file, and hand out what was asked for.
#include "../support/blob_editor.hpp"
#include "fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  test::AlignedBuffer bytes(size);
  if (size > 0) std::memcpy(bytes.data(), data, size);
  const auto opened = faceio::Blob::open(bytes.bytes());
  if (opened) {
    FUZZ_REQUIRE(test::is_inside(*opened, bytes.data(), size));
    FUZZ_REQUIRE(opened->file_bytes() % faceio::kAlignment_bytes == 0);
  } else {
    FUZZ_REQUIRE(opened.status().text()[0] != '\0');
  }
  return 0;
}

#if defined(FACEIO_FUZZING_WITH_LIBFUZZER)
/// Mutates, or damages one field of one entry, and mostly makes the checksums right again: past them the rules begin.
extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size, unsigned int seed) {
  const bool by_field = seed % 2 == 0 && size >= 128;
  if (by_field) {
    static constexpr size_t kFields[] = {0, 2, 3, 4, 5, 6, 8, 12, 16, 20, 24, 32, 40, 44};
    const size_t entries = size / 64 - 1;
    uint8_t* const field = data + 64 + (seed >> 8) % entries * 64 + kFields[(seed >> 4) % 14];
    LLVMFuzzerMutate(field, 4, 4);
  } else {
    size = LLVMFuzzerMutate(data, size, max_size);
  }
  if (seed % 8 == 1 || size < 64) return size;
  test::BlobEditor blob(std::vector<uint8_t>(data, data + size));
  if (seed % 16 < 8) {  // a header that fits the file
    faceio::BlobHeader h = blob.header();
    std::memcpy(h.magic, faceio::kBlobMagic, sizeof h.magic);
    h.format_version = faceio::kBlobVersion;
    h.header_bytes = 64;
    h.endian_mark = faceio::kBlobEndianMark;
    std::memset(h.reserved, 0, sizeof h.reserved);
    if (h.payload_offset > size || h.payload_offset % 64 != 0 || h.payload_offset < 64) h.payload_offset = 64;
    h.entry_count = (h.payload_offset - 64) / 64;
    h.file_bytes = size;
    blob.set_header(h);
  }
  blob.seal();
  std::memcpy(data, blob.bytes.data(), size);
  return size;
}
#endif
