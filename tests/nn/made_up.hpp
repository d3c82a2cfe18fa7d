// Networks made up for tests, with random weights instead of a blob.
#ifndef FACEIO_TESTS_NN_MADE_UP_HPP
#define FACEIO_TESTS_NN_MADE_UP_HPP

#include <faceio/nn/plan.hpp>
#include <memory>
#include <random>
#include <vector>

#include "../support/buffers.hpp"

namespace test {

/// A table bound to random weights for pictures of one size: sums keep the size of their terms.
class MadeUp {
 public:
  MadeUp(const faceio::NetworkBuilder::Table& table, faceio::Size size)
      : table_(std::make_unique<faceio::NetworkBuilder::Table>(table)), weights_(view().ops.size) {
    using namespace faceio;
    const MemoryPlan memory = plan_memory(view(), size, Schedule::layer_by_layer);
    for (size_t i = 0; i < view().ops.size; ++i) {
      const OpRecord& op = view().ops[i];
      const Shape& in = memory.maps[op.in0].shape;
      OpWeights& w = weights_[i];
      switch (op.op) {
        case Op::conv3x3: w.weights = panels(op.c_out, 9 * op.c_in); break;
        case Op::conv1x1: w.weights = panels(op.c_out, op.c_in); break;
        case Op::depthwise3x3: w.weights = rows(9, op.c_out, 0.5f); break;
        case Op::global_depthwise: w.weights = rows(in.height * in.width, op.c_out, 0.5f); break;
        case Op::batchnorm: w.weights = rows(1, op.c_out, 1.0f); break;
        case Op::add:
        case Op::upsample_nearest: continue;
      }
      w.bias = rows(1, op.c_out, 0.5f);
      if (op.activation == Activation::prelu) w.slope = rows(1, op.c_out, 1.5f);
    }
    for (size_t i = 0; i < view().ops.size;) {
      const WinogradGroup group = winograd_group(view(), i);
      if (group.op_count > 0) {
        float* const room = floats(winograd_weight_floats(view().ops[i].c_in, group.c_out));
        int32_t channel = 0;
        for (size_t k = i; k < i + static_cast<size_t>(group.op_count); ++k) {
          const OpRecord& op = view().ops[k];
          transform_winograd_weights(weights_[k].weights, weights_[k].bias, op.c_in, op.c_out,
                                     channel, group.c_out, room);
          channel += op.c_out;
        }
        weights_[i].winograd = room;
      }
      i += group.op_count > 0 ? static_cast<size_t>(group.op_count) : 1;
    }
  }

  faceio::NetworkView view() const { return table_->view(); }
  faceio::BoundNetwork bound(const faceio::KernelTable& kernels) const {
    faceio::BoundNetwork network;
    network.network = view();
    network.weights = {weights_.data(), weights_.size()};
    network.kernels = &kernels;
    return network;
  }

 private:
  float* floats(size_t count) {
    tensors_.push_back(std::make_unique<std::vector<float>>(count, 0.0f));
    return tensors_.back()->data();
  }
  const float* panels(int c_out, int k) {
    const int padded = faceio::channel_stride(c_out);
    float* const w = floats(static_cast<size_t>(padded) * static_cast<size_t>(k));
    const float scale = 1.7f / std::sqrt(static_cast<float>(k));
    for (int n = 0; n < c_out; ++n) {
      for (int i = 0; i < k; ++i) w[(n / 16 * k + i) * 16 + n % 16] = random_float(-scale, scale);
    }
    return w;
  }
  const float* rows(int count, int channels, float scale) {
    const int padded = faceio::channel_stride(channels);
    float* const w = floats(static_cast<size_t>(padded) * static_cast<size_t>(count));
    for (int i = 0; i < count; ++i) {
      for (int c = 0; c < channels; ++c) w[i * padded + c] = random_float(-scale, scale);
    }
    return w;
  }

