// Every operation of the vector layer, on every target, against scalar expressions of the C++
// language and library, bit for bit unless a bound is stated.
#include <doctest/doctest.h>

#include <algorithm>
#include <cfenv>
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#if __has_include(<sys/mman.h>) && __has_include(<unistd.h>) && !defined(__wasm__)
#include <sys/mman.h>
#include <unistd.h>
#define FACEIO_TEST_PAGES 1
#endif

#include "../support/buffers.hpp"
#include "vec_targets.hpp"

using faceio::test::VecOps;

namespace {

constexpr int kMaxLanes = 16;
const float kNan = std::numeric_limits<float>::quiet_NaN();
const float kInfinity = std::numeric_limits<float>::infinity();

std::string target_name(const VecOps& ops) { return faceio::name(ops.target); }

uint32_t bits_of(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}
/// Equal bits; any NaN equals any NaN, whose payload the hardware chooses.
bool same(float a, float b) {
  return (std::isnan(a) && std::isnan(b)) || bits_of(a) == bits_of(b);
}

/// Values at which comparisons, roundings and conversions change, and random ones.
std::vector<float> samples() {
  std::vector<float> values = {0.0f,   -0.0f,   1.0f,   -1.0f,  0.5f,      -0.5f,
                               1.5f,   2.5f,    -2.5f,  254.5f, 255.5f,    1e-38f,
                               1e-42f, -1e-42f, 3e38f,  -3e38f, kInfinity, -kInfinity,
                               kNan,   4e6f,    -4e6f,  3.7f,   8.25f,     100.0f};
  for (int i = 0; i < 104; ++i) values.push_back(test::random_float(-300.0f, 300.0f));
  return values;
}

/// Calls body(a, b) for all pairs of samples, sixteen lanes at a time: b runs within a call.
template <class Body>
void for_pairs(Body body) {
  const std::vector<float> values = samples();
  for (size_t i = 0; i < values.size(); ++i) {
    for (size_t j = 0; j < values.size(); j += kMaxLanes) {
      float a[kMaxLanes], b[kMaxLanes];
      for (size_t k = 0; k < kMaxLanes; ++k) {
        a[k] = values[(i + k * (j + 1)) % values.size()];
        b[k] = values[(j + k) % values.size()];
      }
      body(a, b);
    }
  }
}

/// What a target's arithmetic takes x for: vectors of 32-bit Arm know no subnormal numbers.
float taken(const VecOps& ops, float x) {
  const bool flushes = ops.target == faceio::Target::neon && sizeof(void*) == 4;
  return flushes && std::fabs(x) < std::numeric_limits<float>::min() ? std::copysign(0.0f, x) : x;
}

using Binary = void (*)(const float*, const float*, float*) noexcept;

template <class Expected>
int mismatches(const VecOps& ops, Binary operation, Expected expected) {
  int wrong = 0;
  for_pairs([&](const float* a, const float* b) {
    float out[kMaxLanes];
    operation(a, b, out);
    for (int i = 0; i < ops.lanes; ++i) wrong += same(out[i], expected(a[i], b[i])) ? 0 : 1;
  });
  return wrong;
}

}  // namespace

TEST_CASE("lanes divide a panel") {
  REQUIRE(!test::runnable_vec_ops().empty());
  for (const VecOps* ops : test::runnable_vec_ops()) CHECK(faceio::kPanel % ops->lanes == 0);
}

TEST_CASE("add sub mul div min max") {
  for (const VecOps* ops : test::runnable_vec_ops()) {
    INFO(target_name(*ops));
    const auto of = [&](float x) { return taken(*ops, x); };
    CHECK(mismatches(*ops, ops->binary.add, [&](float a, float b) { return of(of(a) + of(b)); }) == 0);
    CHECK(mismatches(*ops, ops->binary.sub, [&](float a, float b) { return of(of(a) - of(b)); }) == 0);
    CHECK(mismatches(*ops, ops->binary.mul, [&](float a, float b) { return of(of(a) * of(b)); }) == 0);
    CHECK(mismatches(*ops, ops->binary.min, [&](float a, float b) { return of(a) < of(b) ? a : b; }) == 0);
    CHECK(mismatches(*ops, ops->binary.max, [&](float a, float b) { return of(a) > of(b) ? a : b; }) == 0);
    int wrong = 0;
    for_pairs([&](const float* a, const float* b) {
      float out[kMaxLanes];
      ops->binary.div(a, b, out);
      for (int i = 0; i < ops->lanes; ++i) {
        volatile float divisor = b[i];  // a constant zero would be undefined, at run time it is not
        wrong += same(out[i], a[i] / divisor) ? 0 : 1;
      }
    });
    CHECK(wrong == 0);
  }
}

