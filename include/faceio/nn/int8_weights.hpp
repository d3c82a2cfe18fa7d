// Tensors of an int8 network, found in a blob, checked, and brought into the order that kernels want.
// Numbers: docs/int8.md.
#ifndef FACEIO_NN_INT8_WEIGHTS_HPP
#define FACEIO_NN_INT8_WEIGHTS_HPP

#include "../kernels/int8_table.hpp"
#include "../weights/blob.hpp"
#include "schedule.hpp"

FACEIO_BEGIN_NAMESPACE

/// Tensors of one operation: inside the blob, but for pairs and those of Winograd, which are persistent.
struct Int8OpWeights {
  const int8_t* quads = nullptr;   // dense
  const int16_t* pairs = nullptr;  // dense, of wide input: instead
  const int16_t* depthwise = nullptr;
  const int32_t* bias = nullptr;
  Requantise requantise;
  const float* output_scale = nullptr;  // of an output of the network
  const uint8_t* border_pixel = nullptr;  // of what a 3x3 reads
  /// First operation of a Winograd group: of the whole group.
  const int16_t* winograd = nullptr;
  const int32_t* winograd_bias = nullptr;
};

/// Terms of a dense convolution with the zeros that fill up each kernel row.
constexpr size_t int8_terms(const OpRecord& op) noexcept {
  const size_t side = op.op == Op::conv3x3 ? 3 : 1;
  return side * round_up(side * op.c_in, 4);
}

namespace detail {

constexpr bool is_dense(const OpRecord& op) noexcept { return op.op == Op::conv3x3 || op.op == Op::conv1x1; }

/// Elements of a dense operation's weights, with those that fill panels and kernel rows up.
constexpr size_t int8_weight_count(const OpRecord& op) noexcept {
  return round_up(op.c_out, kPanel) * int8_terms(op);
}

struct Int8WinogradRoom {
  int16_t* weights;
  int32_t* bias;
};
constexpr Int8WinogradRoom take_int8_winograd(const NetworkView& network, size_t first, const WinogradGroup& group,
                                              Arena& persistent) noexcept {
  const auto c_out = static_cast<size_t>(group.c_out);
  return {persistent.take<int16_t>(int8_winograd_weight_count(network.ops[first].c_in, group.c_out)),
          persistent.take<int32_t>(c_out)};
}

/// Calls use(operation index) for every dense operation whose weights are wanted in pairs: none in programs with scalar
/// kernels alone, which saves 0.7 MB for the recogniser.
template <class Use>
constexpr void for_each_paired(const NetworkView& network, const Use& use) noexcept {
  for (size_t i = 0; i < network.ops.size; ++i) {
    if ((FACEIO_INT8_PAIRS) != 0 && is_dense(network.ops[i]) && network.maps[network.ops[i].in0].wide) use(i);
  }
}

/// [terms / 4][16][4] int8_t of each panel to [terms / 2][16][2] int16_t.
inline void quads_to_pairs(const int8_t* quads, size_t count, int16_t* pairs) noexcept {
  constexpr size_t kGroup = static_cast<size_t>(kPanel) * 4;
  for (size_t first = 0; first < count; first += kGroup) {
    for (size_t i = 0; i < kGroup; ++i) {
      const size_t lane = i / 4, term = i % 4;
      pairs[first + term / 2 * kPanel * 2 + lane * 2 + term % 2] = quads[first + i];
    }
  }
}

/// Looks one operation's tensors up. The first that is missing or has another type or shape ends it.
class Int8Tensors {
 public:
  Int8Tensors(const Blob& blob, size_t op_index) noexcept : blob_(blob), op_index_(static_cast<uint16_t>(op_index)) {}

  template <class T>
  const T* find(Role role, DType dtype, Layout layout, size_t d0, size_t d1 = 1, size_t d2 = 1,
                size_t d3 = 1) noexcept {
    const BlobEntry* const e = blob_.find(op_index_, role);
    const bool fits = e != nullptr && e->dtype == dtype && e->layout == layout && e->dims[0] == d0 &&
                      e->dims[1] == d1 && e->dims[2] == d2 && e->dims[3] == d3;
    found_ = found_ && fits;
    return fits ? blob_.elements_of<T>(*e) : nullptr;
  }
  bool found() const noexcept { return found_; }

