// From accumulators to elements, two groups of 16 output channels at a time. Contract: int8.hpp, docs/int8.md.
FACEIO_BEGIN_NAMESPACE
namespace FACEIO_TARGET_NS {

/// What two groups of 16 output channels need, in the order of pack(). Loaded once for many pixels.
struct PairConstants {
  vi32 shift_a[kGroupVectors], shift_b[kGroupVectors];
  vi16 positive[kPairVectors], negative[kPairVectors], offset[kPairVectors], addend[kPairVectors];
};

/// Channels [a, a + 16) and [b, b + 16).
FACEIO_ALWAYS_INLINE void load_constants(const Requantise& r, ptrdiff_t a, ptrdiff_t b, PairConstants& constants) noexcept {
  FACEIO_UNROLL
  for (int i = 0; i < kGroupVectors; ++i) {
    constants.shift_a[i] = load_i32(r.shift + a + i * vi32::lanes);
    constants.shift_b[i] = load_i32(r.shift + b + i * vi32::lanes);
  }
  load_pair_order(r.positive + a, r.positive + b, constants.positive);
  load_pair_order(r.negative + a, r.negative + b, constants.negative);
  if (r.offset != nullptr) load_pair_order(r.offset + a, r.offset + b, constants.offset);
  if (r.addend != nullptr) load_pair_order(r.addend + a, r.addend + b, constants.addend);
}

/// t of docs/int8.md before the addend, from the accumulators of two groups.
FACEIO_ALWAYS_INLINE void scale_pair(const vi32 (&sum_a)[kGroupVectors], const vi32 (&sum_b)[kGroupVectors],
                                     const PairConstants& constants, vi16 (&t)[kPairVectors]) noexcept {
  vi32 a[kGroupVectors], b[kGroupVectors];
  FACEIO_UNROLL
  for (int i = 0; i < kGroupVectors; ++i) {
    a[i] = shift_right(sum_a[i], constants.shift_a[i]);
    b[i] = shift_right(sum_b[i], constants.shift_b[i]);
  }
  pack_pair(a, b, t);
  FACEIO_UNROLL
  for (int i = 0; i < kPairVectors; ++i) {
    t[i] = multiply_rounded(t[i], select_negative(t[i], constants.negative[i], constants.positive[i]));
  }
}

/// t += 16 elements at a and 16 at b of a map that is added.
FACEIO_ALWAYS_INLINE void add_pair(const uint8_t* a, const uint8_t* b, const PairConstants& constants,
                                   vi16 (&t)[kPairVectors]) noexcept {
  vi16 elements[kPairVectors];
  load_pair_order(a, b, elements);
  FACEIO_UNROLL
  for (int i = 0; i < kPairVectors; ++i) {
    t[i] = add_saturating(t[i], multiply_rounded(shift_left<7>(elements[i]), constants.addend[i]));
  }
}

/// From t to narrow elements, before they are clamped and stored by store_pairs().
FACEIO_ALWAYS_INLINE void narrow_pair(const PairConstants& constants, vi16 (&t)[kPairVectors]) noexcept {
  FACEIO_UNROLL
  for (int i = 0; i < kPairVectors; ++i) t[i] = shift_right<4>(add_saturating(t[i], constants.offset[i]));
}

/// From t to wide elements.
FACEIO_ALWAYS_INLINE void widen_pair(vi16 (&t)[kPairVectors]) noexcept {
  FACEIO_UNROLL
  for (int i = 0; i < kPairVectors; ++i) {
    t[i] = min(max(t[i], splat_i16(-kWideLimit)), splat_i16(kWideLimit));
  }
}

}  // namespace FACEIO_TARGET_NS
FACEIO_END_NAMESPACE
