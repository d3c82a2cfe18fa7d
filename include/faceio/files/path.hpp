// Names of files. They are UTF-8 on Windows, and bytes elsewhere.
#ifndef FACEIO_FILES_PATH_HPP
#define FACEIO_FILES_PATH_HPP

#include <filesystem>
#include <string>

#include "../version.hpp"

FACEIO_BEGIN_NAMESPACE
namespace files {

/// A path of UTF-8, which streams then open on Windows too.
inline std::filesystem::path utf8_path(const std::string& path) {
#if defined(__cpp_lib_char8_t)
  return std::filesystem::path(std::u8string(path.begin(), path.end()));
#else
  return std::filesystem::u8path(path);
#endif
}

}  // namespace files
FACEIO_END_NAMESPACE

#endif  // FACEIO_FILES_PATH_HPP
