// A checked JPEG by libjpeg-turbo, for programs that define FACEIO_TURBOJPEG and link with -lturbojpeg.
#ifndef FACEIO_HOST_IMAGE_TURBOJPEG_DECODER_HPP
#define FACEIO_HOST_IMAGE_TURBOJPEG_DECODER_HPP

#include <turbojpeg.h>

#include <memory>
#include <string>
#include <vector>

#include "limits.hpp"

FACEIO_BEGIN_NAMESPACE
namespace host {
namespace detail {

/// RGB8 pixels of a JPEG that JpegCheck has let through. Anything that the decoder warns of is an error. CMYK and YCCK become
/// RGB without a colour profile; Adobe stores them inverted, and JpegCheck lets no others through.
inline bool decode_with_turbojpeg(Span<const uint8_t> bytes, Size size, std::vector<uint8_t>& rgb, std::string& error) {
  struct Destroy {
    void operator()(void* handle) const noexcept { tjDestroy(handle); }
  };
  const std::unique_ptr<void, Destroy> owner(tjInitDecompress());
  const tjhandle handle = owner.get();
  const auto fail = [&] {
    error = std::string("the JPEG is damaged or of an unsupported kind (decoder: ") + tjGetErrorStr2(handle) +
            "); export it again as a standard JPEG or PNG";
    return false;
  };
  int width = 0, height = 0, subsampling = 0, colours = 0;
  const auto file_bytes = static_cast<unsigned long>(bytes.size);
  // Without memory there is no handle, which this says too.
  if (tjDecompressHeader3(handle, bytes.data, file_bytes, &width, &height, &subsampling, &colours) != 0) return fail();
  if (width != size.width_px || height != size.height_px) {
    error = "the JPEG states two sizes; copy or export it again";
    return false;
  }
  const bool four = colours == TJCS_CMYK || colours == TJCS_YCCK;
  const size_t pixels = static_cast<size_t>(width) * static_cast<size_t>(height);
  std::vector<uint8_t> cmyk(four ? pixels * 4 : 0);
  rgb.resize(pixels * 3);
  if (tjDecompress2(handle, bytes.data, file_bytes, four ? cmyk.data() : rgb.data(), width, 0, height,
                    four ? TJPF_CMYK : TJPF_RGB, TJFLAG_ACCURATEDCT) != 0) {
    return fail();
  }
  for (size_t i = 0; four && i < pixels; ++i) {
    for (size_t c = 0; c < 3; ++c) {
      rgb[3 * i + c] = static_cast<uint8_t>((cmyk[4 * i + c] * cmyk[4 * i + 3] + 127) / 255);
    }
  }
  return true;
}

}  // namespace detail
}  // namespace host
FACEIO_END_NAMESPACE

#endif  // FACEIO_HOST_IMAGE_TURBOJPEG_DECODER_HPP
