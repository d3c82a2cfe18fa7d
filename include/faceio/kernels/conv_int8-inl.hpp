// Dense int8 convolutions, 1x1 and 3x3: one register tile serves both. Contract: int8.hpp.
//
// A tile is a few neighbouring output pixels x a few panels of output channels. Its sum runs over groups of four
// bytes of input, four terms of uint8_t or two of int16_t, that lie in segments: a 1x1 convolution has one, a 3x3 over
// pixels that lie close together three (one a row), any other 3x3 nine, of a multiple of four channels. Weights follow
// each other in the same order, 16 * 4 bytes a group and panel.
//
// Targets without dot4() widen narrow input to int16_t first, a block of pixels at a time.
FACEIO_BEGIN_NAMESPACE
namespace FACEIO_TARGET_NS {

inline constexpr ptrdiff_t kGroupBytes = 4;
inline constexpr ptrdiff_t kPanelGroupBytes = kPanel * kGroupBytes;

/// Stretches of input under an output pixel, as offsets from the first of them.
struct ConvSegments {
  static constexpr int kMax = 9;
  ptrdiff_t offset[kMax] = {};  // bytes
  int32_t count = 1;
  int32_t groups = 0;        // of each
  ptrdiff_t pixel_step = 0;  // bytes from one output pixel's input to the next one's
};

/// What is added to the pixels of an output row, if anything: the nearest pixels of a row that may be shorter
/// (width <= out_width).
struct AddendRow {
  const uint8_t* data = nullptr;
  ptrdiff_t pixel_stride = 0;
  int32_t width = 0;
  int32_t out_width = 1;
  int32_t first_x = 0;  // output pixel 0 of the row
};

/// Where a convolution reads and writes one row, or several that touch.
struct ConvRow {
  ConvSegments segments;
  AddendRow addend;
  const uint8_t* in = nullptr;  // of output pixel 0, first segment
  uint8_t* out = nullptr;
  ptrdiff_t out_step = 0;  // bytes from one output pixel to the next
  int32_t width = 0;       // pixels
};

enum class ConvOutput : uint8_t { narrow, wide, real };
constexpr ptrdiff_t element_bytes(ConvOutput output) noexcept {
  return output == ConvOutput::real ? sizeof(float) : output == ConvOutput::wide ? sizeof(int16_t) : 1;
}

/// A few panels of a layer: what all tiles of a row share.
struct ConvPanels {
  PairConstants constants[2];  // of panels 0 and 1, and 2 and 3; of panel 0 twice where it is alone
  const uint8_t* weights = nullptr;
  ptrdiff_t panel_step = 0;  // bytes of weights
  const int32_t* bias = nullptr;
  const float* scale = nullptr;
  int32_t first_channel = 0;
  ConvOutput output = ConvOutput::narrow;
  const int16_t* padding = nullptr;  // of pixels in twos (PixelsInTwos), wide; null: pixels one by one
};

/// Where the groups of a tile go; a group is one panel of one pixel, and pixels come first.
template <int kPanels>
struct GroupPlaces {
  uint8_t* first;
  ptrdiff_t step;  // from pixel to pixel
  int element_bytes;
  FACEIO_ALWAYS_INLINE uint8_t* operator()(int g) const noexcept {
    return first + g / kPanels * step + g % kPanels * kPanel * element_bytes;
  }
};

template <int kGroups, int kPanels>
FACEIO_ALWAYS_INLINE void store_real(const vi32 (&sums)[kGroups][kGroupVectors], const float* scale, uint8_t* out,
                                     ptrdiff_t step) noexcept {
  const GroupPlaces<kPanels> place{out, step, sizeof(float)};
  FACEIO_UNROLL
  for (int g = 0; g < kGroups; ++g) {
    float* const to = static_cast<float*>(static_cast<void*>(place(g)));
    FACEIO_UNROLL
    for (int i = 0; i < kGroupVectors; ++i) {
      store_scaled(to + i * vi32::lanes, sums[g][i], scale + g % kPanels * kPanel + i * vi32::lanes);
    }
  }
}

/// t of docs/int8.md before the addend, of all pairs of groups.
template <int kGroups, int kPanels>
FACEIO_ALWAYS_INLINE void scale_sums(const vi32 (&sums)[kGroups][kGroupVectors], const ConvPanels& panels,
                                     vi16 (&t)[kGroups / 2][kPairVectors]) noexcept {
  constexpr int kConstants = kPanels == 4 ? 2 : 1;
  FACEIO_UNROLL
  for (int c = 0; c < kConstants; ++c) {
    FACEIO_UNROLL
    for (int i = c; i < kGroups / 2; i += kConstants) {
      scale_pair(sums[2 * i], sums[2 * i + 1], panels.constants[c], t[i]);
    }
  }
}

/// t += the pixels of `addend` that belong to those from x on.
template <int kGroups, int kPanels>
FACEIO_ALWAYS_INLINE void add_row(const AddendRow& addend, const ConvPanels& panels, int32_t x,
                                  vi16 (&t)[kGroups / 2][kPairVectors]) noexcept {
  constexpr int kConstants = kPanels == 4 ? 2 : 1;
  // x * width / out_width by counting the remainder: one division a tile.
  const int64_t first = static_cast<int64_t>(addend.first_x + x) * addend.width;
  const uint8_t* p = addend.data + first / addend.out_width * addend.pixel_stride + panels.first_channel;
  auto remainder = static_cast<int32_t>(first % addend.out_width);
  FACEIO_UNROLL
  for (int i = 0; i < kGroups / 2; ++i) {
    const uint8_t* of_group[2];
    FACEIO_UNROLL
    for (int g = 2 * i; g < 2 * i + 2; ++g) {
      of_group[g % 2] = p + g % kPanels * kPanel;
      if (g % kPanels == kPanels - 1) {
        remainder += addend.width;
        const bool next = remainder >= addend.out_width;
        remainder -= next ? addend.out_width : 0;
        p += next ? addend.pixel_stride : 0;
      }
    }
    add_pair(of_group[0], of_group[1], panels.constants[i % kConstants], t[i]);
  }
}

template <int kGroups, int kPanels>
FACEIO_ALWAYS_INLINE void store_wide(const ConvPanels& panels, vi16 (&t)[kGroups / 2][kPairVectors], uint8_t* out,
                                     ptrdiff_t step) noexcept {
  const GroupPlaces<kPanels> place{out, step, sizeof(int16_t)};
  FACEIO_UNROLL
  for (int i = 0; i < kGroups / 2; ++i) widen_pair(t[i]);
  if (kPanels == 1 && panels.padding != nullptr) {
    FACEIO_UNROLL
    for (int i = 0; i < kGroups / 2; ++i) {
      store_halves_wide(t[i], panels.padding, static_cast<int16_t*>(static_cast<void*>(place(2 * i))),
                        static_cast<int16_t*>(static_cast<void*>(place(2 * i + 1))));
    }
    return;
  }
  if (kPanels > 1 || step == kPanel * ptrdiff_t{sizeof(int16_t)}) {  // pairs lie in one piece
    FACEIO_UNROLL
    for (int i = 0; i < kGroups / 2; ++i) {
      store_line_wide(t[i], static_cast<int16_t*>(static_cast<void*>(place(2 * i))));
    }
    return;
  }
  FACEIO_UNROLL
  for (int i = 0; i < kGroups / 2; ++i) {
    store_pair_wide(t[i], static_cast<int16_t*>(static_cast<void*>(place(2 * i))),
                    static_cast<int16_t*>(static_cast<void*>(place(2 * i + 1))));
  }
}

template <int kGroups, int kPanels>
FACEIO_ALWAYS_INLINE void store_narrow(const ConvPanels& panels, vi16 (&t)[kGroups / 2][kPairVectors], uint8_t* out,
                                       ptrdiff_t step) noexcept {
  constexpr int kConstants = kPanels == 4 ? 2 : 1;
  const GroupPlaces<kPanels> place{out, step, sizeof(uint8_t)};
  FACEIO_UNROLL
  for (int c = 0; c < kConstants; ++c) {
    FACEIO_UNROLL
    for (int i = c; i < kGroups / 2; i += kConstants) narrow_pair(panels.constants[c], t[i]);
  }
  if (kPanels == 4 || step == kPanels * kPanel) {  // fours lie in one piece
    FACEIO_UNROLL
    for (int i = 0; i + 1 < kGroups / 2; i += 2) {
      store_line(t[i], t[i + 1], kPanels == 4 ? place(2 * i) : out + 2 * i * kPanel);
    }
  } else {
    FACEIO_UNROLL
    for (int i = 0; i + 1 < kGroups / 2; i += 2) {
      uint8_t* const to[4] = {place(2 * i), place(2 * i + 1), place(2 * i + 2), place(2 * i + 3)};
      store_pairs(t[i], t[i + 1], to);
    }
  }
  if constexpr (kGroups / 2 % 2 != 0) {
    store_pair(t[kGroups / 2 - 1], place(kGroups - 2), place(kGroups - 1));
  }
}

/// Whether tiles of more than two pixels can add a map and write floats: no layer of few panels does, and the code is
/// long.
constexpr bool tile_adds(int panels) noexcept { return panels == kTilePanels; }
constexpr bool tile_writes_floats(int panels) noexcept { return panels * 2 >= kTilePanels; }

/// `tiles` neighbouring tiles of kPixels pixels and kPanels panels, the first at pixel x of a row. kQuads: terms are
/// uint8_t and weights int8_t, else both are int16_t.
template <int kPixels, int kPanels, bool kQuads>
FACEIO_NOINLINE void conv_tiles(const ConvPanels& panels, const ConvRow& row, int32_t x, int32_t tiles) noexcept {
  // Three pixels share a pointer (step and 2 * step are index registers), so twelve need only four.
  constexpr int kAPointer = 3, kPointers = (kPixels + kAPointer - 1) / kAPointer;
  constexpr int kGroups = kPixels * kPanels;
  static_assert(kGroups % 2 == 0, "groups are stored in pairs");
  const ConvSegments& segments = row.segments;
  const int32_t count = segments.count, groups = segments.groups;
  const ptrdiff_t panel_step = panels.panel_step, step = segments.pixel_step;
  const uint8_t* first = row.in + x * step;
  uint8_t* out = row.out + x * row.out_step + panels.first_channel * element_bytes(panels.output);
  for (; tiles > 0; --tiles, x += kPixels, first += kPixels * step, out += kPixels * row.out_step) {
    vi32 sums[kGroups][kGroupVectors];
    FACEIO_UNROLL
    for (int p = 0; p < kPanels; ++p) {
      FACEIO_UNROLL
      for (int i = 0; i < kGroupVectors; ++i) {
        const vi32 bias = load_i32(panels.bias + p * kPanel + i * vi32::lanes);
        FACEIO_UNROLL
        for (int m = 0; m < kPixels; ++m) sums[m * kPanels + p][i] = bias;
      }
    }
    const uint8_t* w = panels.weights;
    for (int32_t s = 0; s < count; ++s) {
      const uint8_t* in[kPointers];
      FACEIO_UNROLL
      for (int i = 0; i < kPointers; ++i) in[i] = first + segments.offset[s] + i * kAPointer * step;
      for (int32_t k = 0; k < groups; ++k) {
        vu8 weight[kPanels][kGroupVectors];
        FACEIO_UNROLL
        for (int p = 0; p < kPanels; ++p) {
          FACEIO_UNROLL
          for (int i = 0; i < kGroupVectors; ++i) weight[p][i] = load_u8(w + p * panel_step + i * vu8::lanes);
        }
        FACEIO_UNROLL
        for (int m = 0; m < kPixels; ++m) {
          const vu8 value = splat_group(in[m / kAPointer] + m % kAPointer * step);
          FACEIO_UNROLL
          for (int p = 0; p < kPanels; ++p) {
            FACEIO_UNROLL
            for (int i = 0; i < kGroupVectors; ++i) {
              sums[m * kPanels + p][i] = dot_group<kQuads>(sums[m * kPanels + p][i], value, weight[p][i]);
            }
          }
        }
        FACEIO_UNROLL
        for (int i = 0; i < kPointers; ++i) in[i] += kGroupBytes;
        w += kPanelGroupBytes;
      }
    }
    // What follows needs more registers than there are; the loop above must not pay for them.
    FACEIO_UNROLL
    for (int g = 0; g < kGroups; ++g) {
      FACEIO_UNROLL
      for (int i = 0; i < kGroupVectors; ++i) opaque(sums[g][i]);
    }
    if constexpr (kPixels <= 2 || tile_writes_floats(kPanels)) {
      if (panels.output == ConvOutput::real) {
        store_real<kGroups, kPanels>(sums, panels.scale, out, row.out_step);
        continue;
      }
    }
    vi16 t[kGroups / 2][kPairVectors];
    scale_sums<kGroups, kPanels>(sums, panels, t);
    if constexpr (kPixels <= 2 || tile_adds(kPanels)) {
      if (row.addend.data != nullptr) add_row<kGroups, kPanels>(row.addend, panels, x, t);
    }
    if (panels.output == ConvOutput::wide) {
      store_wide<kGroups, kPanels>(panels, t, out, row.out_step);
    } else {
      store_narrow<kGroups, kPanels>(panels, t, out, row.out_step);
    }
  }
}

/// kPanels panels of one row. It is cut into tiles of two sizes; the last one overlaps the one before it, which
/// calculates the same there. Rows shorter than those, and what those cannot do, go two pixels at a time.
template <int kPanels, bool kQuads>
inline void conv_row(const ConvPanels& panels, const ConvRow& row) noexcept {
  constexpr int kLong = tile_pixels(kPanels), kShort = kLong > 2 ? kLong / 3 * 2 : 2;
  const int32_t width = row.width;
  const bool suits = (tile_adds(kPanels) || row.addend.data == nullptr) &&
                     (tile_writes_floats(kPanels) || panels.output != ConvOutput::real);
  if (width >= kShort && suits) {
    int32_t longs = width / kLong, shorts = 0;
    const int32_t rest = width % kLong;
    if (rest > kShort && longs > 0) {
      ++longs;
    } else if (rest > kShort || (rest > 0 && rest <= kLong - kShort && longs > 0)) {
      shorts = 2;  // instead of a long one, if there is one
      if (longs > 0) --longs;
    } else if (rest > 0) {
      shorts = 1;
    }
    const bool overlaps = shorts == 0 && rest > 0;
    if (overlaps) --longs;
    if (longs > 0) conv_tiles<kLong, kPanels, kQuads>(panels, row, 0, longs);
    if (overlaps) conv_tiles<kLong, kPanels, kQuads>(panels, row, width - kLong, 1);
    if (shorts > 1) conv_tiles<kShort, kPanels, kQuads>(panels, row, longs * kLong, 1);
    if (shorts > 0) conv_tiles<kShort, kPanels, kQuads>(panels, row, width - kShort, 1);
    return;
  }
  if (width >= 2) {
    conv_tiles<2, kPanels, kQuads>(panels, row, 0, width / 2);
    if (width % 2 != 0) conv_tiles<2, kPanels, kQuads>(panels, row, width - 2, 1);
    return;
  }
  // The one pixel twice.
  ConvRow twice = row;
  twice.segments.pixel_step = 0;
  twice.addend.pixel_stride = 0;
  twice.out_step = 0;
  conv_tiles<2, kPanels, kQuads>(panels, twice, 0, 1);
}

/// What all rows of a call have in common.
struct ConvLayer {
  const Int8ConvArgs& a;
  const uint8_t* weights;
  ptrdiff_t panel_step;  // bytes of weights
  int32_t panels;
  ConvOutput output;
  const int16_t* padding = nullptr;  // as in ConvPanels
};

/// Panels first .. first + kPanels - 1 of one row.
template <int kPanels, bool kQuads, bool kOnePixel = false>
FACEIO_NOINLINE void conv_panels(const ConvLayer& layer, int32_t first, const ConvRow& row) noexcept {
  const Int8ConvArgs& a = layer.a;
  ConvPanels panels;
  panels.weights = layer.weights + first * layer.panel_step;
  panels.panel_step = layer.panel_step;
  panels.first_channel = first * kPanel;
  panels.bias = a.bias + panels.first_channel;
  panels.output = layer.output;
  panels.padding = layer.padding;
  if (layer.output == ConvOutput::real) {
    panels.scale = a.output_scale + panels.first_channel;
  } else {
    constexpr ptrdiff_t kNext = kPanels > 1 ? kPanel : 0;
    load_constants(a.requantise, panels.first_channel, panels.first_channel + kNext, panels.constants[0]);
    if constexpr (kPanels == 4) {
      load_constants(a.requantise, panels.first_channel + 2 * kPanel, panels.first_channel + 3 * kPanel,
                     panels.constants[1]);
    }
  }
  if constexpr (kOnePixel) {
    conv_tiles<1, kPanels, kQuads>(panels, row, 0, 1);
  } else {
    conv_row<kPanels, kQuads>(panels, row);
  }
}

/// All panels of `rows` rows, row_at(i) of each: the weights of a few panels at a time stay in the first-level cache
/// while all rows use them.
template <bool kQuads, class RowAt>
FACEIO_ALWAYS_INLINE void conv_rows(const ConvLayer& layer, int32_t rows, const RowAt& row_at) noexcept {
  // Wide input is rare where narrow input has dot4(): the tiles of one panel are enough.
  constexpr int kPanels = kQuads == kHasDot4 ? kTilePanels : 1;
  constexpr int kPixelPanels = kGroupVectors > 2 ? 2 : 4;  // of a row of one pixel
  for (int32_t first = 0; first < layer.panels;) {
    const int32_t left = layer.panels - first;
    int32_t count = left < kPanels ? (left == 3 ? 2 : left) : kPanels;
    for (int32_t i = 0; i < rows; ++i) {
      const ConvRow& row = row_at(i);
      if (row.width == 1 && left >= kPixelPanels) {
        count = kPixelPanels;
        conv_panels<kPixelPanels, kQuads, true>(layer, first, row);
        continue;
      }
      if constexpr (kPanels == 4) {
        if (count == 4) conv_panels<4, kQuads>(layer, first, row);
        if (count == 2) conv_panels<2, kQuads>(layer, first, row);
      }
      if (count == 1) conv_panels<1, kQuads>(layer, first, row);
    }
    first += count;
  }
}

/// The row_at of conv_rows() where there is one row.
struct OneRow {
  const ConvRow& row;
  FACEIO_ALWAYS_INLINE const ConvRow& operator()(int32_t) const noexcept { return row; }
};

/// Two vectors of bytes, the second `distance` after the first, to int16_t.
FACEIO_ALWAYS_INLINE void widen_two_vectors(const uint8_t* from, int32_t distance, int16_t* to) noexcept {
  const vi16 low = widen_u8(from), high = widen_u8(from + distance);
  store(to, low);
  store(to + distance, high);
}

/// `count` bytes to int16_t.
FACEIO_NOINLINE void widen_bytes(const uint8_t* from, int32_t count, int16_t* to) noexcept {
  constexpr int32_t kLanes = vi16::lanes, kStep = 2 * kLanes;
  if (count < kLanes) {
    for (int32_t i = 0; i < count; ++i) to[i] = from[i];
    return;
  }
  // The last vectors overlap those before.
  if (count < kStep) {
    widen_two_vectors(from, count - kLanes, to);
    return;
  }
  int32_t i = 0;
  for (; i <= count - kStep; i += kStep) widen_two_vectors(from + i, kLanes, to + i);
  if (i < count) widen_two_vectors(from + count - kStep, kLanes, to + count - kStep);
}

/// A row of narrow input for dot2(): terms of a block of pixels at a time become int16_t, for all panels. A pixel has
/// at most kBuffer terms.
inline void conv_row_widened(const ConvLayer& layer, const ConvRow& row) noexcept {
  constexpr int32_t kBuffer = 12 * 1024;  // terms
  alignas(64) int16_t buffer[kBuffer];
  const int32_t count = row.segments.count, terms = row.segments.groups * 2;
  const auto step = static_cast<int32_t>(row.segments.pixel_step);
  // Pixels that touch or overlap are widened in one piece.
  const int32_t line = (terms + 15) / 16 * 16;
  const bool close = step <= line;
  const int32_t widened_step = close ? step : line;
  const int32_t of_segment = kBuffer / count / 16 * 16;
  int32_t block = (of_segment - terms) / widened_step + 1;
  constexpr int32_t kTile = tile_pixels(kTilePanels);
  if (block > kTile) block -= block % kTile;
  ConvRow piece = row;
  piece.in = static_cast<const uint8_t*>(static_cast<const void*>(buffer));
  piece.segments.pixel_step = widened_step * ptrdiff_t{sizeof(int16_t)};
  for (int32_t s = 0; s < count; ++s) piece.segments.offset[s] = s * of_segment * ptrdiff_t{sizeof(int16_t)};
  for (int32_t x = 0; x < row.width; x += block) {
    piece.width = row.width - x < block ? row.width - x : block;
    for (int32_t s = 0; s < count; ++s) {
      const uint8_t* const from = row.in + row.segments.offset[s] + static_cast<ptrdiff_t>(x) * step;
      int16_t* const to = buffer + s * of_segment;
      if (close) {
        widen_bytes(from, (piece.width - 1) * step + terms, to);
      } else {
        for (int32_t m = 0; m < piece.width; ++m) {
          widen_bytes(from + static_cast<ptrdiff_t>(m) * step, terms, to + m * widened_step);
        }
      }
    }
    conv_rows<false>(layer, 1, OneRow{piece});
    piece.out += block * row.out_step;
    piece.addend.first_x += block;
  }
}

inline AddendRow addend_row(const Int8ConvArgs& a, int32_t y) noexcept {
  const Int8Map& from = a.addend;
  if (from.data == nullptr) return AddendRow{};
  const auto row = static_cast<int32_t>(static_cast<int64_t>(y) * from.height / a.out.height);
  return {from.row(row), from.pixel_stride_bytes, from.width, a.out.width, 0};
}

/// Rows of a convolution with a square kernel of kSide.
template <int kSide>
struct ConvRows {
  const Int8ConvArgs& a;
  int32_t row_begin;
  int32_t joined;  // rows that are treated as one

