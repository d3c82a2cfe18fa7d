// A head on frozen embeddings: its gradients, what training does to it, and the blob that holds it.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <faceio/host/owned.hpp>
#include <faceio/models/mobilefacenet_192.hpp>
#include <faceio/train/blob_writer.hpp>
#include <faceio/train/embedding_head.hpp>
#include <random>
#include <string>
#include <vector>

#include "../support/files.hpp"
#include "../support/pictures.hpp"
#include "random_batch.hpp"
#include "refuses.hpp"

using namespace faceio::train;

namespace {

std::vector<EmbeddingHeadOptions> all_losses() {
  std::vector<EmbeddingHeadOptions> all(6);
  all[0].margin_loss = false;
  all[1].margin.scale = 8.0;
  all[2].margin = {Margin::arcface(0.3), 8.0};
  all[3].margin = {Margin::cosface(0.2), 8.0};
  all[4].margin = {Margin::arcface(0.3), 8.0};
  all[4].margin.sub_centers = 2;
  all[5].margin_loss = false;
  all[5].center_weight = 0.5;
  for (EmbeddingHeadOptions& options : all) options.class_deviation = 0.5;
  return all;
}

/// Examples around `classes` directions.
struct People {
  Matrix<double> features;
  std::vector<int> labels;

  People(int classes, int each, int size, uint64_t seed) : features(classes * each, size) {
    std::mt19937_64 random(seed);
    const Matrix<double> centers = random_batch::matrix(random, classes, size);
    for (int i = 0; i < classes * each; ++i) {
      labels.push_back(i % classes);
      features.row(i) = centers.row(i % classes) + 0.5 * random_batch::matrix(random, 1, size);
    }
  }
};

std::vector<Index> everyone(const People& people) {
  std::vector<Index> all(people.labels.size());
  for (size_t i = 0; i < all.size(); ++i) all[i] = static_cast<Index>(i);
  return all;
}

faceio::host::LoadedBlob recogniser() { return faceio::host::LoadedBlob(test::recogniser_path()); }

uint16_t last_layer() { return operation(faceio::mobilefacenet_192::kNetwork.view(), "embedding"); }

/// The embedding of noise by a blob.
Vector<double> embedding_by(const std::vector<uint8_t>& file) {
  using namespace faceio;
  test::AlignedBuffer bytes(file);
  const auto blob = Blob::open(bytes.bytes());
  REQUIRE(blob.has_value());
  const auto needs = Embedder::requirements(Precision::fp32);
  test::AlignedBuffer persistent(needs.persistent_bytes), scratch(needs.scratch_bytes);
  const auto embedder = Embedder::create(*blob, persistent.span(), Target::scalar);
  REQUIRE(embedder.has_value());
  std::mt19937 random(1);
  std::vector<uint8_t> pixels(mobilefacenet_192::kCrop_px * mobilefacenet_192::kCrop_px * 3);
  for (uint8_t& pixel : pixels) pixel = static_cast<uint8_t>(random());
  const Size size{mobilefacenet_192::kCrop_px, mobilefacenet_192::kCrop_px};
  const ImageView crop(pixels.data(), size, static_cast<size_t>(size.width_px) * 3, PixelFormat::RGB8);
  const auto embedding = embedder->embed_crop(crop, scratch.span());
  REQUIRE(embedding.has_value());
  Vector<double> v(mobilefacenet_192::kEmbeddingSize);
  for (Index i = 0; i < v.size(); ++i) v(i) = static_cast<double>(embedding->values[i]);
  return v;
}

}  // namespace

TEST_CASE("gradients of head, classes and biases are those of central differences") {
  const People people(4, 3, 5, 1);
  std::mt19937_64 random(2);
  for (const EmbeddingHeadOptions& options : all_losses()) {
    const Matrix<double> head = random_batch::matrix(random, 3, 5);
    EmbeddingHead<double> task(people.features, people.labels, 4, head, options);
    const std::vector<Index> batch = {0, 3, 5, 6, 11};
    const auto centers = task.parameters.back();
    const auto loss = [&] {
      if (!centers.descends) task.parameters.back().value = centers.value;  // which a loss moves
      return task.loss(batch);
    };
    loss();
    const std::vector<Parameter<double>> at = task.parameters;
    for (size_t p = 0; p < at.size(); ++p) {
      if (!at[p].descends) continue;
      const double scale = at[p].gradient.norm();
      CHECK(scale > 1e-3);
      for (Index i = 0; i < at[p].value.size(); ++i) {
        double* const value = task.parameters[p].value.data() + i;
        const double was = *value, step = 1e-5;
        *value = was + step;
        const double above = loss();
        *value = was - step;
        const double below = loss();
        *value = was;
        CHECK(std::abs((above - below) / (2 * step) - at[p].gradient.data()[i]) <= 1e-6 * scale);
      }
    }
  }
}

