// Genuine and impostor scores turned into ROC and DET points, TAR at a target FAR, and equal error rate.
#ifndef FACEIO_EVAL_OPERATING_POINT_HPP
#define FACEIO_EVAL_OPERATING_POINT_HPP

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "text.hpp"

FACEIO_BEGIN_NAMESPACE
namespace eval {

namespace detail {

// The shortest text that reads back as the same double, in any locale.
inline std::string number_text(double value) {
  char text[32];
  const std::to_chars_result result =
      std::to_chars(text, text + sizeof text, value, std::chars_format::general);
  return std::string(text, result.ptr);
}

}  // namespace detail

/// What a verification threshold does: a pair is accepted when its score is >= `threshold`.
struct OperatingPoint {
  double threshold = 0.0;  // +infinity: nothing is accepted
  uint64_t accepted_genuine = 0;
  uint64_t accepted_impostors = 0;
  double tar = 0.0;           // true accept rate, 0..1
  double observed_far = 0.0;  // false accept rate, 0..1

  /// False reject rate, the vertical axis of a DET curve.
  double frr() const { return 1.0 - tar; }
};

struct EqualErrorRate {
  double rate = 0.0;       // FAR = FRR where straight lines between ROC points cross, 0..1
  double threshold = 0.0;  // of the first ROC point from the right with FAR >= FRR
};

/// Throws Error unless 0 <= far < 1: a target that accepts every impostor is no target.
inline void check_target_far(double target_far) {
  if (target_far >= 0.0 && target_far < 1.0) return;
  throw Error("target FAR " + detail::number_text(target_far) + " is not in the range from 0 to below 1");
}

/// The most impostors of `impostors` that may be accepted so that accepted / impostors <= far, compared in
/// double as a reader of the quotient would: 3 of 3,000 is a FAR of 0.001 although 0.001 * 3000 > 3.
/// Throws Error like check_target_far.
inline uint64_t allowed_impostors(double target_far, uint64_t impostors) {
  check_target_far(target_far);
  const double total = static_cast<double>(impostors);
  uint64_t count = static_cast<uint64_t>(target_far * total);
  while (count > 0 && static_cast<double>(count) / total > target_far) --count;
  while (count < impostors && static_cast<double>(count + 1) / total <= target_far) ++count;
  return count;
}

/// Receiver operating characteristic of similarity scores (larger: more alike). Memory: the scores only.
/// Immutable after construction; safe to read from any number of threads.
class Roc {
 public:
  /// Scores in any order. Throws Error when one is not finite, or when there is no genuine or no impostor
  /// pair: then TAR or FAR does not exist.
  Roc(std::vector<double> genuine, std::vector<double> impostor)
      : genuine_(std::move(genuine)), impostor_(std::move(impostor)) {
    prepare(genuine_, "genuine");
    prepare(impostor_, "impostor");
  }

  uint64_t genuine_pairs() const { return genuine_.size(); }
  uint64_t impostor_pairs() const { return impostor_.size(); }

  /// One point per distinct score in falling order of threshold, after one that accepts nothing.
  std::vector<OperatingPoint> points() const {
    std::vector<OperatingPoint> all;
    each_point([&all](const OperatingPoint& point) {
      all.push_back(point);
      return true;
    });
    return all;
  }

  /// What `threshold` does to these pairs.
  OperatingPoint at(double threshold) const {
    const auto accepted = [threshold](const std::vector<double>& falling) {
      const auto end = std::upper_bound(falling.begin(), falling.end(), threshold, std::greater<double>());
      return static_cast<size_t>(end - falling.begin());
    };
    return point(threshold, accepted(genuine_), accepted(impostor_));
  }

  /// The strict reading: the largest TAR whose observed FAR is <= `target_far`, at the smallest observed
  /// score that gives it; +infinity when even the highest score accepts too many impostors.
  /// Throws Error like check_target_far.
  OperatingPoint strict(double target_far) const {
    const uint64_t allowed = allowed_impostors(target_far, impostor_pairs());
    OperatingPoint best;
    each_point([&](const OperatingPoint& next) {
      if (next.accepted_impostors > allowed) return false;
      best = next;
      return true;
    });
    return best;
  }

