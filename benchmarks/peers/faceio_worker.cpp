// One network of faceio in one process, driven line by line through standard input. peer_worker.py
// speaks the same protocol for the other engines.
//   faceio_peers_worker detector|recogniser network|whole WEIGHTS PIXELS
// WEIGHTS decide the precision. PIXELS holds RGB bytes: 640x480 for the detector, an aligned
// 112x112 face for the recogniser.
// Prints {"isa":...}, the target of the kernels, after the first result, then answers
//   run WARM N    -> [milliseconds, ...] of N runs that follow WARM others
//   outputs FILE  -> {}; writes float32 of one more run, see below
//   mem           -> {"peak_rss_mb":...}
//   peak          -> {"gmac_s":...}, the multiply-add rate of the instruction set in fp32
//   quit
// Outputs: detector network [anchors, 16]: box 4, background and face logit, landmarks 10, anchors
// by scale, row, column, size; detector whole [faces, 15]: x1 y1 x2 y2, score, landmarks, pixels;
// recogniser network [192] not normalised; recogniser whole [192] of length 1.
#include <chrono>
#include <cstdio>
#include <exception>
#include <faceio/faceio.hpp>
#include <fstream>
#include <iostream>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "fma_peak.hpp"

namespace {

using namespace faceio;

constexpr Size kPicture{640, 480};

/// The pixels of a file, RGB8.
class Picture {
 public:
  /// Throws std::runtime_error when the file has another size.
  Picture(const std::string& path, Size size) : size_(size) {
    std::ifstream file(path, std::ios::binary);
    bytes_.assign(std::istreambuf_iterator<char>(file), {});
    const size_t expected = stride() * static_cast<size_t>(size.height_px);
    if (bytes_.size() != expected) {
      throw std::runtime_error(path + " has " + std::to_string(bytes_.size()) + " bytes, " +
                               std::to_string(expected) + " are needed: run benchmarks/peers/run");
    }
  }
  ImageView view() const {
    return {static_cast<const uint8_t*>(static_cast<const void*>(bytes_.data())), size_, stride(),
            PixelFormat::RGB8};
  }

 private:
  size_t stride() const { return row_bytes(PixelFormat::RGB8, size_.width_px); }

  std::vector<char> bytes_;
  Size size_;
};

class Task {
 public:
  virtual ~Task() = default;
  virtual void run() = 0;
  /// What the last run() found.
  virtual std::vector<float> outputs() const = 0;
  virtual const BoundNetwork& bound() const = 0;
};

/// A bound network laid out once, as the other engines compile theirs when they load.
class LaidOut {
 public:
  LaidOut(const BoundNetwork& bound, const ImageView& image)
      : is_int8_(bound.network.precision == Precision::int8), rows_(bound, image) {
    constexpr Schedule kSchedule = Schedule::depth_first;  // leaves the outputs whole
    Arena arena(memory_.at_least(plan_bytes(bound.network, image.size, kSchedule)));
    if (is_int8_) {
      int8_plan_ = host::value_or_throw(make_int8_plan(bound, image.size, kSchedule, arena),
                                        "make_int8_plan");
    } else {
      plan_ = host::value_or_throw(make_plan(bound, image.size, kSchedule, arena), "make_plan");
    }
  }
  void run() {
    if (is_int8_) {
      faceio::run(int8_plan_, rows_);
    } else {
      faceio::run(plan_, rows_);
    }
  }
  const MapView& output(int index) const {
    return is_int8_ ? int8_plan_.outputs[index] : plan_.outputs[index];
  }

 private:
  bool is_int8_;
  host::AlignedBytes memory_;
  Plan plan_;  // one of the two
  Int8Plan int8_plan_;
  PictureRows rows_;
};

class DetectorNetwork final : public Task {
 public:
  DetectorNetwork(const std::string& weights, const std::string& pixels)
      : picture_(pixels, kPicture),
        detector_(host::OwnedDetector::load(weights)),
        network_(detector_.detector().bound(), picture_.view()) {}

  void run() override { network_.run(); }

  std::vector<float> outputs() const override {
    using namespace retinaface_mnet025;
    std::vector<float> values;
    for (int scale = 0; scale < kScales; ++scale) {
      const MapView& head = network_.output(scale);
      for (int32_t y = 0; y < head.height; ++y) {
        for (int32_t x = 0; x < head.width; ++x) {
          const float* cell = head.row(y) + static_cast<ptrdiff_t>(x) * head.pixel_stride;
          for (int anchor = 0; anchor < kAnchorsPerCell; ++anchor) {
            const auto append = [&](int first_channel, int count) {
              const float* from = cell + first_channel + anchor * count;
              values.insert(values.end(), from, from + count);
            };
            append(kBoxChannel, 4);
            append(kClassChannel, 2);
            append(kLandmarkChannel, 2 * kLandmarkCount);
          }
        }
      }
    }
    return values;
  }

  const BoundNetwork& bound() const override { return detector_.detector().bound(); }

 private:
  Picture picture_;
  host::OwnedDetector detector_;
  LaidOut network_;
};

class DetectorWhole final : public Task {
 public:
  DetectorWhole(const std::string& weights, const std::string& pixels)
      : picture_(pixels, kPicture), detector_(host::OwnedDetector::load(weights)) {}

  void run() override { faces_ = detector_.detect(picture_.view()); }

