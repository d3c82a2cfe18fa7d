// All-pairs verification: hand-counted sets, a million embeddings with a known tail, brute force.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <faceio/eval/all_pairs.hpp>
#include <limits>
#include <vector>

#include "eval_support.hpp"

using faceio::eval::AllPairs;
using faceio::eval::AllPairsOptions;
using faceio::eval::AllPairsPoint;
using faceio::eval::CosineHistogram;
using faceio::eval::dot_row;
using faceio::eval::EmbeddingBlock;
using faceio::eval::Error;
using test::check_error;

namespace {

AllPairsOptions limits(size_t tail, size_t genuine_limit) {
  AllPairsOptions options;
  options.tail = tail;
  options.genuine_limit = genuine_limit;
  return options;
}

struct Embeddings {
  size_t length;
  std::vector<float> values;
  std::vector<uint32_t> people;

  EmbeddingBlock block(size_t first, size_t count) const {
    return {values.data() + first * length, people.data() + first, count};
  }
  EmbeddingBlock all() const { return block(0, people.size()); }
};

// a and b of one person, c and d of another, e alone. Cosines: ab 0.5 and cd 0.5 genuine; impostors ae, bc,
// be, ce, de 0.5, ac and bd 0, ad -0.5.
const Embeddings kFive = {4,
                          {0.5f, 0.5f,  0.5f,  0.5f,   //
                           0.5f, 0.5f,  0.5f,  -0.5f,  //
                           0.5f, 0.5f,  -0.5f, -0.5f,  //
                           0.5f, -0.5f, -0.5f, -0.5f,  //
                           1.0f, 0.0f,  0.0f,  0.0f},
                          {7, 7, 8, 8, 9}};

Embeddings random_embeddings(size_t count, size_t length) {
  Embeddings result{length, {}, {}};
  uint32_t state = 12345;
  for (size_t i = 0; i < count; ++i) {
    double squared = 0.0;
    for (size_t j = 0; j < length; ++j) {
      state = state * 1664525u + 1013904223u;
      result.values.push_back(static_cast<float>(state >> 8) / 8388608.0f - 1.0f);
      squared += static_cast<double>(result.values.back()) * static_cast<double>(result.values.back());
    }
    for (size_t j = 0; j < length; ++j) {
      float& value = result.values[i * length + j];
      value = static_cast<float>(static_cast<double>(value) / std::sqrt(squared));
    }
    result.people.push_back(static_cast<uint32_t>(i / 3));
  }
  return result;
}

}  // namespace

TEST_CASE("each unordered pair once") {
  AllPairs pairs(4);
  pairs.add_within(kFive.all());
  CHECK(pairs.genuine_pairs() == 2);
  CHECK(pairs.impostor_pairs() == 8);
  CHECK(pairs.tail() == std::vector<float>{0.5f, 0.5f, 0.5f, 0.5f, 0.5f, 0.0f, 0.0f, -0.5f});
  // Four of eight may be accepted, but five share the score 0.5, as do the genuine pairs.
  const AllPairsPoint half = pairs.at_far(0.5);
  CHECK(half.strict.threshold > 0.5);
  CHECK(half.strict.threshold == std::nextafter(0.5f, 1.0f));
  CHECK(half.strict.accepted_impostors == 0);
  CHECK(half.strict.tar == 0.0);
  CHECK(half.smallest_threshold);
  // 5.6 of eight: everything above 0.
  const AllPairsPoint most = pairs.at_far(0.7);
  CHECK(most.strict.threshold == std::nextafter(0.0f, 1.0f));
  CHECK(most.strict.accepted_impostors == 5);
  CHECK(most.strict.observed_far == 0.625);
  CHECK(most.strict.tar == 1.0);
}

