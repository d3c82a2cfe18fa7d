// Sums of the tiles of dense int8 convolutions in registers, a channel in each lane. Contract: int8.hpp.
FACEIO_BEGIN_NAMESPACE
namespace FACEIO_TARGET_NS {

/// `tiles` neighbouring tiles of kPixels pixels and kPanels panels, the first at pixel x of a row. kQuads: terms are
/// uint8_t and weights int8_t, else both are int16_t.
template <int kPixels, int kPanels, bool kQuads>
FACEIO_NOINLINE void conv_tiles(const ConvPanels& panels, const ConvRow& row, int32_t x, int32_t tiles) noexcept {
  // Three pixels share a pointer (step and 2 * step are index registers), so twelve need only four.
  constexpr int kAPointer = 3, kPointers = (kPixels + kAPointer - 1) / kAPointer;
  constexpr int kGroups = kPixels * kPanels;
  const ConvSegments& segments = row.segments;
  const int32_t count = segments.count, groups = segments.groups;
  const ptrdiff_t panel_step = panels.panel_step, step = segments.pixel_step;
  const uint8_t* first = row.in + x * step;
  uint8_t* out = row.out + x * row.out_step + panels.first_channel * element_bytes(panels.output);
  for (; tiles > 0; --tiles, x += kPixels, first += kPixels * step, out += kPixels * row.out_step) {
    vi32 sums[kGroups][kGroupVectors];
    FACEIO_UNROLL
    for (int p = 0; p < kPanels; ++p) {
      FACEIO_UNROLL
      for (int i = 0; i < kGroupVectors; ++i) {
        const vi32 bias = load_i32(panels.bias + p * kPanel + i * vi32::lanes);
        FACEIO_UNROLL
        for (int m = 0; m < kPixels; ++m) sums[m * kPanels + p][i] = bias;
      }
    }
    const uint8_t* w = panels.weights;
    for (int32_t s = 0; s < count; ++s) {
      const uint8_t* in[kPointers];
      FACEIO_UNROLL
      for (int i = 0; i < kPointers; ++i) in[i] = first + segments.offset[s] + i * kAPointer * step;
      for (int32_t k = 0; k < groups; ++k) {
        vu8 weight[kPanels][kGroupVectors];
        FACEIO_UNROLL
        for (int p = 0; p < kPanels; ++p) {
          FACEIO_UNROLL
          for (int i = 0; i < kGroupVectors; ++i) weight[p][i] = load_u8(w + p * panel_step + i * vu8::lanes);
        }
        FACEIO_UNROLL
        for (int m = 0; m < kPixels; ++m) {
          const vu8 value = factor<kQuads>(splat_group(in[m / kAPointer] + m % kAPointer * step));
          FACEIO_UNROLL
          for (int p = 0; p < kPanels; ++p) {
            FACEIO_UNROLL
            for (int i = 0; i < kGroupVectors; ++i) {
              sums[m * kPanels + p][i] = dot_group<kQuads>(sums[m * kPanels + p][i], value, weight[p][i]);
            }
          }
        }
        FACEIO_UNROLL
        for (int i = 0; i < kPointers; ++i) in[i] += kGroupBytes;
        w += kPanelGroupBytes;
      }
    }
    // What follows needs more registers than there are; the loop above must not pay for them.
    FACEIO_UNROLL
    for (int g = 0; g < kGroups; ++g) {
      FACEIO_UNROLL
      for (int i = 0; i < kGroupVectors; ++i) opaque(sums[g][i]);
    }
    store_tile<kPixels, kPanels>(panels, row, x, sums, out);
  }
}

/// Biases of a panel less the sums that zeros give with `groups` of weights.
FACEIO_ALWAYS_INLINE void subtract_zeros(const uint8_t* w, int32_t groups, const int32_t* bias, int32_t* out) noexcept {
  const uint32_t zeros = 0;
  const vu8 value = factor<true>(splat_group(&zeros));
  vi32 sums[kGroupVectors];
  FACEIO_UNROLL
  for (int i = 0; i < kGroupVectors; ++i) sums[i] = splat_i32(0);
  for (int32_t k = 0; k < groups; ++k, w += kPanelGroupBytes) {
    FACEIO_UNROLL
    for (int i = 0; i < kGroupVectors; ++i) sums[i] = dot_group<true>(sums[i], value, load_u8(w + i * vu8::lanes));
  }
  FACEIO_UNROLL
  for (int i = 0; i < kGroupVectors; ++i) {
    store(out + i * vi32::lanes, sub(load_i32(bias + i * vi32::lanes), sums[i]));
  }
}

}  // namespace FACEIO_TARGET_NS
FACEIO_END_NAMESPACE
