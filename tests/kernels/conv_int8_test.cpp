// Dense int8 convolutions: every target against docs/int8.md summed in 64 bits (small cases) and against the scalar
// target byte for byte (all shapes), in allocations that end where reads must end.
#include "int8_support.hpp"

using namespace int8_test;

namespace {

struct Shape {
  int height, width, c_in, c_out;
};

/// The layer of a test: what a kernel reads.
struct Layer {
  Map in;
  Dense weights;
  Constants constants;
  int stride = 1, pad_before = 0;

  Layer(Map input, int c_out, int side, int s = 1, int pad = 0)
      : in(std::move(input)),
        weights(Dense::random(c_out, side, in.view.channels, !in.view.wide)),
        constants(random_constants(c_out, spread(side), 100000)),
        stride(s),
        pad_before(pad) {}

  Int8ConvArgs arguments() const {
    Int8ConvArgs a;
    a.in = in.view;
    weights.give(a);
    a.bias = constants.bias.data();
    a.requantise = constants.requantise();
    a.output_scale = constants.output_scale.data();
    a.stride = stride;
    a.pad_before = pad_before;
    return a;
  }
  /// The sum of docs/int8.md for channel n; channels of the padding have weights of zero.
  int64_t sum(int y, int x, int n) const {
    int64_t acc = constants.bias[index(n)];
    for (int ky = 0; ky < weights.side && n < weights.c_out; ++ky) {
      for (int kx = 0; kx < weights.side; ++kx) {
        for (int c = 0; c < weights.c_in; ++c) {
          acc += int64_t{weights.at(n, ky, kx, c)} *
                 in.at(y * stride + ky - pad_before, x * stride + kx - pad_before, c);
        }
      }
    }
    return acc;
  }

 private:
  /// Root of the number of terms times the spread of a product.
  int64_t spread(int side) const {
    const int terms = side * side * in.view.channels;
    int root = 1;
    while (root * root < terms) ++root;
    return int64_t{root} * (in.view.wide ? 8191 * 73 / 2 : 150 * 73);
  }
};

void run(const Int8KernelTable& table, const Int8ConvArgs& a, int side, int rows) {
  const auto kernel = side == 1 ? table.conv1x1_int8 : table.conv3x3_int8;
  // In three uneven ranges: a row must not depend on which call computes it.
  kernel(a, 0, rows / 3);
  kernel(a, rows / 3, rows / 3 + rows / 2);
  kernel(a, rows / 3 + rows / 2, rows);
}

std::string describe(const char* what, const Int8KernelTable& table, const Layer& l, const Int8Map& out) {
  const auto text = [](int n) { return std::to_string(n); };
  return std::string(what) + " on " + name_of(table) + ": in " + text(l.in.view.height) + "x" + text(l.in.view.width) +
         "x" + text(l.in.view.channels) + (l.in.view.wide ? " wide" : "") + ", out " + text(out.height) + "x" +
         text(out.width) + "x" + text(out.channels) + (out.wide ? " wide" : "") + ", stride " + text(l.stride) +
         ", pad " + text(l.pad_before);
}

/// Every vector target writes the bytes of the scalar one and no others.
void check_targets(const char* what, const Layer& l, const Map& start, const Map* addend = nullptr) {
  const int side = l.weights.side, rows = start.view.height;
  Map expected = start.copy();
  const auto with = [&](const Map& out) {
    Int8ConvArgs a = l.arguments();
    a.out = out.view;
    if (addend != nullptr) {
      a.addend = addend->view;
      a.requantise = l.constants.requantise(true);
    }
    return a;
  };
  const Int8ConvArgs of_scalar = with(expected);
  (side == 1 ? scalar_table().conv1x1_int8 : scalar_table().conv3x3_int8)(of_scalar, 0, rows);
  REQUIRE(expected.strays(start, 0, rows) == 0);
  for (const Int8KernelTable* table : vector_tables()) {
    Map out = start.copy();
    run(*table, with(out), side, rows);
    INFO(describe(what, *table, l, out.view));
    CHECK_MESSAGE(out.same_bytes(expected), out.first_difference(expected));
    Map whole = start.copy();
    (side == 1 ? table->conv1x1_int8 : table->conv3x3_int8)(with(whole), 0, rows);
    CHECK_MESSAGE(whole.same_bytes(expected), "all rows in one call, " << whole.first_difference(expected));
  }
}

/// The same for float outputs, with `gap` pixels between rows of the output that are not written.
void check_float(const char* what, const Layer& l, int height, int width, int channels, int gap) {
  const int step = padded(channels);
  const auto run_into = [&](const Int8KernelTable& table, std::vector<float>& out) {
    out.assign(index(int64_t{height} * (width + gap) * step), -77.25f);
    Int8ConvArgs a = l.arguments();
    a.requantise = Requantise{};  // not there for float outputs
    a.float_out.data = out.data();
    a.float_out.height = height;
    a.float_out.width = width;
    a.float_out.channels = channels;
    a.float_out.pixel_stride = step;
    a.float_out.row_stride = (width + gap) * step;
    run(table, a, 1, height);
  };
  std::vector<float> expected(index(int64_t{height} * (width + gap) * step), -77.25f), out;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int n = 0; n < step; ++n) {
        expected[index((int64_t{y} * (width + gap) + x) * step + n)] =
            static_cast<float>(static_cast<int32_t>(l.sum(y, x, n))) * l.constants.output_scale[index(n)];
      }
    }
  }
  for (const Int8KernelTable* table : tables()) {
    run_into(*table, out);
    Int8Map shape;
    shape.height = height, shape.width = width, shape.channels = channels;
    INFO(describe(what, *table, l, shape));
    CHECK(std::memcmp(out.data(), expected.data(), out.size() * sizeof(float)) == 0);
  }
}

}  // namespace

