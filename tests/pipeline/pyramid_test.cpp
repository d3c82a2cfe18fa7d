// Several scales, mirrored pictures, tiles and box voting: levels and tiles against hand-computed ones,
// faces against a plain merge of what single runs find.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <faceio/faceio.hpp>

#include "../support/buffers.hpp"
#include "../support/files.hpp"
#include "../support/pictures.hpp"

using namespace faceio;

namespace {

test::Rgb canvas(Size size) {
  test::Rgb out;
  out.size = size;
  out.pixels.assign(3 * static_cast<size_t>(size.width_px) * static_cast<size_t>(size.height_px), 117);
  return out;
}

void paste(const test::Rgb& from, int x, int y, test::Rgb& to) {
  const size_t row = 3 * static_cast<size_t>(from.size.width_px);
  for (int r = 0; r < from.size.height_px; ++r) {
    const size_t at = 3 * (static_cast<size_t>(y + r) * static_cast<size_t>(to.size.width_px) + static_cast<size_t>(x));
    std::copy_n(from.pixels.begin() + static_cast<ptrdiff_t>(static_cast<size_t>(r) * row), row,
                to.pixels.begin() + static_cast<ptrdiff_t>(at));
  }
}

test::Rgb mirrored(const test::Rgb& from) {
  test::Rgb out = from;
  const int width = from.size.width_px;
  for (int y = 0; y < from.size.height_px; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < 3; ++c) {
        out.pixels[static_cast<size_t>((y * width + x) * 3 + c)] =
            from.pixels[static_cast<size_t>((y * width + width - 1 - x) * 3 + c)];
      }
    }
  }
  return out;
}

DetectorOptions all_candidates(int32_t long_side_px) {
  DetectorOptions options;
  options.long_sides_px[0] = long_side_px;
  options.min_score = 0.05f;
  options.nms_iou = 1.0f;
  options.max_candidates = 1000000;
  return options;
}

/// IoU with a pixel added to the sides, as nms_f32 has it.
double pixel_iou(const Box& a, const Box& b) {
  const double width = std::min(a.x + a.width, b.x + b.width) - std::max(a.x, b.x) + 1.0f;
  const double height = std::min(a.y + a.height, b.y + b.height) - std::max(a.y, b.y) + 1.0f;
  if (width <= 0.0 || height <= 0.0) return 0.0;
  const double common = width * height;
  return common / ((a.width + 1.0) * (a.height + 1.0) + (b.width + 1.0) * (b.height + 1.0) - common);
}

std::vector<Face> suppressed(std::vector<Face> faces, double iou_threshold) {
  std::stable_sort(faces.begin(), faces.end(), [](const Face& a, const Face& b) { return a.score > b.score; });
  std::vector<Face> kept;
  for (const Face& face : faces) {
    const bool covered = std::any_of(kept.begin(), kept.end(), [&](const Face& better) {
      return pixel_iou(better.box, face.box) > iou_threshold;
    });
    if (!covered) kept.push_back(face);
  }
  return kept;
}

double side_of(const Face& face, double scale) {
  return std::sqrt(static_cast<double>(face.box.width) * static_cast<double>(face.box.height)) * scale;
}

void check_same(const std::vector<Face>& faces, const std::vector<Face>& expected, float tolerance_px) {
  REQUIRE(faces.size() == expected.size());
  for (size_t i = 0; i < faces.size(); ++i) {
    CHECK(std::abs(faces[i].score - expected[i].score) <= 1e-6f);
    CHECK(std::abs(faces[i].box.x - expected[i].box.x) <= tolerance_px);
    CHECK(std::abs(faces[i].box.y - expected[i].box.y) <= tolerance_px);
    CHECK(std::abs(faces[i].box.width - expected[i].box.width) <= tolerance_px);
    CHECK(std::abs(faces[i].box.height - expected[i].box.height) <= tolerance_px);
    for (int p = 0; p < kLandmarkCount; ++p) {
      CHECK(std::abs(faces[i].landmarks.points[p].x - expected[i].landmarks.points[p].x) <= tolerance_px);
      CHECK(std::abs(faces[i].landmarks.points[p].y - expected[i].landmarks.points[p].y) <= tolerance_px);
    }
  }
}

}  // namespace