  /// The reading of the IJB scripts: the ROC point whose FAR is nearest to `target_far`, the later of two
  /// equally near; its FAR may exceed the target. Their curve is that of scikit-learn, which leaves out
  /// points where the counts go on in equal steps, so only its corners can be picked
  /// (recognition/arcface_torch/onnx_ijbc.py; sklearn.metrics.roc_curve with drop_intermediate).
  /// Throws Error like check_target_far.
  OperatingPoint nearest(double target_far) const {
    check_target_far(target_far);
    OperatingPoint best;
    double best_distance = std::numeric_limits<double>::infinity();
    const auto offer = [&](const OperatingPoint& candidate) {
      const double distance = std::fabs(candidate.observed_far - target_far);
      if (distance > best_distance) return;
      best_distance = distance;
      best = candidate;
    };
    OperatingPoint before, current;
    size_t seen = 0;
    each_point([&](const OperatingPoint& next) {
      // The point that accepts nothing and the first score are always on the curve.
      if (seen == 1 || seen == 2 || (seen > 2 && is_corner(before, current, next))) offer(current);
      before = current;
      current = next;
      ++seen;
      return true;
    });
    offer(current);
    return best;
  }

  /// Where FAR and FRR are equal.
  EqualErrorRate equal_error_rate() const {
    EqualErrorRate result;
    OperatingPoint before;
    each_point([&](const OperatingPoint& next) {
      const double difference = next.observed_far - next.frr();
      if (difference < 0.0) {
        before = next;
        return true;
      }
      const double below = before.frr() - before.observed_far;
      result.rate =
          before.observed_far + below / (below + difference) * (next.observed_far - before.observed_far);
      result.threshold = next.threshold;
      return false;
    });
    return result;
  }

 private:
  static void prepare(std::vector<double>& scores, const std::string& kind) {
    if (scores.empty()) {
      throw Error("no " + kind + " pair has a score, so there is no " + (kind == "genuine" ? "TAR" : "FAR") +
                  "; add " + kind + " pairs");
    }
    for (size_t i = 0; i < scores.size(); ++i) {
      if (!std::isfinite(scores[i])) {
        throw Error("score " + std::to_string(i) + " of the " + kind + " pairs is not a finite number");
      }
    }
    std::sort(scores.begin(), scores.end(), std::greater<double>());
  }

  static bool is_corner(const OperatingPoint& a, const OperatingPoint& b, const OperatingPoint& c) {
    return b.accepted_genuine - a.accepted_genuine != c.accepted_genuine - b.accepted_genuine ||
           b.accepted_impostors - a.accepted_impostors != c.accepted_impostors - b.accepted_impostors;
  }

  OperatingPoint point(double threshold, size_t genuine, size_t impostors) const {
    OperatingPoint result;
    result.threshold = threshold;
    result.accepted_genuine = genuine;
    result.accepted_impostors = impostors;
    result.tar = static_cast<double>(genuine) / static_cast<double>(genuine_.size());
    result.observed_far = static_cast<double>(impostors) / static_cast<double>(impostor_.size());
    return result;
  }

  // Gives `visit` the ROC points in order until it returns false.
  template <class Visit>
  void each_point(const Visit& visit) const {
    size_t genuine = 0, impostors = 0;
    if (!visit(point(std::numeric_limits<double>::infinity(), 0, 0))) return;
    while (genuine < genuine_.size() || impostors < impostor_.size()) {
      constexpr double kNone = -std::numeric_limits<double>::infinity();
      const double threshold = (std::max)(genuine < genuine_.size() ? genuine_[genuine] : kNone,
                                          impostors < impostor_.size() ? impostor_[impostors] : kNone);
      while (genuine < genuine_.size() && genuine_[genuine] >= threshold) ++genuine;
      while (impostors < impostor_.size() && impostor_[impostors] >= threshold) ++impostors;
      if (!visit(point(threshold, genuine, impostors))) return;
    }
  }

  std::vector<double> genuine_, impostor_;  // falling
};

}  // namespace eval
FACEIO_END_NAMESPACE

#endif  // FACEIO_EVAL_OPERATING_POINT_HPP
