// faceio for host programs: everything but reading pictures (host/image_io.hpp, which needs stb).
// Needs C++17 and nothing but this include folder; no flags, no library to link.
#ifndef FACEIO_FACEIO_HPP
#define FACEIO_FACEIO_HPP

#include "pipeline/detector.hpp"
#include "pipeline/embedder.hpp"
#include "nn/selftest.hpp"
#if !defined(FACEIO_FREESTANDING) && defined(__cpp_exceptions)
#include "host/owned.hpp"
#endif

#endif  // FACEIO_FACEIO_HPP
