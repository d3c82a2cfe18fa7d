// Pair lists and the fold protocol: 20 pairs of plane vectors whose answers are worked out below.
#include <doctest/doctest.h>

#include <cmath>
#include <faceio/eval/pairs.hpp>
#include <optional>
#include <vector>

#include "eval_support.hpp"

using faceio::eval::Error;
using faceio::eval::evaluate_pairs;
using faceio::eval::FoldPairsOptions;
using faceio::eval::FoldPairsReport;
using faceio::eval::PairList;
using faceio::eval::PicturePair;
using faceio::eval::read_explicit_pairs;
using faceio::eval::read_lfw_pairs;
using faceio::eval::read_pairs;
using faceio::eval::ThresholdSweep;
using test::check_error;
using test::TextFile;

namespace {

struct Vector2 {
  double x, y;
};

// A unit vector whose dot product with (1, 0) is exactly `cosine`.
Vector2 at_cosine(double cosine) {
  return {cosine, std::sqrt(1.0 - cosine * cosine)};
}
double dot(Vector2 a, Vector2 b) {
  return a.x * b.x + a.y * b.y;
}

struct Example {
  PairList list;
  std::vector<std::optional<double>> scores;
};

// Two folds of five genuine and five impostor pairs. Squared distances are 2 - 2 cosine:
//   fold 0  genuine  0.875 0.75 0.75 0.5 0.25 (0.25 0.5 0.5 1 1.5)
//           impostor 0 0 0.25 0.5 -0.5        (2 2 1.5 1 3)
//   fold 1  genuine  1 0.875 0.875 0.75 0.5   (0 0.25 0.25 0.5 1)
//           impostor -1 0 0.25 -0.25 -0.25    (4 2 1.5 2.5 2.5)
Example example() {
  const std::vector<double> cosines = {0.875, 0.75,  0.75,  0.5,  0.25, 0,  0, 0.25, 0.5,   -0.5,
                                       1,     0.875, 0.875, 0.75, 0.5,  -1, 0, 0.25, -0.25, -0.25};
  Example result;
  result.list.folds = 2;
  for (size_t i = 0; i < cosines.size(); ++i) {
    result.list.pairs.push_back({"a", "b", i / 5 % 2 == 0});
    result.scores.emplace_back(dot({1.0, 0.0}, at_cosine(cosines[i])));
  }
  return result;
}

FoldPairsOptions exact_steps() {
  FoldPairsOptions options;
  options.sweep.step = 0.125;
  return options;
}

}  // namespace

TEST_CASE("accuracy: threshold of the other fold, the first maximum wins") {
  // Judging fold 0: on fold 1 the thresholds 0.375 and 0.5 are right for all ten; the first is taken. It
  // answers 4 genuine and 4 impostor pairs of fold 0 rightly.
  // Judging fold 1: on fold 0 the thresholds 0.125 to 0.75 tie with 8 of 10; 0.125 answers 5 + 4 rightly.
  const Example e = example();
  const FoldPairsReport report = evaluate_pairs(e.list, e.scores, exact_steps());
  CHECK(report.fold_thresholds == std::vector<double>{0.375, 0.125});
  CHECK(report.threshold_mean == doctest::Approx(0.25));
  CHECK(report.accuracy.missing_wrong.folds == std::vector<double>{0.8, 0.9});
  CHECK(report.accuracy.missing_wrong.mean == doctest::Approx(0.85));
  CHECK(report.accuracy.missing_wrong.std == doctest::Approx(0.05));
  REQUIRE(report.accuracy.missing_left_out.has_value());
  CHECK(report.accuracy.missing_left_out->folds == std::vector<double>{0.8, 0.9});
  CHECK(report.genuine_pairs == 10);
  CHECK(report.impostor_pairs == 10);
  CHECK(report.missing_genuine + report.missing_impostors == 0);
}

TEST_CASE("accuracy: the InsightFace rule on squared distance, '<' means one person") {
  // Judging fold 0: all of fold 1 is right for thresholds above 1 and up to 1.5, first 1.01: 4 + 4 rightly.
  // Judging fold 1: above 0.5 and up to 2 tie with 8 of 10, first 0.51: 4 + 5 rightly.
  const Example e = example();
  FoldPairsOptions options;
  options.sweep = ThresholdSweep::insightface();
  const FoldPairsReport report = evaluate_pairs(e.list, e.scores, options);
  CHECK(report.fold_thresholds[0] == doctest::Approx(1.01));
  CHECK(report.fold_thresholds[1] == doctest::Approx(0.51));
  CHECK(report.accuracy.missing_wrong.folds == std::vector<double>{0.8, 0.9});
}

