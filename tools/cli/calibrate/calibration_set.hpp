// The pictures of calibrate: folders of people, and their embeddings.
#ifndef FACEIO_CLI_CALIBRATE_CALIBRATION_SET_HPP
#define FACEIO_CLI_CALIBRATE_CALIBRATION_SET_HPP

#include <faceio/eval/score_blocks.hpp>
#include <faceio/faceio.hpp>

#include <cstdint>
#include <string>
#include <vector>

#include "../arguments.hpp"

namespace cli {

/// Where the pictures of a person lie, sorted by name.
struct PersonFolder {
  std::string name;
  std::vector<std::string> pictures;  // paths
};

/// The sub-folders of `folder` that hold pictures, sorted by name, and the files that are none. Throws
/// InputError when `folder` cannot be read.
struct PictureFolders {
  std::vector<PersonFolder> people;
  std::vector<std::string> other_files;

  static PictureFolders list(const std::string& folder);
  size_t picture_count() const;
};

/// Embeddings one after another; people without any are left out and the others renumbered.
struct EmbeddedSet {
  size_t length = 0;
  std::vector<float> values;          // [pictures, length]
  std::vector<uint32_t> people;       // of each embedding
  std::vector<std::string> pictures;  // path of each embedding
  std::vector<std::string> no_face;   // paths of pictures without a face that can be embedded
  std::vector<std::string> unreadable;

  faceio::eval::EmbeddingBlock block() const { return {values.data(), people.data(), people.size()}; }
};

/// Embeds the central face of every picture; what cannot be used is named on stderr and left out. Shows
/// progress when stderr is a terminal.
EmbeddedSet embed_all(const Arguments& arguments, const PictureFolders& folders,
                      faceio::host::OwnedEmbedder& embedder);

}  // namespace cli

#endif  // FACEIO_CLI_CALIBRATE_CALIBRATION_SET_HPP
