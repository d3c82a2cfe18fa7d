#include <faceio/faceio.hpp>
#include <faceio/vision/quality.hpp>

#include <cstdio>

#include "annotate.hpp"
#include "commands.hpp"
#include "faces.hpp"
#include "weights.hpp"

namespace cli {
namespace {

void print_table(const LoadedImage& image, const std::vector<faceio::Face>& faces) {
  std::printf("%s\n", heading_of(image).c_str());
  if (faces.empty()) return;
  std::printf(" %3s  %5s  %7s %7s %6s %6s  %15s  %s\n", "#", "score", "box x", "y", "w", "h",
              "px between eyes", "note");
  for (size_t i = 0; i < faces.size(); ++i) {
    const faceio::Face& face = faces[i];
    std::printf(" %3zu  %.3f  %7.0f %7.0f %6.0f %6.0f  %15.0f  %s\n", i + 1,
                static_cast<double>(face.score), static_cast<double>(face.box.x),
                static_cast<double>(face.box.y), static_cast<double>(face.box.width),
                static_cast<double>(face.box.height), static_cast<double>(faceio::eye_distance_px(face.landmarks)),
                note_on(face, image.picture.size).c_str());
  }
}

}  // namespace

Outcome run_detect(const Arguments& arguments) {
  faceio::host::OwnedDetector detector = load_detector(arguments);
  return for_each_image(arguments, [&](const LoadedImage& image) {
    if (arguments.verbose) {
      std::fprintf(stderr, "%s: searched at\n%s", image.path.c_str(),
                   levels_text(image.picture.size, detector.detector().options()).c_str());
    }
    const Stopwatch watch;
    const std::vector<faceio::Face> faces = detector.detect(image.picture.view());
    const double detect_ms = watch.elapsed_ms();
    if (!arguments.annotated_path.empty()) {
      faceio::host::Picture annotated = image.picture;
      draw_faces(annotated, faces);
      save_picture(arguments.annotated_path, annotated);
    }
    if (arguments.json) {
      std::printf("%s\n", json_of(image, faces, {}).c_str());
    } else {
      print_table(image, faces);
      const std::string arrow =
          arguments.annotated_path.empty() ? "" : "   ->  " + arguments.annotated_path;
      std::printf("%zu %s   decode %.1f ms   detect %.1f ms (1 core, %s)%s\n", faces.size(),
                  faces.size() == 1 ? "face" : "faces", image.decode_ms, detect_ms,
                  name(detector.detector().bound().kernels->target), arrow.c_str());
    }
    return faces.empty() ? Outcome::no_face : Outcome::done;
  });
}

}  // namespace cli
