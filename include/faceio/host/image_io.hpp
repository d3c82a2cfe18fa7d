// Pictures in and out: JPEG, PNG, BMP, binary PGM and PPM to RGB8 as displayed; RGB8 to PNG and
// JPEG.
//
// JPEG and PNG are decoded by stb (version 2.27 or newer on the include path), which stays
// invisible: see image/stb_isolated.hpp. With FACEIO_TURBOJPEG libjpeg-turbo decodes JPEG, with
// FACEIO_SPNG libspng PNG: the same functions, and the same checks before them. Define
// FACEIO_NO_IMAGE_IO to leave this header empty.
#ifndef FACEIO_HOST_IMAGE_IO_HPP
#define FACEIO_HOST_IMAGE_IO_HPP

#if !defined(FACEIO_NO_IMAGE_IO)

#include <climits>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>

#include "../files/read_file.hpp"
#include "../files/write_file.hpp"
#include "exif.hpp"
#include "image/bmp.hpp"
#include "image/jpeg_check.hpp"
#include "image/limits.hpp"
#include "image/picture.hpp"
#include "image/png_check.hpp"
#include "image/pnm.hpp"
#include "image/stb_isolated.hpp"
#if defined(FACEIO_TURBOJPEG)
#include "image/turbojpeg_decoder.hpp"
#endif
#if defined(FACEIO_SPNG)
#include "image/spng_decoder.hpp"
#endif

