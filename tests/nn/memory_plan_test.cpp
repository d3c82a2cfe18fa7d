// Shapes and memory of the networks: hand-computed sizes, and a brute-force check that no two maps that
// are alive together share a byte.
#include <doctest/doctest.h>

#include <faceio/models/mobilefacenet_192.hpp>
#include <faceio/models/retinaface_mnet025.hpp>
#include <faceio/nn/memory_plan.hpp>

#include "../support/buffers.hpp"

using namespace faceio;

namespace {

/// Memory is a compile-time constant for a fixed size.
constexpr size_t kQvgaBytes =
    plan_memory(retinaface_mnet025::kNetwork.view(), Size{320, 240}, Schedule::depth_first).total_bytes;
static_assert(kQvgaBytes > 0, "planned at compile time");

bool overlap(const MapPlacement& a, const MapPlacement& b) {
  return a.offset < b.offset + b.bytes && b.offset < a.offset + a.bytes;
}

void check_no_overlap(const NetworkView& network, Size size, Schedule schedule) {
  const MemoryPlan plan = plan_memory(network, size, schedule);
  const int op_count = static_cast<int>(network.ops.size);
  for (size_t i = 0; i < network.maps.size; ++i) {
    const MapPlacement& a = plan.maps[i];
    CHECK(a.offset + a.bytes <= plan.total_bytes);
    CHECK(a.offset % 64 == 0);
    // Lifetimes from scratch: alive at op t when something at or before t wrote it and something at or
    // after t reads it. All operations of the chain run at the same time, that of its last one.
    for (size_t j = i + 1; j < network.maps.size; ++j) {
      bool together = false;
      for (int t = 0; t < op_count && !together; ++t) {
        const auto when = [&](int op) { return op < plan.chain ? plan.chain - 1 : op; };
        const auto alive = [&](size_t map) {
          bool written = map == 0, needed = network.maps[map].output;
          for (int k = 0; k < op_count; ++k) {
            const OpRecord& op = network.ops[static_cast<size_t>(k)];
            written = written || (op.out == map && when(k) <= t);
            needed = needed || ((op.in0 == map || op.in1 == map || op.out == map) && when(k) >= t);
          }
          return written && needed;
        };
        together = alive(i) && alive(j);
      }
      if (together) {
        INFO("maps " << i << " and " << j << " at " << size.width_px << "x" << size.height_px);
        CHECK(!overlap(a, plan.maps[j]));
      }
    }
  }
}

}  // namespace

TEST_CASE("RetinaFace output maps are ceil(side / stride)") {
  const NetworkView network = retinaface_mnet025::kNetwork.view();
  REQUIRE(network.outputs.size == 3);
  const Size sizes[] = {{640, 480}, {32, 32}, {33, 47}, {641, 479}, {97, 61}, {1920, 1080}, {35, 1000}};
  for (const Size size : sizes) {
    const MemoryPlan plan = plan_memory(network, size, Schedule::layer_by_layer);
    for (size_t s = 0; s < 3; ++s) {
      const int stride = 8 << s;
      const Shape& shape = plan.maps[network.outputs[s]].shape;
      CHECK(shape.width == (size.width_px + stride - 1) / stride);
      CHECK(shape.height == (size.height_px + stride - 1) / stride);
      CHECK(shape.channels == 32);
    }
  }
}

TEST_CASE("MobileFaceNet ends in one pixel of 192 channels") {
  const NetworkView network = mobilefacenet_192::kNetwork.view();
  const MemoryPlan plan = plan_memory(network, Size{112, 112}, Schedule::layer_by_layer);
  REQUIRE(network.outputs.size == 1);
  CHECK(plan.maps[network.outputs[0]].shape == Shape{1, 1, 192});
  CHECK(network.ops[61].op == Op::global_depthwise);
  CHECK(plan.maps[network.ops[61].in0].shape == Shape{7, 7, 512});
}

TEST_CASE("maps that are alive together do not overlap") {
  for (const Schedule schedule : {Schedule::layer_by_layer, Schedule::depth_first}) {
    check_no_overlap(mobilefacenet_192::kNetwork.view(), Size{112, 112}, schedule);
    const Size sizes[] = {{640, 480}, {32, 32}, {33, 47}, {97, 61}, {320, 240}};
    for (const Size size : sizes) check_no_overlap(retinaface_mnet025::kNetwork.view(), size, schedule);
    for (int i = 0; i < 10; ++i) {
      const Size size{32 + static_cast<int>(test::rng()() % 500), 32 + static_cast<int>(test::rng()() % 500)};
      check_no_overlap(retinaface_mnet025::kNetwork.view(), size, schedule);
    }
  }
}

TEST_CASE("maps share memory: less than a fifth of their sum, depth-first less than a tenth") {
  const NetworkView network = retinaface_mnet025::kNetwork.view();
  const MemoryPlan plan = plan_memory(network, Size{640, 480}, Schedule::layer_by_layer);
  size_t sum = 0, largest = 0;
  for (size_t i = 0; i < network.maps.size; ++i) {
    sum += plan.maps[i].bytes;
    largest = std::max(largest, plan.maps[i].bytes);
  }
  CHECK(plan.total_bytes < sum / 5);
  CHECK(plan.total_bytes >= largest);
  // Rings of the large maps at the front halve the rest.
  CHECK(plan_memory(network, Size{640, 480}, Schedule::depth_first).total_bytes < sum / 10);
}

TEST_CASE("a map in its border") {
  CHECK(map_bytes(Shape{2, 3, 16}, false) == 2 * 3 * 16 * 4);
  CHECK(map_bytes(Shape{2, 3, 16}, true) == 4 * 5 * 16 * 4);
  CHECK(map_bytes(Shape{1, 1, 3}, false) == 64);  // dense picture, rounded up
  CHECK(map_bytes(Shape{1, 1, 20}, false) == 128);
  CHECK(channel_stride(3) == 3);
  CHECK(channel_stride(8) == 8);
  CHECK(channel_stride(17) == 32);
}
