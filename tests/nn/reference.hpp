// A network run by the reference kernels in double precision, each map in its own memory: it also
// catches a map that was overwritten too early.
#ifndef FACEIO_TESTS_NN_REFERENCE_HPP
#define FACEIO_TESTS_NN_REFERENCE_HPP

#include <faceio/kernels/ref/conv.hpp>
#include <faceio/kernels/ref/elementwise.hpp>
#include <faceio/nn/run.hpp>
#include <memory>
#include <vector>

#include "../support/buffers.hpp"
#include "../support/files.hpp"

namespace test {

/// A picture of floats as a source of run().
struct FloatRows {
  const std::vector<float>* values;  // [height, width, channels]
  void operator()(const faceio::MapView& input, int32_t y) const {
    const float* value = values->data() + static_cast<ptrdiff_t>(y) * input.width * input.channels;
    for (int32_t x = 0; x < input.width; ++x) {
      for (int32_t c = 0; c < input.channels; ++c) input.at(y, x, c) = *value++;
    }
  }
};

inline std::vector<float> random_picture(const faceio::NetworkView& network, faceio::Size size) {
  return random_floats(static_cast<size_t>(size.width_px) * static_cast<size_t>(size.height_px) *
                       network.maps[0].channels);
}

using Maps = std::vector<std::unique_ptr<TestMap>>;

inline Maps run_reference(const faceio::BoundNetwork& bound, faceio::Size size,
                          const std::vector<float>& picture) {
  using namespace faceio;
  const NetworkView& network = bound.network;
  const MemoryPlan memory = plan_memory(network, size, Schedule::layer_by_layer);
  Maps maps;
  for (size_t i = 0; i < network.maps.size; ++i) {
    const Shape& s = memory.maps[i].shape;
    maps.push_back(std::make_unique<TestMap>(s.height, s.width, s.channels, 1));
    maps.back()->fill_random();  // zero border
  }
  for (int y = 0; y < size.height_px; ++y) FloatRows{&picture}(maps[0]->view, y);
  for (size_t i = 0; i < network.ops.size; ++i) {
    const OpRecord& op = network.ops[i];
    const OpWeights& weights = bound.weights[i];
    MapView out = maps[op.out]->view;
    out.data += op.out_channel_offset;
    out.channels = op.c_out;
    ConvArgs conv;
    conv.in = maps[op.in0]->view;
    conv.out = out;
    conv.weights = weights.weights;
    conv.bias = weights.bias;
    conv.slope = weights.slope;
    conv.leaky_slope = op.leaky_slope;
    conv.stride = op.stride;
    conv.pad_before = op.pad_before;
    conv.activation = op.activation;
    switch (op.op) {
      case Op::conv3x3: ref::conv3x3_f32(conv); break;
      case Op::conv1x1: ref::conv1x1_f32(conv); break;
      case Op::depthwise3x3: ref::depthwise3x3_f32(conv); break;
      case Op::global_depthwise: ref::global_depthwise_f32(conv); break;
      case Op::batchnorm: ref::batchnorm_f32({conv.in, out, weights.weights, weights.bias}); break;
      case Op::add: ref::add_f32({conv.in, maps[op.in1]->view, out}); break;
      case Op::upsample_nearest: ref::upsample_nearest_f32({conv.in, out}); break;
    }
  }
  return maps;
}

/// Largest difference of `out` and channels [offset, offset + out.channels) of the reference,
/// relative to the largest value there.
inline double relative_difference(const faceio::MapView& out, const TestMap& expected, int offset) {
  double largest = 1e-3, difference = 0.0;
  for (int y = 0; y < out.height; ++y) {
    for (int x = 0; x < out.width; ++x) {
      for (int c = 0; c < out.channels; ++c) {
        const double e = static_cast<double>(expected.at(y, x, offset + c));
        const double v = static_cast<double>(out.at(y, x, c));
        largest = std::max(largest, std::abs(e));
        difference = std::max(difference, v == v ? std::abs(v - e) : 1e30);
      }
    }
  }
  return difference / largest;
}

/// Trace hook that compares every layer while it is alive. The bound on `worst` leaves room for
/// rounding that accumulates over sixty layers; a wrong layer is off by much more.
struct CompareLayer {
  const faceio::NetworkView* network;
  const Maps* reference;
  double* worst;
  size_t* traced;

