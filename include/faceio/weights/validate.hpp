// Whether bytes are a weight blob: the rules of docs/weight_format.md, checked once, in place, whatever the bytes say.
#ifndef FACEIO_WEIGHTS_VALIDATE_HPP
#define FACEIO_WEIGHTS_VALIDATE_HPP

#include "format.hpp"

FACEIO_BEGIN_NAMESPACE
namespace detail {

constexpr uint64_t round_up64(uint64_t value, uint64_t multiple) noexcept {
  return (value + multiple - 1) / multiple * multiple;
}

/// What entries are sorted by.
constexpr uint32_t entry_key(uint16_t op_index, Role role) noexcept {
  return static_cast<uint32_t>(op_index) << 8 | static_cast<uint32_t>(role);
}

/// Roles of one number for each channel.
constexpr bool is_vector(Role role) noexcept { return role >= Role::bias && role <= Role::output_scale; }

constexpr bool is_known(const BlobEntry& e) noexcept {
  if (size_bytes(e.dtype) == 0 || e.layout > Layout::quads16) return false;
  switch (e.role) {
    case Role::weights:
    case Role::selftest_input:
    case Role::selftest_output:
    case Role::provenance:
    case Role::preprocessing: return true;
    default: return is_vector(e.role);
  }
}

/// Whether layout, rank, type and tolerance are those that a known role has.
constexpr bool fits_role(const BlobEntry& e) noexcept {
  const bool has_tolerance = e.role == Role::selftest_output;
  if (has_tolerance ? !(e.tolerance > 0.0f && e.tolerance < 3.4e38f) : e.tolerance != 0.0f) return false;
  switch (e.role) {
    case Role::weights:
      return e.layout == Layout::depthwise16 ? e.rank == 3
                                             : (e.layout == Layout::panel16 || e.layout == Layout::quads16) && e.rank == 4;
    case Role::selftest_input: return e.layout == Layout::dense && e.rank == 3 && e.dtype == DType::u8;
    case Role::selftest_output: return e.layout == Layout::samples && e.rank == 4 && e.dtype == DType::f32;
    case Role::provenance: return e.layout == Layout::dense && e.rank == 1 && e.dtype == DType::u8;
    case Role::preprocessing:
      return e.layout == Layout::dense && e.rank == 1 && e.dtype == DType::f32 && e.dims[0] == 5;
    default: return e.layout == Layout::dense && e.rank == 1;
  }
}

/// Bytes that shape, layout and type ask for; 0 when they are more than any blob has, or the shape is none.
constexpr uint64_t expected_bytes(const BlobEntry& e) noexcept {
  uint64_t dims[4] = {};
  for (int i = 0; i < 4; ++i) {
    dims[i] = e.dims[i];
    if (dims[i] == 0 || (i >= e.rank && dims[i] != 1)) return 0;
  }
  switch (e.layout) {
    case Layout::dense:
      if (is_vector(e.role)) dims[0] = round_up64(dims[0], 16);
      break;
    case Layout::panel16: dims[0] = round_up64(dims[0], 16); break;
    case Layout::depthwise16: dims[2] = round_up64(dims[2], 16); break;
    case Layout::samples: dims[1] = dims[2] = dims[3] = 1; break;
    default:  // quads16: others are not known
      dims[0] = round_up64(dims[0], 16);
      dims[2] = round_up64(dims[2] * dims[3], 4);  // both are below 2^32
      dims[3] = 1;
      break;
  }
  constexpr uint64_t kLimit = uint64_t{1} << 40;
  uint64_t elements = 1;
  for (const uint64_t d : dims) {
    // Bounded in steps that cannot overflow: 32-bit CPUs have no division of 64 bits.
    if (d > kLimit || (elements >> 20) * d > kLimit >> 20) return 0;
    elements *= d;
  }
  return elements * size_bytes(e.dtype);
}

/// Whether no number in `count` little-endian words has an exponent of ones: infinities and what is not a number.
template <class Word>
inline bool all_finite(const uint8_t* bytes, size_t count, Word exponent) noexcept {
  bool finite = true;
  for (size_t i = 0; i < count; ++i) {
    Word word;
    __builtin_memcpy(&word, bytes + i * sizeof word, sizeof word);
    finite &= (word & exponent) != exponent;
  }
  return finite;
}

/// Whether an entry holds numbers that its role may hold. What int8 arithmetic asks for on top is checked where it is
/// bound (nn/int8_weights.hpp).
inline bool has_sane_values(const BlobEntry& e, const uint8_t* bytes) noexcept {
  const auto count = static_cast<size_t>(e.bytes) / size_bytes(e.dtype);
  if (e.dtype == DType::f16) return all_finite<uint16_t>(bytes, count, 0x7c00u);
  if (e.dtype == DType::bf16) return all_finite<uint16_t>(bytes, count, 0x7f80u);
  if (e.dtype != DType::f32) return true;
  if (!all_finite<uint32_t>(bytes, count, 0x7f800000u)) return false;
  if (e.role != Role::preprocessing) return true;
  float order, scale;
  __builtin_memcpy(&order, bytes, sizeof order);
  __builtin_memcpy(&scale, bytes + 4 * sizeof scale, sizeof scale);
  return (order == 0.0f || order == 1.0f) && scale > 0.0f;
}

/// Entry i of a blob whose header and checksums are right. `next_offset`: where it has to start, then the next one.
inline Status check_entry(const uint8_t* blob, const BlobHeader& header, const BlobEntry* entries, uint32_t i,
                          uint64_t& next_offset) noexcept {
  const BlobEntry& e = entries[i];
  if (e.offset != next_offset || e.bytes > header.file_bytes - e.offset) return Status(Errc::blob_bad_offset, i);
  const uint64_t end = e.offset + e.bytes;
  next_offset = round_up64(end, kAlignment_bytes);
  if (next_offset > header.file_bytes) return Status(Errc::blob_bad_offset, i);
  for (uint64_t at = end; at < next_offset; ++at) {
    if (blob[at] != 0) return Status(Errc::blob_bad_padding, i);
  }
  for (const uint32_t word : e.reserved) {
    if (word != 0) return Status(Errc::blob_bad_padding, i);
  }
  if ((e.flags & ~kEntryOptional) != 0) return Status(Errc::blob_bad_padding, i);
  if (i > 0 && entry_key(entries[i - 1].op_index, entries[i - 1].role) >= entry_key(e.op_index, e.role)) {
    return Status(Errc::blob_bad_order, i);
  }
  if (!is_known(e)) return (e.flags & kEntryOptional) != 0 ? Status() : Status(Errc::blob_unsupported, i);
  if (!fits_role(e)) return Status(Errc::blob_bad_role, i);
  // No entry is empty, so 0 for a shape that is none differs too.
  if (e.bytes != expected_bytes(e) || e.bytes == 0) return Status(Errc::blob_bad_shape, i);
  return has_sane_values(e, blob + e.offset) ? Status() : Status(Errc::blob_bad_value, i);
}

}  // namespace detail

