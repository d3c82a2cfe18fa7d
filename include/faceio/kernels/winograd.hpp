// Contract of winograd3x3_f32: 3x3 convolutions of stride 1 and padding 1 by Winograd's F(4x4, 3x3),
// with a quarter of the multiplications of the definition.
//
// Each 4x4 block of output pixels comes from a 6x6 block of input pixels:
//   Y = A^T [ sum_c (B^T d_c B) * (G g_c G^T) ] A        * is element by element
// so the sum over input channels is 36 independent matrix products over blocks.
// Source: Lavin & Gray, Fast Algorithms for Convolutional Neural Networks, CVPR 2016, section 4.1.3;
// interpolation points 0, 1, -1, 2, -2, infinity.
#ifndef FACEIO_KERNELS_WINOGRAD_HPP
#define FACEIO_KERNELS_WINOGRAD_HPP

#include "conv.hpp"

FACEIO_BEGIN_NAMESPACE

inline constexpr int32_t kWinogradTile = 4;        // output pixels a side
inline constexpr int32_t kWinogradPatch = 6;       // input pixels a side
inline constexpr int32_t kWinogradPositions = 36;  // products per block
/// Blocks transformed together: 36 * 24 * 64 channels * 4 bytes stay in a second-level cache.
inline constexpr int32_t kWinogradBlocks = 24;
/// Convolutions that may share one input and its transform.
inline constexpr int32_t kWinogradMaxParts = 3;

/// One of the convolutions that read the same input.
struct WinogradPart {
  MapView out;                       // slice that starts at a multiple of 16 channels
  const float* weights = nullptr;    // [36][C_out/16][C_in][16]: transform_winograd_weights()
  const float* bias = nullptr;       // [C_out]
  const float* slope = nullptr;      // prelu only
  float leaky_slope = 0.0f;
  Activation activation = Activation::linear;
};

/// Input with a border of one pixel; input and output channels are multiples of 16. Rows are computed
/// in blocks: row_begin is a multiple of 4, and row_end too or the height.
struct WinogradArgs {
  MapView in;
  WinogradPart part[kWinogradMaxParts];
  int32_t parts = 0;
  float* scratch = nullptr;          // winograd_scratch_floats() floats
};

/// Floats between the 36 transformed inputs: 16 more than the data, or they would fall into few cache
/// sets.
constexpr size_t winograd_position_stride(int32_t channels) noexcept {
  return static_cast<size_t>(kWinogradBlocks) * static_cast<size_t>(channels) + 16;
}

/// One transformed input block, one product block, one zero-padded patch at the picture's edge.
constexpr size_t winograd_scratch_floats(int32_t c_in, int32_t c_out_largest) noexcept {
  return kWinogradPositions * (winograd_position_stride(c_in) + winograd_position_stride(c_out_largest)) +
         static_cast<size_t>(kWinogradPositions) * static_cast<size_t>(c_in);
}

constexpr size_t winograd_weight_floats(int32_t c_in, int32_t c_out) noexcept {
  return static_cast<size_t>(kWinogradPositions) * static_cast<size_t>(c_in) * static_cast<size_t>(c_out);
}

/// G g G^T of every filter, in double, rounded once. `weights` is panel16 (weights/format.hpp);
/// `transformed` gets winograd_weight_floats().
constexpr void transform_winograd_weights(const float* weights, int32_t c_in, int32_t c_out,
                                          float* transformed) noexcept {
  constexpr double kG[6][3] = {{1.0 / 4, 0.0, 0.0},
                               {-1.0 / 6, -1.0 / 6, -1.0 / 6},
                               {-1.0 / 6, 1.0 / 6, -1.0 / 6},
                               {1.0 / 24, 1.0 / 12, 1.0 / 6},
                               {1.0 / 24, -1.0 / 12, 1.0 / 6},
                               {0.0, 0.0, 1.0}};
  const size_t position = static_cast<size_t>(c_in) * static_cast<size_t>(c_out);
  for (int32_t panel = 0; panel < c_out / kPanel; ++panel) {
    for (int32_t c = 0; c < c_in; ++c) {
      for (int32_t n = 0; n < kPanel; ++n) {
        double g[3][3] = {};
        for (int32_t k = 0; k < 9; ++k) {
          g[k / 3][k % 3] = static_cast<double>(
              weights[(static_cast<ptrdiff_t>(panel) * 9 * c_in + k * c_in + c) * kPanel + n]);
        }
        double rows[6][3] = {};
        for (int i = 0; i < 6; ++i) {
          for (int j = 0; j < 3; ++j) {
            rows[i][j] = kG[i][0] * g[0][j] + kG[i][1] * g[1][j] + kG[i][2] * g[2][j];
          }
        }
        float* out = transformed + (static_cast<ptrdiff_t>(panel) * c_in + c) * kPanel + n;
        for (int i = 0; i < 6; ++i) {
          for (int j = 0; j < 6; ++j) {
            out[static_cast<size_t>(i * 6 + j) * position] = static_cast<float>(
                rows[i][0] * kG[j][0] + rows[i][1] * kG[j][1] + rows[i][2] * kG[j][2]);
          }
        }
      }
    }
  }
}

FACEIO_END_NAMESPACE

#endif  // FACEIO_KERNELS_WINOGRAD_HPP
