// Softmax, anchor decoding and suppression of every target: against the reference, numpy and
// hand-computed cases.
#include <doctest/doctest.h>

#include <cmath>
#include <faceio/kernels/ref/detection.hpp>
#include <string>

#include "../support/buffers.hpp"
#include "../support/kernel_tables.hpp"

using faceio::KernelTable;

namespace {

std::vector<int> lengths() {
  std::vector<int> all;
  for (int n = 0; n <= 2 * 16 + 1; ++n) all.push_back(n);
  for (const int n : {100, 257, 1000}) all.push_back(n);
  return all;
}

constexpr int kOffsets[] = {0, 1, 3, 5};

size_t poison_count(const std::vector<float>& values) {
  size_t count = 0;
  for (const float v : values) count += test::is_poison(v) ? 1 : 0;
  return count;
}

}  // namespace

TEST_CASE("softmax2_f32: every length and misalignment") {
  for (const int n : lengths()) {
    for (const int offset : kOffsets) {
      const auto count = static_cast<size_t>(n + offset);
      const auto background = test::random_floats(count, -30.0f, 30.0f);
      const auto face = test::random_floats(count, -30.0f, 30.0f);
      std::vector<float> expected(static_cast<size_t>(n));
      faceio::ref::softmax2_f32(
          {background.data() + offset, face.data() + offset, expected.data(), n});
      for (const KernelTable* table : test::runnable_tables()) {
        INFO(std::string(faceio::name(table->target)), " n ", n, " offset ", offset);
        std::vector<float> score(count + 64, test::poison());
        table->softmax2_f32(
            {background.data() + offset, face.data() + offset, score.data() + 32 + offset, n});
        CHECK(poison_count(score) == 64 + static_cast<size_t>(offset));
        double worst = 0.0;
        for (size_t i = 0; i < expected.size(); ++i) {
          const double e = expected[i], s = score[32 + static_cast<size_t>(offset) + i];
          worst = std::max(worst, std::abs(s - e) / e);
        }
        // The difference of logits is rounded to 2^-19 (it reaches 60), exp is good to 2e-7, and a
        // sum and a division follow.
        CHECK(worst <= 2.5e-6);
      }
    }
  }
}

TEST_CASE("softmax2_f32: numpy values, extremes and NaN") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinity = std::numeric_limits<float>::infinity();
  // numpy float64: 1 / (1 + exp(background - face))
  const struct {
    float background, face;
    double score;
  } cases[] = {{0.0f, 0.0f, 0.5},
               {1.0f, 0.0f, 0.2689414213699951},
               {-3.25f, 4.5f, 0.999569443705142},
               {2.0f, -8.0f, 4.5397868702434395e-05},
               {-1e4f, 1e4f, 1.0},
               {1e4f, -1e4f, 0.0},
               {infinity, 0.0f, 0.0},
               {0.0f, infinity, 1.0},
               {nan, 0.0f, 0.0},
               {0.0f, nan, 0.0}};
  for (const KernelTable* table : test::runnable_tables()) {
    for (const auto& c : cases) {
      INFO(std::string(faceio::name(table->target)), " ", c.background, " ", c.face);
      float score = test::poison();
      table->softmax2_f32({&c.background, &c.face, &score, 1});
      CHECK(std::abs(static_cast<double>(score) - c.score) <= 5e-7 * c.score + 1e-37);
    }
  }
}

TEST_CASE("anchor_decode_f32: every length and misalignment") {
  for (const int n : lengths()) {
    for (const int offset : kOffsets) {
      const int stride = n + 7;
      const auto values = static_cast<size_t>(faceio::kCandidateValues * stride);
      const auto raw = test::random_floats(values + static_cast<size_t>(offset), -6.0f, 6.0f);
      const auto count = static_cast<size_t>(n + offset);
      const auto x = test::random_floats(count, 0.0f, 640.0f);
      const auto y = test::random_floats(count, 0.0f, 480.0f);
      const auto size = test::random_floats(count, 16.0f, 512.0f);
      faceio::AnchorDecodeArgs args;
      args.raw = raw.data() + offset;
      args.raw_stride = stride;
      args.anchor_x = x.data() + offset;
      args.anchor_y = y.data() + offset;
      args.anchor_size = size.data() + offset;
      args.out_stride = n + 3;
      args.count = n;
      args.out_scale_x = 1.5f;
      args.out_scale_y = 0.75f;
      const size_t out_values =
          static_cast<size_t>(faceio::kCandidateValues) * static_cast<size_t>(n + 3);
      std::vector<float> expected(out_values, test::poison());
      args.out = expected.data();
      faceio::ref::anchor_decode_f32(args);
      for (const KernelTable* table : test::runnable_tables()) {
        INFO(std::string(faceio::name(table->target)), " n ", n, " offset ", offset);
        std::vector<float> out(out_values + 64, test::poison());
        args.out = out.data() + 32;
        table->anchor_decode_f32(args);
        CHECK(poison_count(out) == 64 + poison_count(expected));
        double worst = 0.0;
        for (size_t i = 0; i < out_values; ++i) {
          if (test::is_poison(expected[i])) continue;
          // Magnitudes: anchor 640, offset 308, side 512 * e^1.2 = 1700, times 1.5.
          const double difference =
              std::abs(static_cast<double>(out[32 + i]) - static_cast<double>(expected[i]));
          worst = std::max(worst, difference == difference ? difference : 1e30);
        }
        CHECK(worst <= test::tolerance(2, 4000.0));
      }
    }
  }
}

