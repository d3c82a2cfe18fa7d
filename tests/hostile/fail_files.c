// A library to be preloaded: the FACEIO_FAIL_AT-th operation on files of a program fails (1 is the first), all others work.
// FACEIO_FAIL_HOW: error (EIO), full (what is written does not fit: ENOSPC), short (reads and writes do half of what they
// should, once). At the end the number of operations goes to the file FACEIO_FAIL_COUNT.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static long operations;

static int is_due(void) {
  static long at = -1;
  if (at < 0) {
    const char* text = getenv("FACEIO_FAIL_AT");
    at = text != NULL ? atol(text) : 0;
  }
  return ++operations == at;
}

static int how(const char* name) {
  const char* text = getenv("FACEIO_FAIL_HOW");
  return text != NULL && strcmp(text, name) == 0;
}

static void* next(const char* name) { return dlsym(RTLD_NEXT, name); }

__attribute__((destructor)) static void report(void) {
  const char* path = getenv("FACEIO_FAIL_COUNT");
  if (path == NULL) return;
  int (*real_open)(const char*, int, ...) = (int (*)(const char*, int, ...))next("open");
  ssize_t (*real_write)(int, const void*, size_t) = (ssize_t (*)(int, const void*, size_t))next("write");
  char text[32];
  const int length = snprintf(text, sizeof text, "%ld\n", operations);
  const int file = real_open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (file >= 0 && real_write(file, text, (size_t)length) != length) _exit(99);
}

#define FAIL(result)                        \
  do {                                      \
    errno = how("full") ? ENOSPC : EIO;     \
    return result;                          \
  } while (0)

int open(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0;
  va_end(arguments);
  if (is_due()) FAIL(-1);
  return ((int (*)(const char*, int, ...))next("open"))(path, flags, mode);
}
int open64(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0;
  va_end(arguments);
  if (is_due()) FAIL(-1);
  return ((int (*)(const char*, int, ...))next("open64"))(path, flags, mode);
}
FILE* fopen(const char* path, const char* mode) {
  if (is_due()) FAIL(NULL);
  return ((FILE * (*)(const char*, const char*)) next("fopen"))(path, mode);
}
FILE* fopen64(const char* path, const char* mode) {
  if (is_due()) FAIL(NULL);
  return ((FILE * (*)(const char*, const char*)) next("fopen64"))(path, mode);
}
// A stream that fails says so by ferror(), which reads a flag that only a real failure sets: reading from a descriptor that
// is open for writing alone, and the other way round, is one.
static void break_stream(FILE* file) {
  const int broken = ((int (*)(const char*, int, ...))next("open"))("/dev/full", O_RDWR);
  (void)dup2(broken, fileno(file));
  close(broken);
}
size_t fread(void* to, size_t size, size_t count, FILE* file) {
  size_t (*real)(void*, size_t, size_t, FILE*) = (size_t(*)(void*, size_t, size_t, FILE*))next("fread");
  if (!is_due()) return real(to, size, count, file);
  if (how("short")) return real(to, size, count / 2, file);
  const int folder = ((int (*)(const char*, int, ...))next("open"))("/", O_RDONLY);  // reading it is an error
  (void)dup2(folder, fileno(file));
  close(folder);
  return real(to, size, count, file);
}
size_t fwrite(const void* from, size_t size, size_t count, FILE* file) {
  size_t (*real)(const void*, size_t, size_t, FILE*) = (size_t(*)(const void*, size_t, size_t, FILE*))next("fwrite");
  if (file == stdout || file == stderr || !is_due()) return real(from, size, count, file);
  if (how("short")) return real(from, size, count / 2, file);
  break_stream(file);
  return real(from, size, count, file);
}
int fclose(FILE* file) {
  if (file != stdout && file != stderr && is_due()) break_stream(file);
  return ((int (*)(FILE*))next("fclose"))(file);
}
ssize_t read(int file, void* to, size_t size) {
  ssize_t (*real)(int, void*, size_t) = (ssize_t(*)(int, void*, size_t))next("read");
  if (!is_due()) return real(file, to, size);
  if (how("short")) return real(file, to, (size + 1) / 2);
  FAIL(-1);
}
ssize_t write(int file, const void* from, size_t size) {
  ssize_t (*real)(int, const void*, size_t) = (ssize_t(*)(int, const void*, size_t))next("write");
  if (file <= 2 || !is_due()) return real(file, from, size);
  if (how("short")) return real(file, from, (size + 1) / 2);
  FAIL(-1);
}
ssize_t writev(int file, const struct iovec* parts, int count) {
  ssize_t (*real)(int, const struct iovec*, int) = (ssize_t(*)(int, const struct iovec*, int))next("writev");
  if (file <= 2 || !is_due()) return real(file, parts, count);
  if (how("short")) return real(file, parts, 1);
  FAIL(-1);
}
int fstat(int file, struct stat* info) {
  if (is_due()) FAIL(-1);
  return ((int (*)(int, struct stat*))next("fstat"))(file, info);
}
int fsync(int file) {
  if (is_due()) FAIL(-1);
  return ((int (*)(int))next("fsync"))(file);
}
int rename(const char* from, const char* to) {
  if (is_due()) FAIL(-1);
  return ((int (*)(const char*, const char*))next("rename"))(from, to);
}
void* mmap(void* address, size_t size, int protection, int flags, int file, off_t offset) {
  if (file >= 0 && is_due()) FAIL(MAP_FAILED);
  return ((void* (*)(void*, size_t, int, int, int, off_t))next("mmap"))(address, size, protection, flags, file, offset);
}
