// 3x3 convolutions between maps in planes, dense and depthwise: a vector holds neighbouring pixels
// of one channel, and weights are splatted. Contract: conv.hpp.
FACEIO_BEGIN_NAMESPACE
namespace FACEIO_TARGET_NS {

/// The three columns of input under a row of the kernel, for one vector of output pixels: pixels
/// p[0], p[stride], p[2 stride], ... for the first, one pixel further for the second, two for the
/// third. Lanes are in the order that put_right() ends.
template <int kStride>
FACEIO_ALWAYS_INLINE void load_columns(const float* p, vf32 (&column)[3]) noexcept {
  if constexpr (kStride == 1) {
    FACEIO_UNROLL
    for (int kx = 0; kx < 3; ++kx) column[kx] = in_register(load(p + kx));
  } else {
    // With one column of padding the middle one starts a cache line.
    vf32 unused;
    load_even_odd(p + 1, column[1], column[2]);
    load_even_odd(p - 1, unused, column[0]);
  }
}
template <int kStride>
FACEIO_ALWAYS_INLINE vf32 put_right(vf32 a) noexcept {
  if constexpr (kStride == 1) {
    return a;
  } else {
    return even_odd_in_order(a);
  }
}

/// Output pixels [x, x + kVectors * lanes) of channels [n, n + kChannels) in one row; in[ky] points
/// at column 0 of the kernel under output pixel 0.
template <int kStride, int kChannels, int kVectors>
FACEIO_ALWAYS_INLINE void conv3x3_planes_tile(const ConvArgs& a, const float* const (&in)[3],
                                              int32_t x, int32_t n,
                                              float* FACEIO_RESTRICT out) noexcept {
  const ptrdiff_t in_plane = a.in.channel_step, out_plane = a.out.channel_step;
  const int32_t channels = a.in.channels;
  vf32 acc[kChannels][kVectors];
  FACEIO_UNROLL
  for (int m = 0; m < kChannels; ++m) {
    const vf32 bias = a.bias != nullptr ? splat(a.bias[n + m]) : zero();
    FACEIO_UNROLL
    for (int v = 0; v < kVectors; ++v) acc[m][v] = bias;
  }
  for (int ky = 0; ky < 3; ++ky) {
    const float* p = in[ky] + static_cast<ptrdiff_t>(x) * kStride;
    const float* w = a.weights + static_cast<ptrdiff_t>(ky) * 3 * channels * kPanel + n;
    for (int32_t c = 0; c < channels; ++c, p += in_plane, w += kPanel) {
      vf32 column[kVectors][3];
      FACEIO_UNROLL
      for (int v = 0; v < kVectors; ++v) {
        load_columns<kStride>(p + v * vf32::lanes * kStride, column[v]);
      }
      FACEIO_UNROLL
      for (int kx = 0; kx < 3; ++kx) {
        FACEIO_UNROLL
        for (int m = 0; m < kChannels; ++m) {
          const vf32 weight = splat(w[kx * channels * kPanel + m]);
          FACEIO_UNROLL
          for (int v = 0; v < kVectors; ++v) {
            acc[m][v] = fma(column[v][kx], weight, acc[m][v]);
          }
        }
      }
    }
  }
  activate(acc, a.activation, splat(a.leaky_slope), SlopeAcrossRows{slope_of(a, n)});
  FACEIO_UNROLL
  for (int m = 0; m < kChannels; ++m) {
    FACEIO_UNROLL
    for (int v = 0; v < kVectors; ++v) {
      store_inside(out + (n + m) * out_plane, x + v * vf32::lanes, a.out.width,
                   put_right<kStride>(acc[m][v]));
    }
  }
}

template <int kStride, int kChannels>
inline void conv3x3_planes_row(const ConvArgs& a, const float* const (&in)[3], int32_t n,
                               float* out) noexcept {
  constexpr int32_t kWide = kPlaneVectors * vf32::lanes;
  int32_t x = 0;
  for (; x + kWide <= a.out.width; x += kWide) {
    conv3x3_planes_tile<kStride, kChannels, kPlaneVectors>(a, in, x, n, out);
  }
  for (; x < a.out.width; x += vf32::lanes) {
    conv3x3_planes_tile<kStride, kChannels, 1>(a, in, x, n, out);
  }
}

template <int kStride>
inline void conv3x3_planes_rows(const ConvArgs& a, int32_t row_begin, int32_t row_end) noexcept {
  for (int32_t y = row_begin; y < row_end; ++y) {
    const float* in[3];
    for (int32_t ky = 0; ky < 3; ++ky)
      in[ky] = a.in.row(y * kStride + ky - a.pad_before) - a.pad_before;
    int32_t n = 0;
    for (; n + kPlaneChannels <= a.out.channels; n += kPlaneChannels) {
      conv3x3_planes_row<kStride, kPlaneChannels>(a, in, n, a.out.row(y));
    }
    for (; n < a.out.channels; ++n) conv3x3_planes_row<kStride, 1>(a, in, n, a.out.row(y));
  }
}

inline void conv3x3_planes(const ConvArgs& a, int32_t row_begin, int32_t row_end) noexcept {
  if (a.stride == 1) {
    conv3x3_planes_rows<1>(a, row_begin, row_end);
  } else {
    conv3x3_planes_rows<2>(a, row_begin, row_end);
  }
}

/// Input rows under a few output rows of one channel, walked through vector by vector.
template <int kStride, int kInputs>
struct PlaneWindow {
  const float* row[kInputs];  // of input column 0 under output column 0
  vf32 previous[kInputs], here[kInputs];

