// What a JPEG must satisfy before it is handed to the decoder.
//
// The decoder answers missing data with grey or leftover pixels and no error, so completeness is
// established here: an end marker, every component scanned, and no restart marker missing.
#ifndef FACEIO_HOST_IMAGE_JPEG_CHECK_HPP
#define FACEIO_HOST_IMAGE_JPEG_CHECK_HPP

#include "limits.hpp"
#include "segments.hpp"

FACEIO_BEGIN_NAMESPACE
namespace host {
namespace detail {

/// One pass over the markers of a JPEG.
class JpegCheck {
 public:
  JpegCheck(const ReadLimits& limits, std::string& error) : limits_(limits), error_(error) {}

  /// False: `error` says why this JPEG is not decoded. True: `size` is its stored size.
  bool run(Span<const uint8_t> bytes, Size& size) {
    JpegMarkers markers(bytes);
    for (;;) {
      switch (markers.next()) {
        case JpegMarkers::Step::truncated:
          return fail("the JPEG ends after " + std::to_string(bytes.size) +
                      " bytes, before its end marker; copy or download it again");
        case JpegMarkers::Step::damaged:
          return fail("the JPEG has a segment of impossible length; copy or export it again");
        case JpegMarkers::Step::end_of_image: return finish(size);
        default: break;  // a segment
      }
      const Span<const uint8_t> payload = markers.payload();
      const uint8_t marker = markers.marker();
      if (marker == JpegMarkers::kStartOfScan) {
        if (!on_scan(payload, markers.skip_scan())) return false;
      } else if (marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 &&
                 marker != 0xCC) {
        if (!on_frame(marker, payload)) return false;
      } else if (marker == 0xC4) {
        if (!on_huffman_tables(payload)) return false;
      } else if (marker == 0xDD && payload.size >= 2) {
        restart_interval_ = read_be16(payload.data);
      } else if (marker == 0xEE && payload.size >= 12 && starts_with(payload, "Adobe", 5)) {
        adobe_ = true;
      }
    }
  }

 private:
  struct Component {
    uint8_t id = 0;
    uint32_t horizontal = 1;  // sampling factors, 1..4
    uint32_t vertical = 1;
    bool scanned = false;
  };

  bool fail(std::string sentence) {
    error_ = std::move(sentence);
    return false;
  }

  bool on_frame(uint8_t marker, Span<const uint8_t> payload) {
    const char* next = "; convert it to a baseline JPEG or a PNG";
    if (marker >= 0xC9) return fail(std::string("arithmetic-coded JPEG is not supported") + next);
    if (marker == 0xC3 || marker == 0xC7)
      return fail(std::string("lossless JPEG is not supported") + next);
    if (marker > 0xC2) return fail(std::string("hierarchical JPEG is not supported") + next);
    if (components_ != 0)
      return fail("the JPEG has two frame headers; it is damaged, export it again");
    if (payload.size < 6)
      return fail("the JPEG frame header is too short; copy or export it again");
    if (payload[0] != 8) {
      return fail("JPEG with " + std::to_string(payload[0]) + " bits a sample is not supported" +
                  next);
    }
    height_ = read_be16(payload.data + 1);
    width_ = read_be16(payload.data + 3);
    if (!check_size(width_, height_, limits_, error_)) return false;
    const size_t count = payload[5];
    if (count != 1 && count != 3 && count != 4) {
      return fail("JPEG with " + std::to_string(count) + " components is not supported" + next);
    }
    if (payload.size < 6 + 3 * count) {
      return fail("the JPEG frame header is too short; copy or export it again");
    }
    for (size_t i = 0; i < count; ++i) {
      const uint8_t* entry = payload.data + 6 + 3 * i;
      Component& component = component_[i];
      component.id = entry[0];
      component.horizontal = entry[1] >> 4;
      component.vertical = entry[1] & 15u;
      if (component.horizontal < 1 || component.horizontal > 4 || component.vertical < 1 ||
          component.vertical > 4) {
        return fail("the JPEG has an impossible sampling factor; copy or export it again");
      }
      if (component.horizontal > max_horizontal_) max_horizontal_ = component.horizontal;
      if (component.vertical > max_vertical_) max_vertical_ = component.vertical;
    }
    components_ = count;
    progressive_ = marker == 0xC2;
    return true;
  }

