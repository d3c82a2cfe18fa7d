// Which operations run together: the chains of both networks by hand, what a convolution takes in,
// and what it must leave alone.
#include <doctest/doctest.h>

#include <faceio/models/mobilefacenet_192.hpp>
#include <faceio/models/retinaface_mnet025.hpp>
#include <faceio/nn/schedule.hpp>
#include <string>
#include <vector>

using namespace faceio;

namespace {

/// Planned at compile time.
constexpr int kDetectorSteps =
    make_steps(retinaface_mnet025::kNetwork.view(), Schedule::depth_first).count;
static_assert(kDetectorSteps == 44,
              "54 operations; at each of three scales two pairs share a Winograd step, and two "
              "lateral convolutions take in two operations each");

using Texts = std::vector<std::string>;

std::string name_of(const NetworkView& network, size_t op) {
  return network.ops[op].name;
}

/// "first operation .. last operation" of every chain.
Texts chains_of(const NetworkView& network, Schedule schedule) {
  const StepList list = make_steps(network, schedule);
  Texts chains;
  for (int first = 0; first < list.count; first = list.steps[first].chain_end) {
    const ScheduledStep& last = list.steps[list.steps[first].chain_end - 1];
    chains.push_back(name_of(network, list.steps[first].first_op) + " .. " +
                     name_of(network, static_cast<size_t>(last.first_op) + last.op_count - 1));
  }
  return chains;
}

/// "convolution + map" of every convolution that takes in an addition; maps are named by their
/// writer.
Texts additions_of(const NetworkView& network, Schedule schedule) {
  const StepList list = make_steps(network, schedule);
  Texts additions;
  for (int s = 0; s < list.count; ++s) {
    const ScheduledStep& step = list.steps[s];
    if (step.addend == kNoMap) continue;
    std::string writer = "the picture";
    for (size_t i = 0; i < network.ops.size; ++i) {
      if (network.ops[i].out == step.addend) writer = name_of(network, i);
    }
    additions.push_back(name_of(network, step.first_op) + " + " + writer);
  }
  return additions;
}

/// Every operation is in one step, steps follow the table, and chains are whole.
void check_complete(const NetworkView& network, Schedule schedule) {
  const StepList list = make_steps(network, schedule);
  size_t next_op = 0;
  int end = 0;
  for (int s = 0; s < list.count; ++s) {
    const ScheduledStep& step = list.steps[s];
    CHECK(step.first_op == next_op);
    next_op += step.op_count;
    CHECK(step.out == network.ops[next_op - 1].out);
    if (s == end) end = step.chain_end;
    CHECK(step.chain_end == end);
    CHECK(step.chain_end > s);
  }
  CHECK(next_op == network.ops.size);
  CHECK(end == list.count);
}

/// The depth-first steps of a table, which is checked in both schedules.
template <class Build>
StepList steps_of(const Build& build) {
  NetworkBuilder n;
  build(n);
  const NetworkBuilder::Table table = n.finish();
  check_complete(table.view(), Schedule::depth_first);
  check_complete(table.view(), Schedule::layer_by_layer);
  return make_steps(table.view(), Schedule::depth_first);
}

}  // namespace

TEST_CASE("chains of RetinaFace") {
  const NetworkView network = retinaface_mnet025::kNetwork.view();
  // A map with two readers ends a chain: c3 and c4 go into the next stage and the pyramid, p5 into
  // the enlargement and its head. c5 has one reader, so the chain runs on into the pyramid.
  CHECK(chains_of(network, Schedule::depth_first) ==
        Texts{"stage1.0 .. stage1.5.pw", "stage2.0.dw .. stage2.5.pw", "stage3.0.dw .. fpn.output3",
              "fpn.output2 .. fpn.add2", "fpn.merge2 .. fpn.merge2", "fpn.output1 .. fpn.add1",
              "fpn.merge1 .. fpn.merge1", "ssh1.conv3x3 .. ssh1.conv5x5_1",
              "ssh1.conv5x5_2 .. ssh1.conv7x7_2", "ssh1.conv7x7_3 .. ssh1.conv7x7_3",
              "head1 .. head1", "ssh2.conv3x3 .. ssh2.conv5x5_1",
              "ssh2.conv5x5_2 .. ssh2.conv7x7_2", "ssh2.conv7x7_3 .. ssh2.conv7x7_3",
              "head2 .. head2", "ssh3.conv3x3 .. ssh3.conv5x5_1",
              "ssh3.conv5x5_2 .. ssh3.conv7x7_2", "ssh3.conv7x7_3 .. ssh3.conv7x7_3",
              "head3 .. head3"});
  CHECK(additions_of(network, Schedule::depth_first) ==
        Texts{"fpn.output2 + fpn.output3", "fpn.output1 + fpn.merge2"});
  CHECK(picture_by_rows(network, Schedule::depth_first));
  check_complete(network, Schedule::depth_first);
}

