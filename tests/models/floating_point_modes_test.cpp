// Programs that call the library may have changed how the CPU rounds, or that it takes subnormal numbers for zeros:
// games and audio do. The library changes neither, and its results differ by rounding alone.
#include <doctest/doctest.h>

#include <cfenv>
#include <cmath>
#include <faceio/faceio.hpp>
#include <string>
#include <vector>

#include "../support/astronaut.hpp"
#include "../support/files.hpp"
#include "../support/kernel_tables.hpp"
#include "../support/pictures.hpp"

using namespace faceio;

namespace {

#if defined(__x86_64__)
constexpr uint64_t kFlush = 0x8040;  // MXCSR: results and arguments
uint64_t control() { return _mm_getcsr() & ~uint64_t{0x3F}; }  // without the flags of what has happened
void set_control(uint64_t value) { _mm_setcsr(static_cast<unsigned>(value)); }
#elif defined(__aarch64__)
constexpr uint64_t kFlush = uint64_t{1} << 24;  // FPCR
uint64_t control() {
  uint64_t value;
  __asm__ volatile("mrs %0, fpcr" : "=r"(value));
  return value;
}
void set_control(uint64_t value) { __asm__ volatile("msr fpcr, %0" : : "r"(value)); }
#else
constexpr uint64_t kFlush = 0;
uint64_t control() { return 0; }
void set_control(uint64_t) {}
#endif

struct Mode {
  const char* name;
  int rounding;
  bool flushes;
};

/// The modes that this CPU has.
std::vector<Mode> modes() {
  std::vector<Mode> found;
#if defined(FE_UPWARD) && defined(FE_DOWNWARD) && defined(FE_TOWARDZERO)
  found = {{"upward", FE_UPWARD, false}, {"downward", FE_DOWNWARD, false}, {"toward zero", FE_TOWARDZERO, false}};
#endif
  if (kFlush != 0) found.push_back({"flushing", FE_TONEAREST, true});
  return found;
}

class ScopedMode {
 public:
  explicit ScopedMode(const Mode& mode) : rounding_(std::fegetround()), control_(control()) {
    REQUIRE(std::fesetround(mode.rounding) == 0);
    if (mode.flushes) set_control(control() | kFlush);
  }
  ~ScopedMode() {
    set_control(control_);
    std::fesetround(rounding_);
  }
  ScopedMode(const ScopedMode&) = delete;
  ScopedMode& operator=(const ScopedMode&) = delete;

 private:
  int rounding_;
  uint64_t control_;
};

struct Outcome {
  SelftestReport detector, recogniser;
  bool kept_mode = false;
};

Outcome selftests(const std::string& detector_path, const std::string& recogniser_path, Target target,
                  const Mode& mode) {
  Outcome outcome;
  const ScopedMode scoped(mode);
  const uint64_t before = control();
  const auto detector = host::OwnedDetector::load(detector_path, {}, target);
  outcome.detector = host::selftest(detector.detector().bound(), detector.blob());
  const auto embedder = host::OwnedEmbedder::load(recogniser_path, target);
  outcome.recogniser = host::selftest(embedder.embedder().bound(), embedder.blob());
  outcome.kept_mode = std::fegetround() == mode.rounding && control() == before;
  return outcome;
}

}  // namespace

TEST_CASE("modes of the CPU: every layer of both networks stays within its tolerance, on every target") {
  for (const Mode& mode : modes()) {
    for (const KernelTable* table : test::runnable_tables()) {
      INFO(std::string(mode.name), " ", std::string(name(table->target)));
      const Outcome outcome = selftests(test::detector_path(), test::recogniser_path(), table->target, mode);
      CHECK(outcome.detector.checked_ops == 54);
      CHECK(outcome.detector.worst_ratio <= 1.0f);
      CHECK(outcome.recogniser.checked_ops == 64);
      CHECK(outcome.recogniser.worst_ratio <= 1.0f);
      CHECK(outcome.kept_mode);
    }
  }
}

TEST_CASE("modes of the CPU: int8 layers keep their integers, and their outputs differ by rounding, on every target") {
  constexpr float kTolerance = 1e-30f;  // as recorded; what is not equal to an integer is off by one
  for (const Mode& mode : modes()) {
    for (const KernelTable* table : test::runnable_tables()) {
      INFO(std::string(mode.name), " ", std::string(name(table->target)));
      const Outcome outcome = selftests(test::int8_detector_path(), test::int8_recogniser_path(), table->target, mode);
      CHECK(outcome.detector.checked_ops == 54);
      CHECK(outcome.detector.worst_ratio * kTolerance < 1e-5f);
      CHECK(outcome.recogniser.checked_ops == 64);
      CHECK(outcome.recogniser.worst_ratio * kTolerance < 1e-5f);
      CHECK(outcome.kept_mode);
    }
  }
}

TEST_CASE("modes of the CPU: the same face and the same person") {
  const test::Rgb picture = test::astronaut();
  for (const Precision precision : {Precision::fp32, Precision::int8}) {
    const bool int8 = precision == Precision::int8;
    const auto& detector_path = int8 ? test::int8_detector_path() : test::detector_path();
    const auto& recogniser_path = int8 ? test::int8_recogniser_path() : test::recogniser_path();
    auto detector = host::OwnedDetector::load(detector_path);
    auto embedder = host::OwnedEmbedder::load(recogniser_path);
    const auto faces = detector.detect(picture.view());
    REQUIRE(faces.size() == 1);
    const Embedded usual = embedder.embed(picture.view(), faces[0].landmarks);
    for (const Mode& mode : modes()) {
      INFO(std::string(mode.name), int8 ? " int8" : " fp32");
      std::vector<Face> found;
      Embedded embedded;
      {
        const ScopedMode scoped(mode);
        found = detector.detect(picture.view());
        if (!found.empty()) embedded = embedder.embed(picture.view(), found[0].landmarks);
      }
      REQUIRE(found.size() == 1);
      CHECK(std::abs(found[0].score - faces[0].score) < 1e-3f);
      for (int i = 0; i < 5; ++i) {
        CHECK(std::abs(found[0].landmarks.points[i].x - faces[0].landmarks.points[i].x) < 0.05f);
        CHECK(std::abs(found[0].landmarks.points[i].y - faces[0].landmarks.points[i].y) < 0.05f);
      }
      CHECK(embedder.cosine(embedded.embedding, usual.embedding) > 0.999f);
    }
  }
}
