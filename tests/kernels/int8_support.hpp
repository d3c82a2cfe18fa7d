// What the tests of int8 kernels share: maps in allocations that end where the contract's reads end, random layers, the
// tables to test, and the arithmetic of docs/int8.md in 64 bits, written from that text.
#ifndef FACEIO_TESTS_KERNELS_INT8_SUPPORT_HPP
#define FACEIO_TESTS_KERNELS_INT8_SUPPORT_HPP

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "../support/kernel_tables.hpp"

namespace int8_test {

using faceio::Int8ConvArgs;
using faceio::Int8KernelTable;
using faceio::Int8Map;
using faceio::Int8Target;
using faceio::kPanel;
using faceio::Requantise;

inline std::mt19937& rng() {
  static std::mt19937 generator(20190502);
  return generator;
}
/// Uniform in [low, high].
inline int32_t random_int(int64_t low, int64_t high) {
  return static_cast<int32_t>(std::uniform_int_distribution<int64_t>(low, high)(rng()));
}
inline bool one_in(int n) { return random_int(1, n) == 1; }

/// Tables of every int8 target that this build holds and this CPU can run; the first is the scalar one.
inline const std::vector<const Int8KernelTable*>& tables() { return test::runnable_int8_tables(); }
inline const Int8KernelTable& scalar_table() { return *tables().front(); }
inline std::vector<const Int8KernelTable*> vector_tables() { return {tables().begin() + 1, tables().end()}; }
inline std::string name_of(const Int8KernelTable& table) { return faceio::name(table.target); }

inline int32_t padded(int32_t channels) { return faceio::channel_stride(channels); }
inline size_t index(int64_t i) { return static_cast<size_t>(i); }

struct MapOptions {
  int border = 0;
  bool wide = false;
  int map_channels = 0;   // of the whole map where the view is a slice; 0: no slice
  int first_channel = 0;  // of the slice
  int ring_rows = 0;
  bool picture = false;       // pixels close together; three bytes more may be read
  int misaligned_bytes = 0;   // off a multiple of 16
  int row_gap_bytes = 0;      // between rows
};

/// A map whose every byte is random at first, in an allocation of exactly the bytes that may be read. Two maps made
/// from one by copy() are equal byte for byte, so a kernel that writes elsewhere makes them differ.
class Map {
 public:
  Int8Map view;

  Map(int height, int width, int channels, MapOptions options = {}) : options_(options) {
    const int element = options.wide ? 2 : 1;
    const int whole = options.map_channels > 0 ? options.map_channels : channels;
    const int stride = (options.picture ? whole : padded(whole)) * element;
    view.height = height;
    view.width = width;
    view.channels = channels;
    view.pixel_stride_bytes = stride;
    view.row_stride_bytes = (width + 2 * options.border) * stride + options.row_gap_bytes;
    view.ring_rows = options.ring_rows;
    view.border = options.border;
    view.wide = options.wide;
    // A ring has no rows of its own above and below.
    const int above = options.ring_rows > 0 ? 0 : options.border;
    const int rows = options.ring_rows > 0 ? options.ring_rows : height + 2 * options.border;
    bytes_ = index(int64_t{rows} * view.row_stride_bytes - options.row_gap_bytes + (options.picture ? 3 : 0) +
                   options.misaligned_bytes);
    storage_.reset(new uint8_t[bytes_]);
    for (size_t i = 0; i < bytes_; ++i) storage_[i] = static_cast<uint8_t>(rng()());
    view.data = storage_.get() + options.misaligned_bytes + int64_t{above} * view.row_stride_bytes +
                options.border * stride + options.first_channel * element;
    border_pixel_.resize(index(stride));
    if (options.border > 0) view.border_pixel = border_pixel_.data();
    fill_random();
  }
  Map(Map&&) = default;
  Map& operator=(Map&&) = default;

  /// Random elements and border pixels.
  void fill_random() {
    fill([](int32_t low, int32_t high) { return random_int(low, high); });
  }
  /// Every element the largest, or the smallest.
  void fill_extreme(bool largest) {
    fill([largest](int32_t low, int32_t high) { return largest ? high : low; });
  }

  void set(int y, int x, int c, int32_t value) { set_at(view.pixel(y, x), c, value); }
  int32_t at(int y, int x, int c) const { return view.at(y, x, c); }
  int32_t border_at(int c) const { return element(border_pixel_.data(), options_.first_channel + c); }

