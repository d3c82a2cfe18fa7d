// The integer vector layer of the current int8 target. Kernels of int8 networks use nothing else. Included
// once per target by kernels/all_int8-inl.hpp.
//
//   vi32 vi16 vu8                    vectors of int32_t, int16_t, uint8_t; ::lanes; twice and four times as many
//                                    lanes as vi32; vi32::lanes divides kPanel (16)
//   load_i32(p) load_i16(p) load_u8(p) store(p, v)    no alignment needed
//   load_i16_halves(p, q)            vi16::lanes / 2 at p, then as many at q
//   widen_u8(p)                      vi16::lanes bytes to int16_t
//   widen_u8_halves(p, q)            vi16::lanes / 2 bytes at p, then as many at q, to int16_t
//   splat_i32(x) splat_i16(x)
//   splat_pair(p)                    p[0] p[1] p[0] p[1] ... of int16_t
//   opaque(a)                        makes a vi32 unknown to the optimiser, which ends the use of its register
//   add sub                          vi32 and vi16, modulo 2^32 and 2^16
//   add_saturating                   vi16
//   multiply_low(a, b)               vi32, modulo 2^32
//   multiply_rounded(a, b)           vi16: (a * b + 2^14) >> 15; not of -32768 and -32768
//   shift_left<n> shift_right<n>     vi32 and vi16; right is arithmetic
//   shift_right(a, n)                vi32: each lane by its own count, 0 .. 63, arithmetic
//   min max                          vi16
//   select_negative(a, x, y)         vi16: a < 0 ? x : y, lane by lane
//   dot2(sum, a, b)                  vi32: sum[i] + a[2i] * b[2i] + a[2i+1] * b[2i+1], modulo 2^32; not all four
//                                    of a and b may be -32768
//   dot4(sum, a, w)                  vi32: sum[i] + four products of uint8_t a and int8_t w[4i ..], both vu8, modulo
//                                    2^32; the first two of them and the last two sum up to int16_t
//   splat_group(p)                   a vu8 of the four bytes at p, again and again
//   factor<kQuads>(a)                a vu8 as the argument a of dot_group()
//   dot_group<kQuads>(sum, a, w)     dot4() or, without kQuads, dot2() of the bits in two vu8
//   kOffsetsBytes                    true: factor<true>() takes an offset off the bytes; dot_group<true>() lacks its
//                                    product with the weights, which is what it gives for zeros
//   store_scaled(p, a, scale)        vi32::lanes float(a) * scale to p
//   interleave_low(a, b)             vi16, inside each block of 128 bits: a0 b0 a1 b1 a2 b2 a3 b3,
//   interleave_high(a, b)            a4 b4 ... a7 b7. Helium: a0 b0 a2 b2 a4 b4 a6 b6, a1 b1 a3 b3 ...
//   pack(low, high)                  two vi32 to a vi16, saturating: inside each block of 128 bits low, then high,
//                                    so that it undoes an interleaving. Helium: their lanes in turn, which does too
//   pack_unsigned(low, high)         two vi16 to a vu8 in the same order, saturating to 0 .. 255
//
// Groups of 16 values, one panel of one pixel, between accumulators and memory. Two groups, A and B, go together
// through 16 bits in the order that pack() gives:
//   kGroupVectors                    vi32 of a group, in natural order
//   kPairVectors                     vi16 of two groups
//   load_pair_order(a, b, out)       16 + 16 int16_t, or uint8_t to int16_t, in that order
//   pack_pair(a, b, out)             two groups of vi32, saturating, in that order
//   store_pair_wide(v, a, b)         to 16 int16_t at a and 16 at b, natural order
//   store_line_wide(v, p)            the same to 32 int16_t at p
//   store_halves_wide(v, padding, a, b)   each half of a group followed by the 8 int16_t of padding: 32 int16_t to a
//                                    from group A, 32 to b from B
//   store_pair(v, a, b)              two groups clamped to uint8_t, 16 bytes to a and 16 to b, natural order
//   store_pairs(v, w, p)             four groups (A, B of v, A, B of w) clamped to uint8_t, 16 bytes each to
//                                    p[0] .. p[3], natural order
//   store_line(v, w, p)              the same to 64 bytes at p
//
// Winograd's products, one panel wide:
//   load_group_pairs(p, w)           16 pairs of int16_t, one after another at p, as the argument w of dot2_group()
//   dot2_group(sum, p, w)            sum, a group, plus p[0] times the first and p[1] times the second of each pair
//   kWinogradTilePositions           the other sides of their register tile: all positions of a row, or one,
//   kWinogradTileBlocks              and blocks
//   kWinogradBlocks                  blocks whose input is transformed together
//
// Units: what depthwise convolutions compute at once, of one place in a map or of several:
//   kUnit                            elements of a unit: 8, 16 or 32
//   UnitKind                         line: kUnit channels of one pixel; halves, of units of 32 only: 16 channels of two
//                                    pixels; padded: 8 channels of kUnit / 8 pixels
//   UnitStep                         elements between places, in a map or in arrays of channels. Every eight elements
//                                    of units of 32 are at 0, quarter, half, half + quarter; of 16, at 0 and quarter
//   kUnitVectors                     vi32 of a unit: 2
//   load_unit_pairs<kind>(p, q, step, out)    p[i] q[i] p[i + 1] q[i + 1] ... as factors of dot2(); uint8_t, which are
//                                    not padded, or int16_t
//   load_unit<Element>(p, step)      int32_t in the order of those pairs, or int16_t in that which pack() makes of it
//   store_unit<Element, kind>(v, p, step)          int16_t in that order to p
//   store_unit<Element, kind>(v, w, p, q, step)    the same clamped to uint8_t, v to p and w to q
//   store_padded(v, padding, p, step)              eight elements at each place and eight of padding behind them;
//                                    Element int16_t, p to int16_t or uint8_t
//   kUnitStoresLate                  whether the elements of a pixel are best made after the next input is read
//
// Helium adds up products across a vector, to an integer (kernels/conv_across_int8-inl.hpp). It has no dot4(),
// splat_group(), factor() and dot_group(), but
//   kAcrossGroups                    groups of four bytes in a vu8
//   first_groups(n)                  SomeGroups: the first n of them, or all; what the others hold has no effect, and
//                                    memory is not read for them
//   across_weights(p)                AcrossWeights: what is before the weights at p, of a channel of a panel
//   next_weights(at, some)           a vu8 of the next groups of that channel, to which `at` goes on
//   weights_of<n>(at, some)          the same groups of the n-th channel behind it
//   load_terms<kQuads>(p, some)      a vu8; less 128 with kQuads
//   dot_across<kQuads>(sum, a, w, some)   sum plus all products of int8_t, or, without kQuads, of int16_t
//   add_across(sum, w, some)         sum plus all int8_t of w
//
// Register tile of a dense convolution:
//   kTilePanels                      most panels of a tile: 4 or 1
//   tile_pixels(panels)              pixels of a tile, a multiple of 6 or 2; two thirds of it is the other size
FACEIO_BEGIN_NAMESPACE
namespace FACEIO_TARGET_NS {

enum class UnitKind { line, halves, padded };
struct UnitStep {
  ptrdiff_t half, quarter;
};

}  // namespace FACEIO_TARGET_NS
FACEIO_END_NAMESPACE

