// The pictures that a list of ground truth names.
#ifndef FACEIO_CLI_EVAL_PICTURES_HPP
#define FACEIO_CLI_EVAL_PICTURES_HPP

#include <optional>
#include <string>
#include <vector>

#include "../images.hpp"
#include "../progress.hpp"

namespace cli {

/// Reads pictures below a folder one by one, with a Progress.
class ListedPictures {
 public:
  /// `expected` pictures will be read.
  ListedPictures(std::string folder, bool skip_unreadable, size_t expected);

  /// Nothing when the picture cannot be read and that is to be skipped; it is named on stderr then.
  /// Throws InputError otherwise.
  std::optional<LoadedImage> load(const std::string& file);

  size_t unreadable() const { return unreadable_; }

  /// Says on stderr how many pictures were turned upright by their Exif orientation: boxes and
  /// landmarks of the truth must be those of the displayed picture.
  void warn_of_turned();

 private:
  std::string folder_;
  bool skip_unreadable_;
  Progress progress_;
  size_t unreadable_ = 0;
  size_t turned_ = 0;
};

}  // namespace cli

#endif  // FACEIO_CLI_EVAL_PICTURES_HPP
