// What the compiler has to refuse, one case per value of MISUSE; case 0 is the correct use. Each
// #if line names the case and, after the colon, a pattern that the compiler's message must contain.
#include <faceio/core/image_view.hpp>
#include <faceio/nn/network.hpp>

using namespace faceio;

namespace {
constexpr unsigned char kPixels[3] = {};
constexpr Size kOne{1, 1};

constexpr auto table(int channels, int slice_offset) {
  NetworkBuilder n;
  const Map in = n.input(16);
  const Map a = n.conv1x1("a", in, 16, kRelu);
  const Map b = n.conv1x1("b", in, channels, kRelu);
  const Map joined = n.map(32);
  n.conv1x1("left", a, 16, kLinear, {joined, 0});
  n.conv1x1("right", a, 16, kLinear, {joined, static_cast<uint16_t>(slice_offset)});
  n.add("sum", "", a, b);
  return n.finish();
}
}  // namespace

int main() {
#if MISUSE == 0  // correct use: .
  const ImageView image(kPixels, kOne, 3, PixelFormat::RGB8);
  const Status status = validate(image);
  const Span<const unsigned char> view = Span<const unsigned char>(kPixels);
  const Result<int> result = 1;
  constexpr auto network = table(16, 16);
  constexpr auto planes = [] {
    NetworkBuilder n;
    const Map in = n.input(3);
    const Map stem = n.depthwise3x3("dw", "", n.conv3x3("few", in, 8, 2, kRelu), 1, kRelu);
    n.conv3x3("few_again", in, 4, 1, kRelu);
    n.conv1x1("pixels", in, 64, kRelu);
    n.output(n.conv1x1("pw", stem, 16, leaky(1.0f)));
    return n.finish();
  }();
  const bool tables = network.op_count == 5 && planes.op_count == 5;
  return status.ok() && view.size == 3 && *result == 1 && tables ? 0 : 1;
#elif MISUSE == 1  // a picture without its pixel format: no matching (function|constructor)
  const ImageView image(kPixels, kOne, 3);
#elif MISUSE == 2  // a number for a pixel format: no (known conversion|matching)
  const ImageView image(kPixels, kOne, 3, 1);
#elif MISUSE == 3  // a status that nobody looks at: (nodiscard|unused-result|unused-value)
  validate(ImageView(kPixels, kOne, 3, PixelFormat::RGB8));
#elif MISUSE == 4  // writing through a view of constants: (invalid conversion|cannot initialize)
  const Span<unsigned char> view = Span<const unsigned char>(kPixels);
#elif MISUSE == 5  // a result for its value: (cannot convert|no viable)
  const Result<int> result = 1;
  const int value = result;
#elif MISUSE == 6  // a network that adds maps of different width: channels_differ
  constexpr auto network = table(32, 16);
#elif MISUSE == 7  // a slice beyond the end of its map: slice_does_not_fit
  constexpr auto network = table(16, 32);
#elif MISUSE == 8  // an operation on a map that does not exist: unknown_map
  constexpr auto network = [] {
    NetworkBuilder n;
    const Map in = n.input(16);
    static_cast<void>(in);
    n.add("sum", "", Map{7}, Map{7});
    return n.finish();
  }();
#elif MISUSE == 9  // a map in planes for an operation that reads pixels: this_operation_takes_no_maps_in_planes
  constexpr auto network = [] {
    NetworkBuilder n;
    n.batchnorm("norm", n.conv3x3("stem", n.input(3), 8, 2, kRelu));
    return n.finish();
  }();
#elif MISUSE == 10  // a picture in planes for many output channels: this_operation_takes_no_maps_in_planes
  constexpr auto network = [] {
    NetworkBuilder n;
    const Map in = n.input(3);
    n.conv3x3("few", in, 8, 2, kRelu);
    n.conv3x3("many", in, 64, 2, kRelu);
    return n.finish();
  }();
#elif MISUSE == 11  // an enlargement of a map in planes: this_operation_takes_no_maps_in_planes
  constexpr auto network = [] {
    NetworkBuilder n;
    const Map in = n.input(3);
    n.upsample_nearest("up", n.conv3x3("stem", in, 8, 2, kRelu), n.conv1x1("fine", in, 8, kRelu));
    return n.finish();
  }();
#elif MISUSE == 12  // a stride that no kernel has: stride_is_not_1_or_2
  constexpr auto network = [] {
    NetworkBuilder n;
    n.depthwise3x3("dw", "", n.input(16), 3, kRelu);
    return n.finish();
  }();
#elif MISUSE == 13  // a leaky slope above 1: leaky_slope_is_not_between_0_and_1
  constexpr Act act = leaky(1.5f);
#elif MISUSE == 14  // the same, many output channels first: this_operation_takes_no_maps_in_planes
  constexpr auto network = [] {
    NetworkBuilder n;
    const Map in = n.input(3);
    n.conv3x3("many", in, 64, 2, kRelu);
    n.conv3x3("few", in, 8, 2, kRelu);
    return n.finish();
  }();
#elif MISUSE == 15  // planes, after a reader of pixels: this_operation_takes_no_maps_in_planes
  constexpr auto network = [] {
    NetworkBuilder n;
    const Map in = n.input(3);
    n.depthwise3x3("dw", "", in, 1, kRelu);
    n.conv3x3("few", in, 8, 2, kRelu);
    return n.finish();
  }();
#elif MISUSE == 16  // a picture for a batch norm: pictures_go_into_convolutions_only
  constexpr auto network = [] {
    NetworkBuilder n;
    n.output(n.batchnorm("norm", n.input(3)));
    return n.finish();
  }();
#elif MISUSE == 17  // two writers of one channel: slices_overlap
  constexpr auto network = [] {
    NetworkBuilder n;
    const Map a = n.conv1x1("a", n.input(3), 16, kRelu);
    const Map both = n.map(32);
    n.conv1x1("first", a, 32, kRelu, {both, 0});
    n.conv1x1("second", a, 16, kRelu, {both, 16});
    return n.finish();
  }();
#elif MISUSE == 18  // an operation that writes what it reads: slices_overlap
  constexpr auto network = [] {
    NetworkBuilder n;
    const Map a = n.conv1x1("a", n.input(3), 16, kRelu);
    n.conv1x1("itself", a, 16, kRelu, {a, 0});
    return n.finish();
  }();
#elif MISUSE == 19  // firmware.hpp behind another header: include faceio/firmware.hpp first
#include <faceio/firmware.hpp>
#else
#error "MISUSE names no case"
#endif
}
