// NEON back end: four lanes, Advanced SIMD of 64-bit Arm; of 32-bit Arm with neon32-inl.hpp, in front of it. Operations:
// vec-inl.hpp.
FACEIO_BEGIN_NAMESPACE
namespace FACEIO_TARGET_NS {

struct vf32 {
  static constexpr int lanes = 4;
  float32x4_t v;
};

#if defined(__aarch64__)
// 5 x 4 accumulators, four weight vectors and what gcc loads ahead fit the thirty-two registers, or as many
// in another shape; with 24 accumulators it keeps some in memory.
inline constexpr int kTileVectors = 4;
constexpr int tile_pixels(int vectors) noexcept { return vectors == 1 ? 15 : vectors == 2 ? 10 : vectors == 3 ? 7 : 5; }
// 8 x 2 accumulators, three columns of two vectors and weights.
inline constexpr int kPlaneChannels = 8;
inline constexpr int kPlaneVectors = 2;
// 2 x 4 accumulators, nine weights and pixels.
inline constexpr int kDepthwiseRows = 2;
inline constexpr int kDepthwisePixels = 4;
#else
// Sixteen registers, as SSE has.
inline constexpr int kTileVectors = 4;
constexpr int tile_pixels(int) noexcept { return 2; }
inline constexpr int kPlaneChannels = 4;
inline constexpr int kPlaneVectors = 2;
inline constexpr int kDepthwiseRows = 1;
inline constexpr int kDepthwisePixels = 4;
#endif
inline constexpr bool kAsksAhead = false;
inline constexpr bool kShiftsLanes = false;

FACEIO_ALWAYS_INLINE vf32 load(const float* p) noexcept { return {vld1q_f32(p)}; }
FACEIO_ALWAYS_INLINE void store(float* p, vf32 a) noexcept { vst1q_f32(p, a.v); }
FACEIO_ALWAYS_INLINE vf32 load_n(const float* p, int n) noexcept {
  float lane[4] = {0.0f, 0.0f, 0.0f, 0.0f};
  for (int i = 0; i < n; ++i) lane[i] = p[i];
  return {vld1q_f32(lane)};
}
FACEIO_ALWAYS_INLINE void store_n(float* p, vf32 a, int n) noexcept {
  float lane[4];
  vst1q_f32(lane, a.v);
  for (int i = 0; i < n; ++i) p[i] = lane[i];
}
FACEIO_ALWAYS_INLINE void load_even_odd(const float* p, vf32& even, vf32& odd) noexcept {
  const float32x4x2_t pairs = vld2q_f32(p);
  even.v = pairs.val[0];
  odd.v = pairs.val[1];
}
FACEIO_ALWAYS_INLINE vf32 even_odd_in_order(vf32 a) noexcept { return a; }
FACEIO_ALWAYS_INLINE vf32 in_register(vf32 a) noexcept {
  FACEIO_OPAQUE("w", a.v);
  return a;
}
FACEIO_ALWAYS_INLINE vf32 load_before(const float* p, vf32, vf32) noexcept {
  return in_register(load(p - 1));
}
FACEIO_ALWAYS_INLINE vf32 load_behind(const float* p, vf32, vf32) noexcept {
  return in_register(load(p + 1));
}
FACEIO_ALWAYS_INLINE vf32 zero() noexcept { return {vdupq_n_f32(0.0f)}; }
FACEIO_ALWAYS_INLINE vf32 splat(float x) noexcept { return {vdupq_n_f32(x)}; }
FACEIO_ALWAYS_INLINE vf32 add(vf32 a, vf32 b) noexcept { return {vaddq_f32(a.v, b.v)}; }
FACEIO_ALWAYS_INLINE vf32 sub(vf32 a, vf32 b) noexcept { return {vsubq_f32(a.v, b.v)}; }
FACEIO_ALWAYS_INLINE vf32 mul(vf32 a, vf32 b) noexcept {
  float32x4_t product = vmulq_f32(a.v, b.v);
  FACEIO_ROUNDED("w", product);
  return {product};
}
FACEIO_ALWAYS_INLINE vf32 div(vf32 a, vf32 b) noexcept { return {vdivq_f32(a.v, b.v)}; }
// Not vminq_f32 and vmaxq_f32, which give the NaN of either argument and tell zeros by their sign.
FACEIO_ALWAYS_INLINE vf32 min(vf32 a, vf32 b) noexcept { return {vbslq_f32(vcltq_f32(a.v, b.v), a.v, b.v)}; }
FACEIO_ALWAYS_INLINE vf32 max(vf32 a, vf32 b) noexcept { return {vbslq_f32(vcgtq_f32(a.v, b.v), a.v, b.v)}; }
FACEIO_ALWAYS_INLINE vf32 sqrt(vf32 a) noexcept { return {vsqrtq_f32(a.v)}; }
FACEIO_ALWAYS_INLINE vf32 abs(vf32 a) noexcept { return {vabsq_f32(a.v)}; }
FACEIO_ALWAYS_INLINE vf32 fma(vf32 a, vf32 b, vf32 c) noexcept { return {vfmaq_f32(c.v, a.v, b.v)}; }
FACEIO_ALWAYS_INLINE vf32 fnma(vf32 a, vf32 b, vf32 c) noexcept { return {vfmsq_f32(c.v, a.v, b.v)}; }
FACEIO_ALWAYS_INLINE vf32 select_gt(vf32 a, vf32 b, vf32 x, vf32 y) noexcept {
  return {vbslq_f32(vcgtq_f32(a.v, b.v), x.v, y.v)};
}
FACEIO_ALWAYS_INLINE bool any_gt(vf32 a, vf32 b) noexcept { return vmaxvq_u32(vcgtq_f32(a.v, b.v)) != 0; }
// By way of integers, so that what rounds to zero gives +0 as on other targets.
FACEIO_ALWAYS_INLINE vf32 round_nearest(vf32 a) noexcept { return {vcvtq_f32_s32(vcvtnq_s32_f32(a.v))}; }
FACEIO_ALWAYS_INLINE vf32 pow2(vf32 n) noexcept {
  const int32x4_t biased = vaddq_s32(vcvtnq_s32_f32(n.v), vdupq_n_s32(127));
  return {vreinterpretq_f32_s32(vshlq_n_s32(biased, 23))};
}
FACEIO_ALWAYS_INLINE uint32_t load_four(const uint8_t* p) noexcept {
  uint32_t bytes;
  __builtin_memcpy(&bytes, p, 4);
  return bytes;
}
FACEIO_ALWAYS_INLINE vf32 load_u8(const uint8_t* p) noexcept {
  const uint16x8_t wide = vmovl_u8(vreinterpret_u8_u32(vdup_n_u32(load_four(p))));
  return {vcvtq_f32_u32(vmovl_u16(vget_low_u16(wide)))};
}

FACEIO_ALWAYS_INLINE void load_u8x2(const uint8_t* p, vf32& a, vf32& b) noexcept {
  const uint32x4_t pairs = vmovl_u16(vreinterpret_u16_u8(vld1_u8(p)));
  a.v = vcvtq_f32_u32(vandq_u32(pairs, vdupq_n_u32(255)));
  b.v = vcvtq_f32_u32(vshrq_n_u32(pairs, 8));
}
/// Bytes kByte, kByte + kStep, kByte + 2 kStep and kByte + 3 kStep.
template <int kByte, int kStep>
FACEIO_ALWAYS_INLINE vf32 bytes_of(uint8x16_t bytes) noexcept {
  constexpr uint8_t n = 255;  // gives 0
  constexpr uint8_t kPlaces[16] = {kByte,             n, n, n, kByte + kStep,     n, n, n,
                                   kByte + 2 * kStep, n, n, n, kByte + 3 * kStep, n, n, n};
  return {vcvtq_f32_u32(vreinterpretq_u32_u8(vqtbl1q_u8(bytes, vld1q_u8(kPlaces))))};
}
FACEIO_ALWAYS_INLINE void load_u8x3(const uint8_t* p, vf32& a, vf32& b, vf32& c) noexcept {
  const uint8x16_t twelve = vcombine_u8(vld1_u8(p), vreinterpret_u8_u32(vdup_n_u32(load_four(p + 8))));
  a = bytes_of<0, 3>(twelve);
  b = bytes_of<1, 3>(twelve);
  c = bytes_of<2, 3>(twelve);
}
FACEIO_ALWAYS_INLINE void load_u8x4(const uint8_t* p, vf32& a, vf32& b, vf32& c,
                                    vf32& d) noexcept {
  const uint8x16_t quads = vld1q_u8(p);
  a = bytes_of<0, 4>(quads);
  b = bytes_of<1, 4>(quads);
  c = bytes_of<2, 4>(quads);
  d = bytes_of<3, 4>(quads);
}
FACEIO_ALWAYS_INLINE uint8x16_t even_lanes(uint8x16_t a, uint8x16_t b) noexcept {
  return vreinterpretq_u8_u32(vuzp1q_u32(vreinterpretq_u32_u8(a), vreinterpretq_u32_u8(b)));
}
/// Each eight bytes moved `bytes` places down.
FACEIO_ALWAYS_INLINE uint8x16_t down(uint8x16_t eights, int bytes) noexcept {
  return vreinterpretq_u8_u64(vshlq_u64(vreinterpretq_u64_u8(eights), vdupq_n_s64(-8 * bytes)));
}
/// Three bytes of each eight from byte 0 on, and three from byte `step` on, of four eights.
FACEIO_ALWAYS_INLINE void split_u8x8(uint8x16_t first, uint8x16_t second, int step, vf32 (&a)[3],
                                     vf32 (&b)[3]) noexcept {
  const uint8x16_t heads = even_lanes(first, second);
  const uint8x16_t tails = even_lanes(down(first, step), down(second, step));
  a[0] = bytes_of<0, 4>(heads);
  a[1] = bytes_of<1, 4>(heads);
  a[2] = bytes_of<2, 4>(heads);
  b[0] = bytes_of<0, 4>(tails);
  b[1] = bytes_of<1, 4>(tails);
  b[2] = bytes_of<2, 4>(tails);
}
FACEIO_ALWAYS_INLINE void load_u8x8(const uint8_t* p, int step, vf32 (&a)[3],
                                    vf32 (&b)[3]) noexcept {
  split_u8x8(vld1q_u8(p), vld1q_u8(p + 16), step, a, b);
}
FACEIO_ALWAYS_INLINE void load_u8x8_at(const uint8_t* p, const int32_t* offsets, int step,
                                       vf32 (&a)[3], vf32 (&b)[3]) noexcept {
  split_u8x8(vcombine_u8(vld1_u8(p + offsets[0]), vld1_u8(p + offsets[1])),
             vcombine_u8(vld1_u8(p + offsets[2]), vld1_u8(p + offsets[3])), step, a, b);
}
FACEIO_ALWAYS_INLINE uint8x16_t load_four_at(const uint8_t* p, const int32_t* at) noexcept {
  uint32x4_t quads = vdupq_n_u32(load_four(p + at[0]));
  quads = vsetq_lane_u32(load_four(p + at[1]), quads, 1);
  quads = vsetq_lane_u32(load_four(p + at[2]), quads, 2);
  return vreinterpretq_u8_u32(vsetq_lane_u32(load_four(p + at[3]), quads, 3));
}
FACEIO_ALWAYS_INLINE void load_u8x2_at(const uint8_t* p, int32_t, const int32_t* offsets, vf32& a,
                                       vf32& b) noexcept {
  const uint8x16_t quads = load_four_at(p, offsets);
  a = bytes_of<0, 4>(quads);
  b = bytes_of<1, 4>(quads);
}
FACEIO_ALWAYS_INLINE void load_u8x4_at(const uint8_t* p, int32_t, const int32_t* offsets, vf32& a,
                                       vf32& b, vf32& c, vf32& d) noexcept {
  const uint8x16_t quads = load_four_at(p, offsets);
  a = bytes_of<0, 4>(quads);
  b = bytes_of<1, 4>(quads);
  c = bytes_of<2, 4>(quads);
  d = bytes_of<3, 4>(quads);
}
FACEIO_ALWAYS_INLINE void load_u8x2_twice(const uint8_t* p, vf32& a, vf32& b) noexcept {
  const float32x4_t pairs = load_u8(p).v;
  a.v = vtrn1q_f32(pairs, pairs);
  b.v = vtrn2q_f32(pairs, pairs);
}
FACEIO_ALWAYS_INLINE void load_u8x4_twice(const uint8_t* p, vf32& b, vf32& d) noexcept {
  vf32 even, odd;
  load_u8x2(p, even, odd);
  b.v = vtrn1q_f32(odd.v, odd.v);
  d.v = vtrn2q_f32(odd.v, odd.v);
}
/// The low half of a, then that of b; the same of the high halves.
FACEIO_ALWAYS_INLINE float32x4_t low_halves(float32x4_t a, float32x4_t b) noexcept {
  return vreinterpretq_f32_u64(vzip1q_u64(vreinterpretq_u64_f32(a), vreinterpretq_u64_f32(b)));
}
FACEIO_ALWAYS_INLINE float32x4_t high_halves(float32x4_t a, float32x4_t b) noexcept {
  return vreinterpretq_f32_u64(vzip2q_u64(vreinterpretq_u64_f32(a), vreinterpretq_u64_f32(b)));
}
FACEIO_ALWAYS_INLINE void interleave3(vf32 a, vf32 b, vf32 c, vf32 (&out)[3]) noexcept {
  const float32x4_t c0_a1_c2_a3 = vtrn1q_f32(c.v, vrev64q_f32(a.v));
  const float32x4_t ab_low = vzip1q_f32(a.v, b.v), ab_high = vzip2q_f32(a.v, b.v);
  const float32x4_t bc_low = vzip1q_f32(b.v, c.v), bc_high = vzip2q_f32(b.v, c.v);
  out[0].v = low_halves(ab_low, c0_a1_c2_a3);
  out[1].v = vextq_f32(bc_low, ab_high, 2);
  out[2].v = high_halves(c0_a1_c2_a3, bc_high);
}
FACEIO_ALWAYS_INLINE void store_u8x3(uint8_t* p, vf32 a, vf32 b, vf32 c) noexcept {
  const uint32x4_t pairs = vsliq_n_u32(vcvtnq_u32_f32(a.v), vcvtnq_u32_f32(b.v), 8);
  const uint32x4_t quads = vsliq_n_u32(pairs, vcvtnq_u32_f32(c.v), 16);
  constexpr uint8_t kDropFourth[16] = {0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 255, 255, 255, 255};
  const uint8x16_t bytes = vqtbl1q_u8(vreinterpretq_u8_u32(quads), vld1q_u8(kDropFourth));
  vst1_u8(p, vget_low_u8(bytes));
  const uint32_t last = vgetq_lane_u32(vreinterpretq_u32_u8(bytes), 2);
  __builtin_memcpy(p + 8, &last, 4);
}

}  // namespace FACEIO_TARGET_NS
FACEIO_END_NAMESPACE
