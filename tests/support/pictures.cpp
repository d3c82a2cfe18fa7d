#include "pictures.hpp"

#include <faceio/host/image_io.hpp>

#include "files.hpp"

namespace test {

Rgb read_picture(const std::string& path) {
  faceio::host::Picture picture = faceio::host::read_picture(path);
  return {std::move(picture.rgb), picture.size};
}

Rgb astronaut() { return read_picture(golden("det_astronaut_640x480.png")); }

}  // namespace test
