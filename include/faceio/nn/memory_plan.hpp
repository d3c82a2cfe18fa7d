// Shapes and memory of a network for one input size: constexpr, so firmware gets constants and
// hosts the same numbers at run time.
#ifndef FACEIO_NN_MEMORY_PLAN_HPP
#define FACEIO_NN_MEMORY_PLAN_HPP

#include "schedule.hpp"

FACEIO_BEGIN_NAMESPACE

/// Lifetimes count steps; all steps of a chain run at the same time.
struct MapPlacement {
  Shape shape{};
  int32_t ring_rows = 0;   // 0: whole
  size_t bytes = 0;        // with its border; 0: the map is never stored
  size_t offset = 0;       // from the start of the map memory
  int passing_chain = -1;  // last step of the chain in which its rows are used up as soon as they
                           // are written, so that maps of this kind share memory; -1: none
  int first_step = 0;  // first step during which it is alive; -1 for the input
  int last_step = 0;   // last step that reads it; the number of steps for outputs that are kept
};

struct MemoryPlan {
  StepList list{};
  MapPlacement maps[kMaxMaps] = {};
  int32_t rows_per_call[kMaxOps] = {};  // rows that a step of a chain computes at once
  size_t total_bytes = 0;
};

/// Bytes of one element of a map.
constexpr int32_t element_bytes(const MapRecord& map, Precision precision) noexcept {
  if (precision != Precision::int8 || map.output) return sizeof(float);
  return map.wide ? sizeof(int16_t) : sizeof(uint8_t);
}

/// Bytes from one pixel of a map to the next.
constexpr int32_t pixel_bytes(const MapRecord& map, Precision precision) noexcept {
  const bool planes = map.planes && precision != Precision::int8;
  return element_bytes(map, precision) *
         (planes ? 1 : map.picture ? map.channels : channel_stride(map.channels));
}

/// Bytes of one row of a map with its border.
constexpr size_t map_row_bytes(const Shape& shape, const MapRecord& map, Precision precision) noexcept {
  if (map.planes && precision != Precision::int8) {
    return static_cast<size_t>(shape.channels) * static_cast<size_t>(plane_floats(shape.width)) * sizeof(float);
  }
  const size_t pixels = static_cast<size_t>(shape.width) + (map.border ? 2 : 0);
  const size_t bytes = saturating_multiply(pixels, static_cast<size_t>(pixel_bytes(map, precision)));
  // Terms of int8 weights come in fours: kernels read up to three bytes beyond a picture's border.
  constexpr size_t kReadBeyond_bytes = 3;
  return map.picture && precision == Precision::int8 ? saturating_add(bytes, kReadBeyond_bytes) : bytes;
}

