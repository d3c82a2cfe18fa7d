// WebAssembly integer back end: 128 bits. Operations: int-inl.hpp.
FACEIO_BEGIN_NAMESPACE
namespace FACEIO_TARGET_NS {

/// Register tile of the products of Winograd's algorithm: positions, blocks. A panel is the third side.
inline constexpr int kWinogradTilePositions = 1, kWinogradTileBlocks = 3;
inline constexpr int kWinogradBlocks = 6;  // transformed together

struct vi32 {
  static constexpr int lanes = 4;
  v128_t v;
};
struct vi16 {
  static constexpr int lanes = 8;
  v128_t v;
};
struct vu8 {
  static constexpr int lanes = 16;
  v128_t v;
};
inline constexpr int kTilePanels = 1;
constexpr int tile_pixels(int) noexcept { return 2; }

FACEIO_ALWAYS_INLINE vi32 load_i32(const int32_t* p) noexcept { return {wasm_v128_load(p)}; }
FACEIO_ALWAYS_INLINE vi16 load_i16(const int16_t* p) noexcept { return {wasm_v128_load(p)}; }
FACEIO_ALWAYS_INLINE vi16 load_i16_halves(const int16_t* p, const int16_t* q) noexcept {
  return {wasm_v128_load64_lane(q, wasm_v128_load64_zero(p), 1)};
}
FACEIO_ALWAYS_INLINE vu8 load_u8(const void* p) noexcept { return {wasm_v128_load(p)}; }
FACEIO_ALWAYS_INLINE void store(int32_t* p, vi32 a) noexcept { wasm_v128_store(p, a.v); }
FACEIO_ALWAYS_INLINE void store(int16_t* p, vi16 a) noexcept { wasm_v128_store(p, a.v); }
FACEIO_ALWAYS_INLINE void store(uint8_t* p, vu8 a) noexcept { wasm_v128_store(p, a.v); }
FACEIO_ALWAYS_INLINE vi16 widen_u8(const uint8_t* p) noexcept { return {wasm_u16x8_load8x8(p)}; }
FACEIO_ALWAYS_INLINE vi16 widen_u8_halves(const uint8_t* p, const uint8_t* q) noexcept {
  return {wasm_u16x8_extend_low_u8x16(wasm_v128_load32_lane(q, wasm_v128_load32_zero(p), 1))};
}
FACEIO_ALWAYS_INLINE vi32 splat_i32(int32_t x) noexcept { return {wasm_i32x4_splat(x)}; }
FACEIO_ALWAYS_INLINE vi16 splat_i16(int16_t x) noexcept { return {wasm_i16x8_splat(x)}; }
FACEIO_ALWAYS_INLINE vi16 splat_pair(const int16_t* p) noexcept { return {wasm_v128_load32_splat(p)}; }
FACEIO_ALWAYS_INLINE void opaque(vi32&) noexcept {}  // a WebAssembly compiler assigns no registers
FACEIO_ALWAYS_INLINE vi32 add(vi32 a, vi32 b) noexcept { return {wasm_i32x4_add(a.v, b.v)}; }
FACEIO_ALWAYS_INLINE vi32 sub(vi32 a, vi32 b) noexcept { return {wasm_i32x4_sub(a.v, b.v)}; }
FACEIO_ALWAYS_INLINE vi16 add(vi16 a, vi16 b) noexcept { return {wasm_i16x8_add(a.v, b.v)}; }
FACEIO_ALWAYS_INLINE vi16 sub(vi16 a, vi16 b) noexcept { return {wasm_i16x8_sub(a.v, b.v)}; }
FACEIO_ALWAYS_INLINE vi16 add_saturating(vi16 a, vi16 b) noexcept { return {wasm_i16x8_add_sat(a.v, b.v)}; }
FACEIO_ALWAYS_INLINE vi32 multiply_low(vi32 a, vi32 b) noexcept { return {wasm_i32x4_mul(a.v, b.v)}; }
FACEIO_ALWAYS_INLINE vi16 multiply_rounded(vi16 a, vi16 b) noexcept { return {wasm_i16x8_q15mulr_sat(a.v, b.v)}; }
template <int kCount>
FACEIO_ALWAYS_INLINE vi32 shift_left(vi32 a) noexcept {
  return {wasm_i32x4_shl(a.v, kCount)};
}
template <int kCount>
FACEIO_ALWAYS_INLINE vi16 shift_left(vi16 a) noexcept {
  return {wasm_i16x8_shl(a.v, kCount)};
}
template <int kCount>
FACEIO_ALWAYS_INLINE vi32 shift_right(vi32 a) noexcept {
  return {wasm_i32x4_shr(a.v, kCount)};
}
template <int kCount>
FACEIO_ALWAYS_INLINE vi16 shift_right(vi16 a) noexcept {
  return {wasm_i16x8_shr(a.v, kCount)};
}
/// Count of a lane: a shift takes it modulo 32, but 32 and more leave the sign.
FACEIO_ALWAYS_INLINE int32_t at_most_31(int32_t n) noexcept { return n < 31 ? n : 31; }
FACEIO_ALWAYS_INLINE vi32 shift_right(vi32 a, vi32 n) noexcept {
  // A shift has one count for all lanes.
  const v128_t v0 = wasm_i32x4_shr(a.v, static_cast<uint32_t>(at_most_31(wasm_i32x4_extract_lane(n.v, 0))));
  const v128_t v1 = wasm_i32x4_shr(a.v, static_cast<uint32_t>(at_most_31(wasm_i32x4_extract_lane(n.v, 1))));
  const v128_t v2 = wasm_i32x4_shr(a.v, static_cast<uint32_t>(at_most_31(wasm_i32x4_extract_lane(n.v, 2))));
  const v128_t v3 = wasm_i32x4_shr(a.v, static_cast<uint32_t>(at_most_31(wasm_i32x4_extract_lane(n.v, 3))));
  return {wasm_i32x4_shuffle(wasm_i32x4_shuffle(v0, v1, 0, 5, 0, 5), wasm_i32x4_shuffle(v2, v3, 2, 7, 2, 7), 0, 1, 4, 5)};
}
FACEIO_ALWAYS_INLINE vi16 min(vi16 a, vi16 b) noexcept { return {wasm_i16x8_min(a.v, b.v)}; }
FACEIO_ALWAYS_INLINE vi16 max(vi16 a, vi16 b) noexcept { return {wasm_i16x8_max(a.v, b.v)}; }
FACEIO_ALWAYS_INLINE vi16 select_negative(vi16 a, vi16 x, vi16 y) noexcept {
  return {wasm_v128_bitselect(x.v, y.v, wasm_i16x8_shr(a.v, 15))};
}
FACEIO_ALWAYS_INLINE vi32 dot2(vi32 sum, vi16 a, vi16 b) noexcept {
  return {wasm_i32x4_add(sum.v, wasm_i32x4_dot_i16x8(a.v, b.v))};
}
FACEIO_ALWAYS_INLINE vi32 dot4(vi32 sum, vu8 a, vu8 w) noexcept {
  // Even and odd bytes, in sixteen bits each: a lane is two of the four products.
  const v128_t even = wasm_i16x8_mul(wasm_v128_and(a.v, wasm_i16x8_splat(255)), wasm_i16x8_shr(wasm_i16x8_shl(w.v, 8), 8));
  const v128_t odd = wasm_i16x8_mul(wasm_u16x8_shr(a.v, 8), wasm_i16x8_shr(w.v, 8));
  return {wasm_i32x4_add(sum.v, wasm_i32x4_extadd_pairwise_i16x8(wasm_i16x8_add(even, odd)))};
}
FACEIO_ALWAYS_INLINE vu8 splat_group(const void* p) noexcept { return {wasm_v128_load32_splat(p)}; }
template <bool kQuads>
FACEIO_ALWAYS_INLINE vi32 dot_group(vi32 sum, vu8 a, vu8 w) noexcept {
  if constexpr (kQuads) return dot4(sum, a, w);
  return dot2(sum, vi16{a.v}, vi16{w.v});
}
FACEIO_ALWAYS_INLINE void store_scaled(float* p, vi32 a, const float* scale) noexcept {
  wasm_v128_store(p, wasm_f32x4_mul(wasm_f32x4_convert_i32x4(a.v), wasm_v128_load(scale)));
}
FACEIO_ALWAYS_INLINE vi16 interleave_low(vi16 a, vi16 b) noexcept {
  return {wasm_i16x8_shuffle(a.v, b.v, 0, 8, 1, 9, 2, 10, 3, 11)};
}
FACEIO_ALWAYS_INLINE vi16 interleave_high(vi16 a, vi16 b) noexcept {
  return {wasm_i16x8_shuffle(a.v, b.v, 4, 12, 5, 13, 6, 14, 7, 15)};
}
FACEIO_ALWAYS_INLINE vi16 pack(vi32 low, vi32 high) noexcept { return {wasm_i16x8_narrow_i32x4(low.v, high.v)}; }
FACEIO_ALWAYS_INLINE vu8 pack_unsigned(vi16 low, vi16 high) noexcept { return {wasm_u8x16_narrow_i16x8(low.v, high.v)}; }
inline constexpr int kGroupVectors = 16 / vi32::lanes;
inline constexpr int kPairVectors = 32 / vi16::lanes;

FACEIO_ALWAYS_INLINE void interleave_u8(const uint8_t* a, const uint8_t* b, vi16& low, vi16& high) noexcept {
  const vi16 x = widen_u8(a), y = widen_u8(b);
  low = interleave_low(x, y);
  high = interleave_high(x, y);
}
FACEIO_ALWAYS_INLINE void store_halves(vu8 a, uint8_t* p, uint8_t* q) noexcept {
  wasm_v128_store64_lane(p, a.v, 0);
  wasm_v128_store64_lane(q, a.v, 1);
}

}  // namespace FACEIO_TARGET_NS
FACEIO_END_NAMESPACE
