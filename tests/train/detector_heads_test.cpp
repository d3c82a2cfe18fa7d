// Fine-tuning of the detector's heads: cached features beside what the network itself says, gradients beside central
// differences, and blobs that the detector takes.
#include <doctest/doctest.h>

#include <cmath>
#include <cstdio>
#include <faceio/train/detector_heads.hpp>
#include <string>
#include <vector>

#include "../support/files.hpp"
#include "../support/pictures.hpp"
#include "refuses.hpp"

using namespace faceio::train;
using faceio::Blob;
using faceio::Detector;
using faceio::DetectorOptions;
using faceio::Size;
using test::refuses;

namespace {

constexpr int kScales = faceio::retinaface_mnet025::kScales;

/// A detector of a blob's bytes, with its memory.
struct BytesDetector {
  explicit BytesDetector(const std::vector<uint8_t>& file, const DetectorOptions& options = {})
      : bytes(file), persistent(Detector::requirements({}, options).persistent_bytes) {
    const auto opened = Blob::open(bytes.bytes());
    REQUIRE(opened.status().ok());
    blob = *opened;
    const auto created = Detector::create(blob, persistent.span(), options, faceio::host::target_or_throw());
    REQUIRE(created.status().ok());
    detector = *created;
  }
  std::vector<faceio::Face> detect(const faceio::ImageView& image) {
    test::AlignedBuffer scratch(Detector::requirements(image.size, detector.options()).scratch_bytes);
    std::vector<faceio::Face> room(Detector::max_faces(image.size, detector.options()));
    const auto found = detector.detect(image, scratch.span(), {room.data(), room.size()});
    REQUIRE(found.status().ok());
    return {found->faces.begin(), found->faces.end()};
  }

