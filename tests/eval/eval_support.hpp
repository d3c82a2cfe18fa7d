// Helpers of the evaluation tests: text files, error sentences, evaluation data beside the repository.
#ifndef FACEIO_TESTS_EVAL_EVAL_SUPPORT_HPP
#define FACEIO_TESTS_EVAL_EVAL_SUPPORT_HPP

#include <doctest/doctest.h>
#include <unistd.h>

#include <faceio/eval/text.hpp>
#include <filesystem>
#include <fstream>
#include <string>

#include "../support/files.hpp"

namespace eval_support {

/// Lists and pictures that may not be redistributed; test::available() says when they are absent.
inline std::string shared_data(const std::string& name) {
  return test::root() + "/../shared/data/" + name;
}

/// A folder that lives as long as this object.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    static int count = 0;
    path_ = std::filesystem::temp_directory_path() /
            ("faceio_eval_" + std::to_string(::getpid()) + "_" + std::to_string(count++));
    std::filesystem::create_directories(path_);
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  std::string path() const { return path_.string(); }

  /// Writes a file, folders on the way included, and returns its path.
  std::string write(const std::string& name, const std::string& content) const {
    const auto path = path_ / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << content;
    return path.string();
  }

 private:
  std::filesystem::path path_;
};

/// The sentence of the Error that `call` throws; empty when it throws none.
template <class Call>
std::string error_of(Call call) {
  try {
    call();
  } catch (const faceio::eval::Error& error) {
    return error.what();
  }
  return "";
}

inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace eval_support

namespace test {

class TextFile {
 public:
  explicit TextFile(const std::string& text) : path_(folder_.write("list.txt", text)) {}

  const std::string& path() const { return path_; }

 private:
  eval_support::TemporaryFolder folder_;
  std::string path_;
};

/// Checks that `call` throws an Error whose sentence holds `part`.
template <class Call>
void check_error(const Call& call, const std::string& part) {
  const std::string sentence = eval_support::error_of(call);
  INFO("'", part, "' in: ", sentence);
  CHECK(eval_support::contains(sentence, part));
}

}  // namespace test

#endif  // FACEIO_TESTS_EVAL_EVAL_SUPPORT_HPP
