// Weights stored as halves: the same bits as the same weights stored as floats. Eigen::half is the independent truth.
#include <doctest/doctest.h>

#include <Eigen/Core>
#include <cmath>
#include <cstring>
#include <faceio/models/mobilefacenet_192.hpp>
#include <faceio/models/retinaface_mnet025.hpp>

#include "../support/kernel_tables.hpp"
#include "reference.hpp"

using namespace faceio;

namespace {

/// An fp32 blob taken apart and written again with weights rounded to halves, stored as such or as floats.
std::vector<uint8_t> with_rounded_weights(const Blob& blob, bool store_halves) {
  std::vector<BlobEntry> entries(blob.entries().begin(), blob.entries().end());
  std::vector<uint8_t> payload;
  const size_t payload_offset = sizeof(BlobHeader) + entries.size() * sizeof(BlobEntry);
  for (BlobEntry& e : entries) {
    const uint8_t* const from = blob.bytes_of(e);
    const float* const values = blob.floats_of(e);
    e.offset = payload_offset + payload.size();
    if (e.role != Role::weights) {
      payload.insert(payload.end(), from, from + e.bytes);
    } else {
      const auto count = static_cast<size_t>(e.bytes / sizeof(float));
      for (size_t i = 0; i < count; ++i) {
        const Eigen::half half(values[i]);
        const float rounded = static_cast<float>(half);
        const auto* const bytes = store_halves ? reinterpret_cast<const uint8_t*>(&half)
                                               : reinterpret_cast<const uint8_t*>(&rounded);
        payload.insert(payload.end(), bytes, bytes + (store_halves ? sizeof half : sizeof rounded));
      }
      if (store_halves) {
        e.dtype = DType::f16;
        e.bytes = count * 2;
      }
    }
    payload.resize(round_up(payload.size(), kAlignment_bytes));
  }
  BlobHeader header{};
  std::memcpy(header.magic, kBlobMagic, sizeof header.magic);
  header.format_version = kBlobVersion;
  header.header_bytes = sizeof header;
  header.endian_mark = kBlobEndianMark;
  header.entry_count = static_cast<uint32_t>(entries.size());
  header.file_bytes = payload_offset + payload.size();
  header.model_id = blob.model_id();
  header.payload_offset = static_cast<uint32_t>(payload_offset);
  const auto* const directory = reinterpret_cast<const uint8_t*>(entries.data());
  header.directory_crc32c = crc32c(directory, entries.size() * sizeof(BlobEntry));
  header.payload_crc32c = crc32c(payload.data(), payload.size());
  header.header_crc32c = crc32c(reinterpret_cast<const uint8_t*>(&header), 60);
  std::vector<uint8_t> file(reinterpret_cast<const uint8_t*>(&header), reinterpret_cast<const uint8_t*>(&header + 1));
  file.insert(file.end(), directory, directory + entries.size() * sizeof(BlobEntry));
  file.insert(file.end(), payload.begin(), payload.end());
  return file;
}

std::vector<float> outputs(const std::vector<uint8_t>& file, Precision precision, const NetworkView& table,
                           uint32_t global_side, Size size, const KernelTable& kernels) {
  test::AlignedBuffer bytes(file);
  const auto blob = Blob::open(bytes.bytes());
  REQUIRE(blob.has_value());
  CHECK(blob->precision() == precision);
  NetworkView view = table;
  view.precision = precision;
  test::AlignedBuffer persistent(bound_bytes(view, global_side));
  Arena arena(persistent.span());
  const auto bound = bind(table, *blob, test::with_int8(kernels), global_side, arena);
  REQUIRE(bound.has_value());
  CHECK(arena.used_bytes() == persistent.size());
  const test::PlanInMemory made(*bound, size, Schedule::depth_first);
  std::vector<uint8_t> pixels(3 * static_cast<size_t>(size.width_px) * static_cast<size_t>(size.height_px));
  for (size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<uint8_t>(i * 2654435761u >> 13);
  run(made.plan, PictureRows(*bound, ImageView(pixels.data(), size, 3 * static_cast<size_t>(size.width_px),
                                               PixelFormat::RGB8)));
  return test::outputs_of(made.plan);
}

}  // namespace

TEST_CASE("every half becomes the float that it is") {
  for (uint32_t bits = 0; bits < 65536; ++bits) {
    const auto half = static_cast<uint16_t>(bits);
    const float expected = static_cast<float>(Eigen::half(Eigen::half_impl::raw_uint16_to_half(half)));
    const float value = detail::half_to_float(half);
    if (std::isnan(expected)) {
      CHECK(std::isnan(value));
    } else {
      CHECK(std::memcmp(&value, &expected, sizeof value) == 0);
    }
  }
}

TEST_CASE("weights in halves give the bits of the same weights in floats") {
  struct Case {
    std::string path;
    NetworkView table;
    uint32_t global_side;
    Size size;
  };
  const Case cases[] = {{test::detector_path(), retinaface_mnet025::kNetwork.view(), 0, {97, 61}},
                        {test::recogniser_path(), mobilefacenet_192::kNetwork.view(), 7, {112, 112}}};
  for (const Case& c : cases) {
    test::AlignedBuffer bytes(test::read_file(c.path));
    const Blob blob = *Blob::open(bytes.bytes());
    const std::vector<uint8_t> halves = with_rounded_weights(blob, true), floats = with_rounded_weights(blob, false);
    CHECK(static_cast<double>(halves.size()) < 0.55 * static_cast<double>(floats.size()));
    for (const KernelTable* table : test::runnable_tables()) {
      const auto expected = outputs(floats, Precision::fp32, c.table, c.global_side, c.size, *table);
      CHECK(!expected.empty());
      CHECK(outputs(halves, Precision::fp16, c.table, c.global_side, c.size, *table) == expected);
    }
  }
}
