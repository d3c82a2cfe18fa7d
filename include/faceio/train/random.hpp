// Random numbers of training: the same ones everywhere for a seed, which standard distributions do not promise.
#ifndef FACEIO_TRAIN_RANDOM_HPP
#define FACEIO_TRAIN_RANDOM_HPP

#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "matrix.hpp"

FACEIO_BEGIN_NAMESPACE
namespace train {

/// SplitMix64 (Steele, Lea, Flood 2014). Streams of one seed are independent: an epoch, a matrix to initialise. Not for
/// several threads at once.
class Random {
 public:
  explicit Random(uint64_t seed, uint64_t stream = 0) noexcept : state_(seed) { state_ = next() ^ (stream * kOdd); }

  uint64_t next() noexcept {
    uint64_t z = state_ += kOdd;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
  }
  /// In [0, 1), of 53 bits.
  double uniform() noexcept { return static_cast<double>(next() >> 11) * 0x1p-53; }
  /// In [0, count), for 0 < count < 2^31; the bias is below 2^-33.
  Index below(Index count) noexcept { return static_cast<Index>((next() >> 32) * static_cast<uint64_t>(count) >> 32); }
  /// Of mean 0 and variance 1 (Box and Muller 1958).
  double normal() noexcept {
    const double radius = std::sqrt(-2.0 * std::log(1.0 - uniform()));
    return radius * std::cos(6.283185307179586 * uniform());
  }

 private:
  static constexpr uint64_t kOdd = 0x9e3779b97f4a7c15u;
  uint64_t state_;
};

/// 0 to count - 1 in random order (Fisher and Yates).
inline std::vector<Index> shuffled(Index count, Random random) {
  std::vector<Index> order(static_cast<size_t>(count));
  for (size_t i = 0; i < order.size(); ++i) order[i] = static_cast<Index>(i);
  for (size_t i = order.size(); i > 1; --i) {
    std::swap(order[i - 1], order[static_cast<size_t>(random.below(static_cast<Index>(i)))]);
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
