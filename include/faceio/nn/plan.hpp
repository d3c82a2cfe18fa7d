// A bound network laid out for one input size in the caller's memory: kernels with their arguments.
#ifndef FACEIO_NN_PLAN_HPP
#define FACEIO_NN_PLAN_HPP

#include "bind.hpp"
#include "memory_plan.hpp"

FACEIO_BEGIN_NAMESPACE

/// One operation with everything resolved, or several that share an input and run together (Winograd).
/// Only the arguments of its kind are meaningful.
struct Step {
  Op op = Op::conv1x1;
  uint16_t first_op = 0;   // index in the network table
  uint16_t op_count = 1;
  bool winograd = false;
  MapView zero_border[kWinogradMaxParts] = {};  // whole maps to clear the border of; data null: none
  ConvArgs conv{};
  WinogradArgs winograd_parts{};
  BatchNormArgs batchnorm{};
  AddArgs add{};
  UpsampleArgs upsample{};
};

/// A network laid out for one input size inside one scratch memory. Valid while that memory, the blob
/// and the bound weights are.
struct Plan {
  const KernelTable* kernels = nullptr;
  Span<Step> steps{};
  int chain = 0;                   // leading steps that run depth-first, row by row
  MapView input{};                 // whole, or a ring of rows when there is a chain
  MapView outputs[kMaxOutputs] = {};
  int output_count = 0;
};

/// Floats that the Winograd steps of a network share.
constexpr size_t winograd_scratch_floats(const NetworkView& network) noexcept {
  size_t largest = 0;
  for (const OpRecord& op : network.ops) {
    const size_t floats = uses_winograd(op) ? winograd_scratch_floats(op.c_in, op.c_out) : 0;
    if (largest < floats) largest = floats;
  }
  return largest;
}

/// Scratch bytes that make_plan() takes for this input size.
constexpr size_t plan_bytes(const NetworkView& network, Size input, Schedule schedule) noexcept {
  Arena count;
  count.take<Step>(network.ops.size);
  count.take<uint8_t>(plan_memory(network, input, schedule).total_bytes);
  count.take<float>(winograd_scratch_floats(network));
  return count.used_bytes();
}

/// Lays the network out for pictures of `input` pixels, taking plan_bytes() from `scratch`.
/// Errors: those of Arena::status().
inline Result<Plan> make_plan(const BoundNetwork& bound, Size input, Schedule schedule,
                              Arena& scratch) noexcept {
  const NetworkView& network = bound.network;
  const Span<const OpWeights> weights = bound.weights;
  const MemoryPlan memory = plan_memory(network, input, schedule);
  Step* const steps = scratch.take<Step>(network.ops.size);
  uint8_t* const base = scratch.take<uint8_t>(memory.total_bytes);
  float* const winograd_scratch = scratch.take<float>(winograd_scratch_floats(network));
  const Status status = scratch.status();
  if (!status.ok()) return status;

  const auto view_of = [&](uint16_t id) noexcept {
    const MapPlacement& place = memory.maps[id];
    MapView view;
    view.height = place.shape.height;
    view.width = place.shape.width;
    view.channels = place.shape.channels;
    view.border = network.maps[id].border ? 1 : 0;
    view.pixel_stride = channel_stride(view.channels);
    view.row_stride = (view.width + 2 * view.border) * view.pixel_stride;
    view.ring_rows = place.ring_rows;
    // A whole map has a border row above it; a ring keeps border rows in its slots.
    const int32_t rows_above = place.ring_rows == 0 ? view.border : 0;
    view.data = static_cast<float*>(static_cast<void*>(base + place.offset)) +
                rows_above * view.row_stride + view.border * view.pixel_stride;
    return view;
  };

  Plan plan;
  plan.kernels = bound.kernels;
  plan.chain = memory.chain;
  plan.input = view_of(0);
  for (const uint16_t id : network.outputs) plan.outputs[plan.output_count++] = view_of(id);
  size_t step_count = 0;
  for (size_t i = 0; i < network.ops.size; ++i) {
    const OpRecord& op = network.ops[i];
    const MapView whole = view_of(op.out);
    MapView out = whole;
    out.data += op.out_channel_offset;
    out.channels = op.c_out;
    const bool clears_border = whole.border != 0 && whole.ring_rows == 0 &&
                               memory.maps[op.out].first_op == static_cast<int>(i);
    // Convolutions that follow each other and read the same map share its transform.
    Step* const previous = step_count > 0 ? &steps[step_count - 1] : nullptr;
    const bool joins = uses_winograd(op) && previous != nullptr && previous->winograd &&
                       previous->op_count < kWinogradMaxParts &&
                       network.ops[previous->first_op].in0 == op.in0;
    Step& step = joins ? *previous : steps[step_count++];
    if (joins) {
      ++step.op_count;
    } else {
      step = Step{};
      step.op = op.op;
      step.first_op = static_cast<uint16_t>(i);
      step.winograd = uses_winograd(op);
    }
    if (clears_border) step.zero_border[step.op_count - 1] = whole;
    if (step.winograd) {
      WinogradArgs& args = step.winograd_parts;
      args.in = view_of(op.in0);
      args.scratch = winograd_scratch;
      args.part[args.parts++] = {out,           weights[i].weights, weights[i].bias, weights[i].slope,
                                 op.leaky_slope, op.activation};
      continue;
    }
    const MapView in = view_of(op.in0);
    switch (op.op) {
      case Op::conv3x3:
      case Op::conv1x1:
      case Op::depthwise3x3:
      case Op::global_depthwise:
        step.conv.in = in;
        step.conv.out = out;
        step.conv.weights = weights[i].weights;
        step.conv.bias = weights[i].bias;
        step.conv.slope = weights[i].slope;
        step.conv.leaky_slope = op.leaky_slope;
        step.conv.stride = op.stride;
        step.conv.pad_before = op.pad_before;
        step.conv.activation = op.activation;
        break;
      case Op::batchnorm:
        step.batchnorm = {in, out, weights[i].weights, weights[i].bias};
        break;
      case Op::add: step.add = {in, view_of(op.in1), out}; break;
      case Op::upsample_nearest: step.upsample = {in, out}; break;
    }
  }
  plan.steps = {steps, step_count};
  return plan;
}

FACEIO_END_NAMESPACE

#endif  // FACEIO_NN_PLAN_HPP
