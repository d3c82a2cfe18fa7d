// The lists of IJB-B and IJB-C: faces of templates, pairs of templates, landmarks, and subjects.
#ifndef FACEIO_EVAL_TEMPLATE_LISTS_HPP
#define FACEIO_EVAL_TEMPLATE_LISTS_HPP

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "text.hpp"

FACEIO_BEGIN_NAMESPACE
namespace eval {

/// One face: a picture, the template it belongs to, and the media (a photograph or a video) it is from.
struct TemplateFace {
  std::string image;
  uint32_t template_id = 0, media_id = 0;
};

struct TemplatePair {
  uint32_t a = 0, b = 0;  // template ids
  bool genuine = false;
};

/// Landmarks of a face in its picture, pixels: eyes, nose, mouth corners, left to right in the image.
struct LandmarkedFace {
  std::string image;
  std::array<double, 5> x_px{}, y_px{};
  double score = 0.0;  // of the detector that found the face
};

struct TemplateSubject {
  uint32_t template_id = 0, subject_id = 0;
};

namespace detail {

inline uint32_t id_field(const TextLine& line, size_t index) {
  constexpr long long kMostId = 4294967295;
  return static_cast<uint32_t>(line.integer(index, 0, kMostId));
}

/// Calls `read(line)` for every line. Throws Error when there is none.
template <class Read>
void for_each_line(const std::string& path, const Read& read) {
  LineReader lines(path);
  if (lines.peek() == nullptr) throw Error(path + ": holds no lines");
  while (const TextLine* line = lines.next()) read(*line);
}

}  // namespace detail

/// Reads lines `image template media` (ijbc_face_tid_mid.txt). Throws Error with file and line.
inline std::vector<TemplateFace> read_template_faces(const std::string& path) {
  std::vector<TemplateFace> faces;
  detail::for_each_line(path, [&faces](const TextLine& line) {
    line.expect_fields(3, "image template media");
    faces.push_back({line.fields[0], detail::id_field(line, 1), detail::id_field(line, 2)});
  });
  return faces;
}

/// Reads lines `template template 1` (one person) or `... 0` (ijbc_template_pair_label.txt). Memory is that
/// of the pairs alone. Throws Error with file and line.
inline std::vector<TemplatePair> read_template_pairs(const std::string& path) {
  std::vector<TemplatePair> pairs;
  detail::for_each_line(path, [&pairs](const TextLine& line) {
    line.expect_fields(3, "template template 1 (one person) or template template 0");
    pairs.push_back({detail::id_field(line, 0), detail::id_field(line, 1), line.integer(2, 0, 1) == 1});
  });
  return pairs;
}

/// Reads lines `image x1 y1 ... x5 y5 score` (ijbc_name_5pts_score.txt), one per line of the list of faces
/// and in its order. Throws Error with file and line, also when the images differ from those of `faces`.
inline std::vector<LandmarkedFace> read_landmarked_faces(const std::string& path,
                                                         const std::vector<TemplateFace>& faces) {
  std::vector<LandmarkedFace> result;
  detail::for_each_line(path, [&](const TextLine& line) {
    line.expect_fields(12, "image x1 y1 x2 y2 x3 y3 x4 y4 x5 y5 score");
    LandmarkedFace face;
    face.image = line.fields[0];
    for (size_t i = 0; i < face.x_px.size(); ++i) {
      face.x_px[i] = line.number(1 + 2 * i);
      face.y_px[i] = line.number(2 + 2 * i);
    }
    face.score = line.number(11);
    if (result.size() == faces.size()) line.fail("is one line more than the list of faces has");
    const std::string& expected = faces[result.size()].image;
    if (face.image != expected) {
      line.fail("names '" + face.image + "' where the list of faces names '" + expected + "'");
    }
    result.push_back(face);
  });
  if (result.size() < faces.size()) {
    throw Error(path + ": ends after " + std::to_string(result.size()) + " of " +
                std::to_string(faces.size()) + " faces");
  }
  return result;
}

/// Reads a gallery or probe list of 1:N (ijbc_1N_gallery_G1.csv and others): a line of column names, then
/// `template,subject,...` with a line per picture. Each template comes out once, in order of appearance.
/// Throws Error with file and line, also when a template has two subjects.
inline std::vector<TemplateSubject> read_template_subjects(const std::string& path) {
  std::vector<TemplateSubject> result;
  std::unordered_map<uint32_t, uint32_t> subjects;
  bool head = true;
  detail::for_each_line(path, [&](TextLine line) {
    if (head && line.text[0] >= '0' && line.text[0] <= '9') {
      line.fail("holds numbers where the names of the columns are expected, TEMPLATE_ID,SUBJECT_ID,...");
    }
    if (head) {
      head = false;
      return;
    }
    const size_t first = line.text.find(','), second = line.text.find(',', first + 1);
    if (first == std::string::npos) line.fail("has no comma, expected: template,subject,...");
    line.fields = {line.text.substr(0, first), line.text.substr(first + 1, second - first - 1)};
    const TemplateSubject entry = {detail::id_field(line, 0), detail::id_field(line, 1)};
    const auto added = subjects.emplace(entry.template_id, entry.subject_id);
    if (added.second) result.push_back(entry);
    if (added.first->second != entry.subject_id) {
      line.fail("gives template " + line.fields[0] + " the subject " + line.fields[1] + ", before it was " +
                std::to_string(added.first->second));
    }
  });
  return result;
}

}  // namespace eval
FACEIO_END_NAMESPACE

#endif  // FACEIO_EVAL_TEMPLATE_LISTS_HPP
