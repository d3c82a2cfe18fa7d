// SSE4.1 integer back end: 128 bits. Operations: int-inl.hpp.
FACEIO_BEGIN_NAMESPACE
namespace FACEIO_TARGET_NS {

/// Register tile of the products of Winograd's algorithm: positions, blocks. A panel is the third side.
inline constexpr int kWinogradTilePositions = 1, kWinogradTileBlocks = 3;
inline constexpr int kWinogradBlocks = 6;  // transformed together

struct vi32 {
  static constexpr int lanes = 4;
  __m128i v;
};
struct vi16 {
  static constexpr int lanes = 8;
  __m128i v;
};
struct vu8 {
  static constexpr int lanes = 16;
  __m128i v;
};
inline constexpr int kTilePanels = 1;
constexpr int tile_pixels(int) noexcept { return 2; }

FACEIO_ALWAYS_INLINE __m128i load_bits(const void* p) noexcept { return _mm_loadu_si128(static_cast<const __m128i*>(p)); }
FACEIO_ALWAYS_INLINE vi32 load_i32(const int32_t* p) noexcept { return {load_bits(p)}; }
FACEIO_ALWAYS_INLINE vi16 load_i16(const int16_t* p) noexcept { return {load_bits(p)}; }
FACEIO_ALWAYS_INLINE vi16 load_i16_halves(const int16_t* p, const int16_t* q) noexcept {
  return {_mm_unpacklo_epi64(_mm_loadl_epi64(static_cast<const __m128i*>(static_cast<const void*>(p))),
                             _mm_loadl_epi64(static_cast<const __m128i*>(static_cast<const void*>(q))))};
}
FACEIO_ALWAYS_INLINE vu8 load_u8(const void* p) noexcept { return {load_bits(p)}; }
FACEIO_ALWAYS_INLINE void store_bits(void* p, __m128i v) noexcept { _mm_storeu_si128(static_cast<__m128i*>(p), v); }
FACEIO_ALWAYS_INLINE void store(int32_t* p, vi32 a) noexcept { store_bits(p, a.v); }
FACEIO_ALWAYS_INLINE void store(int16_t* p, vi16 a) noexcept { store_bits(p, a.v); }
FACEIO_ALWAYS_INLINE void store(uint8_t* p, vu8 a) noexcept { store_bits(p, a.v); }
FACEIO_ALWAYS_INLINE vi16 widen_u8(const uint8_t* p) noexcept {
  return {_mm_cvtepu8_epi16(_mm_loadl_epi64(static_cast<const __m128i*>(static_cast<const void*>(p))))};
}
FACEIO_ALWAYS_INLINE vi16 widen_u8_halves(const uint8_t* p, const uint8_t* q) noexcept {
  int32_t low, high;
  __builtin_memcpy(&low, p, sizeof low);
  __builtin_memcpy(&high, q, sizeof high);
  return {_mm_cvtepu8_epi16(_mm_insert_epi32(_mm_cvtsi32_si128(low), high, 1))};
}
FACEIO_ALWAYS_INLINE vi32 splat_i32(int32_t x) noexcept { return {_mm_set1_epi32(x)}; }
FACEIO_ALWAYS_INLINE vi16 splat_i16(int16_t x) noexcept { return {_mm_set1_epi16(x)}; }
/// Four bytes in every lane.
FACEIO_ALWAYS_INLINE __m128i splat_bits(const void* p) noexcept {
  int32_t bits;
  __builtin_memcpy(&bits, p, sizeof bits);
  return _mm_set1_epi32(bits);
}
FACEIO_ALWAYS_INLINE vi16 splat_pair(const int16_t* p) noexcept { return {splat_bits(p)}; }
FACEIO_ALWAYS_INLINE void opaque(vi32& a) noexcept { FACEIO_OPAQUE("x", a.v); }
FACEIO_ALWAYS_INLINE vi32 add(vi32 a, vi32 b) noexcept { return {_mm_add_epi32(a.v, b.v)}; }
FACEIO_ALWAYS_INLINE vi32 sub(vi32 a, vi32 b) noexcept { return {_mm_sub_epi32(a.v, b.v)}; }
FACEIO_ALWAYS_INLINE vi16 add(vi16 a, vi16 b) noexcept { return {_mm_add_epi16(a.v, b.v)}; }
FACEIO_ALWAYS_INLINE vi16 sub(vi16 a, vi16 b) noexcept { return {_mm_sub_epi16(a.v, b.v)}; }
FACEIO_ALWAYS_INLINE vi16 add_saturating(vi16 a, vi16 b) noexcept { return {_mm_adds_epi16(a.v, b.v)}; }
FACEIO_ALWAYS_INLINE vi32 multiply_low(vi32 a, vi32 b) noexcept { return {_mm_mullo_epi32(a.v, b.v)}; }
FACEIO_ALWAYS_INLINE vi16 multiply_rounded(vi16 a, vi16 b) noexcept { return {_mm_mulhrs_epi16(a.v, b.v)}; }
template <int kCount>
FACEIO_ALWAYS_INLINE vi32 shift_left(vi32 a) noexcept {
  return {_mm_slli_epi32(a.v, kCount)};
}
template <int kCount>
FACEIO_ALWAYS_INLINE vi16 shift_left(vi16 a) noexcept {
  return {_mm_slli_epi16(a.v, kCount)};
}
template <int kCount>
FACEIO_ALWAYS_INLINE vi32 shift_right(vi32 a) noexcept {
  return {_mm_srai_epi32(a.v, kCount)};
}
template <int kCount>
FACEIO_ALWAYS_INLINE vi16 shift_right(vi16 a) noexcept {
  return {_mm_srai_epi16(a.v, kCount)};
}
FACEIO_ALWAYS_INLINE vi32 shift_right(vi32 a, vi32 n) noexcept {
  // A shift has one count for all lanes; four of them, and lane i of the i-th.
  const __m128i n0 = _mm_and_si128(n.v, _mm_setr_epi32(-1, 0, 0, 0));
  const __m128i n1 = _mm_srli_si128(_mm_and_si128(n.v, _mm_setr_epi32(0, -1, 0, 0)), 4);
  const __m128i n2 = _mm_srli_si128(_mm_and_si128(n.v, _mm_setr_epi32(0, 0, -1, 0)), 8);
  const __m128i n3 = _mm_srli_si128(n.v, 12);
  const __m128i even = _mm_blend_epi16(_mm_sra_epi32(a.v, n0), _mm_sra_epi32(a.v, n2), 0x30);
  const __m128i odd = _mm_blend_epi16(_mm_sra_epi32(a.v, n1), _mm_sra_epi32(a.v, n3), 0xc0);
  return {_mm_blend_epi16(even, odd, 0xcc)};
}
FACEIO_ALWAYS_INLINE vi16 min(vi16 a, vi16 b) noexcept { return {_mm_min_epi16(a.v, b.v)}; }
FACEIO_ALWAYS_INLINE vi16 max(vi16 a, vi16 b) noexcept { return {_mm_max_epi16(a.v, b.v)}; }
FACEIO_ALWAYS_INLINE vi16 select_negative(vi16 a, vi16 x, vi16 y) noexcept {
  return {_mm_blendv_epi8(y.v, x.v, _mm_srai_epi16(a.v, 15))};
}
FACEIO_ALWAYS_INLINE vi32 dot2(vi32 sum, vi16 a, vi16 b) noexcept {
  return {_mm_add_epi32(sum.v, _mm_madd_epi16(a.v, b.v))};
}
FACEIO_ALWAYS_INLINE vi32 dot4(vi32 sum, vu8 a, vu8 w) noexcept {
  return dot2(sum, vi16{_mm_maddubs_epi16(a.v, w.v)}, splat_i16(1));
}
FACEIO_ALWAYS_INLINE vu8 splat_group(const void* p) noexcept { return {splat_bits(p)}; }
template <bool kQuads>
FACEIO_ALWAYS_INLINE vi32 dot_group(vi32 sum, vu8 a, vu8 w) noexcept {
  if constexpr (kQuads) return dot4(sum, a, w);
  return dot2(sum, vi16{a.v}, vi16{w.v});
}
FACEIO_ALWAYS_INLINE void store_scaled(float* p, vi32 a, const float* scale) noexcept {
  _mm_storeu_ps(p, _mm_mul_ps(_mm_cvtepi32_ps(a.v), _mm_loadu_ps(scale)));
}
FACEIO_ALWAYS_INLINE vi16 interleave_low(vi16 a, vi16 b) noexcept { return {_mm_unpacklo_epi16(a.v, b.v)}; }
FACEIO_ALWAYS_INLINE vi16 interleave_high(vi16 a, vi16 b) noexcept { return {_mm_unpackhi_epi16(a.v, b.v)}; }
FACEIO_ALWAYS_INLINE vi16 pack(vi32 low, vi32 high) noexcept { return {_mm_packs_epi32(low.v, high.v)}; }
FACEIO_ALWAYS_INLINE vu8 pack_unsigned(vi16 low, vi16 high) noexcept { return {_mm_packus_epi16(low.v, high.v)}; }

inline constexpr int kGroupVectors = 16 / vi32::lanes;
inline constexpr int kPairVectors = 32 / vi16::lanes;

FACEIO_ALWAYS_INLINE __m128i load_8(const void* p) noexcept { return _mm_loadl_epi64(static_cast<const __m128i*>(p)); }
FACEIO_ALWAYS_INLINE void interleave_u8(const uint8_t* a, const uint8_t* b, vi16& low, vi16& high) noexcept {
  const __m128i bytes = _mm_unpacklo_epi8(load_8(a), load_8(b));
  low.v = _mm_cvtepu8_epi16(bytes);
  high.v = _mm_unpackhi_epi8(bytes, _mm_setzero_si128());
}
FACEIO_ALWAYS_INLINE void store_halves(vu8 a, uint8_t* p, uint8_t* q) noexcept {
  _mm_storel_epi64(static_cast<__m128i*>(static_cast<void*>(p)), a.v);
  _mm_storel_epi64(static_cast<__m128i*>(static_cast<void*>(q)), _mm_unpackhi_epi64(a.v, a.v));
}

}  // namespace FACEIO_TARGET_NS
FACEIO_END_NAMESPACE
