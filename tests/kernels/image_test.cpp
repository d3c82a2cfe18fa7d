// Picture kernels of every target: against the reference over all formats and small sizes, and
// against what OpenCV computes (image_truth.hpp). Pictures lie in heap blocks of their exact size,
// so that a sanitizer build catches a read of one byte too many.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <faceio/kernels/ref/image.hpp>
#include <memory>
#include <string>
#include <vector>

#include "../support/buffers.hpp"
#include "../support/kernel_tables.hpp"
#include "image_truth.hpp"

using faceio::ImageView;
using faceio::KernelTable;
using faceio::PixelFormat;
using faceio::Size;

namespace {

constexpr PixelFormat kFormats[] = {PixelFormat::RGB8,  PixelFormat::BGR8, PixelFormat::RGBA8,
                                    PixelFormat::BGRA8, PixelFormat::GRAY8, PixelFormat::NV12,
                                    PixelFormat::NV21,  PixelFormat::YUYV};

std::string target_name(const KernelTable& table) { return faceio::name(table.target); }
std::string name_of(PixelFormat format) {
  constexpr const char* kNames[] = {"", "RGB8", "BGR8", "RGBA8", "BGRA8",
                                    "GRAY8", "NV12", "NV21", "YUYV"};
  return kNames[static_cast<int>(format)];
}
bool is_planar(PixelFormat format) {
  return format == PixelFormat::NV12 || format == PixelFormat::NV21;
}
bool is_yuv(PixelFormat format) { return is_planar(format) || format == PixelFormat::YUYV; }

/// Bytes `offset` into a block that ends with their last one.
struct Block {
  std::unique_ptr<uint8_t[]> memory;
  uint8_t* bytes;

  Block(size_t size, size_t offset)
      : memory(new uint8_t[size + offset]), bytes(memory.get() + offset) {
    for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<uint8_t>(test::rng()() & 255u);
  }
};

size_t block_bytes(size_t row_bytes, size_t stride, int rows) {
  return stride * static_cast<size_t>(rows - 1) + row_bytes;
}

/// A random picture; `padding` bytes between rows.
struct Picture {
  size_t row_bytes, stride;
  Block pixels, chroma;
  ImageView view;

  Picture(PixelFormat format, Size size, size_t padding = 0, size_t offset = 0)
      : row_bytes(faceio::row_bytes(format, size.width_px)),
        stride(row_bytes + padding),
        pixels(block_bytes(row_bytes, stride, size.height_px), offset),
        chroma(is_planar(format) ? block_bytes(row_bytes, stride, size.height_px / 2) : 1, offset),
        view(pixels.bytes, size, stride, format, chroma.bytes, stride) {
    REQUIRE(faceio::validate(view).ok());
  }
};

/// An output picture in the middle of guard bytes.
struct Output {
  static constexpr size_t kGuard = 64;
  static constexpr uint8_t kUntouched = 0xa5;
  Size size;
  size_t stride;
  std::vector<uint8_t> bytes;

  Output(Size size_px, size_t padding)
      : size(size_px),
        stride(static_cast<size_t>(size_px.width_px) * 3 + padding),
        bytes(2 * kGuard + stride * static_cast<size_t>(size_px.height_px), kUntouched) {}
  uint8_t* data() { return bytes.data() + kGuard; }

