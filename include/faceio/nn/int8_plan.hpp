// make_int8_plan(): what make_plan() is for fp32.
#ifndef FACEIO_NN_INT8_PLAN_HPP
#define FACEIO_NN_INT8_PLAN_HPP

#include "plan.hpp"

FACEIO_BEGIN_NAMESPACE

namespace detail {

/// The border pixel of a map, which is in the blob beside every operation that reads it.
inline const uint8_t* border_pixel_of(const BoundNetwork& bound, uint16_t map) noexcept {
  for (size_t i = 0; i < bound.network.ops.size; ++i) {
    if (bound.network.ops[i].in0 == map && bound.int8_weights[i].border_pixel != nullptr) {
      return bound.int8_weights[i].border_pixel;
    }
  }
  return nullptr;
}

}  // namespace detail

/// Lays the network out for pictures of `input` pixels, taking plan_bytes() from `scratch`.
/// Errors: those of Arena::status().
inline Result<Int8Plan> make_int8_plan(const BoundNetwork& bound, Size input, Schedule schedule,
                                       Arena& scratch) noexcept {
  const NetworkView& network = bound.network;
  const MemoryPlan memory = plan_memory(network, input, schedule);
  const auto step_count = static_cast<size_t>(memory.list.count);
  Int8Step* const steps = scratch.take<Int8Step>(step_count);
  uint8_t* const base = scratch.take<uint8_t>(memory.total_bytes);
  uint8_t* const winograd_scratch = scratch.take<uint8_t>(int8_winograd_scratch_bytes(network));
  const Status status = scratch.status();
  if (!status.ok()) return status;

  const auto view_of = [&](uint16_t id) noexcept {
    const MapPlacement& place = memory.maps[id];
    const MapRecord& map = network.maps[id];
    Int8Map view;
    view.height = place.shape.height;
    view.width = place.shape.width;
    view.channels = place.shape.channels;
    view.wide = map.wide;
    view.border = map.border ? 1 : 0;
    view.border_pixel = map.border ? detail::border_pixel_of(bound, id) : nullptr;
    view.pixel_stride_bytes = pixel_bytes(map, Precision::int8);
    view.row_stride_bytes = static_cast<int32_t>(map_row_bytes(place.shape, map, Precision::int8));
    view.ring_rows = place.ring_rows;
    // A whole map has a border row above it; a ring keeps border rows in its slots.
    const int32_t rows_above = place.ring_rows == 0 ? view.border : 0;
    view.data = base + place.offset + static_cast<ptrdiff_t>(rows_above) * view.row_stride_bytes +
                view.border * view.pixel_stride_bytes;
    return view;
  };
  const auto output_of_network = [&](uint16_t id) noexcept {
    const MapPlacement& place = memory.maps[id];
    MapView view;
    view.height = place.shape.height;
    view.width = place.shape.width;
    view.channels = place.shape.channels;
    view.pixel_stride = channel_stride(view.channels);
    view.row_stride = view.width * view.pixel_stride;
    view.ring_rows = place.ring_rows;
    view.data = static_cast<float*>(static_cast<void*>(base + place.offset));
    return view;
  };

  Int8Plan plan;
  plan.kernels = bound.int8_kernels;
  plan.input = view_of(0);
  for (const uint16_t id : network.outputs) plan.outputs[plan.output_count++] = output_of_network(id);
  bool written[kMaxMaps] = {};
  for (size_t s = 0; s < step_count; ++s) {
    const ScheduledStep& scheduled = memory.list.steps[s];
    const OpRecord& op = network.ops[scheduled.first_op];
    const Int8OpWeights& weights = bound.int8_weights[scheduled.first_op];
    Int8Step& step = steps[s];
    step = Int8Step{};
    static_cast<StepPlace&>(step) = detail::place_of(network, memory, s, schedule);
    const auto output = [&](uint16_t id, const OpRecord& writer, int part) noexcept {
      Int8Map out = view_of(id);
      if (out.border != 0 && out.ring_rows == 0 && !written[id]) step.fill_border[part] = out;
      written[id] = true;
      out.data += writer.out_channel_offset * element_bytes(network.maps[id], Precision::int8);
      out.channels = writer.c_out;
      return out;
    };
    if (step.winograd) {
      Int8WinogradArgs& args = step.winograd_args;
      args.in = view_of(op.in0);
      args.weights = weights.winograd;
      args.bias = weights.winograd_bias;
      args.scratch = winograd_scratch;
      for (int part = 0; part < step.op_count; ++part) {
        const size_t index = static_cast<size_t>(step.first_op + part);
        const OpRecord& of_part = network.ops[index];
        args.part[args.parts++] = {output(of_part.out, of_part, part), bound.int8_weights[index].requantise};
      }
      continue;
    }
    Int8ConvArgs& args = step.conv;
    args.in = view_of(op.in0);
    if (network.maps[scheduled.out].output) {
      args.float_out = output_of_network(scheduled.out);
    } else {
      args.out = output(scheduled.out, op, 0);
    }
    if (scheduled.addend != kNoMap) args.addend = view_of(scheduled.addend);
    args.quads = weights.quads;
    args.pairs = weights.pairs;
    args.depthwise = weights.depthwise;
    args.bias = weights.bias;
    args.requantise = weights.requantise;
    args.output_scale = weights.output_scale;
    args.stride = op.stride;
    args.pad_before = op.pad_before;
  }
  plan.steps = {steps, step_count};
  return plan;
}

FACEIO_END_NAMESPACE

#endif  // FACEIO_NN_INT8_PLAN_HPP
