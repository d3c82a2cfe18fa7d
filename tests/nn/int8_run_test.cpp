// Int8 networks as wholes: the same bytes in every schedule and on every target; weights that are refused; memory.
// What the layers compute is held against recorded answers of an independent implementation in
// tests/models/golden_test.cpp.
#include <doctest/doctest.h>

#include <faceio/models/mobilefacenet_192.hpp>
#include <faceio/models/retinaface_mnet025.hpp>

#include "../support/kernel_tables.hpp"
#include "reference.hpp"

using namespace faceio;

namespace {

struct Int8Network {
  test::AlignedBuffer bytes;
  NetworkView view;  // of fp32: bind() finds the precision
  uint32_t global_side;
  Blob blob;

  Int8Network(const std::string& path, const NetworkView& table, uint32_t side)
      : bytes(test::read_file(path)), view(table), global_side(side), blob(*Blob::open(bytes.bytes())) {}

  static Int8Network detector() { return {test::int8_detector_path(), retinaface_mnet025::kNetwork.view(), 0}; }
  static Int8Network recogniser() { return {test::int8_recogniser_path(), mobilefacenet_192::kNetwork.view(), 7}; }

  NetworkView int8_view() const {
    NetworkView v = view;
    v.precision = Precision::int8;
    return v;
  }
  /// The elements of a tensor, to be damaged after the checksums were checked.
  template <class T>
  T* tensor(uint16_t op, Role role) {
    const BlobEntry* const e = blob.find(op, role);
    REQUIRE(e != nullptr);
    return reinterpret_cast<T*>(bytes.data() + e->offset);
  }
};

/// Bound in memory of exactly its size.
struct Bound {
  test::AlignedBuffer persistent;
  Result<BoundNetwork> network;

  Bound(const Int8Network& n, const Int8KernelTable& kernels)
      : persistent(bound_bytes(n.int8_view(), n.global_side)), network(bind_in(n, kernels)) {}

 private:
  Result<BoundNetwork> bind_in(const Int8Network& n, const Int8KernelTable& kernels) {
    std::memset(persistent.data(), 0xff, persistent.size());
    Arena arena(persistent.span());
    const auto bound = bind(n.view, n.blob, {test::runnable_tables()[0], &kernels}, n.global_side, arena);
    if (bound.has_value()) CHECK(arena.used_bytes() == persistent.size());
    return bound;
  }
};

std::vector<uint8_t> random_pixels(Size size) {
  std::vector<uint8_t> pixels(3 * static_cast<size_t>(size.width_px) * static_cast<size_t>(size.height_px));
  for (uint8_t& p : pixels) p = static_cast<uint8_t>(test::rng()());
  return pixels;
}
ImageView rgb8(const std::vector<uint8_t>& pixels, Size size) {
  return ImageView(pixels.data(), size, 3 * static_cast<size_t>(size.width_px), PixelFormat::RGB8);
}

std::vector<float> outputs(const BoundNetwork& bound, Size size, Schedule schedule, const ImageView& image) {
  const test::Int8PlanInMemory made(bound, size, schedule);
  CHECK((made.plan.input.ring_rows != 0) == (schedule == Schedule::depth_first));
  run(made.plan, PictureRows(bound, image));
  return test::outputs_of(made.plan);
}

}  // namespace

TEST_CASE("int8: every target and every schedule give the same bits") {
  const auto compare = [](const Int8Network& network, Size size) {
    const std::vector<uint8_t> pixels = random_pixels(size);
    std::vector<float> expected;
    for (const Int8KernelTable* table : test::runnable_int8_tables()) {
      const Bound bound(network, *table);
      REQUIRE(bound.network.has_value());
      for (const Schedule schedule : {Schedule::layer_by_layer, Schedule::depth_first}) {
        const std::vector<float> here = outputs(*bound.network, size, schedule, rgb8(pixels, size));
        if (expected.empty()) expected = here;
        INFO(std::string(name(table->target)) << " at " << size.width_px << "x" << size.height_px);
        CHECK(!here.empty());
        CHECK(here == expected);  // NaN would differ from itself
      }
      const test::Int8PlanInMemory streaming(*bound.network, size, Schedule::streaming);
      CHECK(streaming.plan.outputs[0].ring_rows != 0);
      CHECK(test::streamed_outputs(streaming.plan, *bound.network, rgb8(pixels, size)) == expected);
    }
  };
  const Int8Network detector = Int8Network::detector(), recogniser = Int8Network::recogniser();
  const Size sizes[] = {{32, 32}, {33, 33}, {34, 63}, {97, 61}, {160, 120}, {201, 47}, {47, 201}};
  for (const Size size : sizes) compare(detector, size);
  for (int side = 34; side < 66; side += 5) compare(detector, {side, 98 - side / 2});
  compare(recogniser, {112, 112});
}

TEST_CASE("int8: a picture smaller than the network is surrounded by the mean colour, whatever its format") {
  const Int8Network network = Int8Network::detector();
  const Bound bound(network, *test::runnable_int8_tables().back());
  REQUIRE(bound.network.has_value());
  constexpr Size kSize{64, 48}, kPicture{37, 29};
  const std::vector<uint8_t> small = random_pixels(kPicture);
  std::vector<uint8_t> padded(3 * 64 * 48), swapped = small;
  for (size_t i = 0; i < padded.size(); i += 3) {  // R, G, B
    padded[i] = 123;
    padded[i + 1] = 117;
    padded[i + 2] = 104;
  }
  for (size_t y = 0; y < 29; ++y) std::copy_n(&small[y * 37 * 3], 37 * 3, &padded[y * 64 * 3]);
  for (size_t i = 0; i < swapped.size(); i += 3) std::swap(swapped[i], swapped[i + 2]);
  const auto of = [&](const ImageView& image) {
    return outputs(*bound.network, kSize, Schedule::depth_first, image);
  };
  const std::vector<float> expected = of(rgb8(padded, kSize));
  CHECK(of(rgb8(small, kPicture)) == expected);
  CHECK(of(ImageView(swapped.data(), kPicture, 3 * 37, PixelFormat::BGR8)) == expected);
}

