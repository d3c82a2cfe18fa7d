// The default detector: RetinaFace with a MobileNet-0.25 backbone, as a table, and the constants that
// turn its outputs into faces.
// Source: RetinaFace (Deng et al. 2019), section 3; MobileNets (Howard et al. 2017), table 1 at width
// 0.25; SSH (Najibi et al. 2017), figure 4.
#ifndef FACEIO_MODELS_RETINAFACE_MNET025_HPP
#define FACEIO_MODELS_RETINAFACE_MNET025_HPP

#include "../nn/network.hpp"

FACEIO_BEGIN_NAMESPACE
namespace retinaface_mnet025 {

inline constexpr char kName[] = "retinaface_mnet025";
inline constexpr Act kLeaky = leaky(0.1f);

/// Depthwise 3x3 then pointwise: one MobileNet block.
constexpr Map separable(NetworkBuilder& n, const char* name, Map x, int c_out, int stride) noexcept {
  x = n.depthwise3x3(name, ".dw", x, stride, kLeaky);
  return n.conv1x1(name, ".pw", x, c_out, kLeaky);
}

struct SshNames {
  const char* conv3x3;
  const char* conv5x5_1;
  const char* conv5x5_2;
  const char* conv7x7_2;
  const char* conv7x7_3;
  const char* head;
};

/// Context module and heads of one scale: 3x3, 5x5 and 7x7 receptive fields side by side, then one 1x1
/// whose 32 channels are class (2 anchors x {background, face}), box (2 x 4), landmark (2 x 5 x {x, y}).
constexpr void ssh_and_head(NetworkBuilder& n, const SshNames& name, Map x) noexcept {
  const Map context = n.map(64);
  n.conv3x3(name.conv3x3, x, 32, 1, kRelu, Padding::symmetric, {context, 0});
  const Map five = n.conv3x3(name.conv5x5_1, x, 16, 1, kLeaky);
  n.conv3x3(name.conv5x5_2, five, 16, 1, kRelu, Padding::symmetric, {context, 32});
  const Map seven = n.conv3x3(name.conv7x7_2, five, 16, 1, kLeaky);
  n.conv3x3(name.conv7x7_3, seven, 16, 1, kRelu, Padding::symmetric, {context, 48});
  n.output(n.conv1x1(name.head, context, 32, kLinear));
}

constexpr NetworkBuilder::Table make_network() noexcept {
  NetworkBuilder n;
  Map x = n.input(3);

  x = n.wide(n.conv3x3("stage1.0", x, 8, 2, kLeaky));
  x = n.wide(n.depthwise3x3("stage1.1", ".dw", x, 1, kLeaky));
  x = n.conv1x1("stage1.1", ".pw", x, 16, kLeaky);
  x = separable(n, "stage1.2", x, 32, 2);
  x = separable(n, "stage1.3", x, 32, 1);
  x = separable(n, "stage1.4", x, 64, 2);
  const Map c3 = x = separable(n, "stage1.5", x, 64, 1);  // stride 8

  x = separable(n, "stage2.0", x, 128, 2);
  x = separable(n, "stage2.1", x, 128, 1);
  x = separable(n, "stage2.2", x, 128, 1);
  x = separable(n, "stage2.3", x, 128, 1);
  x = separable(n, "stage2.4", x, 128, 1);
  const Map c4 = x = separable(n, "stage2.5", x, 128, 1);  // stride 16

  x = separable(n, "stage3.0", x, 256, 2);
  const Map c5 = x = separable(n, "stage3.1", x, 256, 1);  // stride 32

  // Feature pyramid: coarse maps are enlarged and added to finer ones.
  const Map p5 = n.conv1x1("fpn.output3", c5, 64, kLeaky);
  const Map lateral4 = n.conv1x1("fpn.output2", c4, 64, kLeaky);
  const Map up5 = n.upsample_nearest("fpn.up3", p5, lateral4);
  const Map p4 = n.conv3x3("fpn.merge2", n.add("fpn.add2", "", lateral4, up5), 64, 1, kLeaky);
  const Map lateral3 = n.conv1x1("fpn.output1", c3, 64, kLeaky);
  const Map up4 = n.upsample_nearest("fpn.up2", p4, lateral3);
  const Map p3 = n.conv3x3("fpn.merge1", n.add("fpn.add1", "", lateral3, up4), 64, 1, kLeaky);

  ssh_and_head(n, {"ssh1.conv3x3", "ssh1.conv5x5_1", "ssh1.conv5x5_2", "ssh1.conv7x7_2",
                   "ssh1.conv7x7_3", "head1"}, p3);
  ssh_and_head(n, {"ssh2.conv3x3", "ssh2.conv5x5_1", "ssh2.conv5x5_2", "ssh2.conv7x7_2",
                   "ssh2.conv7x7_3", "head2"}, p4);
  ssh_and_head(n, {"ssh3.conv3x3", "ssh3.conv5x5_1", "ssh3.conv5x5_2", "ssh3.conv7x7_2",
                   "ssh3.conv7x7_3", "head3"}, p5);
  return n.finish();
}

inline constexpr NetworkBuilder::Table kNetwork = make_network();

/// Square anchors centred on ((x + 0.5) * stride, (y + 0.5) * stride), in pixels of the network input.
/// Order of the published outputs: scale, row, column, anchor.
inline constexpr int kScales = 3;
inline constexpr int kAnchorsPerCell = 2;
inline constexpr int32_t kStride_px[kScales] = {8, 16, 32};
inline constexpr float kAnchor_px[kScales][kAnchorsPerCell] = {
    {16.0f, 32.0f}, {64.0f, 128.0f}, {256.0f, 512.0f}};

/// Faces smaller than the smallest anchor, in network pixels, are not expected to be found.
inline constexpr float kSmallestFace_px = 16.0f;

/// Channels of a head map: class at 0, box at 4, landmarks at 12.
inline constexpr int kClassChannel = 0;
inline constexpr int kBoxChannel = 4;
inline constexpr int kLandmarkChannel = 12;

/// Box and landmark regression is scaled by these (SSD's "variances").
inline constexpr float kCentreVariance = 0.1f;
inline constexpr float kSizeVariance = 0.2f;

/// Smallest network input. Smaller pictures are padded at the bottom and right.
inline constexpr int32_t kMinSide_px = 32;

}  // namespace retinaface_mnet025
FACEIO_END_NAMESPACE

#endif  // FACEIO_MODELS_RETINAFACE_MNET025_HPP
