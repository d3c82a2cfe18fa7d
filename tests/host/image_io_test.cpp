// Files that are no pictures, limits, and writing.
#include <faceio/core/image_view.hpp>

#include <faceio/files/mapped_file.hpp>

#include <fstream>

#include "fixtures.hpp"
#include "host_support.hpp"
#include "support/sanitizer.hpp"

#if defined(__linux__)
#include <sys/resource.h>
#include <unistd.h>
#endif

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
  CHECK(contains(read_error(folder.write("a.pam", text("P7\n"))), "PNM"));
  CHECK(contains(read_error(folder.write("a.txt", text("P8\n"))), "text file"));
  CHECK(contains(read_error(folder.write("b.txt", text("P0\n"))), "text file"));
  CHECK(contains(read_error(folder.write("a.tif", {'I', 'I', '*', 0})), "TIFF"));
  CHECK(contains(read_error(folder.write("b.tif", {'M', 'M', 0, '*'})), "TIFF"));
  for (const char control : {'\x7F', '\x0E', '\x1F', '\x08'}) {
    CHECK(contains(read_error(folder.write("control", text(std::string("hello") + control))), "no picture format"));
  }
  CHECK(contains(read_error(folder.write("spaces", text("\t\n\v\f\r ~\n"))), "text file"));
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

TEST_CASE("the throwing functions throw the same sentence") {
  const TemporaryFolder folder;
  const std::string path = folder.path("missing.jpg");
  CHECK_THROWS_WITH_AS(faceio::host::read_picture(path),
                       (path + ": no such file; check the path").c_str(),
                       faceio::host::PictureError);
  CHECK_THROWS_AS(faceio::host::decode_picture({}), faceio::host::PictureError);
  const Bytes png = bytes_of(fixtures::rgb_png);
  CHECK(faceio::host::decode_picture(view(png)).rgb == bytes_of(fixtures::rgb_png_rgb));
  CHECK(faceio::host::read_picture(folder.write("a.png", png)).rgb == bytes_of(fixtures::rgb_png_rgb));
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
  for (const faceio::Size size : {faceio::Size{0, 8}, faceio::Size{16, 0}, faceio::Size{-16, -8}}) {
    wrong.size = size;
    CHECK_FALSE(faceio::host::write_png(folder.path("a.png"), wrong, error));
  }
  wrong.size = {20000, 20000};  // 1.2 GB
  CHECK_FALSE(faceio::host::write_png(folder.path("a.png"), wrong, error));
  CHECK(contains(error, "too large"));
  for (const faceio::Size size : {faceio::Size{65536, 1}, faceio::Size{1, 65536}}) {
    Picture wide;
    wide.size = size;
    wide.rgb.assign(3 * 65536, 7);
    CHECK_FALSE(faceio::host::write_jpg(folder.path("a.jpg"), wide, error));
    CHECK(contains(error, "at most 65535"));
    CHECK(faceio::host::write_png(folder.path("a.png"), wide, error));
  }
  if (std::filesystem::exists("/dev/full")) {
    CHECK_FALSE(faceio::host::write_png("/dev/full", source.picture, error));
    CHECK(contains(error, "No space left"));
  }
}

TEST_CASE("stb is not trusted: neither with sizes, nor with memory") {
  namespace detail = faceio::host::detail;
  const Bytes png = bytes_of(fixtures::rgb_png);  // 16 x 8
  Bytes rgb;
  std::string error;
  REQUIRE(detail::decode_with_stb(view(png), {16, 8}, "PNG", rgb, error));
  for (const faceio::Size size : {faceio::Size{16, 9}, faceio::Size{17, 8}}) {
    CHECK_FALSE(detail::decode_with_stb(view(png), size, "PNG", rgb, error));
    CHECK(contains(error, "states two sizes"));
  }
  CHECK_FALSE(detail::decode_with_stb({png.data(), size_t{1} << 30}, {16, 8}, "PNG", rgb, error));  // not read
  CHECK(contains(error, "longer than 1 GiB"));
  detail::stb::allocation_limit_bytes = 100;
  void* block = detail::stb::allocate(100);
  REQUIRE(block != nullptr);
  CHECK(detail::stb::reallocate(block, 101) == nullptr);  // the block stays
  block = detail::stb::reallocate(block, 50);
  CHECK(block != nullptr);
  std::free(block);
  CHECK(detail::stb::allocate(101) == nullptr);
}

#if defined(FACEIO_TURBOJPEG) && defined(FACEIO_SPNG)
TEST_CASE("other decoders are not trusted with sizes either") {
  Bytes rgb;
  std::string error;
  for (const faceio::Size off : {faceio::Size{1, 0}, faceio::Size{0, 1}}) {
    CHECK_FALSE(faceio::host::detail::decode_with_turbojpeg(view(bytes_of(fixtures::baseline)),
                                                            {20 + off.width_px, 12 + off.height_px}, rgb, error));
    CHECK(contains(error, "states two sizes"));
  }
  CHECK_FALSE(faceio::host::detail::decode_with_spng(view(bytes_of(fixtures::rgb_png)), {16, 9}, rgb, error));
  CHECK(contains(error, "states two sizes"));
}
#endif

#if defined(__linux__) && !defined(FACEIO_TEST_SANITIZED)
TEST_CASE("a picture that there is no memory to encode says so") {
  Picture large;
  large.size = {8192, 4096};
  large.rgb.assign(size_t{3} * 8192 * 4096, 1);  // as much again is needed
  Bytes bytes;
  std::string error;
  struct rlimit before;
  REQUIRE(getrlimit(RLIMIT_AS, &before) == 0);
  size_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  struct rlimit tight = before;
  tight.rlim_cur = pages * static_cast<size_t>(sysconf(_SC_PAGESIZE)) + (size_t{16} << 20);
  REQUIRE(setrlimit(RLIMIT_AS, &tight) == 0);
  const bool encoded = faceio::host::detail::encode_picture(large, faceio::host::detail::WriteFormat::png, 0, bytes, error);
  REQUIRE(setrlimit(RLIMIT_AS, &before) == 0);
  CHECK_FALSE(encoded);
  CHECK(contains(error, "enough memory"));
}
#endif