 private:
  const Blob& blob_;
  uint16_t op_index_;
  bool found_ = true;
};

/// Whether the requantisation of `channels` channels is arithmetic that every target does alike.
inline bool is_defined(const Requantise& r, size_t channels) noexcept {
  for (size_t i = 0; i < channels; ++i) {
    if (r.shift[i] < 0 || r.shift[i] > 31 || r.positive[i] == -32768 || r.negative[i] == -32768) return false;
  }
  return true;
}

/// Whether neighbouring weights keep to kInt8PairLimit.
inline bool are_pairs_limited(const int8_t* quads, size_t count) noexcept {
  bool limited = true;
  for (size_t i = 0; i < count; i += 2) {
    const int32_t a = quads[i], b = quads[i + 1];
    const int32_t positive = (a > 0 ? a : 0) + (b > 0 ? b : 0), negative = (a < 0 ? a : 0) + (b < 0 ? b : 0);
    limited &= positive <= kInt8PairLimit && negative >= -kInt8PairLimit;
  }
  return limited;
}

/// Whether the Winograd sums of every filter are exact.
inline bool is_exact_by_winograd(const int8_t* quads, const int32_t* bias, size_t terms, size_t c_out) noexcept {
  for (size_t n = 0; n < c_out; ++n) {
    if (bias[n] > kInt8WinogradMaxAbsBias || bias[n] < -kInt8WinogradMaxAbsBias) return false;
  }
  for (size_t panel = 0; panel < c_out / kPanel; ++panel) {
    int32_t sums[kPanel] = {};
    for (size_t i = 0; i < terms * kPanel; ++i) {
      const int32_t w = quads[panel * terms * kPanel + i];
      sums[i / 4 % kPanel] += w < 0 ? -w : w;
    }
    for (const int32_t sum : sums) {
      if (sum > kInt8WinogradMaxAbsSum) return false;
    }
  }
  return true;
}

/// The tensors of operation i, whose result, with an addition or without, is map `out_map`. Errors: as bind_int8().
inline Status find_int8_tensors(const NetworkView& network, const Blob& blob, size_t i, uint16_t out_map, bool adds,
                                uint32_t global_side, Int8OpWeights& w) noexcept {
  const OpRecord& op = network.ops[i];
  const MapRecord& in = network.maps[op.in0];
  const MapRecord& out = network.maps[out_map];
  Int8Tensors tensors(blob, i);
  switch (op.op) {
    case Op::conv3x3:
      w.quads = tensors.find<int8_t>(Role::weights, DType::i8, Layout::quads16, op.c_out, 3, 3, op.c_in);
      break;
    case Op::conv1x1:
      w.quads = tensors.find<int8_t>(Role::weights, DType::i8, Layout::quads16, op.c_out, 1, 1, op.c_in);
      break;
    case Op::depthwise3x3:
      w.depthwise = tensors.find<int16_t>(Role::weights, DType::i16, Layout::depthwise16, 3, 3, op.c_out);
      break;
    case Op::global_depthwise:
      w.depthwise =
          tensors.find<int16_t>(Role::weights, DType::i16, Layout::depthwise16, global_side, global_side, op.c_out);
      break;
    default: return Status(Errc::blob_unsupported, i);  // an addition that no convolution takes in, batch norm
  }
  const auto multipliers = [&](Role role) noexcept {
    return tensors.find<int16_t>(role, DType::i16, Layout::dense, op.c_out);
  };
  w.bias = tensors.find<int32_t>(Role::bias, DType::i32, Layout::dense, op.c_out);
  if (op.op == Op::conv3x3 || op.op == Op::depthwise3x3) {
    w.border_pixel = in.wide ? static_cast<const uint8_t*>(static_cast<const void*>(
                                   tensors.find<int16_t>(Role::border, DType::i16, Layout::dense, op.c_in)))
                             : tensors.find<uint8_t>(Role::border, DType::u8, Layout::dense, op.c_in);
  }
  if (out.output) {
    if (op.op != Op::conv1x1) return Status(Errc::blob_unsupported, i);
    w.output_scale = tensors.find<float>(Role::output_scale, DType::f32, Layout::dense, op.c_out);
  } else {
    w.requantise.shift = tensors.find<int32_t>(Role::requantise_shift, DType::i32, Layout::dense, op.c_out);
    w.requantise.positive = multipliers(Role::requantise_positive);
    w.requantise.negative = multipliers(Role::requantise_negative);
    if (!out.wide) w.requantise.offset = multipliers(Role::requantise_offset);
    if (adds) w.requantise.addend = multipliers(Role::requantise_addend);
  }
  if (!tensors.found()) return Status(Errc::blob_missing_tensor, i);
  const bool defined = out.output || is_defined(w.requantise, round_up(op.c_out, kPanel));
  bool exact = true;
  if (suits_winograd(op)) {
    exact = !in.wide && !out.wide && is_exact_by_winograd(w.quads, w.bias, int8_terms(op), op.c_out);
  } else if (is_dense(op) && !in.wide) {
    exact = are_pairs_limited(w.quads, int8_weight_count(op));
  }
  return defined && exact ? Status() : Status(Errc::blob_inexact, i);
}

}  // namespace detail

