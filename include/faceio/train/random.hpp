// Random numbers of training: orders, and numbers to start from.
#ifndef FACEIO_TRAIN_RANDOM_HPP
#define FACEIO_TRAIN_RANDOM_HPP

#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "../core/random.hpp"
#include "matrix.hpp"

FACEIO_BEGIN_NAMESPACE
namespace train {

/// SplitMix64 whose streams of one seed are independent: an epoch, a matrix to initialise.
class Random : public SplitMix64 {
 public:
  explicit Random(uint64_t seed, uint64_t stream = 0) noexcept
      : SplitMix64(SplitMix64(seed).next() ^ (stream * 0x9E3779B97F4A7C15u)) {}

  /// In [0, 1), of 53 bits.
  double uniform() noexcept { return static_cast<double>(next() >> 11) * 0x1p-53; }
  /// Of mean 0 and variance 1 (Box and Muller 1958).
  double normal() noexcept {
    const double radius = std::sqrt(-2.0 * std::log(1.0 - uniform()));
    return radius * std::cos(6.283185307179586 * uniform());
  }
};

/// 0 to count - 1 in random order (Fisher and Yates); count below 2^32.
inline std::vector<Index> shuffled(Index count, Random random) {
  std::vector<Index> order(static_cast<size_t>(count));
  for (size_t i = 0; i < order.size(); ++i) order[i] = static_cast<Index>(i);
  for (size_t i = order.size(); i > 1; --i) {
    std::swap(order[i - 1], order[random.below(static_cast<uint32_t>(i))]);
  }
  return order;
}

/// Independent normal numbers of mean 0.
template <class Scalar>
Matrix<Scalar> normal_matrix(Index rows, Index columns, double deviation, Random random) {
  Matrix<Scalar> m(rows, columns);
  for (Index i = 0; i < m.size(); ++i) m.data()[i] = static_cast<Scalar>(deviation * random.normal());
  return m;
}

}  // namespace train
FACEIO_END_NAMESPACE

#endif  // FACEIO_TRAIN_RANDOM_HPP
