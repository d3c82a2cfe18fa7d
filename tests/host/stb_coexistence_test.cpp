// A second copy of stb in the same translation unit, with other settings, after and beside ours.
#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STBI_NO_PNG
#include <faceio/host/image_io.hpp>

#if defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
#endif
#if __has_include(<stb/stb_image.h>)
#include <stb/stb_image.h>
#include <stb/stb_image_write.h>
#else
#include <stb_image.h>
#include <stb_image_write.h>
#endif
#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif

#include "fixtures.hpp"
#include "host_support.hpp"

using namespace host_support;

TEST_CASE("two copies of stb keep their own settings") {
  const Bytes png = bytes_of(fixtures::rgb_png);
  int width = 0;
  int height = 0;
  int channels = 0;
  // The user's copy was built without PNG; ours reads it.
  CHECK(stbi_info_from_memory(png.data(), static_cast<int>(png.size()), &width, &height,
                              &channels) == 0);
  CHECK(decode(png).ok);
  // The user's copy still has its other formats and its files.
  const Bytes jpeg = bytes_of(fixtures::baseline);
  CHECK(stbi_info_from_memory(jpeg.data(), static_cast<int>(jpeg.size()), &width, &height,
                              &channels) == 1);
  CHECK(width == 20);
  CHECK(stbi_info("no such file", &width, &height, &channels) == 0);
}