TEST_CASE("conv_int8: docs/int8.md in 64 bits, on every target") {
  for (const int side : {1, 3}) {
    for (const bool wide_in : {false, true}) {
      for (const bool wide_out : {false, true}) {
        for (const int addends : {0, 1, 2}) {
          if (side == 3 && addends > 0) continue;
          for (const int c_out : {1, 16, 40, 64}) {
            const int height = 5, width = 7, border = side / 2;
            Layer l(Map(height, width, 12, {border, wide_in}), c_out, side, 1, border);
            const Map out(height, width, c_out, {0, wide_out});
            const Map addend(addends == 1 ? height : 3, addends == 1 ? width : 4, c_out);
            for (const Int8KernelTable* table : tables()) {
              Map got = out.copy();
              Int8ConvArgs a = l.arguments();
              a.out = got.view;
              if (addends > 0) {
                a.addend = addend.view;
                a.requantise = l.constants.requantise(true);
              }
              run(*table, a, side, height);
              int wrong = 0;
              for (int y = 0; y < height; ++y) {
                for (int x = 0; x < width; ++x) {
                  for (int n = 0; n < padded(c_out); ++n) {
                    const int from_y = y * addend.view.height / height, from_x = x * addend.view.width / width;
                    const int64_t q = addends > 0 ? addend.at(from_y, from_x, n) : 0;
                    wrong += got.at(y, x, n) != element_of(l.constants, n, l.sum(y, x, n), wide_out, addends > 0, q);
                  }
                }
              }
              INFO(describe("definition", *table, l, got.view) << ", addend " << addends);
              CHECK(wrong == 0);
              CHECK(got.strays(out, 0, height) == 0);
            }
          }
        }
      }
    }
  }
}

