// AVX2 integer back end: 256 bits, with dot products of AVX-VNNI where the target has them. Operations: int-inl.hpp.
FACEIO_BEGIN_NAMESPACE
namespace FACEIO_TARGET_NS {

/// Register tile of the products of Winograd's algorithm: positions, blocks. A panel is the third side.
inline constexpr int kWinogradTilePositions = 1, kWinogradTileBlocks = 6;
inline constexpr int kWinogradBlocks = 6;  // transformed together

struct vi32 {
  static constexpr int lanes = 8;
  __m256i v;
};
struct vi16 {
  static constexpr int lanes = 16;
  __m256i v;
};
struct vu8 {
  static constexpr int lanes = 32;
  __m256i v;
};
inline constexpr int kTilePanels = 1;
constexpr int tile_pixels(int) noexcept { return 6; }

FACEIO_ALWAYS_INLINE __m256i load_bits(const void* p) noexcept { return _mm256_loadu_si256(static_cast<const __m256i*>(p)); }
FACEIO_ALWAYS_INLINE vi32 load_i32(const int32_t* p) noexcept { return {load_bits(p)}; }
FACEIO_ALWAYS_INLINE vi16 load_i16(const int16_t* p) noexcept { return {load_bits(p)}; }
FACEIO_ALWAYS_INLINE vi16 load_i16_halves(const int16_t* p, const int16_t* q) noexcept {
  return {_mm256_inserti128_si256(
      _mm256_castsi128_si256(_mm_loadu_si128(static_cast<const __m128i*>(static_cast<const void*>(p)))),
      _mm_loadu_si128(static_cast<const __m128i*>(static_cast<const void*>(q))), 1)};
}
FACEIO_ALWAYS_INLINE vu8 load_u8(const void* p) noexcept { return {load_bits(p)}; }
FACEIO_ALWAYS_INLINE void store_bits(void* p, __m256i v) noexcept { _mm256_storeu_si256(static_cast<__m256i*>(p), v); }
FACEIO_ALWAYS_INLINE void store(int32_t* p, vi32 a) noexcept { store_bits(p, a.v); }
FACEIO_ALWAYS_INLINE void store(int16_t* p, vi16 a) noexcept { store_bits(p, a.v); }
FACEIO_ALWAYS_INLINE void store(uint8_t* p, vu8 a) noexcept { store_bits(p, a.v); }
FACEIO_ALWAYS_INLINE vi16 widen_u8(const uint8_t* p) noexcept {
  return {_mm256_cvtepu8_epi16(_mm_loadu_si128(static_cast<const __m128i*>(static_cast<const void*>(p))))};
}
FACEIO_ALWAYS_INLINE vi16 widen_u8_halves(const uint8_t* p, const uint8_t* q) noexcept {
  return {_mm256_cvtepu8_epi16(
      _mm_unpacklo_epi64(_mm_loadl_epi64(static_cast<const __m128i*>(static_cast<const void*>(p))),
                         _mm_loadl_epi64(static_cast<const __m128i*>(static_cast<const void*>(q)))))};
}
FACEIO_ALWAYS_INLINE vi32 splat_i32(int32_t x) noexcept { return {_mm256_set1_epi32(x)}; }
FACEIO_ALWAYS_INLINE vi16 splat_i16(int16_t x) noexcept { return {_mm256_set1_epi16(x)}; }
/// Four bytes in every lane.
FACEIO_ALWAYS_INLINE __m256i splat_bits(const void* p) noexcept {
  int32_t bits;
  __builtin_memcpy(&bits, p, sizeof bits);
  return _mm256_set1_epi32(bits);
}
FACEIO_ALWAYS_INLINE vi16 splat_pair(const int16_t* p) noexcept { return {splat_bits(p)}; }
FACEIO_ALWAYS_INLINE void opaque(vi32& a) noexcept { FACEIO_OPAQUE("x", a.v); }
FACEIO_ALWAYS_INLINE vi32 add(vi32 a, vi32 b) noexcept { return {_mm256_add_epi32(a.v, b.v)}; }
FACEIO_ALWAYS_INLINE vi32 sub(vi32 a, vi32 b) noexcept { return {_mm256_sub_epi32(a.v, b.v)}; }
FACEIO_ALWAYS_INLINE vi16 add(vi16 a, vi16 b) noexcept { return {_mm256_add_epi16(a.v, b.v)}; }
FACEIO_ALWAYS_INLINE vi16 sub(vi16 a, vi16 b) noexcept { return {_mm256_sub_epi16(a.v, b.v)}; }
FACEIO_ALWAYS_INLINE vi16 add_saturating(vi16 a, vi16 b) noexcept { return {_mm256_adds_epi16(a.v, b.v)}; }
FACEIO_ALWAYS_INLINE vi32 multiply_low(vi32 a, vi32 b) noexcept { return {_mm256_mullo_epi32(a.v, b.v)}; }
FACEIO_ALWAYS_INLINE vi16 multiply_rounded(vi16 a, vi16 b) noexcept { return {_mm256_mulhrs_epi16(a.v, b.v)}; }
template <int kCount>
FACEIO_ALWAYS_INLINE vi32 shift_left(vi32 a) noexcept {
  return {_mm256_slli_epi32(a.v, kCount)};
}
template <int kCount>
FACEIO_ALWAYS_INLINE vi16 shift_left(vi16 a) noexcept {
  return {_mm256_slli_epi16(a.v, kCount)};
}
template <int kCount>
FACEIO_ALWAYS_INLINE vi32 shift_right(vi32 a) noexcept {
  return {_mm256_srai_epi32(a.v, kCount)};
}
template <int kCount>
FACEIO_ALWAYS_INLINE vi16 shift_right(vi16 a) noexcept {
  return {_mm256_srai_epi16(a.v, kCount)};
}
FACEIO_ALWAYS_INLINE vi32 shift_right(vi32 a, vi32 n) noexcept { return {_mm256_srav_epi32(a.v, n.v)}; }
FACEIO_ALWAYS_INLINE vi16 min(vi16 a, vi16 b) noexcept { return {_mm256_min_epi16(a.v, b.v)}; }
FACEIO_ALWAYS_INLINE vi16 max(vi16 a, vi16 b) noexcept { return {_mm256_max_epi16(a.v, b.v)}; }
FACEIO_ALWAYS_INLINE vi16 select_negative(vi16 a, vi16 x, vi16 y) noexcept {
  return {_mm256_blendv_epi8(y.v, x.v, _mm256_srai_epi16(a.v, 15))};
}
#if FACEIO_TARGET_ID == 2
FACEIO_ALWAYS_INLINE vi32 dot2(vi32 sum, vi16 a, vi16 b) noexcept {
  return {_mm256_add_epi32(sum.v, _mm256_madd_epi16(a.v, b.v))};
}
FACEIO_ALWAYS_INLINE vi32 dot4(vi32 sum, vu8 a, vu8 w) noexcept {
  return dot2(sum, vi16{_mm256_maddubs_epi16(a.v, w.v)}, splat_i16(1));
}
#else
FACEIO_ALWAYS_INLINE vi32 dot2(vi32 sum, vi16 a, vi16 b) noexcept { return {_mm256_dpwssd_avx_epi32(sum.v, a.v, b.v)}; }
FACEIO_ALWAYS_INLINE vi32 dot4(vi32 sum, vu8 a, vu8 w) noexcept { return {_mm256_dpbusd_avx_epi32(sum.v, a.v, w.v)}; }
#endif
FACEIO_ALWAYS_INLINE vu8 splat_group(const void* p) noexcept { return {splat_bits(p)}; }
template <bool kQuads>
FACEIO_ALWAYS_INLINE vi32 dot_group(vi32 sum, vu8 a, vu8 w) noexcept {
  if constexpr (kQuads) return dot4(sum, a, w);
  return dot2(sum, vi16{a.v}, vi16{w.v});
}
FACEIO_ALWAYS_INLINE void store_scaled(float* p, vi32 a, const float* scale) noexcept {
  _mm256_storeu_ps(p, _mm256_mul_ps(_mm256_cvtepi32_ps(a.v), _mm256_loadu_ps(scale)));
}
FACEIO_ALWAYS_INLINE vi16 interleave_low(vi16 a, vi16 b) noexcept { return {_mm256_unpacklo_epi16(a.v, b.v)}; }
FACEIO_ALWAYS_INLINE vi16 interleave_high(vi16 a, vi16 b) noexcept { return {_mm256_unpackhi_epi16(a.v, b.v)}; }
FACEIO_ALWAYS_INLINE vi16 pack(vi32 low, vi32 high) noexcept { return {_mm256_packs_epi32(low.v, high.v)}; }
FACEIO_ALWAYS_INLINE vu8 pack_unsigned(vi16 low, vi16 high) noexcept { return {_mm256_packus_epi16(low.v, high.v)}; }

inline constexpr int kGroupVectors = 16 / vi32::lanes;
inline constexpr int kPairVectors = 32 / vi16::lanes;

/// Quarters 0, 2, 1, 3: between natural order and that of pack(), both ways.
FACEIO_ALWAYS_INLINE __m256i swap_middle(__m256i v) noexcept { return _mm256_permute4x64_epi64(v, 0xd8); }
FACEIO_ALWAYS_INLINE void load_pair_order(const int16_t* a, const int16_t* b, vi16 (&out)[kPairVectors]) noexcept {
  out[0].v = swap_middle(load_bits(a));
  out[1].v = swap_middle(load_bits(b));
}
FACEIO_ALWAYS_INLINE void load_pair_order(const uint8_t* a, const uint8_t* b, vi16 (&out)[kPairVectors]) noexcept {
  out[0].v = swap_middle(widen_u8(a).v);
  out[1].v = swap_middle(widen_u8(b).v);
}
FACEIO_ALWAYS_INLINE void pack_pair(const vi32 (&a)[kGroupVectors], const vi32 (&b)[kGroupVectors],
                                    vi16 (&out)[kPairVectors]) noexcept {
  out[0] = pack(a[0], a[1]);
  out[1] = pack(b[0], b[1]);
}
FACEIO_ALWAYS_INLINE void store_pair_wide(const vi16 (&v)[kPairVectors], int16_t* a, int16_t* b) noexcept {
  store_bits(a, swap_middle(v[0].v));
  store_bits(b, swap_middle(v[1].v));
}
FACEIO_ALWAYS_INLINE void store_halves_wide(const vi16 (&v)[kPairVectors], const int16_t* padding, int16_t* a,
                                            int16_t* b) noexcept {
  const __m256i eight =
      _mm256_broadcastsi128_si256(_mm_loadu_si128(static_cast<const __m128i*>(static_cast<const void*>(padding))));
  FACEIO_UNROLL
  for (int i = 0; i < kPairVectors; ++i) {
    int16_t* const p = i == 0 ? a : b;
    store_bits(p, _mm256_blend_epi32(_mm256_permute4x64_epi64(v[i].v, 0x08), eight, 0xf0));
    store_bits(p + 16, _mm256_blend_epi32(_mm256_permute4x64_epi64(v[i].v, 0x0d), eight, 0xf0));
  }
}
FACEIO_ALWAYS_INLINE void store_line_wide(const vi16 (&v)[kPairVectors], int16_t* p) noexcept {
  store_pair_wide(v, p, p + 16);
}
/// Groups A and B of a pair, one after the other.
FACEIO_ALWAYS_INLINE __m256i bytes_of(const vi16 (&v)[kPairVectors]) noexcept {
  return _mm256_permutevar8x32_epi32(_mm256_packus_epi16(v[0].v, v[1].v), _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
}
FACEIO_ALWAYS_INLINE void store_pair(const vi16 (&v)[kPairVectors], uint8_t* a, uint8_t* b) noexcept {
  const __m256i bytes = bytes_of(v);
  _mm_storeu_si128(static_cast<__m128i*>(static_cast<void*>(a)), _mm256_castsi256_si128(bytes));
  _mm_storeu_si128(static_cast<__m128i*>(static_cast<void*>(b)), _mm256_extracti128_si256(bytes, 1));
}
FACEIO_ALWAYS_INLINE void store_pairs(const vi16 (&v)[kPairVectors], const vi16 (&w)[kPairVectors],
                                      uint8_t* const (&p)[4]) noexcept {
  store_pair(v, p[0], p[1]);
  store_pair(w, p[2], p[3]);
}
FACEIO_ALWAYS_INLINE void store_line(const vi16 (&v)[kPairVectors], const vi16 (&w)[kPairVectors],
                                     uint8_t* p) noexcept {
  store_bits(p, bytes_of(v));
  store_bits(p + 32, bytes_of(w));
}

// Units: what depthwise kernels compute at once. Operations: int-inl.hpp.
inline constexpr int kUnit = 16;
inline constexpr int kUnitVectors = kUnit / vi32::lanes;
inline constexpr bool kUnitStoresLate = true;

FACEIO_ALWAYS_INLINE __m128i load_16(const void* p) noexcept { return _mm_loadu_si128(static_cast<const __m128i*>(p)); }
FACEIO_ALWAYS_INLINE __m256i load_16_16(const void* p, const void* q) noexcept {
  return _mm256_inserti128_si256(_mm256_castsi128_si256(load_16(p)), load_16(q), 1);
}
FACEIO_ALWAYS_INLINE void store_16(void* p, __m128i v) noexcept { _mm_storeu_si128(static_cast<__m128i*>(p), v); }
// Sums of pairs of bytes are in order; those of int16_t in that of interleaving, which pack() undoes.
template <UnitKind>
FACEIO_ALWAYS_INLINE void load_unit_pairs(const uint8_t* a, const uint8_t* b, UnitStep,
                                          vi16 (&out)[kUnitVectors]) noexcept {
  const __m128i x = load_16(a), y = load_16(b);
  out[0].v = _mm256_cvtepu8_epi16(_mm_unpacklo_epi8(x, y));
  out[1].v = _mm256_cvtepu8_epi16(_mm_unpackhi_epi8(x, y));
}
template <UnitKind kKind>
FACEIO_ALWAYS_INLINE void load_unit_pairs(const int16_t* a, const int16_t* b, UnitStep step,
                                          vi16 (&out)[kUnitVectors]) noexcept {
  const vi16 x = {kKind == UnitKind::padded ? load_16_16(a, a + step.quarter) : load_bits(a)};
  const vi16 y = {kKind == UnitKind::padded ? load_16_16(b, b + step.quarter) : load_bits(b)};
  out[0] = interleave_low(x, y);
  out[1] = interleave_high(x, y);
}
template <class Element>
FACEIO_ALWAYS_INLINE void load_unit(const int32_t* p, UnitStep step, vi32 (&out)[kUnitVectors]) noexcept {
  const __m256i low = load_bits(p), high = load_bits(p + step.quarter);
  out[0].v = sizeof(Element) == 1 ? low : _mm256_permute2x128_si256(low, high, 0x20);
  out[1].v = sizeof(Element) == 1 ? high : _mm256_permute2x128_si256(low, high, 0x31);
}
template <class Element>
FACEIO_ALWAYS_INLINE vi16 load_unit(const int16_t* p, UnitStep step) noexcept {
  const __m256i v = load_16_16(p, p + step.quarter);
  return {sizeof(Element) == 1 ? swap_middle(v) : v};
}
template <class Element, UnitKind>
FACEIO_ALWAYS_INLINE void store_unit(vi16 v, int16_t* p, UnitStep) noexcept {
  store_bits(p, sizeof(Element) == 1 ? swap_middle(v.v) : v.v);
}
template <class Element, UnitKind>
FACEIO_ALWAYS_INLINE void store_unit(vi16 v, vi16 w, uint8_t* p, uint8_t* q, UnitStep) noexcept {
  const __m256i packed = _mm256_packus_epi16(v.v, w.v);
  const __m256i bytes = sizeof(Element) == 1
                            ? _mm256_permutevar8x32_epi32(packed, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7))
                            : swap_middle(packed);
  store_16(p, _mm256_castsi256_si128(bytes));
  store_16(q, _mm256_extracti128_si256(bytes, 1));
}
FACEIO_ALWAYS_INLINE void store_padded(vi16 v, vi16 padding, int16_t* p, UnitStep step) noexcept {
  store_bits(p, _mm256_permute2x128_si256(v.v, padding.v, 0x20));
  store_bits(p + step.quarter, _mm256_permute2x128_si256(v.v, padding.v, 0x31));
}
FACEIO_ALWAYS_INLINE void store_padded(vi16 v, vi16 padding, uint8_t* p, UnitStep step) noexcept {
  const __m256i bytes = _mm256_packus_epi16(v.v, padding.v);
  store_16(p, _mm256_castsi256_si128(bytes));
  store_16(p + step.quarter, _mm256_extracti128_si256(bytes, 1));
}

}  // namespace FACEIO_TARGET_NS
FACEIO_END_NAMESPACE
