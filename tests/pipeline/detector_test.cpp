// The detector on real pictures, at all sizes, in all pixel formats, with exact memory.
#include <doctest/doctest.h>

#include <faceio/faceio.hpp>

#include "../support/astronaut.hpp"
#include "../support/buffers.hpp"
#include "../support/files.hpp"
#include "../support/kernel_tables.hpp"
#include "../support/pictures.hpp"

using namespace faceio;

namespace {

void check_face(const Face& face, const test::ExpectedFace& expected, float tolerance_px) {
  CHECK(std::abs(face.box.x - expected.x1) <= tolerance_px);
  CHECK(std::abs(face.box.y - expected.y1) <= tolerance_px);
  CHECK(std::abs(face.box.x + face.box.width - expected.x2) <= tolerance_px);
  CHECK(std::abs(face.box.y + face.box.height - expected.y2) <= tolerance_px);
  for (int i = 0; i < kLandmarkCount; ++i) {
    CHECK(std::abs(face.landmarks.points[i].x - expected.landmarks.points[i].x) <= tolerance_px);
    CHECK(std::abs(face.landmarks.points[i].y - expected.landmarks.points[i].y) <= tolerance_px);
  }
}

test::Rgb crop_of(const test::Rgb& from, Size size) {
  test::Rgb out;
  out.size = size;
  for (int y = 0; y < size.height_px; ++y) {
    const uint8_t* row = from.pixels.data() + 3 * static_cast<size_t>(y % from.size.height_px) * static_cast<size_t>(from.size.width_px);
    for (int x = 0; x < size.width_px; ++x) {
      const uint8_t* p = row + 3 * (x % from.size.width_px);
      out.pixels.insert(out.pixels.end(), p, p + 3);
    }
  }
  return out;
}

}  // namespace

TEST_CASE("one face in the astronaut, where onnxruntime finds it") {
  const test::Rgb picture = test::astronaut();
  for (const KernelTable* table : test::runnable_tables()) {
    auto detector = host::OwnedDetector::load(test::detector_path(), {}, table->target);
    const auto faces = detector.detect(picture.view());
    REQUIRE(faces.size() == 1);
    CHECK(std::abs(faces[0].score - 0.99859f) <= 1e-5f);
    check_face(faces[0], test::kAstronaut[0], 0.02f);
  }
}

TEST_CASE("six faces in the picture of six people") {
  const std::string path = test::shared_golden("det_t1_640x480.png");
  if (!test::available(path)) return;
  auto detector = host::OwnedDetector::load(test::detector_path());
  const auto faces = detector.detect(test::read_picture(path).view());
  REQUIRE(faces.size() == 6);
  for (size_t i = 1; i < faces.size(); ++i) CHECK(faces[i - 1].score >= faces[i].score);
}

TEST_CASE("every packed format gives the same faces; a wrong one does not crash") {
  const test::Rgb picture = test::astronaut();
  const Size size = picture.size;
  const size_t pixels = static_cast<size_t>(size.width_px) * static_cast<size_t>(size.height_px);
  auto detector = host::OwnedDetector::load(test::detector_path());
  const auto expected = detector.detect(picture.view());
  REQUIRE(expected.size() == 1);
  struct Case { PixelFormat format; int bytes; int order[3]; };
  const Case cases[] = {{PixelFormat::BGR8, 3, {2, 1, 0}}, {PixelFormat::RGBA8, 4, {0, 1, 2}}, {PixelFormat::BGRA8, 4, {2, 1, 0}}};
  for (const Case& c : cases) {
    const size_t stride = static_cast<size_t>(size.width_px * c.bytes) + 13;
    std::vector<uint8_t> data(stride * static_cast<size_t>(size.height_px), 0x5a);
    for (size_t i = 0; i < pixels; ++i) {
      const size_t y = i / static_cast<size_t>(size.width_px), x = i % static_cast<size_t>(size.width_px);
      for (size_t k = 0; k < 3; ++k) {
        data[y * stride + x * static_cast<size_t>(c.bytes) + k] = picture.pixels[3 * i + static_cast<size_t>(c.order[k])];
      }
    }
    const auto faces = detector.detect(ImageView(data.data(), size, stride, c.format));
    REQUIRE(faces.size() == 1);
    CHECK(std::memcmp(&faces[0], &expected[0], sizeof(Face)) == 0);  // the same pixels: the same bits
  }
  std::vector<uint8_t> grey(pixels);
  for (size_t i = 0; i < pixels; ++i) grey[i] = picture.pixels[3 * i + 1];
  const auto faces = detector.detect(ImageView(grey.data(), size, static_cast<size_t>(size.width_px), PixelFormat::GRAY8));
  REQUIRE(faces.size() == 1);
  CHECK(iou(faces[0].box, expected[0].box) > 0.9f);
}

