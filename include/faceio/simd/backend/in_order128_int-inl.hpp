// Groups of the integer back ends of 128 bits whose pack() and interleave keep natural order. Operations: int-inl.hpp.
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
FACEIO_ALWAYS_INLINE void store_pair(const vi16 (&v)[kPairVectors], uint8_t* a, uint8_t* b) noexcept {
  store(a, pack_unsigned(v[0], v[1]));
  store(b, pack_unsigned(v[2], v[3]));
}

FACEIO_ALWAYS_INLINE void load_unit_i32(const int32_t* p, vi32& low, vi32& high) noexcept {
  low = load_i32(p);
  high = load_i32(p + 4);
}
FACEIO_ALWAYS_INLINE void store_padded_u8(vi16 v, vi16 padding, uint8_t* p) noexcept {
  store(p, pack_unsigned(v, padding));
}

}  // namespace FACEIO_TARGET_NS
FACEIO_END_NAMESPACE
