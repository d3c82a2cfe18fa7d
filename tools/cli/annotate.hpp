// Drawing detected faces into a picture.
#ifndef FACEIO_CLI_ANNOTATE_HPP
#define FACEIO_CLI_ANNOTATE_HPP

#include <faceio/host/image/picture.hpp>
#include <faceio/pipeline/detector.hpp>

#include <string>
#include <vector>

namespace cli {

/// Draws for every face its box, number and score, and five dots: landmarks on the left of the
/// picture orange, those on the right blue, the nose white. Lines grow with the picture.
void draw_faces(faceio::host::Picture& picture, const std::vector<faceio::Face>& faces);

/// Writes a PNG, or a JPEG when `path` ends in .jpg or .jpeg. Throws InputError.
void save_picture(const std::string& path, const faceio::host::Picture& picture);

}  // namespace cli

#endif  // FACEIO_CLI_ANNOTATE_HPP
