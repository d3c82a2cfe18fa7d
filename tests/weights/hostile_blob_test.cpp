// Blobs made to do harm. Each test is one way of harm that readers of model files have fallen for; each has its own answer.
#include <doctest/doctest.h>

#include <functional>
#include <limits>
#include <set>

#include "../support/blob_editor.hpp"

using namespace faceio;
using test::BlobEditor;

namespace {

constexpr uint64_t kHuge = ~uint64_t{0};

Status with_header(const std::function<void(BlobHeader&)>& damage) {
  BlobEditor blob(test::tiny_blob());
  BlobHeader h = blob.header();
  damage(h);
  blob.set_header(h);
  blob.seal_header();
  return blob.open();
}

/// A header of a file that holds nothing else.
BlobHeader none_of(BlobHeader h) {
  h.entry_count = 0;
  h.payload_offset = 64;
  h.file_bytes = 64;
  return h;
}

/// The first entry of `role` in the tiny blob, damaged under right checksums.
Status with_entry(Role role, const std::function<void(BlobEntry&)>& damage, size_t skip = 0) {
  BlobEditor blob(test::tiny_blob());
  const size_t i = blob.index_of(role, skip);
  BlobEntry e = blob.entry(i);
  damage(e);
  blob.set_entry(i, e);
  blob.seal();
  const Status status = blob.open();
  // The entry is named; a hole is noticed at the entry behind it.
  if (!status.ok()) CHECK((status.detail == i || (status.code == Errc::blob_bad_offset && status.detail == i + 1)));
  return status;
}

Status with_payload(Role role, size_t skip, size_t offset, const void* content, size_t size) {
  BlobEditor blob(test::tiny_blob());
  const BlobEntry e = blob.entry(blob.index_of(role, skip));
  std::memcpy(blob.bytes.data() + e.offset + offset, content, size);
  blob.seal();
  return blob.open();
}

Status with_float(Role role, float value, size_t index = 0) {
  return with_payload(role, 0, index * sizeof value, &value, sizeof value);
}

}  // namespace

TEST_CASE("the tiny blob is a blob") {
  const BlobEditor blob(test::tiny_blob());
  CHECK(blob.open().ok());
  CHECK(blob.bytes.size() < 4096);
}

TEST_CASE("hostile blob: nothing, and every truncation") {
  CHECK(Blob::open({}).status().code == Errc::blob_truncated);
  const uint8_t* const nowhere = nullptr;
  CHECK(Blob::open({nowhere, 4096}).status().code == Errc::blob_truncated);
  const std::vector<uint8_t> whole = test::tiny_blob();
  for (size_t length = 0; length < whole.size(); ++length) {
    const BlobEditor cut(std::vector<uint8_t>(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(length)));
    const Status status = cut.open();
    CHECK(status.code == Errc::blob_truncated);
    CHECK(status.detail == (length < 64 ? 64 : whole.size()) - length);
  }
}

TEST_CASE("hostile blob: magic, version, byte order, header size") {
  for (int i = 0; i < 4; ++i) {
    CHECK(with_header([i](BlobHeader& h) { h.magic[i] ^= 0x20; }).code == Errc::blob_bad_magic);
  }
  CHECK(with_header([](BlobHeader& h) { h.format_version = 2; }).code == Errc::blob_bad_version);
  CHECK(with_header([](BlobHeader& h) { h.format_version = 2; }).detail == 2);
  CHECK(with_header([](BlobHeader& h) { h.endian_mark = 0x04030201u; }).code == Errc::blob_bad_endian);
  for (const int size : {0, 63, 65, 0x8000, 0xffff}) {
    CHECK(with_header([size](BlobHeader& h) { h.header_bytes = static_cast<uint16_t>(size); }).code == Errc::blob_bad_version);
  }
  for (int i = 0; i < 4; ++i) {
    CHECK(with_header([i](BlobHeader& h) { h.reserved[i] = 1; }).code == Errc::blob_bad_version);
  }
}

