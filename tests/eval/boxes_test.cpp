// Detection metrics against hand-computed cases.
#include <faceio/eval/boxes.hpp>
#include <limits>

#include "eval_support.hpp"

using namespace eval_support;
using namespace faceio::eval;
using doctest::Approx;

namespace {

using Truth = PictureLists<TruthBox>;
using Predictions = PictureLists<ScoredBox>;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::vector<Outcome> outcomes(const std::vector<TruthBox>& truth, const std::vector<ScoredBox>& predictions,
                              double iou_threshold = 0.5) {
  std::vector<Outcome> result;
  for (const Match& match : match_picture(truth, predictions, iou_threshold)) result.push_back(match.outcome);
  return result;
}

constexpr Outcome kRight = Outcome::true_positive;
constexpr Outcome kWrong = Outcome::false_positive;
constexpr Outcome kLeftOut = Outcome::left_out;

}  // namespace

TEST_CASE("iou: both side rules") {
  const CornerBox box{0, 0, 10, 10};
  // 5 x 10 common, 100 + 100 - 50 together; with one pixel more a side 6 x 11 and 121 + 121 - 66.
  CHECK(iou(box, {5, 0, 15, 10}) == Approx(1.0 / 3).epsilon(1e-15));
  CHECK(iou(box, {5, 0, 15, 10}, SideRule::difference_plus_one) == 0.375);
  CHECK(iou(box, box) == 1.0);
  CHECK(iou(box, {2, 2, 7, 6}) == 0.2);
  // Boxes that touch share nothing, or one column of 11 pixels out of 121 + 121 - 11.
  CHECK(iou(box, {10, 0, 20, 10}) == 0.0);
  CHECK(iou(box, {10, 0, 20, 10}, SideRule::difference_plus_one) == Approx(1.0 / 21).epsilon(1e-15));
  CHECK(iou(box, {30, 30, 40, 40}, SideRule::difference_plus_one) == 0.0);
  CHECK(iou(box, {0, 30, 10, 40}) == 0.0);
  // Without area; with sides the wrong way round; NaN.
  CHECK(iou({3, 3, 3, 3}, {3, 3, 3, 3}) == 0.0);
  CHECK(iou({3, 3, 3, 3}, {3, 3, 3, 3}, SideRule::difference_plus_one) == 1.0);
  CHECK(iou(box, {7, 7, 2, 2}) == 0.0);
  CHECK(iou(box, {kNan, 0, 10, 10}) == 0.0);
}

TEST_CASE("match_picture: a face is found once, the surest prediction first") {
  const std::vector<TruthBox> truth = {{{0, 0, 10, 10}, false}, {{20, 0, 30, 10}, false}};
  const std::vector<ScoredBox> predictions = {
      {{0, 0, 10, 9}, 0.8},     // overlaps face 0 by 0.9, but the next one is surer
      {{0, 0, 10, 10}, 0.9},    // face 0
      {{20, 0, 30, 10}, -4.0},  // face 1, any score
      {{50, 0, 60, 10}, 0.5}};  // nobody
  const auto matches = match_picture(truth, predictions, 0.5);
  REQUIRE(matches.size() == 4);
  CHECK(outcomes(truth, predictions) == std::vector<Outcome>{kWrong, kRight, kRight, kWrong});
  CHECK(matches[1].truth == 0);
  CHECK(matches[2].truth == 1);
  CHECK(match_picture(truth, {}, 0.5).empty());
  CHECK(outcomes({}, predictions) == std::vector<Outcome>(4, kWrong));
}

