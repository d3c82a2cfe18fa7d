// Helium integer back end: 128 bits. Operations: int-inl.hpp.
//
// No instruction takes the lower halves of two vectors lane by lane, but some take the even lanes of both, or the odd ones
// (vsli, vsri), and others put results there (vqmovnb, vqmovnt). So interleave_low() is of even lanes, interleave_high() of
// odd ones, and pack() and pack_unsigned() put `low` into even lanes and `high` into odd ones, which undoes it.
//
// vmladava multiplies sixteen bytes and adds all products to an integer register: dense convolutions sum up across
// vectors (kernels/conv_across_int8-inl.hpp).
FACEIO_BEGIN_NAMESPACE
namespace FACEIO_TARGET_NS {

/// Register tile of the products of Winograd's algorithm: positions, blocks. A panel is the third side.
inline constexpr int kWinogradTilePositions = 1, kWinogradTileBlocks = 1;
inline constexpr int kWinogradBlocks = 6;  // transformed together

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
constexpr int tile_pixels(int) noexcept { return 6; }

FACEIO_ALWAYS_INLINE vi32 load_i32(const int32_t* p) noexcept { return {vldrwq_s32(p)}; }
FACEIO_ALWAYS_INLINE vi16 load_i16(const int16_t* p) noexcept { return {vldrhq_s16(p)}; }
FACEIO_ALWAYS_INLINE vu8 load_u8(const void* p) noexcept { return {vldrbq_u8(static_cast<const uint8_t*>(p))}; }
FACEIO_ALWAYS_INLINE void store(int32_t* p, vi32 a) noexcept { vstrwq_s32(p, a.v); }
FACEIO_ALWAYS_INLINE void store(int16_t* p, vi16 a) noexcept { vstrhq_s16(p, a.v); }
FACEIO_ALWAYS_INLINE void store(uint8_t* p, vu8 a) noexcept { vstrbq_u8(p, a.v); }
FACEIO_ALWAYS_INLINE vi16 widen_u8(const uint8_t* p) noexcept { return {vreinterpretq_s16_u16(vldrbq_u16(p))}; }
/// Four lanes of 32 bits, each two of 16, of what is in the even lanes of `a` and of `b`; of what is in the odd ones.
FACEIO_ALWAYS_INLINE int16x8_t evens(uint16x8_t a, uint16x8_t b) noexcept {
  return vreinterpretq_s16_u32(vsliq_n_u32(vreinterpretq_u32_u16(a), vreinterpretq_u32_u16(b), 16));
}
FACEIO_ALWAYS_INLINE int16x8_t odds(uint16x8_t a, uint16x8_t b) noexcept {
  return vreinterpretq_s16_u32(vsriq_n_u32(vreinterpretq_u32_u16(b), vreinterpretq_u32_u16(a), 16));
}
FACEIO_ALWAYS_INLINE uint32x4_t upper(int16x8_t a) noexcept { return vshrq_n_u32(vreinterpretq_u32_s16(a), 16); }
FACEIO_ALWAYS_INLINE int32_t load_bits(const void* p) noexcept {
  int32_t bits;
  __builtin_memcpy(&bits, p, sizeof bits);
  return bits;
}
FACEIO_ALWAYS_INLINE vi16 of_words(const void* a, const void* b, const void* c, const void* d) noexcept {
  const int32x4_t words = {load_bits(a), load_bits(b), load_bits(c), load_bits(d)};
  return {vreinterpretq_s16_s32(words)};
}
FACEIO_ALWAYS_INLINE vi16 load_i16_halves(const int16_t* p, const int16_t* q) noexcept {
  return of_words(p, p + 2, q, q + 2);
}
FACEIO_ALWAYS_INLINE vi16 widen_u8_halves(const uint8_t* p, const uint8_t* q) noexcept {
  return {int16x8_t{p[0], p[1], p[2], p[3], q[0], q[1], q[2], q[3]}};
}
FACEIO_ALWAYS_INLINE vi32 splat_i32(int32_t x) noexcept { return {vdupq_n_s32(x)}; }
FACEIO_ALWAYS_INLINE vi16 splat_i16(int16_t x) noexcept { return {vdupq_n_s16(x)}; }
FACEIO_ALWAYS_INLINE vi16 splat_pair(const int16_t* p) noexcept {
  return {vreinterpretq_s16_s32(vdupq_n_s32(load_bits(p)))};
}
FACEIO_ALWAYS_INLINE void opaque(vi32&) noexcept {}
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
  return {vpselq_s16(x.v, y.v, vcmpltq_n_s16(a.v, 0))};
}
FACEIO_ALWAYS_INLINE vi32 dot2(vi32 sum, vi16 a, vi16 b) noexcept {
  return {vaddq_s32(vaddq_s32(sum.v, vmullbq_int_s16(a.v, b.v)), vmulltq_int_s16(a.v, b.v))};
}
FACEIO_ALWAYS_INLINE void store_scaled(float* p, vi32 a, const float* scale) noexcept {
  vstrwq_f32(p, vmulq_f32(vcvtq_f32_s32(a.v), vldrwq_f32(scale)));
}
FACEIO_ALWAYS_INLINE vi16 interleave_low(vi16 a, vi16 b) noexcept {
  return {evens(vreinterpretq_u16_s16(a.v), vreinterpretq_u16_s16(b.v))};
}
FACEIO_ALWAYS_INLINE vi16 interleave_high(vi16 a, vi16 b) noexcept {
  return {odds(vreinterpretq_u16_s16(a.v), vreinterpretq_u16_s16(b.v))};
}
FACEIO_ALWAYS_INLINE vi16 pack(vi32 low, vi32 high) noexcept {
  return {vqmovntq_s32(vqmovnbq_s32(vreinterpretq_s16_s32(low.v), low.v), high.v)};
}
/// int16_t clamped to the lower bytes of their lanes.
FACEIO_ALWAYS_INLINE uint8x16_t clamped(vi16 a) noexcept { return vqmovunbq_s16(vreinterpretq_u8_s16(a.v), a.v); }
FACEIO_ALWAYS_INLINE vu8 pack_unsigned(vi16 low, vi16 high) noexcept { return {vqmovuntq_s16(clamped(low), high.v)}; }
inline constexpr int kGroupVectors = 16 / vi32::lanes;
inline constexpr int kPairVectors = 32 / vi16::lanes;

