// Every kernel of every target this CPU runs, on shapes of the two networks at 640x480 and 112x112.
// GMAC_per_s counts multiply-adds as drawn; peak_fraction is the share of what fma_peak_f32 reached in
// this run on the same target.
#include <benchmark/benchmark.h>

#include <chrono>
#include <faceio/kernels/dispatch.hpp>
#include <random>
#include <string>
#include <vector>

using namespace faceio;

namespace {

/// Multiply-adds a second of a target, measured once and kept.
double peak_mac_per_s(const KernelTable& table) {
  static double peak[kTargetCount] = {};
  double& known = peak[static_cast<int>(table.target)];
  if (known > 0.0) return known;
  float start[kFmaChains], result[kFmaChains];
  for (int i = 0; i < kFmaChains; ++i) start[i] = 0.1f * static_cast<float>(i);
  int32_t lanes = 0;
  constexpr int64_t kRounds = 2000000;
  for (int repeat = 0; repeat < 5; ++repeat) {
    const auto begin = std::chrono::steady_clock::now();
    table.fma_peak_f32({start, 0.75f, 0.125f, kRounds, result, &lanes});
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - begin;
    benchmark::DoNotOptimize(result);
    known = std::max(known, static_cast<double>(kFmaChains * kRounds * lanes) / elapsed.count());
  }
  return known;
}

enum class Pixels { padded, close, planes };

struct BenchMap {
  std::vector<float> storage;
  MapView view;
  BenchMap(int height, int width, int channels, int border, Pixels pixels = Pixels::padded) {
    const bool planes = pixels == Pixels::planes;
    view.height = height;
    view.width = width;
    view.channels = channels;
    view.pixel_stride = planes ? 1 : pixels == Pixels::close ? channels : channel_stride(channels);
    view.channel_step = planes ? plane_floats(width) : 1;
    view.row_stride =
        planes ? channels * view.channel_step : (width + 2 * border) * view.pixel_stride;
    view.border = border;
    storage.assign(static_cast<size_t>(height + 2 * border) * static_cast<size_t>(view.row_stride) + 16, 0.01f);
    view.data = storage.data() + border * view.row_stride +
                (planes ? kPlaneMargin : border * view.pixel_stride);
  }
};

void report(benchmark::State& state, const KernelTable& table, double macs) {
  const double done = macs * static_cast<double>(state.iterations());
  state.counters["GMAC_per_s"] = benchmark::Counter(done / 1e9, benchmark::Counter::kIsRate);
  state.counters["peak_fraction"] = benchmark::Counter(done / peak_mac_per_s(table), benchmark::Counter::kIsRate);
}

enum class Kind { conv1x1, conv3x3, depthwise3x3, global_depthwise };
struct ConvCase {
  const char* name;
  Kind kind;
  int height, width, c_in, c_out, stride;
  Activation activation;
  Pixels in = Pixels::padded, out = Pixels::padded;
  int addend_height = 0, addend_width = 0;  // 0: nothing is added
};
constexpr Activation kL = Activation::leaky_relu, kP = Activation::prelu, kR = Activation::relu, kN = Activation::linear;
constexpr Pixels kPadded = Pixels::padded, kClose = Pixels::close, kPlanes = Pixels::planes;
constexpr ConvCase kConvCases[] = {
    {"detector/stem", Kind::conv3x3, 480, 640, 3, 8, 2, kL, kPlanes, kPlanes},
    {"detector/stage1.1.dw", Kind::depthwise3x3, 240, 320, 8, 8, 1, kL, kPlanes, kPlanes},
    {"detector/stage1.1.pw", Kind::conv1x1, 240, 320, 8, 16, 1, kL, kPlanes},
    {"detector/stage1.2.dw", Kind::depthwise3x3, 240, 320, 16, 16, 2, kL},
    {"detector/stage1.3.pw", Kind::conv1x1, 120, 160, 32, 32, 1, kL},
    {"detector/stage1.5.pw", Kind::conv1x1, 60, 80, 64, 64, 1, kL},
    {"detector/stage2.1.dw", Kind::depthwise3x3, 30, 40, 128, 128, 1, kL},
    {"detector/stage2.1.pw", Kind::conv1x1, 30, 40, 128, 128, 1, kL},
    {"detector/stage3.1.pw", Kind::conv1x1, 15, 20, 256, 256, 1, kL},
    {"detector/fpn.output1+up", Kind::conv1x1, 60, 80, 64, 64, 1, kL, kPadded, kPadded, 30, 40},
    {"detector/fpn.merge1", Kind::conv3x3, 60, 80, 64, 64, 1, kL},
    {"detector/ssh1.conv3x3", Kind::conv3x3, 60, 80, 64, 32, 1, kR},
    {"detector/ssh1.conv5x5_2", Kind::conv3x3, 60, 80, 16, 16, 1, kR},
    {"detector/head1", Kind::conv1x1, 60, 80, 64, 32, 1, kN},
    {"recogniser/conv1", Kind::conv3x3, 112, 112, 3, 64, 2, kP, kClose},
    {"recogniser/conv2_dw", Kind::depthwise3x3, 56, 56, 64, 64, 1, kP},
    {"recogniser/conv4.expand", Kind::conv1x1, 28, 28, 64, 128, 1, kP},
    {"recogniser/conv6.project", Kind::conv1x1, 14, 14, 256, 128, 1, kN},
    {"recogniser/conv6.project+residual", Kind::conv1x1, 14, 14, 256, 128, 1, kN, kPadded, kPadded,
     14, 14},
    {"recogniser/conv7.dw", Kind::depthwise3x3, 14, 14, 512, 512, 2, kP},
    {"recogniser/conv9", Kind::conv1x1, 7, 7, 128, 512, 1, kP},
    {"recogniser/gdconv", Kind::global_depthwise, 7, 7, 512, 512, 1, kN},
};

void convolution(benchmark::State& state, const KernelTable* table, const ConvCase& c) {
  const bool is_3x3 = c.kind == Kind::conv3x3 || c.kind == Kind::depthwise3x3;
  const bool is_global = c.kind == Kind::global_depthwise;
  BenchMap in(c.height, c.width, c.c_in, is_3x3 ? 1 : 0, c.in);
  const int out_height = is_global ? 1 : (c.height + c.stride - 1) / c.stride;
  const int out_width = is_global ? 1 : (c.width + c.stride - 1) / c.stride;
  BenchMap out(out_height, out_width, c.c_out, 0, c.out),
      addend(c.addend_height, c.addend_width, c.c_out, 0);
  const int taps = is_global ? c.height * c.width : is_3x3 ? 9 : 1;
  const bool dense = c.kind == Kind::conv1x1 || c.kind == Kind::conv3x3;
  const int k = dense ? taps * c.c_in : taps;
  std::vector<float> weights(static_cast<size_t>(k) * round_up(static_cast<size_t>(c.c_out), 16), 0.01f);
  std::vector<float> vectors(round_up(static_cast<size_t>(c.c_out), 16), 0.1f);
  ConvArgs args;
  args.in = in.view;
  args.out = out.view;
  if (c.addend_height > 0) args.addend = addend.view;
  args.weights = weights.data();
  args.bias = vectors.data();
  args.slope = vectors.data();
  args.leaky_slope = 0.1f;
  args.stride = c.stride;
  args.pad_before = is_3x3 ? 1 : 0;
  args.activation = c.activation;
  const auto kernel = c.kind == Kind::conv1x1        ? table->conv1x1_f32
                      : c.kind == Kind::conv3x3      ? table->conv3x3_f32
                      : c.kind == Kind::depthwise3x3 ? table->depthwise3x3_f32
                                                     : table->global_depthwise_f32;
  for (auto _ : state) {
    kernel(args, 0, out.view.height);
    benchmark::ClobberMemory();
  }
  report(state, *table, static_cast<double>(k) * out.view.height * out.view.width * c.c_out);
}

/// GMAC_per_s counts the multiply-adds of the definition, so it may exceed the peak. A second
/// convolution of `more_out` channels may share the input.
void winograd(benchmark::State& state, const KernelTable* table, const ConvCase& c, int more_out) {
  const int c_out = c.c_out + more_out;
  BenchMap in(c.height, c.width, c.c_in, 1), out(c.height, c.width, c.c_out, 0),
      more(c.height, c.width, more_out, 1);
  std::vector<float> weights(winograd_weight_floats(c.c_in, c_out), 0.01f);
  std::vector<float> scratch(winograd_scratch_floats(c.c_in, c_out));
  WinogradArgs args;
  args.in = in.view;
  args.part[args.parts++] = {out.view, nullptr, 0.1f, c.activation};
  if (more_out > 0) args.part[args.parts++] = {more.view, nullptr, 0.1f, Activation::leaky_relu};
  args.weights = weights.data();
  args.scratch = scratch.data();
  for (auto _ : state) {
    table->winograd3x3_f32(args, 0, c.height);
    benchmark::ClobberMemory();
  }
  report(state, *table, 9.0 * c.c_in * c_out * c.height * c.width);
}

void elementwise(benchmark::State& state, const KernelTable* table) {
  BenchMap a(60, 80, 64, 0), b(60, 80, 64, 0), coarse(30, 40, 64, 0), out(60, 80, 64, 1);
  std::vector<float> scale(64, 1.5f), shift(64, 0.5f);
  for (auto _ : state) {
    if (state.range(0) == 0) table->add_f32({a.view, b.view, out.view}, 0, 60);
    if (state.range(0) == 1) table->upsample_nearest_f32({coarse.view, out.view}, 0, 60);
    if (state.range(0) == 2) table->batchnorm_f32({a.view, out.view, scale.data(), shift.data()}, 0, 60);
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * 60 * 80 * 64 * 4);
}

/// Row by row, as the detector asks for pictures.
void image(benchmark::State& state, const KernelTable* table, PixelFormat format) {
  const Size size{640, 480}, crop{112, 112};
  std::vector<uint8_t> pixels(640 * 480 * 4, 77), out_u8(640 * 480 * 3);
  const ImageView view(pixels.data(), size, row_bytes(format, size.width_px), format);
  // Planes for the detector, pixels for the recogniser.
  BenchMap map(480, 640, 3, 1, state.range(0) == 0 ? Pixels::planes : Pixels::close);
  for (auto _ : state) {
    if (state.range(0) != 1) {
      for (int32_t y = 0; y < 480; ++y) {
        table->u8_to_f32({view, map.view, true, {104.0f, 117.0f, 123.0f}, 1.0f}, y, y + 1);
      }
    }
    if (state.range(0) == 1) {
      table->warp_affine_u8({view, {0.9f, -0.1f, 100.0f, 0.1f, 0.9f, 50.0f}, out_u8.data(), crop, 336}, 0, 112);
    }
    benchmark::ClobberMemory();
  }
}

/// To 640 pixels across, row by row into the same memory, as the detector does with larger pictures.
void resize(benchmark::State& state, const KernelTable* table, PixelFormat format) {
  const auto width = static_cast<int32_t>(state.range(0)), height = static_cast<int32_t>(state.range(1));
  const Size size{width, height}, out_size{640, 640 * height / width};
  const size_t stride = row_bytes(format, width);
  std::vector<uint8_t> pixels(stride * static_cast<size_t>(height) * 3 / 2), row(640 * 3);
  std::mt19937 rng(1);
  for (uint8_t& byte : pixels) byte = static_cast<uint8_t>(rng() & 255u);
  const ImageView view(pixels.data(), size, stride, format);
  for (auto _ : state) {
    for (int32_t y = 0; y < out_size.height_px; ++y) {
      table->resize_bilinear_u8({view, row.data(), out_size, 0}, y, y + 1);
    }
    benchmark::ClobberMemory();
  }
}

void detection(benchmark::State& state, const KernelTable* table) {
  const auto n = static_cast<int32_t>(state.range(1));
  const auto count = static_cast<size_t>(n);
  std::mt19937 rng(1);
  std::uniform_real_distribution<float> place(0.0f, 640.0f);
  std::vector<float> a(count * 14), b(count * 14), anchors(count * 3, 32.0f);
  std::vector<uint8_t> keep(count);
  for (size_t i = 0; i < count; ++i) {
    a[i] = place(rng), a[count + i] = place(rng);
    a[2 * count + i] = a[i] + 30.0f, a[3 * count + i] = a[count + i] + 40.0f;
  }
  for (auto _ : state) {
    if (state.range(0) == 0) table->softmax2_f32({a.data(), a.data() + count, b.data(), n});
    if (state.range(0) == 1) {
      table->anchor_decode_f32({a.data(), n, anchors.data(), anchors.data() + count, anchors.data() + 2 * count,
                                b.data(), n, n, 1.0f, 1.0f, 0.1f, 0.2f});
    }
    if (state.range(0) == 2) {
      table->nms_f32({a.data(), a.data() + count, a.data() + 2 * count, a.data() + 3 * count, n, 0.4f, keep.data()});
    }
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * n);
}

void reduction(benchmark::State& state, const KernelTable* table) {
  std::vector<float> a(192, 0.5f), b(192, 0.25f);
  float result = 0.0f;
  for (auto _ : state) {
    if (state.range(0) == 0) table->dot_f32({a.data(), b.data(), 192, &result});
    if (state.range(0) == 1) table->l2_normalize_f32({a.data(), b.data(), 192, &result});
    benchmark::ClobberMemory();
  }
}

void fma_peak(benchmark::State& state, const KernelTable* table) {
  float start[kFmaChains] = {}, result[kFmaChains];
  int32_t lanes = 0;
  for (auto _ : state) {
    table->fma_peak_f32({start, 0.75f, 0.125f, 100000, result, &lanes});
    benchmark::ClobberMemory();
  }
  report(state, *table, 100000.0 * kFmaChains * lanes);
}

/// Registers the benchmarks of every target before main() runs.
const int registered = [] {
  for (int i = 0; i < kTargetCount; ++i) {
    const auto target = static_cast<Target>(i);
    const KernelTable* table = table_for(target);
    if (table == nullptr || table->target != target || !cpu_supports(target)) continue;
    const std::string prefix = std::string(name(target)) + "/";
    const auto add = [&](const std::string& what, auto&&... args) {
      return benchmark::RegisterBenchmark((prefix + what).c_str(), args...)->Unit(benchmark::kMicrosecond);
    };
    add("fma_peak_f32", fma_peak, table);
    for (const ConvCase& c : kConvCases) {
      add(c.name, convolution, table, c);
      const bool stride_1 = c.kind == Kind::conv3x3 && c.stride == 1;
      if (stride_1) add(std::string("winograd3x3_f32/") + c.name, winograd, table, c, 0);
      if (c.name == std::string("detector/ssh1.conv3x3")) {
        add(std::string("winograd3x3_f32/") + c.name + "+conv5x5_1", winograd, table, c, 16);
      }
    }
    add("add_f32", elementwise, table)->Arg(0);
    add("upsample_nearest_f32", elementwise, table)->Arg(1);
    add("batchnorm_f32", elementwise, table)->Arg(2);
    struct Format { const char* name; PixelFormat format; };
    constexpr Format kFormats[] = {{"RGB8", PixelFormat::RGB8},   {"BGR8", PixelFormat::BGR8},
                                   {"RGBA8", PixelFormat::RGBA8}, {"BGRA8", PixelFormat::BGRA8},
                                   {"GRAY8", PixelFormat::GRAY8}, {"NV12", PixelFormat::NV12},
                                   {"NV21", PixelFormat::NV21},   {"YUYV", PixelFormat::YUYV}};
    for (const Format& f : kFormats) {
      add(std::string("u8_to_f32/") + f.name, image, table, f.format)->Arg(0)->Arg(2);
      add(std::string("warp_affine_u8/") + f.name, image, table, f.format)->Arg(1);
      add(std::string("resize_bilinear_u8/") + f.name, resize, table, f.format)
          ->Args({1280, 720})
          ->Args({1920, 1080})
          ->Args({1600, 900})
          ->Args({3840, 2160});
    }
    add("softmax2_f32", detection, table)->Args({0, 1000});
    add("anchor_decode_f32", detection, table)->Args({1, 1000});
    add("nms_f32", detection, table)->Args({2, 200})->Args({2, 5000});
    add("dot_f32", reduction, table)->Arg(0);
    add("l2_normalize_f32", reduction, table)->Arg(1);
  }
  return 0;
}();

}  // namespace
