// Networks made up for tests, against the reference kernels in double precision layer by layer, and
// depth-first bit for bit: residual blocks, pyramids of odd sizes, planes, slices, and tables
// chosen by chance.
#include <doctest/doctest.h>

#include "../support/kernel_tables.hpp"
#include "made_up.hpp"
#include "reference.hpp"

using namespace faceio;

namespace {

void check(const test::MadeUp& network, Size size, const std::string& what) {
  const std::vector<float> picture = test::random_picture(network.view(), size);
  const test::Maps reference =
      test::run_reference(network.bound(*test::runnable_tables()[0]), size, picture);
  for (const KernelTable* table : test::runnable_tables()) {
    INFO(what << " on " << std::string(name(table->target)) << " at " << size.width_px << "x"
              << size.height_px);
    const BoundNetwork bound = network.bound(*table);
    const test::PlanInMemory layers(bound, size, Schedule::layer_by_layer);
    double worst = 0.0;
    size_t traced = 0;
    run(layers.plan, test::FloatRows{&picture},
        test::CompareLayer{&bound.network, &reference, &worst, &traced});
    CHECK(worst < 1e-4);
    CHECK(traced == bound.network.ops.size);

    const test::PlanInMemory deep(bound, size, Schedule::depth_first);
    run(deep.plan, test::FloatRows{&picture});
    const std::vector<float> outputs = test::outputs_of(deep.plan);
    CHECK(!outputs.empty());
    CHECK(outputs == test::outputs_of(layers.plan));  // a NaN would differ from itself
    // A plan may run again: rings and borders of the run before are no obstacle.
    run(deep.plan, test::FloatRows{&picture});
    CHECK(outputs == test::outputs_of(deep.plan));
  }
}

}  // namespace

TEST_CASE("a small network with a residual block and a pyramid, odd sizes") {
  const Size sizes[] = {{8, 8},   {16, 16}, {17, 17},  {9, 31},  {31, 9},
                        {33, 47}, {64, 48}, {101, 67}, {130, 5}, {5, 130}};
  for (const Size size : sizes) check(test::MadeUp(test::small_pyramid(), size), size, "pyramid");
}

TEST_CASE("tables chosen by chance") {
  for (unsigned seed = 0; seed < 150; ++seed) {
    const Size size{8 + static_cast<int>(seed * 7 % 41), 8 + static_cast<int>(seed * 11 % 37)};
    const test::RandomTable random(seed, size);
    check(test::MadeUp(random.table, size), size, "seed " + std::to_string(seed));
  }
}

TEST_CASE("a chain from the picture to a 1x1 map, and one that is a single 1x1 of the picture") {
  NetworkBuilder a, b;
  Map x = a.input(3);
  for (int i = 0; i < 6; ++i)
    x = a.depthwise3x3("dw", "", i == 0 ? a.conv3x3("stem", x, 6, 1, kRelu) : x, 2, kRelu);
  a.output(x);  // in planes to the end
  for (const Size size : {Size{64, 64}, {63, 65}, {1, 1}, {2, 3}, {40, 1}}) {
    check(test::MadeUp(a.finish(), size), size, "all in planes");
  }
  b.output(b.conv1x1("only", b.input(3), 20, kPrelu));
  for (const Size size : {Size{1, 1}, {70, 3}, {17, 9}})
    check(test::MadeUp(b.finish(), size), size, "one 1x1");
}