TEST_CASE("training tells people apart with every loss, and gives the same bits again") {
  const People people(6, 8, 16, 3);
  for (const EmbeddingHeadOptions& options : all_losses()) {
    TrainerOptions training;
    training.steps = 300;
    training.batch = 16;
    training.sgd.schedule = {0.05, {200}, 0.1};
    const auto train = [&] {
      EmbeddingHead<double> task(people.features, people.labels, 6, Matrix<double>::Identity(8, 16), options);
      const double before = task.loss(everyone(people));
      Trainer<double>(task, training).run();
      CHECK(task.loss(everyone(people)) < 0.5 * before);
      return task;
    };
    EmbeddingHead<double> first = train(), second = train();
    CHECK(first.head() == second.head());
    // The nearest class, by the logits of the loss, is the right one.
    const Matrix<double> embeddings = people.features * first.head().transpose();
    const Index each = options.margin_loss ? options.margin.sub_centers : 1;
    int right = 0;
    for (Index i = 0; i < embeddings.rows(); ++i) {
      Matrix<double> logits = embeddings.row(i) * first.classes().transpose();
      for (Index c = 0; c < logits.cols(); ++c) {
        if (options.margin_loss) logits(0, c) /= first.classes().row(c).norm();
        else logits(0, c) += first.parameters[2].value(0, c);
      }
      Index row = 0, column = 0;
      logits.maxCoeff(&row, &column);
      right += column / each == people.labels[static_cast<size_t>(i)];
    }
    CHECK(right == 48);
  }
}

TEST_CASE("a center follows its class while the head is trained") {
  EmbeddingHeadOptions options = all_losses()[5];
  options.center_rate = 1.0;
  Matrix<double> features(2, 2);
  features << 2, 0, 4, 0;
  EmbeddingHead<double> task(features, {0, 0}, 2, Matrix<double>::Identity(2, 2), options);
  const double softmax = std::log(2.0);  // classes alike: set so
  task.parameters[1].value.setZero();
  // Centers begin at 0: 1/2 (4 + 16) / 2 * 0.5 of loss, and a move of (2 + 4) / 3.
  CHECK(task.loss({0, 1}) == doctest::Approx(softmax + 2.5));
  CHECK(task.parameters[3].name == "centers");
  CHECK(task.parameters[3].value(0, 0) == doctest::Approx(2.0));
  CHECK(task.parameters[3].value(1, 0) == 0.0);
}

TEST_CASE("what does not fit is refused") {
  const People people(2, 2, 3, 1);
  const auto refused = [&](Index rows, Index columns, Index classes, double center_weight,
                           const std::vector<std::string>& text) {
    EmbeddingHeadOptions options;
    options.center_weight = center_weight;
    return test::refuses([&] {
      EmbeddingHead<double>(people.features, people.labels, classes, Matrix<double>::Identity(rows, columns), options);
    }, text);
  };
  CHECK(refused(3, 4, 2, 0.0, {"[3, 4]", "3 columns"}));
  CHECK(refused(0, 3, 2, 0.0, {"[0, 3]"}));
  CHECK(refused(3, 3, 1, 0.0, {"label 1"}));
  CHECK(refused(3, 3, 2, -1.0, {"center_weight"}));
}

