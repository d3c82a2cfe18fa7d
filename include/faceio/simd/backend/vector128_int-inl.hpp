// Integers of 128 bits in the vector types of clang, for RISC-V V. Operations: int-inl.hpp.
FACEIO_BEGIN_NAMESPACE
namespace FACEIO_TARGET_NS {

typedef float f32x4 __attribute__((vector_size(16)));
typedef int32_t i32x4 __attribute__((vector_size(16)));
typedef int32_t i32x8 __attribute__((vector_size(32)));
typedef int16_t i16x4 __attribute__((vector_size(8)));
typedef int16_t i16x8 __attribute__((vector_size(16)));
typedef int16_t i16x16 __attribute__((vector_size(32)));
typedef int8_t i8x16 __attribute__((vector_size(16)));
typedef uint8_t u8x4 __attribute__((vector_size(4)));
typedef uint8_t u8x8 __attribute__((vector_size(8)));
typedef uint8_t u8x16 __attribute__((vector_size(16)));

/// Register tile of the products of Winograd's algorithm: positions, blocks. A panel is the third side.
inline constexpr int kWinogradTilePositions = 1, kWinogradTileBlocks = 6;
inline constexpr int kWinogradBlocks = 6;  // transformed together

struct vi32 {
  static constexpr int lanes = 4;
  i32x4 v;
};
struct vi16 {
  static constexpr int lanes = 8;
  i16x8 v;
};
struct vu8 {
  static constexpr int lanes = 16;
  u8x16 v;
};
inline constexpr int kTilePanels = 1;
constexpr int tile_pixels(int) noexcept { return 6; }

/// A vector of any type from memory of any alignment, and back.
template <class Vector>
FACEIO_ALWAYS_INLINE Vector from_bytes(const void* p) noexcept {
  Vector v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}
template <class Vector>
FACEIO_ALWAYS_INLINE void to_bytes(void* p, Vector v) noexcept {
  __builtin_memcpy(p, &v, sizeof v);
}
FACEIO_ALWAYS_INLINE vi32 load_i32(const int32_t* p) noexcept { return {from_bytes<i32x4>(p)}; }
FACEIO_ALWAYS_INLINE vi16 load_i16(const int16_t* p) noexcept { return {from_bytes<i16x8>(p)}; }
FACEIO_ALWAYS_INLINE vi16 load_i16_halves(const int16_t* p, const int16_t* q) noexcept {
  return {__builtin_shufflevector(from_bytes<i16x4>(p), from_bytes<i16x4>(q), 0, 1, 2, 3, 4, 5, 6, 7)};
}
FACEIO_ALWAYS_INLINE vu8 load_u8(const void* p) noexcept { return {from_bytes<u8x16>(p)}; }
FACEIO_ALWAYS_INLINE void store(int32_t* p, vi32 a) noexcept { to_bytes(p, a.v); }
FACEIO_ALWAYS_INLINE void store(int16_t* p, vi16 a) noexcept { to_bytes(p, a.v); }
FACEIO_ALWAYS_INLINE void store(uint8_t* p, vu8 a) noexcept { to_bytes(p, a.v); }
FACEIO_ALWAYS_INLINE vi16 widen_u8(const uint8_t* p) noexcept {
  return {__builtin_convertvector(from_bytes<u8x8>(p), i16x8)};
}
FACEIO_ALWAYS_INLINE vi16 widen_u8_halves(const uint8_t* p, const uint8_t* q) noexcept {
  const u8x8 bytes = __builtin_shufflevector(from_bytes<u8x4>(p), from_bytes<u8x4>(q), 0, 1, 2, 3, 4, 5, 6, 7);
  return {__builtin_convertvector(bytes, i16x8)};
}
FACEIO_ALWAYS_INLINE vi32 splat_i32(int32_t x) noexcept { return {i32x4{x, x, x, x}}; }
FACEIO_ALWAYS_INLINE vi16 splat_i16(int16_t x) noexcept { return {i16x8{x, x, x, x, x, x, x, x}}; }
/// Four bytes in every lane.
FACEIO_ALWAYS_INLINE i32x4 splat_bits(const void* p) noexcept {
  int32_t bits;
  __builtin_memcpy(&bits, p, sizeof bits);
  return splat_i32(bits).v;
}
FACEIO_ALWAYS_INLINE vi16 splat_pair(const int16_t* p) noexcept { return {i16x8(splat_bits(p))}; }
FACEIO_ALWAYS_INLINE void opaque(vi32&) noexcept {}
FACEIO_ALWAYS_INLINE vi32 add(vi32 a, vi32 b) noexcept { return {a.v + b.v}; }
FACEIO_ALWAYS_INLINE vi32 sub(vi32 a, vi32 b) noexcept { return {a.v - b.v}; }
FACEIO_ALWAYS_INLINE vi16 add(vi16 a, vi16 b) noexcept { return {a.v + b.v}; }
FACEIO_ALWAYS_INLINE vi16 sub(vi16 a, vi16 b) noexcept { return {a.v - b.v}; }
FACEIO_ALWAYS_INLINE vi16 add_saturating(vi16 a, vi16 b) noexcept { return {__builtin_elementwise_add_sat(a.v, b.v)}; }
FACEIO_ALWAYS_INLINE vi32 multiply_low(vi32 a, vi32 b) noexcept { return {a.v * b.v}; }
FACEIO_ALWAYS_INLINE i32x8 widened(i16x8 a) noexcept { return __builtin_convertvector(a, i32x8); }
FACEIO_ALWAYS_INLINE vi16 multiply_rounded(vi16 a, vi16 b) noexcept {
  return {__builtin_convertvector((widened(a.v) * widened(b.v) + (1 << 14)) >> 15, i16x8)};
}
template <int kCount>
FACEIO_ALWAYS_INLINE vi32 shift_left(vi32 a) noexcept {
  return {a.v << kCount};
}
template <int kCount>
FACEIO_ALWAYS_INLINE vi16 shift_left(vi16 a) noexcept {
  return {a.v << kCount};
}
template <int kCount>
FACEIO_ALWAYS_INLINE vi32 shift_right(vi32 a) noexcept {
  return {a.v >> kCount};
}
template <int kCount>
FACEIO_ALWAYS_INLINE vi16 shift_right(vi16 a) noexcept {
  return {a.v >> kCount};
}
FACEIO_ALWAYS_INLINE vi32 shift_right(vi32 a, vi32 n) noexcept {
  return {a.v >> __builtin_elementwise_min(n.v, splat_i32(31).v)};
}
FACEIO_ALWAYS_INLINE vi16 min(vi16 a, vi16 b) noexcept { return {__builtin_elementwise_min(a.v, b.v)}; }
FACEIO_ALWAYS_INLINE vi16 max(vi16 a, vi16 b) noexcept { return {__builtin_elementwise_max(a.v, b.v)}; }
FACEIO_ALWAYS_INLINE vi16 select_negative(vi16 a, vi16 x, vi16 y) noexcept { return {a.v < 0 ? x.v : y.v}; }
/// Sums of neighbouring lanes.
FACEIO_ALWAYS_INLINE i32x4 add_neighbours(i32x8 a) noexcept {
  return __builtin_shufflevector(a, a, 0, 2, 4, 6) + __builtin_shufflevector(a, a, 1, 3, 5, 7);
}
FACEIO_ALWAYS_INLINE vi32 dot2(vi32 sum, vi16 a, vi16 b) noexcept {
  return {sum.v + add_neighbours(widened(a.v) * widened(b.v))};
}
FACEIO_ALWAYS_INLINE vi32 dot4(vi32 sum, vu8 a, vu8 w) noexcept {
  const i16x16 products = __builtin_convertvector(a.v, i16x16) * __builtin_convertvector(i8x16(w.v), i16x16);
  const i16x8 even = __builtin_shufflevector(products, products, 0, 2, 4, 6, 8, 10, 12, 14);
  const i16x8 odd = __builtin_shufflevector(products, products, 1, 3, 5, 7, 9, 11, 13, 15);
  return {sum.v + add_neighbours(widened(even) + widened(odd))};  // firmware has weights whose sums need more bits
}
FACEIO_ALWAYS_INLINE vu8 splat_group(const void* p) noexcept { return {u8x16(splat_bits(p))}; }
template <bool kQuads>
FACEIO_ALWAYS_INLINE vi32 dot_group(vi32 sum, vu8 a, vu8 w) noexcept {
  if constexpr (kQuads) return dot4(sum, a, w);
  return dot2(sum, vi16{i16x8(a.v)}, vi16{i16x8(w.v)});
}
FACEIO_ALWAYS_INLINE void store_scaled(float* p, vi32 a, const float* scale) noexcept {
  to_bytes(p, __builtin_convertvector(a.v, f32x4) * from_bytes<f32x4>(scale));
}
FACEIO_ALWAYS_INLINE vi16 interleave_low(vi16 a, vi16 b) noexcept {
  return {__builtin_shufflevector(a.v, b.v, 0, 8, 1, 9, 2, 10, 3, 11)};
}
FACEIO_ALWAYS_INLINE vi16 interleave_high(vi16 a, vi16 b) noexcept {
  return {__builtin_shufflevector(a.v, b.v, 4, 12, 5, 13, 6, 14, 7, 15)};
}
FACEIO_ALWAYS_INLINE i16x4 saturated(i32x4 a) noexcept {
  return __builtin_convertvector(
      __builtin_elementwise_max(__builtin_elementwise_min(a, splat_i32(32767).v), splat_i32(-32768).v), i16x4);
}
FACEIO_ALWAYS_INLINE vi16 pack(vi32 low, vi32 high) noexcept {
  return {__builtin_shufflevector(saturated(low.v), saturated(high.v), 0, 1, 2, 3, 4, 5, 6, 7)};
}
FACEIO_ALWAYS_INLINE u8x8 clamped(i16x8 a) noexcept {
  return __builtin_convertvector(
      __builtin_elementwise_max(__builtin_elementwise_min(a, splat_i16(255).v), splat_i16(0).v), u8x8);
}
FACEIO_ALWAYS_INLINE vu8 pack_unsigned(vi16 low, vi16 high) noexcept {
  return {__builtin_shufflevector(clamped(low.v), clamped(high.v), 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)};
}
inline constexpr int kGroupVectors = 16 / vi32::lanes;
inline constexpr int kPairVectors = 32 / vi16::lanes;

FACEIO_ALWAYS_INLINE void interleave_u8(const uint8_t* a, const uint8_t* b, vi16& low, vi16& high) noexcept {
  const vi16 x = widen_u8(a), y = widen_u8(b);
  low = interleave_low(x, y);
  high = interleave_high(x, y);
}
FACEIO_ALWAYS_INLINE void store_halves(vu8 a, uint8_t* p, uint8_t* q) noexcept {
  to_bytes(p, __builtin_shufflevector(a.v, a.v, 0, 1, 2, 3, 4, 5, 6, 7));
  to_bytes(q, __builtin_shufflevector(a.v, a.v, 8, 9, 10, 11, 12, 13, 14, 15));
}

}  // namespace FACEIO_TARGET_NS
FACEIO_END_NAMESPACE
