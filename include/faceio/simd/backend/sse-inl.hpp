// SSE back end: four lanes, SSE2 only, so it runs on every x86-64 CPU. Operations: vec-inl.hpp.
FACEIO_BEGIN_NAMESPACE
namespace FACEIO_TARGET_NS {

struct vf32 {
  static constexpr int lanes = 4;
  __m128 v;
};
using vf32_narrow = vf32;

// 2 x 4 accumulators, one weight vector and two broadcasts fit the sixteen registers.
inline constexpr int kTilePixels = 2;
inline constexpr int kTileVectors = 4;

FACEIO_ALWAYS_INLINE vf32 load(const float* p) noexcept { return {_mm_loadu_ps(p)}; }
FACEIO_ALWAYS_INLINE void store(float* p, vf32 a) noexcept { _mm_storeu_ps(p, a.v); }
FACEIO_ALWAYS_INLINE vf32 load_narrow(const float* p) noexcept { return load(p); }
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
FACEIO_ALWAYS_INLINE vf32 zero() noexcept { return {_mm_setzero_ps()}; }
FACEIO_ALWAYS_INLINE vf32 splat(float x) noexcept { return {_mm_set1_ps(x)}; }
FACEIO_ALWAYS_INLINE vf32 splat_narrow(float x) noexcept { return splat(x); }
FACEIO_ALWAYS_INLINE vf32 add(vf32 a, vf32 b) noexcept { return {_mm_add_ps(a.v, b.v)}; }
FACEIO_ALWAYS_INLINE vf32 sub(vf32 a, vf32 b) noexcept { return {_mm_sub_ps(a.v, b.v)}; }
FACEIO_ALWAYS_INLINE vf32 mul(vf32 a, vf32 b) noexcept { return {_mm_mul_ps(a.v, b.v)}; }
FACEIO_ALWAYS_INLINE vf32 div(vf32 a, vf32 b) noexcept { return {_mm_div_ps(a.v, b.v)}; }
FACEIO_ALWAYS_INLINE vf32 min(vf32 a, vf32 b) noexcept { return {_mm_min_ps(a.v, b.v)}; }
FACEIO_ALWAYS_INLINE vf32 max(vf32 a, vf32 b) noexcept { return {_mm_max_ps(a.v, b.v)}; }
FACEIO_ALWAYS_INLINE vf32 sqrt(vf32 a) noexcept { return {_mm_sqrt_ps(a.v)}; }
FACEIO_ALWAYS_INLINE vf32 abs(vf32 a) noexcept {
  return {_mm_andnot_ps(_mm_set1_ps(-0.0f), a.v)};
}
FACEIO_ALWAYS_INLINE vf32 fma(vf32 a, vf32 b, vf32 c) noexcept {
  return {_mm_add_ps(_mm_mul_ps(a.v, b.v), c.v)};
}
FACEIO_ALWAYS_INLINE vf32 fnma(vf32 a, vf32 b, vf32 c) noexcept {
  return {_mm_sub_ps(c.v, _mm_mul_ps(a.v, b.v))};
}
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
FACEIO_ALWAYS_INLINE vf32 load_u8_n(const uint8_t* p, int n) noexcept {
  int32_t bytes = 0;
  __builtin_memcpy(&bytes, p, static_cast<size_t>(n));
  const __m128i wide = _mm_unpacklo_epi8(_mm_cvtsi32_si128(bytes), _mm_setzero_si128());
  return {_mm_cvtepi32_ps(_mm_unpacklo_epi16(wide, _mm_setzero_si128()))};
}
FACEIO_ALWAYS_INLINE vf32 load_u8(const uint8_t* p) noexcept { return load_u8_n(p, 4); }
FACEIO_ALWAYS_INLINE void store_u8_n(uint8_t* p, vf32 a, int n) noexcept {
  const vf32 clamped = min(max(a, zero()), splat(255.0f));
  const __m128i words = _mm_packs_epi32(_mm_cvtps_epi32(clamped.v), _mm_setzero_si128());
  const int32_t bytes = _mm_cvtsi128_si32(_mm_packus_epi16(words, _mm_setzero_si128()));
  __builtin_memcpy(p, &bytes, static_cast<size_t>(n));
}
FACEIO_ALWAYS_INLINE void store_u8(uint8_t* p, vf32 a) noexcept { store_u8_n(p, a, 4); }

}  // namespace FACEIO_TARGET_NS
FACEIO_END_NAMESPACE
