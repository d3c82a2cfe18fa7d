// What the three heads of the detector see of a picture. Fine-tuning leaves all layers before them as they are, so this
// is computed once and kept.
#ifndef FACEIO_TRAIN_DETECTOR_FEATURES_HPP
#define FACEIO_TRAIN_DETECTOR_FEATURES_HPP

#include <algorithm>
#include <string>
#include <vector>

#include "../pipeline/detector.hpp"
#include "matrix.hpp"

FACEIO_BEGIN_NAMESPACE
namespace train {

/// Of one picture: 256 bytes for each cell of 8, 16 and 32 px, 1.6 MB for 640 x 480 px.
struct DetectorFeatures {
  Size network;  // input of the network in pixels: the size that detector_anchors() takes
  Matrix<float> scale[retinaface_mnet025::kScales];  // [rows * columns, 64]; a cell has two anchors
};

/// Index of the operation that is the three heads of a scale: a 1x1 convolution whose input is the features.
inline uint16_t detector_head(int scale) {
  const NetworkView network = Detector::network();
  for (size_t i = 0; i < network.ops.size; ++i) {
    if (network.ops[i].out == network.outputs[static_cast<size_t>(scale)]) return static_cast<uint16_t>(i);
  }
  throw Error("the detector has no head of scale " + std::to_string(scale));
}

namespace detail {

/// Hook of run() that copies what each head has read, as soon as the head is done: its memory is used again later.
class CopyFeatures {
 public:
  CopyFeatures(const Plan& plan, DetectorFeatures& to) : plan_(plan), to_(to) {
    for (int s = 0; s < retinaface_mnet025::kScales; ++s) {
      head_[s] = detector_head(s);
      const MapView in = input_of(head_[s]);
      to.scale[s].resize(static_cast<Index>(in.height) * in.width, in.channels);
    }
  }

  void operator()(size_t op, const MapView&) const noexcept {
    for (int s = 0; s < retinaface_mnet025::kScales; ++s) {
      if (op == head_[s]) copy(input_of(op), to_.scale[s]);
    }
  }

 private:
  MapView input_of(size_t op) const noexcept {
    for (const Step& step : plan_.steps) {
      if (step.first_op == op) return step.conv.in;
    }
    return {};
  }
  static void copy(const MapView& from, Matrix<float>& to) noexcept {
    Index cell = 0;
    for (int32_t y = 0; y < from.height; ++y) {
      for (int32_t x = 0; x < from.width; ++x, ++cell) {
        for (int32_t c = 0; c < from.channels; ++c) to(cell, c) = from.at(y, x, c);
      }
    }
  }

  const Plan& plan_;
  DetectorFeatures& to_;
  uint16_t head_[retinaface_mnet025::kScales] = {};
};

}  // namespace detail

/// The features of the picture, resized as the detector's options say. Throws Error: a picture that detect() would not
/// take, options that search it at several scales or in tiles (make a detector for one scale), int8 weights, whose
/// features are rounded (train with the fp32 blob). Allocates all maps of the network for the time of the call. Safe to
/// call from any thread.
inline DetectorFeatures detector_features(const Detector& detector, const ImageView& image) {
  const auto require_ok = [](Status status) {
    if (!status.ok()) throw Error(std::string("features of a picture: ") + status.text());
  };
  require_ok(detector.can_detect(image));
  const BoundNetwork& bound = detector.bound();
  if (bound.network.precision == Precision::int8)
    throw Error("the detector has int8 weights, whose features are rounded; train with the fp32 blob");
  const Levels levels = plan_levels(image.size, detector.options());
  const Size size = levels.level[0].size;
  if (levels.count != 1 || size.width_px > kTileSide_px || size.height_px > kTileSide_px)
    throw Error("the detector searches this picture at " + std::to_string(levels.count) + " scales, up to " +
                std::to_string(size.width_px) + " x " + std::to_string(size.height_px) +
                " px; give options with one scale of at most " + std::to_string(kTileSide_px) + " px a side");

  constexpr int32_t kMin_px = retinaface_mnet025::kMinSide_px;
  DetectorFeatures features;
  features.network = {(std::max)(size.width_px, kMin_px), (std::max)(size.height_px, kMin_px)};
  struct alignas(kAlignment_bytes) Block {
    uint8_t bytes[kAlignment_bytes];
  };
  const size_t bytes = plan_bytes(bound.network, features.network, Schedule::layer_by_layer);
  std::vector<Block> scratch(bytes / sizeof(Block) + 1);
  Arena arena(scratch.data(), scratch.size() * sizeof(Block));
  const Result<Plan> plan = make_plan(bound, features.network, Schedule::layer_by_layer, arena);
  require_ok(plan.status());
  std::vector<uint8_t> row(row_bytes(PixelFormat::RGB8, size.width_px));
  const PictureRows rows = size == image.size ? PictureRows(bound, image)
                                              : PictureRows(bound, image, size, false, row.data());
  run(*plan, rows, detail::CopyFeatures(*plan, features));
  return features;
}

}  // namespace train
FACEIO_END_NAMESPACE

#endif  // FACEIO_TRAIN_DETECTOR_FEATURES_HPP
