// Convolutions of every target against the double-precision reference: channel counts of both
// networks and awkward ones, every row length around the tile, strides, paddings, activations,
// slices of wider maps, maps in planes, addends, rings of rows, misaligned starts. Nothing outside
// the output may be written.
#include <doctest/doctest.h>

#include <faceio/kernels/ref/conv.hpp>
#include <memory>

#include "../support/buffers.hpp"
#include "../support/kernel_tables.hpp"

using faceio::Activation;
using faceio::ConvArgs;
using faceio::KernelTable;
using faceio::kPanel;
using faceio::MapView;
using test::floats_of;
using test::Pixels;
using test::TestMap;

namespace {

size_t padded(int channels) {
  return faceio::round_up(static_cast<size_t>(channels), kPanel);
}

/// Random weights in the blob's layout: padding channels are zero, as the format promises.
struct Weights {
  std::vector<float> weights, bias, slope;

  static Weights dense(int c_out, int k) {
    Weights w = vectors(c_out);
    w.weights.assign(padded(c_out) * static_cast<size_t>(k), 0.0f);
    for (int n = 0; n < c_out; ++n) {
      for (int i = 0; i < k; ++i) {
        w.weights[static_cast<size_t>((n / kPanel) * k * kPanel + i * kPanel + n % kPanel)] =
            test::random_float();
      }
    }
    return w;
  }
  static Weights depthwise(int channels, int taps) {
    Weights w = vectors(channels);
    w.weights.assign(padded(channels) * static_cast<size_t>(taps), 0.0f);
    for (int t = 0; t < taps; ++t) {
      for (int c = 0; c < channels; ++c) {
        w.weights[static_cast<size_t>(t) * padded(channels) + static_cast<size_t>(c)] =
            test::random_float();
      }
    }
    return w;
  }

 private:
  static Weights vectors(int channels) {
    Weights w;
    w.bias.assign(padded(channels), 0.0f);
    w.slope.assign(padded(channels), 0.0f);
    for (int c = 0; c < channels; ++c) {
      w.bias[static_cast<size_t>(c)] = test::random_float();
      w.slope[static_cast<size_t>(c)] = test::random_float(-9.4f, 8.9f);  // as trained
    }
    return w;
  }
};

ConvArgs arguments(const TestMap& in, const TestMap& out, const Weights& w, Activation activation) {
  ConvArgs a;
  a.in = in.view;
  a.out = out.view;
  a.weights = w.weights.data();
  a.bias = w.bias.data();
  a.slope = activation == Activation::prelu ? w.slope.data() : nullptr;
  a.leaky_slope = activation == Activation::leaky_relu ? 0.1f : 0.0f;
  a.activation = activation;
  return a;
}

/// Largest difference in units of the tolerance. Values are in [-1, 1], so a sum of k products plus
/// a bias and an addend has magnitude below k + 2; a PReLU multiplies errors by at most 9.4.
double worst_ratio(const TestMap& got, const TestMap& expected, int k) {
  const double allowed = 9.4 * test::tolerance(k, 0.25 * k + 2.0);
  return test::largest_difference(got, expected) / allowed;
}

/// Padding lanes of the output must be zero: the next layer reads them.
bool padding_is_zero(const TestMap& map) {
  for (int y = 0; y < map.view.height; ++y) {
    for (int x = 0; x < map.view.width; ++x) {
      for (int c = map.view.channels; c < map.stored(); ++c) {
        if (map.at(y, x, c) != 0.0f) return false;
      }
    }
  }
  return true;
}

using RowKernel = void (*)(const ConvArgs&, int32_t, int32_t) noexcept;
using Reference = void (*)(const ConvArgs&) noexcept;

constexpr Activation kActivations[] = {Activation::linear, Activation::relu, Activation::leaky_relu,
                                       Activation::prelu};

void check(const char* what, const KernelTable& table, RowKernel kernel, Reference reference,
           ConvArgs args, TestMap& out, TestMap& expected, int k) {
  args.out = expected.view;
  reference(args);
  args.out = out.view;
  const size_t poison_before = out.poison_count();
  const int rows = out.view.height;
  // In three uneven ranges: a row must not depend on which call computes it.
  kernel(args, 0, rows / 3);
  kernel(args, rows / 3, rows / 3 + rows / 2);
  kernel(args, rows / 3 + rows / 2, rows);
  INFO(std::string(what) << " on " << std::string(faceio::name(table.target)) << ": in "
                         << args.in.height << "x" << args.in.width << "x" << args.in.channels
                         << " out " << out.view.height << "x" << out.view.width << "x"
                         << out.view.channels << " stride " << args.stride << " pad "
                         << args.pad_before << " activation " << static_cast<int>(args.activation));
  CHECK(worst_ratio(out, expected, k) <= 1.0);
  CHECK(padding_is_zero(out));
  CHECK(poison_before - out.poison_count() == floats_of(out));  // all of it, and nothing else
}

}  // namespace

