// From a photograph to an embedding, with exact memory.
#include <doctest/doctest.h>

#include <cmath>
#include <faceio/faceio.hpp>
#include <limits>

#include "../support/astronaut.hpp"
#include "../support/files.hpp"
#include "../support/kernel_tables.hpp"
#include "../support/pictures.hpp"

using namespace faceio;

TEST_CASE("detected and embedded astronaut agrees with the golden crop") {
  const test::Rgb picture = test::astronaut();
  const test::Rgb crop = test::read_picture(test::golden("rec_astronaut_112.png"));
  for (const KernelTable* table : test::runnable_tables()) {
    auto detector = host::OwnedDetector::load(test::detector_path(), {}, table->target);
    auto embedder = host::OwnedEmbedder::load(test::recogniser_path(), table->target);
    const auto faces = detector.detect(picture.view());
    REQUIRE(faces.size() == 1);
    const Embedded full = embedder.embed(picture.view(), faces[0].landmarks);
    CHECK(full.alignment.status == AlignStatus::ok);
    CHECK(full.embedding.model_id == Embedder::network().model_id);
    // Golden: another resolution of the photograph, OpenCV's warp, so not the same pixels.
    CHECK(embedder.cosine(full.embedding, embedder.embed_crop(crop.view())) > 0.98f);
  }
}

TEST_CASE("the aligned crop puts the landmarks on the template") {
  const test::Rgb picture = test::astronaut();
  auto detector = host::OwnedDetector::load(test::detector_path());
  const auto faces = detector.detect(picture.view());
  REQUIRE(faces.size() == 1);
  const auto embedder = host::OwnedEmbedder::load(test::recogniser_path());
  std::vector<uint8_t> crop(Embedder::crop_bytes());
  const auto alignment = embedder.embedder().align(picture.view(), faces[0].landmarks, crop.data());
  REQUIRE(alignment.has_value());
  double squares = 0.0;
  for (int i = 0; i < 5; ++i) {
    const Point p = apply(alignment->image_to_crop, faces[0].landmarks.points[i]);
    squares += std::pow(static_cast<double>(p.x - kArcFaceTemplate.points[i].x), 2) +
               std::pow(static_cast<double>(p.y - kArcFaceTemplate.points[i].y), 2);
  }
  CHECK(std::sqrt(squares / 5.0) == doctest::Approx(static_cast<double>(alignment->residual_px)).epsilon(1e-3));
}

TEST_CASE("memory: N bytes work, N - 1 do not and say what is missing") {
  test::AlignedBuffer bytes(test::read_file(test::recogniser_path()));
  const Blob blob = *Blob::open(bytes.bytes());
  constexpr Requirements need = Embedder::requirements();
  test::AlignedBuffer persistent(need.persistent_bytes), scratch(need.scratch_bytes);
  CHECK(Embedder::create(blob, {persistent.data(), need.persistent_bytes - 1}, Target::scalar).status().detail == 1);
  const auto embedder = Embedder::create(blob, persistent.span(), *best_target());
  REQUIRE(embedder.has_value());
  const test::Rgb picture = test::astronaut();
  CHECK(embedder->embed(picture.view(), test::kAstronaut[0].landmarks, scratch.span()).has_value());
  const auto failed = embedder->embed(picture.view(), test::kAstronaut[0].landmarks, {scratch.data(), need.scratch_bytes - 1});
  REQUIRE(!failed.has_value());
  CHECK(failed.status().code == Errc::arena_too_small);
  CHECK(failed.status().detail == 1);
}

TEST_CASE("what cannot be embedded is refused by name") {
  auto embedder = host::OwnedEmbedder::load(test::recogniser_path());
  const test::Rgb picture = test::astronaut();
  test::AlignedBuffer scratch(Embedder::requirements().scratch_bytes);
  Landmarks same{};
  CHECK(embedder.embedder().embed(picture.view(), same, scratch.span()).status().code == Errc::landmarks_degenerate);
  Landmarks nan = test::kAstronaut[0].landmarks;
  nan.points[2].y = std::numeric_limits<float>::quiet_NaN();
  CHECK(embedder.embedder().embed(picture.view(), nan, scratch.span()).status().code == Errc::landmarks_degenerate);
  Landmarks outside = test::kAstronaut[0].landmarks;
  for (Point& p : outside.points) p.x += 2000.0f;
  CHECK(embedder.embedder().embed(picture.view(), outside, scratch.span()).status().code == Errc::landmarks_outside);
  CHECK(Embedder().embed(picture.view(), outside, scratch.span()).status().code == Errc::not_created);
  CHECK(embedder.embedder().embed_crop(picture.view(), scratch.span()).status().code == Errc::crop_bad_size);
  Embedding a, b;
  a.model_id = 1, b.model_id = 2;
  CHECK(embedder.embedder().cosine(a, b).status().code == Errc::model_mismatch);
}

TEST_CASE("the recogniser's blob is refused by the detector and the other way round") {
  CHECK_THROWS_AS(host::OwnedDetector::load(test::recogniser_path()), host::Error);
  CHECK_THROWS_AS(host::OwnedEmbedder::load(test::detector_path()), host::Error);
  CHECK_THROWS_AS(host::OwnedEmbedder::load("no/such/file.fiow"), host::Error);
}
