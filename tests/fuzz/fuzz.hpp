// What the fuzz targets share. Each is a file with one LLVMFuzzerTestOneInput: libFuzzer and AFL++ drive it (`run`), and
// replay.cpp feeds it the committed corpus.
#ifndef FACEIO_TESTS_FUZZ_FUZZ_HPP
#define FACEIO_TESTS_FUZZ_FUZZ_HPP

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

/// A property that holds whatever the input is.
#define FUZZ_REQUIRE(condition)                                                   \
  do {                                                                            \
    if (!(condition)) {                                                           \
      std::fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                               \
    }                                                                             \
  } while (false)

namespace fuzz {

/// Input bytes as numbers. Past the end everything is 0.
class Input {
 public:
  Input(const uint8_t* data, size_t size) : data_(data), size_(size) {}

  template <class T>
  T take() {
    T value{};
    const size_t count = sizeof value < size_ ? sizeof value : size_;
    std::memcpy(&value, data_, count);
    data_ += count;
    size_ -= count;
    return value;
  }
  /// low .. high
  int32_t between(int32_t low, int32_t high) {
    const auto span = static_cast<uint32_t>(high - low) + 1;
    const uint32_t drawn = span <= 256 ? take<uint8_t>() : take<uint32_t>();
    return low + static_cast<int32_t>(span == 0 ? drawn : drawn % span);
  }
  const uint8_t* data() const { return data_; }
  size_t size() const { return size_; }

 private:
  const uint8_t* data_;
  size_t size_;
};

/// A copy that ends where its allocation ends, so that a sanitizer sees the first byte too many. Filled up with `fill`.
class Exact {
 public:
  Exact(const uint8_t* data, size_t size, size_t wanted, uint8_t fill = 0x5a) : bytes_(new uint8_t[wanted]), size_(wanted) {
    const size_t copied = size < wanted ? size : wanted;
    if (copied > 0) std::memcpy(bytes_.get(), data, copied);
    std::memset(bytes_.get() + copied, fill, wanted - copied);
  }
  Exact(const uint8_t* data, size_t size) : Exact(data, size, size) {}
  const uint8_t* data() const { return bytes_.get(); }
  uint8_t* data() { return bytes_.get(); }
  size_t size() const { return size_; }

 private:
  std::unique_ptr<uint8_t[]> bytes_;
  size_t size_;
};

}  // namespace fuzz

#if defined(FACEIO_FUZZING_WITH_LIBFUZZER)
extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);
#endif

#endif
