// The smallest user of the package: prints the version and, given the folder of the weights, looks for
// faces in a grey picture, where there are none.
#include <cstdio>
#include <faceio/faceio.hpp>
#include <string>
#include <vector>

int main(int argc, char** argv) {
  std::printf("faceio %s\n", FACEIO_VERSION_STRING);
  if (argc < 2) return 0;
  constexpr faceio::Size kSize{64, 48};
  const std::vector<unsigned char> grey(64 * 48 * 3, 128);
  const faceio::ImageView image(grey.data(), kSize, 64 * 3, faceio::PixelFormat::RGB8);
  try {
    const std::string weights = std::string(argv[1]) + "/retinaface_mnet025.fiow";
    auto detector = faceio::host::OwnedDetector::load(weights);
    const auto faces = detector.detect(image);
    std::printf("%zu faces\n", faces.size());
    return faces.empty() ? 0 : 1;
  } catch (const faceio::host::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
