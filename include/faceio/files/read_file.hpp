// Opening and reading files, with errors as sentences. Paths are UTF-8 on Windows, and bytes elsewhere.
#ifndef FACEIO_FILES_READ_FILE_HPP
#define FACEIO_FILES_READ_FILE_HPP

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "../core/memory.hpp"

#if defined(_WIN32)
#include <sys/stat.h>
#include <wchar.h>
#endif

FACEIO_BEGIN_NAMESPACE
namespace files {
namespace detail {

#if defined(_WIN32)
/// UTF-16 of UTF-8. Bytes that are none become U+FFFD each, which names no file by accident.
inline std::wstring utf16(const std::string& utf8) {
  static_assert(sizeof(wchar_t) == 2, "Windows");
  std::wstring wide;
  const auto byte = [&utf8](size_t i) { return static_cast<uint32_t>(static_cast<unsigned char>(utf8[i])); };
  for (size_t i = 0; i < utf8.size();) {
    const uint32_t lead = byte(i);
    const size_t length = lead < 0x80 ? 1 : lead >= 0xF0 && lead < 0xF8 ? 4 : lead >= 0xE0 ? 3 : 2;
    uint32_t code = length == 1 ? lead : lead & (0x7Fu >> length);
    bool good = (lead < 0x80 || (lead >= 0xC2 && lead < 0xF5)) && i + length <= utf8.size();
    for (size_t k = 1; good && k < length; ++k) {
      good = (byte(i + k) & 0xC0u) == 0x80;
      code = code << 6 | (byte(i + k) & 0x3Fu);
    }
    constexpr uint32_t kShortest[] = {0, 0, 0x80, 0x800, 0x10000};
    good = good && code >= kShortest[length] && code <= 0x10FFFF && (code < 0xD800 || code > 0xDFFF);
    if (!good) {
      wide += static_cast<wchar_t>(0xFFFD);
    } else if (code < 0x10000) {
      wide += static_cast<wchar_t>(code);
    } else {
      wide += static_cast<wchar_t>(0xD800 + ((code - 0x10000) >> 10));
      wide += static_cast<wchar_t>(0xDC00 + ((code - 0x10000) & 0x3FF));
    }
    i += good ? length : 1;
  }
  return wide;
}

// Windows refuses to open a folder as it refuses a file of somebody else.
inline bool is_folder(std::wstring path) {
  while (!path.empty() && (path.back() == L'/' || path.back() == L'\\')) path.pop_back();
  struct ::_stat64 info;
  return ::_wstat64(path.c_str(), &info) == 0 && (info.st_mode & _S_IFDIR) != 0;
}
#endif

/// fopen(): errno says why it is null.
inline std::FILE* open_file(const std::string& path, bool write) {
#if defined(_WIN32)
  const std::wstring wide = utf16(path);
  std::FILE* const file = ::_wfopen(wide.c_str(), write ? L"wb" : L"rb");
  if (file == nullptr) {
    const int code = errno;
    errno = is_folder(wide) ? EISDIR : code;
  }
  return file;
#else
  return std::fopen(path.c_str(), write ? "wb" : "rb");
#endif
}

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

struct CloseFile {
  void operator()(std::FILE* file) const noexcept { std::fclose(file); }
};

}  // namespace detail

/// An open file, closed with its owner.
using File = std::unique_ptr<std::FILE, detail::CloseFile>;

/// Null: `error` says what is wrong with which path.
inline File open_to_read(const std::string& path, std::string& error) {
  File file(detail::open_file(path, false));
  if (file == nullptr) error = detail::open_error(path, errno);
  return file;
}

/// Reads up to `size` bytes, and less only at the end of the file. False: `error` says what is wrong with which path.
inline bool read_some(const File& file, const std::string& path, void* to, size_t size, size_t& got, std::string& error) {
  errno = 0;
  got = std::fread(to, 1, size, file.get());
  if (got == size || std::ferror(file.get()) == 0) return true;
  error = detail::open_error(path, errno);
  return false;
}

/// Reads the file at `path` into `bytes`. False: `error` says what is wrong with which path, and
/// `bytes` is unspecified. Files longer than `max_bytes` are refused without being read to the end,
/// so devices and pipes that never end are refused too.
inline bool read_file(const std::string& path, size_t max_bytes, std::vector<uint8_t>& bytes,
                      std::string& error) {
  bytes.clear();
  const File file = open_to_read(path, error);
  if (file == nullptr) return false;
  constexpr size_t kChunk_bytes = size_t{1} << 16;
  for (;;) {
    const size_t used = bytes.size();
    if (used > max_bytes) {
      error = path + ": is longer than the limit of " + std::to_string(max_bytes) +
              " bytes; raise the limit or use a smaller file";
      return false;
    }
    // Doubling keeps the number of copies small; the limit keeps a wrong file from filling memory.
    size_t step = used < kChunk_bytes ? kChunk_bytes : used;
    if (step > max_bytes - used) step = max_bytes - used;
    if (step < SIZE_MAX - used) step += 1;  // one byte more tells "at the limit" from "longer"
    bytes.resize(used + step);
    size_t got = 0;
    if (!read_some(file, path, bytes.data() + used, step, got, error)) return false;
    bytes.resize(used + got);
    if (got < step) return true;
  }
}

}  // namespace files
FACEIO_END_NAMESPACE

#endif  // FACEIO_FILES_READ_FILE_HPP
