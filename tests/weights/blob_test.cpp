// The blob loader: the committed blobs open, and every way to damage one is refused with its own error.
#include <doctest/doctest.h>

#include <functional>
#include <limits>

#include "../support/blob_editor.hpp"

using namespace faceio;
using test::BlobEditor;

namespace {

/// What opening says after one entry of a blob, of the detector unless named, has changed.
Status with_entry(size_t i, const std::function<void(BlobEntry&)>& damage, BlobEditor blob = BlobEditor()) {
  BlobEntry e = blob.entry(i);
  damage(e);
  blob.set_entry(i, e);
  blob.seal();
  return blob.open();
}

}  // namespace

TEST_CASE("int8 blobs: sizes that their layouts and types ask for") {
  const auto with = [](size_t skip, Role role, const std::function<void(BlobEntry&)>& damage) {
    const BlobEditor blob(test::int8_detector_path());
    return with_entry(blob.index_of(role, skip), damage, blob);
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
  CHECK(with(0, Role::weights, [](BlobEntry& e) { e.dims[3] = 5; }).code == Errc::blob_bad_shape);
  CHECK(with(0, Role::weights, [](BlobEntry& e) { e.dims[0] = 17; }).code == Errc::blob_bad_shape);
  CHECK(with(0, Role::weights, [](BlobEntry& e) { e.dims[2] = e.dims[3] = 0xffffffffu; }).code == Errc::blob_bad_shape);
  CHECK(with(0, Role::weights, [](BlobEntry& e) { e.rank = 3; }).code == Errc::blob_bad_role);
  CHECK(with(0, Role::weights, [](BlobEntry& e) { e.layout = static_cast<Layout>(5); }).code == Errc::blob_unsupported);
  CHECK(with(0, Role::border, [](BlobEntry& e) { e.dims[0] = 17; }).code == Errc::blob_bad_shape);
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

TEST_CASE("the tables of CRC-32C") {
  // What a byte leaves behind in the shift register: the polynomial itself for the highest bit.
  detail::Crc32cTables tables;
  tables = detail::make_crc32c_tables();  // now, not when compiled
  CHECK(tables.word[0][0] == 0u);
  CHECK(tables.word[0][1] == 0xf26b8303u);  // RFC 3309, appendix: crc_c[1]
  CHECK(tables.word[0][128] == 0x82f63b78u);
  for (uint32_t i = 0; i < 256; ++i) {  // table k: the byte, and k zeros behind it
    for (int k = 1; k < detail::kCrc32cStep_bytes; ++k) {
      uint32_t crc = tables.word[0][i];
      for (int bit = 0; bit < 8 * k; ++bit) crc = (crc >> 1) ^ ((crc & 1u) != 0 ? 0x82f63b78u : 0u);
      REQUIRE(tables.word[k][i] == crc);
    }
  }
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

TEST_CASE("an unknown entry that says it may be skipped is skipped") {
  const size_t index = BlobEditor().index_of(Role::provenance);
  for (const uint16_t flags : {kEntryOptional, uint16_t{0}}) {
    const Status status = with_entry(index, [&](BlobEntry& e) {
      e.layout = static_cast<Layout>(77);
      e.flags = flags;
    });
    CHECK(status.code == (flags == kEntryOptional ? Errc::ok : Errc::blob_unsupported));
  }
}

TEST_CASE("what a blob says of itself, and says when there is nothing to say") {
  const Blob none;
  CHECK(none.empty());
  CHECK(none.model_id() == 0);
  CHECK(none.file_bytes() == 0);
  CHECK(none.payload_crc32c() == 0);
  CHECK(none.entries().empty());
  CHECK(none.find(0, Role::weights) == nullptr);
  CHECK(none.precision() == Precision::fp32);

  BlobEditor bare;  // a header alone
  BlobHeader h = bare.header();
  h.entry_count = 0;
  h.file_bytes = h.payload_offset = 64;
  h.model_id = 0x0123456789abcdefu;
  bare.bytes.resize(64);
  bare.set_header(h);
  bare.seal();
  const test::AlignedBuffer header(bare.bytes);
  const Blob blob = *Blob::open(header.bytes());
  CHECK_FALSE(blob.empty());
  CHECK(blob.model_id() == 0x0123456789abcdefu);
  CHECK(blob.file_bytes() == 64);
  CHECK(blob.payload_crc32c() == 0u);  // of no bytes
  CHECK(blob.entries().empty());
  CHECK(blob.provenance().empty());
  CHECK(blob.preprocessing().status().code == Errc::blob_missing_tensor);
}

TEST_CASE("the precision of a blob is that of its first weights") {
  const auto precision_of = [](const std::vector<uint8_t>& bytes) {
    const test::AlignedBuffer aligned(bytes);
    const auto blob = Blob::open(aligned.bytes());
    REQUIRE(blob.has_value());
    return blob->precision();
  };
  CHECK(precision_of(test::read_file(test::detector_path())) == Precision::fp32);
  CHECK(precision_of(test::read_file(test::int8_detector_path())) == Precision::int8);
  BlobEditor halves(test::tiny_blob());
  BlobEntry e = halves.entry(0);
  e.dtype = DType::f16;
  e.dims[3] = 2;  // as many bytes as before
  halves.set_entry(0, e);
  halves.seal();
  CHECK(precision_of(halves.bytes) == Precision::fp16);

  CHECK(std::string(name(Precision::fp32)) == "fp32");
  CHECK(std::string(name(Precision::fp16)) == "fp16");
  CHECK(std::string(name(Precision::int8)) == "int8");
  CHECK(std::string(name(static_cast<Precision>(3))) == "unknown");
}

TEST_CASE("entries are found by operation and role, and others are not") {
  test::AlignedBuffer bytes(test::tiny_blob());
  const Blob blob = *Blob::open(bytes.bytes());
  const BlobEditor editor(test::tiny_blob());
  for (size_t i = 0; i < editor.header().entry_count; ++i) {
    const BlobEntry e = editor.entry(i);
    const BlobEntry* const found = blob.find(e.op_index, e.role);
    REQUIRE(found == blob.entries().data + i);
    CHECK(blob.bytes_of(*found) == bytes.data() + e.offset);
  }
  CHECK(blob.find(0, Role::border) == nullptr);
  CHECK(blob.find(4, Role::weights) == nullptr);
  CHECK(blob.find(0, Role::preprocessing) == nullptr);
}
