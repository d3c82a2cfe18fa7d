// AVX-512 VNNI (with F, BW, DQ, VL) integer back end: 512 bits. Operations: int-inl.hpp.
FACEIO_BEGIN_NAMESPACE
namespace FACEIO_TARGET_NS {

/// Register tile of the products of Winograd's algorithm: positions, blocks. A panel is the third side.
inline constexpr int kWinogradTilePositions = 6, kWinogradTileBlocks = 4;
inline constexpr int kWinogradBlocks = 8;  // transformed together

struct vi32 {
  static constexpr int lanes = 16;
  __m512i v;
};
struct vi16 {
  static constexpr int lanes = 32;
  __m512i v;
};
struct vu8 {
  static constexpr int lanes = 64;
  __m512i v;
};
inline constexpr int kTilePanels = 4;
constexpr int tile_pixels(int panels) noexcept { return 24 / panels; }

FACEIO_ALWAYS_INLINE __m512i load_bits(const void* p) noexcept { return _mm512_loadu_si512(p); }
FACEIO_ALWAYS_INLINE vi32 load_i32(const int32_t* p) noexcept { return {load_bits(p)}; }
FACEIO_ALWAYS_INLINE vi16 load_i16(const int16_t* p) noexcept { return {load_bits(p)}; }
FACEIO_ALWAYS_INLINE vi16 load_i16_halves(const int16_t* p, const int16_t* q) noexcept {
  return {_mm512_inserti64x4(
      _mm512_castsi256_si512(_mm256_loadu_si256(static_cast<const __m256i*>(static_cast<const void*>(p)))),
      _mm256_loadu_si256(static_cast<const __m256i*>(static_cast<const void*>(q))), 1)};
}
FACEIO_ALWAYS_INLINE vu8 load_u8(const void* p) noexcept { return {load_bits(p)}; }
FACEIO_ALWAYS_INLINE void store_bits(void* p, __m512i v) noexcept { _mm512_storeu_si512(p, v); }
FACEIO_ALWAYS_INLINE void store(int32_t* p, vi32 a) noexcept { store_bits(p, a.v); }
FACEIO_ALWAYS_INLINE void store(int16_t* p, vi16 a) noexcept { store_bits(p, a.v); }
FACEIO_ALWAYS_INLINE void store(uint8_t* p, vu8 a) noexcept { store_bits(p, a.v); }
FACEIO_ALWAYS_INLINE vi16 widen_u8(const uint8_t* p) noexcept {
  return {_mm512_cvtepu8_epi16(_mm256_loadu_si256(static_cast<const __m256i*>(static_cast<const void*>(p))))};
}
FACEIO_ALWAYS_INLINE vi16 widen_u8_halves(const uint8_t* p, const uint8_t* q) noexcept {
  return {_mm512_cvtepu8_epi16(_mm256_inserti128_si256(
      _mm256_castsi128_si256(_mm_loadu_si128(static_cast<const __m128i*>(static_cast<const void*>(p)))),
      _mm_loadu_si128(static_cast<const __m128i*>(static_cast<const void*>(q))), 1))};
}
FACEIO_ALWAYS_INLINE vi32 splat_i32(int32_t x) noexcept { return {_mm512_set1_epi32(x)}; }
FACEIO_ALWAYS_INLINE vi16 splat_i16(int16_t x) noexcept { return {_mm512_set1_epi16(x)}; }
/// Four bytes in every lane.
FACEIO_ALWAYS_INLINE __m512i splat_bits(const void* p) noexcept {
  int32_t bits;
  __builtin_memcpy(&bits, p, sizeof bits);
  return _mm512_set1_epi32(bits);
}
FACEIO_ALWAYS_INLINE vi16 splat_pair(const int16_t* p) noexcept { return {splat_bits(p)}; }
FACEIO_ALWAYS_INLINE void opaque(vi32& a) noexcept { FACEIO_OPAQUE("v", a.v); }
FACEIO_ALWAYS_INLINE vi32 add(vi32 a, vi32 b) noexcept { return {_mm512_add_epi32(a.v, b.v)}; }
FACEIO_ALWAYS_INLINE vi32 sub(vi32 a, vi32 b) noexcept { return {_mm512_sub_epi32(a.v, b.v)}; }
FACEIO_ALWAYS_INLINE vi16 add(vi16 a, vi16 b) noexcept { return {_mm512_add_epi16(a.v, b.v)}; }
FACEIO_ALWAYS_INLINE vi16 sub(vi16 a, vi16 b) noexcept { return {_mm512_sub_epi16(a.v, b.v)}; }
FACEIO_ALWAYS_INLINE vi16 add_saturating(vi16 a, vi16 b) noexcept { return {_mm512_adds_epi16(a.v, b.v)}; }
FACEIO_ALWAYS_INLINE vi32 multiply_low(vi32 a, vi32 b) noexcept { return {_mm512_mullo_epi32(a.v, b.v)}; }
FACEIO_ALWAYS_INLINE vi16 multiply_rounded(vi16 a, vi16 b) noexcept { return {_mm512_mulhrs_epi16(a.v, b.v)}; }
template <int kCount>
FACEIO_ALWAYS_INLINE vi32 shift_left(vi32 a) noexcept {
  return {_mm512_slli_epi32(a.v, kCount)};
}
template <int kCount>
FACEIO_ALWAYS_INLINE vi16 shift_left(vi16 a) noexcept {
  return {_mm512_slli_epi16(a.v, kCount)};
}
template <int kCount>
FACEIO_ALWAYS_INLINE vi32 shift_right(vi32 a) noexcept {
  return {_mm512_srai_epi32(a.v, kCount)};
}
template <int kCount>
FACEIO_ALWAYS_INLINE vi16 shift_right(vi16 a) noexcept {
  return {_mm512_srai_epi16(a.v, kCount)};
}
FACEIO_ALWAYS_INLINE vi32 shift_right(vi32 a, vi32 n) noexcept { return {_mm512_srav_epi32(a.v, n.v)}; }
FACEIO_ALWAYS_INLINE vi16 min(vi16 a, vi16 b) noexcept { return {_mm512_min_epi16(a.v, b.v)}; }
FACEIO_ALWAYS_INLINE vi16 max(vi16 a, vi16 b) noexcept { return {_mm512_max_epi16(a.v, b.v)}; }
FACEIO_ALWAYS_INLINE vi16 select_negative(vi16 a, vi16 x, vi16 y) noexcept {
  return {_mm512_ternarylogic_epi32(_mm512_srai_epi16(a.v, 15), x.v, y.v, 0xca)};  // a ? x : y, bit by bit
}
FACEIO_ALWAYS_INLINE vi32 dot2(vi32 sum, vi16 a, vi16 b) noexcept { return {_mm512_dpwssd_epi32(sum.v, a.v, b.v)}; }
FACEIO_ALWAYS_INLINE vi32 dot4(vi32 sum, vu8 a, vu8 w) noexcept { return {_mm512_dpbusd_epi32(sum.v, a.v, w.v)}; }
FACEIO_ALWAYS_INLINE vu8 splat_group(const void* p) noexcept { return {splat_bits(p)}; }
template <bool kQuads>
FACEIO_ALWAYS_INLINE vi32 dot_group(vi32 sum, vu8 a, vu8 w) noexcept {
  if constexpr (kQuads) return dot4(sum, a, w);
  return dot2(sum, vi16{a.v}, vi16{w.v});
}
FACEIO_ALWAYS_INLINE void store_scaled(float* p, vi32 a, const float* scale) noexcept {
  _mm512_storeu_ps(p, _mm512_mul_ps(_mm512_cvtepi32_ps(a.v), _mm512_loadu_ps(scale)));
}
FACEIO_ALWAYS_INLINE vi16 interleave_low(vi16 a, vi16 b) noexcept { return {_mm512_unpacklo_epi16(a.v, b.v)}; }
FACEIO_ALWAYS_INLINE vi16 interleave_high(vi16 a, vi16 b) noexcept { return {_mm512_unpackhi_epi16(a.v, b.v)}; }
FACEIO_ALWAYS_INLINE vi16 pack(vi32 low, vi32 high) noexcept { return {_mm512_packs_epi32(low.v, high.v)}; }
FACEIO_ALWAYS_INLINE vu8 pack_unsigned(vi16 low, vi16 high) noexcept { return {_mm512_packus_epi16(low.v, high.v)}; }

inline constexpr int kGroupVectors = 16 / vi32::lanes;
inline constexpr int kPairVectors = 32 / vi16::lanes;

FACEIO_ALWAYS_INLINE void load_pair_order(const int16_t* a, const int16_t* b, vi16 (&out)[kPairVectors]) noexcept {
  const __m512i both = _mm512_inserti64x4(
      _mm512_castsi256_si512(_mm256_loadu_si256(static_cast<const __m256i*>(static_cast<const void*>(a)))),
      _mm256_loadu_si256(static_cast<const __m256i*>(static_cast<const void*>(b))), 1);
  out[0].v = _mm512_permutexvar_epi64(_mm512_setr_epi64(0, 4, 1, 5, 2, 6, 3, 7), both);
}
FACEIO_ALWAYS_INLINE void load_pair_order(const uint8_t* a, const uint8_t* b, vi16 (&out)[kPairVectors]) noexcept {
  const __m256i both =
      _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_loadu_si128(static_cast<const __m128i*>(static_cast<const void*>(a)))),
                              _mm_loadu_si128(static_cast<const __m128i*>(static_cast<const void*>(b))), 1);
  out[0].v = _mm512_cvtepu8_epi16(_mm256_permutevar8x32_epi32(both, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7)));
}
FACEIO_ALWAYS_INLINE void pack_pair(const vi32 (&a)[kGroupVectors], const vi32 (&b)[kGroupVectors],
                                    vi16 (&out)[kPairVectors]) noexcept {
  out[0] = pack(a[0], b[0]);
}
/// Groups A and B, one after the other.
FACEIO_ALWAYS_INLINE __m512i both_of(const vi16 (&v)[kPairVectors]) noexcept {
  return _mm512_permutexvar_epi64(_mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7), v[0].v);
}
FACEIO_ALWAYS_INLINE void store_line_wide(const vi16 (&v)[kPairVectors], int16_t* p) noexcept {
  store_bits(p, both_of(v));
}
FACEIO_ALWAYS_INLINE void store_halves_wide(const vi16 (&v)[kPairVectors], const int16_t* padding, int16_t* a,
                                            int16_t* b) noexcept {
  const __m512i eight =
      _mm512_broadcast_i32x4(_mm_loadu_si128(static_cast<const __m128i*>(static_cast<const void*>(padding))));
  store_bits(a, _mm512_permutex2var_epi64(v[0].v, _mm512_setr_epi64(0, 2, 8, 9, 4, 6, 8, 9), eight));
  store_bits(b, _mm512_permutex2var_epi64(v[0].v, _mm512_setr_epi64(1, 3, 8, 9, 5, 7, 8, 9), eight));
}
FACEIO_ALWAYS_INLINE void store_pair_wide(const vi16 (&v)[kPairVectors], int16_t* a, int16_t* b) noexcept {
  const __m512i both = both_of(v);
  _mm256_storeu_si256(static_cast<__m256i*>(static_cast<void*>(a)), _mm512_castsi512_si256(both));
  _mm256_storeu_si256(static_cast<__m256i*>(static_cast<void*>(b)), _mm512_extracti64x4_epi64(both, 1));
}
/// Groups A and B of a pair to 16 bytes each.
FACEIO_ALWAYS_INLINE void store_pair(const vi16 (&v)[kPairVectors], uint8_t* a, uint8_t* b) noexcept {
  // Quarters of 128 bits: four bytes of A and four of B, twice.
  const __m512i bytes = _mm512_permutexvar_epi32(_mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 0, 0, 0, 0, 0, 0, 0, 0),
                                                 _mm512_packus_epi16(v[0].v, v[0].v));
  _mm_storeu_si128(static_cast<__m128i*>(static_cast<void*>(a)), _mm512_castsi512_si128(bytes));
  _mm_storeu_si128(static_cast<__m128i*>(static_cast<void*>(b)), _mm512_extracti32x4_epi32(bytes, 1));
}
/// Four groups, one after the other.
FACEIO_ALWAYS_INLINE __m512i line_of(const vi16 (&v)[kPairVectors], const vi16 (&w)[kPairVectors]) noexcept {
  return _mm512_permutexvar_epi32(_mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15),
                                  _mm512_packus_epi16(v[0].v, w[0].v));
}
FACEIO_ALWAYS_INLINE void store_line(const vi16 (&v)[kPairVectors], const vi16 (&w)[kPairVectors],
                                     uint8_t* p) noexcept {
  store_bits(p, line_of(v, w));
}
FACEIO_ALWAYS_INLINE void store_pairs(const vi16 (&v)[kPairVectors], const vi16 (&w)[kPairVectors],
                                      uint8_t* const (&p)[4]) noexcept {
  const __m512i bytes = line_of(v, w);
  _mm_storeu_si128(static_cast<__m128i*>(static_cast<void*>(p[0])), _mm512_castsi512_si128(bytes));
  _mm_storeu_si128(static_cast<__m128i*>(static_cast<void*>(p[1])), _mm512_extracti32x4_epi32(bytes, 1));
  _mm_storeu_si128(static_cast<__m128i*>(static_cast<void*>(p[2])), _mm512_extracti32x4_epi32(bytes, 2));
  _mm_storeu_si128(static_cast<__m128i*>(static_cast<void*>(p[3])), _mm512_extracti32x4_epi32(bytes, 3));
}

