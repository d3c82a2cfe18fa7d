// The int8 kernels of every target this CPU runs, on shapes of the two networks at 640x480 and 112x112. GMAC_per_s
// counts the multiply-adds of the definition; those of a channel padding do not count.
#include <benchmark/benchmark.h>

#include <faceio/kernels/dispatch.hpp>
#include <random>
#include <string>
#include <vector>

using namespace faceio;

namespace {

enum class Elements { narrow, wide, picture, real };

size_t index(int64_t i) { return static_cast<size_t>(i); }

struct BenchMap {
  std::vector<uint8_t> storage, border_pixel;
  Int8Map view;
  BenchMap(int height, int width, int channels, int border, Elements elements) {
    const int stored = elements == Elements::picture ? channels : channel_stride(channels);
    view.height = height;
    view.width = width;
    view.channels = channels;
    view.wide = elements == Elements::wide;
    view.pixel_stride_bytes = stored * (view.wide ? 2 : 1);
    view.row_stride_bytes = (width + 2 * border) * view.pixel_stride_bytes;
    view.border = border;
    // Lines of 64 bytes are where they are in networks.
    storage.assign(index(int64_t{height + 2 * border} * view.row_stride_bytes + 3 + 63), 77);
    border_pixel.assign(index(view.pixel_stride_bytes), 77);
    uint8_t* const first = storage.data() + (64 - reinterpret_cast<uintptr_t>(storage.data()) % 64) % 64;
    view.data = first + border * (view.row_stride_bytes + view.pixel_stride_bytes);
    if (border > 0) view.border_pixel = border_pixel.data();
  }
};

/// Per-channel constants that spread sums over the output.
struct BenchConstants {
  std::vector<int32_t> shift, bias;
  std::vector<int16_t> multiplier, offset;
  std::vector<float> scale;
  explicit BenchConstants(int channels)
      : shift(index(channel_stride(channels)), 6),
        bias(shift.size(), 32),
        multiplier(shift.size(), 9000),
        offset(shift.size(), 2000),
        scale(shift.size(), 0.01f) {}
  Requantise requantise() const {
    return {shift.data(), multiplier.data(), multiplier.data(), offset.data(), multiplier.data()};
  }
};

template <class T>
struct Lines {  // random elements from a multiple of 64 bytes on
  std::vector<T> storage;
  T* data;
  Lines(int64_t count, int limit) : storage(index(count) + 64) {
    std::mt19937 rng(1);
    for (T& value : storage) value = static_cast<T>(static_cast<int>(rng() % index(2 * limit + 1)) - limit);
    data = storage.data() + (64 - reinterpret_cast<uintptr_t>(storage.data()) % 64) % 64 / sizeof(T);
  }
};

void report(benchmark::State& state, double macs) {
  state.counters["GMAC_per_s"] =
      benchmark::Counter(macs * static_cast<double>(state.iterations()) / 1e9, benchmark::Counter::kIsRate);
}

enum class Kind { conv1x1, conv3x3, depthwise3x3, global_depthwise };
struct ConvCase {
  const char* name;
  Kind kind;
  int height, width, c_in, c_out, stride;
  Elements in = Elements::narrow, out = Elements::narrow;
  int addend_height = 0, addend_width = 0;  // 0: nothing is added
};
constexpr Elements kNarrow = Elements::narrow, kWide = Elements::wide, kPicture = Elements::picture,
                   kReal = Elements::real;
constexpr ConvCase kConvCases[] = {
    {"detector/stem", Kind::conv3x3, 480, 640, 3, 8, 2, kPicture, kWide},
    {"detector/stage1.1.dw", Kind::depthwise3x3, 240, 320, 8, 8, 1, kWide, kWide},
    {"detector/stage1.1.pw", Kind::conv1x1, 240, 320, 8, 16, 1, kWide},
    {"detector/stage1.2.dw", Kind::depthwise3x3, 240, 320, 16, 16, 2},
    {"detector/stage1.2.pw", Kind::conv1x1, 120, 160, 16, 32, 1},
    {"detector/stage1.3.pw", Kind::conv1x1, 120, 160, 32, 32, 1},
    {"detector/stage1.4.pw", Kind::conv1x1, 60, 80, 32, 64, 1},
    {"detector/stage1.5.dw", Kind::depthwise3x3, 60, 80, 64, 64, 1},
    {"detector/stage1.5.pw", Kind::conv1x1, 60, 80, 64, 64, 1},
    {"detector/stage2.0.pw", Kind::conv1x1, 30, 40, 64, 128, 1},
    {"detector/stage2.1.dw", Kind::depthwise3x3, 30, 40, 128, 128, 1},
    {"detector/stage2.1.pw", Kind::conv1x1, 30, 40, 128, 128, 1},
    {"detector/stage3.0.pw", Kind::conv1x1, 15, 20, 128, 256, 1},
    {"detector/stage3.1.pw", Kind::conv1x1, 15, 20, 256, 256, 1},
    {"detector/fpn.output1+up", Kind::conv1x1, 60, 80, 64, 64, 1, kNarrow, kNarrow, 30, 40},
    {"detector/fpn.merge1", Kind::conv3x3, 60, 80, 64, 64, 1},
    {"detector/ssh1.conv3x3", Kind::conv3x3, 60, 80, 64, 32, 1},
    {"detector/ssh1.conv5x5_2", Kind::conv3x3, 60, 80, 16, 16, 1},
    {"detector/head1", Kind::conv1x1, 60, 80, 64, 32, 1, kNarrow, kReal},
    {"recogniser/conv1", Kind::conv3x3, 112, 112, 3, 64, 2, kPicture, kWide},
    {"recogniser/conv2_dw", Kind::depthwise3x3, 56, 56, 64, 64, 1, kWide, kWide},
    {"recogniser/conv3.expand", Kind::conv1x1, 56, 56, 64, 128, 1, kWide},
    {"recogniser/conv4.expand", Kind::conv1x1, 28, 28, 64, 128, 1},
    {"recogniser/conv4.project+residual", Kind::conv1x1, 28, 28, 128, 64, 1, kNarrow, kNarrow, 28, 28},
    {"recogniser/conv6.expand", Kind::conv1x1, 14, 14, 128, 256, 1},
    {"recogniser/conv6.project", Kind::conv1x1, 14, 14, 256, 128, 1},
    {"recogniser/conv7.dw", Kind::depthwise3x3, 14, 14, 512, 512, 2},
    {"recogniser/conv7.project", Kind::conv1x1, 7, 7, 512, 128, 1},
    {"recogniser/conv9", Kind::conv1x1, 7, 7, 128, 512, 1},
    {"recogniser/gdconv", Kind::global_depthwise, 7, 7, 512, 512, 1, kNarrow, kWide},
    {"recogniser/fc1", Kind::conv1x1, 1, 1, 512, 512, 1, kWide, kWide},
    {"recogniser/fc2", Kind::conv1x1, 1, 1, 512, 192, 1, kWide, kReal},
};

void convolution(benchmark::State& state, const Int8KernelTable* table, const ConvCase& c) {
  const bool is_3x3 = c.kind == Kind::conv3x3 || c.kind == Kind::depthwise3x3;
  const bool is_global = c.kind == Kind::global_depthwise;
  const int out_height = is_global ? 1 : (c.height + c.stride - 1) / c.stride;
  const int out_width = is_global ? 1 : (c.width + c.stride - 1) / c.stride;
  const BenchMap in(c.height, c.width, c.c_in, is_3x3 ? 1 : 0, c.in);
  const BenchMap out(out_height, out_width, c.c_out, 0, c.out == kReal ? kNarrow : c.out);
  const BenchMap addend(c.addend_height, c.addend_width, c.c_out, 0, kNarrow);
  const Lines<float> reals(c.out == kReal ? int64_t{out_height} * out_width * channel_stride(c.c_out) : 0, 0);
  const int taps = is_global ? c.height * c.width : is_3x3 ? 9 : 1;
  const bool dense = c.kind == Kind::conv1x1 || c.kind == Kind::conv3x3;
  const int side = is_3x3 ? 3 : 1;
  const int64_t terms = dense ? side * ((side * c.c_in + 3) / 4 * 4) : taps;
  const Lines<int8_t> quads(terms * channel_stride(c.c_out), kInt8PairLimit / 2);
  const Lines<int16_t> pairs(terms * channel_stride(c.c_out), dense ? 127 : 16383);
  const BenchConstants constants(c.c_out);
  Int8ConvArgs args;
  args.in = in.view;
  args.out = out.view;
  if (c.out == kReal) {
    args.out.data = nullptr;
    args.float_out.data = reals.data;
    args.float_out.height = out_height;
    args.float_out.width = out_width;
    args.float_out.channels = c.c_out;
    args.float_out.pixel_stride = channel_stride(c.c_out);
    args.float_out.row_stride = out_width * channel_stride(c.c_out);
  }
  if (c.addend_height > 0) args.addend = addend.view;
  if (!dense) {
    args.depthwise = pairs.data;
  } else if (c.in != kWide) {
    args.quads = quads.data;
  } else {
    args.pairs = pairs.data;
  }
  args.bias = constants.bias.data();
  args.requantise = constants.requantise();
  if (c.addend_height == 0) args.requantise.addend = nullptr;
  args.output_scale = constants.scale.data();
  args.stride = c.stride;
  args.pad_before = is_3x3 ? 1 : 0;
  const auto kernel = c.kind == Kind::conv1x1        ? table->conv1x1_int8
                      : c.kind == Kind::conv3x3      ? table->conv3x3_int8
                      : c.kind == Kind::depthwise3x3 ? table->depthwise3x3_int8
                                                     : table->global_depthwise_int8;
  for (auto _ : state) {
    kernel(args, 0, out_height);
    benchmark::ClobberMemory();
  }
  report(state, static_cast<double>(dense ? taps * c.c_in : taps) * out_height * out_width * c.c_out);
}

/// A second convolution of `more_out` channels may share the input.
void winograd(benchmark::State& state, const Int8KernelTable* table, const ConvCase& c, int more_out) {
  const int c_out = c.c_out + more_out;
  const BenchMap in(c.height, c.width, c.c_in, 1, kNarrow), out(c.height, c.width, c.c_out, 0, kNarrow),
      more(c.height, c.width, more_out, 1, kNarrow);
  const Lines<int16_t> weights(static_cast<int64_t>(int8_winograd_weight_count(c.c_in, c_out)), 6223);
  const Lines<uint8_t> scratch(static_cast<int64_t>(int8_winograd_scratch_bytes(c.c_in)), 0);
  const BenchConstants constants(c_out);
  Int8WinogradArgs args;
  args.in = in.view;
  args.part[args.parts++] = {out.view, constants.requantise()};
  if (more_out > 0) args.part[args.parts++] = {more.view, constants.requantise()};
  for (Int8WinogradPart& part : args.part) part.requantise.addend = nullptr;
  args.weights = weights.data;
  args.bias = constants.bias.data();
  args.scratch = scratch.data;
  for (auto _ : state) {
    table->winograd3x3_int8(args, 0, c.height);
    benchmark::ClobberMemory();
  }
  report(state, 9.0 * c.c_in * c_out * c.height * c.width);
}

/// Registers the benchmarks of every target but the scalar one before main() runs.
const int registered = [] {
  for (int i = 1; i < kInt8TargetCount; ++i) {
    const auto target = static_cast<Int8Target>(i);
    const Int8KernelTable* const table = table_for(target);
    if (table == nullptr || !cpu_supports(target)) continue;
    const std::string prefix = "int8/" + std::string(name(target)) + "/";
    const auto add = [&](const std::string& what, auto&&... args) {
      return benchmark::RegisterBenchmark((prefix + what).c_str(), args...)->Unit(benchmark::kMicrosecond);
    };
    for (const ConvCase& c : kConvCases) {
      add(c.name, convolution, table, c);
      if (c.kind == Kind::conv3x3 && c.stride == 1) {
        add(std::string("winograd3x3_int8/") + c.name, winograd, table, c, 0);
      }
      if (c.name == std::string("detector/ssh1.conv3x3")) {
        add(std::string("winograd3x3_int8/") + c.name + "+conv5x5_1", winograd, table, c, 16);
      }
    }
  }
  return 0;
}();

}  // namespace
