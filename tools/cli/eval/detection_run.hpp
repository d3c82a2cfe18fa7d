// Running the detector over the pictures of a ground truth.
#ifndef FACEIO_CLI_EVAL_DETECTION_RUN_HPP
#define FACEIO_CLI_EVAL_DETECTION_RUN_HPP

#include <faceio/eval/box_lists.hpp>

#include "detector.hpp"
#include "pictures.hpp"

namespace cli {

/// Detects in every picture of `truth` and hands its faces to `use(file, faces)`. Pictures that are
/// left out, because they cannot be read and are to be skipped, leave the truth too. Returns their
/// number. Throws InputError.
template <class Item, class Use>
size_t detect_in_listed(faceio::eval::PictureLists<Item>& truth, const EvalArguments& eval,
                        EvalDetector& detector, const Use& use) {
  ListedPictures pictures(eval.images_folder, eval.skip_unreadable, truth.size());
  faceio::eval::PictureLists<Item> readable;
  for (const auto& picture : truth) {
    const std::optional<LoadedImage> image = pictures.load(picture.file);
    if (!image) continue;
    readable[picture.file] = picture.items;
    use(picture.file, detector.detect(*image));
  }
  pictures.warn_of_turned();
  if (readable.size() == 0) {
    throw InputError(eval.truth_path + ": none of its pictures can be read below " +
                     eval.images_folder);
  }
  truth = std::move(readable);
  return pictures.unreadable();
}

}  // namespace cli

#endif  // FACEIO_CLI_EVAL_DETECTION_RUN_HPP
