// Shapes and memory of a network for one input size: constexpr, so firmware gets constants and hosts
// the same numbers at run time.
#ifndef FACEIO_NN_MEMORY_PLAN_HPP
#define FACEIO_NN_MEMORY_PLAN_HPP

#include "network.hpp"

FACEIO_BEGIN_NAMESPACE

struct MapPlacement {
  Shape shape{};
  size_t bytes = 0;    // whole map with its border
  size_t offset = 0;   // from the start of the map memory
  int first_op = 0;    // first operation that writes it; -1 for the input
  int last_op = 0;     // last operation that reads it; the number of operations for outputs
};

struct MemoryPlan {
  MapPlacement maps[kMaxMaps] = {};
  size_t total_bytes = 0;
};

/// Bytes of a stored map with its border, rounded to the alignment.
constexpr size_t map_bytes(const Shape& shape, bool border) noexcept {
  const size_t extra = border ? 2 : 0;
  return round_up((static_cast<size_t>(shape.height) + extra) *
                      (static_cast<size_t>(shape.width) + extra) *
                      static_cast<size_t>(channel_stride(shape.channels)) * sizeof(float),
                  kAlignment_bytes);
}

/// Shape of the map that `op` writes, before its channels are set.
constexpr Shape output_shape(const OpRecord& op, const Shape& in0, const Shape& in1) noexcept {
  switch (op.op) {
    case Op::conv3x3:
    case Op::depthwise3x3:
      return {conv3x3_output(in0.height, op.stride, op.pad_before),
              conv3x3_output(in0.width, op.stride, op.pad_before), 0};
    case Op::global_depthwise: return {1, 1, 0};
    case Op::upsample_nearest: return {in1.height, in1.width, 0};
    case Op::conv1x1:
    case Op::batchnorm:
    case Op::add: return {in0.height, in0.width, 0};
  }
  return {};
}

/// Infers every shape and places the maps: largest first, each at the lowest offset where it meets no
/// map that is alive at the same time (greedy by size; Pisarchyk & Lee 2020).
constexpr MemoryPlan plan_memory(const NetworkView& network, Size input) noexcept {
  MemoryPlan plan;
  const int map_count = static_cast<int>(network.maps.size);
  const int op_count = static_cast<int>(network.ops.size);
  for (int i = 0; i < map_count; ++i) {
    plan.maps[i].first_op = i == 0 ? -1 : op_count;
    plan.maps[i].last_op = network.maps[static_cast<size_t>(i)].output ? op_count : -1;
  }
  plan.maps[0].shape = {input.height_px, input.width_px, network.maps[0].channels};
  for (int i = 0; i < op_count; ++i) {
    const OpRecord& op = network.ops[static_cast<size_t>(i)];
    MapPlacement& out = plan.maps[op.out];
    const Shape in1 = op.in1 == kNoMap ? Shape{} : plan.maps[op.in1].shape;
    const Shape shape = output_shape(op, plan.maps[op.in0].shape, in1);
    out.shape = {shape.height, shape.width, network.maps[op.out].channels};
    if (i < out.first_op) out.first_op = i;
    if (out.last_op < i) out.last_op = i;
    if (plan.maps[op.in0].last_op < i) plan.maps[op.in0].last_op = i;
    if (op.in1 != kNoMap && plan.maps[op.in1].last_op < i) plan.maps[op.in1].last_op = i;
  }

  int by_size[kMaxMaps] = {};
  for (int i = 0; i < map_count; ++i) {
    plan.maps[i].bytes = map_bytes(plan.maps[i].shape, network.maps[static_cast<size_t>(i)].border);
    int at = i;
    for (; at > 0 && plan.maps[by_size[at - 1]].bytes < plan.maps[i].bytes; --at) {
      by_size[at] = by_size[at - 1];
    }
    by_size[at] = i;
  }
  int by_offset[kMaxMaps] = {};  // maps placed so far, in rising order of offset
  for (int k = 0; k < map_count; ++k) {
    MapPlacement& map = plan.maps[by_size[k]];
    size_t offset = 0;
    for (int j = 0; j < k; ++j) {
      const MapPlacement& other = plan.maps[by_offset[j]];
      const bool alive_together = map.first_op <= other.last_op && other.first_op <= map.last_op;
      if (!alive_together || other.offset + other.bytes <= offset) continue;
      if (offset + map.bytes <= other.offset) break;
      offset = other.offset + other.bytes;
    }
    map.offset = offset;
    if (plan.total_bytes < offset + map.bytes) plan.total_bytes = offset + map.bytes;
    int at = k;
    for (; at > 0 && plan.maps[by_offset[at - 1]].offset > offset; --at) {
      by_offset[at] = by_offset[at - 1];
    }
    by_offset[at] = by_size[k];
  }
  return plan;
}

FACEIO_END_NAMESPACE

#endif  // FACEIO_NN_MEMORY_PLAN_HPP