TEST_CASE("chains of MobileFaceNet") {
  const NetworkView network = mobilefacenet_192::kNetwork.view();
  // A block's input goes into its expansion and its addition. The last block of a group is read by
  // the next bottleneck alone.
  CHECK(chains_of(network, Schedule::depth_first) ==
        Texts{"conv1 .. conv3.project", "conv4.0.expand .. conv4.0.add",
              "conv4.1.expand .. conv4.1.add", "conv4.2.expand .. conv4.2.add",
              "conv4.3.expand .. conv5.project", "conv6.0.expand .. conv6.0.add",
              "conv6.1.expand .. conv6.1.add", "conv6.2.expand .. conv6.2.add",
              "conv6.3.expand .. conv6.3.add", "conv6.4.expand .. conv6.4.add",
              "conv6.5.expand .. conv7.project", "conv8.0.expand .. conv8.0.add",
              "conv8.1.expand .. conv9", "gdconv .. gdconv", "fc1 .. embedding"});
  CHECK(additions_of(network, Schedule::depth_first) ==
        Texts{"conv4.0.project + conv3.project", "conv4.1.project + conv4.0.add",
              "conv4.2.project + conv4.1.add", "conv4.3.project + conv4.2.add",
              "conv6.0.project + conv5.project", "conv6.1.project + conv6.0.add",
              "conv6.2.project + conv6.1.add", "conv6.3.project + conv6.2.add",
              "conv6.4.project + conv6.3.add", "conv6.5.project + conv6.4.add",
              "conv8.0.project + conv7.project", "conv8.1.project + conv8.0.add"});
  CHECK(picture_by_rows(network, Schedule::depth_first));
  check_complete(network, Schedule::depth_first);
}

TEST_CASE("layer by layer, every step is a chain, nothing is taken in, and the picture is whole") {
  for (const NetworkView& network :
       {retinaface_mnet025::kNetwork.view(), mobilefacenet_192::kNetwork.view()}) {
    const StepList list = make_steps(network, Schedule::layer_by_layer);
    for (int s = 0; s < list.count; ++s) CHECK(list.steps[s].chain_end == s + 1);
    CHECK(additions_of(network, Schedule::layer_by_layer).empty());
    CHECK(!picture_by_rows(network, Schedule::layer_by_layer));
    check_complete(network, Schedule::layer_by_layer);
  }
  CHECK(make_steps(retinaface_mnet025::kNetwork.view(), Schedule::layer_by_layer).count ==
        54 - 3 * 2);
  CHECK(make_steps(mobilefacenet_192::kNetwork.view(), Schedule::layer_by_layer).count == 64);
}

TEST_CASE("a 1x1 takes in an addition, in either order of the operands") {
  for (const bool conv_first : {true, false}) {
    const StepList list = steps_of([&](NetworkBuilder& n) {
      const Map x = n.batchnorm("x", n.input(16));
      const Map conv = n.conv1x1("conv", x, 16, kRelu);
      n.output(conv_first ? n.add("sum", "", conv, x) : n.add("sum", "", x, conv));
    });
    REQUIRE(list.count == 2);
    CHECK(list.steps[1].first_op == 1);
    CHECK(list.steps[1].op_count == 2);
    CHECK(list.steps[1].addend == 1);  // x
    CHECK(list.steps[1].out == 3);
  }
  for (const bool conv_first : {true, false}) {
    const StepList list = steps_of([&](NetworkBuilder& n) {
      const Map x = n.batchnorm("x", n.input(16));
      const Map coarse = n.depthwise3x3("coarse", "", x, 2, kRelu);
      const Map conv = n.conv1x1("conv", x, 16, kRelu);
      const Map up = n.upsample_nearest("up", coarse, conv);
      n.output(conv_first ? n.add("sum", "", conv, up) : n.add("sum", "", up, conv));
    });
    REQUIRE(list.count == 3);
    CHECK(list.steps[2].first_op == 2);
    CHECK(list.steps[2].op_count == 3);
    CHECK(list.steps[2].addend == 2);  // coarse
    CHECK(list.steps[2].out == 5);
  }
}