  ConvRow operator()(int32_t i) const noexcept {
    const Int8Map& in = a.in;
    const int32_t y = row_begin + i, element = in.wide ? 2 : 1;
    const bool close = in.pixel_stride_bytes == in.channels * element;
    const int32_t terms = close ? (kSide * in.channels + 3) / 4 * 4 : (in.channels + 3) / 4 * 4;
    ConvRow row;
    row.segments.count = close ? kSide : kSide * kSide;
    row.segments.groups = a.quads != nullptr ? terms / 4 : terms / 2;
    row.segments.pixel_step = static_cast<ptrdiff_t>(a.stride) * in.pixel_stride_bytes;
    const auto start = [&](int32_t ky, int32_t kx) noexcept {
      return in.row(y * a.stride + ky - a.pad_before) +
             static_cast<ptrdiff_t>(kx - a.pad_before) * in.pixel_stride_bytes;
    };
    row.in = start(0, 0);
    for (int32_t s = 0; s < row.segments.count; ++s) {
      row.segments.offset[s] = (close ? start(s, 0) : start(s / kSide, s % kSide)) - row.in;
    }
    row.addend = addend_row(a, y);
    if (a.float_out.data != nullptr) {
      row.out = static_cast<uint8_t*>(static_cast<void*>(a.float_out.row(y)));
      row.out_step = a.float_out.pixel_stride * static_cast<ptrdiff_t>(sizeof(float));
      row.width = a.float_out.width * joined;
    } else {
      row.out = a.out.row(y);
      row.out_step = a.out.pixel_stride_bytes;
      row.width = a.out.width * joined;
    }
    return row;
  }
};

template <int kSide>
inline void conv_dense(const Int8ConvArgs& a, int32_t rows, const ConvRows<kSide>& row_at) noexcept {
  const bool real = a.float_out.data != nullptr;
  const ptrdiff_t panel_weights = static_cast<ptrdiff_t>(kPanel) * kSide * ((kSide * a.in.channels + 3) / 4 * 4);
  const void* const weights = a.quads != nullptr ? static_cast<const void*>(a.quads) : a.pairs;
  const ConvLayer layer{a, static_cast<const uint8_t*>(weights), a.quads != nullptr ? panel_weights : panel_weights * 2,
                        channel_stride(real ? a.float_out.channels : a.out.channels) / kPanel,
                        real ? ConvOutput::real : a.out.wide ? ConvOutput::wide : ConvOutput::narrow};
  if constexpr (kHasDot4) {
    if (a.quads != nullptr) {
      conv_rows<true>(layer, rows, row_at);
      return;
    }
  }
  if (a.in.wide) {
    conv_rows<false>(layer, rows, row_at);
    return;
  }
  if constexpr (!kHasDot4) {
    for (int32_t i = 0; i < rows; ++i) conv_row_widened(layer, row_at(i));
  }
}

inline void conv1x1_int8(const Int8ConvArgs& a, int32_t row_begin, int32_t row_end) noexcept {
  const bool same_size = a.addend.data == nullptr ||
                         (a.addend.width == a.out.width && a.addend.height == a.out.height &&
                          a.addend.rows_touch(row_begin, row_end));
  const bool out_touches = a.float_out.data != nullptr ? a.float_out.rows_touch(row_begin, row_end)
                                                       : a.out.rows_touch(row_begin, row_end);
  const bool joins = same_size && out_touches && a.stride == 1 && a.in.rows_touch(row_begin, row_end);
  const int32_t rows = row_end - row_begin;
  if (rows <= 0) return;
  conv_dense<1>(a, joins ? 1 : rows, {a, row_begin, joins ? rows : 1});
}

/// A 3x3 layer over a picture whose pixels have at most eight channels: half a panel. Two neighbouring pixels are
/// treated as one of 16 channels under which lie 3 + stride columns.
struct PixelsInTwos {
  static constexpr int32_t kHalf = kPanel / 2, kChannels = 3;  // of the picture
  static constexpr int32_t kTerms = 16;                        // most terms of a kernel row
  alignas(64) uint32_t weights[3 * kTerms / 2 * kPanel];
  alignas(64) int32_t bias[kPanel];
  int32_t shift[kPanel];
  int16_t positive[kPanel], negative[kPanel];
  int16_t padding[kPanel];  // the upper half: elements of the channels beyond

