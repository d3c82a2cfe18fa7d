// Orientation tags in both byte orders, hostile directories, and all eight turns by hand.
#include <faceio/host/exif.hpp>

#include "fixtures.hpp"
#include "host_support.hpp"

using namespace host_support;
using faceio::Size;
using faceio::host::exif_orientation;
using faceio::host::Picture;
using faceio::host::tiff_orientation;

namespace {

void append_number(Bytes& to, bool little, uint32_t value, int count) {
  if (little) {
    append_le(to, value, count);
  } else {
    append_be(to, value, count);
  }
}

/// A TIFF header and one directory with an unrelated entry and the orientation.
Bytes tiff(bool little, uint32_t orientation, uint32_t type = 3, uint32_t count = 2) {
  Bytes bytes = little ? Bytes{'I', 'I', 42, 0} : Bytes{'M', 'M', 0, 42};
  append_number(bytes, little, 8, 4);
  append_number(bytes, little, count, 2);
  append_number(bytes, little, 0x010F, 2);  // Make
  append_number(bytes, little, 2, 2);
  append_number(bytes, little, 4, 4);
  append_number(bytes, little, 0x41424300, 4);
  append_number(bytes, little, 0x0112, 2);
  append_number(bytes, little, type, 2);
  append_number(bytes, little, 1, 4);
  append_number(bytes, little, orientation, type == 3 ? 2 : 4);
  if (type == 3) append_number(bytes, little, 0, 2);
  append_number(bytes, little, 8, 4);  // next directory: this one again
  return bytes;
}

Bytes exif_segment(const Bytes& tiff_bytes) {
  Bytes segment{0xFF, 0xE1};
  append_be(segment, static_cast<uint32_t>(tiff_bytes.size()) + 8, 2);
  append(segment, {'E', 'x', 'i', 'f', 0, 0});
  append(segment, tiff_bytes);
  return segment;
}

Bytes jpeg_with(const Bytes& segment) {
  Bytes jpeg = bytes_of(fixtures::baseline);
  jpeg.insert(jpeg.begin() + 2, segment.begin(), segment.end());
  return jpeg;
}

/// Pixels of one letter each; the letter is all three bytes.
Picture lettered(const char* letters, Size size) {
  Picture picture;
  picture.size = size;
  for (const char* c = letters; *c != '\0'; ++c)
    picture.rgb.insert(picture.rgb.end(), 3, static_cast<uint8_t>(*c));
  return picture;
}

std::string letters_of(const Picture& picture) {
  std::string letters;
  for (size_t i = 0; i < picture.rgb.size(); i += 3)
    letters.push_back(static_cast<char>(picture.rgb[i]));
  return letters;
}

}  // namespace

TEST_CASE("orientation is read in both byte orders") {
  for (const bool little : {true, false}) {
    for (uint32_t value = 1; value <= 8; ++value) {
      CHECK(tiff_orientation(view(tiff(little, value))) == static_cast<int32_t>(value));
      CHECK(tiff_orientation(view(tiff(little, value, 4))) == static_cast<int32_t>(value));
    }
    for (const uint32_t value : {0u, 9u, 65535u}) {
      CHECK(tiff_orientation(view(tiff(little, value))) == 1);
    }
    CHECK(tiff_orientation(view(tiff(little, 6, 2))) == 1);  // text is not an orientation
  }
}

TEST_CASE("a directory that ends early or lies about its length is harmless") {
  const Bytes whole = tiff(true, 6);
  constexpr size_t kTagEnd = 34;  // header 8, count 2, two entries of 12
  for (size_t count = 0; count <= whole.size(); ++count) {
    const Bytes cut(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(count));
    CHECK(tiff_orientation(view(cut)) == (count >= kTagEnd ? 6 : 1));
  }
  CHECK(tiff_orientation(view(tiff(true, 6, 3, 65535))) == 6);  // more entries stated than present
  CHECK(tiff_orientation(view(tiff(true, 6, 3, 1))) == 1);  // fewer stated: the tag is not in it
  for (const uint32_t offset : {0u, 4u, 41u, 0x7FFFFFFFu, 0xFFFFFFFFu}) {
    Bytes away = tiff(true, 6);
    for (int i = 0; i < 4; ++i)
      away[4 + static_cast<size_t>(i)] = static_cast<uint8_t>(offset >> (8 * i));
    CHECK(tiff_orientation(view(away)) == 1);
  }
}

