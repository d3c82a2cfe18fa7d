// Fine-tuning of the detector's heads on cached features: what is learnt are three 1x1 convolutions, 6,240 numbers, so
// minutes on a CPU are enough, and the weights go back into the blob as they are (blob_writer.hpp).
#ifndef FACEIO_TRAIN_DETECTOR_HEADS_HPP
#define FACEIO_TRAIN_DETECTOR_HEADS_HPP

#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "blob_writer.hpp"
#include "detection_loss.hpp"
#include "detector_features.hpp"
#include "trainer.hpp"

FACEIO_BEGIN_NAMESPACE
namespace train {

/// The class, box and landmark heads of every scale; an example is a picture. Parameters are the weights and the biases
/// of each, biases without decay; a head whose weight in the loss is 0 stays as it is.
template <class Scalar>
class DetectorHeads final : public Task<Scalar> {
 public:
  /// Starts from zeros: load() gives the heads what the detector knows. Throws Error when there are not as many targets
  /// as features, targets were made for a network input of another size than the features, or options are out of range.
  DetectorHeads(std::vector<DetectorFeatures> features, std::vector<DetectionTargets<Scalar>> targets,
                const DetectionLossOptions& options = {})
      : features_(std::move(features)), targets_(std::move(targets)), options_(options) {
    detail::require_valid(options);
    if (features_.size() != targets_.size())
      throw Error("features of " + std::to_string(features_.size()) + " pictures and targets of " +
                  std::to_string(targets_.size()) + ": expected the same number of both");
    const double weight[kHeads] = {options.class_weight, options.box_weight, options.landmark_weight};
    for (int scale = 0; scale < kScales; ++scale) {
      const OpRecord& op = Detector::network().ops[detector_head(scale)];
      for (int head = 0; head < kHeads; ++head) {
        const std::string name = std::string(op.name) + "." + kHead[head].name;
        add(name + ".weights", Matrix<Scalar>::Zero(kAnchors * kHead[head].values, op.c_in), weight[head] > 0.0);
        add(name + ".biases", Matrix<Scalar>::Zero(1, kAnchors * kHead[head].values), weight[head] > 0.0);
        this->parameters.back().decays = false;
      }
    }
    for (size_t i = 0; i < features_.size(); ++i) require_fit(i);
  }

  Index examples() const override { return static_cast<Index>(features_.size()); }

  /// Of these pictures, as detection_loss() has it.
  double loss(const std::vector<Index>& batch) override {
    heads_.clear();
    batch_targets_.clear();
    for (const Index picture : batch) {
      heads_.push_back(heads(picture));
      batch_targets_.push_back(targets_[static_cast<size_t>(picture)]);
    }
    terms_ = detection_loss(heads_, batch_targets_, options_, &pull_);
    for (Parameter<Scalar>& p : this->parameters) p.gradient.setZero(p.value.rows(), p.value.cols());
    for (size_t i = 0; i < batch.size(); ++i) pull(batch[i], pull_[i]);
    return terms_.total;
  }

  uint64_t recipe() const override {
    Recipe of;
    const auto add = [&of](const auto& m) { of.add(m.data(), static_cast<size_t>(m.size())); };
    for (size_t i = 0; i < features_.size(); ++i) {
      for (const Matrix<float>& scale : features_[i].scale) add(scale);
      add(targets_[i].match);
      add(targets_[i].box);
      add(targets_[i].landmarks);
      for (const bool has : targets_[i].has_landmarks) of.add(has);
    }
    of.add(options_.negatives_per_positive).add(options_.least_negatives);
    return of.add(options_.class_weight).add(options_.box_weight).add(options_.landmark_weight).value();
  }

  /// The terms of the last loss().
  const DetectionLoss& terms() const noexcept { return terms_; }

  /// What the heads say of a picture of the training set.
  DetectionHeads<Scalar> heads(Index picture) const { return heads(features_[static_cast<size_t>(picture)]); }
  /// And of another one.
  DetectionHeads<Scalar> heads(const DetectorFeatures& features) const {
    DetectionHeads<Scalar> said;
    Matrix<Scalar>* const to[kHeads] = {&said.classes, &said.box, &said.landmarks};
    for (int head = 0; head < kHeads; ++head) to[head]->resize(anchors_of(features), kHead[head].values);
    Index first = 0;  // anchor
    for (int scale = 0; scale < kScales; ++scale) {
      const auto& x = features.scale[scale].template cast<Scalar>();
      for (int head = 0; head < kHeads; ++head) {
        auto cells = cells_of(*to[head], first, x.rows());
        cells.noalias() = x * weights(scale, head).value.transpose();
        cells.rowwise() += biases(scale, head).value.row(0);
      }
      first += kAnchors * x.rows();
    }
    return said;
  }

  /// Takes the heads of a blob. Throws Error as BlobWriter::pointwise() does, and when the blob's have other sizes.
  void load(const BlobWriter& from) {
    for (int scale = 0; scale < kScales; ++scale) {
      const PointwiseLayer layer = from.pointwise(detector_head(scale));
      require_head_layer(layer, scale);
      for (int head = 0; head < kHeads; ++head) {
        const Index rows = kAnchors * kHead[head].values;
        weights(scale, head).value = layer.weights.middleRows(kHead[head].channel, rows).template cast<Scalar>();
        biases(scale, head).value =
            layer.bias.segment(kHead[head].channel, rows).transpose().template cast<Scalar>();
      }
    }
  }

