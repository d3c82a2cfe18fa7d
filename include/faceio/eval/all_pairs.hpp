// Verification over all pairs of a large set: FAR far below one in a million in bounded memory.
#ifndef FACEIO_EVAL_ALL_PAIRS_HPP
#define FACEIO_EVAL_ALL_PAIRS_HPP

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "operating_point.hpp"
#include "score_blocks.hpp"

FACEIO_BEGIN_NAMESPACE
namespace eval {

struct AllPairsOptions {
  size_t tail = 1000000;            // impostor scores kept exactly, the highest
  size_t genuine_limit = 20000000;  // up to so many genuine scores are kept exactly
  DotRow dot = dot_row;
};

struct AllPairsPoint {
  OperatingPoint strict;  // observed FAR <= target
  /// The threshold is the smallest float that keeps the target. Otherwise the target lies beyond the tail,
  /// and the threshold is the smallest edge of a bin of CosineHistogram that keeps it, +infinity when none
  /// does.
  bool smallest_threshold = true;
  /// Genuine scores in the bin of the threshold, of which it is not known on which side they lie; strict.tar
  /// counts them as rejected. 0 while genuine scores are kept exactly.
  uint64_t undecided_genuine = 0;
};

/// Two embeddings are genuine when they are of one person, otherwise impostors. Keeps the highest `tail`
/// impostor scores and, up to `genuine_limit`, all genuine ones; the rest is counted in histograms. Memory:
/// 4 bytes x (tail + genuine_limit) at most and 1 MiB, for any number of pairs. One thread per object.
class AllPairs {
 public:
  /// Embeddings of `length` floats. Throws Error when length or tail is 0.
  explicit AllPairs(size_t length, AllPairsOptions options = {})
      : length_(length), options_(std::move(options)) {
    if (length == 0) throw Error("embeddings of no numbers");
    if (options_.tail == 0) throw Error("an empty tail of impostor scores measures no FAR");
  }

  /// Every unordered pair inside `block` once. Sets too large for memory come in blocks: each within itself,
  /// and between it and those before. Throws Error when a norm is not 1.
  void add_within(const EmbeddingBlock& block) {
    check_unit_norms(block, length_);
    each_score_row(block, block, length_, true, options_.dot, adder(block, block));
  }

  /// Every row with every column; no embedding may stand in both. Throws Error like add_within.
  void add_between(const EmbeddingBlock& rows, const EmbeddingBlock& columns) {
    check_unit_norms(rows, length_);
    check_unit_norms(columns, length_);
    each_score_row(rows, columns, length_, false, options_.dot, adder(rows, columns));
  }

  /// One scored pair.
  void add(float cosine, bool genuine) {
    if (genuine) {
      ++genuine_pairs_;
      genuine_histogram_.add(cosine);
      if (genuine_pairs_ <= options_.genuine_limit) {
        genuine_.push_back(cosine);
      } else if (!genuine_.empty()) {
        genuine_ = std::vector<float>();
      }
      return;
    }
    ++impostor_pairs_;
    impostor_histogram_.add(cosine);
    if (tail_.size() < options_.tail) {
      tail_.push_back(cosine);
      std::push_heap(tail_.begin(), tail_.end(), std::greater<float>());
    } else if (cosine > tail_.front()) {
      std::pop_heap(tail_.begin(), tail_.end(), std::greater<float>());
      tail_.back() = cosine;
      std::push_heap(tail_.begin(), tail_.end(), std::greater<float>());
    }
  }

  uint64_t genuine_pairs() const { return genuine_pairs_; }
  uint64_t impostor_pairs() const { return impostor_pairs_; }

  /// The highest impostor scores, falling.
  std::vector<float> tail() const {
    std::vector<float> falling = tail_;
    std::sort(falling.begin(), falling.end(), std::greater<float>());
    return falling;
  }

  /// The strict TAR at a target FAR. Throws Error when it lies below 1 / impostor pairs, which no count of
  /// these pairs can show, when there is no genuine pair, or the target is not below 1.
  AllPairsPoint at_far(double target_far) const {
    const uint64_t allowed = allowed_impostors(target_far, impostor_pairs_);
    if (allowed == 0) {
      throw Error(std::to_string(impostor_pairs_) + " impostor pairs cannot show a FAR of " +
                  detail::number_text(target_far) + ": one false accept is already more; add embeddings");
    }
    if (genuine_pairs_ == 0) throw Error("no genuine pair, so there is no TAR; add pictures of one person");
    AllPairsPoint result;
    OperatingPoint& point = result.strict;
    const std::vector<float> falling = tail();
    if (allowed < falling.size()) {
      const float rejected = falling[static_cast<size_t>(allowed)];
      point.threshold = std::nextafter(rejected, std::numeric_limits<float>::infinity());
      const auto end = std::lower_bound(falling.begin(), falling.end(), rejected, std::greater<float>());
      point.accepted_impostors = static_cast<uint64_t>(end - falling.begin());
    } else {
      result.smallest_threshold = false;
      size_t bin = CosineHistogram::kBins;
      while (point.accepted_impostors + impostor_histogram_.count(bin - 1) <= allowed) {
        point.accepted_impostors += impostor_histogram_.count(--bin);
      }
      // The last bin has no upper end.
      point.threshold = bin == CosineHistogram::kBins ? std::numeric_limits<double>::infinity()
                                                      : CosineHistogram::edge(bin);
    }
    count_genuine(result);
    point.tar = static_cast<double>(point.accepted_genuine) / static_cast<double>(genuine_pairs_);
    point.observed_far = static_cast<double>(point.accepted_impostors) / static_cast<double>(impostor_pairs_);
    return result;
  }

 private:
  std::function<void(size_t, size_t, size_t, const float*)> adder(const EmbeddingBlock& rows,
                                                                  const EmbeddingBlock& columns) {
    return [this, &rows, &columns](size_t row, size_t first, size_t count, const float* scores) {
      const uint32_t person = rows.people[row];
      for (size_t c = 0; c < count; ++c) add(scores[c], columns.people[first + c] == person);
    };
  }

  void count_genuine(AllPairsPoint& result) const {
    OperatingPoint& point = result.strict;
    if (genuine_pairs_ <= options_.genuine_limit) {
      point.accepted_genuine = static_cast<uint64_t>(std::count_if(
          genuine_.begin(), genuine_.end(), [&](float score) { return score >= point.threshold; }));
      return;
    }
    if (std::isinf(point.threshold)) return;
    const size_t bin = CosineHistogram::bin(point.threshold);
    for (size_t b = bin + 1; b < CosineHistogram::kBins; ++b) {
      point.accepted_genuine += genuine_histogram_.count(b);
    }
    const bool on_edge = point.threshold == CosineHistogram::edge(bin);
    (on_edge ? point.accepted_genuine : result.undecided_genuine) += genuine_histogram_.count(bin);
  }

  size_t length_;
  AllPairsOptions options_;
  uint64_t genuine_pairs_ = 0, impostor_pairs_ = 0;
  std::vector<float> tail_;     // a heap, lowest first
  std::vector<float> genuine_;  // empty once there are more than the limit
  CosineHistogram genuine_histogram_, impostor_histogram_;
};

}  // namespace eval
FACEIO_END_NAMESPACE

#endif  // FACEIO_EVAL_ALL_PAIRS_HPP
