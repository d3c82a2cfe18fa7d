// Bilinear interpolation between four pixels, a vector of positions at a time: what resize and warp
// share.
//
// The pixels around each position are copied into a TapRun, or read where they are when they lie
// well; Taps says where. Each layout (pixels_u8-inl.hpp) supplies
//   columns_copied(layout)   below this x, copy_both() stays inside the row
//   copy_both(layout, run, r, i, row, x, chroma)
//                            pixels x and x + 1 become position i of row r
//   copy_one(layout, run, r, i, side, row, x)
//                            pixel x, any in the picture, becomes its left (0) or right (1) pixel
//   copy_black(layout, run, r, i, side)
//   taps_of(layout, run, right_share, lower_share)
//   blend_columns(layout, columns, taps, begin, end, out)
//                            the instance of blend_taps() that fits
FACEIO_BEGIN_NAMESPACE
namespace FACEIO_TARGET_NS {

// Long enough that the first vector loads of a run do not wait for its last byte stores.
inline constexpr int kRunPixels = 128;

/// Copies of the pixels around a run of positions: row 0 the upper ones, row 1 the lower ones.
struct TapRun {
  // Packed: eight bytes a position, from the left pixel on. y u v: the two chroma bytes, as the
  // picture orders them, of the left and of the right pixel, or once if they share them.
  uint8_t pixels[2][kRunPixels * 8];
  uint8_t luma[2][kRunPixels * 2];  // grey and y u v: y of the left and of the right pixel
};

/// What blend_taps() reads, position by position.
struct Taps {
  const uint8_t* pixels[2];  // as in TapRun
  const uint8_t* luma[2];
  // Packed, not null: the left pixel of position i is at pixels[r] + left[i].
  const int32_t* left = nullptr;
  const float* right_share;        // of the right pixel, plus share_offset
  const float* lower_share;        // of row 1
  float share_offset = 0.0f;
  bool upper_only = false;         // every lower_share is 0: row 1 may be anything
  bool rows_share_chroma = false;  // row 1 has none of its own
  // Of the picture:
  int step = 0;                    // packed: bytes a pixel
  bool blue_first = false;
  bool v_first = false;

