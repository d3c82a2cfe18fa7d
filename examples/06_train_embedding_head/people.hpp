// Embeddings of people: a folder with a folder for each person, in it aligned crops.
#ifndef FACEIO_EXAMPLES_PEOPLE_HPP
#define FACEIO_EXAMPLES_PEOPLE_HPP

#include <faceio/faceio.hpp>
#include <faceio/host/image_io.hpp>
#include <faceio/train/matrix.hpp>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

struct People {
  faceio::train::Matrix<float> embeddings;  // [pictures, 192], of length kLength
  std::vector<int> person;                  // of each picture, from 0
  int count = 0;

  /// Losses that do not normalise see lengths; those of a network before it normalises are about this.
  static constexpr float kLength = 16.0f;
};

/// Pictures of one person, in the order of their names.
inline std::vector<std::string> pictures_in(const std::filesystem::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.is_regular_file()) names.push_back(entry.path().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

/// Everyone with at least `least` pictures. Throws when a picture is no 112x112 crop, or when there is nobody.
inline People read_people(const std::string& folder, size_t least, faceio::host::OwnedEmbedder& embedder) {
  std::vector<std::filesystem::path> folders;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.is_directory()) folders.push_back(entry.path());
  }
  std::sort(folders.begin(), folders.end());
  std::vector<faceio::Embedding> all;
  People people;
  for (const auto& person : folders) {
    const std::vector<std::string> pictures = pictures_in(person);
    if (pictures.size() < least) continue;
    for (const std::string& path : pictures) {
      const faceio::host::Picture crop = faceio::host::read_picture(path);
      if (crop.size.width_px != 112 || crop.size.height_px != 112)
        throw std::runtime_error(path + ": is no aligned crop of 112 x 112 pixels");
      all.push_back(embedder.embed_crop(crop.view()));
      people.person.push_back(people.count);
    }
    ++people.count;
  }
  if (people.count < 2)
    throw std::runtime_error(folder + ": two people with " + std::to_string(least) + " crops each are the least, a folder each");
  people.embeddings.resize(static_cast<faceio::train::Index>(all.size()), faceio::mobilefacenet_192::kEmbeddingSize);
  for (size_t i = 0; i < all.size(); ++i) {
    for (int k = 0; k < faceio::mobilefacenet_192::kEmbeddingSize; ++k)
      people.embeddings(static_cast<faceio::train::Index>(i), k) = People::kLength * all[i].values[k];
  }
  return people;
}

#endif
