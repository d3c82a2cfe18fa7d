// People who do not exist: embeddings around a center for each, the same ones for a seed.
#ifndef LOSS_PICTURES_PEOPLE_HPP
#define LOSS_PICTURES_PEOPLE_HPP

#include <cmath>
#include <vector>

#include <faceio/train/random.hpp>

namespace train = faceio::train;
using train::Index;
using Matrix = train::Matrix<double>;

constexpr double kPi = 3.14159265358979323846;

/// An embedding a row, and whose it is.
struct Examples {
  Matrix features;
  std::vector<int> labels;
};

/// Examples around each center. They differ from it by random mixtures of the rows of `variation`: light, pose and
/// noise, which mean the same for everybody.
inline Examples photograph(const Matrix& centers, Index of_each, const Matrix& variation, train::Random random) {
  Examples examples;
  examples.features = train::normal_matrix<double>(centers.rows() * of_each, variation.rows(), 1.0, random) * variation;
  for (Index i = 0; i < examples.features.rows(); ++i) {
    examples.features.row(i) += centers.row(i / of_each);
    examples.labels.push_back(static_cast<int>(i / of_each));
  }
  return examples;
}

/// Between two vectors of any length above 0.
template <class A, class B>
double degrees_between(const A& a, const B& b) {
  const double cosine = a.dot(b) / (a.norm() * b.norm());
  return std::acos(std::fmin(std::fmax(cosine, -1.0), 1.0)) * 180.0 / kPi;
}

#endif  // LOSS_PICTURES_PEOPLE_HPP