  FACEIO_ALWAYS_INLINE void start() noexcept {
    if constexpr (kStride == 1 && kShiftsLanes) {
      FACEIO_UNROLL
      for (int i = 0; i < kInputs; ++i) {
        previous[i] = load(row[i] + 1 - vf32::lanes);
        here[i] = load(row[i] + 1);
      }
    }
  }
  /// The three columns of row i for output pixels [x, x + lanes); x rises by lanes from call to
  /// call.
  FACEIO_ALWAYS_INLINE void columns(int i, int32_t x, vf32 (&column)[3]) noexcept {
    if constexpr (kStride == 1) {
      const float* const p = row[i] + 1 + x;
      const vf32 now = kShiftsLanes ? here[i] : in_register(load(p));
      const vf32 next = kShiftsLanes ? load(p + vf32::lanes) : now;
      column[0] = load_before(p, kShiftsLanes ? previous[i] : now, now);
      column[1] = now;
      column[2] = load_behind(p, now, next);
      previous[i] = now;
      here[i] = next;
    } else {
      load_columns<kStride>(row[i] + static_cast<ptrdiff_t>(x) * kStride, column);
    }
  }
};

/// Output rows of a depthwise convolution that share the rows they read.
inline constexpr int kPlaneRows = 2;

/// kRows output rows of one channel.
template <int kStride, int kRows>
inline void depthwise3x3_planes_rows(const ConvArgs& a, int32_t y, int32_t c) noexcept {
  constexpr int kInputs = (kRows - 1) * kStride + 3;
  const auto padded = static_cast<ptrdiff_t>(channel_stride(a.out.channels));
  vf32 w[9];
  FACEIO_UNROLL
  for (int i = 0; i < 9; ++i) w[i] = splat(a.weights[i * padded + c]);
  const vf32 bias = splat(a.bias[c]);
  PlaneWindow<kStride, kInputs> window;
  float* out[kRows];
  for (int i = 0; i < kInputs; ++i) {
    window.row[i] = a.in.row(y * kStride + i - a.pad_before) +
                    static_cast<ptrdiff_t>(c) * a.in.channel_step - a.pad_before;
  }
  for (int i = 0; i < kRows; ++i)
    out[i] = a.out.row(y + i) + static_cast<ptrdiff_t>(c) * a.out.channel_step;
  window.start();
  const int32_t width = a.out.width;
  const Activation activation = a.activation;
  const vf32 leaky = splat(a.leaky_slope);
  const SlopeOfOne slope{slope_of(a, c)};
  for (int32_t x = 0; x < width; x += vf32::lanes) {
    vf32 acc[kRows][1];
    FACEIO_UNROLL
    for (int r = 0; r < kRows; ++r) acc[r][0] = bias;
    FACEIO_UNROLL
    for (int i = 0; i < kInputs; ++i) {
      vf32 column[3];
      window.columns(i, x, column);
      FACEIO_UNROLL
      for (int kx = 0; kx < 3; ++kx) {
        FACEIO_UNROLL
        for (int r = 0; r < kRows; ++r) {
          const int ky = i - r * kStride;
          if (ky >= 0 && ky < 3) acc[r][0] = fma(column[kx], w[ky * 3 + kx], acc[r][0]);
        }
      }
    }
    activate(acc, activation, leaky, slope);
    FACEIO_UNROLL
    for (int r = 0; r < kRows; ++r) {
      store_inside(out[r], x, width, put_right<kStride>(acc[r][0]));
    }
  }
}

template <int kStride>
inline void depthwise3x3_planes_of_stride(const ConvArgs& a, int32_t row_begin,
                                          int32_t row_end) noexcept {
  for (int32_t c = 0; c < a.out.channels; ++c) {
    int32_t y = row_begin;
    for (; y + kPlaneRows <= row_end; y += kPlaneRows) {
      depthwise3x3_planes_rows<kStride, kPlaneRows>(a, y, c);
    }
    for (; y < row_end; ++y) depthwise3x3_planes_rows<kStride, 1>(a, y, c);
  }
}

inline void depthwise3x3_planes(const ConvArgs& a, int32_t row_begin, int32_t row_end) noexcept {
  if (a.stride == 1) {
    depthwise3x3_planes_of_stride<1>(a, row_begin, row_end);
  } else {
    depthwise3x3_planes_of_stride<2>(a, row_begin, row_end);
  }
}

}  // namespace FACEIO_TARGET_NS
FACEIO_END_NAMESPACE