TEST_CASE("hostile blob: counts and sizes of the header") {
  const uint32_t entries = BlobEditor(test::tiny_blob()).header().entry_count;
  for (const uint32_t count : {0u, 1u, entries - 1, entries + 1, 0x7fffffffu, 0x80000000u, 0x04000000u, 0xffffffffu}) {
    const Status status = with_header([count](BlobHeader& h) { h.entry_count = count; });
    CHECK(status.code == Errc::blob_bad_directory);
    CHECK(status.detail == count);
  }
  // A count that agrees with the offset and not with the file; and one whose bytes wrap in 32 bits.
  CHECK(with_header([](BlobHeader& h) {
          h.entry_count = 1u << 20;
          h.payload_offset = 64 + (64u << 20);
        }).code == Errc::blob_bad_directory);
  CHECK(with_header([](BlobHeader& h) {
          h.entry_count = 0x04000000u;  // times 64: 2^32
          h.payload_offset = 64;
        }).code == Errc::blob_bad_directory);
  for (const uint64_t size : {uint64_t{0}, uint64_t{63}, uint64_t{64}}) {
    CHECK(with_header([size](BlobHeader& h) { h.file_bytes = size; }).code == Errc::blob_bad_directory);
  }
  for (const uint64_t size : {uint64_t{1} << 31, uint64_t{1} << 32, (uint64_t{1} << 32) + 4096, uint64_t{1} << 63, kHuge - 3, kHuge}) {
    CHECK(with_header([size](BlobHeader& h) { h.file_bytes = size; }).code == Errc::blob_truncated);
  }
  // Neither entries nor payload: a blob that keeps all rules and lacks everything that a network asks for.
  BlobEditor bare(std::vector<uint8_t>(64));
  BlobHeader only = none_of(BlobEditor(test::tiny_blob()).header());
  bare.set_header(only);
  bare.seal();
  test::AlignedBuffer bytes(bare.bytes);
  const auto opened = Blob::open(bytes.bytes());
  REQUIRE(opened.has_value());
  CHECK(opened->preprocessing().status().code == Errc::blob_missing_tensor);
  CHECK(opened->find(0, Role::weights) == nullptr);
  // No entry at all, and a payload: it belongs to nobody.
  BlobEditor none(test::tiny_blob());
  BlobHeader h = none.header();
  h.entry_count = 0;
  h.payload_offset = 64;
  none.set_header(h);
  none.seal();
  CHECK(none.open().code == Errc::blob_bad_directory);
}

TEST_CASE("hostile blob: shapes that are none, or whose products wrap") {
  const auto dims = [](Role role, uint32_t a, uint32_t b, uint32_t c, uint32_t d, size_t skip = 0) {
    return with_entry(role, [=](BlobEntry& e) {
      e.dims[0] = a;
      e.dims[1] = b;
      e.dims[2] = c;
      e.dims[3] = d;
    }, skip).code;
  };
  CHECK(dims(Role::weights, 2, 1, 1, 1) == Errc::ok);
  for (int zero = 0; zero < 4; ++zero) {
    CHECK(dims(Role::weights, zero != 0, zero != 1, zero != 2, zero != 3) == Errc::blob_bad_shape);
  }
  CHECK(dims(Role::weights, 65536, 65536, 65536, 65536) == Errc::blob_bad_shape);  // 2^64 elements: 0 modulo 2^64
  CHECK(dims(Role::weights, 1u << 31, 1, 1, 2) == Errc::blob_bad_shape);           // 2^32 elements: 0 modulo 2^32
  CHECK(dims(Role::weights, 4194305, 4194305, 211106198, 1) == Errc::blob_bad_shape);
  CHECK(dims(Role::weights, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu) == Errc::blob_bad_shape);
  CHECK(dims(Role::weights, 0xfffffff0u, 1, 1, 1) == Errc::blob_bad_shape);
  CHECK(dims(Role::weights, 0xffffffffu, 1, 1, 1) == Errc::blob_bad_shape);  // rounded up: 2^32
  CHECK(dims(Role::weights, 17, 1, 1, 1) == Errc::blob_bad_shape);  // needs a second panel
  CHECK(dims(Role::bias, 0xfffffff1u, 1, 1, 1) == Errc::blob_bad_shape);
  CHECK(dims(Role::bias, 2, 2, 1, 1) == Errc::blob_bad_shape);  // beyond its rank
  CHECK(dims(Role::bias, 2, 1, 1, 0) == Errc::blob_bad_shape);
  // No bytes for no elements.
  const auto nothing = [](BlobEntry& e) { e.dims[0] = 0, e.bytes = 0; };
  CHECK(with_entry(Role::bias, nothing).code == Errc::blob_bad_shape);
  // quads16: the product of two dims is rounded up.
  CHECK(dims(Role::weights, 1, 1, 0xffffffffu, 0xffffffffu, 2) == Errc::blob_bad_shape);
  CHECK(dims(Role::weights, 1, 1, 4, 1, 2) == Errc::ok);  // still four terms
  CHECK(dims(Role::weights, 1, 1, 5, 1, 2) == Errc::blob_bad_shape);
  // samples: the map may be any size, their number may not.
  CHECK(dims(Role::selftest_output, 3, 0xffffffffu, 0xffffffffu, 0xffffffffu) == Errc::ok);
  CHECK(dims(Role::selftest_output, 4, 4, 5, 6) == Errc::blob_bad_shape);
}