TEST_CASE("conv1x1_f32: every row length around the tile, every activation") {
  for (const KernelTable* table : test::runnable_tables()) {
    for (const int channels : {8, 16, 48, 64}) {
      for (int width = 1; width <= 2 * 16 + 1; ++width) {
        const Activation activation = kActivations[width % 4];
        const int c_in = width % 2 == 0 ? 8 : 20;
        TestMap in(2, width, c_in, 0, width % 4);
        TestMap out(2, width, channels, width % 3 == 0 ? 1 : 0, (width + 1) % 4);
        TestMap expected(2, width, channels, 0);
        in.fill_random();
        const Weights w = Weights::dense(channels, c_in);
        check("conv1x1", *table, table->conv1x1_f32, faceio::ref::conv1x1_f32,
              arguments(in, out, w, activation), out, expected, c_in);
      }
    }
  }
}

TEST_CASE("conv1x1_f32 from maps in planes") {
  for (const KernelTable* table : test::runnable_tables()) {
    for (const int c_in : {1, 3, 8}) {
      for (const int c_out : {1, 8, 16, 20, 64}) {
        for (int width = 1; width <= 40; width += c_in == 8 ? 1 : 7) {
          TestMap in = TestMap::of(Pixels::planes, 3, width, c_in, width % 2, width % 4);
          TestMap out(3, width, c_out, width % 3 == 0 ? 1 : 0, 1), expected(3, width, c_out, 0);
          in.fill_random();
          const Weights w = Weights::dense(c_out, c_in);
          check("conv1x1 from planes", *table, table->conv1x1_f32, faceio::ref::conv1x1_f32,
                arguments(in, out, w, kActivations[width % 4]), out, expected, c_in);
        }
      }
    }
  }
}

TEST_CASE("conv1x1_f32: an addend of the same size, or of any smaller one") {
  struct Case {
    int height, width, addend_height, addend_width;
  };
  const Case cases[] = {{5, 7, 5, 7},   {6, 40, 6, 40},  {5, 7, 3, 4},   {5, 7, 1, 1},
                        {6, 8, 3, 4},   {9, 33, 5, 17},  {9, 35, 4, 17}, {7, 50, 7, 3},
                        {2, 31, 1, 30}, {10, 21, 7, 13}, {1, 1, 1, 1},   {4, 65, 4, 64}};
  for (const KernelTable* table : test::runnable_tables()) {
    int turn = 0;
    for (const Case& c : cases) {
      for (const int channels : {1, 16, 20, 48, 64, 128}) {
        // Borders that part rows, so that they cannot be treated as one, on either map.
        for (const int borders : {0, 1, 2, 3, 4, 7}) {
          TestMap in(c.height, c.width, 9, borders & 1),
              out(c.height, c.width, channels, borders >> 1 & 1, turn % 4);
          TestMap addend(c.addend_height, c.addend_width, channels, borders >> 2, turn % 3);
          TestMap expected(c.height, c.width, channels, 0);
          in.fill_random();
          addend.fill_random();
          const Weights w = Weights::dense(channels, 9);
          ConvArgs args = arguments(in, out, w, kActivations[turn++ % 4]);
          args.addend = addend.view;
          check("conv1x1 with addend", *table, table->conv1x1_f32, faceio::ref::conv1x1_f32, args,
                out, expected, 9);
        }
      }
    }
  }
}

