// Operations of 64-bit Arm that both NEON back ends use and 32-bit Arm lacks, under their names there. 32-bit Arm has
// sixteen registers of 128 bits, each of them a pair of 64 bits, which its instructions take as well. Its vectors of
// floats take subnormal numbers for zeros.
#if !defined(__aarch64__)
FACEIO_BEGIN_NAMESPACE
namespace FACEIO_TARGET_NS {

// |a| < 2^22: the sum has no fraction left, and its mantissa is the integer.
FACEIO_ALWAYS_INLINE int32x4_t vcvtnq_s32_f32(float32x4_t a) noexcept {
  const float32x4_t large = vdupq_n_f32(12582912.0f);  // 1.5 * 2^23
  return vsubq_s32(vreinterpretq_s32_f32(vaddq_f32(a, large)), vreinterpretq_s32_f32(large));
}
FACEIO_ALWAYS_INLINE uint32x4_t vcvtnq_u32_f32(float32x4_t a) noexcept {
  return vreinterpretq_u32_s32(vcvtnq_s32_f32(a));
}
#if !defined(__clang__)
// gcc compares one lane at a time, for the sake of subnormal numbers.
FACEIO_ALWAYS_INLINE uint32x4_t vcgtq_f32(float32x4_t a, float32x4_t b) noexcept {
  uint32x4_t mask;
  __asm__("vcgt.f32 %q0, %q1, %q2" : "=w"(mask) : "w"(a), "w"(b));
  return mask;
}
FACEIO_ALWAYS_INLINE uint32x4_t vcltq_f32(float32x4_t a, float32x4_t b) noexcept { return vcgtq_f32(b, a); }
#endif
// vrecpeq_f32 and its kin are approximations; one lane at a time rounds as it should.
FACEIO_ALWAYS_INLINE float32x4_t vdivq_f32(float32x4_t a, float32x4_t b) noexcept { return a / b; }
FACEIO_ALWAYS_INLINE float32x4_t vsqrtq_f32(float32x4_t a) noexcept {
  return float32x4_t{FACEIO_SQRT(a[0]), FACEIO_SQRT(a[1]), FACEIO_SQRT(a[2]), FACEIO_SQRT(a[3])};
}
FACEIO_ALWAYS_INLINE uint32_t vmaxvq_u32(uint32x4_t a) noexcept {
  const uint32x2_t pairs = vmax_u32(vget_low_u32(a), vget_high_u32(a));
  return vget_lane_u32(vpmax_u32(pairs, pairs), 0);
}

FACEIO_ALWAYS_INLINE uint8x16_t vqtbl1q_u8(uint8x16_t table, uint8x16_t places) noexcept {
  const uint8x8x2_t halves = {{vget_low_u8(table), vget_high_u8(table)}};
  return vcombine_u8(vtbl2_u8(halves, vget_low_u8(places)), vtbl2_u8(halves, vget_high_u8(places)));
}
FACEIO_ALWAYS_INLINE float32x4_t vtrn1q_f32(float32x4_t a, float32x4_t b) noexcept { return vtrnq_f32(a, b).val[0]; }
FACEIO_ALWAYS_INLINE float32x4_t vtrn2q_f32(float32x4_t a, float32x4_t b) noexcept { return vtrnq_f32(a, b).val[1]; }
FACEIO_ALWAYS_INLINE float32x4_t vzip1q_f32(float32x4_t a, float32x4_t b) noexcept { return vzipq_f32(a, b).val[0]; }
FACEIO_ALWAYS_INLINE float32x4_t vzip2q_f32(float32x4_t a, float32x4_t b) noexcept { return vzipq_f32(a, b).val[1]; }
FACEIO_ALWAYS_INLINE uint64x2_t vzip1q_u64(uint64x2_t a, uint64x2_t b) noexcept {
  return vcombine_u64(vget_low_u64(a), vget_low_u64(b));
}
FACEIO_ALWAYS_INLINE uint64x2_t vzip2q_u64(uint64x2_t a, uint64x2_t b) noexcept {
  return vcombine_u64(vget_high_u64(a), vget_high_u64(b));
}
FACEIO_ALWAYS_INLINE uint32x4_t vuzp1q_u32(uint32x4_t a, uint32x4_t b) noexcept { return vuzpq_u32(a, b).val[0]; }
FACEIO_ALWAYS_INLINE int16x8_t vuzp1q_s16(int16x8_t a, int16x8_t b) noexcept { return vuzpq_s16(a, b).val[0]; }
FACEIO_ALWAYS_INLINE int16x8_t vuzp2q_s16(int16x8_t a, int16x8_t b) noexcept { return vuzpq_s16(a, b).val[1]; }
FACEIO_ALWAYS_INLINE int16x8_t vzip1q_s16(int16x8_t a, int16x8_t b) noexcept { return vzipq_s16(a, b).val[0]; }
FACEIO_ALWAYS_INLINE int16x8_t vzip2q_s16(int16x8_t a, int16x8_t b) noexcept { return vzipq_s16(a, b).val[1]; }
FACEIO_ALWAYS_INLINE uint8x8_t vzip1_u8(uint8x8_t a, uint8x8_t b) noexcept { return vzip_u8(a, b).val[0]; }
FACEIO_ALWAYS_INLINE uint8x8_t vzip2_u8(uint8x8_t a, uint8x8_t b) noexcept { return vzip_u8(a, b).val[1]; }

FACEIO_ALWAYS_INLINE uint16x8_t vcltzq_s16(int16x8_t a) noexcept { return vcltq_s16(a, vdupq_n_s16(0)); }
FACEIO_ALWAYS_INLINE int32x4_t vpaddq_s32(int32x4_t a, int32x4_t b) noexcept {
  return vcombine_s32(vpadd_s32(vget_low_s32(a), vget_high_s32(a)), vpadd_s32(vget_low_s32(b), vget_high_s32(b)));
}
FACEIO_ALWAYS_INLINE int16x8_t vpaddq_s16(int16x8_t a, int16x8_t b) noexcept {
  return vcombine_s16(vpadd_s16(vget_low_s16(a), vget_high_s16(a)), vpadd_s16(vget_low_s16(b), vget_high_s16(b)));
}
FACEIO_ALWAYS_INLINE int32x4_t vmull_high_s16(int16x8_t a, int16x8_t b) noexcept {
  return vmull_s16(vget_high_s16(a), vget_high_s16(b));
}
/// Lane 0 or 1.
FACEIO_ALWAYS_INLINE int32x4_t vmlal_high_lane_s16(int32x4_t sum, int16x8_t a, int16x4_t b, int lane) noexcept {
  return lane == 0 ? vmlal_lane_s16(sum, vget_high_s16(a), b, 0) : vmlal_lane_s16(sum, vget_high_s16(a), b, 1);
}
FACEIO_ALWAYS_INLINE int16x8_t vmull_high_s8(int8x16_t a, int8x16_t b) noexcept {
  return vmull_s8(vget_high_s8(a), vget_high_s8(b));
}
FACEIO_ALWAYS_INLINE int16x8_t vqmovn_high_s32(int16x4_t low, int32x4_t high) noexcept {
  return vcombine_s16(low, vqmovn_s32(high));
}
FACEIO_ALWAYS_INLINE uint8x16_t vqmovun_high_s16(uint8x8_t low, int16x8_t high) noexcept {
  return vcombine_u8(low, vqmovun_s16(high));
}

}  // namespace FACEIO_TARGET_NS
FACEIO_END_NAMESPACE
#endif