TEST_CASE("match_picture: equal scores in input order, equal overlaps to the first face") {
  const std::vector<TruthBox> one = {{{0, 0, 10, 10}, false}};
  CHECK(outcomes(one, {{{0, 0, 10, 9}, 0.5}, {{0, 0, 10, 10}, 0.5}}) == std::vector<Outcome>{kRight, kWrong});
  // Many equal scores, where an unstable sort would move the first.
  std::vector<Outcome> expected(100, kWrong);
  expected[0] = kRight;
  CHECK(outcomes(one, std::vector<ScoredBox>(100, {{0, 0, 10, 10}, 0.5})) == expected);
  // Face 0 is the best of both predictions, so the second finds it taken.
  const CornerBox box = {0, 0, 10, 10};
  const std::vector<ScoredBox> two = {{box, 0.9}, {box, 0.8}};
  CHECK(outcomes({{box, false}, {box, false}}, two) == std::vector<Outcome>{kRight, kWrong});
  CHECK(match_picture({{box, false}, {box, false}}, two, 0.5)[0].truth == 0);
  CHECK(outcomes({{box, false}, {box, true}}, two) == std::vector<Outcome>{kRight, kWrong});
  CHECK(outcomes({{box, true}, {box, false}}, two) == std::vector<Outcome>{kLeftOut, kLeftOut});
}

TEST_CASE("match_picture: only the best match counts") {
  // 0.9 with the ignored face, 0.8 with the one that counts.
  const std::vector<TruthBox> truth = {{{0, 0, 10, 8}, false}, {{0, 0, 10, 9}, true}};
  CHECK(outcomes(truth, {{{0, 0, 10, 10}, 0.5}}) == std::vector<Outcome>{kLeftOut});
  // An ignored face takes any number of predictions.
  CHECK(outcomes(truth, {{{0, 0, 10, 9}, 0.5}, {{0, 0, 10, 9}, 0.4}}) ==
        std::vector<Outcome>{kLeftOut, kLeftOut});
  // 9.5 / 10 with the taken face, 8 / 9.5 with the free one.
  const std::vector<TruthBox> free = {{{0, 0, 10, 10}, false}, {{0, 0, 10, 8}, false}};
  CHECK(outcomes(free, {{{0, 0, 10, 10}, 0.9}, {{0, 0, 10, 9.5}, 0.8}}) ==
        std::vector<Outcome>{kRight, kWrong});
}

TEST_CASE("match_picture: the threshold is included, the side rule matters") {
  // 50 / 100, or 11 x 6 / 121 = 0.545.
  const std::vector<TruthBox> truth = {{{0, 0, 10, 10}, false}};
  const std::vector<ScoredBox> half = {{{0, 0, 10, 5}, 0.5}};
  CHECK(outcomes(truth, half, 0.5) == std::vector<Outcome>{kRight});
  CHECK(outcomes(truth, half, 0.51) == std::vector<Outcome>{kWrong});
  CHECK(match_picture(truth, half, 0.54, SideRule::difference_plus_one)[0].outcome == kRight);
  CHECK(match_picture(truth, half, 0.55, SideRule::difference_plus_one)[0].outcome == kWrong);
}

TEST_CASE("area_under_envelope: hand-computed") {
  // Envelope from the right: 0.7, 0.7, 0.7, 1; widths 0.6, 0, 0.2, 0.2.
  CHECK(area_under_envelope({0.2, 0.4, 0.4, 1.0}, {1.0, 0.5, 0.6, 0.7}) == Approx(0.76).epsilon(1e-15));
  CHECK(area_under_envelope({0.5}, {1.0}) == 0.5);
  CHECK(area_under_envelope({}, {}) == 0.0);
}

