// The blob loader: the committed blobs open, and every way to damage one is refused with its own error.
#include <doctest/doctest.h>

#include <cstddef>
#include <faceio/weights/blob.hpp>
#include <functional>
#include <limits>

#include "../support/files.hpp"

using namespace faceio;

namespace {

/// A blob as a writer sees it: damage it, then make the checksums right again.
struct Editable {
  std::vector<uint8_t> bytes = test::read_file(test::detector_path());

  BlobHeader header() const {
    BlobHeader h;
    std::memcpy(&h, bytes.data(), sizeof h);
    return h;
  }
  void set_header(const BlobHeader& h) { std::memcpy(bytes.data(), &h, sizeof h); }
  BlobEntry entry(uint32_t i) const {
    BlobEntry e;
    std::memcpy(&e, bytes.data() + 64 + 64 * i, sizeof e);
    return e;
  }
  void set_entry(uint32_t i, const BlobEntry& e) { std::memcpy(bytes.data() + 64 + 64 * i, &e, sizeof e); }

  void seal() {
    BlobHeader h = header();
    h.directory_crc32c = crc32c(bytes.data() + 64, h.entry_count * size_t{64});
    h.payload_crc32c = crc32c(bytes.data() + h.payload_offset, bytes.size() - h.payload_offset);
    set_header(h);
    h.header_crc32c = crc32c(bytes.data(), 60);
    set_header(h);
  }
  Status open() const {
    test::AlignedBuffer aligned(bytes);
    return Blob::open(aligned.bytes()).status();
  }
};

Status with_entry(uint32_t i, const std::function<void(BlobEntry&)>& damage) {
  Editable blob;
  BlobEntry e = blob.entry(i);
  damage(e);
  blob.set_entry(i, e);
  blob.seal();
  return blob.open();
}

Status with_header(const std::function<void(BlobHeader&)>& damage) {
  Editable blob;
  BlobHeader h = blob.header();
  damage(h);
  h.header_crc32c = 0;
  blob.set_header(h);
  h.header_crc32c = crc32c(blob.bytes.data(), 60);
  blob.set_header(h);
  return blob.open();
}

}  // namespace

TEST_CASE("int8 blobs: sizes that their layouts and types ask for") {
  const auto with = [](uint32_t index_of_role, Role role, const std::function<void(BlobEntry&)>& damage) {
    Editable blob;
    blob.bytes = test::read_file(test::int8_detector_path());
    uint32_t index = 0, seen = 0;
    for (uint32_t i = 0; i < blob.header().entry_count; ++i) {
      if (blob.entry(i).role == role && seen++ == index_of_role) index = i;
    }
    BlobEntry e = blob.entry(index);
    CHECK(e.role == role);
    damage(e);
    blob.set_entry(index, e);
    blob.seal();
    return blob.open();
  };
  // The first weights are the first layer's: 8 filters in one panel, 3 rows of 9 terms and 3 zeros, a byte each.
  CHECK(with(0, Role::weights, [](BlobEntry& e) {
    CHECK(e.layout == Layout::quads16);
    CHECK(e.bytes == 16 * 3 * 12);
  }).ok());
  CHECK(with(1, Role::weights, [](BlobEntry& e) {
    CHECK(e.dtype == DType::i16);
    CHECK(e.bytes == 9 * 16 * 2);
  }).ok());
  CHECK(with(0, Role::requantise_shift, [](BlobEntry& e) { CHECK(e.bytes == 16 * 4); }).ok());
  // Still 12 terms a row with 4 channels of 3 columns; 13 terms become 16.
  CHECK(with(0, Role::weights, [](BlobEntry& e) { e.dims[3] = 4; }).ok());
  CHECK(with(0, Role::weights, [](BlobEntry& e) { e.dims[3] = 5; }).code == Errc::blob_bad_entry);
  CHECK(with(0, Role::weights, [](BlobEntry& e) { e.dims[0] = 17; }).code == Errc::blob_bad_entry);
  CHECK(with(0, Role::weights, [](BlobEntry& e) { e.dims[2] = e.dims[3] = 0xffffffffu; }).code == Errc::blob_bad_entry);
  CHECK(with(0, Role::weights, [](BlobEntry& e) { e.rank = 3; }).code == Errc::blob_bad_entry);
  CHECK(with(0, Role::weights, [](BlobEntry& e) { e.layout = static_cast<Layout>(5); }).code == Errc::blob_unsupported);
  CHECK(with(0, Role::border, [](BlobEntry& e) { e.dims[0] = 17; }).code == Errc::blob_bad_entry);
  CHECK(with(0, Role::requantise_offset, [](BlobEntry& e) { e.dtype = static_cast<DType>(8); }).code ==
        Errc::blob_unsupported);
}

