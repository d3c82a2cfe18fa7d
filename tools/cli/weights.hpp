// Finding and loading the weights of the two networks.
#ifndef FACEIO_CLI_WEIGHTS_HPP
#define FACEIO_CLI_WEIGHTS_HPP

#include <faceio/faceio.hpp>

#include <string>

#include "arguments.hpp"

namespace cli {

enum class Network { detector, recogniser };

/// Path asked for on the command line, or the first default file that exists in $FACEIO_WEIGHTS,
/// ./weights, ../../weights beside the program, the folder named when the program was built.
/// Throws InputError that lists the places.
std::string weights_path(const Arguments& arguments, Network network);

/// True when weights_path() would find default weights of this precision.
bool has_default_weights(Network network, faceio::Precision precision);

/// Sixteen hexadecimal digits.
std::string model_id_text(uint64_t model_id);

faceio::host::OwnedDetector load_detector(const Arguments& arguments);
faceio::host::OwnedEmbedder load_embedder(const Arguments& arguments);

}  // namespace cli

#endif  // FACEIO_CLI_WEIGHTS_HPP
