// A checked PNG by libspng, for programs that define FACEIO_SPNG and link with -lspng.
#ifndef FACEIO_HOST_IMAGE_SPNG_DECODER_HPP
#define FACEIO_HOST_IMAGE_SPNG_DECODER_HPP

#include <spng.h>

#include <memory>
#include <string>
#include <vector>

#include "limits.hpp"

FACEIO_BEGIN_NAMESPACE
namespace host {
namespace detail {

/// RGB8 pixels of a PNG that check_png has let through.
inline bool decode_with_spng(Span<const uint8_t> bytes, Size size, std::vector<uint8_t>& rgb, std::string& error) {
  struct Free {
    void operator()(spng_ctx* context) const noexcept { spng_ctx_free(context); }
  };
  const std::unique_ptr<spng_ctx, Free> owner(spng_ctx_new(0));
  spng_ctx* const context = owner.get();
  const auto fail = [&error](int code) {
    error = std::string("the PNG is damaged or of an unsupported kind (decoder: ") + spng_strerror(code) +
            "); export it again as a standard JPEG or PNG";
    return false;
  };
  // Without memory there is no context; what follows says so.
  static_cast<void>(spng_set_png_buffer(context, bytes.data, bytes.size));
  size_t rgb_bytes = 0;
  int code = spng_decoded_image_size(context, SPNG_FMT_RGB8, &rgb_bytes);
  if (code != 0) return fail(code);
  if (rgb_bytes != static_cast<size_t>(size.width_px) * static_cast<size_t>(size.height_px) * 3) {
    error = "the PNG states two sizes; copy or export it again";
    return false;
  }
  rgb.resize(rgb_bytes);
  code = spng_decode_image(context, rgb.data(), rgb.size(), SPNG_FMT_RGB8, 0);
  if (code != 0) return fail(code);
  return true;
}

}  // namespace detail
}  // namespace host
FACEIO_END_NAMESPACE

#endif  // FACEIO_HOST_IMAGE_SPNG_DECODER_HPP