TEST_CASE("hostile blob: offsets into the header, into each other, beyond the file, wrapping") {
  const auto at = [](uint64_t offset, size_t skip = 1) {
    return with_entry(Role::bias, [offset](BlobEntry& e) { e.offset = offset; }, skip).code;
  };
  const uint64_t right = BlobEditor(test::tiny_blob()).entry(BlobEditor(test::tiny_blob()).index_of(Role::bias, 1)).offset;
  CHECK(at(right) == Errc::ok);
  for (const uint64_t offset : {uint64_t{0}, uint64_t{64}, right - 64, right - 1, right + 1, right + 64, uint64_t{1} << 31,
                                uint64_t{1} << 32, (uint64_t{1} << 32) + right, uint64_t{1} << 63, kHuge - 63, kHuge}) {
    CHECK(at(offset) == Errc::blob_bad_offset);
  }
  const auto size = [](uint64_t bytes) {
    return with_entry(Role::bias, [bytes](BlobEntry& e) { e.bytes = bytes; }, 1).code;
  };
  CHECK(size(64) == Errc::ok);
  CHECK(size(0) == Errc::blob_bad_shape);
  CHECK(size(60) == Errc::blob_bad_shape);
  CHECK(size(65) == Errc::blob_bad_shape);
  for (const uint64_t bytes : {uint64_t{1} << 20, uint64_t{1} << 32, uint64_t{1} << 63, kHuge - 63, kHuge - 3, kHuge}) {
    CHECK(size(bytes) == Errc::blob_bad_offset);
  }
}

TEST_CASE("hostile blob: a directory that leaves bytes of the file to nobody") {
  BlobEditor blob(test::tiny_blob());
  blob.bytes.resize(blob.bytes.size() + 64);  // a second file behind the first, under its checksum
  BlobHeader h = blob.header();
  h.file_bytes += 64;
  blob.set_header(h);
  blob.seal();
  CHECK(blob.open().code == Errc::blob_bad_directory);
  // The last entry's padding cut off.
  BlobEditor cut(test::tiny_blob());
  cut.bytes.resize(cut.bytes.size() - 32);
  h = cut.header();
  h.file_bytes -= 32;
  cut.set_header(h);
  cut.seal();
  CHECK(cut.open().code == Errc::blob_bad_offset);
}

TEST_CASE("hostile blob: bytes that have to be zero") {
  const uint8_t one = 1;
  // 16 bytes of border are followed by 48 zeros.
  CHECK(with_payload(Role::border, 0, 16, &one, 1).code == Errc::blob_bad_padding);
  CHECK(with_payload(Role::border, 0, 63, &one, 1).code == Errc::blob_bad_padding);
  for (int i = 0; i < 5; ++i) {
    CHECK(with_entry(Role::weights, [i](BlobEntry& e) { e.reserved[i] = 0x80000000u; }).code == Errc::blob_bad_padding);
  }
  for (const int flags : {2, 3, 0x8000}) {
    CHECK(with_entry(Role::weights, [flags](BlobEntry& e) { e.flags = static_cast<uint16_t>(flags); }).code == Errc::blob_bad_padding);
  }
}

