// Verification by folds, as LFW and the sets like it are reported: accuracy, VAL at FAR, TAR at FAR.
#ifndef FACEIO_EVAL_PAIRS_HPP
#define FACEIO_EVAL_PAIRS_HPP

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "operating_point.hpp"
#include "pair_lists.hpp"

FACEIO_BEGIN_NAMESPACE
namespace eval {

/// The thresholds that compete for the accuracy.
struct ThresholdSweep {
  enum class Scale {
    cosine,            // -1, -1 + step, ... 1; one person when cosine >= threshold
    squared_distance,  // 0, step, ... below 4; one person when 2 - 2 cosine < threshold
  };
  Scale scale = Scale::cosine;
  double step = 0.001;

  /// The rule of recognition/arcface_torch/eval/verification.py (InsightFace).
  static ThresholdSweep insightface() { return {Scale::squared_distance, 0.01}; }
};

struct FoldPairsOptions {
  ThresholdSweep sweep;
  double val_far = 1e-3;                    // FAR at which VAL is stated
  std::vector<double> fars = {1e-2, 1e-3};  // of the TARs over all pairs
};

/// One number a fold, with their mean and population standard deviation.
struct FoldMean {
  std::vector<double> folds;
  double mean = 0.0, std = 0.0;
};

/// Rates 0..1. A pair without a score (a face was not found) has no answer: `missing_wrong` counts that as an
/// error, whatever the pair; `missing_left_out` drops the pair, and is absent when a fold has no other.
struct PairAccuracy {
  FoldMean missing_wrong;
  std::optional<FoldMean> missing_left_out;
};

/// VAL: share of genuine pairs accepted in a fold at the threshold that the other folds give for a FAR.
/// Genuine pairs without a score count as rejected, or not at all; impostor pairs without one never count.
struct ValAtFar {
  std::vector<double> fold_thresholds;  // squared distance
  FoldMean observed_far;                // as observed in the tested folds
  FoldMean val_missing_wrong, val_missing_left_out;
};

struct TarAtFar {
  double target_far = 0.0;
  OperatingPoint strict;  // over all pairs with a score; its tar leaves missing genuine pairs out
  double tar_missing_wrong = 0.0;
};

struct FoldPairsReport {
  size_t genuine_pairs = 0, impostor_pairs = 0, missing_genuine = 0, missing_impostors = 0;
  std::vector<double> fold_thresholds;  // chosen by the other folds, on the scale of the sweep
  double threshold_mean = 0.0;
  PairAccuracy accuracy;
  std::optional<ValAtFar> val;  // absent when a fold has no genuine or no impostor pair with a score
  std::vector<TarAtFar> tars;   // one per option `fars`
};

namespace detail {

struct FoldScores {
  std::vector<double> genuine, impostor;  // cosines
  size_t missing_genuine = 0, missing_impostors = 0;