TEST_CASE("an addition stays a step of its own when its operands are needed elsewhere") {
  using Build = void (*)(NetworkBuilder&, Map);
  const struct {
    const char* why;
    int steps;
    Build build;
  } cases[] = {
      {"the convolution's result is an output", 3,
       [](NetworkBuilder& n, Map x) {
         const Map conv = n.conv1x1("conv", x, 16, kRelu);
         n.output(n.add("sum", "", conv, x));
         n.output(conv);
       }},
      {"the convolution's result is read again", 4,
       [](NetworkBuilder& n, Map x) {
         const Map conv = n.conv1x1("conv", x, 16, kRelu);
         const Map sum = n.add("sum", "", conv, x);
         n.output(n.add("again", "", sum, conv));
       }},
      {"a map is added to itself", 3,
       [](NetworkBuilder& n, Map x) {
         const Map conv = n.conv1x1("conv", x, 16, kRelu);
         n.output(n.add("sum", "", conv, conv));
       }},
      {"the convolution writes a slice", 4,
       [](NetworkBuilder& n, Map x) {
         const Map joined = n.map(16 + 16);
         n.conv1x1("left", x, 16, kRelu, {joined, 16});
         n.conv1x1("right", x, 16, kRelu, {joined, 0});
         n.output(n.add("sum", "", joined, joined));
       }},
      {"the operation is no 1x1", 3,
       [](NetworkBuilder& n, Map x) {
         const Map dw = n.depthwise3x3("dw", "", x, 1, kRelu);
         n.output(n.add("sum", "", dw, x));
       }},
      {"the addition is of other maps", 4,
       [](NetworkBuilder& n, Map x) {
         n.output(n.conv1x1("conv", x, 16, kRelu));
         n.output(n.add("sum", "", x, x));
         n.output(n.batchnorm("bn", x));
       }},
      {"the enlarged map is an output", 5,
       [](NetworkBuilder& n, Map x) {
         const Map coarse = n.depthwise3x3("coarse", "", x, 2, kRelu);
         const Map conv = n.conv1x1("conv", x, 16, kRelu);
         const Map up = n.upsample_nearest("up", coarse, conv);
         n.output(up);
         n.output(n.add("sum", "", conv, up));
       }},
      {"the convolution's result is enlarged and an output", 5,
       [](NetworkBuilder& n, Map x) {
         const Map coarse = n.depthwise3x3("coarse", "", x, 2, kRelu);
         const Map conv = n.conv1x1("conv", x, 16, kRelu);
         n.output(conv);
         n.output(n.add("sum", "", conv, n.upsample_nearest("up", coarse, conv)));
       }},
      {"the convolution itself is enlarged", 5,
       [](NetworkBuilder& n, Map x) {
         const Map coarse = n.depthwise3x3("coarse", "", x, 2, kRelu);
         const Map conv = n.conv1x1("conv", coarse, 16, kRelu);
         n.output(n.add("sum", "", n.upsample_nearest("up", conv, x), x));
       }},
  };
  for (const auto& c : cases) {
    INFO(std::string(c.why));
    const StepList list =
        steps_of([&](NetworkBuilder& n) { c.build(n, n.batchnorm("x", n.input(16))); });
    CHECK(list.count == c.steps);
    for (int s = 0; s < list.count; ++s) CHECK(list.steps[s].addend == kNoMap);
  }
}

