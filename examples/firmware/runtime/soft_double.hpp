// IEEE 754 double in integers, rounded to nearest even: for FPUs of single precision. A toolchain's compiler-rt or libgcc
// has it; this one makes the example complete without.
#ifndef SOFT_DOUBLE_HPP
#define SOFT_DOUBLE_HPP

#include <stdint.h>

namespace soft {

/// A number taken apart. Finite ones other than 0 are (-1)^negative * mantissa * 2^(exponent - 63), with bit 63 set.
struct Parts {
  enum Kind { kZero, kFinite, kInfinite, kNan } kind = kZero;
  bool negative = false;
  int32_t exponent = 0;
  uint64_t mantissa = 0;
};

/// Bits of an IEEE format: fraction, exponent.
template <int kFraction, int kExponent>
struct Format {
  static constexpr int32_t kBias = (1 << (kExponent - 1)) - 1;
  static constexpr int32_t kMaxExponent = (1 << kExponent) - 1;

  static Parts unpack(uint64_t bits) {
    Parts p;
    p.negative = (bits >> (kFraction + kExponent) & 1u) != 0;
    const auto exponent = static_cast<int32_t>(bits >> kFraction & static_cast<uint64_t>(kMaxExponent));
    const uint64_t fraction = bits & ((uint64_t{1} << kFraction) - 1);
    if (exponent == kMaxExponent) {
      p.kind = fraction != 0 ? Parts::kNan : Parts::kInfinite;
    } else if (exponent != 0 || fraction != 0) {
      p.kind = Parts::kFinite;
      p.exponent = (exponent == 0 ? 1 : exponent) - kBias;
      p.mantissa = (fraction | static_cast<uint64_t>(exponent != 0) << kFraction) << (63 - kFraction);
      for (; p.mantissa >> 63 == 0; p.mantissa <<= 1) --p.exponent;
    }
    return p;
  }

  static uint64_t pack(const Parts& p) {
    const uint64_t sign = static_cast<uint64_t>(p.negative) << (kFraction + kExponent);
    const uint64_t infinite = static_cast<uint64_t>(kMaxExponent) << kFraction;
    if (p.kind == Parts::kZero) return sign;
    if (p.kind == Parts::kNan) return infinite | uint64_t{1} << (kFraction - 1);
    int32_t exponent = p.exponent + kBias;
    if (p.kind == Parts::kInfinite || exponent >= kMaxExponent) return sign | infinite;
    uint64_t mantissa = p.mantissa;
    if (exponent <= 0) {  // subnormal
      mantissa = shifted(mantissa, 1 - exponent);
      exponent = 0;
    }
    constexpr int kDropped = 63 - kFraction;
    constexpr uint64_t kHalf = uint64_t{1} << (kDropped - 1);
    const uint64_t rest = mantissa & (2 * kHalf - 1);
    uint64_t kept = mantissa >> kDropped;
    if (rest > kHalf || (rest == kHalf && (kept & 1u) != 0)) ++kept;
    // The leading one of `kept`, and a carry out of it, count in the exponent.
    return sign | ((static_cast<uint64_t>(exponent == 0 ? 0 : exponent - 1) << kFraction) + kept);
  }

