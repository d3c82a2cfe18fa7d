// AVX-512 (F, BW, DQ, VL) back end: sixteen lanes. The operations are listed in vec-inl.hpp.
FACEIO_BEGIN_NAMESPACE
namespace FACEIO_TARGET_NS {

struct vf32 {
  static constexpr int lanes = 16;
  __m512 v;
};

// 12 x 2 accumulators, two weight vectors and broadcasts fit the thirty-two registers, or as many in
// another shape; vectors are neighbouring weight panels.
inline constexpr int kTileVectors = 4;
constexpr int tile_pixels(int vectors) noexcept { return vectors == 1 ? 20 : vectors == 2 ? 12 : vectors == 3 ? 8 : 6; }
inline constexpr bool kAsksAhead = true;
// 8 x 2 accumulators, three columns of two vectors and weights.
inline constexpr int kPlaneChannels = 8;
inline constexpr int kPlaneVectors = 2;
inline constexpr bool kShiftsLanes = true;
// 2 x 4 accumulators, nine weights and pixels.
inline constexpr int kDepthwiseRows = 2;
inline constexpr int kDepthwisePixels = 4;

FACEIO_ALWAYS_INLINE __mmask16 first_lanes(int n) noexcept {
  return static_cast<__mmask16>((1u << n) - 1u);
}

FACEIO_ALWAYS_INLINE vf32 load(const float* p) noexcept { return {_mm512_loadu_ps(p)}; }
FACEIO_ALWAYS_INLINE void store(float* p, vf32 a) noexcept { _mm512_storeu_ps(p, a.v); }
FACEIO_ALWAYS_INLINE vf32 load_n(const float* p, int n) noexcept {
  return {_mm512_maskz_loadu_ps(first_lanes(n), p)};
}
FACEIO_ALWAYS_INLINE void store_n(float* p, vf32 a, int n) noexcept {
  _mm512_mask_storeu_ps(p, first_lanes(n), a.v);
}
FACEIO_ALWAYS_INLINE void load_even_odd(const float* p, vf32& even, vf32& odd) noexcept {
  const __m512 low = _mm512_loadu_ps(p), high = _mm512_loadu_ps(p + 16);
  even.v = _mm512_shuffle_ps(low, high, _MM_SHUFFLE(2, 0, 2, 0));
  odd.v = _mm512_shuffle_ps(low, high, _MM_SHUFFLE(3, 1, 3, 1));
}
FACEIO_ALWAYS_INLINE vf32 even_odd_in_order(vf32 a) noexcept {
  const __m512i pairs = _mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7);
  return {_mm512_castpd_ps(_mm512_permutexvar_pd(pairs, _mm512_castps_pd(a.v)))};
}
FACEIO_ALWAYS_INLINE vf32 in_register(vf32 a) noexcept {
  FACEIO_OPAQUE("v", a.v);
  return a;
}
// Loads that start beside a cache line's beginning touch two lines each.
FACEIO_ALWAYS_INLINE vf32 load_before(const float*, vf32 previous, vf32 here) noexcept {
  return {_mm512_castsi512_ps(
      _mm512_alignr_epi32(_mm512_castps_si512(here.v), _mm512_castps_si512(previous.v), 15))};
}
FACEIO_ALWAYS_INLINE vf32 load_behind(const float*, vf32 here, vf32 next) noexcept {
  return {_mm512_castsi512_ps(
      _mm512_alignr_epi32(_mm512_castps_si512(next.v), _mm512_castps_si512(here.v), 1))};
}
FACEIO_ALWAYS_INLINE vf32 zero() noexcept { return {_mm512_setzero_ps()}; }
FACEIO_ALWAYS_INLINE vf32 splat(float x) noexcept { return {_mm512_set1_ps(x)}; }
FACEIO_ALWAYS_INLINE vf32 add(vf32 a, vf32 b) noexcept { return {_mm512_add_ps(a.v, b.v)}; }
FACEIO_ALWAYS_INLINE vf32 sub(vf32 a, vf32 b) noexcept { return {_mm512_sub_ps(a.v, b.v)}; }
FACEIO_ALWAYS_INLINE vf32 mul(vf32 a, vf32 b) noexcept { return {_mm512_mul_ps(a.v, b.v)}; }
FACEIO_ALWAYS_INLINE vf32 div(vf32 a, vf32 b) noexcept { return {_mm512_div_ps(a.v, b.v)}; }
FACEIO_ALWAYS_INLINE vf32 min(vf32 a, vf32 b) noexcept { return {_mm512_min_ps(a.v, b.v)}; }
FACEIO_ALWAYS_INLINE vf32 max(vf32 a, vf32 b) noexcept { return {_mm512_max_ps(a.v, b.v)}; }
FACEIO_ALWAYS_INLINE vf32 sqrt(vf32 a) noexcept { return {_mm512_sqrt_ps(a.v)}; }
FACEIO_ALWAYS_INLINE vf32 abs(vf32 a) noexcept { return {_mm512_abs_ps(a.v)}; }
FACEIO_ALWAYS_INLINE vf32 fma(vf32 a, vf32 b, vf32 c) noexcept {
  return {_mm512_fmadd_ps(a.v, b.v, c.v)};
}
FACEIO_ALWAYS_INLINE vf32 fnma(vf32 a, vf32 b, vf32 c) noexcept {
  return {_mm512_fnmadd_ps(a.v, b.v, c.v)};
}
FACEIO_ALWAYS_INLINE vf32 select_gt(vf32 a, vf32 b, vf32 x, vf32 y) noexcept {
  return {_mm512_mask_blend_ps(_mm512_cmp_ps_mask(a.v, b.v, _CMP_GT_OQ), y.v, x.v)};
}
FACEIO_ALWAYS_INLINE bool any_gt(vf32 a, vf32 b) noexcept {
  return _mm512_cmp_ps_mask(a.v, b.v, _CMP_GT_OQ) != 0;
}
FACEIO_ALWAYS_INLINE vf32 round_nearest(vf32 a) noexcept {
  return {_mm512_cvtepi32_ps(_mm512_cvtps_epi32(a.v))};
}
FACEIO_ALWAYS_INLINE vf32 pow2(vf32 n) noexcept {
  const __m512i biased = _mm512_add_epi32(_mm512_cvtps_epi32(n.v), _mm512_set1_epi32(127));
  return {_mm512_castsi512_ps(_mm512_slli_epi32(biased, 23))};
}
FACEIO_ALWAYS_INLINE vf32 load_u8(const uint8_t* p) noexcept {
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  return {_mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(bytes))};
}

