// Sums of the tiles of dense int8 convolutions in integer registers: instructions multiply the bytes of two vectors, all
// of one pixel and one channel, and add them up. Contract: int8.hpp. Operations: int-inl.hpp.
FACEIO_BEGIN_NAMESPACE
namespace FACEIO_TARGET_NS {

/// Sums of kPixels neighbouring pixels, the first segment of the first one at `first`, and all channels of a panel:
/// sums[pixel * sums_step + channel].
template <int kPixels, bool kQuads>
FACEIO_NOINLINE void sum_across(const ConvSegments& segments, const uint8_t* first, const uint8_t* weights,
                                const int32_t* bias, ptrdiff_t sums_step, int32_t* sums) noexcept {
  const int32_t count = segments.count, groups = segments.groups;
  const ptrdiff_t step = segments.pixel_step;
  for (int32_t channel = 0; channel < kPanel; channel += 2) {
    int32_t a[kPixels], b[kPixels];  // of this channel and the next one
    FACEIO_UNROLL
    for (int m = 0; m < kPixels; ++m) {
      a[m] = bias[channel];
      b[m] = bias[channel + 1];
    }
    const uint8_t* w = weights + channel * kGroupBytes;
    for (int32_t s = 0; s < count; ++s, w += groups * kPanelGroupBytes) {
      const uint8_t* in[kPixels];
      FACEIO_UNROLL
      for (int m = 0; m < kPixels; ++m) in[m] = first + segments.offset[s] + m * step;
      AcrossWeights at = across_weights(w);
      int32_t left = groups;
      do {
        const SomeGroups some = first_groups(left);
        const vu8 weight = next_weights(at, some), next_weight = weights_of<1>(at, some);
        FACEIO_UNROLL
        for (int m = 0; m < kPixels; ++m) {
          const vu8 terms = load_terms<kQuads>(in[m], some);
          a[m] = dot_across<kQuads>(a[m], terms, weight, some);
          b[m] = dot_across<kQuads>(b[m], terms, next_weight, some);
          in[m] += vu8::lanes;
        }
        left -= kAcrossGroups;
      } while (left > 0);
    }
    FACEIO_UNROLL
    for (int m = 0; m < kPixels; ++m) {
      sums[m * sums_step + channel] = a[m];
      sums[m * sums_step + channel + 1] = b[m];
    }
  }
}

/// `tiles` neighbouring tiles of kPixels pixels and kPanels panels, the first at pixel x of a row. kQuads: terms are
/// uint8_t and weights int8_t, else both are int16_t.
template <int kPixels, int kPanels, bool kQuads>
FACEIO_NOINLINE void conv_tiles(const ConvPanels& panels, const ConvRow& row, int32_t x, int32_t tiles) noexcept {
  constexpr int kAtOnce = kPixels % 3 == 0 ? 3 : kPixels % 2 == 0 ? 2 : 1;  // as many sums as there are registers for
  constexpr int kPair = kPanels > 1 ? 1 : 2, kPairGroups = kPair * kPanels;
  constexpr ptrdiff_t kSums = kPanels * kPanel;  // of a pixel
  const ptrdiff_t step = row.segments.pixel_step;
  const uint8_t* first = row.in + x * step;
  uint8_t* out = row.out + x * row.out_step + panels.first_channel * element_bytes(panels.output);
  for (; tiles > 0; --tiles) {
    alignas(kAlignment_bytes) int32_t sums[kPixels * kSums];
    for (int m = 0; m < kPixels; m += kAtOnce, first += kAtOnce * step) {
      for (int p = 0; p < kPanels; ++p) {
        sum_across<kAtOnce, kQuads>(row.segments, first, panels.weights + p * panels.panel_step,
                                    panels.bias + p * kPanel, kSums, sums + m * kSums + p * kPanel);
      }
    }
    for (int m = 0; m < kPixels; m += kPair, x += kPair, out += kPair * row.out_step) {
      vi32 groups[kPairGroups][kGroupVectors];
      FACEIO_UNROLL
      for (int g = 0; g < kPairGroups; ++g) {
        FACEIO_UNROLL
        for (int i = 0; i < kGroupVectors; ++i) groups[g][i] = load_i32(sums + m * kSums + g * kPanel + i * vi32::lanes);
      }
      store_tile<kPair, kPanels>(panels, row, x, groups, out);
    }
  }
}

/// Biases of a panel less the sums that zeros give with `groups` of weights.
FACEIO_ALWAYS_INLINE void subtract_zeros(const uint8_t* w, int32_t groups, const int32_t* bias, int32_t* out) noexcept {
  for (int32_t channel = 0; channel < kPanel; channel += 4) {
    int32_t sums[4] = {0, 0, 0, 0};
    AcrossWeights at = across_weights(w + channel * kGroupBytes);
    int32_t left = groups;
    do {
      const SomeGroups some = first_groups(left);
      sums[0] = add_across(sums[0], next_weights(at, some), some);
      sums[1] = add_across(sums[1], weights_of<1>(at, some), some);
      sums[2] = add_across(sums[2], weights_of<2>(at, some), some);
      sums[3] = add_across(sums[3], weights_of<3>(at, some), some);
      left -= kAcrossGroups;
    } while (left > 0);
    FACEIO_UNROLL
    for (int i = 0; i < 4; ++i) {  // load_terms() takes 128 off
      out[channel + i] = static_cast<int32_t>(static_cast<uint32_t>(bias[channel + i]) +
                                              128u * static_cast<uint32_t>(sums[i]));
    }
  }
}

}  // namespace FACEIO_TARGET_NS
FACEIO_END_NAMESPACE
