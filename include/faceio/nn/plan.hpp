// A bound network laid out for one input size in the caller's memory: kernels with their arguments.
#ifndef FACEIO_NN_PLAN_HPP
#define FACEIO_NN_PLAN_HPP

#include "bind.hpp"
#include "memory_plan.hpp"

FACEIO_BEGIN_NAMESPACE

/// Which kernel call, and its place among the others: common to networks of all precisions.
struct StepPlace {
  Op op = Op::conv1x1;
  bool winograd = false;
  uint16_t first_op = 0;  // index in the network table
  uint16_t op_count = 1;
  uint16_t chain_end = 0;  // index behind the last step of its chain
  int16_t streamed_output = -1;  // of Plan::outputs, whose rows leave as they are computed; -1: none
  int32_t rows_per_call = 0;
};

/// One kernel call with everything resolved. Only the arguments of its kind are meaningful.
struct Step : StepPlace {
  MapView fill_border[kWinogradMaxParts] = {};  // whole maps to fill the border of; data null: none
  ConvArgs conv{};
  WinogradArgs winograd_args{};
  BatchNormArgs batchnorm{};
  AddArgs add{};
  UpsampleArgs upsample{};
};

/// The same of an int8 network.
struct Int8Step : StepPlace {
  Int8Map fill_border[kWinogradMaxParts] = {};  // whole maps to fill the border of; data null: none
  Int8ConvArgs conv{};
  Int8WinogradArgs winograd_args{};
};

/// A network laid out for one input size inside one scratch memory. Valid while that memory, the
/// blob and the bound weights are.
struct Plan {
  using StepType = Step;
  const KernelTable* kernels = nullptr;
  Span<Step> steps{};
  MapView input{};  // whole, or a ring of rows when the first chain pulls it
  MapView outputs[kMaxOutputs] = {};
  int output_count = 0;
};

/// The same of an int8 network.
struct Int8Plan {
  using StepType = Int8Step;
  const Int8KernelTable* kernels = nullptr;
  Span<Int8Step> steps{};
  Int8Map input{};  // whole, or a ring of rows when the first chain pulls it
  MapView outputs[kMaxOutputs] = {};
  int output_count = 0;
};

/// Floats that the Winograd steps of a network share.
constexpr size_t winograd_scratch_floats(const NetworkView& network) noexcept {
  size_t largest = 0;
  for_each_winograd_group(network, [&](size_t first, const WinogradGroup& group) {
    const size_t floats = winograd_scratch_floats(network.ops[first].c_in, group.c_out);
    if (largest < floats) largest = floats;
  });
  return largest;
}

/// Bytes that the Winograd steps of a network share.
constexpr size_t int8_winograd_scratch_bytes(const NetworkView& network) noexcept {
  size_t largest = 0;
  for_each_winograd_group(network, [&](size_t first, const WinogradGroup&) {
    const size_t bytes = int8_winograd_scratch_bytes(network.ops[first].c_in);
    if (largest < bytes) largest = bytes;
  });
  return largest;
}

/// Scratch bytes that make_plan() takes for this input size, or make_int8_plan() for an int8 network.
constexpr size_t plan_bytes(const NetworkView& network, Size input, Schedule schedule) noexcept {
  Arena count;
  const MemoryPlan memory = plan_memory(network, input, schedule);
  if (network.precision == Precision::int8) {
    count.take<Int8Step>(static_cast<size_t>(memory.list.count));
    count.take<uint8_t>(memory.total_bytes);
    count.take<uint8_t>(int8_winograd_scratch_bytes(network));
  } else {
    count.take<Step>(static_cast<size_t>(memory.list.count));
    count.take<uint8_t>(memory.total_bytes);
    count.take<float>(winograd_scratch_floats(network));
  }
  return count.used_bytes();
}

namespace detail {

/// The place of a step's result among the outputs, if it leaves row by row; else -1.
constexpr int16_t streamed_output(const NetworkView& network, const ScheduledStep& step, Schedule schedule) noexcept {
  for (size_t i = 0; streams(network, step, schedule) && i < network.outputs.size; ++i) {
    if (network.outputs[i] == step.out) return static_cast<int16_t>(i);
  }
  return -1;
}

constexpr StepPlace place_of(const NetworkView& network, const MemoryPlan& memory, size_t step,
                             Schedule schedule) noexcept {
  const ScheduledStep& scheduled = memory.list.steps[step];
  const OpRecord& op = network.ops[scheduled.first_op];
  StepPlace place;
  place.op = op.op;
  place.winograd = uses_winograd(op);
  place.first_op = scheduled.first_op;
  place.op_count = scheduled.op_count;
  place.chain_end = scheduled.chain_end;
  place.rows_per_call = memory.rows_per_call[step];
  place.streamed_output = streamed_output(network, scheduled, schedule);
  return place;
}

}  // namespace detail

