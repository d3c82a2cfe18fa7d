// Writes three pictures of what margin losses do.
#include <faceio/files/write_file.hpp>

#include <cstdio>

#include "angles.hpp"
#include "target_logits.hpp"
#include "toy.hpp"

namespace {

void write(const std::string& folder, const Picture& picture) {
  const std::string path = folder + "/" + picture.file;
  const auto* const bytes = reinterpret_cast<const uint8_t*>(picture.svg.data());
  std::string error;
  if (!faceio::files::write_file(path, {bytes, picture.svg.size()}, error)) throw train::Error(error);
  std::printf("%s\n%s", path.c_str(), picture.figures.c_str());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 2) {
    std::fprintf(stderr, "usage: 05_loss_pictures [FOLDER]   (writes into the current folder by default)\n");
    return 1;
  }
  const std::string folder = argc == 2 ? argv[1] : ".";
  try {
    write(folder, target_logits::picture());
    write(folder, toy::picture());
    write(folder, angles::picture());
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
  return 0;
}
