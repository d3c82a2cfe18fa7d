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

/// Whether no position needs the chroma of two pairs: all lie on pixels, or between those of one pair.
inline bool one_pair_each(const ColumnPositions& at) noexcept {
  if (at.start < 0 || at.step % kOnePixel != 0) return false;
  return at.start % kOnePixel == 0 || (at.step | at.start) % (2 * kOnePixel) < kOnePixel;
}

/// Chroma of a run of y u v positions: where the pair of pixels starts that holds each left pixel,
/// and the share of the next pair's chroma, plus one: all of the right pixel's when that lies there.
inline void locate_pairs(const int32_t (&FACEIO_RESTRICT left)[kRunPixels],
                         const float (&FACEIO_RESTRICT share_and_one)[kRunPixels], int32_t unit,
                         int32_t (&FACEIO_RESTRICT pair)[kRunPixels],
                         float (&FACEIO_RESTRICT pair_share_and_one)[kRunPixels]) noexcept {
  for (int i = 0; i < kRunPixels; ++i) {
    pair[i] = left[i] & ~unit;
    pair_share_and_one[i] = (left[i] & unit) != 0 ? share_and_one[i] : 1.0f;
  }
}

/// Copies positions [begin, end), with care for the end of the rows.
template <class Layout>
inline void copy_last_columns(const Layout& layout, TapRun& run, const int32_t* left, int32_t unit,
                              int32_t begin, int32_t end, typename Layout::Row upper,
                              typename Layout::Row lower) noexcept {
  const int32_t last = layout.image.size.width_px - 1;
  for (int32_t i = begin; i < end; ++i) {
    const int32_t x = left[i] / unit < last ? left[i] / unit : last;
    const int32_t next = x < last ? x + 1 : last;
    copy_one(layout, run, 0, i, 0, upper, x);
    copy_one(layout, run, 0, i, 1, upper, next);
    copy_one(layout, run, 1, i, 0, lower, x);
    copy_one(layout, run, 1, i, 1, lower, next);
  }
}

inline void point_at(Taps& taps, int r, const uint8_t* row) noexcept {
  taps.luma[r] = taps.pixels[r] = row;
}
inline void point_at(Taps& taps, int r, const TwoPlaneLayout::Row& row) noexcept {
  taps.luma[r] = row.luma;
  taps.pixels[r] = row.chroma;
}

template <class Layout>
inline void resize_row(const ResizeArgs& a, const Layout& layout, const ColumnPositions& at,
                       int32_t y) noexcept {
  const Size in = a.image.size, out = a.out_size;
  const ResizeTap tap = resize_tap(y, in.height_px, out.height_px);
  const typename Layout::Row upper = layout.row(tap.first), lower = layout.row(tap.second);
  TapRun run;
  int32_t left[kRunPixels], pair[kRunPixels];
  float right_share[kRunPixels], next_pair_share[kRunPixels], lower_share[kRunPixels];
  for (int i = 0; i < kRunPixels; i += vf32::lanes) store(lower_share + i, splat(tap.share));
  Taps copied(run, right_share, lower_share);
  copied.share_offset = 1.0f;
  copied.upper_only = tap.share == 0.0f || tap.first == tap.second;
  Taps in_place = copied;
  point_at(in_place, 0, upper);
  point_at(in_place, 1, lower);
  in_place.row_bytes = in.width_px * unit_of(layout);
  in_place.at = left;
  in_place.pair_at = pair;
  in_place.pair_share = one_pair_each(at) ? nullptr : next_pair_share;
  const int32_t unit = unit_of(layout), end = columns_in_place(layout) * unit;
  for (int32_t x = 0; x < out.width_px; x += kRunPixels) {
    const int32_t rest = out.width_px - x;
    const int32_t count = rest < kRunPixels ? rest : kRunPixels;
    const int32_t read = whole_vectors(count);
    locate_columns(at.start + x * at.step, at.step, unit, left, right_share);
    if constexpr (Layout::kYuv) locate_pairs(left, right_share, unit, pair, next_pair_share);
    int32_t inside = read;  // whole vectors of positions that can be read in place; they ascend
    while (inside > 0 && left[inside - 1] >= end) inside -= vf32::lanes;
    uint8_t* to =
        a.out + static_cast<size_t>(y) * a.out_stride_bytes + static_cast<ptrdiff_t>(x) * 3;
    blend_taps(layout, in_place, 0, inside < count ? inside : count, to);
    if (inside < count) {
      copy_last_columns(layout, run, left, unit, inside, read, upper, lower);
      blend_taps(layout, copied, inside, count, to);
    }
  }
}

struct ResizeRows {
  const ResizeArgs& a;
  int32_t row_begin, row_end;
  template <class Layout>
  FACEIO_ALWAYS_INLINE void operator()(const Layout& layout) const noexcept {
    const ColumnPositions at = column_positions(a.image.size.width_px, a.out_size.width_px);
    for (int32_t y = row_begin; y < row_end; ++y) resize_row(a, layout, at, y);
  }
};

inline void resize_bilinear_u8(const ResizeArgs& a, int32_t row_begin, int32_t row_end) noexcept {
  with_layout(a.image, ResizeRows{a, row_begin, row_end});
}

}  // namespace FACEIO_TARGET_NS
FACEIO_END_NAMESPACE
