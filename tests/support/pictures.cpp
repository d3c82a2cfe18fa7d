#include "pictures.hpp"

#include <faceio/host/image_io.hpp>

namespace test {

Rgb read_picture(const std::string& path) {
  faceio::host::Picture picture = faceio::host::read_picture(path);
  return {std::move(picture.rgb), picture.size};
}

}  // namespace test
