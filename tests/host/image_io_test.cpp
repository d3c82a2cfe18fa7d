// Files that are no pictures, limits, and writing.
#include <faceio/core/image_view.hpp>

#include <faceio/files/mapped_file.hpp>

#include <fstream>

#include "fixtures.hpp"
#include "host_support.hpp"

using namespace host_support;
using faceio::host::Picture;

namespace {

std::string read_error(const std::string& path, const faceio::host::ReadLimits& limits = {}) {
  Picture picture;
  std::string error;
  CHECK_FALSE(faceio::host::try_read_picture(path, picture, error, limits));
  CHECK(error.compare(0, path.size(), path) == 0);
  return error;
}

Bytes text(const std::string& characters) {
  return Bytes(characters.begin(), characters.end());
}

}  // namespace

TEST_CASE("each kind of wrong file has its own sentence") {
  const TemporaryFolder folder;
  CHECK(contains(read_error(folder.path("missing.jpg")), "no such file"));
  CHECK(contains(read_error(folder.path("")), "is a directory"));
  CHECK(contains(read_error(folder.write("empty.png", {})), "is empty"));
  CHECK(contains(read_error(folder.write("notes.jpg", text("hello\n"))), "text file"));
  CHECK(contains(read_error(folder.write("zero.jpg", Bytes(100, 0))), "no picture format"));
  CHECK(contains(read_error(folder.write("a.gif", text("GIF89a"))), "GIF"));
  CHECK(contains(read_error(folder.write("a.webp", text("RIFF....WEBP"))), "WebP"));
  CHECK(contains(read_error(folder.write("a.heic", text("....ftypheic"))), "HEIC"));
  CHECK(contains(read_error(folder.write("a.pbm", text("P4 1 1 x"))), "PNM"));
}

TEST_CASE("an unreadable file says so") {
  const TemporaryFolder folder;
  const std::string path = folder.write("secret.png", bytes_of(fixtures::rgb_png));
  std::filesystem::permissions(path, std::filesystem::perms::none);
  std::FILE* probe = std::fopen(path.c_str(), "rb");
  if (probe != nullptr) {
    std::fclose(probe);
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);  // Windows removes no other files
    MESSAGE("skipped: this user may read every file");
    return;
  }
  CHECK(contains(read_error(path), "permission denied"));
}

TEST_CASE("the file size limit holds for files and for bytes") {
  const TemporaryFolder folder;
  const Bytes png = bytes_of(fixtures::rgb_png);
  const std::string path = folder.write("a.png", png);
  faceio::host::ReadLimits limits;
  limits.max_file_bytes = png.size();
  Picture picture;
  std::string error;
  CHECK(faceio::host::try_read_picture(path, picture, error, limits));
  limits.max_file_bytes = png.size() - 1;
  CHECK(contains(read_error(path, limits), "longer than the limit"));
  check_refused(png, "longer than the limit", limits);
}

TEST_CASE("files of many sizes are read whole") {
  const TemporaryFolder folder;
  for (const size_t count :
       {size_t{1}, size_t{65535}, size_t{65536}, size_t{65537}, size_t{131073}, size_t{1000000}}) {
    Bytes bytes(count);
    for (size_t i = 0; i < count; ++i) bytes[i] = static_cast<uint8_t>(i * 31 + i / 256);
    const std::string path = folder.write("bytes", bytes);
    Bytes read;
    std::string error;
    REQUIRE(faceio::files::read_file(path, SIZE_MAX, read, error));
    CHECK(read == bytes);
    REQUIRE(faceio::files::read_file(path, count, read, error));
    CHECK(read == bytes);
    CHECK_FALSE(faceio::files::read_file(path, count - 1, read, error));
  }
}

TEST_CASE("the throwing functions throw the same sentence") {
  const TemporaryFolder folder;
  const std::string path = folder.path("missing.jpg");
  CHECK_THROWS_WITH_AS(faceio::host::read_picture(path),
                       (path + ": no such file; check the path").c_str(),
                       faceio::host::PictureError);
  CHECK_THROWS_AS(faceio::host::decode_picture({}), faceio::host::PictureError);
  const Bytes png = bytes_of(fixtures::rgb_png);
  CHECK(faceio::host::decode_picture(view(png)).rgb == bytes_of(fixtures::rgb_png_rgb));
}

