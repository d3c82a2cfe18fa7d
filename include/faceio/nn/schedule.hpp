// Which operations run together: a pass over a network's table that groups them into steps (one
// kernel call each) and steps into chains. Constexpr like all of planning.
#ifndef FACEIO_NN_SCHEDULE_HPP
#define FACEIO_NN_SCHEDULE_HPP

#include "../kernels/winograd.hpp"
#include "network.hpp"

FACEIO_BEGIN_NAMESPACE

/// Order of execution. All give the same bits.
enum class Schedule : uint8_t {
  layer_by_layer,  // one step an operation (int8: with the addition behind it), every map whole: for traces and
                   // the self-test
  depth_first,     // chains of layers run a few rows at a time through rings of rows, which stay in
                   // cache, and additions happen where their sum is computed: least time, and least
                   // memory but for pictures of a few dozen rows
  streaming,       // depth-first, and outputs that can_stream() are rings of rows too, which run() hands to a sink
};

/// One kernel call: an operation, or neighbours in the table that one kernel computes together.
struct ScheduledStep {
  uint16_t first_op = 0;
  uint16_t op_count = 1;
  uint16_t out = kNoMap;     // map of the last operation; Winograd's others write theirs too
  uint16_t addend = kNoMap;  // map that is added to the result, enlarged to its size
  uint16_t chain_end = 0;    // index behind the last step of its chain
};

struct StepList {
  ScheduledStep steps[kMaxOps] = {};
  int count = 0;
};

namespace detail {

/// Operands that are `map`; the caller counts as two.
constexpr int readers(const NetworkView& network, uint16_t map) noexcept {
  int count = network.maps[map].output ? 2 : 0;
  for (const OpRecord& op : network.ops) count += (op.in0 == map ? 1 : 0) + (op.in1 == map ? 1 : 0);
  return count;
}
constexpr bool read_once(const NetworkView& network, uint16_t map) noexcept {
  return readers(network, map) == 1;
}

/// The other operand when `add` adds `map`; kNoMap otherwise.
constexpr uint16_t other_operand(const OpRecord& add, uint16_t map) noexcept {
  if (add.op != Op::add || add.in0 == add.in1) return kNoMap;
  return add.in0 == map ? add.in1 : add.in1 == map ? add.in0 : kNoMap;
}

/// A 1x1 convolution takes in the addition that follows it, whose other operand is there already
/// (residual), or is a coarser map that the table enlarges in between (feature pyramid).
constexpr void absorb_addition(const NetworkView& network, ScheduledStep& step) noexcept {
  const size_t first = step.first_op;
  const size_t left = network.ops.size - first;
  const OpRecord& conv = network.ops[first];
  if (conv.op != Op::conv1x1 || conv.c_out != network.maps[conv.out].channels || left < 2) return;
  const OpRecord& next = network.ops[first + 1];
  const uint16_t residual = other_operand(next, conv.out);
  if (residual != kNoMap && read_once(network, conv.out)) {
    step.op_count = 2;
    step.out = next.out;
    step.addend = residual;
    return;
  }
  // The enlargement asks the convolution's map for its size only, so that map has two readers.
  if (next.op != Op::upsample_nearest || next.in1 != conv.out || left < 3) return;
  const OpRecord& add = network.ops[first + 2];
  if (other_operand(add, conv.out) == next.out && readers(network, conv.out) == 2 &&
      read_once(network, next.out)) {
    step.op_count = 3;
    step.out = add.out;
    step.addend = next.in0;
  }
}

/// True for steps that compute any range of rows from few rows of one input.
constexpr bool goes_by_rows(const OpRecord& op) noexcept {
  return op.op == Op::conv1x1 || op.op == Op::depthwise3x3 ||
         (op.op == Op::conv3x3 && !uses_winograd(op));
}

}  // namespace detail

/// Convolutions that one Winograd step computes: neighbours in the table that read the same map.
struct WinogradGroup {
  int op_count = 0;
  int32_t c_out = 0;  // of all of them
};

/// The group of operation `first`, or an empty one when that does not run by Winograd's algorithm.
constexpr WinogradGroup winograd_group(const NetworkView& network, size_t first) noexcept {
  WinogradGroup group;
  for (size_t i = first; i < network.ops.size && group.op_count < kWinogradMaxParts; ++i) {
    const OpRecord& op = network.ops[i];
    if (!uses_winograd(op) || op.in0 != network.ops[first].in0) break;
    ++group.op_count;
    group.c_out += op.c_out;
  }
  return group;
}

/// Calls use(first operation, group) for every Winograd group of a network.
template <class Use>
constexpr void for_each_winograd_group(const NetworkView& network, const Use& use) noexcept {
  for (size_t i = 0; i < network.ops.size;) {
    const WinogradGroup group = winograd_group(network, i);
    if (group.op_count > 0) use(i, group);
    i += group.op_count > 0 ? static_cast<size_t>(group.op_count) : 1;
  }
}

/// Groups operations into steps, and steps into chains: in a chain each step reads only what the
/// one before it writes, and nobody else reads that. The picture is the start of the first chain.
constexpr StepList make_steps(const NetworkView& network, Schedule schedule) noexcept {
  StepList list;
  const bool depth_first = schedule != Schedule::layer_by_layer;
  for (size_t i = 0; i < network.ops.size;) {
    ScheduledStep& step = list.steps[list.count++];
    step.first_op = static_cast<uint16_t>(i);
    step.out = network.ops[i].out;
    const int winograd = winograd_group(network, i).op_count;
    if (winograd > 1) {
      step.op_count = static_cast<uint16_t>(winograd);
      step.out = network.ops[i + step.op_count - size_t{1}].out;
    }
    // In int8 networks what a convolution adds to is never rounded on its own.
    if (depth_first || network.precision == Precision::int8) detail::absorb_addition(network, step);
    i += step.op_count;
  }
  for (int s = list.count - 1; s >= 0; --s) {
    ScheduledStep& step = list.steps[s];
    step.chain_end = static_cast<uint16_t>(s + 1);
    if (!depth_first || s + 1 == list.count) continue;
    const ScheduledStep& next = list.steps[s + 1];
    const OpRecord& op = network.ops[step.first_op];
    const OpRecord& reader = network.ops[next.first_op];
    if (detail::goes_by_rows(op) && detail::goes_by_rows(reader) && reader.in0 == step.out &&
        detail::read_once(network, step.out) && op.c_out == network.maps[step.out].channels) {
      step.chain_end = next.chain_end;
    }
  }
  return list;
}

/// True for an output that leaves row by row: one 1x1 convolution fills it, and no operation reads it.
constexpr bool can_stream(const NetworkView& network, uint16_t map) noexcept {
  if (!network.maps[map].output || detail::readers(network, map) != 2) return false;  // the caller counts as two
  for (const OpRecord& op : network.ops) {
    if (op.out == map && (op.op != Op::conv1x1 || op.c_out != network.maps[map].channels)) return false;
  }
  return true;
}

/// True when the picture goes through the first chain row by row and is never whole.
constexpr bool picture_by_rows(const NetworkView& network, Schedule schedule) noexcept {
  return schedule != Schedule::layer_by_layer && network.ops.size > 0 && network.ops[0].in0 == 0 &&
         detail::goes_by_rows(network.ops[0]) && detail::read_once(network, 0);
}

FACEIO_END_NAMESPACE

#endif  // FACEIO_NN_SCHEDULE_HPP