TEST_CASE("levels: by the sizes of faces, hand-computed") {
  DetectorOptions options;
  Levels levels = plan_levels({640, 480}, options);
  CHECK(levels.count == 1);
  CHECK(levels.level[0].size == Size{640, 480});
  CHECK(levels.level[0].least_side_px == 0.0f);
  CHECK(levels.level[0].most_side_px > 1e30f);

  // Faces of 8 px at 16 / 8 = 2 times the size; those of 640 px at 512 / 640 = 0.8 times.
  options.min_face_px = 8;
  options.max_face_px = 640;
  levels = plan_levels({640, 480}, options);
  REQUIRE(levels.count == 2);
  CHECK(levels.level[0].size == Size{1280, 960});
  CHECK(levels.level[1].size == Size{512, 384});
  CHECK(levels.level[0].least_side_px == 0.0f);
  CHECK(levels.level[0].most_side_px == 512.0f);
  CHECK(levels.level[1].least_side_px == 24.0f);
  CHECK(levels.level[1].most_side_px > 1e30f);

  // 4 times, 1 time, and 0.5 times.
  options.min_face_px = 4;
  options.max_face_px = 1024;
  levels = plan_levels({640, 480}, options);
  REQUIRE(levels.count == 3);
  CHECK(levels.level[0].size == Size{2560, 1920});
  CHECK(levels.level[1].size == Size{640, 480});
  CHECK(levels.level[1].least_side_px == 24.0f);
  CHECK(levels.level[1].most_side_px == 512.0f);
  CHECK(levels.level[2].size == Size{320, 240});

  // 512 px are found without another level; a larger span than four levels ends with the fourth.
  options.min_face_px = 16;
  options.max_face_px = 512;
  CHECK(plan_levels({640, 480}, options).count == 1);
  options.min_face_px = 1;
  options.max_face_px = 32768;
  CHECK(plan_levels({640, 480}, options).count == kMaxLevels);
  options.min_face_px = 0;
  CHECK(plan_levels({640, 480}, options).level[0].size == Size{640, 480});
}

TEST_CASE("levels: by longer sides, finest first, each size once, at most three times enlarged") {
  DetectorOptions options;
  options.long_sides_px[0] = 640;
  options.long_sides_px[1] = 1600;
  options.long_sides_px[2] = 640;
  Levels levels = plan_levels({1024, 768}, options);
  REQUIRE(levels.count == 2);
  CHECK(levels.level[0].size == Size{1600, 1200});
  CHECK(levels.level[1].size == Size{640, 480});
  levels = plan_levels({416, 416}, options);
  CHECK(levels.level[0].size == Size{1248, 1248});
  levels = plan_levels({100, 200}, options);
  REQUIRE(levels.count == 1);
  CHECK(levels.level[0].size == Size{300, 600});
}

TEST_CASE("tiles: cores share the picture out, and a face of 512 network pixels around each is inside") {
  const Size images[] = {{4096, 4096}, {4098, 100}, {10000, 3000}, {8192, 12290}, {1500, 9000}};
  for (const Size image : images) {
    for (const double scale : {1.0, 2.0, 0.7}) {
      const Size level{static_cast<int32_t>(image.width_px * scale), static_cast<int32_t>(image.height_px * scale)};
      INFO(image.width_px, "x", image.height_px, " at ", scale);
      const int across = (level.width_px + kTileSide_px - 1) / kTileSide_px;
      const int down = (level.height_px + kTileSide_px - 1) / kTileSide_px;
      REQUIRE(tile_count(level) == across * down);
      for (int t = 0; t < tile_count(level); ++t) {
        const Tile tile = tile_of(image, level, t);
        CHECK(tile.x_px % 2 == 0);
        CHECK(tile.y_px % 2 == 0);
        CHECK(tile.x_px + tile.source.width_px <= image.width_px);
        CHECK(tile.y_px + tile.source.height_px <= image.height_px);
        CHECK(tile.size.width_px <= kTileSide_px + 512 + 8);
        CHECK(tile.size.height_px <= kTileSide_px + 512 + 8);
        if (scale == 1.0) CHECK(tile.size == tile.source);
        const double half = 256.0 / scale;
        const bool first = t % across == 0, last = t % across == across - 1;
        if (first) CHECK(tile.x_px == 0);
        if (last) CHECK(tile.x_px + tile.source.width_px == image.width_px);
        if (!first) CHECK(static_cast<double>(tile.core_left) - half >= std::min<double>(tile.x_px, 0.0));
        if (!first) CHECK(std::max(0.0, static_cast<double>(tile.core_left) - half) >= tile.x_px);
        if (!last) {
          const double reach = std::min<double>(static_cast<double>(tile.core_right) + half, image.width_px);
          CHECK(reach <= tile.x_px + tile.source.width_px);
          CHECK(tile.core_right == tile_of(image, level, t + 1).core_left);
        }
        if (t + across < tile_count(level)) CHECK(tile.core_bottom == tile_of(image, level, t + across).core_top);
      }
    }
  }
}

