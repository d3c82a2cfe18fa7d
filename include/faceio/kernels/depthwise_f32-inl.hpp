// Depthwise convolutions: 3x3 and global. Contract: conv.hpp.
FACEIO_BEGIN_NAMESPACE
namespace FACEIO_TARGET_NS {

/// kRows x kPixels output pixels of one vector of channels; in[i] points at column 0 of input row i
/// under the first pixel.
template <int kStride, int kRows, int kPixels>
FACEIO_ALWAYS_INLINE void depthwise3x3_tile(const ConvArgs& a, const float* slope,
                                            const float* const* in, ptrdiff_t in_step,
                                            const vf32 (&w)[9], vf32 bias, float* const* out,
                                            ptrdiff_t out_step) noexcept {
  constexpr int kInputs = (kRows - 1) * kStride + 3;
  vf32 acc[kRows * kPixels][1];
  FACEIO_UNROLL
  for (int m = 0; m < kRows * kPixels; ++m) acc[m][0] = bias;
  FACEIO_UNROLL
  for (int i = 0; i < kInputs; ++i) {
    // Each input pixel is loaded once and used by every output pixel it reaches.
    FACEIO_UNROLL
    for (int column = 0; column < (kPixels - 1) * kStride + 3; ++column) {
      const vf32 value = in_register(load(in[i] + column * in_step));
      FACEIO_UNROLL
      for (int r = 0; r < kRows; ++r) {
        FACEIO_UNROLL
        for (int m = 0; m < kPixels; ++m) {
          const int ky = i - r * kStride, kx = column - m * kStride;
          if (ky >= 0 && ky < 3 && kx >= 0 && kx < 3) {
            acc[r * kPixels + m][0] = fma(value, w[ky * 3 + kx], acc[r * kPixels + m][0]);
          }
        }
      }
    }
  }
  activate(acc, a.activation, splat(a.leaky_slope), SlopeAcrossLanes{slope});
  FACEIO_UNROLL
  for (int r = 0; r < kRows; ++r) {
    FACEIO_UNROLL
    for (int m = 0; m < kPixels; ++m) {
      store(out[r] + m * out_step, acc[r * kPixels + m][0]);
    }
  }
}

/// Output columns that go together: their input of all channels is read from memory once and in
/// order, while the weights of a vector of channels serve all of them.
constexpr int32_t depthwise_strip_pixels(int32_t channels) noexcept {
  const int32_t pixels = 1024 / channels / kDepthwisePixels * kDepthwisePixels;
  return pixels < kDepthwisePixels ? kDepthwisePixels : pixels;
}

/// Columns [x, x_end) of kRows output rows and one vector of channels; rows start at that vector.
template <int kStride, int kRows>
inline void depthwise3x3_strip(const ConvArgs& a, const float* const* in_row, float* const* out_row,
                               int32_t c, int32_t x, int32_t x_end) noexcept {
  constexpr int kInputs = (kRows - 1) * kStride + 3;
  const ptrdiff_t in_step = a.in.pixel_stride, out_step = a.out.pixel_stride;
  const auto padded = static_cast<ptrdiff_t>(channel_stride(a.out.channels));
  vf32 w[9];
  FACEIO_UNROLL
  for (int i = 0; i < 9; ++i) w[i] = load(a.weights + i * padded + c);
  const vf32 bias = load(a.bias + c);
  const float* const slope = slope_of(a, c);
  const float* in[kInputs];
  float* out[kRows];
  FACEIO_UNROLL
  for (int i = 0; i < kInputs; ++i) in[i] = in_row[i] + x * kStride * in_step + c;
  FACEIO_UNROLL
  for (int r = 0; r < kRows; ++r) out[r] = out_row[r] + x * out_step + c;
  for (; x + kDepthwisePixels <= x_end; x += kDepthwisePixels) {
    depthwise3x3_tile<kStride, kRows, kDepthwisePixels>(a, slope, in, in_step, w, bias, out,
                                                        out_step);
    FACEIO_UNROLL
    for (int i = 0; i < kInputs; ++i) in[i] += kDepthwisePixels * kStride * in_step;
    FACEIO_UNROLL
    for (int r = 0; r < kRows; ++r) out[r] += kDepthwisePixels * out_step;
  }
  for (; x < x_end; ++x) {
    depthwise3x3_tile<kStride, kRows, 1>(a, slope, in, in_step, w, bias, out, out_step);
    FACEIO_UNROLL
    for (int i = 0; i < kInputs; ++i) in[i] += kStride * in_step;
    FACEIO_UNROLL
    for (int r = 0; r < kRows; ++r) out[r] += out_step;
  }
}

/// kRows output rows from y on.
template <int kStride, int kRows>
inline void depthwise3x3_rows(const ConvArgs& a, int32_t y) noexcept {
  constexpr int kInputs = (kRows - 1) * kStride + 3;
  const float* in_row[kInputs];
  float* out_row[kRows];
  for (int i = 0; i < kInputs; ++i) {
    in_row[i] = a.in.row(y * kStride + i - a.pad_before) - a.pad_before * a.in.pixel_stride;
  }
  for (int r = 0; r < kRows; ++r) out_row[r] = a.out.row(y + r);
  const int32_t stored = channel_stride(a.out.channels);
  const int32_t strip = depthwise_strip_pixels(stored);
  for (int32_t x = 0; x < a.out.width; x += strip) {
    const int32_t x_end = x + strip < a.out.width ? x + strip : a.out.width;
    for (int32_t c = 0; c < stored; c += vf32::lanes) {
      depthwise3x3_strip<kStride, kRows>(a, in_row, out_row, c, x, x_end);
    }
  }
}

template <int kStride>
inline void depthwise3x3_of_stride(const ConvArgs& a, int32_t row_begin, int32_t row_end) noexcept {
  int32_t y = row_begin;
  for (; y + kDepthwiseRows <= row_end; y += kDepthwiseRows)
    depthwise3x3_rows<kStride, kDepthwiseRows>(a, y);
  for (; y < row_end; ++y) depthwise3x3_rows<kStride, 1>(a, y);
}

inline void depthwise3x3_f32(const ConvArgs& a, int32_t row_begin, int32_t row_end) noexcept {
  if (a.out.in_planes()) {
    depthwise3x3_planes(a, row_begin, row_end);
  } else if (a.stride == 1) {
    depthwise3x3_of_stride<1>(a, row_begin, row_end);
  } else {
    depthwise3x3_of_stride<2>(a, row_begin, row_end);
  }
}

inline void global_depthwise_f32(const ConvArgs& a, int32_t row_begin, int32_t row_end) noexcept {
  if (row_begin >= row_end) return;
  const int32_t stored = channel_stride(a.out.channels);
  for (int32_t c = 0; c < stored; c += vf32::lanes) {
    vf32 acc[1][1] = {{load(a.bias + c)}};
    const float* w = a.weights + c;
    for (int32_t y = 0; y < a.in.height; ++y) {
      const float* in = a.in.row(y) + c;
      for (int32_t x = 0; x < a.in.width; ++x, w += stored, in += a.in.pixel_stride) {
        acc[0][0] = fma(load(in), load(w), acc[0][0]);
      }
    }
    activate(acc, a.activation, splat(a.leaky_slope), SlopeAcrossLanes{slope_of(a, c)});
    store(a.out.row(0) + c, acc[0][0]);
  }
}

}  // namespace FACEIO_TARGET_NS
FACEIO_END_NAMESPACE
