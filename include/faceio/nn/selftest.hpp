// Replays the small input recorded in a blob and compares every layer with its recorded answer.
#ifndef FACEIO_NN_SELFTEST_HPP
#define FACEIO_NN_SELFTEST_HPP

#include "../core/hash.hpp"
#include "run.hpp"

FACEIO_BEGIN_NAMESPACE

struct SelftestReport {
  int32_t checked_ops = 0;    // operations with a recorded answer
  int32_t worst_op = -1;      // operation with the largest difference relative to its tolerance
  float worst_ratio = 0.0f;   // that difference / tolerance; above 1 the operation disagrees
  int32_t first_bad_op = -1;  // first operation that disagrees; -1: all agree
  uint64_t output_hash = 0;   // FNV-1a over the bits of all outputs: equal on all targets of a numeric class,
                              // and on all targets in int8 networks
};

namespace detail {

inline Size selftest_size(const Blob& blob) noexcept {
  const BlobEntry* input = blob.find(kWholeModel, Role::selftest_input);
  if (input == nullptr || input->dtype != DType::u8 || input->rank != 3 || input->dims[2] != 3 ||
      input->dims[0] > 4096 || input->dims[1] > 4096) {
    return Size{};
  }
  return Size{static_cast<int32_t>(input->dims[1]), static_cast<int32_t>(input->dims[0])};
}

/// FNV-1a over the bits of a network's outputs, channels innermost.
inline uint64_t hash_of_outputs(const MapView* outputs, int count) noexcept {
  Fnv1a hash;
  for (int i = 0; i < count; ++i) {
    const MapView& map = outputs[i];
    for (int32_t y = 0; y < map.height; ++y) {
      for (int32_t x = 0; x < map.width; ++x) {
        for (int32_t c = 0; c < map.channels; ++c) hash.add(map.at(y, x, c));
      }
    }
  }
  return hash.value();
}

/// Trace hook that samples what an operation wrote.
class CompareStep {
 public:
  CompareStep(const Blob& blob, SelftestReport& report) noexcept : blob_(&blob), report_(&report) {}

  void operator()(size_t index, const MapView& out) const noexcept {
    compare(index, out);
  }
  /// Recorded answers of int8 networks are elements as they are stored, and leave no room.
  void operator()(size_t index, const Int8Output& out) const noexcept {
    if (out.floats.data != nullptr) {
      compare(index, out.floats);
    } else {
      compare(index, out.map);
    }
  }

 private:
  static constexpr float kBeyond = 3.4e38f;  // any tolerance

  template <class Map>
  void compare(size_t index, const Map& out) const noexcept {
    const BlobEntry* entry = blob_->find(static_cast<uint16_t>(index), Role::selftest_output);
    // An optional entry of a kind that this reader does not know is none.
    if (entry == nullptr || entry->dtype != DType::f32 || entry->layout != Layout::samples) return;
    ++report_->checked_ops;
    if (entry->dims[1] != static_cast<uint32_t>(out.height) ||
        entry->dims[2] != static_cast<uint32_t>(out.width) ||
        entry->dims[3] != static_cast<uint32_t>(out.channels)) {  // the answer of another layer
      note(index, kBeyond);
      return;
    }
    const float* expected = blob_->floats_of(*entry);
    const auto channels = static_cast<uint64_t>(out.channels);
    const auto width = static_cast<uint64_t>(out.width);
    const uint64_t elements = static_cast<uint64_t>(out.height) * width * channels;
    for (uint32_t i = 0; i < entry->dims[0]; ++i) {
      const uint64_t at = sample_index(i, elements);
      const auto c = static_cast<int32_t>(at % channels);
      const auto x = static_cast<int32_t>(at / channels % width);
      const auto y = static_cast<int32_t>(at / channels / width);
      const auto value = static_cast<float>(out.at(y, x, c));
      const float difference = value > expected[i] ? value - expected[i] : expected[i] - value;
      float ratio = difference / entry->tolerance;
      if (!(ratio <= kBeyond)) ratio = kBeyond;  // NaN in the layer, or a tolerance of zero
      note(index, ratio);
    }
  }
  void note(size_t index, float ratio) const noexcept {
    const auto op = static_cast<int32_t>(index);
    if (ratio > report_->worst_ratio) {
      report_->worst_ratio = ratio;
      report_->worst_op = op;
    }
    if (ratio > 1.0f && report_->first_bad_op < 0) report_->first_bad_op = op;
  }

  const Blob* blob_;
  SelftestReport* report_;
};

}  // namespace detail

/// Scratch bytes of selftest(); 0 when the blob carries no self-test.
inline size_t selftest_bytes(const BoundNetwork& bound, const Blob& blob) noexcept {
  const Size size = detail::selftest_size(blob);
  return size.width_px == 0 ? 0 : plan_bytes(bound.network, size, Schedule::layer_by_layer);
}

/// Operations without a recorded answer, those that were trained since, are run and not compared: checked_ops counts the
/// others. Errors: blob_missing_tensor when the blob carries no answer at all, those of Arena::status(). Disagreement is
/// not an error here: it is in the report.
inline Result<SelftestReport> selftest(const BoundNetwork& bound, const Blob& blob,
                                       Arena& scratch) noexcept {
  const Size size = detail::selftest_size(blob);
  if (size.width_px == 0) return Status(Errc::blob_missing_tensor, kWholeModel);
  const BlobEntry& input = *blob.find(kWholeModel, Role::selftest_input);
  // The recorded pixels are in the network's channel order already.
  const PixelFormat format = bound.preprocessing.bgr ? PixelFormat::BGR8 : PixelFormat::RGB8;
  const ImageView picture(blob.bytes_of(input), size, row_bytes(format, size.width_px), format);
  SelftestReport report;
  const PictureRows rows(bound, picture);
  const detail::CompareStep compare(blob, report);
  if (bound.network.precision == Precision::int8) {
    const Result<Int8Plan> plan = make_int8_plan(bound, size, Schedule::layer_by_layer, scratch);
    if (!plan) return plan.status();
    run(*plan, rows, compare);
    report.output_hash = detail::hash_of_outputs(plan->outputs, plan->output_count);
  } else {
    const Result<Plan> plan = make_plan(bound, size, Schedule::layer_by_layer, scratch);
    if (!plan) return plan.status();
    run(*plan, rows, compare);
    report.output_hash = detail::hash_of_outputs(plan->outputs, plan->output_count);
  }
  if (report.checked_ops == 0) return Status(Errc::blob_missing_tensor, kWholeModel);
  return report;
}

FACEIO_END_NAMESPACE

#endif  // FACEIO_NN_SELFTEST_HPP