TEST_CASE("a tile's view starts at its first pixel, chroma included") {
  Tile tile;
  tile.x_px = 6;
  tile.y_px = 4;
  tile.source = {10, 8};
  const std::vector<uint8_t> bytes(100 * 60);
  for (const PixelFormat format : {PixelFormat::RGB8, PixelFormat::BGRA8, PixelFormat::GRAY8, PixelFormat::NV12,
                                   PixelFormat::YUYV}) {
    const size_t bytes_a_pixel = format == PixelFormat::RGB8 ? 3 : format == PixelFormat::BGRA8 ? 4 :
                                 format == PixelFormat::YUYV ? 2 : 1;
    const ImageView image(bytes.data(), {20, 16}, 90, format);
    const ImageView view = tile_view(image, tile);
    CHECK(validate(view).ok());
    CHECK(view.size == tile.source);
    CHECK(view.row(3) == image.row(7) + 6 * bytes_a_pixel);
    if (format == PixelFormat::NV12) CHECK(view.chroma_row(3) == image.chroma_row(7) + 6);
  }
}

TEST_CASE("a pyramid finds what a plain merge of its levels finds") {
  // Small, middle and large faces in one picture.
  const test::Rgb face = test::astronaut();
  test::Rgb picture = canvas({1600, 1200});
  paste(face, 40, 20, picture);
  paste(face, 900, 600, picture);
  auto detector = host::OwnedDetector::load(test::detector_path());
  const int32_t sides[] = {1600, 640};
  std::vector<Face> union_of_levels;
  for (int l = 0; l < 2; ++l) {
    detector.set_options(all_candidates(sides[l]));
    for (const Face& found : detector.detect(picture.view())) {
      const double side = side_of(found, sides[l] / 1600.0);
      if (l == 0 ? side < 512.0 : side >= 24.0) union_of_levels.push_back(found);
    }
  }
  DetectorOptions options = all_candidates(1600);
  options.long_sides_px[1] = 640;
  options.nms_iou = 0.4f;
  detector.set_options(options);
  const std::vector<Face> expected = suppressed(union_of_levels, 0.4);
  CHECK(union_of_levels.size() > expected.size());
  CHECK(expected.size() >= 2);
  check_same(detector.detect(picture.view()), expected, 1e-3f);
}

TEST_CASE("flip: the better of the picture and its mirror image, with landmarks on the right sides") {
  const test::Rgb picture = test::astronaut(), mirror = mirrored(picture);
  const auto width = static_cast<float>(picture.size.width_px);
  for (const int32_t long_side_px : {640, 400}) {
    auto detector = host::OwnedDetector::load(test::detector_path());
    detector.set_options(all_candidates(long_side_px));
    std::vector<Face> both = detector.detect(picture.view());
    for (Face face : detector.detect(mirror.view())) {
      face.box.x = width - face.box.x - face.box.width;
      for (Point& point : face.landmarks.points) point.x = width - point.x;
      std::swap(face.landmarks.points[kEyeImageLeft], face.landmarks.points[kEyeImageRight]);
      std::swap(face.landmarks.points[kMouthImageLeft], face.landmarks.points[kMouthImageRight]);
      both.push_back(face);
    }
    DetectorOptions options = all_candidates(long_side_px);
    options.nms_iou = 0.4f;
    options.flip = true;
    detector.set_options(options);
    const std::vector<Face> found = detector.detect(picture.view());
    // At 640 the mirror image is the same pixels; resized ones may differ by a grey level.
    check_same(found, suppressed(both, 0.4), long_side_px == 640 ? 2e-3f : 0.5f);
    REQUIRE(found.size() >= 1);
    CHECK(found[0].landmarks.points[kEyeImageLeft].x < found[0].landmarks.points[kEyeImageRight].x);
  }
}

