// Contract of the int8 kernels: conv1x1_int8, conv3x3_int8, winograd3x3_int8, depthwise3x3_int8,
// global_depthwise_int8. docs/int8.md defines their results to the bit; every target gives the same.
#ifndef FACEIO_KERNELS_INT8_HPP
#define FACEIO_KERNELS_INT8_HPP

#include "../core/int8_map.hpp"
#include "winograd.hpp"

FACEIO_BEGIN_NAMESPACE

/// From accumulators to elements of the output, per output channel, [round_up(C_out, 16)] each.
struct Requantise {
  const int32_t* shift = nullptr;     // 0 .. 31
  const int16_t* positive = nullptr;  // multipliers of accumulators >= 0 and < 0
  const int16_t* negative = nullptr;
  const int16_t* offset = nullptr;  // narrow output only
  const int16_t* addend = nullptr;  // multiplier of the addend; only with one
};

/// Dense weights are in groups of channels that one instruction multiplies and adds. Both layouts keep
/// panels of 16 output channels and the order of terms of conv.hpp, except that the kw * C_in terms of each
/// kernel row are followed by zeros up to a multiple of 4:
///   quads  [ceil(C_out/16)][terms / 4][16][4] int8_t
///   pairs  [ceil(C_out/16)][terms / 2][16][2] int16_t
/// Exactly one is given: pairs where the input is wide, else quads, whose neighbours are limited (kInt8PairLimit). Scalar
/// kernels take quads of wide input too.
///   depthwise, global  [kh*kw][round_up(C, 16)] int16_t
///
/// `in` is narrow or wide with channels in lines of 16, or a picture of 3 channels with pixels close together
/// (conv3x3 only, whose reads go up to 3 bytes beyond the border pixel of a row). `in` has a border of one pixel
/// for 3x3 kernels. `out` has room for channel_stride(channels) elements a pixel, all of which are written
/// (those beyond C_out with whatever the padding of weights gives; padding weights are zeros). `in`, `addend` and `out`
/// do not overlap; `addend` is not larger than `out`. A 3x3 over anything but a picture has C_in % 4 == 0. A pixel has at
/// most 12288 terms.
struct Int8ConvArgs {
  Int8Map in;
  Int8Map out;        // data null: float_out instead
  Int8Map addend;     // conv1x1 only; narrow, as many channels as out. data null: nothing is added
  MapView float_out;  // conv1x1 only; data null: out instead. Not in planes
  const int8_t* quads = nullptr;
  const int16_t* pairs = nullptr;
  const int16_t* depthwise = nullptr;
  const int32_t* bias = nullptr;  // [round_up(C_out, 16)]
  Requantise requantise;
  const float* output_scale = nullptr;  // float_out only
  int32_t stride = 1;                   // 1 or 2
  int32_t pad_before = 0;               // 3x3 only: 1, or 0 for TensorFlow SAME at stride 2
};

/// Weights 2i and 2i + 1 of a kernel row: where both are positive, or both negative, their sum is at most this, so that
/// two products with uint8_t fit int16_t. Not for those of wide input.
inline constexpr int32_t kInt8PairLimit = 128;

inline constexpr int32_t kInt8WinogradTile = 4;        // output pixels a side
inline constexpr int32_t kInt8WinogradPatch = 6;       // input pixels a side
inline constexpr int32_t kInt8WinogradPositions = 36;  // products per block
/// Winograd's sums are exact when no accumulator is beyond this; so when no filter's sum of absolute weights and no
/// bias is beyond the other two.
inline constexpr int32_t kInt8WinogradMaxAccumulator = (1 << 25) - 1;
inline constexpr int32_t kInt8WinogradMaxAbsBias = 1 << 24;
inline constexpr int32_t kInt8WinogradMaxAbsSum = (kInt8WinogradMaxAccumulator - kInt8WinogradMaxAbsBias) / 255;
/// Most blocks of 4x4 output pixels that are transformed together.
inline constexpr int32_t kInt8WinogradBlocks = 8;

/// One of the convolutions that read the same input: narrow output, a slice of at least 16 channels.
struct Int8WinogradPart {
  Int8Map out;
  Requantise requantise;
};

/// 3x3 convolutions of stride 1 and padding 1 over a narrow input with a border of one pixel; input and
/// output channels are multiples of 16. row_begin is a multiple of kInt8WinogradTile, and row_end too or the
/// height. Source: Lavin & Gray, CVPR 2016, section 4.1; integer form: docs/int8.md.
struct Int8WinogradArgs {
  Int8Map in;
  Int8WinogradPart part[kWinogradMaxParts];
  int32_t parts = 0;
  /// [C_out/16][36][C_in/2][16][2], transform_int8_winograd_weights() of all parts in order.
  const int16_t* weights = nullptr;
  const int32_t* bias = nullptr;  // [C_out] of all parts in order: 576 * bias modulo 2^32
  uint8_t* scratch = nullptr;     // int8_winograd_scratch_bytes(C_in), 64-byte aligned
};

