// Winograd's algorithm against the plain convolution in double precision: the transformed weights, the
// reference of the algorithm, and the kernel of every target; sizes around the 4x4 blocks, several
// convolutions on one input, slices, misaligned starts, ranges of rows.
#include <doctest/doctest.h>

#include <faceio/kernels/ref/winograd.hpp>

#include "../support/buffers.hpp"
#include "../support/kernel_tables.hpp"

using namespace faceio;
using test::floats_of;
using test::largest_difference;
using test::TestMap;

namespace {

struct Filter {
  int c_in, c_out;
  std::vector<float> weights, transformed, bias, slope;
  Filter(int in, int out)
      : c_in(in),
        c_out(out),
        weights(test::random_floats(static_cast<size_t>(9 * in * out))),
        transformed(winograd_weight_floats(in, out)),
        bias(test::random_floats(static_cast<size_t>(out))),
        slope(test::random_floats(static_cast<size_t>(out), -9.4f, 8.9f)) {
    transform_winograd_weights(weights.data(), in, out, transformed.data());
  }
};

constexpr Activation kActivations[] = {Activation::linear, Activation::relu, Activation::leaky_relu,
                                       Activation::prelu};

WinogradPart part_of(const Filter& f, const MapView& out, Activation activation) {
  return {out, f.transformed.data(), f.bias.data(), f.slope.data(), 0.1f, activation};
}

void plain(const Filter& f, const TestMap& in, const TestMap& out, Activation activation) {
  ConvArgs args;
  args.in = in.view;
  args.out = out.view;
  args.weights = f.weights.data();
  args.bias = f.bias.data();
  args.slope = f.slope.data();
  args.leaky_slope = 0.1f;
  args.pad_before = 1;
  args.activation = activation;
  ref::conv3x3_f32(args);
}

/// Rounding bound. The transforms add up to |B^T| |d| |B| <= 100 max|d| and |A^T| |m| |A| with weights
/// that G makes smaller: against the direct sum, errors grow by about the factor 8 that Lavin & Gray's
/// section 6 measures for F(4x4, 3x3); a PReLU multiplies them by at most 9.4.
double allowed(int c_in, Activation activation) {
  const double slope = activation == Activation::prelu ? 9.4 : 1.0;
  return 8.0 * slope * test::tolerance(9 * c_in, 0.25 * 9 * c_in + 1.0);
}

}  // namespace

TEST_CASE("the reference of the algorithm is the plain convolution") {
  const Filter f(16, 16);
  TestMap in(6, 9, 16, 1), out(6, 9, 16, 0), expected(6, 9, 16, 0);
  in.fill_random();
  plain(f, in, expected, Activation::leaky_relu);
  WinogradArgs args;
  args.in = in.view;
  args.part[args.parts++] = part_of(f, out.view, Activation::leaky_relu);
  ref::winograd3x3_f32(args);
  // Only the rounding of the transformed weights is left.
  CHECK(largest_difference(out, expected) < 2e-5);
}

TEST_CASE("winograd3x3_f32: sizes around the blocks, channels, activations") {
  struct Channels { int in, out; };
  for (const KernelTable* table : test::runnable_tables()) {
    for (const Channels c : {Channels{16, 16}, {64, 64}, {64, 48}, {16, 32}, {48, 16}}) {
      const Filter f(c.in, c.out);
      std::vector<float> scratch(winograd_scratch_floats(c.in, c.out));
      for (const int height : {1, 3, 4, 5, 8, 13}) {
        for (const int width : {1, 2, 3, 4, 5, 8, 20, 103}) {
          const Activation activation = kActivations[(height + width) % 4];
          INFO(std::string(name(table->target)) << " " << height << "x" << width << " " << c.in << "->" << c.out);
          TestMap in(height, width, c.in, 1, width % 4), out(height, width, c.out, 1, height % 4);
          TestMap expected(height, width, c.out, 0);
          in.fill_random();
          plain(f, in, expected, activation);
          WinogradArgs args;
          args.in = in.view;
          args.part[args.parts++] = part_of(f, out.view, activation);
          args.scratch = scratch.data();
          const size_t poison = out.poison_count();
          table->winograd3x3_f32(args, 0, std::min(height, 4));
          if (height > 4) table->winograd3x3_f32(args, 4, height);
          CHECK(largest_difference(out, expected) <= allowed(c.in, activation));
          CHECK(poison - out.poison_count() == floats_of(out));
        }
      }
    }
  }
}

TEST_CASE("winograd3x3_f32: several convolutions on one slice, into slices") {
  for (const KernelTable* table : test::runnable_tables()) {
    TestMap in(7, 10, 16, 1, 0, 64, 32);
    in.fill_random();
    const Filter a(16, 32), b(16, 16), c(16, 48);
    TestMap out_a(7, 10, 32, 0, 0, 96, 64), out_b(7, 10, 16, 1, 2), out_c(7, 10, 48, 1);
    TestMap expected_a(7, 10, 32, 0), expected_b(7, 10, 16, 0), expected_c(7, 10, 48, 0);
    plain(a, in, expected_a, Activation::relu);
    plain(b, in, expected_b, Activation::leaky_relu);
    plain(c, in, expected_c, Activation::linear);
    std::vector<float> scratch(winograd_scratch_floats(16, 48));
    WinogradArgs args;
    args.in = in.view;
    args.part[args.parts++] = part_of(a, out_a.view, Activation::relu);
    args.part[args.parts++] = part_of(b, out_b.view, Activation::leaky_relu);
    args.part[args.parts++] = part_of(c, out_c.view, Activation::linear);
    args.scratch = scratch.data();
    table->winograd3x3_f32(args, 0, 7);
    CHECK(largest_difference(out_a, expected_a) <= allowed(16, Activation::relu));
    CHECK(largest_difference(out_b, expected_b) <= allowed(16, Activation::leaky_relu));
    CHECK(largest_difference(out_c, expected_c) <= allowed(16, Activation::linear));
  }
}

TEST_CASE("winograd3x3_f32: scratch is used to its last float and not beyond") {
  for (const KernelTable* table : test::runnable_tables()) {
    const Filter f(64, 32);
    TestMap in(5, 99, 64, 1), out(5, 99, 32, 0);
    in.fill_random();
    const size_t floats = winograd_scratch_floats(64, 32);
    std::vector<float> scratch(floats + 64, test::poison());
    WinogradArgs args;
    args.in = in.view;
    args.part[args.parts++] = part_of(f, out.view, Activation::linear);
    args.scratch = scratch.data() + 32;
    table->winograd3x3_f32(args, 0, 5);
    for (size_t i = 0; i < 32; ++i) {
      CHECK(test::is_poison(scratch[i]));
      CHECK(test::is_poison(scratch[floats + 32 + i]));
    }
  }
}
