// Batch normalisation, addition and nearest upsampling. Contract: elementwise.hpp.
FACEIO_BEGIN_NAMESPACE
namespace FACEIO_TARGET_NS {

inline void batchnorm_f32(const BatchNormArgs& a, int32_t row_begin, int32_t row_end) noexcept {
  const int32_t stored = channel_stride(a.out.channels);
  for (int32_t y = row_begin; y < row_end; ++y) {
    const float* in = a.in.row(y);
    float* out = a.out.row(y);
    for (int32_t x = 0; x < a.out.width; ++x, in += a.in.pixel_stride, out += a.out.pixel_stride) {
      for (int32_t c = 0; c < stored; c += vf32::lanes) {
        store(out + c, fma(load(in + c), load(a.scale + c), load(a.shift + c)));
      }
    }
  }
}

inline void add_f32(const AddArgs& a, int32_t row_begin, int32_t row_end) noexcept {
  const int32_t stored = channel_stride(a.out.channels);
  for (int32_t y = row_begin; y < row_end; ++y) {
    const float* p = a.a.row(y);
    const float* q = a.b.row(y);
    float* out = a.out.row(y);
    for (int32_t x = 0; x < a.out.width; ++x) {
      for (int32_t c = 0; c < stored; c += vf32::lanes) store(out + c, add(load(p + c), load(q + c)));
      p += a.a.pixel_stride;
      q += a.b.pixel_stride;
      out += a.out.pixel_stride;
    }
  }
}

inline void upsample_nearest_f32(const UpsampleArgs& a, int32_t row_begin,
                                 int32_t row_end) noexcept {
  const int32_t stored = channel_stride(a.out.channels);
  for (int32_t y = row_begin; y < row_end; ++y) {
    const int32_t in_y = y * a.in.height / a.out.height;
    const float* in = a.in.row(in_y);
    float* out = a.out.row(y);
    // x * W_in / W_out by counting the remainder: no division a pixel.
    int32_t remainder = 0;
    for (int32_t x = 0; x < a.out.width; ++x, out += a.out.pixel_stride) {
      for (int32_t c = 0; c < stored; c += vf32::lanes) store(out + c, load(in + c));
      for (remainder += a.in.width; remainder >= a.out.width; remainder -= a.out.width) {
        in += a.in.pixel_stride;
      }
    }
  }
}

}  // namespace FACEIO_TARGET_NS
FACEIO_END_NAMESPACE