FACEIO_ALWAYS_INLINE void interleave_u8(const uint8_t* a, const uint8_t* b, vi16& low, vi16& high) noexcept {
  low = interleave_low(widen_u8(a), widen_u8(b));
  high = interleave_high(widen_u8(a), widen_u8(b));
}
FACEIO_ALWAYS_INLINE void store_halves(vu8 a, uint8_t* p, uint8_t* q) noexcept {
  const uint16x8_t both = vreinterpretq_u16_u8(a.v);
  vstrbq_u16(p, both);
  vstrbq_u16(q, vshrq_n_u16(both, 8));
}

// Groups: vectors of pairs are A0 B0 A1 B1 A2 B2 A3 B3 and so on.
FACEIO_ALWAYS_INLINE void load_pair_order(const int16_t* a, const int16_t* b, vi16 (&out)[kPairVectors]) noexcept {
  FACEIO_UNROLL
  for (int i = 0; i < kPairVectors; ++i) {
    out[i].v = evens(vreinterpretq_u16_s32(vldrhq_s32(a + 4 * i)), vreinterpretq_u16_s32(vldrhq_s32(b + 4 * i)));
  }
}
FACEIO_ALWAYS_INLINE void load_pair_order(const uint8_t* a, const uint8_t* b, vi16 (&out)[kPairVectors]) noexcept {
  FACEIO_UNROLL
  for (int i = 0; i < kPairVectors; ++i) {
    out[i].v = evens(vreinterpretq_u16_u32(vldrbq_u32(a + 4 * i)), vreinterpretq_u16_u32(vldrbq_u32(b + 4 * i)));
  }
}
FACEIO_ALWAYS_INLINE void pack_pair(const vi32 (&a)[kGroupVectors], const vi32 (&b)[kGroupVectors],
                                    vi16 (&out)[kPairVectors]) noexcept {
  FACEIO_UNROLL
  for (int i = 0; i < kPairVectors; ++i) out[i] = pack(a[i], b[i]);
}
FACEIO_ALWAYS_INLINE void store_four_wide(vi16 v, int16_t* a, int16_t* b) noexcept {
  vstrhq_s32(a, vreinterpretq_s32_s16(v.v));
  vstrhq_u32(static_cast<uint16_t*>(static_cast<void*>(b)), upper(v.v));
}
FACEIO_ALWAYS_INLINE void store_pair_wide(const vi16 (&v)[kPairVectors], int16_t* a, int16_t* b) noexcept {
  FACEIO_UNROLL
  for (int i = 0; i < kPairVectors; ++i) store_four_wide(v[i], a + 4 * i, b + 4 * i);
}
FACEIO_ALWAYS_INLINE void store_halves_wide(const vi16 (&v)[kPairVectors], const int16_t* padding, int16_t* a,
                                            int16_t* b) noexcept {
  const vi16 eight = load_i16(padding);
  FACEIO_UNROLL
  for (int i = 0; i < kPairVectors; ++i) {
    const int at = i / 2 * 16 + i % 2 * 4;
    store_four_wide(v[i], a + at, b + at);
  }
  FACEIO_UNROLL
  for (int half = 8; half < 32; half += 16) {
    store(a + half, eight);
    store(b + half, eight);
  }
}
FACEIO_ALWAYS_INLINE void store_pair(const vi16 (&v)[kPairVectors], uint8_t* a, uint8_t* b) noexcept {
  FACEIO_UNROLL
  for (int i = 0; i < kPairVectors; ++i) {
    const uint32x4_t bytes = vreinterpretq_u32_u8(clamped(v[i]));
    vstrbq_u32(a + 4 * i, bytes);
    vstrbq_u32(b + 4 * i, vshrq_n_u32(bytes, 16));
  }
}

