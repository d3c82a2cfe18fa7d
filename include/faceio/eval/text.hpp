// Lists of ground truth as text: lines with their numbers, fields, and errors that say where.
#ifndef FACEIO_EVAL_TEXT_HPP
#define FACEIO_EVAL_TEXT_HPP

#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "../version.hpp"

FACEIO_BEGIN_NAMESPACE
namespace eval {

/// Input that an evaluation cannot use: what is wrong, where, and what to do next.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// One line of a list, split at blanks and tabs.
struct TextLine {
  std::string where;  // "pairs.txt:17"
  std::string text;   // without its end
  std::vector<std::string> fields;

  [[noreturn]] void fail(const std::string& sentence) const { throw Error(where + ": " + sentence); }

  /// Throws Error unless there are exactly `count` fields; `form` shows what the line should look like.
  void expect_fields(size_t count, const std::string& form) const {
    if (fields.size() != count) {
      fail("has " + std::to_string(fields.size()) + " fields, expected: " + form);
    }
  }

  /// Field `index` as a finite number. Throws Error.
  double number(size_t index) const {
    const std::string& field = at(index);
    char* end = nullptr;
    const double value = std::strtod(field.c_str(), &end);
    if (end == field.c_str() || *end != '\0' || !std::isfinite(value)) {
      fail("'" + field + "' is not a number");
    }
    return value;
  }

  /// Field `index` as a whole number from `least` to `most`. Throws Error.
  long long integer(size_t index, long long least, long long most) const {
    const std::string& field = at(index);
    char* end = nullptr;
    errno = 0;
    const long long value = std::strtoll(field.c_str(), &end, 10);
    if (end == field.c_str() || *end != '\0' || errno != 0 || value < least || value > most) {
      fail("'" + field + "' is not a whole number from " + std::to_string(least) + " to " +
           std::to_string(most));
    }
    return value;
  }

 private:
  const std::string& at(size_t index) const {
    if (index >= fields.size()) fail("ends early: field " + std::to_string(index + 1) + " is missing");
    return fields[index];
  }
};

/// The lines of a text file that hold anything, without those that begin with '#'; both line ends are
/// understood. Throws Error when the file cannot be read or holds a zero byte (it is not text then).
inline std::vector<TextLine> read_lines(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw Error(path + ": cannot be opened (" + std::strerror(errno) + ")");
  std::vector<TextLine> lines;
  std::string text;
  for (size_t number = 1; std::getline(file, text); ++number) {
    TextLine line;
    line.where = path + ":" + std::to_string(number);
    if (text.find('\0') != std::string::npos) line.fail("holds a zero byte; a text file is expected");
    if (!text.empty() && text.back() == '\r') text.pop_back();
    constexpr const char* kBlanks = " \t";
    for (size_t at = text.find_first_not_of(kBlanks); at != std::string::npos;) {
      const size_t end = text.find_first_of(kBlanks, at);
      line.fields.push_back(text.substr(at, end - at));
      at = text.find_first_not_of(kBlanks, end);
    }
    line.text = text;
    if (!line.fields.empty() && line.fields[0][0] != '#') lines.push_back(line);
  }
  if (file.bad()) throw Error(path + ": cannot be read (" + std::strerror(errno) + "); is it a file?");
  return lines;
}

}  // namespace eval
FACEIO_END_NAMESPACE

#endif  // FACEIO_EVAL_TEXT_HPP
