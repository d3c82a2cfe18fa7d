// Four lanes in the vector types of clang, which it turns into RISC-V V, whatever the length of the registers, or
// Helium. Operations: vec-inl.hpp.
FACEIO_BEGIN_NAMESPACE
namespace FACEIO_TARGET_NS {

typedef float f32x4 __attribute__((vector_size(16)));
typedef int32_t i32x4 __attribute__((vector_size(16)));
typedef uint8_t u8x4 __attribute__((vector_size(4)));
typedef uint8_t u8x8 __attribute__((vector_size(8)));
typedef uint8_t u8x16 __attribute__((vector_size(16)));

struct vf32 {
  static constexpr int lanes = 4;
  f32x4 v;
};

#if FACEIO_HELIUM
// Eight registers: 3 x 2 accumulators and two weights; inputs are integer registers.
inline constexpr int kTileVectors = 2;
constexpr int tile_pixels(int) noexcept { return 3; }
inline constexpr int kPlaneChannels = 2;
inline constexpr int kPlaneVectors = 1;
inline constexpr int kDepthwisePixels = 2;
#else
// Thirty-two registers: 6 x 4 accumulators, four weights and an input.
inline constexpr int kTileVectors = 4;
constexpr int tile_pixels(int vectors) noexcept { return vectors == 1 ? 12 : 6; }
inline constexpr int kPlaneChannels = 8;
inline constexpr int kPlaneVectors = 2;
inline constexpr int kDepthwisePixels = 4;
#endif
inline constexpr bool kAsksAhead = false;
inline constexpr bool kShiftsLanes = false;
inline constexpr int kDepthwiseRows = 1;

/// A vector of any type from memory of any alignment.
template <class Vector>
FACEIO_ALWAYS_INLINE Vector from_bytes(const void* p) noexcept {
  Vector v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}
FACEIO_ALWAYS_INLINE f32x4 load_floats(const float* p) noexcept {
  typedef float elements __attribute__((vector_size(16), aligned(4), may_alias));
  return *static_cast<const elements*>(static_cast<const void*>(p));
}
FACEIO_ALWAYS_INLINE void store_floats(float* p, f32x4 v) noexcept {
  typedef float elements __attribute__((vector_size(16), aligned(4), may_alias));
  *static_cast<elements*>(static_cast<void*>(p)) = v;
}

FACEIO_ALWAYS_INLINE vf32 load(const float* p) noexcept { return {load_floats(p)}; }
FACEIO_ALWAYS_INLINE void store(float* p, vf32 a) noexcept { store_floats(p, a.v); }
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
  const f32x4 low = load_floats(p), high = load_floats(p + 4);
  even.v = __builtin_shufflevector(low, high, 0, 2, 4, 6);
  odd.v = __builtin_shufflevector(low, high, 1, 3, 5, 7);
}
FACEIO_ALWAYS_INLINE vf32 even_odd_in_order(vf32 a) noexcept { return a; }
FACEIO_ALWAYS_INLINE vf32 in_register(vf32 a) noexcept { return a; }  // operands come from registers alone
FACEIO_ALWAYS_INLINE vf32 load_before(const float* p, vf32, vf32) noexcept { return load(p - 1); }
FACEIO_ALWAYS_INLINE vf32 load_behind(const float* p, vf32, vf32) noexcept { return load(p + 1); }
FACEIO_ALWAYS_INLINE vf32 splat(float x) noexcept { return {f32x4{x, x, x, x}}; }
FACEIO_ALWAYS_INLINE vf32 zero() noexcept { return splat(0.0f); }
FACEIO_ALWAYS_INLINE vf32 add(vf32 a, vf32 b) noexcept { return {a.v + b.v}; }
FACEIO_ALWAYS_INLINE vf32 sub(vf32 a, vf32 b) noexcept { return {a.v - b.v}; }
FACEIO_ALWAYS_INLINE vf32 mul(vf32 a, vf32 b) noexcept { return {a.v * b.v}; }
FACEIO_ALWAYS_INLINE vf32 div(vf32 a, vf32 b) noexcept { return {a.v / b.v}; }
FACEIO_ALWAYS_INLINE vf32 select_gt(vf32 a, vf32 b, vf32 x, vf32 y) noexcept { return {a.v > b.v ? x.v : y.v}; }
FACEIO_ALWAYS_INLINE vf32 min(vf32 a, vf32 b) noexcept { return select_gt(b, a, a, b); }
FACEIO_ALWAYS_INLINE vf32 max(vf32 a, vf32 b) noexcept { return select_gt(a, b, a, b); }
FACEIO_ALWAYS_INLINE vf32 sqrt(vf32 a) noexcept { return {__builtin_elementwise_sqrt(a.v)}; }
FACEIO_ALWAYS_INLINE vf32 abs(vf32 a) noexcept { return {__builtin_elementwise_abs(a.v)}; }
FACEIO_ALWAYS_INLINE vf32 fma(vf32 a, vf32 b, vf32 c) noexcept { return {__builtin_elementwise_fma(a.v, b.v, c.v)}; }
FACEIO_ALWAYS_INLINE vf32 fnma(vf32 a, vf32 b, vf32 c) noexcept { return {__builtin_elementwise_fma(-a.v, b.v, c.v)}; }
FACEIO_ALWAYS_INLINE bool any_gt(vf32 a, vf32 b) noexcept { return __builtin_reduce_or(i32x4(a.v > b.v)) != 0; }
FACEIO_ALWAYS_INLINE vf32 round_nearest(vf32 a) noexcept {
#if FACEIO_HELIUM
  // clang 19 has no instruction for the builtin. Sums of this size have no fraction left.
  const vf32 large = splat(12582912.0f);  // 1.5 * 2^23
  return sub(add(a, large), large);
#else
  return {__builtin_elementwise_roundeven(a.v)};
#endif
}
FACEIO_ALWAYS_INLINE i32x4 to_i32(vf32 a) noexcept { return __builtin_convertvector(round_nearest(a).v, i32x4); }
FACEIO_ALWAYS_INLINE vf32 pow2(vf32 n) noexcept { return {f32x4((to_i32(n) + 127) << 23)}; }

