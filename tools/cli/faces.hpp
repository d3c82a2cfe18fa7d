// What the commands say about a face.
#ifndef FACEIO_CLI_FACES_HPP
#define FACEIO_CLI_FACES_HPP

#include <faceio/pipeline/detector.hpp>

#include <string>
#include <vector>

#include "images.hpp"

namespace cli {

/// Pixels between the eyes below which recognition suffers.
/// Measured by tools/compare/shrunk.py: at the shipped threshold of FAR 1e-4 the TAR is 95.0 % at 43 and 32 px
/// between the eyes, 94.3 % at 25, 92.9 % at 21, 90.0 % at 17, 83.7 % at 13, 73.3 % at 11.
inline constexpr float kFewEyePixels = 24.0f;

/// Index of the face with the largest area minus twice the squared distance of its centre to the
/// picture's centre, as the reference of the LFW figures chooses. Precondition: a face.
size_t most_central_face(const std::vector<faceio::Face>& faces, faceio::Size picture);

/// Whether an error of embedding is one face's landmarks, so that other faces may go well.
bool concerns_landmarks(const faceio::Status& status);

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
