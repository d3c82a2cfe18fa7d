// Landmark errors against hand-computed cases.
#include <faceio/eval/landmarks.hpp>
#include <limits>

#include "eval_support.hpp"

using namespace eval_support;
using namespace faceio::eval;
using doctest::Approx;

namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr MissedFaces kLeaveOut = MissedFaces::leave_out;
constexpr MissedFaces kCount = MissedFaces::count_as_failures;

/// Eyes 10 px apart, in a box of 10 x 10 px at x.
FivePoints points_at(double x) {
  return {{{x, 2}, {x + 10, 2}, {x + 5, 5}, {x + 2, 8}, {x + 8, 8}}};
}

CornerBox box_at(double x) {
  return {x, 0, x + 10, 10};
}

/// The points at x with the nose moved by (dx, dy).
FivePoints with_nose_moved(double x, double dx, double dy) {
  FivePoints points = points_at(x);
  points[2].x += dx;
  points[2].y += dy;
  return points;
}

/// Three faces with points that are found, one that is missed, and faces that must not be measured.
struct Set {
  PictureLists<TruthBox> boxes;
  PictureLists<LandmarkTruth> landmarks;
  PictureLists<LandmarkPrediction> predictions;

  Set() {
    boxes["a.jpg"] = {{box_at(0), false}, {box_at(20), false}, {box_at(40), true}, {box_at(60), false}};
    boxes["b.jpg"] = {{box_at(0), false}, {box_at(20), false}};
    boxes["no_points.jpg"] = {{box_at(0), false}};
    landmarks["a.jpg"] = {
        {1, points_at(20)}, {0, points_at(0)}, {2, points_at(40)}, {std::nullopt, points_at(80)}};
    landmarks["b.jpg"] = {{0, points_at(0)}, {1, points_at(20)}};
    predictions["a.jpg"] = {{{box_at(0), 0.5}, points_at(1000)},  // the surer one below takes the face
                            {{box_at(0), 0.9}, with_nose_moved(0, 3, 4)},     // 5 / 5 / 10 = 0.1
                            {{box_at(20), 0.8}, with_nose_moved(20, 0, 25)},  // 25 / 5 / 10 = 0.5
                            {{box_at(40), 0.7}, points_at(1000)},             // ignored face
                            {{box_at(60), 0.6}, points_at(1000)},             // face without points
                            {{box_at(80), 0.6}, points_at(1000)}};            // points without box
    predictions["b.jpg"] = {{{box_at(0), 0.1}, points_at(0)}};                // 0; the face at 20 is missed
  }
  LandmarkResult evaluate(double iou_threshold = 0.5) const {
    return evaluate_landmarks(boxes, landmarks, predictions, iou_threshold);
  }
  std::string error() const {
    return error_of([&] { evaluate(); });
  }
};

}  // namespace

TEST_CASE("normalised_mean_error: hand-computed") {
  CHECK(normalised_mean_error(points_at(0), points_at(0)) == 0.0);
  FivePoints shifted = points_at(0);
  for (LandmarkPoint& p : shifted) p = {p.x + 3, p.y - 4};
  CHECK(normalised_mean_error(points_at(0), shifted) == 0.5);  // every point is off by 5 of 10 px
  CHECK(normalised_mean_error(points_at(0), with_nose_moved(0, 3, 4)) == Approx(0.1).epsilon(1e-15));
  // Normalised by the annotated eyes, not by the predicted ones: (10 + 0 + 0 + 0 + 0) / 5 / 10.
  FivePoints wide = points_at(0);
  wide[1].x += 10;
  CHECK(normalised_mean_error(points_at(0), wide) == Approx(0.2).epsilon(1e-15));

  FivePoints coincide = points_at(0);
  coincide[1] = coincide[0];
  CHECK(contains(error_of([&] { normalised_mean_error(coincide, points_at(0)); }), "eyes coincide"));
  FivePoints bad = points_at(0);
  bad[4].y = kNan;
  CHECK(contains(error_of([&] { normalised_mean_error(bad, points_at(0)); }), "is not finite"));
  CHECK(contains(error_of([&] { normalised_mean_error(points_at(0), bad); }), "is not finite"));
  bad[4].y = 1e300;  // its square overflows
  CHECK(contains(error_of([&] { normalised_mean_error(points_at(0), bad); }), "too far away"));
}

