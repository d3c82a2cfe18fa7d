// Random batches for the tests of losses, among them features almost parallel or opposite to the weights of their
// class.
#ifndef FACEIO_TESTS_TRAIN_RANDOM_BATCH_HPP
#define FACEIO_TESTS_TRAIN_RANDOM_BATCH_HPP

#include <algorithm>
#include <cmath>
#include <faceio/train/matrix.hpp>
#include <random>
#include <vector>

namespace random_batch {

using faceio::train::Matrix;
using faceio::train::Vector;

inline double uniform(std::mt19937_64& random, double from, double to) {
  return from + (to - from) * static_cast<double>(random() >> 11) * 0x1p-53;
}
inline int integer(std::mt19937_64& random, int from, int to) {
  return from + static_cast<int>(random() % static_cast<uint64_t>(to - from + 1));
}
inline double normal(std::mt19937_64& random) {
  const double radius = std::sqrt(-2.0 * std::log(uniform(random, 1e-300, 1.0)));
  return radius * std::cos(uniform(random, 0.0, 6.283185307179586));
}
inline Matrix<double> matrix(std::mt19937_64& random, int rows, int columns) {
  Matrix<double> m(rows, columns);
  for (int i = 0; i < rows; ++i)
    for (int j = 0; j < columns; ++j) m(i, j) = normal(random);
  return m;
}

/// A vector at the angle theta from `axis`, in a random direction, of random length; two dimensions at least.
inline Matrix<double> at_angle(std::mt19937_64& random, const Matrix<double>& axis, double theta) {
  const Matrix<double> along = axis / axis.norm();
  Matrix<double> across = matrix(random, 1, static_cast<int>(axis.cols()));
  for (int pass = 0; pass < 2; ++pass) across -= across.cwiseProduct(along).sum() * along;
  across /= across.norm();
  return uniform(random, 0.5, 2.0) * (std::cos(theta) * along + std::sin(theta) * across);
}

}  // namespace random_batch

#endif  // FACEIO_TESTS_TRAIN_RANDOM_BATCH_HPP
