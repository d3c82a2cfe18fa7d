// The text files of WIDER FACE: ground truth with and without subset flags, and predictions.
#ifndef FACEIO_EVAL_WIDER_TEXT_HPP
#define FACEIO_EVAL_WIDER_TEXT_HPP

#include <fstream>

#include "../files/path.hpp"
#include "text.hpp"
#include "wider.hpp"

FACEIO_BEGIN_NAMESPACE
namespace eval {
namespace detail {

inline constexpr long long kMostBoxes = 1000000;

/// A box from four fields: x y width height.
inline CornerBox box_with_size(const TextLine& line) {
  const double x = line.number(0), y = line.number(1);
  return CornerBox{x, y, x + line.number(2), y + line.number(3)};
}

inline bool is_line_of_zeros(const TextLine& line) {
  for (size_t i = 0; i < 4; ++i) {
    if (line.number(i) != 0.0) return false;
  }
  return true;
}

inline WiderFace wider_face(const TextLine& line, bool has_subsets) {
  WiderFace face;
  face.box = box_with_size(line);
  const bool invalid = line.integer(7, 0, 1) == 1;
  const bool has_area = face.box.x2 > face.box.x1 && face.box.y2 > face.box.y1;
  face.counts[static_cast<size_t>(WiderSubset::all)] = has_area && !invalid;
  for (size_t subset = 0; has_subsets && subset < 3; ++subset) {
    face.counts[subset] = line.integer(10 + subset, 0, 1) == 1;
  }
  return face;
}

}  // namespace detail

/// Reads blocks of a picture line, a count line and one line a face, either as in the makers'
/// wider_face_*_bbx_gt.txt, `x y width height blur expression illumination invalid occlusion pose`, or with
/// the three flags `easy medium hard` (1: the face counts in that subset) behind. The makers keep the subsets
/// in MATLAB files; tools/eval_oracle/wider_flags.py writes the form with flags from those.
///
/// A picture with count 0 may be followed by a line of zeros. That line stands for one face of no size in the
/// makers' wider_face_*.mat; it is read as such, so that predictions there are false positives as in their
/// kit.
///
/// Throws Error with file and line: other lines, both forms in one file, a picture named twice, a file that
/// ends early or holds no picture.
inline WiderTruth read_wider_truth(const std::string& path) {
  constexpr size_t kFields = 10, kFieldsWithSubsets = 13;
  constexpr const char* kForm =
      "x y width height blur expression illumination invalid occlusion pose [easy medium hard]";
  LineReader lines(path);
  WiderTruth truth;
  size_t fields = 0;  // of every face line, known from the first one
  while (lines.peek() != nullptr) {
    const TextLine picture = *lines.next();
    picture.expect_fields(1, "the file of a picture (does the count above agree with the lines behind it?)");
    const std::string& file = picture.fields[0];
    if (truth.faces.find(file) != nullptr)
      picture.fail("names " + file + " a second time; merge the two blocks");
    std::vector<WiderFace>& faces = truth.faces[file];
    if (lines.peek() == nullptr) picture.fail("is the last line, expected: the number of faces behind it");
    const TextLine count_line = *lines.next();
    count_line.expect_fields(1, "the number of faces of " + file);
    auto count = static_cast<size_t>(count_line.integer(0, 0, detail::kMostBoxes));
    const TextLine* behind = lines.peek();
    if (count == 0 && behind != nullptr && behind->fields.size() > 1 && detail::is_line_of_zeros(*behind))
      count = 1;
    for (size_t i = 0; i < count; ++i) {
      const TextLine* line = lines.next();
      if (line == nullptr)
        count_line.fail("announces more faces than the file has lines; is the file whole?");
      if (fields == 0 && line->fields.size() == kFieldsWithSubsets) truth.has_subsets = true;
      if (fields == 0) fields = truth.has_subsets ? kFieldsWithSubsets : kFields;
      line->expect_fields(fields, kForm);
      faces.push_back(detail::wider_face(*line, truth.has_subsets));
    }
  }
  if (truth.faces.size() == 0) throw Error(path + ": holds no picture, expected blocks: file, count, faces");
  return truth;
}

/// Reads the predictions of one picture as the makers' kit wants them: a line with the picture's name, which
/// is not compared, a line with the number of boxes, and that many lines `x y width height score`. The order
/// is kept. Throws Error with file and line.
inline std::vector<ScoredBox> read_wider_predictions(const std::string& path) {
  LineReader lines(path);
  if (lines.next() == nullptr || lines.peek() == nullptr)
    throw Error(path + ": ends early, expected lines: picture, number of boxes, boxes");
  const TextLine count_line = *lines.next();
  count_line.expect_fields(1, "the number of boxes");
  const auto count = static_cast<size_t>(count_line.integer(0, 0, detail::kMostBoxes));
  std::vector<ScoredBox> predictions;
  size_t behind = 0;
  for (; const TextLine* line = lines.next(); ++behind) {
    if (behind >= count) continue;
    line->expect_fields(5, "x y width height score");
    predictions.push_back(ScoredBox{detail::box_with_size(*line), line->number(4)});
  }
  if (behind != count) {
    count_line.fail("announces " + std::to_string(count) + " boxes, but " + std::to_string(behind) +
                    " lines follow; is the file whole?");
  }
  return predictions;
}

/// Reads FOLDER/EVENT/FILE.txt for every picture EVENT/FILE.jpg of `truth`. A picture whose file is absent
/// gets no list. Throws Error: as above, and when not a single file is there.
inline PictureLists<ScoredBox> read_wider_predictions(const std::string& folder, const WiderTruth& truth) {
  PictureLists<ScoredBox> predictions;
  for (const auto& picture : truth.faces) {
    const size_t dot = picture.file.rfind('.');
    const size_t slash = picture.file.rfind('/');
    const bool has_suffix = dot != std::string::npos && (slash == std::string::npos || dot > slash);
    const std::string path =
        folder + "/" + (has_suffix ? picture.file.substr(0, dot) : picture.file) + ".txt";
    if (std::ifstream(files::utf8_path(path))) predictions[picture.file] = read_wider_predictions(path);
  }
  if (predictions.size() == 0) {
    throw Error(folder + ": holds no prediction file of a listed picture, expected FOLDER/EVENT/FILE.txt");
  }
  return predictions;
}

}  // namespace eval
FACEIO_END_NAMESPACE

#endif  // FACEIO_EVAL_WIDER_TEXT_HPP