TEST_CASE("conv1x1_f32: hand-computed addition after the activation") {
  for (const KernelTable* table : test::runnable_tables()) {
    TestMap in(2, 3, 1, 0), out(2, 3, 1, 0), addend(1, 2, 1, 0);
    in.fill_random();
    addend.fill_random();
    const float inputs[] = {1.0f, -2.0f, 3.0f, -4.0f, 5.0f, -6.0f};
    for (int i = 0; i < 6; ++i) in.at(i / 3, i % 3, 0) = inputs[i];
    addend.at(0, 0, 0) = -10.0f;
    addend.at(0, 1, 0) = 100.0f;
    Weights w = Weights::dense(1, 1);
    w.weights[0] = 2.0f;
    w.bias[0] = 1.0f;
    ConvArgs args = arguments(in, out, w, Activation::relu);
    args.addend = addend.view;
    table->conv1x1_f32(args, 0, 2);
    // Columns 0 and 1 of three are column 0 of two: floor(1 * 2 / 3) = 0.
    const float expected[] = {-7.0f, -10.0f, 107.0f, -10.0f, 1.0f, 100.0f};
    for (int i = 0; i < 6; ++i) CHECK(out.at(i / 3, i % 3, 0) == expected[i]);
  }
}

TEST_CASE("dense convolutions without a bias") {
  for (const KernelTable* table : test::runnable_tables()) {
    TestMap in(3, 7, 5, 1), out(3, 7, 80, 0), expected(3, 7, 80, 0);
    in.fill_random();
    const Weights w = Weights::dense(80, 9 * 5);
    ConvArgs args = arguments(in, out, w, Activation::linear);
    args.bias = nullptr;
    check("conv1x1", *table, table->conv1x1_f32, faceio::ref::conv1x1_f32, args, out, expected, 5);
    TestMap out3(3, 7, 80, 0);
    args.pad_before = 1;
    check("conv3x3", *table, table->conv3x3_f32, faceio::ref::conv3x3_f32, args, out3, expected,
          45);
  }
}

TEST_CASE("conv1x1_f32: channel counts of both networks and odd ones") {
  struct Case {
    int c_in, c_out;
  };
  const Case cases[] = {{8, 16},    {16, 32},   {32, 32},   {32, 64},  {64, 64},   {64, 128},
                        {128, 128}, {128, 256}, {256, 256}, {256, 64}, {256, 128}, {128, 512},
                        {512, 128}, {512, 512}, {512, 192}, {1, 1},    {3, 5},     {5, 9},
                        {17, 33},   {64, 4},    {64, 20}};
  for (const KernelTable* table : test::runnable_tables()) {
    for (const Case& c : cases) {
      for (const Activation activation : kActivations) {
        TestMap in(3, 7, c.c_in, 0, 1), out(3, 7, c.c_out, 1, 3), expected(3, 7, c.c_out, 0);
        in.fill_random();
        const Weights w = Weights::dense(c.c_out, c.c_in);
        check("conv1x1", *table, table->conv1x1_f32, faceio::ref::conv1x1_f32,
              arguments(in, out, w, activation), out, expected, c.c_in);
      }
    }
  }
}

