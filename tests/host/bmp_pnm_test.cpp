// BMP and PNM written byte by byte from their definitions.
#include "host_support.hpp"

using namespace host_support;

namespace {

/// A BMP with a 40-byte header; `height` negative: rows from the top.
Bytes bmp(int32_t width, int32_t height, uint32_t bits, uint32_t compression, const Bytes& extra,
          const Bytes& pixels) {
  Bytes file{'B', 'M'};
  append_le(file, 0, 8);
  append_le(file, static_cast<uint32_t>(54 + extra.size()), 4);
  append_le(file, 40, 4);
  append_le(file, static_cast<uint32_t>(width), 4);
  append_le(file, static_cast<uint32_t>(height), 4);
  append_le(file, 1, 2);
  append_le(file, bits, 2);
  append_le(file, compression, 4);
  append_le(file, 0, 4);
  append_le(file, 0, 4);
  append_le(file, 0, 4);
  append_le(file, 0, 4);
  append_le(file, 0, 4);
  append(file, extra);
  append(file, pixels);
  return file;
}

void check_pixels(const Bytes& file, faceio::Size size, const Bytes& rgb) {
  const Outcome outcome = decode(file);
  CAPTURE(outcome.error);
  REQUIRE(outcome.ok);
  CHECK(outcome.picture.size == size);
  CHECK(outcome.picture.rgb == rgb);
}

Bytes text(const char* characters) {
  return Bytes(characters, characters + std::strlen(characters));
}

}  // namespace

TEST_CASE("BMP with 24 bits, both row orders") {
  const Bytes pixels{3, 2, 1, 6, 5, 4, 0, 0, 9, 8, 7, 12, 11, 10, 0, 0};  // b g r, rows padded to 8
  check_pixels(bmp(2, 2, 24, 0, {}, pixels), {2, 2}, {7, 8, 9, 10, 11, 12, 1, 2, 3, 4, 5, 6});
  check_pixels(bmp(2, -2, 24, 0, {}, pixels), {2, 2}, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12});
}

TEST_CASE("BMP with palettes of 1, 4 and 8 bits") {
  const Bytes palette{0, 0, 255, 0, 255, 0, 0, 0};  // red, blue, as b g r 0
  check_pixels(bmp(3, 1, 1, 0, palette, {0x40, 0, 0, 0}), {3, 1},
               {255, 0, 0, 0, 0, 255, 255, 0, 0});
  check_pixels(bmp(3, 1, 4, 0, palette, {0x10, 0x10, 0, 0}), {3, 1},
               {0, 0, 255, 255, 0, 0, 0, 0, 255});
  // Index 9 is not in the palette.
  check_pixels(bmp(3, 1, 8, 0, palette, {1, 0, 9, 0}), {3, 1}, {0, 0, 255, 255, 0, 0, 0, 0, 0});
}

TEST_CASE("BMP with 16 and 32 bits") {
  // 5-5-5 without masks: 31, 16, 0 of 31.
  check_pixels(bmp(1, 1, 16, 0, {}, {0x00, 0x7E, 0, 0}), {1, 1}, {255, 132, 0});
  check_pixels(bmp(2, 1, 16, 0, {}, {0x00, 0x7E, 0xE0, 0x03}), {2, 1}, {255, 132, 0, 0, 255, 0});
  Bytes masks;  // 5-6-5
  append_le(masks, 0xF800, 4);
  append_le(masks, 0x07E0, 4);
  append_le(masks, 0x001F, 4);
  check_pixels(bmp(1, 1, 16, 3, masks, {0xE0, 0x07, 0, 0}), {1, 1}, {0, 255, 0});
  check_pixels(bmp(1, 1, 32, 0, {}, {3, 2, 1, 0}), {1, 1}, {1, 2, 3});
  Bytes rgba;  // red in the low byte
  append_le(rgba, 0x000000FF, 4);
  append_le(rgba, 0x0000FF00, 4);
  append_le(rgba, 0x00FF0000, 4);
  check_pixels(bmp(1, 1, 32, 3, rgba, {1, 2, 3, 4}), {1, 1}, {1, 2, 3});
  append_le(rgba, 0xFF000000, 4);  // a mask for alpha
  check_pixels(bmp(1, 1, 32, 6, rgba, {1, 2, 3, 4}), {1, 1}, {1, 2, 3});
}

TEST_CASE("BMP that states how many colours its palette has") {
  const Bytes palette{0, 0, 255, 0, 255, 0, 0, 0, 0, 255, 0, 0};  // red, blue, green, as b g r 0
  const auto stating = [&](uint32_t count) {
    Bytes file = bmp(4, 1, 8, 0, palette, {0, 1, 2, 3});
    for (size_t i = 0; i < 4; ++i) file[46 + i] = static_cast<uint8_t>(count >> (8 * i));
    return file;
  };
  const Bytes all{255, 0, 0, 0, 0, 255, 0, 255, 0, 0, 0, 0};
  check_pixels(stating(0), {4, 1}, all);
  check_pixels(stating(3), {4, 1}, all);
  check_pixels(stating(2), {4, 1}, {255, 0, 0, 0, 0, 255, 0, 0, 0, 0, 0, 0});  // the third is none
  check_pixels(stating(256), {4, 1}, all);
  check_pixels(stating(0xFFFFFFFF), {4, 1}, all);
}

TEST_CASE("BMP with the old 12-byte header") {
  Bytes file{'B', 'M'};
  append_le(file, 0, 8);
  append_le(file, 26, 4);
  append_le(file, 12, 4);
  append_le(file, 1, 2);
  append_le(file, 1, 2);
  append_le(file, 1, 2);
  append_le(file, 24, 2);
  append(file, {3, 2, 1, 0});
  check_pixels(file, {1, 1}, {1, 2, 3});

  file[10] = 26 + 6;  // a palette of three bytes a colour
  file[24] = 1;
  file.resize(26);
  append(file, {30, 20, 10, 60, 50, 40, 0x80, 0, 0, 0});
  check_pixels(file, {1, 1}, {40, 50, 60});
}

