// Shapes and memory of a network for one input size: constexpr, so firmware gets constants and hosts
// the same numbers at run time.
#ifndef FACEIO_NN_MEMORY_PLAN_HPP
#define FACEIO_NN_MEMORY_PLAN_HPP

#include "network.hpp"

FACEIO_BEGIN_NAMESPACE

/// Order of execution. Both give the same bits.
enum class Schedule : uint8_t {
  layer_by_layer,  // every map is whole after the run: for traces and the self-test
  depth_first,     // the leading chain of layers runs row by row through rings of a few rows, which
                   // stay in cache; least memory
};

struct MapPlacement {
  Shape shape{};
  int32_t ring_rows = 0;  // 0: whole
  size_t bytes = 0;    // with its border
  size_t offset = 0;   // from the start of the map memory
  int first_op = 0;    // first operation that writes it; -1 for the input
  int last_op = 0;     // last operation that reads it; the number of operations for outputs
};

struct MemoryPlan {
  MapPlacement maps[kMaxMaps] = {};
  int chain = 0;  // leading operations that run depth-first
  size_t total_bytes = 0;
};

/// Bytes of a map, or of a ring of its rows, with its border, rounded to the alignment.
constexpr size_t map_bytes(const Shape& shape, bool border, int32_t ring_rows = 0) noexcept {
  const size_t extra = border ? 2 : 0;
  const size_t rows = ring_rows > 0 ? static_cast<size_t>(ring_rows)
                                    : static_cast<size_t>(shape.height) + extra;
  const size_t pixels = saturating_multiply(rows, static_cast<size_t>(shape.width) + extra);
  return round_up(
      saturating_multiply(pixels, static_cast<size_t>(channel_stride(shape.channels)) * sizeof(float)),
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

/// Rows of its input that an operation reads for one row of output.
constexpr int32_t rows_read(const OpRecord& op) noexcept {
  return op.op == Op::conv3x3 || op.op == Op::depthwise3x3 ? 3 : 1;
}

/// Number of leading operations that form a chain: each reads only what the one before it writes, row
/// windows suffice, and nobody else reads it. The chain ends with the first map that has several readers.
constexpr int chain_length(const NetworkView& network) noexcept {
  for (size_t i = 0; i < network.ops.size; ++i) {
    const OpRecord& op = network.ops[i];
    const bool by_rows = op.op == Op::conv1x1 || op.op == Op::depthwise3x3 ||
                         (op.op == Op::conv3x3 && !uses_winograd(op));
    const uint16_t expected_input = i == 0 ? uint16_t{0} : network.ops[i - 1].out;
    const bool whole_map = op.c_out == network.maps[op.out].channels;
    if (!by_rows || op.in0 != expected_input || !whole_map) return 0;
    int readers = network.maps[op.out].output ? 2 : 0;
    for (const OpRecord& other : network.ops) {
      readers += (other.in0 == op.out ? 1 : 0) + (other.in1 == op.out ? 1 : 0);
    }
    if (readers != 1) return static_cast<int>(i) + 1;
  }
  return 0;
}

/// Infers every shape and places the maps: largest first, each at the lowest offset where it meets no
/// map that is alive at the same time (greedy by size; Pisarchyk & Lee 2020).
constexpr MemoryPlan plan_memory(const NetworkView& network, Size input, Schedule schedule) noexcept {
  MemoryPlan plan;
  plan.chain = schedule == Schedule::depth_first ? chain_length(network) : 0;
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

  // The maps of a chain are alive from its start to its end, most of them as rings.
  for (int i = 0; i < plan.chain; ++i) {
    const OpRecord& op = network.ops[static_cast<size_t>(i)];
    plan.maps[op.in0].ring_rows = rows_read(op);
    plan.maps[op.in0].last_op = plan.chain - 1;
    plan.maps[op.out].first_op = -1;
  }

  int by_size[kMaxMaps] = {};
  for (int i = 0; i < map_count; ++i) {
    plan.maps[i].bytes = map_bytes(plan.maps[i].shape, network.maps[static_cast<size_t>(i)].border,
                                   plan.maps[i].ring_rows);
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
      const size_t other_end = saturating_add(other.offset, other.bytes);
      if (!alive_together || other_end <= offset) continue;
      if (saturating_add(offset, map.bytes) <= other.offset) break;
      offset = other_end;
    }
    map.offset = offset;
    const size_t end = saturating_add(offset, map.bytes);
    if (plan.total_bytes < end) plan.total_bytes = end;
    int at = k;
    for (; at > 0 && plan.maps[by_offset[at - 1]].offset > offset; --at) {
      by_offset[at] = by_offset[at - 1];
    }
    by_offset[at] = by_size[k];
  }
  return plan;
}

/// Side of the square map that the global depthwise operation of a network reads; 0 without one.
constexpr uint32_t global_depthwise_side(const NetworkView& network, Size input) noexcept {
  for (const OpRecord& op : network.ops) {
    if (op.op != Op::global_depthwise) continue;
    const MemoryPlan plan = plan_memory(network, input, Schedule::layer_by_layer);
    return static_cast<uint32_t>(plan.maps[op.in0].shape.height);
  }
  return 0;
}

FACEIO_END_NAMESPACE

#endif  // FACEIO_NN_MEMORY_PLAN_HPP