TEST_CASE("anchor_decode_f32: hand-computed, in place, hostile values stay with their candidate") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinity = std::numeric_limits<float>::infinity();
  for (const KernelTable* table : test::runnable_tables()) {
    INFO(std::string(faceio::name(table->target)));
    constexpr int kStride = 3;
    float values[faceio::kCandidateValues * kStride] = {};
    // Candidate 0: centre (100 + 1 * 0.1 * 32, 60 - 2 * 0.1 * 32), sides 32 and 32 * e^0.2.
    values[0 * kStride] = 1.0f;
    values[1 * kStride] = -2.0f;
    values[3 * kStride] = 1.0f;
    values[4 * kStride] = -5.0f;
    values[13 * kStride] = 10.0f;
    // Candidate 1: sides that would overflow. Candidate 2: NaN.
    values[2 * kStride + 1] = infinity;
    values[3 * kStride + 1] = -infinity;
    for (int k = 0; k < faceio::kCandidateValues; ++k) values[k * kStride + 2] = nan;
    const float x[] = {100, 100, 100}, y[] = {60, 60, 60}, size[] = {32, 32, 32};
    faceio::AnchorDecodeArgs args;
    args.raw = values;
    args.out = values;
    args.raw_stride = args.out_stride = args.count = kStride;
    args.anchor_x = x;
    args.anchor_y = y;
    args.anchor_size = size;
    args.out_scale_x = 2.0f;
    args.out_scale_y = 1.0f;
    table->anchor_decode_f32(args);
    CHECK(values[0] == doctest::Approx(2 * (103.2 - 16)).epsilon(1e-6));
    CHECK(values[2 * kStride] == doctest::Approx(2 * (103.2 + 16)).epsilon(1e-6));
    CHECK(values[1 * kStride] == doctest::Approx(53.6 - 19.5424441).epsilon(1e-6));
    CHECK(values[3 * kStride] == doctest::Approx(53.6 + 19.5424441).epsilon(1e-6));
    CHECK(values[4 * kStride] == doctest::Approx(2 * (100 - 16.0)).epsilon(1e-6));
    CHECK(values[5 * kStride] == doctest::Approx(60.0).epsilon(1e-6));
    CHECK(values[13 * kStride] == doctest::Approx(92.0).epsilon(1e-6));
    for (int k = 0; k < faceio::kCandidateValues; ++k) {
      CHECK(std::isfinite(values[k * kStride]));
      CHECK(std::isfinite(values[k * kStride + 1]));
      CHECK(std::isnan(values[k * kStride + 2]));
    }
  }
}

namespace {

struct Boxes {
  std::vector<float> x1, y1, x2, y2;

  void add(float left, float top, float right, float bottom) {
    x1.push_back(left);
    y1.push_back(top);
    x2.push_back(right);
    y2.push_back(bottom);
  }
  int count() const { return static_cast<int>(x1.size()); }
  faceio::NmsArgs args(float threshold, uint8_t* keep, int first = 0) const {
    return {x1.data() + first, y1.data() + first, x2.data() + first, y2.data() + first,
            count() - first, threshold, keep};
  }
};

std::vector<int> kept(const KernelTable& table, const Boxes& boxes, float threshold) {
  std::vector<uint8_t> keep(static_cast<size_t>(boxes.count()), 0xa5);
  table.nms_f32(boxes.args(threshold, keep.data()));
  std::vector<int> result;
  for (int i = 0; i < boxes.count(); ++i) {
    const uint8_t k = keep[static_cast<size_t>(i)];
    CHECK(k <= 1);
    if (k == 1) result.push_back(i);
  }
  return result;
}

}  // namespace

