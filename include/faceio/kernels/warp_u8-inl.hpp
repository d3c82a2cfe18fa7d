// warp_affine_u8. Contract: image.hpp.
FACEIO_BEGIN_NAMESPACE
namespace FACEIO_TARGET_NS {

FACEIO_ALWAYS_INLINE vf32 round_down(vf32 a) noexcept {
  const vf32 nearest = round_nearest(a);
  return select_gt(nearest, a, sub(nearest, splat(1.0f)), nearest);
}

/// Copies pixels x and x + 1, 0 <= x < columns_in_place(), as position i of row r.
template <class Layout>
FACEIO_ALWAYS_INLINE void copy_both(const Layout& layout, TapRun& run, int r, int32_t i,
                                    typename Layout::Row row, int32_t x) noexcept {
  copy_one(layout, run, r, i, 0, row, x);
  copy_one(layout, run, r, i, 1, row, x + 1);
}
FACEIO_ALWAYS_INLINE void copy_both(const PackedLayout& layout, TapRun& run, int r, int32_t i,
                                    const uint8_t* row, int32_t x) noexcept {
  __builtin_memcpy(run.pixels[r] + i * 8, row + static_cast<ptrdiff_t>(x) * layout.step, 8);
}

/// Copies tap i around (x, y); pixels outside the picture are black.
template <class Layout>
FACEIO_ALWAYS_INLINE void copy_or_black(const Layout& layout, TapRun& run, int32_t i, int32_t x,
                                        int32_t y) noexcept {
  const Size size = layout.image.size;
  for (int r = 0; r < 2; ++r) {
    const bool row_inside = y + r >= 0 && y + r < size.height_px;
    for (int s = 0; s < 2; ++s) {
      if (row_inside && x + s >= 0 && x + s < size.width_px) {
        copy_one(layout, run, r, i, s, layout.row(y + r), x + s);
      } else {
        copy_black(layout, run, r, i, s);
      }
    }
  }
}

template <class Layout>
inline void warp_row(const WarpArgs& a, const Layout& layout, int32_t y) noexcept {
  const Size size = a.image.size;
  // Far outside is as black as just outside; max gives its second argument for NaN.
  const vf32 low = splat(-2.0f);
  const vf32 high_x = splat(static_cast<float>(size.width_px + 1));
  const vf32 high_y = splat(static_cast<float>(size.height_px + 1));
  const vf32 row = splat(static_cast<float>(y));
  const vf32 start_x = fma(splat(a.matrix[1]), row, splat(a.matrix[2]));
  const vf32 start_y = fma(splat(a.matrix[4]), row, splat(a.matrix[5]));
  const int32_t end = columns_in_place(layout);
  TapRun run;
  float column[kRunPixels], left[kRunPixels], top[kRunPixels];
  float right_share[kRunPixels], lower_share[kRunPixels];
  const Taps taps(run, right_share, lower_share);
  for (int32_t x = 0; x < a.out_size.width_px; x += kRunPixels) {
    const int32_t rest = a.out_size.width_px - x;
    const int32_t count = rest < kRunPixels ? rest : kRunPixels;
    const int32_t read = whole_vectors(count);
    for (int i = 0; i < read; ++i) column[i] = static_cast<float>(x + i);
    for (int i = 0; i < read; i += vf32::lanes) {
      const vf32 at = load(column + i);
      const vf32 source_x = min(max(fma(splat(a.matrix[0]), at, start_x), low), high_x);
      const vf32 source_y = min(max(fma(splat(a.matrix[3]), at, start_y), low), high_y);
      const vf32 floor_x = round_down(source_x);
      const vf32 floor_y = round_down(source_y);
      store(left + i, floor_x);
      store(top + i, floor_y);
      store(right_share + i, sub(source_x, floor_x));
      store(lower_share + i, sub(source_y, floor_y));
    }
    for (int32_t i = 0; i < read; ++i) {
      const auto source_x = static_cast<int32_t>(left[i]);
      const auto source_y = static_cast<int32_t>(top[i]);
      if (source_x >= 0 && source_x < end && source_y >= 0 && source_y < size.height_px - 1) {
        copy_both(layout, run, 0, i, layout.row(source_y), source_x);
        copy_both(layout, run, 1, i, layout.row(source_y + 1), source_x);
      } else {
        copy_or_black(layout, run, i, source_x, source_y);
      }
    }
    uint8_t* to = a.out + static_cast<size_t>(y) * a.out_stride_bytes;
    blend_taps(layout, taps, 0, count, to + static_cast<ptrdiff_t>(x) * 3);
  }
}

struct WarpRows {
  const WarpArgs& a;
  int32_t row_begin, row_end;
  template <class Layout>
  FACEIO_ALWAYS_INLINE void operator()(const Layout& layout) const noexcept {
    for (int32_t y = row_begin; y < row_end; ++y) warp_row(a, layout, y);
  }
};

inline void warp_affine_u8(const WarpArgs& a, int32_t row_begin, int32_t row_end) noexcept {
  with_layout(a.image, WarpRows{a, row_begin, row_end});
}

}  // namespace FACEIO_TARGET_NS
FACEIO_END_NAMESPACE
