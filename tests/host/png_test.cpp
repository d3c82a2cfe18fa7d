// PNG against Pillow and OpenCV, and PNG that must be refused.
#include "fixtures.hpp"
#include "host_support.hpp"

using namespace host_support;

namespace {

const Bytes kSignature{0x89, 'P', 'N', 'G', 13, 10, 26, 10};

Bytes header_chunk(uint32_t width, uint32_t height, uint8_t depth_bits, uint8_t colour) {
  Bytes payload;
  append_be(payload, width, 4);
  append_be(payload, height, 4);
  append(payload, {depth_bits, colour, 0, 0, 0});
  return png_chunk("IHDR", payload);
}

/// Deflate without compression: stored blocks of at most 65535 bytes.
Bytes stored_zlib(const Bytes& raw) {
  Bytes out{0x78, 0x01};
  for (size_t first = 0; first < raw.size(); first += 65535) {
    const size_t count = raw.size() - first < 65535 ? raw.size() - first : 65535;
    out.push_back(first + count == raw.size() ? 1 : 0);
    append_le(out, static_cast<uint32_t>(count), 2);
    append_le(out, ~static_cast<uint32_t>(count), 2);
    out.insert(out.end(), raw.begin() + static_cast<ptrdiff_t>(first),
               raw.begin() + static_cast<ptrdiff_t>(first + count));
  }
  uint32_t a = 1, b = 0;  // Adler-32, RFC 1950
  for (const uint8_t byte : raw) {
    a = (a + byte) % 65521;
    b = (b + a) % 65521;
  }
  append_be(out, b << 16 | a, 4);
  return out;
}

Bytes png_of(const Bytes& header, const Bytes& data) {
  Bytes png = kSignature;
  append(png, header);
  append(png, data);
  append(png, png_chunk("IEND", {}));
  return png;
}

template <size_t kFile, size_t kPixels>
void check_exact(const uint8_t (&file)[kFile], const uint8_t (&pixels)[kPixels]) {
  const Outcome outcome = decode(bytes_of(file));
  CAPTURE(outcome.error);
  REQUIRE(outcome.ok);
  CHECK(outcome.picture.rgb == bytes_of(pixels));
}

}  // namespace

TEST_CASE("PNG kinds decode to the pixels that other programs show") {
  check_exact(fixtures::rgb_png, fixtures::rgb_png_rgb);
  check_exact(fixtures::grey_alpha_png, fixtures::grey_alpha_png_rgb);
  check_exact(fixtures::palette_png, fixtures::palette_png_rgb);
  check_exact(fixtures::deep_png, fixtures::deep_png_rgb);
}

TEST_CASE("alpha is dropped, not blended") {
  const Bytes png = png_of(header_chunk(2, 1, 8, 6),
                           png_chunk("IDAT", stored_zlib({0, 10, 20, 30, 0, 40, 50, 60, 128})));
  const Outcome outcome = decode(png);
  REQUIRE(outcome.ok);
  CHECK(outcome.picture.rgb == Bytes{10, 20, 30, 40, 50, 60});
}

TEST_CASE("colours that a palette lacks are black") {
  const Outcome outcome = decode(bytes_of(fixtures::short_palette_png));
  REQUIRE(outcome.ok);
  CHECK(outcome.picture.rgb == Bytes{10, 20, 30, 40, 50, 60, 70, 80, 90, 0, 0, 0});
}

TEST_CASE("a palette may have as many colours as pixels can ask for, and is whole colours") {
  const Bytes pixel = png_chunk("IDAT", stored_zlib({0, 0x80}));  // one pixel of one bit, the second colour
  const auto with_palette = [&](const Bytes& colours) {
    Bytes chunks = png_chunk("PLTE", colours);
    append(chunks, pixel);
    return decode(png_of(header_chunk(1, 1, 1, 3), chunks));
  };
  const Outcome full = with_palette({10, 20, 30, 40, 50, 60});
  REQUIRE(full.ok);
  CHECK(full.picture.rgb == Bytes{40, 50, 60});
  CHECK_FALSE(with_palette({10, 20, 30, 40}).ok);
}

TEST_CASE("a PNG cut at any byte is an error") {
  const Bytes png = bytes_of(fixtures::rgb_png);
  for (size_t count = 0; count < png.size(); ++count) {
    const Outcome outcome = decode(Bytes(png.begin(), png.begin() + static_cast<ptrdiff_t>(count)));
    CAPTURE(count);
    REQUIRE_FALSE(outcome.ok);
    REQUIRE_FALSE(outcome.error.empty());
  }
}

