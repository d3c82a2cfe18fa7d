// u8_to_f32: pixels to floats. Contract: image.hpp.
//
// Pixels of three bytes keep their order in memory, so their bytes become floats as they lie; all
// other formats become vectors of r, g and b, which are woven together when they are written.
FACEIO_BEGIN_NAMESPACE
namespace FACEIO_TARGET_NS {

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

/// Bytes [begin, end) of such a row, at most vf32::lanes pixels.
inline void unpack_turned(const UnpackPattern& pattern, const uint8_t* bytes, int32_t begin,
                          int32_t end, float* out) noexcept {
  uint8_t turned[3 * vf32::lanes];
  for (int32_t i = begin; i < end; ++i) turned[i - begin] = bytes[i + 2 - i % 3 * 2];
  unpack_in_order(pattern, turned, end - begin, out + begin);
}

/// A row of three bytes a pixel, the first `count` > 0 pixels of it.
inline void unpack_three_bytes(const UnpackPattern& pattern, const uint8_t* bytes, int32_t count,
                               bool in_order, float* out) noexcept {
  if (in_order) {
    unpack_in_order(pattern, bytes, count * 3, out);
  } else {
    unpack_turned(pattern, bytes, 0, 3, out);
    const int32_t done = unpack_swapped(pattern, bytes, count * 3, out);
    unpack_turned(pattern, bytes, done, count * 3, out);
  }
}

/// What the vectors r g b of a picture become.
struct UnpackChannels {
  vf32 mean_r, mean_g, mean_b, scale;
  bool swap;  // b comes first in out
};
inline UnpackChannels unpack_channels(const UnpackArgs& a) noexcept {
  const bool swap = stores_blue_first(a.image.format) != a.bgr;
  return {splat(a.mean[swap ? 2 : 0]), splat(a.mean[1]), splat(a.mean[swap ? 0 : 2]),
          splat(a.scale), swap};
}

/// Writes the first n > 0 pixels.
FACEIO_ALWAYS_INLINE void write_pixels(const UnpackChannels& to, const Rgb& pixels, int32_t n,
                                       float* FACEIO_RESTRICT out) noexcept {
  const vf32 r = mul(sub(pixels.r, to.mean_r), to.scale);
  const vf32 g = mul(sub(pixels.g, to.mean_g), to.scale);
  const vf32 b = mul(sub(pixels.b, to.mean_b), to.scale);
  vf32 woven[3];
  if (to.swap) {
    interleave3(b, g, r, woven);
  } else {
    interleave3(r, g, b, woven);
  }
  FACEIO_UNROLL for (int k = 0; k < 3; ++k) {
    const int32_t left = n * 3 - k * vf32::lanes;
    if (left >= vf32::lanes) {
      store(out + k * vf32::lanes, woven[k]);
    } else if (left > 0) {
      store_n(out + k * vf32::lanes, woven[k], left);
    }
  }
}

/// A row of any other layout, the first `count` pixels of it.
template <class Layout>
inline void unpack_row(const UnpackArgs& a, const Layout& layout, typename Layout::Row row,
                       int32_t count, float* FACEIO_RESTRICT out) noexcept {
  const UnpackChannels to = unpack_channels(a);
  int32_t x = 0;
  for (; x + vf32::lanes <= count; x += vf32::lanes) {
    write_pixels(to, layout.load(row, x), vf32::lanes, out + static_cast<ptrdiff_t>(x) * 3);
  }
  if (x < count) {
    uint8_t block[kEndBytes] = {};
    const Rgb pixels = layout.load(layout.copy_end(row, x, count - x, block), 0);
    write_pixels(to, pixels, count - x, out + static_cast<ptrdiff_t>(x) * 3);
  }
}

struct UnpackRow {
  const UnpackArgs& a;
  int32_t y, count;
  template <class Layout>
  FACEIO_ALWAYS_INLINE void operator()(const Layout& layout) const noexcept {
    unpack_row(a, layout, layout.row(y), count, a.out.row(y));
  }
};

inline void u8_to_f32(const UnpackArgs& a, int32_t row_begin, int32_t row_end) noexcept {
  const ImageView& image = a.image;
  const bool three_bytes = image.format == PixelFormat::RGB8 || image.format == PixelFormat::BGR8;
  UnpackPattern pattern;
  if (three_bytes) make_unpack_pattern(a, pattern);
  const int32_t columns = image.size.width_px < a.out.width ? image.size.width_px : a.out.width;
  for (int32_t y = row_begin; y < row_end; ++y) {
    float* out = a.out.row(y);
    const int32_t used = y < image.size.height_px ? columns : 0;
    if (used > 0 && three_bytes) {
      const bool in_order = stores_blue_first(image.format) == a.bgr;
      unpack_three_bytes(pattern, image.row(y), used, in_order, out);
    } else if (used > 0) {
      with_layout(image, UnpackRow{a, y, used});
    }
    int32_t i = used * 3;
    const int32_t end = a.out.width * 3;
    for (; i + vf32::lanes <= end; i += vf32::lanes) store(out + i, zero());
    if (i < end) store_n(out + i, zero(), end - i);
  }
}

}  // namespace FACEIO_TARGET_NS
FACEIO_END_NAMESPACE