TEST_CASE("conv_int8: a sum worked out by hand") {
  // Pixels (10, 200) and (255, 0), weights (3, -2), bias 64 + half a unit of shift 3: sums 64 + 4 - 370 = -302 and
  // 64 + 4 + 765 = 833; shifted -38 and 104. Multipliers 1/2 (16384) and 1/4 (8192): t = 52 and -9 (-9.5 rounds up).
  // Offset 8 + 16 * 3: narrow 56 - 9 = 47 >> 4 = 2, and 108 >> 4 = 6.
  for (const Int8KernelTable* table : tables()) {
    for (const bool wide : {false, true}) {
      Map in(1, 2, 2), out(1, 2, 1, {0, wide});
      in.set(0, 0, 0, 10), in.set(0, 0, 1, 200), in.set(0, 1, 0, 255), in.set(0, 1, 1, 0);
      const int weights[] = {3, -2};
      int next = 0;
      Layer l(std::move(in), 1, 1);
      l.weights = Dense(1, 1, 2, true, [&] { return weights[next++]; });
      l.constants.bias[0] = 64 + 4;
      l.constants.shift[0] = 3;
      l.constants.positive[0] = 16384;
      l.constants.negative[0] = 8192;
      l.constants.offset[0] = 8 + 16 * 3;
      Int8ConvArgs a = l.arguments();
      a.out = out.view;
      table->conv1x1_int8(a, 0, 1);
      INFO(name_of(*table));
      CHECK(out.at(0, 0, 0) == (wide ? -9 : 2));
      CHECK(out.at(0, 1, 0) == (wide ? 52 : 6));
    }
  }
}

TEST_CASE("conv1x1_int8: every row length around the tiles") {
  for (const int c_out : {8, 16, 32, 48, 64, 80}) {
    for (int width = 1; width <= 2 * 24 + 3; ++width) {
      const bool wide_in = width % 5 == 1, wide_out = width % 4 == 1;
      // Borders part rows, so that they cannot be treated as one.
      Layer l(Map(2, width, width % 2 == 0 ? 16 : 20, {width % 3 == 0, wide_in}), c_out, 1);
      check_targets("width", l, Map(2, width, c_out, {width % 3 == 1, wide_out}));
      if (c_out == 48 || c_out == 64) check_float("width", l, 2, width, c_out, width % 2);
    }
  }
}

TEST_CASE("conv1x1_int8: maps of one pixel") {
  for (const int c_out : {8, 32, 48, 64, 80, 192}) {
    for (const bool wide : {false, true}) {
      Layer l(Map(1, 1, 512, {0, wide}), c_out, 1);
      check_targets("pixel", l, Map(1, 1, c_out, {0, wide}));
      const Map addend(1, 1, c_out);
      check_targets("pixel", l, Map(1, 1, c_out, {0, !wide}), &addend);
      check_float("pixel", l, 1, 1, c_out, 0);
    }
  }
}

TEST_CASE("conv1x1_int8: channel counts of both networks and odd ones") {
  const std::pair<int, int> cases[] = {{8, 16},    {16, 32},   {32, 32},   {32, 64},  {64, 64},   {64, 128},
                                       {128, 128}, {128, 256}, {256, 256}, {256, 64}, {64, 20},   {256, 128},
                                       {128, 512}, {512, 128}, {512, 512}, {512, 192}, {1, 1},    {3, 5},
                                       {5, 9},     {17, 33},   {64, 4}};
  for (const auto& [c_in, c_out] : cases) {
    for (const bool wide_in : {false, true}) {
      Layer l(Map(3, 7, c_in, {0, wide_in}), c_out, 1);
      check_targets("channels", l, Map(3, 7, c_out));
      check_targets("channels", l, Map(3, 7, c_out, {1, true}));
      check_float("channels", l, 3, 7, c_out, 0);
    }
  }
}

