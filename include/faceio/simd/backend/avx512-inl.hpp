// AVX-512 (F, BW, DQ, VL) back end: sixteen lanes. The operations are listed in vec-inl.hpp.
FACEIO_BEGIN_NAMESPACE
namespace FACEIO_TARGET_NS {

struct vf32 {
  static constexpr int lanes = 16;
  __m512 v;
};

/// Half a vector, for maps of eight channels: a full one would leave half of its lanes idle.
struct vf32_narrow {
  static constexpr int lanes = 8;
  __m256 v;
};

// 12 x 2 accumulators, two weight vectors and broadcasts fit the thirty-two registers; two vectors are
// two neighbouring weight panels.
inline constexpr int kTilePixels = 12;
inline constexpr int kTileVectors = 2;

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
FACEIO_ALWAYS_INLINE vf32 load_u8_n(const uint8_t* p, int n) noexcept {
  const __m128i bytes = _mm_maskz_loadu_epi8(first_lanes(n), p);
  return {_mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(bytes))};
}
FACEIO_ALWAYS_INLINE vf32 load_u8(const uint8_t* p) noexcept { return load_u8_n(p, 16); }
FACEIO_ALWAYS_INLINE void store_u8_n(uint8_t* p, vf32 a, int n) noexcept {
  const vf32 clamped = min(max(a, zero()), splat(255.0f));
  const __m128i bytes = _mm512_cvtusepi32_epi8(_mm512_cvtps_epi32(clamped.v));
  _mm_mask_storeu_epi8(p, first_lanes(n), bytes);
}
FACEIO_ALWAYS_INLINE void store_u8(uint8_t* p, vf32 a) noexcept { store_u8_n(p, a, 16); }

// What a convolution tile needs of the narrow vector.
FACEIO_ALWAYS_INLINE vf32_narrow load_narrow(const float* p) noexcept { return {_mm256_loadu_ps(p)}; }
FACEIO_ALWAYS_INLINE void store(float* p, vf32_narrow a) noexcept { _mm256_storeu_ps(p, a.v); }
FACEIO_ALWAYS_INLINE vf32_narrow splat_narrow(float x) noexcept { return {_mm256_set1_ps(x)}; }
FACEIO_ALWAYS_INLINE vf32_narrow mul(vf32_narrow a, vf32_narrow b) noexcept {
  return {_mm256_mul_ps(a.v, b.v)};
}
FACEIO_ALWAYS_INLINE vf32_narrow min(vf32_narrow a, vf32_narrow b) noexcept {
  return {_mm256_min_ps(a.v, b.v)};
}
FACEIO_ALWAYS_INLINE vf32_narrow max(vf32_narrow a, vf32_narrow b) noexcept {
  return {_mm256_max_ps(a.v, b.v)};
}
FACEIO_ALWAYS_INLINE vf32_narrow fma(vf32_narrow a, vf32_narrow b, vf32_narrow c) noexcept {
  return {_mm256_fmadd_ps(a.v, b.v, c.v)};
}

}  // namespace FACEIO_TARGET_NS
FACEIO_END_NAMESPACE
