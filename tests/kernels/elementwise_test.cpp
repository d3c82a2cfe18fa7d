// Batch norm, add and nearest upsampling of every target against the reference.
#include <doctest/doctest.h>

#include <faceio/kernels/ref/conv.hpp>
#include <faceio/kernels/ref/elementwise.hpp>

#include "../support/buffers.hpp"
#include "../support/kernel_tables.hpp"

using faceio::KernelTable;
using test::floats_of;
using test::largest_difference;
using test::TestMap;

TEST_CASE("add_f32 and batchnorm_f32: every channel count and width") {
  for (const KernelTable* table : test::runnable_tables()) {
    for (int channels = 1; channels <= 2 * 16 + 1; ++channels) {
      for (const int width : {1, 2, 5}) {
        INFO(std::string(faceio::name(table->target)) << " channels " << channels << " width " << width);
        TestMap a(3, width, channels, 1, channels % 4), b(3, width, channels, 0, 1);
        TestMap out(3, width, channels, 1, 3), expected(3, width, channels, 0);
        a.fill_random();
        b.fill_random();

        size_t poison = out.poison_count();
        table->add_f32({a.view, b.view, out.view}, 0, 3);
        faceio::ref::add_f32({a.view, b.view, expected.view});
        CHECK(largest_difference(out, expected) == 0.0);  // one rounding on both sides
        CHECK(poison - out.poison_count() == floats_of(out));

        auto scale = test::random_floats(faceio::round_up(static_cast<size_t>(channels), 16));
        auto shift = test::random_floats(scale.size());
        TestMap normalised(3, width, channels, 1, 2);
        poison = normalised.poison_count();
        table->batchnorm_f32({a.view, normalised.view, scale.data(), shift.data()}, 0, 3);
        faceio::ref::batchnorm_f32({a.view, expected.view, scale.data(), shift.data()});
        CHECK(largest_difference(normalised, expected) <= test::tolerance(1, 2.0));
        CHECK(poison - normalised.poison_count() == floats_of(normalised));
      }
    }
  }
}

TEST_CASE("add_f32 and batchnorm_f32 in place") {
  for (const KernelTable* table : test::runnable_tables()) {
    TestMap a(2, 5, 20, 0), b(2, 5, 20, 0), expected(2, 5, 20, 0);
    a.fill_random();
    b.fill_random();
    faceio::ref::add_f32({a.view, b.view, expected.view});
    table->add_f32({a.view, b.view, a.view}, 0, 2);
    CHECK(largest_difference(a, expected) == 0.0);
  }
}

TEST_CASE("upsample_nearest_f32: to the size of any finer map") {
  for (const KernelTable* table : test::runnable_tables()) {
    for (const int channels : {3, 8, 16, 20, 64}) {
      for (const int coarse : {1, 2, 3, 10}) {
        for (const int fine : {coarse, 2 * coarse - 1, 2 * coarse, 2 * coarse + 1, 3 * coarse}) {
          INFO(std::string(faceio::name(table->target)) << " " << coarse << " -> " << fine << " channels " << channels);
          TestMap in(coarse, coarse + 1, channels, 1, 1);
          TestMap out(fine, fine + 2, channels, 1, 2), expected(fine, fine + 2, channels, 0);
          in.fill_random();
          const size_t poison = out.poison_count();
          table->upsample_nearest_f32({in.view, out.view}, 0, fine / 2);
          table->upsample_nearest_f32({in.view, out.view}, fine / 2, fine);
          faceio::ref::upsample_nearest_f32({in.view, expected.view});
          CHECK(largest_difference(out, expected) == 0.0);
          CHECK(poison - out.poison_count() == floats_of(out));
        }
      }
    }
  }
}

// A batch norm before a zero-padded convolution cannot be folded into it: at the border the convolution
// sees zeros, not shifted zeros. The wrong way is computed too, to show that the two differ there only.
TEST_CASE("batchnorm_f32 before a padded convolution keeps the border at zero") {
  for (const KernelTable* table : test::runnable_tables()) {
    constexpr int kSide = 5;
    TestMap in(kSide, kSide, 16, 1), normalised(kSide, kSide, 16, 1), out(kSide, kSide, 16, 0);
    in.fill_random();
    normalised.fill_random();  // leaves a zero border
    std::vector<float> scale(16, 2.0f), shift(16, 3.0f), bias(16, 0.0f), ones(9 * 16, 1.0f);
    table->batchnorm_f32({in.view, normalised.view, scale.data(), shift.data()}, 0, kSide);
    faceio::ConvArgs conv;
    conv.in = normalised.view;
    conv.out = out.view;
    conv.weights = ones.data();
    conv.bias = bias.data();
    conv.pad_before = 1;
    table->depthwise3x3_f32(conv, 0, kSide);
    for (int y = 0; y < kSide; ++y) {
      for (int x = 0; x < kSide; ++x) {
        double sum = 0.0;
        int inside = 0;
        for (int dy = -1; dy <= 1; ++dy) {
          for (int dx = -1; dx <= 1; ++dx) {
            if (y + dy < 0 || y + dy >= kSide || x + dx < 0 || x + dx >= kSide) continue;
            sum += 2.0 * static_cast<double>(in.at(y + dy, x + dx, 4));
            ++inside;
          }
        }
        CHECK(static_cast<double>(out.at(y, x, 4)) == doctest::Approx(sum + 3.0 * inside).epsilon(1e-5));
        const bool at_border = x == 0 || y == 0 || x == kSide - 1 || y == kSide - 1;
        CHECK((inside < 9) == at_border);  // folding would add 27 everywhere
      }
    }
  }
}
