// Files for tests: weights and golden tensors of the repository, evaluation data beside it.
#ifndef FACEIO_TESTS_SUPPORT_FILES_HPP
#define FACEIO_TESTS_SUPPORT_FILES_HPP

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <faceio/host/owned.hpp>
#include <fstream>
#include <iterator>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

namespace test {

inline std::string root() { return FACEIO_TEST_SOURCE_DIR; }
inline std::string detector_path() { return root() + "/weights/retinaface_mnet025.fiow"; }
inline std::string recogniser_path() { return root() + "/weights/mobilefacenet_192.fiow"; }
inline std::string int8_detector_path() { return root() + "/weights/retinaface_mnet025.int8.fiow"; }
inline std::string int8_recogniser_path() { return root() + "/weights/mobilefacenet_192.int8.fiow"; }
inline std::string golden(const std::string& name) { return root() + "/tests/golden/" + name; }
/// Reference tensors that may not be committed.
inline std::string shared_golden(const std::string& name) { return root() + "/../shared/golden/" + name; }

inline bool exists(const std::string& path) { return std::ifstream(path).good(); }

/// True when `path` is there; otherwise says loudly that a check did not run.
inline bool available(const std::string& path) {
  if (exists(path)) return true;
  std::printf("SKIPPED: %s is absent\n", path.c_str());
  return false;
}

inline std::vector<uint8_t> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot open " + path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/// Floats of a little-endian C-order .npy file of format 1.
inline std::vector<float> read_npy(const std::string& path) {
  const std::vector<uint8_t> bytes = read_file(path);
  if (bytes.size() < 10 || std::memcmp(bytes.data(), "\x93NUMPY\x01", 7) != 0) {
    throw std::runtime_error(path + " is not a .npy file");
  }
  const size_t header = 10 + bytes[8] + 256u * bytes[9];
  const std::string text(bytes.begin() + 10, bytes.begin() + static_cast<ptrdiff_t>(header));
  if (text.find("'<f4'") == std::string::npos || text.find("'fortran_order': False") == std::string::npos) {
    throw std::runtime_error(path + " does not hold little-endian floats in C order");
  }
  std::vector<float> values((bytes.size() - header) / sizeof(float));
  std::memcpy(values.data(), bytes.data() + header, values.size() * sizeof(float));
  return values;
}

/// `size` bytes at an address that is `misalignment` off a multiple of 64. The allocation ends where the
/// bytes end, so a sanitizer sees the first byte too many.
class AlignedBuffer {
 public:
  explicit AlignedBuffer(size_t size, size_t misalignment = 0)
      : base_(static_cast<uint8_t*>(::operator new(size + misalignment, kAlign))),
        data_(base_.get() + misalignment),
        size_(size) {}
  explicit AlignedBuffer(const std::vector<uint8_t>& bytes) : AlignedBuffer(bytes.size()) {
    std::copy(bytes.begin(), bytes.end(), data_);
  }
  AlignedBuffer(const AlignedBuffer&) = delete;
  AlignedBuffer& operator=(const AlignedBuffer&) = delete;

  uint8_t* data() { return data_; }
  size_t size() const { return size_; }
  faceio::Span<uint8_t> span() { return {data_, size_}; }
  faceio::Span<const uint8_t> bytes() const { return {data_, size_}; }

 private:
  static constexpr std::align_val_t kAlign{64};
  struct Free {
    void operator()(uint8_t* p) const { ::operator delete(p, kAlign); }
  };
  std::unique_ptr<uint8_t, Free> base_;
  uint8_t* data_;
  size_t size_;
};

}  // namespace test

#endif