  std::unique_ptr<faceio::NetworkBuilder::Table> table_;
  std::vector<faceio::OpWeights> weights_;
  std::vector<std::unique_ptr<std::vector<float>>> tensors_;
};

/// Every kind of addition and of chain on one page: planes, a residual block, a pyramid of three
/// scales with both orders of operands, slices, convolutions that share their input.
constexpr faceio::NetworkBuilder::Table small_pyramid() {
  using namespace faceio;
  NetworkBuilder n;
  Map x = n.input(3);
  x = n.conv3x3("stem", x, 8, 2, leaky(0.1f));
  x = n.depthwise3x3("block0", ".dw", x, 1, kRelu);
  x = n.conv1x1("block0.pw", x, 20, kPrelu);
  const Map y = n.conv1x1("residual.expand", x, 40, kPrelu);
  const Map z = n.depthwise3x3("residual", ".dw", y, 1, kPrelu);
  const Map c3 = n.add("residual", ".add", n.conv1x1("residual.project", z, 20, kLinear), x);
  const Map c4 = n.conv1x1("block1.pw", n.depthwise3x3("block1", ".dw", c3, 2, kRelu), 32, kRelu);
  const Map c5 = n.conv1x1(
      "block2.pw", n.depthwise3x3("block2", ".dw", c4, 2, kRelu, Padding::bottom_right), 48, kRelu);
  const Map p5 = n.conv1x1("lateral5", c5, 16, kRelu);
  const Map lateral4 = n.conv1x1("lateral4", c4, 16, kRelu);
  const Map up5 = n.upsample_nearest("up5", p5, lateral4);
  const Map p4 = n.add("add4", "", lateral4, up5);
  const Map lateral3 = n.conv1x1("lateral3", c3, 16, kLinear);
  const Map up4 = n.upsample_nearest("up4", p4, lateral3);
  const Map p3 = n.add("add3", "", up4, lateral3);
  const Map context = n.map(48);
  n.conv3x3("context0", p3, 32, 1, kRelu, Padding::symmetric, {context, 0});
  n.conv3x3("context1", p3, 16, 1, leaky(0.2f), Padding::symmetric, {context, 32});
  n.output(n.conv1x1("head3", context, 5, kLinear));
  n.output(p4);
  n.output(n.conv1x1("head5", p5, 33, kLinear));
  return n.finish();
}

/// A table of operations chosen by chance that fits pictures of one size.
class RandomTable {
 public:
  RandomTable(unsigned seed, faceio::Size size) : random_(seed) {
    using namespace faceio;
    const Map picture = n_.input(3);
    maps_.push_back({picture, {size.height_px, size.width_px, 3}, false, true});
    const bool planes = chance(2);
    Entry first = planes      ? conv3x3(maps_[0], 1 + draw(8))
                  : chance(2) ? conv3x3(maps_[0], 9 + draw(30))
                              : conv1x1(maps_[0], 1 + draw(30));
    first.planes = planes;
    maps_.push_back(first);
    if (planes && chance(4)) {  // the picture has two readers
      Entry second = conv3x3(maps_[0], 1 + draw(8));
      second.planes = true;
      maps_.push_back(second);
    }
    for (int i = 0; i < 18; ++i) append();
    n_.output(maps_.back().map);
    for (int i = 0; i < 3; ++i) {
      if (chance(3))
        n_.output(maps_[1 + static_cast<size_t>(draw(static_cast<int>(maps_.size()) - 1))].map);
    }
    table = n_.finish();
  }

  faceio::NetworkBuilder::Table table{};

 private:
  struct Entry {
    faceio::Map map;
    faceio::Shape shape;
    bool planes = false;
    bool picture = false;
  };

  int draw(int count) { return static_cast<int>(random_() % static_cast<unsigned>(count)); }
  bool chance(int one_in) { return draw(one_in) == 0; }
  faceio::Act act() {
    const faceio::Act acts[] = {faceio::kLinear, faceio::kRelu, faceio::kPrelu,
                                faceio::leaky(0.1f)};
    return acts[draw(4)];
  }
  faceio::Padding padding() {
    return chance(3) ? faceio::Padding::bottom_right : faceio::Padding::symmetric;
  }
  int channels() {
    constexpr int kChoices[] = {1, 8, 16, 16, 20, 32, 48, 64};
    return kChoices[draw(8)];
  }
  /// A map that operations on rows of channels take; mostly the newest.
  Entry pick() {
    for (;;) {
      const int back = chance(2) ? 0 : draw(static_cast<int>(maps_.size()) - 1);
      const Entry& entry = maps_[maps_.size() - 1 - static_cast<size_t>(back)];
      if (!entry.picture) return entry;
    }
  }

