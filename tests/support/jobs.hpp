// Work that detects and embeds, the same for a number wherever and whenever it is done: threads and hours must not change it.
#ifndef FACEIO_TESTS_SUPPORT_JOBS_HPP
#define FACEIO_TESTS_SUPPORT_JOBS_HPP

#include <faceio/faceio.hpp>
#include <vector>

#include "files.hpp"
#include "pictures.hpp"

namespace test {

/// Both networks in both precisions, to be shared by threads, and the picture that jobs cut up.
class Networks {
 public:
  explicit Networks(faceio::Target target);

  const faceio::Detector& detector(bool int8) const { return detector_[int8]; }
  const faceio::Embedder& embedder(bool int8) const { return embedder_[int8]; }
  const Rgb& picture() const { return picture_; }

 private:
  template <class Network, class Create>
  Network load(const std::string& path, const Create& create);

  Rgb picture_;
  std::vector<std::unique_ptr<AlignedBuffer>> memory_;
  faceio::Detector detector_[2];
  faceio::Embedder embedder_[2];
};

/// The memory of one thread.
class Worker {
 public:
  explicit Worker(const Networks& networks) : networks_(&networks) {}

  /// Job `number`: a part of the picture in some format, size, stride and precision, searched at some scale; the best face
  /// is embedded. A hash of all results. Throws when the library refuses it.
  uint64_t run(uint32_t number);

 private:
  faceio::Span<uint8_t> scratch(size_t size);

  const Networks* networks_;
  std::unique_ptr<AlignedBuffer> scratch_;
  std::vector<uint8_t> pixels_;
};

}  // namespace test

#endif
