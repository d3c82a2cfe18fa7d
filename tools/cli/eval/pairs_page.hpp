// The report page of `faceio eval pairs`.
#ifndef FACEIO_CLI_EVAL_PAIRS_PAGE_HPP
#define FACEIO_CLI_EVAL_PAIRS_PAGE_HPP

#include <faceio/eval/pair_lists.hpp>

#include <optional>
#include <string>
#include <vector>

#include "arguments.hpp"

namespace cli {

/// ROC and DET curves, and the impostor pairs with the highest and the genuine pairs with the lowest
/// cosine side by side. `summary` is shown as it is. Throws InputError.
void save_pairs_page(const EvalArguments& eval, const faceio::eval::PairList& list,
                     const std::vector<std::optional<double>>& scores, const std::string& summary);

}  // namespace cli

#endif  // FACEIO_CLI_EVAL_PAIRS_PAGE_HPP
