#include <faceio/faceio.hpp>

#include <algorithm>
#include <cstdio>

#include "commands.hpp"
#include "cpu_name.hpp"
#include "fma_peak.hpp"
#include "images.hpp"
#include "json.hpp"
#include "weights.hpp"

namespace cli {
namespace {

constexpr int kWarmUpRuns = 5;
constexpr int kRuns = 50;

struct Timing {
  double median_ms = 0.0;
  double min_ms = 0.0;
};

template <class Work>
Timing time(const Work& work) {
  for (int i = 0; i < kWarmUpRuns; ++i) work();
  std::vector<double> all_ms;
  for (int i = 0; i < kRuns; ++i) {
    const Stopwatch watch;
    work();
    all_ms.push_back(watch.elapsed_ms());
  }
  return {median_of(all_ms), *std::min_element(all_ms.begin(), all_ms.end())};
}

/// A picture without faces: noise around a gradient. What is in a picture hardly changes the time,
/// as the network costs the same for all.
std::vector<uint8_t> noise_rgb(faceio::Size size) {
  std::vector<uint8_t> rgb(static_cast<size_t>(size.width_px) *
                           static_cast<size_t>(size.height_px) * 3);
  uint32_t state = 1;
  for (size_t i = 0; i < rgb.size(); ++i) {
    state = state * 1664525u + 1013904223u;
    rgb[i] = static_cast<uint8_t>((i * 128 / rgb.size()) + (state >> 25));
  }
  return rgb;
}

std::string json_of(const Timing& timing) {
  return "{\"median_ms\":" + json_number(timing.median_ms) +
         ",\"min_ms\":" + json_number(timing.min_ms) + "}";
}

}  // namespace

Outcome run_bench(const Arguments& arguments) {
  const faceio::Target target = faceio::host::target_or_throw();
  faceio::host::OwnedDetector detector = load_detector(arguments);
  faceio::host::OwnedEmbedder embedder = load_embedder(arguments);

  const faceio::Size size{arguments.width_px, arguments.height_px};
  const std::vector<uint8_t> pixels = noise_rgb(size);
  const faceio::ImageView image(pixels.data(), size,
                                row_bytes(faceio::PixelFormat::RGB8, size.width_px),
                                faceio::PixelFormat::RGB8);
  const faceio::Size crop_size{faceio::kCropSide_px, faceio::kCropSide_px};
  const std::vector<uint8_t> crop_pixels = noise_rgb(crop_size);
  const faceio::ImageView crop(crop_pixels.data(), crop_size,
                               row_bytes(faceio::PixelFormat::RGB8, crop_size.width_px),
                               faceio::PixelFormat::RGB8);

  // The clock of a CPU depends on its load: the peak is measured right before and after, and counts
  // at its best.
  double peak = measure_fma_peak_gmac_s(*detector.detector().bound().kernels);
  const Timing detect = time([&] { detector.detect(image); });
  const Timing embed = time([&] { embedder.embed(crop, faceio::kArcFaceTemplate); });
  peak = std::max(peak, measure_fma_peak_gmac_s(*detector.detector().bound().kernels));

  if (arguments.json) {
    std::printf(
        "{\"cpu\":%s,\"isa\":%s,\"fma_peak_gmac_s\":%s,\"detector\":%s,\"recogniser\":%s}\n",
        json_string(cpu_name()).c_str(), json_string(name(target)).c_str(),
        json_number(peak).c_str(), json_of(detect).c_str(), json_of(embed).c_str());
    return Outcome::done;
  }
  std::printf("%s, %s, one core; %.1f billion multiply-adds a second at most\n", cpu_name().c_str(),
              name(target), peak);
  std::printf("detector    %5dx%-5d  median %8.2f ms   best %8.2f ms   of %d runs\n", size.width_px,
              size.height_px, detect.median_ms, detect.min_ms, kRuns);
  std::printf(
      "recogniser  %5dx%-5d  median %8.2f ms   best %8.2f ms   of %d runs, alignment included\n",
      crop_size.width_px, crop_size.height_px, embed.median_ms, embed.min_ms, kRuns);
  return Outcome::done;
}

}  // namespace cli
