// Reference of winograd3x3_f32: the formula of the paper in double, with its matrices written out.
// Oracle of the tests, which hold it in turn against the plain convolution.
#ifndef FACEIO_KERNELS_REF_WINOGRAD_HPP
#define FACEIO_KERNELS_REF_WINOGRAD_HPP

#include "../winograd.hpp"
#include "conv.hpp"

FACEIO_BEGIN_NAMESPACE
namespace ref {

inline void winograd3x3_f32(const WinogradArgs& a) noexcept {
  constexpr double kBt[6][6] = {{4, 0, -5, 0, 1, 0},  {0, -4, -4, 1, 1, 0}, {0, 4, -4, -1, 1, 0},
                                {0, -2, -1, 2, 1, 0}, {0, 2, -1, -2, 1, 0}, {0, 4, 0, -5, 0, 1}};
  constexpr double kAt[4][6] = {
      {1, 1, 1, 1, 1, 0}, {0, 1, -1, 2, -2, 0}, {0, 1, 1, 4, 4, 0}, {0, 1, -1, 8, -8, 1}};
  for (int32_t p = 0; p < a.parts; ++p) {
    const WinogradPart& part = a.part[p];
    const int32_t c_in = a.in.channels;
    const int32_t c_out = part.out.channels;
    for (int32_t y0 = 0; y0 < part.out.height; y0 += kWinogradTile) {
      for (int32_t x0 = 0; x0 < part.out.width; x0 += kWinogradTile) {
        for (int32_t n = 0; n < c_out; ++n) {
          double sum[6][6] = {};
          for (int32_t c = 0; c < c_in; ++c) {
            for (int u = 0; u < 6; ++u) {
              for (int v = 0; v < 6; ++v) {
                double transformed = 0.0;
                for (int32_t i = 0; i < 6; ++i) {
                  for (int32_t j = 0; j < 6; ++j) {
                    const int32_t y = y0 + i - 1, x = x0 + j - 1;
                    if (y < 0 || y >= a.in.height || x < 0 || x >= a.in.width) continue;
                    transformed += kBt[u][i] * element(a.in, y, x, c) * kBt[v][j];
                  }
                }
                const ptrdiff_t position = static_cast<ptrdiff_t>(u * 6 + v) * c_in * c_out;
                const ptrdiff_t panel = static_cast<ptrdiff_t>(n / kPanel) * c_in * kPanel;
                sum[u][v] += transformed *
                             static_cast<double>(part.weights[position + panel + c * kPanel + n % kPanel]);
              }
            }
          }
          ConvArgs activation;
          activation.slope = part.slope;
          activation.leaky_slope = part.leaky_slope;
          activation.activation = part.activation;
          for (int32_t i = 0; i < kWinogradTile && y0 + i < part.out.height; ++i) {
            for (int32_t j = 0; j < kWinogradTile && x0 + j < part.out.width; ++j) {
              double value = static_cast<double>(part.bias[n]);
              for (int u = 0; u < 6; ++u) {
                for (int v = 0; v < 6; ++v) value += kAt[i][u] * sum[u][v] * kAt[j][v];
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
