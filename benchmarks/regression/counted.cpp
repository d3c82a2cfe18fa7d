// counted detect|embed WEIGHTS CALLS: what instructions.py counts. The difference between the
// counts of one and of no call is one call without start-up: the memory is there before.
#include <faceio/faceio.hpp>

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

/// RGB8 without padding between rows: a gradient, so that no random numbers are counted.
std::vector<uint8_t> gradient_rgb8(faceio::Size size) {
  std::vector<uint8_t> rgb(faceio::row_bytes(faceio::PixelFormat::RGB8, size.width_px) *
                           static_cast<size_t>(size.height_px));
  for (size_t i = 0; i < rgb.size(); ++i) rgb[i] = static_cast<uint8_t>(i * 255 / rgb.size());
  return rgb;
}

void run(bool detect, const char* weights, int calls) {
  using faceio::host::value_or_throw;
  const faceio::Size size = detect ? faceio::Size{320, 240} : faceio::Size{112, 112};
  const std::vector<uint8_t> pixels = gradient_rgb8(size);
  const faceio::ImageView image(pixels.data(), size,
                                row_bytes(faceio::PixelFormat::RGB8, size.width_px),
                                faceio::PixelFormat::RGB8);
  const faceio::host::LoadedBlob loaded(weights);
  const faceio::Target target = faceio::host::target_or_throw();
  const faceio::Requirements need =
      detect ? faceio::Detector::requirements(size) : faceio::Embedder::requirements();
  faceio::host::AlignedBytes persistent_memory, scratch_memory;
  const faceio::Span<uint8_t> persistent = persistent_memory.at_least(need.persistent_bytes);
  const faceio::Span<uint8_t> scratch = scratch_memory.at_least(need.scratch_bytes);
  if (detect) {
    const auto detector =
        value_or_throw(faceio::Detector::create(loaded.blob(), persistent, {}, target), weights);
    faceio::Face faces[16];
    for (int i = 0; i < calls; ++i)
      value_or_throw(detector.detect(image, scratch, faces), "detect");
  } else {
    const auto embedder =
        value_or_throw(faceio::Embedder::create(loaded.blob(), persistent, target), weights);
    for (int i = 0; i < calls; ++i) {
      value_or_throw(embedder.embed(image, faceio::kArcFaceTemplate, scratch), "embed");
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  const bool detect = argc == 4 && std::strcmp(argv[1], "detect") == 0;
  if (!detect && (argc != 4 || std::strcmp(argv[1], "embed") != 0)) {
    std::fputs("usage: counted detect|embed WEIGHTS CALLS\n", stderr);
    return 2;
  }
  try {
    run(detect, argv[2], std::atoi(argv[3]));
  } catch (const faceio::host::Error& e) {
    std::fprintf(stderr, "counted: %s\n", e.what());
    return 2;
  }
  return 0;
}
