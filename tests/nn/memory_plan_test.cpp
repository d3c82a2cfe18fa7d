// Shapes and memory of networks: hand-computed sizes, and a brute-force check that no two maps that
// are alive together share a byte.
#include <doctest/doctest.h>

#include <faceio/models/mobilefacenet_192.hpp>
#include <faceio/models/retinaface_mnet025.hpp>
#include <faceio/nn/memory_plan.hpp>

#include "made_up.hpp"

using namespace faceio;

namespace {

/// Memory is a compile-time constant for a fixed size.
constexpr size_t kQvgaBytes =
    plan_memory(retinaface_mnet025::kNetwork.view(), Size{320, 240}, Schedule::depth_first)
        .total_bytes;
static_assert(kQvgaBytes > 0, "planned at compile time");

bool overlap(const MapPlacement& a, const MapPlacement& b) {
  return a.offset < b.offset + b.bytes && b.offset < a.offset + a.bytes;
}

/// What a step reads and writes, from its operations: what passes between them is never stored, and
/// an enlargement asks the map that gives its size for nothing else.
struct Uses {
  std::vector<size_t> reads, writes;

  Uses(const NetworkView& network, const ScheduledStep& step) {
    const size_t first = step.first_op, end = first + step.op_count;
    const bool together = step.op_count > 1 && uses_winograd(network.ops[first]);
    for (size_t i = first; i < end; ++i) {
      const OpRecord& op = network.ops[i];
      const auto comes_from_within = [&](uint16_t map) {
        for (size_t k = first; k < i; ++k) {
          if (!together && network.ops[k].out == map) return true;
        }
        return false;
      };
      if (!comes_from_within(op.in0)) reads.push_back(op.in0);
      if (op.op == Op::add && !comes_from_within(op.in1)) reads.push_back(op.in1);
      if (together || i + 1 == end) writes.push_back(op.out);
    }
  }
};

/// Bytes of a map with its border from the words of core/map_view.hpp.
size_t stored_bytes(const MapPlacement& place, const MapRecord& map, Precision precision) {
  const auto round = [](size_t value, size_t unit) { return (value + unit - 1) / unit * unit; };
  const auto width = static_cast<size_t>(place.shape.width),
             channels = static_cast<size_t>(map.channels);
  const size_t border = map.border ? 2 : 0;
  const size_t rows = place.ring_rows > 0 ? static_cast<size_t>(place.ring_rows)
                                          : static_cast<size_t>(place.shape.height) + border;
  if (precision == Precision::int8) {
    // Bytes, 16-bit elements of wide maps, floats of outputs; three bytes behind each row of a picture.
    const size_t element = map.output ? 4 : map.wide ? 2 : 1;
    const size_t pixel = element * (map.picture ? channels : round(channels, 16));
    return round(rows * (pixel * (width + border) + (map.picture ? 3 : 0)), 64);
  }
  const size_t row = map.planes    ? channels * (16 + round(width + 31, 16))
                     : map.picture ? channels * (width + border)
                                   : round(channels, 16) * (width + border);
  return round(rows * row * 4, 64);
}

/// An output with one writer, a 1x1 convolution of all its channels, and no readers.
bool leaves_by_rows(const NetworkView& network, uint16_t map) {
  int writers = 0, readers = 0;
  bool whole = false;
  for (const OpRecord& op : network.ops) {
    readers += (op.in0 == map) + (op.in1 == map);
    if (op.out != map) continue;
    ++writers;
    whole = op.op == Op::conv1x1 && op.c_out == network.maps[map].channels;
  }
  return network.maps[map].output && writers == 1 && readers == 0 && whole;
}

/// Checks a plan against lifetimes worked out from scratch. All steps of a chain run at the same
/// time.
void check_plan(const NetworkView& network, Size size, Schedule schedule) {
  const MemoryPlan plan = plan_memory(network, size, schedule);
  INFO(size.width_px << "x" << size.height_px
                     << " schedule " << static_cast<int>(schedule) << " " << name(network.precision));
  const size_t maps = network.maps.size;
  // first[m], last[m]: chains of the first write and of the last use.
  constexpr int kNever = -2;
  std::vector<int> first(maps, kNever), last(maps, kNever);
  first[0] = last[0] = -1;
  int chain = 0, wrong_reads = 0, wrong_rings = 0;
  std::vector<bool> ring(maps, false);
  // Step that uses a map up as soon as its rows are there: a 1x1 convolution inside a chain.
  std::vector<int> used_up_by(maps, kNever);
  for (int s = 0, begin = 0; s < plan.list.count; ++s) {
    const ScheduledStep& step = plan.list.steps[s];
    const Uses uses(network, step);
    for (const size_t m : uses.reads) {
      wrong_reads += first[m] == kNever ? 1 : 0;  // nobody has written it
      last[m] = chain;
    }
    for (const size_t m : uses.writes) {
      if (first[m] == kNever) first[m] = chain;
      last[m] = chain;
    }
    // Inside a chain, and from a picture that goes by rows, a ring holds the rows of one call.
    const OpRecord& op = network.ops[step.first_op];
    const bool pulls = s > begin || (s == 0 && picture_by_rows(network, schedule));
    if (pulls) {
      const int rows = plan.rows_per_call[s];
      const int all = plan.maps[op.in0].shape.height + (network.maps[op.in0].border ? 2 : 0);
      const int needed = std::min(all, op.op == Op::conv1x1 ? rows : (rows - 1) * op.stride + 3);
      wrong_rings += rows >= 1 && plan.maps[op.in0].ring_rows == needed ? 0 : 1;
      ring[op.in0] = true;
      if (s > begin && op.op == Op::conv1x1) used_up_by[op.in0] = s;
    }
    // An output that streams is a ring of the rows of one call.
    if (schedule == Schedule::streaming && leaves_by_rows(network, step.out)) {
      const MapPlacement& out = plan.maps[step.out];
      wrong_rings += out.ring_rows == std::min(plan.rows_per_call[s], out.shape.height) ? 0 : 1;
      ring[step.out] = true;
    }
    if (step.chain_end == s + 1) {
      ++chain;
      begin = s + 1;
    }
  }
  CHECK(wrong_reads == 0);
  CHECK(wrong_rings == 0);
  for (size_t m = 0; m < maps; ++m) {
    const bool leaves = schedule == Schedule::streaming && leaves_by_rows(network, static_cast<uint16_t>(m));
    if (network.maps[m].output && !leaves) last[m] = chain;
  }

  int wrong_bytes = 0, wrong_places = 0, overlaps = 0;
  for (size_t i = 0; i < maps; ++i) {
    const MapPlacement& a = plan.maps[i];
    const bool stored = first[i] != kNever;
    wrong_bytes += a.bytes == (stored ? stored_bytes(a, network.maps[i], network.precision) : 0) ? 0 : 1;
    wrong_rings += (a.ring_rows != 0) == ring[i] ? 0 : 1;
    wrong_places += a.offset + a.bytes <= plan.total_bytes && a.offset % 64 == 0 ? 0 : 1;
    for (size_t j = i + 1; j < maps; ++j) {
      const bool together =
          stored && first[j] != kNever && first[i] <= last[j] && first[j] <= last[i];
      // Two such maps are never full at the same time, unless one step turns one into the other.
      const bool by_turns = used_up_by[i] != kNever && used_up_by[j] != kNever &&
                            std::abs(used_up_by[i] - used_up_by[j]) > 1;
      overlaps += together && !by_turns && overlap(a, plan.maps[j]) ? 1 : 0;
    }
  }
  CHECK(wrong_bytes == 0);
  CHECK(wrong_rings == 0);
  CHECK(wrong_places == 0);
  CHECK(overlaps == 0);
  // Not less than what is alive at once.
  for (int t = -1; t <= chain; ++t) {
    size_t alive = 0;
    for (size_t m = 0; m < maps; ++m)
      alive += first[m] != kNever && first[m] <= t && t <= last[m] && used_up_by[m] == kNever
                   ? plan.maps[m].bytes
                   : 0;
    CHECK(alive <= plan.total_bytes);
  }
}

}  // namespace

