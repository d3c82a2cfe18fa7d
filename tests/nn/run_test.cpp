// Whole networks, layer by layer, against the reference kernels in double precision: any size, odd ones
// too, on every target. The reference keeps each map in its own memory, so it also catches a map that
// was overwritten too early.
#include <doctest/doctest.h>

#include <faceio/kernels/ref/conv.hpp>
#include <faceio/kernels/ref/elementwise.hpp>
#include <faceio/models/mobilefacenet_192.hpp>
#include <faceio/models/retinaface_mnet025.hpp>
#include <faceio/nn/run.hpp>
#include <memory>

#include "../support/buffers.hpp"
#include "../support/files.hpp"
#include "../support/kernel_tables.hpp"

using namespace faceio;

namespace {

struct Network {
  test::AlignedBuffer bytes;
  NetworkView view;
  uint32_t global_side;
  Blob blob;

  Network(const std::string& path, const NetworkView& table, uint32_t side)
      : bytes(test::read_file(path)), view(table), global_side(side), blob(*Blob::open(bytes.bytes())) {}

  static Network detector() {
    return {test::detector_path(), retinaface_mnet025::kNetwork.view(), 0};
  }
  static Network recogniser() {
    return {test::recogniser_path(), mobilefacenet_192::kNetwork.view(), 7};
  }
};

/// Maps of the reference, one memory each, filled by the reference kernels.
std::vector<std::unique_ptr<test::TestMap>> run_reference(const Network& network, const BoundNetwork& bound,
                                                          Size size, const std::vector<float>& input) {
  const MemoryPlan memory = plan_memory(network.view, size, Schedule::layer_by_layer);
  std::vector<std::unique_ptr<test::TestMap>> maps;
  for (size_t i = 0; i < network.view.maps.size; ++i) {
    const Shape& s = memory.maps[i].shape;
    maps.push_back(std::make_unique<test::TestMap>(s.height, s.width, s.channels, 1));
    maps.back()->fill_random();  // zero border
  }
  for (int y = 0; y < size.height_px; ++y) {
    for (int x = 0; x < size.width_px; ++x) {
      for (int c = 0; c < 3; ++c) {
        maps[0]->at(y, x, c) = input[static_cast<size_t>((y * size.width_px + x) * 3 + c)];
      }
    }
  }
  for (size_t i = 0; i < network.view.ops.size; ++i) {
    const OpRecord& op = network.view.ops[i];
    MapView out = maps[op.out]->view;
    out.data += op.out_channel_offset;
    out.channels = op.c_out;
    ConvArgs conv;
    conv.in = maps[op.in0]->view;
    conv.out = out;
    // From the blob: bound weights of Winograd layers are transformed.
    const BlobEntry* weights = network.blob.find(static_cast<uint16_t>(i), Role::weights);
    conv.weights = weights == nullptr ? nullptr : network.blob.floats_of(*weights);
    conv.bias = bound.weights[i].bias;
    conv.slope = bound.weights[i].slope;
    conv.leaky_slope = op.leaky_slope;
    conv.stride = op.stride;
    conv.pad_before = op.pad_before;
    conv.activation = op.activation;
    switch (op.op) {
      case Op::conv3x3: ref::conv3x3_f32(conv); break;
      case Op::conv1x1: ref::conv1x1_f32(conv); break;
      case Op::depthwise3x3: ref::depthwise3x3_f32(conv); break;
      case Op::global_depthwise: ref::global_depthwise_f32(conv); break;
      case Op::batchnorm: ref::batchnorm_f32({conv.in, out, bound.weights[i].weights, conv.bias}); break;
      case Op::add: ref::add_f32({conv.in, maps[op.in1]->view, out}); break;
      case Op::upsample_nearest: ref::upsample_nearest_f32({conv.in, out}); break;
    }
  }
  return maps;
}

/// Compares every layer while it is alive. The bound is relative to the largest value of the layer and
/// leaves room for rounding that accumulates over sixty layers; a wrong layer is off by much more.
struct CompareLayer {
  const Network* network;
  const std::vector<std::unique_ptr<test::TestMap>>* reference;
  double* worst;

  void operator()(size_t index, const MapView& out) const {
    const OpRecord& op = network->view.ops[index];
    const test::TestMap& expected = *(*reference)[op.out];
    double largest = 1e-3, difference = 0.0;
    for (int y = 0; y < out.height; ++y) {
      for (int x = 0; x < out.width; ++x) {
        for (int c = 0; c < out.channels; ++c) {
          const double e = static_cast<double>(expected.at(y, x, op.out_channel_offset + c));
          const double v = static_cast<double>(out.row(y)[static_cast<ptrdiff_t>(x) * out.pixel_stride + c]);
          largest = std::max(largest, std::abs(e));
          difference = std::max(difference, v == v ? std::abs(v - e) : 1e30);
        }
      }
    }
    *worst = std::max(*worst, difference / largest);
  }
};

void check_against_reference(const Network& network, Size size) {
  std::vector<float> input =
      test::random_floats(static_cast<size_t>(size.width_px) * static_cast<size_t>(size.height_px) * 3);
  std::vector<std::unique_ptr<test::TestMap>> reference;
  for (const KernelTable* table : test::runnable_tables()) {
    test::AlignedBuffer persistent(bound_bytes(network.view));
    Arena persistent_arena(persistent.span());
    const auto bound = bind(network.view, network.blob, *table, network.global_side, persistent_arena);
    REQUIRE(bound.has_value());
    if (reference.empty()) reference = run_reference(network, *bound, size, input);
    test::AlignedBuffer scratch(plan_bytes(network.view, size, Schedule::layer_by_layer));
    std::memset(scratch.data(), 0xff, scratch.size());  // NaN everywhere: borders must be cleared
    Arena arena(scratch.span());
    const auto plan = make_plan(*bound, size, Schedule::layer_by_layer, arena);
    REQUIRE(plan.has_value());
    CHECK(arena.used_bytes() == scratch.size());
    for (int y = 0; y < size.height_px; ++y) {
      std::memcpy(plan->input.row(y), input.data() + static_cast<size_t>(y * size.width_px * 3),
                  sizeof(float) * static_cast<size_t>(size.width_px * 3));
    }
    double worst = 0.0;
    run(*plan, InputIsThere{}, CompareLayer{&network, &reference, &worst});
    INFO(std::string(name(table->target)) << " at " << size.width_px << "x" << size.height_px);
    CHECK(worst < 1e-4);
  }
}

}  // namespace

