// JPEG against Pillow, and JPEG that must be refused.
#include <algorithm>

#include "fixtures.hpp"
#include "host_support.hpp"

using namespace host_support;

namespace {

/// Offset of the first marker FF `code`.
size_t marker_at(const Bytes& jpeg, uint8_t code) {
  for (size_t i = 2; i + 1 < jpeg.size(); ++i) {
    if (jpeg[i] == 0xFF && jpeg[i + 1] == code) return i;
  }
  REQUIRE(false);
  return 0;
}

template <size_t kFile, size_t kPixels>
void check_like_pillow(const uint8_t (&file)[kFile], const uint8_t (&pixels)[kPixels],
                       faceio::Size size) {
  const Outcome outcome = decode(bytes_of(file));
  CAPTURE(outcome.error);
  REQUIRE(outcome.ok);
  CHECK(outcome.picture.size == size);
  // Two integer inverse transforms and colour conversions differ by rounding.
  CHECK(largest_difference(outcome.picture.rgb, bytes_of(pixels)) <= 3);
}

Bytes segment(uint8_t marker, const Bytes& payload) {
  const size_t length_bytes = payload.size() + 2;
  Bytes bytes{0xFF, marker, static_cast<uint8_t>(length_bytes >> 8), static_cast<uint8_t>(length_bytes)};
  bytes.resize(2 + length_bytes);
  std::copy(payload.begin(), payload.end(), bytes.begin() + 4);
  return bytes;
}

/// `jpeg` with another segment before its first one of kind `marker`.
Bytes with_segment_before(Bytes jpeg, uint8_t marker, const Bytes& more) {
  jpeg.insert(jpeg.begin() + static_cast<ptrdiff_t>(marker_at(jpeg, marker)), more.begin(), more.end());
  return jpeg;
}

Bytes without_range(Bytes bytes, size_t first, size_t count) {
  const auto begin = bytes.begin() + static_cast<ptrdiff_t>(first);
  bytes.erase(begin, begin + static_cast<ptrdiff_t>(count));
  return bytes;
}

}  // namespace

TEST_CASE("JPEG kinds decode to the pixels that Pillow shows") {
  check_like_pillow(fixtures::baseline, fixtures::baseline_rgb, {20, 12});
  check_like_pillow(fixtures::progressive, fixtures::progressive_rgb, {20, 12});
  check_like_pillow(fixtures::restarts, fixtures::restarts_rgb, {20, 12});
  check_like_pillow(fixtures::grey, fixtures::grey_rgb, {20, 12});
  check_like_pillow(fixtures::cmyk, fixtures::cmyk_rgb, {16, 8});
  check_like_pillow(fixtures::ycck, fixtures::ycck_rgb, {16, 8});
}

TEST_CASE("four components of unknown meaning are refused") {
  const Bytes jpeg = bytes_of(fixtures::cmyk_without_adobe);
  check_refused(jpeg, "four colour components");
  // Neither twelve bytes of somebody else's, nor the beginning of Adobe's.
  for (const Bytes& payload : {Bytes(12, 'A'), Bytes{'A', 'd', 'o', 'b', 'e'}}) {
    Bytes more = segment(0xEE, payload);
    more.insert(more.begin(), {0xFF, 0xD8});
    more.insert(more.end(), jpeg.begin() + 2, jpeg.end());
    check_refused(more, "four colour components");
  }
}

TEST_CASE("a JPEG cut at any byte is an error") {
  for (const Bytes& jpeg : {bytes_of(fixtures::baseline), bytes_of(fixtures::progressive),
                            bytes_of(fixtures::restarts), bytes_of(fixtures::cmyk)}) {
    for (size_t count = 0; count < jpeg.size(); ++count) {
      const Outcome outcome =
          decode(Bytes(jpeg.begin(), jpeg.begin() + static_cast<ptrdiff_t>(count)));
      CAPTURE(count);
      REQUIRE_FALSE(outcome.ok);
      REQUIRE_FALSE(outcome.error.empty());
    }
    Bytes longer = jpeg;
    append(longer, {0, 1, 2, 3});  // bytes after the end marker are nobody's business
    CHECK(decode(longer).ok);
  }
}

TEST_CASE("a JPEG cut short and given an end marker lacks restart markers") {
  const Bytes jpeg = bytes_of(fixtures::restarts);
  const size_t restart = marker_at(jpeg, 0xD0);
  Bytes half(jpeg.begin(), jpeg.begin() + static_cast<ptrdiff_t>(restart));
  append(half, {0xFF, 0xD9});
  check_refused(half, "restart markers");
}