  test::AlignedBuffer bytes, persistent;
  Blob blob;
  Detector detector;
};

BytesDetector default_detector(const DetectorOptions& options = {}) {
  return BytesDetector(test::read_file(test::detector_path()), options);
}

/// The head maps of the network, [rows * columns, 32] a scale, by the way that detect() takes: chains of layers through
/// rings of rows.
std::vector<Matrix<float>> streamed_heads(const Detector& detector, const faceio::ImageView& image, Size size) {
  const faceio::BoundNetwork& bound = detector.bound();
  const Size network{std::max(size.width_px, 32), std::max(size.height_px, 32)};
  test::AlignedBuffer memory(faceio::plan_bytes(bound.network, network, faceio::Schedule::streaming));
  faceio::Arena arena(memory.span());
  const auto plan = faceio::make_plan(bound, network, faceio::Schedule::streaming, arena);
  REQUIRE(plan.status().ok());
  std::vector<Matrix<float>> heads(kScales);
  for (size_t s = 0; s < heads.size(); ++s) heads[s].resize(plan->outputs[s].height * plan->outputs[s].width, 32);
  std::vector<uint8_t> row(3 * static_cast<size_t>(size.width_px));
  const auto rows = size == image.size ? faceio::PictureRows(bound, image)
                                       : faceio::PictureRows(bound, image, size, false, row.data());
  faceio::run(*plan, rows, faceio::NoTrace{}, [&](int s, int32_t begin, int32_t end) {
    const faceio::MapView& map = plan->outputs[s];
    for (int32_t y = begin; y < end; ++y) {
      for (int32_t x = 0; x < map.width; ++x) {
        for (int32_t c = 0; c < 32; ++c) heads[static_cast<size_t>(s)](y * map.width + x, c) = map.at(y, x, c);
      }
    }
  });
  return heads;
}

/// What a head map says of an anchor, by the channels that models/retinaface_mnet025.hpp lists.
struct Said {
  double classes[2], box[4], landmarks[10];
};
Said said(const Matrix<float>& map, Index cell, int anchor) {
  Said s{};
  for (int k = 0; k < 2; ++k) s.classes[k] = map(cell, 2 * anchor + k);
  for (int k = 0; k < 4; ++k) s.box[k] = map(cell, 4 + 4 * anchor + k);
  for (int k = 0; k < 10; ++k) s.landmarks[k] = map(cell, 12 + 10 * anchor + k);
  return s;
}

/// Largest difference between heads and head maps.
template <class Scalar>
double difference(const DetectionHeads<Scalar>& heads, const std::vector<Matrix<float>>& maps) {
  double worst = 0.0;
  Index anchor = 0;
  for (const Matrix<float>& map : maps) {
    for (Index cell = 0; cell < map.rows(); ++cell) {
      for (int which = 0; which < 2; ++which, ++anchor) {
        const Said s = said(map, cell, which);
        for (int k = 0; k < 2; ++k) worst = std::max(worst, std::abs(s.classes[k] - double(heads.classes(anchor, k))));
        for (int k = 0; k < 4; ++k) worst = std::max(worst, std::abs(s.box[k] - double(heads.box(anchor, k))));
        for (int k = 0; k < 10; ++k)
          worst = std::max(worst, std::abs(s.landmarks[k] - double(heads.landmarks(anchor, k))));
      }
    }
  }
  CHECK(heads.classes.rows() == anchor);
  return worst;
}

TruthFace face(float x, float y, float width, float height, bool landmarks) {
  TruthFace f;
  f.box = {x, y, width, height};
  if (!landmarks) return f;
  f.landmarks.emplace();
  const float at[5][2] = {{0.3f, 0.4f}, {0.7f, 0.4f}, {0.5f, 0.6f}, {0.35f, 0.8f}, {0.65f, 0.8f}};
  for (size_t i = 0; i < 5; ++i) f.landmarks->points[i] = {x + at[i][0] * width, y + at[i][1] * height};
  return f;
}

/// Random features of a small picture.
DetectorFeatures random_features(Size network, Random& random) {
  DetectorFeatures f;
  f.network = network;
  for (int s = 0; s < kScales; ++s) {
    const int32_t stride = 8 << s;
    const Index cells = ((network.width_px + stride - 1) / stride) * ((network.height_px + stride - 1) / stride);
    f.scale[s] = normal_matrix<float>(cells, 64, 1.0, Random(random.next()));
  }
  return f;
}

DetectionTargets<double> random_targets(Size network, Random& random) {
  std::vector<TruthFace> faces;
  for (int i = 0; i < 3; ++i) {
    const auto side = static_cast<float>(12.0 + 40.0 * random.uniform());
    faces.push_back(face(static_cast<float>(random.uniform() * (network.width_px - 12)),
                         static_cast<float>(random.uniform() * (network.height_px - 12)), side, side * 1.2f, i != 1));
  }
  return make_targets<double>(detector_anchors(network), faces);
}

/// Whether the loss is smooth around here: no regression near the kink of smooth-L1's slope, no tie of mining near.
bool is_smooth(const DetectionHeads<double>& heads, const DetectionTargets<double>& targets,
               const DetectionLossOptions& o) {
  constexpr double kRoom = 1e-3;
  const auto near_kink = [](double d) { return std::abs(std::abs(d) - 1.0) < kRoom; };
  for (size_t p = 0; p < targets.positives.size(); ++p) {
    const auto row = static_cast<Index>(p);
    const Index a = targets.positives[p];
    for (Index k = 0; k < 4; ++k) {
      if (near_kink(heads.box(a, k) - targets.box(row, k))) return false;
    }
    for (Index k = 0; k < 10; ++k) {
      if (targets.has_landmarks[p] && near_kink(heads.landmarks(a, k) - targets.landmarks(row, k))) return false;
    }
  }
  double least_chosen = 1e30, most_left = -1e30;
  const std::vector<int32_t> chosen = hard_negatives(heads, targets, o);
  for (size_t a = 0; a < targets.match.size(); ++a) {
    if (targets.match[a] != kBackgroundAnchor) continue;
    const auto row = static_cast<Index>(a);
    const double margin = heads.classes(row, 1) - heads.classes(row, 0);
    const bool is_chosen = std::find(chosen.begin(), chosen.end(), static_cast<int32_t>(a)) != chosen.end();
    if (is_chosen) least_chosen = std::min(least_chosen, margin);
    if (!is_chosen) most_left = std::max(most_left, margin);
  }
  return least_chosen - most_left > kRoom;
}

/// A training on the astronaut at two sizes, whose face is annotated a few pixels off what the network finds.
DetectorHeads<float> astronaut_task(const Detector& whole, const Detector& small,
                                    const DetectionLossOptions& options = {}) {
  const test::Rgb picture = test::astronaut();
  std::vector<DetectorFeatures> features = {detector_features(whole, picture.view()),
                                            detector_features(small, picture.view())};
  std::vector<DetectionTargets<float>> targets;
  for (size_t i = 0; i < features.size(); ++i) {
    const float scale = i == 0 ? 1.0f : 0.5f;
    targets.push_back(make_targets<float>(
        detector_anchors(features[i].network), {face(175 * scale, 65 * scale, 80 * scale, 95 * scale, true)}));
  }
  DetectorHeads<float> heads(std::move(features), std::move(targets), options);
  heads.load(BlobWriter(default_detector().blob));
  return heads;
}

DetectorOptions long_side(int32_t side_px) {
  DetectorOptions options;
  options.long_sides_px[0] = side_px;
  return options;
}

TrainerOptions few_steps(int64_t steps) {
  TrainerOptions options;
  options.steps = steps;
  options.batch = 1;
  options.sgd.schedule.rate = 1e-3;
  return options;
}

}  // namespace