/// Lays the network out for pictures of `input` pixels, taking plan_bytes() from `scratch`.
/// Errors: those of Arena::status().
inline Result<Plan> make_plan(const BoundNetwork& bound, Size input, Schedule schedule,
                              Arena& scratch) noexcept {
  const NetworkView& network = bound.network;
  const MemoryPlan memory = plan_memory(network, input, schedule);
  for (const OpRecord& op : network.ops) {
    FACEIO_ASSERT(op.op != Op::add || (memory.maps[op.in0].shape == memory.maps[op.in1].shape),
                  "operands of an addition differ in size");
    static_cast<void>(op);
  }
  const auto step_count = static_cast<size_t>(memory.list.count);
  Step* const steps = scratch.take<Step>(step_count);
  uint8_t* const base = scratch.take<uint8_t>(memory.total_bytes);
  float* const winograd_scratch = scratch.take<float>(winograd_scratch_floats(network));
  const Status status = scratch.status();
  if (!status.ok()) return status;

  const auto view_of = [&](uint16_t id) noexcept {
    const MapPlacement& place = memory.maps[id];
    const MapRecord& map = network.maps[id];
    MapView view;
    view.height = place.shape.height;
    view.width = place.shape.width;
    view.channels = place.shape.channels;
    view.border = map.border ? 1 : 0;
    constexpr auto kFloat = static_cast<int32_t>(sizeof(float));
    view.pixel_stride = pixel_bytes(map, Precision::fp32) / kFloat;
    view.channel_step = map.planes ? plane_floats(view.width) : 1;
    view.row_stride = static_cast<int32_t>(map_row_bytes(place.shape, map, Precision::fp32)) / kFloat;
    view.ring_rows = place.ring_rows;
    // A whole map has a border row above it; a ring keeps border rows in its slots.
    const int32_t rows_above = place.ring_rows == 0 ? view.border : 0;
    view.data = static_cast<float*>(static_cast<void*>(base + place.offset)) +
                rows_above * view.row_stride +
                (map.planes ? kPlaneMargin : view.border * view.pixel_stride);
    return view;
  };

  Plan plan;
  plan.kernels = bound.kernels;
  plan.input = view_of(0);
  for (const uint16_t id : network.outputs) plan.outputs[plan.output_count++] = view_of(id);
  bool written[kMaxMaps] = {};
  for (size_t s = 0; s < step_count; ++s) {
    const ScheduledStep& scheduled = memory.list.steps[s];
    const OpRecord& op = network.ops[scheduled.first_op];
    const OpWeights& weights = bound.weights[scheduled.first_op];
    Step& step = steps[s];
    step = Step{};
    static_cast<StepPlace&>(step) = detail::place_of(network, memory, s, schedule);
    const auto output = [&](uint16_t id, const OpRecord& writer, int part) noexcept {
      const MapView whole = view_of(id);
      if (whole.border != 0 && whole.ring_rows == 0 && !written[id]) step.fill_border[part] = whole;
      written[id] = true;
      MapView out = whole;
      out.data += writer.out_channel_offset;
      out.channels = writer.c_out;
      return out;
    };
    const MapView in = view_of(op.in0);
    if (step.winograd) {
      WinogradArgs& args = step.winograd_args;
      args.in = in;
      args.weights = weights.winograd;
      args.scratch = winograd_scratch;
      for (int part = 0; part < step.op_count; ++part) {
        const size_t index = static_cast<size_t>(step.first_op + part);
        const OpRecord& of_part = network.ops[index];
        args.part[args.parts++] = {output(of_part.out, of_part, part), bound.weights[index].slope,
                                   of_part.leaky_slope, of_part.activation};
      }
      continue;
    }
    const MapView out = output(scheduled.out, op, 0);
    switch (op.op) {
      case Op::conv3x3:
      case Op::conv1x1:
      case Op::depthwise3x3:
      case Op::global_depthwise:
        step.conv.in = in;
        step.conv.out = out;
        if (scheduled.addend != kNoMap) step.conv.addend = view_of(scheduled.addend);
        step.conv.weights = weights.weights;
        step.conv.bias = weights.bias;
        step.conv.slope = weights.slope;
        step.conv.leaky_slope = op.leaky_slope;
        step.conv.stride = op.stride;
        step.conv.pad_before = op.pad_before;
        step.conv.activation = op.activation;
        break;
      case Op::batchnorm: step.batchnorm = {in, out, weights.weights, weights.bias}; break;
      case Op::add: step.add = {in, view_of(op.in1), out}; break;
      case Op::upsample_nearest: step.upsample = {in, out}; break;
    }
  }
  plan.steps = {steps, step_count};
  return plan;
}

FACEIO_END_NAMESPACE

#endif  // FACEIO_NN_PLAN_HPP
