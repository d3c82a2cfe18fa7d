// Finds the faces in a picture file and prints them.
#include <faceio/faceio.hpp>
#include <faceio/host/image_io.hpp>

#include <cstdio>

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: 01_detect_image PICTURE   (run it in the project root)\n");
    return 2;
  }
  try {
    auto detector = faceio::host::OwnedDetector::load("weights/retinaface_mnet025.fiow");
    const faceio::host::Picture picture =
        faceio::host::read_picture(argv[1]);  // Exif turns applied
    for (const faceio::Face& face : detector.detect(picture.view())) {
      std::printf("score %.3f   box %.0f %.0f %.0f %.0f   eyes", static_cast<double>(face.score),
                  static_cast<double>(face.box.x), static_cast<double>(face.box.y),
                  static_cast<double>(face.box.width), static_cast<double>(face.box.height));
      for (const int eye : {faceio::kEyeImageLeft, faceio::kEyeImageRight}) {
        const faceio::Point& point = face.landmarks.points[eye];
        std::printf(" (%.0f, %.0f)", static_cast<double>(point.x), static_cast<double>(point.y));
      }
      std::printf("\n");
    }
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 2;
  }
  return 0;
}