/// ok when `bytes` begin with a whole blob that keeps every rule of docs/weight_format.md; more bytes may follow. Reads
/// nothing outside `bytes` and writes nothing, whatever they hold; takes time in proportion to their number. They must not
/// change while it runs, nor afterwards. Errors: blob_*.
inline Status validate_blob(Span<const uint8_t> bytes) noexcept {
  if (bytes.data == nullptr) return Status(Errc::blob_truncated, sizeof(BlobHeader));
  if (bytes.size < sizeof(BlobHeader)) return Status(Errc::blob_truncated, sizeof(BlobHeader) - bytes.size);
  const auto misaligned = reinterpret_cast<uintptr_t>(bytes.data) % kAlignment_bytes;
  if (misaligned != 0) return Status(Errc::blob_misaligned, misaligned);
  const auto& header = *static_cast<const BlobHeader*>(static_cast<const void*>(bytes.data));
  for (int i = 0; i < 4; ++i) {
    if (header.magic[i] != kBlobMagic[i]) return Errc::blob_bad_magic;
  }
  if (header.endian_mark != kBlobEndianMark) return Errc::blob_bad_endian;
  if (header.format_version != kBlobVersion) return Status(Errc::blob_bad_version, header.format_version);
  if (crc32c(bytes.data, 60) != header.header_crc32c) return Status(Errc::blob_bad_checksum, 0);
  // A newer reader may give these a meaning, so they are a matter of version.
  if (header.header_bytes != sizeof(BlobHeader)) return Status(Errc::blob_bad_version, header.format_version);
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
    return Status(Errc::blob_bad_directory, header.entry_count);
  }
  const uint8_t* const directory = bytes.data + sizeof(BlobHeader);
  const auto directory_bytes = static_cast<size_t>(payload_offset) - sizeof(BlobHeader);
  if (crc32c(directory, directory_bytes) != header.directory_crc32c) return Status(Errc::blob_bad_checksum, 1);
  const auto payload_bytes = static_cast<size_t>(header.file_bytes - payload_offset);
  if (crc32c(bytes.data + payload_offset, payload_bytes) != header.payload_crc32c) {
    return Status(Errc::blob_bad_checksum, 2);
  }
  const auto* const entries = static_cast<const BlobEntry*>(static_cast<const void*>(directory));
  uint64_t next_offset = payload_offset;
  for (uint32_t i = 0; i < header.entry_count; ++i) {
    const Status entry = detail::check_entry(bytes.data, header, entries, i, next_offset);
    if (!entry.ok()) return entry;
  }
  return next_offset == header.file_bytes ? Status() : Status(Errc::blob_bad_directory, header.entry_count);
}

FACEIO_END_NAMESPACE

#endif  // FACEIO_WEIGHTS_VALIDATE_HPP
