// Scalar back end: one lane, separate multiply and add. The operations are listed in vec-inl.hpp.
FACEIO_BEGIN_NAMESPACE
namespace FACEIO_TARGET_NS {

struct vf32 {
  static constexpr int lanes = 1;
  float v;
};

inline constexpr int kTileVectors = 8;
constexpr int tile_pixels(int) noexcept { return 1; }
inline constexpr bool kAsksAhead = false;
inline constexpr int kPlaneChannels = 4;
inline constexpr int kPlaneVectors = 2;
inline constexpr bool kShiftsLanes = false;
inline constexpr int kDepthwiseRows = 1;
inline constexpr int kDepthwisePixels = 4;

FACEIO_ALWAYS_INLINE vf32 load(const float* p) noexcept { return {*p}; }
FACEIO_ALWAYS_INLINE void store(float* p, vf32 a) noexcept { *p = a.v; }
FACEIO_ALWAYS_INLINE vf32 load_n(const float* p, int n) noexcept { return {n > 0 ? *p : 0.0f}; }
FACEIO_ALWAYS_INLINE void store_n(float* p, vf32 a, int n) noexcept {
  if (n > 0) *p = a.v;
}
FACEIO_ALWAYS_INLINE void load_even_odd(const float* p, vf32& even, vf32& odd) noexcept {
  even = {p[0]};
  odd = {p[1]};
}
FACEIO_ALWAYS_INLINE vf32 even_odd_in_order(vf32 a) noexcept { return a; }
FACEIO_ALWAYS_INLINE vf32 in_register(vf32 a) noexcept { return a; }
FACEIO_ALWAYS_INLINE vf32 load_before(const float* p, vf32, vf32) noexcept {
  return in_register(load(p - 1));
}
FACEIO_ALWAYS_INLINE vf32 load_behind(const float* p, vf32, vf32) noexcept {
  return in_register(load(p + 1));
}
FACEIO_ALWAYS_INLINE vf32 zero() noexcept { return {0.0f}; }
FACEIO_ALWAYS_INLINE vf32 splat(float x) noexcept { return {x}; }
FACEIO_ALWAYS_INLINE vf32 add(vf32 a, vf32 b) noexcept { return {a.v + b.v}; }
FACEIO_ALWAYS_INLINE vf32 sub(vf32 a, vf32 b) noexcept { return {a.v - b.v}; }
FACEIO_ALWAYS_INLINE vf32 mul(vf32 a, vf32 b) noexcept {
  float product = a.v * b.v;
  FACEIO_ROUNDED(FACEIO_FLOAT_REGISTER, product);
  return {product};
}
FACEIO_ALWAYS_INLINE vf32 div(vf32 a, vf32 b) noexcept { return {a.v / b.v}; }
FACEIO_ALWAYS_INLINE vf32 min(vf32 a, vf32 b) noexcept { return {a.v < b.v ? a.v : b.v}; }
FACEIO_ALWAYS_INLINE vf32 max(vf32 a, vf32 b) noexcept { return {a.v > b.v ? a.v : b.v}; }
FACEIO_ALWAYS_INLINE vf32 sqrt(vf32 a) noexcept { return {FACEIO_SQRT(a.v)}; }
FACEIO_ALWAYS_INLINE vf32 abs(vf32 a) noexcept { return {__builtin_fabsf(a.v)}; }
FACEIO_ALWAYS_INLINE vf32 fma(vf32 a, vf32 b, vf32 c) noexcept { return add(mul(a, b), c); }
FACEIO_ALWAYS_INLINE vf32 fnma(vf32 a, vf32 b, vf32 c) noexcept { return sub(c, mul(a, b)); }
FACEIO_ALWAYS_INLINE vf32 select_gt(vf32 a, vf32 b, vf32 x, vf32 y) noexcept {
  return {a.v > b.v ? x.v : y.v};
}
FACEIO_ALWAYS_INLINE bool any_gt(vf32 a, vf32 b) noexcept { return a.v > b.v; }

// Adding 1.5 * 2^23 leaves no fraction bits, so the addition itself rounds to nearest even.
FACEIO_ALWAYS_INLINE vf32 round_nearest(vf32 a) noexcept {
  const float shifted = a.v + 12582912.0f;
  return {shifted - 12582912.0f};
}
FACEIO_ALWAYS_INLINE vf32 pow2(vf32 n) noexcept {
  const uint32_t bits = static_cast<uint32_t>(static_cast<int32_t>(n.v) + 127) << 23;
  vf32 result;
  __builtin_memcpy(&result.v, &bits, sizeof bits);
  return result;
}
FACEIO_ALWAYS_INLINE vf32 load_u8(const uint8_t* p) noexcept { return {static_cast<float>(*p)}; }

FACEIO_ALWAYS_INLINE void load_u8x2(const uint8_t* p, vf32& a, vf32& b) noexcept {
  a = load_u8(p);
  b = load_u8(p + 1);
}
FACEIO_ALWAYS_INLINE void load_u8x3(const uint8_t* p, vf32& a, vf32& b, vf32& c) noexcept {
  a.v = static_cast<float>(p[0]);
  b.v = static_cast<float>(p[1]);
  c.v = static_cast<float>(p[2]);
}
FACEIO_ALWAYS_INLINE void load_u8x4(const uint8_t* p, vf32& a, vf32& b, vf32& c,
                                    vf32& d) noexcept {
  a = load_u8(p);
  b = load_u8(p + 1);
  c = load_u8(p + 2);
  d = load_u8(p + 3);
}
FACEIO_ALWAYS_INLINE void load_u8x8(const uint8_t* p, int step, vf32 (&a)[3],
                                    vf32 (&b)[3]) noexcept {
  FACEIO_UNROLL
  for (int c = 0; c < 3; ++c) {
    a[c] = load_u8(p + c);
    b[c] = load_u8(p + step + c);
  }
}
FACEIO_ALWAYS_INLINE void load_u8x8_at(const uint8_t* p, const int32_t* offsets, int step,
                                       vf32 (&a)[3], vf32 (&b)[3]) noexcept {
  load_u8x8(p + *offsets, step, a, b);
}
FACEIO_ALWAYS_INLINE void load_u8x2_at(const uint8_t* p, int32_t, const int32_t* offsets, vf32& a,
                                       vf32& b) noexcept {
  load_u8x2(p + *offsets, a, b);
}
FACEIO_ALWAYS_INLINE void load_u8x4_at(const uint8_t* p, int32_t, const int32_t* offsets, vf32& a,
                                       vf32& b, vf32& c, vf32& d) noexcept {
  load_u8x4(p + *offsets, a, b, c, d);
}
FACEIO_ALWAYS_INLINE void load_u8x2_twice(const uint8_t* p, vf32& a, vf32& b) noexcept {
  load_u8x2(p, a, b);
}
FACEIO_ALWAYS_INLINE void load_u8x4_twice(const uint8_t* p, vf32& b, vf32& d) noexcept {
  b = load_u8(p + 1);
  d = load_u8(p + 3);
}
FACEIO_ALWAYS_INLINE void interleave3(vf32 a, vf32 b, vf32 c, vf32 (&out)[3]) noexcept {
  out[0] = a;
  out[1] = b;
  out[2] = c;
}
FACEIO_ALWAYS_INLINE void store_u8x3(uint8_t* p, vf32 a, vf32 b, vf32 c) noexcept {
  p[0] = static_cast<uint8_t>(static_cast<int32_t>(round_nearest(a).v));
  p[1] = static_cast<uint8_t>(static_cast<int32_t>(round_nearest(b).v));
  p[2] = static_cast<uint8_t>(static_cast<int32_t>(round_nearest(c).v));
}

}  // namespace FACEIO_TARGET_NS
FACEIO_END_NAMESPACE
