// Dot product and normalisation of every target against the reference, hand-computed cases, and
// equal bits within a numeric class.
#include <doctest/doctest.h>

#include <cmath>
#include <faceio/kernels/ref/reduce.hpp>
#include <string>

#include "../support/buffers.hpp"
#include "../support/kernel_tables.hpp"

using faceio::KernelTable;

namespace {

std::vector<int> lengths() {
  std::vector<int> all;
  for (int n = 0; n <= 2 * 16 + 1; ++n) all.push_back(n);
  for (const int n : {47, 48, 49, 128, 192, 511, 512, 4099}) all.push_back(n);
  return all;
}

}  // namespace

TEST_CASE("dot_f32: every length and misalignment") {
  for (const int n : lengths()) {
    for (const int offset : {0, 1, 3, 5}) {
      const auto count = static_cast<size_t>(n + offset);
      const auto a = test::random_floats(count), b = test::random_floats(count);
      float expected = 0.0f;
      faceio::ref::dot_f32({a.data() + offset, b.data() + offset, n, &expected});
      double magnitude = 0.0;
      for (size_t i = static_cast<size_t>(offset); i < count; ++i) {
        magnitude += std::abs(static_cast<double>(a[i]) * static_cast<double>(b[i]));
      }
      float of_class[2] = {test::poison(), test::poison()};
      for (const KernelTable* table : test::runnable_tables()) {
        INFO(std::string(faceio::name(table->target)), " n ", n, " offset ", offset);
        float result = test::poison();
        table->dot_f32({a.data() + offset, b.data() + offset, n, &result});
        CHECK(std::abs(static_cast<double>(result) - static_cast<double>(expected)) <=
              test::tolerance(n, magnitude));
        const int its_class = faceio::rounds_once(table->target) ? 1 : 0;
        if (test::is_poison(of_class[its_class])) of_class[its_class] = result;
        CHECK(result == of_class[its_class]);
      }
    }
  }
}

TEST_CASE("dot_f32: hand-computed") {
  const float a[] = {1, 2, 3}, b[] = {4, -5, 6};
  for (const KernelTable* table : test::runnable_tables()) {
    INFO(std::string(faceio::name(table->target)));
    float result = test::poison();
    table->dot_f32({a, b, 3, &result});
    CHECK(result == 12.0f);
  }
}

TEST_CASE("l2_normalize_f32: every length and misalignment, guards") {
  for (const int n : lengths()) {
    for (const int offset : {0, 1, 3, 5}) {
      const auto in = test::random_floats(static_cast<size_t>(n + offset), 0.1f, 1.0f);
      std::vector<float> expected(static_cast<size_t>(n));
      float expected_norm = 0.0f;
      faceio::ref::l2_normalize_f32({in.data() + offset, expected.data(), n, &expected_norm});
      for (const KernelTable* table : test::runnable_tables()) {
        INFO(std::string(faceio::name(table->target)), " n ", n, " offset ", offset);
        std::vector<float> out(static_cast<size_t>(n) + 64, test::poison());
        float norm = test::poison();
        table->l2_normalize_f32({in.data() + offset, out.data() + 32, n, &norm});
        const double relative = test::tolerance(n, 1.0);
        CHECK(std::abs(static_cast<double>(norm - expected_norm)) <=
              relative * static_cast<double>(expected_norm));
        double worst = 0.0;
        for (int i = 0; i < n; ++i) {
          const double e = expected[static_cast<size_t>(i)];
          const double o = out[static_cast<size_t>(i) + 32];
          const double difference = std::abs(o - e);
          worst = std::max(worst, difference == difference ? difference : 1e30);
        }
        CHECK(worst <= relative);
        size_t poison = 0;
        for (const float v : out) poison += test::is_poison(v) ? 1 : 0;
        CHECK(poison == 64);
      }
    }
  }
}

TEST_CASE("l2_normalize_f32: in place, without a norm, and vectors without a direction") {
  const float infinity = std::numeric_limits<float>::infinity();
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (const KernelTable* table : test::runnable_tables()) {
    INFO(std::string(faceio::name(table->target)));
    float pythagoras[] = {3.0f, 0.0f, -4.0f};
    table->l2_normalize_f32({pythagoras, pythagoras, 3, nullptr});
    CHECK(pythagoras[0] == 0.6f);
    CHECK(pythagoras[1] == 0.0f);
    CHECK(pythagoras[2] == -0.8f);

    for (const float bad : {0.0f, infinity, -infinity, nan, 3e38f}) {
      std::vector<float> v(37, 0.0f);
      v[20] = bad;
      float norm = test::poison();
      table->l2_normalize_f32({v.data(), v.data(), 37, &norm});
      for (const float x : v) CHECK(x == 0.0f);
      if (bad == 0.0f) {
        CHECK(norm == 0.0f);
      } else {
        CHECK(!std::isfinite(norm));
      }
    }
  }
}
