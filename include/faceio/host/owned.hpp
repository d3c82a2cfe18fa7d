// Detector and Embedder with their memory: the convenient way in for host programs. Loads a blob from
// a file, owns persistent and scratch memory, throws host::Error.
#ifndef FACEIO_HOST_OWNED_HPP
#define FACEIO_HOST_OWNED_HPP

#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "../files/mapped_file.hpp"
#include "../nn/selftest.hpp"
#include "../pipeline/detector.hpp"
#include "../pipeline/embedder.hpp"

FACEIO_BEGIN_NAMESPACE
namespace host {

/// What went wrong, where, and what to do next. status() tells the same to programs; it is ok() when
/// the operating system refused a file.
class Error : public std::runtime_error {
 public:
  explicit Error(const std::string& sentence) : std::runtime_error(sentence) {}
  Error(const std::string& where, Status status)
      : std::runtime_error(where + ": " + status.text() + detail_of(status)), status_(status) {}
  Status status() const noexcept { return status_; }

 private:
  static std::string detail_of(Status status) {
    const std::string number = std::to_string(status.detail);
    switch (status.code) {
      case Errc::arena_too_small:
      case Errc::blob_truncated: return " (" + number + " bytes are missing)";
      case Errc::arena_misaligned:
      case Errc::blob_misaligned: return " (it is " + number + " bytes off)";
      case Errc::image_too_large:
      case Errc::image_too_enlarged: return " (at most " + number + " pixels a side)";
      case Errc::image_bad_stride: return " (at least " + number + " bytes)";
      case Errc::blob_bad_directory: return " (" + number + " entries)";
      case Errc::blob_bad_order:
      case Errc::blob_bad_offset:
      case Errc::blob_bad_shape:
      case Errc::blob_bad_role:
      case Errc::blob_bad_padding:
      case Errc::blob_bad_value:
      case Errc::blob_foreign_tensor:
      case Errc::blob_unsupported: return " (directory entry " + number + ")";
      case Errc::blob_inexact:
      case Errc::blob_missing_tensor: return " (operation " + number + ")";
      case Errc::blob_bad_version: return " (version " + number + ")";
      default: return std::string();
    }
  }
  Status status_;
};

/// The value of a result, or an Error that begins with `where`.
template <class T>
T value_or_throw(const Result<T>& result, const std::string& where) {
  if (!result) throw Error(where, result.status());
  return *result;
}

/// 64-byte aligned bytes that only ever grow.
class AlignedBytes {
 public:
  Span<uint8_t> at_least(size_t size_bytes) {
    if (!data_ || size_bytes > size_) {
      size_ = 0;
      data_.reset();
      data_.reset(static_cast<uint8_t*>(::operator new(size_bytes, kAlign)));
      size_ = size_bytes;
      // The system hands out pages at their first touch, which can take as long as a third of a detection:
      // who asks early, with reserve(), does not wait for it later.
      constexpr size_t kPage_bytes = 4096;
      for (size_t i = 0; i < size_; i += kPage_bytes) data_.get()[i] = 0;
    }
    return {data_.get(), data_ ? size_ : 0};
  }

 private:
  static constexpr std::align_val_t kAlign{kAlignment_bytes};
  struct Free {
    void operator()(uint8_t* p) const noexcept { ::operator delete(p, kAlign); }
  };
  std::unique_ptr<uint8_t, Free> data_;
  size_t size_ = 0;
};

namespace detail {

/// A view that leaves T{} behind when it is moved: its owner's memory has moved on.
template <class T>
class MovedOut {
 public:
  explicit MovedOut(const T& value) noexcept : value_(value) {}
  MovedOut(MovedOut&& other) noexcept : value_(std::exchange(other.value_, T{})) {}
  MovedOut& operator=(MovedOut&& other) noexcept {
    value_ = std::exchange(other.value_, T{});
    return *this;
  }
  ~MovedOut() = default;
  T& operator*() noexcept { return value_; }
  const T& operator*() const noexcept { return value_; }
  T* operator->() noexcept { return &value_; }
  const T* operator->() const noexcept { return &value_; }

 private:
  T value_;
};

}  // namespace detail

/// A weight file, mapped and validated. A moved-from one holds an empty Blob.
class LoadedBlob {
 public:
  explicit LoadedBlob(const std::string& path)
      : file_(mapped(path)), blob_(value_or_throw(Blob::open(file_.bytes()), path)) {}
  const Blob& blob() const noexcept { return *blob_; }

 private:
  static files::MappedFile mapped(const std::string& path) {
    files::MappedFile file;
    std::string error;
    if (!files::MappedFile::open(path, file, error)) throw Error(error);
    return file;
  }