  /// True when only pixels were written.
  bool guards_intact() const {
    const size_t width = static_cast<size_t>(size.width_px) * 3;
    for (size_t i = 0; i < bytes.size(); ++i) {
      const size_t at = i - kGuard;
      const bool pixel = i >= kGuard && at / stride < static_cast<size_t>(size.height_px) &&
                         at % stride < width;
      if (!pixel && bytes[i] != kUntouched) return false;
    }
    return true;
  }
};

/// Checks that every byte is the rounded value of the reference, up to `slack` grey levels of float
/// arithmetic before rounding.
template <class Args>
void check_rounded(const Args& args, double slack,
                   void (*value_at)(const Args&, int32_t, int32_t, double (&)[3]) noexcept) {
  double worst = 0.0;
  for (int32_t y = 0; y < args.out_size.height_px; ++y) {
    for (int32_t x = 0; x < args.out_size.width_px; ++x) {
      double value[3];
      value_at(args, x, y, value);
      const uint8_t* out = args.out + static_cast<size_t>(y) * args.out_stride_bytes + x * 3;
      for (int c = 0; c < 3; ++c) {
        worst = std::max(worst, std::abs(static_cast<double>(out[c]) - value[c]));
      }
    }
  }
  CHECK(worst <= 0.5 + slack);
}

bool size_fits(PixelFormat format, Size size) {
  return (!is_yuv(format) || size.width_px % 2 == 0) &&
         (!is_planar(format) || size.height_px % 2 == 0);
}

void check_unpack(PixelFormat format, Size size, Size out_size, size_t padding, size_t offset,
                  bool bgr) {
  const Picture picture(format, size, padding, offset);
  faceio::UnpackArgs args{picture.view, {}, bgr, {127.5f, 104.25f, 3.1f}, 1.0f / 128.0f};
  for (const KernelTable* table : test::runnable_tables()) {
    INFO(target_name(*table), " ", name_of(format), " ", size.width_px, "x", size.height_px,
         " in ", out_size.width_px, "x", out_size.height_px, " bgr ", bgr);
    const int height = out_size.height_px, width = out_size.width_px;
    test::TestMap out =
        test::TestMap::of(test::Pixels::close, height, width, 3, 0, static_cast<int>(offset));
    test::TestMap expected = test::TestMap::of(test::Pixels::close, height, width, 3, 0);
    test::TestMap planes =
        test::TestMap::of(test::Pixels::planes, height, width, 3, static_cast<int>(offset % 2),
                          static_cast<int>(offset));
    args.out = out.view;
    const int middle = out_size.height_px / 2;
    table->u8_to_f32(args, 0, middle);
    table->u8_to_f32(args, middle, out_size.height_px);
    args.out = planes.view;
    table->u8_to_f32(args, middle, out_size.height_px);
    table->u8_to_f32(args, 0, middle);
    args.out = expected.view;
    faceio::ref::u8_to_f32(args);
    CHECK(out.storage.size() - out.poison_count() ==
          static_cast<size_t>(out_size.width_px) * static_cast<size_t>(out_size.height_px) * 3);
    CHECK(planes.storage.size() - planes.poison_count() == test::floats_of(planes));
    CHECK(test::largest_difference(planes, out) == 0.0);
    int differing = 0;
    float largest = 0.0f;
    for (int y = 0; y < out_size.height_px; ++y) {
      for (int x = 0; x < out_size.width_px; ++x) {
        for (int c = 0; c < 3; ++c) {
          const float difference = std::abs(out.at(y, x, c) - expected.at(y, x, c));
          differing += difference != 0.0f ? 1 : 0;
          largest = std::max(largest, difference);
        }
      }
    }
    if (is_yuv(format)) {  // a near half may be rounded either way
      CHECK(differing <= 1 + size.width_px * size.height_px / 500);
      CHECK(largest <= 1.001f / 128.0f);
    } else {
      CHECK(differing == 0);
    }
  }
}

}  // namespace

TEST_CASE("u8_to_f32: every format, both orders, every width") {
  for (const PixelFormat format : kFormats) {
    for (int width = 1; width <= 2 * 16 + 1 + 40; ++width) {
      const Size size{width, 2};
      if (!size_fits(format, size)) continue;
      for (const bool bgr : {false, true}) {
        check_unpack(format, size, size, 0, 0, bgr);
        const Size larger{width + width % 5, 3};
        check_unpack(format, size, larger, static_cast<size_t>(width % 4), 1, bgr);
      }
    }
  }
}

TEST_CASE("u8_to_f32: misalignment, odd strides, one row, and a picture larger than the output") {
  for (const PixelFormat format : kFormats) {
    for (const size_t offset : {size_t{0}, size_t{1}, size_t{3}, size_t{5}}) {
      for (const bool bgr : {false, true}) {
        check_unpack(format, Size{110, 4}, Size{128, 6}, 7, offset, bgr);
        check_unpack(format, Size{110, 4}, Size{61, 3}, 1, offset, bgr);
        if (!is_planar(format)) check_unpack(format, Size{34, 1}, Size{34, 1}, 0, offset, bgr);
      }
    }
  }
}