TEST_CASE("conv3x3_f32: stride, padding, size and channels") {
  struct Case {
    int c_in, c_out;
  };
  const Case cases[] = {{3, 8},   {3, 64}, {64, 64}, {64, 32}, {64, 16},
                        {16, 16}, {8, 8},  {1, 1},   {5, 20}};
  for (const KernelTable* table : test::runnable_tables()) {
    for (const Case& c : cases) {
      for (const int stride : {1, 2}) {
        for (const int pad : {1, 0}) {
          for (const int height : {1, 2, 5, 8}) {
            for (const int width : {1, 2, 3, 7, 12, 13, 14, 26}) {
              const int out_height = faceio::conv3x3_output(height, stride, pad);
              const int out_width = faceio::conv3x3_output(width, stride, pad);
              if (out_height < 1 || out_width < 1) continue;
              TestMap in(height, width, c.c_in, 1, width % 4);
              TestMap out(out_height, out_width, c.c_out, 1, height % 4);
              TestMap expected(out_height, out_width, c.c_out, 0);
              in.fill_random();
              const Weights w = Weights::dense(c.c_out, 9 * c.c_in);
              ConvArgs args = arguments(in, out, w, kActivations[(width + height) % 4]);
              args.stride = stride;
              args.pad_before = pad;
              check("conv3x3", *table, table->conv3x3_f32, faceio::ref::conv3x3_f32, args, out,
                    expected, 9 * c.c_in);
            }
          }
        }
      }
    }
  }
}

TEST_CASE("conv3x3_f32: pictures whose pixels lie close together") {
  struct Case {
    int c_in, c_out;
  };
  for (const KernelTable* table : test::runnable_tables()) {
    for (const Case& c : {Case{3, 64}, {3, 8}, {1, 16}, {4, 20}}) {
      for (const int stride : {1, 2}) {
        for (const int pad : {1, 0}) {
          for (const int width : {2, 3, 9, 14, 33}) {
            const int height = 6 - pad;
            const int out_height = faceio::conv3x3_output(height, stride, pad);
            const int out_width = faceio::conv3x3_output(width, stride, pad);
            TestMap in = TestMap::of(Pixels::close, height, width, c.c_in, 1, width % 4);
            TestMap out(out_height, out_width, c.c_out, 1, 3),
                expected(out_height, out_width, c.c_out, 0);
            in.fill_random();
            const Weights w = Weights::dense(c.c_out, 9 * c.c_in);
            ConvArgs args = arguments(in, out, w, kActivations[(width + pad) % 4]);
            args.stride = stride;
            args.pad_before = pad;
            check("conv3x3 of a picture", *table, table->conv3x3_f32, faceio::ref::conv3x3_f32,
                  args, out, expected, 9 * c.c_in);
          }
        }
      }
    }
  }
}

TEST_CASE("conv3x3_f32 between maps in planes: every width around the vectors") {
  for (const KernelTable* table : test::runnable_tables()) {
    int turn = 0;
    for (const int c_in : {1, 3, 4}) {
      for (const int stride : {1, 2}) {
        for (const int pad : {1, 0}) {
          for (int width = 1; width <= 70; ++width) {
            const int height = 3 + width % 3, c_out = 1 + turn % 8;
            const int out_height = faceio::conv3x3_output(height, stride, pad);
            const int out_width = faceio::conv3x3_output(width, stride, pad);
            if (out_width < 1) continue;
            TestMap in = TestMap::of(Pixels::planes, height, width, c_in, 1, width % 4);
            TestMap out =
                TestMap::of(Pixels::planes, out_height, out_width, c_out, turn % 2, height % 4);
            TestMap expected(out_height, out_width, c_out, 0);
            in.fill_random();
            const Weights w = Weights::dense(c_out, 9 * c_in);
            ConvArgs args = arguments(in, out, w, kActivations[turn / 8 % 4]);
            args.stride = stride;
            args.pad_before = pad;
            check("conv3x3 in planes", *table, table->conv3x3_f32, faceio::ref::conv3x3_f32, args,
                  out, expected, 9 * c_in);
            ++turn;
          }
        }
      }
    }
  }
}

TEST_CASE("conv3x3_f32 between maps in planes: every number of outputs with every activation") {
  for (const KernelTable* table : test::runnable_tables()) {
    for (int c_out = 1; c_out <= 8; ++c_out) {
      for (const Activation activation : kActivations) {
        TestMap in = TestMap::of(Pixels::planes, 4, 37, 3, 1),
                out = TestMap::of(Pixels::planes, 4, 37, c_out, 1);
        TestMap expected(4, 37, c_out, 0);
        in.fill_random();
        const Weights w = Weights::dense(c_out, 27);
        ConvArgs args = arguments(in, out, w, activation);
        args.pad_before = 1;
        check("conv3x3 in planes", *table, table->conv3x3_f32, faceio::ref::conv3x3_f32, args, out,
              expected, 27);
      }
    }
  }
}

