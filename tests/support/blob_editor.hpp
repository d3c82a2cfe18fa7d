// A blob as a writer sees it: damage it, then make the checksums right again.
#ifndef FACEIO_TESTS_SUPPORT_BLOB_EDITOR_HPP
#define FACEIO_TESTS_SUPPORT_BLOB_EDITOR_HPP

#include <cstring>
#include <faceio/weights/blob.hpp>
#include <string>
#include <vector>

#include "files.hpp"

namespace test {

struct BlobEditor {
  std::vector<uint8_t> bytes;

  explicit BlobEditor(const std::string& path = detector_path()) : bytes(read_file(path)) {}
  explicit BlobEditor(std::vector<uint8_t> content) : bytes(std::move(content)) {}

  faceio::BlobHeader header() const {
    faceio::BlobHeader h;
    std::memcpy(&h, bytes.data(), sizeof h);
    return h;
  }
  void set_header(const faceio::BlobHeader& h) { std::memcpy(bytes.data(), &h, sizeof h); }
  faceio::BlobEntry entry(size_t i) const {
    faceio::BlobEntry e;
    std::memcpy(&e, bytes.data() + 64 + 64 * i, sizeof e);
    return e;
  }
  void set_entry(size_t i, const faceio::BlobEntry& e) { std::memcpy(bytes.data() + 64 + 64 * i, &e, sizeof e); }

  /// Index of the first entry of a role, after `skip` others.
  size_t index_of(faceio::Role role, size_t skip = 0) const {
    for (size_t i = 0; i < header().entry_count; ++i) {
      if (entry(i).role == role && skip-- == 0) return i;
    }
    throw std::runtime_error("no entry of this role");
  }

  void seal_header() {
    faceio::BlobHeader h = header();
    h.header_crc32c = faceio::crc32c(bytes.data(), 60);
    set_header(h);
  }
  /// All checksums, for whatever part of the file the header names that is there.
  void seal() {
    if (bytes.size() < 64) return;
    faceio::BlobHeader h = header();
    const size_t directory = std::min(size_t{h.entry_count} * 64, bytes.size() - 64);
    const size_t payload = std::min(size_t{h.payload_offset}, bytes.size());
    const size_t end = std::max(payload, static_cast<size_t>(std::min<uint64_t>(h.file_bytes, bytes.size())));
    h.directory_crc32c = faceio::crc32c(bytes.data() + 64, directory);
    h.payload_crc32c = faceio::crc32c(bytes.data() + payload, end - payload);
    set_header(h);
    seal_header();
  }
  faceio::Status open() const {
    AlignedBuffer aligned(bytes);
    return faceio::Blob::open(aligned.bytes()).status();
  }
};

/// Whether everything that an opened blob hands out lies inside its `size_bytes` from `begin`, and is found where it is
/// listed: what its readers trust.
bool is_inside(const faceio::Blob& blob, const uint8_t* begin, size_t size_bytes);

/// A small blob with an entry of every role, layout and type: what takes a loader everywhere in a few hundred bytes.
/// Payloads are zeros, except where a role asks for other numbers.
std::vector<uint8_t> tiny_blob();

}  // namespace test

#endif
