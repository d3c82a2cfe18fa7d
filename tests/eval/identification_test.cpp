// Identification: four probes against three people, every score chosen.
#include <doctest/doctest.h>

#include <cmath>
#include <faceio/eval/identification.hpp>
#include <limits>
#include <vector>

#include "eval_support.hpp"

using faceio::eval::AllPairsOptions;
using faceio::eval::EmbeddingBlock;
using faceio::eval::Error;
using faceio::eval::Identification;
using faceio::eval::IdentificationPoint;
using test::check_error;

namespace {

constexpr size_t kLength = 5;

// Probe k is the unit vector k, so it sees number k of a gallery embedding as cosine; the last number makes
// the norm 1.
struct Gallery {
  std::vector<float> values;
  std::vector<uint32_t> people;

  void add(uint32_t person, const std::vector<float>& cosines) {
    double rest = 1.0;
    for (const float cosine : cosines) {
      values.push_back(cosine);
      rest -= static_cast<double>(cosine) * static_cast<double>(cosine);
    }
    values.push_back(static_cast<float>(std::sqrt(rest)));
    people.push_back(person);
  }
  EmbeddingBlock block() const { return {values.data(), people.data(), people.size()}; }
};

struct Probes {
  std::vector<float> values = std::vector<float>(4 * kLength);
  std::vector<uint32_t> people = {10, 11, 12, 99};

  Probes() {
    for (size_t k = 0; k < 4; ++k) values[k * kLength + k] = 1.0f;
  }
  EmbeddingBlock block() const { return {values.data(), people.data(), people.size()}; }
};

// Person       10      11     12
// probe of 10  0.75    0.25   0
// probe of 11  0.4375  0.25   0.125
// probe of 12  -0.25   0.5    0.5
// probe of 99  0.375   0      -0.5
Gallery three_people() {
  Gallery gallery;
  gallery.add(10, {0.75f, 0.4375f, -0.25f, 0.375f});
  gallery.add(11, {0.25f, 0.25f, 0.5f, 0.0f});
  gallery.add(12, {0.0f, 0.125f, 0.5f, -0.5f});
  return gallery;
}

}  // namespace

TEST_CASE("ranks: ties count against the probe") {
  const Probes probes;
  Identification search(probes.block(), kLength);
  const Gallery gallery = three_people();
  search.add_gallery(gallery.block());
  CHECK(search.probes_with_mate() == 3);
  // 10 is first; 11 comes after 0.4375; 12 ties with 11 at 0.5.
  CHECK(search.rank_rate(1) == doctest::Approx(1.0 / 3.0));
  CHECK(search.rank_rate(2) == 1.0);
  CHECK(search.rank_rate(10) == 1.0);
  CHECK(search.verification().genuine_pairs() == 3);
  CHECK(search.verification().impostor_pairs() == 9);
}

TEST_CASE("TPIR at FPIR of the IJB script") {
  // Others, falling: 0.5, 0.4375, 0.375, 0.25, ... Mates: 0.75, 0.25, 0.5.
  const Probes probes;
  Identification search(probes.block(), kLength);
  const Gallery gallery = three_people();
  search.add_gallery(gallery.block());
  const auto check = [&](double target, double threshold, double tpir, double fpir) {
    const IdentificationPoint point = search.ijb(target);
    CHECK(point.threshold == threshold);
    CHECK(point.tpir == doctest::Approx(tpir));
    CHECK(point.fpir == doctest::Approx(fpir));
  };
  check(0.25, 0.5, 1.0 / 3.0, 0.0);     // ceil(1.0): the first score, and 0.5 is not above it
  check(0.3, 0.4375, 2.0 / 3.0, 0.25);  // ceil(1.2): the second
  check(0.75, 0.375, 2.0 / 3.0, 0.5);
  check(0.76, 0.25, 2.0 / 3.0, 0.75);  // the mate 0.25 is not above 0.25
}

