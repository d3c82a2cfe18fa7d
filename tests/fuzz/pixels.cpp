// Any picture in memory (format, size, stride, planes, options) through detection, alignment and embedding: a status, or
// numbers that are finite; the pixels end where their allocation ends.
#include <faceio/faceio.hpp>

#include "../support/files.hpp"
#include "../support/kernel_tables.hpp"
#include "fuzz.hpp"

using namespace faceio;

namespace {

/// The network with the weights of a file, on every target.
template <class Network>
struct Networks {
  test::AlignedBuffer bytes;
  Blob blob;
  std::vector<std::unique_ptr<test::AlignedBuffer>> memory;
  std::vector<Network> each;

  template <class Create>
  Networks(const std::string& path, const Create& create) : bytes(test::read_file(path)), blob(*Blob::open(bytes.bytes())) {
    for (const KernelTable* table : test::runnable_tables()) each.push_back(create(*this, table->target));
  }
  Span<uint8_t> persistent(size_t size) {
    memory.push_back(std::make_unique<test::AlignedBuffer>(size));
    return memory.back()->span();
  }
};

Networks<Detector>& detectors(bool int8) {
  static const auto create = [](Networks<Detector>& n, Target target) {
    const size_t need = Detector::requirements({}, {}, n.blob.precision()).persistent_bytes;
    return *Detector::create(n.blob, n.persistent(need), {}, target);
  };
  static Networks<Detector> kFp32(test::detector_path(), create), kInt8(test::int8_detector_path(), create);
  return int8 ? kInt8 : kFp32;
}

Networks<Embedder>& embedders() {
  static Networks<Embedder> kInt8(test::int8_recogniser_path(), [](Networks<Embedder>& n, Target target) {
    return *Embedder::create(n.blob, n.persistent(Embedder::requirements(n.blob.precision()).persistent_bytes), target);
  });
  return kInt8;
}

bool is_finite(const Landmarks& landmarks) {
  bool finite = true;
  for (const Point& p : landmarks.points) finite = finite && std::isfinite(p.x) && std::isfinite(p.y);
  return finite;
}

DetectorOptions options_of(fuzz::Input& input) {
  DetectorOptions options;
  options.min_score = static_cast<float>(input.take<uint8_t>()) / 255.0f;
  options.nms_iou = static_cast<float>(input.take<uint8_t>()) / 200.0f;
  options.min_face_px = input.between(-1, 64);
  options.max_face_px = input.between(-1, 200) * 8;
  options.flip = input.between(0, 7) == 0;
  options.voting_iou = input.between(0, 3) == 0 ? kVotingIou : 0.0f;
  options.max_candidates = input.between(-1, 200);
  for (int32_t& side : options.long_sides_px) side = input.between(0, 3) == 0 ? input.between(-1, 120) : 0;
  return options;
}

/// Largest network input that a target of this speed should take, in pixels.
constexpr int64_t kMostNetworkPixels = 120 * 120;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::Input input(data, size);
  const uint8_t choice = input.take<uint8_t>();
  const auto format = static_cast<PixelFormat>(input.between(0, 9));
  const Size image_size{input.between(-1, 70), input.between(-1, 70)};
  const DetectorOptions options = options_of(input);
  const size_t row = image_size.width_px > 0 ? row_bytes(format, image_size.width_px) : 0;
  // Strides at and around a row, and some that no memory has.
  const uint8_t stride_kind = input.take<uint8_t>();
  const size_t stride = stride_kind < 250 ? row + static_cast<size_t>(stride_kind % 8) - (stride_kind % 16 == 9 ? 2 : 0)
                                          : ~size_t{0} / static_cast<size_t>(stride_kind - 248);
  const auto height = static_cast<size_t>(image_size.height_px > 0 ? image_size.height_px : 0);
  const bool readable = stride >= row && stride < 4096 && row > 0 && height > 0;
  const bool planes = has_chroma_plane(format);
  const size_t luma_bytes = readable ? stride * (height - 1) + row : 0;
  const size_t chroma_bytes = readable && planes && height > 1 ? stride * (height / 2 - 1) + row : 0;
  const fuzz::Exact luma(input.data(), input.size(), luma_bytes, choice), chroma(input.data(), input.size(), chroma_bytes, 99);
  const ImageView image(choice % 32 == 31 ? nullptr : luma.data(), image_size, stride, format,
                        choice % 32 == 30 ? nullptr : chroma.data(), stride);
  if (validate(image).ok() && !readable) return 0;  // a view of memory that is not there
  const Levels levels = plan_levels(image_size, options);
  int64_t pixels = 0;
  for (int i = 0; i < levels.count; ++i) {
    pixels += int64_t{levels.level[i].size.width_px} * levels.level[i].size.height_px;
  }
  if (pixels > kMostNetworkPixels) return 0;

  Networks<Detector>& networks = detectors(choice % 2 == 0);
  Detector detector = networks.each[choice / 2 % networks.each.size()];
  detector.set_options(options);
  const Requirements need = Detector::requirements(image_size, options, networks.blob.precision());
  test::AlignedBuffer scratch(need.scratch_bytes);
  Face faces[8];
  const auto found = detector.detect(image, scratch.span(), faces);
  if (!found) {
    FUZZ_REQUIRE(found.status().code == detector.can_detect(image).code);
    return 0;
  }
  FUZZ_REQUIRE(found->found >= found->faces.size);
  FUZZ_REQUIRE(found->found <= Detector::max_faces(image_size, options));
  for (const Face& face : found->faces) {
    FUZZ_REQUIRE(std::isfinite(face.box.x + face.box.y + face.box.width + face.box.height) && is_finite(face.landmarks));
    FUZZ_REQUIRE(face.score > options.min_score && face.score <= 1.0f);
  }

  if (choice % 8 != 3) return 0;
  Networks<Embedder>& recognisers = embedders();
  const Embedder& embedder = recognisers.each[choice / 8 % recognisers.each.size()];
  Landmarks landmarks;
  for (Point& p : landmarks.points) p = {input.take<float>(), input.take<float>()};
  test::AlignedBuffer room(Embedder::requirements(recognisers.blob.precision()).scratch_bytes);
  const auto embedded = embedder.embed(image, landmarks, room.span());
  if (!embedded) return 0;
  const Similarity& s = embedded->alignment.image_to_crop;
  FUZZ_REQUIRE(std::isfinite(s.a) && std::isfinite(s.b) && std::isfinite(s.tx) && std::isfinite(s.ty));
  const auto same = embedder.cosine(embedded->embedding, embedded->embedding);
  FUZZ_REQUIRE(same.has_value() && *same > 0.999f && *same <= 1.0f);
  return 0;
}
