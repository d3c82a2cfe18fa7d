#include <faceio/files/mapped_file.hpp>

#include "host/host_support.hpp"

using namespace host_support;
using faceio::files::MappedFile;

TEST_CASE("a mapped file has the bytes of the file, aligned") {
  const TemporaryFolder folder;
  for (const size_t count : {size_t{1}, size_t{63}, size_t{4096}, size_t{70001}}) {
    Bytes bytes(count);
    for (size_t i = 0; i < count; ++i) bytes[i] = static_cast<uint8_t>(i * 13 + i / 251);
    MappedFile file;
    std::string error;
    REQUIRE(MappedFile::open(folder.write("weights", bytes), file, error));
    REQUIRE(file.size() == count);
    CHECK(reinterpret_cast<uintptr_t>(file.data()) % faceio::kAlignment_bytes == 0);
    CHECK(Bytes(file.data(), file.data() + file.size()) == bytes);
    CHECK(file.bytes().data == file.data());
  }
}

TEST_CASE("moving hands the bytes over") {
  const TemporaryFolder folder;
  std::string error;
  MappedFile first;
  MappedFile second;
  REQUIRE(MappedFile::open(folder.write("a", {1, 2, 3}), first, error));
  REQUIRE(MappedFile::open(folder.write("b", {4, 5}), second, error));
  const uint8_t* bytes = first.data();
  MappedFile third(std::move(first));
  CHECK(third.data() == bytes);
  second = std::move(third);
  CHECK(second.data() == bytes);
  CHECK(second.size() == 3);
  CHECK(second.data()[2] == 3);
}

TEST_CASE("an empty file is no error") {
  const TemporaryFolder folder;
  MappedFile file;
  std::string error;
  REQUIRE(MappedFile::open(folder.write("empty", {}), file, error));
  CHECK(file.size() == 0);
  CHECK(file.data() == nullptr);
}

TEST_CASE("a file that cannot be opened leaves the owner as it was") {
  const TemporaryFolder folder;
  MappedFile file;
  std::string error;
  REQUIRE(MappedFile::open(folder.write("a", {1, 2, 3}), file, error));
  CHECK_FALSE(MappedFile::open(folder.path("missing"), file, error));
  CHECK(error == folder.path("missing") + ": no such file; check the path");
  CHECK_FALSE(MappedFile::open(folder.path(""), file, error));
  CHECK(contains(error, "is a directory"));
  CHECK(file.size() == 3);
}
