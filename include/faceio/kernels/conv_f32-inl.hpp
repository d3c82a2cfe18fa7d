// Dense convolutions, 1x1 and 3x3: one register tile serves both. Contract: conv.hpp.
//
// A tile is kTilePixels neighbouring output pixels x kTileVectors vectors of output channels. Its sum
// runs over segments: stretches of input that are contiguous for a pixel. A 1x1 convolution has one
// segment of C_in floats; a 3x3 over a dense map three (one a row, 3 * C_in floats); a 3x3 over a
// slice of a wider map nine. Weight rows follow each other in the same order.
FACEIO_BEGIN_NAMESPACE
namespace FACEIO_TARGET_NS {

struct ConvSegments {
  static constexpr int kMax = 9;
  const float* start[kMax];  // input of output pixel 0 of the row
  int count;
  int length;                // floats
  ptrdiff_t pixel_step;      // floats from one output pixel's input to the next one's
};

/// v = f(v) for every accumulator of a tile whose first output channel is n.
template <class Vec, int kPixels, int kVectors>
FACEIO_ALWAYS_INLINE void activate(Vec (&acc)[kPixels][kVectors], const ConvArgs& a, int32_t n) noexcept {
  const Vec nothing = splat_as<Vec>(0.0f);
  switch (a.activation) {
    case Activation::linear: break;
    case Activation::relu:
      FACEIO_UNROLL for (int m = 0; m < kPixels; ++m) {
        FACEIO_UNROLL for (int v = 0; v < kVectors; ++v) acc[m][v] = max(acc[m][v], nothing);
      }
      break;
    case Activation::leaky_relu: {
      const Vec s = splat_as<Vec>(a.leaky_slope);
      FACEIO_UNROLL for (int m = 0; m < kPixels; ++m) {
        FACEIO_UNROLL for (int v = 0; v < kVectors; ++v) {
          acc[m][v] = max(acc[m][v], mul(acc[m][v], s));
        }
      }
      break;
    }
    case Activation::prelu:
      FACEIO_UNROLL for (int v = 0; v < kVectors; ++v) {
        const Vec s = load_as<Vec>(a.slope + n + v * Vec::lanes);
        FACEIO_UNROLL for (int m = 0; m < kPixels; ++m) {
          acc[m][v] = fma(min(acc[m][v], nothing), s, max(acc[m][v], nothing));
        }
      }
      break;
  }
}

/// Output pixels [x, x + kPixels) and channels [n, n + kVectors * lanes) of one row.
template <class Vec, int kPixels, int kVectors>
inline void conv_tile(const ConvArgs& a, const ConvSegments& segments, int32_t k_total, int32_t x,
                      int32_t n, int32_t n_stored, float* FACEIO_RESTRICT out) noexcept {
  constexpr int kGroups = (kPixels + 2) / 3;
  Vec acc[kPixels][kVectors];
  const float* w[kVectors];
  FACEIO_UNROLL for (int v = 0; v < kVectors; ++v) {
    const int32_t channel = n + v * Vec::lanes;
    w[v] = a.weights + static_cast<ptrdiff_t>(channel / kPanel) * k_total * kPanel + channel % kPanel;
    const Vec bias = a.bias != nullptr ? load_as<Vec>(a.bias + channel) : splat_as<Vec>(0.0f);
    FACEIO_UNROLL for (int m = 0; m < kPixels; ++m) acc[m][v] = bias;
  }
  const ptrdiff_t step = segments.pixel_step;
  for (int s = 0; s < segments.count; ++s) {
    // Three pixels share a pointer (step and 2 * step are index registers), so twelve need only four.
    const float* in[kGroups];
    FACEIO_UNROLL for (int g = 0; g < kGroups; ++g) in[g] = segments.start[s] + (x + g * 3) * step;
    for (int k = 0; k < segments.length; ++k) {
      Vec weight[kVectors];
      FACEIO_UNROLL for (int v = 0; v < kVectors; ++v) weight[v] = load_as<Vec>(w[v]);
      FACEIO_UNROLL for (int m = 0; m < kPixels; ++m) {
        const Vec value = splat_as<Vec>(in[m / 3][(m % 3) * step]);
        FACEIO_UNROLL for (int v = 0; v < kVectors; ++v) {
          acc[m][v] = fma(value, weight[v], acc[m][v]);
        }
      }
      FACEIO_UNROLL for (int g = 0; g < kGroups; ++g) ++in[g];
      FACEIO_UNROLL for (int v = 0; v < kVectors; ++v) w[v] += kPanel;
    }
  }
  activate(acc, a, n);
  const ptrdiff_t out_step = a.out.pixel_stride;
  FACEIO_UNROLL for (int m = 0; m < kPixels; ++m) {
    FACEIO_UNROLL for (int v = 0; v < kVectors; ++v) {
      float* p = out + (x + m) * out_step + n + v * Vec::lanes;
      if constexpr (Vec::lanes < vf32::lanes) {
        store(p, acc[m][v]);  // chosen for exactly as many channels as it has lanes
      } else {
        const int32_t left = n_stored - n - v * Vec::lanes;
        if (left >= Vec::lanes) {
          store(p, acc[m][v]);
        } else {
          store_n(p, acc[m][v], left);
        }
      }
    }
  }
}

/// Calls the tile of exactly `pixels` pixels, 1 <= pixels <= kPixels.
template <class Vec, int kPixels, int kVectors>
FACEIO_ALWAYS_INLINE void conv_tile_of(int32_t pixels, const ConvArgs& a, const ConvSegments& s,
                                       int32_t k_total, int32_t x, int32_t n, int32_t n_stored,
                                       float* out) noexcept {
  if constexpr (kPixels > 1) {
    if (pixels < kPixels) {
      conv_tile_of<Vec, kPixels - 1, kVectors>(pixels, a, s, k_total, x, n, n_stored, out);
      return;
    }
  }
  conv_tile<Vec, kPixels, kVectors>(a, s, k_total, x, n, n_stored, out);
}

/// One row of `width` output pixels. The row is cut into tiles of nearly equal size instead of full
/// tiles and a short rest: the rest would run at a fraction of the speed.
inline void conv_row(const ConvArgs& a, const ConvSegments& segments, int32_t k_total,
                     int32_t width, float* out) noexcept {
  const int32_t n_stored = channel_stride(a.out.channels);
  constexpr int32_t kWide = kTileVectors * vf32::lanes;
  for (int32_t n = 0; n < n_stored;) {
    const int32_t left = n_stored - n;
    const bool wide = left > kWide - vf32::lanes;
    int32_t tiles = (width + kTilePixels - 1) / kTilePixels;
    for (int32_t x = 0; tiles > 0; --tiles) {
      const int32_t pixels = (width - x + tiles - 1) / tiles;
      if (wide) {
        conv_tile_of<vf32, kTilePixels, kTileVectors>(pixels, a, segments, k_total, x, n, n_stored, out);
      } else if (left < vf32::lanes && left == vf32_narrow::lanes) {
        conv_tile_of<vf32_narrow, kTilePixels, 1>(pixels, a, segments, k_total, x, n, n_stored, out);
      } else {
        conv_tile_of<vf32, kTilePixels, 1>(pixels, a, segments, k_total, x, n, n_stored, out);
      }
      x += pixels;
    }
    n += wide ? kWide : vf32::lanes;
  }
}

inline void conv1x1_f32(const ConvArgs& a, int32_t row_begin, int32_t row_end) noexcept {
  ConvSegments segments{};
  segments.count = 1;
  segments.length = a.in.channels;
  segments.pixel_step = a.in.pixel_stride;
  const bool one_row = a.in.rows_touch() && a.out.rows_touch();
  const int32_t rows = one_row ? row_end - row_begin : 1;
  for (int32_t y = row_begin; y < row_end; y += rows) {
    segments.start[0] = a.in.row(y);
    conv_row(a, segments, a.in.channels, a.out.width * rows, a.out.row(y));
  }
}

inline void conv3x3_f32(const ConvArgs& a, int32_t row_begin, int32_t row_end) noexcept {
  const bool dense = a.in.pixel_stride == a.in.channels;
  ConvSegments segments{};
  segments.count = dense ? 3 : 9;
  segments.length = dense ? 3 * a.in.channels : a.in.channels;
  segments.pixel_step = static_cast<ptrdiff_t>(a.stride) * a.in.pixel_stride;
  for (int32_t y = row_begin; y < row_end; ++y) {
    for (int s = 0; s < segments.count; ++s) {
      const int32_t ky = dense ? s : s / 3;
      const int32_t kx = dense ? 0 : s % 3;
      segments.start[s] = a.in.row(y * a.stride + ky - a.pad_before) +
                          static_cast<ptrdiff_t>(kx - a.pad_before) * a.in.pixel_stride;
    }
    conv_row(a, segments, 9 * a.in.channels, a.out.width, a.out.row(y));
  }
}

}  // namespace FACEIO_TARGET_NS
FACEIO_END_NAMESPACE
