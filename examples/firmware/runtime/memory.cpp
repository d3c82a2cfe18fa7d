// The three functions that compilers call by themselves, byte by byte; a C library has faster ones. Compile it with
// -ffreestanding, or its loops become calls of what they define.
#include <stddef.h>

extern "C" {

void* memmove(void* to, const void* from, size_t count) {
  auto* const t = static_cast<unsigned char*>(to);
  const auto* const f = static_cast<const unsigned char*>(from);
  if (t < f) {
    for (size_t i = 0; i < count; ++i) t[i] = f[i];
  } else {
    for (size_t i = count; i > 0; --i) t[i - 1] = f[i - 1];
  }
  return to;
}

void* memcpy(void* to, const void* from, size_t count) { return memmove(to, from, count); }

void* memset(void* to, int value, size_t count) {
  auto* const t = static_cast<unsigned char*>(to);
  for (size_t i = 0; i < count; ++i) t[i] = static_cast<unsigned char>(value);
  return to;
}

#if defined(__ARM_EABI__)
// The same under the names of the Arm run-time ABI; those that promise an alignment may ignore it.
void __aeabi_memmove(void* to, const void* from, size_t count) { memmove(to, from, count); }
void __aeabi_memmove4(void* to, const void* from, size_t count) { memmove(to, from, count); }
void __aeabi_memmove8(void* to, const void* from, size_t count) { memmove(to, from, count); }
void __aeabi_memcpy(void* to, const void* from, size_t count) { memmove(to, from, count); }
void __aeabi_memcpy4(void* to, const void* from, size_t count) { memmove(to, from, count); }
void __aeabi_memcpy8(void* to, const void* from, size_t count) { memmove(to, from, count); }
void __aeabi_memset(void* to, size_t count, int value) { memset(to, value, count); }
void __aeabi_memset4(void* to, size_t count, int value) { memset(to, value, count); }
void __aeabi_memset8(void* to, size_t count, int value) { memset(to, value, count); }
void __aeabi_memclr(void* to, size_t count) { memset(to, 0, count); }
void __aeabi_memclr4(void* to, size_t count) { memset(to, 0, count); }
void __aeabi_memclr8(void* to, size_t count) { memset(to, 0, count); }
#endif

}  // extern "C"