  /// The same bytes in another allocation.
  Map copy() const {
    Map other(view.height, view.width, view.channels, options_);
    std::memcpy(other.storage_.get(), storage_.get(), bytes_);
    other.border_pixel_ = border_pixel_;
    other.view.border_pixel = options_.border > 0 ? other.border_pixel_.data() : nullptr;
    return other;
  }
  /// Row y (-1 and height with a border) with its border pixels, all channels, from a map of the same shape that
  /// may be stored otherwise.
  void copy_row(const Map& from, int y) {
    const int stride = view.pixel_stride_bytes;
    const int b = options_.border;
    const int first = options_.first_channel * (options_.wide ? 2 : 1);
    std::memcpy(view.row(y) - b * stride - first, from.view.row(y) - b * stride - first,
                index(int64_t{view.width + 2 * b} * stride));
  }
  bool same_bytes(const Map& other) const {
    return bytes_ == other.bytes_ && std::memcmp(storage_.get(), other.storage_.get(), bytes_) == 0;
  }
  /// Bytes that differ and do not belong to the rows [begin, end) of the view, its channels padded to a panel.
  int strays(const Map& before, int begin, int end) const {
    std::vector<bool> inside(bytes_);
    const int element_bytes = options_.wide ? 2 : 1;
    for (int y = begin; y < end; ++y) {
      for (int x = 0; x < view.width; ++x) {
        const auto first = view.pixel(y, x) - storage_.get();
        for (int i = 0; i < padded(view.channels) * element_bytes; ++i) inside[index(first + i)] = true;
      }
    }
    int count = 0;
    for (size_t i = 0; i < bytes_; ++i) count += !inside[i] && storage_[i] != before.storage_[i];
    return count;
  }
  /// Where two maps of one shape differ, for messages.
  std::string first_difference(const Map& other) const {
    for (int y = 0; y < (view.ring_rows > 0 ? view.ring_rows : view.height); ++y) {
      for (int x = 0; x < view.width; ++x) {
        for (int c = 0; c < padded(view.channels); ++c) {
          if (at(y, x, c) != other.at(y, x, c)) {
            return "at (" + std::to_string(y) + ", " + std::to_string(x) + ", " + std::to_string(c) +
                   "): " + std::to_string(at(y, x, c)) + ", expected " + std::to_string(other.at(y, x, c));
          }
        }
      }
    }
    return same_bytes(other) ? "none" : "outside the map";
  }

 private:
  int32_t element(const uint8_t* p, int c) const {
    if (!options_.wide) return p[c];
    int16_t value;
    std::memcpy(&value, p + 2 * c, sizeof value);
    return value;
  }
  void set_at(uint8_t* p, int c, int32_t value) const {
    if (options_.wide) {
      const auto element = static_cast<int16_t>(value);
      std::memcpy(p + 2 * c, &element, sizeof element);
    } else {
      p[c] = static_cast<uint8_t>(value);
    }
  }
  template <class Draw>
  void fill(const Draw& draw) {
    const int32_t low = options_.wide ? -faceio::kWideLimit : 0, high = options_.wide ? faceio::kWideLimit : 255;
    const int count = view.pixel_stride_bytes / (options_.wide ? 2 : 1);
    for (int c = 0; c < count; ++c) set_at(border_pixel_.data(), c, draw(low, high));
    const int b = options_.border, first = options_.first_channel;
    const bool ring = options_.ring_rows > 0;
    for (int y = ring ? 0 : -b; y < (ring ? options_.ring_rows : view.height + b); ++y) {
      for (int x = -b; x < view.width + b; ++x) {
        const bool inside = x >= 0 && x < view.width && y >= 0 && (y < view.height || ring);
        for (int c = -first; c < count - first; ++c) {
          set_at(view.pixel(y, x), c, inside ? draw(low, high) : element(border_pixel_.data(), first + c));
        }
      }
    }
  }

  MapOptions options_;
  size_t bytes_ = 0;
  std::unique_ptr<uint8_t[]> storage_;
  std::vector<uint8_t> border_pixel_;
};

/// Bias and everything behind the accumulators, per channel, also of the padding ones.
struct Constants {
  std::vector<int32_t> bias, shift;
  std::vector<int16_t> positive, negative, offset, addend;
  std::vector<float> output_scale;

