// Whole networks (from 8-bit pixels to head maps) and pipelines on every target, and the time of each
// layer; the first layer includes loading the pixels.
//   --benchmark_filter=avx2/detector       one target, one network
//   FACEIO_BENCH_LAYERS=1                  also prints a table of layers for the best target
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <faceio/faceio.hpp>
#include <string>
#include <vector>

using namespace faceio;

namespace {

std::string weights(const char* file) { return std::string(FACEIO_TEST_SOURCE_DIR) + "/weights/" + file; }

/// A picture without faces costs the same as one with a few: the network does not look away.
std::vector<uint8_t> picture(Size size) {
  std::vector<uint8_t> pixels(3 * static_cast<size_t>(size.width_px) * static_cast<size_t>(size.height_px));
  uint32_t state = 1;
  for (uint8_t& p : pixels) p = static_cast<uint8_t>((state = state * 1664525u + 1013904223u) >> 24);
  return pixels;
}

void detector_network(benchmark::State& state, Target target, Size size, Schedule schedule) {
  const auto owned = host::OwnedDetector::load(weights("retinaface_mnet025.fiow"), {}, target);
  host::AlignedBytes bytes;
  Arena arena(bytes.at_least(plan_bytes(Detector::network(), size, schedule)));
  const Plan plan = *make_plan(owned.detector().bound(), size, schedule, arena);
  const auto pixels = picture(size);
  const PictureRows rows(owned.detector().bound(), ImageView(pixels.data(), size, row_bytes(PixelFormat::RGB8, size.width_px), PixelFormat::RGB8));
  for (auto _ : state) run(plan, rows);
  state.counters["workspace_bytes"] = static_cast<double>(arena.used_bytes());
}

void detector_pipeline(benchmark::State& state, Target target, Size size) {
  auto owned = host::OwnedDetector::load(weights("retinaface_mnet025.fiow"), {}, target);
  const auto pixels = picture(size);
  const ImageView view(pixels.data(), size, row_bytes(PixelFormat::RGB8, size.width_px), PixelFormat::RGB8);
  host::AlignedBytes bytes;
  const Span<uint8_t> scratch = bytes.at_least(owned.workspace_bytes(size));
  Face faces[16];
  for (auto _ : state) benchmark::DoNotOptimize(owned.detector().detect(view, scratch, faces));
  state.counters["workspace_bytes"] = static_cast<double>(owned.workspace_bytes(size));
}

void recogniser_crop(benchmark::State& state, Target target) {
  auto owned = host::OwnedEmbedder::load(weights("mobilefacenet_192.fiow"), target);
  const auto pixels = picture(Embedder::crop_size());
  const ImageView view(pixels.data(), Embedder::crop_size(), 3 * 112, PixelFormat::RGB8);
  for (auto _ : state) benchmark::DoNotOptimize(owned.embed_crop(view));
}

/// Median microseconds of each operation over some runs. Convolutions that run together are timed
/// together: the first one shows the time, the others none.
struct LayerTimes {
  std::vector<std::vector<double>>* times;
  std::vector<MapView>* outputs;
  std::chrono::steady_clock::time_point* last;
  void operator()(size_t index, const MapView& out) const {
    (*outputs)[index] = out;
    const auto now = std::chrono::steady_clock::now();
    (*times)[index].push_back(std::chrono::duration<double, std::micro>(now - *last).count());
    *last = std::chrono::steady_clock::now();
  }
};

void print_layers(const char* title, const BoundNetwork& bound, Size size) {
  host::AlignedBytes bytes;
  Arena arena(bytes.at_least(plan_bytes(bound.network, size, Schedule::layer_by_layer)));
  const Plan plan = *make_plan(bound, size, Schedule::layer_by_layer, arena);
  const auto pixels = picture(size);
  const PictureRows rows(bound, ImageView(pixels.data(), size, row_bytes(PixelFormat::RGB8, size.width_px), PixelFormat::RGB8));
  std::vector<std::vector<double>> times(bound.network.ops.size);
  std::vector<MapView> outputs(bound.network.ops.size);
  for (int i = 0; i < 50; ++i) {
    auto last = std::chrono::steady_clock::now();
    run(plan, rows, LayerTimes{&times, &outputs, &last});
  }
  std::printf("%s %dx%d on %s\n%-20s %10s %8s %10s\n", title, size.width_px, size.height_px,
              name(bound.kernels->target), "layer", "median_us", "MMAC", "GMAC_per_s");
  for (size_t i = 0; i < times.size(); ++i) {
    const OpRecord& op = bound.network.ops[i];
    const MapView out = outputs[i];
    const bool dense = op.op == Op::conv1x1 || op.op == Op::conv3x3;
    const bool depthwise = op.op == Op::depthwise3x3 || op.op == Op::global_depthwise;
    const double taps = op.op == Op::conv3x3 || op.op == Op::depthwise3x3 ? 9.0
                        : op.op == Op::global_depthwise ? static_cast<double>(outputs[i - 1].height * outputs[i - 1].width)
                                                        : 1.0;
    const double macs = static_cast<double>(out.height) * out.width * op.c_out * taps * (dense ? op.c_in : depthwise ? 1.0 : 0.0);
    std::nth_element(times[i].begin(), times[i].begin() + 25, times[i].end());
    std::printf("%-20s %10.1f %8.2f %10.1f\n", op.name, times[i][25], macs / 1e6, macs / times[i][25] / 1e3);
  }
}

const int registered = [] {
  for (int i = 0; i < kTargetCount; ++i) {
    const auto target = static_cast<Target>(i);
    if (!is_built(target) || !cpu_supports(target)) continue;
    const std::string prefix = std::string(name(target)) + "/";
    const auto add = [&](const std::string& what, auto&&... args) {
      benchmark::RegisterBenchmark((prefix + what).c_str(), args...)->Unit(benchmark::kMillisecond);
    };
    for (const Size size : {Size{320, 240}, Size{640, 480}, Size{1280, 720}}) {
      const std::string at = std::to_string(size.width_px) + "x" + std::to_string(size.height_px);
      add("detector/layer_by_layer/" + at, detector_network, target, size, Schedule::layer_by_layer);
      add("detector/depth_first/" + at, detector_network, target, size, Schedule::depth_first);
      add("detector/pipeline/" + at, detector_pipeline, target, size);
    }
    add("recogniser/crop", recogniser_crop, target);
  }
  if (std::getenv("FACEIO_BENCH_LAYERS") != nullptr) {
    const auto detector = host::OwnedDetector::load(weights("retinaface_mnet025.fiow"));
    print_layers("detector", detector.detector().bound(), {640, 480});
    const auto embedder = host::OwnedEmbedder::load(weights("mobilefacenet_192.fiow"));
    print_layers("recogniser", embedder.embedder().bound(), Embedder::crop_size());
  }
  return 0;
}();

}  // namespace
