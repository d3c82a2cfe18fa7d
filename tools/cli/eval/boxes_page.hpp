// Worst errors of a detector as tiles of a report page.
#ifndef FACEIO_CLI_EVAL_BOXES_PAGE_HPP
#define FACEIO_CLI_EVAL_BOXES_PAGE_HPP

#include <faceio/eval/boxes.hpp>

#include <string>

#include "report_page.hpp"

namespace cli {

/// Precision over recall, both 0..1.
void add_precision_recall(ReportPage& page, const std::vector<Curve>& curves);

/// The false positives with the highest scores and the largest missed faces, matched at IoU 0.5. The
/// pictures are read again below `images_folder`. Throws InputError.
void add_worst_boxes(ReportPage& page,
                     const faceio::eval::PictureLists<faceio::eval::TruthBox>& truth,
                     const faceio::eval::PictureLists<faceio::eval::ScoredBox>& predictions,
                     faceio::eval::SideRule side_rule, const std::string& images_folder);

}  // namespace cli

#endif  // FACEIO_CLI_EVAL_BOXES_PAGE_HPP
