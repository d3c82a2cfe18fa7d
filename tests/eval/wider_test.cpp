// The WIDER FACE protocol against hand-computed cases.
#include <faceio/eval/wider.hpp>
#include <limits>

#include "eval_support.hpp"

using namespace eval_support;
using namespace faceio::eval;
using doctest::Approx;

namespace {

using Predictions = PictureLists<ScoredBox>;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr WiderSubset kHard = WiderSubset::hard;
constexpr WiderProtocol kPort = WiderProtocol::python_port;

/// 10 x 10 pixels where a side measures x2 - x1 + 1.
CornerBox box_at(double x) {
  return {x, 0, x + 9, 9};
}

/// A face that counts in the hard subset only, or nowhere.
WiderFace face_at(double x, bool hard = true) {
  return {box_at(x), {{false, false, hard, false}}};
}

WiderTruth one_picture(const std::vector<WiderFace>& faces) {
  WiderTruth truth;
  truth.has_subsets = true;
  truth.faces["a.jpg"] = faces;
  return truth;
}

Predictions predictions_of(const std::vector<ScoredBox>& boxes) {
  Predictions predictions;
  predictions["a.jpg"] = boxes;
  return predictions;
}

/// Threshold k is 1 - (k + 1) / 1000.
const WiderCurvePoint& at_threshold(const WiderResult& result, double threshold) {
  const auto k = static_cast<size_t>((1.0 - threshold) * 1000.0 - 1.0 + 0.5);
  CHECK(result.curve.at(k).threshold == Approx(threshold).epsilon(1e-12));
  return result.curve[k];
}

void check_counts(const WiderResult& result, double threshold, size_t proposals, size_t true_positives) {
  INFO("threshold ", threshold);
  const WiderCurvePoint& point = at_threshold(result, threshold);
  CHECK(point.proposals == proposals);
  CHECK(point.true_positives == true_positives);
}

}  // namespace

TEST_CASE("evaluate_wider: ignored, duplicate, missed, empty and missing in one set") {
  WiderTruth truth;
  truth.has_subsets = true;
  truth.faces["a.jpg"] = {face_at(0), face_at(20), face_at(40, false)};
  truth.faces["no_prediction.jpg"] = {face_at(0)};
  truth.faces["no_file.jpg"] = {face_at(0)};
  truth.faces["no_faces.jpg"] = {{{0, 0, 0, 0}, {}}};
  truth.faces["no_face.jpg"] = {};
  Predictions predictions;
  predictions["a.jpg"] = {{box_at(20), 0.5005},  // second face
                          {box_at(0), 1.0},      // first face
                          {box_at(0), 0.8005},   // again: a false positive
                          {box_at(40), 0.7005},  // ignored face: leaves the count
                          {box_at(40), 0.6505}};
  predictions["no_prediction.jpg"] = {};
  predictions["no_faces.jpg"] = {{box_at(100), 0.6005}};           // a false positive
  predictions["no_face.jpg"] = {{box_at(0), 0.9}, {box_at(0), 0.0}};  // skipped; its 0 sets the scale

  const WiderResult result = evaluate_wider(truth, predictions, kHard);
  CHECK(result.faces == 4);
  REQUIRE(result.curve.size() == 1000);
  CHECK(result.curve[0].threshold == 1.0 - 1.0 / 1000);
  CHECK(result.curve[999].threshold == 0.0);
  check_counts(result, 0.999, 1, 1);
  check_counts(result, 0.801, 1, 1);
  check_counts(result, 0.800, 2, 1);
  check_counts(result, 0.700, 2, 1);
  check_counts(result, 0.601, 2, 1);
  check_counts(result, 0.600, 3, 1);
  check_counts(result, 0.501, 3, 1);
  check_counts(result, 0.500, 4, 2);
  check_counts(result, 0.0, 4, 2);
  CHECK(at_threshold(result, 0.6).precision == Approx(1.0 / 3).epsilon(1e-15));
  CHECK(at_threshold(result, 0.6).recall == 0.25);
  // Envelope: 1 up to recall 1/4, then 2/4 up to recall 2/4.
  CHECK(result.average_precision == Approx(0.25 + 0.25 * 0.5).epsilon(1e-15));

  CHECK(contains(error_of([&] { evaluate_wider(truth, predictions, kHard, kPort); }),
                 "no_file.jpg: has no list"));
  predictions["no_file.jpg"] = {};
  // Picture a.jpg in file order: 0.5005 stands before 1.0, so both are proposals, and right, at once.
  const WiderResult port = evaluate_wider(truth, predictions, kHard, kPort);
  check_counts(port, 0.999, 2, 2);
  check_counts(port, 0.800, 3, 2);
  check_counts(port, 0.600, 4, 2);
  CHECK(port.average_precision == 0.5);
}

