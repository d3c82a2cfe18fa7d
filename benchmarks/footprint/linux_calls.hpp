// What minimal_detect needs of Linux on x86-64, without a C library: a static glibc alone is larger
// than the whole program. Also the four functions that compilers may call by themselves.
#ifndef FACEIO_BENCHMARKS_FOOTPRINT_LINUX_CALLS_HPP
#define FACEIO_BENCHMARKS_FOOTPRINT_LINUX_CALLS_HPP

#include <stddef.h>
#include <stdint.h>

extern "C" {

inline void* copy_bytes(void* to, const void* from, size_t size_bytes) noexcept {
  void* const start = to;
  __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(size_bytes) : : "memory");
  return start;
}

__attribute__((used)) void* memcpy(void* to, const void* from, size_t size_bytes) noexcept {
  return copy_bytes(to, from, size_bytes);
}

__attribute__((used)) void* memmove(void* to, const void* from, size_t size_bytes) noexcept {
  const auto distance = reinterpret_cast<uintptr_t>(to) - reinterpret_cast<uintptr_t>(from);
  if (distance >= size_bytes) return copy_bytes(to, from, size_bytes);
  void* last_to = static_cast<char*>(to) + size_bytes - 1;
  const void* last_from = static_cast<const char*>(from) + size_bytes - 1;
  __asm__ volatile("std; rep movsb; cld"
                   : "+D"(last_to), "+S"(last_from), "+c"(size_bytes)
                   :
                   : "memory");
  return to;
}

__attribute__((used)) void* memset(void* to, int value, size_t size_bytes) noexcept {
  void* const start = to;
  __asm__ volatile("rep stosb" : "+D"(to), "+c"(size_bytes) : "a"(value) : "memory");
  return start;
}

__attribute__((used)) int memcmp(const void* a, const void* b, size_t size_bytes) noexcept {
  const auto* x = static_cast<const uint8_t*>(a);
  const auto* y = static_cast<const uint8_t*>(b);
  for (; size_bytes > 0; ++x, ++y, --size_bytes) {
    if (*x != *y) return *x - *y;
  }
  return 0;
}

}  // extern "C"

namespace linux_calls {

// Numbers of arch/x86/entry/syscalls/syscall_64.tbl, values of the kernel's uapi headers.
inline constexpr long kWrite = 1, kOpen = 2, kLseek = 8, kMmap = 9, kExitGroup = 231;
inline constexpr long kReadOnly = 0, kSeekEnd = 2;
inline constexpr long kProtRead = 1, kProtWrite = 2, kMapPrivate = 2, kMapAnonymous = 0x20;

inline long call(long number, long a = 0, long b = 0, long c = 0, long d = 0, long e = 0,
                 long f = 0) noexcept {
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  register long r9 __asm__("r9") = f;
  long result;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return result;
}

[[noreturn]] inline void exit(int code) noexcept {
  call(kExitGroup, code);
  __builtin_unreachable();
}

inline void write(int descriptor, const char* text, size_t size_bytes) noexcept {
  while (size_bytes > 0) {
    const long written =
        call(kWrite, descriptor, reinterpret_cast<long>(text), static_cast<long>(size_bytes));
    if (written <= 0) return;
    text += written;
    size_bytes -= static_cast<size_t>(written);
  }
}

struct Mapping {
  uint8_t* data = nullptr;  // null: failed
  size_t size_bytes = 0;
};

inline Mapping mapping_of(long address, size_t size_bytes) noexcept {
  if (address < 0 && address >= -4095) return {};
  return {reinterpret_cast<uint8_t*>(address), size_bytes};
}

/// A whole file, read-only; page aligned.
inline Mapping map_file(const char* path) noexcept {
  const long descriptor = call(kOpen, reinterpret_cast<long>(path), kReadOnly);
  if (descriptor < 0) return {};
  const long size_bytes = call(kLseek, descriptor, 0, kSeekEnd);
  if (size_bytes <= 0) return {};
  return mapping_of(call(kMmap, 0, size_bytes, kProtRead, kMapPrivate, descriptor, 0),
                    static_cast<size_t>(size_bytes));
}

/// Zeroed memory; page aligned. Pages come into being when they are first written.
inline Mapping map_memory(size_t size_bytes) noexcept {
  return mapping_of(call(kMmap, 0, static_cast<long>(size_bytes), kProtRead | kProtWrite,
                         kMapPrivate | kMapAnonymous, -1, 0),
                    size_bytes);
}

}  // namespace linux_calls

#endif  // FACEIO_BENCHMARKS_FOOTPRINT_LINUX_CALLS_HPP
