// Small JPEG cut-outs of pictures.
#ifndef FACEIO_CLI_EVAL_THUMBNAIL_HPP
#define FACEIO_CLI_EVAL_THUMBNAIL_HPP

#include <faceio/host/image/picture.hpp>
#include <faceio/vision/geometry.hpp>

#include <cstdint>
#include <vector>

namespace cli {

/// The whole picture as a JPEG whose longer side has `side_px` pixels. Throws InputError.
std::vector<uint8_t> thumbnail(const faceio::host::Picture& picture, int32_t side_px);

/// A square around `box` with its side again on each side of it, `side_px` pixels wide, the box drawn
/// in; black outside the picture. Throws InputError.
std::vector<uint8_t> thumbnail_of(const faceio::host::Picture& picture, const faceio::Box& box,
                                  int32_t side_px);

}  // namespace cli

#endif  // FACEIO_CLI_EVAL_THUMBNAIL_HPP