  /// Right by `count`; what falls off stays visible in the last bit.
  static uint64_t shifted(uint64_t value, int32_t count) {
    if (count == 0) return value;
    if (count > 63) return value != 0;
    return value >> count | static_cast<uint64_t>((value << (64 - count)) != 0);
  }
};
using Double = Format<52, 11>;
using Float = Format<23, 8>;

inline Parts not_a_number() {
  Parts p;
  p.kind = Parts::kNan;
  return p;
}

inline Parts finite(bool negative, int32_t exponent, uint64_t mantissa) {
  Parts p;
  if (mantissa == 0) return p;
  for (; mantissa >> 63 == 0; mantissa <<= 1) --exponent;
  p.kind = Parts::kFinite;
  p.negative = negative;
  p.exponent = exponent;
  p.mantissa = mantissa;
  return p;
}

inline Parts add(Parts a, Parts b) {
  if (a.kind == Parts::kNan || b.kind == Parts::kNan) return not_a_number();
  if (a.kind == Parts::kInfinite || b.kind == Parts::kInfinite) {
    if (a.kind == b.kind && a.negative != b.negative) return not_a_number();
    return a.kind == Parts::kInfinite ? a : b;
  }
  if (a.kind == Parts::kZero || b.kind == Parts::kZero) {
    if (a.kind == b.kind) a.negative = a.negative && b.negative;
    return b.kind == Parts::kZero ? a : b;
  }
  if (a.exponent < b.exponent || (a.exponent == b.exponent && a.mantissa < b.mantissa)) {
    const Parts larger = b;
    b = a;
    a = larger;
  }
  // Two bits of room above, nine below: 53 bits are significant.
  const uint64_t large = a.mantissa >> 2, small = Double::shifted(b.mantissa >> 2, a.exponent - b.exponent);
  return finite(a.negative, a.exponent + 2, a.negative == b.negative ? large + small : large - small);
}

inline Parts multiply(const Parts& a, const Parts& b) {
  const bool negative = a.negative != b.negative;
  if (a.kind == Parts::kNan || b.kind == Parts::kNan) return not_a_number();
  if (a.kind != Parts::kFinite || b.kind != Parts::kFinite) {
    if (a.kind == Parts::kInfinite && b.kind == Parts::kZero) return not_a_number();
    if (a.kind == Parts::kZero && b.kind == Parts::kInfinite) return not_a_number();
    Parts p = a.kind == Parts::kFinite || b.kind == Parts::kInfinite ? b : a;
    p.negative = negative;
    return p;
  }
  const uint64_t a1 = a.mantissa >> 32, a0 = a.mantissa & 0xffffffffu;
  const uint64_t b1 = b.mantissa >> 32, b0 = b.mantissa & 0xffffffffu;
  // a0 b0 cannot be seen but for whether it is 0: mantissas end in eleven zeros, and so do products in 22.
  const uint64_t low = a0 * b0, middle = a1 * b0 + (low >> 32), more = a0 * b1 + (middle & 0xffffffffu);
  uint64_t high = a1 * b1 + (middle >> 32) + (more >> 32);
  const uint64_t rest = (more << 32) | (low & 0xffffffffu);
  int32_t exponent = a.exponent + b.exponent + 1;
  if (high >> 63 == 0) {
    high = high << 1 | rest >> 63;
    --exponent;
    return finite(negative, exponent, high | static_cast<uint64_t>((rest << 1) != 0));
  }
  return finite(negative, exponent, high | static_cast<uint64_t>(rest != 0));
}

inline Parts divide(const Parts& a, const Parts& b) {
  const bool negative = a.negative != b.negative;
  if (a.kind == Parts::kNan || b.kind == Parts::kNan) return not_a_number();
  if (a.kind == b.kind && a.kind != Parts::kFinite) return not_a_number();
  if (a.kind != Parts::kFinite || b.kind != Parts::kFinite) {
    Parts p;
    p.kind = a.kind == Parts::kInfinite || b.kind == Parts::kZero ? Parts::kInfinite : Parts::kZero;
    p.negative = negative;
    return p;
  }
  uint64_t remainder = a.mantissa >> 11, quotient = 0;
  const uint64_t divisor = b.mantissa >> 11;
  for (int bit = 63; bit >= 0; --bit) {
    if (remainder >= divisor) {
      remainder -= divisor;
      quotient |= uint64_t{1} << bit;
    }
    remainder <<= 1;
  }
  return finite(negative, a.exponent - b.exponent, quotient | static_cast<uint64_t>(remainder != 0));
}

/// -1, 0, 1, or `unordered` with a NaN.
inline int compare(uint64_t a, uint64_t b, int unordered) {
  constexpr uint64_t kSign = uint64_t{1} << 63, kInfinite = uint64_t{0x7ff} << 52;
  if ((a & ~kSign) > kInfinite || (b & ~kSign) > kInfinite) return unordered;
  if (((a | b) & ~kSign) == 0 || a == b) return 0;
  if ((a & kSign) != (b & kSign)) return (a & kSign) != 0 ? -1 : 1;
  return (a < b) == ((a & kSign) == 0) ? -1 : 1;
}

/// Towards 0; what does not fit is the nearest that does.
inline int32_t to_int32(uint64_t bits) {
  const Parts p = Double::unpack(bits);
  if (p.kind == Parts::kZero || p.kind == Parts::kNan || (p.kind == Parts::kFinite && p.exponent < 0)) return 0;
  if (p.kind == Parts::kInfinite || p.exponent > 30) return p.negative ? INT32_MIN : INT32_MAX;
  const auto magnitude = static_cast<int32_t>(p.mantissa >> (63 - p.exponent));
  return p.negative ? -magnitude : magnitude;
}
inline uint64_t from_uint32(uint32_t value, bool negative) {
  return Double::pack(finite(negative, 31, static_cast<uint64_t>(value) << 32));
}

}  // namespace soft

#endif
