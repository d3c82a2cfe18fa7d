// Margins: what the losses of SphereFace, CosFace and ArcFace do to the logit of the right class. One mechanism, a
// function of the angle between a feature and the weights of its class; margin_softmax.hpp does the rest.
#ifndef FACEIO_TRAIN_MARGIN_HPP
#define FACEIO_TRAIN_MARGIN_HPP

#include <cmath>
#include <string>

#include "matrix.hpp"

FACEIO_BEGIN_NAMESPACE
namespace train {

/// How cos(m1 theta + m2) goes on where its argument phi leaves [0, pi], beyond which it would rise again.
enum class Extension {
  none,         // cos(phi), as the papers of ArcFace and of the combined margin write it
  monotonic,    // (-1)^k cos(phi) - 2k for phi in [k pi, (k+1) pi]: SphereFace, equation 7; continuous
  arcface,      // ArcFace's published code, easy_margin = False: cos(theta) - m sin(m) where theta > pi - m, with a
                // step of 1 - cos(m) - m sin(m) there, downwards for m < 2.33
  easy_margin,  // the same code, easy_margin = True: cos(theta + m) where theta <= pi/2, otherwise cos(theta), with a
                // step of sin(m) upwards
};

/// A logit before scaling and its derivative with respect to the angle.
///
/// With respect to cos(theta) the derivative is -slope / sin(theta), which tends to infinity at theta = 0 and pi
/// wherever the slope does not vanish there. The losses have no use for it: the gradient of theta itself with respect
/// to a feature of length |x| is a vector of length 1 / |x| at every angle.
struct TargetLogit {
  double value = 0.0;
  double slope = 0.0;  // at a kink of an extension, that of the side of smaller angles
};

/// psi(theta) = cos(m1 theta + m2) - m3, extended, and blended with cos(theta) for annealing:
/// (lambda cos(theta) + psi(theta)) / (1 + lambda). Without margins it is cos(theta).
struct Margin {
  double m1 = 1.0;  // multiplicative: SphereFace
  double m2 = 0.0;  // additive, in radians: ArcFace
  double m3 = 0.0;  // subtracted from the cosine: CosFace
  Extension extension = Extension::none;
  double lambda = 0.0;  // SphereFace starts at 1000 and lowers it to 5; 0: the margin alone

  static constexpr Margin none() { return {}; }
  static constexpr Margin sphereface(double m = 4.0, double lambda = 0.0) {
    return {m, 0.0, 0.0, Extension::monotonic, lambda};
  }
  static constexpr Margin cosface(double m = 0.35) { return {1.0, 0.0, m, Extension::none, 0.0}; }
  static constexpr Margin arcface(double m = 0.5, Extension extension = Extension::arcface) {
    return {1.0, m, 0.0, extension, 0.0};
  }
  static constexpr Margin combined(double m1, double m2, double m3, Extension extension = Extension::none) {
    return {m1, m2, m3, extension, 0.0};
  }

  /// Throws Error unless m1 > 0, 0 <= m2 <= pi, m3 >= 0 and lambda >= 0, all finite, and, with the two extensions of
  /// ArcFace's code, m1 = 1 and m3 = 0: they are defined for nothing else.
  void require_valid() const {
    check_option("m1", m1, m1 > 0.0, "above 0");
    check_option("m2", m2, m2 >= 0.0 && m2 <= kPi, "between 0 and pi, in radians");
    check_option("m3", m3, m3 >= 0.0, "0 or more");
    check_option("lambda", lambda, lambda >= 0.0, "0 or more");
    const bool of_arcface = extension == Extension::arcface || extension == Extension::easy_margin;
    if (of_arcface && (m1 != 1.0 || m3 != 0.0))
      throw Error("margin: the extensions arcface and easy_margin are defined for m1 = 1 and m3 = 0; use monotonic");
  }

  /// The target logit at an angle in [0, pi], for options that require_valid() accepts.
  TargetLogit at(double theta_rad) const {
    const double cosine = std::cos(theta_rad), fall = -std::sin(theta_rad);
    const TargetLogit psi = extended(theta_rad, cosine, fall);
    const double share = 1.0 / (1.0 + lambda);
    return {(lambda * cosine + psi.value) * share, (lambda * fall + psi.slope) * share};
  }

 private:
  static constexpr double kPi = 3.14159265358979323846;

  static void check_option(const char* name, double value, bool in_range, const char* range) {
    if (!in_range || !std::isfinite(value))
      throw Error(std::string("margin: ") + name + " is " + std::to_string(value) + "; it must be " + range);
  }

  TargetLogit extended(double theta, double cosine, double fall) const {
    const double phi = m1 * theta + m2;
    const bool outside = extension == Extension::easy_margin ? theta > kPi / 2 : phi > kPi;
    if (outside && extension == Extension::easy_margin) return {cosine, fall};
    if (outside && extension == Extension::arcface) return {cosine - m2 * std::sin(m2), fall};
    double sign = 1.0, steps = 0.0;
    if (outside && extension == Extension::monotonic) {
      steps = std::ceil(phi / kPi) - 1.0;
      sign = std::fmod(steps, 2.0) == 0.0 ? 1.0 : -1.0;
    }
    return {sign * std::cos(phi) - 2.0 * steps - m3, -sign * m1 * std::sin(phi)};
  }
};

}  // namespace train
FACEIO_END_NAMESPACE

#endif  // FACEIO_TRAIN_MARGIN_HPP
