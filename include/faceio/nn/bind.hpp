// A network and a blob become one: every tensor is found, checked against the table and, for
// Winograd, transformed. Done once; everything after it trusts the result.
#ifndef FACEIO_NN_BIND_HPP
#define FACEIO_NN_BIND_HPP

#include "../kernels/table.hpp"
#include "int8_weights.hpp"

FACEIO_BEGIN_NAMESPACE

/// Tensors of one operation, inside the blob. For batch norm, weights is the scale and bias the
/// shift.
struct OpWeights {
  const float* weights = nullptr;
  const float* bias = nullptr;
  const float* slope = nullptr;
  /// First operation of a Winograd group: winograd_weight_floats() of the whole group, persistent.
  const float* winograd = nullptr;
};

namespace detail {

inline bool has_shape(const BlobEntry* e, DType dtype, Layout layout, uint32_t d0, uint32_t d1, uint32_t d2,
                      uint32_t d3) noexcept {
  return e != nullptr && e->dtype == dtype && e->layout == layout && e->dims[0] == d0 &&
         e->dims[1] == d1 && e->dims[2] == d2 && e->dims[3] == d3;
}

/// Floats that the weights of an operation take; 0 for operations without, and for batch norm, whose vectors are
/// always stored as floats.
constexpr size_t weight_floats(const OpRecord& op, uint32_t global_side) noexcept {
  const size_t c_out = round_up(op.c_out, kPanel);
  switch (op.op) {
    case Op::conv3x3: return c_out * 9 * op.c_in;
    case Op::conv1x1: return c_out * op.c_in;
    case Op::depthwise3x3: return c_out * 9;
    case Op::global_depthwise: return c_out * global_side * global_side;
    default: return 0;
  }
}

/// The value of an IEEE 754 half.
inline float half_to_float(uint16_t half) noexcept {
  const uint32_t sign = (half & 0x8000u) << 16, exponent = (half >> 10) & 31u, fraction = half & 0x3ffu;
  if (exponent == 0) {  // zero or subnormal: fraction * 2^-24
    const float magnitude = static_cast<float>(fraction) * 5.9604644775390625e-8f;
    return sign != 0 ? -magnitude : magnitude;
  }
  const uint32_t bits = sign | (exponent == 31 ? 0x7f800000u : (exponent + 112) << 23) | fraction << 13;
  float value;
  __builtin_memcpy(&value, &bits, sizeof value);
  return value;
}

}  // namespace detail

/// A network with the tensors of a blob and the kernels of a target. Immutable after bind(), so any
/// number of threads may use it. The blob and the persistent memory must outlive it.
struct BoundNetwork {
  NetworkView network{};  // with the precision of the blob
  Span<const OpWeights> weights{};
  Span<const Int8OpWeights> int8_weights{};  // instead of weights in int8 networks
  const KernelTable* kernels = nullptr;
  const Int8KernelTable* int8_kernels = nullptr;
  Preprocessing preprocessing{};
};

namespace detail {

/// Room for the transformed weights of a group.
constexpr float* take_winograd_weights(const NetworkView& network, size_t first,
                                       const WinogradGroup& group, Arena& persistent) noexcept {
  return persistent.take<float>(winograd_weight_floats(network.ops[first].c_in, group.c_out));
}

}  // namespace detail

/// Persistent bytes that bind() takes for a blob of the network's precision. `global_side` as for bind().
constexpr size_t bound_bytes(const NetworkView& network, uint32_t global_side) noexcept {
  Arena count;
  if (network.precision == Precision::int8) {
    take_int8_weights(network, count);
    return count.used_bytes();
  }
  count.take<OpWeights>(network.ops.size);
  for_each_winograd_group(network, [&](size_t first, const WinogradGroup& group) {
    detail::take_winograd_weights(network, first, group, count);
  });
  if (network.precision == Precision::fp16) {
    for (const OpRecord& op : network.ops) count.take<float>(detail::weight_floats(op, global_side));
  }
  return count.used_bytes();
}