TEST_CASE("evaluate_landmarks: found, missed, ignored, without points, without box") {
  const LandmarkResult result = Set().evaluate();
  CHECK(result.faces == 4);
  CHECK(result.missed == 1);
  CHECK(result.without_box == 1);
  REQUIRE(result.errors.size() == 3);
  CHECK(result.errors[0].file == "a.jpg");
  CHECK(result.errors[0].box == 0);
  CHECK(result.errors[0].normalised_error == Approx(0.1).epsilon(1e-15));
  CHECK(result.errors[1].box == 1);
  CHECK(result.errors[1].normalised_error == Approx(0.5).epsilon(1e-15));
  CHECK(result.errors[2].file == "b.jpg");
  CHECK(result.errors[2].normalised_error == 0.0);
  CHECK(result.mean == Approx(0.2).epsilon(1e-15));
  CHECK(result.median == Approx(0.1).epsilon(1e-15));

  CHECK(failure_rate(result, 0.2, kLeaveOut) == Approx(1.0 / 3).epsilon(1e-15));
  CHECK(failure_rate(result, 0.2, kCount) == 0.5);
  CHECK(failure_rate(result, 0.0, kLeaveOut) == Approx(2.0 / 3).epsilon(1e-15));  // 0 is not above 0
  CHECK(failure_rate(result, 0.6, kLeaveOut) == 0.0);
  CHECK(failure_rate(result, 0.6, kCount) == 0.25);
  CHECK(contains(error_of([&] { failure_rate(result, kNan, kCount); }), "is not 0 or more"));
  CHECK(contains(error_of([&] { failure_rate(result, -0.1, kCount); }), "is not 0 or more"));

  CHECK(contains(error_of([] { failure_rate({}, 0.1, kCount); }), "holds no face"));
  CHECK(contains(error_of([] { cumulative_error_curve({}, kLeaveOut); }), "holds no face"));

  const auto found = cumulative_error_curve(result, kLeaveOut);
  const auto all = cumulative_error_curve(result, kCount);
  const double errors[] = {0.0, 0.1, 0.5};
  REQUIRE(found.size() == 3);
  REQUIRE(all.size() == 3);
  for (size_t i = 0; i < 3; ++i) {
    CHECK(found[i].error == Approx(errors[i]).epsilon(1e-15));
    CHECK(all[i].error == found[i].error);
    CHECK(found[i].share == Approx(static_cast<double>(i + 1) / 3).epsilon(1e-15));
    CHECK(all[i].share == static_cast<double>(i + 1) / 4);
  }
}

TEST_CASE("evaluate_landmarks: median of an even number, IoU threshold") {
  Set set;
  set.predictions["b.jpg"].push_back(
      {{{20, 0, 30, 7}, 0.3}, with_nose_moved(20, 0, 15)});  // IoU 0.7, error 0.3
  const LandmarkResult result = set.evaluate();
  CHECK(result.missed == 0);
  CHECK(result.median == Approx(0.2).epsilon(1e-15));  // of 0, 0.1, 0.3, 0.5
  CHECK(set.evaluate(0.75).missed == 1);
  CHECK(contains(error_of([&] { set.evaluate(0.0); }), "is not in (0, 1]"));
}

