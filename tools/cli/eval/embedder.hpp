// The recogniser of an evaluation: from a picture to one unit vector.
#ifndef FACEIO_CLI_EVAL_EMBEDDER_HPP
#define FACEIO_CLI_EVAL_EMBEDDER_HPP

#include <faceio/faceio.hpp>
#include <faceio/host/image/picture.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "../arguments.hpp"

namespace cli {

/// Embeds one crop, or a crop and its mirrored copy whose embeddings are added (eval/verification.py,
/// InsightFace, recognition/arcface_torch).
class EvalEmbedder {
 public:
  EvalEmbedder(const Arguments& arguments, bool flip);

  /// The network's output for a crop of 112x112 pixels, not normalised; with flip the sum of both.
  /// Throws faceio::host::Error.
  std::vector<float> embed_crop(const faceio::host::Picture& crop);

  /// The same for the face with these landmarks; nothing when they do not fit a face. Throws
  /// faceio::host::Error for what else is wrong.
  std::optional<std::vector<float>> embed(const faceio::ImageView& image,
                                          const faceio::Landmarks& landmarks);

  /// Sixteen hexadecimal digits.
  std::string model_id() const;

 private:
  void add_crop(const faceio::ImageView& crop, std::vector<float>& sum);

  faceio::host::OwnedEmbedder embedder_;
  bool flip_;
  faceio::host::Picture crop_;
  faceio::host::Picture mirrored_;
};

/// `values` with L2 norm 1; nothing when they have no direction.
std::optional<std::vector<float>> unit_vector(std::vector<float> values);

/// Precondition: unit vectors of equal length.
double cosine_of(const std::vector<float>& a, const std::vector<float>& b);

}  // namespace cli

#endif  // FACEIO_CLI_EVAL_EMBEDDER_HPP