TEST_CASE("evaluate_wider: unsorted predictions cost the Python port precision") {
  const WiderTruth truth = one_picture({face_at(0)});
  const Predictions predictions = predictions_of({{box_at(50), 0.5}, {box_at(0), 1.0}, {box_at(70), 0.0}});
  CHECK(evaluate_wider(truth, predictions, kHard).average_precision == 1.0);
  // The last one with a score >= 0.999 is the second, and the first comes along.
  const WiderResult port = evaluate_wider(truth, predictions, kHard, kPort);
  check_counts(port, 0.999, 2, 1);
  CHECK(port.average_precision == 0.5);
  // Sorted input: no difference.
  const Predictions sorted = predictions_of({{box_at(0), 1.0}, {box_at(50), 0.5}, {box_at(70), 0.0}});
  CHECK(evaluate_wider(truth, sorted, kHard, kPort).average_precision == 1.0);
}

TEST_CASE("evaluate_wider: equal scores keep the order of the file") {
  // Both overlap the face; the one that is first takes it. At any threshold they count together.
  const WiderTruth truth = one_picture({face_at(0)});
  const WiderResult result =
      evaluate_wider(truth, predictions_of({{box_at(0), 0.9}, {box_at(0), 0.9}, {box_at(50), 0.1}}), kHard);
  check_counts(result, 0.999, 2, 1);
  CHECK(result.average_precision == 0.5);
}

TEST_CASE("evaluate_wider: scale of scores outside 0..1") {
  const WiderTruth truth = one_picture({face_at(0), face_at(20), face_at(40)});
  const auto scored = [](double a, double b, double c) {
    return predictions_of({{box_at(0), a}, {box_at(20), b}, {box_at(40), c}});
  };
  // 4, 3, 2: the kit scales to 1, 1/2, 0; the port starts the smallest at 1: 1, 2/3, 1/3.
  const WiderResult kit = evaluate_wider(truth, scored(4, 3, 2), kHard);
  check_counts(kit, 0.501, 1, 1);
  check_counts(kit, 0.499, 2, 2);
  check_counts(kit, 0.001, 2, 2);
  check_counts(kit, 0.0, 3, 3);
  const WiderResult port = evaluate_wider(truth, scored(4, 3, 2), kHard, kPort);
  check_counts(port, 0.667, 1, 1);
  check_counts(port, 0.666, 2, 2);
  check_counts(port, 0.334, 2, 2);
  check_counts(port, 0.333, 3, 3);
  // -2, -2.9, -5: the kit starts the largest at 2^-126, the port at 0: both 0.6, 0.42, 0.
  for (const WiderProtocol protocol : {WiderProtocol::matlab_kit, kPort}) {
    const WiderResult negative = evaluate_wider(truth, scored(-2, -2.9, -5), kHard, protocol);
    check_counts(negative, 0.601, 0, 0);
    check_counts(negative, 0.599, 1, 1);
    check_counts(negative, 0.421, 1, 1);
    check_counts(negative, 0.419, 2, 2);
    check_counts(negative, 0.0, 3, 3);
  }
}

TEST_CASE("evaluate_wider: scores that are all equal cannot be scaled") {
  const WiderTruth truth = one_picture({face_at(0)});
  const Predictions same = predictions_of({{box_at(0), 0.5}, {box_at(50), 0.5}});
  CHECK(contains(error_of([&] { evaluate_wider(truth, same, kHard); }), "all scores are 0.5"));
  CHECK(contains(error_of([&] { evaluate_wider(truth, same, kHard, kPort); }), "all scores are 0.5"));
  // The port's range begins at 1, the kit's at 2: (2 - 1) / (2 - 1), or 0 / 0.
  const Predictions twos = predictions_of({{box_at(0), 2.0}});
  CHECK(evaluate_wider(truth, twos, kHard, kPort).average_precision == 1.0);
  CHECK(contains(error_of([&] { evaluate_wider(truth, twos, kHard); }), "all scores are 2"));
  const Predictions far = predictions_of({{box_at(0), 1.7e308}, {box_at(0), -1.7e308}});
  CHECK(contains(error_of([&] { evaluate_wider(truth, far, kHard); }), "too far apart"));
}