TEST_CASE("u8_to_f32: hand-computed pixels") {
  const uint8_t rgb[] = {10, 20, 30, 40, 50, 60};
  const ImageView image(rgb, Size{2, 1}, 6, PixelFormat::RGB8);
  for (const KernelTable* table : test::runnable_tables()) {
    INFO(target_name(*table));
    test::TestMap out = test::TestMap::of(test::Pixels::close, 1, 3, 3, 0);
    test::TestMap planes = test::TestMap::of(test::Pixels::planes, 1, 3, 3, 0);
    table->u8_to_f32({image, out.view, true, {1.0f, 2.0f, 4.0f}, 0.5f}, 0, 1);
    table->u8_to_f32({image, planes.view, true, {1.0f, 2.0f, 4.0f}, 0.5f}, 0, 1);
    const float expected[] = {14.5f, 9.0f, 3.0f, 29.5f, 24.0f, 18.0f, 0.0f, 0.0f, 0.0f};
    for (int i = 0; i < 9; ++i) {
      CHECK(out.view.row(0)[i] == expected[i]);
      CHECK(planes.view.row(0)[i % 3 * faceio::plane_floats(3) + i / 3] == expected[i]);
    }
  }
}

TEST_CASE("resize_bilinear_u8: every format and many sizes") {
  const Size sizes[] = {{1, 1},  {2, 2},   {1, 9},  {9, 1},  {5, 3},
                        {64, 2}, {34, 18}, {33, 7}, {350, 4}};
  for (const PixelFormat format : kFormats) {
    size_t offset = 0;
    for (const Size in : sizes) {
      if (!size_fits(format, in)) continue;
      offset = (offset * 2 + 1) % 6;
      const Picture exact(format, in), loose(format, in, 5, offset);
      const Size out_sizes[] = {{1, 1}, {3, 5}, {31, 2}, {33, 9}, {65, 6}, in};
      for (const Size out_size : out_sizes) {
        for (const Picture* picture : {&exact, &loose}) {
          for (const KernelTable* table : test::runnable_tables()) {
            INFO(target_name(*table), " ", name_of(format), " ", in.width_px, "x", in.height_px,
                 " to ", out_size.width_px, "x", out_size.height_px);
            Output out(out_size, offset);
            const int32_t middle = out_size.height_px / 2;
            const faceio::ResizeArgs args{picture->view, out.data(), out_size, out.stride};
            table->resize_bilinear_u8(args, middle, out_size.height_px);
            table->resize_bilinear_u8(args, 0, middle);
            CHECK(out.guards_intact());
            check_rounded(args, 0.001, faceio::ref::resize_value);
          }
        }
      }
    }
  }
}

TEST_CASE("resize_bilinear_u8: whole ratios, and rows of several runs") {
  // At whole ratios one pair of chroma may do for a position (kernels/resize_u8-inl.hpp); 129 and 300 end
  // inside a run and inside a vector. Other widths take the general way.
  for (const PixelFormat format : kFormats) {
    for (const int ratio : {1, 2, 3, 4, 6}) {
      for (const int out_width : {2, 17, 128, 129, 300}) {
        for (const int more : {0, 2}) {
          const Size in{out_width * ratio + more, 4 * ratio}, out_size{out_width, 4};
          if (!size_fits(format, in)) continue;
          const Picture picture(format, in, static_cast<size_t>(out_width % 4));
          for (const KernelTable* table : test::runnable_tables()) {
            INFO(target_name(*table), " ", name_of(format), " ", in.width_px, "x", in.height_px,
                 " to ", out_size.width_px, "x", out_size.height_px);
            Output out(out_size, 1);
            const faceio::ResizeArgs args{picture.view, out.data(), out_size, out.stride};
            table->resize_bilinear_u8(args, 0, 4);
            CHECK(out.guards_intact());
            check_rounded(args, 0.001, faceio::ref::resize_value);
          }
        }
      }
    }
  }
}

TEST_CASE("resize_bilinear_u8: the same size is a copy, the longest side does not overflow") {
  const Picture picture(PixelFormat::RGB8, Size{37, 5}, 2);
  const int32_t longest = faceio::kMaxImageSide_px;
  const Picture line(PixelFormat::GRAY8, Size{longest, 1});
  for (const KernelTable* table : test::runnable_tables()) {
    INFO(target_name(*table));
    Output out(picture.view.size, 0);
    table->resize_bilinear_u8({picture.view, out.data(), out.size, out.stride}, 0, 5);
    for (int32_t y = 0; y < 5; ++y) {
      const uint8_t* row = out.data() + static_cast<size_t>(y) * out.stride;
      CHECK(std::equal(row, row + 37 * 3, picture.view.row(y)));
    }
    Output long_out(Size{longest, 1}, 0);
    table->resize_bilinear_u8({line.view, long_out.data(), long_out.size, long_out.stride}, 0, 1);
    bool same = true;
    for (int32_t x = 0; x < longest; ++x) {
      same = same && long_out.data()[x * 3] == line.view.data[x];
    }
    CHECK(same);
    CHECK(long_out.guards_intact());
  }
}