FACEIO_ALWAYS_INLINE vf32 to_floats(u8x4 bytes) noexcept {
  return {__builtin_convertvector(__builtin_convertvector(bytes, i32x4), f32x4)};
}
FACEIO_ALWAYS_INLINE vf32 load_u8(const uint8_t* p) noexcept { return to_floats(from_bytes<u8x4>(p)); }
FACEIO_ALWAYS_INLINE void load_u8x2(const uint8_t* p, vf32& a, vf32& b) noexcept {
  const auto bytes = from_bytes<u8x8>(p);
  a = to_floats(__builtin_shufflevector(bytes, bytes, 0, 2, 4, 6));
  b = to_floats(__builtin_shufflevector(bytes, bytes, 1, 3, 5, 7));
}
FACEIO_ALWAYS_INLINE void load_u8x3(const uint8_t* p, vf32& a, vf32& b, vf32& c) noexcept {
  // Bytes 0 to 7, and 4 to 11 as 8 to 15.
  const auto low = from_bytes<u8x8>(p), high = from_bytes<u8x8>(p + 4);
  a = to_floats(__builtin_shufflevector(low, high, 0, 3, 6, 13));
  b = to_floats(__builtin_shufflevector(low, high, 1, 4, 7, 14));
  c = to_floats(__builtin_shufflevector(low, high, 2, 5, 12, 15));
}
FACEIO_ALWAYS_INLINE void split_u8x4(u8x16 bytes, vf32& a, vf32& b, vf32& c, vf32& d) noexcept {
  a = to_floats(__builtin_shufflevector(bytes, bytes, 0, 4, 8, 12));
  b = to_floats(__builtin_shufflevector(bytes, bytes, 1, 5, 9, 13));
  c = to_floats(__builtin_shufflevector(bytes, bytes, 2, 6, 10, 14));
  d = to_floats(__builtin_shufflevector(bytes, bytes, 3, 7, 11, 15));
}
FACEIO_ALWAYS_INLINE void load_u8x4(const uint8_t* p, vf32& a, vf32& b, vf32& c, vf32& d) noexcept {
  split_u8x4(from_bytes<u8x16>(p), a, b, c, d);
}
FACEIO_ALWAYS_INLINE vf32 bytes_at(const uint8_t* p, const int32_t* at, int offset) noexcept {
  return to_floats(u8x4{p[at[0] + offset], p[at[1] + offset], p[at[2] + offset], p[at[3] + offset]});
}
FACEIO_ALWAYS_INLINE void load_u8x8_at(const uint8_t* p, const int32_t* offsets, int step, vf32 (&a)[3],
                                       vf32 (&b)[3]) noexcept {
  FACEIO_UNROLL
  for (int c = 0; c < 3; ++c) {
    a[c] = bytes_at(p, offsets, c);
    b[c] = bytes_at(p, offsets, step + c);
  }
}
FACEIO_ALWAYS_INLINE void load_u8x8(const uint8_t* p, int step, vf32 (&a)[3], vf32 (&b)[3]) noexcept {
  constexpr int32_t kOffsets[4] = {0, 8, 16, 24};
  load_u8x8_at(p, kOffsets, step, a, b);
}
FACEIO_ALWAYS_INLINE void load_u8x2_at(const uint8_t* p, int32_t, const int32_t* offsets, vf32& a, vf32& b) noexcept {
  a = bytes_at(p, offsets, 0);
  b = bytes_at(p, offsets, 1);
}
FACEIO_ALWAYS_INLINE void load_u8x4_at(const uint8_t* p, int32_t, const int32_t* offsets, vf32& a, vf32& b, vf32& c,
                                       vf32& d) noexcept {
  a = bytes_at(p, offsets, 0);
  b = bytes_at(p, offsets, 1);
  c = bytes_at(p, offsets, 2);
  d = bytes_at(p, offsets, 3);
}
FACEIO_ALWAYS_INLINE void twice(vf32 pairs, vf32& a, vf32& b) noexcept {
  a.v = __builtin_shufflevector(pairs.v, pairs.v, 0, 0, 2, 2);
  b.v = __builtin_shufflevector(pairs.v, pairs.v, 1, 1, 3, 3);
}
FACEIO_ALWAYS_INLINE void load_u8x2_twice(const uint8_t* p, vf32& a, vf32& b) noexcept { twice(load_u8(p), a, b); }
FACEIO_ALWAYS_INLINE void load_u8x4_twice(const uint8_t* p, vf32& b, vf32& d) noexcept {
  vf32 even, odd;
  load_u8x2(p, even, odd);
  twice(odd, b, d);
}
FACEIO_ALWAYS_INLINE void interleave3(vf32 a, vf32 b, vf32 c, vf32 (&out)[3]) noexcept {
  const f32x4 ab = __builtin_shufflevector(a.v, b.v, 0, 4, 1, 1);
  const f32x4 bc = __builtin_shufflevector(b.v, c.v, 1, 5, 2, 2);
  const f32x4 ca = __builtin_shufflevector(c.v, a.v, 2, 7, 3, 3);
  out[0].v = __builtin_shufflevector(ab, c.v, 0, 1, 4, 2);
  out[1].v = __builtin_shufflevector(bc, a.v, 0, 1, 6, 2);
  out[2].v = __builtin_shufflevector(ca, b.v, 0, 1, 7, 2);
}
FACEIO_ALWAYS_INLINE void store_u8x3(uint8_t* p, vf32 a, vf32 b, vf32 c) noexcept {
  const auto x = u8x16(to_i32(a) | to_i32(b) << 8 | to_i32(c) << 16);
  const u8x16 bytes = __builtin_shufflevector(x, x, 0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 0, 0, 0, 0);
  __builtin_memcpy(p, &bytes, 12);
}

}  // namespace FACEIO_TARGET_NS
FACEIO_END_NAMESPACE
