// Matrices of the training side, and its error.
#ifndef FACEIO_TRAIN_MATRIX_HPP
#define FACEIO_TRAIN_MATRIX_HPP

#include <Eigen/Core>
#include <stdexcept>

#include "../core/config.hpp"

FACEIO_BEGIN_NAMESPACE
namespace train {

/// One example, or one class, a row. Losses are templates of Scalar: float trains, double proves gradients.
template <class Scalar>
using Matrix = Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
template <class Scalar>
using Vector = Eigen::Matrix<Scalar, Eigen::Dynamic, 1>;
/// Numbers of rows and columns, signed.
using Index = Eigen::Index;

/// Sizes that do not fit, a label that is no class, an option outside its range: which, and what was expected.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace train
FACEIO_END_NAMESPACE

#endif  // FACEIO_TRAIN_MATRIX_HPP
