// u8_to_f32: pixels to floats. Contract: image.hpp.
FACEIO_BEGIN_NAMESPACE
namespace FACEIO_TARGET_NS {

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

/// Writes the first n > 0 pixels at `out`; plane is the distance of channels, or 1 when they are
/// woven together.
FACEIO_ALWAYS_INLINE void write_pixels(const UnpackChannels& to, const Rgb& pixels, int32_t n,
                                       ptrdiff_t plane, float* FACEIO_RESTRICT out) noexcept {
  const vf32 r = mul(sub(pixels.r, to.mean_r), to.scale);
  const vf32 g = mul(sub(pixels.g, to.mean_g), to.scale);
  const vf32 b = mul(sub(pixels.b, to.mean_b), to.scale);
  if (plane != 1) {
    store_inside(out + (to.swap ? 2 : 0) * plane, 0, n, r);
    store_inside(out + plane, 0, n, g);
    store_inside(out + (to.swap ? 0 : 2) * plane, 0, n, b);
    return;
  }
  vf32 woven[3];
  if (to.swap) {
    interleave3(b, g, r, woven);
  } else {
    interleave3(r, g, b, woven);
  }
  FACEIO_UNROLL
  for (int k = 0; k < 3; ++k) {
    const int32_t left = n * 3 - k * vf32::lanes;
    if (left > 0) store_inside(out + k * vf32::lanes, 0, left, woven[k]);
  }
}

/// The first `count` pixels of a row.
template <class Layout>
inline void unpack_row(const UnpackArgs& a, const Layout& layout, typename Layout::Row row,
                       int32_t count, float* FACEIO_RESTRICT out) noexcept {
  const UnpackChannels to = unpack_channels(a);
  const ptrdiff_t plane = a.out.channel_step, step = a.out.pixel_stride;
  int32_t x = 0;
  for (; x + vf32::lanes <= count; x += vf32::lanes) {
    write_pixels(to, layout.load(row, x), vf32::lanes, plane, out + x * step);
  }
  if (x < count) {
    uint8_t block[kEndBytes] = {};
    const Rgb pixels = layout.load(layout.copy_end(row, x, count - x, block), 0);
    write_pixels(to, pixels, count - x, plane, out + x * step);
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

/// Zeros behind the first `count` pixels of a row.
inline void clear_rest(const MapView& out, int32_t y, int32_t count) noexcept {
  const int32_t planes = out.in_planes() ? out.channels : 1;
  const int32_t end = out.width * out.pixel_stride;
  for (int32_t c = 0; c < planes; ++c) {
    float* const row = out.row(y) + static_cast<ptrdiff_t>(c) * out.channel_step;
    for (int32_t i = count * out.pixel_stride; i < end; i += vf32::lanes)
      store_inside(row, i, end, zero());
  }
}

/// Rows whose bytes are asked for ahead of their use: between two rows a whole chain of layers
/// runs, which leaves nothing of the picture in the caches and lets the hardware forget the
/// direction.
inline constexpr int32_t kPrefetchRows = 2;

inline void prefetch_row(const ImageView& image, int32_t y) noexcept {
  if (y >= image.size.height_px) return;
  constexpr size_t kLine_bytes = 64;
  const size_t bytes = row_bytes(image.format, image.size.width_px);
  for (size_t i = 0; i < bytes; i += kLine_bytes) FACEIO_PREFETCH(image.row(y) + i);
  if (image.chroma == nullptr) return;
  for (size_t i = 0; i < bytes; i += kLine_bytes) FACEIO_PREFETCH(image.chroma_row(y) + i);
}

inline void u8_to_f32(const UnpackArgs& a, int32_t row_begin, int32_t row_end) noexcept {
  const Size size = a.image.size;
  const int32_t columns = size.width_px < a.out.width ? size.width_px : a.out.width;
  for (int32_t y = row_begin; y < row_end; ++y) {
    const int32_t used = y < size.height_px ? columns : 0;
    prefetch_row(a.image, y + kPrefetchRows);
    if (used > 0) with_layout(a.image, UnpackRow{a, y, used});
    clear_rest(a.out, y, used);
  }
}

}  // namespace FACEIO_TARGET_NS
FACEIO_END_NAMESPACE
