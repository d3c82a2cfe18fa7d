// Pictures for tests, decoded by the library's own door (stb is compiled once, in pictures.cpp).
#ifndef FACEIO_TESTS_SUPPORT_PICTURES_HPP
#define FACEIO_TESTS_SUPPORT_PICTURES_HPP

#include <faceio/core/image_view.hpp>
#include <string>
#include <vector>

namespace test {

struct Rgb {
  std::vector<uint8_t> pixels;
  faceio::Size size;
  faceio::ImageView view() const {
    return {pixels.data(), size, 3 * static_cast<size_t>(size.width_px), faceio::PixelFormat::RGB8};
  }
};

Rgb read_picture(const std::string& path);

/// The committed picture of one person, 640x480 (astronaut.hpp says what is found in it).
Rgb astronaut();

}  // namespace test

#endif