TEST_CASE("camera formats: NV12, NV21 and YUYV find the face of the RGB picture") {
  const test::Rgb picture = test::astronaut();
  const Size size = picture.size;
  const auto width = static_cast<size_t>(size.width_px), height = static_cast<size_t>(size.height_px);
  auto detector = host::OwnedDetector::load(test::detector_path());
  const auto expected = detector.detect(picture.view());
  std::vector<uint8_t> nv12(width * height * 3 / 2), nv21(nv12.size()), yuyv(width * height * 2);
  const auto clamp8 = [](double v) { return static_cast<uint8_t>(v < 0.0 ? 0.0 : v > 255.0 ? 255.0 : v + 0.5); };
  for (size_t y = 0; y < height; ++y) {
    for (size_t x = 0; x < width; ++x) {
      const uint8_t* p = picture.pixels.data() + 3 * (y * width + x);
      const double r = p[0], g = p[1], b = p[2];  // BT.601, limited range
      const uint8_t luma = clamp8(16.0 + 0.256788 * r + 0.504129 * g + 0.097906 * b);
      const uint8_t u = clamp8(128.0 - 0.148223 * r - 0.290993 * g + 0.439216 * b);
      const uint8_t v = clamp8(128.0 + 0.439216 * r - 0.367788 * g - 0.071427 * b);
      nv12[y * width + x] = nv21[y * width + x] = luma;
      yuyv[2 * (y * width + x)] = luma;
      if (x % 2 == 0) yuyv[2 * (y * width + x) + 1] = u, yuyv[2 * (y * width + x) + 3] = v;
      if (x % 2 == 0 && y % 2 == 0) {
        uint8_t* c = nv12.data() + width * height + y / 2 * width + x;
        c[0] = u, c[1] = v;
        uint8_t* d = nv21.data() + width * height + y / 2 * width + x;
        d[0] = v, d[1] = u;
      }
    }
  }
  const ImageView views[] = {{nv12.data(), size, width, PixelFormat::NV12},
                             {nv21.data(), size, width, PixelFormat::NV21},
                             {yuyv.data(), size, 2 * width, PixelFormat::YUYV}};
  for (const ImageView& view : views) {
    const auto faces = detector.detect(view);
    REQUIRE(faces.size() == 1);
    CHECK(iou(faces[0].box, expected[0].box) > 0.95f);
    CHECK(std::abs(faces[0].landmarks.points[kNose].x - expected[0].landmarks.points[kNose].x) < 1.5f);
  }
}

TEST_CASE("any size from one pixel up") {
  const test::Rgb picture = test::astronaut();
  auto detector = host::OwnedDetector::load(test::detector_path());
  const Size sizes[] = {{1, 1}, {1, 300}, {300, 1}, {31, 33}, {32, 32}, {33, 32}, {257, 255}, {639, 479}, {641, 481}, {1000, 35}};
  for (const Size size : sizes) {
    const test::Rgb cut = crop_of(picture, size);
    const auto faces = detector.detect(cut.view());
    for (const Face& face : faces) {
      CHECK(face.score > 0.6f);
      CHECK(face.box.width > 0.0f);
    }
    // The face lies in the left half of the picture: it is found whenever it is inside.
    if (size.width_px > 300 && size.height_px > 200) {
      REQUIRE(!faces.empty());
      check_face(faces[0], test::kAstronaut[0], 3.0f);
    }
  }
}

