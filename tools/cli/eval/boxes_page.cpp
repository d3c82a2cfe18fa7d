#include "boxes_page.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "../images.hpp"
#include "thumbnail.hpp"

namespace cli {
namespace {

namespace eval = faceio::eval;

constexpr size_t kWorst = 24;
constexpr int32_t kThumbnail_px = 144;
constexpr double kIouThreshold = 0.5;

struct BoxError {
  std::string file;
  eval::CornerBox box;
  double weight = 0.0;  // score of a false positive, area of a missed face
};

void keep_worst(std::vector<BoxError>& errors) {
  std::stable_sort(errors.begin(), errors.end(),
                   [](const BoxError& a, const BoxError& b) { return a.weight > b.weight; });
  errors.resize(std::min(errors.size(), kWorst));
}

std::vector<BoxError> false_positives_of(const std::string& file,
                                         const std::vector<eval::ScoredBox>& predictions,
                                         const std::vector<eval::Match>& matches) {
  std::vector<BoxError> errors;
  for (size_t i = 0; i < matches.size(); ++i) {
    if (matches[i].outcome != eval::Outcome::false_positive) continue;
    errors.push_back({file, predictions[i].box, predictions[i].score});
  }
  return errors;
}

std::vector<BoxError> missed_of(const std::string& file, const std::vector<eval::TruthBox>& faces,
                                const std::vector<eval::Match>& matches) {
  std::vector<bool> found(faces.size(), false);
  for (const eval::Match& match : matches) {
    if (match.outcome == eval::Outcome::true_positive) found[match.truth] = true;
  }
  std::vector<BoxError> errors;
  for (size_t t = 0; t < faces.size(); ++t) {
    const eval::CornerBox& box = faces[t].box;
    if (found[t] || faces[t].ignored) continue;
    errors.push_back({file, box, (box.x2 - box.x1) * (box.y2 - box.y1)});
  }
  return errors;
}

ErrorTile tile_of(const BoxError& error, const std::string& folder, const std::string& what) {
  const eval::CornerBox& corners = error.box;
  const faceio::Box box{static_cast<float>(corners.x1), static_cast<float>(corners.y1),
                        static_cast<float>(corners.x2 - corners.x1),
                        static_cast<float>(corners.y2 - corners.y1)};
  ErrorTile tile;
  tile.jpegs.push_back(
      thumbnail_of(load_image(folder + "/" + error.file).picture, box, kThumbnail_px));
  char place[96];
  std::snprintf(place, sizeof place, ", %.0fx%.0f px at %.0f,%.0f: ", corners.x2 - corners.x1,
                corners.y2 - corners.y1, corners.x1, corners.y1);
  tile.caption = what + place + error.file;
  return tile;
}

}  // namespace

void add_precision_recall(ReportPage& page, const std::vector<Curve>& curves) {
  page.add_curves("Precision over recall", {"recall", 0.0, 1.0, AxisScale::linear},
                  {"precision", 0.0, 1.0, AxisScale::linear}, curves);
}

void add_worst_boxes(ReportPage& page, const eval::PictureLists<eval::TruthBox>& truth,
                     const eval::PictureLists<eval::ScoredBox>& predictions,
                     eval::SideRule side_rule, const std::string& images_folder) {
  std::vector<BoxError> wrong, missed;
  const std::vector<eval::ScoredBox> none;
  for (const auto& picture : truth) {
    const std::vector<eval::ScoredBox>* found = predictions.find(picture.file);
    const std::vector<eval::ScoredBox>& boxes = found == nullptr ? none : *found;
    const auto matches = eval::match_picture(picture.items, boxes, kIouThreshold, side_rule);
    for (const BoxError& e : false_positives_of(picture.file, boxes, matches)) wrong.push_back(e);
    for (const BoxError& e : missed_of(picture.file, picture.items, matches)) missed.push_back(e);
  }
  keep_worst(wrong);
  keep_worst(missed);
  std::vector<ErrorTile> wrong_tiles, missed_tiles;
  for (const BoxError& error : wrong) {
    char score[24];
    std::snprintf(score, sizeof score, "score %.3f", error.weight);
    wrong_tiles.push_back(tile_of(error, images_folder, score));
  }
  for (const BoxError& error : missed) {
    missed_tiles.push_back(tile_of(error, images_folder, "missed"));
  }
  page.add_tiles("False positives with the highest scores", wrong_tiles);
  page.add_tiles("Largest missed faces", missed_tiles);
}

}  // namespace cli
