// Winograd's algorithm in integers against the convolution's definition, byte for byte: the transformed weights against
// matrix products, and the kernel of every target; sizes around the 4x4 blocks, several convolutions on one input,
// slices, rings, ranges of rows, and sums at the bounds that the contract gives.
#include "int8_support.hpp"

using namespace int8_test;
using faceio::Int8WinogradArgs;
using faceio::kInt8WinogradMaxAbsBias;
using faceio::kInt8WinogradMaxAbsSum;
using faceio::kInt8WinogradPositions;
using faceio::kInt8WinogradTile;

namespace {

constexpr int kPositions = kInt8WinogradPositions;

/// Filters that share their input, their transformed weights, and the maps that they write.
struct Group {
  Map in;
  std::vector<Dense> filters;
  std::vector<Constants> constants;
  std::vector<Map> outs;
  std::vector<int16_t> weights;
  std::vector<int32_t> bias;
  std::vector<uint8_t> scratch;

  static constexpr size_t kGuard = 64;
  static constexpr uint8_t kGuardByte = 0xa5;

  explicit Group(Map input) : in(std::move(input)) {}

  void add(Dense filter, Constants of_filter, MapOptions options = {}) {
    outs.emplace_back(in.view.height, in.view.width, filter.c_out, options);
    filters.push_back(std::move(filter));
    constants.push_back(std::move(of_filter));
  }
  void add_random(int c_out, MapOptions options = {}) {
    const int64_t magnitude = 40 * 128 * 3 * in.view.channels / 4;
    add(Dense::random(c_out, 3, in.view.channels, false), random_constants(c_out, magnitude, magnitude), options);
  }
  int c_out() const {
    int sum = 0;
    for (const Dense& f : filters) sum += f.c_out;
    return sum;
  }
  /// After the last add().
  Int8WinogradArgs arguments() {
    const int c_in = in.view.channels, total = c_out();
    constexpr int16_t kUnwritten = 0x5a5a;  // no filter's transform reaches it in every place
    weights.assign(faceio::int8_winograd_weight_count(c_in, total), kUnwritten);
    bias.assign(index(total), 0x5a5a5a5a);
    int first = 0;
    for (size_t i = 0; i < filters.size(); ++i) {
      faceio::transform_int8_winograd_weights(filters[i].quads.data(), constants[i].bias.data(), c_in, filters[i].c_out,
                                              first, weights.data(), bias.data());
      first += filters[i].c_out;
    }
    const size_t bytes = faceio::int8_winograd_scratch_bytes(c_in);
    scratch.assign(bytes + 2 * kGuard + 64, kGuardByte);
    Int8WinogradArgs a;
    a.in = in.view;
    a.weights = weights.data();
    a.bias = bias.data();
    a.scratch = aligned();
    for (size_t i = 0; i < filters.size(); ++i) {
      a.part[a.parts].out = outs[i].view;
      a.part[a.parts++].requantise = constants[i].requantise();
    }
    return a;
  }
  bool guards_are_whole() {
    const uint8_t* const begin = aligned();
    const uint8_t* const end = begin + faceio::int8_winograd_scratch_bytes(in.view.channels);
    const auto is_guard = [](uint8_t b) { return b == kGuardByte; };
    return std::all_of(begin - kGuard, begin, is_guard) && std::all_of(end, end + kGuard, is_guard);
  }
  /// The definition, part i.
  int64_t accumulator(size_t i, int y, int x, int n) const {
    int64_t sum = constants[i].bias[index(n)];
    for (int ky = 0; ky < 3; ++ky) {
      for (int kx = 0; kx < 3; ++kx) {
        for (int c = 0; c < in.view.channels; ++c) {
          sum += int64_t{filters[i].at(n, ky, kx, c)} * in.at(y + ky - 1, x + kx - 1, c);
        }
      }
    }
    return sum;
  }
  Map expected(size_t i, const Map& before) const {
    Map map = before.copy();
    for (int y = 0; y < map.view.height; ++y) {
      for (int x = 0; x < map.view.width; ++x) {
        for (int n = 0; n < map.view.channels; ++n) {
          map.set(y, x, n, static_cast<int32_t>(element_of(constants[i], n, accumulator(i, y, x, n), false)));
        }
      }
    }
    return map;
  }