TEST_CASE("sweeps: ends and numbers of thresholds") {
  using faceio::eval::detail::sweep_thresholds;
  const auto cosine = sweep_thresholds({});
  CHECK(cosine.size() == 2001);
  CHECK(cosine.front() == -1.0);
  CHECK(cosine.back() == doctest::Approx(1.0));
  const auto distance = sweep_thresholds(ThresholdSweep::insightface());
  CHECK(distance.size() == 400);  // numpy.arange(0, 4, 0.01)
  CHECK(distance.back() == doctest::Approx(3.99));
  CHECK(sweep_thresholds({ThresholdSweep::Scale::squared_distance, 0.001}).size() == 4000);
}

TEST_CASE("VAL at FAR: interpolated where the training FAR first reaches the target") {
  const Example e = example();
  FoldPairsOptions options = exact_steps();
  // FAR 0.3. Judging fold 0: on fold 1 FAR is 0.2 up to 2.000 and 0.4 from 2.001: threshold 2.0005 accepts 5
  // of 5 genuine, 4 of 5 impostors. Judging fold 1: 0.2 up to 1.500, 0.4 from 1.501: 1.5005 accepts 5 and 1.
  options.val_far = 0.3;
  auto val = evaluate_pairs(e.list, e.scores, options).val;
  REQUIRE(val.has_value());
  CHECK(val->fold_thresholds[0] == doctest::Approx(2.0005).epsilon(1e-9));
  CHECK(val->fold_thresholds[1] == doctest::Approx(1.5005).epsilon(1e-9));
  CHECK(val->val_missing_wrong.mean == 1.0);
  CHECK(val->val_missing_wrong.std == 0.0);
  CHECK(val->observed_far.mean == doctest::Approx(0.5));
  CHECK(val->observed_far.std == doctest::Approx(0.3));
  // FAR 0.9. On fold 1 it never comes (4 is not below 3.999): threshold 0 accepts nothing of fold 0. On fold
  // 0 it is 0.8 up to 3.000 and 1 from 3.001: 3.0005 accepts all genuine and 4 of 5 impostors of fold 1.
  options.val_far = 0.9;
  val = evaluate_pairs(e.list, e.scores, options).val;
  REQUIRE(val.has_value());
  CHECK(val->fold_thresholds[0] == 0.0);
  CHECK(val->fold_thresholds[1] == doctest::Approx(3.0005).epsilon(1e-9));
  CHECK(val->val_missing_wrong.folds == std::vector<double>{0.0, 1.0});
  CHECK(val->observed_far.folds == std::vector<double>{0.0, 0.8});
  // FAR 0: the first threshold of all, 0.
  options.val_far = 0.0;
  val = evaluate_pairs(e.list, e.scores, options).val;
  REQUIRE(val.has_value());
  CHECK(val->fold_thresholds[0] == 0.0);
  CHECK(val->val_missing_wrong.mean == 0.0);
}

TEST_CASE("TAR at FAR over all pairs") {
  // Falling impostors: 0.5, 0.25, 0.25, 0, ... One of ten allowed: threshold 0.5, 9 of 10 genuine; none:
  // 0.75, 7 of 10.
  const Example e = example();
  FoldPairsOptions options = exact_steps();
  options.fars = {0.1, 0.0};
  const auto tars = evaluate_pairs(e.list, e.scores, options).tars;
  REQUIRE(tars.size() == 2);
  CHECK(tars[0].strict.threshold == 0.5);
  CHECK(tars[0].strict.tar == 0.9);
  CHECK(tars[0].tar_missing_wrong == 0.9);
  CHECK(tars[1].strict.threshold == 0.75);
  CHECK(tars[1].strict.tar == 0.7);
}

