#include "wider_predictions.hpp"

#include <filesystem>
#include <unordered_map>

namespace cli {
namespace {

namespace eval = faceio::eval;

std::string without_suffix(const std::string& file) {
  return std::filesystem::path(file).replace_extension().generic_string();
}

}  // namespace

eval::PictureLists<eval::ScoredBox> read_predictions(const std::string& path,
                                                     const eval::WiderTruth& truth) {
  std::error_code failed;
  if (std::filesystem::is_directory(path, failed)) {
    return eval::read_wider_predictions(path, truth);
  }
  std::unordered_map<std::string, std::string> listed;  // without suffix: as in the truth
  for (const auto& picture : truth.faces) listed[without_suffix(picture.file)] = picture.file;

  constexpr long long kMostBoxes = 1000000;
  eval::LineReader lines(path);
  eval::PictureLists<eval::ScoredBox> predictions;
  while (lines.peek() != nullptr) {
    const eval::TextLine head = *lines.next();
    head.expect_fields(1, "the file of a picture (does the count above agree with its boxes?)");
    auto known = listed.find(head.fields[0]);
    if (known == listed.end()) known = listed.find(without_suffix(head.fields[0]));
    if (known == listed.end()) head.fail("names a picture that the truth does not list");
    if (predictions.find(known->second) != nullptr) {
      head.fail("names this picture a second time; merge the two blocks");
    }
    std::vector<eval::ScoredBox>& boxes = predictions[known->second];
    if (lines.peek() == nullptr) {
      head.fail("is the last line, expected: the number of boxes behind it");
    }
    const eval::TextLine count_line = *lines.next();
    count_line.expect_fields(1, "the number of boxes");
    const long long count = count_line.integer(0, 0, kMostBoxes);
    for (long long i = 0; i < count; ++i) {
      const eval::TextLine* line = lines.next();
      if (line == nullptr) {
        count_line.fail("announces more boxes than the file has lines; is the file whole?");
      }
      line->expect_fields(5, "x y width height score");
      const double x = line->number(0), y = line->number(1);
      boxes.push_back({{x, y, x + line->number(2), y + line->number(3)}, line->number(4)});
    }
  }
  if (predictions.size() == 0) {
    throw eval::Error(path + ": holds no predictions, expected blocks: picture, count, boxes");
  }
  return predictions;
}

}  // namespace cli
