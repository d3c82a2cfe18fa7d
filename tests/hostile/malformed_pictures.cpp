// Damages pictures of the formats that are read, and decodes each: a picture within its limits or a sentence, soon, in the
// memory that the limits allow.
//
//   faceio_malformed_pictures [--mutations 5000] [--step 1] PNG JPEG
//
// From the two files, and from a BMP and a PPM made of the PNG, come every truncation (--step N: every Nth), and this many
// mutations each: bits and bytes changed, ends of ranges of numbers written over fields, stretches left out, doubled,
// exchanged; half of the PNG with the checksums of their chunks made right again. Prints what it tried; exit code 1 when one
// took longer than two seconds, or the process more memory than the limits allow.
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>

#include <faceio/host/image_io.hpp>

#include "../support/files.hpp"
#include "../support/png_seal.hpp"
#include "../support/sanitizer.hpp"

using namespace faceio;
using Bytes = std::vector<uint8_t>;

namespace {

constexpr double kMostTime_s = 2.0;
constexpr uint64_t kMostPixels = 1'000'000;
/// 16 bytes a pixel at most (ReadLimits), and some for the program, the files and what the allocator keeps.
[[maybe_unused]] constexpr double kMostMemory_mib = 16.0 + 24.0;

double peak_mib() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024.0;
}

struct Tally {
  uint64_t tried = 0, decoded = 0;
  double longest_s = 0.0;
  bool sound = true;

  void decode(const Bytes& bytes) {
    Bytes exact(bytes);
    exact.shrink_to_fit();
    host::ReadLimits limits;
    limits.max_pixels = kMostPixels;
    host::Picture picture;
    std::string error;
    const auto start = std::chrono::steady_clock::now();
    const bool ok = host::try_decode_picture({exact.data(), exact.size()}, picture, error, limits);
    longest_s = std::max(longest_s, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    ++tried;
    decoded += ok ? 1 : 0;
    const uint64_t pixels = static_cast<uint64_t>(picture.size.width_px) * static_cast<uint64_t>(picture.size.height_px);
    sound = sound && (ok ? pixels > 0 && pixels <= kMostPixels && picture.rgb.size() == pixels * 3 : !error.empty());
  }
};

class Mutator {
 public:
  explicit Mutator(uint32_t seed) : generator_(seed) {}

  Bytes mutate(Bytes bytes) {
    const size_t count = 1 + below(8);
    for (size_t i = 0; i < count && bytes.size() > 8; ++i) change(bytes);
    if (below(2) == 0) test::seal_png(bytes.data(), bytes.size());
    return bytes;
  }

 private:
  size_t below(size_t end) { return std::uniform_int_distribution<size_t>(0, end - 1)(generator_); }

  /// Mostly in the first kilobyte, where the headers are.
  size_t place(const Bytes& bytes) {
    return below(below(3) != 0 ? std::min<size_t>(bytes.size(), 1024) : bytes.size());
  }

  void change(Bytes& bytes) {
    const size_t at = place(bytes);
    const size_t length = std::min(bytes.size() - at, 1 + below(below(4) == 0 ? 512 : 8));
    const auto begin = bytes.begin() + static_cast<ptrdiff_t>(at), end = begin + static_cast<ptrdiff_t>(length);
    switch (below(7)) {
      case 0: bytes[at] ^= static_cast<uint8_t>(1u << below(8)); break;
      case 1: bytes[at] = static_cast<uint8_t>(below(256)); break;
      case 2: {
        static constexpr uint8_t kEdges[] = {0x00, 0x01, 0x7f, 0x80, 0xfe, 0xff};
        std::fill(begin, begin + static_cast<ptrdiff_t>(std::min<size_t>(length, 4)), kEdges[below(6)]);
        break;
      }
      case 3: bytes.erase(begin, end); break;
      case 4: {
        const Bytes copy(begin, end);
        bytes.insert(begin, copy.begin(), copy.end());
        break;
      }
      case 5: {
        const Bytes copy(begin, end);
        const size_t to = place(bytes);
        std::copy_n(copy.begin(), std::min(copy.size(), bytes.size() - to), bytes.begin() + static_cast<ptrdiff_t>(to));
        break;
      }
      default:
        for (auto it = begin; it != end; ++it) *it = static_cast<uint8_t>(below(256));
    }
  }

