// resize_bilinear_u8. Contract: image.hpp. The detector asks for one row at a time and nothing is
// kept between calls, so the columns are found again for every row.
FACEIO_BEGIN_NAMESPACE
namespace FACEIO_TARGET_NS {

/// The first of two neighbouring source rows (the same one twice at the end of the picture) and the
/// share of the second, for one output row.
struct ResizeTap {
  int32_t first, second;
  float share;
};
/// Exact in integers: the position is ((2 at + 1) in - out) / (2 out), and kMaxImageSide_px keeps
/// the numerator inside 32 bits.
FACEIO_ALWAYS_INLINE ResizeTap resize_tap(int32_t at, int32_t in, int32_t out) noexcept {
  const int32_t numerator = (2 * at + 1) * in - out;
  const int32_t first = numerator > 0 ? numerator / (2 * out) : 0;
  const int32_t remainder = numerator > 0 ? numerator - first * 2 * out : 0;
  const int32_t second = first + 1 < in ? first + 1 : first;
  return {first, second, static_cast<float>(remainder) / static_cast<float>(2 * out)};
}

/// Source positions of columns in units of 2^-40 pixels. As the step is rounded down, they are up
/// to 2^-24 pixels short at the end of the longest row; whole steps are exact.
inline constexpr int kPositionBits = 40;
inline constexpr int64_t kOnePixel = int64_t{1} << kPositionBits;
struct ColumnPositions {
  int64_t start, step;
};
inline ColumnPositions column_positions(int32_t in, int32_t out) noexcept {
  return {(in - out) * kOnePixel / (2 * out), in * kOnePixel / out};
}

/// Left pixels of a run of positions from `position` on, times `unit`, and right shares plus one,
/// whose bits are those of 1.0 and of the fraction. Always a whole run: compilers make vectors of a
/// loop of constant length at -O2 too.
inline void locate_columns(int64_t position, int64_t step, int32_t unit,
                           int32_t (&FACEIO_RESTRICT left)[kRunPixels],
                           float (&FACEIO_RESTRICT share_and_one)[kRunPixels]) noexcept {
  uint64_t at = static_cast<uint64_t>(position);
  for (int i = 0; i < kRunPixels; ++i) {
    left[i] = static_cast<int32_t>(at >> kPositionBits) * unit;
    const auto fraction = static_cast<uint32_t>(at >> (kPositionBits - 23));
    const uint32_t bits = (fraction & 0x7fffffu) | 0x3f800000u;
    __builtin_memcpy(share_and_one + i, &bits, 4);
    at += static_cast<uint64_t>(step);
  }
  for (int i = 0; i < kRunPixels && position < 0; ++i, position += step) {
    left[i] = 0;  // left of the centre of the first pixel
    share_and_one[i] = 1.0f;
  }
}

/// Copies `count` positions. Layout and rows by value: byte stores could change what is behind a
/// reference, so it would be loaded again for each pixel.
template <class Layout>
inline void copy_columns(Layout layout, TapRun& run, const int32_t* left, int32_t count,
                         typename Layout::Row upper, typename Layout::Row lower, bool upper_only,
                         Chroma upper_chroma, Chroma lower_chroma) noexcept {
  if (upper_only) {
    for (int32_t i = 0; i < count; ++i) copy_both(layout, run, 0, i, upper, left[i], upper_chroma);
    return;
  }
  for (int32_t i = 0; i < count; ++i) {
    copy_both(layout, run, 0, i, upper, left[i], upper_chroma);
    copy_both(layout, run, 1, i, lower, left[i], lower_chroma);
  }
}

/// Positions [begin, end), with care for the end of the rows. Always both rows, and the chroma of
/// both sides.
template <class Layout>
inline void copy_last_columns(const Layout& layout, TapRun& run, const int32_t* left, int32_t unit,
                              int32_t begin, int32_t end, typename Layout::Row upper,
                              typename Layout::Row lower) noexcept {
  const int32_t last = layout.image.size.width_px - 1;
  for (int32_t i = begin; i < end; ++i) {
    const int32_t x = left[i] / unit < last ? left[i] / unit : last;
    if (x < columns_copied(layout)) {
      copy_both(layout, run, 0, i, upper, x, Chroma::both);
      copy_both(layout, run, 1, i, lower, x, Chroma::both);
      continue;
    }
    const int32_t next = x < last ? x + 1 : last;
    copy_one(layout, run, 0, i, 0, upper, x);
    copy_one(layout, run, 0, i, 1, upper, next);
    copy_one(layout, run, 1, i, 0, lower, x);
    copy_one(layout, run, 1, i, 1, lower, next);
  }
}

constexpr int32_t unit_of(const PackedLayout& layout) noexcept { return layout.step; }
template <class Layout>
constexpr int32_t unit_of(const Layout&) noexcept {
  return 1;
}

/// Columns of a picture that is resized.
struct ResizeColumns {
  ColumnPositions positions;
  Columns common;
  bool halved;  // position i lies between pixels 2 i and 2 i + 1
};
inline ResizeColumns resize_columns(int32_t in, int32_t out) noexcept {
  const ColumnPositions at = column_positions(in, out);
  const bool whole_step = at.step % kOnePixel == 0 && at.start >= 0;
  if (whole_step && at.start % kOnePixel == 0) return {at, Columns::left_only, false};
  // Both pixels lie in one pair at every position.
  const bool share = whole_step && (at.step | at.start) % (2 * kOnePixel) < kOnePixel;
  return {at, share ? Columns::share_chroma : Columns::any, in == 2 * out};
}

/// Points `taps` at `count` positions: copied into `run`, unless they can be read where they are.
inline void fetch_columns(const PackedLayout&, TapRun&, Taps& taps, const ResizeColumns&,
                          const int32_t* left, int32_t, const uint8_t* upper,
                          const uint8_t* lower) noexcept {
  taps.pixels[0] = upper;
  taps.pixels[1] = lower;
  taps.left = left;
}
inline void fetch_columns(const GrayLayout& layout, TapRun& run, Taps& taps,
                          const ResizeColumns& columns, const int32_t* left, int32_t count,
                          const uint8_t* upper, const uint8_t* lower) noexcept {
  if (columns.halved) {
    taps.luma[0] = upper + left[0];
    taps.luma[1] = lower + left[0];
  } else {
    copy_columns(layout, run, left, count, upper, lower, taps.upper_only, Chroma::none,
                 Chroma::none);
  }
}
inline Chroma upper_chroma(const ResizeColumns& columns) noexcept {
  return columns.common == Columns::any ? Chroma::both : Chroma::left;
}
inline void fetch_columns(const TwoPlaneLayout& layout, TapRun& run, Taps& taps,
                          const ResizeColumns& columns, const int32_t* left, int32_t count,
                          TwoPlaneLayout::Row upper, TwoPlaneLayout::Row lower) noexcept {
  if (columns.halved) {
    taps.luma[0] = upper.luma + left[0];
    taps.luma[1] = lower.luma + left[0];
    taps.pixels[0] = upper.chroma + left[0];
    taps.pixels[1] = lower.chroma + left[0];
  } else {
    const Chroma chroma = upper_chroma(columns);
    copy_columns(layout, run, left, count, upper, lower, taps.upper_only, chroma,
                 taps.rows_share_chroma ? Chroma::none : chroma);
  }
}
inline void fetch_columns(const YuyvLayout& layout, TapRun& run, Taps& taps,
                          const ResizeColumns& columns, const int32_t* left, int32_t count,
                          const uint8_t* upper, const uint8_t* lower) noexcept {
  const Chroma chroma = upper_chroma(columns);
  copy_columns(layout, run, left, count, upper, lower, taps.upper_only, chroma, chroma);
}

FACEIO_ALWAYS_INLINE bool rows_share_chroma(const TwoPlaneLayout&, int32_t y0,
                                            int32_t y1) noexcept {
  return y0 / 2 == y1 / 2;
}
template <class Layout>
FACEIO_ALWAYS_INLINE bool rows_share_chroma(const Layout&, int32_t, int32_t) noexcept {
  return false;
}

template <class Layout>
inline void resize_row(const ResizeArgs& a, const Layout& layout, const ResizeColumns& columns,
                       int32_t y) noexcept {
  const Size in = a.image.size, out = a.out_size;
  const ColumnPositions at = columns.positions;
  const ResizeTap tap = resize_tap(y, in.height_px, out.height_px);
  const typename Layout::Row upper = layout.row(tap.first), lower = layout.row(tap.second);
  TapRun run;
  int32_t left[kRunPixels];
  float right_share[kRunPixels], lower_share[kRunPixels];
  for (int i = 0; i < kRunPixels; i += vf32::lanes) store(lower_share + i, splat(tap.share));
  Taps careful = taps_of(layout, run, right_share, lower_share);
  careful.share_offset = 1.0f;
  careful.upper_only = tap.share == 0.0f || tap.first == tap.second;
  Taps fast = careful;
  fast.rows_share_chroma = rows_share_chroma(layout, tap.first, tap.second);
  const int32_t unit = unit_of(layout), end = columns_copied(layout) * unit;
  for (int32_t x = 0; x < out.width_px; x += kRunPixels) {
    const int32_t rest = out.width_px - x;
    const int32_t count = rest < kRunPixels ? rest : kRunPixels;
    const int32_t read = whole_vectors(count);
    locate_columns(at.start + x * at.step, at.step, unit, left, right_share);
    int32_t inside = read;  // whole vectors of positions that copy_both() may copy; they ascend
    while (inside > 0 && left[inside - 1] >= end) inside -= vf32::lanes;
    uint8_t* to =
        a.out + static_cast<size_t>(y) * a.out_stride_bytes + static_cast<ptrdiff_t>(x) * 3;
    fetch_columns(layout, run, fast, columns, left, inside, upper, lower);
    blend_columns(layout, columns.common, fast, 0, inside < count ? inside : count, to);
    if (inside < count) {
      copy_last_columns(layout, run, left, unit, inside, read, upper, lower);
      blend_columns(layout, Columns::any, careful, inside, count, to);
    }
  }
}

struct ResizeRows {
  const ResizeArgs& a;
  int32_t row_begin, row_end;
  template <class Layout>
  FACEIO_ALWAYS_INLINE void operator()(const Layout& layout) const noexcept {
    const ResizeColumns columns = resize_columns(a.image.size.width_px, a.out_size.width_px);
    for (int32_t y = row_begin; y < row_end; ++y) resize_row(a, layout, columns, y);
  }
};

inline void resize_bilinear_u8(const ResizeArgs& a, int32_t row_begin, int32_t row_end) noexcept {
  with_layout(a.image, ResizeRows{a, row_begin, row_end});
}

}  // namespace FACEIO_TARGET_NS
FACEIO_END_NAMESPACE
