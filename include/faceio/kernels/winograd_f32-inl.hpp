// Winograd F(4x4, 3x3). Contract: winograd.hpp; the matrix products use the tile of conv_f32-inl.hpp.
FACEIO_BEGIN_NAMESPACE
namespace FACEIO_TARGET_NS {

/// t = B^T d: one column or row of a patch.
FACEIO_ALWAYS_INLINE void winograd_input_1d(const vf32 (&d)[6], vf32 (&t)[6]) noexcept {
  const vf32 two = splat(2.0f), four = splat(4.0f), five = splat(5.0f);
  const vf32 a = fnma(four, d[2], d[4]);
  const vf32 b = fnma(four, d[1], d[3]);
  const vf32 c = sub(d[4], d[2]);
  const vf32 e = sub(d[3], d[1]);
  t[0] = fma(four, d[0], fnma(five, d[2], d[4]));
  t[1] = add(a, b);
  t[2] = sub(a, b);
  t[3] = fma(two, e, c);
  t[4] = fnma(two, e, c);
  t[5] = fma(four, d[1], fnma(five, d[3], d[5]));
}

/// y = A^T m.
FACEIO_ALWAYS_INLINE void winograd_output_1d(const vf32 (&m)[6], vf32 (&y)[4]) noexcept {
  const vf32 p = add(m[1], m[2]);
  const vf32 q = sub(m[1], m[2]);
  const vf32 u = add(m[3], m[4]);
  const vf32 v = sub(m[3], m[4]);
  y[0] = add(add(m[0], p), u);
  y[1] = fma(splat(2.0f), v, q);
  y[2] = fma(splat(4.0f), u, p);
  y[3] = add(fma(splat(8.0f), v, q), m[5]);
}

/// Transforms one patch, lanes channels at a time. rows[i] points at the patch's first pixel of row i.
inline void winograd_input(const float* const (&rows)[6], ptrdiff_t pixel_step, int32_t channels,
                           float* FACEIO_RESTRICT v, ptrdiff_t position_stride) noexcept {
  for (int32_t c = 0; c < channels; c += vf32::lanes) {
    vf32 t[6][6];
    FACEIO_UNROLL for (int x = 0; x < 6; ++x) {
      vf32 d[6], o[6];
      FACEIO_UNROLL for (int y = 0; y < 6; ++y) d[y] = load(rows[y] + x * pixel_step + c);
      winograd_input_1d(d, o);
      FACEIO_UNROLL for (int y = 0; y < 6; ++y) t[y][x] = o[y];
    }
    FACEIO_UNROLL for (int y = 0; y < 6; ++y) {
      vf32 o[6];
      winograd_input_1d(t[y], o);
      FACEIO_UNROLL for (int x = 0; x < 6; ++x) store(v + (y * 6 + x) * position_stride + c, o[x]);
    }
  }
}

/// One vector of channels of one block: bias, activation, and only the pixels inside the map.
FACEIO_ALWAYS_INLINE void winograd_output(const float* m, ptrdiff_t position_stride, vf32 bias,
                                          vf32 negative_slope, float* FACEIO_RESTRICT out,
                                          ptrdiff_t row_stride, ptrdiff_t pixel_step, int32_t rows,
                                          int32_t columns) noexcept {
  vf32 t[4][6];
  FACEIO_UNROLL for (int x = 0; x < 6; ++x) {
    vf32 d[6], o[4];
    FACEIO_UNROLL for (int y = 0; y < 6; ++y) d[y] = load(m + (y * 6 + x) * position_stride);
    winograd_output_1d(d, o);
    FACEIO_UNROLL for (int y = 0; y < 4; ++y) t[y][x] = o[y];
  }
  FACEIO_UNROLL for (int y = 0; y < 4; ++y) {
    vf32 o[4];
    winograd_output_1d(t[y], o);
    FACEIO_UNROLL for (int x = 0; x < 4; ++x) {
      const vf32 value = add(o[x], bias);
      // One formula for every activation: linear has slope 1, relu 0.
      const vf32 active = fma(min(value, zero()), negative_slope, max(value, zero()));
      if (y < rows && x < columns) store(out + y * row_stride + x * pixel_step, active);
    }
  }
}

inline void winograd_store_part(const WinogradPart& p, const float* m, ptrdiff_t position_stride,
                                int32_t first_block, int32_t blocks, int32_t blocks_per_row) noexcept {
  const int32_t channels = p.out.channels;
  const float slope_value = p.activation == Activation::linear ? 1.0f
                            : p.activation == Activation::relu ? 0.0f
                                                               : p.leaky_slope;
  for (int32_t i = 0; i < blocks; ++i) {
    const int32_t y = (first_block + i) / blocks_per_row * kWinogradTile;
    const int32_t x = (first_block + i) % blocks_per_row * kWinogradTile;
    const int32_t rows = p.out.height - y < 4 ? p.out.height - y : 4;
    const int32_t columns = p.out.width - x < 4 ? p.out.width - x : 4;
    float* out = p.out.row(y) + static_cast<ptrdiff_t>(x) * p.out.pixel_stride;
    for (int32_t c = 0; c < channels; c += vf32::lanes) {
      const vf32 slope =
          p.activation == Activation::prelu ? load(p.slope + c) : splat(slope_value);
      winograd_output(m + static_cast<ptrdiff_t>(i) * channels + c, position_stride, load(p.bias + c), slope,
                      out + c, p.out.row_stride, p.out.pixel_stride, rows, columns);
    }
  }
}

/// out[i][n] = sum_c v[i][c] * w[c][n]: a 1x1 convolution over `blocks` pixels, without bias.
FACEIO_ALWAYS_INLINE void winograd_product(const float* v, int32_t blocks, int32_t c_in, const float* w,
                                           int32_t c_out, float* out) noexcept {
  ConvArgs product;
  product.out.channels = c_out;
  product.out.pixel_stride = c_out;
  product.weights = w;
  const ConvSegments segments{{v}, 1, c_in, c_in};
  conv_row(product, segments, c_in, blocks, out);
}

inline void winograd3x3_f32(const WinogradArgs& a, int32_t row_begin, int32_t row_end) noexcept {
  const int32_t c_in = a.in.channels;
  const auto v_stride = static_cast<ptrdiff_t>(winograd_position_stride(c_in));
  float* const v = a.scratch;
  float* const m = v + kWinogradPositions * v_stride;
  int32_t c_out_largest = 0;
  for (int32_t p = 0; p < a.parts; ++p) {
    if (a.part[p].out.channels > c_out_largest) c_out_largest = a.part[p].out.channels;
  }
  float* const patch = m + kWinogradPositions * static_cast<ptrdiff_t>(winograd_position_stride(c_out_largest));

  const int32_t per_row = (a.in.width + kWinogradTile - 1) / kWinogradTile;
  const int32_t first = row_begin / kWinogradTile * per_row;
  const int32_t last = (row_end + kWinogradTile - 1) / kWinogradTile * per_row;
  for (int32_t block = first; block < last; block += kWinogradBlocks) {
    const int32_t blocks = last - block < kWinogradBlocks ? last - block : kWinogradBlocks;
    for (int32_t i = 0; i < blocks; ++i) {
      const int32_t y = (block + i) / per_row * kWinogradTile - 1;
      const int32_t x = (block + i) % per_row * kWinogradTile - 1;
      const float* rows[6];
      ptrdiff_t pixel_step = a.in.pixel_stride;
      // The border reaches one pixel beyond the map; a patch that reaches further is copied and padded.
      const bool inside = y + kWinogradPatch <= a.in.height + 1 && x + kWinogradPatch <= a.in.width + 1;
      if (inside) {
        for (int r = 0; r < 6; ++r) rows[r] = a.in.row(y + r) + x * pixel_step;
      } else {
        for (int32_t r = 0; r < 6; ++r) {
          for (int32_t q = 0; q < 6; ++q) {
            float* to = patch + (r * 6 + q) * c_in;
            const bool readable = y + r <= a.in.height && x + q <= a.in.width;
            const float* from = readable ? a.in.row(y + r) + (x + q) * pixel_step : nullptr;
            for (int32_t c = 0; c < c_in; c += vf32::lanes) {
              store(to + c, readable ? load(from + c) : zero());
            }
          }
          rows[r] = patch + r * 6 * c_in;
        }
        pixel_step = c_in;
      }
      winograd_input(rows, pixel_step, c_in, v + static_cast<ptrdiff_t>(i) * c_in, v_stride);
    }
    for (int32_t p = 0; p < a.parts; ++p) {
      const WinogradPart& part = a.part[p];
      const int32_t c_out = part.out.channels;
      const auto m_stride = static_cast<ptrdiff_t>(winograd_position_stride(c_out));
      for (int position = 0; position < kWinogradPositions; ++position) {
        winograd_product(v + position * v_stride, blocks, c_in,
                         part.weights + static_cast<ptrdiff_t>(position) * c_in * c_out, c_out,
                         m + position * m_stride);
      }
      winograd_store_part(part, m, m_stride, block, blocks, per_row);
    }
  }
}

}  // namespace FACEIO_TARGET_NS
FACEIO_END_NAMESPACE