TEST_CASE("conv3x3_f32: from and to slices of wider maps") {
  for (const KernelTable* table : test::runnable_tables()) {
    for (const int first : {0, 16, 48}) {
      TestMap in(6, 9, 16, 1, 0, 64, first);
      TestMap out(6, 9, 16, 0, 0, 64, first);
      TestMap expected(6, 9, 16, 0);
      in.fill_random();
      const Weights w = Weights::dense(16, 9 * 16);
      ConvArgs args = arguments(in, out, w, Activation::relu);
      args.pad_before = 1;
      check("conv3x3 slice", *table, table->conv3x3_f32, faceio::ref::conv3x3_f32, args, out,
            expected, 9 * 16);
    }
  }
}

TEST_CASE("depthwise3x3_f32: stride, padding, size and channels") {
  for (const KernelTable* table : test::runnable_tables()) {
    for (const int channels : {1, 3, 8, 16, 20, 32, 64, 128, 256}) {
      for (const int stride : {1, 2}) {
        for (const int pad : {1, 0}) {
          for (const int height : {1, 2, 5}) {
            for (int width = 1; width <= 19; ++width) {
              const int out_height = faceio::conv3x3_output(height, stride, pad);
              const int out_width = faceio::conv3x3_output(width, stride, pad);
              if (out_height < 1 || out_width < 1) continue;
              TestMap in(height, width, channels, 1, width % 4);
              TestMap out(out_height, out_width, channels, 1, height % 4);
              TestMap expected(out_height, out_width, channels, 0);
              in.fill_random();
              const Weights w = Weights::depthwise(channels, 9);
              ConvArgs args = arguments(in, out, w, kActivations[(width + height) % 4]);
              args.stride = stride;
              args.pad_before = pad;
              check("depthwise3x3", *table, table->depthwise3x3_f32, faceio::ref::depthwise3x3_f32,
                    args, out, expected, 9);
            }
          }
        }
      }
    }
  }
}

TEST_CASE("depthwise3x3_f32: several rows in one call, and strips of columns") {
  for (const KernelTable* table : test::runnable_tables()) {
    for (const int channels : {8, 16, 64, 512}) {
      for (const int stride : {1, 2}) {
        for (const int pad : {1, 0}) {
          for (int rows = 1; rows <= 5; ++rows) {
            // Strips are 1024 / channels columns or four: shorter, equal, and several with a rest.
            const int out_width = 3 + rows * (channels >= 512 ? 3 : 1024 / channels / 3);
            const int height = 4 * stride + 1, width = out_width * stride + (pad == 0 ? 1 : 0);
            const int out_height = faceio::conv3x3_output(height, stride, pad);
            TestMap in(height, width, channels, 1, rows % 4);
            TestMap out(out_height, faceio::conv3x3_output(width, stride, pad), channels, rows % 2);
            TestMap expected(out_height, out.view.width, channels, 0);
            in.fill_random();
            const Weights w = Weights::depthwise(channels, 9);
            ConvArgs args = arguments(in, out, w, kActivations[rows % 4]);
            args.stride = stride;
            args.pad_before = pad;
            args.out = expected.view;
            faceio::ref::depthwise3x3_f32(args);
            args.out = out.view;
            const size_t poison_before = out.poison_count();
            for (int y = 0; y < out_height; y += rows) {
              table->depthwise3x3_f32(args, y, std::min(y + rows, out_height));
            }
            INFO(std::string(faceio::name(table->target))
                 << " channels " << channels << " stride " << stride << " pad " << pad << " rows "
                 << rows << " width " << width);
            CHECK(worst_ratio(out, expected, 9) <= 1.0);
            CHECK(padding_is_zero(out));
            CHECK(poison_before - out.poison_count() == floats_of(out));
          }
        }
      }
    }
  }
}

