#include "calibration_set.hpp"

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <filesystem>
#include <iterator>
#include <new>
#include <optional>
#include <system_error>

#include "../faces.hpp"
#include "../images.hpp"
#include "../outcome.hpp"
#include "../progress.hpp"
#include "../weights.hpp"

namespace cli {
namespace {

/// Threshold of the detector: what it finds in a portrait above that is a face.
constexpr float kMinScore = 0.5f;

bool is_picture(const std::filesystem::path& path) {
  std::string extension = path.extension().string();
  for (char& c : extension) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  constexpr const char* kExtensions[] = {".jpg", ".jpeg", ".png", ".bmp", ".pnm", ".pgm", ".ppm"};
  return std::any_of(std::begin(kExtensions), std::end(kExtensions),
                     [&](const char* known) { return extension == known; });
}

std::vector<std::filesystem::path> sorted_entries(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> entries;
  std::error_code failed;
  for (std::filesystem::directory_iterator i(folder, failed), end; !failed && i != end; i.increment(failed)) {
    entries.push_back(i->path());
  }
  if (failed) throw InputError(folder.string() + ": cannot be listed (" + failed.message() + ")");
  std::sort(entries.begin(), entries.end());
  return entries;
}

std::optional<faceio::Embedding> embed_central_face(const faceio::ImageView& view,
                                                    faceio::host::OwnedDetector& detector,
                                                    faceio::host::OwnedEmbedder& embedder) {
  const std::vector<faceio::Face> faces = detector.detect(view);
  if (faces.empty()) return std::nullopt;
  try {
    return embedder.embed(view, faces[most_central_face(faces, view.size)].landmarks).embedding;
  } catch (const faceio::host::Error& e) {
    if (concerns_landmarks(e.status())) return std::nullopt;
    throw;
  }
}

/// Names a picture that cannot be used.
void leave_out(const std::string& path, const std::string& what, std::vector<std::string>& list,
               Progress& progress) {
  progress.clear();
  // Errors of files name them already; those of the library do not know whose pixels they were.
  const std::string sentence = what.rfind(path, 0) == 0 ? what : path + ": " + what;
  std::fprintf(stderr, "faceio: %s; left out\n", sentence.c_str());
  list.push_back(path);
}

}  // namespace

PictureFolders PictureFolders::list(const std::string& folder) {
  PictureFolders folders;
  std::error_code failed;
  if (!std::filesystem::is_directory(folder, failed)) {
    throw InputError(folder +
                     ": is not a folder; pass one that holds a sub-folder of pictures for each person");
  }
  for (const std::filesystem::path& entry : sorted_entries(folder)) {
    if (!std::filesystem::is_directory(entry, failed)) {
      folders.other_files.push_back(entry.string());
      continue;
    }
    PersonFolder person;
    person.name = entry.filename().string();
    for (const std::filesystem::path& file : sorted_entries(entry)) {
      const bool usable = is_picture(file) && !std::filesystem::is_directory(file, failed);
      (usable ? person.pictures : folders.other_files).push_back(file.string());
    }
    if (!person.pictures.empty()) folders.people.push_back(std::move(person));
  }
  return folders;
}

size_t PictureFolders::picture_count() const {
  size_t count = 0;
  for (const PersonFolder& person : people) count += person.pictures.size();
  return count;
}

EmbeddedSet embed_all(const Arguments& arguments, const PictureFolders& folders,
                      faceio::host::OwnedEmbedder& embedder) {
  std::optional<faceio::host::OwnedDetector> detector;
  if (!arguments.calibrate.aligned) {
    faceio::DetectorOptions options;
    options.min_score = kMinScore;
    detector = faceio::host::OwnedDetector::load(weights_path(arguments, Network::detector), options);
  }
  EmbeddedSet set;
  Progress progress("pictures", folders.picture_count());
  uint32_t person_number = 0;
  for (const PersonFolder& person : folders.people) {
    bool used = false;
    for (const std::string& path : person.pictures) {
      progress.step();
      std::optional<faceio::Embedding> embedding;
      try {
        const LoadedImage image = load_image(path);
        embedding = detector ? embed_central_face(image.picture.view(), *detector, embedder)
                             : embedder.embed_crop(image.picture.view());
      } catch (const std::bad_alloc&) {
        leave_out(path, "not enough memory for a picture of this size", set.unreadable, progress);
        continue;
      } catch (const std::exception& e) {
        leave_out(path, e.what(), set.unreadable, progress);
        continue;
      }
      if (!embedding || !(embedding->raw_norm > 0.0f)) {
        leave_out(path, "no face found", set.no_face, progress);
        continue;
      }
      set.length = static_cast<size_t>(embedding->size);
      set.values.insert(set.values.end(), embedding->values, embedding->values + embedding->size);
      set.people.push_back(person_number);
      set.pictures.push_back(path);
      used = true;
    }
    if (used) ++person_number;
  }
  return set;
}

}  // namespace cli
