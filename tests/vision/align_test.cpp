// Alignment against Eigen's Umeyama fit, and the cases that must be refused or reported.
#include <doctest/doctest.h>

// gcc 12 warns of uninitialised and overrun memory inside Eigen's vector code; an oracle needs none.
#define EIGEN_DONT_VECTORIZE
#include <Eigen/Geometry>
#include <cmath>
#include <faceio/vision/align.hpp>
#include <limits>

#include "../support/buffers.hpp"

using faceio::align_to_template;
using faceio::Alignment;
using faceio::AlignStatus;
using faceio::Errc;
using faceio::kArcFaceTemplate;
using faceio::kLandmarkCount;
using faceio::Landmarks;
using faceio::Point;
using faceio::Result;
using faceio::Similarity;

static_assert(align_to_template(kArcFaceTemplate)->image_to_crop.a == 1.0f);
static_assert(align_to_template(Landmarks{}).status().code == Errc::landmarks_degenerate);

namespace {

using Points = Eigen::Matrix<double, 2, kLandmarkCount>;

Points matrix_of(const Landmarks& landmarks) {
  Points m;
  for (int i = 0; i < kLandmarkCount; ++i) {
    m(0, i) = static_cast<double>(landmarks.points[i].x);
    m(1, i) = static_cast<double>(landmarks.points[i].y);
  }
  return m;
}

Landmarks moved(const Landmarks& from, const Similarity& s) {
  Landmarks result;
  for (int i = 0; i < kLandmarkCount; ++i) result.points[i] = faceio::apply(s, from.points[i]);
  return result;
}

Landmarks mirrored(const Landmarks& from) {
  Landmarks result;
  for (int i = 0; i < kLandmarkCount; ++i) result.points[i] = {-from.points[i].x, from.points[i].y};
  return result;
}

void check_against_eigen(const Landmarks& landmarks) {
  const Points source = matrix_of(landmarks), target = matrix_of(kArcFaceTemplate);
  const Eigen::Matrix3d fit = Eigen::umeyama(source, target, true);
  const Result<Alignment> ours = align_to_template(landmarks);
  REQUIRE(ours);
  const Similarity& s = ours->image_to_crop;
  const double scale = std::sqrt(fit(0, 0) * fit(0, 0) + fit(1, 0) * fit(1, 0));
  CHECK(std::abs(static_cast<double>(s.a) - fit(0, 0)) <= 1e-5 * scale);
  CHECK(std::abs(static_cast<double>(s.b) - fit(1, 0)) <= 1e-5 * scale);
  CHECK(std::abs(static_cast<double>(s.tx) - fit(0, 2)) <= 1e-5 * (1.0 + std::abs(fit(0, 2))));
  CHECK(std::abs(static_cast<double>(s.ty) - fit(1, 2)) <= 1e-5 * (1.0 + std::abs(fit(1, 2))));
  const Eigen::Vector2d shift = fit.topRightCorner<2, 1>();
  const Points mapped = (fit.topLeftCorner<2, 2>() * source).colwise() + shift;
  const double residual = std::sqrt((mapped - target).squaredNorm() / kLandmarkCount);
  CHECK(std::abs(static_cast<double>(ours->residual_px) - residual) <= 1e-5 * (1.0 + residual));
}

}  // namespace

TEST_CASE("align_to_template: a moved template is found again without residual") {
  for (int i = 0; i < 200; ++i) {
    const Similarity s{test::random_float(-3.0f, 3.0f), test::random_float(0.2f, 3.0f),
                       test::random_float(-999.0f, 999.0f), test::random_float(-999.0f, 999.0f)};
    const Result<Alignment> ours = align_to_template(moved(kArcFaceTemplate, s));
    REQUIRE(ours);
    CHECK(ours->status == AlignStatus::ok);
    CHECK(ours->residual_px < 2e-3f);  // landmarks near 1300 are rounded to 1e-4 pixels, scale 0.2
    const Similarity expected = faceio::inverse(s);
    CHECK(std::abs(ours->image_to_crop.a - expected.a) <= 1e-4f);
    CHECK(std::abs(ours->image_to_crop.b - expected.b) <= 1e-4f);
  }
}

