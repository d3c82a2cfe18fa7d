// Dense convolutions, 1x1 and 3x3: one register tile serves both. Contract: conv.hpp.
//
// A tile is a few neighbouring output pixels x a few vectors of output channels. Its sum runs over
// segments: stretches of input with one step from term to term. A 1x1 convolution has one segment
// of C_in terms; a 3x3 over a dense map three (one a row, 3 * C_in terms); a 3x3 over a slice of a
// wider map nine. Weight rows follow each other in the same order.
FACEIO_BEGIN_NAMESPACE
namespace FACEIO_TARGET_NS {

/// Stretches of input under an output pixel, as offsets from the first of them.
struct ConvSegments {
  static constexpr int kMax = 9;
  ptrdiff_t offset[kMax] = {};  // floats
  int32_t count = 1;
  int32_t length = 0;        // terms
  ptrdiff_t pixel_step = 0;  // floats from one output pixel's input to the next one's
  ptrdiff_t term_step = 1;   // floats from one term to the next
};

/// What is added to the pixels of an output row, if anything: the nearest pixels of a row that may
/// be shorter.
struct AddendRow {
  const float* data = nullptr;
  ptrdiff_t pixel_stride = 0;
  int32_t width = 0;
  int32_t out_width = 1;
};

/// Where a convolution reads and writes one row, or several that touch.
struct ConvRow {
  ConvSegments segments;
  AddendRow addend;
  const float* in = nullptr;  // of output pixel 0, first segment
  float* out = nullptr;
  int32_t width = 0;  // pixels
};

/// What is needed soon: the tile at pixel x asks for one cache line a term, from first + x * step on.
struct Ahead {
  const float* first;
  ptrdiff_t step;
};

/// A few vectors of output channels of a layer: what all tiles of a row share.
struct ConvPanels {
  const float* weights;  // of the first vector; the next panel follows after panel_step floats
  ptrdiff_t panel_step;
  const float* bias;
  const float* slope;  // prelu only
  ptrdiff_t out_step;  // floats from one output pixel to the next
  int32_t first_channel;
  Ahead ahead;
};

/// acc += addend for the pixels of a tile.
template <int kPixels, int kVectors>
FACEIO_ALWAYS_INLINE void add_to_tile(vf32 (&acc)[kPixels][kVectors], const AddendRow& addend,
                                      int32_t x, int32_t first_channel) noexcept {
  // x * width / out_width by counting the remainder: one division a tile. Only rows of equal width are joined, and a
  // product of two sides fits 32 bits.
  const bool same = addend.width == addend.out_width;
  const int32_t first = same ? x : x * addend.width / addend.out_width;
  const float* p = addend.data + first * addend.pixel_stride + first_channel;
  int32_t remainder = same ? 0 : x * addend.width - first * addend.out_width;
  FACEIO_UNROLL
  for (int m = 0; m < kPixels; ++m) {
    FACEIO_UNROLL
    for (int v = 0; v < kVectors; ++v) {
      acc[m][v] = add(acc[m][v], load(p + v * vf32::lanes));
    }
    for (remainder += addend.width; remainder >= addend.out_width; remainder -= addend.out_width) {
      p += addend.pixel_stride;
    }
  }
}

/// `tiles` neighbouring tiles of kPixels pixels and kVectors vectors of channels, the first at
/// pixel x of a row. kPlanes: the input is in planes, so that neighbouring pixels are neighbouring
/// floats.
template <int kPixels, int kVectors, bool kPlanes>
FACEIO_NOINLINE void conv_tiles(const ConvArgs& a, const ConvPanels& panels, const ConvRow& row, int32_t x,
                       int32_t tiles) noexcept {
  // Three pixels share a pointer (step and 2 * step are index registers), so twelve need only four.
  constexpr int kAPointer = kPlanes ? kPixels : 3,
                kPointers = (kPixels + kAPointer - 1) / kAPointer;
  constexpr int kAPanel = kPanel / vf32::lanes;  // vectors
  const ConvSegments& segments = row.segments;
  const int32_t count = segments.count, length = segments.length;
  const ptrdiff_t panel_step = panels.panel_step, out_step = panels.out_step;
  const ptrdiff_t step = kPlanes ? 1 : segments.pixel_step;
  const ptrdiff_t term_step = segments.term_step;
  const float* first = row.in + x * step;
  float* out = row.out + x * out_step + panels.first_channel;
  for (; tiles > 0; --tiles, x += kPixels, first += kPixels * step) {
    vf32 acc[kPixels][kVectors];
    FACEIO_UNROLL
    for (int v = 0; v < kVectors; ++v) {
      const vf32 bias = load(panels.bias + v * vf32::lanes);
      FACEIO_UNROLL
      for (int m = 0; m < kPixels; ++m) acc[m][v] = bias;
    }
    const float* w = panels.weights;
    // What is asked for moves on with the weights: no register of its own counts.
    [[maybe_unused]] const uintptr_t ahead =
        reinterpret_cast<uintptr_t>(panels.ahead.first + x * panels.ahead.step) -
        reinterpret_cast<uintptr_t>(w);
    for (int32_t s = 0; s < count; ++s) {
      const float* in[kPointers];
      FACEIO_UNROLL
      for (int i = 0; i < kPointers; ++i) {
        in[i] = first + segments.offset[s] + i * kAPointer * step;
      }
      for (int32_t k = 0; k < length; ++k) {
        vf32 weight[kVectors];
        FACEIO_UNROLL
        for (int v = 0; v < kVectors; ++v) {
          weight[v] = load(w + v / kAPanel * panel_step + v % kAPanel * vf32::lanes);
        }
        FACEIO_UNROLL
        for (int m = 0; m < kPixels; ++m) {
          const vf32 value = splat(in[m / kAPointer][m % kAPointer * step]);
          FACEIO_UNROLL
          for (int v = 0; v < kVectors; ++v) {
            acc[m][v] = fma(value, weight[v], acc[m][v]);
          }
        }
        FACEIO_UNROLL
        for (int i = 0; i < kPointers; ++i) in[i] += term_step;
        if constexpr (kAsksAhead) {
          FACEIO_PREFETCH_L2(reinterpret_cast<const float*>(reinterpret_cast<uintptr_t>(w) + ahead));
        }
        w += kPanel;
      }
    }
    activate(acc, a.activation, splat(a.leaky_slope), SlopeAcrossLanes{panels.slope});
    if (row.addend.data != nullptr) add_to_tile(acc, row.addend, x, panels.first_channel);
    FACEIO_UNROLL
    for (int m = 0; m < kPixels; ++m, out += out_step) {
      FACEIO_UNROLL
      for (int v = 0; v < kVectors; ++v) store(out + v * vf32::lanes, acc[m][v]);
    }
  }
}

/// Calls the tiles of exactly `pixels` pixels, 1 <= pixels <= kPixels.
template <int kPixels, int kVectors, bool kPlanes>
FACEIO_ALWAYS_INLINE void conv_tiles_of(int32_t pixels, const ConvArgs& a, const ConvPanels& panels,
                                        const ConvRow& row, int32_t x, int32_t tiles) noexcept {
  if constexpr (kPixels > 1) {
    if (pixels < kPixels) {
      conv_tiles_of<kPixels - 1, kVectors, kPlanes>(pixels, a, panels, row, x, tiles);
      return;
    }
  }
  conv_tiles<kPixels, kVectors, kPlanes>(a, panels, row, x, tiles);
}

/// kVectors vectors of channels of one row. It is cut into tiles of nearly equal size instead of
/// full tiles and a short rest: the rest would run at a fraction of the speed.
template <int kVectors, bool kPlanes>
inline void conv_row(const ConvArgs& a, const ConvPanels& panels, const ConvRow& row) noexcept {
  if (row.width <= 0) return;
  constexpr int kPixels = tile_pixels(kVectors);
  const int32_t tiles = (row.width + kPixels - 1) / kPixels;
  const int32_t pixels = row.width / tiles;
  const int32_t longer = row.width % tiles;  // tiles with one pixel more
  if (longer > 0) conv_tiles_of<kPixels, kVectors, kPlanes>(pixels + 1, a, panels, row, 0, longer);
  conv_tiles_of<kPixels, kVectors, kPlanes>(pixels, a, panels, row, longer * (pixels + 1),
                                            tiles - longer);
}

/// Calls conv_row() of exactly `vectors` vectors, 1 <= vectors <= kVectors.
template <int kVectors, bool kPlanes>
FACEIO_ALWAYS_INLINE void conv_row_of(int32_t vectors, const ConvArgs& a, const ConvPanels& panels,
                                      const ConvRow& row) noexcept {
  if constexpr (kVectors > 1) {
    if (vectors < kVectors) {
      conv_row_of<kVectors - 1, kPlanes>(vectors, a, panels, row);
      return;
    }
  }
  conv_row<kVectors, kPlanes>(a, panels, row);
}

/// Bias of layers that have none.
inline constexpr float kNoBias[kTileVectors * vf32::lanes] = {};

/// The next weights of these channels; or the larger of the weights of the channels after them and the
/// input, that one a page ahead, because the hardware sees ahead only to the end of a page.
FACEIO_ALWAYS_INLINE Ahead ahead_of(const ConvArgs& a, const ConvPanels& panels, const ConvRow& row,
                                    int32_t vectors, bool last_channels) noexcept {
  constexpr ptrdiff_t kPage = 1024;  // floats
  const ptrdiff_t input_floats = row.width * row.segments.pixel_step;
  const ptrdiff_t floats = (vectors * vf32::lanes + kPanel - 1) / kPanel * panels.panel_step;
  if (a.next_weights != nullptr && row.width > 0) {
    return {a.next_weights + (panels.weights - a.weights), floats / row.width};
  }
  if (!last_channels && row.width > 0 && floats > input_floats) {
    return {panels.weights + floats, floats / row.width};
  }
  return {row.in + kPage, row.segments.pixel_step};
}

/// The row_at of conv_rows() where there is one row.
struct OneRow {
  const ConvRow& row;
  FACEIO_ALWAYS_INLINE const ConvRow& operator()(int32_t) const noexcept { return row; }
};

/// All channels of `rows` rows, row_at(i) of each: the weights of a few channels at a time stay in
/// the first-level cache while all rows use them.
template <bool kPlanes, class RowAt>
FACEIO_ALWAYS_INLINE void conv_rows(const ConvArgs& a, int32_t k_total, int32_t rows,
                                    const RowAt& row_at) noexcept {
  const int32_t vectors = channel_stride(a.out.channels) / vf32::lanes;
  ConvPanels panels;
  panels.panel_step = static_cast<ptrdiff_t>(k_total) * kPanel;
  panels.out_step = a.out.pixel_stride;
  for (int32_t first = 0; first < vectors;) {
    const int32_t count = vectors - first < kTileVectors ? vectors - first : kTileVectors;
    const int32_t channel = first * vf32::lanes;
    panels.weights = a.weights + channel / kPanel * panels.panel_step + channel % kPanel;
    panels.bias = a.bias != nullptr ? a.bias + channel : kNoBias;
    panels.slope = slope_of(a, channel);
    panels.first_channel = channel;
    for (int32_t i = 0; i < rows; ++i) {
      const ConvRow& row = row_at(i);
      panels.ahead = ahead_of(a, panels, row, count, first + count >= vectors);
      if constexpr (kPanel / vf32::lanes % kTileVectors == 0) {
        conv_row<kTileVectors, kPlanes>(a, panels, row);  // panels are full, and so are tiles
      } else {
        conv_row_of<kTileVectors, kPlanes>(count, a, panels, row);
      }
    }
    first += count;
  }
}

inline AddendRow addend_row(const ConvArgs& a, int32_t y) noexcept {
  const MapView& from = a.addend;
  if (from.data == nullptr) return AddendRow{};
  const int32_t row = y * from.height / a.out.height;
  return {from.row(row), from.pixel_stride, from.width, a.out.width};
}

struct Conv1x1Rows {
  const ConvArgs& a;
  int32_t row_begin;
  int32_t joined;  // rows that are treated as one