TEST_CASE("voting: the mean of overlapping boxes, weighted by score") {
  const test::Rgb picture = test::astronaut();
  auto detector = host::OwnedDetector::load(test::detector_path());
  detector.set_options(all_candidates(640));
  const std::vector<Face> candidates = detector.detect(picture.view());
  DetectorOptions options = all_candidates(640);
  options.nms_iou = 0.4f;
  detector.set_options(options);
  std::vector<Face> expected = detector.detect(picture.view());
  for (Face& face : expected) {
    double sum[4] = {}, weight = 0.0;
    for (const Face& other : candidates) {
      if (iou(face.box, other.box) < 0.5f) continue;
      const double values[] = {other.box.x, other.box.y, other.box.width, other.box.height};
      for (int k = 0; k < 4; ++k) sum[k] += static_cast<double>(other.score) * values[k];
      weight += static_cast<double>(other.score);
    }
    face.box = {static_cast<float>(sum[0] / weight), static_cast<float>(sum[1] / weight),
                static_cast<float>(sum[2] / weight), static_cast<float>(sum[3] / weight)};
  }
  options.voting_iou = 0.5f;
  detector.set_options(options);
  const std::vector<Face> voted = detector.detect(picture.view());
  check_same(voted, expected, 1e-2f);
  options.voting_iou = 0.0f;
  detector.set_options(options);
  CHECK(std::abs(detector.detect(picture.view())[0].box.width - voted[0].box.width) > 0.05f);
}

TEST_CASE("tiles find the faces of a picture that one run finds, each once") {
  // Wider than a tile; the middle face lies where two tiles meet, at 2500.
  const test::Rgb face = test::astronaut();
  test::Rgb picture = canvas({5000, 480});
  for (const int x : {0, 2290, 4360}) paste(face, x, 0, picture);
  auto detector = host::OwnedDetector::load(test::detector_path());
  REQUIRE(tile_count(picture.size) == 2);
  const std::vector<Face> alone = detector.detect(face.view());
  REQUIRE(alone.size() == 1);
  std::vector<Face> found = detector.detect(picture.view());
  REQUIRE(found.size() == 3);
  std::sort(found.begin(), found.end(), [](const Face& a, const Face& b) { return a.box.x < b.box.x; });
  const float at[] = {0.0f, 2290.0f, 4360.0f};
  for (size_t i = 0; i < 3; ++i) {
    // What lies around the face differs, and where it falls on the grid of anchors.
    CHECK(std::abs(found[i].box.x - at[i] - alone[0].box.x) < 4.0f);
    CHECK(std::abs(found[i].box.y - alone[0].box.y) < 4.0f);
    CHECK(found[i].score > 0.99f);
    CHECK(std::abs(found[i].landmarks.points[kNose].x - at[i] - alone[0].landmarks.points[kNose].x) < 3.0f);
  }
}

TEST_CASE("memory of pyramids, mirrored levels and tiles: N bytes work, N - 1 do not") {
  test::AlignedBuffer bytes(test::read_file(test::detector_path()));
  const Blob blob = *Blob::open(bytes.bytes());
  DetectorOptions wide, deep, flipped;
  deep.long_sides_px[0] = 200;
  deep.long_sides_px[1] = 330;
  flipped = deep;
  flipped.flip = true;
  struct Case {
    Size size;
    DetectorOptions options;
  };
  for (const Case& c : {Case{{4100, 40}, wide}, Case{{160, 120}, deep}, Case{{161, 90}, flipped}}) {
    const test::Rgb picture = canvas(c.size);
    const Requirements need = Detector::requirements(c.size, c.options);
    test::AlignedBuffer persistent(need.persistent_bytes), scratch(need.scratch_bytes);
    const auto detector = Detector::create(blob, persistent.span(), c.options, *best_target());
    REQUIRE(detector.has_value());
    Face faces[4];
    CHECK(detector->detect(picture.view(), scratch.span(), faces).has_value());
    const auto failed = detector->detect(picture.view(), {scratch.data(), need.scratch_bytes - 1}, faces);
    REQUIRE(!failed.has_value());
    CHECK(failed.status().code == Errc::arena_too_small);
  }
}