  files::MappedFile file_;
  detail::MovedOut<Blob> blob_;
};

/// The target of FACEIO_ISA, or the best one of this CPU.
inline Target target_or_throw() { return value_or_throw(best_target(), "FACEIO_ISA"); }

/// A detector for one thread at a time. Grows its scratch memory when a larger picture comes; apart from
/// that, detecting allocates only the returned vector.
class OwnedDetector {
 public:
  /// Throws Error for a file that cannot be read, is damaged or holds another network, and for a target
  /// that cannot run. A moved-from detector detects nothing: it throws not_created.
  static OwnedDetector load(const std::string& path, const DetectorOptions& options = {}) {
    return load(path, options, target_or_throw());
  }
  static OwnedDetector load(const std::string& path, const DetectorOptions& options, Target target) {
    return OwnedDetector(path, options, target);
  }

  /// Prepares the memory for pictures of this size, so that the first one takes no longer than the next.
  void reserve(Size image) { prepare(image); }

  /// Best first. Throws Error for a picture that cannot be read.
  std::vector<Face> detect(const ImageView& image) {
    const Status usable = detector_->can_detect(image);
    if (!usable.ok()) throw Error("detect", usable);
    const Span<uint8_t> scratch = prepare(image.size);
    const Detections found =
        value_or_throw(detector_->detect(image, scratch, {room_.data(), room_.size()}), "detect");
    return {found.faces.begin(), found.faces.end()};
  }

  /// Scratch bytes for pictures of this size.
  size_t workspace_bytes(Size image) const {
    return Detector::requirements(image, detector_->options(), loaded_.blob().precision()).scratch_bytes;
  }
  const Detector& detector() const noexcept { return *detector_; }
  /// Replaces the options for detections to come, which may need more memory than before.
  void set_options(const DetectorOptions& options) noexcept { detector_->set_options(options); }
  const Blob& blob() const noexcept { return loaded_.blob(); }

 private:
  OwnedDetector(const std::string& path, const DetectorOptions& options, Target target)
      : loaded_(path),
        detector_(value_or_throw(
            Detector::create(loaded_.blob(),
                             persistent_.at_least(
                                 Detector::requirements({}, options, loaded_.blob().precision()).persistent_bytes),
                             options, target),
            path)) {}

  // Plans the memory once: requirements() lays out the whole network.
  Span<uint8_t> prepare(Size image) {
    const size_t most = Detector::max_faces(image, detector_->options());
    if (room_.size() < most) room_.resize(most);
    return scratch_.at_least(workspace_bytes(image));
  }

  LoadedBlob loaded_;
  AlignedBytes persistent_;
  AlignedBytes scratch_;
  detail::MovedOut<Detector> detector_;
  std::vector<Face> room_;
};

/// An embedder for one thread at a time. Embedding does not allocate.
class OwnedEmbedder {
 public:
  /// Throws Error as OwnedDetector::load() does. A moved-from embedder throws not_created.
  static OwnedEmbedder load(const std::string& path) { return load(path, target_or_throw()); }
  static OwnedEmbedder load(const std::string& path, Target target) {
    return OwnedEmbedder(path, target);
  }

  /// Aligns by the five landmarks and embeds. Throws Error.
  Embedded embed(const ImageView& image, const Landmarks& landmarks) {
    return value_or_throw(embedder_->embed(image, landmarks, scratch()), "embed");
  }
  /// Embeds an aligned 112x112 crop. Throws Error.
  Embedding embed_crop(const ImageView& crop) {
    return value_or_throw(embedder_->embed_crop(crop, scratch()), "embed");
  }
  /// -1..1. Throws Error when the embeddings come from different models.
  float cosine(const Embedding& a, const Embedding& b) const {
    return value_or_throw(embedder_->cosine(a, b), "compare");
  }

  const Embedder& embedder() const noexcept { return *embedder_; }
  const Blob& blob() const noexcept { return loaded_.blob(); }

 private:
  OwnedEmbedder(const std::string& path, Target target)
      : loaded_(path),
        embedder_(value_or_throw(
            Embedder::create(loaded_.blob(),
                             persistent_.at_least(requirements().persistent_bytes), target),
            path)) {
    scratch();
  }

  Requirements requirements() const { return Embedder::requirements(loaded_.blob().precision()); }
  Span<uint8_t> scratch() { return scratch_.at_least(requirements().scratch_bytes); }

  LoadedBlob loaded_;
  AlignedBytes persistent_;
  AlignedBytes scratch_;
  detail::MovedOut<Embedder> embedder_;
};

/// Replays the recorded answers of a blob on one target. Throws Error. Safe to call from any thread.
inline SelftestReport selftest(const BoundNetwork& bound, const Blob& blob) {
  AlignedBytes scratch;
  Arena arena(scratch.at_least(selftest_bytes(bound, blob)));
  return value_or_throw(faceio::selftest(bound, blob, arena), "selftest");
}

}  // namespace host
FACEIO_END_NAMESPACE

#endif  // FACEIO_HOST_OWNED_HPP