TEST_CASE("conv1x1_int8: an addend of the same size, or of any smaller one") {
  struct Case {
    int height, width, addend_height, addend_width;
  };
  const Case cases[] = {{5, 7, 5, 7},  {6, 40, 6, 40}, {5, 7, 3, 4},   {5, 7, 1, 1},    {6, 8, 3, 4},   {9, 33, 5, 17},
                        {9, 35, 4, 17}, {7, 50, 7, 3}, {2, 31, 1, 30}, {10, 21, 7, 13}, {1, 1, 1, 1},   {4, 65, 4, 64},
                        {3, 1, 2, 1}};
  int turn = 0;
  for (const Case& c : cases) {
    for (const int channels : {16, 20, 48, 64, 128}) {
      for (const int borders : {0, 1, 2, 3, 4, 7}) {
        const bool wide_in = turn % 3 == 1, wide_out = turn % 4 == 3;
        Layer l(Map(c.height, c.width, 12, {borders & 1, wide_in}), channels, 1);
        const Map addend(c.addend_height, c.addend_width, channels, {borders >> 2});
        check_targets("addend", l, Map(c.height, c.width, channels, {borders >> 1 & 1, wide_out}), &addend);
        ++turn;
      }
    }
  }
}

TEST_CASE("conv1x1_int8: long rows, whose terms are widened in blocks, with addends") {
  for (const int c_in : {16, 64, 512}) {
    for (const int addend_width : {700, 350, 233}) {
      Layer l(Map(2, 700, c_in), 32, 1);
      const Map addend(2, addend_width, 32);
      check_targets("blocks", l, Map(2, 700, 32), &addend);
    }
    // A slice: pixels do not touch.
    Layer slice(Map(2, 400, c_in, {0, false, c_in + 32, 16}), 32, 1);
    check_targets("blocks of a slice", slice, Map(2, 400, 32));
  }
}

TEST_CASE("conv1x1_int8: stride 2") {
  for (const bool wide : {false, true}) {
    Layer l(Map(7, 13, 16, {0, wide}), 32, 1, 2);
    check_targets("stride", l, Map(4, 7, 32));
  }
}

TEST_CASE("conv3x3_int8: stride, padding, size and channels") {
  const std::pair<int, int> cases[] = {{64, 64}, {64, 32}, {16, 16}, {8, 8}, {4, 20}, {12, 48}};
  int turn = 0;
  for (const auto& [c_in, c_out] : cases) {
    for (const int stride : {1, 2}) {
      for (const int pad : {1, 0}) {
        for (const int height : {1, 2, 5}) {
          for (const int width : {1, 2, 3, 7, 12, 13, 26, 33}) {
            const int out_height = faceio::conv3x3_output(height, stride, pad);
            const int out_width = faceio::conv3x3_output(width, stride, pad);
            if (out_height < 1 || out_width < 1) continue;
            Layer l(Map(height, width, c_in, {1, turn % 3 == 0}), c_out, 3, stride, pad);
            check_targets("conv3x3", l, Map(out_height, out_width, c_out, {turn % 2, turn % 5 == 0}));
            ++turn;
          }
        }
      }
    }
  }
}

TEST_CASE("conv3x3_int8: pictures, read up to three bytes beyond their rows") {
  for (const int c_out : {5, 8, 16, 64, 80}) {
    for (const int stride : {1, 2}) {
      for (const int pad : {1, 0}) {
        for (int width = 1; width <= 70; width += width < 30 ? 1 : 9) {
          const int height = 6 - pad;
          const int out_height = faceio::conv3x3_output(height, stride, pad);
          const int out_width = faceio::conv3x3_output(width, stride, pad);
          if (out_height < 1 || out_width < 1) continue;
          MapOptions options{1};
          options.picture = true;
          Layer l(Map(height, width, 3, options), c_out, 3, stride, pad);
          for (const bool wide : {false, true}) {
            check_targets("picture", l, Map(out_height, out_width, c_out, {1, wide}));
            // A slice, whose pixels do not touch.
            check_targets("picture", l, Map(out_height, out_width, c_out, {1, wide, 96, 16}));
          }
        }
      }
    }
  }
}

TEST_CASE("conv3x3_int8: rows of pictures longer than a block that is widened") {
  MapOptions options{1};
  options.picture = true;
  Layer l(Map(3, 1800, 3, options), 16, 3, 2, 0);
  check_targets("long picture", l, Map(1, 900, 16));
  Layer wide_slice(Map(3, 300, 16, {1, false, 64, 16}), 16, 3, 1, 1);
  check_targets("long slice", wide_slice, Map(3, 300, 16));
}