 private:
  uint8_t* aligned() {
    const size_t address = reinterpret_cast<uintptr_t>(scratch.data() + kGuard);
    return scratch.data() + kGuard + (64 - address % 64) % 64;
  }
};

/// Every target, the scalar one too, against the definition: whole, and in ranges of rows.
void check(const char* what, Group& group) {
  Int8WinogradArgs args = group.arguments();
  std::vector<Map> before, expected;
  for (size_t i = 0; i < group.outs.size(); ++i) {
    before.push_back(group.outs[i].copy());
    expected.push_back(group.expected(i, before[i]));
  }
  const int height = group.in.view.height;
  for (const Int8KernelTable* table : tables()) {
    for (const int step : {height, kInt8WinogradTile}) {
      std::vector<Map> got;
      for (size_t i = 0; i < before.size(); ++i) {
        got.push_back(before[i].copy());
        args.part[i].out = got[i].view;
      }
      for (int y = 0; y < height; y += step) table->winograd3x3_int8(args, y, std::min(y + step, height));
      for (size_t i = 0; i < got.size(); ++i) {
        INFO(what << " on " << name_of(*table) << ": " << height << "x" << group.in.view.width << "x"
                  << group.in.view.channels << ", part " << i << " of " << got.size() << " with "
                  << got[i].view.channels << " channels, " << step << " rows at once, first difference "
                  << got[i].first_difference(expected[i]));
        CHECK(got[i].same_bytes(expected[i]));
      }
    }
  }
  CHECK(group.guards_are_whole());
}

}  // namespace

TEST_CASE("transform_int8_winograd_weights: G g G^T times the factors of the output transform") {
  const double kG[6][3] = {{1. / 4, 0, 0},         {-1. / 6, -1. / 6, -1. / 6}, {-1. / 6, 1. / 6, -1. / 6},
                           {1. / 24, 1. / 12, 1. / 6}, {1. / 24, -1. / 12, 1. / 6}, {0, 0, 1}};
  const int c_in = 32, outs[] = {16, 48};
  // Random filters; and for each position one that makes its value as large as weights of 8 bits can, of both signs.
  for (int round = 0; round < 2 * kPositions + 2; ++round) {
    std::vector<Dense> filters;
    std::vector<std::vector<int32_t>> biases;
    for (const int c_out : outs) {
      int term = 0;
      filters.emplace_back(c_out, 3, c_in, false, [&] {
        const int tap = term++ / c_in % 9, position = round % kPositions;
        if (round >= 2 * kPositions) return random_int(-127, 127);
        const double factor = kG[position / 6][tap / 3] * kG[position % 6][tap % 3];
        return (factor < 0) != (round < kPositions) ? 127 : -127;
      });
      biases.emplace_back();
      for (int n = 0; n < c_out; ++n) {
        biases.back().push_back(random_int(-kInt8WinogradMaxAbsBias, kInt8WinogradMaxAbsBias));
      }
    }
    const int total = outs[0] + outs[1];
    std::vector<int16_t> weights(faceio::int8_winograd_weight_count(c_in, total));
    std::vector<int32_t> bias(index(total));
    // The order of calls does not matter.
    for (const int i : {1, 0}) {
      faceio::transform_int8_winograd_weights(filters[index(i)].quads.data(), biases[index(i)].data(), c_in, outs[i],
                                              i == 0 ? 0 : outs[0], weights.data(), bias.data());
    }
    int wrong = 0;
    for (int n = 0; n < total; ++n) {
      const size_t which = n < outs[0] ? 0 : 1;
      const int lane = n < outs[0] ? n : n - outs[0];
      for (int c = 0; c < c_in; ++c) {
        for (int i = 0; i < 6; ++i) {
          for (int j = 0; j < 6; ++j) {
            double value = 0;
            for (int ky = 0; ky < 3; ++ky) {
              for (int kx = 0; kx < 3; ++kx) value += kG[i][ky] * filters[which].at(lane, ky, kx, c) * kG[j][kx];
            }
            const int64_t pair = (int64_t{n / kPanel} * kPositions + i * 6 + j) * (c_in / 2) + c / 2;
            const int stored = weights[index((pair * kPanel + n % kPanel) * 2 + c % 2)];
            const double got = stored * faceio::int8_winograd_factor_left(i, j) / 576.0;
            wrong += std::abs(got - value) > 1e-6;
          }
        }
      }
      const int64_t bias_factor = 576;
      wrong += static_cast<uint32_t>(bias[index(n)]) != static_cast<uint32_t>(bias_factor * biases[which][index(lane)]);
    }
    INFO("round " << round);
    CHECK(wrong == 0);
  }
}

