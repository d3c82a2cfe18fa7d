// Quality signals of a face: hand-computed angles, distances and variances, in constant expressions too.
#include <doctest/doctest.h>

#include <cmath>
#include <faceio/vision/quality.hpp>
#include <limits>
#include <utility>
#include <vector>

using faceio::Errc;
using faceio::FaceQuality;
using faceio::HeadPose;
using faceio::kArcFaceTemplate;
using faceio::Landmarks;
using faceio::laplacian_variance;
using faceio::Result;

static_assert(faceio::eye_distance_px(Landmarks{{{1, 1}, {4, 5}, {}, {}, {}}}) == 5.0f);
static_assert(faceio::estimate_pose(kArcFaceTemplate)->yaw_deg == 0.0f);

namespace {

HeadPose pose_of(const Landmarks& landmarks) {
  const Result<HeadPose> pose = faceio::estimate_pose(landmarks);
  REQUIRE(pose);
  return *pose;
}

Errc error_of(const Landmarks& landmarks) { return faceio::estimate_pose(landmarks).status().code; }

Landmarks turned(Landmarks landmarks, double degrees, float scale) {
  const double radians = degrees * 3.14159265358979323846 / 180.0;
  const auto c = static_cast<float>(std::cos(radians)), s = static_cast<float>(std::sin(radians));
  for (faceio::Point& p : landmarks.points) {
    p = {scale * (c * p.x - s * p.y) + 300.0f, scale * (s * p.x + c * p.y) + 200.0f};
  }
  return landmarks;
}

// Eyes 100 px apart, the mouth 115.4630831502899 px (the template's share) below, so only the nose tells.
Landmarks upright(float nose_along_px, float nose_below_px) {
  return {{{100, 100},
           {200, 100},
           {150 + nose_along_px, 100 + nose_below_px},
           {110, 215.46308f},
           {190, 215.46308f}}};
}

// Every pixel the same on all channels.
std::vector<uint8_t> rgb_of(const std::vector<uint8_t>& greys) {
  std::vector<uint8_t> pixels;
  for (const uint8_t grey : greys) pixels.insert(pixels.end(), 3, grey);
  return pixels;
}

}  // namespace

TEST_CASE("arctangent agrees with libm") {
  for (double tangent = -50.0; tangent <= 50.0; tangent += 0.037) {
    const double expected = std::atan(tangent) * 180.0 / 3.14159265358979323846;
    CHECK(std::abs(faceio::detail::arctangent_deg(tangent) - expected) < 1e-9);
  }
  CHECK(faceio::detail::arctangent_deg(1e300) == doctest::Approx(90.0));
  CHECK(faceio::detail::direction_deg(0.0, 2.0) == 90.0);
  CHECK(faceio::detail::direction_deg(0.0, -2.0) == -90.0);
  CHECK(faceio::detail::direction_deg(-1.0, 1.0) == doctest::Approx(135.0));
  CHECK(faceio::detail::direction_deg(-1.0, -1.0) == doctest::Approx(-135.0));
  CHECK(faceio::detail::direction_deg(-1.0, 0.0) == 180.0);
}

TEST_CASE("roll is the direction of the eyes, whatever else") {
  // The template's right eye stands 0.1949 px above the left one, 35.2372 px away: -0.31690 degrees.
  CHECK(pose_of(kArcFaceTemplate).roll_deg == doctest::Approx(-0.31690).epsilon(1e-4));
  for (const double degrees : {-170.0, -90.0, -20.0, 0.0, 30.0, 90.0, 179.0}) {
    const HeadPose pose = pose_of(turned(kArcFaceTemplate, degrees, 2.5f));
    CHECK(static_cast<double>(pose.roll_deg) == doctest::Approx(degrees - 0.31690).epsilon(1e-3));
    CHECK(std::abs(pose.yaw_deg) < 0.01f);
    CHECK(std::abs(pose.pitch_deg) < 0.01f);
  }
}

TEST_CASE("yaw by the nose along the eyes") {
  // The template's nose is 0.0000175 eye distances right of the middle. 0.5 tan(30 degrees) = 0.288675.
  CHECK(pose_of(upright(28.8675f, 57.0f)).yaw_deg == doctest::Approx(30.0).epsilon(1e-3));
  CHECK(pose_of(upright(-28.8675f, 57.0f)).yaw_deg == doctest::Approx(-30.0).epsilon(1e-3));
  CHECK(pose_of(upright(50.0f, 57.0f)).yaw_deg == doctest::Approx(45.0).epsilon(1e-3));
  CHECK(std::abs(pose_of(upright(0.0f, 57.0f)).yaw_deg) < 0.01f);
}

