#include "jobs.hpp"

#include <random>

#include "astronaut.hpp"

namespace test {

using namespace faceio;

template <class Network, class Create>
Network Networks::load(const std::string& path, const Create& create) {
  memory_.push_back(std::make_unique<AlignedBuffer>(read_file(path)));
  const Result<Blob> blob = Blob::open(memory_.back()->bytes());
  return *create(*blob, [this](size_t size) {
    memory_.push_back(std::make_unique<AlignedBuffer>(size));
    return memory_.back()->span();
  });
}

Networks::Networks(Target target) : picture_(astronaut()) {
  for (const bool int8 : {false, true}) {
    detector_[int8] = load<Detector>(int8 ? int8_detector_path() : detector_path(), [target](const Blob& blob, const auto& room) {
      return Detector::create(blob, room(Detector::requirements({}, {}, blob.precision()).persistent_bytes), {}, target);
    });
    embedder_[int8] = load<Embedder>(int8 ? int8_recogniser_path() : recogniser_path(), [target](const Blob& blob, const auto& room) {
      return Embedder::create(blob, room(Embedder::requirements(blob.precision()).persistent_bytes), target);
    });
  }
}

Span<uint8_t> Worker::scratch(size_t size) {
  if (!scratch_ || scratch_->size() < size) scratch_ = std::make_unique<AlignedBuffer>(size);
  return scratch_->span();
}

uint64_t Worker::run(uint32_t number) {
  std::mt19937 generator(number);
  const auto between = [&generator](int32_t low, int32_t high) {
    return low + static_cast<int32_t>(generator() % static_cast<uint32_t>(high - low + 1));
  };
  const bool int8 = between(0, 1) == 1;
  const Rgb& whole = networks_->picture();
  const Size size{between(20, whole.size.width_px / 2) * 2, between(20, whole.size.height_px / 2) * 2};
  // The middle of the picture, where the face is.
  const int32_t left = (whole.size.width_px - size.width_px) / 2, top = (whole.size.height_px - size.height_px) / 4;
  const PixelFormat formats[] = {PixelFormat::RGB8, PixelFormat::BGR8, PixelFormat::RGBA8, PixelFormat::GRAY8, PixelFormat::NV12};
  const PixelFormat format = formats[between(0, 4)];
  const size_t stride = row_bytes(format, size.width_px) + static_cast<size_t>(between(0, 40));
  const bool planes = has_chroma_plane(format);
  const auto height = static_cast<size_t>(size.height_px);
  pixels_.assign(stride * (planes ? height * 3 / 2 : height), 128);
  const size_t channels = row_bytes(format, 1);
  for (int32_t y = 0; y < size.height_px; ++y) {
    for (int32_t x = 0; x < size.width_px; ++x) {
      const uint8_t* const from =
          whole.pixels.data() + (static_cast<size_t>(top + y) * static_cast<size_t>(whole.size.width_px) + static_cast<size_t>(left + x)) * 3;
      uint8_t* const to = pixels_.data() + static_cast<size_t>(y) * stride + static_cast<size_t>(x) * channels;
      for (size_t c = 0; c < channels && c < 3; ++c) to[c] = format == PixelFormat::BGR8 ? from[2 - c] : from[c];
    }
  }
  const ImageView image(pixels_.data(), size, stride, format);
  DetectorOptions options;
  options.min_face_px = between(0, 2) == 0 ? between(14, 60) : 0;
  options.flip = between(0, 5) == 0;
  Detector detector = networks_->detector(int8);
  detector.set_options(options);
  const Precision precision = int8 ? Precision::int8 : Precision::fp32;
  Face faces[8];
  const auto found =
      host::value_or_throw(detector.detect(image, scratch(Detector::requirements(size, options, precision).scratch_bytes), faces), "job");
  Fnv1a hash;
  hash.add(static_cast<float>(found.found));
  for (const Face& face : found.faces) {
    for (const float value : {face.box.x, face.box.y, face.box.width, face.box.height, face.score}) hash.add(value);
    for (const Point& p : face.landmarks.points) hash.add(p.x), hash.add(p.y);
  }
  if (!found.faces.empty()) {
    const auto embedded = networks_->embedder(int8).embed(image, found.faces[0].landmarks,
                                                          scratch(Embedder::requirements(precision).scratch_bytes));
    if (embedded) {
      for (int32_t i = 0; i < embedded->embedding.size; ++i) hash.add(embedded->embedding.values[i]);
    }
  }
  return hash.value();
}

}  // namespace test
