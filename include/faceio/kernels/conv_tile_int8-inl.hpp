// Tiles of the dense int8 convolutions, and how their sums are stored. Contract: int8.hpp.
//
// A tile is a few neighbouring output pixels x a few panels of output channels. Its sum runs over groups of four
// bytes of input, four terms of uint8_t or two of int16_t, that lie in segments: a 1x1 convolution has one, a 3x3 over
// pixels that lie close together three (one a row), any other 3x3 nine, of a multiple of four channels. Weights follow
// each other in the same order, 16 * 4 bytes a group and panel.
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
  const int32_t* bias = nullptr;  // less what sums of zeros give, where kOffsetsBytes
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
  // x * width / out_width by counting the remainder: one division a tile. Only rows of equal width are joined, and a
  // product of two sides fits 32 bits.
  const int32_t at = addend.first_x + x;
  const bool same = addend.width == addend.out_width;
  const int32_t first = same ? at : at * addend.width / addend.out_width;
  const uint8_t* p = addend.data + first * addend.pixel_stride + panels.first_channel;
  int32_t remainder = same ? 0 : at * addend.width - first * addend.out_width;
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

/// Elements, or floats, from the sums of a tile at pixel x of a row.
template <int kPixels, int kPanels>
FACEIO_ALWAYS_INLINE void store_tile(const ConvPanels& panels, const ConvRow& row, int32_t x,
                                     const vi32 (&sums)[kPixels * kPanels][kGroupVectors], uint8_t* out) noexcept {
  constexpr int kGroups = kPixels * kPanels;
  static_assert(kGroups % 2 == 0, "groups are stored in pairs");
  if constexpr (kPixels <= 2 || tile_writes_floats(kPanels)) {
    if (panels.output == ConvOutput::real) {
      store_real<kGroups, kPanels>(sums, panels.scale, out, row.out_step);
      return;
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

}  // namespace FACEIO_TARGET_NS
FACEIO_END_NAMESPACE
