// FNV-1a over the bits of floats: whether two computers gave the same numbers.
#ifndef FACEIO_CORE_HASH_HPP
#define FACEIO_CORE_HASH_HPP

#include "config.hpp"

FACEIO_BEGIN_NAMESPACE

/// 64-bit FNV-1a; the bytes of a float count from the lowest, on every CPU.
class Fnv1a {
 public:
  void add(float value) noexcept {
    uint32_t bits;
    __builtin_memcpy(&bits, &value, sizeof bits);
    for (int shift = 0; shift < 32; shift += 8) hash_ = (hash_ ^ ((bits >> shift) & 0xffu)) * 1099511628211u;
  }
  uint64_t value() const noexcept { return hash_; }

 private:
  uint64_t hash_ = 14695981039346656037u;
};

FACEIO_END_NAMESPACE

#endif  // FACEIO_CORE_HASH_HPP
