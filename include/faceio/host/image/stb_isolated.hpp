// stb_image and stb_image_write with internal linkage inside a namespace of ours.
//
// A program may hold another copy of stb, in this translation unit too, configured otherwise. So
// every stb macro that a user may have set is put aside and restored, the include guards are put
// aside, and standard headers come first, because stb includes them where we include stb: inside a
// namespace.
#ifndef FACEIO_HOST_IMAGE_STB_ISOLATED_HPP
#define FACEIO_HOST_IMAGE_STB_ISOLATED_HPP

#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../core/config.hpp"

#if FACEIO_X86
#include <emmintrin.h>
#endif
#if defined(_MSC_VER)
#include <intrin.h>
#endif

#if defined(__has_include)
#if !__has_include(<stb/stb_image.h>) && !__has_include(<stb_image.h>)
#error \
    "faceio: stb_image.h not found; install stb (Debian: libstb-dev) or define FACEIO_NO_IMAGE_IO"
#endif
#endif

#if defined(__GNUC__) || defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wsign-compare"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wold-style-cast"
#pragma GCC diagnostic ignored "-Wcast-qual"
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
#pragma GCC diagnostic ignored "-Wimplicit-fallthrough"
#endif

#pragma push_macro("STB_IMAGE_IMPLEMENTATION")
#pragma push_macro("STBI_INCLUDE_STB_IMAGE_H")
#pragma push_macro("STBIDEF")
#pragma push_macro("STBI_ASSERT")
#pragma push_macro("STBI_MALLOC")
#pragma push_macro("STBI_REALLOC")
#pragma push_macro("STBI_REALLOC_SIZED")
#pragma push_macro("STBI_FREE")
#pragma push_macro("STBI_MAX_DIMENSIONS")
#pragma push_macro("STBI_NO_STDIO")
#pragma push_macro("STBI_NO_LINEAR")
#pragma push_macro("STBI_NO_FAILURE_STRINGS")
#pragma push_macro("STBI_FAILURE_USERMSG")
#pragma push_macro("STBI_NO_THREAD_LOCALS")
#pragma push_macro("STBI_WINDOWS_UTF8")
#pragma push_macro("STBI_NO_ZLIB")
#pragma push_macro("STBI_NO_JPEG")
#pragma push_macro("STBI_NO_PNG")
#pragma push_macro("STBI_NO_BMP")
#pragma push_macro("STBI_NO_PSD")
#pragma push_macro("STBI_NO_TGA")
#pragma push_macro("STBI_NO_GIF")
#pragma push_macro("STBI_NO_HDR")
#pragma push_macro("STBI_NO_PIC")
#pragma push_macro("STBI_NO_PNM")
#pragma push_macro("STBI_ONLY_JPEG")
#pragma push_macro("STBI_ONLY_PNG")
#pragma push_macro("STBI_ONLY_BMP")
#pragma push_macro("STBI_ONLY_PSD")
#pragma push_macro("STBI_ONLY_TGA")
#pragma push_macro("STBI_ONLY_GIF")
#pragma push_macro("STBI_ONLY_HDR")
#pragma push_macro("STBI_ONLY_PIC")
#pragma push_macro("STBI_ONLY_PNM")
#pragma push_macro("STBI_ONLY_ZLIB")
#pragma push_macro("FAST_BITS")
#pragma push_macro("stbi__err")
#pragma push_macro("STB_IMAGE_WRITE_IMPLEMENTATION")
#pragma push_macro("STB_IMAGE_WRITE_STATIC")
#pragma push_macro("INCLUDE_STB_IMAGE_WRITE_H")
#pragma push_macro("STBIWDEF")
#pragma push_macro("STBIW_ASSERT")
#pragma push_macro("STBIW_MALLOC")
#pragma push_macro("STBIW_REALLOC")
#pragma push_macro("STBIW_REALLOC_SIZED")
#pragma push_macro("STBIW_FREE")
#pragma push_macro("STBIW_MEMMOVE")
#pragma push_macro("STBIW_CRC32")
#pragma push_macro("STBIW_ZLIB_COMPRESS")
#pragma push_macro("STBIW_WINDOWS_UTF8")
#pragma push_macro("STBI_WRITE_NO_STDIO")

