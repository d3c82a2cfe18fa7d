// AVX2 + FMA back end: eight lanes. The operations are listed in vec-inl.hpp.
FACEIO_BEGIN_NAMESPACE
namespace FACEIO_TARGET_NS {

struct vf32 {
  static constexpr int lanes = 8;
  __m256 v;
};
using vf32_narrow = vf32;

// 6 x 2 accumulators, two weight vectors and two broadcasts fill the sixteen registers.
inline constexpr int kTilePixels = 6;
inline constexpr int kTileVectors = 2;

FACEIO_ALWAYS_INLINE __m256i first_lanes(int n) noexcept {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

FACEIO_ALWAYS_INLINE vf32 load(const float* p) noexcept { return {_mm256_loadu_ps(p)}; }
FACEIO_ALWAYS_INLINE void store(float* p, vf32 a) noexcept { _mm256_storeu_ps(p, a.v); }
FACEIO_ALWAYS_INLINE vf32 load_narrow(const float* p) noexcept { return load(p); }
FACEIO_ALWAYS_INLINE vf32 load_n(const float* p, int n) noexcept {
  return {_mm256_maskload_ps(p, first_lanes(n))};
}
FACEIO_ALWAYS_INLINE void store_n(float* p, vf32 a, int n) noexcept {
  _mm256_maskstore_ps(p, first_lanes(n), a.v);
}
FACEIO_ALWAYS_INLINE vf32 zero() noexcept { return {_mm256_setzero_ps()}; }
FACEIO_ALWAYS_INLINE vf32 splat(float x) noexcept { return {_mm256_set1_ps(x)}; }
FACEIO_ALWAYS_INLINE vf32 splat_narrow(float x) noexcept { return splat(x); }
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
FACEIO_ALWAYS_INLINE vf32 load_u8_n(const uint8_t* p, int n) noexcept {
  int64_t bytes = 0;
  __builtin_memcpy(&bytes, p, static_cast<size_t>(n));
  return {_mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_cvtsi64_si128(bytes)))};
}
FACEIO_ALWAYS_INLINE vf32 load_u8(const uint8_t* p) noexcept { return load_u8_n(p, 8); }
FACEIO_ALWAYS_INLINE void store_u8_n(uint8_t* p, vf32 a, int n) noexcept {
  const vf32 clamped = min(max(a, zero()), splat(255.0f));
  const __m256i wide = _mm256_cvtps_epi32(clamped.v);
  const __m128i words =
      _mm_packs_epi32(_mm256_castsi256_si128(wide), _mm256_extracti128_si256(wide, 1));
  const int64_t bytes = _mm_cvtsi128_si64(_mm_packus_epi16(words, words));
  __builtin_memcpy(p, &bytes, static_cast<size_t>(n));
}
FACEIO_ALWAYS_INLINE void store_u8(uint8_t* p, vf32 a) noexcept { store_u8_n(p, a, 8); }

}  // namespace FACEIO_TARGET_NS
FACEIO_END_NAMESPACE