TEST_CASE("detector_features: with the blob's heads they give what the network says") {
  const test::Rgb picture = test::astronaut();
  for (const int32_t side_px : {0, 320, 333, 800, 20}) {
    CAPTURE(side_px);
    BytesDetector d = default_detector(long_side(side_px));
    faceio::ImageView view = picture.view();
    if (side_px == 333) view.size = {451, 317};  // sides that no stride divides, out of longer rows
    const Size size = faceio::plan_levels(view.size, d.detector.options()).level[0].size;
    const DetectorFeatures features = detector_features(d.detector, view);
    CHECK(features.network == Size{std::max(size.width_px, 32), std::max(size.height_px, 32)});
    const std::vector<Matrix<float>> maps = streamed_heads(d.detector, view, size);
    REQUIRE(maps[0].rows() == features.scale[0].rows());

    // By plain products, in double.
    const BlobWriter blob(d.blob);
    double worst = 0.0;
    for (int s = 0; s < kScales; ++s) {
      const PointwiseLayer layer = blob.pointwise(operation(Detector::network(), "head" + std::to_string(s + 1)));
      const Matrix<double> x = features.scale[s].cast<double>();
      Matrix<double> y = x * layer.weights.cast<double>().transpose();
      y.rowwise() += layer.bias.cast<double>().transpose();
      worst = std::max(worst, (y - maps[static_cast<size_t>(s)].cast<double>()).cwiseAbs().maxCoeff());
    }
    CHECK(worst <= 1e-4);

    // By the task, in the order of anchors.
    std::vector<DetectionTargets<double>> targets = {make_targets<double>(detector_anchors(features.network), {})};
    DetectorHeads<double> heads({features}, targets);
    heads.load(blob);
    CHECK(difference(heads.heads(0), maps) <= 1e-4);
  }
}

TEST_CASE("detector_features: refuses what a training could not use") {
  const test::Rgb picture = test::astronaut();
  DetectorOptions two = long_side(320);
  two.long_sides_px[1] = 640;
  CHECK(refuses([&] { detector_features(default_detector(two).detector, picture.view()); }, {"2 scales", "640 x 480"}));
  CHECK(refuses([&] { detector_features(Detector(), picture.view()); }, {"features of a picture"}));
  const faceio::ImageView none(nullptr, {}, 0, faceio::PixelFormat::RGB8);
  CHECK(refuses([&] { detector_features(default_detector().detector, none); }, {"features of a picture"}));
  const auto int8 = faceio::host::OwnedDetector::load(test::int8_detector_path());
  CHECK(refuses([&] { detector_features(int8.detector(), picture.view()); }, {"int8", "fp32 blob"}));
}

TEST_CASE("DetectorHeads: gradients equal central differences") {
  const DetectionLossOptions every_negative = {1000, 0, 1.0, 2.0, 1.0, 0.0};
  Random random(7);
  int cases = 0;
  for (int attempt = 0; attempt < 200 && cases < 40; ++attempt) {
    const DetectionLossOptions options = attempt % 3 == 0 ? every_negative
                                         : attempt % 3 == 1 ? DetectionLossOptions::paper() : DetectionLossOptions{};
    const Size size{32 + static_cast<int32_t>(random.below(40)), 32 + static_cast<int32_t>(random.below(40))};
    std::vector<DetectorFeatures> features;
    std::vector<DetectionTargets<double>> targets;
    for (int i = 0; i < 3; ++i) {
      features.push_back(random_features(size, random));
      targets.push_back(random_targets(size, random));
    }
    DetectorHeads<double> task(features, targets, options);
    for (Parameter<double>& p : task.parameters)
      p.value = normal_matrix<double>(p.value.rows(), p.value.cols(), 0.1, Random(random.next()));
    const std::vector<Index> batch = {2, 0};
    if (!is_smooth(task.heads(2), targets[2], options) || !is_smooth(task.heads(0), targets[0], options)) continue;
    ++cases;
    task.loss(batch);
    std::vector<Matrix<double>> gradient;
    double norm = 0.0;
    for (const Parameter<double>& p : task.parameters) {
      gradient.push_back(p.gradient);
      norm += p.gradient.squaredNorm();
    }
    norm = std::sqrt(norm);
    const auto slope = [&](auto&& move) {
      constexpr double kStep = 1e-6;
      move(kStep);
      const double above = task.loss(batch);
      move(-2 * kStep);
      const double below = task.loss(batch);
      move(kStep);
      return (above - below) / (2 * kStep);
    };
    for (size_t i = 0; i < task.parameters.size(); ++i) {
      Matrix<double>& value = task.parameters[i].value;
      // Along a direction that has a part from every entry.
      const Matrix<double> along =
          normal_matrix<double>(value.rows(), value.cols(), 1.0, Random(random.next())).normalized();
      const double expected = gradient[i].cwiseProduct(along).sum();
      CHECK(std::abs(slope([&](double h) { value += h * along; }) - expected) <= 1e-6 * norm);
      const Index entry = random.below(static_cast<uint32_t>(value.size()));
      CHECK(std::abs(slope([&](double h) { value.data()[entry] += h; }) - gradient[i].data()[entry]) <= 1e-6 * norm);
    }
  }
  CHECK(cases == 40);
}