#undef STB_IMAGE_IMPLEMENTATION
#undef STBI_INCLUDE_STB_IMAGE_H
#undef STBIDEF
#undef STBI_ASSERT
#undef STBI_MALLOC
#undef STBI_REALLOC
#undef STBI_REALLOC_SIZED
#undef STBI_FREE
#undef STBI_MAX_DIMENSIONS
#undef STBI_NO_STDIO
#undef STBI_NO_LINEAR
#undef STBI_NO_FAILURE_STRINGS
#undef STBI_FAILURE_USERMSG
#undef STBI_NO_THREAD_LOCALS
#undef STBI_WINDOWS_UTF8
#undef STBI_NO_ZLIB
#undef STBI_NO_JPEG
#undef STBI_NO_PNG
#undef STBI_NO_BMP
#undef STBI_NO_PSD
#undef STBI_NO_TGA
#undef STBI_NO_GIF
#undef STBI_NO_HDR
#undef STBI_NO_PIC
#undef STBI_NO_PNM
#undef STBI_ONLY_JPEG
#undef STBI_ONLY_PNG
#undef STBI_ONLY_BMP
#undef STBI_ONLY_PSD
#undef STBI_ONLY_TGA
#undef STBI_ONLY_GIF
#undef STBI_ONLY_HDR
#undef STBI_ONLY_PIC
#undef STBI_ONLY_PNM
#undef STBI_ONLY_ZLIB
#undef FAST_BITS
#undef stbi__err
#undef STB_IMAGE_WRITE_IMPLEMENTATION
#undef STB_IMAGE_WRITE_STATIC
#undef INCLUDE_STB_IMAGE_WRITE_H
#undef STBIWDEF
#undef STBIW_ASSERT
#undef STBIW_MALLOC
#undef STBIW_REALLOC
#undef STBIW_REALLOC_SIZED
#undef STBIW_FREE
#undef STBIW_MEMMOVE
#undef STBIW_CRC32
#undef STBIW_ZLIB_COMPRESS
#undef STBIW_WINDOWS_UTF8
#undef STBI_WRITE_NO_STDIO

FACEIO_BEGIN_NAMESPACE
namespace host {
namespace detail {
namespace stb {

// The largest single block stb may take while this thread decodes: inflating a small file can ask
// for a thousand times its size, whatever its header says.
static thread_local size_t allocation_limit_bytes = 0;

// Zeroed, because stb leaves what damaged data does not reach as it was; such pictures must not
// show old memory, and must come out the same every time.
static inline void* allocate(size_t size_bytes) {
  return size_bytes > allocation_limit_bytes ? nullptr : calloc(1, size_bytes);
}
static inline void* reallocate(void* block, size_t size_bytes) {
  return size_bytes > allocation_limit_bytes ? nullptr : realloc(block, size_bytes);
}

// What the declaring part of stb_image.h provides. That part is skipped: it declares everything
// extern "C", and gcc then gives static functions C names, which collide with a second copy.
#define STBI_INCLUDE_STB_IMAGE_H
#define STBIDEF static
enum { STBI_default = 0, STBI_grey = 1, STBI_grey_alpha = 2, STBI_rgb = 3, STBI_rgb_alpha = 4 };
typedef unsigned char stbi_uc;
typedef unsigned short stbi_us;
typedef struct {
  int (*read)(void* user, char* data, int size);
  void (*skip)(void* user, int n);
  int (*eof)(void* user);
} stbi_io_callbacks;

#define STB_IMAGE_IMPLEMENTATION
#define STBI_ASSERT(condition) static_cast<void>(0)  // hostile files must not end the program
#define STBI_MALLOC(size_bytes) allocate(size_bytes)
#define STBI_REALLOC(block, size_bytes) reallocate(block, size_bytes)
#define STBI_FREE(block) free(block)
#define STBI_NO_STDIO
#define STBI_NO_LINEAR
#define STBI_ONLY_JPEG
#define STBI_ONLY_PNG
#if __has_include(<stb/stb_image.h>)
#include <stb/stb_image.h>
#else
#include <stb_image.h>
#endif

// stb's JPEG writer shifts bits out of a negative int: well-defined since C++20 only, and reported
// by -fsanitize=undefined before.
#if defined(__clang__)
#pragma clang attribute push(__attribute__((no_sanitize("shift"))), apply_to = function)
#elif defined(__GNUC__)
#pragma GCC push_options
#pragma GCC optimize("wrapv")
#endif

#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STB_IMAGE_WRITE_STATIC
#define STBIW_ASSERT(condition) static_cast<void>(0)
#define STBI_WRITE_NO_STDIO
#if __has_include(<stb/stb_image_write.h>)
#include <stb/stb_image_write.h>
#else
#include <stb_image_write.h>
#endif

#if defined(__clang__)
#pragma clang attribute pop
#elif defined(__GNUC__)
#pragma GCC pop_options
#endif

}  // namespace stb
}  // namespace detail
}  // namespace host
FACEIO_END_NAMESPACE

