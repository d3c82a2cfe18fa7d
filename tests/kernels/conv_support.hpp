// What the tests of convolutions share: layers with random weights, and the comparison of a kernel with
// its reference.
#ifndef FACEIO_TESTS_KERNELS_CONV_SUPPORT_HPP
#define FACEIO_TESTS_KERNELS_CONV_SUPPORT_HPP

#include <doctest/doctest.h>

#include <faceio/kernels/ref/conv.hpp>
#include <memory>

#include "../support/buffers.hpp"
#include "../support/kernel_tables.hpp"

namespace conv_test {

using faceio::Activation;
using faceio::ConvArgs;
using faceio::KernelTable;
using faceio::kPanel;
using faceio::MapView;
using test::floats_of;
using test::Pixels;
using test::TestMap;

inline size_t padded(int channels) {
  return faceio::round_up(static_cast<size_t>(channels), kPanel);
}

/// Random weights in the blob's layout: padding channels are zero, as the format promises.
struct Weights {
  std::vector<float> weights, bias, slope;

  static Weights dense(int c_out, int k) {
    Weights w = vectors(c_out);
    w.weights.assign(padded(c_out) * static_cast<size_t>(k), 0.0f);
    for (int n = 0; n < c_out; ++n) {
      for (int i = 0; i < k; ++i) {
        w.weights[static_cast<size_t>((n / kPanel) * k * kPanel + i * kPanel + n % kPanel)] =
            test::random_float();
      }
    }
    return w;
  }
  static Weights depthwise(int channels, int taps) {
    Weights w = vectors(channels);
    w.weights.assign(padded(channels) * static_cast<size_t>(taps), 0.0f);
    for (int t = 0; t < taps; ++t) {
      for (int c = 0; c < channels; ++c) {
        w.weights[static_cast<size_t>(t) * padded(channels) + static_cast<size_t>(c)] =
            test::random_float();
      }
    }
    return w;
  }

 private:
  static Weights vectors(int channels) {
    Weights w;
    w.bias.assign(padded(channels), 0.0f);
    w.slope.assign(padded(channels), 0.0f);
    for (int c = 0; c < channels; ++c) {
      w.bias[static_cast<size_t>(c)] = test::random_float();
      w.slope[static_cast<size_t>(c)] = test::random_float(-9.4f, 8.9f);  // as trained
    }
    return w;
  }
};

inline ConvArgs arguments(const TestMap& in, const TestMap& out, const Weights& w, Activation activation) {
  ConvArgs a;
  a.in = in.view;
  a.out = out.view;
  a.weights = w.weights.data();
  a.bias = w.bias.data();
  a.slope = activation == Activation::prelu ? w.slope.data() : nullptr;
  a.leaky_slope = activation == Activation::leaky_relu ? 0.1f : 0.0f;
  a.activation = activation;
  return a;
}

/// Largest difference in units of the tolerance. Values are in [-1, 1], so a sum of k products plus
/// a bias and an addend has magnitude below k + 2; a PReLU multiplies errors by at most 9.4.
inline double worst_ratio(const TestMap& got, const TestMap& expected, int k) {
  const double allowed = 9.4 * test::tolerance(k, 0.25 * k + 2.0);
  return test::largest_difference(got, expected) / allowed;
}

/// Padding lanes of the output must be zero: the next layer reads them.
inline bool padding_is_zero(const TestMap& map) {
  for (int y = 0; y < map.view.height; ++y) {
    for (int x = 0; x < map.view.width; ++x) {
      for (int c = map.view.channels; c < map.stored(); ++c) {
        if (map.at(y, x, c) != 0.0f) return false;
      }
    }
  }
  return true;
}

using RowKernel = void (*)(const ConvArgs&, int32_t, int32_t) noexcept;
using Reference = void (*)(const ConvArgs&) noexcept;

inline constexpr Activation kActivations[] = {Activation::linear, Activation::relu, Activation::leaky_relu,
                                       Activation::prelu};

inline void check(const char* what, const KernelTable& table, RowKernel kernel, Reference reference,
           ConvArgs args, TestMap& out, TestMap& expected, int k) {
  args.out = expected.view;
  reference(args);
  args.out = out.view;
  const size_t poison_before = out.poison_count();
  const int rows = out.view.height;
  // In three uneven ranges: a row must not depend on which call computes it.
  kernel(args, 0, rows / 3);
  kernel(args, rows / 3, rows / 3 + rows / 2);
  kernel(args, rows / 3 + rows / 2, rows);
  INFO(std::string(what) << " on " << std::string(faceio::name(table.target)) << ": in "
                         << args.in.height << "x" << args.in.width << "x" << args.in.channels
                         << " out " << out.view.height << "x" << out.view.width << "x"
                         << out.view.channels << " stride " << args.stride << " pad "
                         << args.pad_before << " activation " << static_cast<int>(args.activation));
  CHECK(worst_ratio(out, expected, k) <= 1.0);
  CHECK(padding_is_zero(out));
  CHECK(poison_before - out.poison_count() == floats_of(out));  // all of it, and nothing else
}
}  // namespace conv_test

#endif
