// Lists of boxes for each picture: annotated faces and detections, their overlap, and lists as text.
#ifndef FACEIO_EVAL_BOX_LISTS_HPP
#define FACEIO_EVAL_BOX_LISTS_HPP

#include <algorithm>
#include <cmath>
#include <deque>
#include <string>
#include <unordered_map>
#include <vector>

#include "../version.hpp"
#include "text.hpp"

FACEIO_BEGIN_NAMESPACE
namespace eval {

/// Axis-parallel box by its corners, pixels of the stored picture.
struct CornerBox {
  double x1 = 0.0;
  double y1 = 0.0;
  double x2 = 0.0;
  double y2 = 0.0;
};

/// What a detector reports. The score is any finite number, higher means surer.
struct ScoredBox {
  CornerBox box;
  double score = 0.0;
};

/// An annotated face. One that is ignored need not be found, and finding it is no fault.
struct TruthBox {
  CornerBox box;
  bool ignored = false;
};

/// A list of items for each picture, pictures in the order in which they were first named. Not safe to change
/// while another thread reads.
template <class Item>
class PictureLists {
 public:
  struct Picture {
    std::string file;
    std::vector<Item> items;
  };

  /// The list of `file`; an empty one is added when the picture is new. References stay valid.
  std::vector<Item>& operator[](const std::string& file) {
    const auto added = index_.emplace(file, pictures_.size());
    if (added.second) pictures_.push_back(Picture{file, {}});
    return pictures_[added.first->second].items;
  }

  /// The list of `file`, or nullptr when the picture was never named.
  const std::vector<Item>* find(const std::string& file) const {
    const auto found = index_.find(file);
    return found == index_.end() ? nullptr : &pictures_[found->second].items;
  }

  size_t size() const { return pictures_.size(); }
  auto begin() const { return pictures_.begin(); }
  auto end() const { return pictures_.end(); }

 private:
  std::deque<Picture> pictures_;
  std::unordered_map<std::string, size_t> index_;
};

/// How long the side of a box is: x2 - x1, or x2 - x1 + 1 where corners are the indices of whole pixels.
enum class SideRule { difference, difference_plus_one };

/// Intersection over union, at most 1; 0 when the boxes have no area in common or a corner is NaN.
inline double iou(const CornerBox& a, const CornerBox& b, SideRule rule = SideRule::difference) {
  const double extra_px = rule == SideRule::difference_plus_one ? 1.0 : 0.0;
  const double width = (std::min)(a.x2, b.x2) - (std::max)(a.x1, b.x1) + extra_px;
  const double height = (std::min)(a.y2, b.y2) - (std::max)(a.y1, b.y1) + extra_px;
  if (!(width > 0.0) || !(height > 0.0)) return 0.0;
  const double common = width * height;
  const double area_a = (a.x2 - a.x1 + extra_px) * (a.y2 - a.y1 + extra_px);
  const double area_b = (b.x2 - b.x1 + extra_px) * (b.y2 - b.y1 + extra_px);
  const double together = area_a + area_b - common;
  return together > 0.0 ? common / together : 0.0;
}

namespace detail {

inline void require_finite(const CornerBox& box, const std::string& what) {
  if (!std::isfinite(box.x1) || !std::isfinite(box.y1) || !std::isfinite(box.x2) || !std::isfinite(box.y2)) {
    throw Error(what + " has a corner that is not finite; leave the box out or mend its source");
  }
}

/// Throws Error unless scores and corners are finite and every picture is one of `truth`.
template <class Item>
void check_predictions(const PictureLists<ScoredBox>& predictions, const PictureLists<Item>& truth) {
  for (const auto& picture : predictions) {
    if (truth.find(picture.file) == nullptr) {
      throw Error(picture.file +
                  ": has predictions, but the truth does not list this picture; compare the file "
                  "names, and give pictures without faces an empty list");
    }
    for (size_t i = 0; i < picture.items.size(); ++i) {
      const std::string what = picture.file + ": prediction " + std::to_string(i);
      require_finite(picture.items[i].box, what);
      if (!std::isfinite(picture.items[i].score)) {
        throw Error(what + " has a score that is not finite; mend the detector or leave the box out");
      }
    }
  }
}

}  // namespace detail

/// Reads lines `file x1 y1 x2 y2 ...`, several for a picture with several faces; further fields are not
/// looked at, lines that begin with '#' are comments. Every face counts. Pictures without faces cannot be
/// written in this form: add them with operator[]. Throws Error with file and line: missing fields, corners
/// that are not numbers, x2 <= x1 or y2 <= y1, no box at all.
inline PictureLists<TruthBox> read_truth_boxes(const std::string& path) {
  PictureLists<TruthBox> truth;
  LineReader lines(path);
  while (const TextLine* line = lines.next()) {
    if (line->fields.size() < 5) line->fail("has less than 5 fields, expected: file x1 y1 x2 y2");
    const CornerBox box{line->number(1), line->number(2), line->number(3), line->number(4)};
    if (!(box.x2 > box.x1) || !(box.y2 > box.y1)) {
      line->fail("is a box without area, expected: file x1 y1 x2 y2 with x2 > x1 and y2 > y1");
    }
    truth[line->fields[0]].push_back(TruthBox{box, false});
  }
  if (truth.size() == 0) throw Error(path + ": holds no box, expected lines: file x1 y1 x2 y2");
  return truth;
}

}  // namespace eval
FACEIO_END_NAMESPACE

#endif  // FACEIO_EVAL_BOX_LISTS_HPP