/// Transformed input (int16_t) of kInt8WinogradBlocks blocks, and products (int32_t) of a panel with it.
constexpr size_t int8_winograd_input_bytes(int32_t c_in) noexcept {
  return kInt8WinogradPositions * kInt8WinogradBlocks * static_cast<size_t>(c_in) * sizeof(int16_t);
}
constexpr size_t int8_winograd_product_bytes() noexcept {
  return kInt8WinogradPositions * kInt8WinogradBlocks * kPanel * sizeof(int32_t);
}
constexpr size_t int8_winograd_scratch_bytes(int32_t c_in) noexcept {
  return int8_winograd_input_bytes(c_in) + int8_winograd_product_bytes();
}

/// int16_t elements of transformed weights.
constexpr size_t int8_winograd_weight_count(int32_t c_in, int32_t c_out) noexcept {
  return static_cast<size_t>(kInt8WinogradPositions) * static_cast<size_t>(c_in) * static_cast<size_t>(c_out);
}

/// What products of position (i, j) are multiplied by. The output transform asks for the i-th times the j-th of
/// 6, -4, -4, 1, 1, 24; weights hold the rest of that, because more would not fit 16 bits.
constexpr int32_t int8_winograd_factor_left(int32_t i, int32_t j) noexcept {
  if (i != 5 && j != 5) return 1;
  const int32_t other = i == 5 ? j : i;
  return other == 5 ? 3 : other == 1 || other == 2 ? 2 : 1;
}

/// Filters into Winograd's domain. `quads` is [C_out/16][9 * C_in / 4][16][4]; its C_out filters become output
/// channels first_out .. first_out + C_out - 1 of those of `transformed` and `bias_total`, multiples of 16.
constexpr void transform_int8_winograd_weights(const int8_t* quads, const int32_t* bias, int32_t c_in, int32_t c_out,
                                               int32_t first_out, int16_t* transformed, int32_t* bias_total) noexcept {
  constexpr int32_t kPatch = kInt8WinogradPatch;
  constexpr int32_t kFactors[kPatch] = {6, -4, -4, 1, 1, 24};
  const ptrdiff_t position_step = static_cast<ptrdiff_t>(c_in) * kPanel;
  for (int32_t first = 0; first < c_out; first += kPanel) {
    const int8_t* const panel = quads + static_cast<ptrdiff_t>(first) * 9 * c_in;
    int16_t* const to_panel = transformed + (first_out + first) * position_step / kPanel * kInt8WinogradPositions;
    for (int32_t c = 0; c < c_in; ++c) {
      int32_t g[3][3][kPanel] = {};
      for (int32_t tap = 0; tap < 9; ++tap) {
        const int32_t term = tap * c_in + c;
        const int8_t* const from = panel + term / 4 * 4 * kPanel + term % 4;
        for (int32_t n = 0; n < kPanel; ++n) g[tap / 3][tap % 3][n] = from[4 * n];
      }
      int32_t rows[kPatch][3][kPanel] = {};
      for (int32_t k = 0; k < 3; ++k) {
        for (int32_t n = 0; n < kPanel; ++n) {
          const int32_t even = g[0][k][n] + g[2][k][n], wide = g[0][k][n] + 4 * g[2][k][n], odd = g[1][k][n];
          rows[0][k][n] = g[0][k][n];
          rows[1][k][n] = even + odd;
          rows[2][k][n] = even - odd;
          rows[3][k][n] = wide + 2 * odd;
          rows[4][k][n] = wide - 2 * odd;
          rows[5][k][n] = g[2][k][n];
        }
      }
      int16_t* to = to_panel + c / 2 * 2 * kPanel + c % 2;
      for (int32_t i = 0; i < kPatch; ++i) {
        int32_t factors[kPatch] = {};
        for (int32_t j = 0; j < kPatch; ++j) factors[j] = kFactors[i] * kFactors[j] / int8_winograd_factor_left(i, j);
        for (int32_t n = 0; n < kPanel; ++n) {
          const int32_t (&r)[3][kPanel] = rows[i];
          const int32_t even = r[0][n] + r[2][n], wide = r[0][n] + 4 * r[2][n], odd = r[1][n];
          const int32_t values[kPatch] = {r[0][n], even + odd, even - odd, wide + 2 * odd, wide - 2 * odd, r[2][n]};
          for (int32_t j = 0; j < kPatch; ++j) {
            to[(i * kPatch + j) * position_step + 2 * n] = static_cast<int16_t>(values[j] * factors[j]);
          }
        }
      }
    }
    for (int32_t n = 0; n < kPanel; ++n) {
      bias_total[first_out + first + n] = static_cast<int32_t>(576u * static_cast<uint32_t>(bias[first + n]));
    }
  }
}

FACEIO_END_NAMESPACE

#endif  // FACEIO_KERNELS_INT8_HPP
