// Writing whole files so that what was there before is lost only when the new content is whole.
#ifndef FACEIO_FILES_WRITE_FILE_HPP
#define FACEIO_FILES_WRITE_FILE_HPP

#include <filesystem>
#include <random>
#include <system_error>

#include "path.hpp"
#include "read_file.hpp"

#if defined(__unix__) || defined(__APPLE__)
#include <unistd.h>
#endif

FACEIO_BEGIN_NAMESPACE
namespace files {
namespace detail {

/// Creates or overwrites a file, and waits until the system has it. False: errno says why.
inline bool write_through(const std::string& path, Span<const uint8_t> bytes) {
  std::FILE* const file = open_file(path, true);
  if (file == nullptr) return false;
  errno = 0;
  bool written = std::fwrite(bytes.data, 1, bytes.size, file) == bytes.size && std::fflush(file) == 0;
#if defined(__unix__) || defined(__APPLE__)
  // Pipes and terminals have nothing to wait for.
  written = written && (::fsync(fileno(file)) == 0 || errno == EINVAL || errno == ENOTSUP);
#endif
  const int code = errno;
  const bool closed = std::fclose(file) == 0;
  if (written) return closed;
  errno = code;
  return false;
}

}  // namespace detail

/// Writes `bytes` beside `path` and moves them there when they are whole, so that a failure, or the end of the program,
/// leaves either the old file or the new one. Keeps permissions, and follows a symbolic link to the file it stands for.
/// Devices and pipes are written to where they are. False: `error` says what is wrong with which path.
inline bool write_file(const std::string& path, Span<const uint8_t> bytes, std::string& error) {
  namespace fs = std::filesystem;
  const auto fail = [&](const std::string& why) {
    error = path + ": cannot be written (" + why + "); is there room, and may you write there?";
    return false;
  };
  std::error_code code;
  const fs::path named = utf8_path(path);
  const fs::file_status before = fs::status(named, code);
  const bool replaces = fs::is_regular_file(before);
  if (fs::exists(before) && !replaces) {
    return detail::write_through(path, bytes) || fail(std::strerror(errno));
  }
  std::string place = path;
#if !defined(_WIN32)
  if (replaces && fs::is_symlink(named, code)) {
    place = fs::canonical(named, code).string();
    if (code) return fail(code.message());
  }
#endif
  const std::string part = place + "." + std::to_string(std::random_device{}()) + ".part";
  const fs::path part_path = utf8_path(part);
  if (!detail::write_through(part, bytes)) {
    const std::string why = std::strerror(errno);
    fs::remove(part_path, code);
    return fail(why);
  }
  if (replaces) fs::permissions(part_path, before.permissions(), code);
  fs::rename(part_path, utf8_path(place), code);
  if (!code) return true;
  const std::string why = code.message();
  fs::remove(part_path, code);
  return fail(why);
}

}  // namespace files
FACEIO_END_NAMESPACE

#endif  // FACEIO_FILES_WRITE_FILE_HPP
