#include "pairs_page.hpp"

#include <faceio/eval/operating_point.hpp>

#include <algorithm>
#include <cstdio>

#include "../images.hpp"
#include "../json.hpp"
#include "report_page.hpp"
#include "thumbnail.hpp"

namespace cli {
namespace {

namespace eval = faceio::eval;

constexpr size_t kWorst = 12;
constexpr int32_t kThumbnail_px = 128;

/// The power of ten below the smallest rate that `pairs` can show, one pair.
double below_one_pair(size_t pairs) {
  double power = 0.1;
  for (; pairs >= 10; pairs /= 10) power /= 10.0;
  return power;
}

/// Indices of the worst scored pairs of one kind: impostors by falling, genuine by rising cosine.
std::vector<size_t> worst_pairs(const eval::PairList& list,
                                const std::vector<std::optional<double>>& scores, bool genuine) {
  std::vector<size_t> order;
  for (size_t i = 0; i < scores.size(); ++i) {
    if (scores[i] && list.pairs[i].genuine == genuine) order.push_back(i);
  }
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return genuine ? *scores[a] < *scores[b] : *scores[a] > *scores[b];
  });
  order.resize(std::min(order.size(), kWorst));
  return order;
}

std::vector<ErrorTile> tiles_of(const std::vector<size_t>& order, const eval::PairList& list,
                                const std::vector<std::optional<double>>& scores,
                                const std::string& folder) {
  std::vector<ErrorTile> tiles;
  for (const size_t i : order) {
    const eval::PicturePair& pair = list.pairs[i];
    ErrorTile tile;
    for (const std::string& path : {pair.a, pair.b}) {
      tile.jpegs.push_back(thumbnail(load_image(folder + "/" + path).picture, kThumbnail_px));
    }
    char cosine[40];
    std::snprintf(cosine, sizeof cosine, "cosine %.3f: ", *scores[i]);
    tile.caption = cosine + pair.a + ", " + pair.b;
    tiles.push_back(tile);
  }
  return tiles;
}

}  // namespace

void save_pairs_page(const EvalArguments& e, const eval::PairList& list,
                     const std::vector<std::optional<double>>& scores,
                     const std::string& summary) {
  std::vector<double> genuine, impostor;
  for (size_t i = 0; i < scores.size(); ++i) {
    if (scores[i]) (list.pairs[i].genuine ? genuine : impostor).push_back(*scores[i]);
  }
  const eval::Roc roc(genuine, impostor);
  Curve tar{"pairs with a score", {}};
  Curve frr = tar;
  for (const eval::OperatingPoint& point : roc.points()) {
    tar.points.emplace_back(point.observed_far, point.tar);
    frr.points.emplace_back(point.observed_far, point.frr());
  }
  const Axis far{"false accept rate (FAR)", below_one_pair(impostor.size()), 1.0,
                 AxisScale::logarithmic};

  ReportPage page("Verification by pairs: " + e.pairs_path);
  page.add_listing(json_as_lines(summary, 0));
  page.add_curves("ROC", far, {"true accept rate (TAR)", 0.0, 1.0, AxisScale::linear}, {tar});
  page.add_curves("DET", far,
                  {"false reject rate (FRR)", below_one_pair(genuine.size()), 1.0,
                   AxisScale::logarithmic},
                  {frr});
  page.add_tiles("Impostor pairs with the highest cosine",
                 tiles_of(worst_pairs(list, scores, false), list, scores, e.images_folder));
  page.add_tiles("Genuine pairs with the lowest cosine",
                 tiles_of(worst_pairs(list, scores, true), list, scores, e.images_folder));
  page.save(e.html_path);
}

}  // namespace cli