TEST_CASE("min and max: a NaN in either argument gives the second; of equal zeros, the second") {
  for (const VecOps* ops : test::runnable_vec_ops()) {
    INFO(target_name(*ops));
    const auto call = [&](Binary operation, float a, float b) {
      std::vector<float> as(kMaxLanes, a), bs(kMaxLanes, b), out(kMaxLanes);
      operation(as.data(), bs.data(), out.data());
      for (int i = 1; i < ops->lanes; ++i) CHECK(same(out[0], out[static_cast<size_t>(i)]));
      return out[0];
    };
    for (const Binary operation : {ops->binary.min, ops->binary.max}) {
      CHECK(call(operation, kNan, 2.0f) == 2.0f);
      CHECK(std::isnan(call(operation, 2.0f, kNan)));
      CHECK(bits_of(call(operation, 0.0f, -0.0f)) == bits_of(-0.0f));
      CHECK(bits_of(call(operation, -0.0f, 0.0f)) == bits_of(0.0f));
    }
  }
}

// a * b + c, rounded once. MinGW-w64's std::fma rounds twice. The product is exact in double; the sum is rounded to odd
// there, after which rounding to float is the only one that counts.
float fused_once(float a, float b, float c) {
  const double product = static_cast<double>(a) * static_cast<double>(b), addend = static_cast<double>(c);
  double sum = product + addend;
  const double part = sum - product;
  const double error = (product - (sum - part)) + (addend - part);
  if (std::isfinite(sum) && error != 0.0) {
    uint64_t bits;
    std::memcpy(&bits, &sum, sizeof bits);
    if ((bits & 1) == 0) bits = (error > 0.0) == (sum > 0.0) ? bits + 1 : bits - 1;
    std::memcpy(&sum, &bits, sizeof bits);
  }
  return static_cast<float>(sum);
}

TEST_CASE("fma and fnma: one rounding or two, as the numeric class says") {
  for (const VecOps* ops : test::runnable_vec_ops()) {
    INFO(target_name(*ops));
    const bool fused = faceio::rounds_once(ops->target);
    int wrong = 0, told_apart = 0;
    for_pairs([&](const float* a, const float* b) {
      float c[kMaxLanes], sum[kMaxLanes], difference[kMaxLanes];
      for (int i = 0; i < kMaxLanes; ++i) c[i] = a[(i + 5) % kMaxLanes] * 0.75f;
      ops->ternary.fma(a, b, c, sum);
      ops->ternary.fnma(a, b, c, difference);
      for (int i = 0; i < ops->lanes; ++i) {
        const float x = taken(*ops, a[i]), y = taken(*ops, b[i]), z = taken(*ops, c[i]);
        volatile float product = x * y;  // keeps the compiler from fusing
        const float one = fused_once(x, y, z), two = product + z;
        const float one_minus = fused_once(-x, y, z), two_minus = z - product;
        told_apart += same(one, two) ? 0 : 1;
        wrong += same(sum[i], taken(*ops, fused ? one : two)) ? 0 : 1;
        wrong += same(difference[i], taken(*ops, fused ? one_minus : two_minus)) ? 0 : 1;
      }
    });
    CHECK(wrong == 0);
    CHECK(told_apart > 100);
  }
}