  ConvRow operator()(int32_t i) const noexcept {
    const int32_t y = row_begin + i;
    ConvRow row;
    row.in = a.in.row(y);
    row.segments.length = a.in.channels;
    row.segments.pixel_step = a.in.pixel_stride;
    row.segments.term_step = a.in.channel_step;
    row.addend = addend_row(a, y);
    row.out = a.out.row(y);
    row.width = a.out.width * joined;
    return row;
  }
};

inline void conv1x1_f32(const ConvArgs& a, int32_t row_begin, int32_t row_end) noexcept {
  const bool same_size = a.addend.data == nullptr ||
                         (a.addend.width == a.out.width && a.addend.height == a.out.height &&
                          a.addend.rows_touch(row_begin, row_end));
  const bool joins =
      same_size && a.in.rows_touch(row_begin, row_end) && a.out.rows_touch(row_begin, row_end);
  const int32_t rows = row_end - row_begin;
  const Conv1x1Rows row_at{a, row_begin, joins ? rows : 1};
  if (a.in.in_planes()) {
    conv_rows<true>(a, a.in.channels, rows, row_at);
  } else {
    conv_rows<false>(a, a.in.channels, joins ? 1 : rows, row_at);
  }
}

struct Conv3x3Rows {
  const ConvArgs& a;
  int32_t row_begin;