  std::vector<float> outputs() const override {
    std::vector<float> values;
    for (const Face& face : faces_) {
      const Box& box = face.box;
      values.insert(values.end(),
                    {box.x, box.y, box.x + box.width, box.y + box.height, face.score});
      for (const Point& p : face.landmarks.points) values.insert(values.end(), {p.x, p.y});
    }
    return values;
  }

  const BoundNetwork& bound() const override { return detector_.detector().bound(); }

 private:
  Picture picture_;
  host::OwnedDetector detector_;
  std::vector<Face> faces_;
};

class RecogniserNetwork final : public Task {
 public:
  RecogniserNetwork(const std::string& weights, const std::string& pixels)
      : crop_(pixels, Embedder::crop_size()),
        embedder_(host::OwnedEmbedder::load(weights)),
        network_(embedder_.embedder().bound(), crop_.view()) {}

  void run() override { network_.run(); }

  std::vector<float> outputs() const override {
    const MapView& map = network_.output(0);
    return {map.data, map.data + map.channels};
  }

  const BoundNetwork& bound() const override { return embedder_.embedder().bound(); }

 private:
  Picture crop_;
  host::OwnedEmbedder embedder_;
  LaidOut network_;
};

class RecogniserWhole final : public Task {
 public:
  RecogniserWhole(const std::string& weights, const std::string& pixels)
      : crop_(pixels, Embedder::crop_size()), embedder_(host::OwnedEmbedder::load(weights)) {}

  // The picture is a crop, so its face lies where the template has it.
  void run() override { embedded_ = embedder_.embed(crop_.view(), kArcFaceTemplate); }

  std::vector<float> outputs() const override {
    const Embedding& e = embedded_.embedding;
    return {e.values, e.values + e.size};
  }

  const BoundNetwork& bound() const override { return embedder_.embedder().bound(); }

 private:
  Picture crop_;
  host::OwnedEmbedder embedder_;
  Embedded embedded_;
};

const char* target_name(const BoundNetwork& bound) {
  const bool is_int8 = bound.network.precision == Precision::int8;
  return is_int8 ? name(bound.int8_kernels->target) : name(bound.kernels->target);
}

std::unique_ptr<Task> make_task(const std::string& network, const std::string& scope,
                                const std::string& weights, const std::string& pixels) {
  if (scope == "network" || scope == "whole") {
    const bool whole = scope == "whole";
    if (network == "detector") {
      if (whole) return std::make_unique<DetectorWhole>(weights, pixels);
      return std::make_unique<DetectorNetwork>(weights, pixels);
    }
    if (network == "recogniser") {
      if (whole) return std::make_unique<RecogniserWhole>(weights, pixels);
      return std::make_unique<RecogniserNetwork>(weights, pixels);
    }
  }
  throw std::runtime_error("there is no " + network + " " + scope +
                           ": say detector or recogniser, then network or whole");
}

std::string timings_json(Task& task, int warm, int runs) {
  using Clock = std::chrono::steady_clock;
  for (int i = 0; i < warm; ++i) task.run();
  std::ostringstream json;
  json << '[';
  for (int i = 0; i < runs; ++i) {
    const auto begin = Clock::now();
    task.run();
    const std::chrono::duration<double, std::milli> elapsed = Clock::now() - begin;
    json << (i == 0 ? "" : ",") << elapsed.count();
  }
  json << ']';
  return json.str();
}

std::string memory_json() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind("VmHWM:", 0) == 0) {
      return "{\"peak_rss_mb\":" + std::to_string(std::stod(line.substr(6)) / 1024.0) + "}";
    }
  }
  throw std::runtime_error("/proc/self/status has no VmHWM: the memory is measured on Linux only");
}

void write_floats(const std::vector<float>& values, const std::string& path) {
  std::ofstream file(path, std::ios::binary);
  file.write(static_cast<const char*>(static_cast<const void*>(values.data())),
             static_cast<std::streamsize>(values.size() * sizeof(float)));
  file.flush();
  if (!file) throw std::runtime_error("cannot write " + path + ": check the folder and its space");
}

void serve(Task& task) {
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    std::string command;
    words >> command;
    if (command == "run") {
      int warm = 0, runs = 0;
      words >> warm >> runs;
      std::cout << timings_json(task, warm, runs) << std::endl;
    } else if (command == "outputs") {
      std::string path;
      std::getline(words >> std::ws, path);
      task.run();
      write_floats(task.outputs(), path);
      std::cout << "{}" << std::endl;
    } else if (command == "mem") {
      std::cout << memory_json() << std::endl;
    } else if (command == "peak") {
      std::cout << "{\"gmac_s\":" << cli::measure_fma_peak_gmac_s(*task.bound().kernels) << "}"
                << std::endl;
    } else if (command == "quit") {
      return;
    } else {
      throw std::runtime_error("unknown command '" + command + "'");
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc != 5) {
      throw std::runtime_error("usage: faceio_peers_worker detector|recogniser network|whole "
                               "WEIGHTS PIXELS");
    }
    const auto task = make_task(argv[1], argv[2], argv[3], argv[4]);
    task->run();
    std::cout << "{\"isa\":\"" << target_name(task->bound()) << "\"}" << std::endl;
    serve(*task);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "faceio_peers_worker: %s\n", error.what());
    return 2;
  }
  return 0;
}
