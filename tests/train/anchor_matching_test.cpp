// Anchors, matching and encoding: hand-computed cases, and the detector's own decoding as the inverse. Random scenes
// are compared with tools/loss_oracle/multitask.py.
#include <doctest/doctest.h>

#include <cmath>
#include <faceio/train/anchor_matching.hpp>
#include <limits>
#include <string>

#include "../support/buffers.hpp"
#include "../support/kernel_tables.hpp"
#include "refuses.hpp"

using namespace faceio::train;
using test::refuses;
using faceio::Box;
using faceio::Landmarks;
using Match = std::vector<int32_t>;

namespace {

constexpr int32_t B = kBackgroundAnchor, I = kIgnoredAnchor;

// Three anchors of 16 px side by side: [0, 16], [16, 32] and [32, 48] across, [0, 16] down.
const std::vector<Anchor> kThree = {{8, 8, 16}, {24, 8, 16}, {40, 8, 16}};

TruthFace face(float x, float y, float width, float height) { return {Box{x, y, width, height}, {}}; }

}  // namespace

TEST_CASE("detector_anchors: order and centres of the published outputs") {
  const std::vector<Anchor> anchors = detector_anchors({640, 640});
  REQUIRE(anchors.size() == 16800);  // (80^2 + 40^2 + 20^2) * 2
  const struct {
    size_t index;
    Anchor anchor;
  } expected[] = {{0, {4, 4, 16}},         {1, {4, 4, 32}},          {2, {12, 4, 16}},        {160, {4, 12, 16}},
                  {12799, {636, 636, 32}}, {12800, {8, 8, 64}},      {12801, {8, 8, 128}},    {15999, {632, 632, 128}},
                  {16000, {16, 16, 256}},  {16799, {624, 624, 512}}};
  for (const auto& e : expected) {
    CAPTURE(e.index);
    CHECK(anchors[e.index].x == e.anchor.x);
    CHECK(anchors[e.index].y == e.anchor.y);
    CHECK(anchors[e.index].side == e.anchor.side);
  }
  // Sides that strides do not divide: rows and columns are rounded up.
  CHECK(detector_anchors({65, 33}).size() == 2 * (9 * 5 + 5 * 3 + 3 * 2));
  CHECK(detector_anchors({32, 32}).size() == 2 * (16 + 4 + 1));
  CHECK(refuses([] { detector_anchors({640, 31}); }, {"640 x 31 px", "pad it to 32 px"}));
}

TEST_CASE("match_anchors: thresholds of the published code and of the paper") {
  // Across [4, 20]: 192 / 320 = 0.6 of the first anchor, 64 / 448 = 1/7 of the second.
  CHECK(match_anchors(kThree, {face(4, 0, 16, 16)}) == Match{0, B, B});
  CHECK(match_anchors(kThree, {face(4, 0, 16, 16)}, MatchingOptions::paper()) == Match{0, B, B});
  // Across [8, 24]: 128 / 384 = 1/3 of both. The first of them is the face's best anchor.
  CHECK(match_anchors(kThree, {face(8, 0, 16, 16)}) == Match{0, B, B});
  CHECK(match_anchors(kThree, {face(8, 0, 16, 16)}, MatchingOptions::paper()) == Match{I, I, B});

  MatchingOptions by_iou;
  by_iou.best_anchor_for_each_face = false;
  CHECK(match_anchors(kThree, {face(8, 0, 16, 16)}, by_iou) == Match{B, B, B});
  // Exactly at a threshold: 7/20 = 0.35 and 8/16 = 0.5 of the anchor are positive.
  CHECK(match_anchors({{10, 10, 20}}, {face(0, 0, 7, 20)}, by_iou) == Match{0});
  CHECK(match_anchors({{10, 10, 20}}, {face(0, 0, 6.999f, 20)}, by_iou) == Match{B});
  CHECK(match_anchors({{8, 8, 16}}, {face(0, 0, 8, 16)}, MatchingOptions::paper()) == Match{0});
  CHECK(match_anchors({{8, 8, 16}}, {face(0, 0, 7.999f, 16)}, MatchingOptions::paper()) == Match{I});
  // 6/20 = 0.3 is ignored, less is background.
  CHECK(match_anchors({{10, 10, 20}}, {face(0, 0, 6, 20)}, MatchingOptions::paper()) == Match{I});
  CHECK(match_anchors({{10, 10, 20}}, {face(0, 0, 5.999f, 20)}, MatchingOptions::paper()) == Match{B});
}

