// Calibration from all pairs: counts by hand, and beside the calibration that keeps every pair.
#include <doctest/doctest.h>

#include <cmath>
#include <faceio/eval/all_pairs_calibration.hpp>
#include <faceio/eval/calibration.hpp>
#include <limits>
#include <string>
#include <vector>

#include "eval_support.hpp"

using faceio::eval::AllPairsCalibration;
using faceio::eval::AllPairsCalibrationOptions;
using faceio::eval::BootstrapOptions;
using faceio::eval::calibrate;
using faceio::eval::calibrate_all_pairs;
using faceio::eval::CalibrationData;
using faceio::eval::CalibrationRow;
using faceio::eval::EmbeddingBlock;
using faceio::eval::Interval;
using faceio::eval::PairCounts;
using faceio::SplitMix64;
using test::check_error;

namespace {

struct Faces {
  size_t length;
  std::vector<float> values;
  std::vector<uint32_t> people;

  void add(uint32_t person, std::vector<float> direction) {
    double squared = 0.0;
    for (const float value : direction) squared += static_cast<double>(value) * static_cast<double>(value);
    for (const float value : direction) {
      values.push_back(static_cast<float>(static_cast<double>(value) / std::sqrt(squared)));
    }
    people.push_back(person);
  }
  EmbeddingBlock block() const { return {values.data(), people.data(), people.size()}; }
};

// Directions in the plane by their angles in degrees.
void add_at(Faces& faces, uint32_t person, double degrees) {
  const double radians = degrees * 3.14159265358979323846 / 180.0;
  faces.add(person, {static_cast<float>(std::cos(radians)), static_cast<float>(std::sin(radians))});
}

double cosine_of(double degrees) { return std::cos(degrees * 3.14159265358979323846 / 180.0); }

// 40 people of one to four pictures: a random direction each, and pictures near it.
Faces random_faces() {
  Faces faces{8, {}, {}};
  SplitMix64 random(5);
  const auto uniform = [&random] { return static_cast<float>(random.below(2001)) / 1000.0f - 1.0f; };
  for (uint32_t person = 0; person < 40; ++person) {
    std::vector<float> centre(8);
    for (float& value : centre) value = uniform();
    for (uint32_t picture = 0; picture <= person % 4; ++picture) {
      std::vector<float> near = centre;
      for (float& value : near) value += 0.6f * uniform();
      faces.add(person, near);
    }
  }
  return faces;
}

AllPairsCalibrationOptions options_for(std::vector<double> fars, size_t replicates = 200) {
  AllPairsCalibrationOptions options;
  options.model_id = 7;
  options.source = "invented directions";
  options.target_fars = std::move(fars);
  options.bootstrap = {replicates, 3, 0.95};
  return options;
}

void check_same(const Interval& a, const Interval& b) {
  CHECK(a.low == b.low);
  CHECK(a.high == b.high);
}

}  // namespace

TEST_CASE("pairs of people with 3, 1 and 2 pictures") {
  // Genuine 3 + 0 + 1; impostors 3 * 1 + 3 * 2 + 1 * 2.
  const PairCounts plain = PairCounts::of({3, 1, 2});
  CHECK(plain.genuine == 4);
  CHECK(plain.impostor == 11);
  // Drawn 2, 0 and 3 times: genuine 2 * 3 + 3 * 1, impostors 2 * 3 * (3 * 2).
  const PairCounts weighted = PairCounts::of({3, 1, 2}, {2, 0, 3});
  CHECK(weighted.genuine == 9);
  CHECK(weighted.impostor == 36);
}

TEST_CASE("four people at hand-computed angles") {
  Faces faces{2, {}, {}};
  add_at(faces, 0, 0.0);
  add_at(faces, 0, 10.0);
  add_at(faces, 1, 30.0);
  add_at(faces, 1, 31.0);
  add_at(faces, 2, 70.0);
  add_at(faces, 2, 72.0);
  add_at(faces, 3, 175.0);
  add_at(faces, 3, 100.0);
  // Impostor pairs: 4 * 6 = 24. The closest by angle: 20 (10-30), 21 (10-31), 28 (72-100), 30 (0-30),
  // 30 (70-100), 31 (0-31), 39 (31-70), ... FAR 0.125 allows three of them, so the threshold lies just above 30 degrees.
  // Genuine: 10, 1 and 2 degrees pass, 75 does not.
  const AllPairsCalibration result = calibrate_all_pairs(faces.block(), 2, options_for({0.125}));
  CHECK(result.calibration.people == 4);
  CHECK(result.calibration.pictures == 8);
  CHECK(result.calibration.genuine_pairs == 4);
  CHECK(result.calibration.impostor_pairs == 24);
  REQUIRE(result.calibration.rows.size() == 1);
  const CalibrationRow& row = result.calibration.rows[0];
  CHECK(row.observed_far.rate == 3.0 / 24.0);
  CHECK(row.tar.rate == 0.75);
  CHECK(row.threshold > cosine_of(30.0));
  CHECK(row.threshold < cosine_of(30.0) + 1e-6);
  REQUIRE(result.closest_impostors.size() == 5);
  CHECK(result.closest_impostors[0].a == 1);
  CHECK(result.closest_impostors[0].b == 2);
  CHECK(result.closest_impostors[2].a == 5);
  CHECK(result.closest_impostors[2].b == 7);
  CHECK(std::abs(static_cast<double>(result.closest_impostors[2].cosine) - cosine_of(28.0)) < 1e-6);
}

