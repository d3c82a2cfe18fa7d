// Whole networks (from 8-bit pixels to head maps) and pipelines on every target, and the time of
// each layer; the first layer includes loading the pixels.
//   --benchmark_filter=avx2/detector       one target, one network
//   FACEIO_BENCH_STEPS=1                   also prints the time of every step on the best target
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <faceio/faceio.hpp>
#include <string>
#include <vector>

#include "step_times.hpp"

using namespace faceio;

namespace {

std::string weights(const char* file) {
  return std::string(FACEIO_TEST_SOURCE_DIR) + "/weights/" + file;
}

/// A picture without faces costs the same as one with a few: the network does not look away.
std::vector<uint8_t> picture(Size size) {
  std::vector<uint8_t> pixels(3 * static_cast<size_t>(size.width_px) *
                              static_cast<size_t>(size.height_px));
  uint32_t state = 1;
  for (uint8_t& p : pixels)
    p = static_cast<uint8_t>((state = state * 1664525u + 1013904223u) >> 24);
  return pixels;
}

void detector_network(benchmark::State& state, Target target, Size size, Schedule schedule) {
  const auto owned = host::OwnedDetector::load(weights("retinaface_mnet025.fiow"), {}, target);
  host::AlignedBytes bytes;
  Arena arena(bytes.at_least(plan_bytes(Detector::network(), size, schedule)));
  const Plan plan = *make_plan(owned.detector().bound(), size, schedule, arena);
  const auto pixels = picture(size);
  const PictureRows rows(owned.detector().bound(),
                         ImageView(pixels.data(), size, row_bytes(PixelFormat::RGB8, size.width_px),
                                   PixelFormat::RGB8));
  for (auto _ : state) run(plan, rows);
  state.counters["workspace_bytes"] = static_cast<double>(arena.used_bytes());
}

void detector_pipeline(benchmark::State& state, Target target, Size size) {
  auto owned = host::OwnedDetector::load(weights("retinaface_mnet025.fiow"), {}, target);
  const auto pixels = picture(size);
  const ImageView view(pixels.data(), size, row_bytes(PixelFormat::RGB8, size.width_px),
                       PixelFormat::RGB8);
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
      add("detector/layer_by_layer/" + at, detector_network, target, size,
          Schedule::layer_by_layer);
      add("detector/depth_first/" + at, detector_network, target, size, Schedule::depth_first);
      add("detector/pipeline/" + at, detector_pipeline, target, size);
    }
    add("recogniser/crop", recogniser_crop, target);
  }
  if (std::getenv("FACEIO_BENCH_STEPS") != nullptr) {
    constexpr Size kVga{640, 480};
    const auto detector = host::OwnedDetector::load(weights("retinaface_mnet025.fiow"));
    step_times::print("detector", detector.detector().bound(), kVga, picture(kVga));
    const auto embedder = host::OwnedEmbedder::load(weights("mobilefacenet_192.fiow"));
    step_times::print("recogniser", embedder.embedder().bound(), Embedder::crop_size(),
                      picture(Embedder::crop_size()));
  }
  return 0;
}();

}  // namespace