TEST_CASE("missed detections: wrong in one result, left out of the other") {
  Example e = example();
  e.scores[4].reset();   // genuine 0.25 of fold 0
  e.scores[17].reset();  // impostor 0.25 of fold 1
  FoldPairsOptions options = exact_steps();
  options.fars = {0.0};
  options.val_far = 0.3;
  const FoldPairsReport report = evaluate_pairs(e.list, e.scores, options);
  CHECK(report.missing_genuine == 1);
  CHECK(report.missing_impostors == 1);
  // Fold 1 is separable from 0.125 on; on fold 0 that answers 4 + 3 of nine rightly. On fold 0 the first of
  // the best (8) is 0.375; on fold 1 that answers all nine rightly.
  CHECK(report.fold_thresholds == std::vector<double>{0.125, 0.375});
  CHECK(report.accuracy.missing_wrong.folds == std::vector<double>{0.7, 0.9});
  REQUIRE(report.accuracy.missing_left_out.has_value());
  CHECK(report.accuracy.missing_left_out->folds == std::vector<double>{7.0 / 9.0, 1.0});
  CHECK(report.accuracy.missing_left_out->mean == doctest::Approx(8.0 / 9.0));
  CHECK(report.tars[0].strict.tar == doctest::Approx(7.0 / 9.0));
  CHECK(report.tars[0].tar_missing_wrong == doctest::Approx(0.7));
  // VAL: on fold 1 FAR is 1/4 up to 2.500, 3/4 from 2.501: 2.5 + 0.001 * 0.05 / 0.5 accepts all of fold 0.
  REQUIRE(report.val.has_value());
  CHECK(report.val->fold_thresholds[0] == doctest::Approx(2.5001).epsilon(1e-9));
  CHECK(report.val->val_missing_left_out.folds[0] == 1.0);
  CHECK(report.val->val_missing_wrong.folds[0] == 0.8);
}

TEST_CASE("a fold without any score") {
  Example e = example();
  for (size_t i = 0; i < 10; ++i) e.scores[i].reset();
  const FoldPairsReport report = evaluate_pairs(e.list, e.scores, exact_steps());
  CHECK(report.accuracy.missing_wrong.folds[0] == 0.0);
  CHECK_FALSE(report.accuracy.missing_left_out.has_value());
  CHECK_FALSE(report.val.has_value());
}

TEST_CASE("evaluate_pairs refuses") {
  const Example e = example();
  const auto with = [&e](const auto& change) {
    return [&e, change] {
      Example changed = e;
      FoldPairsOptions options;
      change(changed, options);
      evaluate_pairs(changed.list, changed.scores, options);
    };
  };
  check_error(with([](Example& c, FoldPairsOptions&) { c.scores.pop_back(); }), "19 scores for 20 pairs");
  check_error(with([](Example& c, FoldPairsOptions&) { c.list.folds = 1; }), "at least two folds");
  check_error(with([](Example& c, FoldPairsOptions&) { c.list.folds = 3; }), "equal size");
  check_error(with([](Example& c, FoldPairsOptions&) {
                c = Example();
                c.list.folds = 2;
              }),
              "0 pairs");
  check_error(with([](Example& c, FoldPairsOptions&) { c.scores[2] = std::nan(""); }), "pair 3 (a, b)");
  check_error(with([](Example& c, FoldPairsOptions&) { c.scores[2] = 17.0; }), "not a cosine");
  check_error(with([](Example&, FoldPairsOptions& o) { o.sweep.step = 0.0; }), "threshold step");
  check_error(with([](Example&, FoldPairsOptions& o) { o.sweep.step = std::nan(""); }), "threshold step");
  check_error(with([](Example&, FoldPairsOptions& o) { o.val_far = 2.0; }), "target FAR");
  check_error(with([](Example&, FoldPairsOptions& o) { o.fars = {-1.0}; }), "target FAR");
  check_error(with([](Example& c, FoldPairsOptions&) {
                for (PicturePair& pair : c.list.pairs) pair.genuine = true;
              }),
              "no impostor pair");
}

