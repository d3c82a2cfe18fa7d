// What margins do to the logit of the right class, as a function of the angle to its weights.
#ifndef LOSS_PICTURES_TARGET_LOGITS_HPP
#define LOSS_PICTURES_TARGET_LOGITS_HPP

#include <string>

#include <faceio/train/margin.hpp>

#include "people.hpp"
#include "svg.hpp"

namespace target_logits {

struct Curve {
  const char* name;
  const char* style;
  train::Margin margin;
};

/// Steps of half a degree until the curve leaves the plot downwards.
inline std::string path_of(const train::Margin& margin, const Scale& x, const Scale& y) {
  std::string d;
  for (int half = 0; half <= 360; ++half) {
    const double degrees = 0.5 * half, logit = margin.at(degrees * kPi / 180.0).value;
    if (logit < y.from) break;
    d += (d.empty() ? "M" : "L") + units(x(degrees)) + " " + units(y(logit));
  }
  return d;
}

inline void draw(Svg& svg, const Curve& curve, int place, const Scale& x, const Scale& y) {
  const double left = 40.0 + 350.0 * (place % 2), row = 640.0 + 36.0 * (place / 2);
  const std::string style = std::string("curve ") + curve.style;
  svg.add("path", {{"class", style}, {"data-curve", curve.name}, {"d", path_of(curve.margin, x, y)}});
  svg.line(left, row - 7.0, left + 66.0, row - 7.0, style);
  svg.text(left + 78.0, row, curve.name, "small");
}

inline Picture picture() {
  using train::Margin;
  const Curve curves[] = {
      {"softmax: cos θ", "c0", Margin::none()},
      {"ArcFace 0.5", "c5 long", Margin::arcface(0.5)},
      {"CosFace 0.35", "c6 short", Margin::cosface(0.35)},
      {"combined (1, 0.3, 0.2)", "c3 dots-dashes", Margin::combined(1.0, 0.3, 0.2)},
      {"SphereFace 4, λ = 5", "c1 dashes", Margin::sphereface(4.0, 5.0)},
      {"SphereFace 4, λ = 0", "c7 points", Margin::sphereface(4.0, 0.0)},
  };
  Svg svg(740.0, "Target logits of margin losses",
          "Logit of the right class before scaling, over the angle between a feature and the weights of its class. "
          "Every margin lowers it, so that the feature has to come nearer for the same loss.");
  const Scale x{0.0, 180.0, 80.0, 690.0}, y{-2.0, 1.0, 520.0, 60.0};
  svg.text(20.0, 34.0, "Target logit ψ(θ), before scaling", "heading");
  svg.grid(x, y, {0, 30, 60, 90, 120, 150, 180}, {-2, -1.5, -1, -0.5, 0, 0.5, 1}, "%g°", "%g");
  svg.text(385.0, 586.0, "angle θ between feature and class", "middle");
  int place = 0;
  std::string figures;
  for (const Curve& curve : curves) {
    draw(svg, curve, place++, x, y);
    figures += format("  %6.3f at 0, %6.3f at 90 degrees: %s\n", curve.margin.at(0.0).value,
                      curve.margin.at(kPi / 2.0).value, curve.name);
  }
  svg.text(x(73.0), y(-1.92), "λ = 0 falls to −7", "small");
  return {"target_logits.svg", svg.str(), figures};
}

}  // namespace target_logits

#endif  // LOSS_PICTURES_TARGET_LOGITS_HPP
