// A weight blob used where it lies: validated once, never copied, never written.
#ifndef FACEIO_WEIGHTS_BLOB_HPP
#define FACEIO_WEIGHTS_BLOB_HPP

#include "validate.hpp"

FACEIO_BEGIN_NAMESPACE

/// How pixels become numbers: (pixel - mean) * scale, in the network's channel order.
struct Preprocessing {
  bool bgr = false;
  float mean[3] = {0.0f, 0.0f, 0.0f};
  float scale = 1.0f;
};

/// View of a validated blob; the bytes must outlive it. Immutable, so any number of threads may use it.
class Blob {
 public:
  constexpr Blob() noexcept = default;

  /// Checks everything once (validate_blob()); nothing that uses a Blob checks again, so the bytes must never change. They
  /// must start 64-byte aligned. Errors: blob_* (core/status.hpp).
  static Result<Blob> open(Span<const uint8_t> bytes) noexcept {
    const Status valid = validate_blob(bytes);
    if (!valid.ok()) return valid;
    Blob blob;
    blob.header_ = static_cast<const BlobHeader*>(static_cast<const void*>(bytes.data));
    blob.entries_ = static_cast<const BlobEntry*>(static_cast<const void*>(bytes.data + sizeof(BlobHeader)));
    return blob;
  }

  /// True for a default-constructed Blob, which has no entries.
  bool empty() const noexcept { return header_ == nullptr; }
  uint64_t model_id() const noexcept { return empty() ? 0 : header_->model_id; }
  uint64_t file_bytes() const noexcept { return empty() ? 0 : header_->file_bytes; }
  uint32_t payload_crc32c() const noexcept { return empty() ? 0 : header_->payload_crc32c; }
  Span<const BlobEntry> entries() const noexcept { return {entries_, empty() ? 0 : header_->entry_count}; }

  /// The entry of an operation, or null. Entries are sorted by (op_index, role).
  const BlobEntry* find(uint16_t op_index, Role role) const noexcept {
    size_t begin = 0;
    size_t end = entries().size;
    const uint32_t wanted = detail::entry_key(op_index, role);
    while (begin < end) {
      const size_t middle = begin + (end - begin) / 2;
      const uint32_t here = detail::entry_key(entries_[middle].op_index, entries_[middle].role);
      if (here == wanted) return &entries_[middle];
      if (here < wanted) begin = middle + 1;
      else end = middle;
    }
    return nullptr;
  }

  /// That of the weights of the first operation.
  Precision precision() const noexcept {
    const BlobEntry* const first = find(0, Role::weights);
    if (first == nullptr) return Precision::fp32;
    return first->dtype == DType::i8 ? Precision::int8 : first->dtype == DType::f16 ? Precision::fp16 : Precision::fp32;
  }

  const uint8_t* bytes_of(const BlobEntry& entry) const noexcept { return &file_byte(entry.offset); }
  /// The elements of an entry whose dtype the caller has checked.
  template <class T>
  const T* elements_of(const BlobEntry& entry) const noexcept {
    return static_cast<const T*>(static_cast<const void*>(bytes_of(entry)));
  }
  const float* floats_of(const BlobEntry& entry) const noexcept { return elements_of<float>(entry); }

  /// UTF-8 JSON: source, licence, training data and its terms. Empty when the blob has none.
  Span<const char> provenance() const noexcept {
    const BlobEntry* entry = find(kWholeModel, Role::provenance);
    if (entry == nullptr) return {};
    return {static_cast<const char*>(static_cast<const void*>(bytes_of(*entry))),
            static_cast<size_t>(entry->bytes)};
  }

  /// Error: blob_missing_tensor when the blob does not say.
  Result<Preprocessing> preprocessing() const noexcept {
    const BlobEntry* entry = find(kWholeModel, Role::preprocessing);
    if (entry == nullptr) return Status(Errc::blob_missing_tensor, kWholeModel);
    const float* v = floats_of(*entry);
    Preprocessing p;
    p.bgr = v[0] == 1.0f;
    for (int i = 0; i < 3; ++i) p.mean[i] = v[1 + i];
    p.scale = v[4];
    return p;
  }

 private:
  const uint8_t& file_byte(uint64_t offset) const noexcept {
    return static_cast<const uint8_t*>(static_cast<const void*>(header_))[offset];
  }

  const BlobHeader* header_ = nullptr;
  const BlobEntry* entries_ = nullptr;
};

FACEIO_END_NAMESPACE

#endif  // FACEIO_WEIGHTS_BLOB_HPP