TEST_CASE(
    "depthwise3x3_f32 between maps in planes: every width around the vectors, rows in one call") {
  for (const KernelTable* table : test::runnable_tables()) {
    int turn = 0;
    for (const int stride : {1, 2}) {
      for (const int pad : {1, 0}) {
        for (int width = 1; width <= 70; ++width) {
          const int channels = 1 + turn % 8, height = 5 + width % 3;
          const int out_height = faceio::conv3x3_output(height, stride, pad);
          const int out_width = faceio::conv3x3_output(width, stride, pad);
          if (out_width < 1) continue;
          TestMap in = TestMap::of(Pixels::planes, height, width, channels, 1, width % 4);
          TestMap expected(out_height, out_width, channels, 0);
          in.fill_random();
          const Weights w = Weights::depthwise(channels, 9);
          const Activation activation = kActivations[turn++ / 8 % 4];
          for (int rows = 1; rows <= 3; ++rows) {
            TestMap out =
                TestMap::of(Pixels::planes, out_height, out_width, channels, rows % 2, rows);
            ConvArgs args = arguments(in, out, w, activation);
            args.stride = stride;
            args.pad_before = pad;
            args.out = expected.view;
            faceio::ref::depthwise3x3_f32(args);
            args.out = out.view;
            const size_t poison_before = out.poison_count();
            for (int y = 0; y < out_height; y += rows) {
              table->depthwise3x3_f32(args, y, std::min(y + rows, out_height));
            }
            INFO(std::string(faceio::name(table->target))
                 << " channels " << channels << " stride " << stride << " pad " << pad << " rows "
                 << rows << " width " << width);
            CHECK(worst_ratio(out, expected, 9) <= 1.0);
            CHECK(poison_before - out.poison_count() == floats_of(out));
          }
        }
      }
    }
  }
}

TEST_CASE("maps in planes are read up to plane_floats() of their last row") {
  for (const KernelTable* table : test::runnable_tables()) {
    for (const int stride : {1, 2}) {
      for (const int pad : {1, 0}) {
        for (int width = 2; width <= 70; ++width) {
          TestMap whole = TestMap::of(Pixels::planes, 3, width, 3, 1);
          whole.fill_random();
          // The same floats in a block that ends with them: a sanitizer build catches a longer
          // read.
          const auto floats = static_cast<size_t>(5 * whole.view.row_stride);
          const std::unique_ptr<float[]> block(new float[floats]);
          const float* const first = whole.view.row(-1) - faceio::kPlaneMargin;
          std::copy(first, first + floats, block.get());
          const int out_height = faceio::conv3x3_output(3, stride, pad);
          const int out_width = faceio::conv3x3_output(width, stride, pad);
          TestMap dense = TestMap::of(Pixels::planes, out_height, out_width, 8, 0);
          TestMap depthwise = TestMap::of(Pixels::planes, out_height, out_width, 3, 0);
          TestMap expected(out_height, out_width, 8, 0),
              expected_depthwise(out_height, out_width, 3, 0);
          const Weights w = Weights::dense(8, 27), w_depthwise = Weights::depthwise(3, 9);
          ConvArgs args = arguments(whole, dense, w, Activation::linear);
          args.stride = stride;
          args.pad_before = pad;
          args.in.data = block.get() + whole.view.row_stride + faceio::kPlaneMargin;
          INFO(std::string(faceio::name(table->target))
               << " stride " << stride << " pad " << pad << " width " << width);
          check("conv3x3", *table, table->conv3x3_f32, faceio::ref::conv3x3_f32, args, dense,
                expected, 27);
          args.weights = w_depthwise.weights.data();
          args.bias = w_depthwise.bias.data();
          check("depthwise3x3", *table, table->depthwise3x3_f32, faceio::ref::depthwise3x3_f32,
                args, depthwise, expected_depthwise, 9);
        }
      }
    }
  }
}