FACEIO_ALWAYS_INLINE void load_u8x2(const uint8_t* p, vf32& a, vf32& b) noexcept {
  const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
  const __m512i pairs = _mm512_cvtepu16_epi32(bytes);
  a.v = _mm512_cvtepi32_ps(_mm512_and_si512(pairs, _mm512_set1_epi32(255)));
  b.v = _mm512_cvtepi32_ps(_mm512_srli_epi32(pairs, 8));
}
/// Byte kByte of each lane; a shuffle takes the place of a shift and a mask.
template <int kByte>
FACEIO_ALWAYS_INLINE vf32 byte_of(__m512i quads) noexcept {
  constexpr char k = kByte, n = -1;  // n gives 0
  const __m512i places = _mm512_broadcast_i32x4(
      _mm_setr_epi8(k, n, n, n, k + 4, n, n, n, k + 8, n, n, n, k + 12, n, n, n));
  return {_mm512_cvtepi32_ps(_mm512_shuffle_epi8(quads, places))};
}
FACEIO_ALWAYS_INLINE void load_u8x4(const uint8_t* p, vf32& a, vf32& b, vf32& c,
                                    vf32& d) noexcept {
  const __m512i quads = _mm512_loadu_si512(p);
  a = byte_of<0>(quads);
  b = byte_of<1>(quads);
  c = byte_of<2>(quads);
  d = byte_of<3>(quads);
}
/// Every third byte from byte kByte on of each quarter, of which twelve bytes count.
template <int kByte>
FACEIO_ALWAYS_INLINE vf32 third_byte_of(__m512i quarters) noexcept {
  constexpr char k = kByte, n = -1;  // n gives 0
  const __m512i places = _mm512_broadcast_i32x4(
      _mm_setr_epi8(k, n, n, n, k + 3, n, n, n, k + 6, n, n, n, k + 9, n, n, n));
  return {_mm512_cvtepi32_ps(_mm512_shuffle_epi8(quarters, places))};
}
FACEIO_ALWAYS_INLINE void load_u8x3(const uint8_t* p, vf32& a, vf32& b, vf32& c) noexcept {
  const __m512i quarters =
      _mm512_permutexvar_epi32(_mm512_setr_epi32(0, 1, 2, 2, 3, 4, 5, 5, 6, 7, 8, 8, 9, 10, 11, 11),
                               _mm512_maskz_loadu_epi32(0x0fff, p));
  a = third_byte_of<0>(quarters);
  b = third_byte_of<1>(quarters);
  c = third_byte_of<2>(quarters);
}
/// Lanes 0 and 2 of each quarter of a, then of b.
FACEIO_ALWAYS_INLINE __m512i even_lanes(__m512i a, __m512i b) noexcept {
  return _mm512_castps_si512(_mm512_shuffle_ps(_mm512_castsi512_ps(a), _mm512_castsi512_ps(b),
                                               _MM_SHUFFLE(2, 0, 2, 0)));
}
/// Three bytes of each eight from byte 0 on, and three from byte `step` on. `first` and `second` hold
/// the eights of all lanes in the order that even_lanes() puts right.
FACEIO_ALWAYS_INLINE void split_u8x8(__m512i first, __m512i second, int step, vf32 (&a)[3],
                                     vf32 (&b)[3]) noexcept {
  const __m128i shift = _mm_cvtsi32_si128(8 * step);
  const __m512i heads = even_lanes(first, second);
  const __m512i tails = even_lanes(_mm512_srl_epi64(first, shift), _mm512_srl_epi64(second, shift));
  a[0] = byte_of<0>(heads);
  a[1] = byte_of<1>(heads);
  a[2] = byte_of<2>(heads);
  b[0] = byte_of<0>(tails);
  b[1] = byte_of<1>(tails);
  b[2] = byte_of<2>(tails);
}
FACEIO_ALWAYS_INLINE void load_u8x8(const uint8_t* p, int step, vf32 (&a)[3],
                                    vf32 (&b)[3]) noexcept {
  const __m512i low = _mm512_loadu_si512(p), high = _mm512_loadu_si512(p + 64);
  split_u8x8(_mm512_shuffle_i64x2(low, high, _MM_SHUFFLE(2, 0, 2, 0)),
             _mm512_shuffle_i64x2(low, high, _MM_SHUFFLE(3, 1, 3, 1)), step, a, b);
}
FACEIO_ALWAYS_INLINE __m128i load_two(const uint8_t* p, const uint8_t* q) noexcept {
  const __m128i low = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(p));
  return _mm_unpacklo_epi64(low, _mm_loadl_epi64(reinterpret_cast<const __m128i*>(q)));
}
FACEIO_ALWAYS_INLINE void load_u8x8_at(const uint8_t* p, const int32_t* offsets, int step,
                                       vf32 (&a)[3], vf32 (&b)[3]) noexcept {
  __m256i four[4];
  FACEIO_UNROLL
  for (int k = 0; k < 4; ++k) {
    // Eights 0, 1, 4, 5 then 2, 3, 6, 7 of each half.
    const int32_t* at = offsets + k / 2 * 8 + k % 2 * 2;
    four[k] = _mm256_set_m128i(load_two(p + at[4], p + at[5]), load_two(p + at[0], p + at[1]));
  }
  split_u8x8(_mm512_inserti64x4(_mm512_castsi256_si512(four[0]), four[2], 1),
             _mm512_inserti64x4(_mm512_castsi256_si512(four[1]), four[3], 1), step, a, b);
}
/// Two registers of bytes around sixteen rising offsets: where they lie close enough, one permutation
/// finds what a gather would load lane by lane.
struct NearBytes {
  static constexpr int32_t kBytes = 128;
  const uint8_t* first;
  __m512i at;  // offsets from `first`
};
/// Whether `reach` bytes from every offset on lie in one NearBytes inside the `bytes` bytes at p.
FACEIO_ALWAYS_INLINE bool lie_near(const int32_t* offsets, int32_t reach, int32_t bytes) noexcept {
  return bytes >= NearBytes::kBytes && offsets[15] - offsets[0] + reach <= NearBytes::kBytes;
}
FACEIO_ALWAYS_INLINE NearBytes near_bytes(const uint8_t* p, const int32_t* offsets,
                                          int32_t bytes) noexcept {
  const int32_t last = bytes - NearBytes::kBytes;
  const int32_t first = offsets[0] < last ? offsets[0] : last;
  return {p + first, _mm512_sub_epi32(_mm512_loadu_si512(offsets), _mm512_set1_epi32(first))};
}
/// The word (two bytes) that holds the byte of each lane, and the word after it.
FACEIO_ALWAYS_INLINE __m512i two_words(const NearBytes& bytes) noexcept {
  const __m512i twice = _mm512_or_si512(bytes.at, _mm512_slli_epi32(bytes.at, 16));
  const __m512i words =
      _mm512_add_epi16(_mm512_srli_epi16(twice, 1), _mm512_set1_epi32(0x00010000));
  return _mm512_permutex2var_epi16(_mm512_loadu_si512(bytes.first), words,
                                   _mm512_loadu_si512(bytes.first + 64));
}
FACEIO_ALWAYS_INLINE void load_u8x2_at(const uint8_t* p, int32_t bytes, const int32_t* offsets,
                                       vf32& a, vf32& b) noexcept {
  __m512i quads;
  if (lie_near(offsets, 3, bytes)) {  // the second byte of a word needs the next word
    const NearBytes around = near_bytes(p, offsets, bytes);
    const __m512i odd_bits = _mm512_slli_epi32(_mm512_and_si512(around.at, _mm512_set1_epi32(1)), 3);
    quads = _mm512_srlv_epi32(two_words(around), odd_bits);
  } else {
    quads = _mm512_i32gather_epi32(_mm512_loadu_si512(offsets), p, 1);
  }
  a = byte_of<0>(quads);
  b = byte_of<1>(quads);
}
FACEIO_ALWAYS_INLINE void load_u8x4_at(const uint8_t* p, int32_t bytes, const int32_t* offsets,
                                       vf32& a, vf32& b, vf32& c, vf32& d) noexcept {
  const __m512i quads = lie_near(offsets, 4, bytes)
                            ? two_words(near_bytes(p, offsets, bytes))
                            : _mm512_i32gather_epi32(_mm512_loadu_si512(offsets), p, 1);
  a = byte_of<0>(quads);
  b = byte_of<1>(quads);
  c = byte_of<2>(quads);
  d = byte_of<3>(quads);
}
FACEIO_ALWAYS_INLINE void load_u8x2_twice(const uint8_t* p, vf32& a, vf32& b) noexcept {
  const __m512 pairs = load_u8(p).v;
  a.v = _mm512_moveldup_ps(pairs);
  b.v = _mm512_movehdup_ps(pairs);
}
FACEIO_ALWAYS_INLINE void load_u8x4_twice(const uint8_t* p, vf32& b, vf32& d) noexcept {
  vf32 even, odd;
  load_u8x2(p, even, odd);
  b.v = _mm512_moveldup_ps(odd.v);
  d.v = _mm512_movehdup_ps(odd.v);
}
FACEIO_ALWAYS_INLINE void interleave3(vf32 a, vf32 b, vf32 c, vf32 (&out)[3]) noexcept {
  // Lane i of the 48 is element i / 3 of a, b or c. First a and b (lanes of b are 16 + i), then c
  // into the places left.
  const __m512i ab0 = _mm512_setr_epi32(0, 16, 0, 1, 17, 0, 2, 18, 0, 3, 19, 0, 4, 20, 0, 5);
  const __m512i ab1 = _mm512_setr_epi32(21, 0, 6, 22, 0, 7, 23, 0, 8, 24, 0, 9, 25, 0, 10, 26);
  const __m512i ab2 = _mm512_setr_epi32(0, 11, 27, 0, 12, 28, 0, 13, 29, 0, 14, 30, 0, 15, 31, 0);
  const __m512i c0 = _mm512_setr_epi32(0, 0, 0, 0, 0, 1, 0, 0, 2, 0, 0, 3, 0, 0, 4, 0);
  const __m512i c1 = _mm512_setr_epi32(0, 5, 0, 0, 6, 0, 0, 7, 0, 0, 8, 0, 0, 9, 0, 0);
  const __m512i c2 = _mm512_setr_epi32(10, 0, 0, 11, 0, 0, 12, 0, 0, 13, 0, 0, 14, 0, 0, 15);
  out[0].v = _mm512_mask_permutexvar_ps(_mm512_permutex2var_ps(a.v, ab0, b.v), 0x4924, c0, c.v);
  out[1].v = _mm512_mask_permutexvar_ps(_mm512_permutex2var_ps(a.v, ab1, b.v), 0x2492, c1, c.v);
  out[2].v = _mm512_mask_permutexvar_ps(_mm512_permutex2var_ps(a.v, ab2, b.v), 0x9249, c2, c.v);
}
FACEIO_ALWAYS_INLINE void store_u8x3(uint8_t* p, vf32 a, vf32 b, vf32 c) noexcept {
  const __m512i second = _mm512_slli_epi32(_mm512_cvtps_epi32(b.v), 8);
  const __m512i third = _mm512_slli_epi32(_mm512_cvtps_epi32(c.v), 16);
  const __m512i quads = _mm512_or_si512(_mm512_cvtps_epi32(a.v), _mm512_or_si512(second, third));
  const __m512i drop_fourth = _mm512_broadcast_i32x4(
      _mm_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1));
  const __m512i quarters = _mm512_shuffle_epi8(quads, drop_fourth);
  const __m512i places =
      _mm512_setr_epi32(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 15, 15, 15, 15);
  const __m512i bytes = _mm512_permutexvar_epi32(places, quarters);
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), _mm512_castsi512_si256(bytes));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p + 32), _mm512_extracti32x4_epi32(bytes, 2));
}

}  // namespace FACEIO_TARGET_NS
FACEIO_END_NAMESPACE