TEST_CASE("hostile blob: entries twice, or out of order") {
  CHECK(with_entry(Role::bias, [](BlobEntry& e) { e.role = Role::weights; }).code == Errc::blob_bad_order);
  CHECK(with_entry(Role::bias, [](BlobEntry& e) { e.op_index = 0; }, 1).code == Errc::blob_bad_order);
}

TEST_CASE("hostile blob: roles, types and layouts that do not exist") {
  for (const int value : {0, 8, 99, 128, 255}) {
    CHECK(with_entry(Role::weights, [value](BlobEntry& e) { e.dtype = static_cast<DType>(value); }).code == Errc::blob_unsupported);
  }
  for (const int value : {5, 77, 255}) {
    CHECK(with_entry(Role::weights, [value](BlobEntry& e) { e.layout = static_cast<Layout>(value); }).code == Errc::blob_unsupported);
  }
  for (const int value : {0, 13, 15, 18, 31, 34, 255}) {
    BlobEditor blob(test::tiny_blob());
    const size_t last = blob.index_of(Role::preprocessing);
    BlobEntry e = blob.entry(value == 0 ? 0 : last);
    e.role = static_cast<Role>(value);
    e.op_index = value == 0 ? uint16_t{0} : kWholeModel;
    blob.set_entry(value == 0 ? 0 : last, e);
    blob.seal();
    // Smaller numbers than that of the entry before it are out of order besides.
    CHECK(blob.open().code == (value == 0 || value == 34 || value == 255 ? Errc::blob_unsupported : Errc::blob_bad_order));
  }
  for (const int role : {13, 15, 18, 31}) {
    BlobEditor blob(test::tiny_blob());
    const size_t i = blob.index_of(Role::selftest_output);
    BlobEntry e = blob.entry(i);
    e.role = static_cast<Role>(role);
    e.flags = 0;
    blob.set_entry(i, e);
    blob.seal();
    CHECK(blob.open().code == Errc::blob_unsupported);
    e.flags = kEntryOptional;
    blob.set_entry(i, e);
    blob.seal();
    CHECK(blob.open().ok());
  }
}

TEST_CASE("hostile blob: a role with the layout, type, rank or tolerance of another") {
  const auto layout = [](Role role, Layout value) {
    return with_entry(role, [value](BlobEntry& e) { e.layout = value; }).code;
  };
  for (const Role role : {Role::bias, Role::selftest_input, Role::provenance, Role::preprocessing}) {
    for (const Layout value : {Layout::panel16, Layout::depthwise16, Layout::samples, Layout::quads16}) {
      CHECK(layout(role, value) == Errc::blob_bad_role);
    }
  }
  CHECK(layout(Role::weights, Layout::dense) == Errc::blob_bad_role);
  CHECK(layout(Role::weights, Layout::samples) == Errc::blob_bad_role);
  CHECK(layout(Role::weights, Layout::depthwise16) == Errc::blob_bad_role);
  CHECK(layout(Role::selftest_output, Layout::dense) == Errc::blob_bad_role);
  const auto type = [](Role role, DType value) {
    return with_entry(role, [value](BlobEntry& e) { e.dtype = value; }).code;
  };
  CHECK(type(Role::selftest_input, DType::f32) == Errc::blob_bad_role);
  CHECK(type(Role::selftest_output, DType::i32) == Errc::blob_bad_role);
  CHECK(type(Role::provenance, DType::i8) == Errc::blob_bad_role);
  CHECK(type(Role::preprocessing, DType::i32) == Errc::blob_bad_role);
  for (const Role role : {Role::weights, Role::bias, Role::selftest_input, Role::selftest_output, Role::provenance,
                          Role::preprocessing}) {
    for (const int rank : {0, 2, 5, 255}) {
      CHECK(with_entry(role, [rank](BlobEntry& e) { e.rank = static_cast<uint8_t>(rank); }).code == Errc::blob_bad_role);
    }
  }
  for (const uint32_t count : {4u, 6u}) {
    CHECK(with_entry(Role::preprocessing, [count](BlobEntry& e) { e.dims[0] = count; }).code == Errc::blob_bad_role);
  }
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN(), kInfinity = std::numeric_limits<float>::infinity();
  for (const float tolerance : {0.0f, -1.0f, kInfinity, kNan}) {
    CHECK(with_entry(Role::selftest_output, [=](BlobEntry& e) { e.tolerance = tolerance; }).code == Errc::blob_bad_role);
  }
  for (const float tolerance : {1.0f, kNan}) {
    CHECK(with_entry(Role::weights, [=](BlobEntry& e) { e.tolerance = tolerance; }).code == Errc::blob_bad_role);
  }
}

