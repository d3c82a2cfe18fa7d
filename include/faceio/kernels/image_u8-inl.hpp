// Pixels to floats, bilinear resize and affine warp. Contract: image.hpp.
//
// Both resampling kernels copy the four pixels around each position into runs of kRunPixels (the only
// part that a vector layer without gathers cannot do), then blend whole runs with vectors.
FACEIO_BEGIN_NAMESPACE
namespace FACEIO_TARGET_NS {

inline constexpr int kRunPixels = 32;    // 96 bytes: whole vectors for every width
inline constexpr int kSpanPixels = 256;  // source pixels converted at once for a resize

/// What u and v add to r, g and b, in 1/65536 grey levels, with one half for rounding.
struct ChromaShift {
  int32_t r, g, b;
};
FACEIO_ALWAYS_INLINE ChromaShift chroma_shift(uint8_t u_byte, uint8_t v_byte) noexcept {
  constexpr int32_t kHalf = 32768;
  const int32_t u = u_byte - 128;
  const int32_t v = v_byte - 128;
  return {104597 * v + kHalf, -25675 * u - 53279 * v + kHalf, 132201 * u + kHalf};
}
FACEIO_ALWAYS_INLINE uint8_t grey_level(int32_t sixteenths_of_bits) noexcept {
  const int32_t level = sixteenths_of_bits < 0 ? 0 : sixteenths_of_bits >> 16;
  return static_cast<uint8_t>(level > 255 ? 255 : level);
}
FACEIO_ALWAYS_INLINE void put_yuv(uint8_t y_byte, const ChromaShift& shift, int red,
                                  uint8_t* out) noexcept {
  const int32_t y = (y_byte > 16 ? y_byte - 16 : 0) * 76309;
  out[red] = grey_level(y + shift.r);
  out[1] = grey_level(y + shift.g);
  out[2 - red] = grey_level(y + shift.b);
}

/// Where red is within a pixel of a packed colour format (blue is at 2 - red).
FACEIO_ALWAYS_INLINE int red_index(PixelFormat format) noexcept {
  return format == PixelFormat::BGR8 || format == PixelFormat::BGRA8 ? 2 : 0;
}
/// Bytes from one pixel to the next of a packed colour format, 0 for all other formats.
FACEIO_ALWAYS_INLINE int32_t colour_step(PixelFormat format) noexcept {
  switch (format) {
    case PixelFormat::RGB8:
    case PixelFormat::BGR8: return 3;
    case PixelFormat::RGBA8:
    case PixelFormat::BGRA8: return 4;
    default: return 0;
  }
}

/// Pixels [x, x + count) of row y as three bytes each, red at index `red` (0 or 2).
inline void read_pixels(const ImageView& image, int32_t y, int32_t x, int32_t count, int red,
                        uint8_t* FACEIO_RESTRICT out) noexcept {
  const uint8_t* row = image.row(y);
  switch (image.format) {
    case PixelFormat::RGB8:
    case PixelFormat::BGR8:
    case PixelFormat::RGBA8:
    case PixelFormat::BGRA8: {
      const int32_t step = colour_step(image.format);
      const int from = red_index(image.format);
      const uint8_t* p = row + static_cast<ptrdiff_t>(x) * step;
      for (int32_t i = 0; i < count; ++i, p += step, out += 3) {
        out[red] = p[from];
        out[1] = p[1];
        out[2 - red] = p[2 - from];
      }
      break;
    }
    case PixelFormat::GRAY8:
      for (int32_t i = 0; i < count; ++i, out += 3) out[0] = out[1] = out[2] = row[x + i];
      break;
    case PixelFormat::NV12:
    case PixelFormat::NV21: {
      const uint8_t* chroma = image.chroma_row(y);
      const int u = image.format == PixelFormat::NV12 ? 0 : 1;
      ChromaShift shift{};
      for (int32_t i = 0; i < count; ++i, out += 3) {
        const int32_t at = x + i;
        const uint8_t* pair = chroma + (at - at % 2);
        if (i == 0 || at % 2 == 0) shift = chroma_shift(pair[u], pair[1 - u]);
        put_yuv(row[at], shift, red, out);
      }
      break;
    }
    case PixelFormat::YUYV: {
      ChromaShift shift{};
      for (int32_t i = 0; i < count; ++i, out += 3) {
        const int32_t at = x + i;
        const uint8_t* pair = row + (at - at % 2) * 2;
        if (i == 0 || at % 2 == 0) shift = chroma_shift(pair[1], pair[3]);
        put_yuv(row[at * 2], shift, red, out);
      }
      break;
    }
  }
}

/// Constants of u8_to_f32 that repeat every three lanes, written out for three vectors.
struct UnpackPattern {
  static constexpr int kLanes = 3 * 16;
  float mean[kLanes];
  float first[kLanes];  // 1 in lanes of channel 0, else 0
  float last[kLanes];   // 1 in lanes of channel 2, else 0
  vf32 scale;
};
FACEIO_ALWAYS_INLINE void make_unpack_pattern(const UnpackArgs& a, UnpackPattern& pattern) noexcept {
  for (int i = 0; i < UnpackPattern::kLanes; ++i) {
    pattern.mean[i] = a.mean[i % 3];
    pattern.first[i] = i % 3 == 0 ? 1.0f : 0.0f;
    pattern.last[i] = i % 3 == 2 ? 1.0f : 0.0f;
  }
  pattern.scale = splat(a.scale);
}

/// `count` bytes of whole pixels that are already in the order of out.
inline void unpack_in_order(const UnpackPattern& pattern, const uint8_t* bytes, int32_t count,
                            float* FACEIO_RESTRICT out) noexcept {
  constexpr int32_t kStep = 3 * vf32::lanes;
  const vf32 scale = pattern.scale;
  vf32 mean[3];
  FACEIO_UNROLL for (int k = 0; k < 3; ++k) mean[k] = load(pattern.mean + k * vf32::lanes);
  int32_t i = 0;
  for (; i + kStep <= count; i += kStep) {
    FACEIO_UNROLL for (int k = 0; k < 3; ++k) {
      const int32_t at = i + k * vf32::lanes;
      store(out + at, mul(sub(load_u8(bytes + at), mean[k]), scale));
    }
  }
  FACEIO_UNROLL for (int k = 0; k < 3; ++k) {
    const int32_t at = i + k * vf32::lanes;
    const int32_t left = count - at;
    if (left >= vf32::lanes) {
      store(out + at, mul(sub(load_u8(bytes + at), mean[k]), scale));
    } else if (left > 0) {
      store_n(out + at, mul(sub(load_u8_n(bytes + at, left), mean[k]), scale), left);
    }
  }
}

/// Bytes [3, end) of a row whose channels are in the other order than out's; returns end. Each lane
/// takes its byte from a load two bytes to the right, in place, or two bytes to the left, so the first
/// pixel and the last few are left to the caller.
inline int32_t unpack_swapped(const UnpackPattern& pattern, const uint8_t* bytes, int32_t count,
                              float* FACEIO_RESTRICT out) noexcept {
  constexpr int32_t kStep = 3 * vf32::lanes;
  const vf32 scale = pattern.scale;
  const vf32 none = zero();
  vf32 mean[3], first[3], last[3];
  FACEIO_UNROLL for (int k = 0; k < 3; ++k) {
    mean[k] = load(pattern.mean + k * vf32::lanes);
    first[k] = load(pattern.first + k * vf32::lanes);
    last[k] = load(pattern.last + k * vf32::lanes);
  }
  int32_t i = 3;
  for (; i + kStep + 2 <= count; i += kStep) {
    FACEIO_UNROLL for (int k = 0; k < 3; ++k) {
      const int32_t at = i + k * vf32::lanes;
      const vf32 middle_or_last =
          select_gt(last[k], none, load_u8(bytes + at - 2), load_u8(bytes + at));
      const vf32 value = select_gt(first[k], none, load_u8(bytes + at + 2), middle_or_last);
      store(out + at, mul(sub(value, mean[k]), scale));
    }
  }
  return i;
}

/// Pixels [x, end) of row y, converted run by run.
inline void unpack_runs(const UnpackArgs& a, const UnpackPattern& pattern, int32_t y, int32_t x,
                        int32_t end, float* out) noexcept {
  uint8_t run[kRunPixels * 3];
  while (x < end) {
    const int32_t count = end - x < kRunPixels ? end - x : kRunPixels;
    read_pixels(a.image, y, x, count, a.bgr ? 2 : 0, run);
    unpack_in_order(pattern, run, count * 3, out + static_cast<ptrdiff_t>(x) * 3);
    x += count;
  }
}

inline void u8_to_f32(const UnpackArgs& a, int32_t row_begin, int32_t row_end) noexcept {
  UnpackPattern pattern;
  make_unpack_pattern(a, pattern);
  const ImageView& image = a.image;
  const int32_t columns = image.size.width_px < a.out.width ? image.size.width_px : a.out.width;
  const bool three_bytes = image.format == PixelFormat::RGB8 || image.format == PixelFormat::BGR8;
  const bool in_order = red_index(image.format) == (a.bgr ? 2 : 0);
  for (int32_t y = row_begin; y < row_end; ++y) {
    float* out = a.out.row(y);
    const int32_t used = y < image.size.height_px ? columns : 0;
    if (used > 0) {
      if (three_bytes && in_order) {
        unpack_in_order(pattern, image.row(y), used * 3, out);
      } else if (three_bytes) {
        unpack_runs(a, pattern, y, 0, 1, out);
        const int32_t done = unpack_swapped(pattern, image.row(y), used * 3, out);
        unpack_runs(a, pattern, y, done / 3, used, out);
      } else {
        unpack_runs(a, pattern, y, 0, used, out);
      }
    }
    int32_t i = used * 3;
    const int32_t end = a.out.width * 3;
    for (; i + vf32::lanes <= end; i += vf32::lanes) store(out + i, zero());
    if (i < end) store_n(out + i, zero(), end - i);
  }
}

/// A run of positions: the pixels around each (three bytes in the source's channel order) and the
/// share of the right and of the lower ones, once for each byte.
struct TapRun {
  static constexpr int kBytes = kRunPixels * 3;
  uint8_t upper_left[kBytes];
  uint8_t upper_right[kBytes];
  uint8_t lower_left[kBytes];
  uint8_t lower_right[kBytes];
  float right_share[kBytes];
  float lower_share[kBytes];
};

FACEIO_ALWAYS_INLINE void copy_pixel(uint8_t* out, const uint8_t* in) noexcept {
  __builtin_memcpy(out, in, 3);
}

FACEIO_ALWAYS_INLINE vf32 blend(vf32 share, vf32 from, vf32 to) noexcept {
  return fma(share, sub(to, from), from);
}

/// Blends the first `count` pixels of a run and writes them as RGB.
inline void blend_run(const TapRun& run, int32_t count, int red, uint8_t* out) noexcept {
  uint8_t swapped[TapRun::kBytes];
  uint8_t* to = red == 0 ? out : swapped;
  const int32_t bytes = count * 3;
  int32_t i = 0;
  for (; i + vf32::lanes <= bytes; i += vf32::lanes) {
    const vf32 right = load(run.right_share + i);
    const vf32 upper = blend(right, load_u8(run.upper_left + i), load_u8(run.upper_right + i));
    const vf32 lower = blend(right, load_u8(run.lower_left + i), load_u8(run.lower_right + i));
    store_u8(to + i, blend(load(run.lower_share + i), upper, lower));
  }
  if (i < bytes) {
    const int n = bytes - i;
    const vf32 right = load_n(run.right_share + i, n);
    const vf32 upper =
        blend(right, load_u8_n(run.upper_left + i, n), load_u8_n(run.upper_right + i, n));
    const vf32 lower =
        blend(right, load_u8_n(run.lower_left + i, n), load_u8_n(run.lower_right + i, n));
    store_u8_n(to + i, blend(load_n(run.lower_share + i, n), upper, lower), n);
  }
  if (red == 0) return;
  for (int32_t k = 0; k < bytes; k += 3) {
    out[k] = swapped[k + 2];
    out[k + 1] = swapped[k + 1];
    out[k + 2] = swapped[k];
  }
}

/// Source pixels first and first + 1 and the share of the second, for one output row or column.
struct ResizeTap {
  int32_t first;
  float share;
};
/// Exact in integers: the position is ((2 at + 1) in - out) / (2 out), and kMaxImageSide_px keeps the
/// numerator inside 32 bits. A clamped position at the far end is all of the last pixel.
FACEIO_ALWAYS_INLINE ResizeTap resize_tap(int32_t at, int32_t in, int32_t out) noexcept {
  const int32_t numerator = (2 * at + 1) * in - out;
  if (numerator <= 0 || in == 1) return {0, 0.0f};
  const int32_t first = numerator / (2 * out);
  if (first >= in - 1) return {in - 2, 1.0f};
  const int32_t remainder = numerator - first * 2 * out;
  return {first, static_cast<float>(remainder) / static_cast<float>(2 * out)};
}

inline void resize_bilinear_u8(const ResizeArgs& a, int32_t row_begin, int32_t row_end) noexcept {
  const ImageView& image = a.image;
  const int32_t width = image.size.width_px;
  const int32_t height = image.size.height_px;
  const bool direct = colour_step(image.format) != 0;
  const int32_t step = direct ? colour_step(image.format) : 3;
  const int red = direct ? red_index(image.format) : 0;
  const ptrdiff_t to_right = width > 1 ? step : 0;
  TapRun run;
  int32_t offset[kRunPixels];  // bytes from the first source pixel of the run
  uint8_t span[2][kSpanPixels * 3];

  int32_t count = 0;
  for (int32_t x = 0; x < a.out_size.width_px; x += count) {
    // Columns are computed once and serve all rows.
    const int32_t left = resize_tap(x, width, a.out_size.width_px).first;
    int32_t span_pixels = 0;
    for (count = 0; count < kRunPixels && x + count < a.out_size.width_px; ++count) {
      const ResizeTap tap = resize_tap(x + count, width, a.out_size.width_px);
      const int32_t reach = tap.first - left + (width > 1 ? 2 : 1);
      if (!direct && reach > kSpanPixels) break;
      span_pixels = reach;
      offset[count] = (tap.first - left) * step;
      FACEIO_UNROLL for (int c = 0; c < 3; ++c) run.right_share[count * 3 + c] = tap.share;
    }
    for (int32_t y = row_begin; y < row_end; ++y) {
      const ResizeTap tap = resize_tap(y, height, a.out_size.height_px);
      const int32_t below = height > 1 ? tap.first + 1 : tap.first;
      const uint8_t* upper = span[0];
      const uint8_t* lower = span[1];
      if (direct) {
        upper = image.row(tap.first) + static_cast<ptrdiff_t>(left) * step;
        lower = image.row(below) + static_cast<ptrdiff_t>(left) * step;
      } else {
        read_pixels(image, tap.first, left, span_pixels, 0, span[0]);
        read_pixels(image, below, left, span_pixels, 0, span[1]);
      }
      for (int32_t i = 0; i < count; ++i) {
        copy_pixel(run.upper_left + i * 3, upper + offset[i]);
        copy_pixel(run.upper_right + i * 3, upper + offset[i] + to_right);
        copy_pixel(run.lower_left + i * 3, lower + offset[i]);
        copy_pixel(run.lower_right + i * 3, lower + offset[i] + to_right);
      }
      for (int32_t i = 0; i < count * 3; ++i) run.lower_share[i] = tap.share;
      uint8_t* out = a.out + static_cast<size_t>(y) * a.out_stride_bytes;
      blend_run(run, count, red, out + static_cast<ptrdiff_t>(x) * 3);
    }
  }
}

/// Pixel (x, y) in the source's channel order, or black when it lies outside.
inline void warp_tap(const ImageView& image, int32_t x, int32_t y, uint8_t* out) noexcept {
  if (x < 0 || y < 0 || x >= image.size.width_px || y >= image.size.height_px) {
    out[0] = out[1] = out[2] = 0;
  } else {
    const int32_t step = colour_step(image.format);
    if (step != 0) {
      copy_pixel(out, image.row(y) + static_cast<ptrdiff_t>(x) * step);
    } else {
      read_pixels(image, y, x, 1, 0, out);
    }
  }
}

FACEIO_ALWAYS_INLINE vf32 round_down(vf32 a) noexcept {
  const vf32 nearest = round_nearest(a);
  return select_gt(nearest, a, sub(nearest, splat(1.0f)), nearest);
}

inline void warp_affine_u8(const WarpArgs& a, int32_t row_begin, int32_t row_end) noexcept {
  const ImageView& image = a.image;
  const int32_t step = colour_step(image.format);
  const int red = red_index(image.format);
  const int32_t inner_width = image.size.width_px - 1;
  const int32_t inner_height = image.size.height_px - 1;
  // Far outside is as black as just outside; max gives its second argument for NaN.
  const vf32 low = splat(-2.0f);
  const vf32 high_x = splat(static_cast<float>(image.size.width_px + 1));
  const vf32 high_y = splat(static_cast<float>(image.size.height_px + 1));
  const vf32 dx_dx = splat(a.matrix[0]), dy_dx = splat(a.matrix[3]);
  TapRun run;
  float column[kRunPixels], left[kRunPixels], top[kRunPixels], right[kRunPixels], down[kRunPixels];

  for (int32_t y = row_begin; y < row_end; ++y) {
    const vf32 row = splat(static_cast<float>(y));
    const vf32 start_x = fma(splat(a.matrix[1]), row, splat(a.matrix[2]));
    const vf32 start_y = fma(splat(a.matrix[4]), row, splat(a.matrix[5]));
    uint8_t* out = a.out + static_cast<size_t>(y) * a.out_stride_bytes;
    for (int32_t x = 0; x < a.out_size.width_px; x += kRunPixels) {
      for (int i = 0; i < kRunPixels; ++i) column[i] = static_cast<float>(x + i);
      for (int i = 0; i < kRunPixels; i += vf32::lanes) {
        const vf32 at = load(column + i);
        const vf32 source_x = min(max(fma(dx_dx, at, start_x), low), high_x);
        const vf32 source_y = min(max(fma(dy_dx, at, start_y), low), high_y);
        const vf32 floor_x = round_down(source_x);
        const vf32 floor_y = round_down(source_y);
        store(left + i, floor_x);
        store(top + i, floor_y);
        store(right + i, sub(source_x, floor_x));
        store(down + i, sub(source_y, floor_y));
      }
      const int32_t rest = a.out_size.width_px - x;
      const int32_t count = rest < kRunPixels ? rest : kRunPixels;
      for (int32_t i = 0; i < count; ++i) {
        const auto source_x = static_cast<int32_t>(left[i]);
        const auto source_y = static_cast<int32_t>(top[i]);
        const int32_t at = i * 3;
        const bool inside = source_x >= 0 && source_x < inner_width && source_y >= 0 &&
                            source_y < inner_height;
        if (step != 0 && inside) {
          const uint8_t* p = image.row(source_y) + static_cast<ptrdiff_t>(source_x) * step;
          copy_pixel(run.upper_left + at, p);
          copy_pixel(run.upper_right + at, p + step);
          copy_pixel(run.lower_left + at, p + image.stride_bytes);
          copy_pixel(run.lower_right + at, p + image.stride_bytes + step);
        } else {
          warp_tap(image, source_x, source_y, run.upper_left + at);
          warp_tap(image, source_x + 1, source_y, run.upper_right + at);
          warp_tap(image, source_x, source_y + 1, run.lower_left + at);
          warp_tap(image, source_x + 1, source_y + 1, run.lower_right + at);
        }
        FACEIO_UNROLL for (int c = 0; c < 3; ++c) {
          run.right_share[at + c] = right[i];
          run.lower_share[at + c] = down[i];
        }
      }
      blend_run(run, count, red, out + static_cast<ptrdiff_t>(x) * 3);
    }
  }
}

}  // namespace FACEIO_TARGET_NS
FACEIO_END_NAMESPACE
