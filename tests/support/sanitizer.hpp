// FACEIO_TEST_SANITIZED is defined where this program is built with a sanitizer that brings its own malloc, and
// FACEIO_TEST_ASAN besides where that is the address sanitizer.
#ifndef FACEIO_TESTS_SUPPORT_SANITIZER_HPP
#define FACEIO_TESTS_SUPPORT_SANITIZER_HPP

#if defined(__SANITIZE_ADDRESS__)
#define FACEIO_TEST_ASAN 1
#elif defined(__SANITIZE_THREAD__)
#define FACEIO_TEST_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FACEIO_TEST_ASAN 1
#elif __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define FACEIO_TEST_SANITIZED 1
#endif
#endif

#if defined(FACEIO_TEST_ASAN)
#define FACEIO_TEST_SANITIZED 1
#endif

#endif
