// How far apart examples of one person and of two people are, before and after a head was trained.
#ifndef LOSS_PICTURES_ANGLES_HPP
#define LOSS_PICTURES_ANGLES_HPP

#include <algorithm>
#include <array>
#include <string>

#include <faceio/train/embedding_head.hpp>

#include "people.hpp"
#include "svg.hpp"

namespace angles {

constexpr int kBin_deg = 3, kBins = 180 / kBin_deg;

/// Shares of pairs by their angle.
struct Histogram {
  std::array<double, kBins> shares{};
  double mean_deg = 0.0;
  double pairs = 0.0;

  void count(double degrees) {
    ++shares[std::min(static_cast<size_t>(degrees / kBin_deg), shares.size() - 1)];
    mean_deg += degrees;
    ++pairs;
  }
  void finish() {
    for (double& share : shares) share /= pairs;
    mean_deg /= pairs;
  }
};

struct Pairs {
  Histogram same, different;
  double overlap = 0.0;  // of the two: 0 where one angle separates them, 1 where they are alike
};

inline Pairs pairs_of(const Matrix& embeddings, const std::vector<int>& labels) {
  Pairs p;
  for (size_t i = 0; i < labels.size(); ++i) {
    for (size_t k = 0; k < i; ++k) {
      const auto a = embeddings.row(static_cast<Index>(i)), b = embeddings.row(static_cast<Index>(k));
      const double degrees = degrees_between(a, b);
      (labels[i] == labels[k] ? p.same : p.different).count(degrees);
    }
  }
  p.same.finish();
  p.different.finish();
  for (size_t bin = 0; bin < kBins; ++bin) p.overlap += std::min(p.same.shares[bin], p.different.shares[bin]);
  return p;
}

/// A head that starts from what the embeddings are, and what ArcFace makes of it.
inline Matrix learn_head(const Examples& training, Index people) {
  const Index size = training.features.cols();
  train::EmbeddingHeadOptions options;
  options.margin = {train::Margin::arcface(0.3), 16.0};
  train::EmbeddingHead<double> head(training.features, training.labels, people, Matrix::Identity(size, size), options);
  train::TrainerOptions run;
  run.steps = 1500;
  run.sgd.schedule = {0.05, {800, 1200}, 0.1};
  train::Trainer<double>(head, run).run();
  return head.head();
}

/// `place`: of its name in the line above the panel.
inline void draw(Svg& svg, const Histogram& h, const char* whose, const char* style, double place, const Scale& x,
                 const Scale& y) {
  std::string d = "M" + units(x(0.0)) + " " + units(y(0.0));
  for (int bin = 0; bin < kBins; ++bin)
    d += "V" + units(y(100.0 * h.shares[static_cast<size_t>(bin)])) + "H" + units(x(kBin_deg * (bin + 1.0)));
  const std::string classes = std::string("area ") + style;
  svg.add("path", {{"class", classes}, {"data-pairs", whose}, {"d", d + "V" + units(y(0.0)) + "Z"}});
  svg.add("path", {{"class", classes}, {"d", format("M%.0f %.0fv-16h36v16Z", place, y.to_units - 26.0)}});
  svg.text(place + 46.0, y.to_units - 26.0, format("%s, %.1f°", whose, h.mean_deg), "small");
}

/// One panel, its upper edge at `top`.
inline std::string draw(Svg& svg, double top, const char* when, const Pairs& p) {
  const Scale x{0.0, 180.0, 70.0, 690.0}, y{0.0, 25.0, top + 310.0, top + 60.0};
  svg.text(20.0, top + 34.0, when, "heading");
  svg.grid(x, y, {0, 30, 60, 90, 120, 150, 180}, {0, 5, 10, 15, 20, 25}, "%g°", "%g %%");
  draw(svg, p.different, "different people", "c6 short", 430.0, x, y);
  draw(svg, p.same, "same person", "c5", 180.0, x, y);
  return format("  %-7s same person %.2f degrees, different people %.2f, overlap %.1f %%\n", when, p.same.mean_deg,
                p.different.mean_deg, 100.0 * p.overlap);
}

inline Picture picture() {
  constexpr Index kSize = 32, kTrained = 200, kOthers = 40;
  // Twelve directions in which everybody varies: what a head can learn to ignore.
  Matrix variation(12 + kSize, kSize);
  variation << train::normal_matrix<double>(12, kSize, 0.5, train::Random(5, 1)), 0.35 * Matrix::Identity(kSize, kSize);
  const Matrix centers = train::normal_matrix<double>(kTrained + kOthers, kSize, 1.0, train::Random(5, 2));
  const Examples training = photograph(centers.topRows(kTrained), 10, variation, train::Random(5, 3));
  const Examples others = photograph(centers.bottomRows(kOthers), 10, variation, train::Random(5, 4));
  const Matrix head = learn_head(training, kTrained);

  Svg svg(780.0, "Angles of pairs before and after training a head",
          "Share of pairs by angle, of people the head was not trained with: one person's and different people's.");
  svg.text(380.0, 752.0, "angle between two embeddings; shares of pairs", "middle");
  std::string figures = draw(svg, 0.0, "before", pairs_of(others.features, others.labels));
  figures += draw(svg, 370.0, "after", pairs_of(others.features * head.transpose(), others.labels));
  return {"angles.svg", svg.str(), figures};
}

}  // namespace angles

#endif  // LOSS_PICTURES_ANGLES_HPP