TEST_CASE("nms_f32: hand-computed") {
  for (const KernelTable* table : test::runnable_tables()) {
    INFO(std::string(faceio::name(table->target)));
    CHECK(kept(*table, Boxes{}, 0.4f).empty());

    // With the +1 convention [0,9]^2 has area 100. Shifted by 5: 50 common, 150 all, IoU 1/3.
    // Without it the areas would be 81 and 36 common: IoU 0.286. A threshold between tells.
    Boxes pair;
    pair.add(0, 0, 9, 9);
    pair.add(5, 0, 14, 9);
    CHECK(kept(*table, pair, 0.32f) == std::vector<int>{0});
    CHECK(kept(*table, pair, 0.34f) == std::vector<int>{0, 1});

    // IoU 50 / 100 exactly at the threshold: only more than the threshold drops.
    Boxes half;
    half.add(0, 0, 9, 9);
    half.add(0, 0, 9, 4);
    CHECK(kept(*table, half, 0.5f) == std::vector<int>{0, 1});
    CHECK(kept(*table, half, 0.499f) == std::vector<int>{0});

    // 0 drops 1; 1 would drop 2, but a dropped box drops nothing.
    Boxes chain;
    chain.add(0, 0, 9, 9);
    chain.add(4, 0, 13, 9);
    chain.add(8, 0, 17, 9);
    CHECK(kept(*table, chain, 0.4f) == std::vector<int>{0, 2});

    // Equal boxes: the first stays. Boxes that only touch by one pixel column stay.
    Boxes equal;
    for (int i = 0; i < 40; ++i) equal.add(3, 4, 50, 60);
    CHECK(kept(*table, equal, 0.4f) == std::vector<int>{0});
    Boxes touching;
    touching.add(0, 0, 9, 9);
    touching.add(9, 0, 18, 9);
    CHECK(kept(*table, touching, 0.4f) == std::vector<int>{0, 1});
  }
}

TEST_CASE("nms_f32: NaN and infinite boxes are kept and remove nothing") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinity = std::numeric_limits<float>::infinity();
  for (const KernelTable* table : test::runnable_tables()) {
    for (const float bad : {nan, infinity, -infinity}) {
      for (int coordinate = 0; coordinate < 4; ++coordinate) {
        INFO(std::string(faceio::name(table->target)), " coordinate ", coordinate, " = ", bad);
        Boxes boxes;
        boxes.add(0, 0, 9, 9);
        boxes.add(0, 0, 9, 9);
        boxes.add(100, 0, 109, 9);
        boxes.add(0, 0, 9, 9);
        std::vector<float>* const sides[] = {&boxes.x1, &boxes.y1, &boxes.x2, &boxes.y2};
        (*sides[coordinate])[1] = bad;
        CHECK(kept(*table, boxes, 0.4f) == std::vector<int>{0, 1, 2});
        std::swap((*sides[coordinate])[0], (*sides[coordinate])[1]);  // the best box is the bad one
        CHECK(kept(*table, boxes, 0.4f) == std::vector<int>{0, 1, 2});
      }
    }
  }
}

TEST_CASE("nms_f32: lanes behind the last box do not count") {
  // Boxes of one pixel at the origin overlap an empty lane, which is a box of zeros, completely.
  for (const KernelTable* table : test::runnable_tables()) {
    for (int n = 1; n <= 2 * 16 + 1; ++n) {
      INFO(std::string(faceio::name(table->target)), " n ", n);
      Boxes boxes;
      for (int i = 0; i < n; ++i) boxes.add(0, 0, 0, 0);
      std::vector<uint8_t> keep(static_cast<size_t>(n) + 32, 0xa5);
      table->nms_f32(boxes.args(0.4f, keep.data()));
      for (int i = 0; i < n + 32; ++i) {
        CHECK(keep[static_cast<size_t>(i)] == (i == 0 ? 1 : i < n ? 0 : 0xa5));
      }
    }
  }
}

TEST_CASE("nms_f32: random boxes, every count and misalignment") {
  for (const int n : lengths()) {
    for (const int offset : kOffsets) {
      Boxes boxes;
      for (int i = 0; i < n + offset; ++i) {
        const float x = test::random_float(0.0f, 60.0f), y = test::random_float(0.0f, 60.0f);
        boxes.add(x, y, x + test::random_float(5.0f, 40.0f), y + test::random_float(5.0f, 40.0f));
      }
      const float threshold = 0.3f;
      std::vector<uint8_t> expected(static_cast<size_t>(n));
      const faceio::NmsArgs args = boxes.args(threshold, expected.data(), offset);
      faceio::ref::nms_f32(args);
      // A pair so close to the threshold that rounding decides would make the comparison unfair.
      bool decided = true;
      for (int i = 0; i < n; ++i) {
        for (int j = i + 1; j < n; ++j) {
          const double overlap = faceio::ref::nms_overlap(args, i, j);
          decided = decided && std::abs(overlap - static_cast<double>(threshold)) > 2e-6;
        }
      }
      if (!decided) continue;
      for (const KernelTable* table : test::runnable_tables()) {
        INFO(std::string(faceio::name(table->target)), " n ", n, " offset ", offset);
        std::vector<uint8_t> keep(static_cast<size_t>(n) + 32, 0xa5);
        table->nms_f32(boxes.args(threshold, keep.data() + 16, offset));
        CHECK(std::equal(expected.begin(), expected.end(), keep.begin() + 16));
        for (size_t i = 0; i < 16; ++i) {
          CHECK(keep[i] == 0xa5);
          CHECK(keep[keep.size() - 1 - i] == 0xa5);
        }
      }
    }
  }
}