  ConvRow operator()(int32_t i) const noexcept {
    const int32_t y = row_begin + i;
    const bool dense = a.in.pixel_stride == a.in.channels;
    ConvRow row;
    row.segments.count = dense ? 3 : 9;
    row.segments.length = dense ? 3 * a.in.channels : a.in.channels;
    row.segments.pixel_step = static_cast<ptrdiff_t>(a.stride) * a.in.pixel_stride;
    const auto start = [&](int32_t ky, int32_t kx) noexcept {
      return a.in.row(y * a.stride + ky - a.pad_before) +
             static_cast<ptrdiff_t>(kx - a.pad_before) * a.in.pixel_stride;
    };
    row.in = start(0, 0);
    for (int32_t s = 0; s < row.segments.count; ++s) {
      row.segments.offset[s] = (dense ? start(s, 0) : start(s / 3, s % 3)) - row.in;
    }
    row.out = a.out.row(y);
    row.width = a.out.width;
    return row;
  }
};

inline void conv3x3_f32(const ConvArgs& a, int32_t row_begin, int32_t row_end) noexcept {
  if (a.out.in_planes()) {
    conv3x3_planes(a, row_begin, row_end);
  } else {
    conv_rows<false>(a, 9 * a.in.channels, row_end - row_begin, Conv3x3Rows{a, row_begin});
  }
}

}  // namespace FACEIO_TARGET_NS
FACEIO_END_NAMESPACE