  Taps(const TapRun& run, const float* right, const float* lower) noexcept
      : pixels{run.pixels[0], run.pixels[1]},
        luma{run.luma[0], run.luma[1]},
        right_share(right),
        lower_share(lower) {}
};

/// Chroma to copy for a position.
enum class Chroma { none, left, both };

/// What all positions of a row have in common. Only y u v layouts tell the kinds apart: it saves
/// conversions.
enum class Columns {
  any,
  share_chroma,  // left and right pixel have the same chroma: it is there once
  left_only,     // every right share is 0: right pixels may be anything; chroma is there once
};

struct Sides {
  Rgb left, right;
};

inline Taps taps_of(const PackedLayout& layout, const TapRun& run, const float* right_share,
                    const float* lower_share) noexcept {
  Taps taps(run, right_share, lower_share);
  taps.step = layout.step;
  taps.blue_first = stores_blue_first(layout.image.format);
  return taps;
}
inline Taps taps_of(const TwoPlaneLayout& layout, const TapRun& run, const float* right_share,
                    const float* lower_share) noexcept {
  Taps taps(run, right_share, lower_share);
  taps.v_first = layout.v_first;
  return taps;
}
template <class Layout>
inline Taps taps_of(const Layout&, const TapRun& run, const float* right_share,
                    const float* lower_share) noexcept {
  return Taps(run, right_share, lower_share);
}

FACEIO_ALWAYS_INLINE int32_t columns_copied(const PackedLayout& layout) noexcept {
  // Two pixels of three bytes are two bytes short of the eight copied.
  return layout.image.size.width_px - (layout.step == 3 ? 2 : 1);
}
FACEIO_ALWAYS_INLINE void copy_both(const PackedLayout& layout, TapRun& run, int r, int32_t i,
                                    const uint8_t* row, int32_t x, Chroma) noexcept {
  __builtin_memcpy(run.pixels[r] + i * 8, row + static_cast<ptrdiff_t>(x) * layout.step, 8);
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

FACEIO_ALWAYS_INLINE int32_t columns_copied(const GrayLayout& layout) noexcept {
  return layout.image.size.width_px - 1;
}
FACEIO_ALWAYS_INLINE void copy_both(const GrayLayout&, TapRun& run, int r, int32_t i,
                                    const uint8_t* row, int32_t x, Chroma) noexcept {
  __builtin_memcpy(run.luma[r] + i * 2, row + x, 2);
}
FACEIO_ALWAYS_INLINE void copy_one(const GrayLayout&, TapRun& run, int r, int32_t i, int side,
                                   const uint8_t* row, int32_t x) noexcept {
  run.luma[r][i * 2 + side] = row[x];
}
FACEIO_ALWAYS_INLINE void copy_black(const GrayLayout&, TapRun& run, int r, int32_t i,
                                     int side) noexcept {
  run.luma[r][i * 2 + side] = 0;
}

/// One pixel of a y u v picture.
FACEIO_ALWAYS_INLINE void put_yuv(TapRun& run, int r, int32_t i, int side, uint8_t y, uint8_t first,
                                  uint8_t second) noexcept {
  run.luma[r][i * 2 + side] = y;
  run.pixels[r][i * 4 + side * 2] = first;
  run.pixels[r][i * 4 + side * 2 + 1] = second;
}
FACEIO_ALWAYS_INLINE int32_t columns_copied(const TwoPlaneLayout& layout) noexcept {
  return layout.image.size.width_px - 1;
}
FACEIO_ALWAYS_INLINE void copy_both(const TwoPlaneLayout&, TapRun& run, int r, int32_t i,
                                    TwoPlaneLayout::Row row, int32_t x, Chroma chroma) noexcept {
  __builtin_memcpy(run.luma[r] + i * 2, row.luma + x, 2);
  if (chroma == Chroma::left) {
    __builtin_memcpy(run.pixels[r] + i * 2, row.chroma + (x & ~1), 2);
  } else if (chroma == Chroma::both) {
    __builtin_memcpy(run.pixels[r] + i * 4, row.chroma + (x & ~1), 2);
    __builtin_memcpy(run.pixels[r] + i * 4 + 2, row.chroma + ((x + 1) & ~1), 2);
  }
}
FACEIO_ALWAYS_INLINE void copy_one(const TwoPlaneLayout&, TapRun& run, int r, int32_t i, int side,
                                   TwoPlaneLayout::Row row, int32_t x) noexcept {
  const uint8_t* chroma = row.chroma + (x & ~1);
  put_yuv(run, r, i, side, row.luma[x], chroma[0], chroma[1]);
}
FACEIO_ALWAYS_INLINE void copy_black(const TwoPlaneLayout&, TapRun& run, int r, int32_t i,
                                     int side) noexcept {
  put_yuv(run, r, i, side, 0, 128, 128);
}

FACEIO_ALWAYS_INLINE int32_t columns_copied(const YuyvLayout& layout) noexcept {
  return layout.image.size.width_px - 1;
}
FACEIO_ALWAYS_INLINE void copy_one(const YuyvLayout&, TapRun& run, int r, int32_t i, int side,
                                   const uint8_t* row, int32_t x) noexcept {
  const uint8_t* chroma = row + static_cast<ptrdiff_t>(x & ~1) * 2;
  put_yuv(run, r, i, side, row[static_cast<ptrdiff_t>(x) * 2], chroma[1], chroma[3]);
}
FACEIO_ALWAYS_INLINE void copy_both(const YuyvLayout& layout, TapRun& run, int r, int32_t i,
                                    const uint8_t* row, int32_t x, Chroma chroma) noexcept {
  if (chroma == Chroma::both) {
    copy_one(layout, run, r, i, 0, row, x);
    copy_one(layout, run, r, i, 1, row, x + 1);
  } else {
    const uint8_t* pair = row + static_cast<ptrdiff_t>(x & ~1) * 2;
    const uint8_t* luma = row + static_cast<ptrdiff_t>(x) * 2;
    run.luma[r][i * 2] = luma[0];
    run.luma[r][i * 2 + 1] = luma[2];
    run.pixels[r][i * 2] = pair[1];
    run.pixels[r][i * 2 + 1] = pair[3];
  }
}
FACEIO_ALWAYS_INLINE void copy_black(const YuyvLayout&, TapRun& run, int r, int32_t i,
                                     int side) noexcept {
  put_yuv(run, r, i, side, 0, 128, 128);
}

// Ways to read row r of positions i .. i + lanes - 1: row 1 after row 0, with the same `chroma`, in
// which y u v pictures keep their terms.
struct ReadPacked {
  static constexpr Columns kColumns = Columns::any;
  static FACEIO_ALWAYS_INLINE Sides read(const Taps& taps, int r, int32_t i, Sides&) noexcept {
    vf32 left[3], right[3];
    if (taps.left != nullptr) {
      load_u8x8_at(taps.pixels[r], taps.left + i, taps.step, left, right);
    } else {
      load_u8x8(taps.pixels[r] + i * 8, taps.step, left, right);
    }
    return {{left[0], left[1], left[2]}, {right[0], right[1], right[2]}};
  }
};
struct ReadGray {
  static constexpr Columns kColumns = Columns::any;
  static FACEIO_ALWAYS_INLINE Sides read(const Taps& taps, int r, int32_t i, Sides&) noexcept {
    vf32 left, right;
    load_u8x2(taps.luma[r] + i * 2, left, right);
    return {{left, left, left}, {right, right, right}};
  }
};
template <Columns kCommon>
struct ReadYuv {
  static constexpr Columns kColumns = kCommon;
  static FACEIO_ALWAYS_INLINE Sides read(const Taps& taps, int r, int32_t i,
                                         Sides& chroma) noexcept {
    if (r == 0 || !taps.rows_share_chroma) {
      vf32 a, b, c, d;
      if constexpr (kColumns == Columns::any) {
        load_u8x4(taps.pixels[r] + i * 4, a, b, c, d);
        chroma.right = chroma_terms(c, d, taps.v_first);
      } else {
        load_u8x2(taps.pixels[r] + i * 2, a, b);
      }
      chroma.left = chroma_terms(a, b, taps.v_first);
    }
    vf32 left, right;
    load_u8x2(taps.luma[r] + i * 2, left, right);
    Sides pixels;
    pixels.left = yuv_to_rgb(left, chroma.left);
    if constexpr (kColumns == Columns::any) pixels.right = yuv_to_rgb(right, chroma.right);
    if constexpr (kColumns == Columns::share_chroma) pixels.right = yuv_to_rgb(right, chroma.left);
    return pixels;
  }
};

FACEIO_ALWAYS_INLINE vf32 blend(vf32 share, vf32 from, vf32 to) noexcept {
  return fma(share, sub(to, from), from);
}
FACEIO_ALWAYS_INLINE Rgb blend(vf32 share, const Rgb& from, const Rgb& to) noexcept {
  return {blend(share, from.r, to.r), blend(share, from.g, to.g), blend(share, from.b, to.b)};
}
template <Columns kColumns>
FACEIO_ALWAYS_INLINE Rgb blend_sides(vf32 right_share, const Sides& pixels) noexcept {
  if constexpr (kColumns == Columns::left_only) {
    return pixels.left;
  } else {
    return blend(right_share, pixels.left, pixels.right);
  }
}

/// Writes positions [begin, end) as RGB8 pixels; begin is a multiple of lanes, and all positions
/// below the next multiple after end are read.
template <class Read>
inline void blend_taps(const Taps& taps, int32_t begin, int32_t end,
                       uint8_t* FACEIO_RESTRICT out) noexcept {
  for (int32_t i = begin; i < end; i += vf32::lanes) {
    const vf32 right = sub(load(taps.right_share + i), splat(taps.share_offset));
    Sides chroma;
    Rgb pixels = blend_sides<Read::kColumns>(right, Read::read(taps, 0, i, chroma));
    if (!taps.upper_only) {
      const Rgb lower = blend_sides<Read::kColumns>(right, Read::read(taps, 1, i, chroma));
      pixels = blend(load(taps.lower_share + i), pixels, lower);
    }
    uint8_t* to = out + static_cast<ptrdiff_t>(i) * 3;
    uint8_t last[3 * vf32::lanes];
    uint8_t* here = i + vf32::lanes <= end ? to : last;
    if (taps.blue_first) {
      store_u8x3(here, pixels.b, pixels.g, pixels.r);
    } else {
      store_u8x3(here, pixels.r, pixels.g, pixels.b);
    }
    if (here == last) __builtin_memcpy(to, last, static_cast<size_t>(end - i) * 3);
  }
}

inline void blend_columns(const PackedLayout&, Columns, const Taps& taps, int32_t begin,
                          int32_t end, uint8_t* out) noexcept {
  blend_taps<ReadPacked>(taps, begin, end, out);
}
inline void blend_columns(const GrayLayout&, Columns, const Taps& taps, int32_t begin, int32_t end,
                          uint8_t* out) noexcept {
  blend_taps<ReadGray>(taps, begin, end, out);
}
template <class Layout>
inline void blend_columns(const Layout&, Columns columns, const Taps& taps, int32_t begin,
                          int32_t end, uint8_t* out) noexcept {
  switch (columns) {
    case Columns::any: blend_taps<ReadYuv<Columns::any>>(taps, begin, end, out); break;
    case Columns::share_chroma:
      blend_taps<ReadYuv<Columns::share_chroma>>(taps, begin, end, out);
      break;
    case Columns::left_only: blend_taps<ReadYuv<Columns::left_only>>(taps, begin, end, out); break;
  }
}

constexpr int32_t whole_vectors(int32_t positions) noexcept {
  return (positions + vf32::lanes - 1) / vf32::lanes * vf32::lanes;
}

}  // namespace FACEIO_TARGET_NS
FACEIO_END_NAMESPACE
