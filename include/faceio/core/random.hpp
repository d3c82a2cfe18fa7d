// Random numbers that are the same for a seed on every computer, which standard distributions do not promise.
#ifndef FACEIO_CORE_RANDOM_HPP
#define FACEIO_CORE_RANDOM_HPP

#include "config.hpp"

FACEIO_BEGIN_NAMESPACE

/// splitmix64 (Steele, Lea, Flood, OOPSLA 2014). Not for several threads at once.
class SplitMix64 {
 public:
  explicit constexpr SplitMix64(uint64_t seed) noexcept : state_(seed) {}

  constexpr uint64_t next() noexcept {
    uint64_t z = state_ += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
  }

  /// From 0 to bound - 1: the upper 32 bits of next() times bound, shifted down by 32.
  constexpr uint32_t below(uint32_t bound) noexcept { return static_cast<uint32_t>(((next() >> 32) * bound) >> 32); }

 private:
  uint64_t state_;
};

FACEIO_END_NAMESPACE

#endif  // FACEIO_CORE_RANDOM_HPP