FACEIO_BEGIN_NAMESPACE
namespace host {

/// Why a picture could not be read: what is wrong, with which file, and what to do next.
class PictureError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

namespace detail {

/// Decodes a checked JPEG or PNG whose stored size is known to RGB8 pixels.
inline bool decode_with_stb(Span<const uint8_t> bytes, Size size, const char* format, std::vector<uint8_t>& rgb,
                            std::string& error) {
  if (bytes.size > INT_MAX / 2) {
    error = "the file is longer than 1 GiB; export a smaller picture";
    return false;
  }
  // Largest honest block: 16-bit RGBA, or the coefficients and planes of a progressive JPEG whose
  // sides are rounded up to coding units; or the compressed bytes gathered in doubling steps.
  const size_t pixels =
      (static_cast<size_t>(size.width_px) + 64) * (static_cast<size_t>(size.height_px) + 64);
  const size_t for_pixels_bytes = pixels * 16;
  const size_t for_file_bytes = bytes.size * 2 + 8192;
  stb::allocation_limit_bytes =
      for_pixels_bytes > for_file_bytes ? for_pixels_bytes : for_file_bytes;
  int width = 0;
  int height = 0;
  int channels = 0;
  struct Free {
    void operator()(uint8_t* pixels) const noexcept { stb::stbi_image_free(pixels); }
  };
  const std::unique_ptr<uint8_t, Free> owner(stb::stbi_load_from_memory(
      bytes.data, static_cast<int>(bytes.size), &width, &height, &channels, 3));
  const uint8_t* const pixels_rgb = owner.get();
  if (pixels_rgb == nullptr) {
    error = std::string("the ") + format +
            " is damaged or of an unsupported kind (decoder: " + stb::stbi_failure_reason() +
            "); export it again as a standard JPEG or PNG";
    return false;
  }
  if (width != size.width_px || height != size.height_px) {
    error = std::string("the ") + format + " states two sizes; copy or export it again";
    return false;
  }
  rgb.assign(pixels_rgb, pixels_rgb + static_cast<size_t>(width) * static_cast<size_t>(height) * 3);
  return true;
}

/// `picture` from its stored pixels, which it holds already.
inline bool displayed(Picture& picture, Size stored, int32_t orientation) {
  picture.size = stored;
  picture.exif_orientation = 1;
  apply_orientation(picture, orientation);
  return true;
}

inline bool decode_jpeg(Span<const uint8_t> bytes, const ReadLimits& limits, Picture& picture,
                        std::string& error) {
  Size size;
  if (!JpegCheck(limits, error).run(bytes, size)) return false;
#if defined(FACEIO_TURBOJPEG)
  if (!decode_with_turbojpeg(bytes, size, picture.rgb, error)) return false;
#else
  if (!decode_with_stb(bytes, size, "JPEG", picture.rgb, error)) return false;
#endif
  return displayed(picture, size, exif_orientation(bytes));
}


inline bool decode_png(Span<const uint8_t> bytes, const ReadLimits& limits, Picture& picture,
                       std::string& error) {
  Size size;
  size_t palette_at = 0;
  if (!check_png(bytes, limits, size, palette_at, error)) return false;
#if defined(FACEIO_SPNG)
  if (!decode_with_spng(bytes, size, picture.rgb, error)) return false;
#else
  std::vector<uint8_t> full;
  if (palette_at != 0) full = with_full_palette(bytes, palette_at);
  const Span<const uint8_t> whole = palette_at != 0 ? Span<const uint8_t>(full.data(), full.size()) : bytes;
  if (!decode_with_stb(whole, size, "PNG", picture.rgb, error)) return false;
#endif
  return displayed(picture, size, exif_orientation(bytes));
}

/// A sentence for bytes that are none of the formats read here; names the format when it is known.
inline std::string unknown_format(Span<const uint8_t> bytes) {
  const char* known = nullptr;
  if (starts_with(bytes, "GIF8", 4)) known = "GIF";
  if (starts_with(bytes, "RIFF", 4)) known = "WebP or another RIFF format";
  if (starts_with(bytes, "II*\0", 4) || starts_with(bytes, "MM\0*", 4))
    known = "TIFF or camera raw";
  if (bytes.size >= 8 && std::memcmp(bytes.data + 4, "ftyp", 4) == 0) known = "HEIC, AVIF or video";
  if (bytes.size >= 3 && bytes[0] == 'P' && bytes[1] >= '1' && bytes[1] <= '7') {
    known = "text, bitmap or PAM kind of PNM";
  }
  if (known != nullptr) return std::string(known) + " is not read; convert it to PNG or JPEG";
  bool text = true;
  for (size_t i = 0; i < bytes.size && i < 64; ++i) {
    const uint8_t c = bytes[i];
    text = text && c != 0x7F && (c >= 0x20 || (c >= '\t' && c <= '\r'));
  }
  return text ? "this is a text file, not a picture; pass a JPEG, PNG, BMP, PGM or PPM file"
              : "this is no picture format known here; pass a JPEG, PNG, BMP, PGM or PPM file";
}

}  // namespace detail

/// Decodes a whole JPEG, PNG, BMP, PGM (P5) or PPM (P6) file in memory into RGB8, turned as its
/// Exif orientation says. Grey becomes r = g = b; alpha is dropped, not blended; 16-bit PNG keeps
/// its high bytes; other largest values of PNM are scaled to 255; CMYK and YCCK JPEG with an Adobe
/// segment are converted without a colour profile; embedded profiles are ignored. False: `picture`
/// is unspecified and `error` is one sentence. Files that end early, and PNG files whose critical
/// chunks fail their checksum, are errors. Damage inside the entropy-coded data of a JPEG of full
/// length is noticed only where it makes an impossible code. Thread-safe. May throw std::bad_alloc.
inline bool try_decode_picture(Span<const uint8_t> bytes, Picture& picture, std::string& error,
                               const ReadLimits& limits = {}) {
  if (bytes.empty()) {
    error = "the file is empty; copy or download it again";
    return false;
  }
  if (bytes.size > limits.max_file_bytes) {
    error = "the file is longer than the limit of " + std::to_string(limits.max_file_bytes) +
            " bytes; use a smaller file (programs: raise ReadLimits::max_file_bytes)";
    return false;
  }
  if (detail::is_jpeg(bytes)) return detail::decode_jpeg(bytes, limits, picture, error);
  if (detail::is_png(bytes)) return detail::decode_png(bytes, limits, picture, error);
  if (detail::starts_with(bytes, "BM", 2)) return detail::decode_bmp(bytes, limits, picture, error);
  const bool pnm = detail::starts_with(bytes, "P5", 2) || detail::starts_with(bytes, "P6", 2);
  if (pnm) return detail::decode_pnm(bytes, limits, picture, error);
  error = detail::unknown_format(bytes);
  return false;
}

/// Reads and decodes the picture file at `path`; see try_decode_picture. `error` starts with the
/// path.
inline bool try_read_picture(const std::string& path, Picture& picture, std::string& error,
                             const ReadLimits& limits = {}) {
  std::vector<uint8_t> bytes;
  if (!files::read_file(path, limits.max_file_bytes, bytes, error)) return false;
  if (try_decode_picture(Span<const uint8_t>(bytes.data(), bytes.size()), picture, error, limits)) {
    return true;
  }
  error = path + ": " + error;
  return false;
}

#if defined(__cpp_exceptions)
/// try_decode_picture that throws PictureError.
inline Picture decode_picture(Span<const uint8_t> bytes, const ReadLimits& limits = {}) {
  Picture picture;
  std::string error;
  if (!try_decode_picture(bytes, picture, error, limits)) throw PictureError(error);
  return picture;
}

/// try_read_picture that throws PictureError.
inline Picture read_picture(const std::string& path, const ReadLimits& limits = {}) {
  Picture picture;
  std::string error;
  if (!try_read_picture(path, picture, error, limits)) throw PictureError(error);
  return picture;
}
#endif

namespace detail {

inline void append_part(void* context, void* data, int size_bytes) {
  const auto* part = static_cast<const uint8_t*>(data);
  auto* bytes = static_cast<std::vector<uint8_t>*>(context);
  bytes->insert(bytes->end(), part, part + size_bytes);
}

enum class WriteFormat : uint8_t { png, jpg };

inline bool encode_picture(const Picture& picture, WriteFormat format, int quality,
                           std::vector<uint8_t>& bytes, std::string& error) {
  const Size size = picture.size;
  const uint64_t rgb_bytes =
      size.width_px > 0 && size.height_px > 0
          ? static_cast<uint64_t>(size.width_px) * static_cast<uint64_t>(size.height_px) * 3
          : 0;
  if (rgb_bytes == 0 || rgb_bytes > INT_MAX / 2 || rgb_bytes != picture.rgb.size()) {
    error =
        "the picture to write is empty, too large, or has another number of bytes than its size says";
    return false;
  }
  // JPEG states sides in 16 bits.
  if (format == WriteFormat::jpg && (size.width_px > 65535 || size.height_px > 65535)) {
    error = "JPEG holds at most 65535 pixels a side; write a PNG";
    return false;
  }
  bytes.clear();
  const int done = format == WriteFormat::png
                       ? stb::stbi_write_png_to_func(append_part, &bytes, size.width_px,
                                                     size.height_px, 3, picture.rgb.data(),
                                                     3 * size.width_px)
                       : stb::stbi_write_jpg_to_func(append_part, &bytes, size.width_px,
                                                     size.height_px, 3, picture.rgb.data(), quality);
  if (done == 0) error = "the picture could not be encoded; is there enough memory?";
  return done != 0;
}

inline bool write_picture(const std::string& path, const Picture& picture, WriteFormat format,
                          int quality, std::string& error) {
  std::vector<uint8_t> bytes;
  if (!encode_picture(picture, format, quality, bytes, error)) {
    error = path + ": " + error;
    return false;
  }
  return files::write_file(path, {bytes.data(), bytes.size()}, error);
}

}  // namespace detail

/// `picture` as the bytes of a JPEG of quality 1..100. False: `error` says what is wrong. Thread-safe.
inline bool encode_jpg(const Picture& picture, std::vector<uint8_t>& bytes, std::string& error,
                       int quality = 92) {
  return detail::encode_picture(picture, detail::WriteFormat::jpg, quality, bytes, error);
}

/// Writes `picture` as an RGB PNG. False: `error` says what is wrong with which path. Thread-safe.
inline bool write_png(const std::string& path, const Picture& picture, std::string& error) {
  return detail::write_picture(path, picture, detail::WriteFormat::png, 0, error);
}

/// Writes `picture` as a JPEG of quality 1..100. False: `error` says what is wrong with which path.
/// Thread-safe.
inline bool write_jpg(const std::string& path, const Picture& picture, std::string& error,
                      int quality = 92) {
  return detail::write_picture(path, picture, detail::WriteFormat::jpg, quality, error);
}

}  // namespace host
FACEIO_END_NAMESPACE

#endif  // !FACEIO_NO_IMAGE_IO

#endif  // FACEIO_HOST_IMAGE_IO_HPP
