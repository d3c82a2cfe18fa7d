// A network and a blob become one: every tensor is found, checked against the table and, for
// Winograd, transformed. Done once; everything after it trusts the result.
#ifndef FACEIO_NN_BIND_HPP
#define FACEIO_NN_BIND_HPP

#include "../kernels/table.hpp"
#include "../weights/blob.hpp"
#include "schedule.hpp"

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

inline bool has_shape(const BlobEntry* e, Layout layout, uint32_t d0, uint32_t d1, uint32_t d2,
                      uint32_t d3) noexcept {
  return e != nullptr && e->dtype == DType::f32 && e->layout == layout && e->dims[0] == d0 &&
         e->dims[1] == d1 && e->dims[2] == d2 && e->dims[3] == d3;
}

}  // namespace detail

/// A network with the tensors of a blob and the kernels of a target. Immutable after bind(), so any
/// number of threads may use it. The blob and the persistent memory must outlive it.
struct BoundNetwork {
  NetworkView network{};
  Span<const OpWeights> weights{};
  const KernelTable* kernels = nullptr;
  Preprocessing preprocessing{};
};

namespace detail {

/// Room for the transformed weights of a group.
constexpr float* take_winograd_weights(const NetworkView& network, size_t first,
                                       const WinogradGroup& group, Arena& persistent) noexcept {
  return persistent.take<float>(winograd_weight_floats(network.ops[first].c_in, group.c_out));
}

}  // namespace detail

/// Persistent bytes that bind() takes.
constexpr size_t bound_bytes(const NetworkView& network) noexcept {
  Arena count;
  count.take<OpWeights>(network.ops.size);
  for_each_winograd_group(network, [&](size_t first, const WinogradGroup& group) {
    detail::take_winograd_weights(network, first, group, count);
  });
  return count.used_bytes();
}

/// Finds the tensors of every operation and checks type, layout and shape. `global_side` is the
/// side of the map that global_depthwise reads (0 when the network has none). Errors: not_created
/// (an empty blob), model_mismatch, blob_missing_tensor (detail: operation index), those of
/// Arena::status().
inline Result<BoundNetwork> bind(const NetworkView& network, const Blob& blob,
                                 const KernelTable& kernels, uint32_t global_side,
                                 Arena& persistent) noexcept {
  using detail::has_shape;
  if (blob.empty()) return Errc::not_created;
  if (blob.model_id() != network.model_id) return Errc::model_mismatch;
  OpWeights* const bound = persistent.take<OpWeights>(network.ops.size);
  Arena transformed = persistent;
  for_each_winograd_group(network, [&](size_t first, const WinogradGroup& group) {
    detail::take_winograd_weights(network, first, group, persistent);
  });
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
      case Op::conv3x3: found = has_shape(weights, Layout::panel16, op.c_out, 3, 3, op.c_in); break;
      case Op::conv1x1: found = has_shape(weights, Layout::panel16, op.c_out, 1, 1, op.c_in); break;
      case Op::depthwise3x3:
        found = has_shape(weights, Layout::depthwise16, 3, 3, op.c_out, 1);
        break;
      case Op::global_depthwise:
        found = has_shape(weights, Layout::depthwise16, global_side, global_side, op.c_out, 1);
        break;
      case Op::batchnorm:
        weights = blob.find(index, Role::scale);
        bias = blob.find(index, Role::shift);
        found = has_shape(weights, Layout::dense, op.c_out, 1, 1, 1);
        break;
    }
    if (!found || !has_shape(bias, Layout::dense, op.c_out, 1, 1, 1)) {
      return Status(Errc::blob_missing_tensor, i);
    }
    w.weights = blob.floats_of(*weights);
    w.bias = blob.floats_of(*bias);
    if (op.activation == Activation::prelu) {
      const BlobEntry* slope = blob.find(index, Role::slope);
      if (!has_shape(slope, Layout::dense, op.c_out, 1, 1, 1)) {
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
  const Result<Preprocessing> preprocessing = blob.preprocessing();
  if (!preprocessing) return preprocessing.status();
  return BoundNetwork{network, {bound, network.ops.size}, &kernels, *preprocessing};
}

FACEIO_END_NAMESPACE

#endif  // FACEIO_NN_BIND_HPP
