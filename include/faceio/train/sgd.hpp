// Stochastic gradient descent with momentum, weight decay and a schedule of steps: what both papers train with.
#ifndef FACEIO_TRAIN_SGD_HPP
#define FACEIO_TRAIN_SGD_HPP

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "matrix.hpp"

FACEIO_BEGIN_NAMESPACE
namespace train {

/// A matrix that is learnt. Vectors are matrices of one row.
template <class Scalar>
struct Parameter {
  std::string name;         // of its own within a task
  Matrix<Scalar> value;
  Matrix<Scalar> gradient;  // of the last step, same size
  Matrix<Scalar> velocity;  // empty until the first step
  bool decays = true;       // weight decay; biases go without
  bool descends = true;     // by gradient; false: the task changes it, checkpoints keep it

  Parameter(std::string its_name, Matrix<Scalar> start) : name(std::move(its_name)), value(std::move(start)) {}
};

/// The learning rate, multiplied by `factor` at each of the steps `drops`.
struct StepSchedule {
  double rate = 0.1;
  std::vector<int64_t> drops;
  double factor = 0.1;

  double at(int64_t step) const {
    double now = rate;
    for (const int64_t drop : drops) now *= step >= drop ? factor : 1.0;
    return now;
  }
};

struct SgdOptions {
  StepSchedule schedule;
  double momentum = 0.9;
  double weight_decay = 5e-4;  // ArcFace, section 3.1

  /// Throws Error unless the rate and the factor are finite and above 0, 0 <= momentum < 1 and 0 <= weight_decay < 1.
  void require_valid() const {
    check_option("learning rate", schedule.rate, schedule.rate > 0.0, "above 0");
    check_option("factor of the schedule", schedule.factor, schedule.factor > 0.0, "above 0");
    check_option("momentum", momentum, momentum >= 0.0 && momentum < 1.0, "0 or more and below 1");
    check_option("weight decay", weight_decay, weight_decay >= 0.0 && weight_decay < 1.0, "0 or more and below 1");
  }

 private:
  static void check_option(const char* name, double value, bool in_range, const char* range) {
    if (!in_range || !std::isfinite(value))
      throw Error(std::string(name) + " is " + std::to_string(value) + "; it must be " + range);
  }
};

/// v = momentum v + gradient + weight_decay p;  p = p - rate v  (Sutskever et al. 2013, with the rate outside of v, as
/// the published code's framework has it, so that a drop of the rate acts at once). Throws Error when the gradient is
/// of another size or not finite, before it changes anything.
template <class Scalar>
void descend(const SgdOptions& options, int64_t step, Parameter<Scalar>& p) {
  if (p.gradient.rows() != p.value.rows() || p.gradient.cols() != p.value.cols())
    throw Error("the gradient of " + p.name + " is [" + std::to_string(p.gradient.rows()) + ", " +
                std::to_string(p.gradient.cols()) + "], the parameter [" + std::to_string(p.value.rows()) + ", " +
                std::to_string(p.value.cols()) + "]");
  if (!p.gradient.allFinite())
    throw Error("the gradient of " + p.name + " at step " + std::to_string(step) +
                " is not finite; lower the learning rate, and look for values that are not finite in the features");
  if (p.velocity.size() == 0) p.velocity = Matrix<Scalar>::Zero(p.value.rows(), p.value.cols());
  const auto momentum = static_cast<Scalar>(options.momentum);
  const auto decay = static_cast<Scalar>(p.decays ? options.weight_decay : 0.0);
  p.velocity = momentum * p.velocity + p.gradient + decay * p.value;
  p.value -= static_cast<Scalar>(options.schedule.at(step)) * p.velocity;
}

}  // namespace train
FACEIO_END_NAMESPACE

#endif  // FACEIO_TRAIN_SGD_HPP