TEST_CASE("paths are UTF-8") {
  const TemporaryFolder folder;
  const std::string name = "Portr\xC3\xA4t \xE9\xA1\x94 \xF0\x9F\x98\x80";
  const auto on_disk = [&](const char* suffix) {
    return std::filesystem::u8path(folder.path("")) / std::filesystem::u8path(name + suffix);
  };
  const Bytes png = bytes_of(fixtures::rgb_png);
  std::ofstream(on_disk(".png"), std::ios::binary).write(reinterpret_cast<const char*>(png.data()),
                                                         static_cast<std::streamsize>(png.size()));
  std::string error;
  Picture picture;
  REQUIRE(faceio::host::try_read_picture(folder.path("") + name + ".png", picture, error));
  CHECK(picture.rgb == bytes_of(fixtures::rgb_png_rgb));
  faceio::files::MappedFile file;
  REQUIRE(faceio::files::MappedFile::open(folder.path("") + name + ".png", file, error));
  CHECK(file.size() == png.size());
  REQUIRE(faceio::host::write_png(folder.path("") + name + "_2.png", picture, error));
  CHECK(std::filesystem::exists(on_disk("_2.png")));
}

#if defined(_WIN32)
TEST_CASE("UTF-8 becomes UTF-16") {
  using faceio::host::detail::utf16;
  CHECK(utf16("a\x7F").compare(L"a\x7F") == 0);
  // First and last character of each length, and those beside the surrogates.
  CHECK(utf16("\xC2\x80\xDF\xBF").compare(L"\x80\x7FF") == 0);
  CHECK(utf16("\xE0\xA0\x80\xEF\xBF\xBF").compare(L"\x800\xFFFF") == 0);
  CHECK(utf16("\xED\x9F\xBF\xEE\x80\x80").compare(L"\xD7FF\xE000") == 0);
  CHECK(utf16("\xF0\x90\x80\x80\xF4\x8F\xBF\xBF").compare(L"\xD800\xDC00\xDBFF\xDFFF") == 0);
  // No UTF-8: every byte by itself.
  for (const char* bad : {"\x80", "\xC0", "\xF5", "\xFF", "\xC3"}) CHECK(utf16(bad).compare(L"\xFFFD") == 0);
  CHECK(utf16("\xC1\xBF").compare(L"\xFFFD\xFFFD") == 0);                          // longer than needed
  CHECK(utf16("\xE0\x9F\xBF").compare(L"\xFFFD\xFFFD\xFFFD") == 0);               // the same
  CHECK(utf16("\xED\xA0\x80").compare(L"\xFFFD\xFFFD\xFFFD") == 0);               // half of a pair
  CHECK(utf16("\xF4\x90\x80\x80").compare(L"\xFFFD\xFFFD\xFFFD\xFFFD") == 0);    // behind the last
  CHECK(utf16("\xE9\xA1z").compare(L"\xFFFD\xFFFDz") == 0);                        // cut short
}
#endif

TEST_CASE("a decoded picture is a valid image") {
  const Outcome outcome = decode(bytes_of(fixtures::rgb_png));
  REQUIRE(outcome.ok);
  const faceio::ImageView image = outcome.picture.view();
  CHECK(faceio::validate(image).ok());
  CHECK(image.format == faceio::PixelFormat::RGB8);
  CHECK(image.stride_bytes == 48);
  CHECK(image.row(7) == outcome.picture.rgb.data() + 7 * 48);
}

TEST_CASE("what was written reads back") {
  const TemporaryFolder folder;
  const Outcome source = decode(bytes_of(fixtures::rgb_png));
  REQUIRE(source.ok);
  std::string error;
  Picture back;
  REQUIRE(faceio::host::write_png(folder.path("a.png"), source.picture, error));
  REQUIRE(faceio::host::try_read_picture(folder.path("a.png"), back, error));
  CHECK(back.rgb == bytes_of(fixtures::rgb_png_rgb));
  REQUIRE(faceio::host::write_jpg(folder.path("a.jpg"), source.picture, error, 95));
  REQUIRE(faceio::host::try_read_picture(folder.path("a.jpg"), back, error));
  CHECK(back.size == source.picture.size);
  CHECK(largest_difference(back.rgb, bytes_of(fixtures::rgb_png_rgb)) <= 12);
}

TEST_CASE("a picture that cannot be written says why") {
  const TemporaryFolder folder;
  const Outcome source = decode(bytes_of(fixtures::rgb_png));
  REQUIRE(source.ok);
  std::string error;
  CHECK_FALSE(faceio::host::write_png(folder.path("no/such/folder.png"), source.picture, error));
  CHECK(contains(error, "cannot be written"));
  Picture wrong = source.picture;
  wrong.size.width_px += 1;
  CHECK_FALSE(faceio::host::write_png(folder.path("a.png"), wrong, error));
  CHECK(contains(error, "another number of bytes"));
  CHECK_FALSE(faceio::host::write_jpg(folder.path("a.jpg"), Picture(), error));
  if (std::filesystem::exists("/dev/full")) {
    CHECK_FALSE(faceio::host::write_png("/dev/full", source.picture, error));
    CHECK(contains(error, "No space left"));
  }
}