TEST_CASE("DetectorHeads: a cell of one feature, by hand") {
  // 32 x 32 px: 16 + 4 + 1 cells, 42 anchors. The face is the first anchor of the one cell of stride 32.
  DetectorFeatures features;
  features.network = {32, 32};
  for (int s = 0; s < kScales; ++s) features.scale[s] = Matrix<float>::Zero(16 >> (2 * s), 64);
  features.scale[2](0, 5) = 2.0f;
  MatchingOptions only_best;
  only_best.positive_iou = 0.9;
  only_best.negative_iou = 0.001;
  const TruthFace truth = face(16 - 128, 16 - 128, 256, 256, false);
  const auto targets = make_targets<double>(detector_anchors(features.network), {truth}, only_best);
  REQUIRE(targets.positives == std::vector<int32_t>{40});
  DetectorHeads<double> task({features}, {targets}, {0, 0, 1.0, 2.0, 1.0, 0.0});
  for (Parameter<double>& p : task.parameters) {
    if (p.name == "head3.class.weights") p.value(1, 5) = 0.5;        // face logit 1, and 0 of background
    if (p.name == "head3.box.weights") p.value(3, 5) = 0.25;         // dh 0.5 where 0 is right
    if (p.name == "head3.box.biases") p.value(0, 0) = -3.0;          // dx -3 where 0 is right
  }
  const double value = task.loss({0});
  CHECK(value == doctest::Approx(std::log(1.0 + std::exp(-1.0)) + 2.0 * (0.125 + 2.5)));
  CHECK(task.terms().positives == 1);
  const double wrong = 1.0 / (1.0 + std::exp(1.0));
  for (const Parameter<double>& p : task.parameters) {
    Matrix<double> expected = Matrix<double>::Zero(p.value.rows(), p.value.cols());
    if (p.name == "head3.class.weights") expected.col(5) << 2 * wrong, -2 * wrong, 0, 0;
    if (p.name == "head3.class.biases") expected << wrong, -wrong, 0, 0;
    if (p.name == "head3.box.weights") expected.col(5) << -4, 0, 0, 2, 0, 0, 0, 0;
    if (p.name == "head3.box.biases") expected << -2, 0, 0, 1, 0, 0, 0, 0;
    CAPTURE(p.name);
    CHECK((p.gradient - expected).norm() <= 1e-12);
    CHECK(p.decays == (p.name.find("biases") == std::string::npos));
  }
}

TEST_CASE("DetectorHeads: stored as they were loaded, the detector finds the same faces") {
  BytesDetector before = default_detector(), small = default_detector(long_side(320));
  const DetectorHeads<float> heads = astronaut_task(before.detector, small.detector);
  BlobWriter writer(before.blob);
  heads.store(writer);
  BytesDetector after(writer.bytes());
  const test::Rgb picture = test::astronaut();
  const std::vector<faceio::Face> expected = before.detect(picture.view()), found = after.detect(picture.view());
  REQUIRE(expected.size() == 1);
  REQUIRE(found.size() == 1);
  CHECK(std::memcmp(expected.data(), found.data(), sizeof(faceio::Face)) == 0);
}