TEST_CASE("int8: a picture larger than the network is cut, whatever its format") {
  const Int8Network network = Int8Network::detector();
  const Bound bound(network, *test::runnable_int8_tables().back());
  REQUIRE(bound.network.has_value());
  constexpr Size kSize{64, 48}, kPicture{97, 61};
  const std::vector<uint8_t> large = random_pixels(kPicture);
  std::vector<uint8_t> cut(3 * 64 * 48), swapped = large;
  for (size_t y = 0; y < 48; ++y) std::copy_n(&large[y * 97 * 3], 64 * 3, &cut[y * 64 * 3]);
  for (size_t i = 0; i < swapped.size(); i += 3) std::swap(swapped[i], swapped[i + 2]);
  const auto of = [&](const ImageView& image) {
    return outputs(*bound.network, kSize, Schedule::depth_first, image);
  };
  const std::vector<float> expected = of(rgb8(cut, kSize));
  CHECK(of(rgb8(large, kPicture)) == expected);
  CHECK(of(ImageView(swapped.data(), kPicture, 3 * 97, PixelFormat::BGR8)) == expected);
}

TEST_CASE("int8: memory") {
  const NetworkView fp32 = retinaface_mnet025::kNetwork.view(), int8 = retinaface_mnet025::kNetwork.view(Precision::int8);
  constexpr Size kVga{640, 480};
  const size_t workspace = plan_bytes(int8, kVga, Schedule::depth_first);
  CHECK(static_cast<double>(workspace) < 0.35 * static_cast<double>(plan_bytes(fp32, kVga, Schedule::depth_first)));
  const Int8Network network = Int8Network::detector();
  const Bound bound(network, *test::runnable_int8_tables().back());
  REQUIRE(bound.network.has_value());
  for (const size_t missing : {size_t{1}, size_t{64}, workspace / 2, workspace}) {
    test::AlignedBuffer scratch(workspace - missing);
    Arena arena(scratch.span());
    const auto plan = make_int8_plan(*bound.network, kVga, Schedule::depth_first, arena);
    REQUIRE(!plan.has_value());
    CHECK(plan.status().code == Errc::arena_too_small);
    CHECK(plan.status().detail == missing);
  }
  const size_t needed = bound_bytes(int8, 0);
  for (const size_t missing : {size_t{1}, needed / 2, needed}) {
    test::AlignedBuffer persistent(needed - missing);
    Arena arena(persistent.span());
    const Kernels kernels{test::runnable_tables()[0], test::runnable_int8_tables()[0]};
    const auto refused = bind(network.view, network.blob, kernels, 0, arena);
    REQUIRE(!refused.has_value());
    CHECK(refused.status().code == Errc::arena_too_small);
    CHECK(refused.status().detail == missing);
  }
}

TEST_CASE("int8: weights that the arithmetic excludes are refused, and the operation named") {
  const auto check = [](uint16_t op, const auto& damage) {
    Int8Network network = Int8Network::detector();
    damage(network);
    const Bound bound(network, *test::runnable_int8_tables()[0]);
    REQUIRE(!bound.network.has_value());
    CHECK(bound.network.status().code == Errc::blob_inexact);
    CHECK(bound.network.status().detail == op);
  };
  constexpr uint16_t kPointwise = 4, kMerge = 31;
  CHECK(std::string(retinaface_mnet025::kNetwork.ops[kPointwise].name) == "stage1.2.pw");
  CHECK(uses_winograd(retinaface_mnet025::kNetwork.ops[kMerge]));
  check(kPointwise, [](Int8Network& n) { n.tensor<int32_t>(kPointwise, Role::requantise_shift)[15] = 32; });
  check(kPointwise, [](Int8Network& n) { n.tensor<int32_t>(kPointwise, Role::requantise_shift)[0] = -1; });
  check(kPointwise, [](Int8Network& n) { n.tensor<int16_t>(kPointwise, Role::requantise_positive)[3] = -32768; });
  check(kPointwise, [](Int8Network& n) { n.tensor<int16_t>(kPointwise, Role::requantise_negative)[3] = -32768; });
  for (const int sign : {1, -1}) {
    check(kPointwise, [sign](Int8Network& n) {
      int8_t* const w = n.tensor<int8_t>(kPointwise, Role::weights);
      w[66] = static_cast<int8_t>(100 * sign), w[67] = static_cast<int8_t>(29 * sign);  // 129 together
    });
  }
  check(kMerge, [](Int8Network& n) { n.tensor<int32_t>(kMerge, Role::bias)[63] = -(1 << 24) - 1; });
  // The filter of channel 17, sum of absolute weights 64 * 9 * 127.
  check(kMerge, [](Int8Network& n) {
    int8_t* const w = n.tensor<int8_t>(kMerge, Role::weights);
    for (size_t quad = 0; quad < 144; ++quad) {
      for (size_t i = 0; i < 4; ++i) w[(144 + quad) * 64 + 4 + i] = i % 2 == 0 ? 127 : -127;
    }
  });
}