  Requantise requantise(bool with_addend = false) const {
    return {shift.data(), positive.data(), negative.data(), offset.data(), with_addend ? addend.data() : nullptr};
  }
};

/// Mostly constants that spread sums of about `magnitude` over the output; some that saturate, all signs, zeros, and
/// shifts 0 and 31 among them. |bias| <= max_bias.
inline Constants random_constants(int32_t channels, int64_t magnitude, int64_t max_bias) {
  Constants k;
  for (int32_t c = 0; c < padded(channels); ++c) {
    int32_t shift = 0;
    while (shift < 31 && (magnitude >> shift) > 12000) ++shift;
    k.shift.push_back(one_in(8) ? random_int(0, 1) * 31 : one_in(8) ? random_int(0, 31) : shift);
    const auto multiplier = [] {
      return static_cast<int16_t>(one_in(10) ? 0
                                  : one_in(10) ? random_int(0, 1) * 65534 - 32767
                                  : one_in(2)  ? random_int(-32767, 32767)
                                               : random_int(2000, 9000));
    };
    k.positive.push_back(multiplier());
    k.negative.push_back(one_in(3) ? k.positive.back() : multiplier());
    k.offset.push_back(static_cast<int16_t>(one_in(8) ? random_int(-32768, 32767) : random_int(0, 4088)));
    k.addend.push_back(multiplier());
    k.bias.push_back(random_int(-max_bias, max_bias));
    k.output_scale.push_back(std::uniform_real_distribution<float>(-1e-3f, 1e-3f)(rng()));
  }
  return k;
}

/// Dense weights in both layouts of int8.hpp, from w[n][ky][kx][c]. When `limited`, those drawn that break kInt8PairLimit
/// are cut.
struct Dense {
  int32_t c_out, side, c_in, row_terms;
  std::vector<int8_t> plain;  // [c_out][side][side][c_in]
  std::vector<int8_t> quads;
  std::vector<int16_t> pairs;

  template <class Draw>
  Dense(int32_t outputs, int32_t kernel, int32_t inputs, bool limited, const Draw& draw)
      : c_out(outputs), side(kernel), c_in(inputs), row_terms((kernel * inputs + 3) / 4 * 4) {
    plain.resize(index(int64_t{c_out} * side * side * c_in));
    quads.assign(index(int64_t{padded(c_out)} * side * row_terms), 0);
    pairs.assign(quads.size(), 0);
    for (int32_t n = 0; n < c_out; ++n) {
      for (int32_t term = 0; term < side * side * c_in; ++term) {
        int32_t drawn = draw();
        const int32_t before = term % (side * c_in) % 2 == 0 ? 0 : plain[index(int64_t{n} * side * side * c_in + term - 1)];
        if (limited && drawn > 0 && before > 0) drawn = std::min(drawn, faceio::kInt8PairLimit - before);
        if (limited && drawn < 0 && before < 0) drawn = std::max(drawn, -faceio::kInt8PairLimit - before);
        const auto value = static_cast<int8_t>(drawn);
        plain[index(int64_t{n} * side * side * c_in + term)] = value;
        const int32_t k = term / (side * c_in) * row_terms + term % (side * c_in);
        const int64_t of_panel = int64_t{n / kPanel} * kPanel * side * row_terms, lane = n % kPanel;
        quads[index(of_panel + (k / 4 * kPanel + lane) * 4 + k % 4)] = value;
        pairs[index(of_panel + (k / 2 * kPanel + lane) * 2 + k % 2)] = value;
      }
    }
  }
  static Dense random(int32_t outputs, int32_t kernel, int32_t inputs, bool limited) {
    return {outputs, kernel, inputs, limited, [] { return random_int(-127, 127); }};
  }
  int32_t at(int32_t n, int32_t ky, int32_t kx, int32_t c) const {
    return plain[index(((int64_t{n} * side + ky) * side + kx) * c_in + c)];
  }
  /// Sets the one layout that the contract asks for.
  void give(Int8ConvArgs& a) const {
    a.quads = a.in.wide ? nullptr : quads.data();
    a.pairs = a.in.wide ? pairs.data() : nullptr;
  }
};

/// Random depthwise or global weights [taps][padded(channels)].
inline std::vector<int16_t> random_taps(int32_t taps, int32_t channels) {
  std::vector<int16_t> w(index(int64_t{taps} * padded(channels)));
  for (int16_t& value : w) value = static_cast<int16_t>(random_int(-16383, 16383));
  return w;
}

/// docs/int8.md, "Convolutions": an element of the output from an accumulator. q_addend: the element that is added.
inline int64_t element_of(const Constants& k, int32_t o, int64_t acc, bool wide, bool adds = false,
                          int64_t q_addend = 0) {
  const auto saturated = [](int64_t x) { return std::clamp<int64_t>(x, -32768, 32767); };
  const auto floor_shift = [](int64_t x, int32_t n) {
    const int64_t unit = int64_t{1} << n;
    return x >= 0 ? x / unit : -((-x + unit - 1) / unit);
  };
  const size_t i = index(o);
  const int64_t a = saturated(floor_shift(acc, k.shift[i]));
  int64_t t = floor_shift(a * (a < 0 ? k.negative[i] : k.positive[i]) + 16384, 15);
  if (adds) t = saturated(t + floor_shift(q_addend * 128 * k.addend[i] + 16384, 15));
  if (wide) return std::clamp<int64_t>(t, -8191, 8191);
  return std::clamp<int64_t>(floor_shift(saturated(t + k.offset[i]), 4), 0, 255);
}

}  // namespace int8_test

#endif