TEST_CASE("min_face_px scales as cv2.resize does and returns boxes of the original picture") {
  const test::Rgb picture = test::astronaut();
  DetectorOptions options;
  for (const test::ExpectedFace& expected : test::kAstronaut) {
    options.min_face_px = expected.min_face_px;
    auto detector = host::OwnedDetector::load(test::detector_path(), options);
    const auto faces = detector.detect(picture.view());
    INFO("min_face_px " << expected.min_face_px);
    REQUIRE(faces.size() >= 1);
    // A grey level more or less in the resized picture moves a box by a fraction of a pixel.
    CHECK(std::abs(faces[0].score - expected.score) <= 2e-4f);
    check_face(faces[0], expected, 0.6f);
  }
  options.min_face_px = 32;
  CHECK(plan_levels({640, 480}, options).level[0].size == Size{320, 240});
  CHECK(Detector::requirements({640, 480}, options).scratch_bytes <
        Detector::requirements({640, 480}).scratch_bytes / 2);
}

TEST_CASE("memory: N bytes work, N - 1 do not and say what is missing") {
  const test::Rgb picture = test::astronaut();
  test::AlignedBuffer bytes(test::read_file(test::detector_path()));
  const Blob blob = *Blob::open(bytes.bytes());
  const Size sizes[] = {{32, 32}, {1, 1}, {97, 61}, {160, 120}, {641, 479}};
  for (const int min_face_px : {0, 20}) {
    for (const Size size : sizes) {
      DetectorOptions options;
      options.min_face_px = min_face_px;
      const Requirements need = Detector::requirements(size, options);
      test::AlignedBuffer persistent(need.persistent_bytes);
      const auto short_create = Detector::create(blob, {persistent.data(), need.persistent_bytes - 1}, options, Target::scalar);
      REQUIRE(!short_create.has_value());
      CHECK(short_create.status().code == Errc::arena_too_small);
      CHECK(short_create.status().detail == 1);
      const auto detector = Detector::create(blob, persistent.span(), options, *best_target());
      REQUIRE(detector.has_value());
      const test::Rgb cut = crop_of(picture, size);
      test::AlignedBuffer scratch(need.scratch_bytes);
      Face faces[4];
      CHECK(detector->detect(cut.view(), scratch.span(), faces).has_value());
      for (const size_t missing : {size_t{1}, need.scratch_bytes / 2, need.scratch_bytes}) {
        const auto failed = detector->detect(cut.view(), {scratch.data(), need.scratch_bytes - missing}, faces);
        REQUIRE(!failed.has_value());
        CHECK(failed.status().code == Errc::arena_too_small);
        CHECK(failed.status().detail == missing);
      }
    }
  }
}

TEST_CASE("a short output span is filled with the best and the rest is counted") {
  const std::string path = test::shared_golden("det_t1_640x480.png");
  const test::Rgb picture = test::exists(path) ? test::read_picture(path) : test::astronaut();
  auto owned = host::OwnedDetector::load(test::detector_path());
  const auto all = owned.detect(picture.view());
  test::AlignedBuffer scratch(owned.workspace_bytes(picture.size));
  for (size_t room = 0; room <= all.size() + 1; ++room) {
    std::vector<Face> faces(room);
    const auto found = owned.detector().detect(picture.view(), scratch.span(), {faces.data(), room});
    REQUIRE(found.has_value());
    CHECK(found->found == all.size());
    REQUIRE(found->faces.size == std::min(room, all.size()));
    for (size_t i = 0; i < found->faces.size; ++i) CHECK(found->faces[i].score == all[i].score);
  }
}

