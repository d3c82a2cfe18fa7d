// NEON integer back end: 128 bits, with the products of bytes that the target has. Operations: int-inl.hpp.
FACEIO_BEGIN_NAMESPACE
namespace FACEIO_TARGET_NS {

/// Register tile of the products of Winograd's algorithm: positions, blocks. A panel is the third side.
#if defined(__aarch64__)
inline constexpr int kWinogradTilePositions = 1, kWinogradTileBlocks = 4;
#else
inline constexpr int kWinogradTilePositions = 1, kWinogradTileBlocks = 2;
#endif
inline constexpr int kWinogradBlocks = 8;  // transformed together

struct vi32 {
  static constexpr int lanes = 4;
  int32x4_t v;
};
struct vi16 {
  static constexpr int lanes = 8;
  int16x8_t v;
};
struct vu8 {
  static constexpr int lanes = 16;
  uint8x16_t v;
};
inline constexpr int kTilePanels = 1;
constexpr int tile_pixels(int) noexcept { return sizeof(void*) == 8 ? 6 : 2; }

FACEIO_ALWAYS_INLINE vi32 load_i32(const int32_t* p) noexcept { return {vld1q_s32(p)}; }
FACEIO_ALWAYS_INLINE vi16 load_i16(const int16_t* p) noexcept { return {vld1q_s16(p)}; }
FACEIO_ALWAYS_INLINE vi16 load_i16_halves(const int16_t* p, const int16_t* q) noexcept {
  return {vcombine_s16(vld1_s16(p), vld1_s16(q))};
}
FACEIO_ALWAYS_INLINE vu8 load_u8(const void* p) noexcept { return {vld1q_u8(static_cast<const uint8_t*>(p))}; }
FACEIO_ALWAYS_INLINE void store(int32_t* p, vi32 a) noexcept { vst1q_s32(p, a.v); }
FACEIO_ALWAYS_INLINE void store(int16_t* p, vi16 a) noexcept { vst1q_s16(p, a.v); }
FACEIO_ALWAYS_INLINE void store(uint8_t* p, vu8 a) noexcept { vst1q_u8(p, a.v); }
FACEIO_ALWAYS_INLINE vi16 widened(uint8x8_t bytes) noexcept { return {vreinterpretq_s16_u16(vmovl_u8(bytes))}; }
FACEIO_ALWAYS_INLINE vi16 widen_u8(const uint8_t* p) noexcept { return widened(vld1_u8(p)); }
FACEIO_ALWAYS_INLINE uint32_t load_four(const void* p) noexcept {
  uint32_t bytes;
  __builtin_memcpy(&bytes, p, sizeof bytes);
  return bytes;
}
FACEIO_ALWAYS_INLINE vi16 widen_u8_halves(const uint8_t* p, const uint8_t* q) noexcept {
  return widened(vreinterpret_u8_u32(vset_lane_u32(load_four(q), vdup_n_u32(load_four(p)), 1)));
}
FACEIO_ALWAYS_INLINE vi32 splat_i32(int32_t x) noexcept { return {vdupq_n_s32(x)}; }
FACEIO_ALWAYS_INLINE vi16 splat_i16(int16_t x) noexcept { return {vdupq_n_s16(x)}; }
FACEIO_ALWAYS_INLINE vi16 splat_pair(const int16_t* p) noexcept {
  return {vreinterpretq_s16_u32(vdupq_n_u32(load_four(p)))};
}
FACEIO_ALWAYS_INLINE void opaque(vi32& a) noexcept { FACEIO_OPAQUE("w", a.v); }
FACEIO_ALWAYS_INLINE vi32 add(vi32 a, vi32 b) noexcept { return {vaddq_s32(a.v, b.v)}; }
FACEIO_ALWAYS_INLINE vi32 sub(vi32 a, vi32 b) noexcept { return {vsubq_s32(a.v, b.v)}; }
FACEIO_ALWAYS_INLINE vi16 add(vi16 a, vi16 b) noexcept { return {vaddq_s16(a.v, b.v)}; }
FACEIO_ALWAYS_INLINE vi16 sub(vi16 a, vi16 b) noexcept { return {vsubq_s16(a.v, b.v)}; }
FACEIO_ALWAYS_INLINE vi16 add_saturating(vi16 a, vi16 b) noexcept { return {vqaddq_s16(a.v, b.v)}; }
FACEIO_ALWAYS_INLINE vi32 multiply_low(vi32 a, vi32 b) noexcept { return {vmulq_s32(a.v, b.v)}; }
FACEIO_ALWAYS_INLINE vi16 multiply_rounded(vi16 a, vi16 b) noexcept { return {vqrdmulhq_s16(a.v, b.v)}; }
template <int kCount>
FACEIO_ALWAYS_INLINE vi32 shift_left(vi32 a) noexcept {
  return {vshlq_n_s32(a.v, kCount)};
}
template <int kCount>
FACEIO_ALWAYS_INLINE vi16 shift_left(vi16 a) noexcept {
  return {vshlq_n_s16(a.v, kCount)};
}
template <int kCount>
FACEIO_ALWAYS_INLINE vi32 shift_right(vi32 a) noexcept {
  return {vshrq_n_s32(a.v, kCount)};
}
template <int kCount>
FACEIO_ALWAYS_INLINE vi16 shift_right(vi16 a) noexcept {
  return {vshrq_n_s16(a.v, kCount)};
}
FACEIO_ALWAYS_INLINE vi32 shift_right(vi32 a, vi32 n) noexcept { return {vshlq_s32(a.v, vnegq_s32(n.v))}; }
FACEIO_ALWAYS_INLINE vi16 min(vi16 a, vi16 b) noexcept { return {vminq_s16(a.v, b.v)}; }
FACEIO_ALWAYS_INLINE vi16 max(vi16 a, vi16 b) noexcept { return {vmaxq_s16(a.v, b.v)}; }
FACEIO_ALWAYS_INLINE vi16 select_negative(vi16 a, vi16 x, vi16 y) noexcept {
  return {vbslq_s16(vcltzq_s16(a.v), x.v, y.v)};
}
FACEIO_ALWAYS_INLINE vi32 dot2(vi32 sum, vi16 a, vi16 b) noexcept {
  const int32x4_t low = vmull_s16(vget_low_s16(a.v), vget_low_s16(b.v)), high = vmull_high_s16(a.v, b.v);
  return {vaddq_s32(sum.v, vpaddq_s32(low, high))};
}
FACEIO_ALWAYS_INLINE vu8 splat_group(const void* p) noexcept {
  return {vreinterpretq_u8_u32(vdupq_n_u32(load_four(p)))};
}

#if FACEIO_TARGET_ID == 7
inline constexpr bool kOffsetsBytes = false;
template <bool>
FACEIO_ALWAYS_INLINE vu8 factor(vu8 a) noexcept {
  return a;
}
FACEIO_ALWAYS_INLINE vi32 dot4(vi32 sum, vu8 a, vu8 w) noexcept {
  return {vusdotq_s32(sum.v, a.v, vreinterpretq_s8_u8(w.v))};
}
template <bool kQuads>
FACEIO_ALWAYS_INLINE vi32 dot_group(vi32 sum, vu8 a, vu8 w) noexcept {
  if constexpr (kQuads) return dot4(sum, a, w);
  return dot2(sum, vi16{vreinterpretq_s16_u8(a.v)}, vi16{vreinterpretq_s16_u8(w.v)});
}
#else
// Products are of signed bytes, so 128 is taken off those of the input.
inline constexpr bool kOffsetsBytes = true;
template <bool kQuads>
FACEIO_ALWAYS_INLINE vu8 factor(vu8 a) noexcept {
  if constexpr (kQuads) return {veorq_u8(a.v, vdupq_n_u8(128))};
  return a;
}
FACEIO_ALWAYS_INLINE int32x4_t signed_dot4(int32x4_t sum, int8x16_t a, int8x16_t w) noexcept {
#if FACEIO_TARGET_ID == 6
  return vdotq_s32(sum, a, w);
#else
  // The sum of two products is at most 2 * 128 * 127.
  const int16x8_t low = vmull_s8(vget_low_s8(a), vget_low_s8(w)), high = vmull_high_s8(a, w);
  return vpadalq_s16(sum, vpaddq_s16(low, high));
#endif
}
template <bool kQuads>
FACEIO_ALWAYS_INLINE vi32 dot_group(vi32 sum, vu8 a, vu8 w) noexcept {
  if constexpr (kQuads) return {signed_dot4(sum.v, vreinterpretq_s8_u8(a.v), vreinterpretq_s8_u8(w.v))};
  return dot2(sum, vi16{vreinterpretq_s16_u8(a.v)}, vi16{vreinterpretq_s16_u8(w.v)});
}
FACEIO_ALWAYS_INLINE vi32 dot4(vi32 sum, vu8 a, vu8 w) noexcept {
  const vi32 of_zeros = dot_group<true>(splat_i32(0), factor<true>({vdupq_n_u8(0)}), w);
  return sub(dot_group<true>(sum, factor<true>(a), w), of_zeros);
}
#endif

FACEIO_ALWAYS_INLINE void store_scaled(float* p, vi32 a, const float* scale) noexcept {
  vst1q_f32(p, vmulq_f32(vcvtq_f32_s32(a.v), vld1q_f32(scale)));
}
FACEIO_ALWAYS_INLINE vi16 interleave_low(vi16 a, vi16 b) noexcept { return {vzip1q_s16(a.v, b.v)}; }
FACEIO_ALWAYS_INLINE vi16 interleave_high(vi16 a, vi16 b) noexcept { return {vzip2q_s16(a.v, b.v)}; }
FACEIO_ALWAYS_INLINE vi16 pack(vi32 low, vi32 high) noexcept {
  return {vqmovn_high_s32(vqmovn_s32(low.v), high.v)};
}
FACEIO_ALWAYS_INLINE vu8 pack_unsigned(vi16 low, vi16 high) noexcept {
  return {vqmovun_high_s16(vqmovun_s16(low.v), high.v)};
}

inline constexpr int kGroupVectors = 16 / vi32::lanes;
inline constexpr int kPairVectors = 32 / vi16::lanes;

FACEIO_ALWAYS_INLINE void interleave_u8(const uint8_t* a, const uint8_t* b, vi16& low, vi16& high) noexcept {
  const uint8x8_t first = vld1_u8(a), second = vld1_u8(b);
  low = widened(vzip1_u8(first, second));
  high = widened(vzip2_u8(first, second));
}
FACEIO_ALWAYS_INLINE void store_halves(vu8 a, uint8_t* p, uint8_t* q) noexcept {
  vst1_u8(p, vget_low_u8(a.v));
  vst1_u8(q, vget_high_u8(a.v));
}

/// Firsts of pairs 0 .. 7, then seconds; the same of pairs 8 .. 15: a multiply-add is of lanes of one register.
FACEIO_ALWAYS_INLINE void load_group_pairs(const int16_t* p, vi16 (&w)[kGroupVectors]) noexcept {
  FACEIO_UNROLL
  for (int k = 0; k < kGroupVectors; k += 2) {
    const int16x8_t a = vld1q_s16(p + k * vi16::lanes), b = vld1q_s16(p + (k + 1) * vi16::lanes);
    w[k].v = vuzp1q_s16(a, b);
    w[k + 1].v = vuzp2q_s16(a, b);
  }
}
FACEIO_ALWAYS_INLINE void dot2_group(vi32 (&sum)[kGroupVectors], const int16_t* p,
                                     const vi16 (&w)[kGroupVectors]) noexcept {
  const int16x4_t pair = vreinterpret_s16_u32(vdup_n_u32(load_four(p)));
  FACEIO_UNROLL
  for (int k = 0; k < kGroupVectors; k += 2) {
    const int16x8_t firsts = w[k].v, seconds = w[k + 1].v;
    sum[k].v = vmlal_lane_s16(sum[k].v, vget_low_s16(firsts), pair, 0);
    sum[k + 1].v = vmlal_high_lane_s16(sum[k + 1].v, firsts, pair, 0);
    sum[k].v = vmlal_lane_s16(sum[k].v, vget_low_s16(seconds), pair, 1);
    sum[k + 1].v = vmlal_high_lane_s16(sum[k + 1].v, seconds, pair, 1);
  }
}

}  // namespace FACEIO_TARGET_NS
FACEIO_END_NAMESPACE