TEST_CASE("orientation of whole files") {
  CHECK(exif_orientation(view(bytes_of(fixtures::baseline))) == 1);
  CHECK(exif_orientation(view(jpeg_with(exif_segment(tiff(false, 8))))) == 8);
  CHECK(exif_orientation(view(jpeg_with(exif_segment(tiff(true, 3))))) == 3);

  // APP1 is also used by others (XMP), and may hold nothing; a marker may stand alone.
  Bytes others{0xFF, 0x01};
  append(others, {0xFF, 0xE1, 0, 2});
  append(others, {0xFF, 0xE1, 0, 10, 'h', 't', 't', 'p', ':', '/', '/', 'n'});
  append(others, exif_segment(tiff(true, 7)));
  CHECK(exif_orientation(view(jpeg_with(others))) == 7);

  Bytes second = exif_segment(tiff(true, 6));
  append(second, exif_segment(tiff(true, 3)));
  CHECK(exif_orientation(view(jpeg_with(second))) == 6);  // the first one counts

  Bytes png = bytes_of(fixtures::rgb_png);
  const Bytes chunk = png_chunk("eXIf", tiff(false, 5));
  png.insert(png.begin() + 33, chunk.begin(), chunk.end());  // after IHDR
  CHECK(exif_orientation(view(png)) == 5);

  const Outcome turned = decode(png);
  REQUIRE(turned.ok);
  CHECK(turned.picture.exif_orientation == 5);
  CHECK(turned.picture.size == Size{8, 16});
}

TEST_CASE("files cut anywhere give an orientation and never a crash") {
  const Bytes jpeg = jpeg_with(exif_segment(tiff(true, 6)));
  for (size_t count = 0; count < jpeg.size(); ++count) {
    const Bytes cut(jpeg.begin(), jpeg.begin() + static_cast<ptrdiff_t>(count));
    const int32_t orientation = exif_orientation(view(cut));
    CHECK((orientation == 1 || orientation == 6));
  }
  const Bytes segment = exif_segment(tiff(true, 6));
  const auto end = jpeg.begin() + 2 + static_cast<ptrdiff_t>(segment.size());
  CHECK(exif_orientation(view(Bytes(jpeg.begin(), end))) == 6);
  CHECK(exif_orientation(view(Bytes(jpeg.begin(), end - 1))) == 1);
}

TEST_CASE("the eight orientations of a 3x2 picture") {
  // Stored pixels:  a b c
  //                 d e f
  struct Case {
    int32_t orientation;
    Size size;
    const char* shown;
  };
  const Case cases[] = {
      {1, {3, 2}, "abcdef"}, {2, {3, 2}, "cbafed"},  // mirrored left to right
      {3, {3, 2}, "fedcba"}, {4, {3, 2}, "defabc"},  // upside down; mirrored top to bottom
      {5, {2, 3}, "adbecf"}, {6, {2, 3}, "daebfc"},  // transposed; turned right
      {7, {2, 3}, "fcebda"}, {8, {2, 3}, "cfbead"},  // other diagonal; turned left
  };
  for (const Case& c : cases) {
    CAPTURE(c.orientation);
    Picture picture = lettered("abcdef", {3, 2});
    apply_orientation(picture, c.orientation);
    CHECK(picture.size == c.size);
    CHECK(letters_of(picture) == c.shown);
    CHECK(picture.exif_orientation == c.orientation);
  }
  for (const int32_t orientation : {0, 9, -1}) {
    Picture picture = lettered("abcdef", {3, 2});
    apply_orientation(picture, orientation);
    CHECK(letters_of(picture) == "abcdef");
    Picture copy = lettered("......", {3, 2});
    faceio::host::detail::copy_displayed(picture.rgb.data(), picture.size, orientation, copy.rgb.data());
    CHECK(letters_of(copy) == "abcdef");
    CHECK(faceio::host::displayed_size({3, 2}, orientation) == Size{3, 2});
  }
}

TEST_CASE("turns of pictures wider than a block") {
  // 6 after 8 is no turn at all; 200 columns cross block borders.
  Picture picture;
  picture.size = {200, 3};
  for (int i = 0; i < 200 * 3 * 3; ++i)
    picture.rgb.push_back(static_cast<uint8_t>(i * 7 + i / 256));
  const Bytes before = picture.rgb;
  apply_orientation(picture, 6);
  CHECK(picture.size == Size{3, 200});
  // Turned right: the first shown row is the first stored column from the bottom up.
  for (size_t x = 0; x < 3; ++x) CHECK(picture.rgb[3 * x] == before[3 * ((2 - x) * 200)]);
  apply_orientation(picture, 8);
  CHECK(picture.rgb == before);
}

TEST_CASE("decoding a JPEG applies its orientation") {
  const Outcome plain = decode(bytes_of(fixtures::baseline));
  const Outcome turned = decode(jpeg_with(exif_segment(tiff(true, 6))));
  REQUIRE(plain.ok);
  REQUIRE(turned.ok);
  REQUIRE(turned.picture.size == Size{12, 20});
  for (size_t y = 0; y < 20; ++y) {
    for (size_t x = 0; x < 12; ++x) {
      const size_t stored = 3 * ((11 - x) * 20 + y);
      REQUIRE(turned.picture.rgb[3 * (y * 12 + x)] == plain.picture.rgb[stored]);
    }
  }
}