TEST_CASE("every option is part of what a checkpoint belongs to") {
  const People people(2, 2, 3, 1);
  const auto recipe = [&](const EmbeddingHeadOptions& options) {
    return EmbeddingHead<double>(people.features, people.labels, 2, Matrix<double>::Identity(3, 3), options).recipe();
  };
  std::vector<EmbeddingHeadOptions> others(13);
  others[1].margin_loss = false;
  others[2].margin.margin.m1 = 2.0;
  others[3].margin.margin.m2 = 0.5;
  others[4].margin.margin.m3 = 0.35;
  others[5].margin.margin.extension = Extension::monotonic;
  others[6].margin.margin.lambda = 5.0;
  others[7].margin.scale = 30.0;
  others[8].margin.scale_by_length = true;
  others[9].margin.sub_centers = 3;
  others[10].center_weight = 0.1;
  others[11].class_deviation = 0.1;
  others[12].seed = 2;
  for (size_t i = 0; i < others.size(); ++i) {
    for (size_t k = 0; k < i; ++k) CHECK(recipe(others[i]) != recipe(others[k]));
  }
}

TEST_CASE("a blob that nothing was changed in is written as it was") {
  for (const std::string& path : {test::recogniser_path(), test::detector_path(), test::int8_recogniser_path()}) {
    const faceio::host::LoadedBlob loaded(path);
    CHECK(BlobWriter(loaded.blob()).bytes() == test::read_file(path));
  }
}

TEST_CASE("a head folds into the recogniser: its embedding is the head's of the embedding before") {
  const auto loaded = recogniser();
  BlobWriter writer(loaded.blob());
  const Vector<double> before = embedding_by(writer.bytes());
  std::mt19937_64 random(4);
  const int size = faceio::mobilefacenet_192::kEmbeddingSize;
  const Matrix<double> head = random_batch::matrix(random, size, size);
  const PointwiseLayer layer = writer.pointwise(last_layer());
  CHECK(layer.weights.rows() == size);
  CHECK(layer.weights.cols() == 512);
  writer.set_pointwise(last_layer(), followed_by(layer, head.cast<float>()));
  writer.set_provenance("{\"trained\":\"by a test\"}");
  const std::vector<uint8_t> file = writer.bytes();
  const Vector<double> after = embedding_by(file), expected = (head * before).normalized();
  CHECK((after - expected).norm() < 1e-5);
  CHECK(std::abs(after.dot(before)) < 0.5);

  test::AlignedBuffer bytes(file);
  const auto blob = faceio::Blob::open(bytes.bytes());
  REQUIRE(blob.has_value());
  CHECK(std::string(blob->provenance().begin(), blob->provenance().end()) == "{\"trained\":\"by a test\"}");
  CHECK(blob->find(last_layer(), faceio::Role::selftest_output) == nullptr);
  CHECK(blob->find(static_cast<uint16_t>(last_layer() - 1), faceio::Role::selftest_output) != nullptr);
  // All layers before are checked as ever.
  const auto needs = faceio::Embedder::requirements(faceio::Precision::fp32);
  test::AlignedBuffer persistent(needs.persistent_bytes);
  const auto embedder = faceio::Embedder::create(*blob, persistent.span(), faceio::Target::scalar);
  REQUIRE(embedder.has_value());
  const auto report = faceio::host::selftest(embedder->bound(), *blob);
  CHECK(report.checked_ops == last_layer());
  CHECK(report.first_bad_op == -1);
}

TEST_CASE("layers that are no fp32 1x1, and weights that are none, are refused") {
  const auto loaded = recogniser();
  const faceio::host::LoadedBlob int8(test::int8_recogniser_path());
  BlobWriter writer(loaded.blob());
  CHECK(test::refuses([&] { writer.pointwise(0); }, {"operation 0", "1x1"}));
  CHECK(test::refuses([&] { BlobWriter(int8.blob()).pointwise(last_layer()); }, {"fp32"}));
  CHECK(test::refuses([&] { operation(faceio::mobilefacenet_192::kNetwork.view(), "head"); }, {"called head"}));
  PointwiseLayer layer = writer.pointwise(last_layer());
  CHECK(test::refuses([&] { followed_by(layer, Matrix<float>::Identity(64, 192)); }, {"[64, 192]", "square"}));
  layer.weights(3, 5) = NAN;
  CHECK(test::refuses([&] { writer.set_pointwise(last_layer(), layer); }, {"not finite"}));
  layer.weights.resize(2, 2);
  CHECK(test::refuses([&] { writer.set_pointwise(last_layer(), layer); }, {"[192, 512]", "[2, 2]"}));
  CHECK(writer.bytes() == test::read_file(test::recogniser_path()));
}
