// From table and blob to something that runs: bind() checks a blob against a network once;
// make_plan() lays the network out for one input size; run() executes it.
#ifndef FACEIO_NN_PLAN_HPP
#define FACEIO_NN_PLAN_HPP

#include "../kernels/table.hpp"
#include "../weights/blob.hpp"
#include "memory_plan.hpp"

FACEIO_BEGIN_NAMESPACE

/// Tensors of one operation, inside the blob; transformed Winograd weights are in persistent memory. For
/// batch norm, weights is the scale and bias the shift.
struct OpWeights {
  const float* weights = nullptr;
  const float* bias = nullptr;
  const float* slope = nullptr;
};

/// True for the convolutions that run by Winograd's algorithm: it wins on every 3x3 of stride 1 whose
/// channels fill panels, from 16 channels and 15 x 20 pixels up (benchmarks/kernels).
constexpr bool uses_winograd(const OpRecord& op) noexcept {
  return op.op == Op::conv3x3 && op.stride == 1 && op.pad_before == 1 && op.c_in % kPanel == 0 &&
         op.c_out % kPanel == 0;
}

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

/// Persistent bytes that bind() takes.
constexpr size_t bound_bytes(const NetworkView& network) noexcept {
  Arena count;
  count.take<OpWeights>(network.ops.size);
  for (const OpRecord& op : network.ops) {
    if (uses_winograd(op)) count.take<float>(winograd_weight_floats(op.c_in, op.c_out));
  }
  return count.used_bytes();
}

/// Finds the tensors of every operation and checks type, layout and shape. `global_side` is the side
/// of the map that global_depthwise reads (0 when the network has none).
/// Errors: model_mismatch, blob_missing_tensor (detail: operation index), those of Arena::status().
inline Result<BoundNetwork> bind(const NetworkView& network, const Blob& blob,
                                 const KernelTable& kernels, uint32_t global_side,
                                 Arena& persistent) noexcept {
  using detail::has_shape;
  if (blob.model_id() != network.model_id) return Errc::model_mismatch;
  OpWeights* const bound = persistent.take<OpWeights>(network.ops.size);
  Arena transformed = persistent;
  for (const OpRecord& op : network.ops) {
    if (uses_winograd(op)) persistent.take<float>(winograd_weight_floats(op.c_in, op.c_out));
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
      case Op::conv3x3:
        found = has_shape(weights, Layout::panel16, op.c_out, 3, 3, op.c_in);
        break;
      case Op::conv1x1:
        found = has_shape(weights, Layout::panel16, op.c_out, 1, 1, op.c_in);
        break;
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
    if (uses_winograd(op)) {
      float* const room = transformed.take<float>(winograd_weight_floats(op.c_in, op.c_out));
      transform_winograd_weights(w.weights, op.c_in, op.c_out, room);
      w.weights = room;
    }
    if (op.activation == Activation::prelu) {
      const BlobEntry* slope = blob.find(index, Role::slope);
      if (!has_shape(slope, Layout::dense, op.c_out, 1, 1, 1)) {
        return Status(Errc::blob_missing_tensor, i);
      }
      w.slope = blob.floats_of(*slope);
    }
  }
  const Result<Preprocessing> preprocessing = blob.preprocessing();
  if (!preprocessing) return preprocessing.status();
  return BoundNetwork{network, {bound, network.ops.size}, &kernels, *preprocessing};
}

/// One operation with everything resolved, or several that share an input and run together (Winograd).
/// Only the arguments of its kind are meaningful.
struct Step {
  Op op = Op::conv1x1;
  uint16_t first_op = 0;   // index in the network table
  uint16_t op_count = 1;
  bool winograd = false;
  MapView zero_border[kWinogradMaxParts] = {};  // maps whose borders are cleared first; data null: none
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
  MapView input{};                 // write the picture here, then run()
  MapView outputs[8] = {};
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
constexpr size_t plan_bytes(const NetworkView& network, Size input) noexcept {
  Arena count;
  count.take<Step>(network.ops.size);
  count.take<uint8_t>(plan_memory(network, input).total_bytes);
  count.take<float>(winograd_scratch_floats(network));
  return count.used_bytes();
}

/// Lays the network out for pictures of `input` pixels, taking plan_bytes() from `scratch`.
/// Errors: those of Arena::status().
inline Result<Plan> make_plan(const BoundNetwork& bound, Size input, Arena& scratch) noexcept {
  const NetworkView& network = bound.network;
  const Span<const OpWeights> weights = bound.weights;
  const MemoryPlan memory = plan_memory(network, input);
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
    view.data = static_cast<float*>(static_cast<void*>(base + place.offset)) +
                view.border * (view.row_stride + view.pixel_stride);
    return view;
  };