TEST_CASE("CRC-32C known answers") {
  const char* check = "123456789";
  CHECK(crc32c(reinterpret_cast<const uint8_t*>(check), 9) == 0xe3069283u);
  CHECK(crc32c(nullptr, 0) == 0u);
  const std::vector<uint8_t> zeros(32, 0), ones(32, 0xff);  // RFC 3720, B.4
  CHECK(crc32c(zeros.data(), 32) == 0x8a9136aau);
  CHECK(crc32c(ones.data(), 32) == 0x62a8ab43u);
}

TEST_CASE("the committed blobs open") {
  for (const std::string& path : {test::detector_path(), test::recogniser_path()}) {
    test::AlignedBuffer bytes(test::read_file(path));
    const auto blob = Blob::open(bytes.bytes());
    REQUIRE(blob.has_value());
    CHECK(blob->file_bytes() == bytes.size());
    const auto text = blob->provenance();
    const std::string provenance(text.data, text.size);
    for (const char* field : {"licence", "sha256", "training_data"}) {
      CHECK(provenance.find(field) != std::string::npos);
    }
    CHECK(blob->preprocessing().has_value());
    // A longer buffer is fine: flash images are padded.
    std::vector<uint8_t> longer = test::read_file(path);
    longer.resize(longer.size() + 100, 0xee);
    test::AlignedBuffer padded(longer);
    CHECK(Blob::open(padded.bytes()).has_value());
  }
}

TEST_CASE("preprocessing of the committed blobs is the published one") {
  test::AlignedBuffer detector(test::read_file(test::detector_path()));
  const Preprocessing d = *Blob::open(detector.bytes())->preprocessing();
  CHECK(d.bgr);
  CHECK(d.mean[0] == 104.0f);
  CHECK(d.mean[1] == 117.0f);
  CHECK(d.mean[2] == 123.0f);
  CHECK(d.scale == 1.0f);
  test::AlignedBuffer recogniser(test::read_file(test::recogniser_path()));
  const Preprocessing r = *Blob::open(recogniser.bytes())->preprocessing();
  CHECK(!r.bgr);
  CHECK(r.mean[1] == 127.5f);
  CHECK(r.scale == 1.0f / 128.0f);
}

TEST_CASE("no bytes, few bytes, every truncation of the directory") {
  CHECK(Blob::open({}).status().code == Errc::blob_truncated);
  const Editable blob;
  const size_t directory_end = blob.header().payload_offset;
  for (size_t length = 0; length < directory_end + 64; ++length) {
    test::AlignedBuffer cut(std::vector<uint8_t>(blob.bytes.begin(), blob.bytes.begin() + static_cast<ptrdiff_t>(length)));
    CHECK(Blob::open(cut.bytes()).status().code == Errc::blob_truncated);
  }
  test::AlignedBuffer last(std::vector<uint8_t>(blob.bytes.begin(), blob.bytes.end() - 1));
  CHECK(Blob::open(last.bytes()).status().code == Errc::blob_truncated);
  CHECK(Blob::open(last.bytes()).status().detail == 1);
}

TEST_CASE("a misaligned blob is refused") {
  const std::vector<uint8_t> bytes = test::read_file(test::detector_path());
  test::AlignedBuffer shifted(bytes.size(), 8);
  std::memcpy(shifted.data(), bytes.data(), bytes.size());
  CHECK(Blob::open(shifted.bytes()).status().code == Errc::blob_misaligned);
  CHECK(Blob::open(shifted.bytes()).status().detail == 8);
}

TEST_CASE("every damaged header byte is noticed") {
  for (size_t at = 0; at < 64; ++at) {
    for (const uint8_t flip : {uint8_t{0x01}, uint8_t{0x80}, uint8_t{0xff}}) {
      Editable blob;
      blob.bytes[at] ^= flip;
      CHECK(!blob.open().ok());
    }
  }
}

TEST_CASE("damage in directory and payload is noticed") {
  for (size_t at = 64; at < Editable().header().payload_offset; at += 7) {
    Editable blob;
    blob.bytes[at] ^= 0x10;
    CHECK(blob.open().code == Errc::blob_bad_checksum);
    CHECK(blob.open().detail == 1);
  }
  Editable blob;
  blob.bytes[blob.bytes.size() / 2] ^= 1;
  CHECK(blob.open().code == Errc::blob_bad_checksum);
  CHECK(blob.open().detail == 2);
}