TEST_CASE("RetinaFace output maps are ceil(side / stride)") {
  const NetworkView network = retinaface_mnet025::kNetwork.view();
  REQUIRE(network.outputs.size == 3);
  const Size sizes[] = {{640, 480}, {32, 32},     {33, 47},  {641, 479},
                        {97, 61},   {1920, 1080}, {35, 1000}};
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
  for (const Schedule schedule : {Schedule::layer_by_layer, Schedule::depth_first, Schedule::streaming}) {
    check_plan(mobilefacenet_192::kNetwork.view(), Size{112, 112}, schedule);
    check_plan(mobilefacenet_192::kNetwork.view(Precision::int8), Size{112, 112}, schedule);
    const Size sizes[] = {{640, 480}, {32, 32},     {33, 47},   {97, 61},
                          {320, 240}, {1920, 1080}, {4096, 33}, {33, 4096}};
    for (const Size size : sizes) {
      check_plan(retinaface_mnet025::kNetwork.view(), size, schedule);
      check_plan(retinaface_mnet025::kNetwork.view(Precision::int8), size, schedule);
    }
    for (int i = 0; i < 40; ++i) {
      const Size size{32 + static_cast<int>(test::rng()() % 500),
                      32 + static_cast<int>(test::rng()() % 500)};
      check_plan(retinaface_mnet025::kNetwork.view(), size, schedule);
      check_plan(test::small_pyramid().view(), size, schedule);
    }
    for (unsigned seed = 0; seed < 300; ++seed) {
      const Size size{8 + static_cast<int>(seed % 71), 8 + static_cast<int>(seed % 67)};
      const test::RandomTable random(seed, size);
      INFO("seed " << seed);
      check_plan(random.table.view(), size, schedule);
    }
  }
}

