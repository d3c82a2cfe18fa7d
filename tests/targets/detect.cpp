// detect WEIGHTS PICTURE   finds faces with fp32 and int8 weights of a folder; prints them, and a hash of the networks'
// outputs, for tests/targets/zig.py to compare.
#include <faceio/faceio.hpp>
#include <faceio/host/image_io.hpp>

#include <cinttypes>
#include <cstdio>
#include <exception>
#include <string>

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  try {
    const faceio::host::Picture picture = faceio::host::read_picture(argv[2]);
    for (const char* suffix : {"", ".int8"}) {
      auto detector = faceio::host::OwnedDetector::load(std::string(argv[1]) + "/retinaface_mnet025" + suffix + ".fiow");
      const faceio::SelftestReport report = faceio::host::selftest(detector.detector().bound(), detector.blob());
      const faceio::Target target = faceio::host::target_or_throw();
      std::printf("outputs %s %s %s %016" PRIx64 " %s\n", name(detector.blob().precision()), name(target),
                  faceio::rounds_once(target) ? "once" : "twice", report.output_hash,
                  report.first_bad_op < 0 ? "ok" : "DISAGREES");
      for (const faceio::Face& face : detector.detect(picture.view())) {
        std::printf("face %.6f", static_cast<double>(face.score));
        for (const float side : {face.box.x, face.box.y, face.box.width, face.box.height}) {
          std::printf(" %.4f", static_cast<double>(side));
        }
        for (const faceio::Point& point : face.landmarks.points) {
          std::printf(" %.4f %.4f", static_cast<double>(point.x), static_cast<double>(point.y));
        }
        std::printf("\n");
      }
    }
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
  return 0;
}
