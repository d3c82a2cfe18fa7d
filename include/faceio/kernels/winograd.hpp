// Contract of winograd3x3_f32: 3x3 convolutions of stride 1 and padding 1 by Winograd's F(6x6,
// 3x3), with 16 multiplications where the definition has 81.
//
// Each 6x6 block of output pixels comes from an 8x8 block of input pixels:
//   Y = A^T [ sum_c (B^T d_c B) * (G g_c G^T) ] A        * is element by element
// so the sum over input channels is 64 independent matrix products over blocks.
// Source: Lavin & Gray, Fast Algorithms for Convolutional Neural Networks, CVPR 2016, section 4.1;
// interpolation points 0, 1, -1, 2, -2, 1/2, -1/2, infinity.
#ifndef FACEIO_KERNELS_WINOGRAD_HPP
#define FACEIO_KERNELS_WINOGRAD_HPP

#include "conv.hpp"

FACEIO_BEGIN_NAMESPACE

inline constexpr int32_t kWinogradTile = 6;        // output pixels a side
inline constexpr int32_t kWinogradPatch = 8;       // input pixels a side
inline constexpr int32_t kWinogradPositions = 64;  // products per block
/// Convolutions that may share one input and its transform.
#if defined(FACEIO_SMALL)
inline constexpr int32_t kWinogradMaxParts = 1;  // steps hold room for these, and none is used
#else
inline constexpr int32_t kWinogradMaxParts = 3;
#endif

/// Blocks transformed together, for so many channels on the wider side: transformed blocks and
/// weights stay in a second-level cache, and products are long enough for the tiles.
constexpr int32_t winograd_blocks(int32_t channels) noexcept {
  const int32_t blocks = 24 * 64 / channels;
  return blocks < 24 ? 24 : blocks > 96 ? 96 : blocks;
}

/// One of the convolutions that read the same input.
struct WinogradPart {
  MapView out;                   // slice that starts at a multiple of 16 channels
  const float* slope = nullptr;  // prelu only
  float leaky_slope = 0.0f;
  Activation activation = Activation::linear;
};

/// Input with a border of one pixel; input and output channels are multiples of 16. Rows are
/// computed in blocks: row_begin is a multiple of kWinogradTile, and row_end too or the height.
struct WinogradArgs {
  MapView in;
  WinogradPart part[kWinogradMaxParts];
  int32_t parts = 0;
  const float* weights = nullptr;  // transform_winograd_weights() of all parts in order
  float* scratch = nullptr;        // winograd_scratch_floats(C_in, sum of C_out) floats
};

/// Floats between the transformed blocks of neighbouring positions: 16 more than the data, or they
/// would fall into few cache sets.
constexpr size_t winograd_position_stride(int32_t c_in, int32_t c_out) noexcept {
  const int32_t channels = c_in > c_out ? c_in : c_out;
  return static_cast<size_t>(winograd_blocks(channels)) * static_cast<size_t>(channels) + 16;
}

/// One position more than there are (the product of a position overwrites the input of the one
/// before), and one zero-padded patch at the picture's edge.
constexpr size_t winograd_scratch_floats(int32_t c_in, int32_t c_out) noexcept {
  return (kWinogradPositions + 1) * winograd_position_stride(c_in, c_out) +
         static_cast<size_t>(kWinogradPositions) * static_cast<size_t>(c_in);
}

/// [64][C_out/16][C_in][16] transformed weights, then the bias [C_out].
constexpr size_t winograd_weight_floats(int32_t c_in, int32_t c_out) noexcept {
  return (static_cast<size_t>(kWinogradPositions) * static_cast<size_t>(c_in) + 1) *
         static_cast<size_t>(c_out);
}

