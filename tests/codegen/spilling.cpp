// Two AVX2 loops that spills.py must tell apart: 24 accumulators do not fit sixteen registers, 8
// do.
#include <immintrin.h>
#include <stddef.h>

template <int kAccumulators>
__attribute__((target("avx2,fma"), always_inline)) inline void tile(const float* a, const float* b,
                                                                    size_t count, float* out) {
  __m256 sum[kAccumulators];
#if defined(__clang__)
#pragma clang loop unroll(full)
#else
#pragma GCC unroll 64
#endif
  for (int i = 0; i < kAccumulators; ++i) sum[i] = _mm256_setzero_ps();
  for (size_t k = 0; k < count; ++k, a += kAccumulators, b += 8) {
    const __m256 weight = _mm256_loadu_ps(b);
#if defined(__clang__)
#pragma clang loop unroll(full)
#else
#pragma GCC unroll 64
#endif
    for (int i = 0; i < kAccumulators; ++i) {
      sum[i] = _mm256_fmadd_ps(_mm256_broadcast_ss(a + i), weight, sum[i]);
    }
  }
#if defined(__clang__)
#pragma clang loop unroll(full)
#else
#pragma GCC unroll 64
#endif
  for (int i = 0; i < kAccumulators; ++i) _mm256_storeu_ps(out + 8 * i, sum[i]);
}

__attribute__((target("avx2,fma"))) void tile_of_24(const float* a, const float* b, size_t count,
                                                    float* out);
__attribute__((target("avx2,fma"))) void tile_of_8(const float* a, const float* b, size_t count,
                                                   float* out);

void tile_of_24(const float* a, const float* b, size_t count, float* out) {
  tile<24>(a, b, count, out);
}
void tile_of_8(const float* a, const float* b, size_t count, float* out) {
  tile<8>(a, b, count, out);
}
