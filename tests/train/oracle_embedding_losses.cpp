// Evaluates the cases of tools/loss_oracle/embedding_losses.py with the library, in single precision: reads a JSON
// list of cases from the file named by the argument and prints the JSON list of their results. oracle_test.py
// compares.
#include <faceio/train/center_loss.hpp>
#include <faceio/train/margin_softmax.hpp>
#include <faceio/train/softmax.hpp>
#include <string>
#include <vector>

#include "../eval/oracle_main.hpp"

using nlohmann::json;

using namespace faceio::train;

namespace {

Matrix<float> matrix(const json& rows) {
  Matrix<float> m(static_cast<Index>(rows.size()), static_cast<Index>(rows.at(0).size()));
  for (size_t i = 0; i < rows.size(); ++i)
    for (size_t j = 0; j < rows[i].size(); ++j) m(static_cast<Index>(i), static_cast<Index>(j)) = rows[i][j];
  return m;
}

template <class Numbers>
json list(const Numbers& numbers) {
  return std::vector<float>(numbers.data(), numbers.data() + numbers.size());
}

json softmax(const json& input) {
  Vector<float> biases(static_cast<Index>(input.at("biases").size()));
  for (Index i = 0; i < biases.size(); ++i) biases(i) = input.at("biases")[static_cast<size_t>(i)];
  Softmax<float> softmax;
  SoftmaxGradients<float> g;
  const double loss =
      softmax.loss(matrix(input.at("features")), matrix(input.at("weights")), biases, input.at("labels"), g);
  return {{"loss", loss}, {"features", list(g.features)}, {"weights", list(g.weights)}, {"biases", list(g.biases)}};
}

Extension extension(const std::string& name) {
  if (name == "none") return Extension::none;
  if (name == "monotonic") return Extension::monotonic;
  if (name == "arcface") return Extension::arcface;
  if (name == "easy_margin") return Extension::easy_margin;
  throw Error("no such extension: " + name);
}

json margin(const json& input) {
  const Margin margin{input.at("m1"), input.at("m2"), input.at("m3"), extension(input.at("extension")),
                      input.at("lambda")};
  MarginSoftmax<float> softmax({margin, input.at("scale"), input.at("by_length"), input.at("centers")});
  MarginSoftmaxGradients<float> g;
  const double loss = softmax.loss(matrix(input.at("features")), matrix(input.at("weights")), input.at("labels"), g);
  return {{"loss", loss}, {"features", list(g.features)}, {"weights", list(g.weights)}};
}

json center(const json& input) {
  const Matrix<float> features = matrix(input.at("features"));
  Matrix<float> centers = matrix(input.at("weights")), g;
  const double loss = center_loss(features, centers, input.at("labels"), &g);
  update_centers(features, input.at("labels"), input.at("alpha"), centers);
  return {{"loss", loss}, {"features", list(g)}, {"centers", list(centers)}};
}

json evaluate(const json& input) {
  const std::string kind = input.at("kind");
  return kind == "softmax" ? softmax(input) : kind == "center" ? center(input) : margin(input);
}

}  // namespace

int main(int argc, char** argv) { return answer_cases(argc, argv, evaluate); }