TEST_CASE("align_to_template: equals Eigen's Umeyama fit") {
  for (int i = 0; i < 500; ++i) {  // faces with noise
    const Similarity s{test::random_float(-2.0f, 2.0f), test::random_float(0.1f, 2.0f),
                       test::random_float(0.0f, 1000.0f), test::random_float(0.0f, 1000.0f)};
    Landmarks landmarks = moved(kArcFaceTemplate, s);
    for (Point& p : landmarks.points) {
      p.x += test::random_float(-8.0f, 8.0f);
      p.y += test::random_float(-8.0f, 8.0f);
    }
    check_against_eigen(landmarks);
  }
  for (int i = 0; i < 500; ++i) {  // any five points; half of them fit better mirrored
    Landmarks landmarks;
    for (Point& p : landmarks.points) {
      p = {test::random_float(0.0f, 500.0f), test::random_float(0.0f, 500.0f)};
    }
    const Result<Alignment> ours = align_to_template(landmarks);
    REQUIRE(ours);
    const double size = static_cast<double>(ours->image_to_crop.a * ours->image_to_crop.a +
                                            ours->image_to_crop.b * ours->image_to_crop.b);
    if (size < 1e-4) continue;  // nearly no correlation: Eigen's SVD has lost the rotation there
    check_against_eigen(landmarks);
  }
}

TEST_CASE("align_to_template: mirrored landmarks are reported, the transform stays proper") {
  // By definition: the error of the best mirrored fit is the smaller one.
  for (int i = 0; i < 300; ++i) {
    Landmarks landmarks;
    for (Point& p : landmarks.points) {
      p = {test::random_float(0.0f, 100.0f), test::random_float(0.0f, 100.0f)};
    }
    const Result<Alignment> plain = align_to_template(landmarks);
    const Result<Alignment> flipped = align_to_template(mirrored(landmarks));
    REQUIRE(plain);
    REQUIRE(flipped);
    CHECK((plain->status == AlignStatus::mirrored) == (flipped->residual_px < plain->residual_px));
  }
  const Result<Alignment> template_flipped = align_to_template(mirrored(kArcFaceTemplate));
  REQUIRE(template_flipped);
  CHECK(template_flipped->status == AlignStatus::mirrored);
  check_against_eigen(mirrored(kArcFaceTemplate));

  Landmarks swapped = kArcFaceTemplate;  // named by the person's sides instead of the picture's
  std::swap(swapped.points[faceio::kEyeImageLeft], swapped.points[faceio::kEyeImageRight]);
  std::swap(swapped.points[faceio::kMouthImageLeft], swapped.points[faceio::kMouthImageRight]);
  const Result<Alignment> result = align_to_template(swapped);
  REQUIRE(result);
  CHECK(result->status == AlignStatus::mirrored);
}

TEST_CASE("align_to_template: residual status") {
  // An upright face whose nose is d pixels off: the residual grows with d and crosses the limit.
  bool crossed = false;
  for (float d = 0.0f; d < 60.0f; d += 1.0f) {
    Landmarks landmarks = kArcFaceTemplate;
    landmarks.points[faceio::kNose].x += d;
    const Result<Alignment> result = align_to_template(landmarks);
    REQUIRE(result);
    const bool large = result->residual_px > faceio::kLargeResidual_px;
    CHECK((result->status == AlignStatus::large_residual) == large);
    CHECK((!crossed || large));
    crossed = large;
  }
  CHECK(crossed);
}

TEST_CASE("align_to_template: degenerate landmarks are refused") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinity = std::numeric_limits<float>::infinity();
  Landmarks same;
  for (Point& p : same.points) p = {317.25f, 90.5f};
  CHECK(align_to_template(same).status().code == Errc::landmarks_degenerate);
  for (const float bad : {nan, infinity, -infinity, 3e38f, 1.1e6f}) {
    for (int i = 0; i < kLandmarkCount; ++i) {
      Landmarks landmarks = kArcFaceTemplate;
      landmarks.points[i].x = bad;
      CHECK(align_to_template(landmarks).status().code == Errc::landmarks_degenerate);
      landmarks = kArcFaceTemplate;
      landmarks.points[i].y = bad;
      CHECK(align_to_template(landmarks).status().code == Errc::landmarks_degenerate);
    }
  }
  // Barely enough: a face of a tenth of a pixel still has a direction.
  CHECK(align_to_template(moved(kArcFaceTemplate, Similarity{0.002f, 0, 0, 0})).has_value());
  CHECK(!align_to_template(moved(kArcFaceTemplate, Similarity{0.0002f, 0, 0, 0})).has_value());
}
