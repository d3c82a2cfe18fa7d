// Detects faces inside a WebAssembly module without a C library: memory is a few static arrays, whose sizes the
// compiler computes. JavaScript writes weights and pixels into them and reads faces out (faceio.mjs).
#include <faceio/pipeline/detector.hpp>

#define EXPORT(name) extern "C" __attribute__((export_name(#name)))

namespace {

constexpr faceio::Size kLargest{1280, 960};
constexpr faceio::Requirements kNeed = faceio::Detector::requirements(kLargest);
constexpr size_t kMostFaces = 64;
constexpr size_t kMostWeights_bytes = 2 << 20;

alignas(faceio::kAlignment_bytes) uint8_t weights[kMostWeights_bytes];
alignas(faceio::kAlignment_bytes) uint8_t persistent[kNeed.persistent_bytes];
alignas(faceio::kAlignment_bytes) uint8_t scratch[kNeed.scratch_bytes];
uint8_t pixels[size_t{4} * kLargest.width_px * kLargest.height_px];
faceio::Face faces[kMostFaces];
faceio::Detector detector;

}  // namespace

/// Where the bytes of a blob go, at most 2 MiB.
EXPORT(weights) uint8_t* weights_address() { return weights; }
/// Where RGBA pixels go, as a canvas gives them: at most 1280x960.
EXPORT(pixels) uint8_t* pixels_address() { return pixels; }
/// Of each face 15 floats (struct Face): box x, y, width, height, score, five landmarks x, y in pixels.
EXPORT(faces) const faceio::Face* faces_address() { return faces; }

/// Takes the blob that was written to weights(). 0, or the number of an error (enum class Errc).
EXPORT(open) int open_weights(uint32_t bytes) {
  if (bytes > kMostWeights_bytes) return static_cast<int>(faceio::Errc::blob_truncated);
  const auto blob = faceio::Blob::open({weights, bytes});
  if (!blob) return static_cast<int>(blob.status().code);
  const auto created = faceio::Detector::create(*blob, persistent, {}, faceio::Target::wasm);
  if (!created) return static_cast<int>(created.status().code);
  detector = *created;
  return 0;
}

/// Faces found in the picture that was written to pixels(), the best score first; or minus the number of an error.
EXPORT(detect) int detect(int32_t width_px, int32_t height_px) {
  if (width_px > kLargest.width_px || height_px > kLargest.height_px) {
    return -static_cast<int>(faceio::Errc::arena_too_small);
  }
  const faceio::ImageView image(pixels, {width_px, height_px}, size_t{4} * static_cast<uint32_t>(width_px),
                                faceio::PixelFormat::RGBA8);
  const auto found = detector.detect(image, scratch, faces);
  return found ? static_cast<int>(found->faces.size) : -static_cast<int>(found.status().code);
}
