// A whole file as 64-byte aligned, read-only bytes: mapped on POSIX systems, read on others (Windows).
#ifndef FACEIO_FILES_MAPPED_FILE_HPP
#define FACEIO_FILES_MAPPED_FILE_HPP

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "../core/memory.hpp"
#include "read_file.hpp"

#if (defined(__unix__) || defined(__APPLE__)) && !defined(FACEIO_NO_MMAP)
#define FACEIO_HAS_MMAP 1
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#else
#define FACEIO_HAS_MMAP 0
#endif

FACEIO_BEGIN_NAMESPACE
namespace files {

/// Owner of the bytes of one file. Move-only. The bytes never change place or content while the
/// owner lives, so any number of threads may read them. Do not truncate a file while it is mapped:
/// reading past its new end raises SIGBUS (replace files by renaming a new one over them). Define
/// FACEIO_NO_MMAP to read files into memory instead.
class MappedFile {
 public:
  MappedFile() noexcept = default;
  MappedFile(MappedFile&& other) noexcept { swap(other); }
  MappedFile& operator=(MappedFile&& other) noexcept {
    MappedFile moved(std::move(other));
    swap(moved);
    return *this;
  }
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile() { release(); }

  /// Opens `path` into `file`. False: `file` is as before and `error` says what is wrong with which
  /// path. An empty file succeeds with size() 0 and data() null.
  static bool open(const std::string& path, MappedFile& file, std::string& error) {
    MappedFile fresh;
    if (!fresh.acquire(path, error)) return false;
    file = std::move(fresh);
    return true;
  }

  /// First byte, at a multiple of 64; null when the file is empty or nothing was opened.
  const uint8_t* data() const noexcept { return data_; }
  size_t size() const noexcept { return size_bytes_; }
  Span<const uint8_t> bytes() const noexcept { return Span<const uint8_t>(data_, size_bytes_); }

 private:
  void swap(MappedFile& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_bytes_, other.size_bytes_);
    std::swap(storage_, other.storage_);
  }

#if FACEIO_HAS_MMAP
  bool acquire(const std::string& path, std::string& error) {
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) {
      error = detail::open_error(path, errno);
      return false;
    }
    struct ::stat info;
    bool ok = ::fstat(descriptor, &info) == 0;
    if (!ok) {
      error = detail::open_error(path, errno);
    } else if (!S_ISREG(info.st_mode)) {
      error = S_ISDIR(info.st_mode)
                  ? detail::open_error(path, EISDIR)
                  : path + ": not a regular file; copy its content to a file first";
      ok = false;
    } else if (info.st_size > 0) {
      const auto size_bytes = static_cast<size_t>(info.st_size);
      void* address = ::mmap(nullptr, size_bytes, PROT_READ, MAP_PRIVATE, descriptor, 0);
      ok = address != MAP_FAILED;
      if (ok) {
        data_ = static_cast<const uint8_t*>(address);
        size_bytes_ = size_bytes;
        storage_ = address;
      } else {
        error = path + ": cannot be mapped (" + std::strerror(errno) +
                "); free some memory or define FACEIO_NO_MMAP";
      }
    }
    ::close(descriptor);
    return ok;
  }

  void release() noexcept {
    if (storage_ != nullptr) ::munmap(storage_, size_bytes_);
  }
#else
  bool acquire(const std::string& path, std::string& error) {
    std::vector<uint8_t> bytes;
    if (!read_file(path, SIZE_MAX, bytes, error)) return false;
    if (bytes.empty()) return true;
    auto* storage = new uint8_t[bytes.size() + kAlignment_bytes];
    const auto address = reinterpret_cast<uintptr_t>(storage);
    uint8_t* aligned = storage + (round_up(address, kAlignment_bytes) - address);
    std::memcpy(aligned, bytes.data(), bytes.size());
    storage_ = storage;
    data_ = aligned;
    size_bytes_ = bytes.size();
    return true;
  }

  void release() noexcept { delete[] static_cast<uint8_t*>(storage_); }
#endif

  const uint8_t* data_ = nullptr;
  size_t size_bytes_ = 0;
  void* storage_ = nullptr;  // what has to be given back
};

}  // namespace files
FACEIO_END_NAMESPACE

#endif  // FACEIO_FILES_MAPPED_FILE_HPP
