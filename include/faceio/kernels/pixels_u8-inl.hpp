// Where the bytes of each pixel format are, as one struct per layout, and y u v to r g b. What the
// kernels of image.hpp share. To add a format, give it a layout here and name it in with_layout().
//
// A layout has
//   kYuv                           whether pixels are y u v
//   Row                            one row of the picture
//   row(y)                         row y, 0 <= y < height
//   load(row, x)                   pixels x .. x + lanes - 1, all inside; x is a multiple of lanes
//   copy_end(row, x, n, block)     a Row that starts with pixels x .. x + n - 1, copied into the
//                                  kEndBytes zeros of block; n < lanes and x even
// and serves the resampling kernels as told in taps_u8-inl.hpp.
FACEIO_BEGIN_NAMESPACE
namespace FACEIO_TARGET_NS {

/// Channels of `lanes` pixels as grey levels. In a picture that stores blue first r is its blue and
/// b its red until they are written, where exchanging them costs nothing.
struct Rgb {
  vf32 r, g, b;
};

FACEIO_ALWAYS_INLINE Rgb round_levels(const Rgb& a) noexcept {
  return {round_nearest(a.r), round_nearest(a.g), round_nearest(a.b)};
}

FACEIO_ALWAYS_INLINE vf32 clamp_level(vf32 a) noexcept { return min(max(a, zero()), splat(255.0f)); }

inline constexpr uint8_t kBlackLuma = 16, kNoChroma = 128;

/// What the two chroma bytes add to the channels, with the offsets of all three components: BT.601,
/// limited range. u comes first unless v does.
FACEIO_ALWAYS_INLINE Rgb chroma_terms(vf32 first, vf32 second, bool v_first) noexcept {
  constexpr float kBlack = -kBlackLuma * 255.0f / 219.0f;
  constexpr float kVtoR = 1.402f * 255.0f / 224.0f, kUtoB = 1.772f * 255.0f / 224.0f;
  constexpr float kUtoG = 0.344136f * 255.0f / 224.0f, kVtoG = 0.714136f * 255.0f / 224.0f;
  vf32 u = first, v = second;
  if (v_first) {  // not a conditional expression: gcc selects between structs in memory
    u = second;
    v = first;
  }
  return {fma(v, splat(kVtoR), splat(kBlack - 128.0f * kVtoR)),
          fnma(u, splat(kUtoG),
               fnma(v, splat(kVtoG), splat(kBlack + 128.0f * (kUtoG + kVtoG)))),
          fma(u, splat(kUtoB), splat(kBlack - 128.0f * kUtoB))};
}
/// Levels from 0 to 255, not rounded.
FACEIO_ALWAYS_INLINE Rgb yuv_to_rgb(vf32 y, const Rgb& chroma) noexcept {
  const vf32 gain = splat(255.0f / 219.0f), luma = max(y, splat(kBlackLuma));
  return {clamp_level(fma(luma, gain, chroma.r)), clamp_level(fma(luma, gain, chroma.g)),
          clamp_level(fma(luma, gain, chroma.b))};
}

inline constexpr int kEndBytes = 4 * vf32::lanes;

/// RGB8, BGR8, RGBA8 and BGRA8.
struct PackedLayout {
  static constexpr bool kYuv = false;
  using Row = const uint8_t*;
  const ImageView& image;
  int32_t step;  // bytes: 3 or 4

  FACEIO_ALWAYS_INLINE Row row(int32_t y) const noexcept { return image.row(y); }
  FACEIO_ALWAYS_INLINE Rgb load(Row row, int32_t x) const noexcept {
    Rgb pixels;
    vf32 alpha;
    if (step == 3) {
      load_u8x3(row + static_cast<ptrdiff_t>(x) * 3, pixels.r, pixels.g, pixels.b);
    } else {
      load_u8x4(row + static_cast<ptrdiff_t>(x) * 4, pixels.r, pixels.g, pixels.b, alpha);
    }
    return pixels;
  }
  FACEIO_ALWAYS_INLINE Row copy_end(Row row, int32_t x, int32_t n, uint8_t* block) const noexcept {
    __builtin_memcpy(block, row + static_cast<ptrdiff_t>(x) * step, static_cast<size_t>(n * step));
    return block;
  }
};

/// GRAY8.
struct GrayLayout {
  static constexpr bool kYuv = false;
  using Row = const uint8_t*;
  const ImageView& image;

