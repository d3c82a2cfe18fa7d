// A program without int8 networks. This file is built as such a program is; the library's namespace is another one then,
// so it shares no faceio type with the other files.
#undef FACEIO_SEPARATE_KERNELS
#define FACEIO_NO_INT8
#include <doctest/doctest.h>

#include <cstring>
#include <faceio/pipeline/detector.hpp>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

using namespace faceio;

namespace {

/// Bytes of a file at a multiple of 64.
struct File {
  std::vector<uint8_t> storage;
  Span<uint8_t> bytes;

  explicit File(const std::string& name) {
    std::ifstream file(std::string(FACEIO_TEST_SOURCE_DIR) + "/weights/" + name, std::ios::binary);
    REQUIRE(file.good());
    const std::vector<char> content{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    storage.resize(content.size() + kAlignment_bytes);
    const size_t before = (kAlignment_bytes - reinterpret_cast<uintptr_t>(storage.data()) % kAlignment_bytes) % kAlignment_bytes;
    std::memcpy(storage.data() + before, content.data(), content.size());
    bytes = {storage.data() + before, content.size()};
  }
};

}  // namespace

TEST_CASE("without int8 networks their blobs are refused, and others are not") {
  CHECK(best_int8_target(Target::avx512) == Int8Target::scalar);
  CHECK(table_for(Int8Target::scalar) == nullptr);
  std::vector<uint8_t> memory(Detector::requirements({64, 64}).persistent_bytes + kAlignment_bytes);
  uint8_t* const first =
      memory.data() + (kAlignment_bytes - reinterpret_cast<uintptr_t>(memory.data()) % kAlignment_bytes) % kAlignment_bytes;
  const Span<uint8_t> persistent{first, memory.size() - kAlignment_bytes};
  const auto create = [&](const std::string& name) {
    const File file(name);
    const auto blob = Blob::open({file.bytes.data, file.bytes.size});
    REQUIRE(blob.has_value());
    return Detector::create(*blob, persistent, {}, Target::scalar).status();
  };
  CHECK(create("retinaface_mnet025.fiow").ok());
  CHECK(create("retinaface_mnet025.int8.fiow").code == Errc::blob_unsupported);
}
