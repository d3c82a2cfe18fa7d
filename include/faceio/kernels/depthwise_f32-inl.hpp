// Depthwise convolutions: 3x3 and global. Contract: conv.hpp.
FACEIO_BEGIN_NAMESPACE
namespace FACEIO_TARGET_NS {

/// kFull: a whole vector of channels; otherwise the first n lanes of a vf32.
template <class Vec, bool kFull>
FACEIO_ALWAYS_INLINE Vec load_channels(const float* p, int n) noexcept {
  if constexpr (kFull) {
    return load_as<Vec>(p);
  } else {
    return load_n(p, n);
  }
}

/// kPixels output pixels of one vector of channels; in[ky] points at tap (ky, 0) of the first pixel.
template <class Vec, int kPixels, int kStride, bool kFull>
FACEIO_ALWAYS_INLINE void depthwise3x3_tile(const ConvArgs& a, const float* const (&in)[3],
                                            ptrdiff_t in_step, const Vec (&w)[9], Vec bias,
                                            int32_t c, int lanes_used,
                                            float* FACEIO_RESTRICT out) noexcept {
  Vec acc[kPixels][1];
  FACEIO_UNROLL for (int m = 0; m < kPixels; ++m) acc[m][0] = bias;
  FACEIO_UNROLL for (int ky = 0; ky < 3; ++ky) {
    // Each input column is loaded once and used by every output pixel it reaches.
    FACEIO_UNROLL for (int column = 0; column < (kPixels - 1) * kStride + 3; ++column) {
      const Vec value = load_channels<Vec, kFull>(in[ky] + column * in_step, lanes_used);
      FACEIO_UNROLL for (int m = 0; m < kPixels; ++m) {
        const int kx = column - m * kStride;
        if (kx >= 0 && kx < 3) acc[m][0] = fma(value, w[ky * 3 + kx], acc[m][0]);
      }
    }
  }
  activate(acc, a, c);
  FACEIO_UNROLL for (int m = 0; m < kPixels; ++m) {
    float* p = out + m * static_cast<ptrdiff_t>(a.out.pixel_stride);
    if constexpr (kFull) {
      store(p, acc[m][0]);
    } else {
      store_n(p, acc[m][0], lanes_used);
    }
  }
}

/// One output row of one vector of channels starting at channel c.
template <class Vec, int kStride, bool kFull>
inline void depthwise3x3_row(const ConvArgs& a, int32_t y, int32_t c, int lanes_used) noexcept {
  constexpr int kPixels = 4;
  const auto padded = static_cast<ptrdiff_t>(round_up(static_cast<size_t>(a.out.channels), kPanel));
  Vec w[9];
  FACEIO_UNROLL for (int i = 0; i < 9; ++i) w[i] = load_as<Vec>(a.weights + i * padded + c);
  const Vec bias = load_as<Vec>(a.bias + c);
  const ptrdiff_t in_step = a.in.pixel_stride;
  const float* in[3];
  for (int ky = 0; ky < 3; ++ky) {
    in[ky] = a.in.row(y * kStride + ky - a.pad_before) - a.pad_before * in_step + c;
  }
  float* out = a.out.row(y) + c;
  int32_t x = 0;
  for (; x + kPixels <= a.out.width; x += kPixels) {
    depthwise3x3_tile<Vec, kPixels, kStride, kFull>(a, in, in_step, w, bias, c, lanes_used, out);
    for (auto& p : in) p += kPixels * kStride * in_step;
    out += kPixels * static_cast<ptrdiff_t>(a.out.pixel_stride);
  }
  for (; x < a.out.width; ++x) {
    depthwise3x3_tile<Vec, 1, kStride, kFull>(a, in, in_step, w, bias, c, lanes_used, out);
    for (auto& p : in) p += kStride * in_step;
    out += a.out.pixel_stride;
  }
}

template <class Vec, bool kFull>
FACEIO_ALWAYS_INLINE void depthwise3x3_row_of_stride(const ConvArgs& a, int32_t y, int32_t c,
                                                     int lanes_used) noexcept {
  if (a.stride == 1) {
    depthwise3x3_row<Vec, 1, kFull>(a, y, c, lanes_used);
  } else {
    depthwise3x3_row<Vec, 2, kFull>(a, y, c, lanes_used);
  }
}

inline void depthwise3x3_f32(const ConvArgs& a, int32_t row_begin, int32_t row_end) noexcept {
  const int32_t stored = channel_stride(a.out.channels);
  for (int32_t y = row_begin; y < row_end; ++y) {
    for (int32_t c = 0; c < stored; c += vf32::lanes) {
      const int32_t left = stored - c;
      if (left >= vf32::lanes) {
        depthwise3x3_row_of_stride<vf32, true>(a, y, c, vf32::lanes);
      } else if (left == vf32_narrow::lanes) {
        depthwise3x3_row_of_stride<vf32_narrow, true>(a, y, c, left);
      } else {
        depthwise3x3_row_of_stride<vf32, false>(a, y, c, left);
      }
    }
  }
}

inline void global_depthwise_f32(const ConvArgs& a, int32_t row_begin, int32_t row_end) noexcept {
  if (row_begin >= row_end) return;
  const int32_t stored = channel_stride(a.out.channels);
  const auto padded = static_cast<ptrdiff_t>(round_up(static_cast<size_t>(a.out.channels), kPanel));
  for (int32_t c = 0; c < stored; c += vf32::lanes) {
    const int lanes_used = stored - c < vf32::lanes ? stored - c : vf32::lanes;
    vf32 acc[1][1] = {{load(a.bias + c)}};
    const float* w = a.weights + c;
    for (int32_t y = 0; y < a.in.height; ++y) {
      const float* in = a.in.row(y) + c;
      for (int32_t x = 0; x < a.in.width; ++x, w += padded, in += a.in.pixel_stride) {
        acc[0][0] = fma(load_n(in, lanes_used), load(w), acc[0][0]);
      }
    }
    activate(acc, a, c);
    store_n(a.out.row(0) + c, acc[0][0], lanes_used);
  }
}

}  // namespace FACEIO_TARGET_NS
FACEIO_END_NAMESPACE
