// Whole networks, layer by layer, against the reference kernels in double precision: any size, odd
// ones too, on every target.
#include <doctest/doctest.h>

#include <faceio/models/mobilefacenet_192.hpp>
#include <faceio/models/retinaface_mnet025.hpp>

#include "../support/kernel_tables.hpp"
#include "reference.hpp"

using namespace faceio;

namespace {

struct Network {
  test::AlignedBuffer bytes;
  NetworkView view;
  uint32_t global_side;
  Blob blob;

  Network(const std::string& path, const NetworkView& table, uint32_t side)
      : bytes(test::read_file(path)),
        view(table),
        global_side(side),
        blob(*Blob::open(bytes.bytes())) {}

  static Network detector() {
    return {test::detector_path(), retinaface_mnet025::kNetwork.view(), 0};
  }
  static Network recogniser() {
    return {test::recogniser_path(), mobilefacenet_192::kNetwork.view(), 7};
  }
};

void check_against_reference(const Network& network, Size size) {
  const std::vector<float> picture = test::random_picture(network.view, size);
  test::Maps reference;
  for (const KernelTable* table : test::runnable_tables()) {
    test::AlignedBuffer persistent(bound_bytes(network.view, network.global_side));
    Arena persistent_arena(persistent.span());
    const auto bound =
        bind(network.view, network.blob, test::with_int8(*table), network.global_side, persistent_arena);
    REQUIRE(bound.has_value());
    CHECK(persistent_arena.used_bytes() == persistent.size());
    if (reference.empty()) reference = test::run_reference(*bound, size, picture);
    const test::PlanInMemory layers(*bound, size, Schedule::layer_by_layer);
    for (int y = 0; y < size.height_px; ++y) test::FloatRows{&picture}(layers.plan.input, y);
    double worst = 0.0;
    size_t traced = 0;
    run(layers.plan, InputIsThere{},
        test::CompareLayer{&network.view, &reference, &worst, &traced});
    INFO(std::string(name(table->target)) << " at " << size.width_px << "x" << size.height_px);
    CHECK(worst < 1e-4);
    CHECK(traced == network.view.ops.size);
  }
}

}  // namespace

TEST_CASE("RetinaFace, every layer, any size") {
  const Network network = Network::detector();
  const Size sizes[] = {{32, 32}, {33, 33}, {63, 35}, {97, 61}, {64, 120}};
  for (const Size size : sizes) check_against_reference(network, size);
}

TEST_CASE("MobileFaceNet, every layer") {
  check_against_reference(Network::recogniser(), {112, 112});
}

TEST_CASE("weights of another network are refused") {
  const Network detector = Network::detector();
  test::AlignedBuffer persistent(bound_bytes(mobilefacenet_192::kNetwork.view(), 7));
  Arena arena(persistent.span());
  const auto bound = bind(mobilefacenet_192::kNetwork.view(), detector.blob,
                          test::with_int8(*test::runnable_tables()[0]), 7, arena);
  REQUIRE(!bound.has_value());
  CHECK(bound.status().code == Errc::model_mismatch);
}

TEST_CASE("all schedules give the same bits") {
  const auto compare = [](const Network& network, Size size) {
    std::vector<uint8_t> pixels(3 * static_cast<size_t>(size.width_px) *
                                static_cast<size_t>(size.height_px));
    for (uint8_t& p : pixels) p = static_cast<uint8_t>(test::rng()());
    const ImageView image(pixels.data(), size, 3 * static_cast<size_t>(size.width_px),
                          PixelFormat::RGB8);
    for (const KernelTable* table : test::runnable_tables()) {
      test::AlignedBuffer persistent(bound_bytes(network.view, network.global_side));
      Arena persistent_arena(persistent.span());
      const auto bound =
          bind(network.view, network.blob, test::with_int8(*table), network.global_side, persistent_arena);
      REQUIRE(bound.has_value());
      std::vector<float> outputs[2];
      for (const Schedule schedule : {Schedule::layer_by_layer, Schedule::depth_first}) {
        const test::PlanInMemory made(*bound, size, schedule);
        CHECK((made.plan.input.ring_rows != 0) == (schedule == Schedule::depth_first));
        run(made.plan, PictureRows(*bound, image));
        outputs[static_cast<int>(schedule)] = test::outputs_of(made.plan);
      }
      INFO(std::string(name(table->target)) << " at " << size.width_px << "x" << size.height_px);
      CHECK(!outputs[0].empty());
      CHECK(outputs[0] == outputs[1]);  // NaN would differ from itself
      const test::PlanInMemory streaming(*bound, size, Schedule::streaming);
      CHECK(streaming.plan.outputs[0].ring_rows != 0);
      CHECK(test::streamed_outputs(streaming.plan, *bound, image) == outputs[0]);
    }
  };
  const Network detector = Network::detector(), recogniser = Network::recogniser();
  const Size sizes[] = {{32, 32},  {33, 33},  {34, 63},  {97, 61},   {160, 120},
                        {321, 47}, {47, 321}, {35, 200}, {255, 129}, {320, 240}};
  for (const Size size : sizes) compare(detector, size);
  for (int side = 33; side < 66; ++side) compare(detector, {side, 98 - side / 2});
  compare(recogniser, {112, 112});
}

TEST_CASE("a plan in too little memory says how much is missing") {
  const Network network = Network::detector();
  test::AlignedBuffer persistent(bound_bytes(network.view, network.global_side));
  Arena persistent_arena(persistent.span());
  const auto bound =
      bind(network.view, network.blob, test::with_int8(*test::runnable_tables()[0]), 0, persistent_arena);
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
