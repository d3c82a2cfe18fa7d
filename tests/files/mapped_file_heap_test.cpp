// The same owner on systems without mmap: read into aligned memory.
#define FACEIO_NO_MMAP
// Its own namespace tag: the other half of the program maps files, and the two must not be merged.
#include <faceio/version.hpp>
#undef FACEIO_ABI_CHECK
#define FACEIO_ABI_CHECK _no_mmap
#include <faceio/files/mapped_file.hpp>

#include <doctest/doctest.h>

#include <cstdio>
#include <filesystem>

TEST_CASE("without mmap a file is read into aligned memory") {
  const std::string path =
      (std::filesystem::temp_directory_path() / "faceio_heap_file_test").string();
  std::FILE* out = std::fopen(path.c_str(), "wb");
  REQUIRE(out != nullptr);
  std::fputs("0123456789", out);
  std::fclose(out);
  faceio::files::MappedFile file;
  std::string error;
  REQUIRE(faceio::files::MappedFile::open(path, file, error));
  std::filesystem::remove(path);
  CHECK(file.size() == 10);
  CHECK(reinterpret_cast<uintptr_t>(file.data()) % faceio::kAlignment_bytes == 0);
  CHECK(std::string(file.data(), file.data() + 10) == "0123456789");
  faceio::files::MappedFile moved(std::move(file));
  CHECK(moved.size() == 10);
  CHECK_FALSE(faceio::files::MappedFile::open(path, moved, error));
  CHECK(error == path + ": no such file; check the path");
}