/// Finds the tensors of every operation and checks type, layout and shape. `global_side` is the
/// side of the map that global_depthwise reads (0 when the network has none). The result has the precision of
/// the blob. Errors: not_created (an empty blob), model_mismatch, blob_missing_tensor (detail: operation index),
/// blob_foreign_tensor, blob_inexact and blob_unsupported (int8 only: see bind_int8), those of Arena::status().
inline Result<BoundNetwork> bind(NetworkView network, const Blob& blob, const Kernels& kernels, uint32_t global_side,
                                 Arena& persistent) noexcept {
  using detail::has_shape;
  if (blob.empty()) return Errc::not_created;
  if (blob.model_id() != network.model_id) return Errc::model_mismatch;
  const Result<Preprocessing> preprocessing = blob.preprocessing();
  if (!preprocessing) return preprocessing.status();
  for (size_t i = 0; i < blob.entries().size; ++i) {
    const uint16_t op_index = blob.entries()[i].op_index;
    if (op_index != kWholeModel && op_index >= network.ops.size) return Status(Errc::blob_foreign_tensor, i);
  }
  network.precision = blob.precision();
  if (network.precision == Precision::int8) {
#if FACEIO_BUILDS_INT8
    // Pixels go into these networks as they are, in the order R, G, B.
    if (preprocessing->bgr) return Status(Errc::blob_unsupported, 0);
    const Result<Span<const Int8OpWeights>> weights = bind_int8(network, blob, global_side, persistent);
    if (!weights) return weights.status();
    return BoundNetwork{network, {}, *weights, kernels.table, kernels.int8, *preprocessing};
#else
    return Status(Errc::blob_unsupported, 0);
#endif
  }
  OpWeights* const bound = persistent.take<OpWeights>(network.ops.size);
  Arena transformed = persistent;
  for_each_winograd_group(network, [&](size_t first, const WinogradGroup& group) {
    detail::take_winograd_weights(network, first, group, persistent);
  });
  const bool halves = network.precision == Precision::fp16;
  const DType stored = halves ? DType::f16 : DType::f32;
  Arena expanded = persistent;
  if (halves) {
    for (const OpRecord& op : network.ops) persistent.take<float>(detail::weight_floats(op, global_side));
  }
  const Status memory = persistent.status();
  if (!memory.ok()) return memory;
  for (size_t i = 0; i < network.ops.size; ++i) {
    const OpRecord& op = network.ops[i];
    const auto index = static_cast<uint16_t>(i);
    OpWeights& w = bound[i];
    w = OpWeights{};
    const BlobEntry* weights = blob.find(index, Role::weights);
    const BlobEntry* bias = blob.find(index, Role::bias);
    bool found = true;
    switch (op.op) {
      case Op::add:
      case Op::upsample_nearest: continue;
      case Op::conv3x3: found = has_shape(weights, stored, Layout::panel16, op.c_out, 3, 3, op.c_in); break;
      case Op::conv1x1: found = has_shape(weights, stored, Layout::panel16, op.c_out, 1, 1, op.c_in); break;
      case Op::depthwise3x3:
        found = has_shape(weights, stored, Layout::depthwise16, 3, 3, op.c_out, 1);
        break;
      case Op::global_depthwise:
        found = has_shape(weights, stored, Layout::depthwise16, global_side, global_side, op.c_out, 1);
        break;
      case Op::batchnorm:
        weights = blob.find(index, Role::scale);
        bias = blob.find(index, Role::shift);
        found = has_shape(weights, DType::f32, Layout::dense, op.c_out, 1, 1, 1);
        break;
    }
    if (!found || !has_shape(bias, DType::f32, Layout::dense, op.c_out, 1, 1, 1)) {
      return Status(Errc::blob_missing_tensor, i);
    }
    const size_t count = halves ? detail::weight_floats(op, global_side) : 0;
    if (count > 0) {
      float* const floats = expanded.take<float>(count);
      const uint16_t* const from = blob.elements_of<uint16_t>(*weights);
      for (size_t k = 0; k < count; ++k) floats[k] = detail::half_to_float(from[k]);
      w.weights = floats;
    } else {
      w.weights = blob.floats_of(*weights);
    }
    w.bias = blob.floats_of(*bias);
    if (op.activation == Activation::prelu) {
      const BlobEntry* slope = blob.find(index, Role::slope);
      if (!has_shape(slope, DType::f32, Layout::dense, op.c_out, 1, 1, 1)) {
        return Status(Errc::blob_missing_tensor, i);
      }
      w.slope = blob.floats_of(*slope);
    }
  }
  for_each_winograd_group(network, [&](size_t first, const WinogradGroup& group) {
    float* const room = detail::take_winograd_weights(network, first, group, transformed);
    int32_t channel = 0;
    for (size_t i = first; i < first + static_cast<size_t>(group.op_count); ++i) {
      const OpRecord& op = network.ops[i];
      transform_winograd_weights(bound[i].weights, bound[i].bias, op.c_in, op.c_out, channel,
                                 group.c_out, room);
      channel += op.c_out;
    }
    bound[first].winograd = room;
  });
  return BoundNetwork{network, {bound, network.ops.size}, {}, kernels.table, kernels.int8, *preprocessing};
}

FACEIO_END_NAMESPACE

#endif  // FACEIO_NN_BIND_HPP