TEST_CASE("winograd3x3_int8: sizes around the blocks, channels") {
  struct Channels {
    int in, out;
  };
  for (const Channels c : {Channels{16, 16}, {64, 64}, {16, 32}, {32, 16}, {48, 16}, {80, 48}}) {
    for (const int height : {1, 3, 4, 5, 8, 10}) {
      for (const int width : {1, 2, 3, 4, 5, 8, 12, 15, 33}) {
        if (c.in > 48 && height * width > 170) continue;
        Group group(Map(height, width, c.in, {1}));
        group.add_random(c.out, {height % 2});
        check("sizes", group);
      }
    }
  }
}

TEST_CASE("winograd3x3_int8: the groups of the detector, slices") {
  struct Size {
    int height, width;
  };
  for (const Size& size : {Size{15, 20}, {7, 10}, {1, 1}, {9, 101}}) {
    for (const int c_in : {16, 64}) {
      if (c_in == 64 && size.width > 100) continue;
      MapOptions slice;
      slice.border = 1;
      slice.map_channels = c_in + 48;
      slice.first_channel = 32;
      Group group(Map(size.height, size.width, c_in, slice));
      MapOptions first;
      first.map_channels = 64;
      MapOptions second = first;
      second.first_channel = 32;
      second.border = 1;
      group.add_random(32, first);
      group.add_random(16, second);
      group.add_random(48);
      check("three parts", group);
      Group two(Map(size.height, size.width, c_in, {1}));
      two.add_random(16, second);
      two.add_random(16);
      check("two parts", two);
    }
  }
}

TEST_CASE("winograd3x3_int8 is conv3x3_int8") {
  for (const int width : {6, 21}) {
    Group group(Map(10, width, 64, {1}));
    group.add_random(48);
    const Int8WinogradArgs args = group.arguments();
    Map plain = group.outs[0].copy();
    Int8ConvArgs conv;
    conv.in = group.in.view;
    conv.out = plain.view;
    conv.bias = group.constants[0].bias.data();
    conv.requantise = group.constants[0].requantise();
    conv.pad_before = 1;
    group.filters[0].give(conv);
    scalar_table().conv3x3_int8(conv, 0, 10);
    for (const Int8KernelTable* table : tables()) {
      group.outs[0].fill_random();
      table->winograd3x3_int8(args, 0, 10);
      int different = 0;
      for (int y = 0; y < 10; ++y) {
        for (int x = 0; x < width; ++x) {
          for (int c = 0; c < 48; ++c) different += group.outs[0].at(y, x, c) != plain.at(y, x, c);
        }
      }
      INFO(name_of(*table));
      CHECK(different == 0);
    }
  }
}

TEST_CASE("winograd3x3_int8: from a ring of rows and to one") {
  for (const int height : {9, 16}) {
    const int width = 13;
    Group group(Map(height, width, 32, {1}));
    group.add_random(16);
    Int8WinogradArgs args = group.arguments();
    const Map expected = group.expected(0, group.outs[0]);
    for (const Int8KernelTable* table : tables()) {
      MapOptions options;
      options.border = 1;
      options.ring_rows = kInt8WinogradTile + 2;
      Map in(height, width, 32, options);
      options.border = 0;
      options.ring_rows = kInt8WinogradTile;
      Map out(height, width, 16, options);
      args.in = in.view;
      args.part[0].out = out.view;
      bool same = true;
      for (int y = 0; y < height; y += kInt8WinogradTile) {
        const int end = std::min(y + kInt8WinogradTile, height);
        for (int row = y - 1; row <= std::min(y + kInt8WinogradTile, height); ++row) in.copy_row(group.in, row);
        table->winograd3x3_int8(args, y, end);
        for (int row = y; row < end; ++row) {
          for (int x = 0; x < width; ++x) {
            for (int c = 0; c < 16; ++c) same = same && out.at(row, x, c) == expected.at(row, x, c);
          }
        }
      }
      INFO(name_of(*table) << ", " << height << " rows");
      CHECK(same);
    }
  }
}