TEST_CASE("sqrt abs load store zero splat") {
  for (const VecOps* ops : test::runnable_vec_ops()) {
    INFO(target_name(*ops));
    int wrong = 0;
    for_pairs([&](const float* a, const float* b) {
      float out[kMaxLanes];
      ops->unary.abs(a, out);
      for (int i = 0; i < ops->lanes; ++i) wrong += same(out[i], std::fabs(a[i])) ? 0 : 1;
      ops->unary.sqrt(b, out);
      for (int i = 0; i < ops->lanes; ++i) wrong += same(out[i], std::sqrt(b[i])) ? 0 : 1;
      ops->unary.load_store(a, out);
      for (int i = 0; i < ops->lanes; ++i) wrong += bits_of(out[i]) == bits_of(a[i]) ? 0 : 1;
      ops->splat(b[3], out);
      for (int i = 0; i < ops->lanes; ++i) wrong += same(out[i], b[3]) ? 0 : 1;
      ops->zero(out);
      for (int i = 0; i < ops->lanes; ++i) wrong += bits_of(out[i]) == 0 ? 0 : 1;
    });
    CHECK(wrong == 0);
  }
}

TEST_CASE("load and store need no alignment") {
  for (const VecOps* ops : test::runnable_vec_ops()) {
    INFO(target_name(*ops));
    const auto in = test::random_floats(64);
    for (size_t offset = 0; offset < 16; ++offset) {
      std::vector<float> out(64, test::poison());
      ops->unary.load_store(in.data() + offset, out.data() + 15 - offset);
      int poison = 0;
      for (const float v : out) poison += test::is_poison(v) ? 1 : 0;
      CHECK(poison == 64 - ops->lanes);
      for (int i = 0; i < ops->lanes; ++i) {
        CHECK(out[15 - offset + static_cast<size_t>(i)] == in[offset + static_cast<size_t>(i)]);
      }
    }
  }
}

TEST_CASE("load_n and store_n: every count, nothing outside is read or written") {
  for (const VecOps* ops : test::runnable_vec_ops()) {
    for (int n = 0; n <= ops->lanes; ++n) {
      INFO(target_name(*ops), " n ", n);
      // Exactly n floats on the heap: a sanitizer build catches a longer read or write.
      const std::unique_ptr<float[]> in(new float[static_cast<size_t>(n)]);
      for (int i = 0; i < n; ++i) in[static_cast<size_t>(i)] = test::random_float();
      float lanes[kMaxLanes];
      ops->load_n(in.get(), n, lanes);
      for (int i = 0; i < ops->lanes; ++i) {
        CHECK(bits_of(lanes[i]) == bits_of(i < n ? in[static_cast<size_t>(i)] : 0.0f));
      }
      float full[kMaxLanes];
      for (float& v : full) v = test::random_float();
      const std::unique_ptr<float[]> exact(new float[static_cast<size_t>(n)]);
      ops->store_n(full, n, exact.get());
      for (int i = 0; i < n; ++i) CHECK(exact[static_cast<size_t>(i)] == full[i]);
      std::vector<float> guarded(48, test::poison());
      ops->store_n(full, n, guarded.data() + 16);
      int poison = 0;
      for (const float v : guarded) poison += test::is_poison(v) ? 1 : 0;
      CHECK(poison == 48 - n);
    }
  }
}

TEST_CASE("in_register changes no bit") {
  for (const VecOps* ops : test::runnable_vec_ops()) {
    INFO(target_name(*ops));
    int wrong = 0;
    for_pairs([&](const float* a, const float*) {
      float out[kMaxLanes];
      ops->unary.in_register(a, out);
      for (int i = 0; i < ops->lanes; ++i) wrong += bits_of(out[i]) == bits_of(a[i]) ? 0 : 1;
    });
    CHECK(wrong == 0);
  }
}

TEST_CASE("load_before and load_behind: one float further, inside the three vectors") {
  for (const VecOps* ops : test::runnable_vec_ops()) {
    INFO(target_name(*ops));
    const auto lanes = static_cast<size_t>(ops->lanes);
    const auto values = test::random_floats(2 * lanes);
    // Exactly two vectors on the heap: a sanitizer build catches a longer read.
    const std::unique_ptr<float[]> two(new float[2 * lanes]);
    std::copy(values.begin(), values.end(), two.get());
    float out[kMaxLanes];
    ops->load_before(two.get() + lanes, out);
    for (size_t i = 0; i < lanes; ++i) CHECK(bits_of(out[i]) == bits_of(values[lanes + i - 1]));
    ops->load_behind(two.get(), out);
    for (size_t i = 0; i < lanes; ++i) CHECK(bits_of(out[i]) == bits_of(values[i + 1]));
  }
}

