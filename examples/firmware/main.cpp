// Finds the faces of a built-in picture and embeds the best one. Memory, weights and picture are constants of the
// program; it needs what board.hpp names and nothing else.
#include <faceio/firmware.hpp>

#include "board.hpp"

// ./run defines these: size and file of the picture (RGB8), files of the weights, and what to leave out.
#if !defined(EXAMPLE_WIDTH_PX)
#define EXAMPLE_WIDTH_PX 160
#define EXAMPLE_HEIGHT_PX 120
#endif

// External flash or RAM: the linker script of the board places .weights.
FACEIO_INCBIN(picture, EXAMPLE_PICTURE, ".weights");
FACEIO_INCBIN(detector_weights, EXAMPLE_DETECTOR_WEIGHTS, ".weights");
#if defined(EXAMPLE_EMBEDDER_WEIGHTS)
FACEIO_INCBIN(embedder_weights, EXAMPLE_EMBEDDER_WEIGHTS, ".weights");
#endif

// RAM that starts with any contents; the linker script places .bss.arena.
#define ARENA alignas(faceio::kAlignment_bytes) __attribute__((section(".bss.arena")))

namespace {

using namespace faceio;

#if defined(EXAMPLE_INT8)
constexpr Precision kPrecision = Precision::int8;
#else
constexpr Precision kPrecision = Precision::fp32;
#endif
constexpr Size kPictureSize{EXAMPLE_WIDTH_PX, EXAMPLE_HEIGHT_PX};
constexpr size_t kMaxFaces = 8;

constexpr DetectorOptions options() {
  DetectorOptions o;
  o.max_candidates = 200;  // enough for dozens of faces; memory of the published 5000 grows with the picture
  return o;
}

// All memory, known to the compiler. Detector and embedder run one after the other and share the scratch memory.
constexpr auto kDetectorBytes = Detector::requirements(kPictureSize, options(), kPrecision);
ARENA uint8_t detector_memory[kDetectorBytes.persistent_bytes];
#if defined(EXAMPLE_EMBEDDER_WEIGHTS)
constexpr auto kEmbedderBytes = Embedder::requirements(kPrecision);
ARENA uint8_t embedder_memory[kEmbedderBytes.persistent_bytes];
constexpr size_t kScratch_bytes = kDetectorBytes.scratch_bytes > kEmbedderBytes.scratch_bytes
                                      ? kDetectorBytes.scratch_bytes
                                      : kEmbedderBytes.scratch_bytes;
#else
constexpr size_t kScratch_bytes = kDetectorBytes.scratch_bytes;
#endif
ARENA uint8_t scratch[kScratch_bytes];

void print_hash(uint64_t hash) {
  char text[17] = {};
  for (int i = 0; i < 16; ++i) text[i] = "0123456789abcdef"[(hash >> (60 - 4 * i)) & 15u];
  board::print(text);
}

/// Hundredths are enough to look at; the hash knows every bit.
void print_number(float value) {
  char text[16];
  int at = sizeof text - 1;
  text[at] = '\0';
  auto hundredths = static_cast<uint32_t>((value < 0.0f ? -value : value) * 100.0f + 0.5f);
  for (int digit = 0; digit < 3 || hundredths > 0; ++digit, hundredths /= 10) {
    if (digit == 2) text[--at] = '.';
    text[--at] = static_cast<char>('0' + hundredths % 10);
  }
  if (value < 0.0f) text[--at] = '-';
  board::print(" ");
  board::print(text + at);
}

int failed(const char* what, Status status) {
  board::print(what);
  board::print(": ");
  board::print(status.text());
  board::print("\n");
  return 1;
}

}  // namespace

int board::program() {
  const ImageView image(picture, kPictureSize, row_bytes(PixelFormat::RGB8, kPictureSize.width_px), PixelFormat::RGB8);

  const Result<Blob> detector_blob = Blob::open(FACEIO_EMBEDDED(detector_weights));
  if (!detector_blob) return failed("weights of the detector", detector_blob.status());
  const Result<Detector> detector = Detector::create(*detector_blob, detector_memory, options(), kFirmwareTarget);
  if (!detector) return failed("detector", detector.status());
  Face faces[kMaxFaces];
  Result<Detections> found = Detections{};
  for (int i = 0; i < board::repeats; ++i) found = detector->detect(image, scratch, faces);
  if (!found) return failed("detection", found.status());

  board::print("target ");
  board::print(name(kFirmwareTarget));
  board::print("\n");
  Fnv1a boxes;
  for (const Face& face : found->faces) {
    const float values[] = {face.score, face.box.x, face.box.y, face.box.width, face.box.height};
    board::print("face");
    for (const float value : values) {
      boxes.add(value);
      print_number(value);
    }
    for (const Point& p : face.landmarks.points) {
      boxes.add(p.x);
      boxes.add(p.y);
    }
    board::print("\n");
  }
  board::print("faces ");
  print_hash(boxes.value());
  board::print("\n");

#if defined(EXAMPLE_EMBEDDER_WEIGHTS)
  if (found->faces.empty()) return 1;
  const Result<Blob> embedder_blob = Blob::open(FACEIO_EMBEDDED(embedder_weights));
  if (!embedder_blob) return failed("weights of the embedder", embedder_blob.status());
  const Result<Embedder> embedder = Embedder::create(*embedder_blob, embedder_memory, kFirmwareTarget);
  if (!embedder) return failed("embedder", embedder.status());
  Result<Embedded> embedded = Embedded{};
  for (int i = 0; i < board::repeats; ++i) embedded = embedder->embed(image, found->faces[0].landmarks, scratch);
  if (!embedded) return failed("embedding", embedded.status());
  Fnv1a embedding;
  for (int32_t i = 0; i < embedded->embedding.size; ++i) embedding.add(embedded->embedding.values[i]);
  board::print("embedding ");
  print_hash(embedding.value());
  board::print("\n");
#endif
  return 0;
}
