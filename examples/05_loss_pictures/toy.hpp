// Eight people on a plane: what softmax, normalised softmax and ArcFace make of the same examples.
#ifndef LOSS_PICTURES_TOY_HPP
#define LOSS_PICTURES_TOY_HPP

#include <algorithm>
#include <string>
#include <vector>

#include "svg.hpp"
#include "toy_network.hpp"

namespace toy {

constexpr int kPeople = 8;
constexpr Index kOfEach = 60;  // examples drawn

/// What became of examples that the network has not seen.
struct Outcome {
  Matrix features, classes;  // [N, 2], [8, 2]
  double right = 0.0;        // share whose logit is the largest
  double own_deg = 0.0;      // mean angle between a feature and the weights of its class
  double inter_deg = 0.0;    // mean over the classes of the angle to the nearest other one: the paper's W-Inter

  double longest() const { return features.rowwise().norm().maxCoeff(); }
};

/// Mean over the rows of the angle to the nearest other row.
inline double nearest_deg(const Matrix& rows) {
  const Matrix unit = rows.rowwise().normalized();
  Matrix cosines = unit * unit.transpose();
  cosines.diagonal().setConstant(-1.0);
  return cosines.rowwise().maxCoeff().array().min(1.0).acos().mean() * 180.0 / kPi;
}

/// Learns by softmax without options of a margin loss.
inline Outcome learn(const Examples& training, const Examples& others, const train::MarginSoftmaxOptions* margin) {
  ToyNetwork network(training, kPeople, margin);
  train::TrainerOptions options;
  options.steps = 2000;
  options.sgd.schedule = {0.05, {1000, 1500}, 0.1};
  train::Trainer<double>(network, options).run();

  Outcome o{network.features(others.features), network.classes()};
  if (margin) {  // which sees directions alone
    o.features.rowwise().normalize();
    o.classes.rowwise().normalize();
  }
  const auto n = static_cast<double>(o.features.rows());
  for (Index i = 0; i < o.features.rows(); ++i) {
    const int label = others.labels[static_cast<size_t>(i)];
    Index best = 0;
    (o.classes * o.features.row(i).transpose()).maxCoeff(&best);
    o.right += (best == label) / n;
    o.own_deg += degrees_between(o.features.row(i), o.classes.row(label)) / n;
  }
  o.inter_deg = nearest_deg(o.classes);
  return o;
}

constexpr double kRadius = 128.0;

/// Of the picture, where y points down: `v` times `length`, seen from a center.
struct Point {
  double x, y;
  template <class Row>
  Point(double center_x, double center_y, const Row& v, double length)
      : x(center_x + length * v(0)), y(center_y - length * v(1)) {}
  std::string str() const { return units(x) + " " + units(y); }
};

inline void draw_person(Svg& svg, double x, double y, const char* loss, const Outcome& o, int person) {
  std::string dots;
  for (Index i = person * kOfEach; i < (person + 1) * kOfEach; ++i)
    dots += "M" + Point(x, y, o.features.row(i), kRadius / o.longest()).str() + "h0";
  const std::string number = format("%d", person + 1), color = format("c%d", person);
  const Matrix direction = o.classes.row(person).normalized();
  const Point end(x, y, direction, kRadius + 8.0), beside(x, y, direction, kRadius + 24.0);
  svg.add("path", {{"class", color + " ray"}, {"data-loss", loss}, {"data-person", number},
                   {"d", "M" + units(x) + " " + units(y) + "L" + end.str()}});
  svg.add("path", {{"class", color + " dots"}, {"data-loss", loss}, {"data-person", number}, {"d", dots}});
  svg.text(beside.x, beside.y + 7.0, number, "small middle");
}

/// One loss, around (x, y).
inline void draw(Svg& svg, double x, double y, const char* loss, const Outcome& o) {
  svg.text(x, y - 170.0, loss, "heading middle");
  svg.add("circle", {{"class", "grid"}, {"cx", units(x)}, {"cy", units(y)}, {"r", units(kRadius)}});
  svg.line(x - kRadius, y, x + kRadius, y, "grid");
  svg.line(x, y - kRadius, x, y + kRadius, "grid");
  for (int person = 0; person < kPeople; ++person) draw_person(svg, x, y, loss, o, person);
  svg.text(x, y + 186.0, format("ring: length %.3g;  %.1f %% right", o.longest(), 100.0 * o.right), "small middle");
  svg.text(x, y + 212.0, format("to the own class %.1f°", o.own_deg), "small middle");
  svg.text(x, y + 238.0, format("to the nearest other class %.1f°", o.inter_deg), "small middle");
}

inline void draw_legend(Svg& svg, double x, double y) {
  svg.text(x, y - 170.0, "Eight people", "heading middle");
  for (int person = 0; person < kPeople; ++person) {
    const double left = x - 136.0 + 150.0 * (person / 4), row = y - 120.0 + 36.0 * (person % 4);
    svg.add("path", {{"class", format("c%d dots", person)}, {"d", format("M%.0f %.0fh0m10 6h0m2 -11h0", left, row)}});
    svg.text(left + 30.0, row + 7.0, format("person %d", person + 1), "small");
  }
  svg.text(x - 140.0, y + 88.0, "dot: feature of an example", "small");
  svg.text(x - 140.0, y + 116.0, "line: weights of a class", "small");
  svg.text(x - 140.0, y + 144.0, "angles: means over examples", "small");
  svg.text(x - 140.0, y + 172.0, "and over classes", "small");
}

inline Picture picture() {
  const Matrix centers = train::normal_matrix<double>(kPeople, 16, 1.0, train::Random(3, 1));
  const Matrix noise = 0.6 * Matrix::Identity(16, 16);
  const Examples training = photograph(centers, 200, noise, train::Random(3, 2));
  const Examples others = photograph(centers, kOfEach, noise, train::Random(3, 3));
  const train::MarginSoftmaxOptions normalised{train::Margin::none(), 30.0}, arcface{train::Margin::arcface(0.5), 30.0};

  Svg svg(910.0, "Features of eight people in two dimensions",
          "Softmax leaves rays that touch; ArcFace leaves narrow arcs with gaps between them.");
  std::string figures;
  const auto show = [&](double x, double y, const char* loss, const train::MarginSoftmaxOptions* margin) {
    const Outcome o = learn(training, others, margin);
    draw(svg, x, y, loss, o);
    figures += format("  %-19s %.1f %% right, %.2f degrees to the own class, %.2f to the nearest other class\n", loss,
                      100.0 * o.right, o.own_deg, o.inter_deg);
  };
  show(180.0, 208.0, "softmax", nullptr);
  show(540.0, 208.0, "normalised softmax", &normalised);
  show(180.0, 660.0, "ArcFace", &arcface);
  draw_legend(svg, 540.0, 660.0);
  return {"toy.svg", svg.str(), figures};
}

}  // namespace toy

#endif  // LOSS_PICTURES_TOY_HPP
