#include "pictures.hpp"

#include <cstdio>
#include <filesystem>
#include <new>
#include <utility>

namespace cli {

ListedPictures::ListedPictures(std::string folder, bool skip_unreadable, size_t expected)
    : folder_(std::move(folder)),
      skip_unreadable_(skip_unreadable),
      progress_("pictures", expected) {
  std::error_code failed;
  if (!std::filesystem::is_directory(folder_, failed)) {
    throw InputError(folder_ + ": is no folder; --images names the folder of the pictures");
  }
}

std::optional<LoadedImage> ListedPictures::load(const std::string& file) {
  progress_.step();
  const std::string path = folder_ + "/" + file;
  try {
    LoadedImage image = load_image(path);
    turned_ += image.picture.exif_orientation == 1 ? 0 : 1;
    return image;
  } catch (const std::bad_alloc&) {
    throw InputError(path + ": not enough memory for a picture of this size; leave it out");
  } catch (const InputError& e) {
    if (!skip_unreadable_) {
      throw InputError(std::string(e.what()) + " (--skip-unreadable goes on without it)");
    }
    ++unreadable_;
    progress_.clear();
    std::fprintf(stderr, "faceio: left out: %s\n", e.what());
    return std::nullopt;
  }
}

void ListedPictures::warn_of_turned() {
  if (turned_ == 0) return;
  progress_.clear();
  std::fprintf(stderr,
               "faceio: %zu pictures were turned upright by their Exif orientation; the truth must "
               "hold coordinates of the displayed pictures\n",
               turned_);
}

}  // namespace cli