TEST_CASE("hostile blob: numbers that are not finite, and preprocessing that makes no sense") {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN(), kInfinity = std::numeric_limits<float>::infinity();
  for (const float value : {kNan, kInfinity, -kInfinity}) {
    for (const Role role : {Role::weights, Role::bias, Role::slope, Role::selftest_output}) {
      CHECK(with_float(role, value).code == Errc::blob_bad_value);
    }
    for (size_t i = 0; i < 5; ++i) CHECK(with_float(Role::preprocessing, value, i).code == Errc::blob_bad_value);
  }
  CHECK(with_float(Role::weights, kNan, 15).code == Errc::blob_bad_value);  // the padding of a panel too
  // Largest numbers, zeros and denormals are numbers.
  for (const float value : {0.0f, -0.0f, std::numeric_limits<float>::max(), std::numeric_limits<float>::denorm_min()}) {
    CHECK(with_float(Role::weights, value).ok());
  }
  for (const uint16_t half : {uint16_t{0x7c00}, uint16_t{0xfc00}, uint16_t{0x7e00}}) {
    CHECK(with_payload(Role::weights, 3, 2, &half, 2).code == Errc::blob_bad_value);
  }
  const uint16_t largest_half = 0x7bff;
  CHECK(with_payload(Role::weights, 3, 2, &largest_half, 2).ok());
  // bf16 is a type that no network has yet.
  BlobEditor bf16(test::tiny_blob());
  const size_t i = bf16.index_of(Role::weights, 3);
  BlobEntry e = bf16.entry(i);
  e.dtype = DType::bf16;
  bf16.set_entry(i, e);
  bf16.seal();
  CHECK(bf16.open().ok());
  bf16.bytes[static_cast<size_t>(e.offset) + 1] = 0x7f;
  bf16.bytes[static_cast<size_t>(e.offset)] = 0x80;
  bf16.seal();
  CHECK(bf16.open().code == Errc::blob_bad_value);

  for (const float order : {-1.0f, 0.5f, 2.0f}) CHECK(with_float(Role::preprocessing, order, 0).code == Errc::blob_bad_value);
  for (const float scale : {0.0f, -1.0f}) CHECK(with_float(Role::preprocessing, scale, 4).code == Errc::blob_bad_value);
  CHECK(with_float(Role::preprocessing, 0.0f, 0).ok());
}

TEST_CASE("hostile blob: checksums are looked at before what they cover") {
  BlobEditor header(test::tiny_blob());
  header.bytes[60] ^= 1;
  CHECK(header.open().code == Errc::blob_bad_checksum);
  CHECK(header.open().detail == 0);
  BlobEditor directory(test::tiny_blob());
  directory.bytes[64] ^= 1;
  CHECK(directory.open().detail == 1);
  BlobEditor payload(test::tiny_blob());
  payload.bytes.back() ^= 1;
  CHECK(payload.open().code == Errc::blob_bad_checksum);
  CHECK(payload.open().detail == 2);
}

TEST_CASE("hostile blob: every address that is not a multiple of 64") {
  const std::vector<uint8_t> bytes = test::tiny_blob();
  for (size_t off = 1; off < 64; ++off) {
    test::AlignedBuffer shifted(bytes.size(), off);
    std::memcpy(shifted.data(), bytes.data(), bytes.size());
    const Status status = Blob::open(shifted.bytes()).status();
    CHECK(status.code == Errc::blob_misaligned);
    CHECK(status.detail == off);
  }
}

TEST_CASE("every error has a sentence of its own") {
  std::set<std::string> sentences;
  int codes = 0;
  for (; std::string(message(static_cast<Errc>(codes))) != "unknown error code"; ++codes) {
    sentences.insert(message(static_cast<Errc>(codes)));
  }
  CHECK(codes == static_cast<int>(Errc::unsupported_target) + 1);
  CHECK(static_cast<int>(sentences.size()) == codes);
}