TEST_CASE("load_even_odd with even_odd_in_order: every second float of two vectors") {
  for (const VecOps* ops : test::runnable_vec_ops()) {
    INFO(target_name(*ops));
    const auto lanes = static_cast<size_t>(ops->lanes);
    for (size_t offset = 0; offset < 4; ++offset) {
      const auto values = test::random_floats(2 * lanes);
      const std::unique_ptr<float[]> exact(new float[offset + 2 * lanes]);
      std::copy(values.begin(), values.end(), exact.get() + offset);
      float even[kMaxLanes], odd[kMaxLanes];
      ops->load_even_odd(exact.get() + offset, even, odd);
      for (size_t i = 0; i < lanes; ++i) {
        CHECK(bits_of(even[i]) == bits_of(values[2 * i]));
        CHECK(bits_of(odd[i]) == bits_of(values[2 * i + 1]));
      }
    }
  }
}

TEST_CASE("store_inside: lanes before the end and no others") {
  for (const VecOps* ops : test::runnable_vec_ops()) {
    for (int x = 0; x < 5; ++x) {
      for (int end = x + 1; end <= x + 2 * ops->lanes; ++end) {
        INFO(target_name(*ops), " x ", x, " end ", end);
        float in[kMaxLanes];
        for (float& v : in) v = test::random_float();
        std::vector<float> row(64, test::poison());
        ops->store_inside(row.data() + 16, x, end, in);
        for (int i = 0; i < 64; ++i) {
          const int lane = i - 16 - x;
          const bool written = lane >= 0 && lane < ops->lanes && lane < end - x;
          const float value = row[static_cast<size_t>(i)];
          CHECK((written ? bits_of(value) == bits_of(in[lane]) : test::is_poison(value)));
        }
      }
    }
  }
}

TEST_CASE("load_u8x3: every byte value in every place, exactly three bytes a lane are read") {
  for (const VecOps* ops : test::runnable_vec_ops()) {
    INFO(target_name(*ops));
    const auto lanes = static_cast<size_t>(ops->lanes);
    int wrong = 0;
    for (size_t first = 0; first < 256; ++first) {
      // Misaligned, and ending with the last byte: a sanitizer build catches a longer read.
      const size_t offset = first % 5;
      const std::unique_ptr<uint8_t[]> block(new uint8_t[offset + 3 * lanes]);
      uint8_t* const bytes = block.get() + offset;
      for (size_t i = 0; i < 3 * lanes; ++i) bytes[i] = static_cast<uint8_t>(first + 7 * i);
      float out[3][kMaxLanes];
      ops->load_u8x3(bytes, out[0], out[1], out[2]);
      for (size_t i = 0; i < 3 * lanes; ++i) {
        wrong += bits_of(out[i % 3][i / 3]) == bits_of(static_cast<float>(bytes[i])) ? 0 : 1;
      }
    }
    CHECK(wrong == 0);
  }
}

