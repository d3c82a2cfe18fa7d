// The bootstrap over people: intervals of TAR and FAR that allow for pairs that share a person.
#ifndef FACEIO_EVAL_BOOTSTRAP_HPP
#define FACEIO_EVAL_BOOTSTRAP_HPP

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "../core/random.hpp"
#include "intervals.hpp"
#include "operating_point.hpp"

FACEIO_BEGIN_NAMESPACE
namespace eval {

/// A compared pair and whose pictures they are; genuine when both are of one person.
struct ScoredPair {
  double score = 0.0;
  uint32_t person_a = 0, person_b = 0;

  bool genuine() const { return person_a == person_b; }
};

struct BootstrapOptions {
  size_t replicates = 1000;
  uint64_t seed = 1;
  double confidence = 0.95;
};

namespace detail {

/// One replicate: draws as many people as there are, with replacement; weights[p] becomes how often.
inline void draw_people(SplitMix64& random, std::vector<uint32_t>& weights) {
  const auto people = static_cast<uint32_t>(weights.size());
  std::fill(weights.begin(), weights.end(), 0u);
  for (uint32_t draw = 0; draw < people; ++draw) ++weights[random.below(people)];
}

inline void check_options(const BootstrapOptions& options) {
  check_confidence(options.confidence);
  if (options.replicates == 0) throw Error("a bootstrap needs at least one replicate");
}

/// The percentile interval of the rates that exist. Throws Error when in more than one of ten replicates the
/// rate does not exist.
inline Interval interval_of_replicates(std::vector<double> rates, const BootstrapOptions& options,
                                       size_t people) {
  if (rates.size() < options.replicates - options.replicates / 10) {
    throw Error("only " + std::to_string(rates.size()) + " of " + std::to_string(options.replicates) +
                " draws of " + std::to_string(people) +
                " people hold a pair to count; a bootstrap over people needs more people");
  }
  return percentile_interval((std::move)(rates), options.confidence);
}

}  // namespace detail

/// Bootstrap over people: pairs that share a person are dependent, so people are drawn, not pairs. Each
/// replicate draws as many people as there are, with replacement; somebody drawn w times counts w times, so
/// a genuine pair weighs w, an impostor pair the product of the weights of its two people. Intervals are
/// percentiles over the replicates. Memory: the pairs and one weight a person.
class PeopleBootstrap {
 public:
  /// `people` is one more than the largest person number that can be drawn. Throws Error when a score is not
  /// finite, a person is out of range, or `replicates` is 0.
  PeopleBootstrap(std::vector<ScoredPair> pairs, uint32_t people, const BootstrapOptions& options = {})
      : pairs_(std::move(pairs)), people_(people), options_(options) {
    detail::check_options(options);
    for (const ScoredPair& pair : pairs_) {
      if (!std::isfinite(pair.score)) throw Error("a pair's score is not a finite number");
      if (pair.person_a >= people || pair.person_b >= people) {
        throw Error("person " + std::to_string((std::max)(pair.person_a, pair.person_b)) +
                    " is out of range: there are " + std::to_string(people));
      }
    }
    std::sort(pairs_.begin(), pairs_.end(),
              [](const ScoredPair& a, const ScoredPair& b) { return a.score > b.score; });
  }

  /// Interval of the FAR at a fixed threshold. Throws Error like the others when in more than one of ten
  /// replicates the rate does not exist: too few people.
  Interval far_at(double threshold) const {
    return interval([&](const std::vector<uint32_t>& weights, double& rate) {
      const Sums accepted = sums(weights, accepted_end(threshold)), all = sums(weights, pairs_.size());
      rate = static_cast<double>(accepted.impostor) / static_cast<double>(all.impostor);
      return all.impostor > 0;
    });
  }

  /// Interval of the TAR at a fixed threshold.
  Interval tar_at(double threshold) const {
    return interval([&](const std::vector<uint32_t>& weights, double& rate) {
      const Sums accepted = sums(weights, accepted_end(threshold)), all = sums(weights, pairs_.size());
      rate = static_cast<double>(accepted.genuine) / static_cast<double>(all.genuine);
      return all.genuine > 0;
    });
  }

  /// Interval of the strict TAR at a target FAR, the threshold chosen anew in each replicate.
  Interval tar_at_far(double target_far) const {
    check_target_far(target_far);
    return interval([&](const std::vector<uint32_t>& weights, double& rate) {
      const Sums all = sums(weights, pairs_.size());
      if (all.genuine == 0 || all.impostor == 0) return false;
      const uint64_t allowed = allowed_impostors(target_far, all.impostor);
      Sums accepted, best;
      for (size_t i = 0; i < pairs_.size() && accepted.impostor <= allowed; ++i) {
        accepted.add(pairs_[i], weights);
        const bool end_of_ties = i + 1 == pairs_.size() || pairs_[i + 1].score < pairs_[i].score;
        if (end_of_ties && accepted.impostor <= allowed) best = accepted;
      }
      rate = static_cast<double>(best.genuine) / static_cast<double>(all.genuine);
      return true;
    });
  }

 private:
  struct Sums {
    uint64_t genuine = 0, impostor = 0;

    void add(const ScoredPair& pair, const std::vector<uint32_t>& weights) {
      const uint64_t weight = weights[pair.person_a];
      if (pair.genuine()) {
        genuine += weight;
      } else {
        impostor += weight * weights[pair.person_b];
      }
    }
  };

  Sums sums(const std::vector<uint32_t>& weights, size_t end) const {
    Sums result;
    for (size_t i = 0; i < end; ++i) result.add(pairs_[i], weights);
    return result;
  }

  size_t accepted_end(double threshold) const {
    const auto end = std::partition_point(pairs_.begin(), pairs_.end(),
                                          [&](const ScoredPair& pair) { return pair.score >= threshold; });
    return static_cast<size_t>(end - pairs_.begin());
  }

  template <class Rate>
  Interval interval(const Rate& rate_of) const {
    SplitMix64 random(options_.seed);
    std::vector<double> rates;
    std::vector<uint32_t> weights(people_);
    for (size_t r = 0; r < options_.replicates; ++r) {
      detail::draw_people(random, weights);
      double rate = 0.0;
      if (rate_of(weights, rate)) rates.push_back(rate);
    }
    return detail::interval_of_replicates((std::move)(rates), options_, people_);
  }

  std::vector<ScoredPair> pairs_;  // falling scores
  uint32_t people_;
  BootstrapOptions options_;
};

}  // namespace eval
FACEIO_END_NAMESPACE

#endif  // FACEIO_EVAL_BOOTSTRAP_HPP