TEST_CASE("warp_affine_u8: every format, random transforms") {
  const Size sizes[] = {{1, 1}, {2, 2}, {1, 7}, {7, 1}, {12, 10}, {64, 48}};
  for (const PixelFormat format : kFormats) {
    for (const Size in : sizes) {
      if (!size_fits(format, in)) continue;
      const Picture picture(format, in, static_cast<size_t>(in.width_px % 3));
      // Rows are made in runs of 128 pixels.
      const int32_t widths[] = {1, 10, 19, 28, 37, 46, 128, 301};
      for (size_t round = 0; round < 8; ++round) {
        const Size out_size{widths[round], 7};
        const size_t padding = round % 6;
        faceio::WarpArgs args{picture.view, {}, nullptr, out_size, 0};
        for (float& m : args.matrix) m = test::random_float(-1.5f, 1.5f);
        args.matrix[2] = test::random_float(-4.0f, static_cast<float>(in.width_px));
        args.matrix[5] = test::random_float(-4.0f, static_cast<float>(in.height_px));
        for (const KernelTable* table : test::runnable_tables()) {
          INFO(target_name(*table), " ", name_of(format), " ", in.width_px, "x", in.height_px,
               " round ", round);
          Output out(out_size, padding);
          args.out = out.data();
          args.out_stride_bytes = out.stride;
          table->warp_affine_u8(args, 3, 7);
          table->warp_affine_u8(args, 0, 3);
          CHECK(out.guards_intact());
          // Positions reach 520, so they are off by up to 1.2e-4 pixels, times 2 * 255 levels a
          // pixel.
          check_rounded(args, 0.06, faceio::ref::warp_value);
        }
      }
    }
  }
}

TEST_CASE("warp_affine_u8: positions that are not finite or far away are black") {
  const float infinity = std::numeric_limits<float>::infinity();
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (const PixelFormat format : kFormats) {
    const Picture picture(format, Size{8, 6});
    for (const float bad : {nan, infinity, -infinity, 3e38f, -3e38f, 1e9f, -1e9f}) {
      for (int at = 0; at < 6; ++at) {
        for (const KernelTable* table : test::runnable_tables()) {
          INFO(target_name(*table), " ", name_of(format), " coefficient ", at, " = ", bad);
          const Size out_size{40, 3};
          Output out(out_size, 0);
          faceio::WarpArgs args{picture.view, {1, 0, 2, 0, 1, 2}, out.data(), out_size, out.stride};
          args.matrix[at] = bad;
          table->warp_affine_u8(args, 0, 3);
          CHECK(out.guards_intact());
          // x = 39, y = 2: every coefficient counts there.
          const uint8_t* last = out.data() + 2 * out.stride + 39 * 3;
          CHECK(last[0] + last[1] + last[2] == 0);
        }
      }
    }
  }
}

TEST_CASE("picture kernels: targets of one numeric class give the same bits") {
  const Size out_sizes[] = {{150, 45}, {75, 30}, {50, 22}, {61, 97}};
  for (const PixelFormat format : kFormats) {
    const Picture picture(format, Size{150, 90}, 3);
    for (const bool fused : {false, true}) {
      std::vector<std::vector<float>> unpacked;
      std::vector<std::vector<uint8_t>> resampled;
      for (const KernelTable* table : test::runnable_tables()) {
        if (faceio::rounds_once(table->target) != fused) continue;
        test::TestMap map = test::TestMap::of(test::Pixels::close, 90, 150, 3, 0);
        table->u8_to_f32({picture.view, map.view, true, {104.0f, 117.0f, 123.1f}, 0.017f}, 0, 90);
        unpacked.emplace_back(map.view.row(0), map.view.row(0) + 90 * 150 * 3);
        std::vector<uint8_t> bytes;
        for (const Size size : out_sizes) {
          Output resized(size, 0), warped(size, 0);
          const float m[6] = {1.3f, -0.2f, 5.0f, 0.3f, 1.1f, -4.0f};
          faceio::WarpArgs warp{picture.view, {}, warped.data(), size, warped.stride};
          std::copy(m, m + 6, warp.matrix);
          table->resize_bilinear_u8({picture.view, resized.data(), size, resized.stride}, 0,
                                    size.height_px);
          table->warp_affine_u8(warp, 0, size.height_px);
          bytes.insert(bytes.end(), resized.bytes.begin(), resized.bytes.end());
          bytes.insert(bytes.end(), warped.bytes.begin(), warped.bytes.end());
        }
        resampled.push_back(bytes);
        INFO(target_name(*table), " ", name_of(format));
        CHECK(std::equal(unpacked[0].begin(), unpacked[0].end(), unpacked.back().begin()));
        CHECK(resampled[0] == resampled.back());
      }
    }
  }
}

