// The int8 kernels in plain C++: docs/int8.md word for word. They are what CPUs without integer vectors run, and
// what every other target is compared with.
FACEIO_BEGIN_NAMESPACE
namespace FACEIO_TARGET_NS {

inline int32_t saturate_int16(int32_t x) noexcept { return x > 32767 ? 32767 : x < -32768 ? -32768 : x; }
inline int32_t clamp(int32_t x, int32_t low, int32_t high) noexcept { return x < low ? low : x > high ? high : x; }
inline int32_t multiply_rounded(int32_t a, int32_t b) noexcept { return (a * b + (1 << 14)) >> 15; }

/// sum + value * weight modulo 2^32: weights that a quantiser has not checked must not be undefined behaviour.
inline int32_t add_product(int32_t sum, int32_t value, int32_t weight) noexcept {
  return static_cast<int32_t>(static_cast<uint32_t>(sum) + static_cast<uint32_t>(value) * static_cast<uint32_t>(weight));
}

/// An output element of channel o. `addend`: an element of the map that is added; only with r.addend.
inline int32_t requantise(const Requantise& r, bool wide, int32_t sum, int32_t o, int32_t addend) noexcept {
  const int32_t a = saturate_int16(sum >> r.shift[o]);
  int32_t t = multiply_rounded(a, a < 0 ? r.negative[o] : r.positive[o]);
  if (r.addend != nullptr) t = saturate_int16(t + multiply_rounded(addend * 128, r.addend[o]));
  return wide ? clamp(t, -kWideLimit, kWideLimit) : clamp(saturate_int16(t + r.offset[o]) >> 4, 0, 255);
}

inline void set_element(const Int8Map& out, int32_t y, int32_t x, int32_t c, int32_t value) noexcept {
  uint8_t* const p = out.pixel(y, x);
  if (out.wide) {
    static_cast<int16_t*>(static_cast<void*>(p))[c] = static_cast<int16_t>(value);
  } else {
    p[c] = static_cast<uint8_t>(value);
  }
}

/// Stores `count` channels from `first` on of a pixel.
inline void store_sums(const Int8ConvArgs& a, int32_t y, int32_t x, int32_t first, int32_t count,
                       const int32_t* sums) noexcept {
  if (a.float_out.data != nullptr) {
    for (int32_t i = 0; i < count; ++i) {
      a.float_out.at(y, x, first + i) = static_cast<float>(sums[i]) * a.output_scale[first + i];
    }
    return;
  }
  const bool adds = a.addend.data != nullptr;
  const int32_t from_y = adds ? y * a.addend.height / a.out.height : 0;
  const int32_t from_x = adds ? x * a.addend.width / a.out.width : 0;
  for (int32_t i = 0; i < count; ++i) {
    const int32_t addend = adds ? a.addend.at(from_y, from_x, first + i) : 0;
    set_element(a.out, y, x, first + i, requantise(a.requantise, a.out.wide, sums[i], first + i, addend));
  }
}

/// sums += the products of `terms` neighbouring elements with weights in groups of kTogether terms of each channel.
template <int kTogether, class Element, class Weight>
inline void add_terms(const Element* in, int32_t terms, const Weight* weights, int32_t (&sums)[kPanel]) noexcept {
  for (int32_t term = 0; term < terms; term += kTogether, weights += kTogether * kPanel) {
    int32_t values[kTogether];
    FACEIO_UNROLL
    for (int32_t k = 0; k < kTogether; ++k) values[k] = term + k < terms ? in[term + k] : 0;
    for (int32_t i = 0; i < kPanel; ++i) {
      int32_t sum = sums[i];
      FACEIO_UNROLL
      for (int32_t k = 0; k < kTogether; ++k) sum = add_product(sum, values[k], weights[i * kTogether + k]);
      sums[i] = sum;
    }
  }
}

/// Dense convolution with a square kernel of `side`.
template <int kTogether, class Element, class Weight>
inline void conv_dense(const Int8ConvArgs& a, const Weight* weights, int32_t side, int32_t row_begin,
                       int32_t row_end) noexcept {
  const int32_t width = a.float_out.data != nullptr ? a.float_out.width : a.out.width;
  const int32_t channels = a.float_out.data != nullptr ? a.float_out.channels : a.out.channels;
  // A kernel row is one stretch of elements where pixels lie close together, else one a pixel.
  const auto close_bytes = static_cast<int32_t>(static_cast<size_t>(a.in.channels) * sizeof(Element));
  const int32_t stretches = a.in.pixel_stride_bytes == close_bytes ? 1 : side;
  const int32_t terms = side / stretches * a.in.channels;
  const ptrdiff_t row_terms = (side * a.in.channels + 3) / 4 * 4;  // with the zeros behind them
  for (int32_t y = row_begin; y < row_end; ++y) {
    for (int32_t x = 0; x < width; ++x) {
      for (int32_t first = 0; first < channel_stride(channels); first += kPanel) {
        int32_t sums[kPanel];
        for (int32_t i = 0; i < kPanel; ++i) sums[i] = a.bias[first + i];
        for (int32_t ky = 0; ky < side; ++ky) {
          const Weight* const of_row = weights + (static_cast<ptrdiff_t>(first) * side + ky * kPanel) * row_terms;
          for (int32_t s = 0; s < stretches; ++s) {
            const uint8_t* const in = a.in.pixel(y * a.stride + ky - a.pad_before, x * a.stride + s - a.pad_before);
            add_terms<kTogether>(static_cast<const Element*>(static_cast<const void*>(in)), terms,
                                 of_row + static_cast<ptrdiff_t>(s) * terms * kPanel, sums);
          }
        }
        store_sums(a, y, x, first, kPanel, sums);
      }
    }
  }
}

inline void conv_dense(const Int8ConvArgs& a, int32_t side, int32_t row_begin, int32_t row_end) noexcept {
  if (!a.in.wide) {
    conv_dense<4, uint8_t>(a, a.quads, side, row_begin, row_end);
  } else if (a.pairs == nullptr) {
    conv_dense<4, int16_t>(a, a.quads, side, row_begin, row_end);
  } else {
    conv_dense<2, int16_t>(a, a.pairs, side, row_begin, row_end);
  }
}

inline void conv1x1_int8(const Int8ConvArgs& a, int32_t row_begin, int32_t row_end) noexcept {
  conv_dense(a, 1, row_begin, row_end);
}
inline void conv3x3_int8(const Int8ConvArgs& a, int32_t row_begin, int32_t row_end) noexcept {
  conv_dense(a, 3, row_begin, row_end);
}

template <class Element>
inline void depthwise_rows(const Int8ConvArgs& a, int32_t row_begin, int32_t row_end) noexcept {
  const int32_t padded = channel_stride(a.out.channels);
  for (int32_t y = row_begin; y < row_end; ++y) {
    for (int32_t x = 0; x < a.out.width; ++x) {
      for (int32_t first = 0; first < padded; first += kPanel) {
        int32_t sums[kPanel];
        for (int32_t i = 0; i < kPanel; ++i) sums[i] = a.bias[first + i];
        for (int32_t tap = 0; tap < 9; ++tap) {
          const uint8_t* const pixel =
              a.in.pixel(y * a.stride + tap / 3 - a.pad_before, x * a.stride + tap % 3 - a.pad_before);
          const Element* const in = static_cast<const Element*>(static_cast<const void*>(pixel)) + first;
          const int16_t* const weights = a.depthwise + tap * padded + first;
          for (int32_t i = 0; i < kPanel; ++i) sums[i] = add_product(sums[i], in[i], weights[i]);
        }
        store_sums(a, y, x, first, kPanel, sums);
      }
    }
  }
}

inline void depthwise3x3_int8(const Int8ConvArgs& a, int32_t row_begin, int32_t row_end) noexcept {
  if (a.in.wide) {
    depthwise_rows<int16_t>(a, row_begin, row_end);
  } else {
    depthwise_rows<uint8_t>(a, row_begin, row_end);
  }
}

inline void global_depthwise_int8(const Int8ConvArgs& a, int32_t row_begin, int32_t row_end) noexcept {
  if (row_begin >= row_end) return;
  const int32_t padded = channel_stride(a.out.channels);
  for (int32_t c = 0; c < padded; ++c) {
    int32_t sum = a.bias[c];
    for (int32_t y = 0; y < a.in.height; ++y) {
      for (int32_t x = 0; x < a.in.width; ++x) {
        sum = add_product(sum, a.in.at(y, x, c), a.depthwise[(y * a.in.width + x) * padded + c]);
      }
    }
    store_sums(a, 0, 0, c, 1, &sum);
  }
}

/// One row or column of a patch times B^T of F(4, 3).
inline void winograd_input_1d(const int32_t (&d)[6], int32_t (&v)[6]) noexcept {
  v[0] = 4 * d[0] - 5 * d[2] + d[4];
  v[1] = -4 * (d[1] + d[2]) + d[3] + d[4];
  v[2] = 4 * (d[1] - d[2]) - d[3] + d[4];
  v[3] = 2 * (d[3] - d[1]) - d[2] + d[4];
  v[4] = 2 * (d[1] - d[3]) - d[2] + d[4];
  v[5] = 4 * d[1] - 5 * d[3] + d[5];
}
/// One row or column of products times A^T. Modulo 2^32.
inline void winograd_output_1d(const uint32_t (&m)[6], uint32_t (&y)[4]) noexcept {
  const uint32_t a = m[1] + m[2], b = m[1] - m[2], c = m[3] + m[4], d = m[3] - m[4];
  y[0] = m[0] + a + c;
  y[1] = b + 2 * d;
  y[2] = a + 4 * c;
  y[3] = b + 8 * d + m[5];
}
/// x / 576, from 576 times x modulo 2^32, when x fits 26 bits: 576 = 64 * 9, and 9 * 954437177 = 1 modulo 2^32.
inline int32_t divide_by_576(uint32_t x) noexcept { return static_cast<int32_t>(x * 954437177u) >> 6; }

inline void winograd3x3_int8(const Int8WinogradArgs& a, int32_t row_begin, int32_t row_end) noexcept {
  constexpr int32_t kPatch = kInt8WinogradPatch, kTile = kInt8WinogradTile;
  const int32_t c_in = a.in.channels;
  const ptrdiff_t position_weights = static_cast<ptrdiff_t>(c_in) * kPanel;
  for (int32_t p = 0, before = 0; p < a.parts; before += a.part[p++].out.channels) {
    const Int8WinogradPart& part = a.part[p];
    for (int32_t y = row_begin; y < row_end; y += kTile) {
      for (int32_t x = 0; x < part.out.width; x += kTile) {
        for (int32_t n = 0; n < part.out.channels; ++n) {
          const int32_t o = before + n;
          uint32_t m[kPatch][kPatch] = {};
          m[1][1] = static_cast<uint32_t>(a.bias[o]);  // A^T spreads it evenly over the block
          for (int32_t c = 0; c < c_in; ++c) {
            int32_t v[kPatch][kPatch];
            for (int32_t i = 0; i < kPatch; ++i) {
              int32_t d[kPatch];
              for (int32_t j = 0; j < kPatch; ++j) {
                // Beyond the border nothing is read and nothing counts.
                const bool inside = y + i - 1 <= a.in.height && x + j - 1 <= a.in.width;
                d[j] = inside ? a.in.at(y + i - 1, x + j - 1, c) : 0;
              }
              winograd_input_1d(d, v[i]);
            }
            for (int32_t j = 0; j < kPatch; ++j) {
              int32_t d[kPatch], column[kPatch];
              for (int32_t i = 0; i < kPatch; ++i) d[i] = v[i][j];
              winograd_input_1d(d, column);
              for (int32_t i = 0; i < kPatch; ++i) {
                const int16_t* const w =
                    a.weights + (o / kPanel * kInt8WinogradPositions + i * kPatch + j) * position_weights +
                    c / 2 * kPanel * 2;
                m[i][j] += static_cast<uint32_t>(column[i] * w[o % kPanel * 2 + c % 2]);
              }
            }
          }
          uint32_t half[kTile][kPatch];
          for (int32_t j = 0; j < kPatch; ++j) {
            uint32_t column[kPatch], y4[kTile];
            for (int32_t i = 0; i < kPatch; ++i) {
              column[i] = m[i][j] * static_cast<uint32_t>(int8_winograd_factor_left(i, j));
            }
            winograd_output_1d(column, y4);
            for (int32_t i = 0; i < kTile; ++i) half[i][j] = y4[i];
          }
          for (int32_t i = 0; i < kTile && y + i < row_end; ++i) {
            uint32_t y4[kTile];
            winograd_output_1d(half[i], y4);
            for (int32_t j = 0; j < kTile && x + j < part.out.width; ++j) {
              const int32_t sum = divide_by_576(y4[j]);
              set_element(part.out, y + i, x + j, n, requantise(part.requantise, part.out.wide, sum, n, 0));
            }
          }
        }
      }
    }
  }
}

}  // namespace FACEIO_TARGET_NS
FACEIO_END_NAMESPACE
