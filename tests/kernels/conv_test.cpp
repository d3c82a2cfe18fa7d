// Dense convolutions, 1x1 and 3x3, against their definition summed in double: sizes, strides, padding,
// slices, maps in planes, addends, activations.
#include "conv_support.hpp"

using namespace conv_test;

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