  std::mt19937 generator_;
};

Bytes as_ppm(const host::Picture& picture) {
  const std::string head =
      "P6\n" + std::to_string(picture.size.width_px) + " " + std::to_string(picture.size.height_px) + "\n255\n";
  Bytes bytes(head.begin(), head.end());
  bytes.insert(bytes.end(), picture.rgb.begin(), picture.rgb.end());
  return bytes;
}

/// 24 bits, rows from bottom to top.
Bytes as_bmp(const host::Picture& picture) {
  const auto width = static_cast<size_t>(picture.size.width_px), height = static_cast<size_t>(picture.size.height_px);
  const size_t row = (width * 3 + 3) / 4 * 4;
  Bytes bytes(54 + row * height);
  const auto put = [&bytes](size_t at, size_t value, int count) {
    for (int i = 0; i < count; ++i) bytes[at + static_cast<size_t>(i)] = static_cast<uint8_t>(value >> (8 * i));
  };
  bytes[0] = 'B', bytes[1] = 'M';
  put(2, bytes.size(), 4), put(10, 54, 4), put(14, 40, 4), put(18, width, 4), put(22, height, 4), put(26, 1, 2), put(28, 24, 2);
  for (size_t y = 0; y < height; ++y) {
    for (size_t x = 0; x < width; ++x) {
      for (size_t c = 0; c < 3; ++c) bytes[54 + (height - 1 - y) * row + x * 3 + c] = picture.rgb[(y * width + x) * 3 + 2 - c];
    }
  }
  return bytes;
}

const char* format_of(const Bytes& bytes) {
  return bytes[0] == 0x89 ? "PNG" : bytes[0] == 0xff ? "JPEG" : bytes[0] == 'B' ? "BMP" : "PPM";
}

}  // namespace

int main(int argc, char** argv) {
  size_t mutations = 5000, step = 1;
  std::vector<Bytes> pictures;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--mutations") == 0 && i + 1 < argc) {
      mutations = std::strtoul(argv[++i], nullptr, 10);
    } else if (std::strcmp(argv[i], "--step") == 0 && i + 1 < argc) {
      step = std::max<size_t>(1, std::strtoul(argv[++i], nullptr, 10));
    } else {
      pictures.push_back(test::read_file(argv[i]));
    }
  }
  host::Picture first;
  std::string error;
  if (pictures.empty() || !host::try_decode_picture({pictures[0].data(), pictures[0].size()}, first, error)) {
    std::printf("no picture that can be read: %s\n", error.c_str());
    return 2;
  }
  pictures.push_back(as_bmp(first));
  pictures.push_back(as_ppm(first));
  bool sound = true;
  for (size_t i = 0; i < pictures.size(); ++i) {
    const Bytes& whole = pictures[i];
    Tally intact, cut, mutated;
    intact.decode(whole);
    for (size_t length = 0; length < whole.size(); length += step) {
      cut.decode(Bytes(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(length)));
    }
    Mutator mutator(static_cast<uint32_t>(i));
    for (size_t k = 0; k < mutations; ++k) mutated.decode(mutator.mutate(whole));
    std::printf("%s: %llu truncations, %llu decoded; %llu mutations, %llu decoded; longest %.3f s\n",
                format_of(whole), static_cast<unsigned long long>(cut.tried),
                static_cast<unsigned long long>(cut.decoded), static_cast<unsigned long long>(mutated.tried),
                static_cast<unsigned long long>(mutated.decoded), std::max(cut.longest_s, mutated.longest_s));
    // No part of a picture is a picture.
    sound = sound && intact.decoded == 1 && cut.decoded == 0 && cut.sound && mutated.sound;
    sound = sound && std::max(cut.longest_s, mutated.longest_s) <= kMostTime_s;
  }
  const double peak = peak_mib();
#if defined(FACEIO_TEST_ASAN)
  std::printf("peak memory %.1f MiB, a sanitizer's included\n", peak);
#else
  std::printf("peak memory %.1f MiB, at most %.0f\n", peak, kMostMemory_mib);
  sound = sound && peak <= kMostMemory_mib;
#endif
  return sound ? 0 : 1;
}