TEST_CASE("any changed byte of a JPEG gives an error or a picture, never a crash") {
  for (const Bytes& jpeg : {bytes_of(fixtures::baseline), bytes_of(fixtures::progressive)}) {
    for (size_t i = 0; i < jpeg.size(); ++i) {
      for (const uint8_t value :
           {uint8_t{0}, uint8_t{0xFF}, static_cast<uint8_t>(jpeg[i] ^ 0x10)}) {
        Bytes changed = jpeg;
        changed[i] = value;
        faceio::host::ReadLimits limits;
        limits.max_pixels = 1'000'000;
        const Outcome outcome = decode(changed, limits);
        REQUIRE(outcome.ok == outcome.error.empty());
      }
    }
  }
}

TEST_CASE("damaged JPEG decodes to the same pixels every time") {
  Bytes jpeg = bytes_of(fixtures::baseline);
  const size_t data = marker_at(jpeg, 0xDA) + 20;
  jpeg[data] ^= 0x55;
  const Outcome first = decode(jpeg);
  const Outcome second = decode(jpeg);
  CHECK(first.ok == second.ok);
  CHECK(first.picture.rgb == second.picture.rgb);
}

TEST_CASE("kinds of JPEG that are not supported are named") {
  const Bytes jpeg = bytes_of(fixtures::baseline);
  const size_t frame = marker_at(jpeg, 0xC0);
  const auto with_byte = [&](size_t at, uint8_t value) {
    Bytes changed = jpeg;
    changed[frame + at] = value;
    return changed;
  };
  check_refused(with_byte(1, 0xC9), "arithmetic-coded");
  check_refused(with_byte(1, 0xC3), "lossless");
  check_refused(with_byte(1, 0xC7), "lossless");
  check_refused(with_byte(1, 0xC5), "hierarchical");
  check_refused(with_byte(4, 12), "12 bits a sample");
  check_refused(with_byte(9, 2), "2 components");
  check_refused(with_byte(11, 0x52), "sampling factor");
  check_refused(with_byte(11, 0x01), "sampling factor");
  check_refused(with_byte(11, 0x10), "sampling factor");
  check_refused(with_byte(11, 0x15), "sampling factor");
  CHECK_FALSE(contains(decode(with_byte(11, 0x44)).error, "sampling factor"));
  check_refused(with_byte(16, 2), "damaged scan header");  // two components have number 2, and none number 3
  check_refused(with_segment_before(jpeg, 0xC0, segment(0xC0, {8, 0, 8, 0, 8})), "frame header is too short");
  check_refused(with_segment_before(jpeg, 0xC0, segment(0xC0, {8, 0, 8, 0, 8, 1, 1, 0x11})), "frame header is too short");
  check_refused(with_byte(10, 2), "damaged scan header");  // two components have number 2
  Bytes empty = jpeg;
  empty[frame + 5] = empty[frame + 6] = 0;
  check_refused(empty, "zero width or height");

  Bytes two_frames = jpeg;
  const Bytes header(jpeg.begin() + static_cast<ptrdiff_t>(frame),
                     jpeg.begin() + static_cast<ptrdiff_t>(frame) + 19);
  two_frames.insert(two_frames.begin() + static_cast<ptrdiff_t>(frame), header.begin(),
                    header.end());
  check_refused(two_frames, "two frame headers");
  check_refused(without_range(jpeg, frame, 19), "damaged scan header");
  check_refused({0xFF, 0xD8, 0xFF, 0xD9}, "holds no picture");
  check_refused({0xFF, 0xD8, 0xFF, 0xE0, 0, 1, 0xFF, 0xD9}, "impossible length");
}

TEST_CASE("a scan header that is shorter than what it states is refused") {
  const Bytes jpeg = bytes_of(fixtures::baseline);
  const size_t frame = marker_at(jpeg, 0xC0), scan = marker_at(jpeg, 0xDA);
  Bytes head(jpeg.begin(), jpeg.begin() + static_cast<ptrdiff_t>(scan));
  REQUIRE(frame < scan);
  for (const Bytes& payload : {Bytes{}, Bytes{3, 1, 0, 2, 0x11, 3, 0x11, 0, 63}, Bytes{1, 1, 0}}) {
    Bytes cut = head;
    append(cut, segment(0xDA, payload));
    append(cut, {0xFF, 0xD9});
    check_refused(cut, "damaged scan header");
  }
}

