// The bounded heap against a full sort.
#include <doctest/doctest.h>

#include <algorithm>
#include <faceio/pipeline/candidates.hpp>

#include "../support/buffers.hpp"

using faceio::Candidate;

TEST_CASE("keeps the best candidates in order, lower anchor first among equals") {
  for (const size_t capacity : {size_t{0}, size_t{1}, size_t{7}, size_t{100}}) {
    for (const size_t count : {size_t{0}, size_t{1}, size_t{6}, size_t{7}, size_t{8}, size_t{500}}) {
      std::vector<Candidate> all(count), memory(capacity);
      for (size_t i = 0; i < count; ++i) {
        all[i] = {static_cast<float>(test::rng()() % 20), static_cast<uint32_t>(i), 0};  // many ties
      }
      faceio::CandidateHeap heap({memory.data(), memory.size()});
      std::vector<Candidate> shuffled = all;
      std::shuffle(shuffled.begin(), shuffled.end(), test::rng());
      std::vector<uint32_t> anchor_in(capacity, 0xffffffffu);  // what the caller keeps in each slot
      for (const Candidate& c : shuffled) {
        const uint32_t slot = heap.push(c.logit, c.anchor);
        if (slot == faceio::CandidateHeap::kNoSlot) continue;
        REQUIRE(slot < std::min(capacity, count));
        anchor_in[slot] = c.anchor;
      }
      CHECK(heap.size() == std::min(capacity, count));
      const auto kept = heap.sorted();
      std::stable_sort(all.begin(), all.end(), [](Candidate a, Candidate b) { return a.logit > b.logit; });
      REQUIRE(kept.size == std::min(capacity, count));
      for (size_t i = 0; i < kept.size; ++i) {
        CHECK(kept[i].anchor == all[i].anchor);
        CHECK(anchor_in[kept[i].slot] == kept[i].anchor);
      }
      heap.restart();
      CHECK(heap.size() == 0);
    }
  }
}