TEST_CASE("match_anchors: each anchor takes the face that it overlaps most, the first of equals") {
  MatchingOptions by_iou;
  by_iou.best_anchor_for_each_face = false;
  // The first anchor: 1 with face 1, 0.6 with face 0.
  CHECK(match_anchors(kThree, {face(4, 0, 16, 16), face(0, 0, 16, 16)}, by_iou) == Match{1, B, B});
  CHECK(match_anchors(kThree, {face(0, 0, 16, 16), face(0, 0, 16, 16)}, by_iou) == Match{0, B, B});
}

TEST_CASE("match_anchors: two faces whose best anchor is the same: the last gets it") {
  CHECK(match_anchors(kThree, {face(0, 0, 16, 16), face(2, 0, 16, 16)}) == Match{1, B, B});
  CHECK(match_anchors(kThree, {face(2, 0, 16, 16), face(0, 0, 16, 16)}) == Match{1, B, B});
  // Twice the same face over two anchors of the same place: the best anchor, the first, is the last face's; the second
  // stays with the first face, by its overlap.
  CHECK(match_anchors({{8, 8, 16}, {8, 8, 16}}, {face(0, 0, 16, 16), face(0, 0, 16, 16)}) == Match{1, 0});
}

TEST_CASE("match_anchors: hard faces, whose best IoU is below 0.2") {
  // 4 x 4 px in an anchor: 16 / 256 = 1/16.
  const TruthFace hard = face(6, 6, 4, 4), easy = face(0, 0, 16, 16);
  CHECK(match_anchors(kThree, {hard}) == Match{B, B, B});
  // The published code hands it the anchor of the easy face, when it comes later.
  CHECK(match_anchors(kThree, {easy, hard}) == Match{1, B, B});
  CHECK(match_anchors(kThree, {hard, easy}) == Match{1, B, B});
  // An anchor that no overlap makes positive stays background.
  CHECK(match_anchors(kThree, {easy, face(22, 6, 4, 4)}) == Match{0, B, B});
  // It also hands over an anchor that is positive by its overlap alone: the second, which is nobody's best.
  const std::vector<Anchor> pair = {{8, 8, 16}, {10, 8, 16}};  // IoU with `easy`: 1 and 7/9
  CHECK(match_anchors(pair, {easy}) == Match{0, 0});
  CHECK(match_anchors(pair, {easy, face(17, 0, 2, 2)}) == Match{0, 1});
  // A face beside all anchors overlaps the first one most, with 0.
  CHECK(match_anchors(kThree, {easy, face(500, 500, 9, 9)}) == Match{1, B, B});

  MatchingOptions stay;
  stay.hard_faces_redirect_anchors = false;
  CHECK(match_anchors(kThree, {easy, hard}, stay) == Match{0, B, B});
  CHECK(match_anchors(pair, {easy, face(17, 0, 2, 2)}, stay) == Match{0, 0});
  CHECK(match_anchors(kThree, {easy, face(500, 500, 9, 9)}, stay) == Match{0, B, B});

  // When all faces are hard, all anchors are background, even with a threshold that some would pass.
  MatchingOptions low;
  low.positive_iou = low.negative_iou = 0.05;
  CHECK(match_anchors(kThree, {hard}, low) == Match{B, B, B});
  CHECK(match_anchors(kThree, {hard, face(16, 0, 16, 16)}, low) == Match{0, 1, B});
  low.hard_faces_redirect_anchors = false;
  CHECK(match_anchors(kThree, {hard}, low) == Match{0, B, B});

  // 0.2 itself is not hard: 4 x 20 of 20 x 20 px.
  CHECK(match_anchors({{10, 10, 20}}, {face(0, 0, 4, 20)}) == Match{0});
  CHECK(match_anchors({{10, 10, 20}}, {face(0, 0, 3.999f, 20)}) == Match{B});
  MatchingOptions lower;
  lower.least_best_iou = 0.05;
  CHECK(match_anchors(kThree, {hard}, lower) == Match{0, B, B});
}