TEST_CASE("pictures that cannot be read are refused by name") {
  auto owned = host::OwnedDetector::load(test::detector_path());
  std::vector<uint8_t> pixels(3 * 64 * 64);
  test::AlignedBuffer scratch(owned.workspace_bytes({64, 64}));
  Face faces[2];
  const auto code = [&](const ImageView& image) {
    return owned.detector().detect(image, scratch.span(), faces).status().code;
  };
  CHECK(code(ImageView(nullptr, {64, 64}, 192, PixelFormat::RGB8)) == Errc::image_null);
  CHECK(code(ImageView(pixels.data(), {0, 64}, 192, PixelFormat::RGB8)) == Errc::image_empty);
  CHECK(code(ImageView(pixels.data(), {64, -1}, 192, PixelFormat::RGB8)) == Errc::image_empty);
  CHECK(code(ImageView(pixels.data(), {64, 64}, 191, PixelFormat::RGB8)) == Errc::image_bad_stride);
  CHECK(code(ImageView(pixels.data(), {64, 64}, 192, static_cast<PixelFormat>(0))) == Errc::image_bad_format);
  CHECK(code(ImageView(pixels.data(), {64, 64}, 192, static_cast<PixelFormat>(9))) == Errc::image_bad_format);
  CHECK(code(ImageView(pixels.data(), {40000, 1}, 120000, PixelFormat::RGB8)) == Errc::image_too_large);
  CHECK(code(ImageView(pixels.data(), {33, 32}, 64, PixelFormat::NV12)) == Errc::image_odd_size);
  CHECK(code(ImageView(pixels.data(), {32, 33}, 64, PixelFormat::NV21)) == Errc::image_odd_size);
  CHECK(code(ImageView(pixels.data(), {33, 33}, 128, PixelFormat::YUYV)) == Errc::image_odd_size);
  CHECK(code(ImageView(pixels.data(), {64, 64}, 192, PixelFormat::RGB8)) == Errc::ok);
  CHECK(code(ImageView(pixels.data(), {64, 32}, 64, PixelFormat::NV12, nullptr, 64)) == Errc::image_null);
}

TEST_CASE("a picture that min_face_px would enlarge too much is refused before memory is asked for") {
  DetectorOptions options;
  options.min_face_px = 1;
  auto owned = host::OwnedDetector::load(test::detector_path(), options);
  const std::vector<uint8_t> pixels(3000);
  try {
    owned.detect(ImageView(pixels.data(), {3000, 1}, 3000, PixelFormat::GRAY8));
    FAIL("not refused");
  } catch (const host::Error& e) {
    CHECK(e.status().code == Errc::image_too_enlarged);
  }
}

TEST_CASE("null memory and objects that were never created are errors, not crashes") {
  auto owned = host::OwnedDetector::load(test::detector_path());
  const std::vector<uint8_t> pixels(64 * 64);
  const ImageView image(pixels.data(), {64, 64}, 64, PixelFormat::GRAY8);
  Face faces[1];
  CHECK(owned.detector().detect(image, {nullptr, size_t{1} << 30}, faces).status().code == Errc::arena_too_small);
  CHECK(Detector().detect(image, {}, faces).status().code == Errc::not_created);
  CHECK(Detector::create(Blob(), {}, {}, Target::scalar).status().code == Errc::not_created);
}

TEST_CASE("absurd sizes are counted without overflow") {
  DetectorOptions options;
  constexpr int32_t kHuge = 2147483647;
  CHECK(Detector::requirements({kHuge, kHuge}, options).scratch_bytes ==
        Detector::requirements({kMaxImageSide_px, kMaxImageSide_px}, options).scratch_bytes);
  CHECK(Detector::requirements({-5, 10}, options).scratch_bytes > 0);
  options.max_candidates = kHuge;
  CHECK(Detector::requirements({64, 64}, options).scratch_bytes > 0);
  CHECK(saturating_add(kTooLarge_bytes - 1, 5) == kTooLarge_bytes);
  CHECK(saturating_multiply(kTooLarge_bytes / 2, 3) == kTooLarge_bytes);
  CHECK(saturating_multiply(3, 5) == 15);
  CHECK(round_up(kTooLarge_bytes - 3, 64) == kTooLarge_bytes);
}
