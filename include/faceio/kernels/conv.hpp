// Contract of the convolution kernels: conv1x1_f32, conv3x3_f32, depthwise3x3_f32,
// global_depthwise_f32.
//
//   dense      out[y][x][n] = f( bias[n] + sum_{ky,kx,c} in[y*s+ky-p][x*s+kx-p][c] * w[n][ky][kx][c] )
//                             + addend[floor(y*H_a/H)][floor(x*W_a/W)][n]      (1x1 only, optional)
//   depthwise  out[y][x][c] = f( bias[c] + sum_{ky,kx}   in[y*s+ky-p][x*s+kx-p][c] * w[ky][kx][c] )
//   global     out[0][0][c] = f( bias[c] + sum_{y,x}     in[y][x][c]               * w[y][x][c] )
//
// with stride s, padding p = pad_before at the top and left, and the activation f. The sum runs in the
// order written (over maps in planes: ky, c, kx), one term after the other, so all targets of one numeric
// class give the same bits.
// Source: MobileNets (Howard et al. 2017) section 3.1; RetinaFace (Deng et al. 2019) section 3.
#ifndef FACEIO_KERNELS_CONV_HPP
#define FACEIO_KERNELS_CONV_HPP

#include "../core/map_view.hpp"

FACEIO_BEGIN_NAMESPACE

enum class Activation : uint8_t {
  linear = 0,      // x
  relu = 1,        // max(x, 0)
  leaky_relu = 2,  // max(x, slope * x), 0 <= slope <= 1, one slope for the layer
  prelu = 3,       // max(x, 0) + slope[c] * min(x, 0), any slope: trained ones reach -9.4 and +8.9
};

/// Weights, bias and slope are laid out for vectors of any width (weights/format.hpp):
///   dense      weights [ceil(C_out/16)][kh*kw*C_in][16], row k = (ky*kw + kx)*C_in + c
///   depthwise  weights [kh*kw][round_up(C, 16)]
///   bias, slope        [round_up(C_out, 16)]
/// Missing channels hold zeros there.
///
/// `in` and `out` may be slices of wider maps; a slice starts at a multiple of 16 channels and `out`
/// has room for channel_stride(channels) floats per pixel, all of which are written. Reads stay inside
/// the rows, columns and padding lanes of `in` and inside its one-pixel border, which 3x3 kernels need.
/// `in` and `out` do not overlap. Neither do `addend` and `out`; `addend` is whole and not in planes,
/// and when it is smaller, its nearest pixel counts.
///
/// Maps in planes: 3x3 kernels read and write them on both sides (dense: C_out <= 16), a 1x1
/// reads them. They read up to plane_floats() of a row and write its pixels only.
struct ConvArgs {
  MapView in;
  MapView out;
  MapView addend;                 // 1x1 only; as many channels as out. data null: nothing is added
  const float* weights = nullptr;
  const float* next_weights = nullptr;  // dense: read after these and laid out as they are, or null
  const float* bias = nullptr;    // null: zeros (dense only)
  const float* slope = nullptr;   // prelu only
  float leaky_slope = 0.0f;       // leaky_relu only
  int32_t stride = 1;             // 1 or 2
  int32_t pad_before = 0;         // 3x3 only: 1, or 0 for TensorFlow SAME at stride 2
  Activation activation = Activation::linear;
};

/// Output rows or columns of a 3x3 convolution; 0 when the padded input is smaller than the kernel.
/// One pixel of padding always follows the input.
constexpr int32_t conv3x3_output(int32_t input, int32_t stride, int32_t pad_before) noexcept {
  const int32_t padded = input + pad_before + 1;
  return padded < 3 ? 0 : (padded - 3) / stride + 1;
}

FACEIO_END_NAMESPACE

#endif  // FACEIO_KERNELS_CONV_HPP