/// Bytes of a map, or of a ring of its rows, with its border, rounded to the alignment.
constexpr size_t map_bytes(const Shape& shape, const MapRecord& map, Precision precision,
                           int32_t ring_rows = 0) noexcept {
  const size_t rows = ring_rows > 0 ? static_cast<size_t>(ring_rows)
                                    : static_cast<size_t>(shape.height) + (map.border ? 2 : 0);
  return round_up(saturating_multiply(rows, map_row_bytes(shape, map, precision)), kAlignment_bytes);
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

/// Rows of its input that an operation needs for rows [0, row_end) of its output; may exceed the
/// input by the border.
constexpr int32_t input_rows(Op op, int32_t stride, int32_t pad_before, int32_t row_end) noexcept {
  return op == Op::conv1x1 ? row_end : (row_end - 1) * stride + 3 - pad_before;
}

/// Rows of a chain's maps that are computed at once. Two, because a depthwise kernel then reads
/// four rows of input instead of twice three; short rows in larger numbers, because a kernel that
/// reads its weights anew for every call wants some pixels to use them on.
constexpr int32_t rows_per_call_for(int32_t width) noexcept {
  constexpr int32_t kPixels = 48, kMinRows = 2, kMaxRows = 4;
  const int32_t rows = width > 0 ? (kPixels + width - 1) / width : kMinRows;
  return rows < kMinRows ? kMinRows : rows > kMaxRows ? kMaxRows : rows;
}

namespace detail {

/// Puts every stored map at the lowest offset where it meets no map that is alive at the same time,
/// largest first (greedy by size; Pisarchyk & Lee 2020).
constexpr void place_maps(MemoryPlan& plan, int map_count) noexcept {
  int by_size[kMaxMaps] = {};
  for (int i = 0; i < map_count; ++i) {
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
      const bool alive_together =
          map.first_step <= other.last_step && other.first_step <= map.last_step &&
          !(map.passing_chain >= 0 && map.passing_chain == other.passing_chain);
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
}

}  // namespace detail

/// Whether a step's result is an output that leaves row by row.
constexpr bool streams(const NetworkView& network, const ScheduledStep& step, Schedule schedule) noexcept {
  return schedule == Schedule::streaming && can_stream(network, step.out);
}

/// Infers every shape, makes rings of the maps inside chains and places all maps.
constexpr MemoryPlan plan_memory(const NetworkView& network, Size input,
                                 Schedule schedule) noexcept {
  MemoryPlan plan;
  plan.list = make_steps(network, schedule);
  const int map_count = static_cast<int>(network.maps.size);
  const int step_count = plan.list.count;
  plan.maps[0].shape = {input.height_px, input.width_px, network.maps[0].channels};
  for (const OpRecord& op : network.ops) {
    const Shape in1 = op.in1 == kNoMap ? Shape{} : plan.maps[op.in1].shape;
    const Shape shape = output_shape(op, plan.maps[op.in0].shape, in1);
    plan.maps[op.out].shape = {shape.height, shape.width, network.maps[op.out].channels};
  }

  for (int i = 0; i < map_count; ++i) {
    plan.maps[i].first_step = i == 0 ? -1 : step_count;
    const bool streams = schedule == Schedule::streaming && can_stream(network, static_cast<uint16_t>(i));
    const bool kept = network.maps[static_cast<size_t>(i)].output && !streams;
    plan.maps[i].last_step = kept ? step_count : -1;
  }
  for (int s = 0, chain_begin = 0; s < step_count; ++s) {
    const ScheduledStep& step = plan.list.steps[s];
    const int last = step.chain_end - 1;
    const auto reads = [&](uint16_t map) {
      if (map != kNoMap && plan.maps[map].last_step < last) plan.maps[map].last_step = last;
    };
    const auto writes = [&](uint16_t map) {
      if (plan.maps[map].first_step > chain_begin) plan.maps[map].first_step = chain_begin;
      reads(map);
    };
    const OpRecord& op = network.ops[step.first_op];
    reads(op.in0);
    if (step.addend != kNoMap) {
      reads(step.addend);
    } else if (op.op == Op::add) {
      reads(op.in1);
    }
    if (uses_winograd(op)) {
      for (int part = 0; part < step.op_count; ++part) {
        writes(network.ops[static_cast<size_t>(step.first_op + part)].out);
      }
    } else {
      writes(step.out);
    }
    plan.rows_per_call[s] = rows_per_call_for(plan.maps[step.out].shape.width);
    if (streams(network, step, schedule)) {
      MapPlacement& out = plan.maps[step.out];
      out.ring_rows = out.shape.height < plan.rows_per_call[s] ? out.shape.height : plan.rows_per_call[s];
    }
    const bool by_rows = s > chain_begin || (s == 0 && picture_by_rows(network, schedule));
    if (by_rows) {
      MapPlacement& in = plan.maps[op.in0];
      const int32_t rows =
          input_rows(op.op, op.stride, op.pad_before, plan.rows_per_call[s]) + op.pad_before;
      const int32_t all = in.shape.height + (network.maps[op.in0].border ? 2 : 0);
      in.ring_rows = all > 0 && all < rows ? all : rows;
      // A 1x1 convolution uses up its rows as soon as they are there, before any other step runs.
      const bool fed_by_passing =
          s > chain_begin &&
          plan.maps[network.ops[plan.list.steps[s - 1].first_op].in0].passing_chain == last;
      if (op.op == Op::conv1x1 && s > chain_begin && !fed_by_passing)
        plan.maps[op.in0].passing_chain = last;
    }
    if (s == last) chain_begin = s + 1;
  }
  for (int i = 0; i < map_count; ++i) {
    MapPlacement& map = plan.maps[i];
    const bool stored = map.last_step >= map.first_step;
    map.bytes =
        stored ? map_bytes(map.shape, network.maps[static_cast<size_t>(i)], network.precision, map.ring_rows) : 0;
  }
  detail::place_maps(plan, map_count);
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