  /// Gives a blob these heads; its other layers must be those that the features came from. Throws Error as load() does,
  /// and when a number is not finite.
  void store(BlobWriter& to) const {
    for (int scale = 0; scale < kScales; ++scale) {
      PointwiseLayer layer = to.pointwise(detector_head(scale));
      require_head_layer(layer, scale);
      for (int head = 0; head < kHeads; ++head) {
        const Index rows = kAnchors * kHead[head].values;
        layer.weights.middleRows(kHead[head].channel, rows) = weights(scale, head).value.template cast<float>();
        layer.bias.segment(kHead[head].channel, rows) =
            biases(scale, head).value.row(0).transpose().template cast<float>();
      }
      to.set_pointwise(detector_head(scale), layer);
    }
  }

 private:
  static constexpr int kScales = retinaface_mnet025::kScales;
  static constexpr Index kAnchors = retinaface_mnet025::kAnchorsPerCell;
  static constexpr int kHeads = 3;
  struct Head {
    const char* name;
    Index channel;  // where it begins in the head map: the values of the cell's first anchor, then of the second
    Index values;   // of an anchor
  };
  static constexpr Head kHead[kHeads] = {{"class", retinaface_mnet025::kClassChannel, 2},
                                         {"box", retinaface_mnet025::kBoxChannel, 4},
                                         {"landmarks", retinaface_mnet025::kLandmarkChannel, 2 * kLandmarkCount}};

  void add(const std::string& name, Matrix<Scalar> start, bool descends) {
    this->parameters.emplace_back(name, std::move(start));
    this->parameters.back().descends = descends;
  }
  static size_t place(int scale, int head) { return static_cast<size_t>(2 * (scale * kHeads + head)); }
  Parameter<Scalar>& weights(int scale, int head) { return this->parameters[place(scale, head)]; }
  Parameter<Scalar>& biases(int scale, int head) { return this->parameters[place(scale, head) + 1]; }
  const Parameter<Scalar>& weights(int scale, int head) const { return this->parameters[place(scale, head)]; }
  const Parameter<Scalar>& biases(int scale, int head) const { return this->parameters[place(scale, head) + 1]; }

  static Index anchors_of(const DetectorFeatures& features) {
    Index cells = 0;
    for (const Matrix<float>& scale : features.scale) cells += scale.rows();
    return kAnchors * cells;
  }

  /// The rows of a scale with a cell a row, its anchors side by side as in the channels of the head map.
  template <class Rows>
  static auto cells_of(Rows& head, Index first_anchor, Index cells) {
    using Cells = std::conditional_t<std::is_const_v<Rows>, const Matrix<Scalar>, Matrix<Scalar>>;
    return Eigen::Map<Cells>(head.data() + first_anchor * head.cols(), cells, kAnchors * head.cols());
  }

  /// Adds to the gradients what one picture says.
  void pull(Index picture, const DetectionHeads<Scalar>& gradient) {
    const DetectorFeatures& features = features_[static_cast<size_t>(picture)];
    const Matrix<Scalar>* const from[kHeads] = {&gradient.classes, &gradient.box, &gradient.landmarks};
    Index first = 0;
    for (int scale = 0; scale < kScales; ++scale) {
      const auto& x = features.scale[scale].template cast<Scalar>();
      for (int head = 0; head < kHeads; ++head) {
        const auto cells = cells_of(*from[head], first, x.rows());
        weights(scale, head).gradient.noalias() += cells.transpose() * x;
        biases(scale, head).gradient.row(0) += cells.colwise().sum();
      }
      first += kAnchors * x.rows();
    }
  }

  void require_fit(size_t i) const {
    for (int scale = 0; scale < kScales; ++scale) {
      const Matrix<float>& x = features_[i].scale[scale];
      if (x.cols() != weights(scale, 0).value.cols() || !x.allFinite())
        throw Error("picture " + std::to_string(i) + ": features of " + std::to_string(x.cols()) +
                    " columns, or not all finite; take those of detector_features()");
    }
    const auto anchors = static_cast<size_t>(anchors_of(features_[i]));
    if (targets_[i].match.size() != anchors)
      throw Error("picture " + std::to_string(i) + ": features of " + std::to_string(anchors) +
                  " anchors and targets of " + std::to_string(targets_[i].match.size()) +
                  "; make the targets with detector_anchors(features.network)");
  }

  void require_head_layer(const PointwiseLayer& layer, int scale) const {
    const OpRecord& op = Detector::network().ops[detector_head(scale)];
    if (layer.weights.rows() != op.c_out || layer.weights.cols() != op.c_in)
      throw Error(std::string(op.name) + " of the blob has weights of [" + std::to_string(layer.weights.rows()) + ", " +
                  std::to_string(layer.weights.cols()) + "]; it is none of the default detector's");
  }

  std::vector<DetectorFeatures> features_;
  std::vector<DetectionTargets<Scalar>> targets_, batch_targets_;
  DetectionLossOptions options_;
  std::vector<DetectionHeads<Scalar>> heads_, pull_;  // pull_: the gradient by heads
  DetectionLoss terms_;
};

}  // namespace train
FACEIO_END_NAMESPACE

#endif  // FACEIO_TRAIN_DETECTOR_HEADS_HPP