namespace detail {

// G is kWinogradTaps with its rows times kWinogradScale. Products with these taps are exact, so that the sums are the
// same bits whether or not a compiler fuses the two.
inline constexpr double kWinogradTaps[kWinogradPatch][3] = {{1, 0, 0},  {1, 1, 1}, {1, -1, 1}, {1, 2, 4},
                                                            {1, -2, 4}, {4, 2, 1}, {4, -2, 1}, {0, 0, 1}};
inline constexpr double kWinogradScale[kWinogradPatch] = {1.0,      -2.0 / 9, -2.0 / 9, 1.0 / 90,
                                                          1.0 / 90, 8.0 / 45, 8.0 / 45, 1.0};

/// One value of sixteen filters, a panel.
struct PanelValues {
  double of[kPanel] = {};
};

/// One row of filters' taps times kWinogradTaps^T: three become eight. Rows come in pairs that differ in the sign of
/// the middle tap.
constexpr void winograd_filter_1d(const PanelValues (&g)[3],
                                  PanelValues (&t)[kWinogradPatch]) noexcept {
  t[0] = g[0];
  for (int k = 1; k < kWinogradPatch - 1; k += 2) {
    for (int n = 0; n < kPanel; ++n) {
      const double even = kWinogradTaps[k][0] * g[0].of[n] + kWinogradTaps[k][2] * g[2].of[n];
      const double odd = kWinogradTaps[k][1] * g[1].of[n];
      t[k].of[n] = even + odd;
      t[k + 1].of[n] = even - odd;
    }
  }
  t[kWinogradPatch - 1] = g[2];
}

}  // namespace detail

/// G g G^T of every filter, in double, rounded once. `weights` is panel16 (weights/format.hpp),
/// [C_out] filters that become output channels first_out .. first_out + C_out - 1 of c_out_total;
/// `transformed` has winograd_weight_floats(c_in, c_out_total).
constexpr void transform_winograd_weights(const float* weights, const float* bias, int32_t c_in,
                                          int32_t c_out, int32_t first_out, int32_t c_out_total,
                                          float* transformed) noexcept {
  const size_t position = static_cast<size_t>(c_in) * static_cast<size_t>(c_out_total);
  for (int32_t n = 0; n < c_out; ++n) {
    transformed[kWinogradPositions * position + static_cast<size_t>(first_out + n)] = bias[n];
  }
  // Sixteen filters, one panel, at a time: the inner loops are vectors to a compiler. Eight positions at a
  // time: all 64 are so far apart that their lines would push each other out of the caches.
  const ptrdiff_t tap = static_cast<ptrdiff_t>(c_in) * kPanel;
  for (int32_t panel = 0; panel < c_out / kPanel; ++panel) {
    for (int i = 0; i < kWinogradPatch; ++i) {
      for (int32_t c = 0; c < c_in; ++c) {
        const float* const g = weights + (static_cast<ptrdiff_t>(panel) * 9 * c_in + c) * kPanel;
        detail::PanelValues row[3], values[kWinogradPatch];
        for (int j = 0; j < 3; ++j) {
          for (int n = 0; n < kPanel; ++n) {
            row[j].of[n] = detail::kWinogradTaps[i][0] * static_cast<double>(g[j * tap + n]) +
                           detail::kWinogradTaps[i][1] * static_cast<double>(g[(3 + j) * tap + n]) +
                           detail::kWinogradTaps[i][2] * static_cast<double>(g[(6 + j) * tap + n]);
          }
        }
        detail::winograd_filter_1d(row, values);
        float* const to = transformed + static_cast<size_t>(i * kWinogradPatch) * position +
                          (static_cast<ptrdiff_t>(first_out / kPanel + panel) * c_in + c) * kPanel;
        for (int j = 0; j < kWinogradPatch; ++j) {
          const double scale = detail::kWinogradScale[i] * detail::kWinogradScale[j];
          float* const out = to + static_cast<size_t>(j) * position;
          for (int n = 0; n < kPanel; ++n) out[n] = static_cast<float>(scale * values[j].of[n]);
        }
      }
    }
  }
}

FACEIO_END_NAMESPACE

#endif  // FACEIO_KERNELS_WINOGRAD_HPP
