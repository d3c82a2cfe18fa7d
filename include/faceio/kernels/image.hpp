// Contract of the kernels that read pictures: u8_to_f32, resize_bilinear_u8, warp_affine_u8.
//
// All take every PixelFormat, need a picture for which validate(image) is ok, and read nothing
// outside its rows. NV12, NV21 and YUYV pixels take the nearest stored chroma; those that are
// resampled are interpolated as y u v. They become RGB by
//   r = 255/219 (y - 16) + 255/224 * 1.402    (v - 128)
//   g = 255/219 (y - 16) - 255/224 * 0.344136 (u - 128) - 255/224 * 0.714136 (v - 128)
//   b = 255/219 (y - 16) + 255/224 * 1.772    (u - 128)
// clamped to 0..255, y below 16 counting as 16, and rounded. GRAY8 gives r = g = b.
// Source: ITU-R BT.601-7 sections 2.5.1 to 2.5.3. The output never overlaps the picture.
#ifndef FACEIO_KERNELS_IMAGE_HPP
#define FACEIO_KERNELS_IMAGE_HPP

#include "../core/image_view.hpp"

FACEIO_BEGIN_NAMESPACE

/// u8_to_f32: out[y][x][c] = (pixel[y][x][c] - mean[c]) * scale, with c in the order of `out`.
/// Rows and columns of `out` beyond the picture become 0 (that is, the mean colour); a picture
/// larger than `out` is cut. Subtraction and product round separately, so all targets give the same
/// bits.
struct UnpackArgs {
  ImageView image;
  MapView out;                             // [H, W, 3], pixel_stride 3, or in planes
  bool bgr = false;                        // channel order of out: b g r instead of r g b
  float mean[3] = {0.0f, 0.0f, 0.0f};      // grey levels, in the channel order of out
  float scale = 1.0f;
};

/// resize_bilinear_u8: out[y][x] = picture at ((x + 0.5) W_in / W_out - 0.5, same for y), bilinear,
/// positions clamped to the outermost pixel centres. Rounded to nearest. No low-pass filter:
/// shrinking by more than 2 aliases, as cv2.resize with INTER_LINEAR does (within one grey level of
/// it).
struct ResizeArgs {
  ImageView image;
  uint8_t* out = nullptr;                  // RGB8
  Size out_size;                           // each side 1 .. kMaxImageSide_px
  size_t out_stride_bytes = 0;             // >= 3 * out_size.width_px
};

/// warp_affine_u8: out[y][x] = picture at (m0 x + m1 y + m2, m3 x + m4 y + m5), bilinear. Pixel
/// centres have integer coordinates. Each of the four taps that lies outside the picture counts as
/// black, as for cv2.warpAffine with BORDER_CONSTANT, which however rounds positions to 1/32 pixel.
/// A position that is not finite gives black.
struct WarpArgs {
  ImageView image;
  float matrix[6] = {1.0f, 0.0f, 0.0f, 0.0f, 1.0f, 0.0f};  // output pixel -> picture, pixels
  uint8_t* out = nullptr;                  // RGB8
  Size out_size;                           // each side 1 .. kMaxImageSide_px
  size_t out_stride_bytes = 0;             // >= 3 * out_size.width_px
};

FACEIO_END_NAMESPACE

#endif  // FACEIO_KERNELS_IMAGE_HPP
