// AVX2 + FMA back end: eight lanes. The operations are listed in vec-inl.hpp.
FACEIO_BEGIN_NAMESPACE
namespace FACEIO_TARGET_NS {

struct vf32 {
  static constexpr int lanes = 8;
  __m256 v;
};

// 6 x 2 accumulators, two weight vectors and two broadcasts fill the sixteen registers.
inline constexpr int kTileVectors = 2;
constexpr int tile_pixels(int vectors) noexcept { return vectors == 1 ? 12 : 6; }
inline constexpr bool kAsksAhead = true;
// 4 x 2 accumulators, three columns of two vectors and a weight.
inline constexpr int kPlaneChannels = 4;
inline constexpr int kPlaneVectors = 2;
inline constexpr bool kShiftsLanes = false;
// Nine weights, four accumulators and a pixel.
inline constexpr int kDepthwiseRows = 1;
inline constexpr int kDepthwisePixels = 4;

FACEIO_ALWAYS_INLINE __m256i first_lanes(int n) noexcept {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

FACEIO_ALWAYS_INLINE vf32 load(const float* p) noexcept { return {_mm256_loadu_ps(p)}; }
FACEIO_ALWAYS_INLINE void store(float* p, vf32 a) noexcept { _mm256_storeu_ps(p, a.v); }
FACEIO_ALWAYS_INLINE vf32 load_n(const float* p, int n) noexcept {
  return {_mm256_maskload_ps(p, first_lanes(n))};
}
FACEIO_ALWAYS_INLINE void store_n(float* p, vf32 a, int n) noexcept {
  _mm256_maskstore_ps(p, first_lanes(n), a.v);
}
FACEIO_ALWAYS_INLINE void load_even_odd(const float* p, vf32& even, vf32& odd) noexcept {
  const __m256 low = _mm256_loadu_ps(p), high = _mm256_loadu_ps(p + 8);
  even.v = _mm256_shuffle_ps(low, high, _MM_SHUFFLE(2, 0, 2, 0));
  odd.v = _mm256_shuffle_ps(low, high, _MM_SHUFFLE(3, 1, 3, 1));
}
FACEIO_ALWAYS_INLINE vf32 even_odd_in_order(vf32 a) noexcept {
  return {_mm256_castpd_ps(_mm256_permute4x64_pd(_mm256_castps_pd(a.v), _MM_SHUFFLE(3, 1, 2, 0)))};
}
FACEIO_ALWAYS_INLINE vf32 in_register(vf32 a) noexcept {
  FACEIO_OPAQUE("x", a.v);
  return a;
}
FACEIO_ALWAYS_INLINE vf32 load_before(const float* p, vf32, vf32) noexcept {
  return in_register(load(p - 1));
}
FACEIO_ALWAYS_INLINE vf32 load_behind(const float* p, vf32, vf32) noexcept {
  return in_register(load(p + 1));
}
FACEIO_ALWAYS_INLINE vf32 zero() noexcept { return {_mm256_setzero_ps()}; }
FACEIO_ALWAYS_INLINE vf32 splat(float x) noexcept { return {_mm256_set1_ps(x)}; }
FACEIO_ALWAYS_INLINE vf32 add(vf32 a, vf32 b) noexcept { return {_mm256_add_ps(a.v, b.v)}; }
FACEIO_ALWAYS_INLINE vf32 sub(vf32 a, vf32 b) noexcept { return {_mm256_sub_ps(a.v, b.v)}; }
FACEIO_ALWAYS_INLINE vf32 mul(vf32 a, vf32 b) noexcept { return {_mm256_mul_ps(a.v, b.v)}; }
FACEIO_ALWAYS_INLINE vf32 div(vf32 a, vf32 b) noexcept { return {_mm256_div_ps(a.v, b.v)}; }
FACEIO_ALWAYS_INLINE vf32 min(vf32 a, vf32 b) noexcept { return {_mm256_min_ps(a.v, b.v)}; }
FACEIO_ALWAYS_INLINE vf32 max(vf32 a, vf32 b) noexcept { return {_mm256_max_ps(a.v, b.v)}; }
FACEIO_ALWAYS_INLINE vf32 sqrt(vf32 a) noexcept { return {_mm256_sqrt_ps(a.v)}; }
FACEIO_ALWAYS_INLINE vf32 abs(vf32 a) noexcept {
  return {_mm256_andnot_ps(_mm256_set1_ps(-0.0f), a.v)};
}
FACEIO_ALWAYS_INLINE vf32 fma(vf32 a, vf32 b, vf32 c) noexcept {
  return {_mm256_fmadd_ps(a.v, b.v, c.v)};
}
FACEIO_ALWAYS_INLINE vf32 fnma(vf32 a, vf32 b, vf32 c) noexcept {
  return {_mm256_fnmadd_ps(a.v, b.v, c.v)};
}
FACEIO_ALWAYS_INLINE vf32 select_gt(vf32 a, vf32 b, vf32 x, vf32 y) noexcept {
  return {_mm256_blendv_ps(y.v, x.v, _mm256_cmp_ps(a.v, b.v, _CMP_GT_OQ))};
}
FACEIO_ALWAYS_INLINE bool any_gt(vf32 a, vf32 b) noexcept {
  return _mm256_movemask_ps(_mm256_cmp_ps(a.v, b.v, _CMP_GT_OQ)) != 0;
}
FACEIO_ALWAYS_INLINE vf32 round_nearest(vf32 a) noexcept {
  return {_mm256_cvtepi32_ps(_mm256_cvtps_epi32(a.v))};
}
FACEIO_ALWAYS_INLINE vf32 pow2(vf32 n) noexcept {
  const __m256i biased = _mm256_add_epi32(_mm256_cvtps_epi32(n.v), _mm256_set1_epi32(127));
  return {_mm256_castsi256_ps(_mm256_slli_epi32(biased, 23))};
}
FACEIO_ALWAYS_INLINE vf32 load_u8(const uint8_t* p) noexcept {
  const __m128i bytes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(p));
  return {_mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(bytes))};
}