TEST_CASE("any changed byte of a PNG of critical chunks is an error") {
  for (const Bytes& png : {bytes_of(fixtures::rgb_png), bytes_of(fixtures::palette_png)}) {
    for (size_t i = 0; i < png.size(); ++i) {
      for (const int bit : {0, 3, 7}) {
        Bytes changed = png;
        changed[i] = static_cast<uint8_t>(changed[i] ^ (1u << bit));
        CAPTURE(i);
        REQUIRE_FALSE(decode(changed).ok);
      }
    }
  }
}

TEST_CASE("damage behind valid checksums is an error or a picture, never a crash") {
  const Bytes png = bytes_of(fixtures::rgb_png);
  const size_t data = 33 + 8;  // payload of IDAT, after signature and IHDR
  const size_t count = (size_t{png[35]} << 8) + png[36];
  for (size_t i = 0; i < count; ++i) {
    for (const uint8_t flip : {uint8_t{1}, uint8_t{0x80}, uint8_t{0xFF}}) {
      Bytes payload(png.begin() + static_cast<ptrdiff_t>(data),
                    png.begin() + static_cast<ptrdiff_t>(data + count));
      payload[i] ^= flip;
      const Outcome outcome = decode(png_of(header_chunk(16, 8, 8, 2), png_chunk("IDAT", payload)));
      REQUIRE(outcome.ok == outcome.error.empty());
    }
  }
}

TEST_CASE("image data may come in chunks of one byte") {
  const Bytes zlib = stored_zlib({0, 1, 2, 3, 0, 4, 5, 6});
  Bytes chunks;
  for (const uint8_t byte : zlib) append(chunks, png_chunk("IDAT", {byte}));
  const Outcome outcome = decode(png_of(header_chunk(1, 2, 8, 2), chunks));
  REQUIRE(outcome.ok);
  CHECK(outcome.picture.rgb == Bytes{1, 2, 3, 4, 5, 6});
}

TEST_CASE("hostile PNG headers are refused") {
  const Bytes data = png_chunk("IDAT", stored_zlib({0, 1, 2, 3}));
  check_refused(png_of(header_chunk(0, 1, 8, 2), data), "zero width or height");
  check_refused(png_of(header_chunk(0xFFFFFFFFu, 0xFFFFFFFFu, 8, 2), data), "no side may exceed");
  check_refused(png_of(header_chunk(30000, 30000, 8, 2), data), "max_pixels");
  check_refused(png_of(header_chunk(9000, 9000, 8, 2), data), "too little data");
  check_refused(png_of(header_chunk(1, 1, 3, 2), data), "damaged or of an unsupported kind");
  check_refused(png_of(header_chunk(1, 1, 8, 5), data), "damaged or of an unsupported kind");
  check_refused(png_of(data, header_chunk(1, 1, 8, 2)), "does not start with its header");
  check_refused(png_of(png_chunk("IHDR", Bytes(12)), data), "does not start with its header");
  check_refused(png_of(png_chunk("IHDR", Bytes(14)), data), "does not start with its header");
  check_refused(png_of(header_chunk(1, 1, 16, 3), data), "damaged or of an unsupported kind");  // 65,536 colours
  check_refused(png_of(png_chunk("CgBI", {0, 0, 0, 0}), data), "Apple");
  Bytes twice = header_chunk(1, 1, 8, 2);
  append(twice, header_chunk(1, 1, 8, 2));
  check_refused(png_of(twice, data), "damaged or of an unsupported kind");
  Bytes filter = stored_zlib({9, 1, 2, 3});
  check_refused(png_of(header_chunk(1, 1, 8, 2), png_chunk("IDAT", filter)), "damaged");
}

TEST_CASE("data that inflates far beyond the picture is refused, or not inflated further") {
#if defined(FACEIO_SPNG)
  const Outcome outcome = decode(bytes_of(fixtures::bomb_png));
  CAPTURE(outcome.error);
  REQUIRE(outcome.ok);
  CHECK(outcome.picture.rgb.size() == 3u * static_cast<size_t>(outcome.picture.size.width_px * outcome.picture.size.height_px));
#else
  check_refused(bytes_of(fixtures::bomb_png), "damaged or of an unsupported kind");
#endif
}

TEST_CASE("a PNG 20000 pixels wide and one high") {
  Bytes raw{0};
  for (uint32_t x = 0; x < 20000; ++x)
    append(raw, {static_cast<uint8_t>(x), static_cast<uint8_t>(x >> 8), 7});
  const Outcome outcome =
      decode(png_of(header_chunk(20000, 1, 8, 2), png_chunk("IDAT", stored_zlib(raw))));
  REQUIRE(outcome.ok);
  CHECK(outcome.picture.size == faceio::Size{20000, 1});
  CHECK(outcome.picture.rgb == Bytes(raw.begin() + 1, raw.end()));
}
