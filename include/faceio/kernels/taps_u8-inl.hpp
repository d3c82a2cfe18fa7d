// Bilinear interpolation between four pixels, a vector of positions at a time: what resize and warp
// share.
//
// The pixels around each position are read where they are, or from copies in a TapRun when they do
// not lie well; Taps says where. y u v pictures are interpolated as y u v and become r g b
// afterwards. Each layout (pixels_u8-inl.hpp) supplies
//   columns_in_place(layout)  below this x, pixels x and x + 1 can be read where they are
//   unit_of(layout)           bytes from a pixel to the next one (y u v: from y to y)
//   read_row(layout, taps, r, i, share)
//                             row r of positions i .. i + lanes - 1, left and right pixel blended
//   levels_of(layout, pixels) such pixels as grey levels
//   copy_one(layout, run, r, i, side, row, x)
//                             pixel x, any in the picture, becomes the left (0) or right (1) pixel
//                             of position i of row r
//   copy_black(layout, run, r, i, side)
FACEIO_BEGIN_NAMESPACE
namespace FACEIO_TARGET_NS {

inline constexpr int kRunPixels = 128;

/// Copies of the pixels around a run of positions: row 0 the upper ones, row 1 the lower ones.
struct TapRun {
  // Packed: eight bytes a position, from the left pixel on. y u v: the two chroma bytes, as the
  // picture orders them, of the left and then of the right pixel.
  uint8_t pixels[2][kRunPixels * 8];
  uint8_t luma[2][kRunPixels * 2];  // grey and y u v: y of the left and of the right pixel
};

/// Where blend_taps() finds positions: in a TapRun, or with `at` in the picture.
struct Taps {
  const uint8_t* luma[2];            // y u v and grey
  const uint8_t* pixels[2];          // packed: the pixels; two planes: chroma; YUYV: as luma
  int32_t row_bytes = 0;             // that luma and pixels hold
  const int32_t* at = nullptr;       // of the left pixel, bytes from luma (packed: from pixels) on
  const int32_t* pair_at = nullptr;  // of the pair of pixels that holds it, bytes from pixels on
  const float* right_share;          // of the right pixel, plus share_offset
  const float* pair_share = nullptr; // of the chroma of the next pair, plus share_offset; null: none
  const float* lower_share;          // of row 1
  float share_offset = 0.0f;
  bool upper_only = false;           // every lower_share is 0: row 1 may be anything

