// Softmax of two, anchor decoding and non-maximum suppression. Contract: detection.hpp.
FACEIO_BEGIN_NAMESPACE
namespace FACEIO_TARGET_NS {

/// Writes the first n lanes; n may be a whole vector.
FACEIO_ALWAYS_INLINE void store_some(float* p, vf32 a, int n) noexcept {
  if (n == vf32::lanes) {
    store(p, a);
  } else {
    store_n(p, a, n);
  }
}
FACEIO_ALWAYS_INLINE vf32 load_some(const float* p, int n) noexcept {
  return n == vf32::lanes ? load(p) : load_n(p, n);
}

inline void softmax2_f32(const Softmax2Args& a) noexcept {
  for (int32_t i = 0; i < a.count; i += vf32::lanes) {
    const int n = a.count - i < vf32::lanes ? a.count - i : vf32::lanes;
    // min gives its second argument for NaN, so a NaN logit means "no face" and not "surely a
    // face".
    const vf32 margin =
        min(sub(load_some(a.background + i, n), load_some(a.face + i, n)), splat(88.0f));
    store_some(a.score + i, div(splat(1.0f), add(splat(1.0f), exp(margin))), n);
  }
}

inline void anchor_decode_f32(const AnchorDecodeArgs& a) noexcept {
  const ptrdiff_t in_step = a.raw_stride;
  const ptrdiff_t out_step = a.out_stride;
  const vf32 scale_x = splat(a.out_scale_x);
  const vf32 scale_y = splat(a.out_scale_y);
  const vf32 limit = splat(kMaxSideExponent);
  for (int32_t i = 0; i < a.count; i += vf32::lanes) {
    const int n = a.count - i < vf32::lanes ? a.count - i : vf32::lanes;
    const float* in = a.raw + i;
    float* out = a.out + i;
    const vf32 anchor_x = load_some(a.anchor_x + i, n);
    const vf32 anchor_y = load_some(a.anchor_y + i, n);
    const vf32 size = load_some(a.anchor_size + i, n);
    const vf32 unit = mul(size, splat(a.centre_variance));
    const vf32 half = mul(size, splat(0.5f));

    const vf32 x = fma(load_some(in, n), unit, anchor_x);
    const vf32 y = fma(load_some(in + in_step, n), unit, anchor_y);
    const vf32 wide = mul(load_some(in + 2 * in_step, n), splat(a.size_variance));
    const vf32 high = mul(load_some(in + 3 * in_step, n), splat(a.size_variance));
    const vf32 half_width = mul(half, exp(min(max(wide, sub(zero(), limit)), limit)));
    const vf32 half_height = mul(half, exp(min(max(high, sub(zero(), limit)), limit)));
    store_some(out, mul(sub(x, half_width), scale_x), n);
    store_some(out + out_step, mul(sub(y, half_height), scale_y), n);
    store_some(out + 2 * out_step, mul(add(x, half_width), scale_x), n);
    store_some(out + 3 * out_step, mul(add(y, half_height), scale_y), n);

    for (int k = 4; k < kCandidateValues; k += 2) {
      const vf32 lx = fma(load_some(in + k * in_step, n), unit, anchor_x);
      const vf32 ly = fma(load_some(in + (k + 1) * in_step, n), unit, anchor_y);
      store_some(out + k * out_step, mul(lx, scale_x), n);
      store_some(out + (k + 1) * out_step, mul(ly, scale_y), n);
    }
  }
}

/// Clears keep[first..count) of every box that overlaps box i by more than the threshold.
inline void suppress_overlaps(const NmsArgs& a, int32_t i) noexcept {
  const vf32 one = splat(1.0f);
  const vf32 x1 = splat(a.x1[i]), y1 = splat(a.y1[i]), x2 = splat(a.x2[i]), y2 = splat(a.y2[i]);
  const vf32 own_area = mul(add(sub(x2, x1), one), add(sub(y2, y1), one));
  const vf32 threshold = splat(a.iou_threshold);
  for (int32_t j = i + 1; j < a.count; j += vf32::lanes) {
    const int n = a.count - j < vf32::lanes ? a.count - j : vf32::lanes;
    const vf32 jx1 = load_some(a.x1 + j, n), jx2 = load_some(a.x2 + j, n);
    const vf32 jy1 = load_some(a.y1 + j, n), jy2 = load_some(a.y2 + j, n);
    const vf32 width = max(add(sub(min(jx2, x2), max(jx1, x1)), one), zero());
    const vf32 height = max(add(sub(min(jy2, y2), max(jy1, y1)), one), zero());
    const vf32 common = mul(width, height);
    if (!any_gt(common, zero())) continue;  // most boxes of a picture are apart
    const vf32 area = mul(add(sub(jx2, jx1), one), add(sub(jy2, jy1), one));
    // A NaN coordinate makes an area NaN, and then no comparison holds.
    const vf32 overlap = div(common, sub(add(own_area, area), common));
    if (!any_gt(overlap, threshold)) continue;
    float drop[vf32::lanes];
    store(drop, select_gt(overlap, threshold, one, zero()));
    for (int k = 0; k < n; ++k) {
      if (drop[k] > 0.0f) a.keep[j + k] = 0;
    }
  }
}

inline void nms_f32(const NmsArgs& a) noexcept {
  for (int32_t i = 0; i < a.count; ++i) a.keep[i] = 1;
  for (int32_t i = 0; i < a.count; ++i) {
    if (a.keep[i] != 0) suppress_overlaps(a, i);
  }
}

}  // namespace FACEIO_TARGET_NS
FACEIO_END_NAMESPACE
