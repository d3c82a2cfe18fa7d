// A calibration from every pair of a set of embeddings, exact and in memory that does not grow with the pairs.
#ifndef FACEIO_EVAL_ALL_PAIRS_CALIBRATION_HPP
#define FACEIO_EVAL_ALL_PAIRS_CALIBRATION_HPP

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "all_pairs.hpp"
#include "bootstrap.hpp"
#include "calibration_record.hpp"
#include "intervals.hpp"

FACEIO_BEGIN_NAMESPACE
namespace eval {

/// Pairs among pictures of which `pictures[p]` show person p; with `weights`, each pair counts as often as
/// PeopleBootstrap says: a genuine pair the weight of its person, an impostor pair the product of both.
struct PairCounts {
  uint64_t genuine = 0, impostor = 0;

  static PairCounts of(const std::vector<uint32_t>& pictures, const std::vector<uint32_t>& weights) {
    PairCounts counts;
    uint64_t before = 0;  // weighted pictures of the people before
    for (size_t person = 0; person < pictures.size(); ++person) {
      const uint64_t count = pictures[person], weight = weights[person];
      if (count == 0) continue;
      counts.genuine += weight * (count * (count - 1) / 2);
      counts.impostor += weight * count * before;
      before += weight * count;
    }
    return counts;
  }
  static PairCounts of(const std::vector<uint32_t>& pictures) {
    return of(pictures, std::vector<uint32_t>(pictures.size(), 1));
  }
};

/// Two embeddings of different people by their place in the block.
struct ImpostorPair {
  float cosine = 0.0f;
  size_t a = 0, b = 0;
};

/// What the calibration is of, and how it is computed.
struct AllPairsCalibrationOptions {
  uint64_t model_id = 0;
  std::string source;  // one line, for the record
  std::vector<double> target_fars;  // in any order
  BootstrapOptions bootstrap;
  DotRow dot = dot_row;
  size_t closest_impostors = 5;  // pairs to name: wrong labels show up there
};

struct AllPairsCalibration {
  Calibration calibration;
  std::vector<ImpostorPair> closest_impostors;  // falling cosines
};

namespace detail {

// What is accepted at thresholds that rise with the level. A pair stands at the highest level that accepts
// it, so what is accepted at a level is the sum over that level and those above.
class AcceptedPairs {
 public:
  AcceptedPairs(std::vector<float> thresholds, size_t people, size_t closest)
      : thresholds_(std::move(thresholds)),
        people_(people),
        closest_limit_(closest),
        genuine_(thresholds_.size() * people) {}

  void add(float cosine, size_t a, size_t b, uint32_t person_a, uint32_t person_b) {
    if (person_a != person_b) keep_closest({cosine, a, b});
    if (cosine < thresholds_.front()) return;
    const auto above = std::upper_bound(thresholds_.begin(), thresholds_.end(), cosine);
    const auto level = static_cast<size_t>(above - thresholds_.begin()) - 1;
    if (person_a == person_b) {
      ++genuine_[level * people_ + person_a];
    } else {
      impostors_.push_back({person_a, person_b, static_cast<uint32_t>(level)});
    }
  }

  /// Accepted pairs of each level, weighted like PairCounts.
  std::vector<PairCounts> counts(const std::vector<uint32_t>& weights) const {
    std::vector<PairCounts> levels(thresholds_.size());
    for (const Impostors& pair : impostors_) {
      levels[pair.level].impostor += uint64_t{weights[pair.a]} * weights[pair.b];
    }
    for (size_t level = 0; level < levels.size(); ++level) {
      const uint64_t* const genuine = genuine_.data() + level * people_;
      for (size_t person = 0; person < people_; ++person) {
        levels[level].genuine += genuine[person] * weights[person];
      }
    }
    for (size_t level = levels.size() - 1; level > 0; --level) {
      levels[level - 1].genuine += levels[level].genuine;
      levels[level - 1].impostor += levels[level].impostor;
    }
    return levels;
  }

  const std::vector<ImpostorPair>& closest() const { return closest_; }

 private:
  struct Impostors {
    uint32_t a, b;  // people
    uint32_t level;
  };

  void keep_closest(const ImpostorPair& pair) {
    const auto closer = [](const ImpostorPair& x, const ImpostorPair& y) { return x.cosine > y.cosine; };
    if (closest_.size() == closest_limit_) {
      if (closest_.empty() || !closer(pair, closest_.back())) return;
      closest_.pop_back();
    }
    closest_.insert(std::upper_bound(closest_.begin(), closest_.end(), pair, closer), pair);
  }