TEST_CASE("hostile BMP are refused") {
  const Bytes pixel{3, 2, 1, 0};
  check_refused(bmp(0, 1, 24, 0, {}, pixel), "zero width or height");
  check_refused(bmp(-1, 1, 24, 0, {}, pixel), "no side may exceed");
  check_refused(bmp(1, INT32_MIN, 24, 0, {}, pixel), "no side may exceed");
  check_refused(bmp(30000, 30000, 24, 0, {}, pixel), "max_pixels");
  check_refused(bmp(9000, 9000, 24, 0, {}, pixel), "ends before its last pixel");
  check_refused(bmp(1, 1, 8, 1, {}, pixel), "compressed BMP");
  check_refused(bmp(1, 1, 7, 0, {}, pixel), "7 bits a pixel");
  check_refused(bmp(1, 1, 8, 0, {}, pixel), "header is damaged");   // no palette
  check_refused(bmp(1, 1, 16, 3, {}, pixel), "header is damaged");  // no masks
  check_refused(bmp(1, 1, 24, 3, Bytes(12, 0xFF), pixel), "header is damaged");  // masks of whole bytes
  for (size_t c = 0; c < 3; ++c) {
    Bytes masks(12, 0xFF);
    for (size_t i = 0; i < 4; ++i) masks[4 * c + i] = 0;
    check_refused(bmp(1, 1, 32, 3, masks, pixel), "header is damaged");
  }
  for (const uint8_t header_bytes : {uint8_t{0}, uint8_t{13}, uint8_t{39}, uint8_t{125}, uint8_t{255}}) {
    Bytes other = bmp(1, 1, 24, 0, Bytes(300), pixel);
    other[14] = header_bytes;
    check_refused(other, "header is damaged");
  }
  Bytes far = bmp(1, 1, 24, 0, {}, pixel);
  for (size_t i = 10; i < 14; ++i) far[i] = 0xFF;
  check_refused(far, "ends before its last pixel");
  Bytes near = bmp(1, 1, 24, 0, {}, pixel);
  near[10] = 14;
  check_refused(near, "header is damaged");
}

TEST_CASE("a BMP cut before its last pixel is an error") {
  const Bytes file = bmp(2, 2, 24, 0, {}, {3, 2, 1, 6, 5, 4, 0, 0, 9, 8, 7, 12, 11, 10, 0, 0});
  for (size_t count = 0; count < file.size(); ++count) {
    CAPTURE(count);
    const bool whole = count >= file.size() - 2;  // the last two bytes are padding
    REQUIRE(decode(Bytes(file.begin(), file.begin() + static_cast<ptrdiff_t>(count))).ok == whole);
  }
}

TEST_CASE("a BMP 20000 pixels wide and one high") {
  Bytes pixels;
  Bytes rgb;
  for (uint32_t x = 0; x < 20000; ++x) {
    const auto low = static_cast<uint8_t>(x);
    const auto high = static_cast<uint8_t>(x >> 8);
    append(pixels, {7, high, low});
    append(rgb, {low, high, 7});
  }
  check_pixels(bmp(20000, 1, 24, 0, {}, pixels), {20000, 1}, rgb);
}

TEST_CASE("PGM and PPM with comments and several largest values") {
  Bytes ppm = text("P6 # colour\n# two wide\n2 1\n255\n");
  append(ppm, {1, 2, 3, 4, 5, 6});
  check_pixels(ppm, {2, 1}, {1, 2, 3, 4, 5, 6});
  Bytes grey = text("P5\n3\t1\r15\n");
  append(grey, {0, 8, 15});
  check_pixels(grey, {3, 1}, {0, 0, 0, 136, 136, 136, 255, 255, 255});
  Bytes deep = text("P5 2 1 65535 ");
  append(deep, {0x80, 0x00, 0xFF, 0xFF});  // big-endian
  check_pixels(deep, {2, 1}, {128, 128, 128, 255, 255, 255});
}

TEST_CASE("samples above the largest value of a PNM are that value") {
  Bytes grey = text("P5 # ends with a carriage return\r2 1 100 ");
  append(grey, {100, 101});
  check_pixels(grey, {2, 1}, {255, 255, 255, 255, 255, 255});
}

TEST_CASE("hostile PNM are refused") {
  check_refused(text("P5 1"), "header is damaged");
  check_refused(text("P5 1 1"), "header is damaged");
  check_refused(text("P5 1:1 255 x"), "header is damaged");
  check_refused(text("P5\x0e" "1 1 255 x"), "header is damaged");  // no white space
  check_refused(text("P5\x08" "1 1 255 x"), "header is damaged");
  check_refused(text("P5"), "header is damaged");
  check_refused(text("P6 1 1 0 xxx"), "header is damaged");
  check_refused(text("P6 1 1 65536 xxxxxx"), "header is damaged");
  check_refused(text("P6 99999999999999999999 1 255 x"), "header is damaged");
  check_refused(text("P6 -1 1 255 x"), "header is damaged");
  check_refused(text("P6 999999999 999999999 255 x"), "no side may exceed");
  check_refused(text("P6 0 1 255 x"), "zero width or height");
  check_refused(text("P6 1 1 255\nxx"), "ends before its last pixel");
  check_refused(text("P5 1 1 255"), "ends before its last pixel");
  check_refused(text("P5 # a comment without end"), "header is damaged");
}
