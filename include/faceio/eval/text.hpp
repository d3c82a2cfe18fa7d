// Lists of ground truth as text: lines with their numbers, fields, and errors that say where.
#ifndef FACEIO_EVAL_TEXT_HPP
#define FACEIO_EVAL_TEXT_HPP

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string>
#include <vector>

#include "../files/read_file.hpp"

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

/// The lines of a text file that hold anything, one after the other, without those that begin with '#'; both
/// line ends are understood. Memory is that of the longest line it takes, however long the file.
class LineReader {
 public:
  static constexpr size_t kLongestLine_bytes = 65536;  // without its end

  /// Throws Error when the file cannot be opened.
  explicit LineReader(const std::string& path) : path_(path), buffer_(2 * kLongestLine_bytes) {
    std::string error;
    file_ = files::open_to_read(path, error);
    if (file_ == nullptr) throw Error(error);
  }

  /// The next line, or nullptr behind the last; valid until the line after it is asked for. Throws Error when
  /// the file cannot be read, holds a zero byte (it is not text then), or a line is too long.
  const TextLine* next() {
    const TextLine* line = peek();
    ahead_ = false;
    return line;
  }

  /// What next() will return.
  const TextLine* peek() {
    while (!ahead_ && read_line()) ahead_ = !line_.fields.empty() && line_.fields[0][0] != '#';
    return ahead_ ? &line_ : nullptr;
  }

 private:
  // The next line of the file as it is; false behind the last.
  bool read_line() {
    const size_t length = buffered_line();
    if (length == 0 && begin_ == end_) return false;
    line_.where.assign(path_).append(":").append(std::to_string(++number_));
    line_.text.assign(buffer_.data() + begin_, length);
    begin_ += length;
    if (begin_ < end_) ++begin_;  // the end of the line
    if (line_.text.find('\0') != std::string::npos) line_.fail("holds a zero byte; a text file is expected");
    if (length > kLongestLine_bytes) {
      line_.fail("is longer than " + std::to_string(kLongestLine_bytes) +
                 " bytes; a text file with one entry a line is expected");
    }
    if (!line_.text.empty() && line_.text.back() == '\r') line_.text.pop_back();
    split();
    return true;
  }

  // Bytes of the line that begins at begin_, without its end; more than the longest when the end is not near.
  size_t buffered_line() {
    for (size_t searched = 0;;) {
      const char* const from = buffer_.data() + begin_ + searched;
      const void* const end = std::memchr(from, '\n', end_ - begin_ - searched);
      if (end != nullptr) return searched + static_cast<size_t>(static_cast<const char*>(end) - from);
      searched = end_ - begin_;
      if (at_end_ || searched > kLongestLine_bytes) return searched;
      std::memmove(buffer_.data(), buffer_.data() + begin_, searched);
      begin_ = 0;
      size_t got = 0;
      const size_t room = buffer_.size() - searched;
      std::string error;
      if (!files::read_some(file_, path_, buffer_.data() + searched, room, got, error)) throw Error(error);
      at_end_ = got < room;
      end_ = searched + got;
    }
  }

  // Fields keep their memory from line to line: long lists are read without an allocation a field.
  void split() {
    constexpr const char* kBlanks = " \t";
    const std::string& text = line_.text;
    size_t count = 0;
    for (size_t at = text.find_first_not_of(kBlanks); at != std::string::npos; ++count) {
      const size_t end = (std::min)(text.find_first_of(kBlanks, at), text.size());
      if (count == line_.fields.size()) line_.fields.emplace_back();
      line_.fields[count].assign(text, at, end - at);
      at = text.find_first_not_of(kBlanks, end);
    }
    line_.fields.resize(count);
  }

  std::string path_;
  files::File file_;
  std::vector<char> buffer_;
  size_t begin_ = 0, end_ = 0;  // of what is in buffer_ and not yet a line
  bool at_end_ = false;         // the file has no more than that
  TextLine line_;
  size_t number_ = 0;   // of line_, from 1
  bool ahead_ = false;  // line_ is still to be returned
};

}  // namespace eval
FACEIO_END_NAMESPACE

#endif  // FACEIO_EVAL_TEXT_HPP
