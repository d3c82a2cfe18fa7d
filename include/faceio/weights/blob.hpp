// A weight blob used where it lies: validated once, never copied, never written.
#ifndef FACEIO_WEIGHTS_BLOB_HPP
#define FACEIO_WEIGHTS_BLOB_HPP

#include "format.hpp"

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

  /// Checks everything once: header, checksums, and that every entry lies inside the file with the
  /// size its shape asks for. Reads nothing outside `bytes`, which must start 64-byte aligned.
  /// Errors: blob_* (core/status.hpp).
  static Result<Blob> open(Span<const uint8_t> bytes) noexcept {
    if (bytes.data == nullptr || bytes.size < sizeof(BlobHeader)) {
      return Status(Errc::blob_truncated, sizeof(BlobHeader) - (bytes.data == nullptr ? 0 : bytes.size));
    }
    const auto misaligned = reinterpret_cast<uintptr_t>(bytes.data) % kAlignment_bytes;
    if (misaligned != 0) return Status(Errc::blob_misaligned, misaligned);
    Blob blob;
    blob.header_ = static_cast<const BlobHeader*>(static_cast<const void*>(bytes.data));
    const BlobHeader& header = *blob.header_;
    for (int i = 0; i < 4; ++i) {
      if (header.magic[i] != kBlobMagic[i]) return Errc::blob_bad_magic;
    }
    if (header.endian_mark != kBlobEndianMark) return Errc::blob_bad_endian;
    if (header.format_version != kBlobVersion || header.header_bytes != sizeof(BlobHeader)) {
      return Status(Errc::blob_bad_version, header.format_version);
    }
    if (crc32c(bytes.data, 60) != header.header_crc32c) return Status(Errc::blob_bad_checksum, 0);
    for (const uint32_t word : header.reserved) {
      if (word != 0) return Status(Errc::blob_bad_version, header.format_version);
    }
    if (header.file_bytes > bytes.size) {
      return Status(Errc::blob_truncated, static_cast<size_t>(header.file_bytes - bytes.size));
    }
    // entry_count < 2^32 and 64-byte entries cannot overflow 64 bits.
    const uint64_t payload_offset =
        sizeof(BlobHeader) + static_cast<uint64_t>(header.entry_count) * sizeof(BlobEntry);
    if (header.payload_offset != payload_offset || payload_offset > header.file_bytes) {
      return Status(Errc::blob_bad_entry, header.entry_count);
    }
    blob.entries_ = static_cast<const BlobEntry*>(
        static_cast<const void*>(bytes.data + sizeof(BlobHeader)));
    const auto directory_bytes = static_cast<size_t>(payload_offset) - sizeof(BlobHeader);
    if (crc32c(bytes.data + sizeof(BlobHeader), directory_bytes) != header.directory_crc32c) {
      return Status(Errc::blob_bad_checksum, 1);
    }
    if (crc32c(bytes.data + payload_offset, static_cast<size_t>(header.file_bytes - payload_offset)) !=
        header.payload_crc32c) {
      return Status(Errc::blob_bad_checksum, 2);
    }
    const Status directory = blob.check_directory();
    if (!directory.ok()) return directory;
    return blob;
  }

  /// True for a default-constructed Blob; nothing else may be asked of it.
  bool empty() const noexcept { return header_ == nullptr; }
  uint64_t model_id() const noexcept { return header_->model_id; }
  uint64_t file_bytes() const noexcept { return header_->file_bytes; }
  uint32_t payload_crc32c() const noexcept { return header_->payload_crc32c; }
  Span<const BlobEntry> entries() const noexcept { return {entries_, header_->entry_count}; }

  /// The entry of an operation, or null. Entries are sorted by (op_index, role).
  const BlobEntry* find(uint16_t op_index, Role role) const noexcept {
    size_t begin = 0;
    size_t end = header_->entry_count;
    const uint32_t wanted = key(op_index, role);
    while (begin < end) {
      const size_t middle = begin + (end - begin) / 2;
      const uint32_t here = key(entries_[middle].op_index, entries_[middle].role);
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
    if (entry == nullptr || entry->dtype != DType::f32 || entry->dims[0] != 5) {
      return Status(Errc::blob_missing_tensor, kWholeModel);
    }
    const float* v = floats_of(*entry);
    Preprocessing p;
    p.bgr = v[0] != 0.0f;
    for (int i = 0; i < 3; ++i) p.mean[i] = v[1 + i];
    p.scale = v[4];
    return p;
  }

 private:
  const uint8_t& file_byte(uint64_t offset) const noexcept {
    return static_cast<const uint8_t*>(static_cast<const void*>(header_))[offset];
  }

  static constexpr uint32_t key(uint16_t op_index, Role role) noexcept {
    return static_cast<uint32_t>(op_index) << 8 | static_cast<uint32_t>(role);
  }

  /// Whether layout, type and tolerance are those that a role has.
  static constexpr bool fits_role(const BlobEntry& e) noexcept {
    switch (e.role) {
      case Role::weights:
        return (e.layout == Layout::panel16 && e.rank == 4) ||
               (e.layout == Layout::depthwise16 && e.rank == 3) || (e.layout == Layout::quads16 && e.rank == 4);
      case Role::bias:
      case Role::slope:
      case Role::scale:
      case Role::shift:
      case Role::requantise_shift:
      case Role::requantise_positive:
      case Role::requantise_negative:
      case Role::requantise_offset:
      case Role::requantise_addend:
      case Role::border:
      case Role::output_scale: return e.layout == Layout::dense && e.rank == 1;
      case Role::selftest_input:
        return e.layout == Layout::dense && e.rank == 3 && e.dtype == DType::u8;
      case Role::selftest_output:
        return e.layout == Layout::samples && e.rank == 4 && e.dtype == DType::f32;
      case Role::provenance: return e.layout == Layout::dense && e.rank == 1 && e.dtype == DType::u8;
      case Role::preprocessing: return e.layout == Layout::dense && e.rank == 1 && e.dtype == DType::f32;
    }
    return false;
  }

  static constexpr bool is_known(const BlobEntry& e) noexcept {
    const bool role = (e.role >= Role::weights && e.role <= Role::output_scale) ||
                      e.role == Role::selftest_input || e.role == Role::selftest_output ||
                      e.role == Role::provenance || e.role == Role::preprocessing;
    return role && size_bytes(e.dtype) != 0 && e.layout <= Layout::quads16;
  }

  /// Bytes that shape, layout and type ask for; 0 when they overflow or contradict each other.
  static constexpr uint64_t expected_bytes(const BlobEntry& e) noexcept {
    if (e.rank < 1 || e.rank > 4) return 0;
    uint64_t dims[4] = {};
    for (int i = 0; i < 4; ++i) {
      dims[i] = e.dims[i];
      if (dims[i] == 0 || (i >= e.rank && dims[i] != 1)) return 0;
    }
    const bool is_vector = e.role >= Role::bias && e.role <= Role::output_scale;
    if (e.layout == Layout::dense && is_vector) dims[0] = round_up64(dims[0], 16);
    if (e.layout == Layout::panel16) dims[0] = round_up64(dims[0], 16);
    if (e.layout == Layout::depthwise16) dims[2] = round_up64(dims[2], 16);
    if (e.layout == Layout::samples) dims[1] = dims[2] = dims[3] = 1;
    if (e.layout == Layout::quads16) {
      dims[0] = round_up64(dims[0], 16);
      dims[2] = round_up64(dims[2] * dims[3], 4);  // both are below 2^32
      dims[3] = 1;
      if (dims[2] == 0) return 0;
    }
    constexpr uint64_t kLimit = uint64_t{1} << 40;
    uint64_t elements = 1;
    for (const uint64_t d : dims) {
      // Bounded in steps that cannot overflow: 32-bit CPUs have no division of 64 bits.
      if (d > kLimit || (elements >> 20) * d > kLimit >> 20) return 0;
      elements *= d;
      if (elements > kLimit) return 0;
    }
    return elements * size_bytes(e.dtype);
  }
  static constexpr uint64_t round_up64(uint64_t value, uint64_t multiple) noexcept {
    return (value + multiple - 1) / multiple * multiple;
  }

  Status check_directory() const noexcept {
    uint64_t next_offset = header_->payload_offset;
    for (uint32_t i = 0; i < header_->entry_count; ++i) {
      const BlobEntry& e = entries_[i];
      // No holes and no overlap: an entry starts where the one before it ended, padded to 64.
      if (e.offset != next_offset || e.bytes > header_->file_bytes - e.offset) {
        return Status(Errc::blob_bad_entry, i);
      }
      next_offset = round_up64(e.offset + e.bytes, kAlignment_bytes);
      if (next_offset > header_->file_bytes) return Status(Errc::blob_bad_entry, i);
      for (uint64_t at = e.offset + e.bytes; at < next_offset; ++at) {
        if (file_byte(at) != 0) return Status(Errc::blob_bad_entry, i);
      }
      for (const uint32_t word : e.reserved) {
        if (word != 0) return Status(Errc::blob_bad_entry, i);
      }
      if ((e.flags & ~kEntryOptional) != 0) return Status(Errc::blob_bad_entry, i);
      if (i > 0 && key(entries_[i - 1].op_index, entries_[i - 1].role) >= key(e.op_index, e.role)) {
        return Status(Errc::blob_bad_entry, i);
      }
      if (!is_known(e)) {
        if ((e.flags & kEntryOptional) != 0) continue;
        return Status(Errc::blob_unsupported, i);
      }
      const bool has_tolerance = e.role == Role::selftest_output;
      const bool tolerance_fits = has_tolerance ? e.tolerance > 0.0f && e.tolerance < 3.4e38f
                                                : e.tolerance == 0.0f;
      if (e.bytes != expected_bytes(e) || !fits_role(e) || !tolerance_fits) {
        return Status(Errc::blob_bad_entry, i);
      }
    }
    if (next_offset != header_->file_bytes) {
      return Status(Errc::blob_bad_entry, header_->entry_count);
    }
    return Status();
  }

  const BlobHeader* header_ = nullptr;
  const BlobEntry* entries_ = nullptr;
};

FACEIO_END_NAMESPACE

#endif  // FACEIO_WEIGHTS_BLOB_HPP
