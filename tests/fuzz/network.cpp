// The committed detectors with changed weights and tensors, under right checksums: refused with a status, or run on a
// picture to finite faces on every target; in int8, to the same faces.
#include <faceio/faceio.hpp>

#include "../support/blob_editor.hpp"
#include "../support/kernel_tables.hpp"
#include "fuzz.hpp"

using namespace faceio;

namespace {

constexpr Size kSize{40, 33};

/// Makes an edit of the input: a number anywhere in the payload, or a field of an entry.
void edit(test::BlobEditor& blob, fuzz::Input& input) {
  const uint8_t kind = input.take<uint8_t>();
  const uint32_t where = input.take<uint32_t>();
  const BlobHeader header = blob.header();
  if (kind % 4 == 0) {
    const size_t i = where % header.entry_count;
    const uint32_t value = input.take<uint32_t>();
    std::memcpy(blob.bytes.data() + 64 + 64 * i + kind / 4 % 16 * 4, &value, sizeof value);
    return;
  }
  const size_t words = (blob.bytes.size() - header.payload_offset) / 4;
  const uint32_t value = input.take<uint32_t>();
  // A run of equal words reaches what one cannot: sums that overflow.
  const size_t run = kind % 4 == 3 ? size_t{1} << kind / 16 : 1;
  for (size_t k = 0; k < run && where % words + k < words; ++k) {
    std::memcpy(blob.bytes.data() + header.payload_offset + (where % words + k) * 4, &value, sizeof value);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const test::BlobEditor kInt8(test::int8_detector_path()), kFp32(test::detector_path());
  fuzz::Input input(data, size);
  const uint8_t which = input.take<uint8_t>();
  test::BlobEditor blob = which % 4 == 0 ? kFp32 : kInt8;
  while (input.size() >= 9) edit(blob, input);
  blob.seal();
  test::AlignedBuffer bytes(blob.bytes);
  const auto opened = Blob::open(bytes.bytes());
  if (!opened) return 0;
  DetectorOptions options;
  options.min_score = 0.0f;
  options.max_candidates = 64;
  options.voting_iou = which % 8 < 4 ? kVotingIou : 0.0f;
  const Requirements need = Detector::requirements(kSize, options, opened->precision());
  test::AlignedBuffer persistent(need.persistent_bytes), scratch(need.scratch_bytes);
  std::vector<uint8_t> pixels(static_cast<size_t>(kSize.width_px * kSize.height_px) * 3);
  for (size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<uint8_t>(i * i >> 3);
  const ImageView picture(pixels.data(), kSize, static_cast<size_t>(kSize.width_px) * 3, PixelFormat::RGB8);
  std::vector<Face> first;
  for (const KernelTable* table : test::runnable_tables()) {
    const auto detector = Detector::create(*opened, persistent.span(), options, table->target);
    if (!detector) {
      FUZZ_REQUIRE(detector.status().code != Errc::arena_too_small);
      return 0;
    }
    Face room[64];
    const auto found = detector->detect(picture, scratch.span(), room);
    FUZZ_REQUIRE(found.has_value());
    for (const Face& face : found->faces) {
      FUZZ_REQUIRE(std::isfinite(face.box.x) && std::isfinite(face.box.y) && std::isfinite(face.box.width));
      FUZZ_REQUIRE(std::isfinite(face.box.height) && face.score >= 0.0f && face.score <= 1.0f);
      for (const Point& p : face.landmarks.points) FUZZ_REQUIRE(std::isfinite(p.x) && std::isfinite(p.y));
    }
  }
  return 0;
}