TEST_CASE("rings of the detector's first layers at 640x480, by hand") {
  const NetworkView network = retinaface_mnet025::kNetwork.view();
  const MemoryPlan plan = plan_memory(network, Size{640, 480}, Schedule::depth_first);
  // Two rows of stage1.0 need 5 rows of the picture: 3 planes of 16 + 672 floats.
  CHECK(plan.rows_per_call[0] == 2);
  CHECK(plan.maps[0].ring_rows == 5);
  CHECK(plan.maps[0].bytes == 5 * 3 * 688 * 4);
  // Two rows of stage1.1.dw need 4 rows of stage1.0: 8 planes of 16 + 352 floats.
  CHECK(plan.maps[network.ops[0].out].ring_rows == 4);
  CHECK(plan.maps[network.ops[0].out].bytes == 4 * 8 * 368 * 4);
  // stage1.1.pw reads as many rows as it writes.
  CHECK(plan.maps[network.ops[1].out].ring_rows == 2);
  // c3, which two operations read, is whole: 60 rows of 80 pixels of 64 channels in their border.
  CHECK(plan.maps[network.ops[10].out].ring_rows == 0);
  CHECK(plan.maps[network.ops[10].out].bytes == size_t{62} * 82 * 64 * 4);
  // Lateral maps and their enlargements are never stored.
  for (const size_t op : {size_t{28}, size_t{29}, size_t{32}, size_t{33}}) {
    CHECK(plan.maps[network.ops[op].out].bytes == 0);
  }
}

TEST_CASE("maps share memory: less than a quarter of their sum, depth-first less than a tenth") {
  const NetworkView network = retinaface_mnet025::kNetwork.view();
  const MemoryPlan plan = plan_memory(network, Size{640, 480}, Schedule::layer_by_layer);
  size_t sum = 0, largest = 0;
  for (size_t i = 0; i < network.maps.size; ++i) {
    sum += plan.maps[i].bytes;
    largest = std::max(largest, plan.maps[i].bytes);
  }
  CHECK(plan.total_bytes < sum / 4);
  CHECK(plan.total_bytes >= largest);
  // Rings of the large maps at the front halve the rest.
  CHECK(plan_memory(network, Size{640, 480}, Schedule::depth_first).total_bytes < sum / 10);
}

