// The vocabulary: results, arenas, spans, pictures.
#include <doctest/doctest.h>

#include <cstring>
#include <faceio/core/hash.hpp>
#include <faceio/core/image_view.hpp>
#include <faceio/simd/target.hpp>
#include <set>
#include <string>

using namespace faceio;

TEST_CASE("every error has its own sentence that says what to do") {
  std::set<std::string> sentences;
  int codes = 0;
  for (int i = 1; i < 100; ++i) {
    const std::string text = message(static_cast<Errc>(i));
    if (text == "unknown error code") continue;
    ++codes;
    sentences.insert(text);
    const bool advises = text.find_first_of(";(?") != std::string::npos;
    INFO(text);
    CHECK(advises);
  }
  CHECK(codes >= 20);
  CHECK(sentences.size() == static_cast<size_t>(codes));
}

TEST_CASE("a result holds a value or the reason why not") {
  const Result<int> good(7);
  CHECK(good.has_value());
  CHECK(*good == 7);
  CHECK(good.value_or(1) == 7);
  const Result<int> bad(Errc::image_empty, 5);
  CHECK(!bad);
  CHECK(bad.status().code == Errc::image_empty);
  CHECK(bad.status().detail == 5);
  CHECK(bad.value_or(1) == 1);
  CHECK(Status(Errc::arena_too_small, static_cast<size_t>(-1)).detail == 0xffffffffu);
}

TEST_CASE("an arena counts, aligns and says what is missing") {
  Arena counting;
  CHECK(counting.take<float>(3) == nullptr);
  CHECK(counting.take<uint8_t>(65) == nullptr);
  CHECK(counting.used_bytes() == 64 + 128);

  alignas(64) uint8_t memory[192];
  Arena arena(memory, sizeof memory);
  float* const a = arena.take<float>(3);
  uint8_t* const b = arena.take<uint8_t>(65);
  CHECK(static_cast<void*>(a) == static_cast<void*>(memory));
  CHECK(b == memory + 64);
  CHECK(arena.status().ok());
  CHECK(arena.take<uint8_t>(1) == nullptr);
  CHECK(arena.status().code == Errc::arena_too_small);
  CHECK(arena.status().detail == 64);

  Arena shifted(memory + 4, 128);
  CHECK(shifted.status().code == Errc::arena_misaligned);
  Arena none(nullptr, 1000);
  CHECK(none.status().ok());  // nothing taken
  CHECK(none.take<uint8_t>(1) == nullptr);
  CHECK(none.status().code == Errc::arena_too_small);
}

TEST_CASE("rows of each pixel format") {
  CHECK(row_bytes(PixelFormat::RGB8, 5) == 15);
  CHECK(row_bytes(PixelFormat::BGR8, 5) == 15);
  CHECK(row_bytes(PixelFormat::RGBA8, 5) == 20);
  CHECK(row_bytes(PixelFormat::BGRA8, 5) == 20);
  CHECK(row_bytes(PixelFormat::GRAY8, 5) == 5);
  CHECK(row_bytes(PixelFormat::NV12, 6) == 6);
  CHECK(row_bytes(PixelFormat::NV21, 6) == 6);
  CHECK(row_bytes(PixelFormat::YUYV, 6) == 12);
}

TEST_CASE("the chroma plane follows the luma plane unless it is somewhere else") {
  const uint8_t pixels[64] = {};
  const ImageView follows(pixels, {4, 4}, 8, PixelFormat::NV12);
  CHECK(follows.chroma == pixels + 32);
  CHECK(follows.chroma_row(3) == pixels + 40);
  const ImageView elsewhere(pixels, {4, 4}, 8, PixelFormat::NV21, pixels + 48, 4);
  CHECK(elsewhere.chroma_row(2) == pixels + 52);
  CHECK(ImageView(pixels, {4, 4}, 12, PixelFormat::RGB8).chroma == nullptr);
}

TEST_CASE("rings keep the latest rows") {
  float data[4 * 6] = {};
  MapView ring;
  ring.data = data;
  ring.height = 10;
  ring.row_stride = 6;
  ring.ring_rows = 4;
  CHECK(ring.row(0) == data);
  CHECK(ring.row(-1) == data + 18);
  CHECK(ring.row(4) == data);
  CHECK(ring.row(7) == data + 18);
}

TEST_CASE("targets are found and named") {
  CHECK(is_built(Target::scalar));
  CHECK(cpu_supports(Target::scalar));
  CHECK(std::strcmp(name(Target::avx512), "avx512") == 0);
  CHECK(std::strcmp(name(Target::avxvnni), "avxvnni") == 0);
  if (cpu_supports(Target::avxvnni)) CHECK(cpu_supports(Target::avx2));
  const Result<Target> best = best_target();
  REQUIRE(best.has_value());
  CHECK(is_built(*best));
  CHECK(cpu_supports(*best));
}

TEST_CASE("hashes of floats are FNV-1a over their bytes, lowest first") {
  // h = (h ^ byte) * 1099511628211 modulo 2^64 over struct.pack("<f", value), in Python.
  Fnv1a hash;
  CHECK(hash.value() == 14695981039346656037u);
  hash.add(1.0f);
  CHECK(hash.value() == 0x4b72477f9c5c2f98u);
  hash.add(-2.5f);
  CHECK(hash.value() == 0x09e629ee2dfdb3f8u);
  hash.add(0.0f);
  CHECK(hash.value() == 0x00f3a969ef350f78u);
}

TEST_CASE("ranges overlap where they share a byte; one at null shares none") {
  const uint8_t bytes[8] = {};
  const auto range = [&bytes](size_t first, size_t count) { return faceio::Span<const uint8_t>(bytes + first, count); };
  CHECK(faceio::overlaps(range(0, 4), range(3, 2)));
  CHECK(faceio::overlaps(range(3, 2), range(0, 4)));
  CHECK(faceio::overlaps(range(0, 8), range(2, 1)));
  CHECK(faceio::overlaps(range(5, 1), range(5, 1)));
  CHECK_FALSE(faceio::overlaps(range(0, 4), range(4, 4)));
  CHECK_FALSE(faceio::overlaps(range(4, 4), range(0, 4)));
  CHECK_FALSE(faceio::overlaps(range(2, 0), range(0, 8)));
  // Null and a length that reaches every address.
  CHECK_FALSE(faceio::overlaps({nullptr, SIZE_MAX}, range(0, 8)));
  CHECK_FALSE(faceio::overlaps(range(0, 8), {nullptr, SIZE_MAX}));
}
