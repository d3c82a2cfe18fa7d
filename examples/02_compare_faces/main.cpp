// Compares the largest faces of two picture files.
#include <faceio/faceio.hpp>
#include <faceio/host/image_io.hpp>

#include <algorithm>
#include <cstdio>

namespace {

using namespace faceio;

/// Embedding of the largest face in a picture file.
Embedding embed_largest(const char* path, host::OwnedDetector& detector,
                        host::OwnedEmbedder& embedder) {
  const host::Picture picture = host::read_picture(path);
  const std::vector<Face> faces = detector.detect(picture.view());
  if (faces.empty()) throw std::runtime_error(std::string(path) + ": no face found");
  const auto smaller = [](const Face& a, const Face& b) { return area(a.box) < area(b.box); };
  const Face& face = *std::max_element(faces.begin(), faces.end(), smaller);
  const Embedded embedded = embedder.embed(picture.view(), face.landmarks);
  if (embedded.alignment.status != AlignStatus::ok) {
    std::fprintf(stderr, "%s: the face is hard to align, do not rely on the result\n", path);
  }
  return embedded.embedding;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr,
                 "usage: 02_compare_faces PICTURE PICTURE   (run it in the project root)\n");
    return 2;
  }
  try {
    auto detector = host::OwnedDetector::load("weights/retinaface_mnet025.fiow");
    auto embedder = host::OwnedEmbedder::load("weights/mobilefacenet_192.fiow");
    const Embedding a = embed_largest(argv[1], detector, embedder);
    const Embedding b = embed_largest(argv[2], detector, embedder);
    std::printf("cosine %.3f\n", static_cast<double>(embedder.cosine(a, b)));
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 2;
  }
  return 0;
}