TEST_CASE("wrong fields under a right checksum are refused") {
  CHECK(with_header([](BlobHeader& h) { h.magic[0] = 'X'; }).code == Errc::blob_bad_magic);
  CHECK(with_header([](BlobHeader& h) { h.format_version = 2; }).code == Errc::blob_bad_version);
  CHECK(with_header([](BlobHeader& h) { h.endian_mark = 0x04030201u; }).code == Errc::blob_bad_endian);
  CHECK(with_header([](BlobHeader& h) { h.entry_count = 0xffffffffu; }).code == Errc::blob_bad_entry);
  CHECK(with_header([](BlobHeader& h) { h.entry_count -= 1; }).code == Errc::blob_bad_entry);
  CHECK(with_header([](BlobHeader& h) { h.file_bytes = ~uint64_t{0}; }).code == Errc::blob_truncated);
  CHECK(with_header([](BlobHeader& h) { h.file_bytes = 64; }).code == Errc::blob_bad_entry);

  CHECK(with_entry(0, [](BlobEntry& e) { e.offset += 64; }).code == Errc::blob_bad_entry);
  CHECK(with_entry(1, [](BlobEntry& e) { e.offset = 0; }).code == Errc::blob_bad_entry);
  CHECK(with_entry(1, [](BlobEntry& e) { e.offset = ~uint64_t{0}; }).code == Errc::blob_bad_entry);
  CHECK(with_entry(1, [](BlobEntry& e) { e.bytes = ~uint64_t{0}; }).code == Errc::blob_bad_entry);
  CHECK(with_entry(1, [](BlobEntry& e) { e.bytes -= 4; }).code == Errc::blob_bad_entry);
  CHECK(with_entry(0, [](BlobEntry& e) { e.dims[0] = 0; }).code == Errc::blob_bad_entry);
  CHECK(with_entry(0, [](BlobEntry& e) {
          for (uint32_t& d : e.dims) d = 0xffffffffu;
        }).code == Errc::blob_bad_entry);
  CHECK(with_entry(0, [](BlobEntry& e) { e.rank = 0; }).code == Errc::blob_bad_entry);
  CHECK(with_entry(0, [](BlobEntry& e) { e.rank = 5; }).code == Errc::blob_bad_entry);
  CHECK(with_entry(0, [](BlobEntry& e) { e.dtype = static_cast<DType>(99); }).code == Errc::blob_unsupported);
  CHECK(with_entry(0, [](BlobEntry& e) { e.layout = static_cast<Layout>(99); }).code == Errc::blob_unsupported);
  CHECK(with_entry(0, [](BlobEntry& e) { e.role = static_cast<Role>(99); }).code != Errc::ok);
  CHECK(with_entry(1, [](BlobEntry& e) { e.op_index = 0; e.role = Role::weights; }).code == Errc::blob_bad_entry);
}

TEST_CASE("a role with another role's layout, type or tolerance is refused") {
  const auto damage = [](Role role, const std::function<void(BlobEntry&)>& change) {
    Editable blob;
    for (uint32_t i = 0; i < blob.header().entry_count; ++i) {
      BlobEntry e = blob.entry(i);
      if (e.role != role) continue;
      change(e);
      blob.set_entry(i, e);
      blob.seal();
      return blob.open().code;
    }
    return Errc::ok;
  };
  // Would let the self-test read a picture of which only dims[0] bytes are there.
  CHECK(damage(Role::selftest_input, [](BlobEntry& e) {
          e.layout = Layout::samples;
          e.dims[0] = static_cast<uint32_t>(e.bytes);
        }) == Errc::blob_bad_entry);
  for (const float tolerance : {0.0f, -1.0f, std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
    CHECK(damage(Role::selftest_output, [&](BlobEntry& e) { e.tolerance = tolerance; }) == Errc::blob_bad_entry);
  }
  CHECK(damage(Role::weights, [](BlobEntry& e) { e.tolerance = 1.0f; }) == Errc::blob_bad_entry);
  CHECK(damage(Role::weights, [](BlobEntry& e) { e.layout = Layout::dense; }) == Errc::blob_bad_entry);
  CHECK(damage(Role::weights, [](BlobEntry& e) { e.flags = 0x8000; }) == Errc::blob_bad_entry);
  CHECK(damage(Role::weights, [](BlobEntry& e) { e.reserved[3] = 1; }) == Errc::blob_bad_entry);
  CHECK(damage(Role::preprocessing, [](BlobEntry& e) { e.dtype = DType::i32; }) == Errc::blob_bad_entry);
}

TEST_CASE("padding between entries must be zero") {
  Editable blob;
  for (uint32_t i = 0; i < blob.header().entry_count; ++i) {
    const BlobEntry e = blob.entry(i);
    if (e.bytes % 64 == 0) continue;
    blob.bytes[static_cast<size_t>(e.offset + e.bytes)] = 0xaa;
    blob.seal();
    CHECK(blob.open().code == Errc::blob_bad_entry);
    CHECK(blob.open().detail == i);
    return;
  }
  FAIL("no entry with padding");
}

TEST_CASE("an unknown entry that says it may be skipped is skipped") {
  Editable blob;
  uint32_t index = 0;
  const uint32_t count = blob.header().entry_count;
  for (uint32_t i = 0; i < count; ++i) {
    if (blob.entry(i).role == Role::provenance) index = i;
  }
  BlobEntry e = blob.entry(index);
  e.layout = static_cast<Layout>(77);
  e.flags = kEntryOptional;
  blob.set_entry(index, e);
  blob.seal();
  CHECK(blob.open().ok());
  e.flags = 0;
  blob.set_entry(index, e);
  blob.seal();
  CHECK(blob.open().code == Errc::blob_unsupported);
}