TEST_CASE("evaluate_detection: curve, average precision, recall at false positives per image") {
  Truth truth;
  truth["a.jpg"] = {{{0, 0, 10, 10}, false}, {{20, 0, 30, 10}, false}, {{40, 0, 50, 10}, true}};
  truth["b.jpg"] = {{{0, 0, 10, 10}, false}};
  truth["no_face.jpg"] = {};
  truth["no_prediction.jpg"] = {{{0, 0, 10, 10}, false}};
  Predictions predictions;
  predictions["no_face.jpg"] = {{{0, 0, 5, 5}, 0.5}};
  predictions["a.jpg"] = {{{20, 0, 30, 10}, 0.6},
                          {{0, 0, 10, 10}, 0.9},
                          {{0, 0, 10, 9}, 0.8},
                          {{40, 0, 50, 10}, 0.95},
                          {{40, 0, 50, 9}, 0.94}};
  predictions["b.jpg"] = {{{0, 0, 10, 10}, 0.7}, {{90, 0, 99, 9}, 0.3}};
  const DetectionResult result = evaluate_detection(truth, predictions);
  CHECK(result.pictures == 4);
  CHECK(result.faces == 4);
  // score, right, wrong, precision, recall
  const CurvePoint expected[] = {{0.9, 1, 0, 1.0, 0.25},  {0.8, 1, 1, 0.5, 0.25}, {0.7, 2, 1, 2.0 / 3, 0.5},
                                 {0.6, 3, 1, 0.75, 0.75}, {0.5, 3, 2, 0.6, 0.75}, {0.3, 3, 3, 0.5, 0.75}};
  REQUIRE(result.curve.size() == 6);
  for (size_t i = 0; i < 6; ++i) {
    INFO("point ", i);
    CHECK(result.curve[i].score == expected[i].score);
    CHECK(result.curve[i].true_positives == expected[i].true_positives);
    CHECK(result.curve[i].false_positives == expected[i].false_positives);
    CHECK(result.curve[i].precision == Approx(expected[i].precision).epsilon(1e-15));
    CHECK(result.curve[i].recall == expected[i].recall);
  }
  // Envelope: 1 up to recall 0.25, then 0.75 up to 0.75.
  CHECK(result.average_precision == Approx(0.25 + 0.5 * 0.75).epsilon(1e-15));

  CHECK(recall_at_fppi(result, 0.0) == 0.25);
  CHECK(recall_at_fppi(result, 0.24) == 0.25);
  CHECK(recall_at_fppi(result, 0.25) == 0.75);  // one false positive in four pictures
  CHECK(recall_at_fppi(result, 100.0) == 0.75);
  CHECK(contains(error_of([&] { recall_at_fppi(result, -0.1); }), "is not 0 or more"));
  CHECK(contains(error_of([&] { recall_at_fppi(result, kNan); }), "is not 0 or more"));
}

TEST_CASE("evaluate_detection: equal scores are one point, whatever the order of pictures") {
  Truth truth;
  truth["right.jpg"] = {{{0, 0, 10, 10}, false}};
  truth["wrong.jpg"] = {};
  Truth reversed;
  reversed["wrong.jpg"] = {};
  reversed["right.jpg"] = truth["right.jpg"];
  Predictions predictions;
  predictions["wrong.jpg"] = {{{0, 0, 10, 10}, 0.5}};
  predictions["right.jpg"] = {{{0, 0, 10, 10}, 0.5}};
  for (const Truth* order : {&truth, &reversed}) {
    const DetectionResult result = evaluate_detection(*order, predictions);
    REQUIRE(result.curve.size() == 1);
    CHECK(result.curve[0].precision == 0.5);
    CHECK(result.curve[0].recall == 1.0);
    CHECK(result.average_precision == 0.5);
    CHECK(recall_at_fppi(result, 0.4) == 0.0);
    CHECK(recall_at_fppi(result, 0.5) == 1.0);
  }
}

TEST_CASE("evaluate_detection: nothing predicted, nothing to find") {
  Truth truth;
  truth["a.jpg"] = {{{0, 0, 10, 10}, false}};
  const DetectionResult nothing = evaluate_detection(truth, {});
  CHECK(nothing.curve.empty());
  CHECK(nothing.average_precision == 0.0);
  CHECK(recall_at_fppi(nothing, 1.0) == 0.0);

  CHECK(contains(error_of([] { evaluate_detection({}, {}); }), "no face that counts"));
  truth["a.jpg"][0].ignored = true;
  CHECK(contains(error_of([&] { evaluate_detection(truth, {}); }), "no face that counts"));
}

