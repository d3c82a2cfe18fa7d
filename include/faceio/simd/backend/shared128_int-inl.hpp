// What all integer back ends of 128 bits share. Operations: int-inl.hpp. Such a back end has four more:
//   interleave_u8(p, q, low, high)   p[0] q[0] .. p[3] q[3] and p[4] q[4] .. p[7] q[7] to int16_t
//   store_halves(v, p, q)            what pack_unsigned() put into v: eight bytes to p, eight to q
//   load_unit_i32(p, low, high)      eight int32_t, such that pack(low, high) gives natural order
//   store_padded_u8(v, padding, p)   both clamped to uint8_t, eight and eight bytes to p
FACEIO_BEGIN_NAMESPACE
namespace FACEIO_TARGET_NS {

FACEIO_ALWAYS_INLINE void store_line_wide(const vi16 (&v)[kPairVectors], int16_t* p) noexcept {
  store_pair_wide(v, p, p + 16);
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
  load_unit_i32(p, out[0], out[1]);
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
  store_padded_u8(v, padding, p);
}

}  // namespace FACEIO_TARGET_NS
FACEIO_END_NAMESPACE
