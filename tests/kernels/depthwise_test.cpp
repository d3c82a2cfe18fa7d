// Depthwise convolutions, 3x3 and global, against their definition summed in double, and what maps in
// planes are read up to.
#include "conv_support.hpp"

using namespace conv_test;

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