TEST_CASE(
    "a chain ends where a map has another reader, is an output, is a slice, or needs whole maps") {
  using Build = void (*)(NetworkBuilder&, Map);
  const struct {
    const char* why;
    int first_chain;  // steps
    Build build;
  } cases[] = {
      {"nothing ends it", 3,
       [](NetworkBuilder& n, Map x) {
         x = n.depthwise3x3("dw", "", n.conv1x1("a", x, 20, kRelu), 2, kRelu);
         n.output(n.conv1x1("b", x, 20, kRelu));
       }},
      {"an output", 1,
       [](NetworkBuilder& n, Map x) {
         x = n.conv1x1("a", x, 20, kRelu);
         n.output(x);
         n.output(n.depthwise3x3("dw", "", x, 2, kRelu));
       }},
      {"two readers", 1,
       [](NetworkBuilder& n, Map x) {
         x = n.conv1x1("a", x, 20, kRelu);
         n.output(n.depthwise3x3("dw", "", x, 2, kRelu));
         n.output(n.conv1x1("b", x, 20, kRelu));
       }},
      {"a slice", 1,
       [](NetworkBuilder& n, Map x) {
         const Map joined = n.map(32);
         n.conv1x1("a", x, 16, kRelu, {joined, 0});
         n.output(n.depthwise3x3("dw", "", joined, 2, kRelu));
       }},
      {"the next step reads another map", 1,
       [](NetworkBuilder& n, Map x) {
         const Map a = n.conv1x1("a", x, 20, kRelu);
         n.output(n.conv1x1("b", x, 20, kRelu));
         n.output(n.conv1x1("c", a, 20, kRelu));
       }},
      {"a batch norm", 1,
       [](NetworkBuilder& n, Map x) { n.output(n.batchnorm("bn", n.conv1x1("a", x, 20, kRelu))); }},
      {"Winograd's algorithm", 1,
       [](NetworkBuilder& n, Map x) {
         n.output(n.conv3x3("b", n.conv1x1("a", x, 16, kRelu), 16, 1, kRelu));
       }},
      {"a 3x3 of stride 2 goes on", 2,
       [](NetworkBuilder& n, Map x) {
         n.output(n.conv3x3("b", n.conv1x1("a", x, 16, kRelu), 16, 2, kRelu));
       }},
  };
  for (const auto& c : cases) {
    INFO(std::string(c.why));
    NetworkBuilder n;
    c.build(n, n.input(3));
    const NetworkBuilder::Table table = n.finish();
    check_complete(table.view(), Schedule::depth_first);
    CHECK(make_steps(table.view(), Schedule::depth_first).steps[0].chain_end == c.first_chain);
  }
}

TEST_CASE("the picture goes by rows when one operation reads it, and by rows itself") {
  const auto by_rows = [](void (*build)(NetworkBuilder&, Map)) {
    NetworkBuilder n;
    build(n, n.input(3));
    const NetworkBuilder::Table table = n.finish();
    CHECK(!picture_by_rows(table.view(), Schedule::layer_by_layer));
    return picture_by_rows(table.view(), Schedule::depth_first);
  };
  CHECK(by_rows([](NetworkBuilder& n, Map x) { n.output(n.conv3x3("a", x, 8, 2, kRelu)); }));
  CHECK(by_rows([](NetworkBuilder& n, Map x) { n.output(n.conv1x1("a", x, 8, kRelu)); }));
  CHECK(!by_rows([](NetworkBuilder& n, Map x) {
    n.output(n.conv3x3("a", x, 8, 2, kRelu));
    n.output(n.conv3x3("b", x, 8, 2, kRelu));
  }));
  CHECK(!by_rows([](NetworkBuilder& n, Map x) {
    n.output(n.conv1x1("a", x, 8, kRelu));
    n.output(x);
  }));
  CHECK(!by_rows(
      [](NetworkBuilder& n, Map x) { n.output(n.add("a", "", n.conv1x1("b", x, 3, kRelu), x)); }));
}

TEST_CASE("neighbours that read one map share a Winograd step, three at most") {
  const StepList list = steps_of([](NetworkBuilder& n) {
    const Map x = n.batchnorm("x", n.input(16)), y = n.batchnorm("y", x);
    for (const char* name : {"a", "b", "c", "d"}) n.output(n.conv3x3(name, x, 16, 1, kRelu));
    n.output(n.conv3x3("e", y, 16, 1, kRelu));
    n.output(n.conv3x3("f", y, 20, 1, kRelu));  // fills no panel
    n.output(n.conv3x3("g", y, 32, 1, kRelu));
  });
  REQUIRE(list.count == 7);
  const int ops[] = {1, 1, 3, 1, 1, 1, 1};
  for (int s = 0; s < 7; ++s) CHECK(list.steps[s].op_count == ops[s]);
  const NetworkView detector = retinaface_mnet025::kNetwork.view();
  CHECK(winograd_group(detector, 36).op_count == 2);  // ssh1.conv3x3 and ssh1.conv5x5_1
  CHECK(winograd_group(detector, 36).c_out == 48);
  CHECK(winograd_group(detector, 0).op_count == 0);
}