TEST_CASE("bytes of a map, of its border and of a ring of its rows") {
  const auto record = [](int channels, bool border, bool picture = false, bool planes = false) {
    MapRecord map;
    map.channels = static_cast<uint16_t>(channels);
    map.border = border;
    map.picture = picture;
    map.planes = planes;
    return map;
  };
  CHECK(map_bytes(Shape{2, 3, 16}, record(16, false), Precision::fp32) == 2 * 3 * 16 * 4);
  CHECK(map_bytes(Shape{2, 3, 16}, record(16, true), Precision::fp32) == 4 * 5 * 16 * 4);
  CHECK(map_bytes(Shape{9, 3, 16}, record(16, true), Precision::fp32, 3) == 3 * 5 * 16 * 4);
  CHECK(map_bytes(Shape{1, 1, 3}, record(3, false), Precision::fp32) == 64);
  CHECK(map_bytes(Shape{1, 6, 3}, record(3, false, true), Precision::fp32) == 128);  // 72, rounded up
  CHECK(map_bytes(Shape{1, 1, 20}, record(20, false), Precision::fp32) == 128);
  CHECK(map_bytes(Shape{1, 1, 3}, record(3, true, true, true), Precision::fp32) == 3 * 3 * (16 + 32) * 4);
  CHECK(map_bytes(Shape{7, 15, 8}, record(8, true, false, true), Precision::fp32, 4) == 4 * 8 * (16 + 48) * 4);
  CHECK(map_bytes(Shape{7, 16, 8}, record(8, false, false, true), Precision::fp32) == 7 * 8 * (16 + 48) * 4);
  CHECK(map_row_bytes(Shape{1, 10, 3}, record(3, true, true), Precision::fp32) == 36 * 4);
  CHECK(map_row_bytes(Shape{1, 10, 3}, record(3, true), Precision::fp32) == 12 * 16 * 4);
  CHECK(pixel_bytes(record(3, true, true), Precision::fp32) == 3 * 4);
  CHECK(pixel_bytes(record(3, true, true, true), Precision::fp32) == 1 * 4);
  CHECK(pixel_bytes(record(8, true), Precision::fp32) == 16 * 4);
  CHECK(channel_stride(1) == 16);
  CHECK(channel_stride(8) == 16);
  CHECK(channel_stride(16) == 16);
  CHECK(channel_stride(17) == 32);
  // A picture that no memory holds saturates instead of wrapping.
  constexpr int32_t kHuge = 2147483647;
  CHECK(map_bytes(Shape{kHuge, kHuge, 512}, record(512, true), Precision::fp32) > ~size_t{0} / 4);
}

TEST_CASE("elements, touching rows and rings of a view") {
  float floats[600] = {};
  MapView map;
  map.data = floats;
  map.height = 5;
  map.width = 3;
  map.channels = 4;
  map.pixel_stride = 16;
  map.row_stride = 48;
  CHECK(&map.at(2, 1, 3) == floats + 2 * 48 + 16 + 3);
  CHECK(!map.in_planes());
  CHECK(map.rows_touch(0, 5));
  map.ring_rows = 3;
  CHECK(map.row(-1) == floats + 2 * 48);
  CHECK(map.row(4) == floats + 1 * 48);
  CHECK(map.rows_touch(0, 3));
  CHECK(map.rows_touch(4, 6));   // slots 1 and 2
  CHECK(!map.rows_touch(4, 7));  // slots 1, 2 and 0
  CHECK(!map.rows_touch(2, 4));
  CHECK(map.rows_touch(5, 6));
  map.ring_rows = 0;
  map.row_stride = 64;  // a border parts the rows
  CHECK(!map.rows_touch(0, 5));
  map.pixel_stride = 1;
  map.channel_step = plane_floats(3);
  map.row_stride = 4 * plane_floats(3);
  CHECK(map.in_planes());
  CHECK(&map.at(1, 2, 3) == floats + 4 * plane_floats(3) + 2 + 3 * plane_floats(3));
  CHECK(!map.rows_touch(0, 2));
  // A margin, the pixels, and 31 floats behind them, in whole vectors.
  CHECK(plane_floats(1) == 16 + 32);
  CHECK(plane_floats(2) == 16 + 48);
  CHECK(plane_floats(17) == 16 + 48);
  CHECK(plane_floats(18) == 16 + 64);
  CHECK(plane_floats(640) == 688);
}
