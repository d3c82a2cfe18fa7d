// Heads trained with each loss on half of the people, judged by the other half.
#ifndef FACEIO_EXAMPLES_COMPARE_HPP
#define FACEIO_EXAMPLES_COMPARE_HPP

#include <faceio/eval/operating_point.hpp>

#include <cmath>
#include <cstdio>
#include <vector>

#include "losses.hpp"
#include "people.hpp"

struct Verification {
  double accuracy = 0.0;  // of as many genuine pairs as impostors, at the best threshold for the people trained on
  double tar = 0.0;       // at FAR 1e-2
};

/// Those for whom `chosen` is true, numbered anew.
inline People people_of(const People& all, const std::vector<bool>& chosen) {
  People some;
  std::vector<int> number(chosen.size(), -1);
  std::vector<int> rows;
  for (size_t i = 0; i < all.person.size(); ++i) {
    const auto person = static_cast<size_t>(all.person[i]);
    if (!chosen[person]) continue;
    if (number[person] < 0) number[person] = some.count++;
    some.person.push_back(number[person]);
    rows.push_back(static_cast<int>(i));
  }
  some.embeddings = all.embeddings(rows, Eigen::all);
  return some;
}

/// Cosines of all pairs after the head.
inline faceio::eval::Roc all_pairs(const People& people, const faceio::train::Matrix<float>& head) {
  faceio::train::Matrix<float> e = people.embeddings * head.transpose();
  e.rowwise().normalize();
  const faceio::train::Matrix<float> cosine = e * e.transpose();
  std::vector<double> genuine, impostor;
  for (faceio::train::Index i = 0; i < e.rows(); ++i) {
    for (faceio::train::Index k = 0; k < i; ++k) {
      const bool same = people.person[static_cast<size_t>(i)] == people.person[static_cast<size_t>(k)];
      (same ? genuine : impostor).push_back(static_cast<double>(cosine(i, k)));
    }
  }
  return {std::move(genuine), std::move(impostor)};
}

inline double balanced_accuracy(const faceio::eval::OperatingPoint& point) {
  return (point.tar + 1.0 - point.observed_far) / 2.0;
}

inline Verification verify(const People& seen, const People& unseen, const faceio::train::Matrix<float>& head) {
  double best = 0.0, threshold = 0.0;
  for (const faceio::eval::OperatingPoint& point : all_pairs(seen, head).points()) {
    if (balanced_accuracy(point) <= best) continue;
    best = balanced_accuracy(point);
    threshold = point.threshold;
  }
  const faceio::eval::Roc roc = all_pairs(unseen, head);
  return {balanced_accuracy(roc.at(threshold)), roc.strict(1e-2).tar};
}

/// Mean and half the width of its 95 % interval (Student's t, five to eleven values).
inline std::string mean_text(const std::vector<double>& values) {
  constexpr double kQuantile[] = {2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228};
  const auto n = static_cast<double>(values.size());
  double mean = 0.0, squares = 0.0;
  for (const double v : values) mean += v / n;
  for (const double v : values) squares += (v - mean) * (v - mean);
  char text[64];
  std::snprintf(text, sizeof text, "%.3f +- %.3f", 100.0 * mean,
                100.0 * kQuantile[values.size() - 5] * std::sqrt(squares / (n - 1.0) / n));
  return text;
}

/// Prints a table; every seed splits the people and starts class weights anew, the same for all losses.
inline void compare_losses(const People& people, int64_t steps, int seeds) {
  std::printf("%d people, %d pictures, half of the people trained on; %lld steps, %d seeds; percent, mean and 95 %% "
              "interval over seeds\n%-12s %-18s %-18s %-28s %s\n",
              people.count, static_cast<int>(people.person.size()), static_cast<long long>(steps), seeds, "loss",
              "accuracy", "TAR at FAR 1e-2", "loss, first and last steps", "LFW in ArcFace's paper");
  std::vector<NamedLoss> losses = named_losses();
  losses.insert(losses.begin(), {"none", "-", {}});
  for (size_t l = 0; l < losses.size(); ++l) {
    const NamedLoss& loss = losses[l];
    const bool trains = l > 0;
    std::vector<double> accuracy, tar;
    double first = 0.0, last = 0.0;
    for (int seed = 1; seed <= seeds; ++seed) {
      std::vector<bool> chosen(static_cast<size_t>(people.count), false);
      const auto order = faceio::train::shuffled(people.count, faceio::train::Random(static_cast<uint64_t>(seed)));
      for (int i = 0; i < people.count / 2; ++i) chosen[static_cast<size_t>(order[static_cast<size_t>(i)])] = true;
      const People seen = people_of(people, chosen);
      chosen.flip();
      const People unseen = people_of(people, chosen);
      faceio::train::Matrix<float> head = no_change();
      if (trains) {
        faceio::train::EmbeddingHeadOptions options = loss.options;
        options.seed = static_cast<uint64_t>(seed);
        faceio::train::EmbeddingHead<float> task(seen.embeddings, seen.person, seen.count, head, options);
        faceio::train::Trainer<float> trainer(task, training_of(steps, options.seed));
        trainer.run([&](const faceio::train::StepReport& report) {
          if (report.step <= 20) first += report.loss / 20 / seeds;
          if (report.step > steps - 20) last += report.loss / 20 / seeds;
        });
        head = task.head();
      }
      const Verification result = verify(seen, unseen, head);
      accuracy.push_back(result.accuracy);
      tar.push_back(result.tar);
    }
    char losses_text[32];
    std::snprintf(losses_text, sizeof losses_text, "%.3g, %.3g", first, last);
    std::printf("%-12s %-18s %-18s %-28s %s\n", loss.name, mean_text(accuracy).c_str(), mean_text(tar).c_str(),
                trains ? losses_text : "-", loss.paper);
    std::fflush(stdout);
  }
}

#endif
