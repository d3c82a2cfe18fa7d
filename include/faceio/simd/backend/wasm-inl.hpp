// WebAssembly back end: four lanes, the fixed-width operations that every engine has. Operations: vec-inl.hpp.
FACEIO_BEGIN_NAMESPACE
namespace FACEIO_TARGET_NS {

struct vf32 {
  static constexpr int lanes = 4;
  v128_t v;
};

// As on SSE: engines compile a module for CPUs with sixteen registers.
inline constexpr int kTileVectors = 4;
constexpr int tile_pixels(int) noexcept { return 2; }
inline constexpr bool kAsksAhead = false;
inline constexpr int kPlaneChannels = 4;
inline constexpr int kPlaneVectors = 2;
inline constexpr bool kShiftsLanes = false;
inline constexpr int kDepthwiseRows = 1;
inline constexpr int kDepthwisePixels = 4;

FACEIO_ALWAYS_INLINE vf32 load(const float* p) noexcept { return {wasm_v128_load(p)}; }
FACEIO_ALWAYS_INLINE void store(float* p, vf32 a) noexcept { wasm_v128_store(p, a.v); }
FACEIO_ALWAYS_INLINE vf32 load_n(const float* p, int n) noexcept {
  float lane[4] = {0.0f, 0.0f, 0.0f, 0.0f};
  for (int i = 0; i < n; ++i) lane[i] = p[i];
  return load(lane);
}
FACEIO_ALWAYS_INLINE void store_n(float* p, vf32 a, int n) noexcept {
  float lane[4];
  store(lane, a);
  for (int i = 0; i < n; ++i) p[i] = lane[i];
}
FACEIO_ALWAYS_INLINE void load_even_odd(const float* p, vf32& even, vf32& odd) noexcept {
  const v128_t low = wasm_v128_load(p), high = wasm_v128_load(p + 4);
  even.v = wasm_i32x4_shuffle(low, high, 0, 2, 4, 6);
  odd.v = wasm_i32x4_shuffle(low, high, 1, 3, 5, 7);
}
FACEIO_ALWAYS_INLINE vf32 even_odd_in_order(vf32 a) noexcept { return a; }
FACEIO_ALWAYS_INLINE vf32 in_register(vf32 a) noexcept { return a; }
FACEIO_ALWAYS_INLINE vf32 load_before(const float* p, vf32, vf32) noexcept { return load(p - 1); }
FACEIO_ALWAYS_INLINE vf32 load_behind(const float* p, vf32, vf32) noexcept { return load(p + 1); }
FACEIO_ALWAYS_INLINE vf32 zero() noexcept { return {wasm_f32x4_const_splat(0.0f)}; }
FACEIO_ALWAYS_INLINE vf32 splat(float x) noexcept { return {wasm_f32x4_splat(x)}; }
FACEIO_ALWAYS_INLINE vf32 add(vf32 a, vf32 b) noexcept { return {wasm_f32x4_add(a.v, b.v)}; }
FACEIO_ALWAYS_INLINE vf32 sub(vf32 a, vf32 b) noexcept { return {wasm_f32x4_sub(a.v, b.v)}; }
FACEIO_ALWAYS_INLINE vf32 mul(vf32 a, vf32 b) noexcept { return {wasm_f32x4_mul(a.v, b.v)}; }
FACEIO_ALWAYS_INLINE vf32 div(vf32 a, vf32 b) noexcept { return {wasm_f32x4_div(a.v, b.v)}; }
// pmin(x, y) is y < x ? y : x.
FACEIO_ALWAYS_INLINE vf32 min(vf32 a, vf32 b) noexcept { return {wasm_f32x4_pmin(b.v, a.v)}; }
FACEIO_ALWAYS_INLINE vf32 max(vf32 a, vf32 b) noexcept { return {wasm_f32x4_pmax(b.v, a.v)}; }
FACEIO_ALWAYS_INLINE vf32 sqrt(vf32 a) noexcept { return {wasm_f32x4_sqrt(a.v)}; }
FACEIO_ALWAYS_INLINE vf32 abs(vf32 a) noexcept { return {wasm_f32x4_abs(a.v)}; }
FACEIO_ALWAYS_INLINE vf32 fma(vf32 a, vf32 b, vf32 c) noexcept { return add(mul(a, b), c); }
FACEIO_ALWAYS_INLINE vf32 fnma(vf32 a, vf32 b, vf32 c) noexcept { return sub(c, mul(a, b)); }
FACEIO_ALWAYS_INLINE vf32 select_gt(vf32 a, vf32 b, vf32 x, vf32 y) noexcept {
  return {wasm_v128_bitselect(x.v, y.v, wasm_f32x4_gt(a.v, b.v))};
}
FACEIO_ALWAYS_INLINE bool any_gt(vf32 a, vf32 b) noexcept { return wasm_v128_any_true(wasm_f32x4_gt(a.v, b.v)); }
FACEIO_ALWAYS_INLINE vf32 round_nearest(vf32 a) noexcept { return {wasm_f32x4_nearest(a.v)}; }
FACEIO_ALWAYS_INLINE v128_t to_i32(vf32 a) noexcept { return wasm_i32x4_trunc_sat_f32x4(wasm_f32x4_nearest(a.v)); }
FACEIO_ALWAYS_INLINE vf32 pow2(vf32 n) noexcept {
  return {wasm_i32x4_shl(wasm_i32x4_add(to_i32(n), wasm_i32x4_const_splat(127)), 23)};
}

/// Bytes that fill lanes of 32 bits, to floats.
FACEIO_ALWAYS_INLINE vf32 to_floats(v128_t lanes) noexcept { return {wasm_f32x4_convert_i32x4(lanes)}; }
FACEIO_ALWAYS_INLINE vf32 load_u8(const uint8_t* p) noexcept {
  return to_floats(wasm_u32x4_extend_low_u16x8(wasm_u16x8_extend_low_u8x16(wasm_v128_load32_zero(p))));
}
/// Byte kByte of each lane.
template <int kByte>
FACEIO_ALWAYS_INLINE vf32 byte_of(v128_t quads) noexcept {
  const v128_t shifted = kByte == 0 ? quads : wasm_u32x4_shr(quads, 8 * kByte);
  return to_floats(kByte == 3 ? shifted : wasm_v128_and(shifted, wasm_i32x4_const_splat(255)));
}
FACEIO_ALWAYS_INLINE void load_u8x2(const uint8_t* p, vf32& a, vf32& b) noexcept {
  const v128_t pairs = wasm_u32x4_load16x4(p);
  a = byte_of<0>(pairs);
  b = byte_of<1>(pairs);
}
FACEIO_ALWAYS_INLINE void load_u8x3(const uint8_t* p, vf32& a, vf32& b, vf32& c) noexcept {
  // Bytes 0 to 7 and 4 to 11; byte 8 of each vector is zero.
  const v128_t low = wasm_v128_load64_zero(p), high = wasm_v128_load64_zero(p + 4);
  a = to_floats(wasm_i8x16_shuffle(low, high, 0, 8, 8, 8, 3, 8, 8, 8, 6, 8, 8, 8, 21, 8, 8, 8));
  b = to_floats(wasm_i8x16_shuffle(low, high, 1, 8, 8, 8, 4, 8, 8, 8, 7, 8, 8, 8, 22, 8, 8, 8));
  c = to_floats(wasm_i8x16_shuffle(low, high, 2, 8, 8, 8, 5, 8, 8, 8, 20, 8, 8, 8, 23, 8, 8, 8));
}
FACEIO_ALWAYS_INLINE void load_u8x4(const uint8_t* p, vf32& a, vf32& b, vf32& c, vf32& d) noexcept {
  const v128_t quads = wasm_v128_load(p);
  a = byte_of<0>(quads);
  b = byte_of<1>(quads);
  c = byte_of<2>(quads);
  d = byte_of<3>(quads);
}
/// Three bytes of each eight from byte 0 on, and three from byte `step` on; lanes 0 and 1, 2 and 3.
FACEIO_ALWAYS_INLINE void split_u8x8(v128_t first, v128_t second, int step, vf32 (&a)[3], vf32 (&b)[3]) noexcept {
  const auto shift = static_cast<uint32_t>(8 * step);
  const v128_t heads = wasm_i32x4_shuffle(first, second, 0, 2, 4, 6);
  const v128_t tails = wasm_i32x4_shuffle(wasm_u64x2_shr(first, shift), wasm_u64x2_shr(second, shift), 0, 2, 4, 6);
  a[0] = byte_of<0>(heads);
  a[1] = byte_of<1>(heads);
  a[2] = byte_of<2>(heads);
  b[0] = byte_of<0>(tails);
  b[1] = byte_of<1>(tails);
  b[2] = byte_of<2>(tails);
}
FACEIO_ALWAYS_INLINE void load_u8x8(const uint8_t* p, int step, vf32 (&a)[3], vf32 (&b)[3]) noexcept {
  split_u8x8(wasm_v128_load(p), wasm_v128_load(p + 16), step, a, b);
}
FACEIO_ALWAYS_INLINE v128_t load_two(const uint8_t* p, const uint8_t* q) noexcept {
  return wasm_v128_load64_lane(q, wasm_v128_load64_zero(p), 1);
}
FACEIO_ALWAYS_INLINE void load_u8x8_at(const uint8_t* p, const int32_t* offsets, int step, vf32 (&a)[3],
                                       vf32 (&b)[3]) noexcept {
  split_u8x8(load_two(p + offsets[0], p + offsets[1]), load_two(p + offsets[2], p + offsets[3]), step, a, b);
}
FACEIO_ALWAYS_INLINE v128_t load_four_at(const uint8_t* p, const int32_t* at) noexcept {
  v128_t quads = wasm_v128_load32_zero(p + at[0]);
  quads = wasm_v128_load32_lane(p + at[1], quads, 1);
  quads = wasm_v128_load32_lane(p + at[2], quads, 2);
  return wasm_v128_load32_lane(p + at[3], quads, 3);
}
FACEIO_ALWAYS_INLINE void load_u8x2_at(const uint8_t* p, int32_t, const int32_t* offsets, vf32& a, vf32& b) noexcept {
  const v128_t quads = load_four_at(p, offsets);
  a = byte_of<0>(quads);
  b = byte_of<1>(quads);
}
FACEIO_ALWAYS_INLINE void load_u8x4_at(const uint8_t* p, int32_t, const int32_t* offsets, vf32& a, vf32& b, vf32& c,
                                       vf32& d) noexcept {
  const v128_t quads = load_four_at(p, offsets);
  a = byte_of<0>(quads);
  b = byte_of<1>(quads);
  c = byte_of<2>(quads);
  d = byte_of<3>(quads);
}
FACEIO_ALWAYS_INLINE void twice(vf32 pairs, vf32& a, vf32& b) noexcept {
  a.v = wasm_i32x4_shuffle(pairs.v, pairs.v, 0, 0, 2, 2);
  b.v = wasm_i32x4_shuffle(pairs.v, pairs.v, 1, 1, 3, 3);
}
FACEIO_ALWAYS_INLINE void load_u8x2_twice(const uint8_t* p, vf32& a, vf32& b) noexcept { twice(load_u8(p), a, b); }
FACEIO_ALWAYS_INLINE void load_u8x4_twice(const uint8_t* p, vf32& b, vf32& d) noexcept {
  vf32 even, odd;
  load_u8x2(p, even, odd);
  twice(odd, b, d);
}
FACEIO_ALWAYS_INLINE void interleave3(vf32 a, vf32 b, vf32 c, vf32 (&out)[3]) noexcept {
  const v128_t ab = wasm_i32x4_shuffle(a.v, b.v, 0, 4, 1, 1);
  const v128_t bc = wasm_i32x4_shuffle(b.v, c.v, 1, 5, 2, 2);
  const v128_t ca = wasm_i32x4_shuffle(c.v, a.v, 2, 7, 3, 3);
  out[0].v = wasm_i32x4_shuffle(ab, c.v, 0, 1, 4, 2);
  out[1].v = wasm_i32x4_shuffle(bc, a.v, 0, 1, 6, 2);
  out[2].v = wasm_i32x4_shuffle(ca, b.v, 0, 1, 7, 2);
}
FACEIO_ALWAYS_INLINE void store_u8x3(uint8_t* p, vf32 a, vf32 b, vf32 c) noexcept {
  const v128_t second = wasm_i32x4_shl(to_i32(b), 8), third = wasm_i32x4_shl(to_i32(c), 16);
  const v128_t quads = wasm_v128_or(to_i32(a), wasm_v128_or(second, third));
  const v128_t bytes = wasm_i8x16_shuffle(quads, quads, 0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 0, 0, 0, 0);
  wasm_v128_store64_lane(p, bytes, 0);
  wasm_v128_store32_lane(p + 8, bytes, 2);
}

}  // namespace FACEIO_TARGET_NS
FACEIO_END_NAMESPACE
