// One function per operation of the vector layer for the current target, on arrays of vf32::lanes
// floats, and their table. Included once per target by vec_targets.hpp.
FACEIO_BEGIN_NAMESPACE
namespace FACEIO_TARGET_NS {

#define FACEIO_TEST_UNARY(name) \
  inline void test_##name(const float* a, float* out) noexcept { store(out, name(load(a))); }
#define FACEIO_TEST_BINARY(name)                                                 \
  inline void test_##name(const float* a, const float* b, float* out) noexcept { \
    store(out, name(load(a), load(b)));                                          \
  }
#define FACEIO_TEST_TERNARY(name)                                                                \
  inline void test_##name(const float* a, const float* b, const float* c, float* out) noexcept { \
    store(out, name(load(a), load(b), load(c)));                                                 \
  }
FACEIO_TEST_UNARY(sqrt)
FACEIO_TEST_UNARY(abs)
FACEIO_TEST_UNARY(round_nearest)
FACEIO_TEST_UNARY(pow2)
FACEIO_TEST_UNARY(exp)
FACEIO_TEST_BINARY(add)
FACEIO_TEST_BINARY(sub)
FACEIO_TEST_BINARY(mul)
FACEIO_TEST_BINARY(div)
FACEIO_TEST_BINARY(min)
FACEIO_TEST_BINARY(max)
FACEIO_TEST_TERNARY(fma)
FACEIO_TEST_TERNARY(fnma)
#undef FACEIO_TEST_UNARY
#undef FACEIO_TEST_BINARY
#undef FACEIO_TEST_TERNARY

inline void test_load_store(const float* a, float* out) noexcept { store(out, load(a)); }
inline void test_load_n(const float* a, int n, float* out) noexcept { store(out, load_n(a, n)); }
inline void test_store_n(const float* a, int n, float* out) noexcept { store_n(out, load(a), n); }
inline void test_in_register(const float* a, float* out) noexcept {
  store(out, in_register(load(a)));
}
inline void test_load_before(const float* a, float* out) noexcept {
  store(out, load_before(a, load(a - vf32::lanes), load(a)));
}
inline void test_load_behind(const float* a, float* out) noexcept {
  store(out, load_behind(a, load(a), load(a + vf32::lanes)));
}
inline void test_load_even_odd(const float* a, float* even, float* odd) noexcept {
  vf32 e, o;
  load_even_odd(a, e, o);
  store(even, even_odd_in_order(e));
  store(odd, even_odd_in_order(o));
}
inline void test_store_inside(float* row, int32_t x, int32_t end, const float* a) noexcept {
  store_inside(row, x, end, load(a));
}
inline void test_load_u8x3(const uint8_t* p, float* a, float* b, float* c) noexcept {
  vf32 va, vb, vc;
  load_u8x3(p, va, vb, vc);
  store(a, va);
  store(b, vb);
  store(c, vc);
}
inline void test_load_u8x2_at(const uint8_t* p, int32_t bytes, const int32_t* offsets,
                              float* const* out) noexcept {
  vf32 v[2];
  load_u8x2_at(p, bytes, offsets, v[0], v[1]);
  for (int k = 0; k < 2; ++k) store(out[k], v[k]);
}
inline void test_load_u8x4_at(const uint8_t* p, int32_t bytes, const int32_t* offsets,
                              float* const* out) noexcept {
  vf32 v[4];
  load_u8x4_at(p, bytes, offsets, v[0], v[1], v[2], v[3]);
  for (int k = 0; k < 4; ++k) store(out[k], v[k]);
}
inline void test_load_u8(const uint8_t* a, float* out) noexcept { store(out, load_u8(a)); }
inline void test_zero(float* out) noexcept { store(out, zero()); }
inline void test_splat(float x, float* out) noexcept { store(out, splat(x)); }
inline void test_select_gt(const float* a, const float* b, const float* x, const float* y,
                           float* out) noexcept {
  store(out, select_gt(load(a), load(b), load(x), load(y)));
}
inline bool test_any_gt(const float* a, const float* b) noexcept {
  return any_gt(load(a), load(b));
}
inline float test_lane_sum(const float* sixteen) noexcept {
  Sum16 sum;
  for (int v = 0; v < Sum16::kVectors; ++v) sum.part[v] = load(sixteen + v * vf32::lanes);
  return lane_sum(sum);
}

inline constexpr test::VecOps kVecOps = {
    static_cast<Target>(FACEIO_TARGET_ID),
    vf32::lanes,
    {kTileVectors, tile_pixels(1), tile_pixels(kTileVectors), kPlaneChannels, kPlaneVectors,
     kDepthwiseRows, kDepthwisePixels},
    {&test_sqrt, &test_abs, &test_round_nearest, &test_pow2, &test_exp, &test_load_store,
     &test_in_register},
    {&test_add, &test_sub, &test_mul, &test_div, &test_min, &test_max},
    {&test_fma, &test_fnma},
    &test_load_n,
    &test_store_n,
    &test_load_before,
    &test_load_behind,
    &test_load_even_odd,
    &test_store_inside,
    &test_load_u8x3,
    &test_load_u8x2_at,
    &test_load_u8x4_at,
    &test_load_u8,
    &test_zero,
    &test_splat,
    &test_select_gt,
    &test_any_gt,
    &test_lane_sum,
};

}  // namespace FACEIO_TARGET_NS
FACEIO_END_NAMESPACE
