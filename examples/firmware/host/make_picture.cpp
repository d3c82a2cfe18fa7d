// Shrinks a picture file by a whole factor to raw RGB8, and says what the library of this computer finds in the result.
//
//     make_picture PICTURE DETECTOR_WEIGHTS WIDTH_PX HEIGHT_PX OUT
#include <faceio/faceio.hpp>
#include <faceio/host/image_io.hpp>

#include <cstdio>
#include <cstdlib>
#include <stdexcept>

namespace {

using namespace faceio;

/// The mean of each square of pixels.
host::Picture shrunk(const host::Picture& from, Size size) {
  const int32_t factor = size.width_px > 0 ? from.size.width_px / size.width_px : 0;
  if (factor == 0 || factor * size.width_px != from.size.width_px || factor * size.height_px != from.size.height_px) {
    throw std::runtime_error("the size is not a whole fraction of the picture's");
  }
  host::Picture to;
  to.size = size;
  for (int32_t y = 0; y < size.height_px; ++y) {
    for (int32_t at = 0; at < 3 * size.width_px; ++at) {
      int32_t sum = factor * factor / 2;
      for (int32_t i = 0; i < factor * factor; ++i) {
        const int32_t from_y = y * factor + i / factor, from_x = at / 3 * factor + i % factor;
        sum += from.rgb[static_cast<size_t>((from_y * from.size.width_px + from_x) * 3 + at % 3)];
      }
      to.rgb.push_back(static_cast<uint8_t>(sum / (factor * factor)));
    }
  }
  return to;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) {
    std::fprintf(stderr, "usage: make_picture PICTURE DETECTOR_WEIGHTS WIDTH_PX HEIGHT_PX OUT\n");
    return 2;
  }
  try {
    const host::Picture picture = shrunk(host::read_picture(argv[1]), {std::atoi(argv[3]), std::atoi(argv[4])});
    std::FILE* const out = std::fopen(argv[5], "wb");
    if (out == nullptr) throw std::runtime_error(std::string(argv[5]) + ": cannot be written");
    const bool written = std::fwrite(picture.rgb.data(), 1, picture.rgb.size(), out) == picture.rgb.size();
    if (std::fclose(out) != 0 || !written) throw std::runtime_error(std::string(argv[5]) + ": cannot be written");
    for (const Face& face : host::OwnedDetector::load(argv[2]).detect(picture.view())) {
      std::printf("face %.2f %.2f %.2f %.2f %.2f\n", static_cast<double>(face.score), static_cast<double>(face.box.x),
                  static_cast<double>(face.box.y), static_cast<double>(face.box.width),
                  static_cast<double>(face.box.height));
    }
  } catch (const std::exception& e) {
    std::fprintf(stderr, "make_picture: %s\n", e.what());
    return 1;
  }
  return 0;
}