TEST_CASE("winograd3x3_int8: accumulators at the bounds of the contract, at every place of a block") {
  constexpr int kIn = 64, kOut = 16, kTerms = 9 * kIn;
  constexpr int kSumAbs = kInt8WinogradMaxAbsSum;
  static_assert(kSumAbs <= 127 * kTerms && kSumAbs >= 126 * 9 * 57);
  for (int place = 0; place < 17; ++place) {
    Group group(Map(6, 7, kIn, {1}));
    // Filter n reaches the largest sum of absolute weights: with all weights of one sign, or with the signs that the
    // input takes on around one pixel of a block.
    std::vector<bool> positive(kTerms);
    for (size_t i = 0; i < positive.size(); ++i) positive[i] = place == 16 || one_in(2);
    int n = -1, term = 0, left = 0;
    Dense filter(kOut, 3, kIn, false, [&] {
      if (term % kTerms == 0) left = kSumAbs, ++n;
      const int i = term++ % kTerms;
      const int size = std::min(left, 127);
      left -= size;
      const bool sign = n % 2 == 0 ? positive[index(i)] : !positive[index(i)];
      return sign ? size : -size;
    });
    const int y = place == 16 ? 2 : place / 4, x = place == 16 ? 3 : place % 4;
    if (place == 16) {
      group.in.fill_extreme(true);
    } else {
      for (int i = 0; i < kTerms; ++i) {
        const int row = y + i / (3 * kIn) - 1, column = x + i / kIn % 3 - 1;
        group.in.set(row, column, i % kIn, positive[index(i)] ? 255 : 0);
      }
    }
    Constants constants = random_constants(kOut, int64_t{1} << 25, kInt8WinogradMaxAbsBias);
    for (int o = 0; o < kOut; ++o) {
      const size_t i = index(o);
      constants.bias[i] = o % 2 == 0 ? kInt8WinogradMaxAbsBias : -kInt8WinogradMaxAbsBias;
      if (o >= 8) continue;  // the others keep random ones
      constants.shift[i] = 11 + o / 2 % 2 * 4;
      constants.positive[i] = static_cast<int16_t>(o < 4 ? 3900 : 32767);
      constants.negative[i] = constants.positive[i];
      constants.offset[i] = 2100;
    }
    group.add(std::move(filter), std::move(constants));
    if (place == 16) {
      CHECK(group.accumulator(0, y, x, 0) == faceio::kInt8WinogradMaxAccumulator);
      CHECK(group.accumulator(0, y, x, 1) == -faceio::kInt8WinogradMaxAccumulator);
    }
    check("bounds", group);
  }
}

TEST_CASE("winograd3x3_int8: hand-computed") {
  // One weight of 2 at the centre of channel 3 and one of -1 at the upper left of channel 0; the input is 10 everywhere
  // but for 50 in channel 3 of pixel (1, 2), and its border 7.
  Group group(Map(5, 6, 16, {1}));
  for (int y = -1; y <= 5; ++y) {
    for (int x = -1; x <= 6; ++x) {
      const bool inside = y >= 0 && y < 5 && x >= 0 && x < 6;
      for (int c = 0; c < 16; ++c) group.in.set(y, x, c, !inside ? 7 : y == 1 && x == 2 && c == 3 ? 50 : 10);
    }
  }
  int term = 0;
  Dense filter(16, 3, 16, false, [&] {
    const int i = term++ % (9 * 16);
    return i == 4 * 16 + 3 ? 2 : i == 0 ? -1 : 0;
  });
  Constants constants = random_constants(16, 100, 0);
  for (size_t i = 0; i < 16; ++i) {
    constants.bias[i] = 5;
    constants.shift[i] = 0;
    constants.positive[i] = constants.negative[i] = 16384;  // a half
    constants.offset[i] = 32 * 16;
  }
  group.add(std::move(filter), std::move(constants));
  const Int8WinogradArgs args = group.arguments();
  for (const Int8KernelTable* table : tables()) {
    INFO(name_of(*table));
    group.outs[0].fill_random();
    table->winograd3x3_int8(args, 0, 5);
    const Map& out = group.outs[0];
    // Sixteenths: (20 - 10 + 5) / 2 rounded up is 8; at the upper and left edges (20 - 7 + 5) / 2 = 9; 95 / 2 is 48.
    CHECK(out.at(2, 2, 0) == 32);
    CHECK(out.at(0, 0, 7) == 32);
    CHECK(out.at(1, 2, 15) == 35);
    CHECK(out.at(4, 5, 15) == 32);
  }
}
