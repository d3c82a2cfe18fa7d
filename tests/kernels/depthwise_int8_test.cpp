// Depthwise int8 convolutions, 3x3 and global: every target against docs/int8.md summed in 64 bits, in allocations that
// end where reads must end.
#include "int8_support.hpp"

using namespace int8_test;

namespace {

/// A layer and the map its result goes to.
struct Depthwise {
  Map in, out;
  std::vector<int16_t> weights;
  Constants constants;
  int stride = 1, pad_before = 1;

  Depthwise(Map input, Map output, int s, int pad)
      : in(std::move(input)),
        out(std::move(output)),
        weights(random_taps(9, in.view.channels)),
        constants(random_constants(in.view.channels, in.view.wide ? 9000 * 4000 * 3 : 150 * 9000 * 3, 900000000)),
        stride(s),
        pad_before(pad) {}

  int channels() const { return in.view.channels; }
  /// What converted weights have there.
  void clear_padding() {
    for (size_t i = 0; i < weights.size(); ++i) {
      if (static_cast<int>(i) % padded(channels()) >= channels()) weights[i] = 0;
    }
  }
  Int8ConvArgs arguments() const {
    Int8ConvArgs a;
    a.in = in.view;
    a.out = out.view;
    a.depthwise = weights.data();
    a.bias = constants.bias.data();
    a.requantise = constants.requantise();
    if (a.out.wide) a.requantise.offset = nullptr;
    a.stride = stride;
    a.pad_before = pad_before;
    return a;
  }
  /// The definition.
  Map expected() const {
    Map result = out.copy();
    for (int y = 0; y < out.view.height; ++y) {
      for (int x = 0; x < out.view.width; ++x) {
        for (int c = 0; c < padded(channels()); ++c) {
          int64_t acc = constants.bias[index(c)];
          for (int tap = 0; tap < 9; ++tap) {
            acc += int64_t{weights[index(tap * padded(channels()) + c)]} *
                   in.at(y * stride + tap / 3 - pad_before, x * stride + tap % 3 - pad_before, c);
          }
          result.set(y, x, c, static_cast<int32_t>(element_of(constants, c, acc, out.view.wide)));
        }
      }
    }
    return result;
  }
  std::string description(const Int8KernelTable& table) const {
    const auto text = [](int n) { return std::to_string(n); };
    return name_of(table) + ": out " + text(out.view.height) + "x" + text(out.view.width) + "x" + text(channels()) +
           (in.view.wide ? ", in wide" : "") + (out.view.wide ? ", out wide" : "") + ", stride " + text(stride) +
           ", pad " + text(pad_before);
  }
};

/// Every target writes the bytes of the definition and no others, however the rows are cut into calls.
void check(const Depthwise& d) {
  const Map expected = d.expected();
  const int rows = d.out.view.height;
  for (const Int8KernelTable* table : tables()) {
    for (const int at_once : {1, 2, 3, rows}) {
      Map out = d.out.copy();
      Int8ConvArgs a = d.arguments();
      a.out = out.view;
      for (int y = 0; y < rows; y += at_once) table->depthwise3x3_int8(a, y, std::min(y + at_once, rows));
      INFO(d.description(*table) << ", rows at once " << at_once);
      CHECK_MESSAGE(out.same_bytes(expected), out.first_difference(expected));
    }
  }
}

MapOptions options(bool wide, int border) {
  MapOptions o;
  o.wide = wide;
  o.border = border;
  return o;
}

/// Rows or columns of the input of an output of `count`, so that nothing but the border is read beyond it.
int input_of(int count, int stride, int pad) { return std::max(1, (count - 1) * stride + 2 - pad); }

Depthwise random_layer(int height, int width, int channels, int stride, int pad, bool in_wide, bool out_wide) {
  return {Map(input_of(height, stride, pad), input_of(width, stride, pad), channels, options(in_wide, 1)),
          Map(height, width, channels, options(out_wide, width % 2)), stride, pad};
}

}  // namespace

