// Errors as values: Status (eight bytes) and Result<T>.
//
// Outside input (blobs, pictures, sizes, memory) is answered by a Status that names the fault; nothing
// in the inner layers throws, allocates or prints. message() turns a code into a sentence with the
// next thing to do; it is a separate function so that firmware that never calls it drops the strings.
#ifndef FACEIO_CORE_STATUS_HPP
#define FACEIO_CORE_STATUS_HPP

#include "config.hpp"

#if defined(Status)
#error "Xlib.h defines Status as a macro: include faceio before it, or #undef Status in between"
#endif

FACEIO_BEGIN_NAMESPACE

enum class Errc : uint16_t {
  ok = 0,
  // weight blobs
  blob_truncated,     // detail: bytes that are missing (saturated)
  blob_misaligned,    // detail: address modulo 64
  blob_bad_magic,
  blob_bad_version,   // detail: version found
  blob_bad_endian,
  blob_bad_checksum,  // detail: 0 header, 1 directory, 2 payload
  blob_bad_directory,  // detail: entries that the header states; they do not fill the file as it says
  blob_bad_order,     // detail: directory index; unsorted, or a second entry of the same kind
  blob_bad_offset,    // detail: directory index; a hole, an overlap, or bytes beyond the file
  blob_bad_shape,     // detail: directory index; shape and stored bytes contradict each other
  blob_bad_role,      // detail: directory index; layout, type, rank or tolerance of another role
  blob_bad_padding,   // detail: directory index; bytes that have to be zero are not
  blob_bad_value,     // detail: directory index; not finite, or outside what its role may hold
  blob_unsupported,   // detail: directory index
  blob_missing_tensor,  // detail: operation index
  blob_foreign_tensor,  // detail: directory index; of an operation that the network does not have
  blob_inexact,       // detail: operation index; int8 arithmetic that docs/int8.md excludes
  model_mismatch,     // the blob holds another network than the one asked for
  // pictures
  image_null,         // no pixels, or no chroma plane for NV12 or NV21
  image_empty,
  image_too_large,    // detail: longest side allowed, in pixels
  image_bad_stride,   // detail: smallest stride in bytes that this format and width need
  image_stride_too_large,  // height times stride is more than an address can reach
  image_bad_format,   // detail: PixelFormat value
  image_too_enlarged,  // detail: longest side allowed, in pixels
  image_odd_size,     // NV12, NV21 and YUYV need an even width (and NV12, NV21 an even height)
  crop_bad_size,      // an aligned crop has another size than the network wants
  output_null,         // room for results of which the address is null
  // memory
  arena_too_small,    // detail: bytes that are missing (saturated)
  arena_misaligned,   // detail: address modulo 64
  memory_overlaps,    // scratch memory or results lie in the picture, or in each other
  // alignment and embedding
  landmarks_degenerate,  // coincident, not finite, beyond 1e6 pixels, or without a best rotation
  landmarks_outside,     // none of the five points lies in the picture
  no_direction,          // the network's output has no finite length above 0
  // objects
  not_created,          // a default-constructed Blob, Detector or Embedder was used
  // targets
  unsupported_target,   // the CPU or this build lacks the instruction set that was asked for
};

