// Winograd's F(4x4, 3x3) in integers. Contract: int8.hpp.
//
// kWinogradBlocks blocks of 4x4 output pixels go together. Their input is transformed once; then, panel by panel of
// output channels, products are computed and transformed back while they are in the first-level cache. Both lie as the
// register tile of the products takes and gives them, T_b blocks, T_p positions and one panel:
//   v  [36 / T_p][blocks / T_b][C_in / chunk][T_p][T_b][chunk] int16_t
//   m  [blocks][36][16] int32_t; or [blocks][24][16]: a tile of whole rows of positions makes 4 pixels of each itself
// A chunk is a vector of int16_t, or half of one where C_in is no multiple of that; two blocks share a vector then.
FACEIO_BEGIN_NAMESPACE
namespace FACEIO_TARGET_NS {

inline constexpr int kWinogradPatch = kInt8WinogradPatch, kWinogradTile = kInt8WinogradTile;
/// Whether tiles hold whole rows of positions; values of m in a row and in a block.
inline constexpr bool kWinogradRowTiles = kWinogradTilePositions == kWinogradPatch;
inline constexpr int kWinogradRowValues = (kWinogradRowTiles ? kWinogradTile : kWinogradPatch) * kPanel;
inline constexpr int kWinogradBlockValues = kWinogradPatch * kWinogradRowValues;
/// Columns of patches: at most, when each block is in a row of its own.
inline constexpr int kWinogradColumns = kWinogradPatch * kWinogradBlocks;
static_assert(kWinogradBlocks % kWinogradTileBlocks == 0 && kWinogradBlocks <= kInt8WinogradBlocks);

/// v = B^T d: one column or row of a patch.
FACEIO_ALWAYS_INLINE void winograd_input_1d(const vi16 (&d)[kWinogradPatch], vi16 (&v)[kWinogradPatch]) noexcept {
  const vi16 even = sub(d[4], d[2]), odd = sub(d[1], d[3]), odd_twice = add(odd, odd);
  v[0] = add(shift_left<2>(sub(d[0], d[2])), even);
  v[3] = sub(even, odd_twice);
  v[4] = add(even, odd_twice);
  v[5] = add(add(odd_twice, odd_twice), sub(d[5], d[3]));
  const vi16 even4 = sub(d[4], shift_left<2>(d[2])), odd4 = sub(d[3], shift_left<2>(d[1]));
  v[1] = add(even4, odd4);
  v[2] = sub(even4, odd4);
}

/// y = A^T m.
FACEIO_ALWAYS_INLINE void winograd_output_1d(const vi32 (&m)[kWinogradPatch], vi32 (&y)[kWinogradTile]) noexcept {
  const vi32 sum1 = add(m[1], m[2]), difference1 = sub(m[1], m[2]);
  const vi32 sum2 = add(m[3], m[4]), difference2 = sub(m[3], m[4]);
  y[0] = add(add(m[0], sum1), sum2);
  y[1] = add(difference1, add(difference2, difference2));
  y[2] = add(sum1, shift_left<2>(sum2));
  y[3] = add(add(difference1, shift_left<3>(difference2)), m[5]);
}

/// The same for row i of products, after int8_winograd_factor_left() of each.
FACEIO_ALWAYS_INLINE void winograd_output_row(int32_t i, vi32 (&m)[kWinogradPatch], vi32 (&y)[kWinogradTile]) noexcept {
  if (i == 5) {
    m[1] = add(m[1], m[1]);
    m[2] = add(m[2], m[2]);
    m[5] = add(add(m[5], m[5]), m[5]);
  } else if (i == 1 || i == 2) {
    m[5] = add(m[5], m[5]);
  }
  winograd_output_1d(m, y);
}

/// B^T times neighbouring columns of patches, from pixel (y, x) on, for kChunk channels: to t, whose rows are
/// kWinogradColumns columns apart. Pixels beyond the border do not count; the border stands in for them.
template <int kChunk>
FACEIO_NOINLINE void winograd_input_columns(const Int8Map& in, int32_t y, int32_t x, int32_t columns, int32_t channel,
                                            int16_t* FACEIO_RESTRICT t) noexcept {
  constexpr bool kTwo = kChunk != vi16::lanes;  // a vector holds two columns
  constexpr ptrdiff_t kRow = static_cast<ptrdiff_t>(kWinogradColumns) * kChunk;
  const uint8_t* row[kWinogradPatch];
  for (int i = 0; i < kWinogradPatch; ++i) row[i] = in.row(y + i < in.height ? y + i : in.height) + channel;
  const ptrdiff_t step = in.pixel_stride_bytes;
  for (const int32_t end = x + columns; x < end; x += kTwo ? 2 : 1, t += vi16::lanes) {
    const ptrdiff_t at = (x < in.width ? x : in.width) * step;
    [[maybe_unused]] const ptrdiff_t next = (x + 1 < in.width ? x + 1 : in.width) * step;
    vi16 d[kWinogradPatch], v[kWinogradPatch];
    FACEIO_UNROLL
    for (int i = 0; i < kWinogradPatch; ++i) {
      if constexpr (kTwo) {
        d[i] = widen_u8_halves(row[i] + at, row[i] + next);
      } else {
        d[i] = widen_u8(row[i] + at);
      }
    }
    winograd_input_1d(d, v);
    FACEIO_UNROLL
    for (int i = 0; i < kWinogradPatch; ++i) store(t + i * kRow, v[i]);
  }
}

/// The columns at t times B, to all positions of a block; where chunks are half a vector, also those at u, to the next
/// block.
template <int kChunk>
FACEIO_ALWAYS_INLINE void winograd_input_block(const int16_t* t, [[maybe_unused]] const int16_t* u, ptrdiff_t row_step,
                                               ptrdiff_t position_step, int16_t* FACEIO_RESTRICT v) noexcept {
  constexpr ptrdiff_t kRow = static_cast<ptrdiff_t>(kWinogradColumns) * kChunk;
  for (int i = 0; i < kWinogradPatch; ++i, v += row_step) {
    vi16 d[kWinogradPatch], row[kWinogradPatch];
    FACEIO_UNROLL
    for (int x = 0; x < kWinogradPatch; ++x) {
      if constexpr (kChunk == vi16::lanes) {
        d[x] = load_i16(t + i * kRow + x * kChunk);
      } else {
        d[x] = load_i16_halves(t + i * kRow + x * kChunk, u + i * kRow + x * kChunk);
      }
    }
    winograd_input_1d(d, row);
    FACEIO_UNROLL
    for (int x = 0; x < kWinogradPatch; ++x) store(v + x * position_step, row[x]);
  }
}

/// Transforms `blocks` input blocks from block number `first` on. t: room for [6][kWinogradColumns][kChunk].
template <int kChunk>
FACEIO_NOINLINE void winograd_input(const Int8Map& in, int32_t first, int32_t blocks, int32_t per_row,
                                    int16_t* FACEIO_RESTRICT t, int16_t* FACEIO_RESTRICT v) noexcept {
  constexpr bool kTwo = kChunk != vi16::lanes;
  constexpr ptrdiff_t kChunkStep = kWinogradTilePositions * kWinogradTileBlocks * kChunk;
  const ptrdiff_t tile_step = in.channels / kChunk * kChunkStep;
  const ptrdiff_t tiles_step = tile_step * (kWinogradBlocks / kWinogradTileBlocks);
  const ptrdiff_t position_step = kWinogradRowTiles ? kWinogradTileBlocks * kChunk : tiles_step;
  const ptrdiff_t row_step = kWinogradRowTiles ? tiles_step : kWinogradPatch * tiles_step;
  for (int32_t c = 0; c < in.channels; c += kChunk, v += kChunkStep) {
    // Blocks of one row share columns.
    int16_t* to = t;
    for (int32_t done = 0, y = first / per_row, x = first % per_row; done < blocks; ++y, x = 0) {
      const int32_t run = blocks - done < per_row - x ? blocks - done : per_row - x;
      const int32_t columns = run * kWinogradTile + kWinogradPatch - kWinogradTile;
      winograd_input_columns<kChunk>(in, y * kWinogradTile - 1, x * kWinogradTile - 1, columns, c, to);
      to += columns * kChunk;
      done += run;
    }
    const int16_t* from = t;
    int32_t x = first % per_row;
    const auto next_columns = [&]() noexcept {
      const int16_t* const columns = from;
      from += kWinogradTile * kChunk;
      if (++x == per_row) {
        x = 0;
        from += (kWinogradPatch - kWinogradTile) * kChunk;
      }
      return columns;
    };
    for (int32_t i = 0; i < blocks; i += kTwo ? 2 : 1) {
      const int16_t* const a = next_columns();
      const int16_t* const b = kTwo && i + 1 < blocks ? next_columns() : a;
      winograd_input_block<kChunk>(a, b, row_step, position_step,
                                   v + i / kWinogradTileBlocks * tile_step + i % kWinogradTileBlocks * kChunk);
    }
  }
}

/// Products of a tile: row i of positions, or position i. start: what sums begin with, at the second position of a row
/// or at the only one.
template <int kChunk>
FACEIO_NOINLINE void winograd_tile(const int16_t* v, const int16_t* w, ptrdiff_t w_step, int32_t chunks, int32_t i,
                                   const int32_t* start, int32_t* FACEIO_RESTRICT m) noexcept {
  constexpr int kPositions = kWinogradTilePositions, kBlocks = kWinogradTileBlocks;
  constexpr int kStarting = kWinogradRowTiles ? 1 : 0;
  vi32 acc[kPositions][kBlocks][kGroupVectors];
  FACEIO_UNROLL
  for (int p = 0; p < kPositions; ++p) {
    FACEIO_UNROLL
    for (int b = 0; b < kBlocks; ++b) {
      FACEIO_UNROLL
      for (int k = 0; k < kGroupVectors; ++k) {
        acc[p][b][k] = p == kStarting ? load_i32(start + k * vi32::lanes) : splat_i32(0);
      }
    }
  }
  // Three positions share a pointer: w_step and 2 * w_step are index registers.
  constexpr int kAPointer = 3, kPointers = (kPositions + kAPointer - 1) / kAPointer;
  const int16_t* weights[kPointers];
  FACEIO_UNROLL
  for (int p = 0; p < kPointers; ++p) weights[p] = w + p * kAPointer * w_step;
  for (; chunks > 0; --chunks) {
    FACEIO_NO_UNROLL
    for (int pair = 0; pair < kChunk / 2; ++pair) {
      FACEIO_UNROLL
      for (int p = 0; p < kPositions; ++p) {
        vi16 weight[kGroupVectors];
        load_group_pairs(weights[p / kAPointer] + p % kAPointer * w_step, weight);
        FACEIO_UNROLL
        for (int b = 0; b < kBlocks; ++b) dot2_group(acc[p][b], v + (p * kBlocks + b) * kChunk, weight);
      }
      v += 2;
      FACEIO_UNROLL
      for (int p = 0; p < kPointers; ++p) weights[p] += 2 * kPanel;
    }
    v += kPositions * kBlocks * kChunk - kChunk;
  }
  // Without this gcc keeps the sums in memory as well.
  FACEIO_UNROLL
  for (int p = 0; p < kPositions; ++p) {
    FACEIO_UNROLL
    for (int b = 0; b < kBlocks; ++b) {
      FACEIO_UNROLL
      for (int k = 0; k < kGroupVectors; ++k) opaque(acc[p][b][k]);
    }
  }
  FACEIO_UNROLL
  for (int b = 0; b < kBlocks; ++b, m += kWinogradBlockValues) {
    FACEIO_UNROLL
    for (int k = 0; k < kGroupVectors; ++k) {
      if constexpr (kWinogradRowTiles) {
        vi32 row[kWinogradPatch], y[kWinogradTile];
        FACEIO_UNROLL
        for (int p = 0; p < kWinogradPatch; ++p) row[p] = acc[p][b][k];
        winograd_output_row(i, row, y);
        FACEIO_UNROLL
        for (int x = 0; x < kWinogradTile; ++x) store(m + x * kPanel + k * vi32::lanes, y[x]);
      } else {
        store(m + k * vi32::lanes, acc[0][b][k]);
      }
    }
  }
}

inline constexpr int32_t kWinogradZeros[kPanel] = {};

/// Products of all blocks with the weights of a panel.
template <int kChunk>
inline void winograd_products(const int16_t* v, const int16_t* w, const int32_t* bias, int32_t c_in, int32_t blocks,
                              int32_t* m) noexcept {
  constexpr int kTiles = kWinogradBlocks / kWinogradTileBlocks;
  // A^T spreads position (1, 1) evenly over the block, so that sums which begin there with the bias add it everywhere.
  constexpr int kEven = (kWinogradPatch + 1) / kWinogradTilePositions;
  const ptrdiff_t w_step = static_cast<ptrdiff_t>(c_in) * kPanel;
  const ptrdiff_t tile_step = static_cast<ptrdiff_t>(c_in) * kWinogradTilePositions * kWinogradTileBlocks;
  for (int i = 0; i < kInt8WinogradPositions / kWinogradTilePositions; ++i, w += kWinogradTilePositions * w_step) {
    int32_t* to = m + i * (kWinogradRowTiles ? kWinogradRowValues : kPanel);
    for (int32_t tile = 0; tile * kWinogradTileBlocks < blocks; ++tile) {
      winograd_tile<kChunk>(v + (i * kTiles + tile) * tile_step, w, w_step, c_in / kChunk, i,
                            i == kEven ? bias : kWinogradZeros, to);
      to += kWinogradTileBlocks * kWinogradBlockValues;
    }
  }
}

/// Rows of products of a block to 4 pixels each, where tiles have not done that.
FACEIO_ALWAYS_INLINE void winograd_output_rows(const int32_t* m,
                                               int32_t (&t)[kWinogradPatch * kWinogradTile * kPanel]) noexcept {
  for (int k = 0; k < kGroupVectors; ++k) {
    for (int i = 0; i < kWinogradPatch; ++i) {
      vi32 row[kWinogradPatch], y[kWinogradTile];
      FACEIO_UNROLL
      for (int x = 0; x < kWinogradPatch; ++x) {
        row[x] = load_i32(m + (i * kWinogradPatch + x) * kPanel + k * vi32::lanes);
      }
      winograd_output_row(i, row, y);
      FACEIO_UNROLL
      for (int x = 0; x < kWinogradTile; ++x) store(t + (i * kWinogradTile + x) * kPanel + k * vi32::lanes, y[x]);
    }
  }
}

/// Elements of a panel of `blocks` blocks from block number `first` on, `channel` of the part on, from their m.
FACEIO_NOINLINE void winograd_output(const Int8WinogradPart& part, int32_t channel, const int32_t* m, int32_t first,
                                     int32_t blocks, int32_t per_row) noexcept {
  const Int8Map& map = part.out;
  const ptrdiff_t step = map.pixel_stride_bytes;
  PairConstants constants;
  load_constants(part.requantise, channel, channel, constants);
  // Pixels are 576 = 64 * 9 times accumulators. 9 * 954437177 = 1 modulo 2^32; 64 is shifted out.
  const vi32 ninth = splat_i32(954437177);
  FACEIO_UNROLL
  for (int k = 0; k < kGroupVectors; ++k) {
    constants.shift_a[k] = add(constants.shift_a[k], splat_i32(6));
    constants.shift_b[k] = constants.shift_a[k];
  }
  uint8_t beyond[kPanel];  // in place of pixels below the map
  uint8_t* row[kWinogradTile];
  ptrdiff_t inside[kWinogradTile];  // all bits or none
  const auto go_to_rows = [&](int32_t y) noexcept {
    for (int32_t j = 0; j < kWinogradTile; ++j) {
      inside[j] = y + j < map.height ? -1 : 0;
      row[j] = y + j < map.height ? map.row(y + j) + channel : beyond;
    }
  };
  int32_t y = first / per_row * kWinogradTile, x = first % per_row * kWinogradTile;
  go_to_rows(y);
  for (int32_t i = 0; i < blocks; ++i, m += kWinogradBlockValues) {
    [[maybe_unused]] int32_t rows[kWinogradPatch * kWinogradTile * kPanel];
    const int32_t* t = m;
    if constexpr (!kWinogradRowTiles) {
      winograd_output_rows(m, rows);
      t = rows;
    }
    const int32_t end = x + kWinogradTile < map.width ? x + kWinogradTile : map.width;
    for (ptrdiff_t at = x * step; at < end * step; at += step, t += kPanel) {
      vi32 pixels[kWinogradTile][kGroupVectors];
      FACEIO_UNROLL
      for (int k = 0; k < kGroupVectors; ++k) {
        vi32 d[kWinogradPatch], o[kWinogradTile];
        FACEIO_UNROLL
        for (int j = 0; j < kWinogradPatch; ++j) d[j] = load_i32(t + j * kWinogradTile * kPanel + k * vi32::lanes);
        winograd_output_1d(d, o);
        FACEIO_UNROLL
        for (int j = 0; j < kWinogradTile; ++j) pixels[j][k] = multiply_low(o[j], ninth);
      }
      vi16 upper[kPairVectors], lower[kPairVectors];
      scale_pair(pixels[0], pixels[1], constants, upper);
      scale_pair(pixels[2], pixels[3], constants, lower);
      narrow_pair(constants, upper);
      narrow_pair(constants, lower);
      uint8_t* const to[kWinogradTile] = {row[0] + (at & inside[0]), row[1] + (at & inside[1]),
                                          row[2] + (at & inside[2]), row[3] + (at & inside[3])};
      store_pairs(upper, lower, to);
    }
    x += kWinogradTile;
    if (x >= map.width) {
      x = 0;
      y += kWinogradTile;
      go_to_rows(y);
    }
  }
}

template <int kChunk>
inline void winograd_rows(const Int8WinogradArgs& a, int32_t row_begin, int32_t row_end) noexcept {
  const int32_t c_in = a.in.channels;
  int16_t* const v = static_cast<int16_t*>(static_cast<void*>(a.scratch));
  int32_t* const m = static_cast<int32_t*>(static_cast<void*>(a.scratch + int8_winograd_input_bytes(c_in)));
  // Columns of patches are used up before products come, and are no larger.
  static_assert(kWinogradPatch * kWinogradColumns * kChunk * sizeof(int16_t) <= int8_winograd_product_bytes());
  int16_t* const columns = static_cast<int16_t*>(static_cast<void*>(m));
  const ptrdiff_t panel_weights = static_cast<ptrdiff_t>(kInt8WinogradPositions) * c_in * kPanel;
  const int32_t per_row = (a.in.width + kWinogradTile - 1) / kWinogradTile;
  const int32_t last = (row_end + kWinogradTile - 1) / kWinogradTile * per_row;
  for (int32_t first = row_begin / kWinogradTile * per_row; first < last; first += kWinogradBlocks) {
    const int32_t blocks = last - first < kWinogradBlocks ? last - first : kWinogradBlocks;
    winograd_input<kChunk>(a.in, first, blocks, per_row, columns, v);
    const int16_t* weights = a.weights;
    const int32_t* bias = a.bias;
    for (int32_t p = 0; p < a.parts; ++p) {
      for (int32_t c = 0; c < a.part[p].out.channels; c += kPanel, weights += panel_weights, bias += kPanel) {
        winograd_products<kChunk>(v, weights, bias, c_in, blocks, m);
        winograd_output(a.part[p], c, m, first, blocks, per_row);
      }
    }
  }
}

inline void winograd3x3_int8(const Int8WinogradArgs& a, int32_t row_begin, int32_t row_end) noexcept {
  if constexpr (kPanel % vi16::lanes != 0) {
    if (a.in.channels % vi16::lanes != 0) {
      winograd_rows<vi16::lanes / 2>(a, row_begin, row_end);
      return;
    }
  }
  winograd_rows<vi16::lanes>(a, row_begin, row_end);
}

}  // namespace FACEIO_TARGET_NS
FACEIO_END_NAMESPACE
