// The vector layer of the current target: one struct, vf32, and about fifty free functions. Kernels
// use nothing else, so a back end is this list and no more. Included once per target by all-inl.hpp.
//
//   vf32::lanes                          floats in a vector; divides kPanel (16)
//   kTileVectors, tile_pixels(vectors)   register tile of a dense convolution: vectors of output channels
//                                        at most, pixels for so many of them
//   kAsksAhead                           whether such a tile is so fast that it has to prefetch
//   kPlaneChannels, kPlaneVectors        the same between maps in planes: channels, vectors of pixels
//   kDepthwiseRows, kDepthwisePixels     the same of a depthwise one: rows, columns of one vector of channels
//   load(p) store(p, v)                  no alignment needed
//   load_before(p, previous, here)       p[-1 ..], p[1 ..]; previous, here and next are the vectors at
//   load_behind(p, here, next)           p - lanes, p and p + lanes
//   kShiftsLanes                         true: these two take their lanes from the vectors, not from memory
//   load_n(p, n) store_n(p, v, n)        first n lanes, 0 <= n <= lanes; the rest is zero / untouched
//   load_even_odd(p, a, b)               a = p[0] p[2] p[4] ..., b = p[1] p[3] p[5] ..., both with their
//   even_odd_in_order(v)                 lanes in an order of the target's that even_odd_in_order ends
//   load_u8(p)                           bytes to floats
//   load_u8x2(p, a, b)                   a[i] = p[2 i], b[i] = p[2 i + 1]
//   load_u8x3(p, a, b, c)                a[i] = p[3 i], b[i] = p[3 i + 1], c[i] = p[3 i + 2]
//   load_u8x4(p, a, b, c, d)             a[i] = p[4 i], b[i] = p[4 i + 1], ... d[i] = p[4 i + 3]
//   load_u8x8(p, step, a, b)             a[c][i] = p[8 i + c], b[c][i] = p[8 i + step + c], c 0 to 2,
//                                        step 0 to 5; reads 8 bytes a lane
//   load_u8x8_at(p, offsets, step, a, b) the same of the eight bytes from p + offsets[i] on
//   load_u8x2_at(p, n, offsets, a, b)    a[i] = p[offsets[i]], b[i] = p[offsets[i] + 1]
//   load_u8x4_at(p, n, offsets, a .. d)  a[i] = p[offsets[i]], ... d[i] = p[offsets[i] + 3]; n and the
//                                        offsets are even. Both: offsets rise, all are at most n - 4, and
//                                        any of the n bytes at p may be read
//   load_u8x2_twice(p, a, b)             a[i] = p[i / 2 * 2], b[i] = p[i / 2 * 2 + 1]: each pair for
//                                        two lanes; reads max(lanes, 2) bytes
//   load_u8x4_twice(p, b, d)             b[i] = p[i / 2 * 4 + 1], d[i] = p[i / 2 * 4 + 3]; reads
//                                        max(2 lanes, 4) bytes
//   store_u8x3(p, a, b, c)               p[3 i] = a[i], p[3 i + 1] = b[i], p[3 i + 2] = c[i], rounded
//                                        to nearest even; all in [-0.5, 255.5)
//   interleave3(a, b, c, out)            out: three vectors a[0] b[0] c[0] a[1] b[1] c[1] ...
//   zero() splat(x)
//   in_register(v)                       v; loaded once, however many operations use it
//   add sub mul div min max sqrt abs     min(a, b) = a < b ? a : b, max(a, b) = a > b ? a : b: a NaN
//                                        in either argument gives b
//   fma(a, b, c) fnma(a, b, c)           a*b + c and c - a*b; one rounding where rounds_once(), else two
//                                        (the two numeric classes, docs/dispatch.md)
//   select_gt(a, b, x, y)                a > b ? x : y, lane by lane
//   round_nearest(a)                     to an integer, ties to even; |a| < 2^22
//   pow2(n)                              2^n for an integral n in [-126, 127]
//   any_gt(a, b)                         true when a > b in some lane
//   exp(a), store_inside(row, x, end, v), Sum16 and lane_sum(sum)   built from the above, below
#if FACEIO_TARGET_ID == 0
#include "backend/scalar-inl.hpp"
#elif FACEIO_TARGET_ID == 1
#include "backend/sse-inl.hpp"
#elif FACEIO_TARGET_ID == 2
#include "backend/avx2-inl.hpp"
#elif FACEIO_TARGET_ID == 4
#include "backend/avx512-inl.hpp"
#elif FACEIO_TARGET_ID == 5
#include "backend/neon32-inl.hpp"
#include "backend/neon-inl.hpp"
#elif FACEIO_TARGET_ID == 6
#include "backend/wasm-inl.hpp"
#else
#include "backend/vector128-inl.hpp"
#endif

FACEIO_BEGIN_NAMESPACE
namespace FACEIO_TARGET_NS {

/// e^a, relative error below 2e-7 for a in [-87, 88]; clamped outside.
/// Argument reduction and minimax polynomial of degree 5 as in Cephes expf (S. L. Moshier).
FACEIO_ALWAYS_INLINE vf32 exp(vf32 a) noexcept {
  const vf32 x = min(max(a, splat(-87.0f)), splat(88.0f));
  const vf32 n = round_nearest(mul(x, splat(1.44269504088896341f)));
  vf32 r = fnma(n, splat(0.693359375f), x);
  r = fnma(n, splat(-2.12194440e-4f), r);
  vf32 p = splat(1.9875691500e-4f);
  p = fma(p, r, splat(1.3981999507e-3f));
  p = fma(p, r, splat(8.3334519073e-3f));
  p = fma(p, r, splat(4.1665795894e-2f));
  p = fma(p, r, splat(1.6666665459e-1f));
  p = fma(p, r, splat(5.0000001201e-1f));
  p = fma(p, mul(r, r), add(r, splat(1.0f)));
  return mul(p, pow2(n));
}

/// Stores lanes i with x + i < end, at row + x + i; x < end.
FACEIO_ALWAYS_INLINE void store_inside(float* row, int32_t x, int32_t end, vf32 a) noexcept {
  if (x + vf32::lanes <= end) {
    store(row + x, a);
  } else {
    store_n(row + x, a, end - x);
  }
}

/// Sixteen running sums, the same sixteen for every vector width, so that a reduction gives the same
/// bits on all targets of one numeric class.
struct Sum16 {
  static constexpr int kVectors = 16 / vf32::lanes;
  vf32 part[kVectors];
};
FACEIO_ALWAYS_INLINE float lane_sum(const Sum16& sum) noexcept {
  float s[16];
  FACEIO_UNROLL
  for (int v = 0; v < Sum16::kVectors; ++v) store(s + v * vf32::lanes, sum.part[v]);
  for (int width = 8; width > 0; width /= 2) {
    for (int i = 0; i < width; ++i) s[i] = s[i] + s[i + width];
  }
  return s[0];
}

}  // namespace FACEIO_TARGET_NS
FACEIO_END_NAMESPACE