TEST_CASE("match_anchors: no face, and nothing but faces") {
  const std::vector<Anchor> anchors = detector_anchors({64, 64});
  for (const MatchingOptions& options : {MatchingOptions{}, MatchingOptions::paper()}) {
    CHECK(match_anchors(anchors, {}, options) == Match(anchors.size(), B));
    const DetectionTargets<float> targets = make_targets<float>(anchors, {}, options);
    CHECK(targets.positives.empty());
    CHECK(targets.box.rows() == 0);
    CHECK(targets.landmarks.cols() == 10);
    CHECK(match_anchors({{8, 8, 16}, {8, 8, 16}}, {face(0, 0, 16, 16)}, options) == Match{0, 0});
  }
}

TEST_CASE("match_anchors: a face smaller than every anchor is hard; 8 px have an anchor if they lie well") {
  const std::vector<Anchor> anchors = detector_anchors({640, 640});
  // 8 x 8 within 16 x 16: IoU 1/4. 7 x 7: 49/256 = 0.19.
  const Match found = match_anchors(anchors, {face(320, 320, 8, 8)});
  CHECK(std::count(found.begin(), found.end(), 0) == 1);
  CHECK(found[40 * 160 + 40 * 2] == 0);  // row 40, column 40: centre 324, side 16
  CHECK(match_anchors(anchors, {face(320, 320, 7, 7)}) == Match(anchors.size(), B));
  CHECK(match_anchors(anchors, {face(320, 320, 1e-3f, 1e-3f)}) == Match(anchors.size(), B));
}

TEST_CASE("encode: hand-computed") {
  const Anchor anchor{100, 60, 32};
  // Centre 24 px right of and 4 px above the anchor's, twice as wide, half as high; 0.1 * 32 = 3.2 px a unit.
  const auto box = encode<double>(anchor, Box{92, 48, 64, 16});
  CHECK(box[0] == doctest::Approx(7.5).epsilon(1e-7));
  CHECK(box[1] == doctest::Approx(-1.25).epsilon(1e-7));
  CHECK(box[2] == doctest::Approx(std::log(2.0) / 0.2).epsilon(1e-7));
  CHECK(box[3] == doctest::Approx(-std::log(2.0) / 0.2).epsilon(1e-7));
  const Landmarks points{{{100, 60}, {103.2f, 60}, {100, 56.8f}, {68, 92}, {116, 28}}};
  const double expected[] = {0, 0, 1, 0, 0, -1, -10, 10, 5, -10};
  const auto code = encode<double>(anchor, points);
  for (size_t k = 0; k < 10; ++k) {
    CAPTURE(k);
    CHECK(code[k] == doctest::Approx(expected[k]).epsilon(1e-6));
  }
}

TEST_CASE("make_targets: rows of positives, rising, landmarks only of faces that have them") {
  TruthFace with = face(0, 0, 16, 16);
  with.landmarks = Landmarks{{{8, 8}, {9.6f, 8}, {8, 8}, {8, 8}, {8, 4.8f}}};
  const DetectionTargets<double> targets = make_targets<double>(kThree, {face(32, 0, 16, 16), with});
  CHECK(targets.match == Match{1, B, 0});
  CHECK(targets.positives == Match{0, 2});
  CHECK(targets.has_landmarks == std::vector<bool>{true, false});
  CHECK(targets.box.norm() == doctest::Approx(0.0));  // both faces are their anchors
  CHECK(targets.landmarks(0, 2) == doctest::Approx(1.0).epsilon(1e-6));
  CHECK(targets.landmarks(0, 9) == doctest::Approx(-2.0).epsilon(1e-6));
  CHECK(targets.landmarks.row(0).cwiseAbs().sum() == doctest::Approx(3.0).epsilon(1e-6));
  CHECK(targets.landmarks.row(1).norm() == 0.0);
}

