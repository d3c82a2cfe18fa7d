// The weight blob on disk, byte for byte. Specification: docs/weight_format.md.
#ifndef FACEIO_WEIGHTS_FORMAT_HPP
#define FACEIO_WEIGHTS_FORMAT_HPP

#include "../core/memory.hpp"

FACEIO_BEGIN_NAMESPACE

inline constexpr char kBlobMagic[4] = {'F', 'I', 'O', 'W'};
inline constexpr uint16_t kBlobVersion = 1;
inline constexpr uint32_t kBlobEndianMark = 0x01020304u;

/// Directory index of sections that belong to the whole model.
inline constexpr uint16_t kWholeModel = 0xffff;

/// What the weights of a network are stored in.
enum class Precision : uint8_t {
  fp32,
  fp16,  // half the file; expanded to fp32 when a network is bound, and computed with as such
  int8,  // integer weights and activations: docs/int8.md
};

constexpr const char* name(Precision precision) noexcept {
  switch (precision) {
    case Precision::fp32: return "fp32";
    case Precision::fp16: return "fp16";
    case Precision::int8: return "int8";
  }
  return "unknown";
}

enum class Role : uint8_t {
  weights = 1,
  bias = 2,
  slope = 3,   // PReLU
  scale = 4,   // batch norm
  shift = 5,   // batch norm
  // Int8 networks, docs/int8.md.
  requantise_shift = 6,
  requantise_positive = 7,
  requantise_negative = 8,
  requantise_offset = 9,
  requantise_addend = 10,
  border = 11,        // what a 3x3 reads outside its input map
  output_scale = 12,
  selftest_input = 16,
  selftest_output = 17,
  provenance = 32,      // UTF-8 JSON
  preprocessing = 33,   // {channel order, mean 0..2, scale}
};

enum class DType : uint8_t { f32 = 1, f16 = 2, bf16 = 3, i8 = 4, u8 = 5, i32 = 6, i16 = 7 };

constexpr size_t size_bytes(DType dtype) noexcept {
  switch (dtype) {
    case DType::f32:
    case DType::i32: return 4;
    case DType::f16:
    case DType::bf16:
    case DType::i16: return 2;
    case DType::i8:
    case DType::u8: return 1;
  }
  return 0;
}

enum class Layout : uint8_t {
  dense = 0,        // row-major; vectors (bias ...) are padded with zeros to 16 elements
  panel16 = 1,      // {c_out, kh, kw, c_in} as [ceil(c_out/16)][kh*kw*c_in][16]
  depthwise16 = 2,  // {kh, kw, c} as [kh*kw][round_up(c, 16)]
  samples = 3,      // {count, h, w, c}: `count` elements of an [h, w, c] map
  quads16 = 4,      // {c_out, kh, kw, c_in} as [ceil(c_out/16)][kh*round_up(kw*c_in, 4)/4][16][4]
};

struct BlobHeader {
  char magic[4];
  uint16_t format_version;
  uint16_t header_bytes;
  uint32_t endian_mark;
  uint32_t entry_count;
  uint64_t file_bytes;
  uint64_t model_id;
  uint32_t directory_crc32c;  // over the entries
  uint32_t payload_crc32c;    // from payload_offset to file_bytes
  uint32_t payload_offset;
  uint32_t reserved[4];
  uint32_t header_crc32c;     // over the 60 bytes before it
};
static_assert(sizeof(BlobHeader) == 64, "on-disk layout");

struct BlobEntry {
  uint16_t op_index;  // operation of the network table, or kWholeModel
  Role role;
  DType dtype;
  Layout layout;
  uint8_t rank;
  uint16_t flags;     // bit 0: a reader that does not know this entry may skip it
  uint32_t dims[4];   // unused ones are 1
  uint64_t offset;    // from the start of the file, multiple of 64
  uint64_t bytes;     // without the padding to the next entry
  float tolerance;    // selftest_output: largest absolute difference
  uint32_t reserved[5];
};
static_assert(sizeof(BlobEntry) == 64, "on-disk layout");

inline constexpr uint16_t kEntryOptional = 1;

/// Index of the i-th recorded sample of a map with `elements` elements.
constexpr uint64_t sample_index(uint32_t i, uint64_t elements) noexcept {
  return static_cast<uint32_t>(i * 2654435761u) % elements;
}

namespace detail {

#if defined(FACEIO_SMALL)
inline constexpr int kCrc32cStep_bytes = 1;
#else
inline constexpr int kCrc32cStep_bytes = 8;
#endif

struct Crc32cTables {
  uint32_t word[kCrc32cStep_bytes][256];
};
constexpr Crc32cTables make_crc32c_tables() noexcept {
  Crc32cTables t{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t crc = i;
    for (int b = 0; b < 8; ++b) crc = (crc >> 1) ^ ((crc & 1u) != 0 ? 0x82f63b78u : 0u);
    t.word[0][i] = crc;
  }
  for (uint32_t i = 0; i < 256; ++i) {
    for (int k = 1; k < kCrc32cStep_bytes; ++k) {
      t.word[k][i] = (t.word[k - 1][i] >> 8) ^ t.word[0][t.word[k - 1][i] & 0xffu];
    }
  }
  return t;
}
inline constexpr Crc32cTables kCrc32cTables = make_crc32c_tables();

}  // namespace detail

/// CRC-32C (Castagnoli, reflected), eight bytes a step, or one. crc32c("123456789") is 0xe3069283.
constexpr uint32_t crc32c(const uint8_t* data, size_t size) noexcept {
  const auto& t = detail::kCrc32cTables.word;
  uint32_t crc = 0xffffffffu;
  size_t i = 0;
#if !defined(FACEIO_SMALL)
  for (; i + 8 <= size; i += 8) {
    const uint32_t low = crc ^ (static_cast<uint32_t>(data[i]) | static_cast<uint32_t>(data[i + 1]) << 8 |
                                static_cast<uint32_t>(data[i + 2]) << 16 |
                                static_cast<uint32_t>(data[i + 3]) << 24);
    crc = t[7][low & 0xffu] ^ t[6][(low >> 8) & 0xffu] ^ t[5][(low >> 16) & 0xffu] ^ t[4][low >> 24] ^
          t[3][data[i + 4]] ^ t[2][data[i + 5]] ^ t[1][data[i + 6]] ^ t[0][data[i + 7]];
  }
#endif
  for (; i < size; ++i) crc = (crc >> 8) ^ t[0][(crc ^ data[i]) & 0xffu];
  return crc ^ 0xffffffffu;
}

FACEIO_END_NAMESPACE

#endif  // FACEIO_WEIGHTS_FORMAT_HPP
