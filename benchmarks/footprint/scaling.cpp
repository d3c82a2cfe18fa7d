// scaling DETECTOR_WEIGHTS ROUNDS WIDTHxHEIGHT...: time and memory of a detection for several
// sizes, measured in turns so that a slow minute meets all of them. Prints one JSON object a size.
#include <faceio/faceio.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "clock.hpp"
#include "noise.hpp"

namespace {

struct Case {
  faceio::Size size{};
  std::vector<uint8_t> pixels;
  std::vector<double> all_ms;

  faceio::ImageView image() const {
    return {pixels.data(), size, row_bytes(faceio::PixelFormat::RGB8, size.width_px),
            faceio::PixelFormat::RGB8};
  }
};

int run(int argc, char** argv) {
  auto detector = faceio::host::OwnedDetector::load(argv[1]);
  const int rounds = std::max(1, std::atoi(argv[2]));
  std::vector<Case> cases;
  for (int i = 3; i < argc; ++i) {
    Case c;
    if (std::sscanf(argv[i], "%dx%d", &c.size.width_px, &c.size.height_px) != 2) {
      throw faceio::host::Error(std::string(argv[i]) + ": not a size; write it as 640x480");
    }
    c.pixels = noise_rgb8(c.size);
    cases.push_back(c);
  }
  for (int round = -1; round < rounds; ++round) {
    for (Case& c : cases) {
      // Scratch memory that a larger picture left behind would be warm in other places: one call
      // that does not count brings the memory of this size in.
      detector.detect(c.image());
      const double begin_ms = now_ms();
      detector.detect(c.image());
      if (round >= 0) c.all_ms.push_back(now_ms() - begin_ms);
    }
  }
  for (Case& c : cases) {
    std::sort(c.all_ms.begin(), c.all_ms.end());
    std::printf("{\"width_px\":%d,\"height_px\":%d,\"median_ms\":%.4f,\"workspace_bytes\":%zu}\n",
                c.size.width_px, c.size.height_px, c.all_ms[c.all_ms.size() / 2],
                detector.workspace_bytes(c.size));
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    std::fputs("usage: scaling DETECTOR_WEIGHTS ROUNDS WIDTHxHEIGHT...\n", stderr);
    return 2;
  }
  try {
    return run(argc, argv);
  } catch (const faceio::host::Error& e) {
    std::fprintf(stderr, "scaling: %s\n", e.what());
    return 2;
  }
}
