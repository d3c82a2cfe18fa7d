// The default recogniser: a MobileFaceNet trained with the ArcFace loss, 192-d embeddings, as a table.
// Source: MobileFaceNets (Chen et al. 2018), table 1, with two 1x1 layers more than printed there
// (conv2_pw and fc1), as the public weights have them; ArcFace (Deng et al. 2019) for the loss.
#ifndef FACEIO_MODELS_MOBILEFACENET_192_HPP
#define FACEIO_MODELS_MOBILEFACENET_192_HPP

#include "../nn/network.hpp"

FACEIO_BEGIN_NAMESPACE
namespace mobilefacenet_192 {

inline constexpr char kName[] = "mobilefacenet_192";

/// Expand, depthwise, project: an inverted bottleneck. Stride 2 pads as TensorFlow's SAME does.
constexpr Map bottleneck(NetworkBuilder& n, const char* name, Map x, int c_expand, int c_out,
                         int stride) noexcept {
  const Padding padding = stride == 1 ? Padding::symmetric : Padding::bottom_right;
  x = n.conv1x1(name, ".expand", x, c_expand, kPrelu);
  x = n.depthwise3x3(name, ".dw", x, stride, kPrelu, padding);
  return n.conv1x1(name, ".project", x, c_out, kLinear);
}
constexpr Map residual(NetworkBuilder& n, const char* name, Map x, int c_expand, int c_out) noexcept {
  return n.add(name, ".add", bottleneck(n, name, x, c_expand, c_out, 1), x);
}

constexpr NetworkBuilder::Table make_network() noexcept {
  NetworkBuilder n;
  Map x = n.input(3);  // 112 x 112

  x = n.wide(n.conv3x3("conv1", x, 64, 2, kPrelu, Padding::bottom_right));  // 56 x 56
  x = n.wide(n.depthwise3x3("conv2_dw", "", x, 1, kPrelu));
  x = n.conv1x1("conv2_pw", x, 64, kLinear);

  x = bottleneck(n, "conv3", x, 128, 64, 2);  // 28 x 28
  x = residual(n, "conv4.0", x, 128, 64);
  x = residual(n, "conv4.1", x, 128, 64);
  x = residual(n, "conv4.2", x, 128, 64);
  x = residual(n, "conv4.3", x, 128, 64);

  x = bottleneck(n, "conv5", x, 256, 128, 2);  // 14 x 14
  x = residual(n, "conv6.0", x, 256, 128);
  x = residual(n, "conv6.1", x, 256, 128);
  x = residual(n, "conv6.2", x, 256, 128);
  x = residual(n, "conv6.3", x, 256, 128);
  x = residual(n, "conv6.4", x, 256, 128);
  x = residual(n, "conv6.5", x, 256, 128);

  x = bottleneck(n, "conv7", x, 512, 128, 2);  // 7 x 7
  x = residual(n, "conv8.0", x, 256, 128);
  x = residual(n, "conv8.1", x, 256, 128);

  x = n.conv1x1("conv9", x, 512, kPrelu);
  x = n.wide(n.global_depthwise("gdconv", x, kLinear));  // 1 x 1
  x = n.wide(n.conv1x1("fc1", x, 512, kLinear));
  n.output(n.conv1x1("embedding", x, 192, kLinear));
  return n.finish();
}

inline constexpr NetworkBuilder::Table kNetwork = make_network();

inline constexpr int32_t kCrop_px = 112;
inline constexpr int32_t kEmbeddingSize = 192;

}  // namespace mobilefacenet_192
FACEIO_END_NAMESPACE

#endif  // FACEIO_MODELS_MOBILEFACENET_192_HPP