TEST_CASE("evaluate_wider: IoU with one pixel more, threshold included") {
  // [0, 9] x [0, 4] in [0, 9] x [0, 9]: 50 / 100; without the pixel 36 / 81.
  const WiderTruth truth = one_picture({face_at(0)});
  const ScoredBox low = {{100, 0, 109, 9}, 0.0};
  CHECK(evaluate_wider(truth, predictions_of({{{0, 0, 9, 4}, 1.0}, low}), kHard).average_precision == 1.0);
  CHECK(evaluate_wider(truth, predictions_of({{{0, 0, 9, 3.9}, 1.0}, low}), kHard).average_precision == 0.0);
}

TEST_CASE("evaluate_wider: the best match is ignored though the second-best counts") {
  // 9 / 10 with the ignored face, 8 / 10 with the one that counts: dropped. The next one is right.
  WiderTruth truth = one_picture({face_at(0), face_at(0, false)});
  truth.faces["a.jpg"][0].box = {0, 0, 9, 7};
  truth.faces["a.jpg"][1].box = {0, 0, 9, 8};
  const WiderResult result =
      evaluate_wider(truth, predictions_of({{box_at(0), 1.0}, {{0, 0, 9, 7}, 0.5}, {box_at(0), 0.0}}), kHard);
  // Nothing is proposed above 0.5: the kit's precision is 0/0 there.
  check_counts(result, 0.501, 0, 0);
  CHECK(at_threshold(result, 0.501).precision == 0.0);
  CHECK(at_threshold(result, 0.501).recall == 0.0);
  check_counts(result, 0.499, 1, 1);
  CHECK(result.average_precision == 1.0);
}

TEST_CASE("evaluate_wider: subsets choose among the same faces") {
  WiderTruth truth = one_picture({});
  truth.faces["a.jpg"] = {{box_at(0), {{true, true, true, true}}},
                          {box_at(20), {{false, true, true, true}}},
                          {box_at(40), {{false, false, true, true}}},
                          {box_at(60), {{false, false, false, true}}},
                          {box_at(80), {{false, false, false, false}}}};
  const Predictions predictions = predictions_of({{box_at(0), 1.0}, {box_at(100), 0.0}});
  const struct {
    WiderSubset subset;
    const char* name;
    size_t faces;
  } cases[] = {{WiderSubset::easy, "easy", 1},
               {WiderSubset::medium, "medium", 2},
               {WiderSubset::hard, "hard", 3},
               {WiderSubset::all, "all", 4}};
  for (const auto& c : cases) {
    INFO(c.name);
    CHECK(std::string(name(c.subset)) == c.name);
    const WiderResult result = evaluate_wider(truth, predictions, c.subset);
    CHECK(result.faces == c.faces);
    CHECK(result.average_precision == Approx(1.0 / static_cast<double>(c.faces)).epsilon(1e-15));
  }
}

TEST_CASE("evaluate_wider: nothing predicted, nothing to find, input that cannot be used") {
  WiderTruth truth = one_picture({face_at(0)});
  const WiderResult nothing = evaluate_wider(truth, {}, kHard);
  CHECK(nothing.faces == 1);
  CHECK(nothing.average_precision == 0.0);
  CHECK(evaluate_wider(truth, predictions_of({}), kHard, kPort).average_precision == 0.0);

  CHECK(contains(error_of([&] { evaluate_wider(truth, {}, WiderSubset::easy); }),
                 "no face counts in subset easy"));
  for (const double bad : {kNan, kInfinity, -kInfinity}) {
    const Predictions score = predictions_of({{box_at(0), 0.5}, {box_at(0), bad}});
    CHECK(
        contains(error_of([&] { evaluate_wider(truth, score, kHard); }), "a.jpg: prediction 1 has a score"));
    const Predictions corner = predictions_of({{{0, 0, 9, bad}, 0.5}});
    CHECK(contains(error_of([&] { evaluate_wider(truth, corner, kHard); }),
                   "a.jpg: prediction 0 has a corner"));
  }
  Predictions elsewhere;
  elsewhere["b.jpg"] = {};
  CHECK(contains(error_of([&] { evaluate_wider(truth, elsewhere, kHard); }), "b.jpg: has predictions, but"));
  truth.faces["a.jpg"].push_back({{0, 0, kNan, 9}, {}});
  CHECK(contains(error_of([&] { evaluate_wider(truth, {}, kHard); }), "a.jpg: face 1 has a corner"));
  truth.has_subsets = false;
  CHECK(contains(error_of([&] { evaluate_wider(truth, {}, kHard); }), "tools/eval_oracle/wider_flags.py"));
}