// Units: what depthwise kernels compute at once. Operations: int-inl.hpp.
inline constexpr int kUnit = 32;
inline constexpr int kUnitVectors = kUnit / vi32::lanes;
inline constexpr bool kUnitStoresLate = true;

FACEIO_ALWAYS_INLINE __m128i load_16(const void* p) noexcept { return _mm_loadu_si128(static_cast<const __m128i*>(p)); }
FACEIO_ALWAYS_INLINE __m256i load_32(const void* p) noexcept {
  return _mm256_loadu_si256(static_cast<const __m256i*>(p));
}
FACEIO_ALWAYS_INLINE __m256i load_16_16(const void* p, const void* q) noexcept {
  return _mm256_inserti128_si256(_mm256_castsi128_si256(load_16(p)), load_16(q), 1);
}
FACEIO_ALWAYS_INLINE __m512i join(__m256i low, __m256i high) noexcept {
  return _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1);
}
FACEIO_ALWAYS_INLINE void store_16(void* p, __m128i v) noexcept { _mm_storeu_si128(static_cast<__m128i*>(p), v); }
FACEIO_ALWAYS_INLINE void store_32(void* p, __m256i v) noexcept { _mm256_storeu_si256(static_cast<__m256i*>(p), v); }
/// Four times eight int16_t.
FACEIO_ALWAYS_INLINE __m512i load_quarters(const int16_t* p, UnitStep step) noexcept {
  return join(load_16_16(p, p + step.quarter), load_16_16(p + step.half, p + step.half + step.quarter));
}
// Sums of pairs of bytes: channels 0 .. 7 and 16 .. 23, then the others. Those of int16_t are in the order of
// interleaving, which pack() undoes.
template <UnitKind kKind>
FACEIO_ALWAYS_INLINE void load_unit_pairs(const uint8_t* a, const uint8_t* b, UnitStep step,
                                          vi16 (&out)[kUnitVectors]) noexcept {
  const __m256i x = kKind == UnitKind::halves ? load_16_16(a, a + step.half) : load_32(a);
  const __m256i y = kKind == UnitKind::halves ? load_16_16(b, b + step.half) : load_32(b);
  out[0].v = _mm512_cvtepu8_epi16(_mm256_unpacklo_epi8(x, y));
  out[1].v = _mm512_cvtepu8_epi16(_mm256_unpackhi_epi8(x, y));
}
template <UnitKind kKind>
FACEIO_ALWAYS_INLINE void load_unit_pairs(const int16_t* a, const int16_t* b, UnitStep step,
                                          vi16 (&out)[kUnitVectors]) noexcept {
  const vi16 x = {kKind == UnitKind::line ? load_bits(a) : load_quarters(a, step)};
  const vi16 y = {kKind == UnitKind::line ? load_bits(b) : load_quarters(b, step)};
  out[0] = interleave_low(x, y);
  out[1] = interleave_high(x, y);
}
template <class Element>
FACEIO_ALWAYS_INLINE void load_unit(const int32_t* p, UnitStep step, vi32 (&out)[kUnitVectors]) noexcept {
  const __m512i low = join(load_32(p), load_32(p + step.half));
  const __m512i high = join(load_32(p + step.quarter), load_32(p + step.half + step.quarter));
  out[0].v = sizeof(Element) == 1
                 ? low
                 : _mm512_permutex2var_epi64(low, _mm512_setr_epi64(0, 1, 8, 9, 4, 5, 12, 13), high);
  out[1].v = sizeof(Element) == 1
                 ? high
                 : _mm512_permutex2var_epi64(low, _mm512_setr_epi64(2, 3, 10, 11, 6, 7, 14, 15), high);
}
/// Quarters 0, 2, 1, 3 of each half: between natural order and that of pack() of sums of pairs of bytes, both ways.
FACEIO_ALWAYS_INLINE __m512i swap_middles(__m512i v) noexcept { return _mm512_permutex_epi64(v, 0xd8); }
template <class Element>
FACEIO_ALWAYS_INLINE vi16 load_unit(const int16_t* p, UnitStep step) noexcept {
  const __m512i v = load_quarters(p, step);
  return {sizeof(Element) == 1 ? swap_middles(v) : v};
}
template <class Element, UnitKind kKind>
FACEIO_ALWAYS_INLINE void store_unit(vi16 v, int16_t* p, UnitStep step) noexcept {
  const __m512i row = sizeof(Element) == 1 ? swap_middles(v.v) : v.v;
  if (kKind == UnitKind::line) return store_bits(p, row);
  store_32(p, _mm512_castsi512_si256(row));
  store_32(p + step.half, _mm512_extracti64x4_epi64(row, 1));
}
template <class Element, UnitKind kKind>
FACEIO_ALWAYS_INLINE void store_unit(vi16 v, vi16 w, uint8_t* p, uint8_t* q, UnitStep step) noexcept {
  const __m512i packed = _mm512_packus_epi16(v.v, w.v);
  const __m512i bytes =
      sizeof(Element) == 1
          ? _mm512_permutexvar_epi32(_mm512_setr_epi32(0, 4, 1, 5, 8, 12, 9, 13, 2, 6, 3, 7, 10, 14, 11, 15), packed)
          : _mm512_permutexvar_epi64(_mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7), packed);
  if (kKind == UnitKind::line) {
    store_32(p, _mm512_castsi512_si256(bytes));
    store_32(q, _mm512_extracti64x4_epi64(bytes, 1));
    return;
  }
  store_16(p, _mm512_castsi512_si128(bytes));
  store_16(p + step.half, _mm512_extracti32x4_epi32(bytes, 1));
  store_16(q, _mm512_extracti32x4_epi32(bytes, 2));
  store_16(q + step.half, _mm512_extracti32x4_epi32(bytes, 3));
}
FACEIO_ALWAYS_INLINE void store_padded(vi16 v, vi16 padding, int16_t* p, UnitStep step) noexcept {
  const __m512i first = _mm512_permutex2var_epi64(v.v, _mm512_setr_epi64(0, 1, 8, 9, 2, 3, 8, 9), padding.v);
  const __m512i second = _mm512_permutex2var_epi64(v.v, _mm512_setr_epi64(4, 5, 8, 9, 6, 7, 8, 9), padding.v);
  store_32(p, _mm512_castsi512_si256(first));
  store_32(p + step.quarter, _mm512_extracti64x4_epi64(first, 1));
  store_32(p + step.half, _mm512_castsi512_si256(second));
  store_32(p + step.half + step.quarter, _mm512_extracti64x4_epi64(second, 1));
}
FACEIO_ALWAYS_INLINE void store_padded(vi16 v, vi16 padding, uint8_t* p, UnitStep step) noexcept {
  const __m512i bytes = _mm512_packus_epi16(v.v, padding.v);
  store_16(p, _mm512_castsi512_si128(bytes));
  store_16(p + step.quarter, _mm512_extracti32x4_epi32(bytes, 1));
  store_16(p + step.half, _mm512_extracti32x4_epi32(bytes, 2));
  store_16(p + step.half + step.quarter, _mm512_extracti32x4_epi32(bytes, 3));
}

}  // namespace FACEIO_TARGET_NS
FACEIO_END_NAMESPACE
