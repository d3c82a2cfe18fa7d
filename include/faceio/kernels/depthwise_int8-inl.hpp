// Depthwise int8 convolutions: 3x3 and global. Contract: int8.hpp, docs/int8.md.
FACEIO_BEGIN_NAMESPACE
namespace FACEIO_TARGET_NS {

/// The weights of an output row as factors of dot2(): two of its input rows are multiplied in pairs of rows, the row
/// alone in pairs of columns.
struct DepthwiseWeights {
  vi16 rows[3][kUnitVectors];  // of each column
  vi16 first[kUnitVectors];    // of the row alone: 0, column 0
  vi16 others[kUnitVectors];   // of the row alone: columns 1, 2
};

/// What a unit of channels begins its sums with, and needs between them and the elements of the output.
struct UnitConstants {
  vi32 bias[kUnitVectors], shift[kUnitVectors];
  vi16 positive, negative, offset;
};

FACEIO_ALWAYS_INLINE void interleave(vi16 a, vi16 b, vi16 (&out)[kUnitVectors]) noexcept {
  out[0] = interleave_low(a, b);
  out[1] = interleave_high(a, b);
}

/// `alone`: the kernel's row 0 or 2.
template <class Element>
FACEIO_ALWAYS_INLINE void load_weights(const Int8ConvArgs& a, ptrdiff_t channel, UnitStep step, int alone,
                                       DepthwiseWeights& weights) noexcept {
  vi16 w[9];
  FACEIO_UNROLL
  for (int i = 0; i < 9; ++i) {
    w[i] = load_unit<Element>(a.depthwise + channel + i * static_cast<ptrdiff_t>(channel_stride(a.out.channels)), step);
  }
  const int pair = alone == 0 ? 3 : 0;
  FACEIO_UNROLL
  for (int k = 0; k < 3; ++k) interleave(w[pair + k], w[pair + 3 + k], weights.rows[k]);
  interleave(splat_i16(0), w[3 * alone], weights.first);
  interleave(w[3 * alone + 1], w[3 * alone + 2], weights.others);
}

template <class Element>
FACEIO_ALWAYS_INLINE void load_constants(const Int8ConvArgs& a, ptrdiff_t channel, UnitStep step,
                                         UnitConstants& constants) noexcept {
  load_unit<Element>(a.bias + channel, step, constants.bias);
  load_unit<Element>(a.requantise.shift + channel, step, constants.shift);
  constants.positive = load_unit<Element>(a.requantise.positive + channel, step);
  constants.negative = load_unit<Element>(a.requantise.negative + channel, step);
  constants.offset = a.out.wide ? splat_i16(0) : load_unit<Element>(a.requantise.offset + channel, step);
}

/// t of docs/int8.md from sums, in elements of a wide output or in sixteenths of those of a narrow one.
FACEIO_ALWAYS_INLINE vi16 scale_unit(const vi32 (&sum)[kUnitVectors], const UnitConstants& constants,
                                     bool wide) noexcept {
  vi16 t = pack(shift_right(sum[0], constants.shift[0]), shift_right(sum[1], constants.shift[1]));
  t = multiply_rounded(t, select_negative(t, constants.negative, constants.positive));
  if (wide) return min(max(t, splat_i16(-kWideLimit)), splat_i16(kWideLimit));
  return shift_right<4>(add_saturating(t, constants.offset));
}

FACEIO_ALWAYS_INLINE int16_t* as_wide(uint8_t* p) noexcept { return static_cast<int16_t*>(static_cast<void*>(p)); }
FACEIO_ALWAYS_INLINE const int16_t* as_wide(const uint8_t* p) noexcept {
  return static_cast<const int16_t*>(static_cast<const void*>(p));
}

/// Pairs of elements of a unit at two addresses.
template <class Element, UnitKind kKind>
FACEIO_ALWAYS_INLINE void load_pairs(const uint8_t* a, const uint8_t* b, UnitStep step,
                                     vi16 (&out)[kUnitVectors]) noexcept {
  if constexpr (sizeof(Element) == 1) {
    load_unit_pairs<kKind>(a, b, step, out);
  } else {
    load_unit_pairs<kKind>(as_wide(a), as_wide(b), step, out);
  }
}

/// A unit of channels of kRows output rows.
template <int kStride, int kRows>
struct DepthwiseTile {
  static constexpr int kInputs = (kRows - 1) * kStride + 3;
  const uint8_t* in[kInputs];  // column 0 under the first pixel
  uint8_t* out[kRows];
  ptrdiff_t channel;
  UnitStep in_step, out_step, array_step;
  int32_t pixels;
};

/// True when channels 8 .. 15 have no weights: every pixel has the same elements there.
inline bool is_half_padding(const Int8ConvArgs& a) noexcept {
  if (a.out.channels > 8) return false;
  int32_t any = 0;
  for (int i = 0; i < 9; ++i) {
    for (int c = 8; c < kPanel; ++c) any |= a.depthwise[i * kPanel + c];
  }
  return any == 0;
}

/// Those elements, eight and again eight.
FACEIO_ALWAYS_INLINE vi16 padding_elements(const Int8ConvArgs& a) noexcept {
  constexpr UnitStep kSame = {0, 0};
  UnitConstants constants;
  load_constants<int16_t>(a, 8, kSame, constants);
  return scale_unit(constants.bias, constants, a.out.wide);
}

/// Elements of kRows rows from their sums.
template <class Element, UnitKind kKind, int kStride, int kRows>
FACEIO_ALWAYS_INLINE void store_pixel(const DepthwiseTile<kStride, kRows>& tile,
                                      const vi32 (&sum)[kRows][kUnitVectors], const UnitConstants& constants,
                                      vi16 padding, bool wide, ptrdiff_t to) noexcept {
  vi16 t[kRows];
  if (wide) {
    FACEIO_UNROLL
    for (int r = 0; r < kRows; ++r) {
      t[r] = scale_unit(sum[r], constants, true);
      int16_t* const out = as_wide(tile.out[r] + to);
      if constexpr (kKind == UnitKind::padded) store_padded(t[r], padding, out, tile.out_step);
      else store_unit<Element, kKind>(t[r], out, tile.out_step);
    }
    return;
  }
  FACEIO_UNROLL
  for (int r = 0; r < kRows; ++r) t[r] = scale_unit(sum[r], constants, false);
  if constexpr (kKind == UnitKind::padded) {
    FACEIO_UNROLL
    for (int r = 0; r < kRows; ++r) store_padded(t[r], padding, tile.out[r] + to, tile.out_step);
  } else {
    store_unit<Element, kKind>(t[0], t[kRows - 1], tile.out[0] + to, tile.out[kRows - 1] + to, tile.out_step);
  }
}

template <class Element, UnitKind kKind, int kRows>
FACEIO_NOINLINE void depthwise_tile(const Int8ConvArgs& a, const DepthwiseTile<1, kRows>& tile) noexcept {
  const ptrdiff_t in_pixel = a.in.pixel_stride_bytes, out_pixel = a.out.pixel_stride_bytes;
  const UnitStep step = tile.in_step;
  // The two rows share the two input rows between them.
  DepthwiseWeights weights[2];
  FACEIO_UNROLL
  for (int r = 0; r < kRows; ++r) load_weights<Element>(a, tile.channel, tile.array_step, 2 * r, weights[r]);
  UnitConstants constants;
  load_constants<Element>(a, tile.channel, tile.array_step, constants);
  vi16 padding = splat_i16(0);
  if constexpr (kKind == UnitKind::padded) padding = padding_elements(a);

  // Sums of three output pixels: of all columns, of two, of one.
  vi32 three[kRows][kUnitVectors], two[kRows][kUnitVectors], one[kRows][kUnitVectors];
  FACEIO_UNROLL
  for (int r = 0; r < kRows; ++r) {
    FACEIO_UNROLL
    for (int v = 0; v < kUnitVectors; ++v) three[r][v] = two[r][v] = one[r][v] = constants.bias[v];
  }
  ptrdiff_t before = 0, at = 0, to = 0;
  for (int32_t column = 0;; ++column) {
    vi16 rows[kUnitVectors], row[kRows][kUnitVectors];
    load_pairs<Element, kKind>(tile.in[1] + at, tile.in[2] + at, step, rows);
    FACEIO_UNROLL
    for (int r = 0; r < kRows; ++r) {
      load_pairs<Element, kKind>(tile.in[3 * r] + before, tile.in[3 * r] + at, step, row[r]);
    }
    if (kUnitStoresLate && column >= 3) {
      store_pixel<Element, kKind>(tile, three, constants, padding, a.out.wide, to);
      to += out_pixel;
      if (column == tile.pixels + 2) break;
    }
    FACEIO_UNROLL
    for (int r = 0; r < kRows; ++r) {
      FACEIO_UNROLL
      for (int v = 0; v < kUnitVectors; ++v) {
        three[r][v] = dot2(dot2(two[r][v], rows[v], weights[r].rows[2][v]), row[r][v], weights[r].others[v]);
        two[r][v] = dot2(one[r][v], rows[v], weights[r].rows[1][v]);
        one[r][v] = dot2(dot2(constants.bias[v], rows[v], weights[r].rows[0][v]), row[r][v], weights[r].first[v]);
      }
    }
    if (!kUnitStoresLate && column >= 2) {
      store_pixel<Element, kKind>(tile, three, constants, padding, a.out.wide, to);
      to += out_pixel;
      if (column == tile.pixels + 1) break;
    }
    before = at;
    FACEIO_OPAQUE("r", before);  // else gcc keeps what was loaded in registers that it does not have
    if (column <= tile.pixels) at += in_pixel;  // a turn that only stores reads the last column again
  }
}

template <class Element, UnitKind kKind, int kRows>
FACEIO_NOINLINE void depthwise_tile(const Int8ConvArgs& a, const DepthwiseTile<2, kRows>& tile) noexcept {
  const ptrdiff_t in_pixel = a.in.pixel_stride_bytes, out_pixel = a.out.pixel_stride_bytes;
  const UnitStep step = tile.in_step;
  // The two rows share the input row between them.
  DepthwiseWeights weights[2];
  FACEIO_UNROLL
  for (int r = 0; r < kRows; ++r) load_weights<Element>(a, tile.channel, tile.array_step, 2 - 2 * r, weights[r]);
  UnitConstants constants;
  load_constants<Element>(a, tile.channel, tile.array_step, constants);
  vi16 padding = splat_i16(0);
  if constexpr (kKind == UnitKind::padded) padding = padding_elements(a);

  // Sums of two output pixels: of all columns, of one.
  vi32 three[kRows][kUnitVectors], one[kRows][kUnitVectors];
  FACEIO_UNROLL
  for (int r = 0; r < kRows; ++r) {
    FACEIO_UNROLL
    for (int v = 0; v < kUnitVectors; ++v) three[r][v] = one[r][v] = constants.bias[v];
  }
  ptrdiff_t before = 0, at = 0, to = 0;
  for (int32_t pixel = -1;; ++pixel) {
    vi16 rows_before[kRows][kUnitVectors], rows[kRows][kUnitVectors], row[kUnitVectors];
    FACEIO_UNROLL
    for (int r = 0; r < kRows; ++r) {
      load_pairs<Element, kKind>(tile.in[3 * r] + before, tile.in[3 * r + 1] + before, step, rows_before[r]);
      load_pairs<Element, kKind>(tile.in[3 * r] + at, tile.in[3 * r + 1] + at, step, rows[r]);
    }
    load_pairs<Element, kKind>(tile.in[2] + before, tile.in[2] + at, step, row);
    if (kUnitStoresLate && pixel >= 1) {
      store_pixel<Element, kKind>(tile, three, constants, padding, a.out.wide, to);
      to += out_pixel;
      if (pixel == tile.pixels) break;
    }
    FACEIO_UNROLL
    for (int r = 0; r < kRows; ++r) {
      FACEIO_UNROLL
      for (int v = 0; v < kUnitVectors; ++v) {
        const vi32 sum = dot2(one[r][v], rows_before[r][v], weights[r].rows[1][v]);
        three[r][v] = dot2(dot2(sum, rows[r][v], weights[r].rows[2][v]), row[v], weights[r].others[v]);
        one[r][v] = dot2(dot2(constants.bias[v], rows[r][v], weights[r].rows[0][v]), row[v], weights[r].first[v]);
      }
    }
    if (!kUnitStoresLate && pixel >= 0) {
      store_pixel<Element, kKind>(tile, three, constants, padding, a.out.wide, to);
      to += out_pixel;
      if (pixel == tile.pixels - 1) break;
    }
    if (pixel + 1 < tile.pixels) {  // a turn that only stores reads the last columns again
      before = at + in_pixel;
      at += 2 * in_pixel;
      FACEIO_OPAQUE("r", at);
    }
  }
}

/// All pixels of the rows of a tile, several at once, as far apart as they can be.
template <class Element, UnitKind kKind, int kStride, int kRows>
inline void run_parted_tile(const Int8ConvArgs& a, DepthwiseTile<kStride, kRows>& tile) noexcept {
  constexpr int32_t kPixels = kUnit / (kKind == UnitKind::padded ? 8 : kPanel);
  const int32_t apart = a.out.width / kPixels;
  tile.pixels = a.out.width - (kPixels - 1) * apart;
  const ptrdiff_t in_step = apart * kStride * a.in.pixel_stride_bytes / static_cast<int32_t>(sizeof(Element));
  const ptrdiff_t out_step = apart * a.out.pixel_stride_bytes / (a.out.wide ? 2 : 1);
  if (kKind == UnitKind::padded) {
    tile.in_step = {2 * in_step, in_step};
    tile.out_step = {2 * out_step, out_step};
    tile.array_step = {0, 0};
  } else {
    tile.in_step = {in_step, 8};
    tile.out_step = {out_step, 8};
    tile.array_step = {0, 8};
  }
  depthwise_tile<Element, kKind>(a, tile);
}

/// kRows output rows from y on.
template <class Element, int kStride, int kRows>
inline void depthwise3x3_rows(const Int8ConvArgs& a, int32_t y, bool is_padded) noexcept {
  DepthwiseTile<kStride, kRows> tile;
  for (int i = 0; i < tile.kInputs; ++i) {
    tile.in[i] = a.in.row(y * kStride + i - a.pad_before) -
                 static_cast<ptrdiff_t>(a.pad_before) * a.in.pixel_stride_bytes;
  }
  for (int r = 0; r < kRows; ++r) tile.out[r] = a.out.row(y + r);
  tile.channel = 0;
  if constexpr (sizeof(Element) == 2 && kStride == 1) {
    if (is_padded) return run_parted_tile<Element, UnitKind::padded>(a, tile);
  }
  tile.pixels = a.out.width;
  tile.in_step = tile.out_step = tile.array_step = {16, 8};
  const int32_t stored = channel_stride(a.out.channels);
  for (; tile.channel + kUnit <= stored; tile.channel += kUnit) {
    depthwise_tile<Element, UnitKind::line>(a, tile);
    for (int i = 0; i < tile.kInputs; ++i) tile.in[i] += kUnit * sizeof(Element);
    for (int r = 0; r < kRows; ++r) tile.out[r] += a.out.wide ? 2 * kUnit : kUnit;
  }
  if constexpr (kUnit > kPanel) {
    if (tile.channel < stored) run_parted_tile<Element, UnitKind::halves>(a, tile);
  }
}

template <class Element, int kStride>
inline void depthwise3x3_of(const Int8ConvArgs& a, int32_t y, int32_t row_end) noexcept {
  const bool is_padded = sizeof(Element) == 2 && kStride == 1 && is_half_padding(a);
  for (; y + 2 <= row_end; y += 2) depthwise3x3_rows<Element, kStride, 2>(a, y, is_padded);
  if (y < row_end) depthwise3x3_rows<Element, kStride, 1>(a, y, is_padded);
}

inline void depthwise3x3_int8(const Int8ConvArgs& a, int32_t row_begin, int32_t row_end) noexcept {
  if (a.in.wide) {
    if (a.stride == 1) depthwise3x3_of<int16_t, 1>(a, row_begin, row_end);
    else depthwise3x3_of<int16_t, 2>(a, row_begin, row_end);
  } else {
    if (a.stride == 1) depthwise3x3_of<uint8_t, 1>(a, row_begin, row_end);
    else depthwise3x3_of<uint8_t, 2>(a, row_begin, row_end);
  }
}

/// Elements of a unit of channels.
template <class Element, UnitKind kKind>
inline void global_depthwise_unit(const Int8ConvArgs& a, ptrdiff_t c, UnitStep step) noexcept {
  const ptrdiff_t in_pixel = a.in.pixel_stride_bytes, padded = channel_stride(a.out.channels);
  UnitConstants constants;
  load_constants<Element>(a, c, step, constants);
  vi32 sum[kUnitVectors];
  FACEIO_UNROLL
  for (int v = 0; v < kUnitVectors; ++v) sum[v] = constants.bias[v];
  const int16_t* w = a.depthwise + c;
  for (int32_t y = 0; y < a.in.height; ++y) {
    const uint8_t* in = a.in.row(y) + c * static_cast<ptrdiff_t>(sizeof(Element));
    for (int32_t x = 0; x < a.in.width; x += 2) {
      // The last of an odd number of pixels goes with itself, without weights.
      const bool both = x + 1 < a.in.width;
      vi16 pixels[kUnitVectors], weights[kUnitVectors];
      load_pairs<Element, kKind>(in, both ? in + in_pixel : in, step, pixels);
      interleave(load_unit<Element>(w, step), both ? load_unit<Element>(w + padded, step) : splat_i16(0), weights);
      FACEIO_UNROLL
      for (int v = 0; v < kUnitVectors; ++v) sum[v] = dot2(sum[v], pixels[v], weights[v]);
      in += 2 * in_pixel;
      w += both ? 2 * padded : padded;
    }
  }
  const vi16 t = scale_unit(sum, constants, a.out.wide);
  if (a.out.wide) {
    store_unit<Element, kKind>(t, as_wide(a.out.row(0)) + c, step);
  } else {
    store_unit<Element, kKind>(t, t, a.out.row(0) + c, a.out.row(0) + c, step);
  }
}

template <class Element>
inline void global_depthwise_of(const Int8ConvArgs& a) noexcept {
  const int32_t stored = channel_stride(a.out.channels);
  int32_t c = 0;
  for (; c + kUnit <= stored; c += kUnit) global_depthwise_unit<Element, UnitKind::line>(a, c, {16, 8});
  if constexpr (kUnit > kPanel) {
    if (c < stored) global_depthwise_unit<Element, UnitKind::halves>(a, c, {0, 8});  // the last 16 channels, twice
  }
}

inline void global_depthwise_int8(const Int8ConvArgs& a, int32_t row_begin, int32_t row_end) noexcept {
  if (row_begin >= row_end) return;
  if (a.in.wide) global_depthwise_of<int16_t>(a);
  else global_depthwise_of<uint8_t>(a);
}

}  // namespace FACEIO_TARGET_NS
FACEIO_END_NAMESPACE
