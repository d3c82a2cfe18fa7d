// Contract of the kernels that treat each element by itself: batchnorm_f32, add_f32,
// upsample_nearest_f32. Maps are [H, W, C]; padding lanes are read and written like channels.
#ifndef FACEIO_KERNELS_ELEMENTWISE_HPP
#define FACEIO_KERNELS_ELEMENTWISE_HPP

#include "../core/map_view.hpp"

FACEIO_BEGIN_NAMESPACE

/// out[y][x][c] = in[y][x][c] * scale[c] + shift[c]
/// Batch normalisation that cannot be folded into a neighbouring convolution, namely before a
/// zero-padded one: there the border must stay zero after the shift. scale and shift are
/// [round_up(C, 16)]. `out` may be `in`.
struct BatchNormArgs {
  MapView in;
  MapView out;
  const float* scale = nullptr;  // gamma / sqrt(variance + epsilon)
  const float* shift = nullptr;  // beta - mean * scale
};

/// out[y][x][c] = a[y][x][c] + b[y][x][c]; all three of one size. `out` may be `a` or `b`.
struct AddArgs {
  MapView a;
  MapView b;
  MapView out;
};

/// out[y][x][c] = in[floor(y * H_in / H_out)][floor(x * W_in / W_out)][c]
/// Nearest neighbour to the size of the finer map, which need not be twice as large (odd sizes).
/// Indices are exact integers; ONNX Resize (asymmetric, floor) agrees for the maps of this network.
struct UpsampleArgs {
  MapView in;
  MapView out;
};

FACEIO_END_NAMESPACE

#endif  // FACEIO_KERNELS_ELEMENTWISE_HPP
