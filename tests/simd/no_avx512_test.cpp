// A program without the kernels of AVX-512. The library's namespace is another one in this file, so it shares no faceio
// type with the others.
#if defined(__x86_64__) && !defined(__AVX512F__)
#define FACEIO_NO_AVX512
#include <doctest/doctest.h>

#include <faceio/simd/target.hpp>
#include <string>

#define TEXT_OF(name) #name
#define TEXT(name) TEXT_OF(name)

TEST_CASE("without the kernels of AVX-512 the best target of a CPU is another one") {
  using namespace faceio;
  CHECK_FALSE(is_built(Target::avx512));
  CHECK_FALSE(is_built(Int8Target::avx512vnni));
  const auto best = best_target();
  REQUIRE(best.has_value());
  CHECK(*best != Target::avx512);
  CHECK(std::string(TEXT(FACEIO_ABI_NAMESPACE)).find("_noavx512") != std::string::npos);
}
#endif
