// Helpers of the host tests: bytes, temporary files, decoding in one call.
#ifndef FACEIO_TESTS_HOST_HOST_SUPPORT_HPP
#define FACEIO_TESTS_HOST_HOST_SUPPORT_HPP

#include <faceio/host/image_io.hpp>

#include <doctest/doctest.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <initializer_list>
#include <string>
#include <vector>

namespace host_support {

using Bytes = std::vector<uint8_t>;

template <size_t kCount>
Bytes bytes_of(const uint8_t (&array)[kCount]) {
  return Bytes(array, array + kCount);
}

inline faceio::Span<const uint8_t> view(const Bytes& bytes) {
  return {bytes.data(), bytes.size()};
}

/// Outcome of a decode: the picture, or an error sentence.
struct Outcome {
  bool ok = false;
  faceio::host::Picture picture;
  std::string error;
};

/// Decodes a copy that ends exactly where the bytes end, so that AddressSanitizer sees over-reads.
inline Outcome decode(const Bytes& bytes, const faceio::host::ReadLimits& limits = {}) {
  Bytes exact(bytes);
  exact.shrink_to_fit();
  Outcome outcome;
  outcome.ok =
      faceio::host::try_decode_picture(view(exact), outcome.picture, outcome.error, limits);
  return outcome;
}

inline bool contains(const std::string& text, const char* part) {
  return text.find(part) != std::string::npos;
}

/// Fails the test unless decoding fails with a sentence that contains `part`.
inline void check_refused(const Bytes& bytes, const char* part,
                          const faceio::host::ReadLimits& limits = {}) {
  const Outcome outcome = decode(bytes, limits);
  CHECK_FALSE(outcome.ok);
  CAPTURE(outcome.error);
  CHECK(contains(outcome.error, part));
}

inline int largest_difference(const Bytes& a, const Bytes& b) {
  REQUIRE(a.size() == b.size());
  int largest = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    const int difference = std::abs(int{a[i]} - int{b[i]});
    if (difference > largest) largest = difference;
  }
  return largest;
}

inline void append(Bytes& to, const Bytes& more) {
  to.insert(to.end(), more.begin(), more.end());
}

inline void append_le(Bytes& to, uint64_t value, int count) {
  for (int i = 0; i < count; ++i) to.push_back(static_cast<uint8_t>(value >> (8 * i)));
}

inline void append_be(Bytes& to, uint32_t value, int count) {
  for (int i = count - 1; i >= 0; --i) to.push_back(static_cast<uint8_t>(value >> (8 * i)));
}

/// CRC-32 bit by bit, so that the tests do not lean on the table of the library.
inline uint32_t slow_crc32(const Bytes& bytes) {
  uint32_t crc = 0xFFFFFFFFu;
  for (const uint8_t byte : bytes) {
    crc ^= byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1u) != 0 ? 0xEDB88320u : 0u);
  }
  return ~crc;
}

inline Bytes png_chunk(const char* type, const Bytes& payload) {
  Bytes checked(type, type + 4);
  append(checked, payload);
  Bytes chunk;
  append_be(chunk, static_cast<uint32_t>(payload.size()), 4);
  append(chunk, checked);
  append_be(chunk, slow_crc32(checked), 4);
  return chunk;
}

/// A folder that is removed with all it holds.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    const auto base = std::filesystem::temp_directory_path();
    for (int i = 0;; ++i) {
      path_ = base / ("faceio_host_test_" + std::to_string(i));
      if (std::filesystem::create_directory(path_)) break;
    }
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  std::string path(const std::string& name) const { return (path_ / name).string(); }

  std::string write(const std::string& name, const Bytes& bytes) const {
    std::FILE* file = std::fopen(path(name).c_str(), "wb");
    REQUIRE(file != nullptr);
    if (!bytes.empty()) REQUIRE(std::fwrite(bytes.data(), 1, bytes.size(), file) == bytes.size());
    REQUIRE(std::fclose(file) == 0);
    return path(name);
  }

 private:
  std::filesystem::path path_;
};

}  // namespace host_support

#endif  // FACEIO_TESTS_HOST_HOST_SUPPORT_HPP