#if FACEIO_TARGET_ID == 1
#include "backend/sse41_int-inl.hpp"
#elif FACEIO_TARGET_ID <= 3
#include "backend/avx2_int-inl.hpp"
#elif FACEIO_TARGET_ID == 4
#include "backend/avx512vnni_int-inl.hpp"
#elif FACEIO_TARGET_ID <= 7
#include "backend/neon32-inl.hpp"
#include "backend/neon_int-inl.hpp"
#elif FACEIO_TARGET_ID == 8
#include "backend/wasm_int-inl.hpp"
#elif FACEIO_TARGET_ID == 9
#include "backend/vector128_int-inl.hpp"
#else
#include "backend/helium_int-inl.hpp"
#endif
#if FACEIO_TARGET_ID == 1 || (FACEIO_TARGET_ID >= 5 && FACEIO_TARGET_ID != 10)
#include "backend/in_order128_int-inl.hpp"
#endif
#if FACEIO_TARGET_ID == 1 || FACEIO_TARGET_ID >= 5
#include "backend/shared128_int-inl.hpp"
#endif
#if FACEIO_TARGET_ID < 5 || FACEIO_TARGET_ID >= 8
#include "backend/group_pairs_int-inl.hpp"
#endif
#if FACEIO_TARGET_ID < 5 || FACEIO_TARGET_ID == 8 || FACEIO_TARGET_ID == 9
#include "backend/whole_pairs_int-inl.hpp"
#endif
