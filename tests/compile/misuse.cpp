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
  return status.ok() && view.size == 3 && *result == 1 && network.op_count == 5 ? 0 : 1;
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
#else
#error "MISUSE names no case"
#endif
}