TEST_CASE("conv_int8: from and to slices of wider maps") {
  for (const int first : {0, 16, 48}) {
    for (const int side : {1, 3}) {
      for (const bool wide : {false, true}) {
        Layer l(Map(6, 9, 16, {side / 2, wide, 64, first}), 16, side, 1, side / 2);
        check_targets("slice", l, Map(6, 9, 16, {0, !wide, 64, first}));
        check_targets("slice", l, Map(6, 9, 16, {1, wide, 64, first}));
      }
    }
  }
}

TEST_CASE("conv_int8: rings give the rows of whole maps") {
  for (const int side : {1, 3}) {
    for (const bool wide : {false, true}) {
      const int height = 11, width = 13, border = side / 2;
      Layer l(Map(height, width, 16, {border, wide}), 32, side, 1, border);
      Map expected(height, width, 32);
      Int8ConvArgs a = l.arguments();
      a.out = expected.view;
      (side == 1 ? scalar_table().conv1x1_int8 : scalar_table().conv3x3_int8)(a, 0, height);
      for (const Int8KernelTable* table : tables()) {
        Map in(height, width, 16, {border, wide, 0, 0, 5});
        Map out(height, width, 32, {0, false, 0, 0, 4}), rows(height, width, 32);
        Int8ConvArgs r = l.arguments();
        r.in = in.view;
        r.out = out.view;
        int filled = -border;  // rows that have been in the input ring
        for (int y = 0; y < height;) {
          const int end = std::min(height, y + 1 + y % 3);
          for (; filled < std::min(height + border, end + border); ++filled) in.copy_row(l.in, filled);
          (side == 1 ? table->conv1x1_int8 : table->conv3x3_int8)(r, y, end);
          for (; y < end; ++y) rows.copy_row(out, y);
        }
        bool same = true;
        for (int y = 0; y < height; ++y) {
          for (int x = 0; x < width; ++x) {
            for (int c = 0; c < 32; ++c) same = same && rows.at(y, x, c) == expected.at(y, x, c);
          }
        }
        INFO(describe("ring", *table, l, out.view));
        CHECK(same);
      }
    }
  }
}

TEST_CASE("conv_int8: sums near their bounds, saturating constants") {
  // 64 terms of 255 * 64; and of 8191 * 127, where the sums of 512 terms just fit 31 bits.
  for (const bool wide : {false, true}) {
    for (const bool largest : {false, true}) {
      for (const int weight : {127, -127}) {
        Map in(2, 9, wide ? 512 : 64, {0, wide});
        in.fill_extreme(largest);
        Layer l(std::move(in), 64, 1);
        l.weights = Dense(64, 1, l.in.view.channels, !wide, [weight] { return weight; });
        for (int c = 0; c < 64; ++c) {
          const size_t i = index(c);
          const int shifts[] = {0, 31, 3, 16};
          const int multipliers[] = {32767, -32767, 0, 16384, 1};
          const int offsets[] = {32767, -32768, 0, 8};
          l.constants.shift[i] = shifts[c % 4];
          l.constants.positive[i] = static_cast<int16_t>(multipliers[c % 5]);
          l.constants.negative[i] = static_cast<int16_t>(multipliers[(c + 2) % 5]);
          l.constants.offset[i] = static_cast<int16_t>(offsets[c / 4 % 4]);
          l.constants.addend[i] = static_cast<int16_t>(multipliers[(c + 1) % 5]);
        }
        Map addend(2, 9, 64);
        addend.fill_extreme(true);
        for (const bool wide_out : {false, true}) {
          check_targets("bounds", l, Map(2, 9, 64, {0, wide_out}));
          check_targets("bounds", l, Map(2, 9, 64, {0, wide_out}), &addend);
        }
        check_float("bounds", l, 2, 9, 64, 0);
      }
    }
  }
}