// Units.
FACEIO_ALWAYS_INLINE void load_unit_i32(const int32_t* p, vi32& even, vi32& odd) noexcept {
  const int32x4x2_t both = vld2q_s32(p);
  even.v = both.val[0];
  odd.v = both.val[1];
}
FACEIO_ALWAYS_INLINE void store_padded_u8(vi16 v, vi16 padding, uint8_t* p) noexcept {
  vstrbq_u16(p, vreinterpretq_u16_u8(clamped(v)));
  vstrbq_u16(p + 8, vreinterpretq_u16_u8(clamped(padding)));
}

inline constexpr bool kOffsetsBytes = true;

// Sums across: four groups of one channel lie a panel's sixteen groups apart.
inline constexpr int kAcrossGroups = 4;
typedef mve_pred16_t SomeGroups;
FACEIO_ALWAYS_INLINE SomeGroups first_groups(int32_t n) noexcept { return vctp32q(static_cast<uint32_t>(n)); }
/// Addresses of four groups, less what next_weights() adds.
struct AcrossWeights {
  uint32x4_t v;
};
FACEIO_ALWAYS_INLINE AcrossWeights across_weights(const uint8_t* p) noexcept {
  constexpr uint32_t kStep = 16 * 4;  // bytes
  const auto first = static_cast<uint32_t>(reinterpret_cast<uintptr_t>(p)) - kAcrossGroups * kStep;
  return {vaddq_n_u32(uint32x4_t{0, kStep, 2 * kStep, 3 * kStep}, first)};
}
FACEIO_ALWAYS_INLINE vu8 next_weights(AcrossWeights& w, SomeGroups some) noexcept {
  return {vreinterpretq_u8_u32(vldrwq_gather_base_wb_z_u32(&w.v, kAcrossGroups * 64, some))};
}
template <int kChannel>
FACEIO_ALWAYS_INLINE vu8 weights_of(AcrossWeights w, SomeGroups some) noexcept {
  return {vreinterpretq_u8_u32(vldrwq_gather_base_z_u32(w.v, 4 * kChannel, some))};
}
template <bool kQuads>
FACEIO_ALWAYS_INLINE vu8 load_terms(const uint8_t* p, SomeGroups some) noexcept {
  const uint8x16_t bytes = vldrbq_z_u8(p, some);
  if constexpr (kQuads) return {veorq_x_u8(bytes, vdupq_n_u8(128), some)};
  return {bytes};
}
template <bool kQuads>
FACEIO_ALWAYS_INLINE int32_t dot_across(int32_t sum, vu8 a, vu8 w, SomeGroups some) noexcept {
  if constexpr (kQuads) return vmladavaq_p_s8(sum, vreinterpretq_s8_u8(a.v), vreinterpretq_s8_u8(w.v), some);
  return vmladavaq_p_s16(sum, vreinterpretq_s16_u8(a.v), vreinterpretq_s16_u8(w.v), some);
}
FACEIO_ALWAYS_INLINE int32_t add_across(int32_t sum, vu8 w, SomeGroups some) noexcept {
  return vaddvaq_p_s8(sum, vreinterpretq_s8_u8(w.v), some);
}

}  // namespace FACEIO_TARGET_NS
FACEIO_END_NAMESPACE