TEST_CASE("evaluate_detection: input that cannot be used") {
  Truth truth;
  truth["a.jpg"] = {{{0, 0, 10, 10}, false}};
  const auto error_with = [&](const ScoredBox& prediction, const char* file = "a.jpg") {
    Predictions predictions;
    predictions[file] = {{{0, 0, 10, 10}, 0.5}, prediction};
    return error_of([&] { evaluate_detection(truth, predictions); });
  };
  for (const double bad : {kNan, kInfinity, -kInfinity}) {
    CHECK(contains(error_with({{0, 0, 10, 10}, bad}), "a.jpg: prediction 1 has a score that is not finite"));
    CHECK(
        contains(error_with({{bad, 0, 10, 10}, 0.5}), "a.jpg: prediction 1 has a corner that is not finite"));
    CHECK(contains(error_with({{0, bad, 10, 10}, 0.5}), "corner"));
    CHECK(contains(error_with({{0, 0, bad, 10}, 0.5}), "corner"));
    CHECK(contains(error_with({{0, 0, 10, bad}, 0.5}), "corner"));
  }
  CHECK(
      contains(error_with({{0, 0, 10, 10}, 0.5}, "b.jpg"), "b.jpg: has predictions, but the truth does not"));
  CHECK(error_with({{0, 0, 10, 10}, 0.5}).empty());
  // Finite, but areas overflow: no match, no crash.
  CHECK(error_with({{-1e308, -1e308, 1e308, 1e308}, 0.5}).empty());
  for (const double threshold : {0.0, -0.5, 1.01, kNan}) {
    CHECK(contains(error_of([&] { evaluate_detection(truth, {}, threshold); }), "is not in (0, 1]"));
  }
  CHECK(error_of([&] { evaluate_detection(truth, {}, 1.0); }).empty());
  truth["a.jpg"].push_back({{0, kNan, 10, 10}, true});
  CHECK(contains(error_of([&] { evaluate_detection(truth, {}); }), "a.jpg: face 1 has a corner"));
}

TEST_CASE("read_truth_boxes: pictures in first-seen order, further fields, comments") {
  const TemporaryFolder folder;
  const std::string path = folder.write("boxes.txt",
                                        "# file x1 y1 x2 y2 yaw\n"
                                        "z.jpg 1 2 3.5 4 -0.25 word\n"
                                        "a.jpg 0 0 10 10\n"
                                        "z.jpg -5 6 7 8\n");
  const Truth truth = read_truth_boxes(path);
  CHECK(truth.size() == 2);
  CHECK(truth.begin()->file == "z.jpg");
  REQUIRE(truth.find("z.jpg") != nullptr);
  const std::vector<TruthBox>& z = *truth.find("z.jpg");
  REQUIRE(z.size() == 2);
  CHECK(z[0].box.x1 == 1.0);
  CHECK(z[0].box.y1 == 2.0);
  CHECK(z[0].box.x2 == 3.5);
  CHECK(z[0].box.y2 == 4.0);
  CHECK(!z[0].ignored);
  CHECK(z[1].box.x1 == -5.0);
  CHECK(truth.find("y.jpg") == nullptr);

  const auto error_with = [&](const std::string& line) {
    const std::string bad = folder.write("bad.txt", "a.jpg 0 0 10 10\n" + line + "\n");
    const std::string error = error_of([&] { read_truth_boxes(bad); });
    CHECK(contains(error, bad + ":2: "));
    return error;
  };
  CHECK(contains(error_with("a.jpg 0 0 10"), "expected: file x1 y1 x2 y2"));
  CHECK(contains(error_with("a.jpg"), "expected: file x1 y1 x2 y2"));
  CHECK(contains(error_with("a.jpg 0 0 ten 10"), "'ten' is not a number"));
  CHECK(contains(error_with("a.jpg 0 0 nan 10"), "'nan' is not a number"));
  CHECK(contains(error_with("a.jpg 5 0 5 10"), "is a box without area"));
  CHECK(contains(error_with("a.jpg 0 9 10 8"), "is a box without area"));
  CHECK(contains(error_of([&] { read_truth_boxes(folder.write("none.txt", "# only this\n")); }),
                 "holds no box"));
}

TEST_CASE("read_truth_boxes: the list of AFW") {
  const std::string path = shared_data("afw/boxes.txt");
  if (!test::available(path)) return;
  const Truth truth = read_truth_boxes(path);
  // awk '!/^#/' boxes.txt | wc -l, and of the first fields: sort -u | wc -l
  size_t faces = 0;
  for (const auto& picture : truth) faces += picture.items.size();
  CHECK(faces == 254);
  CHECK(truth.size() == 105);
}