TEST_CASE("depthwise3x3_int8: a pixel worked out by hand") {
  for (const Int8KernelTable* table : tables()) {
    Depthwise d = random_layer(1, 1, 16, 1, 1, false, false);
    for (int y = -1; y <= 1; ++y) {
      for (int x = -1; x <= 1; ++x) {
        for (int c = 0; c < 16; ++c) d.in.set(y, x, c, 10);
      }
    }
    for (int tap = 0; tap < 9; ++tap) std::fill_n(d.weights.begin() + 16 * tap, 16, static_cast<int16_t>(tap + 1));
    std::fill(d.constants.bias.begin(), d.constants.bias.end(), 5);
    std::fill(d.constants.shift.begin(), d.constants.shift.end(), 2);
    std::fill(d.constants.positive.begin(), d.constants.positive.end(), static_cast<int16_t>(16384));
    std::fill(d.constants.negative.begin(), d.constants.negative.end(), static_cast<int16_t>(4096));
    std::fill(d.constants.offset.begin(), d.constants.offset.end(), static_cast<int16_t>(8));
    d.constants.bias[3] = -1450;
    d.constants.offset[3] = 1608;
    table->depthwise3x3_int8(d.arguments(), 0, 1);
    // 5 + 45 * 10 = 455, >> 2: 113, half of it rounded: 57, + 8: 65, >> 4: 4.
    CHECK(d.out.at(0, 0, 0) == 4);
    CHECK(d.out.at(0, 0, 15) == 4);
    // -1450 + 450 = -1000, >> 2: -250, an eighth rounded: -31, + 1608: 1577, >> 4: 98.
    CHECK(d.out.at(0, 0, 3) == 98);
  }
}

TEST_CASE("depthwise3x3_int8: every width, narrow and wide, strides and paddings") {
  for (const bool in_wide : {false, true}) {
    for (const bool out_wide : {false, true}) {
      for (const int stride : {1, 2}) {
        for (const int pad : {0, 1}) {
          for (int width = 1; width <= 13; ++width) {
            for (const int channels : {3, 8, 16, 20, 32, 48}) {
              Depthwise d = random_layer(1 + width % 5, width, channels, stride, pad, in_wide, out_wide);
              check(d);
              if (channels % kPanel == 0) continue;
              d.clear_padding();
              check(d);
            }
          }
        }
      }
    }
  }
}

TEST_CASE("depthwise3x3_int8: many channels, slices, rows apart, off their alignment") {
  for (const bool wide : {false, true}) {
    for (const int stride : {1, 2}) {
      for (const int channels : {16, 32, 64, 112, 128, 512}) {
        const int height = 1 + random_int(0, 4), width = random_int(1, 9);
        check(random_layer(height, width, channels, stride, 1, wide, !wide));
        MapOptions in = options(wide, 1), out = options(!wide, 0);
        in.map_channels = channels + 64;
        in.first_channel = 48;
        in.misaligned_bytes = 2;
        out.map_channels = channels + 32;
        out.first_channel = 16;
        out.misaligned_bytes = 6;
        out.row_gap_bytes = 32;
        check({Map(input_of(height, stride, 1), input_of(width, stride, 1), channels, in),
               Map(height, width, channels, out), stride, 1});
      }
    }
  }
}

TEST_CASE("depthwise3x3_int8: elements, weights and biases at their ends") {
  for (const bool in_wide : {false, true}) {
    for (const bool out_wide : {false, true}) {
      for (const bool largest : {false, true}) {
        for (const int sign : {-1, 1}) {
          for (const int stride : {1, 2}) {
            Depthwise d = random_layer(3, 5, 48, stride, 1, in_wide, out_wide);
            d.in.fill_extreme(largest);
            std::fill(d.weights.begin(), d.weights.end(), static_cast<int16_t>(sign * 16383));
            // The sums come near the ends of int32_t where they have the sign of the bias.
            for (int32_t& b : d.constants.bias) b = one_in(2) ? 930000000 : -930000000;
            check(d);
          }
        }
      }
    }
  }
}