TEST_CASE("pitch by the nose between eyes and mouth") {
  // v0 / m0 = 0.5714913 / 1.1546308 = 0.4949558. At +20 degrees the place is 0.4949558 - 0.37 * 0.3639702 =
  // 0.3602868, 41.59988 of 115.46308 px; at -20 degrees 0.6296248, 72.69842 px.
  CHECK(pose_of(upright(0.0f, 41.59988f)).pitch_deg == doctest::Approx(20.0).epsilon(1e-3));
  CHECK(pose_of(upright(0.0f, 72.69842f)).pitch_deg == doctest::Approx(-20.0).epsilon(1e-3));
  CHECK(pose_of(upright(10.0f, 41.59988f)).pitch_deg == doctest::Approx(20.0).epsilon(1e-3));
}

TEST_CASE("points that are no face") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  Landmarks face = upright(0, 57);
  face.points[faceio::kNose].y = nan;
  CHECK(error_of(face) == Errc::landmarks_degenerate);
  face = upright(0, 57);
  face.points[faceio::kMouthImageRight].x = -2e6f;
  CHECK(error_of(face) == Errc::landmarks_degenerate);
  face = upright(0, 57);
  face.points[faceio::kEyeImageRight] = face.points[faceio::kEyeImageLeft];
  CHECK(error_of(face) == Errc::landmarks_degenerate);
  face = upright(0, 57);
  face.points[faceio::kMouthImageLeft].y = face.points[faceio::kMouthImageRight].y = 100.0f;
  CHECK(error_of(face) == Errc::landmarks_degenerate);
  const std::vector<uint8_t> crop(112 * 112 * 3);
  CHECK_FALSE(faceio::measure_quality(face, {}, crop.data()));
}

TEST_CASE("variance of the Laplacian") {
  // 4 x 3, two inner pixels: 10 + 20 + 30 + 40 - 4 * 25 = 0 and 50 + 25 + 80 + 60 - 4 * 30 = 95; mean 47.5.
  const std::vector<uint8_t> greys = {1, 10, 50, 2, 20, 25, 30, 80, 3, 40, 60, 4};
  CHECK(static_cast<double>(laplacian_variance(rgb_of(greys).data(), {4, 3})) ==
        doctest::Approx(47.5 * 47.5));
  // A ramp has no second derivative, nor a flat picture.
  std::vector<uint8_t> ramp;
  for (int y = 0; y < 6; ++y) {
    for (int x = 0; x < 7; ++x) ramp.push_back(static_cast<uint8_t>(10 * x + 20 * y));
  }
  CHECK(laplacian_variance(rgb_of(ramp).data(), {7, 6}) < 1e-6f);
  CHECK(laplacian_variance(rgb_of(std::vector<uint8_t>(25, 200)).data(), {5, 5}) < 1e-6f);
  CHECK(laplacian_variance(rgb_of(greys).data(), {2, 6}) == 0.0f);
  CHECK(laplacian_variance(nullptr, {0, 0}) == 0.0f);
  // Checkers of 0 and 255 at 4 x 4: inner Laplacians of +-4 * 255, two of each sign.
  std::vector<uint8_t> checkers;
  for (int i = 0; i < 16; ++i) checkers.push_back((i + i / 4) % 2 == 0 ? 0 : 255);
  CHECK(static_cast<double>(laplacian_variance(rgb_of(checkers).data(), {4, 4})) ==
        doctest::Approx(1020.0 * 1020.0));
}

TEST_CASE("grey weighs the channels by BT.601") {
  // One inner pixel a column: red 100 at the first, nothing at the second: 29.9 * -4 and 29.9; mean -44.85.
  std::vector<uint8_t> pixels(4 * 3 * 3);
  for (const auto& [channel, weight] : {std::pair<size_t, double>{0, 0.299}, {1, 0.587}, {2, 0.114}}) {
    std::vector<uint8_t> one = pixels;
    one[3 * 5 + channel] = 100;
    const double grey = 100.0 * weight;
    CHECK(static_cast<double>(laplacian_variance(one.data(), {4, 3})) ==
          doctest::Approx(2.5 * grey * 2.5 * grey));
  }
}

TEST_CASE("measure_quality brings the signals together") {
  faceio::Alignment alignment;
  alignment.residual_px = 3.5f;
  alignment.status = faceio::AlignStatus::mirrored;
  std::vector<uint8_t> crop(112 * 112 * 3);
  for (size_t i = 0; i < 3; ++i) crop[3 * (50 * 112 + 50) + i] = 110;
  const Result<FaceQuality> quality = faceio::measure_quality(upright(50.0f, 57.0f), alignment, crop.data());
  REQUIRE(quality);
  CHECK(quality->eye_distance_px == 100.0f);
  CHECK(quality->pose.yaw_deg == doctest::Approx(45.0).epsilon(1e-3));
  CHECK(quality->alignment_residual_px == 3.5f);
  CHECK(quality->alignment_status == faceio::AlignStatus::mirrored);
  // Laplacians of a lone pixel 110: -440 once, 110 four times; they sum to 0. 242,000 over 110 * 110 pixels.
  CHECK(static_cast<double>(quality->sharpness) == doctest::Approx(20.0));
}