FACEIO_ALWAYS_INLINE void load_u8x2(const uint8_t* p, vf32& a, vf32& b) noexcept {
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  const __m256i pairs = _mm256_cvtepu16_epi32(bytes);
  a.v = _mm256_cvtepi32_ps(_mm256_and_si256(pairs, _mm256_set1_epi32(255)));
  b.v = _mm256_cvtepi32_ps(_mm256_srli_epi32(pairs, 8));
}
/// Byte kByte of each lane; a shuffle takes the place of a shift and a mask.
template <int kByte>
FACEIO_ALWAYS_INLINE vf32 byte_of(__m256i quads) noexcept {
  constexpr char k = kByte, n = -1;  // n gives 0
  const __m256i places = _mm256_broadcastsi128_si256(
      _mm_setr_epi8(k, n, n, n, k + 4, n, n, n, k + 8, n, n, n, k + 12, n, n, n));
  return {_mm256_cvtepi32_ps(_mm256_shuffle_epi8(quads, places))};
}
/// Every third byte from byte kByte of the low half and kByte + 4 of the high one.
template <int kByte>
FACEIO_ALWAYS_INLINE vf32 third_byte_of(__m256i halves) noexcept {
  constexpr char k = kByte, h = kByte + 4, n = -1;  // n gives 0
  const __m256i places =
      _mm256_setr_epi8(k, n, n, n, k + 3, n, n, n, k + 6, n, n, n, k + 9, n, n, n,  //
                       h, n, n, n, h + 3, n, n, n, h + 6, n, n, n, h + 9, n, n, n);
  return {_mm256_cvtepi32_ps(_mm256_shuffle_epi8(halves, places))};
}
FACEIO_ALWAYS_INLINE void load_u8x3(const uint8_t* p, vf32& a, vf32& b, vf32& c) noexcept {
  const __m128i low = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  const __m128i high = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p + 8));
  const __m256i halves = _mm256_set_m128i(high, low);
  a = third_byte_of<0>(halves);
  b = third_byte_of<1>(halves);
  c = third_byte_of<2>(halves);
}
FACEIO_ALWAYS_INLINE void load_u8x4(const uint8_t* p, vf32& a, vf32& b, vf32& c,
                                    vf32& d) noexcept {
  const __m256i quads = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
  a = byte_of<0>(quads);
  b = byte_of<1>(quads);
  c = byte_of<2>(quads);
  d = byte_of<3>(quads);
}
/// Lanes 0 and 2 of each half of a, then of b.
FACEIO_ALWAYS_INLINE __m256i even_lanes(__m256i a, __m256i b) noexcept {
  return _mm256_castps_si256(_mm256_shuffle_ps(_mm256_castsi256_ps(a), _mm256_castsi256_ps(b),
                                               _MM_SHUFFLE(2, 0, 2, 0)));
}
/// Three bytes of each eight from byte 0 on, and three from byte `step` on. `first` and `second` hold
/// the eights of all lanes in the order that even_lanes() puts right.
FACEIO_ALWAYS_INLINE void split_u8x8(__m256i first, __m256i second, int step, vf32 (&a)[3],
                                     vf32 (&b)[3]) noexcept {
  const __m128i shift = _mm_cvtsi32_si128(8 * step);
  const __m256i heads = even_lanes(first, second);
  const __m256i tails = even_lanes(_mm256_srl_epi64(first, shift), _mm256_srl_epi64(second, shift));
  a[0] = byte_of<0>(heads);
  a[1] = byte_of<1>(heads);
  a[2] = byte_of<2>(heads);
  b[0] = byte_of<0>(tails);
  b[1] = byte_of<1>(tails);
  b[2] = byte_of<2>(tails);
}
FACEIO_ALWAYS_INLINE void load_u8x8(const uint8_t* p, int step, vf32 (&a)[3],
                                    vf32 (&b)[3]) noexcept {
  const __m256i low = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
  const __m256i high = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p + 32));
  split_u8x8(_mm256_permute2x128_si256(low, high, 0x20),
             _mm256_permute2x128_si256(low, high, 0x31), step, a, b);
}
FACEIO_ALWAYS_INLINE __m128i load_two(const uint8_t* p, const uint8_t* q) noexcept {
  const __m128i low = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(p));
  return _mm_unpacklo_epi64(low, _mm_loadl_epi64(reinterpret_cast<const __m128i*>(q)));
}
FACEIO_ALWAYS_INLINE void load_u8x8_at(const uint8_t* p, const int32_t* offsets, int step,
                                       vf32 (&a)[3], vf32 (&b)[3]) noexcept {
  __m128i two[4];
  FACEIO_UNROLL
  for (int k = 0; k < 4; ++k) two[k] = load_two(p + offsets[2 * k], p + offsets[2 * k + 1]);
  split_u8x8(_mm256_set_m128i(two[2], two[0]), _mm256_set_m128i(two[3], two[1]), step, a, b);
}
FACEIO_ALWAYS_INLINE int32_t load_four(const uint8_t* p) noexcept {
  int32_t bytes;
  __builtin_memcpy(&bytes, p, 4);
  return bytes;
}
FACEIO_ALWAYS_INLINE __m256i load_four_at(const uint8_t* p, const int32_t* at) noexcept {
  return _mm256_setr_epi32(load_four(p + at[0]), load_four(p + at[1]), load_four(p + at[2]),
                           load_four(p + at[3]), load_four(p + at[4]), load_four(p + at[5]),
                           load_four(p + at[6]), load_four(p + at[7]));
}
FACEIO_ALWAYS_INLINE void load_u8x2_at(const uint8_t* p, int32_t, const int32_t* offsets, vf32& a,
                                       vf32& b) noexcept {
  const __m256i quads = load_four_at(p, offsets);
  a = byte_of<0>(quads);
  b = byte_of<1>(quads);
}
FACEIO_ALWAYS_INLINE void load_u8x4_at(const uint8_t* p, int32_t, const int32_t* offsets, vf32& a,
                                       vf32& b, vf32& c, vf32& d) noexcept {
  const __m256i quads = load_four_at(p, offsets);
  a = byte_of<0>(quads);
  b = byte_of<1>(quads);
  c = byte_of<2>(quads);
  d = byte_of<3>(quads);
}
FACEIO_ALWAYS_INLINE void load_u8x2_twice(const uint8_t* p, vf32& a, vf32& b) noexcept {
  const __m256 pairs = load_u8(p).v;
  a.v = _mm256_moveldup_ps(pairs);
  b.v = _mm256_movehdup_ps(pairs);
}
FACEIO_ALWAYS_INLINE void load_u8x4_twice(const uint8_t* p, vf32& b, vf32& d) noexcept {
  vf32 even, odd;
  load_u8x2(p, even, odd);
  b.v = _mm256_moveldup_ps(odd.v);
  d.v = _mm256_movehdup_ps(odd.v);
}
FACEIO_ALWAYS_INLINE void interleave3(vf32 a, vf32 b, vf32 c, vf32 (&out)[3]) noexcept {
  // In each half a, b and c fill twelve places. No two elements of one of them want the same place
  // of a vector, so one permutation each will do.
  const __m256 a0321 = _mm256_permute_ps(a.v, _MM_SHUFFLE(1, 2, 3, 0));
  const __m256 b1032 = _mm256_permute_ps(b.v, _MM_SHUFFLE(2, 3, 0, 1));
  const __m256 c2103 = _mm256_permute_ps(c.v, _MM_SHUFFLE(3, 0, 1, 2));
  const __m256 abca = _mm256_blend_ps(_mm256_blend_ps(a0321, b1032, 0x22), c2103, 0x44);
  const __m256 bcab = _mm256_blend_ps(_mm256_blend_ps(b1032, c2103, 0x22), a0321, 0x44);
  const __m256 cabc = _mm256_blend_ps(_mm256_blend_ps(c2103, a0321, 0x22), b1032, 0x44);
  out[0].v = _mm256_permute2f128_ps(abca, bcab, 0x20);
  out[1].v = _mm256_blend_ps(cabc, abca, 0xf0);
  out[2].v = _mm256_permute2f128_ps(bcab, cabc, 0x31);
}
FACEIO_ALWAYS_INLINE void store_u8x3(uint8_t* p, vf32 a, vf32 b, vf32 c) noexcept {
  const __m256i second = _mm256_slli_epi32(_mm256_cvtps_epi32(b.v), 8);
  const __m256i third = _mm256_slli_epi32(_mm256_cvtps_epi32(c.v), 16);
  const __m256i quads = _mm256_or_si256(_mm256_cvtps_epi32(a.v), _mm256_or_si256(second, third));
  const __m256i drop_fourth = _mm256_broadcastsi128_si256(
      _mm_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1));
  const __m256i halves = _mm256_shuffle_epi8(quads, drop_fourth);
  const __m256i bytes =
      _mm256_permutevar8x32_epi32(halves, _mm256_setr_epi32(0, 1, 2, 4, 5, 6, 6, 6));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm256_castsi256_si128(bytes));
  _mm_storel_epi64(reinterpret_cast<__m128i*>(p + 16), _mm256_extracti128_si256(bytes, 1));
}

}  // namespace FACEIO_TARGET_NS
FACEIO_END_NAMESPACE
