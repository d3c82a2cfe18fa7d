// How far a rate may be off: Clopper-Pearson intervals of counts, percentile intervals of samples.
#ifndef FACEIO_EVAL_INTERVALS_HPP
#define FACEIO_EVAL_INTERVALS_HPP

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "text.hpp"

FACEIO_BEGIN_NAMESPACE
namespace eval {

struct Interval {
  double low = 0.0, high = 1.0;
};

namespace detail {

inline void check_confidence(double confidence) {
  if (confidence > 0.0 && confidence < 1.0) return;
  throw Error("confidence " + std::to_string(confidence) + " is not between 0 and 1");
}

// log(n!) minus Stirling's approximation of it, n >= 1.
inline double stirling_error(double n) {
  constexpr double kHalfLog2Pi = 0.91893853320467274178;
  if (n <= 15.0) {
    double factorial = 1.0;
    for (double i = 2.0; i <= n; i += 1.0) factorial *= i;
    return std::log(factorial) - ((n + 0.5) * std::log(n) - n + kHalfLog2Pi);
  }
  const double s = 1.0 / (n * n);
  return (1.0 / 12 - s * (1.0 / 360 - s * (1.0 / 1260 - s / 1680))) / n;
}

// x log(x / mean) + mean - x; by its series where the terms would cancel.
inline double deviance(double x, double mean) {
  const double v = (x - mean) / (x + mean);
  if (std::fabs(v) > 0.1) return x * std::log(x / mean) + mean - x;
  double sum = (x - mean) * v, power = 2.0 * x * v;
  for (double odd = 3.0;; odd += 2.0) {
    power *= v * v;
    const double next = sum + power / odd;
    if (next == sum) return sum;
    sum = next;
  }
}

// P(X = k), 0 < k < n, X binomial: Loader, Fast and accurate computation of binomial probabilities, 2000.
inline double binomial_probability(double k, double n, double p) {
  constexpr double kTwoPi = 6.28318530717958647693;
  const double exponent = stirling_error(n) - stirling_error(k) - stirling_error(n - k) - deviance(k, n * p) -
                          deviance(n - k, n * (1.0 - p));
  return std::exp(exponent) * std::sqrt(n / (kTwoPi * k * (n - k)));
}

// P(X <= k) for 0 < k < n and p >= k / n, or P(X >= k) for p <= k / n: terms that fall from X = k on.
inline double binomial_tail(double k, double n, double p, bool upper) {
  double term = 1.0, sum = 1.0;
  for (double i = k; upper ? i < n : i > 0.0; upper ? i += 1.0 : i -= 1.0) {
    term *= upper ? (n - i) * p / ((i + 1.0) * (1.0 - p)) : i * (1.0 - p) / ((n - i + 1.0) * p);
    if (term < 1e-17 * sum) break;
    sum += term;
  }
  return binomial_probability(k, n, p) * sum;
}

}  // namespace detail

/// Clopper-Pearson interval of a rate of which `hits` in `trials` independent trials were seen
/// (Biometrika 1934). Relative error below 1e-10 for up to 1e13 trials; time grows with sqrt(hits).
/// Throws Error when trials is 0, hits > trials, or confidence is not between 0 and 1.
inline Interval clopper_pearson(uint64_t hits, uint64_t trials, double confidence = 0.95) {
  detail::check_confidence(confidence);
  if (trials == 0) throw Error("a rate of no trials has no interval; add pairs");
  if (hits > trials) {
    throw Error(std::to_string(hits) + " hits of " + std::to_string(trials) + " trials is impossible");
  }
  const double k = static_cast<double>(hits), n = static_cast<double>(trials);
  const double tail = (1.0 - confidence) / 2.0;
  // The rate between `inside` and `outside` at which the tail has the wanted probability.
  const auto bisect = [k, n, tail](double inside, double outside, bool upper) {
    while (true) {
      const double middle = inside + (outside - inside) / 2.0;
      if (middle == inside || middle == outside) return middle;
      (detail::binomial_tail(k, n, middle, upper) > tail ? inside : outside) = middle;
    }
  };
  Interval interval;
  if (hits == trials) {
    interval.low = std::exp(std::log(tail) / n);
  } else if (hits > 0) {
    interval.low = bisect(k / n, 0.0, true);
  }
  if (hits == 0) {
    interval.high = -std::expm1(std::log(tail) / n);
  } else if (hits < trials) {
    interval.high = bisect(k / n, 1.0, false);
  }
  return interval;
}

/// The middle `confidence` of `values`: quantiles by linear interpolation between order statistics
/// (definition 7 of Hyndman and Fan, 1996). Throws Error when there are none, or one is NaN.
inline Interval percentile_interval(std::vector<double> values, double confidence = 0.95) {
  detail::check_confidence(confidence);
  if (values.empty()) throw Error("no values, so no percentile interval");
  for (const double value : values) {
    if (std::isnan(value)) throw Error("a value of a percentile interval is not a number");
  }
  std::sort(values.begin(), values.end());
  const auto quantile = [&values](double share) {
    const double position = share * static_cast<double>(values.size() - 1);
    const size_t below = static_cast<size_t>(position);
    const size_t above = (std::min)(below + 1, values.size() - 1);
    return values[below] + (position - static_cast<double>(below)) * (values[above] - values[below]);
  };
  return {quantile((1.0 - confidence) / 2.0), quantile((1.0 + confidence) / 2.0)};
}

}  // namespace eval
FACEIO_END_NAMESPACE

#endif  // FACEIO_EVAL_INTERVALS_HPP
