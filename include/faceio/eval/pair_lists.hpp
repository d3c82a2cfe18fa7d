// Lists of picture pairs for verification: the official LFW form and an explicit form.
#ifndef FACEIO_EVAL_PAIR_LISTS_HPP
#define FACEIO_EVAL_PAIR_LISTS_HPP

#include <cstddef>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "text.hpp"

FACEIO_BEGIN_NAMESPACE
namespace eval {

struct PicturePair {
  std::string a, b;      // paths below the folder of the data set
  bool genuine = false;  // both pictures show one person
};

/// Pairs in the order of their file; folds are consecutive runs of pairs.size() / folds pairs.
struct PairList {
  std::vector<PicturePair> pairs;
  size_t folds = 1;
};

/// LFW names its pictures NAME/NAME_0001.jpg.
inline std::string lfw_picture_path(const std::string& name, long long number) {
  char digits[24];
  std::snprintf(digits, sizeof digits, "%04lld", number);
  return name + "/" + name + "_" + digits + ".jpg";
}

namespace detail {

inline PairList lfw_pairs(LineReader& lines, const std::string& path) {
  const TextLine* first = lines.next();
  if (first == nullptr) {
    throw Error(path + ": is empty; the first line should read: folds pairs, e.g. 10 300");
  }
  const TextLine head = *first;
  const bool has_folds = head.fields.size() != 1;
  if (has_folds) head.expect_fields(2, "folds pairs, e.g. 10 300");
  PairList list;
  list.folds = has_folds ? static_cast<size_t>(head.integer(0, 1, 1000)) : 1;
  const size_t run = static_cast<size_t>(head.integer(has_folds ? 1 : 0, 1, 1000000));
  const size_t expected = list.folds * 2 * run;
  constexpr long long kMostPictures = 9999;
  size_t count = 0;
  for (; const TextLine* line = lines.next(); ++count) {
    if (count >= expected) continue;
    PicturePair pair;
    pair.genuine = count / run % 2 == 0;
    const std::string form = pair.genuine ? "name n1 n2 (a pair of one person"
                                          : "name1 n1 name2 n2 (a pair of two people";
    line->expect_fields(pair.genuine ? 3 : 4, form + ", by the numbers of the first line)");
    const std::string& other = line->fields[pair.genuine ? 0 : 2];
    if (!pair.genuine && other == line->fields[0]) line->fail("a pair of two people names one person twice");
    pair.a = lfw_picture_path(line->fields[0], line->integer(1, 1, kMostPictures));
    pair.b = lfw_picture_path(other, line->integer(pair.genuine ? 2 : 3, 1, kMostPictures));
    list.pairs.push_back(pair);
  }
  if (count != expected) {
    head.fail("announces " + std::to_string(expected) + " pairs, but the file holds " +
              std::to_string(count));
  }
  return list;
}

inline PairList explicit_pairs(LineReader& lines, const std::string& path, size_t folds) {
  PairList list;
  list.folds = folds;
  while (const TextLine* line = lines.next()) {
    line->expect_fields(3, "path path 1 (one person) or path path 0 (two people)");
    list.pairs.push_back({line->fields[0], line->fields[1], line->integer(2, 0, 1) == 1});
  }
  if (folds == 0 || list.pairs.empty() || list.pairs.size() % folds != 0) {
    throw Error(path + ": " + std::to_string(list.pairs.size()) + " pairs do not divide into " +
                std::to_string(folds) + " equal folds; name another number of folds");
  }
  return list;
}

}  // namespace detail

/// Reads pairs.txt of LFW (view 2: first line "10 300"; view 1: one number, one fold). Each fold holds so
/// many lines `name n1 n2` of one person, then as many lines `name1 n1 name2 n2` of two
/// (README.txt of the data set). Throws Error with file and line.
inline PairList read_lfw_pairs(const std::string& path) {
  LineReader lines(path);
  return detail::lfw_pairs(lines, path);
}

/// Reads lines `path path 1` (one person) or `path path 0` (two people), to be split into `folds` runs.
/// Throws Error with file and line, and when the pairs do not divide into so many folds.
inline PairList read_explicit_pairs(const std::string& path, size_t folds) {
  LineReader lines(path);
  return detail::explicit_pairs(lines, path, folds);
}

/// Reads either form: a first line of three fields is a pair of the explicit form, which takes `folds`, ten
/// if none; the other form states its folds itself. Throws Error like both, and when `folds` contradicts.
inline PairList read_pairs(const std::string& path, std::optional<size_t> folds) {
  constexpr size_t kUsualFolds = 10;
  LineReader lines(path);
  const TextLine* first = lines.peek();
  if (first != nullptr && first->fields.size() == 3) {
    return detail::explicit_pairs(lines, path, folds.value_or(kUsualFolds));
  }
  PairList list = detail::lfw_pairs(lines, path);
  if (folds && *folds != list.folds) {
    throw Error(path + ": states " + std::to_string(list.folds) + " folds itself, not " +
                std::to_string(*folds) + "; leave the number out");
  }
  return list;
}

}  // namespace eval
FACEIO_END_NAMESPACE

#endif  // FACEIO_EVAL_PAIR_LISTS_HPP
