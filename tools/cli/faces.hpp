// What the commands say about a face.
#ifndef FACEIO_CLI_FACES_HPP
#define FACEIO_CLI_FACES_HPP

#include <faceio/pipeline/detector.hpp>

#include <string>
#include <vector>

#include "images.hpp"

namespace cli {

/// Distance of the two eye landmarks, pixels.
float eye_distance_px(const faceio::Face& face);

/// What limits the use of a face, or "ok".
std::string note_on(const faceio::Face& face, faceio::Size picture);

/// One line a level: its size, and the sides in picture pixels of the faces that its anchors cover.
std::string levels_text(faceio::Size picture, const faceio::DetectorOptions& options);

/// "team.jpg  4032x3024", and the turn that Exif asked for.
std::string heading_of(const LoadedImage& image);

/// {"image":...,"width":...,"height":...,"faces":[...]}; `extra` holds what to append inside each
/// face object, or is empty.
std::string json_of(const LoadedImage& image, const std::vector<faceio::Face>& faces,
                    const std::vector<std::string>& extra);

}  // namespace cli

#endif  // FACEIO_CLI_FACES_HPP
