// Writing files: the old content or the new, never a part.
#include <faceio/files/write_file.hpp>

#include "host/host_support.hpp"

using namespace host_support;
namespace fs = std::filesystem;

namespace {

bool write(const std::string& path, const std::string& text, std::string& error) {
  return faceio::files::write_file(path, {reinterpret_cast<const uint8_t*>(text.data()), text.size()}, error);
}

std::string content_of(const std::string& path) {
  Bytes bytes;
  std::string error;
  REQUIRE(faceio::files::read_file(path, SIZE_MAX, bytes, error));
  return std::string(bytes.begin(), bytes.end());
}

size_t files_in(const std::string& folder) {
  size_t count = 0;
  for (const auto& entry : fs::directory_iterator(folder)) count += entry.exists() ? 1 : 0;
  return count;
}

}  // namespace

TEST_CASE("a file is created, and replaced as a whole") {
  const TemporaryFolder folder;
  std::string error;
  CHECK(write(folder.path("a"), "first", error));
  CHECK(content_of(folder.path("a")) == "first");
  CHECK(write(folder.path("a"), "2", error));
  CHECK(content_of(folder.path("a")) == "2");
  CHECK(write(folder.path("a"), "", error));
  CHECK(content_of(folder.path("a")).empty());
  CHECK(files_in(folder.path("")) == 1);
}

TEST_CASE("a folder that is not there, and one in place of a file, are named") {
  const TemporaryFolder folder;
  std::string error;
  CHECK_FALSE(write(folder.path("absent/a"), "text", error));
  CHECK(contains(error, "absent/a: cannot be written ("));
  fs::create_directory(folder.path("is_a_folder"));
  CHECK_FALSE(write(folder.path("is_a_folder"), "text", error));
  CHECK(contains(error, "is_a_folder: cannot be written ("));
}

#if defined(__unix__)
TEST_CASE("permissions stay, and a link still stands for its file") {
  const TemporaryFolder folder;
  std::string error;
  CHECK(write(folder.path("a"), "first", error));
  fs::permissions(folder.path("a"), fs::perms::owner_read | fs::perms::owner_write);
  fs::create_symlink(folder.path("a"), folder.path("link"));
  CHECK(write(folder.path("link"), "second", error));
  CHECK(fs::is_symlink(folder.path("link")));
  CHECK(content_of(folder.path("a")) == "second");
  CHECK(fs::status(folder.path("a")).permissions() == (fs::perms::owner_read | fs::perms::owner_write));
  CHECK(files_in(folder.path("")) == 2);
}

TEST_CASE("devices are written to where they are") {
  std::string error;
  CHECK(write("/dev/null", "text", error));
  CHECK(fs::is_character_file("/dev/null"));
  if (fs::exists("/dev/full")) {
    CHECK_FALSE(write("/dev/full", "text", error));
    CHECK(contains(error, "No space left"));
  }
}
#endif
