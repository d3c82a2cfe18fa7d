// Gradient descent by hand.
#include <doctest/doctest.h>

#include <cmath>
#include <faceio/train/sgd.hpp>

#include "refuses.hpp"

using namespace faceio::train;

namespace {

Parameter<double> parameter(double value, double gradient) {
  Parameter<double> p("p", Matrix<double>::Constant(1, 1, value));
  p.gradient = Matrix<double>::Constant(1, 1, gradient);
  return p;
}

}  // namespace

TEST_CASE("momentum keeps what a gradient began, weight decay pulls to 0") {
  SgdOptions options;
  options.schedule.rate = 0.5;
  options.momentum = 0.75;
  options.weight_decay = 0.25;
  Parameter<double> p = parameter(4.0, 1.0);
  descend(options, 0, p);  // v = 1 + 0.25 * 4 = 2
  CHECK(p.value(0, 0) == 3.0);
  descend(options, 1, p);  // v = 0.75 * 2 + 1 + 0.25 * 3 = 3.25
  CHECK(p.value(0, 0) == 1.375);
  Parameter<double> bias = parameter(4.0, 1.0);
  bias.decays = false;
  descend(options, 0, bias);
  CHECK(bias.value(0, 0) == 3.5);
}

TEST_CASE("the rate drops at its steps") {
  const StepSchedule schedule{0.5, {10, 20}, 0.25};
  CHECK(schedule.at(0) == 0.5);
  CHECK(schedule.at(9) == 0.5);
  CHECK(schedule.at(10) == 0.125);
  CHECK(schedule.at(19) == 0.125);
  CHECK(schedule.at(20) == 0.03125);
}

TEST_CASE("a gradient that is none is refused and changes nothing") {
  const SgdOptions options;
  Parameter<double> p = parameter(4.0, std::nan(""));
  CHECK(test::refuses([&] { descend(options, 7, p); }, {"gradient of p at step 7", "not finite", "learning rate"}));
  p.gradient.resize(2, 1);
  CHECK(test::refuses([&] { descend(options, 0, p); }, {"[2, 1]", "[1, 1]"}));
  CHECK(p.value(0, 0) == 4.0);
  CHECK(p.velocity.size() == 0);
}

TEST_CASE("options out of range are named") {
  const auto refused = [](double rate, double momentum, double decay, const char* name) {
    SgdOptions options;
    options.schedule.rate = rate;
    options.momentum = momentum;
    options.weight_decay = decay;
    return test::refuses([&] { options.require_valid(); }, {name});
  };
  CHECK(refused(0.0, 0.9, 0.0, "learning rate"));
  CHECK(refused(INFINITY, 0.9, 0.0, "learning rate"));
  CHECK(refused(0.1, 1.0, 0.0, "momentum"));
  CHECK(refused(0.1, 0.9, -1.0, "weight decay"));
  CHECK_FALSE(refused(0.1, 0.0, 0.0, ""));
}
