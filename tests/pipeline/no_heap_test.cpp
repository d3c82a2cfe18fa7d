// After creation, detect and embed never allocate: operator new and malloc are poisoned around them.
#include <doctest/doctest.h>

#include <atomic>
#include <cstdlib>
#include <faceio/faceio.hpp>
#include <new>

#include "../support/files.hpp"
#include "../support/kernel_tables.hpp"
#include "../support/pictures.hpp"
#include "../support/sanitizer.hpp"

// Sanitizers bring their own malloc; there the test would fight them.
#if !defined(FACEIO_TEST_SANITIZED) && defined(__GLIBC__)

namespace {
std::atomic<bool> poisoned{false};
std::atomic<int> allocations{0};
void count_when_poisoned() {
  if (poisoned.load(std::memory_order_relaxed)) allocations.fetch_add(1, std::memory_order_relaxed);
}
}  // namespace

extern "C" {
void* __libc_malloc(size_t);
void* __libc_calloc(size_t, size_t);
void* __libc_realloc(void*, size_t);
void* __libc_memalign(size_t, size_t);

void* malloc(size_t size) {
  count_when_poisoned();
  return __libc_malloc(size);
}
void* calloc(size_t count, size_t size) {
  count_when_poisoned();
  return __libc_calloc(count, size);
}
void* realloc(void* p, size_t size) {
  count_when_poisoned();
  return __libc_realloc(p, size);
}
void* aligned_alloc(size_t alignment, size_t size) {
  count_when_poisoned();
  return __libc_memalign(alignment, size);
}
}

void* operator new(size_t size) {
  void* p = malloc(size);
  if (p == nullptr) throw std::bad_alloc();
  return p;
}
void operator delete(void* p) noexcept { std::free(p); }
void operator delete(void* p, size_t) noexcept { std::free(p); }

TEST_CASE("the poison works") {
  allocations = 0;
  poisoned = true;
  void* volatile p = std::malloc(10);
  int* volatile q = new int(3);
  poisoned = false;
  std::free(p);
  delete q;
  CHECK(allocations >= 2);
}

TEST_CASE("detect and embed never allocate after creation") {
  using namespace faceio;
  const test::Rgb picture = test::astronaut();
  for (const KernelTable* table : test::runnable_tables()) {
    for (const int min_face_px : {0, 32}) {
      DetectorOptions options;
      options.min_face_px = min_face_px;
      auto detector = host::OwnedDetector::load(test::detector_path(), options, table->target);
      auto embedder = host::OwnedEmbedder::load(test::recogniser_path(), table->target);
      test::AlignedBuffer detect_scratch(detector.workspace_bytes(picture.size));
      test::AlignedBuffer embed_scratch(Embedder::requirements().scratch_bytes);
      Face faces[8];
      allocations = 0;
      poisoned = true;
      const auto found = detector.detector().detect(picture.view(), detect_scratch.span(), faces);
      const auto embedded = found && !found->faces.empty()
                                ? embedder.embedder().embed(picture.view(), faces[0].landmarks, embed_scratch.span())
                                : Result<Embedded>(Errc::image_empty);
      const auto cosine = embedder.embedder().cosine(embedded->embedding, embedded->embedding);
      poisoned = false;
      REQUIRE(found.has_value());
      CHECK(found->found == 1);
      REQUIRE(embedded.has_value());
      CHECK(*cosine == doctest::Approx(1.0).epsilon(1e-6));
      CHECK(allocations == 0);
    }
  }
}

TEST_CASE("after reserve() the first detection allocates only the vector it returns") {
  using namespace faceio;
  const test::Rgb picture = test::astronaut();
  auto detector = host::OwnedDetector::load(test::detector_path());
  detector.reserve(picture.size);
  allocations = 0;
  poisoned = true;
  const auto faces = detector.detect(picture.view());
  poisoned = false;
  CHECK(faces.size() == 1);
  CHECK(allocations == 1);
}

#else

TEST_CASE("detect and embed never allocate after creation") {
  MESSAGE("SKIPPED: needs glibc's malloc without a sanitizer");
}

#endif