  Plan plan;
  plan.kernels = bound.kernels;
  plan.input = view_of(0);
  for (const uint16_t id : network.outputs) plan.outputs[plan.output_count++] = view_of(id);
  size_t step_count = 0;
  for (size_t i = 0; i < network.ops.size; ++i) {
    const OpRecord& op = network.ops[i];
    const MapView whole = view_of(op.out);
    MapView out = whole;
    out.data += op.out_channel_offset;
    out.channels = op.c_out;
    const bool clears_border = whole.border != 0 && memory.maps[op.out].first_op == static_cast<int>(i);
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

/// Zeroes the one-pixel border of a whole map.
inline void zero_border(const MapView& map) noexcept {
  const auto stride = static_cast<size_t>(map.pixel_stride);
  const size_t row_floats = (static_cast<size_t>(map.width) + 2) * stride;
  const int32_t rows[2] = {-1, map.height};
  for (const int32_t y : rows) {
    float* p = map.data + static_cast<ptrdiff_t>(y) * map.row_stride - map.pixel_stride;
    for (size_t i = 0; i < row_floats; ++i) p[i] = 0.0f;
  }
  for (int32_t y = 0; y < map.height; ++y) {
    float* left = map.row(y) - map.pixel_stride;
    float* right = map.row(y) + static_cast<ptrdiff_t>(map.width) * map.pixel_stride;
    for (size_t i = 0; i < stride; ++i) left[i] = right[i] = 0.0f;
  }
}

/// Writes a picture into the input of a plan as the network wants it. Pixels of the input beyond the
/// picture get the mean colour. Precondition: validate(image) is ok.
inline void load_input(const BoundNetwork& bound, const Plan& plan, const ImageView& image) noexcept {
  const Preprocessing& p = bound.preprocessing;
  const UnpackArgs args{image, plan.input, p.bgr, {p.mean[0], p.mean[1], p.mean[2]}, p.scale};
  bound.kernels->u8_to_f32(args, 0, plan.input.height);
}

/// What operation `first_op + part` of a step writes: a map, or a slice of one.
inline MapView output_of(const Step& step, int part) noexcept {
  if (step.winograd) return step.winograd_parts.part[part].out;
  switch (step.op) {
    case Op::batchnorm: return step.batchnorm.out;
    case Op::add: return step.add.out;
    case Op::upsample_nearest: return step.upsample.out;
    default: return step.conv.out;
  }
}

/// Hook of run(): called after each operation with its index in the network table and what it wrote.
struct NoTrace {
  void operator()(size_t, const MapView&) const noexcept {}
};

/// Runs the network layer by layer on what is in plan.input. Never allocates.
/// Thread-safe for plans in different scratch memories.
template <class Trace = NoTrace>
inline void run(const Plan& plan, const Trace& trace = Trace{}) noexcept {
  const KernelTable& k = *plan.kernels;
  if (plan.input.border != 0) zero_border(plan.input);
  for (const Step& step : plan.steps) {
    for (const MapView& map : step.zero_border) {
      if (map.data != nullptr) zero_border(map);
    }
    const int32_t rows = output_of(step, 0).height;
    switch (step.op) {
      case Op::conv3x3:
        if (step.winograd) k.winograd3x3_f32(step.winograd_parts, 0, rows);
        else k.conv3x3_f32(step.conv, 0, rows);
        break;
      case Op::conv1x1: k.conv1x1_f32(step.conv, 0, rows); break;
      case Op::depthwise3x3: k.depthwise3x3_f32(step.conv, 0, rows); break;
      case Op::global_depthwise: k.global_depthwise_f32(step.conv, 0, rows); break;
      case Op::batchnorm: k.batchnorm_f32(step.batchnorm, 0, rows); break;
      case Op::add: k.add_f32(step.add, 0, rows); break;
      case Op::upsample_nearest: k.upsample_nearest_f32(step.upsample, 0, rows); break;
    }
    for (int part = 0; part < step.op_count; ++part) {
      trace(static_cast<size_t>(step.first_op) + static_cast<size_t>(part), output_of(step, part));
    }
  }
}

FACEIO_END_NAMESPACE

#endif  // FACEIO_NN_PLAN_HPP