  static bool suits(const Int8ConvArgs& a) noexcept {
    return a.in.channels == kChannels && a.in.pixel_stride_bytes == kChannels && a.out.wide &&
           a.out.channels <= kHalf && a.out.pixel_stride_bytes == kPanel * 2 && a.out.width >= 2;
  }
  static int32_t row_terms(int32_t stride) noexcept { return ((3 + stride) * kChannels + 3) / 4 * 4; }

  explicit PixelsInTwos(const Int8ConvArgs& a) noexcept {
    for (int32_t i = 0; i < kPanel; ++i) {
      bias[i] = a.bias[i % kHalf];
      shift[i] = a.requantise.shift[i % kHalf];
      positive[i] = a.requantise.positive[i % kHalf];
      negative[i] = a.requantise.negative[i % kHalf];
    }
    const int32_t terms = row_terms(a.stride), step = a.stride * kChannels;
    if (a.quads != nullptr) {
      set_weights(a.quads, 12 / 4, terms / 4, step * 8);
    } else {
      set_weights(a.pairs, 12 / 2, terms / 2, step * 16);
    }
    PairConstants constants;
    Requantise requantise = a.requantise;
    requantise.offset = requantise.addend = nullptr;
    load_constants(requantise, 0, 0, constants);
    vi32 sums[kGroupVectors];
    FACEIO_UNROLL
    for (int i = 0; i < kGroupVectors; ++i) sums[i] = load_i32(a.bias + i * vi32::lanes);
    vi16 t[kPairVectors];
    scale_pair(sums, sums, constants, t);
    widen_pair(t);
    store_pair_wide(t, padding, padding);
  }