TEST_CASE("global_depthwise_f32: 7x7x512 and awkward shapes") {
  struct Case {
    int height, width, channels;
  };
  const Case cases[] = {{7, 7, 512}, {1, 1, 16}, {3, 5, 8}, {7, 7, 20}, {2, 9, 3}};
  for (const KernelTable* table : test::runnable_tables()) {
    for (const Case& c : cases) {
      for (const Activation activation : kActivations) {
        TestMap in(c.height, c.width, c.channels, 0, 2), out(1, 1, c.channels, 0, 1),
            expected(1, 1, c.channels, 0);
        in.fill_random();
        const Weights w = Weights::depthwise(c.channels, c.height * c.width);
        check("global_depthwise", *table, table->global_depthwise_f32,
              faceio::ref::global_depthwise_f32, arguments(in, out, w, activation), out, expected,
              c.height * c.width);
      }
    }
  }
}

namespace {

/// Copies rows with their border, as far as a kernel may read it.
void copy_row(const MapView& from, const MapView& to, int y) {
  const int before = from.in_planes() ? faceio::kPlaneMargin : from.border * from.pixel_stride;
  std::memcpy(to.row(y) - before, from.row(y) - before,
              sizeof(float) * static_cast<size_t>(from.row_stride));
}

/// Pulls a map through a ring that holds just the rows of a call, into another ring of `rows` rows,
/// and compares with what the kernel makes of the whole map.
void check_ring(const KernelTable& table, RowKernel kernel, const ConvArgs& settings,
                const Weights& w, int side, Pixels in_pixels, Pixels out_pixels, int c_in,
                int c_out, int rows) {
  constexpr int kHeight = 11, kWidth = 21;
  const int stride = settings.stride, pad = settings.pad_before;
  const int border = side == 3 ? 1 : 0;
  TestMap whole = TestMap::of(in_pixels, kHeight, kWidth, c_in, border);
  whole.fill_random();
  TestMap ring = TestMap::of(in_pixels, (rows - 1) * stride + side, kWidth, c_in, border);
  MapView window = ring.view;
  window.height = kHeight;
  window.ring_rows = ring.view.height;
  const int out_height = side == 3 ? faceio::conv3x3_output(kHeight, stride, pad) : kHeight;
  const int out_width = side == 3 ? faceio::conv3x3_output(kWidth, stride, pad) : kWidth;
  TestMap from_whole = TestMap::of(out_pixels, out_height, out_width, c_out, 0);
  TestMap out_ring = TestMap::of(out_pixels, rows + 1, out_width, c_out, 0);
  ConvArgs args = settings;
  args.in = whole.view;
  args.out = from_whole.view;
  args.weights = w.weights.data();
  args.bias = w.bias.data();
  kernel(args, 0, out_height);

  args.in = window;
  args.out = out_ring.view;
  args.out.height = out_height;
  args.out.ring_rows = rows + 1;
  int copied = -border, wrong = 0;
  for (int y = 0; y < out_height; y += rows) {
    const int end = std::min(y + rows, out_height);
    const int needed = side == 3 ? (end - 1) * stride + 3 - pad : end;
    for (; copied < needed; ++copied) copy_row(whole.view, window, copied);
    kernel(args, y, end);
    for (int row = y; row < end; ++row) {
      for (int x = 0; x < out_width; ++x) {
        for (int c = 0; c < c_out; ++c)
          wrong += args.out.at(row, x, c) == from_whole.at(row, x, c) ? 0 : 1;
      }
    }
  }
  INFO(std::string(faceio::name(table.target))
       << " stride " << stride << " pad " << pad << " rows " << rows << " side " << side << " in "
       << static_cast<int>(in_pixels) << " x" << c_in);
  CHECK(wrong == 0);
}

}  // namespace