namespace {

/// The picture of make_image_truth.py, pattern().
std::vector<uint8_t> pattern(int height, int width, int channels) {
  std::vector<uint8_t> values;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < channels; ++c) {
        values.push_back(static_cast<uint8_t>((x * 37 + y * 91 + c * 53 + x * y * 7) % 256));
      }
    }
  }
  return values;
}

int largest_difference(const uint8_t* a, const uint8_t* b, int count) {
  int largest = 0;
  for (int i = 0; i < count; ++i) largest = std::max(largest, std::abs(a[i] - b[i]));
  return largest;
}

}  // namespace

TEST_CASE("resize_bilinear_u8 and warp_affine_u8: within one grey level of OpenCV") {
  for (const KernelTable* table : test::runnable_tables()) {
    for (const truth::Case& c : truth::kResizes) {
      INFO(target_name(*table), " resize ", c.in_width, "x", c.in_height, " to ", c.out_width,
           "x", c.out_height);
      const auto pixels = pattern(c.in_height, c.in_width, 3);
      const Size in{c.in_width, c.in_height}, out_size{c.out_width, c.out_height};
      Output out(out_size, 0);
      table->resize_bilinear_u8({ImageView(pixels.data(), in, static_cast<size_t>(c.in_width) * 3,
                                           PixelFormat::RGB8),
                                 out.data(), out_size, out.stride},
                                0, c.out_height);
      CHECK(largest_difference(out.data(), c.rgb, c.out_width * c.out_height * 3) <= 1);
    }
    for (const truth::Case& c : truth::kWarps) {
      INFO(target_name(*table), " warp ", c.in_width, "x", c.in_height);
      const auto pixels = pattern(c.in_height, c.in_width, 3);
      const Size in{c.in_width, c.in_height}, out_size{c.out_width, c.out_height};
      Output out(out_size, 0);
      faceio::WarpArgs args{ImageView(pixels.data(), in, static_cast<size_t>(c.in_width) * 3,
                                      PixelFormat::RGB8),
                            {}, out.data(), out_size, out.stride};
      std::copy(c.matrix, c.matrix + 6, args.matrix);
      table->warp_affine_u8(args, 0, c.out_height);
      CHECK(largest_difference(out.data(), c.rgb, c.out_width * c.out_height * 3) <= 1);
    }
  }
}

TEST_CASE("y u v pictures: within one grey level of OpenCV") {
  const int width = truth::kYuvWidth, height = truth::kYuvHeight;
  const Size size{width, height};
  const auto planar = pattern(height * 3 / 2, width, 1);
  const auto packed = pattern(height, width * 2, 1);
  const auto stride = static_cast<size_t>(width);
  const struct {
    ImageView image;
    const uint8_t* rgb;
  } cases[] = {{ImageView(planar.data(), size, stride, PixelFormat::NV12), truth::kNv12},
               {ImageView(planar.data(), size, stride, PixelFormat::NV21), truth::kNv21},
               {ImageView(packed.data(), size, stride * 2, PixelFormat::YUYV), truth::kYuyv}};
  for (const auto& c : cases) {
    for (const KernelTable* table : test::runnable_tables()) {
      INFO(target_name(*table), " ", name_of(c.image.format));
      Output out(size, 0);  // a resize to the same size only converts
      table->resize_bilinear_u8({c.image, out.data(), size, out.stride}, 0, height);
      CHECK(largest_difference(out.data(), c.rgb, width * height * 3) <= 1);
      test::TestMap map = test::TestMap::of(test::Pixels::close, height, width, 3, 0);
      table->u8_to_f32({c.image, map.view, false, {0, 0, 0}, 1.0f}, 0, height);
      int largest = 0;
      for (int i = 0; i < width * height * 3; ++i) {
        largest = std::max(largest, std::abs(static_cast<int>(map.view.row(0)[i]) - c.rgb[i]));
      }
      CHECK(largest <= 1);
    }
  }
}
