// Callers that hold the library wrong, and weights that are numbers but nonsense: a status that names the mistake, or an
// answer that is finite.
#include <doctest/doctest.h>

#include <cmath>
#include <faceio/faceio.hpp>
#include <limits>

#include "../support/astronaut.hpp"
#include "../support/blob_editor.hpp"
#include "../support/kernel_tables.hpp"
#include "../support/pictures.hpp"

using namespace faceio;

namespace {

constexpr Size kSmall{48, 32};

struct SmallDetector {
  host::OwnedDetector owner = host::OwnedDetector::load(test::detector_path());
  std::vector<uint8_t> pixels = std::vector<uint8_t>(48 * 32 * 4, 90);
  test::AlignedBuffer scratch{Detector::requirements(kSmall).scratch_bytes};
  Face faces[4];

  ImageView view() const { return {pixels.data(), kSmall, 48 * 3, PixelFormat::RGB8}; }
  Status detect(const ImageView& image, Span<uint8_t> memory, Span<Face> out) const {
    return owner.detector().detect(image, memory, out).status();
  }
};

bool is_finite(const Face& face) {
  bool finite = std::isfinite(face.box.x) && std::isfinite(face.box.y) && std::isfinite(face.box.width) &&
                std::isfinite(face.box.height) && std::isfinite(face.score);
  for (const Point& p : face.landmarks.points) finite = finite && std::isfinite(p.x) && std::isfinite(p.y);
  return finite;
}

/// All weights of a role of every operation times a factor, as far as floats go.
test::BlobEditor scaled(const std::string& path, Role role, float factor) {
  test::BlobEditor blob(path);
  for (size_t i = 0; i < blob.header().entry_count; ++i) {
    const BlobEntry e = blob.entry(i);
    if (e.role != role || e.dtype != DType::f32) continue;
    for (uint64_t at = e.offset; at < e.offset + e.bytes; at += sizeof(float)) {
      float value;
      std::memcpy(&value, blob.bytes.data() + at, sizeof value);
      value *= factor;
      value = std::max(std::min(value, std::numeric_limits<float>::max()), std::numeric_limits<float>::lowest());
      std::memcpy(blob.bytes.data() + at, &value, sizeof value);
    }
  }
  blob.seal();
  return blob;
}

}  // namespace

TEST_CASE("memory that overlaps is refused") {
  SmallDetector d;
  const Span<uint8_t> scratch = d.scratch.span();
  CHECK(d.detect(d.view(), scratch, d.faces).ok());
  // The picture at the beginning, at the end, and around the memory.
  const ImageView in_front(scratch.data, kSmall, 48 * 3, PixelFormat::RGB8);
  CHECK(d.detect(in_front, scratch, d.faces).code == Errc::memory_overlaps);
  const ImageView at_end(scratch.data + scratch.size - 1, kSmall, 48 * 3, PixelFormat::RGB8);
  CHECK(d.detect(at_end, scratch, d.faces).code == Errc::memory_overlaps);
  test::AlignedBuffer outer(64 * 64 + scratch.size);
  const ImageView around(outer.data(), {48, 64}, 64 + scratch.size / 60, PixelFormat::RGB8);
  CHECK(d.detect(around, {outer.data() + 640, scratch.size / 2}, d.faces).code == Errc::memory_overlaps);
  // Neighbours do not overlap.
  const ImageView next_to(scratch.data + scratch.size, kSmall, 48 * 3, PixelFormat::RGB8);
  CHECK_FALSE(overlaps(next_to, scratch));
  CHECK_FALSE(overlaps(scratch, {scratch.data + scratch.size, 1}));
  CHECK(overlaps(scratch, {scratch.data + scratch.size - 1, 1}));
  CHECK_FALSE(overlaps(scratch, {scratch.data + 1, 0}));
  // Results in the scratch memory, and in the picture.
  auto* const inside = static_cast<Face*>(static_cast<void*>(scratch.data + 64));
  CHECK(d.detect(d.view(), scratch, {inside, 1}).code == Errc::memory_overlaps);
  auto* const in_picture = static_cast<Face*>(static_cast<void*>(d.pixels.data()));
  CHECK(d.detect(d.view(), scratch, {in_picture, 1}).code == Errc::memory_overlaps);
  // The chroma plane counts too.
  const ImageView nv12(d.pixels.data(), kSmall, 48, PixelFormat::NV12, scratch.data, 48);
  CHECK(d.detect(nv12, scratch, d.faces).code == Errc::memory_overlaps);

  auto embedder = host::OwnedEmbedder::load(test::recogniser_path());
  test::AlignedBuffer room(Embedder::requirements().scratch_bytes);
  const ImageView crop(room.data(), Embedder::crop_size(), 112 * 3, PixelFormat::RGB8);
  CHECK(embedder.embedder().embed_crop(crop, room.span()).status().code == Errc::memory_overlaps);
  CHECK(embedder.embedder().embed(crop, test::kAstronaut[0].landmarks, room.span()).status().code == Errc::memory_overlaps);
  CHECK(embedder.embedder().align(crop, kArcFaceTemplate, room.data() + 5).status().code == Errc::memory_overlaps);
  CHECK(embedder.embedder().align(crop, kArcFaceTemplate, nullptr).status().code == Errc::output_null);
}

