#include "blob_editor.hpp"

namespace test {

using namespace faceio;

bool is_inside(const Blob& blob, const uint8_t* begin, size_t size_bytes) {
  if (blob.file_bytes() > size_bytes) return false;
  for (const BlobEntry& e : blob.entries()) {
    if (e.offset % 64 != 0 || e.offset > size_bytes || e.bytes > size_bytes - e.offset) return false;
    if (blob.bytes_of(e) != begin + e.offset || blob.find(e.op_index, e.role) != &e) return false;
  }
  const Result<Preprocessing> p = blob.preprocessing();
  return !p || p->scale > 0.0f;
}

std::vector<uint8_t> tiny_blob() {
  struct Wanted {
    uint16_t op_index;
    Role role;
    DType dtype;
    Layout layout;
    uint8_t rank;
    uint32_t dims[4];
    uint64_t bytes;  // by hand, docs/weight_format.md
    uint16_t flags = 0;
  };
  const Wanted wanted[] = {
      {0, Role::weights, DType::f32, Layout::panel16, 4, {2, 1, 1, 1}, 16 * 4},
      {0, Role::bias, DType::f32, Layout::dense, 1, {2, 1, 1, 1}, 16 * 4},
      {0, Role::slope, DType::f32, Layout::dense, 1, {2, 1, 1, 1}, 16 * 4},
      {0, Role::selftest_output, DType::f32, Layout::samples, 4, {3, 4, 5, 6}, 3 * 4, kEntryOptional},
      {1, Role::weights, DType::i16, Layout::depthwise16, 3, {3, 3, 1, 1}, 9 * 16 * 2},
      {1, Role::bias, DType::i32, Layout::dense, 1, {1, 1, 1, 1}, 16 * 4},
      {1, Role::requantise_shift, DType::i32, Layout::dense, 1, {1, 1, 1, 1}, 16 * 4},
      {1, Role::border, DType::u8, Layout::dense, 1, {3, 1, 1, 1}, 16},
      {2, Role::weights, DType::i8, Layout::quads16, 4, {1, 1, 3, 1}, 16 * 4},
      {3, Role::weights, DType::f16, Layout::panel16, 4, {1, 1, 1, 3}, 16 * 3 * 2},
      {kWholeModel, Role::selftest_input, DType::u8, Layout::dense, 3, {2, 1, 3, 1}, 6, kEntryOptional},
      {kWholeModel, Role::provenance, DType::u8, Layout::dense, 1, {2, 1, 1, 1}, 2, kEntryOptional},
      {kWholeModel, Role::preprocessing, DType::f32, Layout::dense, 1, {5, 1, 1, 1}, 5 * 4},
  };
  std::vector<uint8_t> bytes(64 + 64 * std::size(wanted));
  BlobEditor blob(bytes);
  for (size_t i = 0; i < std::size(wanted); ++i) {
    const Wanted& w = wanted[i];
    BlobEntry e{};
    e.op_index = w.op_index;
    e.role = w.role;
    e.dtype = w.dtype;
    e.layout = w.layout;
    e.rank = w.rank;
    e.flags = w.flags;
    std::copy(std::begin(w.dims), std::end(w.dims), e.dims);
    e.offset = blob.bytes.size();
    e.bytes = w.bytes;
    e.tolerance = w.role == Role::selftest_output ? 0.5f : 0.0f;
    blob.set_entry(i, e);
    blob.bytes.resize((blob.bytes.size() + static_cast<size_t>(w.bytes) + 63) / 64 * 64);
    if (w.role == Role::preprocessing) {
      const float values[5] = {1.0f, 104.0f, 117.0f, 123.0f, 1.0f};
      std::memcpy(blob.bytes.data() + e.offset, values, sizeof values);
    }
  }
  BlobHeader h{};
  std::memcpy(h.magic, kBlobMagic, sizeof h.magic);
  h.format_version = kBlobVersion;
  h.header_bytes = 64;
  h.endian_mark = kBlobEndianMark;
  h.entry_count = static_cast<uint32_t>(std::size(wanted));
  h.file_bytes = blob.bytes.size();
  h.payload_offset = 64 + 64 * h.entry_count;
  blob.set_header(h);
  blob.seal();
  return blob.bytes;
}

}  // namespace test
