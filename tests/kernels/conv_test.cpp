// Convolutions of every target against the double-precision reference: channel counts of both networks
// and awkward ones, every row length around the tile, strides, paddings, activations, slices of wider
// maps, rings of rows, misaligned starts. Nothing outside the output may be written.
#include <doctest/doctest.h>

#include <faceio/kernels/ref/conv.hpp>

#include "../support/buffers.hpp"
#include "../support/kernel_tables.hpp"

using faceio::Activation;
using faceio::ConvArgs;
using faceio::KernelTable;
using faceio::kPanel;
using test::floats_of;
using test::TestMap;

namespace {

size_t padded(int channels) { return faceio::round_up(static_cast<size_t>(channels), kPanel); }

/// Random weights in the blob's layout: padding channels are zero, as the format promises.
struct Weights {
  std::vector<float> weights, bias, slope;

  static Weights dense(int c_out, int k) {
    Weights w = vectors(c_out);
    w.weights.assign(padded(c_out) * static_cast<size_t>(k), 0.0f);
    for (int n = 0; n < c_out; ++n) {
      for (int i = 0; i < k; ++i) {
        w.weights[static_cast<size_t>((n / kPanel) * k * kPanel + i * kPanel + n % kPanel)] = test::random_float();
      }
    }
    return w;
  }
  static Weights depthwise(int channels, int taps) {
    Weights w = vectors(channels);
    w.weights.assign(padded(channels) * static_cast<size_t>(taps), 0.0f);
    for (int t = 0; t < taps; ++t) {
      for (int c = 0; c < channels; ++c) {
        w.weights[static_cast<size_t>(t) * padded(channels) + static_cast<size_t>(c)] = test::random_float();
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

/// Largest difference in units of the tolerance. Values are in [-1, 1], so a sum of k products plus a
/// bias has magnitude below k + 1; a PReLU multiplies errors by at most 9.4.
double worst_ratio(const TestMap& got, const TestMap& expected, int k) {
  const double allowed = 9.4 * test::tolerance(k, 0.25 * k + 1.0);
  return test::largest_difference(got, expected) / allowed;
}

/// Padding lanes of the output must be zero: the next layer reads them.
bool padding_is_zero(const TestMap& map) {
  const int stored = std::min(faceio::channel_stride(map.view.channels), map.view.pixel_stride);
  for (int y = 0; y < map.view.height; ++y) {
    for (int x = 0; x < map.view.width; ++x) {
      for (int c = map.view.channels; c < stored; ++c) {
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
  INFO(std::string(what) << " on " << std::string(faceio::name(table.target)) << ": in " << args.in.height << "x" << args.in.width
            << "x" << args.in.channels << " out " << out.view.height << "x" << out.view.width << "x"
            << out.view.channels << " stride " << args.stride << " pad " << args.pad_before
            << " activation " << static_cast<int>(args.activation));
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

TEST_CASE("conv1x1_f32: channel counts of both networks and odd ones") {
  struct Case { int c_in, c_out; };
  const Case cases[] = {{8, 16}, {16, 32}, {32, 32}, {32, 64}, {64, 64}, {64, 128}, {128, 128}, {128, 256},
                        {256, 256}, {256, 64}, {256, 128}, {128, 512}, {512, 128}, {512, 512}, {512, 192},
                        {1, 1}, {3, 5}, {5, 9}, {17, 33}, {64, 4}, {64, 20}};
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
  struct Case { int c_in, c_out; };
  const Case cases[] = {{3, 8}, {3, 64}, {64, 64}, {64, 32}, {64, 16}, {16, 16}, {8, 8}, {1, 1}, {5, 20}};
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
              check("conv3x3", *table, table->conv3x3_f32, faceio::ref::conv3x3_f32, args, out, expected,
                    9 * c.c_in);
            }
          }
        }
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
      check("conv3x3 slice", *table, table->conv3x3_f32, faceio::ref::conv3x3_f32, args, out, expected,
            9 * 16);
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
              check("depthwise3x3", *table, table->depthwise3x3_f32, faceio::ref::depthwise3x3_f32, args,
                    out, expected, 9);
            }
          }
        }
      }
    }
  }
}

TEST_CASE("global_depthwise_f32: 7x7x512 and awkward shapes") {
  struct Case { int height, width, channels; };
  const Case cases[] = {{7, 7, 512}, {1, 1, 16}, {3, 5, 8}, {7, 7, 20}, {2, 9, 3}};
  for (const KernelTable* table : test::runnable_tables()) {
    for (const Case& c : cases) {
      for (const Activation activation : kActivations) {
        TestMap in(c.height, c.width, c.channels, 0, 2), out(1, 1, c.channels, 0, 1), expected(1, 1, c.channels, 0);
        in.fill_random();
        const Weights w = Weights::depthwise(c.channels, c.height * c.width);
        check("global_depthwise", *table, table->global_depthwise_f32, faceio::ref::global_depthwise_f32,
              arguments(in, out, w, activation), out, expected, c.height * c.width);
      }
    }
  }
}

TEST_CASE("3x3 kernels read the same rows from a ring as from the whole map") {
  constexpr int kHeight = 9, kWidth = 11, kChannels = 16, kRing = 4;
  for (const KernelTable* table : test::runnable_tables()) {
    TestMap whole(kHeight, kWidth, kChannels, 1);
    whole.fill_random();
    TestMap ring(kRing, kWidth, kChannels, 1);
    ring.fill_random();
    faceio::MapView window = ring.view;
    window.height = kHeight;
    window.ring_rows = kRing;
    const Weights w = Weights::depthwise(kChannels, 9);
    TestMap from_whole(kHeight, kWidth, kChannels, 0), from_ring(kHeight, kWidth, kChannels, 0);
    ConvArgs args = arguments(whole, from_whole, w, Activation::leaky_relu);
    args.pad_before = 1;
    table->depthwise3x3_f32(args, 0, kHeight);

    const auto copy_row = [&](int y) {
      std::memcpy(window.row(y) - window.pixel_stride, whole.view.row(y) - whole.view.pixel_stride,
                  sizeof(float) * static_cast<size_t>(window.row_stride));
    };
    copy_row(-1);
    copy_row(0);
    args.in = window;
    args.out = from_ring.view;
    for (int y = 0; y < kHeight; ++y) {
      copy_row(y + 1);
      table->depthwise3x3_f32(args, y, y + 1);
    }
    for (int y = 0; y < kHeight; ++y) {
      CHECK(std::memcmp(from_whole.view.row(y), from_ring.view.row(y), sizeof(float) * kWidth * kChannels) == 0);
    }
  }
}

TEST_CASE("targets of one numeric class give the same bits") {
  TestMap in(9, 21, 64, 1);
  in.fill_random();
  const Weights w = Weights::dense(48, 9 * 64);
  std::vector<std::vector<float>> separate, fused;  // multiply and add apart, or in one rounding
  for (const KernelTable* table : test::runnable_tables()) {
    TestMap out(9, 21, 48, 0);
    ConvArgs args = arguments(in, out, w, Activation::prelu);
    args.pad_before = 1;
    table->conv3x3_f32(args, 0, 9);
    (table->target >= faceio::Target::avx2 ? fused : separate).push_back(out.storage);
  }
  for (const auto* group : {&separate, &fused}) {
    for (size_t i = 1; i < group->size(); ++i) {
      CHECK(std::memcmp((*group)[0].data(), (*group)[i].data(), sizeof(float) * (*group)[0].size()) == 0);
    }
  }
}
