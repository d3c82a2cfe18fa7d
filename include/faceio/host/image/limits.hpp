// How large a picture may be, checked from its header before any pixel memory is taken.
#ifndef FACEIO_HOST_IMAGE_LIMITS_HPP
#define FACEIO_HOST_IMAGE_LIMITS_HPP

#include <string>

#include "../../core/image_view.hpp"

FACEIO_BEGIN_NAMESPACE
namespace host {

/// Decoding takes about 8 bytes a pixel at its peak (16 for pictures with 16 bits a channel).
struct ReadLimits {
  uint64_t max_pixels = 100'000'000;
  size_t max_file_bytes = size_t{256} << 20;
};

namespace detail {

inline std::string size_text(uint64_t width_px, uint64_t height_px) {
  return std::to_string(width_px) + "x" + std::to_string(height_px);
}

/// False: `error` says which limit a picture of this size breaks.
inline bool check_size(uint64_t width_px, uint64_t height_px, const ReadLimits& limits,
                       std::string& error) {
  constexpr auto kSide_px = static_cast<uint64_t>(kMaxImageSide_px);
  if (width_px == 0 || height_px == 0) {
    error = "the picture has zero width or height (" + size_text(width_px, height_px) +
            "); it is damaged, copy or export it again";
    return false;
  }
  if (width_px > kSide_px || height_px > kSide_px) {
    error = "the picture is " + size_text(width_px, height_px) + " pixels and no side may exceed " +
            std::to_string(kSide_px) + "; scale it down or cut it into tiles";
    return false;
  }
  if (width_px * height_px > limits.max_pixels) {
    error = "the picture has " + size_text(width_px, height_px) + " pixels and the limit is " +
            std::to_string(limits.max_pixels) + "; scale it down (programs: raise ReadLimits::max_pixels)";
    return false;
  }
  return true;
}

}  // namespace detail
}  // namespace host
FACEIO_END_NAMESPACE

#endif  // FACEIO_HOST_IMAGE_LIMITS_HPP