TEST_CASE("rows with columns: a and e with b, c, d") {
  const Embeddings ae = {4, {0.5f, 0.5f, 0.5f, 0.5f, 1.0f, 0.0f, 0.0f, 0.0f}, {7, 9}};
  AllPairs pairs(4);
  pairs.add_between(ae.all(), kFive.block(1, 3));
  CHECK(pairs.genuine_pairs() == 1);
  CHECK(pairs.tail() == std::vector<float>{0.5f, 0.5f, 0.5f, 0.0f, -0.5f});
}

TEST_CASE("beyond the tail the threshold is an edge of a bin") {
  AllPairs pairs(4, limits(2, 100));
  for (int i = 0; i < 10; ++i) pairs.add(static_cast<float>(i) / 10.0f, false);
  for (const float score : {0.95f, 0.8f, 0.80001f, 0.5f}) pairs.add(score, true);
  CHECK(pairs.tail() == std::vector<float>{0.9f, 0.8f});
  // One of ten: above 0.8. Genuine 0.95 and 0.80001.
  AllPairsPoint point = pairs.at_far(0.1);
  CHECK(point.smallest_threshold);
  CHECK(point.strict.threshold == std::nextafter(0.8f, 1.0f));
  CHECK(point.strict.accepted_impostors == 1);
  CHECK(point.strict.accepted_genuine == 2);
  // Three of ten: 0.6 is rejected. 0.6 x 32768 = 19660.8, so its bin ends at 19661 / 32768.
  point = pairs.at_far(0.3);
  CHECK_FALSE(point.smallest_threshold);
  CHECK(point.strict.threshold == 19661.0 / 32768.0);
  CHECK(point.strict.accepted_impostors == 3);
  CHECK(point.strict.observed_far == 0.3);
  CHECK(point.strict.accepted_genuine == 3);
  CHECK(point.undecided_genuine == 0);
  // Two of ten is the length of the tail: the third score is not in it. 0.7 x 32768 = 22937.6.
  point = pairs.at_far(0.2);
  CHECK_FALSE(point.smallest_threshold);
  CHECK(point.strict.threshold == 22938.0 / 32768.0);
  CHECK(point.strict.accepted_impostors == 2);
}

TEST_CASE("genuine scores beyond the limit are counted by bins") {
  AllPairs pairs(4, limits(2, 3));
  for (int i = 0; i < 10; ++i) pairs.add(static_cast<float>(i) / 10.0f, false);
  for (const float score : {0.95f, 0.8f, 0.80001f, 0.5f}) pairs.add(score, true);
  // 0.8 x 32768 = 26214.4 and 0.80001 x 32768 = 26214.7: one bin, the threshold inside it.
  const AllPairsPoint inside = pairs.at_far(0.1);
  CHECK(inside.strict.accepted_genuine == 1);
  CHECK(inside.strict.tar == 0.25);
  CHECK(inside.undecided_genuine == 2);
  // On an edge nothing is undecided.
  const AllPairsPoint edge = pairs.at_far(0.3);
  CHECK(edge.strict.accepted_genuine == 3);
  CHECK(edge.undecided_genuine == 0);
}

TEST_CASE("duplicates that share the last bin leave no threshold") {
  for (const size_t genuine_limit : {size_t{0}, size_t{10}}) {
    AllPairs pairs(4, limits(1, genuine_limit));
    for (int i = 0; i < 5; ++i) pairs.add(1.0f, false);
    for (int i = 0; i < 5; ++i) pairs.add(0.0f, false);
    pairs.add(1.0f, true);
    const AllPairsPoint point = pairs.at_far(0.3);
    CHECK(point.strict.threshold == std::numeric_limits<double>::infinity());
    CHECK(point.strict.accepted_impostors == 0);
    CHECK(point.strict.tar == 0.0);
    CHECK(point.undecided_genuine == 0);
  }
}