  Taps(const TapRun& run, const float* right, const float* lower) noexcept
      : luma{run.luma[0], run.luma[1]},
        pixels{run.pixels[0], run.pixels[1]},
        right_share(right),
        lower_share(lower) {}
};

FACEIO_ALWAYS_INLINE vf32 blend(vf32 share, vf32 from, vf32 to) noexcept {
  return fma(share, sub(to, from), from);
}
FACEIO_ALWAYS_INLINE Rgb blend(vf32 share, const Rgb& from, const Rgb& to) noexcept {
  return {blend(share, from.r, to.r), blend(share, from.g, to.g), blend(share, from.b, to.b)};
}

constexpr int32_t unit_of(const PackedLayout& layout) noexcept { return layout.step; }
FACEIO_ALWAYS_INLINE int32_t columns_in_place(const PackedLayout& layout) noexcept {
  // Two pixels of three bytes are two bytes short of the eight that are read.
  return layout.image.size.width_px - (layout.step == 3 ? 2 : 1);
}
FACEIO_ALWAYS_INLINE void copy_one(const PackedLayout& layout, TapRun& run, int r, int32_t i,
                                   int side, const uint8_t* row, int32_t x) noexcept {
  const uint8_t* pixel = row + static_cast<ptrdiff_t>(x) * layout.step;
  uint8_t* to = run.pixels[r] + i * 8 + side * layout.step;
  FACEIO_UNROLL for (int c = 0; c < 3; ++c) to[c] = pixel[c];
}
FACEIO_ALWAYS_INLINE void copy_black(const PackedLayout& layout, TapRun& run, int r, int32_t i,
                                     int side) noexcept {
  uint8_t* to = run.pixels[r] + i * 8 + side * layout.step;
  FACEIO_UNROLL for (int c = 0; c < 3; ++c) to[c] = 0;
}
FACEIO_ALWAYS_INLINE Rgb read_row(const PackedLayout& layout, const Taps& taps, int r, int32_t i,
                                  vf32 share) noexcept {
  vf32 left[3], right[3];
  if (taps.at != nullptr) {
    load_u8x8_at(taps.pixels[r], taps.at + i, layout.step, left, right);
  } else {
    load_u8x8(taps.pixels[r] + i * 8, layout.step, left, right);
  }
  return blend(share, {left[0], left[1], left[2]}, {right[0], right[1], right[2]});
}
FACEIO_ALWAYS_INLINE Rgb levels_of(const PackedLayout&, const Rgb& pixels) noexcept { return pixels; }

/// Luma of two neighbours, where it has a plane of its own.
FACEIO_ALWAYS_INLINE vf32 read_luma(const Taps& taps, int r, int32_t i, vf32 share) noexcept {
  vf32 left, right;
  if (taps.at != nullptr) {
    load_u8x2_at(taps.luma[r], taps.row_bytes, taps.at + i, left, right);
  } else {
    load_u8x2(taps.luma[r] + i * 2, left, right);
  }
  return blend(share, left, right);
}

constexpr int32_t unit_of(const GrayLayout&) noexcept { return 1; }
FACEIO_ALWAYS_INLINE int32_t columns_in_place(const GrayLayout& layout) noexcept {
  return layout.image.size.width_px - 3;  // load_u8x2_at() reads four bytes
}
FACEIO_ALWAYS_INLINE void copy_one(const GrayLayout&, TapRun& run, int r, int32_t i, int side,
                                   const uint8_t* row, int32_t x) noexcept {
  run.luma[r][i * 2 + side] = row[x];
}
FACEIO_ALWAYS_INLINE void copy_black(const GrayLayout&, TapRun& run, int r, int32_t i,
                                     int side) noexcept {
  run.luma[r][i * 2 + side] = 0;
}
FACEIO_ALWAYS_INLINE Rgb read_row(const GrayLayout&, const Taps& taps, int r, int32_t i,
                                  vf32 share) noexcept {
  const vf32 level = read_luma(taps, r, i, share);
  return {level, level, level};
}
FACEIO_ALWAYS_INLINE Rgb levels_of(const GrayLayout&, const Rgb& pixels) noexcept { return pixels; }

/// One pixel of a y u v picture.
FACEIO_ALWAYS_INLINE void put_yuv(TapRun& run, int r, int32_t i, int side, uint8_t y, uint8_t first,
                                  uint8_t second) noexcept {
  run.luma[r][i * 2 + side] = y;
  run.pixels[r][i * 4 + side * 2] = first;
  run.pixels[r][i * 4 + side * 2 + 1] = second;
}
/// Positions that put_yuv() wrote.
FACEIO_ALWAYS_INLINE Rgb read_copied_yuv(const Taps& taps, int r, int32_t i, vf32 share) noexcept {
  vf32 a, b, c, d;
  load_u8x4(taps.pixels[r] + i * 4, a, b, c, d);
  return {read_luma(taps, r, i, share), blend(share, a, c), blend(share, b, d)};
}
FACEIO_ALWAYS_INLINE vf32 next_pair_share(const Taps& taps, int32_t i) noexcept {
  return sub(load(taps.pair_share + i), splat(taps.share_offset));
}

constexpr int32_t unit_of(const TwoPlaneLayout&) noexcept { return 1; }
FACEIO_ALWAYS_INLINE int32_t columns_in_place(const TwoPlaneLayout& layout) noexcept {
  return layout.image.size.width_px - 3;  // four bytes of luma, two pairs of chroma
}
FACEIO_ALWAYS_INLINE void copy_one(const TwoPlaneLayout&, TapRun& run, int r, int32_t i, int side,
                                   TwoPlaneLayout::Row row, int32_t x) noexcept {
  const uint8_t* chroma = row.chroma + (x & ~1);
  put_yuv(run, r, i, side, row.luma[x], chroma[0], chroma[1]);
}
FACEIO_ALWAYS_INLINE void copy_black(const TwoPlaneLayout&, TapRun& run, int r, int32_t i,
                                     int side) noexcept {
  put_yuv(run, r, i, side, kBlackLuma, kNoChroma, kNoChroma);
}
FACEIO_ALWAYS_INLINE Rgb read_row(const TwoPlaneLayout&, const Taps& taps, int r, int32_t i,
                                  vf32 share) noexcept {
  if (taps.at == nullptr) return read_copied_yuv(taps, r, i, share);
  const vf32 luma = read_luma(taps, r, i, share);
  vf32 a, b, c, d;
  if (taps.pair_share == nullptr) {
    load_u8x2_at(taps.pixels[r], taps.row_bytes, taps.pair_at + i, a, b);
    return {luma, a, b};
  }
  load_u8x4_at(taps.pixels[r], taps.row_bytes, taps.pair_at + i, a, b, c, d);
  const vf32 next = next_pair_share(taps, i);
  return {luma, blend(next, a, c), blend(next, b, d)};
}
FACEIO_ALWAYS_INLINE Rgb levels_of(const TwoPlaneLayout& layout, const Rgb& pixels) noexcept {
  return yuv_to_rgb(pixels.r, chroma_terms(pixels.g, pixels.b, layout.v_first));
}

constexpr int32_t unit_of(const YuyvLayout&) noexcept { return 2; }
FACEIO_ALWAYS_INLINE int32_t columns_in_place(const YuyvLayout& layout) noexcept {
  return layout.image.size.width_px - 2;  // two pairs
}
FACEIO_ALWAYS_INLINE void copy_one(const YuyvLayout&, TapRun& run, int r, int32_t i, int side,
                                   const uint8_t* row, int32_t x) noexcept {
  const uint8_t* chroma = row + static_cast<ptrdiff_t>(x & ~1) * 2;
  put_yuv(run, r, i, side, row[static_cast<ptrdiff_t>(x) * 2], chroma[1], chroma[3]);
}
FACEIO_ALWAYS_INLINE void copy_black(const YuyvLayout&, TapRun& run, int r, int32_t i,
                                     int side) noexcept {
  put_yuv(run, r, i, side, kBlackLuma, kNoChroma, kNoChroma);
}
FACEIO_ALWAYS_INLINE Rgb read_row(const YuyvLayout&, const Taps& taps, int r, int32_t i,
                                  vf32 share) noexcept {
  if (taps.at == nullptr) return read_copied_yuv(taps, r, i, share);
  vf32 left, right, unused, u, v;
  load_u8x4_at(taps.pixels[r], taps.row_bytes, taps.at + i, left, unused, right, unused);
  const vf32 luma = blend(share, left, right);
  load_u8x4_at(taps.pixels[r], taps.row_bytes, taps.pair_at + i, unused, u, unused, v);
  if (taps.pair_share == nullptr) return {luma, u, v};
  constexpr int kPair_bytes = 4;
  vf32 next_u, next_v;
  load_u8x4_at(taps.pixels[r] + kPair_bytes, taps.row_bytes - kPair_bytes, taps.pair_at + i, unused,
               next_u, unused, next_v);
  const vf32 next = next_pair_share(taps, i);
  return {luma, blend(next, u, next_u), blend(next, v, next_v)};
}
FACEIO_ALWAYS_INLINE Rgb levels_of(const YuyvLayout& layout, const Rgb& pixels) noexcept {
  return yuv_to_rgb(pixels.r, chroma_terms(pixels.g, pixels.b, layout.v_first));
}

/// Writes positions [begin, end) as RGB8 pixels; begin is a multiple of lanes, and all positions
/// below the next multiple after end are read.
template <class Layout>
inline void blend_taps(const Layout& layout, const Taps& taps, int32_t begin, int32_t end,
                       uint8_t* FACEIO_RESTRICT out) noexcept {
  const bool blue_first = stores_blue_first(layout.image.format);
  for (int32_t i = begin; i < end; i += vf32::lanes) {
    const vf32 right = sub(load(taps.right_share + i), splat(taps.share_offset));
    Rgb pixels = read_row(layout, taps, 0, i, right);
    if (!taps.upper_only) {
      pixels = blend(load(taps.lower_share + i), pixels, read_row(layout, taps, 1, i, right));
    }
    pixels = levels_of(layout, pixels);
    uint8_t* to = out + static_cast<ptrdiff_t>(i) * 3;
    uint8_t last[3 * vf32::lanes];
    uint8_t* here = i + vf32::lanes <= end ? to : last;
    if (blue_first) {
      store_u8x3(here, pixels.b, pixels.g, pixels.r);
    } else {
      store_u8x3(here, pixels.r, pixels.g, pixels.b);
    }
    if (here == last) __builtin_memcpy(to, last, static_cast<size_t>(end - i) * 3);
  }
}

constexpr int32_t whole_vectors(int32_t positions) noexcept {
  return (positions + vf32::lanes - 1) / vf32::lanes * vf32::lanes;
}

}  // namespace FACEIO_TARGET_NS
FACEIO_END_NAMESPACE