  double scored() const { return static_cast<double>(genuine.size() + impostor.size()); }
  double all() const { return scored() + static_cast<double>(missing_genuine + missing_impostors); }
};

inline std::vector<double> sweep_thresholds(const ThresholdSweep& sweep) {
  if (!(sweep.step >= 1e-4 && sweep.step <= 1.0)) {
    throw Error("threshold step " + std::to_string(sweep.step) + " is not in the range 0.0001 to 1");
  }
  const bool cosine = sweep.scale == ThresholdSweep::Scale::cosine;
  constexpr double kRounding = 1e-9;
  // numpy.arange(0, 4, step) has ceil(4 / step) values; the cosine sweep includes its end.
  const double count =
      cosine ? std::floor(2.0 / sweep.step + kRounding) + 1.0 : std::ceil(4.0 / sweep.step - kRounding);
  std::vector<double> thresholds;
  for (double i = 0.0; i < count; i += 1.0) thresholds.push_back((cosine ? -1.0 : 0.0) + i * sweep.step);
  return thresholds;
}

// How many of `cosines` each threshold accepts.
inline std::vector<size_t> accepted_counts(std::vector<double> cosines, ThresholdSweep::Scale scale,
                                           const std::vector<double>& thresholds) {
  const bool cosine = scale == ThresholdSweep::Scale::cosine;
  if (!cosine) {
    for (double& value : cosines) value = (std::max)(0.0, 2.0 - 2.0 * value);
  }
  std::sort(cosines.begin(), cosines.end());
  std::vector<size_t> counts;
  for (const double threshold : thresholds) {
    const auto below = std::lower_bound(cosines.begin(), cosines.end(), threshold) - cosines.begin();
    counts.push_back(cosine ? cosines.size() - static_cast<size_t>(below) : static_cast<size_t>(below));
  }
  return counts;
}

inline void add_to(std::vector<size_t>& sums, const std::vector<size_t>& counts) {
  sums.resize(counts.size());
  for (size_t i = 0; i < counts.size(); ++i) sums[i] += counts[i];
}

inline FoldMean fold_mean(std::vector<double> folds) {
  FoldMean result;
  const double count = static_cast<double>(folds.size());
  for (const double value : folds) result.mean += value / count;
  double variance = 0.0;
  for (const double value : folds) variance += (value - result.mean) * (value - result.mean) / count;
  result.std = std::sqrt(variance);
  result.folds = (std::move)(folds);
  return result;
}

inline void accuracy_by_folds(const std::vector<FoldScores>& folds, const ThresholdSweep& sweep,
                              FoldPairsReport& report) {
  const std::vector<double> thresholds = sweep_thresholds(sweep);
  std::vector<std::vector<size_t>> right(folds.size());  // [fold][threshold]: pairs answered rightly
  std::vector<size_t> total;
  for (size_t f = 0; f < folds.size(); ++f) {
    right[f] = accepted_counts(folds[f].genuine, sweep.scale, thresholds);
    const std::vector<size_t> wrong = accepted_counts(folds[f].impostor, sweep.scale, thresholds);
    for (size_t t = 0; t < thresholds.size(); ++t) right[f][t] += folds[f].impostor.size() - wrong[t];
    add_to(total, right[f]);
  }
  std::vector<double> missing_wrong, missing_left_out;
  bool every_fold_scored = true;
  for (size_t f = 0; f < folds.size(); ++f) {
    size_t best = 0;  // the first maximum wins
    for (size_t t = 1; t < thresholds.size(); ++t) {
      if (total[t] - right[f][t] > total[best] - right[f][best]) best = t;
    }
    report.fold_thresholds.push_back(thresholds[best]);
    const double rightly = static_cast<double>(right[f][best]);
    missing_wrong.push_back(rightly / folds[f].all());
    every_fold_scored = every_fold_scored && folds[f].scored() > 0.0;
    if (every_fold_scored) missing_left_out.push_back(rightly / folds[f].scored());
  }
  report.threshold_mean = fold_mean(report.fold_thresholds).mean;
  report.accuracy.missing_wrong = fold_mean(missing_wrong);
  if (every_fold_scored) report.accuracy.missing_left_out = fold_mean(missing_left_out);
}

// Where the FAR of the training folds first reaches `target`, on a straight line from the threshold before;
// 0, which accepts nothing, when it never does.
inline double interpolated_threshold(const std::vector<double>& fars, const std::vector<double>& thresholds,
                                     double target) {
  const size_t i = static_cast<size_t>(std::lower_bound(fars.begin(), fars.end(), target) - fars.begin());
  if (i == fars.size()) return 0.0;
  if (i == 0) return thresholds[0];
  const double share = (target - fars[i - 1]) / (fars[i] - fars[i - 1]);
  return thresholds[i - 1] + share * (thresholds[i] - thresholds[i - 1]);
}

inline std::optional<ValAtFar> val_at_far(const std::vector<FoldScores>& folds, double target) {
  constexpr auto kScale = ThresholdSweep::Scale::squared_distance;
  const std::vector<double> thresholds = sweep_thresholds({kScale, 0.001});
  std::vector<std::vector<size_t>> accepted;
  std::vector<size_t> total;
  size_t impostors = 0;
  for (const FoldScores& fold : folds) {
    if (fold.genuine.empty() || fold.impostor.empty()) return std::nullopt;
    accepted.push_back(accepted_counts(fold.impostor, kScale, thresholds));
    add_to(total, accepted.back());
    impostors += fold.impostor.size();
  }
  ValAtFar result;
  std::vector<double> observed_far, missing_wrong, missing_left_out;
  for (size_t f = 0; f < folds.size(); ++f) {
    const double training = static_cast<double>(impostors - folds[f].impostor.size());
    std::vector<double> fars;
    for (size_t t = 0; t < thresholds.size(); ++t) {
      fars.push_back(static_cast<double>(total[t] - accepted[f][t]) / training);
    }
    const double threshold = interpolated_threshold(fars, thresholds, target);
    const auto below = [&](const std::vector<double>& cosines) {
      return static_cast<double>(accepted_counts(cosines, kScale, {threshold})[0]);
    };
    const double genuine = static_cast<double>(folds[f].genuine.size());
    result.fold_thresholds.push_back(threshold);
    observed_far.push_back(below(folds[f].impostor) / static_cast<double>(folds[f].impostor.size()));
    missing_left_out.push_back(below(folds[f].genuine) / genuine);
    missing_wrong.push_back(below(folds[f].genuine) /
                            (genuine + static_cast<double>(folds[f].missing_genuine)));
  }
  result.observed_far = fold_mean(observed_far);
  result.val_missing_wrong = fold_mean(missing_wrong);
  result.val_missing_left_out = fold_mean(missing_left_out);
  return result;
}

}  // namespace detail

/// The protocol of LFW view 2 (README.txt of the data set): every fold is judged with the threshold that is
/// best on the others. `scores` are the cosines of the pairs of `list`, in its order, nothing where a face
/// was missed; for embeddings with flip the caller has added the two before normalising. VAL and its
/// interpolation are those of recognition/arcface_torch/eval/verification.py (InsightFace).
/// Throws Error when the numbers of pairs and scores differ, there are fewer than two folds, a score is not a
/// cosine, an option is out of range, or no genuine or no impostor pair has a score.
inline FoldPairsReport evaluate_pairs(const PairList& list, const std::vector<std::optional<double>>& scores,
                                      const FoldPairsOptions& options = {}) {
  if (scores.size() != list.pairs.size()) {
    throw Error(std::to_string(scores.size()) + " scores for " + std::to_string(list.pairs.size()) +
                " pairs");
  }
  if (list.folds < 2 || list.pairs.empty() || list.pairs.size() % list.folds != 0) {
    throw Error(std::to_string(list.pairs.size()) + " pairs in " + std::to_string(list.folds) +
                " folds; at least two folds of equal size are needed");
  }
  check_target_far(options.val_far);
  std::vector<detail::FoldScores> folds(list.folds);
  std::vector<double> genuine, impostor;
  FoldPairsReport report;
  for (size_t i = 0; i < scores.size(); ++i) {
    detail::FoldScores& fold = folds[i / (scores.size() / list.folds)];
    const bool is_genuine = list.pairs[i].genuine;
    ++(is_genuine ? report.genuine_pairs : report.impostor_pairs);
    if (!scores[i]) {
      ++(is_genuine ? fold.missing_genuine : fold.missing_impostors);
      ++(is_genuine ? report.missing_genuine : report.missing_impostors);
      continue;
    }
    constexpr double kMostCosine = 1.001;  // rounding of float embeddings included
    if (!(std::fabs(*scores[i]) <= kMostCosine)) {
      throw Error("score " + std::to_string(*scores[i]) + " of pair " + std::to_string(i + 1) + " (" +
                  list.pairs[i].a + ", " + list.pairs[i].b + ") is not a cosine; normalise the embeddings");
    }
    (is_genuine ? fold.genuine : fold.impostor).push_back(*scores[i]);
    (is_genuine ? genuine : impostor).push_back(*scores[i]);
  }
  const Roc roc(std::move(genuine), (std::move)(impostor));
  detail::accuracy_by_folds(folds, options.sweep, report);
  report.val = detail::val_at_far(folds, options.val_far);
  for (const double target_far : options.fars) {
    const OperatingPoint point = roc.strict(target_far);
    report.tars.push_back(
        {target_far, point,
         static_cast<double>(point.accepted_genuine) / static_cast<double>(report.genuine_pairs)});
  }
  return report;
}

}  // namespace eval
FACEIO_END_NAMESPACE

#endif  // FACEIO_EVAL_PAIRS_HPP