TEST_CASE("load_u8x3 reads up to the end of a page and no further") {
#if FACEIO_TEST_PAGES
  const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  void* const memory = mmap(nullptr, 3 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  REQUIRE(memory != MAP_FAILED);
  uint8_t* const middle = static_cast<uint8_t*>(memory) + page;
  REQUIRE(mprotect(middle, page, PROT_READ | PROT_WRITE) == 0);
  std::memset(middle, 9, page);
  for (const VecOps* ops : test::runnable_vec_ops()) {
    INFO(target_name(*ops));
    const auto bytes = static_cast<size_t>(3 * ops->lanes);
    for (const uint8_t* p : {middle, middle + page - bytes}) {
      float a[kMaxLanes], b[kMaxLanes], c[kMaxLanes];
      ops->load_u8x3(p, a, b, c);
      for (int i = 0; i < ops->lanes; ++i) CHECK(a[i] + b[i] + c[i] == 27.0f);
    }
  }
  munmap(memory, 3 * page);
#else
  MESSAGE("SKIPPED: needs mmap");
#endif
}

TEST_CASE("load_u8x2_at and load_u8x4_at: any rising offsets, near and far, and nothing outside is read") {
  for (const VecOps* ops : test::runnable_vec_ops()) {
    INFO(target_name(*ops));
    const int lanes = ops->lanes;
    int wrong = 0;
    // From rows that hold no more than one position's bytes to steps that leave every register.
    for (const int length : {4, 6, 60, 126, 128, 130, 400, 1200}) {
      for (int step = 0; step <= 70; ++step) {
        for (const int start : {0, 1, 2, 7, 64}) {
          const auto size = static_cast<size_t>(length);
          // Misaligned, and ending with the last byte: a sanitizer build catches a longer read.
          const std::unique_ptr<uint8_t[]> block(new uint8_t[size + 3]);
          uint8_t* const bytes = block.get() + 3;
          for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<uint8_t>(11 * i + i / 256);
          int32_t offsets[2][kMaxLanes];
          for (int i = 0; i < lanes; ++i) {
            const int at = std::min(start + i * step + (i * i) % 3 * (step > 2 ? 1 : 0), length - 4);
            offsets[0][i] = at;
            offsets[1][i] = at & ~1;
          }
          float out[4][kMaxLanes];
          float* const rows[4] = {out[0], out[1], out[2], out[3]};
          for (const int taken : {2, 4}) {
            const int32_t* const at = offsets[taken / 2 - 1];
            (taken == 2 ? ops->load_u8x2_at : ops->load_u8x4_at)(bytes, length, at, rows);
            for (int i = 0; i < lanes; ++i) {
              for (int k = 0; k < taken; ++k) {
                wrong += out[k][i] == static_cast<float>(bytes[at[i] + k]) ? 0 : 1;
              }
            }
          }
        }
      }
    }
    CHECK(wrong == 0);
  }
}

TEST_CASE("accumulators of every tile fit the registers") {
  for (const VecOps* ops : test::runnable_vec_ops()) {
    INFO(target_name(*ops));
    const bool has_many = ops->target == faceio::Target::avx512 || ops->target == faceio::Target::rvv ||
                          (ops->target == faceio::Target::neon && sizeof(void*) == 8);
    const int registers = has_many ? 32 : 16;
    const auto& t = ops->tiles;
    // One more holds a weight, and one an input.
    CHECK(t.tile_vectors * t.wide_tile_pixels + 2 <= registers);
    CHECK(t.narrow_tile_pixels + 2 <= registers);
    CHECK(t.plane_channels * t.plane_vectors + 2 <= registers);
    CHECK(t.depthwise_rows * t.depthwise_pixels + 2 <= registers);
    CHECK(std::min({t.tile_vectors, t.narrow_tile_pixels, t.wide_tile_pixels, t.plane_channels,
                    t.plane_vectors, t.depthwise_rows, t.depthwise_pixels}) >= 1);
  }
}

TEST_CASE("load_u8: every byte value") {
  for (const VecOps* ops : test::runnable_vec_ops()) {
    INFO(target_name(*ops));
    for (int first = 0; first + ops->lanes <= 256; ++first) {
      uint8_t bytes[kMaxLanes];
      for (int i = 0; i < ops->lanes; ++i) bytes[i] = static_cast<uint8_t>(first + i);
      float out[kMaxLanes];
      ops->load_u8(bytes, out);
      for (int i = 0; i < ops->lanes; ++i) CHECK(out[i] == static_cast<float>(first + i));
    }
  }
}

TEST_CASE("select_gt and any_gt: strict, false for NaN, lane by lane") {
  for (const VecOps* ops : test::runnable_vec_ops()) {
    INFO(target_name(*ops));
    int wrong = 0;
    for_pairs([&](const float* a, const float* b) {
      float x[kMaxLanes], y[kMaxLanes], out[kMaxLanes];
      for (int i = 0; i < kMaxLanes; ++i) {
        x[i] = static_cast<float>(i);
        y[i] = static_cast<float>(-i - 1);
      }
      ops->select_gt(a, b, x, y, out);
      bool any = false;
      for (int i = 0; i < ops->lanes; ++i) {
        const bool greater = taken(*ops, a[i]) > taken(*ops, b[i]);
        wrong += out[i] == (greater ? x[i] : y[i]) ? 0 : 1;
        any = any || greater;
      }
      wrong += ops->any_gt(a, b) == any ? 0 : 1;
    });
    CHECK(wrong == 0);
    for (int lane = 0; lane < ops->lanes; ++lane) {
      float a[kMaxLanes] = {};
      const float b[kMaxLanes] = {};
      CHECK(!ops->any_gt(a, b));
      a[lane] = 1.0f;
      CHECK(ops->any_gt(a, b));
      a[lane] = kNan;
      CHECK(!ops->any_gt(a, b));
    }
  }
}

TEST_CASE("round_nearest: ties to even over its range") {
  REQUIRE(std::fegetround() == FE_TONEAREST);
  for (const VecOps* ops : test::runnable_vec_ops()) {
    INFO(target_name(*ops));
    int wrong = 0;
    float in[kMaxLanes] = {}, out[kMaxLanes];
    const auto check = [&](float value) {
      for (float& v : in) v = value;
      ops->unary.round_nearest(in, out);
      // Equal as numbers: the sign of a zero result is not part of the contract.
      for (int i = 0; i < ops->lanes; ++i) wrong += out[i] == std::nearbyint(value) ? 0 : 1;
    };
    for (int i = -4000; i <= 4000; ++i) check(static_cast<float>(i) / 8.0f);
    for (int i = 0; i < 4000; ++i) check(test::random_float(-4194303.0f, 4194303.0f));
    for (const float v : {4194303.0f, 4194302.5f, 2097151.5f, 1e-40f}) {
      check(v);
      check(-v);
    }
    CHECK(wrong == 0);
  }
}

TEST_CASE("pow2: every exponent") {
  for (const VecOps* ops : test::runnable_vec_ops()) {
    INFO(target_name(*ops));
    for (int n = -126; n <= 127; ++n) {
      float in[kMaxLanes], out[kMaxLanes];
      for (float& v : in) v = static_cast<float>(n);
      ops->unary.pow2(in, out);
      for (int i = 0; i < ops->lanes; ++i) CHECK(out[i] == std::ldexp(1.0f, n));
    }
  }
}

TEST_CASE("exp: relative error below 2e-7 in [-87, 88], clamped outside") {
  for (const VecOps* ops : test::runnable_vec_ops()) {
    INFO(target_name(*ops));
    double worst = 0.0;
    constexpr int kStepsPerUnit = 4096;
    for (int step = -87 * kStepsPerUnit; step <= 88 * kStepsPerUnit; step += kMaxLanes) {
      float in[kMaxLanes], out[kMaxLanes];
      for (int i = 0; i < ops->lanes; ++i) {
        const int at = std::min(step + i * (kMaxLanes / ops->lanes), 88 * kStepsPerUnit);
        in[i] = static_cast<float>(at) / kStepsPerUnit;
      }
      ops->unary.exp(in, out);
      for (int i = 0; i < ops->lanes; ++i) {
        const double expected = std::exp(static_cast<double>(in[i]));
        worst = std::max(worst, std::abs(static_cast<double>(out[i]) / expected - 1.0));
      }
    }
    CHECK(worst < 2e-7);

    const auto at = [&](float value) {
      float in[kMaxLanes], out[kMaxLanes];
      for (float& v : in) v = value;
      ops->unary.exp(in, out);
      return out[ops->lanes - 1];
    };
    CHECK(at(0.0f) == 1.0f);
    CHECK(bits_of(at(1e6f)) == bits_of(at(88.0f)));
    CHECK(bits_of(at(kInfinity)) == bits_of(at(88.0f)));
    CHECK(bits_of(at(-1e6f)) == bits_of(at(-87.0f)));
    CHECK(bits_of(at(-kInfinity)) == bits_of(at(-87.0f)));
    CHECK(bits_of(at(kNan)) == bits_of(at(-87.0f)));
  }
}

TEST_CASE("lane_sum: one tree on every target") {
  for (int round = 0; round < 200; ++round) {
    const auto values = test::random_floats(16, -1000.0f, 1000.0f);
    std::vector<float> tree = values;
    for (size_t width = 8; width > 0; width /= 2) {
      for (size_t i = 0; i < width; ++i) tree[i] += tree[i + width];
    }
    for (const VecOps* ops : test::runnable_vec_ops()) {
      INFO(target_name(*ops));
      CHECK(bits_of(ops->lane_sum(values.data())) == bits_of(tree[0]));
    }
  }
}
