// Detects in NV12 camera frames without any allocation after start-up: the memory is three static
// arrays whose sizes the compiler computes. Frames of 640x480 pixels come from standard input.
#include <faceio/faceio.hpp>

#include <cstdio>

namespace {

constexpr faceio::Size kFrame{640, 480};
constexpr size_t kFrame_bytes = size_t{640} * 480 * 3 / 2;  // a plane of y, half a plane of u v
constexpr faceio::Requirements kNeed = faceio::Detector::requirements(kFrame);
constexpr size_t kMostFaces = 16;

alignas(faceio::kAlignment_bytes) uint8_t persistent[kNeed.persistent_bytes];
alignas(faceio::kAlignment_bytes) uint8_t scratch[kNeed.scratch_bytes];
uint8_t frame[kFrame_bytes];

int fail(const char* what, faceio::Status status) {
  std::fprintf(stderr, "%s: %s\n", what, status.text());
  return 2;
}

}  // namespace

int main() {
  faceio::files::MappedFile file;  // firmware passes the address of the blob in flash instead
  std::string error;
  if (!faceio::files::MappedFile::open("weights/retinaface_mnet025.fiow", file, error)) {
    std::fprintf(stderr, "%s (run this in the project root)\n", error.c_str());
    return 2;
  }
  const auto blob = faceio::Blob::open(file.bytes());
  if (!blob) return fail("weights", blob.status());
  const auto target = faceio::best_target();
  if (!target) return fail("FACEIO_ISA", target.status());
  const auto detector = faceio::Detector::create(*blob, persistent, {}, *target);
  if (!detector) return fail("detector", detector.status());

  faceio::Face faces[kMostFaces];
  for (int number = 0; std::fread(frame, 1, kFrame_bytes, stdin) == kFrame_bytes; ++number) {
    const faceio::ImageView image(frame, kFrame, 640, faceio::PixelFormat::NV12);
    const auto found = detector->detect(image, scratch, faces);
    if (!found) return fail("detect", found.status());
    std::printf("frame %d: %zu face(s)", number, found->found);
    for (const faceio::Face& face : found->faces) {
      std::printf("   %.3f at %.0f,%.0f", static_cast<double>(face.score),
                  static_cast<double>(face.box.x), static_cast<double>(face.box.y));
    }
    std::printf("\n");
  }
  return 0;
}