#pragma pop_macro("STB_IMAGE_IMPLEMENTATION")
#pragma pop_macro("STBI_INCLUDE_STB_IMAGE_H")
#pragma pop_macro("STBIDEF")
#pragma pop_macro("STBI_ASSERT")
#pragma pop_macro("STBI_MALLOC")
#pragma pop_macro("STBI_REALLOC")
#pragma pop_macro("STBI_REALLOC_SIZED")
#pragma pop_macro("STBI_FREE")
#pragma pop_macro("STBI_MAX_DIMENSIONS")
#pragma pop_macro("STBI_NO_STDIO")
#pragma pop_macro("STBI_NO_LINEAR")
#pragma pop_macro("STBI_NO_FAILURE_STRINGS")
#pragma pop_macro("STBI_FAILURE_USERMSG")
#pragma pop_macro("STBI_NO_THREAD_LOCALS")
#pragma pop_macro("STBI_WINDOWS_UTF8")
#pragma pop_macro("STBI_NO_ZLIB")
#pragma pop_macro("STBI_NO_JPEG")
#pragma pop_macro("STBI_NO_PNG")
#pragma pop_macro("STBI_NO_BMP")
#pragma pop_macro("STBI_NO_PSD")
#pragma pop_macro("STBI_NO_TGA")
#pragma pop_macro("STBI_NO_GIF")
#pragma pop_macro("STBI_NO_HDR")
#pragma pop_macro("STBI_NO_PIC")
#pragma pop_macro("STBI_NO_PNM")
#pragma pop_macro("STBI_ONLY_JPEG")
#pragma pop_macro("STBI_ONLY_PNG")
#pragma pop_macro("STBI_ONLY_BMP")
#pragma pop_macro("STBI_ONLY_PSD")
#pragma pop_macro("STBI_ONLY_TGA")
#pragma pop_macro("STBI_ONLY_GIF")
#pragma pop_macro("STBI_ONLY_HDR")
#pragma pop_macro("STBI_ONLY_PIC")
#pragma pop_macro("STBI_ONLY_PNM")
#pragma pop_macro("STBI_ONLY_ZLIB")
#pragma pop_macro("FAST_BITS")
#pragma pop_macro("stbi__err")
#pragma pop_macro("STB_IMAGE_WRITE_IMPLEMENTATION")
#pragma pop_macro("STB_IMAGE_WRITE_STATIC")
#pragma pop_macro("INCLUDE_STB_IMAGE_WRITE_H")
#pragma pop_macro("STBIWDEF")
#pragma pop_macro("STBIW_ASSERT")
#pragma pop_macro("STBIW_MALLOC")
#pragma pop_macro("STBIW_REALLOC")
#pragma pop_macro("STBIW_REALLOC_SIZED")
#pragma pop_macro("STBIW_FREE")
#pragma pop_macro("STBIW_MEMMOVE")
#pragma pop_macro("STBIW_CRC32")
#pragma pop_macro("STBIW_ZLIB_COMPRESS")
#pragma pop_macro("STBIW_WINDOWS_UTF8")
#pragma pop_macro("STBI_WRITE_NO_STDIO")

#if defined(__GNUC__) || defined(__clang__)
#pragma GCC diagnostic pop
#endif

#endif  // FACEIO_HOST_IMAGE_STB_ISOLATED_HPP