  Entry conv3x3(const Entry& in, int c_out) {
    const int stride = 1 + draw(2);
    faceio::Padding pad = padding();
    if (in.shape.width < 3 || in.shape.height < 3) pad = faceio::Padding::symmetric;
    const faceio::Map out = n_.conv3x3("c3", in.map, c_out, stride, act(), pad);
    const int before = static_cast<int>(pad);
    return {out,
            {faceio::conv3x3_output(in.shape.height, stride, before),
             faceio::conv3x3_output(in.shape.width, stride, before), c_out},
            false,
            false};
  }
  Entry conv1x1(const Entry& in, int c_out) {
    return {n_.conv1x1("c1", in.map, c_out, act()),
            {in.shape.height, in.shape.width, c_out},
            false,
            false};
  }
  Entry depthwise(const Entry& in, int stride) {
    faceio::Padding pad = padding();
    if (in.shape.width < 3 || in.shape.height < 3 || stride == 1) pad = faceio::Padding::symmetric;
    const int before = static_cast<int>(pad);
    return {n_.depthwise3x3("d", "w", in.map, stride, act(), pad),
            {faceio::conv3x3_output(in.shape.height, stride, before),
             faceio::conv3x3_output(in.shape.width, stride, before), in.shape.channels},
            in.planes,
            false};
  }

  void append() {
    const Entry in = pick();
    const int kind = draw(10);
    if (in.planes || kind < 2) {
      maps_.push_back(chance(2) ? depthwise(in, 1 + draw(2)) : conv1x1(in, channels()));
    } else if (kind == 2) {
      maps_.push_back(conv3x3(in, channels()));
    } else if (kind == 3) {  // convolutions on one input, some by Winograd's algorithm
      const int count = 1 + draw(4);
      for (int i = 0; i < count; ++i) {
        const int c_out = 16 + 16 * draw(2);
        maps_.push_back({n_.conv3x3("w", in.map, c_out, 1, act()),
                         {in.shape.height, in.shape.width, c_out},
                         false,
                         false});
      }
    } else if (kind == 4) {  // a residual block
      const Entry narrow = conv1x1(depthwise(conv1x1(in, channels()), 1), in.shape.channels);
      const faceio::Map sum =
          chance(2) ? n_.add("a", "dd", narrow.map, in.map) : n_.add("a", "dd", in.map, narrow.map);
      maps_.push_back({sum, in.shape, false, false});
      if (chance(5)) maps_.push_back(narrow);
    } else if (kind == 5 || kind == 6) {  // a step of a pyramid
      const Entry coarse = pick();
      if (coarse.planes || coarse.shape.height > in.shape.height ||
          coarse.shape.width > in.shape.width)
        return;
      const Entry lateral = conv1x1(in, coarse.shape.channels);
      const faceio::Map up = n_.upsample_nearest("up", coarse.map, lateral.map);
      maps_.push_back(
          {chance(2) ? n_.add("p", "", lateral.map, up) : n_.add("p", "", up, lateral.map),
           lateral.shape, false, false});
      if (chance(5)) maps_.push_back(lateral);
    } else if (kind == 7) {  // slices side by side
      const faceio::Map joined = n_.map(48);
      n_.conv1x1("left", in.map, 16, act(), {joined, 0});
      if (chance(2)) {
        n_.conv1x1("right", in.map, 32, act(), {joined, 16});
      } else {
        n_.conv3x3("right", in.map, 32, 1, act(), faceio::Padding::symmetric, {joined, 16});
      }
      maps_.push_back({joined, {in.shape.height, in.shape.width, 48}, false, false});
    } else if (kind == 8) {
      maps_.push_back({n_.batchnorm("bn", in.map), in.shape, false, false});
    } else {
      for (const Entry& other : maps_) {
        if (other.picture || other.planes || other.map.id == in.map.id) continue;
        if (!(other.shape == in.shape)) continue;
        maps_.push_back({n_.add("s", "um", in.map, other.map), in.shape, false, false});
        return;
      }
      maps_.push_back(
          {n_.global_depthwise("g", in.map, act()), {1, 1, in.shape.channels}, false, false});
    }
  }

  std::mt19937 random_;
  faceio::NetworkBuilder n_;
  std::vector<Entry> maps_;
};

}  // namespace test

#endif
