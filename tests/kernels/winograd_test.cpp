// Winograd's algorithm against the plain convolution in double precision: the transformed weights,
// the reference of the algorithm, and the kernel of every target; sizes around the 6x6 blocks,
// several convolutions on one input, slices, misaligned starts, ranges of rows.
#include <doctest/doctest.h>

#include <faceio/kernels/ref/winograd.hpp>
#include <memory>

#include "../support/buffers.hpp"
#include "../support/kernel_tables.hpp"

using namespace faceio;
using test::floats_of;
using test::largest_difference;
using test::TestMap;

namespace {

struct Filter {
  int c_in, c_out;
  std::vector<float> weights, bias, slope;
  Filter(int in, int out)
      : c_in(in),
        c_out(out),
        weights(test::random_floats(static_cast<size_t>(9 * in * out))),
        bias(test::random_floats(static_cast<size_t>(out))),
        slope(test::random_floats(static_cast<size_t>(out), -9.4f, 8.9f)) {}
};

/// Transformed weights of filters that share their input.
std::vector<float> transformed(const std::vector<const Filter*>& filters) {
  int c_out = 0, first = 0;
  for (const Filter* f : filters) c_out += f->c_out;
  std::vector<float> all(winograd_weight_floats(filters[0]->c_in, c_out), test::poison());
  for (const Filter* f : filters) {
    transform_winograd_weights(f->weights.data(), f->bias.data(), f->c_in, f->c_out, first, c_out,
                               all.data());
    first += f->c_out;
  }
  REQUIRE(std::none_of(all.begin(), all.end(), test::is_poison));  // every float is written
  return all;
}

constexpr Activation kActivations[] = {Activation::linear, Activation::relu, Activation::leaky_relu,
                                       Activation::prelu};

WinogradPart part_of(const Filter& f, const MapView& out, Activation activation) {
  return {out, f.slope.data(), 0.1f, activation};
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

/// Rounding bound. The transforms enlarge values before the sum and after it, and the rounding
/// errors with them: Lavin & Gray's section 6 measures about the factor 8 against the direct sum
/// for F(4x4, 3x3), and two interpolation points more cost about twice that; a PReLU multiplies
/// errors by at most 9.4.
double allowed(int c_in, Activation activation) {
  const double slope = activation == Activation::prelu ? 9.4 : 1.0;
  return 16.0 * slope * test::tolerance(9 * c_in, 0.25 * 9 * c_in + 1.0);
}

}  // namespace

TEST_CASE("the reference of the algorithm is the plain convolution") {
  const Filter f(16, 16);
  TestMap in(6, 9, 16, 1), out(6, 9, 16, 0), expected(6, 9, 16, 0);
  in.fill_random();
  plain(f, in, expected, Activation::leaky_relu);
  const std::vector<float> weights = transformed({&f});
  WinogradArgs args;
  args.in = in.view;
  args.weights = weights.data();
  args.part[args.parts++] = part_of(f, out.view, Activation::leaky_relu);
  ref::winograd3x3_f32(args);
  // Only the rounding of the transformed weights is left.
  CHECK(largest_difference(out, expected) < 2e-5);
}

TEST_CASE("winograd3x3_f32: sizes around the blocks, channels, activations") {
  struct Channels {
    int in, out;
  };
  for (const KernelTable* table : test::runnable_tables()) {
    for (const Channels c : {Channels{16, 16}, {64, 64}, {64, 48}, {16, 32}, {48, 16}}) {
      const Filter f(c.in, c.out);
      const std::vector<float> weights = transformed({&f});
      std::vector<float> scratch(winograd_scratch_floats(c.in, c.out));
      for (const int height : {1, 5, 6, 7, 12, 19}) {
        for (const int width : {1, 4, 5, 6, 7, 12, 20, 103}) {
          const Activation activation = kActivations[(height + width) % 4];
          INFO(std::string(name(table->target))
               << " " << height << "x" << width << " " << c.in << "->" << c.out);
          TestMap in(height, width, c.in, 1, width % 4), out(height, width, c.out, 1, height % 4);
          TestMap expected(height, width, c.out, 0);
          in.fill_random();
          plain(f, in, expected, activation);
          WinogradArgs args;
          args.in = in.view;
          args.part[args.parts++] = part_of(f, out.view, activation);
          args.weights = weights.data();
          args.scratch = scratch.data();
          const size_t poison = out.poison_count();
          table->winograd3x3_f32(args, 0, std::min(height, kWinogradTile));
          if (height > kWinogradTile) table->winograd3x3_f32(args, kWinogradTile, height);
          CHECK(largest_difference(out, expected) <= allowed(c.in, activation));
          CHECK(poison - out.poison_count() == floats_of(out));
        }
      }
    }
  }
}

TEST_CASE("the reference of the algorithm with three parts is three plain convolutions") {
  const Filter a(16, 32), b(16, 16), c(16, 48);
  TestMap in(5, 6, 16, 1);
  in.fill_random();
  const std::vector<float> weights = transformed({&a, &b, &c});
  WinogradArgs args;
  args.in = in.view;
  args.weights = weights.data();
  std::vector<std::unique_ptr<TestMap>> out;
  for (const Filter* f : {&a, &b, &c}) {
    out.push_back(std::make_unique<TestMap>(5, 6, f->c_out, 0));
    args.part[args.parts++] = part_of(*f, out.back()->view, Activation::prelu);
  }
  ref::winograd3x3_f32(args);
  for (size_t i = 0; i < 3; ++i) {
    const Filter& f = *std::vector<const Filter*>{&a, &b, &c}[i];
    TestMap expected(5, 6, f.c_out, 0);
    plain(f, in, expected, Activation::prelu);
    CHECK(largest_difference(*out[i], expected) < 9.4 * 2e-5);
  }
}

TEST_CASE("winograd3x3_f32: several convolutions on one slice, into slices") {
  struct Sizes {
    int height, width, c_in;
  };
  for (const KernelTable* table : test::runnable_tables()) {
    for (const Sizes& size :
         {Sizes{7, 10, 16}, {4, 4, 64}, {9, 101, 32}, {1, 1, 16}, {30, 40, 64}}) {
      for (const int parts : {2, 3}) {
        for (const int shift : {0, 1, 2, 3}) {
          TestMap in(size.height, size.width, size.c_in, 1, 0, size.c_in + 48, 32);
          in.fill_random();
          const Filter a(size.c_in, 32), b(size.c_in, 16), c(size.c_in, 48);
          const Filter* const filters[] = {&a, &b, &c};
          TestMap out_a(size.height, size.width, 32, 0, 0, 96, 64),
              out_b(size.height, size.width, 16, 1, 2);
          TestMap out_c(size.height, size.width, 48, 1);
          TestMap* const outs[] = {&out_a, &out_b, &out_c};
          const std::vector<const Filter*> used(filters, filters + parts);
          const std::vector<float> weights = transformed(used);
          int c_out = 0;
          for (const Filter* f : used) c_out += f->c_out;
          std::vector<float> scratch(winograd_scratch_floats(size.c_in, c_out), test::poison());
          WinogradArgs args;
          args.in = in.view;
          args.weights = weights.data();
          args.scratch = scratch.data();
          size_t poison[3] = {};
          for (int p = 0; p < parts; ++p) {
            args.part[args.parts++] =
                part_of(*filters[p], outs[p]->view, kActivations[(p + shift) % 4]);
            poison[p] = outs[p]->poison_count();
          }
          table->winograd3x3_f32(args, 0, size.height);
          for (int p = 0; p < parts; ++p) {
            INFO(std::string(name(table->target))
                 << " " << size.height << "x" << size.width << "x" << size.c_in << " part " << p
                 << " of " << parts << " shift " << shift);
            const Activation activation = kActivations[(p + shift) % 4];
            TestMap expected(size.height, size.width, filters[p]->c_out, 0);
            plain(*filters[p], in, expected, activation);
            CHECK(largest_difference(*outs[p], expected) <= allowed(size.c_in, activation));
            CHECK(poison[p] - outs[p]->poison_count() == floats_of(*outs[p]));
          }
        }
      }
    }
  }
}

TEST_CASE("winograd3x3_f32: scratch is used to its last float and not beyond") {
  struct Channels {
    int in, out;
  };
  for (const KernelTable* table : test::runnable_tables()) {
    // The last part of the scratch is a patch at the edge, which a width of 99 needs; the wider
    // side decides the distance of positions.
    for (const Channels c : {Channels{64, 32}, {32, 64}, {16, 16}, {16, 96}}) {
      const Filter f(c.in, c.out);
      const std::vector<float> weights = transformed({&f});
      TestMap in(5, 99, c.in, 1), out(5, 99, c.out, 0);
      in.fill_random();
      const size_t floats = winograd_scratch_floats(c.in, c.out);
      std::vector<float> scratch(floats + 64, test::poison());
      WinogradArgs args;
      args.in = in.view;
      args.weights = weights.data();
      args.part[args.parts++] = part_of(f, out.view, Activation::linear);
      args.scratch = scratch.data() + 32;
      table->winograd3x3_f32(args, 0, 5);
      CHECK(!test::is_poison(scratch[floats + 31]));
      for (size_t i = 0; i < 32; ++i) {
        CHECK(test::is_poison(scratch[i]));
        CHECK(test::is_poison(scratch[floats + 32 + i]));
      }
      // In memory of exactly that size too, for a sanitizer build.
      const std::unique_ptr<float[]> exact(new float[floats]);
      args.scratch = exact.get();
      table->winograd3x3_f32(args, 0, 5);
    }
  }
}