TEST_CASE("null, misaligned and huge arguments are refused by name") {
  SmallDetector d;
  CHECK(d.detect(d.view(), d.scratch.span(), {static_cast<Face*>(nullptr), 3}).code == Errc::output_null);
  CHECK(d.detect(d.view(), d.scratch.span(), {}).ok());
  for (size_t off = 1; off < 64; ++off) {
    const Status status = d.detect(d.view(), {d.scratch.data() + off, d.scratch.size() - off}, d.faces);
    CHECK(status.code == Errc::arena_misaligned);
    CHECK(status.detail == off);
  }
  // A negative stride, as unsigned numbers go, and others whose product with the height wraps.
  for (const size_t stride : {static_cast<size_t>(-144), ~size_t{0}, ~size_t{0} / 32 + 1, ~size_t{0} / 64 + 1}) {
    const ImageView image(d.pixels.data(), kSmall, stride, PixelFormat::RGB8);
    CHECK(validate(image).code == Errc::image_stride_too_large);
    CHECK(d.detect(image, d.scratch.span(), d.faces).code == Errc::image_stride_too_large);
  }
  const ImageView chroma(d.pixels.data(), kSmall, 48, PixelFormat::NV12, d.pixels.data(), static_cast<size_t>(-48));
  CHECK(validate(chroma).code == Errc::image_stride_too_large);
}

TEST_CASE("objects that were moved from say not_created") {
  auto first = host::OwnedDetector::load(test::detector_path());
  auto second = std::move(first);
  const std::vector<uint8_t> grey(48 * 32 * 3, 90);
  const ImageView view(grey.data(), kSmall, 48 * 3, PixelFormat::RGB8);
  CHECK(second.detect(view).empty());
  const auto code_of = [&](host::OwnedDetector& detector) {
    try {
      static_cast<void>(detector.detect(view));
    } catch (const host::Error& error) {
      return error.status().code;
    }
    return Errc::ok;
  };
  CHECK(code_of(first) == Errc::not_created);  // NOLINT(bugprone-use-after-move): that is the test
  CHECK(first.blob().empty());
  first = std::move(second);
  CHECK(code_of(first) == Errc::ok);
  CHECK(code_of(second) == Errc::not_created);

  auto embedder = host::OwnedEmbedder::load(test::recogniser_path());
  auto moved = std::move(embedder);
  CHECK_THROWS_AS(static_cast<void>(embedder.embed(view, kArcFaceTemplate)), host::Error);
  CHECK(moved.cosine(moved.embed_crop(ImageView(std::vector<uint8_t>(112 * 112 * 3, 60).data(), {112, 112}, 336, PixelFormat::RGB8)),
                     moved.embed_crop(ImageView(std::vector<uint8_t>(112 * 112 * 3, 60).data(), {112, 112}, 336, PixelFormat::RGB8))) > 0.999f);
}

TEST_CASE("embeddings that nobody made are not compared") {
  auto embedder = host::OwnedEmbedder::load(test::recogniser_path());
  Embedding a, b;
  CHECK(embedder.embedder().cosine(a, b).status().code == Errc::not_created);
  a.size = b.size = kMaxEmbeddingSize + 1;
  CHECK(embedder.embedder().cosine(a, b).status().code == Errc::model_mismatch);
  a.size = b.size = -1;
  CHECK(embedder.embedder().cosine(a, b).status().code == Errc::not_created);
}

TEST_CASE("options beyond reason find nothing or something, and no more memory than is asked for") {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN(), kInfinity = std::numeric_limits<float>::infinity();
  auto detector = host::OwnedDetector::load(test::detector_path());
  const test::Rgb picture = test::astronaut();
  for (const float value : {kNan, kInfinity, -kInfinity, -1.0f, 0.0f, 1.0f, 2.0f}) {
    for (int which = 0; which < 3; ++which) {
      DetectorOptions options;
      options.max_candidates = 300;
      (which == 0 ? options.min_score : which == 1 ? options.nms_iou : options.voting_iou) = value;
      detector.set_options(options);
      for (const Face& face : detector.detect(picture.view())) CHECK(is_finite(face));
    }
  }
  for (const int32_t value : {std::numeric_limits<int32_t>::min(), -1, 0}) {
    DetectorOptions options;
    options.max_candidates = value;
    detector.set_options(options);
    CHECK(detector.detect(picture.view()).empty());
  }
}