TEST_CASE("DetectorHeads: what is trained is what the detector then says") {
  BytesDetector before = default_detector(), small = default_detector(long_side(320));
  DetectorHeads<float> task = astronaut_task(before.detector, small.detector);
  const double loss_before = task.loss({0, 1});
  Trainer<float> trainer(task, few_steps(1));
  trainer.run();
  BlobWriter writer(before.blob);
  task.store(writer);
  writer.set_provenance("{\"trained\":\"a test\"}");
  BytesDetector after(writer.bytes());
  const test::Rgb picture = test::astronaut();
  const auto maps = streamed_heads(after.detector, picture.view(), picture.size);
  CHECK(difference(task.heads(0), maps) <= 1e-4);
  CHECK(difference(task.heads(0), streamed_heads(before.detector, picture.view(), picture.size)) > 1e-3);
  CHECK(task.loss({0, 1}) < loss_before);

  // After some more steps the reported box is nearer to the annotated one.
  const faceio::Box truth = {175, 65, 80, 95};
  Trainer<float> longer(task, few_steps(60));
  longer.run();
  task.store(writer);
  BytesDetector trained(writer.bytes());
  const auto was = before.detect(picture.view()), is = trained.detect(picture.view());
  REQUIRE(is.size() == 1);
  CHECK(faceio::iou(is[0].box, truth) > faceio::iou(was[0].box, truth) + 0.05f);
}

TEST_CASE("DetectorHeads: the same bits for a seed, whether or not a checkpoint was in between") {
  BytesDetector whole = default_detector(), small = default_detector(long_side(320));
  const std::string path = "detector_heads_test.checkpoint";
  const auto trained = [&](int64_t first, int64_t steps) {
    if (first > 0) {
      DetectorHeads<float> task = astronaut_task(whole.detector, small.detector);
      TrainerOptions options = few_steps(first);
      options.checkpoint = path;
      Trainer<float>(task, options).run();
    }
    DetectorHeads<float> task = astronaut_task(whole.detector, small.detector);
    Trainer<float> trainer(task, few_steps(steps));
    if (first > 0) {
      for (Parameter<float>& p : task.parameters) p.value.setConstant(7.0f);
      trainer.resume(path);
    }
    CHECK(trainer.step() == first);
    trainer.run();
    BlobWriter writer(whole.blob);
    task.store(writer);
    return writer.bytes();
  };
  const std::vector<uint8_t> once = trained(0, 7);
  CHECK(once == trained(0, 7));
  CHECK(once == trained(3, 7));
  CHECK(once != trained(0, 8));

  DetectorHeads<float> other = astronaut_task(whole.detector, small.detector, DetectionLossOptions::paper());
  Trainer<float> trainer(other, few_steps(7));
  CHECK(refuses([&] { trainer.resume(path); }, {path, "other options"}));
  std::remove(path.c_str());
}

TEST_CASE("DetectorHeads: a head that the loss does not weigh stays as it is") {
  BytesDetector whole = default_detector(), small = default_detector(long_side(320));
  DetectorHeads<float> task = astronaut_task(whole.detector, small.detector, {7, 0, 1.0, 0.0, 1.0, 0.0});
  const std::vector<Parameter<float>> before = task.parameters;
  Trainer<float>(task, few_steps(3)).run();
  for (size_t i = 0; i < before.size(); ++i) {
    const bool box = before[i].name.find(".box.") != std::string::npos;
    const bool weights = before[i].name.find("weights") != std::string::npos;  // biases move where a face is
    CAPTURE(before[i].name);
    if (box || weights) CHECK((before[i].value == task.parameters[i].value) == box);
  }
}

TEST_CASE("DetectorHeads: refuses what does not fit, and says what") {
  Random random(3);
  const Size size{40, 48};
  const DetectorFeatures features = random_features(size, random);
  const auto targets = random_targets(size, random);
  const auto make = [](const std::vector<DetectorFeatures>& f, const std::vector<DetectionTargets<double>>& t,
                       const DetectionLossOptions& o = {}) { DetectorHeads<double> heads(f, t, o); };
  CHECK(refuses([&] { make({features}, {targets, targets}); }, {"1 pictures", "2"}));
  CHECK(refuses([&] { make({features, features}, {targets, random_targets({64, 64}, random)}); },
                {"picture 1", "detector_anchors(features.network)"}));
  DetectionLossOptions options;
  options.box_weight = -1.0;
  CHECK(refuses([&] { make({features}, {targets}, options); }, {"loss weight"}));
  DetectorFeatures damaged = features;
  damaged.scale[1](0, 0) = NAN;
  CHECK(refuses([&] { make({damaged}, {targets}); }, {"picture 0", "not all finite"}));

  DetectorHeads<double> heads({features}, {targets});
  const auto int8 = faceio::host::OwnedDetector::load(test::int8_detector_path());
  CHECK(refuses([&] { heads.load(BlobWriter(int8.blob())); }, {"fp32"}));
  BlobWriter blob(default_detector().blob);
  heads.parameters[4].value(0, 0) = INFINITY;
  CHECK(refuses([&] { heads.store(blob); }, {"not finite"}));
}