TEST_CASE("the same as a calibration that keeps every pair") {
  const Faces faces = random_faces();
  const EmbeddingBlock block = faces.block();
  CalibrationData data;
  data.model_id = 7;
  data.source = "invented directions";
  data.people = 40;
  data.pictures = block.count;
  for (size_t a = 0; a < block.count; ++a) {
    for (size_t b = a + 1; b < block.count; ++b) {
      float score = 0.0f;
      faceio::eval::dot_row(block.values + 8 * a, block.values + 8 * b, 1, 8, &score);
      data.pairs.push_back({static_cast<double>(score), block.people[a], block.people[b]});
    }
  }
  const std::vector<double> fars = {0.001, 0.1, 0.01};
  const BootstrapOptions bootstrap = {200, 3, 0.95};
  const faceio::eval::Calibration kept = calibrate(data, fars, bootstrap);
  const faceio::eval::Calibration streamed =
      calibrate_all_pairs(block, 8, options_for(fars)).calibration;
  CHECK(streamed.genuine_pairs == kept.genuine_pairs);
  CHECK(streamed.impostor_pairs == kept.impostor_pairs);
  REQUIRE(streamed.rows.size() == 3);
  for (size_t i = 0; i < 3; ++i) {
    const CalibrationRow &a = streamed.rows[i], &b = kept.rows[i];
    CHECK(a.target_far == b.target_far);
    CHECK(a.threshold <= b.threshold);  // the smallest float, not the smallest observed score
    CHECK(a.observed_far.rate == b.observed_far.rate);
    CHECK(a.tar.rate == b.tar.rate);
    check_same(a.observed_far.pairs, b.observed_far.pairs);
    check_same(a.observed_far.people, b.observed_far.people);
    check_same(a.tar.pairs, b.tar.pairs);
    check_same(a.tar.people, b.tar.people);
    CHECK(a.observed_far.people.high > a.observed_far.people.low);
  }
}

TEST_CASE("refusals") {
  const auto refuse = [](const Faces& faces, const AllPairsCalibrationOptions& options,
                         const std::string& part) {
    check_error([&] { calibrate_all_pairs(faces.block(), faces.length, options); }, part);
  };
  const Faces faces = random_faces();  // 100 pictures, 100 genuine pairs: 4,850 impostor pairs
  refuse(faces, options_for({1e-4}), "FAR 0.0001 needs 30000 impostor pairs (3 / FAR)");
  refuse(faces, options_for({}), "no target FAR");
  refuse(faces, options_for({0.0}), "is not between 0 and 1");
  refuse(faces, options_for({std::numeric_limits<double>::quiet_NaN()}), "is not between 0 and 1");
  refuse(faces, options_for({0.1, 0.1}), "falling target FARs");
  refuse(faces, options_for({0.1}, 0), "at least one replicate");

  Faces gap{2, {}, {}};
  add_at(gap, 0, 0.0);
  add_at(gap, 2, 50.0);
  add_at(gap, 2, 60.0);
  refuse(gap, options_for({0.5}), "person 1 has no embedding");
  gap.people[2] = 9;
  refuse(gap, options_for({0.5}), "person 9 of 3 embeddings");

  Faces singles{2, {}, {}};
  for (uint32_t person = 0; person < 6; ++person) add_at(singles, person, 20.0 * person);
  refuse(singles, options_for({0.5}), "no genuine pair");

  Faces copies{2, {}, {}};  // six people on the same picture, twice
  for (uint32_t person = 0; person < 6; ++person) {
    add_at(copies, person, 20.0);
    add_at(copies, person, 20.0);
  }
  refuse(copies, options_for({0.1}), "are there duplicates");

  Faces one_pair{2, {}, {}};  // of ten people only one has two pictures: a third of the draws misses it
  for (uint32_t person = 0; person < 10; ++person) add_at(one_pair, person, 7.0 * person * person);
  add_at(one_pair, 0, 3.0);
  refuse(one_pair, options_for({0.1}), "hold a pair to count");

  Faces long_vector{2, {}, {}};
  for (uint32_t i = 0; i < 12; ++i) add_at(long_vector, i / 2, 9.0 * i);
  long_vector.values[0] = 2.0f;
  refuse(long_vector, options_for({0.1}), "has L2 norm 2");
}