TEST_CASE("read_lfw_pairs") {
  const TextFile file("2\t1\nAnn_Lee\t1\t4\nAnn_Lee\t2\tBo\t12\nBo\t3\t5\nBo\t3\tCy\t1234\n");
  const PairList list = read_lfw_pairs(file.path());
  CHECK(list.folds == 2);
  REQUIRE(list.pairs.size() == 4);
  CHECK(list.pairs[0].a == "Ann_Lee/Ann_Lee_0001.jpg");
  CHECK(list.pairs[0].b == "Ann_Lee/Ann_Lee_0004.jpg");
  CHECK(list.pairs[0].genuine);
  CHECK(list.pairs[1].a == "Ann_Lee/Ann_Lee_0002.jpg");
  CHECK(list.pairs[1].b == "Bo/Bo_0012.jpg");
  CHECK_FALSE(list.pairs[1].genuine);
  CHECK(list.pairs[3].b == "Cy/Cy_1234.jpg");
  // View 1 names the pairs of its one set.
  const PairList view1 = read_lfw_pairs(TextFile("1\nAnn 1 2\nAnn 1 Bo 1\n").path());
  CHECK(view1.folds == 1);
  CHECK(view1.pairs.size() == 2);

  const auto reads = [](const std::string& text) {
    return [text] { read_lfw_pairs(TextFile(text).path()); };
  };
  check_error(reads(""), "is empty");
  check_error(reads("1 2 3\n"), ":1: has 3 fields");
  check_error(reads("x 1\n"), ":1: 'x' is not a whole number");
  check_error(reads("0 1\n"), "'0' is not a whole number");
  check_error(reads("1 1\nAnn 1 2\n"), "announces 2 pairs, but the file holds 1");
  check_error(reads("1000 1000000\nAnn 1 2\n"), "announces 2000000000 pairs");
  check_error(reads("1 1\nAnn 1 2\nAnn 1 Bo 1\nAnn 1 Bo 2\n"), "holds 3");
  // More pairs a fold than announced: the sentence leads to the first line.
  check_error(reads("1 1\nAnn 1 2\nAnn 1 3\nAnn 1 Bo 1\nAnn 1 Bo 2\n"),
              ":3: has 3 fields, expected: name1 n1 name2 n2 (a pair of two people, by the numbers of the first");
  check_error(reads("1 1\nAnn 1\nAnn 1 Bo 1\n"), ":2: has 2 fields, expected: name n1 n2");
  check_error(reads("1 1\nAnn 1 2\nAnn 1 2\n"), ":3: has 3 fields, expected: name1 n1 name2 n2");
  check_error(reads("1 1\nAnn 0 2\nAnn 1 Bo 1\n"), ":2: '0' is not a whole number");
  check_error(reads("1 1\nAnn 1 2\nAnn 1 Ann 2\n"), ":3: a pair of two people names one person twice");
}

TEST_CASE("read_explicit_pairs") {
  const TextFile file("a/1.jpg a/2.jpg 1\na/1.jpg b/1.jpg 0\n");
  const PairList list = read_explicit_pairs(file.path(), 2);
  CHECK(list.folds == 2);
  REQUIRE(list.pairs.size() == 2);
  CHECK(list.pairs[0].genuine);
  CHECK(list.pairs[1].b == "b/1.jpg");
  CHECK_FALSE(list.pairs[1].genuine);
  check_error([&] { read_explicit_pairs(file.path(), 3); }, "2 pairs do not divide into 3 equal folds");
  check_error([&] { read_explicit_pairs(file.path(), 0); }, "into 0 equal folds");
  check_error([] { read_explicit_pairs(TextFile("").path(), 1); }, "0 pairs");
  check_error([] { read_explicit_pairs(TextFile("a b 2\n").path(), 1); }, "'2' is not a whole number");
  check_error([] { read_explicit_pairs(TextFile("a b\n").path(), 1); }, ":1: has 2 fields");
  check_error([] { read_explicit_pairs("absent.txt", 1); }, "absent.txt: no such file; check the path");
}

TEST_CASE("both lists of LFW are the same pairs") {
  const std::string folder = eval_support::shared_data("lfw/");
  if (!test::available(folder + "pairs.txt")) return;
  const PairList official = read_lfw_pairs(folder + "pairs.txt");
  const PairList explicit_list = read_explicit_pairs(folder + "pairs_explicit.txt", 10);
  CHECK(official.folds == 10);
  REQUIRE(official.pairs.size() == 6000);
  REQUIRE(explicit_list.pairs.size() == 6000);
  size_t differing = 0;
  for (size_t i = 0; i < official.pairs.size(); ++i) {
    const PicturePair &a = official.pairs[i], &b = explicit_list.pairs[i];
    if (a.a != b.a || a.b != b.b || a.genuine != b.genuine) ++differing;
  }
  CHECK(differing == 0);
}

TEST_CASE("read_pairs tells the forms apart by their first line") {
  const TextFile lfw("2 1\nAnn 1 2\nAnn 1 Bo 1\nCy 3 4\nCy 3 Di 7\n");
  CHECK(read_pairs(lfw.path(), std::nullopt).folds == 2);
  CHECK(read_pairs(lfw.path(), 2).pairs[3].b == "Di/Di_0007.jpg");
  check_error([&] { read_pairs(lfw.path(), 4); }, "states 2 folds itself, not 4");

  const TextFile pairs("a.png b.png 1\nc.png d.png 0\n");
  CHECK(read_pairs(pairs.path(), 2).folds == 2);
  CHECK(read_pairs(pairs.path(), 2).pairs[1].a == "c.png");
  check_error([&] { read_pairs(pairs.path(), std::nullopt); }, "do not divide into 10 equal folds");
  check_error([] { read_pairs(TextFile("").path(), std::nullopt); }, "is empty");
}
