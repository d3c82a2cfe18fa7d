// Damages weight blobs in every way there is and opens each: none may be taken, and a sanitizer build must stay silent.
//
//   faceio_corruption [--step N] BLOB...
//
// Every byte of header and directory takes all 255 other values, all pairs of bits of the first 256 bytes flip, the file
// ends after every byte, and every 64th byte of the payload changes. Then every byte of a small blob takes all values, and
// all pairs of bits of its header flip, under checksums made right again: what opens then must lie inside its file. --step N
// tries only every Nth case of each kind. Prints what it tried; exit code 1 when a damaged blob was taken, or a good one
// refused.
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "../support/blob_editor.hpp"
#include "../support/sanitizer.hpp"

#if defined(FACEIO_TEST_ASAN)
#include <sanitizer/asan_interface.h>
#endif

using namespace faceio;

namespace {

struct Tally {
  uint64_t tried = 0, taken = 0, step = 1, number = 0;

  /// Whether this case's turn has come.
  bool due() { return number++ % step == 0; }
  void add(bool opened) {
    ++tried;
    taken += opened ? 1 : 0;
  }
};

/// Bytes [length, whole) may not be read until the next call.
void end_at(test::AlignedBuffer& buffer, size_t length, size_t whole) {
#if defined(FACEIO_TEST_ASAN)
  ASAN_UNPOISON_MEMORY_REGION(buffer.data(), length);
  ASAN_POISON_MEMORY_REGION(buffer.data() + length, whole - length);
#else
  static_cast<void>(buffer), static_cast<void>(length), static_cast<void>(whole);
#endif
}

bool opens(const test::AlignedBuffer& buffer) { return Blob::open(buffer.bytes()).has_value(); }

void damage(test::AlignedBuffer& buffer, Tally& tally) {
  BlobHeader header;
  std::memcpy(&header, buffer.data(), sizeof header);
  uint8_t* const bytes = buffer.data();
  for (size_t at = 0; at < header.payload_offset; ++at) {
    const uint8_t kept = bytes[at];
    for (int other = 1; other < 256; ++other) {
      if (!tally.due()) continue;
      bytes[at] = static_cast<uint8_t>(kept ^ other);
      tally.add(opens(buffer));
    }
    bytes[at] = kept;
  }
  constexpr size_t kBits = 256 * 8;
  for (size_t a = 0; a < kBits; ++a) {
    bytes[a / 8] ^= static_cast<uint8_t>(1 << a % 8);
    for (size_t b = a + 1; b < kBits; ++b) {
      if (!tally.due()) continue;
      bytes[b / 8] ^= static_cast<uint8_t>(1 << b % 8);
      tally.add(opens(buffer));
      bytes[b / 8] ^= static_cast<uint8_t>(1 << b % 8);
    }
    bytes[a / 8] ^= static_cast<uint8_t>(1 << a % 8);
  }
  for (size_t length = buffer.size(); length-- > 0;) {
    if (!tally.due()) continue;
    end_at(buffer, length, buffer.size());
    tally.add(Blob::open({bytes, length}).has_value());
  }
  end_at(buffer, buffer.size(), buffer.size());
  for (size_t at = header.payload_offset; at < buffer.size(); at += 64) {
    if (!tally.due()) continue;
    bytes[at] ^= 0xff;
    tally.add(opens(buffer));
    bytes[at] ^= 0xff;
  }
}

struct Sealed {
  uint64_t tried = 0, opened = 0, outside = 0;
};

void open_sealed(test::BlobEditor& blob, test::AlignedBuffer& buffer, Sealed& sealed) {
  blob.seal();
  std::memcpy(buffer.data(), blob.bytes.data(), blob.bytes.size());
  const Result<Blob> opened = Blob::open(buffer.bytes());
  ++sealed.tried;
  if (!opened) return;
  ++sealed.opened;
  sealed.outside += test::is_inside(*opened, buffer.data(), buffer.size()) ? 0 : 1;
}

void damage_sealed(uint64_t step, Sealed& sealed) {
  const std::vector<uint8_t> whole = test::tiny_blob();
  test::AlignedBuffer buffer(whole);
  test::BlobEditor blob(whole);
  uint64_t number = 0;
  for (size_t at = 0; at < whole.size(); ++at) {
    for (int other = 1; other < 256; ++other) {
      if (number++ % step != 0) continue;
      blob.bytes[at] = static_cast<uint8_t>(whole[at] ^ other);
      open_sealed(blob, buffer, sealed);
      blob.bytes = whole;
    }
  }
  for (size_t a = 0; a < 128 * 8; ++a) {
    for (size_t b = a + 1; b < 128 * 8; ++b) {
      if (number++ % step != 0) continue;
      blob.bytes[a / 8] ^= static_cast<uint8_t>(1 << a % 8);
      blob.bytes[b / 8] ^= static_cast<uint8_t>(1 << b % 8);
      open_sealed(blob, buffer, sealed);
      blob.bytes = whole;
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  uint64_t step = 1;
  int failures = 0;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--step") == 0 && i + 1 < argc) {
      step = std::strtoull(argv[++i], nullptr, 10);
      if (step == 0) step = 1;
      continue;
    }
    test::AlignedBuffer buffer(test::read_file(argv[i]));
    Tally tally;
    tally.step = step;
    if (!opens(buffer)) {
      std::printf("%s: does not open undamaged\n", argv[i]);
      return 1;
    }
    damage(buffer, tally);
    if (!opens(buffer)) ++failures;  // every byte is as it was
    std::printf("%s: %llu damaged blobs, %llu taken\n", argv[i], static_cast<unsigned long long>(tally.tried),
                static_cast<unsigned long long>(tally.taken));
    failures += tally.taken != 0 ? 1 : 0;
  }
  Sealed sealed;
  damage_sealed(step, sealed);
  std::printf("small blob under right checksums: %llu damaged, %llu taken, %llu of them wrong\n",
              static_cast<unsigned long long>(sealed.tried), static_cast<unsigned long long>(sealed.opened),
              static_cast<unsigned long long>(sealed.outside));
  return failures == 0 && sealed.outside == 0 && sealed.opened < sealed.tried ? 0 : 1;
}