/// The persistent memory of bind_int8().
constexpr void take_int8_weights(const NetworkView& network, Arena& persistent) noexcept {
  persistent.take<Int8OpWeights>(network.ops.size);
  for_each_winograd_group(network, [&](size_t first, const WinogradGroup& group) {
    detail::take_int8_winograd(network, first, group, persistent);
  });
  detail::for_each_paired(network,
                          [&](size_t i) { persistent.take<int16_t>(detail::int8_weight_count(network.ops[i])); });
}

/// Finds and checks the tensors of every operation. `global_side` as for bind(). Errors: blob_missing_tensor, blob_inexact
/// and blob_unsupported (no int8 kernels for this operation), with the operation's index; those of Arena::status().
inline Result<Span<const Int8OpWeights>> bind_int8(const NetworkView& network, const Blob& blob, uint32_t global_side,
                                                   Arena& persistent) noexcept {
  Arena room = persistent;
  take_int8_weights(network, persistent);
  const Status memory = persistent.status();
  if (!memory.ok()) return memory;
  Int8OpWeights* const bound = room.take<Int8OpWeights>(network.ops.size);
  for (size_t i = 0; i < network.ops.size; ++i) bound[i] = Int8OpWeights{};  // also of operations without tensors

  const StepList list = make_steps(network, Schedule::layer_by_layer);
  for (int s = 0; s < list.count; ++s) {
    const ScheduledStep& step = list.steps[s];
    const bool winograd = uses_winograd(network.ops[step.first_op]);
    for (size_t i = step.first_op; i < step.first_op + (winograd ? step.op_count : size_t{1}); ++i) {
      const uint16_t out = winograd ? network.ops[i].out : step.out;
      const Status found = detail::find_int8_tensors(network, blob, i, out, step.addend != kNoMap, global_side, bound[i]);
      if (!found.ok()) return found;
    }
  }

  for_each_winograd_group(network, [&](size_t first, const WinogradGroup& group) {
    const detail::Int8WinogradRoom to = detail::take_int8_winograd(network, first, group, room);
    int32_t channel = 0;
    for (size_t i = first; i < first + static_cast<size_t>(group.op_count); ++i) {
      const OpRecord& op = network.ops[i];
      transform_int8_winograd_weights(bound[i].quads, bound[i].bias, op.c_in, op.c_out, channel, to.weights,
                                      to.bias);
      channel += op.c_out;
    }
    bound[first].winograd = to.weights;
    bound[first].winograd_bias = to.bias;
  });
  detail::for_each_paired(network, [&](size_t i) {
    const OpRecord& op = network.ops[i];
    int16_t* const pairs = room.take<int16_t>(detail::int8_weight_count(op));
    detail::quads_to_pairs(bound[i].quads, detail::int8_weight_count(op), pairs);
    bound[i].pairs = pairs;
    bound[i].quads = nullptr;
  });
  return Span<const Int8OpWeights>{bound, network.ops.size};
}

FACEIO_END_NAMESPACE

#endif  // FACEIO_NN_INT8_WEIGHTS_HPP