  void operator()(size_t index, const faceio::MapView& out) const {
    const faceio::OpRecord& op = network->ops[index];
    *worst =
        std::max(*worst, relative_difference(out, *(*reference)[op.out], op.out_channel_offset));
    ++*traced;
  }
};

/// Memory of exactly a plan's size, filled with NaN: borders must be cleared, and nothing may be read before it
/// is written.
template <class AnyPlan>
struct InMemory {
  using Make = faceio::Result<AnyPlan> (*)(const faceio::BoundNetwork&, faceio::Size, faceio::Schedule,
                                           faceio::Arena&) noexcept;
  AlignedBuffer scratch;
  AnyPlan plan;

  InMemory(Make make, const faceio::BoundNetwork& bound, faceio::Size size, faceio::Schedule schedule)
      : scratch(faceio::plan_bytes(bound.network, size, schedule)) {
    std::memset(scratch.data(), 0xff, scratch.size());
    faceio::Arena arena(scratch.span());
    const auto made = make(bound, size, schedule, arena);
    if (!made.has_value() || arena.used_bytes() != scratch.size()) {
      throw std::runtime_error("plan_bytes() and the plan disagree");
    }
    plan = *made;
  }
};
struct PlanInMemory : InMemory<faceio::Plan> {
  PlanInMemory(const faceio::BoundNetwork& bound, faceio::Size size, faceio::Schedule schedule)
      : InMemory(&faceio::make_plan, bound, size, schedule) {}
};
struct Int8PlanInMemory : InMemory<faceio::Int8Plan> {
  Int8PlanInMemory(const faceio::BoundNetwork& bound, faceio::Size size, faceio::Schedule schedule)
      : InMemory(&faceio::make_int8_plan, bound, size, schedule) {}
};

/// Floats of all outputs of a plan that has run, channel by channel. Padding lanes must be zero, or
/// a NaN is among them.
template <class AnyPlan>
inline std::vector<float> outputs_of(const AnyPlan& plan) {
  std::vector<float> all;
  for (int i = 0; i < plan.output_count; ++i) {
    const faceio::MapView& map = plan.outputs[i];
    const int stored = map.in_planes() ? map.channels : faceio::channel_stride(map.channels);
    for (int y = 0; y < map.height; ++y) {
      for (int x = 0; x < map.width; ++x) {
        for (int c = 0; c < map.channels; ++c) all.push_back(map.at(y, x, c));
        for (int c = map.channels; c < stored; ++c) {
          if (map.at(y, x, c) != 0.0f) all.push_back(poison());
        }
      }
    }
  }
  return all;
}

/// Floats of all outputs of a streaming plan, in the order of outputs_of(), as its sink gets them.
template <class AnyPlan>
std::vector<float> streamed_outputs(const AnyPlan& plan, const faceio::BoundNetwork& bound, const faceio::ImageView& image) {
  std::vector<std::vector<float>> streams(static_cast<size_t>(plan.output_count));
  bool in_order = true;
  faceio::run(plan, faceio::PictureRows(bound, image), faceio::NoTrace{},
              [&](int output, int32_t row_begin, int32_t row_end) {
                const faceio::MapView& map = plan.outputs[output];
                std::vector<float>& values = streams[static_cast<size_t>(output)];
                in_order = in_order && values.size() == static_cast<size_t>(row_begin * map.width * map.channels);
                for (int y = row_begin; y < row_end; ++y) {
                  for (int x = 0; x < map.width; ++x) {
                    for (int c = 0; c < map.channels; ++c) values.push_back(map.at(y, x, c));
                  }
                }
              });
  std::vector<float> all;
  for (const auto& values : streams) all.insert(all.end(), values.begin(), values.end());
  if (!in_order) all.push_back(poison());
  return all;
}

}  // namespace test

#endif
