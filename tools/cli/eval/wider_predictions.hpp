// Stored predictions for the WIDER FACE protocol.
#ifndef FACEIO_CLI_EVAL_WIDER_PREDICTIONS_HPP
#define FACEIO_CLI_EVAL_WIDER_PREDICTIONS_HPP

#include <faceio/eval/wider_text.hpp>

#include <string>

namespace cli {

/// Reads a folder as the makers' kit wants it (read_wider_predictions), or one file that holds a block
/// for each picture: its name as in the truth, with or without suffix, the number of boxes, and that many
/// lines `x y width height score`. Throws faceio::eval::Error with file and line.
faceio::eval::PictureLists<faceio::eval::ScoredBox> read_predictions(
    const std::string& path, const faceio::eval::WiderTruth& truth);

}  // namespace cli

#endif  // FACEIO_CLI_EVAL_WIDER_PREDICTIONS_HPP