TEST_CASE("CosineHistogram: exact edges") {
  CHECK(CosineHistogram::bin(-1.0) == 0);
  CHECK(CosineHistogram::bin(-1.001) == 0);
  CHECK(CosineHistogram::bin(0.0) == 32768);
  CHECK(CosineHistogram::bin(-1e-30) == 32767);
  CHECK(CosineHistogram::bin(0.5) == 49152);
  CHECK(CosineHistogram::bin(std::nextafter(0.5f, 0.0f)) == 49151);
  CHECK(CosineHistogram::bin(1.0) == 65535);
  CHECK(CosineHistogram::bin(1.001) == 65535);
  CHECK(CosineHistogram::edge(49152) == 0.5);
}

TEST_CASE("a million embeddings: the tail is known by construction") {
  // The first number of gallery embedding i is c = j / 2^20 - 0.5 with j running through 0 .. 2^20 - 1 in
  // scattered order, the second makes its norm 1. The probe (1, 0, ...) sees exactly c, its mirror -c.
  constexpr size_t kCount = 1u << 20, kLength = 16, kBlock = 1u << 16;
  const Embeddings probes = [] {
    Embeddings two{kLength, std::vector<float>(2 * kLength), {0, 1}};
    two.values[0] = 1.0f;
    two.values[kLength] = -1.0f;
    return two;
  }();
  AllPairs pairs(kLength, limits(1000, 10));
  Embeddings gallery{kLength, std::vector<float>(kBlock * kLength), std::vector<uint32_t>(kBlock)};
  for (size_t begin = 0; begin < kCount; begin += kBlock) {
    for (size_t i = 0; i < kBlock; ++i) {
      const size_t j = (begin + i) * 40503u % kCount;
      const double c = static_cast<double>(j) / kCount - 0.5;
      gallery.values[i * kLength] = static_cast<float>(c);
      for (size_t k = 1; k < kLength; ++k) gallery.values[i * kLength + k] = 0.0f;
      gallery.values[i * kLength + 1 + i % 15] = static_cast<float>(std::sqrt(1.0 - c * c));
      gallery.people[i] = j == kCount - 1 ? 0 : 2;  // the one mate scores 0.5 - 2^-20
    }
    pairs.add_between(probes.all(), gallery.all());
  }
  CHECK(pairs.genuine_pairs() == 1);
  CHECK(pairs.impostor_pairs() == 2 * kCount - 1);
  // Impostors from the top, in units of 2^-20: the mirror sees 2^19 (j = 0), 2^19 - 1, ...; the first probe
  // 2^19 - 2 and down.
  const std::vector<float> tail = pairs.tail();
  REQUIRE(tail.size() == 1000);
  CHECK(tail[0] == 0.5f);
  CHECK(tail[1] == 0.5f - 1.0f / kCount);
  for (size_t i = 2; i < tail.size(); ++i)
    CHECK(tail[i] == 0.5f - static_cast<float>(2 + (i - 2) / 2) / kCount);
  // One false accept in 2^21 - 1: above 2^19 - 1, where the mate lies. Two: above 2^19 - 2.
  CHECK(pairs.at_far(1.0 / (2.0 * kCount - 1.0)).strict.tar == 0.0);
  const AllPairsPoint two = pairs.at_far(2.0 / (2.0 * kCount - 1.0));
  CHECK(two.strict.accepted_impostors == 2);
  CHECK(two.strict.threshold == std::nextafter(0.5f - 2.0f / kCount, 1.0f));
  CHECK(two.strict.tar == 1.0);
  // A quarter: 2^19 - 1 pairs may be accepted. Those >= c are 2 x 2^20 x (0.5 - c), one more and one less at
  // the ends; the bin edge 0.25 would accept 2^19, so the next, 0.25 + 2^-15, is taken.
  const AllPairsPoint quarter = pairs.at_far(0.25);
  CHECK_FALSE(quarter.smallest_threshold);
  CHECK(quarter.strict.threshold == 0.25 + 1.0 / 32768.0);
  CHECK(quarter.strict.accepted_impostors == (1u << 19) - 64);
  check_error([&] { pairs.at_far(1e-7); }, "2097151 impostor pairs cannot show a FAR of 1e-07");
}

