// The C++ side of torch_losses.py: times steps of the losses, forward and backward, in turns with PyTorch.
//
//   losses_worker EXAMPLES DIMENSIONS CLASSES
//
// Reads names of losses from its input, one a line, and answers each with a line: milliseconds of one step, and its
// loss. Inputs are those of torch_losses.py: the same numbers from the same generator.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <faceio/train/margin_softmax.hpp>
#include <faceio/train/sampled_classes.hpp>
#include <faceio/train/softmax.hpp>
#include <iostream>
#include <random>
#include <string>
#include <vector>

using namespace faceio::train;

namespace {

/// From -1 to 1: x -> 1664525 x + 1013904223 (mod 2^32), read as a signed fraction.
class Generator {
 public:
  explicit Generator(uint32_t seed) : state_(seed) {}
  float next() {
    state_ = state_ * 1664525u + 1013904223u;
    return static_cast<float>(static_cast<int32_t>(state_)) * 0x1p-31f;
  }
  void fill(Matrix<float>& m) {
    for (Index i = 0; i < m.size(); ++i) m.data()[i] = next();
  }

 private:
  uint32_t state_;
};

struct Inputs {
  Matrix<float> features, weights;
  std::vector<int> labels;

  Inputs(int examples, int dimensions, int classes) : features(examples, dimensions), weights(classes, dimensions) {
    Generator(1).fill(features);
    Generator(2).fill(weights);
    for (int i = 0; i < examples; ++i) labels.push_back(static_cast<int>(int64_t{7919} * i % classes));
  }
};

class Steps {
 public:
  explicit Steps(const Inputs& inputs) : in_(inputs) {}

  /// Objects and gradients are kept, as a training loop does.
  double step(const std::string& name) {
    if (name == "softmax") return softmax_.loss(in_.features, in_.weights, {}, in_.labels, softmax_gradients_);
    if (name == "normalised") return normalised_.loss(in_.features, in_.weights, in_.labels, gradients_);
    if (name == "cosface") return cosface_.loss(in_.features, in_.weights, in_.labels, gradients_);
    if (name == "arcface") return arcface_.loss(in_.features, in_.weights, in_.labels, gradients_);
    if (name == "sampled") {
      const auto sample = sample_classes(in_.labels, static_cast<int>(in_.weights.rows()), 0.1, random_);
      gather(in_.weights, sample, 1, few_);
      return sampled_.loss(in_.features, few_, sample.labels, few_gradients_);
    }
    throw Error("no such loss: " + name);
  }

 private:
  const Inputs& in_;
  Softmax<float> softmax_;
  SoftmaxGradients<float> softmax_gradients_;
  MarginSoftmax<float> normalised_{{Margin::none(), 64.0}}, cosface_{{Margin::cosface(0.35), 64.0}},
      arcface_{{Margin::arcface(0.5), 64.0}}, sampled_{{Margin::arcface(0.5), 64.0}};
  MarginSoftmaxGradients<float> gradients_, few_gradients_;
  Matrix<float> few_;
  std::mt19937_64 random_{1};
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: losses_worker EXAMPLES DIMENSIONS CLASSES, names of losses on standard input\n");
    return 2;
  }
  try {
    const Inputs inputs(std::atoi(argv[1]), std::atoi(argv[2]), std::atoi(argv[3]));
    Steps steps(inputs);
    for (std::string name; std::getline(std::cin, name);) {
      const auto begin = std::chrono::steady_clock::now();
      const double loss = steps.step(name);
      const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
      std::printf("%.6f %.9g\n", took.count(), loss);
      std::fflush(stdout);
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "losses_worker: %s\n", error.what());
    return 1;
  }
  return 0;
}