TEST_CASE("kernels read and write the same rows in rings as in whole maps") {
  for (const KernelTable* table : test::runnable_tables()) {
    for (int rows = 1; rows <= 4; ++rows) {
      ConvArgs a;
      a.activation = Activation::leaky_relu;
      a.leaky_slope = 0.1f;
      check_ring(*table, table->conv1x1_f32, a, Weights::dense(20, 16), 1, Pixels::padded,
                 Pixels::padded, 16, 20, rows);
      check_ring(*table, table->conv1x1_f32, a, Weights::dense(16, 8), 1, Pixels::planes,
                 Pixels::padded, 8, 16, rows);
      for (const int stride : {1, 2}) {
        for (const int pad : {1, 0}) {
          a.stride = stride;
          a.pad_before = pad;
          check_ring(*table, table->depthwise3x3_f32, a, Weights::depthwise(16, 9), 3,
                     Pixels::padded, Pixels::padded, 16, 16, rows);
          check_ring(*table, table->depthwise3x3_f32, a, Weights::depthwise(8, 9), 3,
                     Pixels::planes, Pixels::planes, 8, 8, rows);
          check_ring(*table, table->conv3x3_f32, a, Weights::dense(20, 27), 3, Pixels::close,
                     Pixels::padded, 3, 20, rows);
          check_ring(*table, table->conv3x3_f32, a, Weights::dense(20, 9 * 20), 3, Pixels::padded,
                     Pixels::padded, 20, 20, rows);
          check_ring(*table, table->conv3x3_f32, a, Weights::dense(8, 27), 3, Pixels::planes,
                     Pixels::planes, 3, 8, rows);
        }
      }
    }
  }
}

namespace {

/// Runs a kernel on every target; within a numeric class all floats must be the same bits.
template <class Run>
void check_classes(const Run& run) {
  std::vector<std::vector<float>> separate, fused;  // multiply and add apart, or in one rounding
  for (const KernelTable* table : test::runnable_tables()) {
    (table->target >= faceio::Target::avx2 ? fused : separate).push_back(run(*table));
  }
  for (const auto* group : {&separate, &fused}) {
    for (size_t i = 1; i < group->size(); ++i) {
      CHECK(std::memcmp((*group)[0].data(), (*group)[i].data(),
                        sizeof(float) * (*group)[0].size()) == 0);
    }
  }
}

}  // namespace

TEST_CASE("targets of one numeric class give the same bits") {
  TestMap in(9, 21, 64, 1);
  in.fill_random();
  const Weights dense = Weights::dense(48, 9 * 64), depthwise = Weights::depthwise(64, 9);
  check_classes([&](const KernelTable& table) {
    TestMap out(9, 21, 48, 0);
    ConvArgs args = arguments(in, out, dense, Activation::prelu);
    args.pad_before = 1;
    table.conv3x3_f32(args, 0, 9);
    return out.storage;
  });
  check_classes([&](const KernelTable& table) {
    TestMap out(9, 21, 64, 0);
    ConvArgs args = arguments(in, out, depthwise, Activation::prelu);
    args.pad_before = 1;
    table.depthwise3x3_f32(args, 0, 9);
    return out.storage;
  });
}

TEST_CASE("targets of one numeric class give the same bits between maps in planes") {
  TestMap in = TestMap::of(Pixels::planes, 9, 43, 3, 1);
  in.fill_random();
  const Weights dense = Weights::dense(8, 27), depthwise = Weights::depthwise(3, 9);
  for (const int stride : {1, 2}) {
    const int height = faceio::conv3x3_output(9, stride, 1),
              width = faceio::conv3x3_output(43, stride, 1);
    check_classes([&](const KernelTable& table) {
      TestMap out = TestMap::of(Pixels::planes, height, width, 8, 0);
      ConvArgs args = arguments(in, out, dense, Activation::prelu);
      args.stride = stride;
      args.pad_before = 1;
      table.conv3x3_f32(args, 0, height);
      return out.storage;
    });
    check_classes([&](const KernelTable& table) {
      TestMap out = TestMap::of(Pixels::planes, height, width, 3, 0);
      ConvArgs args = arguments(in, out, depthwise, Activation::prelu);
      args.stride = stride;
      args.pad_before = 1;
      table.depthwise3x3_f32(args, 0, height);
      return out.storage;
    });
  }
}
