// The smallest user of faceio::train.
#include <cstdio>
#include <faceio/train/margin_softmax.hpp>

int main() {
  namespace train = faceio::train;
  const train::Matrix<float> identity = train::Matrix<float>::Identity(2, 2);
  const double loss = train::MarginSoftmax<float>({train::Margin::arcface(), 64.0}).loss(identity, identity, {0, 1});
  std::printf("loss %g\n", loss);
  return loss > 0.0 ? 0 : 1;
}