TEST_CASE("evaluate_landmarks: input that cannot be used") {
  Set set;
  set.landmarks["a.jpg"].push_back({4, points_at(0)});
  CHECK(contains(set.error(), "a.jpg: landmarks name box 4, but the picture has 4"));
  set = Set();
  set.landmarks["a.jpg"].push_back({0, points_at(0)});
  CHECK(contains(set.error(), "a.jpg: box 0 has landmarks twice"));
  set = Set();
  set.landmarks["c.jpg"].push_back({0, points_at(0)});
  CHECK(contains(set.error(), "c.jpg: has landmarks but no box"));
  set = Set();
  set.predictions["c.jpg"];
  CHECK(contains(set.error(), "c.jpg: has predictions, but the truth does not"));
  set = Set();
  set.predictions["a.jpg"][1].face.score = kNan;
  CHECK(contains(set.error(), "a.jpg: prediction 1 has a score that is not finite"));
  set = Set();
  set.predictions["a.jpg"][1].points[3].x = kNan;
  CHECK(contains(set.error(), "a.jpg: box 0: a landmark is not finite"));
  set = Set();
  set.boxes["b.jpg"][1].box.y2 = kNan;
  CHECK(contains(set.error(), "b.jpg: face 1 has a corner"));
  set = Set();
  set.predictions = {};
  CHECK(contains(set.error(), "none of the faces with landmarks was found"));
  set.landmarks = {};
  CHECK(contains(set.error(), "no face has landmarks and a box"));
}

TEST_CASE("read_landmark_truth") {
  const TemporaryFolder folder;
  const auto truth = read_landmark_truth(folder.write("points.txt",
                                                      "# file box_index and five points\n"
                                                      "b.jpg 2 1 2 3 4 5 6 7 8 9 10.5\n"
                                                      "a.jpg -1 0 0 1 0 0 0 0 0 0 0\n"
                                                      "b.jpg 0 0 0 1 0 0 0 0 0 0 0\n"));
  CHECK(truth.size() == 2);
  CHECK(truth.begin()->file == "b.jpg");
  const auto& b = *truth.find("b.jpg");
  REQUIRE(b.size() == 2);
  CHECK(b[0].box == 2);
  CHECK(b[0].points[0].x == 1.0);
  CHECK(b[0].points[0].y == 2.0);
  CHECK(b[0].points[4].x == 9.0);
  CHECK(b[0].points[4].y == 10.5);
  CHECK(b[1].box == 0);
  CHECK(!truth.find("a.jpg")->at(0).box);

  const auto error_with = [&](const std::string& text) {
    const std::string path = folder.write("bad.txt", text);
    return error_of([&] { read_landmark_truth(path); });
  };
  CHECK(contains(error_with("a.jpg 0 1 2 3 4 5 6 7 8 9\n"),
                 "bad.txt:1: has 11 fields, expected: file box_index"));
  CHECK(contains(error_with("a.jpg 0.5 1 2 3 4 5 6 7 8 9 10\n"), "bad.txt:1: '0.5' is not a whole number"));
  CHECK(contains(error_with("a.jpg -2 1 2 3 4 5 6 7 8 9 10\n"), "bad.txt:1: '-2' is not a whole number"));
  CHECK(contains(error_with("a.jpg 0 1 2 3 4 5 6 7 8 9 inf\n"), "bad.txt:1: 'inf' is not a number"));
  CHECK(contains(error_with("# nothing\n"), "bad.txt: holds no landmarks"));
}

TEST_CASE("read_landmark_truth: the list of AFW, against its own boxes") {
  const std::string path = shared_data("afw/landmarks5.txt");
  if (!test::available(path)) return;
  const auto boxes = faceio::eval::read_truth_boxes(shared_data("afw/boxes.txt"));
  const auto landmarks = read_landmark_truth(path);
  // Every annotated box predicted with its own points: 0 error. 176 lines, 1 of them without box.
  PictureLists<LandmarkPrediction> predictions;
  for (const auto& picture : landmarks) {
    for (const LandmarkTruth& face : picture.items) {
      if (!face.box) continue;
      const CornerBox& box = boxes.find(picture.file)->at(*face.box).box;
      predictions[picture.file].push_back({{box, 0.5}, face.points});
    }
  }
  const LandmarkResult result = evaluate_landmarks(boxes, landmarks, predictions);
  CHECK(result.faces == 175);
  CHECK(result.missed == 0);
  CHECK(result.without_box == 1);
  CHECK(result.mean == 0.0);
}
