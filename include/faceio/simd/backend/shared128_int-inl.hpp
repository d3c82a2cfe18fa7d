// Groups and units of the integer back ends of 128 bits, whose pack() and interleave keep natural order. Operations:
// int-inl.hpp. Such a back end has two more:
//   interleave_u8(p, q, low, high)   p[0] q[0] .. p[3] q[3] and p[4] q[4] .. p[7] q[7] to int16_t
//   store_halves(v, p, q)            eight bytes of a vu8 to p, eight to q
FACEIO_BEGIN_NAMESPACE
namespace FACEIO_TARGET_NS {

FACEIO_ALWAYS_INLINE void load_pair_order(const int16_t* a, const int16_t* b, vi16 (&out)[kPairVectors]) noexcept {
  out[0] = load_i16(a);
  out[1] = load_i16(a + 8);
  out[2] = load_i16(b);
  out[3] = load_i16(b + 8);
}
FACEIO_ALWAYS_INLINE void load_pair_order(const uint8_t* a, const uint8_t* b, vi16 (&out)[kPairVectors]) noexcept {
  out[0] = widen_u8(a);
  out[1] = widen_u8(a + 8);
  out[2] = widen_u8(b);
  out[3] = widen_u8(b + 8);
}
FACEIO_ALWAYS_INLINE void pack_pair(const vi32 (&a)[kGroupVectors], const vi32 (&b)[kGroupVectors],
                                    vi16 (&out)[kPairVectors]) noexcept {
  out[0] = pack(a[0], a[1]);
  out[1] = pack(a[2], a[3]);
  out[2] = pack(b[0], b[1]);
  out[3] = pack(b[2], b[3]);
}
FACEIO_ALWAYS_INLINE void store_pair_wide(const vi16 (&v)[kPairVectors], int16_t* a, int16_t* b) noexcept {
  store(a, v[0]);
  store(a + 8, v[1]);
  store(b, v[2]);
  store(b + 8, v[3]);
}
FACEIO_ALWAYS_INLINE void store_halves_wide(const vi16 (&v)[kPairVectors], const int16_t* padding, int16_t* a,
                                            int16_t* b) noexcept {
  const vi16 eight = load_i16(padding);
  FACEIO_UNROLL
  for (int i = 0; i < kPairVectors; ++i) {
    int16_t* const p = (i < 2 ? a : b) + i % 2 * 16;
    store(p, v[i]);
    store(p + 8, eight);
  }
}
FACEIO_ALWAYS_INLINE void store_line_wide(const vi16 (&v)[kPairVectors], int16_t* p) noexcept {
  store_pair_wide(v, p, p + 16);
}
FACEIO_ALWAYS_INLINE void store_pair(const vi16 (&v)[kPairVectors], uint8_t* a, uint8_t* b) noexcept {
  store(a, pack_unsigned(v[0], v[1]));
  store(b, pack_unsigned(v[2], v[3]));
}
FACEIO_ALWAYS_INLINE void store_pairs(const vi16 (&v)[kPairVectors], const vi16 (&w)[kPairVectors],
                                      uint8_t* const (&p)[4]) noexcept {
  store_pair(v, p[0], p[1]);
  store_pair(w, p[2], p[3]);
}
FACEIO_ALWAYS_INLINE void store_line(const vi16 (&v)[kPairVectors], const vi16 (&w)[kPairVectors],
                                     uint8_t* p) noexcept {
  store_pair(v, p, p + 16);
  store_pair(w, p + 32, p + 48);
}

// Units: what depthwise kernels compute at once. Operations: int-inl.hpp.
inline constexpr int kUnit = 8;
inline constexpr int kUnitVectors = kUnit / vi32::lanes;
inline constexpr bool kUnitStoresLate = false;

template <UnitKind>
FACEIO_ALWAYS_INLINE void load_unit_pairs(const uint8_t* a, const uint8_t* b, UnitStep,
                                          vi16 (&out)[kUnitVectors]) noexcept {
  interleave_u8(a, b, out[0], out[1]);
}
template <UnitKind>
FACEIO_ALWAYS_INLINE void load_unit_pairs(const int16_t* a, const int16_t* b, UnitStep,
                                          vi16 (&out)[kUnitVectors]) noexcept {
  out[0] = interleave_low(load_i16(a), load_i16(b));
  out[1] = interleave_high(load_i16(a), load_i16(b));
}
template <class>
FACEIO_ALWAYS_INLINE void load_unit(const int32_t* p, UnitStep, vi32 (&out)[kUnitVectors]) noexcept {
  out[0] = load_i32(p);
  out[1] = load_i32(p + 4);
}
template <class>
FACEIO_ALWAYS_INLINE vi16 load_unit(const int16_t* p, UnitStep) noexcept { return load_i16(p); }
template <class, UnitKind>
FACEIO_ALWAYS_INLINE void store_unit(vi16 v, int16_t* p, UnitStep) noexcept { store(p, v); }
template <class, UnitKind>
FACEIO_ALWAYS_INLINE void store_unit(vi16 v, vi16 w, uint8_t* p, uint8_t* q, UnitStep) noexcept {
  store_halves(pack_unsigned(v, w), p, q);
}
FACEIO_ALWAYS_INLINE void store_padded(vi16 v, vi16 padding, int16_t* p, UnitStep) noexcept {
  store(p, v);
  store(p + 8, padding);
}
FACEIO_ALWAYS_INLINE void store_padded(vi16 v, vi16 padding, uint8_t* p, UnitStep) noexcept {
  store(p, pack_unsigned(v, padding));
}

}  // namespace FACEIO_TARGET_NS
FACEIO_END_NAMESPACE