  /// stb 2.27 writes past its tables when a Huffman table states more than 256 codes.
  bool on_huffman_tables(Span<const uint8_t> payload) {
    constexpr size_t kCounts_bytes = 17;  // class and number, then codes of length 1 to 16
    size_t position = 0;
    while (position < payload.size) {
      size_t codes = 0;
      bool good = payload.size - position >= kCounts_bytes;
      for (size_t i = 1; good && i < kCounts_bytes; ++i) codes += payload[position + i];
      good = good && codes <= 256 && payload.size - position - kCounts_bytes >= codes;
      if (!good) return fail("the JPEG has an impossible Huffman table; copy or export it again");
      position += kCounts_bytes + codes;
    }
    return true;
  }

  bool on_scan(Span<const uint8_t> payload, size_t restarts) {
    const char* damaged = "the JPEG has a damaged scan header; copy or export it again";
    if (components_ == 0 || payload.empty()) return fail(damaged);
    // A scan costs a pass over the whole picture; encoders write about ten, attacks write
    // thousands.
    if (++scans_ > kMaxScans) {
      return fail("the JPEG has more than " + std::to_string(kMaxScans) +
                  " scans; export it again as a baseline JPEG");
    }
    const size_t count = payload[0];
    if (count < 1 || count > components_ || payload.size < 4 + 2 * count) return fail(damaged);
    const uint8_t spectral_start = payload[1 + 2 * count];
    const uint8_t refinement = payload[3 + 2 * count] >> 4;
    const bool first_look = !progressive_ || (spectral_start == 0 && refinement == 0);
    const Component* only = nullptr;
    for (size_t i = 0; i < count; ++i) {
      Component* match = nullptr;
      for (size_t c = 0; c < components_; ++c) {
        const bool same = component_[c].id == payload[1 + 2 * i];
        if (same && match == nullptr) match = &component_[c];  // the first, as the decoder chooses
      }
      if (match == nullptr) return fail(damaged);
      match->scanned = match->scanned || first_look;
      only = match;
    }
    if (restart_interval_ == 0) return true;
    const uint64_t units = count == 1 ? blocks_of(*only) : interleaved_units();
    const uint64_t intervals = (units + restart_interval_ - 1) / restart_interval_;
    if (restarts + 1 < intervals) {
      return fail("the JPEG lacks " + std::to_string(intervals - 1 - restarts) +
                  " of its restart markers, so part of the picture is missing; copy it again");
    }
    return true;
  }

  static uint64_t divide_up(uint64_t value, uint64_t divisor) {
    return (value + divisor - 1) / divisor;
  }

  /// Coded units of a scan of several components: blocks of 8 x 8 times the largest sampling
  /// factors.
  uint64_t interleaved_units() const {
    return divide_up(width_, 8 * max_horizontal_) * divide_up(height_, 8 * max_vertical_);
  }
  /// Coded units of a scan of one component: its own 8 x 8 blocks.
  uint64_t blocks_of(const Component& component) const {
    return divide_up(divide_up(width_ * component.horizontal, max_horizontal_), 8) *
           divide_up(divide_up(height_ * component.vertical, max_vertical_), 8);
  }

  bool finish(Size& size) {
    if (components_ == 0) return fail("the JPEG holds no picture; copy or export it again");
    for (size_t i = 0; i < components_; ++i) {
      if (!component_[i].scanned) {
        return fail("the JPEG lacks the data of colour component " + std::to_string(i + 1) +
                    "; copy or export it again");
      }
    }
    // Without Adobe's marker nobody knows whether ink is stored inverted.
    if (components_ == 4 && !adobe_) {
      return fail(
          "the JPEG has four colour components and does not say which (no Adobe segment); "
          "convert it to RGB");
    }
    size = Size{static_cast<int32_t>(width_), static_cast<int32_t>(height_)};
    return true;
  }

  static constexpr int kMaxScans = 100;

  const ReadLimits& limits_;
  std::string& error_;
  Component component_[4];
  size_t components_ = 0;
  uint64_t width_ = 0;
  uint64_t height_ = 0;
  uint64_t max_horizontal_ = 1;
  uint64_t max_vertical_ = 1;
  uint64_t restart_interval_ = 0;
  int scans_ = 0;
  bool progressive_ = false;
  bool adobe_ = false;
};

}  // namespace detail
}  // namespace host
FACEIO_END_NAMESPACE

#endif  // FACEIO_HOST_IMAGE_JPEG_CHECK_HPP