  FACEIO_ALWAYS_INLINE Row row(int32_t y) const noexcept { return image.row(y); }
  FACEIO_ALWAYS_INLINE Rgb load(Row row, int32_t x) const noexcept {
    const vf32 level = load_u8(row + x);
    return {level, level, level};
  }
  FACEIO_ALWAYS_INLINE Row copy_end(Row row, int32_t x, int32_t n, uint8_t* block) const noexcept {
    __builtin_memcpy(block, row + x, static_cast<size_t>(n));
    return block;
  }
};

/// NV12, and NV21 with v_first.
struct TwoPlaneLayout {
  static constexpr bool kYuv = true;
  struct Row {
    const uint8_t* luma;
    const uint8_t* chroma;
  };
  const ImageView& image;
  bool v_first;

  FACEIO_ALWAYS_INLINE Row row(int32_t y) const noexcept {
    return {image.row(y), image.chroma_row(y)};
  }
  FACEIO_ALWAYS_INLINE Rgb load(Row row, int32_t x) const noexcept {
    vf32 first, second;
    load_u8x2_twice(row.chroma + x / 2 * 2, first, second);
    return round_levels(yuv_to_rgb(load_u8(row.luma + x), chroma_terms(first, second, v_first)));
  }
  FACEIO_ALWAYS_INLINE Row copy_end(Row row, int32_t x, int32_t n, uint8_t* block) const noexcept {
    uint8_t* chroma = block + kEndBytes / 2;
    __builtin_memcpy(block, row.luma + x, static_cast<size_t>(n));
    __builtin_memcpy(chroma, row.chroma + x, static_cast<size_t>(n + n % 2));
    return {block, chroma};
  }
};

/// YUYV.
struct YuyvLayout {
  static constexpr bool kYuv = true;
  static constexpr bool v_first = false;
  using Row = const uint8_t*;
  const ImageView& image;

  FACEIO_ALWAYS_INLINE Row row(int32_t y) const noexcept { return image.row(y); }
  FACEIO_ALWAYS_INLINE Rgb load(Row row, int32_t x) const noexcept {
    vf32 y, u, v, unused;
    load_u8x2(row + static_cast<ptrdiff_t>(x) * 2, y, unused);
    load_u8x4_twice(row + static_cast<ptrdiff_t>(x / 2) * 4, u, v);
    return round_levels(yuv_to_rgb(y, chroma_terms(u, v, v_first)));
  }
  FACEIO_ALWAYS_INLINE Row copy_end(Row row, int32_t x, int32_t n, uint8_t* block) const noexcept {
    const uint8_t* begin = row + static_cast<ptrdiff_t>(x) * 2;
    __builtin_memcpy(block, begin, static_cast<size_t>(n + n % 2) * 2);
    return block;
  }
};

constexpr bool stores_blue_first(PixelFormat format) noexcept {
  return format == PixelFormat::BGR8 || format == PixelFormat::BGRA8;
}

/// Calls use(layout) with the layout of the picture.
template <class Use>
inline void with_layout(const ImageView& image, const Use& use) noexcept {
  switch (image.format) {
    case PixelFormat::RGB8:
    case PixelFormat::BGR8: use(PackedLayout{image, 3}); break;
    case PixelFormat::RGBA8:
    case PixelFormat::BGRA8: use(PackedLayout{image, 4}); break;
    case PixelFormat::GRAY8: use(GrayLayout{image}); break;
    case PixelFormat::NV12: use(TwoPlaneLayout{image, false}); break;
    case PixelFormat::NV21: use(TwoPlaneLayout{image, true}); break;
    case PixelFormat::YUYV: use(YuyvLayout{image}); break;
  }
}

}  // namespace FACEIO_TARGET_NS
FACEIO_END_NAMESPACE