TEST_CASE("RetinaFace, every layer, any size") {
  const Network network = Network::detector();
  const Size sizes[] = {{32, 32}, {33, 33}, {63, 35}, {97, 61}, {64, 120}};
  for (const Size size : sizes) check_against_reference(network, size);
}

TEST_CASE("MobileFaceNet, every layer") { check_against_reference(Network::recogniser(), {112, 112}); }

TEST_CASE("weights of another network are refused") {
  const Network detector = Network::detector();
  test::AlignedBuffer persistent(bound_bytes(mobilefacenet_192::kNetwork.view()));
  Arena arena(persistent.span());
  const auto bound = bind(mobilefacenet_192::kNetwork.view(), detector.blob, *test::runnable_tables()[0], 7, arena);
  REQUIRE(!bound.has_value());
  CHECK(bound.status().code == Errc::model_mismatch);
}

TEST_CASE("depth-first and layer by layer give the same bits") {
  const auto compare = [](const Network& network, Size size) {
    std::vector<uint8_t> pixels(3 * static_cast<size_t>(size.width_px) * static_cast<size_t>(size.height_px));
    for (uint8_t& p : pixels) p = static_cast<uint8_t>(test::rng()());
    const ImageView image(pixels.data(), size, 3 * static_cast<size_t>(size.width_px), PixelFormat::RGB8);
    for (const KernelTable* table : test::runnable_tables()) {
      test::AlignedBuffer persistent(bound_bytes(network.view));
      Arena persistent_arena(persistent.span());
      const auto bound = bind(network.view, network.blob, *table, network.global_side, persistent_arena);
      REQUIRE(bound.has_value());
      std::vector<std::vector<float>> outputs[2];
      for (const Schedule schedule : {Schedule::layer_by_layer, Schedule::depth_first}) {
        test::AlignedBuffer scratch(plan_bytes(network.view, size, schedule));
        std::memset(scratch.data(), 0xff, scratch.size());
        Arena arena(scratch.span());
        const auto plan = make_plan(*bound, size, schedule, arena);
        REQUIRE(plan.has_value());
        CHECK(plan->chain == (schedule == Schedule::depth_first ? chain_length(network.view) : 0));
        run(*plan, PictureRows(*bound, image));
        for (int i = 0; i < plan->output_count; ++i) {
          const MapView& map = plan->outputs[i];
          for (int y = 0; y < map.height; ++y) {
            outputs[static_cast<int>(schedule)].emplace_back(map.row(y), map.row(y) + map.width * map.pixel_stride);
          }
        }
      }
      INFO(std::string(name(table->target)) << " at " << size.width_px << "x" << size.height_px);
      CHECK(outputs[0] == outputs[1]);  // NaN would differ from itself
    }
  };
  const Network detector = Network::detector(), recogniser = Network::recogniser();
  CHECK(chain_length(detector.view) == 11);   // up to stage1.5, which the next stage and the pyramid read
  CHECK(chain_length(recogniser.view) == 6);  // up to conv3.project, which is added to conv4.0
  const Size sizes[] = {{32, 32}, {33, 33}, {34, 63}, {97, 61}, {160, 120}, {321, 47}};
  for (const Size size : sizes) compare(detector, size);
  compare(recogniser, {112, 112});
}

TEST_CASE("a plan in too little memory says how much is missing") {
  const Network network = Network::detector();
  test::AlignedBuffer persistent(bound_bytes(network.view));
  Arena persistent_arena(persistent.span());
  const auto bound = bind(network.view, network.blob, *test::runnable_tables()[0], 0, persistent_arena);
  REQUIRE(bound.has_value());
  const size_t needed = plan_bytes(network.view, {64, 64}, Schedule::depth_first);
  for (const size_t missing : {size_t{1}, size_t{64}, needed / 2, needed}) {
    test::AlignedBuffer scratch(needed - missing);
    Arena arena(scratch.span());
    const auto plan = make_plan(*bound, {64, 64}, Schedule::depth_first, arena);
    REQUIRE(!plan.has_value());
    CHECK(plan.status().code == Errc::arena_too_small);
    CHECK(plan.status().detail == missing);
  }
  test::AlignedBuffer shifted(needed, 4);
  Arena arena(shifted.span());
  const auto plan = make_plan(*bound, {64, 64}, Schedule::depth_first, arena);
  REQUIRE(!plan.has_value());
  CHECK(plan.status().code == Errc::arena_misaligned);
  CHECK(plan.status().detail == 4);
}
