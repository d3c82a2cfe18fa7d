// Cosines of many embeddings with many others, a row at a time, and a histogram for counting them.
#ifndef FACEIO_EVAL_SCORE_BLOCKS_HPP
#define FACEIO_EVAL_SCORE_BLOCKS_HPP

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "text.hpp"

FACEIO_BEGIN_NAMESPACE
namespace eval {

/// L2-normalised embeddings without gaps, and who is on each. Refers to memory of the caller.
struct EmbeddingBlock {
  const float* values = nullptr;     // [count, length]
  const uint32_t* people = nullptr;  // [count]
  size_t count = 0;
};

/// scores[c] = row . column c, for `count` columns of `length` floats that lie one after another.
using DotRow =
    std::function<void(const float* row, const float* columns, size_t count, size_t length, float* scores)>;

/// The plain DotRow: sixteen partial sums, which compilers turn into vector instructions.
inline void dot_row(const float* row, const float* columns, size_t count, size_t length, float* scores) {
  constexpr size_t kLanes = 16;
  for (size_t c = 0; c < count; ++c) {
    const float* column = columns + c * length;
    float sums[kLanes] = {};
    size_t i = 0;
    for (; i + kLanes <= length; i += kLanes) {
      for (size_t lane = 0; lane < kLanes; ++lane) sums[lane] += row[i + lane] * column[i + lane];
    }
    float sum = 0.0f;
    for (; i < length; ++i) sum += row[i] * column[i];
    for (const float lane_sum : sums) sum += lane_sum;
    scores[c] = sum;
  }
}

/// Throws Error unless every embedding has an L2 norm of 1 within 0.001.
inline void check_unit_norms(const EmbeddingBlock& block, size_t length) {
  constexpr double kTolerance = 1e-3;
  for (size_t i = 0; i < block.count; ++i) {
    double squared = 0.0;
    for (size_t j = 0; j < length; ++j) {
      const double value = block.values[i * length + j];
      squared += value * value;
    }
    const double norm = std::sqrt(squared);
    if (!(std::fabs(norm - 1.0) <= kTolerance)) {
      throw Error("embedding " + std::to_string(i) + " has L2 norm " + std::to_string(norm) +
                  ", expected 1; normalise it");
    }
  }
}

/// Calls visit(row, column, count, scores) until every row has met every column, or with `triangle` (rows and
/// columns are one block) every column behind it. Columns come in tiles that stay in cache.
/// Throws Error when `dot` returns something that is not a cosine.
template <class Visit>
void each_score_row(const EmbeddingBlock& rows, const EmbeddingBlock& columns, size_t length, bool triangle,
                    const DotRow& dot, const Visit& visit) {
  constexpr size_t kTile = 256;
  constexpr float kMostCosine = 1.01f;
  float scores[kTile];
  for (size_t begin = 0; begin < columns.count; begin += kTile) {
    const size_t end = (std::min)(begin + kTile, columns.count);
    const size_t row_end = triangle ? (std::min)(end, rows.count) : rows.count;
    for (size_t row = 0; row < row_end; ++row) {
      const size_t first = triangle ? (std::max)(begin, row + 1) : begin;
      if (first >= end) continue;
      dot(rows.values + row * length, columns.values + first * length, end - first, length, scores);
      for (size_t c = 0; c < end - first; ++c) {
        if (!(std::fabs(scores[c]) <= kMostCosine)) {
          throw Error("embeddings " + std::to_string(row) + " and " + std::to_string(first + c) +
                      " have the cosine " + std::to_string(scores[c]) + ", expected -1 to 1");
        }
      }
      visit(row, first, end - first, static_cast<const float*>(scores));
    }
  }
}

/// Counts cosines in 65,536 bins of width 2^-15; bin b holds -1 + b / 32768 <= cosine < -1 + (b + 1) / 32768,
/// exactly, and the first and last bin what lies beyond. 512 KiB.
class CosineHistogram {
 public:
  static constexpr size_t kBins = 65536;

  void add(float cosine) { ++counts_[bin(cosine)]; }

  uint64_t count(size_t bin) const { return counts_[bin]; }

  /// The smallest cosine of a bin.
  static double edge(size_t bin) { return -1.0 + static_cast<double>(bin) / kPerUnit; }

  static size_t bin(double cosine) {
    const double index = std::floor(cosine * kPerUnit) + kPerUnit;
    return static_cast<size_t>((std::max)(0.0, (std::min)(index, static_cast<double>(kBins - 1))));
  }

 private:
  static constexpr double kPerUnit = 32768.0;  // a power of two: products with a float are exact

  std::vector<uint64_t> counts_ = std::vector<uint64_t>(kBins);
};

}  // namespace eval
FACEIO_END_NAMESPACE

#endif  // FACEIO_EVAL_SCORE_BLOCKS_HPP