TEST_CASE("encode is undone by the detector's decoding, on every target") {
  const std::vector<Anchor> anchors = detector_anchors({640, 480});
  constexpr int kCount = 1000;
  std::vector<float> raw(faceio::kCandidateValues * kCount), x(kCount), y(kCount), side(kCount), expected(raw.size());
  for (size_t i = 0; i < kCount; ++i) {
    const Anchor& anchor = anchors[test::rng()() % anchors.size()];
    x[i] = anchor.x;
    y[i] = anchor.y;
    side[i] = anchor.side;
    const Box box{test::random_float(-50, 600), test::random_float(-50, 440), std::exp(test::random_float(0, 6)),
                  std::exp(test::random_float(0, 6))};
    Landmarks landmarks;
    for (faceio::Point& p : landmarks.points) p = {test::random_float(-50, 690), test::random_float(-50, 530)};
    const auto box_code = encode<float>(anchor, box);
    const auto landmark_code = encode<float>(anchor, landmarks);
    const float corners[] = {box.x, box.y, box.x + box.width, box.y + box.height};
    for (size_t k = 0; k < faceio::kCandidateValues; ++k) {
      raw[k * kCount + i] = k < 4 ? box_code[k] : landmark_code[k - 4];
      const faceio::Point& p = landmarks.points[k < 4 ? 0 : (k - 4) / 2];
      expected[k * kCount + i] = k < 4 ? corners[k] : k % 2 == 0 ? p.x : p.y;
    }
  }
  for (const faceio::KernelTable* table : test::runnable_tables()) {
    INFO(std::string(faceio::name(table->target)));
    std::vector<float> out(raw.size());
    faceio::AnchorDecodeArgs args;
    args.raw = raw.data();
    args.out = out.data();
    args.raw_stride = args.out_stride = args.count = kCount;
    args.anchor_x = x.data();
    args.anchor_y = y.data();
    args.anchor_size = side.data();
    args.centre_variance = faceio::retinaface_mnet025::kCentreVariance;
    args.size_variance = faceio::retinaface_mnet025::kSizeVariance;
    table->anchor_decode_f32(args);
    double worst = 0.0;
    for (size_t i = 0; i < out.size(); ++i) {
      worst = std::max(worst, std::abs(static_cast<double>(out[i]) - static_cast<double>(expected[i])));
    }
    CAPTURE(worst);
    CHECK(worst <= 1e-3);  // px; a code of 30 for log-sides is rounded to 2e-6, and sides reach 400 px
  }
}

TEST_CASE("matching refuses what it cannot use, and says what to do") {
  const float nan = std::numeric_limits<float>::quiet_NaN(), infinity = std::numeric_limits<float>::infinity();
  const auto matching = [](std::vector<Anchor> anchors, std::vector<TruthFace> faces, MatchingOptions options = {}) {
    return [=] { match_anchors(anchors, faces, options); };
  };
  CHECK(refuses(matching({}, {}), {"no anchors", "detector_anchors()"}));
  CHECK(refuses(matching({{1, 1, 16}, {1, 1, 0}}, {}), {"anchor 1", "above 0"}));
  CHECK(refuses(matching({{nan, 1, 16}}, {}), {"anchor 0", "finite"}));
  for (const TruthFace& bad : {face(0, 0, 0, 5), face(0, 0, 5, -1), face(nan, 0, 5, 5), face(0, 0, 5, infinity)}) {
    CHECK(refuses(matching(kThree, {face(0, 0, 1, 1), bad}), {"face 1", "mend the annotation"}));
  }
  TruthFace bad_point = face(0, 0, 16, 16);
  bad_point.landmarks = Landmarks{};
  bad_point.landmarks->points[4].y = nan;
  CHECK(refuses(matching(kThree, {bad_point}), {"face 0", "landmark", "no landmarks"}));
  for (const auto& [positive, negative] : {std::pair{0.5, 0.6}, {1.1, 0.3}, {0.5, 0.0}, {0.5, std::nan("")},
                                           {std::nan(""), 0.3}}) {
    MatchingOptions options;
    options.positive_iou = positive;
    options.negative_iou = negative;
    CHECK(refuses(matching(kThree, {}, options), {"IoU thresholds", "0 < negative <= positive <= 1"}));
  }
  MatchingOptions options;
  options.least_best_iou = -0.1;
  CHECK(refuses(matching(kThree, {}, options), {"least IoU of a best anchor", "[0, 1]"}));
}
