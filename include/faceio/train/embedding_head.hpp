// A linear head on frozen embeddings, trained with any of the losses: what changes is small, so minutes on a CPU are
// enough, and it folds into the last layer of the recogniser (blob_writer.hpp).
#ifndef FACEIO_TRAIN_EMBEDDING_HEAD_HPP
#define FACEIO_TRAIN_EMBEDDING_HEAD_HPP

#include <string>
#include <utility>
#include <vector>

#include "center_loss.hpp"
#include "margin_softmax.hpp"
#include "softmax.hpp"
#include "trainer.hpp"

FACEIO_BEGIN_NAMESPACE
namespace train {

struct EmbeddingHeadOptions {
  bool margin_loss = true;         // false: softmax over a linear classifier with biases
  MarginSoftmaxOptions margin;     // of margin_loss; its default is normalised softmax
  double center_weight = 0.0;      // lambda of center loss, added to either
  double center_rate = 0.5;        // alpha of update_centers
  double class_deviation = 0.01;   // of the normal numbers that class weights start from
  uint64_t seed = 1;               // of those
};

/// embedding = head * feature, head [E, D]. Rows of features are embeddings of a frozen network, of any length.
template <class Scalar>
class EmbeddingHead final : public Task<Scalar> {
 public:
  /// `head` is what training starts from: identity keeps what the network knows. Throws Error when sizes do not fit, a
  /// label is not 0 to classes - 1, or options are out of range.
  EmbeddingHead(Matrix<Scalar> features, std::vector<int> labels, Index classes, Matrix<Scalar> head,
                const EmbeddingHeadOptions& options = {})
      : features_(std::move(features)), labels_(std::move(labels)), options_(options), margin_(options.margin) {
    if (head.cols() != features_.cols() || head.rows() < 1)
      throw Error("a head of [" + std::to_string(head.rows()) + ", " + std::to_string(head.cols()) +
                  "] cannot follow features of " + std::to_string(features_.cols()) + " columns");
    if (!(options.center_weight >= 0.0 && options.center_weight <= 1e6))
      throw Error("center_weight is " + std::to_string(options.center_weight) + "; it must be between 0 and 1e6");
    check_labels(labels_, features_.rows(), classes);
    const Index size = head.rows(), rows = options.margin_loss ? classes * options.margin.sub_centers : classes;
    add("head", std::move(head));
    add("classes", normal_matrix<Scalar>(rows, size, options.class_deviation, Random(options.seed, 1)));
    if (!options.margin_loss) {
      add("biases", Matrix<Scalar>::Zero(1, classes));
      this->parameters.back().decays = false;
    }
    if (options.center_weight > 0.0) {
      add("centers", Matrix<Scalar>::Zero(classes, size));
      this->parameters.back().descends = false;
    }
  }

  Index examples() const override { return features_.rows(); }

  double loss(const std::vector<Index>& batch) override {
    const auto n = static_cast<Index>(batch.size());
    batch_.resize(n, features_.cols());
    batch_labels_.resize(batch.size());
    for (Index i = 0; i < n; ++i) {
      batch_.row(i) = features_.row(batch[static_cast<size_t>(i)]);
      batch_labels_[static_cast<size_t>(i)] = labels_[static_cast<size_t>(batch[static_cast<size_t>(i)])];
    }
    Parameter<Scalar>& head = this->parameters[0];
    embeddings_.noalias() = batch_ * head.value.transpose();
    double value = options_.margin_loss ? margin_loss() : softmax_loss();
    if (options_.center_weight > 0.0) value += pull_to_centers();
    head.gradient.noalias() = pull_.transpose() * batch_;
    return value;
  }

  uint64_t recipe() const override {
    const MarginSoftmaxOptions& m = options_.margin;
    Recipe of;
    of.add(features_.data(), static_cast<size_t>(features_.size())).add(labels_.data(), labels_.size());
    of.add(options_.margin_loss).add(m.margin.m1).add(m.margin.m2).add(m.margin.m3).add(m.margin.extension);
    of.add(m.margin.lambda).add(m.scale).add(m.scale_by_length).add(m.sub_centers).add(options_.center_weight);
    return of.add(options_.center_rate).add(options_.class_deviation).add(options_.seed).value();
  }

  const Matrix<Scalar>& head() const { return this->parameters[0].value; }
  /// Class weights, [C * sub_centers, E].
  const Matrix<Scalar>& classes() const { return this->parameters[1].value; }

 private:
  void add(const char* name, Matrix<Scalar> start) { this->parameters.emplace_back(name, std::move(start)); }

  double margin_loss() {
    const double value = margin_.loss(embeddings_, this->parameters[1].value, batch_labels_, margin_gradients_);
    this->parameters[1].gradient.swap(margin_gradients_.weights);
    pull_.swap(margin_gradients_.features);
    return value;
  }

  double softmax_loss() {
    Parameter<Scalar>&classes = this->parameters[1], &biases = this->parameters[2];
    const Vector<Scalar> b = biases.value.row(0).transpose();
    const double value = softmax_.loss(embeddings_, classes.value, b, batch_labels_, softmax_gradients_);
    classes.gradient.swap(softmax_gradients_.weights);
    biases.gradient = softmax_gradients_.biases.transpose();
    pull_.swap(softmax_gradients_.features);
    return value;
  }

  double pull_to_centers() {
    Matrix<Scalar>& centers = this->parameters.back().value;
    const double value = center_loss(embeddings_, centers, batch_labels_, &to_centers_);
    pull_ += static_cast<Scalar>(options_.center_weight) * to_centers_;
    update_centers(embeddings_, batch_labels_, options_.center_rate, centers);
    return options_.center_weight * value;
  }

  Matrix<Scalar> features_;
  std::vector<int> labels_;
  EmbeddingHeadOptions options_;
  MarginSoftmax<Scalar> margin_;
  Softmax<Scalar> softmax_;
  MarginSoftmaxGradients<Scalar> margin_gradients_;
  SoftmaxGradients<Scalar> softmax_gradients_;
  Matrix<Scalar> batch_, embeddings_, pull_, to_centers_;  // pull_: the gradient by embeddings
  std::vector<int> batch_labels_;
};

}  // namespace train
FACEIO_END_NAMESPACE

#endif  // FACEIO_TRAIN_EMBEDDING_HEAD_HPP
