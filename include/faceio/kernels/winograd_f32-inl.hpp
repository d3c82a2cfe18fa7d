// Winograd F(6x6, 3x3). Contract: winograd.hpp; the matrix products use the tile of
// conv_f32-inl.hpp.
FACEIO_BEGIN_NAMESPACE
namespace FACEIO_TARGET_NS {

inline constexpr int kPatch = kWinogradPatch, kTile = kWinogradTile;

/// t = B^T d: one column or row of a patch.
FACEIO_ALWAYS_INLINE void winograd_input_1d(const vf32 (&d)[kPatch], vf32 (&t)[kPatch]) noexcept {
  const vf32 half = splat(0.5f), two = splat(2.0f), four = splat(4.0f), quarter = splat(0.25f);
  const vf32 k5_4 = splat(1.25f), k5_2 = splat(2.5f), k17_4 = splat(4.25f), k21_4 = splat(5.25f);
  t[0] = fma(k21_4, sub(d[4], d[2]), sub(d[0], d[6]));
  t[7] = fma(k21_4, sub(d[3], d[5]), sub(d[7], d[1]));
  const vf32 even1 = fnma(k17_4, d[4], add(d[2], d[6]));
  const vf32 odd1 = fnma(k17_4, d[3], add(d[1], d[5]));
  t[1] = add(even1, odd1);
  t[2] = sub(even1, odd1);
  const vf32 even2 = fma(quarter, d[2], fnma(k5_4, d[4], d[6]));
  const vf32 odd2 = fma(half, d[1], fnma(k5_2, d[3], mul(two, d[5])));
  t[3] = add(even2, odd2);
  t[4] = sub(even2, odd2);
  const vf32 even3 = fma(four, fnma(k5_4, d[4], d[2]), d[6]);
  const vf32 odd3 = fma(two, d[1], fnma(k5_2, d[3], mul(half, d[5])));
  t[5] = add(even3, odd3);
  t[6] = sub(even3, odd3);
}

/// y = A^T m.
FACEIO_ALWAYS_INLINE void winograd_output_1d(const vf32 (&m)[kPatch], vf32 (&y)[kTile]) noexcept {
  const vf32 sum1 = add(m[1], m[2]), difference1 = sub(m[1], m[2]);
  const vf32 sum2 = add(m[3], m[4]), difference2 = sub(m[3], m[4]);
  const vf32 sum3 = add(m[5], m[6]), difference3 = sub(m[5], m[6]);
  y[0] = add(add(m[0], sum1), add(sum2, sum3));
  y[1] = fma(splat(2.0f), difference2, fma(splat(0.5f), difference3, difference1));
  y[2] = fma(splat(4.0f), sum2, fma(splat(0.25f), sum3, sum1));
  y[3] = fma(splat(8.0f), difference2, fma(splat(0.125f), difference3, difference1));
  y[4] = fma(splat(16.0f), sum2, fma(splat(0.0625f), sum3, sum1));
  y[5] = add(fma(splat(32.0f), difference2, fma(splat(0.03125f), difference3, difference1)), m[7]);
}

/// Transforms one patch, lanes channels at a time. rows[i] points at the patch's first pixel of row
/// i.
inline void winograd_input(const float* const (&rows)[kPatch], ptrdiff_t pixel_step,
                           int32_t channels, float* FACEIO_RESTRICT v,
                           ptrdiff_t position_stride) noexcept {
  for (int32_t c = 0; c < channels; c += vf32::lanes) {
    vf32 t[kPatch][kPatch];
    for (int x = 0; x < kPatch; ++x) {
      vf32 d[kPatch], o[kPatch];
      FACEIO_UNROLL
      for (int y = 0; y < kPatch; ++y) d[y] = load(rows[y] + x * pixel_step + c);
      winograd_input_1d(d, o);
      FACEIO_UNROLL
      for (int y = 0; y < kPatch; ++y) t[y][x] = o[y];
    }
    for (int y = 0; y < kPatch; ++y) {
      vf32 o[kPatch];
      winograd_input_1d(t[y], o);
      float* const to = v + y * kPatch * position_stride + c;
      FACEIO_UNROLL
      for (int x = 0; x < kPatch; ++x) store(to + x * position_stride, o[x]);
    }
  }
}

/// What becomes of negative values: zero, their product with a slope of 0 to 1, or with any slope.
enum class Negative { floored, scaled, any_slope };

template <Negative kNegative>
FACEIO_ALWAYS_INLINE vf32 winograd_activate(vf32 a, vf32 slope) noexcept {
  if constexpr (kNegative == Negative::floored) {
    return max(a, zero());
  } else if constexpr (kNegative == Negative::scaled) {
    return max(a, mul(a, slope));
  } else {
    return fma(min(a, zero()), slope, max(a, zero()));
  }
}

/// One vector of channels of one block: activation, and only the pixels inside the map.
template <Negative kNegative>
FACEIO_ALWAYS_INLINE void winograd_output(const float* m, ptrdiff_t position_stride, vf32 slope,
                                          float* FACEIO_RESTRICT out, ptrdiff_t row_stride,
                                          ptrdiff_t pixel_step, int32_t rows,
                                          int32_t columns) noexcept {
  vf32 t[kTile][kPatch];
  for (int x = 0; x < kPatch; ++x) {
    vf32 d[kPatch], o[kTile];
    FACEIO_UNROLL
    for (int y = 0; y < kPatch; ++y) d[y] = load(m + (y * kPatch + x) * position_stride);
    winograd_output_1d(d, o);
    FACEIO_UNROLL
    for (int y = 0; y < kTile; ++y) t[y][x] = o[y];
  }
  for (int y = 0; y < rows; ++y) {
    vf32 o[kTile];
    winograd_output_1d(t[y], o);
    FACEIO_UNROLL
    for (int x = 0; x < kTile; ++x) {
      if (x < columns) {
        store(out + y * row_stride + x * pixel_step, winograd_activate<kNegative>(o[x], slope));
      }
    }
  }
}

/// The blocks of one part. m points at its first channel of position 0.
template <Negative kNegative>
inline void winograd_store_part(const WinogradPart& p, const float* m, ptrdiff_t position_stride,
                                ptrdiff_t block_stride, int32_t first_block, int32_t blocks,
                                int32_t blocks_per_row) noexcept {
  const float slope_value = p.activation == Activation::linear ? 1.0f : p.leaky_slope;
  for (int32_t i = 0; i < blocks; ++i) {
    const int32_t y = (first_block + i) / blocks_per_row * kWinogradTile;
    const int32_t x = (first_block + i) % blocks_per_row * kWinogradTile;
    const int32_t rows = p.out.height - y < kTile ? p.out.height - y : kTile;
    const int32_t columns = p.out.width - x < kTile ? p.out.width - x : kTile;
    float* out = p.out.row(y) + static_cast<ptrdiff_t>(x) * p.out.pixel_stride;
    for (int32_t c = 0; c < p.out.channels; c += vf32::lanes) {
      const vf32 slope = kNegative == Negative::any_slope ? load(p.slope + c) : splat(slope_value);
      winograd_output<kNegative>(m + i * block_stride + c, position_stride, slope, out + c,
                                 p.out.row_stride, p.out.pixel_stride, rows, columns);
    }
  }
}

/// Transforms `blocks` input blocks from block number `first` on. patch: room for one.
inline void winograd_transform(const MapView& in, int32_t first, int32_t blocks, int32_t per_row,
                               float* patch, float* FACEIO_RESTRICT v,
                               ptrdiff_t position_stride) noexcept {
  const int32_t c_in = in.channels;
  for (int32_t i = 0; i < blocks; ++i) {
    const int32_t y = (first + i) / per_row * kWinogradTile - 1;
    const int32_t x = (first + i) % per_row * kWinogradTile - 1;
    const float* rows[kPatch];
    ptrdiff_t pixel_step = in.pixel_stride;
    // The border reaches one pixel beyond the map; a patch that reaches further is copied and
    // padded.
    const bool inside = y + kPatch <= in.height + 1 && x + kPatch <= in.width + 1;
    if (inside) {
      for (int r = 0; r < kPatch; ++r) rows[r] = in.row(y + r) + x * pixel_step;
    } else {
      for (int32_t r = 0; r < kPatch; ++r) {
        for (int32_t q = 0; q < kPatch; ++q) {
          float* to = patch + (r * kPatch + q) * c_in;
          const bool readable = y + r <= in.height && x + q <= in.width;
          const float* from = readable ? in.row(y + r) + (x + q) * pixel_step : nullptr;
          for (int32_t c = 0; c < c_in; c += vf32::lanes) {
            store(to + c, readable ? load(from + c) : zero());
          }
        }
        rows[r] = patch + r * kPatch * c_in;
      }
      pixel_step = c_in;
    }
    winograd_input(rows, pixel_step, c_in, v + static_cast<ptrdiff_t>(i) * c_in, position_stride);
  }
}

/// Asks for the memory of blocks of a map while products are computed, which leave the memory idle:
/// `turn` of kWinogradPositions asks for its share. The blocks' pixels are moved by `shift` down
/// and right.
inline void winograd_prefetch(const MapView& map, int32_t first, int32_t blocks, int32_t per_row,
                              int32_t shift, int32_t turn) noexcept {
  constexpr int32_t kLine = 16;  // floats
  const int32_t rows = blocks * kTile;
  const int32_t end = rows * (turn + 1) / kWinogradPositions;
  for (int32_t i = rows * turn / kWinogradPositions; i < end; ++i) {
    const int32_t block = first + i / kTile;
    const int32_t y = block / per_row * kTile + i % kTile + shift;
    const int32_t x = block % per_row * kTile + shift;
    if (y >= map.height) continue;
    const float* pixel = map.row(y) + static_cast<ptrdiff_t>(x) * map.pixel_stride;
    for (int32_t column = x; column < x + kTile && column < map.width;
         ++column, pixel += map.pixel_stride) {
      for (int32_t c = 0; c < map.channels; c += kLine) FACEIO_PREFETCH(pixel + c);
    }
  }
}

inline void winograd3x3_f32(const WinogradArgs& a, int32_t row_begin, int32_t row_end) noexcept {
  const int32_t c_in = a.in.channels;
  int32_t c_out = 0;
  for (int32_t p = 0; p < a.parts; ++p) c_out += a.part[p].out.channels;
  const auto stride = static_cast<ptrdiff_t>(winograd_position_stride(c_in, c_out));
  float* const patch = a.scratch + (kWinogradPositions + 1) * stride;
  ConvArgs product;
  product.out.channels = c_out;
  product.out.pixel_stride = c_out;

  ConvRow row;  // its pixels are blocks
  row.segments.length = c_in;
  row.segments.pixel_step = c_in;

  // A^T spreads position (1, 1) evenly over the block, so a sum that starts there with the bias
  // adds it to every pixel.
  constexpr int kEvenPosition = kPatch + 1;
  const ptrdiff_t weights_a_position = static_cast<ptrdiff_t>(c_in) * c_out;
  const float* const bias = a.weights + kWinogradPositions * weights_a_position;

  const int32_t per_row = (a.in.width + kWinogradTile - 1) / kWinogradTile;
  const int32_t first = row_begin / kWinogradTile * per_row;
  const int32_t last = (row_end + kWinogradTile - 1) / kWinogradTile * per_row;
  const int32_t most = winograd_blocks(c_in > c_out ? c_in : c_out);
  int32_t turns = (last - first + most - 1) / most;
  for (int32_t block = first; turns > 0; --turns) {
    const int32_t blocks = (last - block + turns - 1) / turns;
    const int32_t upcoming = last - block - blocks < blocks ? last - block - blocks : blocks;
    winograd_transform(a.in, block, blocks, per_row, patch, a.scratch + stride, stride);
    row.width = blocks;
    for (int position = 0; position < kWinogradPositions; ++position) {
      // The product takes the place of the position before, which is used up.
      const float* const v = a.scratch + (position + 1) * stride;
      product.weights = a.weights + position * weights_a_position;
      // They are farther away than the second-level cache, and each panel is a stretch of its own, too
      // short for the hardware to see it coming.
      const int next = position + 1 < kWinogradPositions ? position + 1 : 0;
      product.next_weights = a.weights + next * weights_a_position;
      product.bias = position == kEvenPosition ? bias : nullptr;
      row.in = v;
      row.out = a.scratch + position * stride;
      conv_rows<false>(product, c_in, 1, OneRow{row});
      for (int32_t p = 0; p < a.parts; ++p) {
        winograd_prefetch(a.part[p].out, block, blocks, per_row, 0, position);
      }
      winograd_prefetch(a.in, block + blocks, upcoming, per_row, 1, position);
    }
    const float* m = a.scratch;
    for (int32_t p = 0; p < a.parts; ++p) {
      const WinogradPart& part = a.part[p];
      if (part.activation == Activation::relu) {
        winograd_store_part<Negative::floored>(part, m, stride, c_out, block, blocks, per_row);
      } else if (part.activation == Activation::prelu) {
        winograd_store_part<Negative::any_slope>(part, m, stride, c_out, block, blocks, per_row);
      } else {
        winograd_store_part<Negative::scaled>(part, m, stride, c_out, block, blocks, per_row);
      }
      m += part.out.channels;
    }
    block += blocks;
  }
}

}  // namespace FACEIO_TARGET_NS
FACEIO_END_NAMESPACE