TEST_CASE("depthwise3x3_int8: rings of the fewest rows") {
  for (const bool wide : {false, true}) {
    for (const int stride : {1, 2}) {
      for (const int channels : {8, 48, 64}) {
        const int height = 9, width = 6, in_height = input_of(height, stride, 1);
        Depthwise d = random_layer(height, width, channels, stride, 1, wide, wide);
        if (channels == 8) d.clear_padding();
        const Map expected = d.expected();
        for (const Int8KernelTable* table : tables()) {
          for (const int rows : {1, 2, 3}) {
            MapOptions in = options(wide, 1), out = options(wide, 1);
            in.ring_rows = (rows - 1) * stride + 3;
            out.ring_rows = rows;
            Map in_ring(in_height, d.in.view.width, channels, in), out_ring(height, width, channels, out);
            Int8ConvArgs a = d.arguments();
            a.in = in_ring.view;
            a.out = out_ring.view;
            for (int y = 0, copied = -1; y < height; y += rows) {
              const int end = std::min(y + rows, height);
              for (; copied <= (end - 1) * stride + 1; ++copied) in_ring.copy_row(d.in, copied);
              const Map before = out_ring.copy();
              table->depthwise3x3_int8(a, y, end);
              int wrong = 0;
              for (int row = y; row < end; ++row) {
                for (int x = 0; x < width; ++x) {
                  for (int c = 0; c < padded(channels); ++c) wrong += out_ring.at(row, x, c) != expected.at(row, x, c);
                }
              }
              INFO(d.description(*table) << ", rows " << y << " .. " << end);
              CHECK(wrong == 0);
              CHECK(out_ring.strays(before, y, end) == 0);
            }
          }
        }
      }
    }
  }
}

TEST_CASE("global_depthwise_int8: sizes, channels, narrow and wide") {
  for (const bool in_wide : {false, true}) {
    for (const bool out_wide : {false, true}) {
      for (const int height : {1, 2, 3, 7}) {
        for (const int width : {1, 2, 5, 7}) {
          for (const int channels : {3, 16, 32, 48, 512}) {
            const int taps = height * width;
            MapOptions slice = options(in_wide, width % 2);
            slice.map_channels = channels + 32;
            slice.first_channel = 16;
            const Map in(height, width, channels, slice), start(1, 1, channels, options(out_wide, 0));
            std::vector<int16_t> w = random_taps(taps, channels);
            // Wide elements, large weights and many of them do not fit into a sum.
            for (int16_t& value : w) value = static_cast<int16_t>(in_wide ? value / 8 : value);
            const Constants k = random_constants(channels, int64_t{taps} * (in_wide ? 3000000 : 600000), 900000000);
            Map expected = start.copy();
            for (int c = 0; c < padded(channels); ++c) {
              int64_t acc = k.bias[index(c)];
              for (int tap = 0; tap < taps; ++tap) {
                acc += int64_t{w[index(tap * padded(channels) + c)]} * in.at(tap / width, tap % width, c);
              }
              expected.set(0, 0, c, static_cast<int32_t>(element_of(k, c, acc, out_wide)));
            }
            for (const Int8KernelTable* table : tables()) {
              Map out = start.copy();
              Int8ConvArgs a;
              a.in = in.view;
              a.out = out.view;
              a.depthwise = w.data();
              a.bias = k.bias.data();
              a.requantise = k.requantise();
              if (out_wide) a.requantise.offset = nullptr;
              table->global_depthwise_int8(a, 0, 1);
              INFO(name_of(*table) << ": in " << height << "x" << width << "x" << channels << (in_wide ? " wide" : "")
                                   << (out_wide ? ", out wide" : ""));
              CHECK_MESSAGE(out.same_bytes(expected), out.first_difference(expected));
            }
          }
        }
      }
    }
  }
}
