// Convolutions row by row through rings, and the same bits on all targets of a numeric class.
#include "conv_support.hpp"

using namespace conv_test;

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
    (faceio::rounds_once(table->target) ? fused : separate).push_back(run(*table));
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
    return out.stored_floats();
  });
  check_classes([&](const KernelTable& table) {
    TestMap out(9, 21, 64, 0);
    ConvArgs args = arguments(in, out, depthwise, Activation::prelu);
    args.pad_before = 1;
    table.depthwise3x3_f32(args, 0, 9);
    return out.stored_floats();
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
      return out.stored_floats();
    });
    check_classes([&](const KernelTable& table) {
      TestMap out = TestMap::of(Pixels::planes, height, width, 3, 0);
      ConvArgs args = arguments(in, out, depthwise, Activation::prelu);
      args.stride = stride;
      args.pad_before = 1;
      table.depthwise3x3_f32(args, 0, height);
      return out.stored_floats();
    });
  }
}
