// The bootstrap over people: one replicate worked out by hand, and what cannot be resampled.
#include <doctest/doctest.h>

#include <cmath>
#include <faceio/eval/bootstrap.hpp>
#include <vector>

using faceio::eval::BootstrapOptions;
using faceio::eval::Error;
using faceio::eval::Interval;
using faceio::eval::PeopleBootstrap;
using faceio::eval::ScoredPair;
using faceio::SplitMix64;

namespace {

const std::vector<ScoredPair> kPairs = {{0.9, 0, 0}, {0.4, 1, 1}, {0.95, 3, 3}, {0.7, 4, 4},  // genuine
                                        {0.5, 0, 1}, {0.3, 1, 2}, {0.8, 2, 3},  {0.6, 2, 4},
                                        {0.1, 0, 4}};  // impostors

void check_one(const Interval& interval, double expected) {
  CHECK(interval.low == doctest::Approx(expected));
  CHECK(interval.high == doctest::Approx(expected));
}

}  // namespace

TEST_CASE("SplitMix64: the published sequence of seed 1234567") {
  SplitMix64 random(1234567);
  CHECK(random.next() == 6457827717110365317u);
  CHECK(random.next() == 3203168211198807973u);
  CHECK(random.next() == 9817491932198370423u);
  CHECK(random.next() == 4593380528125082431u);
  CHECK(random.next() == 16408922859458223821u);
  // As shares of 2^64: 0.350, 0.174, 0.532, 0.249, 0.890.
  SplitMix64 again(1234567);
  for (const uint32_t expected : {1u, 0u, 2u, 1u, 4u}) CHECK(again.below(5) == expected);
}

TEST_CASE("one replicate by hand") {
  // The draws 1, 0, 2, 1, 4 of the case above: weights 1, 2, 1, 0, 1. Genuine pairs weigh 1, 2, 0, 1 = 4,
  // impostors 2, 2, 0, 1, 1 = 6.
  const PeopleBootstrap one(kPairs, 5, {1, 1234567, 0.95});
  check_one(one.far_at(0.5), 3.0 / 6.0);  // 0.8 (0), 0.6 (1), 0.5 (2)
  check_one(one.far_at(0.55), 1.0 / 6.0);
  check_one(one.tar_at(0.5), 2.0 / 4.0);  // 0.95 (0), 0.9 (1), 0.7 (1)
  check_one(one.tar_at(0.99), 0.0);
  check_one(one.tar_at_far(0.0), 2.0 / 4.0);  // down to 0.7: the impostor at 0.8 weighs nothing
  check_one(one.tar_at_far(0.2), 2.0 / 4.0);  // 0.6 is let in, 0.5 would make 3 of 6
  check_one(one.tar_at_far(0.5), 1.0);        // with 0.5 exactly 3 of 6, then the genuine 0.4
}

TEST_CASE("ties are accepted together") {
  // Weights 1, 2, 1, 0, 1: genuine 0.5 (1), impostors 0.5 (2) and 0.2 (1).
  const PeopleBootstrap one({{0.5, 0, 0}, {0.5, 0, 1}, {0.2, 0, 2}}, 5, {1, 1234567, 0.95});
  check_one(one.tar_at_far(0.6), 0.0);
  check_one(one.tar_at_far(0.7), 1.0);
}

TEST_CASE("many replicates: the spread of a share of people") {
  // 50 of 100 people have a genuine pair that is accepted. The TAR of a replicate is binomial / 100 with
  // standard deviation 0.05: the middle 95 % spans 0.40 to 0.60.
  std::vector<ScoredPair> pairs;
  for (uint32_t person = 0; person < 100; ++person)
    pairs.push_back({person < 50 ? 0.9 : 0.1, person, person});
  const Interval interval = PeopleBootstrap(pairs, 100, {4000, 1, 0.95}).tar_at(0.5);
  CHECK(interval.low == doctest::Approx(0.40).epsilon(0.03));
  CHECK(interval.high == doctest::Approx(0.60).epsilon(0.03));
}

TEST_CASE("refusals") {
  // Seed 1234567 draws person 0 twice: the impostor pair weighs 2 * 0.
  const std::vector<ScoredPair> two = {{0.9, 0, 0}, {0.5, 0, 1}};
  CHECK_THROWS_AS(PeopleBootstrap(two, 2, {1, 1234567, 0.95}).far_at(0.5), Error);
  CHECK_THROWS_AS(PeopleBootstrap(two, 2, {1, 1234567, 0.95}).tar_at_far(0.5), Error);
  CHECK_THROWS_AS(PeopleBootstrap({{0.5, 0, 1}}, 2, {}).tar_at(0.5), Error);
  CHECK_THROWS_AS(PeopleBootstrap({}, 0, {}).tar_at(0.5), Error);
  CHECK_THROWS_AS(PeopleBootstrap(kPairs, 4, {}), Error);            // person 4 of 4
  CHECK_THROWS_AS(PeopleBootstrap(kPairs, 5, {0, 1, 0.95}), Error);  // no replicates
  CHECK_THROWS_AS(PeopleBootstrap(kPairs, 5, {1, 1, 1.0}), Error);   // confidence
  CHECK_THROWS_AS(PeopleBootstrap({{std::nan(""), 0, 1}}, 2, {}), Error);
  CHECK_THROWS_AS(PeopleBootstrap(kPairs, 5, {}).tar_at_far(1.0), Error);
}