TEST_CASE("weights that overflow give finite faces or none, and no embedding") {
  const test::Rgb picture = test::astronaut();
  // A corner of it: what it shows makes no difference.
  const ImageView corner(picture.view().data, {160, 120}, picture.view().stride_bytes, PixelFormat::RGB8);
  for (const Role role : {Role::weights, Role::bias}) {
    for (const float factor : {1e10f, 1e38f, -1e38f, 0.0f}) {
      const test::BlobEditor editor = scaled(test::detector_path(), role, factor);
      test::AlignedBuffer bytes(editor.bytes);
      const auto blob = Blob::open(bytes.bytes());
      REQUIRE(blob.has_value());
      for (const KernelTable* table : test::runnable_tables()) {
        DetectorOptions options;
        options.min_score = 0.0f;
        options.max_candidates = 300;
        options.voting_iou = kVotingIou;
        const Requirements need = Detector::requirements(corner.size, options);
        test::AlignedBuffer persistent(need.persistent_bytes), scratch(need.scratch_bytes);
        const auto detector = Detector::create(*blob, persistent.span(), options, table->target);
        REQUIRE(detector.has_value());
        std::vector<Face> faces(300);
        const auto found = detector->detect(corner, scratch.span(), {faces.data(), faces.size()});
        REQUIRE(found.has_value());
        for (const Face& face : found->faces) CHECK(is_finite(face));
      }
    }
  }
  const test::BlobEditor editor = scaled(test::recogniser_path(), Role::weights, 1e38f);
  test::AlignedBuffer bytes(editor.bytes);
  const auto blob = Blob::open(bytes.bytes());
  REQUIRE(blob.has_value());
  test::AlignedBuffer persistent(Embedder::requirements().persistent_bytes), scratch(Embedder::requirements().scratch_bytes);
  for (const KernelTable* table : test::runnable_tables()) {
    const auto embedder = Embedder::create(*blob, persistent.span(), table->target);
    REQUIRE(embedder.has_value());
    CHECK(embedder->embed(picture.view(), test::kAstronaut[0].landmarks, scratch.span()).status().code == Errc::no_direction);
  }
}

TEST_CASE("a tensor of an operation that the network lacks is named") {
  for (const std::string& path : {test::detector_path(), test::int8_detector_path()}) {
    test::BlobEditor editor(path);
    // The last tensor of an operation becomes one of an operation behind the last.
    size_t i = 0;
    while (editor.entry(i + 1).op_index != kWholeModel) ++i;
    BlobEntry e = editor.entry(i);
    e.op_index = static_cast<uint16_t>(Detector::network().ops.size);
    editor.set_entry(i, e);
    editor.seal();
    test::AlignedBuffer bytes(editor.bytes);
    const auto blob = Blob::open(bytes.bytes());
    REQUIRE(blob.has_value());
    test::AlignedBuffer persistent(Detector::requirements({}, {}, blob->precision()).persistent_bytes);
    const auto detector = Detector::create(*blob, persistent.span(), {}, Target::scalar);
    CHECK(detector.status().code == Errc::blob_foreign_tensor);
    CHECK(detector.status().detail == i);
  }
}

TEST_CASE("of each operation, a missing tensor is named") {
  for (const std::string& path : {test::detector_path(), test::int8_detector_path()}) {
    const test::BlobEditor whole(path);
    for (size_t i = 0; whole.entry(i).op_index != kWholeModel; ++i) {
      const BlobEntry was = whole.entry(i);
      if (was.role == Role::selftest_output) continue;
      // A role of the format that no operation has keeps the order of the directory.
      test::BlobEditor editor(path);
      BlobEntry e = was;
      e.flags = kEntryOptional;
      e.layout = static_cast<Layout>(200);
      editor.set_entry(i, e);
      editor.seal();
      test::AlignedBuffer bytes(editor.bytes);
      const auto blob = Blob::open(bytes.bytes());
      REQUIRE(blob.has_value());
      if (blob->precision() == Precision::int8 && was.op_index == 0 && was.role == Role::weights) continue;
      test::AlignedBuffer persistent(Detector::requirements({}, {}, blob->precision()).persistent_bytes);
      const auto detector = Detector::create(*blob, persistent.span(), {}, Target::scalar);
      CHECK(detector.status().code == Errc::blob_missing_tensor);
      CHECK(detector.status().detail == was.op_index);
    }
  }
}
