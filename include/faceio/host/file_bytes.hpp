// Reading and writing whole files, with errors as sentences.
#ifndef FACEIO_HOST_FILE_BYTES_HPP
#define FACEIO_HOST_FILE_BYTES_HPP

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "../core/memory.hpp"

FACEIO_BEGIN_NAMESPACE
namespace host {
namespace detail {

inline std::string open_error(const std::string& path, int code) {
  switch (code) {
    case ENOENT: return path + ": no such file; check the path";
    case EISDIR: return path + ": is a directory; name a file in it";
    case EACCES:
    case EPERM: return path + ": permission denied; make the file readable for this user";
    default:
      return path + ": cannot be read (" + std::strerror(code) + "); check the path and disk";
  }
}

}  // namespace detail

/// Reads the file at `path` into `bytes`. False: `error` says what is wrong with which path, and
/// `bytes` is unspecified. Files longer than `max_bytes` are refused without being read to the end,
/// so devices and pipes that never end are refused too.
inline bool read_file(const std::string& path, size_t max_bytes, std::vector<uint8_t>& bytes,
                      std::string& error) {
  bytes.clear();
  struct Close {
    void operator()(std::FILE* open_file) const noexcept { std::fclose(open_file); }
  };
  const std::unique_ptr<std::FILE, Close> owner(std::fopen(path.c_str(), "rb"));
  std::FILE* const file = owner.get();
  if (file == nullptr) {
    error = detail::open_error(path, errno);
    return false;
  }
  constexpr size_t kChunk_bytes = size_t{1} << 16;
  bool ok = true;
  for (;;) {
    const size_t used = bytes.size();
    if (used > max_bytes) {
      error = path + ": is longer than the limit of " + std::to_string(max_bytes) +
              " bytes; raise the limit or use a smaller file";
      ok = false;
      break;
    }
    // Doubling keeps the number of copies small; the limit keeps a wrong file from filling memory.
    size_t step = used < kChunk_bytes ? kChunk_bytes : used;
    if (step > max_bytes - used) step = max_bytes - used;
    if (step < SIZE_MAX - used) step += 1;  // one byte more tells "at the limit" from "longer"
    bytes.resize(used + step);
    errno = 0;
    const size_t got = std::fread(bytes.data() + used, 1, step, file);
    bytes.resize(used + got);
    if (got < step) {
      if (std::ferror(file) != 0) {
        error = detail::open_error(path, errno);
        ok = false;
      }
      if (std::ferror(file) != 0 || std::feof(file) != 0) break;
    }
  }
  return ok;
}

}  // namespace host
FACEIO_END_NAMESPACE

#endif  // FACEIO_HOST_FILE_BYTES_HPP
