// The losses that are compared, with the options of their papers.
#ifndef FACEIO_EXAMPLES_LOSSES_HPP
#define FACEIO_EXAMPLES_LOSSES_HPP

#include <faceio/models/mobilefacenet_192.hpp>
#include <faceio/train/embedding_head.hpp>

#include <stdexcept>
#include <string>
#include <vector>

struct NamedLoss {
  const char* name;
  const char* paper;  // percent of LFW's pairs, ArcFace (Deng et al. 2019), table 2
  faceio::train::EmbeddingHeadOptions options;
};

inline std::vector<NamedLoss> named_losses() {
  using faceio::train::Margin;
  constexpr double kScale = 32.0;  // a few hundred people, where papers have 64 for 85,000
  std::vector<NamedLoss> all = {{"softmax", "99.08", {}},    {"center", "-", {}},      {"normalised", "98.56", {}},
                                {"sphereface", "99.42", {}}, {"cosface", "99.51", {}}, {"arcface", "99.53", {}},
                                {"combined", "99.48", {}},   {"subcenter", "-", {}}};
  for (NamedLoss& loss : all) loss.options.margin.scale = kScale;
  all[0].options.margin_loss = all[1].options.margin_loss = false;
  all[1].options.center_weight = 0.003;  // Wen et al., figure 5
  all[3].options.margin.margin = Margin::sphereface(4.0, 5.0);
  all[3].options.margin.scale_by_length = true;
  all[4].options.margin.margin = Margin::cosface(0.35);
  all[5].options.margin.margin = Margin::arcface(0.5);
  all[6].options.margin.margin = Margin::combined(1.0, 0.3, 0.2);
  all[7].options.margin.margin = Margin::arcface(0.5);
  all[7].options.margin.sub_centers = 3;
  return all;
}

inline NamedLoss loss_called(const std::string& name) {
  std::string names;
  for (const NamedLoss& loss : named_losses()) {
    if (name == loss.name) return loss;
    names += std::string(" ") + loss.name;
  }
  throw std::runtime_error("no loss is called " + name + "; there are" + names);
}

/// The same for all losses.
inline faceio::train::TrainerOptions training_of(int64_t steps, uint64_t seed) {
  faceio::train::TrainerOptions training;
  training.steps = steps;
  training.seed = seed;
  training.sgd.schedule = {0.01, {steps / 2, steps * 3 / 4}, 0.1};
  return training;
}

/// A head that changes nothing.
inline faceio::train::Matrix<float> no_change() {
  constexpr int kSize = faceio::mobilefacenet_192::kEmbeddingSize;
  return faceio::train::Matrix<float>::Identity(kSize, kSize);
}

#endif
