// Kernels of every target beside their definition, on layers, pictures and candidates of any shape: fp32 within rounding of
// sums in double, int8 and selections bit for bit as scalar code.
#include <faceio/kernels/ref/detection.hpp>
#include <faceio/kernels/ref/image.hpp>

// The helpers of the kernel tests, without their framework: what only checks use is unused.
#define DOCTEST_CONFIG_DISABLE
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-variable"
#pragma GCC diagnostic ignored "-Wunused-parameter"
#include "../kernels/conv_support.hpp"
#include "../kernels/int8_support.hpp"
#pragma GCC diagnostic pop
#include "fuzz.hpp"

using namespace faceio;

namespace {

void convolution(fuzz::Input& input) {
  const int kind = input.between(0, 2);  // 1x1, 3x3, depthwise
  const int side = kind == 0 ? 1 : 3, stride = kind == 0 ? 1 : input.between(1, 2);
  const int pad = kind == 0 ? 0 : stride == 2 ? input.between(0, 1) : 1;
  const int height = input.between(1, 9), width = input.between(1, 70), c_in = input.between(1, 40);
  const int c_out = kind == 2 ? c_in : input.between(1, 70);
  const int out_height = (height + (kind == 0 ? 0 : pad + 1) - side) / stride + 1;
  const int out_width = (width + (kind == 0 ? 0 : pad + 1) - side) / stride + 1;
  if (side == 3 && (height + pad + 1 < side || width + pad + 1 < side)) return;
  const int border = kind == 0 ? input.between(0, 1) : 1, offset = input.between(0, 3);
  const auto activation = conv_test::kActivations[input.between(0, 3)];
  test::rng().seed(input.take<uint32_t>());
  test::TestMap in(height, width, c_in, border, offset), expected(out_height, out_width, c_out, 0);
  in.fill_random();
  const conv_test::Weights w =
      kind == 2 ? conv_test::Weights::depthwise(c_out, 9) : conv_test::Weights::dense(c_out, side * side * c_in);
  ConvArgs a = conv_test::arguments(in, expected, w, activation);
  a.stride = stride;
  a.pad_before = pad;
  (kind == 0 ? ref::conv1x1_f32 : kind == 1 ? ref::conv3x3_f32 : ref::depthwise3x3_f32)(a);
  for (const KernelTable* table : test::runnable_tables()) {
    test::TestMap out(out_height, out_width, c_out, border, 3 - offset);
    const size_t poison = out.poison_count();
    a.out = out.view;
    const auto kernel = kind == 0 ? table->conv1x1_f32 : kind == 1 ? table->conv3x3_f32 : table->depthwise3x3_f32;
    kernel(a, 0, out_height / 2);
    kernel(a, out_height / 2, out_height);
    FUZZ_REQUIRE(conv_test::worst_ratio(out, expected, kind == 2 ? 9 : side * side * c_in) <= 1.0);
    FUZZ_REQUIRE(conv_test::padding_is_zero(out));
    FUZZ_REQUIRE(poison - out.poison_count() == test::floats_of(out));
  }
}

void integers(fuzz::Input& input) {
  using namespace int8_test;
  const int side = input.between(0, 1) == 0 ? 1 : 3, stride = side == 1 ? 1 : input.between(1, 2);
  const int pad = side == 1 ? 0 : stride == 2 ? input.between(0, 1) : 1;
  const int height = input.between(1, 9), width = input.between(1, 70), c_out = input.between(1, 70);
  const int c_in = side == 1 ? input.between(1, 40) : input.between(1, 10) * 4;
  const int out_height = (height + (side == 1 ? 0 : pad + 1) - side) / stride + 1;
  const int out_width = (width + (side == 1 ? 0 : pad + 1) - side) / stride + 1;
  if (side == 3 && (height + pad + 1 < side || width + pad + 1 < side)) return;
  const bool wide_in = input.between(0, 1) == 1, wide_out = input.between(0, 1) == 1;
  int8_test::rng().seed(input.take<uint32_t>());
  const Map in(height, width, c_in, {side / 2, wide_in}), before(out_height, out_width, c_out, {0, wide_out});
  const Dense weights = Dense::random(c_out, side, c_in, !wide_in);
  // Any shift, multiplier and bias that a blob may hold.
  const Constants constants = random_constants(c_out, int64_t{1} << input.between(0, 30), input.take<uint32_t>() >> 1);
  Map expected = before.copy();
  for (const Int8KernelTable* table : tables()) {
    Map out = before.copy();
    Int8ConvArgs a;
    a.in = in.view;
    a.out = out.view;
    weights.give(a);
    a.bias = constants.bias.data();
    a.requantise = constants.requantise();
    a.output_scale = constants.output_scale.data();
    a.stride = stride;
    a.pad_before = pad;
    (side == 1 ? table->conv1x1_int8 : table->conv3x3_int8)(a, 0, out_height);
    if (table == tables().front()) expected = out.copy();
    FUZZ_REQUIRE(out.same_bytes(expected));
    FUZZ_REQUIRE(out.strays(before, 0, out_height) == 0);
  }
}

void pictures(fuzz::Input& input) {
  const auto format = static_cast<PixelFormat>(input.between(1, 8));
  const bool even = has_chroma_plane(format) || format == PixelFormat::YUYV;
  const Size size{input.between(1, 40) * (even ? 2 : 1), input.between(1, 20) * (even ? 2 : 1)};
  const Size out_size{input.between(1, 90), input.between(1, 40)};
  const size_t row = row_bytes(format, size.width_px), stride = row + static_cast<size_t>(input.between(0, 5));
  const auto height = static_cast<size_t>(size.height_px);
  const bool warps = input.between(0, 1) == 1;
  float matrix[6];
  for (int i = 0; i < 6; ++i) {
    // Around a similarity, or anything at all.
    matrix[i] = warps && input.between(0, 9) == 0 ? input.take<float>()
                                                  : static_cast<float>(input.take<int16_t>()) / (i % 3 == 2 ? 512.0f : 16384.0f);
  }
  const fuzz::Exact luma(input.data(), input.size(), stride * (height - 1) + row, 7);
  const fuzz::Exact chroma(input.data(), input.size(), has_chroma_plane(format) ? stride * (height / 2 - 1) + row : 0, 200);
  const ImageView image(luma.data(), size, stride, format, chroma.data(), stride);
  const auto out_row = static_cast<size_t>(out_size.width_px) * 3, out_height = static_cast<size_t>(out_size.height_px);
  for (const KernelTable* table : test::runnable_tables()) {
    fuzz::Exact out(nullptr, 0, out_row * out_height);
    const ResizeArgs resize{image, out.data(), out_size, out_row};
    WarpArgs warp{image, {}, out.data(), out_size, out_row};
    std::copy(std::begin(matrix), std::end(matrix), warp.matrix);
    warps ? table->warp_affine_u8(warp, 0, out_size.height_px) : table->resize_bilinear_u8(resize, 0, out_size.height_px);
    bool moderate = true;
    for (const float m : matrix) moderate = moderate && std::abs(m) < 100.0f;
    if (warps && !moderate) continue;  // positions beyond the precision of floats: only where they read counts
    for (int32_t y = 0; y < out_size.height_px; ++y) {
      for (int32_t x = 0; x < out_size.width_px; ++x) {
        double value[3];
        warps ? ref::warp_value(warp, x, y, value) : ref::resize_value(resize, x, y, value);
        for (size_t c = 0; c < 3; ++c) {
          const double got = out.data()[static_cast<size_t>(y) * out_row + static_cast<size_t>(x) * 3 + c];
          // Half a level of rounding; positions in fp32, and the weights of the bilinear mean, take a part of another.
          FUZZ_REQUIRE(std::abs(got - value[c]) <= 1.0);
        }
      }
    }
  }
}

void candidates(fuzz::Input& input) {
  const int32_t count = input.between(0, 40);
  std::vector<float> values[4], background, face;
  for (int32_t i = 0; i < count; ++i) {
    for (auto& v : values) v.push_back(input.between(0, 15) == 0 ? input.take<float>() : static_cast<float>(input.take<uint8_t>()));
    background.push_back(input.take<float>());
    face.push_back(input.take<float>());
  }
  const float threshold = static_cast<float>(input.take<uint8_t>()) / 255.0f;
  std::vector<uint8_t> first;
  for (const KernelTable* table : test::runnable_tables()) {
    std::vector<uint8_t> keep(static_cast<size_t>(count), 9);
    table->nms_f32({values[0].data(), values[1].data(), values[2].data(), values[3].data(), count, threshold, keep.data()});
    for (const uint8_t k : keep) FUZZ_REQUIRE(k <= 1);
    if (table == test::runnable_tables().front()) first = keep;
    FUZZ_REQUIRE(keep == first);
    std::vector<float> score(static_cast<size_t>(count), -1.0f);
    table->softmax2_f32({background.data(), face.data(), score.data(), count});
    for (const float s : score) FUZZ_REQUIRE(s >= 0.0f && s <= 1.0f);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::Input input(data, size);
  switch (input.between(0, 3)) {
    case 0: convolution(input); break;
    case 1: integers(input); break;
    case 2: pictures(input); break;
    default: candidates(input);
  }
  return 0;
}
