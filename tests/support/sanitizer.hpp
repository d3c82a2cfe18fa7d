// FACEIO_TEST_ASAN is defined where this program is built with the address sanitizer.
#ifndef FACEIO_TESTS_SUPPORT_SANITIZER_HPP
#define FACEIO_TESTS_SUPPORT_SANITIZER_HPP

#if defined(__SANITIZE_ADDRESS__)
#define FACEIO_TEST_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FACEIO_TEST_ASAN 1
#endif
#endif

#endif
