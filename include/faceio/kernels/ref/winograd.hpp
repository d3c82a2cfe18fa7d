// Reference of winograd3x3_f32: the formula of the paper in double, with its matrices written out.
// Oracle of the tests, which hold it in turn against the plain convolution.
#ifndef FACEIO_KERNELS_REF_WINOGRAD_HPP
#define FACEIO_KERNELS_REF_WINOGRAD_HPP

#include "../winograd.hpp"
#include "conv.hpp"

FACEIO_BEGIN_NAMESPACE
namespace ref {

inline void winograd3x3_f32(const WinogradArgs& a) noexcept {
  constexpr int kPatch = kWinogradPatch, kTile = kWinogradTile;
  constexpr double kBt[kPatch][kPatch] = {{1, 0, -5.25, 0, 5.25, 0, -1, 0},
                                          {0, 1, 1, -4.25, -4.25, 1, 1, 0},
                                          {0, -1, 1, 4.25, -4.25, -1, 1, 0},
                                          {0, 0.5, 0.25, -2.5, -1.25, 2, 1, 0},
                                          {0, -0.5, 0.25, 2.5, -1.25, -2, 1, 0},
                                          {0, 2, 4, -2.5, -5, 0.5, 1, 0},
                                          {0, -2, 4, 2.5, -5, -0.5, 1, 0},
                                          {0, -1, 0, 5.25, 0, -5.25, 0, 1}};
  constexpr double kAt[kTile][kPatch] = {{1, 1, 1, 1, 1, 1, 1, 0},
                                         {0, 1, -1, 2, -2, 1.0 / 2, -1.0 / 2, 0},
                                         {0, 1, 1, 4, 4, 1.0 / 4, 1.0 / 4, 0},
                                         {0, 1, -1, 8, -8, 1.0 / 8, -1.0 / 8, 0},
                                         {0, 1, 1, 16, 16, 1.0 / 16, 1.0 / 16, 0},
                                         {0, 1, -1, 32, -32, 1.0 / 32, -1.0 / 32, 1}};
  const int32_t c_in = a.in.channels;
  int32_t c_out_total = 0;
  for (int32_t p = 0; p < a.parts; ++p) c_out_total += a.part[p].out.channels;
  const ptrdiff_t position_floats = static_cast<ptrdiff_t>(c_in) * c_out_total;
  const float* const bias = a.weights + kWinogradPositions * position_floats;
  int32_t first_out = 0;  // of the part, among the channels of all parts
  for (int32_t p = 0; p < a.parts; first_out += a.part[p++].out.channels) {
    const WinogradPart& part = a.part[p];
    const int32_t c_out = part.out.channels;
    for (int32_t y0 = 0; y0 < part.out.height; y0 += kTile) {
      for (int32_t x0 = 0; x0 < part.out.width; x0 += kTile) {
        for (int32_t n = 0; n < c_out; ++n) {
          double sum[kPatch][kPatch] = {};
          for (int32_t c = 0; c < c_in; ++c) {
            for (int u = 0; u < kPatch; ++u) {
              for (int v = 0; v < kPatch; ++v) {
                double transformed = 0.0;
                for (int32_t i = 0; i < kPatch; ++i) {
                  for (int32_t j = 0; j < kPatch; ++j) {
                    const int32_t y = y0 + i - 1, x = x0 + j - 1;
                    if (y < 0 || y >= a.in.height || x < 0 || x >= a.in.width) continue;
                    transformed += kBt[u][i] * element(a.in, y, x, c) * kBt[v][j];
                  }
                }
                const ptrdiff_t position = (u * kPatch + v) * position_floats;
                const ptrdiff_t panel =
                    static_cast<ptrdiff_t>((first_out + n) / kPanel) * c_in * kPanel;
                sum[u][v] +=
                    transformed *
                    static_cast<double>(a.weights[position + panel + c * kPanel + n % kPanel]);
              }
            }
          }
          ConvArgs activation;
          activation.slope = part.slope;
          activation.leaky_slope = part.leaky_slope;
          activation.activation = part.activation;
          for (int32_t i = 0; i < kTile && y0 + i < part.out.height; ++i) {
            for (int32_t j = 0; j < kTile && x0 + j < part.out.width; ++j) {
              double value = static_cast<double>(bias[first_out + n]);
              for (int u = 0; u < kPatch; ++u) {
                for (int v = 0; v < kPatch; ++v) value += kAt[i][u] * sum[u][v] * kAt[j][v];
              }
              set_element(part.out, y0 + i, x0 + j, n, activate(value, activation, n));
            }
          }
        }
      }
    }
  }
}

}  // namespace ref
FACEIO_END_NAMESPACE

#endif  // FACEIO_KERNELS_REF_WINOGRAD_HPP