 private:
  /// Groups of four bytes are words whose first byte is the lowest. Those of the second pixel are `step_bits` later.
  void set_weights(const void* from, int32_t from_words, int32_t to_words, int32_t step_bits) noexcept {
    static constexpr uint32_t kNone[kHalf] = {};
    const int32_t words = step_bits / 32, bits = step_bits % 32;
    for (int32_t ky = 0; ky < 3; ++ky) {
      const auto word = [&](int32_t i) noexcept -> const void* {
        if (i < 0 || i >= from_words) return kNone;
        return static_cast<const uint8_t*>(from) + (ky * from_words + i) * kPanelGroupBytes;
      };
      for (int32_t i = 0; i < to_words; ++i) {
        uint32_t* const to = weights + (ky * to_words + i) * kPanel;
        __builtin_memcpy(to, word(i), sizeof kNone);
        __builtin_memcpy(to + kHalf, word(i - words), sizeof kNone);
        if (bits == 0) continue;
        uint32_t before[kHalf];
        __builtin_memcpy(before, word(i - words - 1), sizeof before);
        for (int32_t n = 0; n < kHalf; ++n) to[kHalf + n] = to[kHalf + n] << bits | before[n] >> (32 - bits);
      }
    }
  }
};

FACEIO_NOINLINE void conv3x3_in_twos(const Int8ConvArgs& a, int32_t row_begin, int32_t row_end) noexcept {
  const PixelsInTwos twos(a);
  Int8ConvArgs of_twos = a;
  of_twos.bias = twos.bias;
  of_twos.requantise = {twos.shift, twos.positive, twos.negative, nullptr, nullptr};
  const ConvLayer layer{of_twos, static_cast<const uint8_t*>(static_cast<const void*>(twos.weights)), 0, 1,
                        ConvOutput::wide, twos.padding + PixelsInTwos::kHalf};
  const ConvRows<3> row_at{a, row_begin, 1};
  for (int32_t i = 0; i < row_end - row_begin; ++i) {
    ConvRow row = row_at(i);
    const ptrdiff_t in_step = row.segments.pixel_step, out_step = row.out_step;
    row.segments.groups = PixelsInTwos::row_terms(a.stride) / (a.quads != nullptr ? 4 : 2);
    row.segments.pixel_step *= 2;
    row.out_step *= 2;
    row.width /= 2;
    const bool odd = a.out.width % 2 != 0;
    for (int32_t part = 0; part < (odd ? 2 : 1); ++part) {
      if constexpr (kHasDot4) {
        conv_rows<true>(layer, 1, OneRow{row});
      } else {
        conv_row_widened(layer, row);
      }
      // The last two, one of which is there already.
      row.in += (a.out.width - 2) * in_step;
      row.out += (a.out.width - 2) * out_step;
      row.width = 1;
    }
  }
}

inline void conv3x3_int8(const Int8ConvArgs& a, int32_t row_begin, int32_t row_end) noexcept {
  if (PixelsInTwos::suits(a)) {
    conv3x3_in_twos(a, row_begin, row_end);
    return;
  }
  conv_dense<3>(a, row_end - row_begin, {a, row_begin, 1});
}

}  // namespace FACEIO_TARGET_NS
FACEIO_END_NAMESPACE
