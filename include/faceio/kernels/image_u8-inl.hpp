// Pixels to floats, bilinear resize and affine warp. Contract: image.hpp.
//
// Both resampling kernels copy the four pixels around each position into runs of kRunPixels (the
// only part that a vector layer without gathers cannot do), then blend whole runs with vectors.
FACEIO_BEGIN_NAMESPACE
namespace FACEIO_TARGET_NS {

inline constexpr int kRunPixels = 32;  // 96 bytes: whole vectors for every width

/// Where the components of a picture are, so that one expression reads every format. Component 0 of
/// pixel (x, y) is at  base[0] + y * first_stride + x * first_step,  components 1 and 2 at
/// base[k] + (y >> row_shift) * rest_stride + (x >> column_shift) * rest_step. They are r g b, or b
/// g r when asked for and the format is not a y u v one, or y u v.
struct PixelPlanes {
  const uint8_t* base[3];
  size_t first_stride, rest_stride;  // bytes
  int32_t first_step, rest_step;     // bytes
  int column_shift, row_shift;
  bool yuv;
};
inline PixelPlanes planes_of(const ImageView& image, bool bgr) noexcept {
  const uint8_t* p = image.data;
  const size_t stride = image.stride_bytes;
  PixelPlanes planes{{p, p, p}, stride, stride, 1, 1, 0, 0, false};
  bool blue_first = false;
  switch (image.format) {
    case PixelFormat::GRAY8: return planes;
    case PixelFormat::NV12:
    case PixelFormat::NV21: {
      const bool v_first = image.format == PixelFormat::NV21;
      planes = {{p, image.chroma + (v_first ? 1 : 0), image.chroma + (v_first ? 0 : 1)},
                stride, image.chroma_stride_bytes, 1, 2, 1, 1, true};
      return planes;
    }
    case PixelFormat::YUYV:
      planes = {{p, p + 1, p + 3}, stride, stride, 2, 4, 1, 0, true};
      return planes;
    case PixelFormat::RGB8: planes.first_step = 3; break;
    case PixelFormat::RGBA8: planes.first_step = 4; break;
    case PixelFormat::BGR8: planes.first_step = 3, blue_first = true; break;
    case PixelFormat::BGRA8: planes.first_step = 4, blue_first = true; break;
  }
  planes.rest_step = planes.first_step;
  planes.base[0] = p + (blue_first == bgr ? 0 : 2);
  planes.base[1] = p + 1;
  planes.base[2] = p + (blue_first == bgr ? 2 : 0);
  return planes;
}

/// One row of PixelPlanes.
struct PixelRow {
  const uint8_t* base[3];
};
FACEIO_ALWAYS_INLINE PixelRow row_of(const PixelPlanes& planes, int32_t y) noexcept {
  const size_t rest = static_cast<size_t>(y >> planes.row_shift) * planes.rest_stride;
  return {{planes.base[0] + static_cast<size_t>(y) * planes.first_stride, planes.base[1] + rest,
           planes.base[2] + rest}};
}
/// Byte offsets of a pixel in its row: of component 0, and of components 1 and 2.
struct PixelOffset {
  int32_t first, rest;
};
FACEIO_ALWAYS_INLINE PixelOffset offset_of(const PixelPlanes& planes, int32_t x) noexcept {
  return {x * planes.first_step, (x >> planes.column_shift) * planes.rest_step};
}
FACEIO_ALWAYS_INLINE void copy_pixel(uint8_t* out, const PixelRow& row, PixelOffset at) noexcept {
  out[0] = row.base[0][at.first];
  out[1] = row.base[1][at.rest];
  out[2] = row.base[2][at.rest];
}

/// Up to kRunPixels pixels from y u v to r g b in place, or to b g r. BT.601, limited range.
inline void yuv_run_to_rgb(uint8_t* pixels, int32_t count, bool bgr) noexcept {
  uint8_t plane[3][kRunPixels] = {};  // zeros where a run ends inside a vector
  for (int32_t i = 0; i < count; ++i) {
    plane[0][i] = pixels[i * 3];
    plane[1][i] = pixels[i * 3 + 1];
    plane[2][i] = pixels[i * 3 + 2];
  }
  const vf32 y_offset = splat(16.0f), y_gain = splat(255.0f / 219.0f), middle = splat(128.0f);
  const vf32 v_to_r = splat(1.402f * 255.0f / 224.0f), u_to_b = splat(1.772f * 255.0f / 224.0f);
  const vf32 u_to_g = splat(0.344136f * 255.0f / 224.0f);
  const vf32 v_to_g = splat(0.714136f * 255.0f / 224.0f);
  const int red = bgr ? 2 : 0;
  for (int32_t i = 0; i < count; i += vf32::lanes) {
    const vf32 y = mul(max(sub(load_u8(plane[0] + i), y_offset), zero()), y_gain);
    const vf32 u = sub(load_u8(plane[1] + i), middle);
    const vf32 v = sub(load_u8(plane[2] + i), middle);
    store_u8(plane[red] + i, fma(v, v_to_r, y));
    store_u8(plane[1] + i, fnma(u, u_to_g, fnma(v, v_to_g, y)));
    store_u8(plane[2 - red] + i, fma(u, u_to_b, y));
  }
  for (int32_t i = 0; i < count; ++i) {
    pixels[i * 3] = plane[0][i];
    pixels[i * 3 + 1] = plane[1][i];
    pixels[i * 3 + 2] = plane[2][i];
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
inline void make_unpack_pattern(const UnpackArgs& a, UnpackPattern& pattern) noexcept {
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
/// takes its byte from a load two bytes to the right, in place, or two bytes to the left, so the
/// first pixel and the last few are left to the caller.
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
inline void unpack_runs(const UnpackArgs& a, const PixelPlanes& planes,
                        const UnpackPattern& pattern, int32_t y, int32_t x, int32_t end,
                        float* out) noexcept {
  const PixelRow row = row_of(planes, y);
  uint8_t run[kRunPixels * 3];
  while (x < end) {
    const int32_t count = end - x < kRunPixels ? end - x : kRunPixels;
    for (int32_t i = 0; i < count; ++i) copy_pixel(run + i * 3, row, offset_of(planes, x + i));
    if (planes.yuv) yuv_run_to_rgb(run, count, a.bgr);
    unpack_in_order(pattern, run, count * 3, out + static_cast<ptrdiff_t>(x) * 3);
    x += count;
  }
}

inline void u8_to_f32(const UnpackArgs& a, int32_t row_begin, int32_t row_end) noexcept {
  UnpackPattern pattern;
  make_unpack_pattern(a, pattern);
  const ImageView& image = a.image;
  const PixelPlanes planes = planes_of(image, a.bgr);
  const int32_t columns = image.size.width_px < a.out.width ? image.size.width_px : a.out.width;
  const bool three_bytes = image.format == PixelFormat::RGB8 || image.format == PixelFormat::BGR8;
  const bool in_order = (image.format == PixelFormat::BGR8) == a.bgr;
  for (int32_t y = row_begin; y < row_end; ++y) {
    float* out = a.out.row(y);
    const int32_t used = y < image.size.height_px ? columns : 0;
    if (used > 0) {
      if (three_bytes && in_order) {
        unpack_in_order(pattern, image.row(y), used * 3, out);
      } else if (three_bytes) {
        unpack_runs(a, planes, pattern, y, 0, 1, out);
        const int32_t done = unpack_swapped(pattern, image.row(y), used * 3, out);
        unpack_runs(a, planes, pattern, y, done / 3, used, out);
      } else {
        unpack_runs(a, planes, pattern, y, 0, used, out);
      }
    }
    int32_t i = used * 3;
    const int32_t end = a.out.width * 3;
    for (; i + vf32::lanes <= end; i += vf32::lanes) store(out + i, zero());
    if (i < end) store_n(out + i, zero(), end - i);
  }
}

/// A run of positions: the four pixels around each, and the share of the right and of the lower
/// ones, once for each byte.
struct TapRun {
  static constexpr int kBytes = kRunPixels * 3;
  uint8_t upper_left[kBytes];
  uint8_t upper_right[kBytes];
  uint8_t lower_left[kBytes];
  uint8_t lower_right[kBytes];
  float right_share[kBytes];
  float lower_share[kBytes];
};

FACEIO_ALWAYS_INLINE vf32 blend(vf32 share, vf32 from, vf32 to) noexcept {
  return fma(share, sub(to, from), from);
}

/// Blends the first `count` pixels of a run and writes them.
inline void blend_run(TapRun& run, int32_t count, bool yuv, uint8_t* FACEIO_RESTRICT out) noexcept {
  if (yuv) {
    yuv_run_to_rgb(run.upper_left, count, false);
    yuv_run_to_rgb(run.upper_right, count, false);
    yuv_run_to_rgb(run.lower_left, count, false);
    yuv_run_to_rgb(run.lower_right, count, false);
  }
  const int32_t bytes = count * 3;
  int32_t i = 0;
  for (; i + vf32::lanes <= bytes; i += vf32::lanes) {
    const vf32 right = load(run.right_share + i);
    const vf32 upper = blend(right, load_u8(run.upper_left + i), load_u8(run.upper_right + i));
    const vf32 lower = blend(right, load_u8(run.lower_left + i), load_u8(run.lower_right + i));
    store_u8(out + i, blend(load(run.lower_share + i), upper, lower));
  }
  if (i < bytes) {
    const int n = bytes - i;
    const vf32 right = load_n(run.right_share + i, n);
    const vf32 upper =
        blend(right, load_u8_n(run.upper_left + i, n), load_u8_n(run.upper_right + i, n));
    const vf32 lower =
        blend(right, load_u8_n(run.lower_left + i, n), load_u8_n(run.lower_right + i, n));
    store_u8_n(out + i, blend(load_n(run.lower_share + i, n), upper, lower), n);
  }
}

/// The first of two neighbouring source pixels (the same one twice in a side of one pixel) and the
/// share of the second, for one output row or column.
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

inline void resize_bilinear_u8(const ResizeArgs& a, int32_t row_begin, int32_t row_end) noexcept {
  const Size in_size = a.image.size;
  const PixelPlanes planes = planes_of(a.image, false);
  TapRun run;
  PixelOffset left[kRunPixels], right[kRunPixels];
  for (int32_t x = 0; x < a.out_size.width_px; x += kRunPixels) {
    // Columns are computed once and serve all rows.
    const int32_t rest = a.out_size.width_px - x;
    const int32_t count = rest < kRunPixels ? rest : kRunPixels;
    for (int32_t i = 0; i < count; ++i) {
      const ResizeTap tap = resize_tap(x + i, in_size.width_px, a.out_size.width_px);
      left[i] = offset_of(planes, tap.first);
      right[i] = offset_of(planes, tap.second);
      FACEIO_UNROLL for (int c = 0; c < 3; ++c) run.right_share[i * 3 + c] = tap.share;
    }
    for (int32_t y = row_begin; y < row_end; ++y) {
      const ResizeTap tap = resize_tap(y, in_size.height_px, a.out_size.height_px);
      const PixelRow upper = row_of(planes, tap.first);
      const PixelRow lower = row_of(planes, tap.second);
      for (int32_t i = 0; i < count; ++i) {
        copy_pixel(run.upper_left + i * 3, upper, left[i]);
        copy_pixel(run.upper_right + i * 3, upper, right[i]);
        copy_pixel(run.lower_left + i * 3, lower, left[i]);
        copy_pixel(run.lower_right + i * 3, lower, right[i]);
      }
      for (int32_t i = 0; i < count * 3; ++i) run.lower_share[i] = tap.share;
      uint8_t* out = a.out + static_cast<size_t>(y) * a.out_stride_bytes;
      blend_run(run, count, planes.yuv, out + static_cast<ptrdiff_t>(x) * 3);
    }
  }
}

/// Pixel (x, y), or black when it lies outside.
inline void copy_pixel_or_black(uint8_t* out, const PixelPlanes& planes, Size size, int32_t x,
                                int32_t y) noexcept {
  if (x >= 0 && y >= 0 && x < size.width_px && y < size.height_px) {
    copy_pixel(out, row_of(planes, y), offset_of(planes, x));
  } else {
    out[0] = 0;
    out[1] = out[2] = planes.yuv ? 128 : 0;
  }
}

FACEIO_ALWAYS_INLINE vf32 round_down(vf32 a) noexcept {
  const vf32 nearest = round_nearest(a);
  return select_gt(nearest, a, sub(nearest, splat(1.0f)), nearest);
}

inline void warp_affine_u8(const WarpArgs& a, int32_t row_begin, int32_t row_end) noexcept {
  const Size size = a.image.size;
  const PixelPlanes planes = planes_of(a.image, false);
  // Far outside is as black as just outside; max gives its second argument for NaN.
  const vf32 low = splat(-2.0f);
  const vf32 high_x = splat(static_cast<float>(size.width_px + 1));
  const vf32 high_y = splat(static_cast<float>(size.height_px + 1));
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
        const vf32 source_x = min(max(fma(splat(a.matrix[0]), at, start_x), low), high_x);
        const vf32 source_y = min(max(fma(splat(a.matrix[3]), at, start_y), low), high_y);
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
        if (source_x >= 0 && source_x < size.width_px - 1 && source_y >= 0 &&
            source_y < size.height_px - 1) {
          const PixelRow upper = row_of(planes, source_y);
          const PixelRow lower = row_of(planes, source_y + 1);
          const PixelOffset here = offset_of(planes, source_x);
          const PixelOffset next = offset_of(planes, source_x + 1);
          copy_pixel(run.upper_left + at, upper, here);
          copy_pixel(run.upper_right + at, upper, next);
          copy_pixel(run.lower_left + at, lower, here);
          copy_pixel(run.lower_right + at, lower, next);
        } else {
          copy_pixel_or_black(run.upper_left + at, planes, size, source_x, source_y);
          copy_pixel_or_black(run.upper_right + at, planes, size, source_x + 1, source_y);
          copy_pixel_or_black(run.lower_left + at, planes, size, source_x, source_y + 1);
          copy_pixel_or_black(run.lower_right + at, planes, size, source_x + 1, source_y + 1);
        }
        FACEIO_UNROLL for (int c = 0; c < 3; ++c) {
          run.right_share[at + c] = right[i];
          run.lower_share[at + c] = down[i];
        }
      }
      blend_run(run, count, planes.yuv, out + static_cast<ptrdiff_t>(x) * 3);
    }
  }
}

}  // namespace FACEIO_TARGET_NS
FACEIO_END_NAMESPACE
