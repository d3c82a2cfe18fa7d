// faceio for firmware: Detector and Embedder for one instruction set, from headers that every compiler supplies.
//
// Needs no operating system, heap, C or C++ library: of functions, memcpy, memmove and memset, and the compiler's helpers
// for what the CPU lacks (64-bit division on 32-bit CPUs, double where the FPU is single precision). Include it before
// any other faceio header, in all files of the program; switches are in core/config.hpp. docs/firmware.md says more.
#ifndef FACEIO_FIRMWARE_HPP
#define FACEIO_FIRMWARE_HPP

#if defined(FACEIO_VERSION_HPP) && (!defined(FACEIO_FREESTANDING) || !defined(FACEIO_STATIC_TARGET))
#error "include faceio/firmware.hpp first, or define FACEIO_FREESTANDING and FACEIO_STATIC_TARGET for the whole program"
#endif
#if !defined(FACEIO_FREESTANDING)
#define FACEIO_FREESTANDING
#endif
#if !defined(FACEIO_STATIC_TARGET)
#define FACEIO_STATIC_TARGET
#endif

#include "core/hash.hpp"
#include "pipeline/detector.hpp"
#include "pipeline/embedder.hpp"
#include "weights/embed.hpp"

FACEIO_BEGIN_NAMESPACE

/// The only target of a firmware build: what its compiler flags promise about the CPU.
inline constexpr Target kFirmwareTarget = static_cast<Target>(FACEIO_BASELINE_LEVEL);

FACEIO_END_NAMESPACE

#endif  // FACEIO_FIRMWARE_HPP