TEST_CASE("segments that say nothing change nothing, or are refused") {
  const Bytes jpeg = bytes_of(fixtures::baseline);
  const Bytes pixels = decode(jpeg).picture.rgb;
  const Bytes comment(60000, 'x');
  for (const Bytes& more : {segment(0xE1, {}), segment(0xEE, {}), segment(0xEE, Bytes(12, 'A')), segment(0xFE, comment)}) {
    Bytes changed = jpeg;
    for (int i = 0; i < 2; ++i) changed.insert(changed.begin() + 2, more.begin(), more.end());
    const Outcome outcome = decode(changed);
    CAPTURE(outcome.error);
    REQUIRE(outcome.ok);
    CHECK(outcome.picture.rgb == pixels);
  }
  // Markers that no decoder has to know, and a restart interval of no bytes.
  for (const Bytes& more : {segment(0xB5, {1}), segment(0xC8, {1}), segment(0xCC, {1}), segment(0xDD, {}), Bytes{0xFF, 0x01}}) {
    Bytes changed = jpeg;
    changed.insert(changed.begin() + 2, more.begin(), more.end());
    const Outcome outcome = decode(changed);
    CHECK((outcome.ok ? outcome.picture.rgb == pixels : !outcome.error.empty()));
  }
}

TEST_CASE("restart markers are counted in scans of one component too") {
  // 20 x 12 pixels are six blocks.
  const Bytes jpeg = with_segment_before(bytes_of(fixtures::grey), 0xDA, segment(0xDD, {0, 1}));
  check_refused(jpeg, "lacks 5 of its restart markers");
}

TEST_CASE("Huffman tables with more codes than bytes, or than there are symbols, are refused") {
  Bytes jpeg = bytes_of(fixtures::baseline);
  const size_t table = marker_at(jpeg, 0xC4);
  for (size_t i = 0; i < 16; ++i) jpeg[table + 5 + i] = 255;
  check_refused(jpeg, "Huffman table");

  // 257 codes of 16 bits and less, all of them present.
  Bytes segment{0xFF, 0xC4};
  append_be(segment, 2 + 17 + 257, 2);
  segment.push_back(0);
  Bytes counts(16, 0);
  counts[15] = 255;
  counts[14] = 2;
  append(segment, counts);
  append(segment, Bytes(257, 1));
  jpeg = bytes_of(fixtures::baseline);
  jpeg.insert(jpeg.begin() + 2, segment.begin(), segment.end());
  check_refused(jpeg, "Huffman table");
}

TEST_CASE("a JPEG with thousands of scans is refused") {
  const Bytes jpeg = bytes_of(fixtures::progressive);
  const size_t scan = marker_at(jpeg, 0xDA);
  Bytes flood(jpeg.begin(), jpeg.begin() + static_cast<ptrdiff_t>(scan));
  const size_t header_bytes = 2u + (size_t{jpeg[scan + 2]} << 8) + jpeg[scan + 3];
  for (int i = 0; i < 2000; ++i) {
    append(flood, Bytes(jpeg.begin() + static_cast<ptrdiff_t>(scan),
                        jpeg.begin() + static_cast<ptrdiff_t>(scan + header_bytes)));
  }
  append(flood, {0xFF, 0xD9});
  check_refused(flood, "scans");
}

TEST_CASE("a JPEG that lacks a component is refused") {
  // The progressive file codes components in separate scans after the first; drop the first one.
  const Bytes jpeg = bytes_of(fixtures::progressive);
  const size_t first = marker_at(jpeg, 0xDA);
  size_t next = first + 2;
  while (!(jpeg[next] == 0xFF && jpeg[next + 1] != 0 &&
           !(jpeg[next + 1] >= 0xD0 && jpeg[next + 1] <= 0xD7)))
    ++next;
  check_refused(without_range(jpeg, first, next - first), "lacks the data of colour component");
}

TEST_CASE("the pixel budget is checked before decoding") {
  Bytes jpeg = bytes_of(fixtures::baseline);
  const size_t frame = marker_at(jpeg, 0xC0);
  for (size_t i = 5; i < 9; ++i) jpeg[frame + i] = 0x7F;  // 32639 x 32639
  check_refused(jpeg, "max_pixels");
  for (size_t i = 5; i < 9; ++i) jpeg[frame + i] = 0xFF;  // 65535 x 65535
  check_refused(jpeg, "no side may exceed 32768");
  faceio::host::ReadLimits limits;
  limits.max_pixels = 20 * 12;
  CHECK(decode(bytes_of(fixtures::baseline), limits).ok);
  limits.max_pixels = 20 * 12 - 1;
  check_refused(bytes_of(fixtures::baseline), "the limit is 239", limits);
}