/// One sentence: what went wrong and what to do next. Never null.
constexpr const char* message(Errc code) noexcept {
  switch (code) {
    case Errc::ok: return "done";
    case Errc::blob_truncated:
      return "the weight blob ends early; copy or convert it again (tools/convert/convert.py)";
    case Errc::blob_misaligned:
      return "the weight blob must start at a 64-byte aligned address; map the file or align the array";
    case Errc::blob_bad_magic:
      return "this is not a faceio weight blob (no FIOW magic); pass a .fiow file";
    case Errc::blob_bad_version:
      return "the weight blob has a format version that this build does not read; convert it again";
    case Errc::blob_bad_endian:
      return "the weight blob is little-endian and this CPU is not; it cannot be used in place";
    case Errc::blob_bad_checksum:
      return "the weight blob is damaged (checksum differs); copy or convert it again";
    case Errc::blob_bad_directory:
      return "the weight blob's directory does not account for its bytes; convert it again";
    case Errc::blob_bad_order:
      return "the weight blob lists tensors twice or out of order; convert it again";
    case Errc::blob_bad_offset:
      return "a tensor of the weight blob does not lie where the one before it ends; convert it again";
    case Errc::blob_bad_shape:
      return "a tensor of the weight blob has another size than its shape asks for; convert it again";
    case Errc::blob_bad_role:
      return "a tensor of the weight blob has a type or layout that its role cannot have; convert it again";
    case Errc::blob_bad_padding:
      return "bytes of the weight blob that have to be zero are not; convert it again";
    case Errc::blob_bad_value:
      return "a tensor of the weight blob holds a number that is not finite or makes no sense; convert it again";
    case Errc::blob_unsupported:
      return "the weight blob uses a data type or layout that this build does not know; update faceio";
    case Errc::blob_missing_tensor:
      return "the weight blob lacks a tensor of this network; convert it again";
    case Errc::blob_foreign_tensor:
      return "the weight blob holds a tensor of an operation that this network does not have; convert it again";
    case Errc::blob_inexact:
      return "the weight blob's integers could overflow (docs/int8.md); quantise it again";
    case Errc::model_mismatch:
      return "the weight blob belongs to another network; swap the detector and recogniser paths?";
    case Errc::image_null:
      return "the image has no pixels (null data or chroma plane); pass the address of its first row";
    case Errc::image_empty: return "the image has no width or no height; pass its size in pixels";
    case Errc::image_too_large: return "the image is larger than the limit; scale it down first";
    case Errc::image_too_enlarged:
      return "min_face_px would enlarge the image beyond the limit; raise it or crop the image";
    case Errc::image_bad_stride:
      return "the image stride is smaller than one row of pixels; give bytes from row to row, not pixels";
    case Errc::image_stride_too_large:
      return "the image stride leads beyond the address space; give bytes from row to row (is it negative?)";
    case Errc::image_bad_format:
      return "unknown pixel format; name one of the values of PixelFormat";
    case Errc::image_odd_size:
      return "this pixel format shares chroma between pixels and needs even sizes; crop by one pixel";
    case Errc::crop_bad_size:
      return "the aligned crop has the wrong size; give Embedder::crop_size() pixels, or embed() the picture";
    case Errc::arena_too_small:
      return "the memory given is too small; ask requirements() and give that many bytes";
    case Errc::arena_misaligned:
      return "the memory given must start at a 64-byte aligned address; use alignas(64)";
    case Errc::memory_overlaps:
      return "scratch memory, results and picture overlap; give each its own memory";
    case Errc::output_null:
      return "the room for results is null but said to be larger than 0; give memory, or size 0 to count only";
    case Errc::landmarks_degenerate:
      return "the five landmarks do not span a face (coincident or not finite); take those of a detection";
    case Errc::landmarks_outside:
      return "the landmarks lie outside the image; are they of another image or scale?";
    case Errc::no_direction:
      return "the network gave no embedding (all zeros, or beyond float); are these weights for this network?";
    case Errc::not_created:
      return "the object was never created; call its create() or open() and check the result";
    case Errc::unsupported_target:
      return "this CPU or build lacks the instruction set asked for; unset FACEIO_ISA or choose a lower one";
  }
  return "unknown error code";
}

/// Outcome of an operation. `detail` is explained beside each Errc.
struct [[nodiscard]] Status {
  Errc code = Errc::ok;
  uint32_t detail = 0;

  constexpr Status() noexcept = default;
  constexpr Status(Errc error, size_t about = 0) noexcept
      : code(error), detail(about > 0xffffffffu ? 0xffffffffu : static_cast<uint32_t>(about)) {}

  constexpr bool ok() const noexcept { return code == Errc::ok; }
  constexpr const char* text() const noexcept { return message(code); }
};
static_assert(sizeof(Status) == 8, "Status is passed in one register");

/// A T or the Status that says why there is none. T is default-constructible and trivially copyable: the
/// inner layers hand out views and small handles, never owners. The value of an error is a T{}.
template <class T>
class [[nodiscard]] Result {
 public:
  constexpr Result(const T& value) noexcept : value_(value) {}
  constexpr Result(Status error) noexcept : status_(error) {
    FACEIO_ASSERT(!error.ok(), "Result: an error must not be Errc::ok");
  }
  constexpr Result(Errc error, size_t about = 0) noexcept : Result(Status(error, about)) {}

  constexpr bool has_value() const noexcept { return status_.ok(); }
  constexpr explicit operator bool() const noexcept { return status_.ok(); }
  constexpr Status status() const noexcept { return status_; }

  /// Precondition: has_value().
  constexpr T& operator*() noexcept {
    FACEIO_ASSERT(has_value(), "Result: value of an error");
    return value_;
  }
  constexpr const T& operator*() const noexcept {
    FACEIO_ASSERT(has_value(), "Result: value of an error");
    return value_;
  }
  constexpr T* operator->() noexcept { return &**this; }
  constexpr const T* operator->() const noexcept { return &**this; }
  constexpr T value_or(const T& other) const noexcept { return has_value() ? value_ : other; }

 private:
  T value_{};
  Status status_{};
};

FACEIO_END_NAMESPACE

#endif  // FACEIO_CORE_STATUS_HPP
