// Buffers that tell when a kernel strays: values are random, everything around them is poison, and
// a misalignment shifts the start off the natural one.
#ifndef FACEIO_TESTS_SUPPORT_BUFFERS_HPP
#define FACEIO_TESTS_SUPPORT_BUFFERS_HPP

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <faceio/core/map_view.hpp>
#include <limits>
#include <random>
#include <vector>

namespace test {

inline std::mt19937& rng() {
  static std::mt19937 generator(20190502);
  return generator;
}
inline float random_float(float low = -1.0f, float high = 1.0f) {
  return std::uniform_real_distribution<float>(low, high)(rng());
}
inline std::vector<float> random_floats(size_t count, float low = -1.0f, float high = 1.0f) {
  std::vector<float> values(count);
  for (float& v : values) v = random_float(low, high);
  return values;
}

/// Rounding bound of a float sum of `terms` products against a double one: the worst case grows with
/// terms * epsilon * sum |a*b|; random signs grow with its root. `magnitude` is sum |a*b|.
inline double tolerance(int terms, double magnitude) {
  const double epsilon = std::numeric_limits<float>::epsilon();
  return epsilon * (4.0 + 2.0 * std::sqrt(static_cast<double>(terms))) * (magnitude + 1e-30);
}

/// A signalling pattern that no kernel computes: tells untouched memory from written memory.
inline float poison() {
  const uint32_t bits = 0x7fa5a5a5u;
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}
inline bool is_poison(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return (bits & 0xffbfffffu) == (0x7fa5a5a5u & 0xffbfffffu);
}

/// How a map's floats lie: channels innermost and padded to whole panels, pixels of a picture close
/// together, or planes (core/map_view.hpp).
enum class Pixels { padded, close, planes };

/// A [height, width, channels] map with optional zero border, `offset_floats` off its natural
/// alignment, a channel slice of a wider map when `map_channels` > channels, or a ring of rows.
/// Every float is poison until it is written.
struct TestMap {
  std::vector<float> storage;
  faceio::MapView view;

  TestMap(int height, int width, int channels, int border, int offset_floats = 0,
          int map_channels = 0, int first_channel = 0)
      : TestMap(Pixels::padded, height, width, channels, border, offset_floats,
                faceio::channel_stride(map_channels > 0 ? map_channels : channels), first_channel) {
  }

  static TestMap of(Pixels pixels, int height, int width, int channels, int border,
                    int offset_floats = 0) {
    const int stride = pixels == Pixels::padded  ? faceio::channel_stride(channels)
                       : pixels == Pixels::close ? channels
                                                 : 1;
    return TestMap(pixels, height, width, channels, border, offset_floats, stride, 0);
  }
  // The view points into the storage, which a copy would leave behind.
  TestMap(const TestMap&) = delete;
  TestMap& operator=(const TestMap&) = delete;

  float& at(int y, int x, int c) { return view.at(y, x, c); }
  float at(int y, int x, int c) const { return view.at(y, x, c); }

  /// Floats of a pixel that a kernel has to write, padding lanes included.
  int stored() const {
    return std::min(faceio::channel_stride(view.channels),
                    view.in_planes() ? view.channels : view.pixel_stride);
  }

  /// Random channels, zero padding lanes, zero border. In planes, what else of a row may be read
  /// stays poison: no result may depend on it.
  void fill_random() {
    const int b = view.border;
    const int stored = this->stored();
    for (int y = -b; y < view.height + b; ++y) {
      for (int x = -b; x < view.width + b; ++x) {
        const bool inside = y >= 0 && y < view.height && x >= 0 && x < view.width;
        for (int c = 0; c < stored; ++c) {
          at(y, x, c) = inside && c < view.channels ? random_float() : 0.0f;
        }
      }
    }
  }

  /// All floats that a kernel has to write, in the order of pixels.
  std::vector<float> stored_floats() const {
    std::vector<float> values;
    for (int y = 0; y < view.height; ++y) {
      for (int x = 0; x < view.width; ++x) {
        for (int c = 0; c < stored(); ++c) values.push_back(at(y, x, c));
      }
    }
    return values;
  }

  /// Number of poisoned floats left; a kernel that wrote outside its map has lowered it.
  size_t poison_count() const {
    size_t count = 0;
    for (const float v : storage) count += is_poison(v) ? 1 : 0;
    return count;
  }

 private:
  /// Poison on both sides tells where a kernel wrote; without it, memory ends where the map ends, and pages or a sanitizer
  /// behind it tell where one read. Maps take turns.
  static size_t next_guard() {
    static unsigned turn = 0;
    return turn++ % 3 == 0 ? 64 : 0;
  }

  TestMap(Pixels pixels, int height, int width, int channels, int border, int offset_floats,
          int pixel_stride, int first_channel) {
    const bool planes = pixels == Pixels::planes;
    view.height = height;
    view.width = width;
    view.channels = channels;
    view.pixel_stride = pixel_stride;
    view.channel_step = planes ? faceio::plane_floats(width) : 1;
    view.row_stride = planes ? channels * view.channel_step : (width + 2 * border) * pixel_stride;
    view.border = border;
    const size_t guard = next_guard();
    storage.assign(
        2 * guard + static_cast<size_t>(offset_floats) +
            static_cast<size_t>(height + 2 * border) * static_cast<size_t>(view.row_stride),
        poison());
    view.data = storage.data() + guard + offset_floats + border * view.row_stride +
                (planes ? faceio::kPlaneMargin : border * pixel_stride + first_channel);
  }
};

/// Largest difference of two maps of one shape; huge when a value is not a number.
inline double largest_difference(const TestMap& a, const TestMap& b) {
  double worst = 0.0;
  for (int y = 0; y < a.view.height; ++y) {
    for (int x = 0; x < a.view.width; ++x) {
      for (int c = 0; c < a.view.channels; ++c) {
        const double d = std::abs(static_cast<double>(a.at(y, x, c)) - static_cast<double>(b.at(y, x, c)));
        worst = std::max(worst, d == d ? d : 1e30);
      }
    }
  }
  return worst;
}

/// Floats of a map that a kernel has to write, padding lanes included.
inline size_t floats_of(const TestMap& map) {
  return static_cast<size_t>(map.view.height) * static_cast<size_t>(map.view.width) *
         static_cast<size_t>(map.stored());
}

}  // namespace test

#endif
