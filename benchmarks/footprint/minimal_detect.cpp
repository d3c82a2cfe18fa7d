// The smallest program that finds faces: minimal_detect WEIGHTS PICTURE. The picture is a binary
// PGM or PPM with values up to 255. Prints a line a face: score, box (left top width height), five
// landmarks (x y), all but the score in pixels. Exit code 0: done, 1: no face, 2: bad input.
//
// No C library, no C++ runtime, no heap: x86-64 Linux only, built as benchmarks/footprint/run does.
#include <faceio/pipeline/detector.hpp>

#include "linux_calls.hpp"

namespace {

constexpr size_t kMostFaces = 256;

class Text {
 public:
  Text& add(const char* text) noexcept {
    while (*text != '\0') put(*text++);
    return *this;
  }
  /// `value` rounded to `decimals` places.
  Text& add(float value, int decimals) noexcept {
    double scaled = static_cast<double>(value);
    for (int i = 0; i < decimals; ++i) scaled *= 10.0;
    const bool negative = scaled < 0.0;
    auto left = static_cast<uint64_t>((negative ? -scaled : scaled) + 0.5);
    char digits[24];
    int count = 0;
    do {
      digits[count++] = static_cast<char>('0' + left % 10);
      left /= 10;
    } while (left > 0 || count <= decimals);
    if (negative) put('-');
    while (count > 0) {
      put(digits[--count]);
      if (count == decimals && decimals > 0) put('.');
    }
    return *this;
  }
  void flush(int descriptor) noexcept {
    linux_calls::write(descriptor, text_, size_);
    size_ = 0;
  }

 private:
  void put(char c) noexcept {
    if (size_ < sizeof text_) text_[size_++] = c;
  }
  char text_[256];  // longest line: 15 numbers of at most 13 characters
  size_t size_ = 0;
};

int fail(const char* what, const char* why) noexcept {
  Text text;
  text.add(what).add(": ").add(why).add("\n").flush(2);
  return 2;
}

/// A number of the header, after white space and comments; -1 when there is none below 10^9.
int32_t header_number(const linux_calls::Mapping& file, size_t& at) noexcept {
  bool comment = false;
  for (; at < file.size_bytes; ++at) {
    const uint8_t c = file.data[at];
    if (comment)
      comment = c != '\n';
    else if (c == '#')
      comment = true;
    else if (c > ' ')
      break;
  }
  int32_t number = -1;
  for (; at < file.size_bytes && file.data[at] >= '0' && file.data[at] <= '9'; ++at) {
    if (number >= 100000000) return -1;
    number = (number < 0 ? 0 : number * 10) + (file.data[at] - '0');
  }
  return number;
}

/// False: not a P5 or P6 file with values up to 255 and all of its pixels.
bool read_pnm(const linux_calls::Mapping& file, faceio::ImageView& image) noexcept {
  if (file.size_bytes < 2 || file.data[0] != 'P') return false;
  if (file.data[1] != '5' && file.data[1] != '6') return false;
  size_t at = 2;
  faceio::Size size{};
  size.width_px = header_number(file, at);
  size.height_px = header_number(file, at);
  const int32_t largest = header_number(file, at);
  if (size.width_px < 1 || size.height_px < 1 || largest != 255) return false;
  ++at;  // one white space separates the header from the pixels
  const auto format = file.data[1] == '6' ? faceio::PixelFormat::RGB8 : faceio::PixelFormat::GRAY8;
  const size_t stride_bytes = faceio::row_bytes(format, size.width_px);
  const size_t pixels_bytes =
      faceio::saturating_multiply(stride_bytes, static_cast<size_t>(size.height_px));
  if (at > file.size_bytes || file.size_bytes - at < pixels_bytes) return false;
  image = faceio::ImageView(file.data + at, size, stride_bytes, format);
  return true;
}

int detect(const char* weights_path, const char* picture_path) noexcept {
  const linux_calls::Mapping weights = linux_calls::map_file(weights_path);
  if (weights.data == nullptr) return fail(weights_path, "cannot be opened or is empty");
  const auto blob = faceio::Blob::open({weights.data, weights.size_bytes});
  if (!blob) return fail(weights_path, blob.status().text());

  const linux_calls::Mapping picture = linux_calls::map_file(picture_path);
  if (picture.data == nullptr) return fail(picture_path, "cannot be opened or is empty");
  faceio::ImageView image(nullptr, {}, 0, faceio::PixelFormat::RGB8);
  if (!read_pnm(picture, image)) {
    return fail(picture_path, "not a binary PGM or PPM with values up to 255; convert it to one");
  }

  const faceio::Requirements need = faceio::Detector::requirements(image.size);
  const linux_calls::Mapping persistent = linux_calls::map_memory(need.persistent_bytes);
  const linux_calls::Mapping scratch = linux_calls::map_memory(need.scratch_bytes);
  if (persistent.data == nullptr || scratch.data == nullptr) {
    return fail(picture_path, "no memory for a picture of this size; shrink it");
  }
  const auto target = faceio::best_target();
  if (!target) return fail("target", target.status().text());
  const auto detector =
      faceio::Detector::create(*blob, {persistent.data, persistent.size_bytes}, {}, *target);
  if (!detector) return fail(weights_path, detector.status().text());

  faceio::Face faces[kMostFaces];
  const auto found = detector->detect(image, {scratch.data, scratch.size_bytes}, faces);
  if (!found) return fail(picture_path, found.status().text());

  Text text;
  for (const faceio::Face& face : found->faces) {
    text.add(face.score, 3);
    text.add(" ").add(face.box.x, 1).add(" ").add(face.box.y, 1);
    text.add(" ").add(face.box.width, 1).add(" ").add(face.box.height, 1);
    for (const auto& point : face.landmarks.points)
      text.add(" ").add(point.x, 1).add(" ").add(point.y, 1);
    text.add("\n").flush(1);
  }
  return found->found > 0 ? 0 : 1;
}

}  // namespace

// At the first instruction %rsp points at argc, the arguments follow. Written in assembly because a
// compiled function would have moved %rsp before it could be read.
__asm__(
    ".globl _start\n"
    "_start:\n"
    "  xor %ebp, %ebp\n"
    "  mov %rsp, %rdi\n"
    "  and $-16, %rsp\n"
    "  call start_with_stack\n");

extern "C" [[noreturn]] __attribute__((used)) void start_with_stack(const long* stack) noexcept {
  const auto* arguments = reinterpret_cast<const char* const*>(stack + 1);
  if (stack[0] != 3) linux_calls::exit(fail("usage", "minimal_detect WEIGHTS PICTURE.ppm"));
  linux_calls::exit(detect(arguments[1], arguments[2]));
}
