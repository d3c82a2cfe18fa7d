// SSE back end: four lanes, SSE2 only, so it runs on every x86-64 CPU. Operations: vec-inl.hpp.
FACEIO_BEGIN_NAMESPACE
namespace FACEIO_TARGET_NS {

struct vf32 {
  static constexpr int lanes = 4;
  __m128 v;
};

// 2 x 4 accumulators, one weight vector and two broadcasts fit the sixteen registers.
inline constexpr int kTileVectors = 4;
constexpr int tile_pixels(int) noexcept { return 2; }
inline constexpr bool kAsksAhead = false;
// 4 x 2 accumulators, three columns of two vectors and a weight.
inline constexpr int kPlaneChannels = 4;
inline constexpr int kPlaneVectors = 2;
inline constexpr bool kShiftsLanes = false;
inline constexpr int kDepthwiseRows = 1;
inline constexpr int kDepthwisePixels = 4;

FACEIO_ALWAYS_INLINE vf32 load(const float* p) noexcept { return {_mm_loadu_ps(p)}; }
FACEIO_ALWAYS_INLINE void store(float* p, vf32 a) noexcept { _mm_storeu_ps(p, a.v); }
FACEIO_ALWAYS_INLINE vf32 load_n(const float* p, int n) noexcept {
  alignas(16) float lane[4] = {0.0f, 0.0f, 0.0f, 0.0f};
  for (int i = 0; i < n; ++i) lane[i] = p[i];
  return {_mm_load_ps(lane)};
}
FACEIO_ALWAYS_INLINE void store_n(float* p, vf32 a, int n) noexcept {
  alignas(16) float lane[4];
  _mm_store_ps(lane, a.v);
  for (int i = 0; i < n; ++i) p[i] = lane[i];
}
FACEIO_ALWAYS_INLINE void load_even_odd(const float* p, vf32& even, vf32& odd) noexcept {
  const __m128 low = _mm_loadu_ps(p), high = _mm_loadu_ps(p + 4);
  even.v = _mm_shuffle_ps(low, high, _MM_SHUFFLE(2, 0, 2, 0));
  odd.v = _mm_shuffle_ps(low, high, _MM_SHUFFLE(3, 1, 3, 1));
}
FACEIO_ALWAYS_INLINE vf32 even_odd_in_order(vf32 a) noexcept { return a; }
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
FACEIO_ALWAYS_INLINE vf32 zero() noexcept { return {_mm_setzero_ps()}; }
FACEIO_ALWAYS_INLINE vf32 splat(float x) noexcept { return {_mm_set1_ps(x)}; }
FACEIO_ALWAYS_INLINE vf32 add(vf32 a, vf32 b) noexcept { return {_mm_add_ps(a.v, b.v)}; }
FACEIO_ALWAYS_INLINE vf32 sub(vf32 a, vf32 b) noexcept { return {_mm_sub_ps(a.v, b.v)}; }
FACEIO_ALWAYS_INLINE vf32 mul(vf32 a, vf32 b) noexcept {
  __m128 product = _mm_mul_ps(a.v, b.v);
  FACEIO_ROUNDED("x", product);
  return {product};
}
FACEIO_ALWAYS_INLINE vf32 div(vf32 a, vf32 b) noexcept { return {_mm_div_ps(a.v, b.v)}; }
FACEIO_ALWAYS_INLINE vf32 min(vf32 a, vf32 b) noexcept { return {_mm_min_ps(a.v, b.v)}; }
FACEIO_ALWAYS_INLINE vf32 max(vf32 a, vf32 b) noexcept { return {_mm_max_ps(a.v, b.v)}; }
FACEIO_ALWAYS_INLINE vf32 sqrt(vf32 a) noexcept { return {_mm_sqrt_ps(a.v)}; }
FACEIO_ALWAYS_INLINE vf32 abs(vf32 a) noexcept {
  return {_mm_andnot_ps(_mm_set1_ps(-0.0f), a.v)};
}
FACEIO_ALWAYS_INLINE vf32 fma(vf32 a, vf32 b, vf32 c) noexcept { return add(mul(a, b), c); }
FACEIO_ALWAYS_INLINE vf32 fnma(vf32 a, vf32 b, vf32 c) noexcept { return sub(c, mul(a, b)); }
FACEIO_ALWAYS_INLINE vf32 select_gt(vf32 a, vf32 b, vf32 x, vf32 y) noexcept {
  const __m128 mask = _mm_cmpgt_ps(a.v, b.v);
  return {_mm_or_ps(_mm_and_ps(mask, x.v), _mm_andnot_ps(mask, y.v))};
}
FACEIO_ALWAYS_INLINE bool any_gt(vf32 a, vf32 b) noexcept {
  return _mm_movemask_ps(_mm_cmpgt_ps(a.v, b.v)) != 0;
}
FACEIO_ALWAYS_INLINE vf32 round_nearest(vf32 a) noexcept {
  return {_mm_cvtepi32_ps(_mm_cvtps_epi32(a.v))};
}
FACEIO_ALWAYS_INLINE vf32 pow2(vf32 n) noexcept {
  const __m128i biased = _mm_add_epi32(_mm_cvtps_epi32(n.v), _mm_set1_epi32(127));
  return {_mm_castsi128_ps(_mm_slli_epi32(biased, 23))};
}
FACEIO_ALWAYS_INLINE vf32 load_u8(const uint8_t* p) noexcept {
  int32_t bytes;
  __builtin_memcpy(&bytes, p, sizeof bytes);
  const __m128i wide = _mm_unpacklo_epi8(_mm_cvtsi32_si128(bytes), _mm_setzero_si128());
  return {_mm_cvtepi32_ps(_mm_unpacklo_epi16(wide, _mm_setzero_si128()))};
}

FACEIO_ALWAYS_INLINE void load_u8x2(const uint8_t* p, vf32& a, vf32& b) noexcept {
  const __m128i bytes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(p));
  const __m128i pairs = _mm_unpacklo_epi16(bytes, _mm_setzero_si128());
  a.v = _mm_cvtepi32_ps(_mm_and_si128(pairs, _mm_set1_epi32(255)));
  b.v = _mm_cvtepi32_ps(_mm_srli_epi32(pairs, 8));
}
/// Byte kByte of each lane.
template <int kByte>
FACEIO_ALWAYS_INLINE vf32 byte_of(__m128i quads) noexcept {
  if constexpr (kByte == 3) return {_mm_cvtepi32_ps(_mm_srli_epi32(quads, 24))};
  return {_mm_cvtepi32_ps(
      _mm_and_si128(_mm_srli_epi32(quads, 8 * kByte), _mm_set1_epi32(255)))};
}
FACEIO_ALWAYS_INLINE vf32 every_third(const uint8_t* p) noexcept {
  return {_mm_cvtepi32_ps(_mm_setr_epi32(p[0], p[3], p[6], p[9]))};
}
FACEIO_ALWAYS_INLINE void load_u8x3(const uint8_t* p, vf32& a, vf32& b, vf32& c) noexcept {
  a = every_third(p);
  b = every_third(p + 1);
  c = every_third(p + 2);
}
FACEIO_ALWAYS_INLINE void load_u8x4(const uint8_t* p, vf32& a, vf32& b, vf32& c,
                                    vf32& d) noexcept {
  const __m128i quads = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  a = byte_of<0>(quads);
  b = byte_of<1>(quads);
  c = byte_of<2>(quads);
  d = byte_of<3>(quads);
}
FACEIO_ALWAYS_INLINE __m128i even_lanes(__m128i a, __m128i b) noexcept {
  return _mm_castps_si128(
      _mm_shuffle_ps(_mm_castsi128_ps(a), _mm_castsi128_ps(b), _MM_SHUFFLE(2, 0, 2, 0)));
}
/// Three bytes of each eight from byte 0 on, and three from byte `step` on. `first` and `second` hold
/// the eights of all lanes in the order that even_lanes() puts right.
FACEIO_ALWAYS_INLINE void split_u8x8(__m128i first, __m128i second, int step, vf32 (&a)[3],
                                     vf32 (&b)[3]) noexcept {
  const __m128i shift = _mm_cvtsi32_si128(8 * step);
  const __m128i heads = even_lanes(first, second);
  const __m128i tails = even_lanes(_mm_srl_epi64(first, shift), _mm_srl_epi64(second, shift));
  a[0] = byte_of<0>(heads);
  a[1] = byte_of<1>(heads);
  a[2] = byte_of<2>(heads);
  b[0] = byte_of<0>(tails);
  b[1] = byte_of<1>(tails);
  b[2] = byte_of<2>(tails);
}
FACEIO_ALWAYS_INLINE void load_u8x8(const uint8_t* p, int step, vf32 (&a)[3],
                                    vf32 (&b)[3]) noexcept {
  split_u8x8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)),
             _mm_loadu_si128(reinterpret_cast<const __m128i*>(p + 16)), step, a, b);
}
FACEIO_ALWAYS_INLINE __m128i load_two(const uint8_t* p, const uint8_t* q) noexcept {
  const __m128i low = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(p));
  return _mm_unpacklo_epi64(low, _mm_loadl_epi64(reinterpret_cast<const __m128i*>(q)));
}
FACEIO_ALWAYS_INLINE void load_u8x8_at(const uint8_t* p, const int32_t* offsets, int step,
                                       vf32 (&a)[3], vf32 (&b)[3]) noexcept {
  split_u8x8(load_two(p + offsets[0], p + offsets[1]), load_two(p + offsets[2], p + offsets[3]),
             step, a, b);
}
FACEIO_ALWAYS_INLINE int32_t load_four(const uint8_t* p) noexcept {
  int32_t bytes;
  __builtin_memcpy(&bytes, p, 4);
  return bytes;
}
FACEIO_ALWAYS_INLINE __m128i load_four_at(const uint8_t* p, const int32_t* at) noexcept {
  return _mm_setr_epi32(load_four(p + at[0]), load_four(p + at[1]), load_four(p + at[2]),
                        load_four(p + at[3]));
}
FACEIO_ALWAYS_INLINE void load_u8x2_at(const uint8_t* p, int32_t, const int32_t* offsets, vf32& a,
                                       vf32& b) noexcept {
  const __m128i quads = load_four_at(p, offsets);
  a = byte_of<0>(quads);
  b = byte_of<1>(quads);
}
FACEIO_ALWAYS_INLINE void load_u8x4_at(const uint8_t* p, int32_t, const int32_t* offsets, vf32& a,
                                       vf32& b, vf32& c, vf32& d) noexcept {
  const __m128i quads = load_four_at(p, offsets);
  a = byte_of<0>(quads);
  b = byte_of<1>(quads);
  c = byte_of<2>(quads);
  d = byte_of<3>(quads);
}
FACEIO_ALWAYS_INLINE void twice(vf32 pairs, vf32& a, vf32& b) noexcept {
  a.v = _mm_shuffle_ps(pairs.v, pairs.v, _MM_SHUFFLE(2, 2, 0, 0));
  b.v = _mm_shuffle_ps(pairs.v, pairs.v, _MM_SHUFFLE(3, 3, 1, 1));
}
FACEIO_ALWAYS_INLINE void load_u8x2_twice(const uint8_t* p, vf32& a, vf32& b) noexcept {
  twice(load_u8(p), a, b);
}
FACEIO_ALWAYS_INLINE void load_u8x4_twice(const uint8_t* p, vf32& b, vf32& d) noexcept {
  vf32 even, odd;
  load_u8x2(p, even, odd);
  twice(odd, b, d);
}
FACEIO_ALWAYS_INLINE void interleave3(vf32 a, vf32 b, vf32 c, vf32 (&out)[3]) noexcept {
  const __m128 c0_a1 = _mm_shuffle_ps(c.v, a.v, _MM_SHUFFLE(1, 1, 0, 0));
  const __m128 c2_a3 = _mm_shuffle_ps(c.v, a.v, _MM_SHUFFLE(3, 3, 2, 2));
  const __m128 ab_low = _mm_unpacklo_ps(a.v, b.v), ab_high = _mm_unpackhi_ps(a.v, b.v);
  const __m128 bc_low = _mm_unpacklo_ps(b.v, c.v), bc_high = _mm_unpackhi_ps(b.v, c.v);
  out[0].v = _mm_shuffle_ps(ab_low, c0_a1, _MM_SHUFFLE(2, 0, 1, 0));
  out[1].v = _mm_shuffle_ps(bc_low, ab_high, _MM_SHUFFLE(1, 0, 3, 2));
  out[2].v = _mm_shuffle_ps(c2_a3, bc_high, _MM_SHUFFLE(3, 2, 2, 0));
}
FACEIO_ALWAYS_INLINE void store_u8x3(uint8_t* p, vf32 a, vf32 b, vf32 c) noexcept {
  const __m128i second = _mm_slli_epi32(_mm_cvtps_epi32(b.v), 8);
  const __m128i third = _mm_slli_epi32(_mm_cvtps_epi32(c.v), 16);
  const __m128i quads = _mm_or_si128(_mm_cvtps_epi32(a.v), _mm_or_si128(second, third));
  // a b c 0 twice in each half: moves the upper three bytes next to the lower three.
  const __m128i low = _mm_and_si128(quads, _mm_set1_epi64x(0xffffff));
  const __m128i high = _mm_srli_epi64(_mm_andnot_si128(_mm_set1_epi64x(0xffffff), quads), 8);
  const __m128i sixes = _mm_or_si128(low, high);
  const auto first = static_cast<uint64_t>(_mm_cvtsi128_si64(sixes));
  const auto last = static_cast<uint64_t>(_mm_cvtsi128_si64(_mm_srli_si128(sixes, 8)));
  const uint64_t head = first | last << 48;
  const auto tail = static_cast<uint32_t>(last >> 16);
  __builtin_memcpy(p, &head, 8);
  __builtin_memcpy(p + 8, &tail, 4);
}

}  // namespace FACEIO_TARGET_NS
FACEIO_END_NAMESPACE