  std::vector<float> thresholds_;
  size_t people_, closest_limit_;
  std::vector<uint64_t> genuine_;  // [level, person]
  std::vector<Impostors> impostors_;
  std::vector<ImpostorPair> closest_;
};

// Fills the intervals over people: the draws of PeopleBootstrap, so the results are the same.
inline void bootstrap_rows(const AcceptedPairs& accepted, const std::vector<uint32_t>& pictures,
                           const BootstrapOptions& options, Calibration& result) {
  check_options(options);
  std::vector<std::vector<double>> fars(result.rows.size()), tars(result.rows.size());
  std::vector<uint32_t> weights(pictures.size());
  SplitMix64 random(options.seed);
  for (size_t replicate = 0; replicate < options.replicates; ++replicate) {
    draw_people(random, weights);
    const PairCounts all = PairCounts::of(pictures, weights);
    const std::vector<PairCounts> levels = accepted.counts(weights);
    for (size_t row = 0; row < result.rows.size(); ++row) {
      const auto rate = [](uint64_t count, uint64_t of) {
        return static_cast<double>(count) / static_cast<double>(of);
      };
      if (all.impostor > 0) fars[row].push_back(rate(levels[row].impostor, all.impostor));
      if (all.genuine > 0) tars[row].push_back(rate(levels[row].genuine, all.genuine));
    }
  }
  for (size_t row = 0; row < result.rows.size(); ++row) {
    result.rows[row].observed_far.people =
        interval_of_replicates((std::move)(fars[row]), options, pictures.size());
    result.rows[row].tar.people = interval_of_replicates((std::move)(tars[row]), options, pictures.size());
  }
}

inline std::vector<uint32_t> pictures_of_people(const EmbeddingBlock& block) {
  std::vector<uint32_t> pictures;
  for (size_t i = 0; i < block.count; ++i) {
    const size_t person = block.people[i];
    if (person >= block.count) {
      throw Error("person " + std::to_string(person) + " of " + std::to_string(block.count) +
                  " embeddings; number people from 0 without gaps");
    }
    if (person >= pictures.size()) pictures.resize(person + 1);
    ++pictures[person];
  }
  for (size_t person = 0; person < pictures.size(); ++person) {
    if (pictures[person] == 0) {
      throw Error("person " + std::to_string(person) + " has no embedding; number people without gaps");
    }
  }
  return pictures;
}

}  // namespace detail

/// Calibrates on every unordered pair of `block`, embeddings of `length` floats with people numbered from 0
/// without gaps. One row per target FAR: the smallest float threshold whose observed FAR does not exceed it.
///
/// Nothing is approximated. The pairs are scored twice: the first time finds the thresholds (AllPairs), the
/// second collects the impostor pairs that the lowest threshold accepts, and counts accepted genuine pairs
/// per person. A replicate of the bootstrap over people needs no more, because the weighted number of all
/// pairs follows from the pictures per person (PairCounts). Memory: 16 bytes per impostor pair accepted at
/// the largest FAR, 8 bytes per person and FAR, 1 MiB; time: 2 dot products a pair, and per replicate one
/// product for each pair collected.
///
/// Throws Error when a FAR needs more impostor pairs than there are (3 / FAR), too many impostors share the
/// highest score, there is no genuine pair or there are too few people for the bootstrap, and for embeddings
/// that are not unit vectors. Safe to call from any thread.
inline AllPairsCalibration calibrate_all_pairs(const EmbeddingBlock& block, size_t length,
                                               AllPairsCalibrationOptions options) {
  std::vector<double>& fars = options.target_fars;
  if (fars.empty()) throw Error("no target FAR to calibrate for");
  const std::vector<uint32_t> pictures = detail::pictures_of_people(block);
  const PairCounts pairs = PairCounts::of(pictures);
  for (const double target_far : fars) check_support(target_far, pairs.impostor);
  std::sort(fars.begin(), fars.end(), std::greater<double>());

  AllPairsOptions all_options;
  all_options.tail = static_cast<size_t>(allowed_impostors(fars.front(), pairs.impostor)) + 1;
  all_options.genuine_limit = 0;  // genuine pairs are counted the second time
  all_options.dot = options.dot;
  AllPairs all(length, all_options);
  all.add_within(block);
  std::vector<float> thresholds;
  for (const double target_far : fars) {
    const OperatingPoint point = all.at_far(target_far).strict;
    if (point.accepted_impostors == 0) detail::refuse_far(target_far);
    thresholds.push_back(static_cast<float>(point.threshold));
  }

  detail::AcceptedPairs accepted(thresholds, pictures.size(), options.closest_impostors);
  each_score_row(block, block, length, true, options.dot,
                 [&](size_t row, size_t first, size_t count, const float* scores) {
                   for (size_t c = 0; c < count; ++c) {
                     accepted.add(scores[c], row, first + c, block.people[row], block.people[first + c]);
                   }
                 });
  const std::vector<PairCounts> counts = accepted.counts(std::vector<uint32_t>(pictures.size(), 1));

  AllPairsCalibration result;
  Calibration& record = result.calibration;
  record.model_id = options.model_id;
  record.source = options.source;
  record.people = pictures.size();
  record.pictures = block.count;
  record.genuine_pairs = pairs.genuine;
  record.impostor_pairs = pairs.impostor;
  record.confidence = options.bootstrap.confidence;
  for (size_t level = 0; level < fars.size(); ++level) {
    CalibrationRow row;
    row.target_far = fars[level];
    row.threshold = static_cast<double>(thresholds[level]);
    row.observed_far = measured_rate(counts[level].impostor, pairs.impostor, record.confidence);
    row.tar = measured_rate(counts[level].genuine, pairs.genuine, record.confidence);
    record.rows.push_back(row);
  }
  detail::bootstrap_rows(accepted, pictures, options.bootstrap, record);
  check_calibration(record);
  result.closest_impostors = accepted.closest();
  return result;
}

}  // namespace eval
FACEIO_END_NAMESPACE

#endif  // FACEIO_EVAL_ALL_PAIRS_CALIBRATION_HPP
