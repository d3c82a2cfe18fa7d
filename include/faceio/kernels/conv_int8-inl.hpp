// Dense int8 convolutions, 1x1 and 3x3: rows and panels for the tiles of conv_tile_int8-inl.hpp. Contract: int8.hpp.
FACEIO_BEGIN_NAMESPACE
namespace FACEIO_TARGET_NS {

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

/// Panels first .. first + kPanels - 1 of one row. bias: as in ConvPanels.
template <int kPanels, bool kQuads, bool kOnePixel = false>
FACEIO_NOINLINE void conv_panels(const ConvLayer& layer, int32_t first, const int32_t* bias,
                                 const ConvRow& row) noexcept {
  const Int8ConvArgs& a = layer.a;
  ConvPanels panels;
  panels.weights = layer.weights + first * layer.panel_step;
  panels.panel_step = layer.panel_step;
  panels.first_channel = first * kPanel;
  panels.bias = bias;
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

/// Biases of `count` panels from `first` on, less the sums that zeros give; `groups` of weights a panel.
FACEIO_NOINLINE void offset_bias(const ConvLayer& layer, int32_t first, int32_t count, int32_t groups,
                                 int32_t* bias) noexcept {
  for (int32_t p = first; p < first + count; ++p, bias += kPanel) {
    subtract_zeros(layer.weights + p * layer.panel_step, groups, layer.a.bias + p * kPanel, bias);
  }
}

/// All panels of `rows` rows, row_at(i) of each: the weights of a few panels at a time stay in the first-level cache
/// while all rows use them.
template <bool kQuads, class RowAt>
FACEIO_ALWAYS_INLINE void conv_rows(const ConvLayer& layer, int32_t rows, const RowAt& row_at) noexcept {
  // Wide input is rare: the tiles of one panel are enough.
  constexpr int kPanels = kQuads ? kTilePanels : 1;
  constexpr int kPixelPanels = kGroupVectors > 2 ? 2 : 4;  // of a row of one pixel
  for (int32_t first = 0; first < layer.panels;) {
    const int32_t left = layer.panels - first;
    int32_t count = left < kPanels ? (left == 3 ? 2 : left) : kPanels;
    const int32_t* bias = layer.a.bias + first * kPanel;
    [[maybe_unused]] int32_t without_zeros[4 * kPanel];
    if constexpr (kQuads && kOffsetsBytes) {
      const ConvRow& row = row_at(0);
      offset_bias(layer, first, row.width == 1 && left >= kPixelPanels ? kPixelPanels : count,
                  row.segments.count * row.segments.groups, without_zeros);
      bias = without_zeros;
    }
    for (int32_t i = 0; i < rows; ++i) {
      const ConvRow& row = row_at(i);
      if (row.width == 1 && left >= kPixelPanels) {
        count = kPixelPanels;
        conv_panels<kPixelPanels, kQuads, true>(layer, first, bias, row);
        continue;
      }
      if constexpr (kPanels == 4) {
        if (count == 4) conv_panels<4, kQuads>(layer, first, bias, row);
        if (count == 2) conv_panels<2, kQuads>(layer, first, bias, row);
      }
      if (count == 1) conv_panels<1, kQuads>(layer, first, bias, row);
    }
    first += count;
  }
}

/// The row_at of conv_rows() where there is one row.
struct OneRow {
  const ConvRow& row;
  FACEIO_ALWAYS_INLINE const ConvRow& operator()(int32_t) const noexcept { return row; }
};

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
  if (a.quads != nullptr) {
    conv_rows<true>(layer, rows, row_at);
  } else {
    conv_rows<false>(layer, rows, row_at);
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

/// A 3x3 layer of stride 2 over a picture whose pixels have at most eight channels: half a panel. Two neighbouring
/// pixels are treated as one of 16 channels under which lie five columns.
struct PixelsInTwos {
  static constexpr int32_t kHalf = kPanel / 2, kChannels = 3, kStride = 2;  // of the picture
  static constexpr int32_t kTerms = ((3 + kStride) * kChannels + 3) / 4 * 4;  // of a kernel row
  alignas(64) uint32_t weights[3 * kTerms / 4 * kPanel];
  alignas(64) int32_t bias[kPanel];
  int32_t shift[kPanel];
  int16_t positive[kPanel], negative[kPanel];
  int16_t padding[kPanel];  // the upper half: elements of the channels beyond

  static bool suits(const Int8ConvArgs& a) noexcept {
    return a.in.channels == kChannels && a.in.pixel_stride_bytes == kChannels && a.stride == kStride && a.out.wide &&
           a.out.channels <= kHalf && a.out.pixel_stride_bytes == kPanel * 2 && a.out.width >= 2;
  }

  explicit PixelsInTwos(const Int8ConvArgs& a) noexcept {
    for (int32_t i = 0; i < kPanel; ++i) {
      bias[i] = a.bias[i % kHalf];
      shift[i] = a.requantise.shift[i % kHalf];
      positive[i] = a.requantise.positive[i % kHalf];
      negative[i] = a.requantise.negative[i % kHalf];
    }
    set_weights(a.quads);
    PairConstants constants;
    Requantise requantise = a.requantise;
    requantise.offset = requantise.addend = nullptr;
    load_constants(requantise, 0, 0, constants);
    set_padding(a.bias, constants);
  }

 private:
  /// By itself: clang 19 for x86-64-v2 goes round in circles when it sees how load_constants() made the constants.
  FACEIO_NOINLINE void set_padding(const int32_t* sums_of_nothing, const PairConstants& constants) noexcept {
    vi32 sums[kGroupVectors];
    FACEIO_UNROLL
    for (int i = 0; i < kGroupVectors; ++i) sums[i] = load_i32(sums_of_nothing + i * vi32::lanes);
    vi16 t[kPairVectors];
    scale_pair(sums, sums, constants, t);
    widen_pair(t);
    store_pair_wide(t, padding, padding);
  }

  /// Groups of four bytes are words whose first byte is the lowest. Those of the second pixel are a word and a half
  /// later, so that neighbours stay neighbours.
  void set_weights(const int8_t* quads) noexcept {
    static_assert(kStride * kChannels == 4 + 2, "shifts are by one word and 16 bits");
    static constexpr uint32_t kNone[kHalf] = {};
    constexpr int32_t kFromWords = 3, kWords = kTerms / 4;  // of a kernel row
    for (int32_t ky = 0; ky < 3; ++ky) {
      const auto word = [&](int32_t i) noexcept -> const void* {
        if (i < 0 || i >= kFromWords) return kNone;
        return quads + (ky * kFromWords + i) * kPanelGroupBytes;
      };
      for (int32_t i = 0; i < kWords; ++i) {
        uint32_t* const to = weights + (ky * kWords + i) * kPanel;
        uint32_t before[kHalf];
        __builtin_memcpy(to, word(i), sizeof kNone);
        __builtin_memcpy(to + kHalf, word(i - 1), sizeof kNone);
        __builtin_memcpy(before, word(i - 2), sizeof before);
        for (int32_t n = 0; n < kHalf; ++n) to[kHalf + n] = to[kHalf + n] << 16 | before[n] >> 16;
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
    row.segments.groups = PixelsInTwos::kTerms / 4;
    row.segments.pixel_step *= 2;
    row.out_step *= 2;
    row.width /= 2;
    const bool odd = a.out.width % 2 != 0;
    for (int32_t part = 0; part < (odd ? 2 : 1); ++part) {
      conv_rows<true>(layer, 1, OneRow{row});
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