TEST_CASE("against every score in double") {
  const Embeddings e = random_embeddings(900, 37);
  AllPairs whole(37, limits(5000, 1000000));
  whole.add_within(e.all());
  std::vector<double> genuine, impostor;
  for (size_t i = 0; i < 900; ++i) {
    for (size_t j = 0; j < i; ++j) {
      double sum = 0.0;
      for (size_t k = 0; k < 37; ++k) {
        sum += static_cast<double>(e.values[i * 37 + k]) * static_cast<double>(e.values[j * 37 + k]);
      }
      (e.people[i] == e.people[j] ? genuine : impostor).push_back(sum);
    }
  }
  std::sort(impostor.rbegin(), impostor.rend());
  CHECK(whole.genuine_pairs() == genuine.size());
  CHECK(whole.impostor_pairs() == impostor.size());
  const std::vector<float> tail = whole.tail();
  REQUIRE(tail.size() == 5000);
  double worst = 0.0;
  for (size_t i = 0; i < tail.size(); ++i) {
    worst = std::max(worst, std::abs(static_cast<double>(tail[i]) - impostor[i]));
  }
  CHECK(worst < 1e-6);
  const AllPairsPoint point = whole.at_far(1e-3);
  CHECK(point.strict.accepted_impostors == impostor.size() / 1000);

  // In blocks of any size the same scores come.
  AllPairs blocks(37, limits(5000, 1000000));
  const size_t begins[] = {0, 1, 300, 557, 900};
  for (size_t b = 0; b < 4; ++b) {
    const EmbeddingBlock block = e.block(begins[b], begins[b + 1] - begins[b]);
    blocks.add_within(block);
    for (size_t a = 0; a < b; ++a) blocks.add_between(e.block(begins[a], begins[a + 1] - begins[a]), block);
  }
  CHECK(blocks.tail() == tail);
  CHECK(blocks.genuine_pairs() == whole.genuine_pairs());
  CHECK(blocks.at_far(0.5).strict.accepted_impostors == whole.at_far(0.5).strict.accepted_impostors);
}

TEST_CASE("another dot product") {
  AllPairsOptions options;
  size_t dots = 0;
  options.dot = [&dots](const float* row, const float* columns, size_t count, size_t length, float* scores) {
    dots += count;
    dot_row(row, columns, count, length, scores);
  };
  AllPairs pairs(4, options);
  pairs.add_within(kFive.all());
  CHECK(dots == 10);
  options.dot = [](const float*, const float*, size_t count, size_t, float* scores) {
    std::fill(scores, scores + count, std::numeric_limits<float>::quiet_NaN());
  };
  AllPairs broken(4, options);
  check_error([&] { broken.add_within(kFive.all()); }, "embeddings 0 and 1 have the cosine");
}

TEST_CASE("AllPairs refuses") {
  CHECK_THROWS_AS(AllPairs(0), Error);
  CHECK_THROWS_AS(AllPairs(4, limits(0, 1)), Error);
  AllPairs pairs(4);
  check_error([&] { pairs.at_far(0.5); }, "0 impostor pairs cannot show");
  Embeddings bad = kFive;
  bad.values[5] = 2.0f;
  check_error([&] { pairs.add_within(bad.all()); }, "embedding 1 has L2 norm");
  check_error([&] { pairs.add_between(kFive.all(), bad.all()); }, "embedding 1 has L2 norm");
  bad.values[5] = std::numeric_limits<float>::quiet_NaN();
  check_error([&] { pairs.add_within(bad.all()); }, "embedding 1 has L2 norm");
  pairs.add_within(kFive.block(0, 0));  // nothing
  pairs.add_within(kFive.block(0, 1));  // no pair
  CHECK(pairs.impostor_pairs() == 0);
  pairs.add(0.5f, false);
  pairs.add(0.25f, false);
  check_error([&] { pairs.at_far(0.5); }, "no genuine pair");
  CHECK_THROWS_AS(pairs.at_far(1.0), Error);
  CHECK_THROWS_AS(pairs.at_far(std::nan("")), Error);
}
