// stages DETECTOR_WEIGHTS RECOGNISER_WEIGHTS WIDTH HEIGHT CALLS: the first steps of one process,
// each timed once, and the calls after them. Prints one JSON object: times in milliseconds, page
// faults as counts. The picture is noise, which costs the network what a photograph costs.
#include <faceio/faceio.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "clock.hpp"
#include "noise.hpp"

namespace {

struct Stage {
  double ms = 0.0;
  long minor_faults = 0;
};

template <class Work>
Stage time(const Work& work) {
  const long faults = minor_faults();
  const double begin_ms = now_ms();
  work();
  const double end_ms = now_ms();
  return {end_ms - begin_ms, minor_faults() - faults};
}

template <class Work>
double median_ms(int calls, const Work& work) {
  std::vector<double> all_ms;
  for (int i = 0; i < calls; ++i) all_ms.push_back(time(work).ms);
  std::sort(all_ms.begin(), all_ms.end());
  return all_ms[all_ms.size() / 2];
}

void print(const char* name, const Stage& stage) {
  std::printf("\"%s_ms\":%.4f,\"%s_minor_faults\":%ld,", name, stage.ms, name, stage.minor_faults);
}

/// A network with memory that no program has written to yet.
template <class Network>
struct Fresh {
  faceio::files::MappedFile file;
  faceio::Blob blob;
  faceio::host::AlignedBytes persistent_memory, scratch_memory;
  faceio::Span<uint8_t> scratch;
  Network network;

  Stage open(const char* path) {
    return time([&] {
      std::string error;
      if (!faceio::files::MappedFile::open(path, file, error)) throw faceio::host::Error(error);
      blob = faceio::host::value_or_throw(faceio::Blob::open(file.bytes()), path);
    });
  }

  template <class Create>
  Stage create(const faceio::Requirements& need, const Create& create_with) {
    return time([&] {
      scratch = scratch_memory.at_least(need.scratch_bytes);
      network = faceio::host::value_or_throw(
          create_with(persistent_memory.at_least(need.persistent_bytes)), "create");
    });
  }
};

int run(char** argv) {
  const faceio::Size size{std::atoi(argv[3]), std::atoi(argv[4])};
  const int calls = std::max(1, std::atoi(argv[5]));
  const faceio::Target target = faceio::host::target_or_throw();
  const std::vector<uint8_t> pixels = noise_rgb8(size);
  const faceio::ImageView image(pixels.data(), size,
                                row_bytes(faceio::PixelFormat::RGB8, size.width_px),
                                faceio::PixelFormat::RGB8);
  std::printf("{\"target\":\"%s\",", name(target));

  Fresh<faceio::Detector> detector;
  print("detector_open", detector.open(argv[1]));
  print("detector_create",
        detector.create(faceio::Detector::requirements(size), [&](faceio::Span<uint8_t> memory) {
          return faceio::Detector::create(detector.blob, memory, {}, target);
        }));
  faceio::Face faces[64];
  const auto detect = [&] {
    faceio::host::value_or_throw(detector.network.detect(image, detector.scratch, faces), "detect");
  };
  print("detector_first", time(detect));
  std::printf("\"detector_median_ms\":%.4f,", median_ms(calls, detect));

  Fresh<faceio::Embedder> embedder;
  print("recogniser_open", embedder.open(argv[2]));
  print("recogniser_create",
        embedder.create(faceio::Embedder::requirements(), [&](faceio::Span<uint8_t> memory) {
          return faceio::Embedder::create(embedder.blob, memory, target);
        }));
  const auto embed = [&] {
    faceio::host::value_or_throw(
        embedder.network.embed(image, faceio::kArcFaceTemplate, embedder.scratch), "embed");
  };
  print("recogniser_first", time(embed));
  std::printf("\"recogniser_median_ms\":%.4f}\n", median_ms(calls, embed));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) {
    std::fputs("usage: stages DETECTOR_WEIGHTS RECOGNISER_WEIGHTS WIDTH HEIGHT CALLS\n", stderr);
    return 2;
  }
  try {
    return run(argv);
  } catch (const faceio::host::Error& e) {
    std::fprintf(stderr, "stages: %s\n", e.what());
    return 2;
  }
}
