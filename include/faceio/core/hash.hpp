// FNV-1a: whether two computers gave the same numbers, and whether two network tables are one.
#ifndef FACEIO_CORE_HASH_HPP
#define FACEIO_CORE_HASH_HPP

#include "config.hpp"

FACEIO_BEGIN_NAMESPACE

/// 64-bit FNV-1a (Fowler, Noll, Vo) of numbers whose bytes count from the lowest, on every CPU.
class Fnv1a {
 public:
  /// The lowest `bytes` bytes of a number, 1 to 4.
  constexpr void add(uint32_t value, int bytes) noexcept {
    for (int i = 0; i < bytes; ++i) hash_ = (hash_ ^ ((value >> (8 * i)) & 0xffu)) * 1099511628211u;
  }
  /// The bits of a float.
  void add(float value) noexcept {
    uint32_t bits;
    __builtin_memcpy(&bits, &value, sizeof bits);
    add(bits, 4);
  }
  constexpr uint64_t value() const noexcept { return hash_; }

 private:
  uint64_t hash_ = 14695981039346656037u;
};

FACEIO_END_NAMESPACE

#endif  // FACEIO_CORE_HASH_HPP