TEST_CASE("identification at a false positive rate over searches") {
  // The best others of the probes: 0.25, 0.4375, 0.5, 0.375.
  const Probes probes;
  Identification search(probes.block(), kLength);
  const Gallery gallery = three_people();
  search.add_gallery(gallery.block());
  // One of four: above 0.4375. The mate of 12 is, but ties with 11.
  const IdentificationPoint one = search.at_fpr(0.25);
  CHECK(one.threshold == std::nextafter(0.4375f, 1.0f));
  CHECK(one.fpir == 0.25);
  CHECK(one.tpir == doctest::Approx(1.0 / 3.0));
  // A second picture of 11 and one of 12 that their probes recognise.
  Gallery more;
  more.add(11, {0.0f, 0.875f, 0.125f, 0.0625f});
  more.add(12, {0.125f, 0.0f, 0.5625f, 0.0f});
  search.add_gallery(more.block());
  CHECK(search.at_fpr(0.25).tpir == 1.0);
  CHECK(search.rank_rate(1) == 1.0);
  CHECK(search.probes_with_mate() == 3);
  CHECK(search.verification().genuine_pairs() == 5);
}

TEST_CASE("equal best scores of others leave the rate below its target") {
  Probes probes;
  Gallery gallery;
  gallery.add(10, {0.75f, 0.375f, 0.375f, 0.375f});
  Identification search(probes.block(), kLength);
  search.add_gallery(gallery.block());
  // 0.375 three times and, for the probe without others, nothing. Two of four may pass, three would.
  const IdentificationPoint point = search.at_fpr(0.5);
  CHECK(point.threshold == std::nextafter(0.375f, 1.0f));
  CHECK(point.fpir == 0.0);
  CHECK(point.tpir == 1.0);
}

TEST_CASE("rank 10 and beyond") {
  const Probes probes;
  Identification search(probes.block(), kLength);
  Gallery gallery;
  gallery.add(10, {0.25f, 0.0f, 0.0f, 0.0f});
  for (uint32_t i = 0; i < 9; ++i) gallery.add(100 + i, {0.5f, 0.0f, 0.0f, 0.0f});
  search.add_gallery(gallery.block());
  CHECK(search.rank_rate(9) == 0.0);
  CHECK(search.rank_rate(10) == 1.0);
  Gallery eleventh;
  eleventh.add(200, {0.375f, 0.0f, 0.0f, 0.0f});
  search.add_gallery(eleventh.block());
  CHECK(search.rank_rate(10) == 0.0);
}

TEST_CASE("Identification refuses") {
  const Probes probes;
  CHECK_THROWS_AS(Identification(EmbeddingBlock{}, kLength), Error);
  Probes bad;
  bad.values[0] = std::numeric_limits<float>::quiet_NaN();
  CHECK_THROWS_AS(Identification(bad.block(), kLength), Error);
  AllPairsOptions options;
  options.tail = 2;
  Identification search(probes.block(), kLength, options);
  check_error([&] { search.rank_rate(1); }, "no probe has a mate");
  check_error([&] { search.ijb(0.25); }, "of which 0 are kept");
  CHECK_THROWS_AS(search.add_gallery(bad.block()), Error);
  const Gallery gallery = three_people();
  search.add_gallery(gallery.block());
  check_error([&] { search.ijb(0.75); }, "decided by score 3 of other people, of which 2 are kept");
  check_error([&] { search.at_fpr(0.2); }, "4 probes cannot show a false positive rate of 0.2");
  CHECK_THROWS_AS(search.rank_rate(0), Error);
  CHECK_THROWS_AS(search.rank_rate(11), Error);
  CHECK_THROWS_AS(search.ijb(0.0), Error);
  CHECK_THROWS_AS(search.ijb(1.0), Error);
  CHECK_THROWS_AS(search.at_fpr(std::nan("")), Error);
}
