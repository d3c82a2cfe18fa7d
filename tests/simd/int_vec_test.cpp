// Every operation of the integer vector layer, on every target, against plain loops. Groups and units, whose order
// inside a vector is the target's own, are followed from memory to memory.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <faceio/kernels/targets.hpp>
#include <random>
#include <string>
#include <vector>

namespace {

constexpr int kBytes = 512;

/// Three operands, in memory without alignment, and a result. Vectors follow one another.
struct Operands {
  alignas(64) uint8_t a_bytes[kBytes + 64], b_bytes[kBytes + 64], c_bytes[kBytes + 64];

  const uint8_t* a8() const { return a_bytes + 2; }
  const uint8_t* b8() const { return b_bytes + 4; }
  const uint8_t* c8() const { return c_bytes + 6; }
  const int16_t* a16() const { return static_cast<const int16_t*>(static_cast<const void*>(a_bytes + 2)); }
  const int16_t* b16() const { return static_cast<const int16_t*>(static_cast<const void*>(b_bytes + 4)); }
  const int16_t* c16() const { return static_cast<const int16_t*>(static_cast<const void*>(c_bytes + 6)); }
  const int32_t* a32() const { return static_cast<const int32_t*>(static_cast<const void*>(a_bytes + 4)); }
  const int32_t* b32() const { return static_cast<const int32_t*>(static_cast<const void*>(b_bytes + 8)); }
  const int32_t* c32() const { return static_cast<const int32_t*>(static_cast<const void*>(c_bytes + 12)); }
};
struct Result {
  alignas(64) uint8_t bytes[kBytes + 64];

  uint8_t* u8() { return bytes + 2; }
  int16_t* i16() { return static_cast<int16_t*>(static_cast<void*>(bytes + 2)); }
  int32_t* i32() { return static_cast<int32_t*>(static_cast<void*>(bytes + 4)); }
  float* f32() { return static_cast<float*>(static_cast<void*>(bytes + 4)); }
};

using Operation = void (*)(const Operands&, Result&) noexcept;

/// Distances of the places of units in the tests.
constexpr ptrdiff_t kHalf = 72, kQuarter = 24;

// OPERATION(name, statements): operands in x, the result to r.
#define FACEIO_TEST_OPERATIONS(OPERATION)                                                                             \
  OPERATION(load_store_i32, store(r.i32(), load_i32(x.a32())))                                                        \
  OPERATION(load_store_i16, store(r.i16(), load_i16(x.a16())))                                                        \
  OPERATION(load_store_u8, store(r.u8(), load_u8(x.a8())))                                                            \
  OPERATION(load_i16_halves, store(r.i16(), load_i16_halves(x.a16(), x.b16())))                                       \
  OPERATION(widen_u8, store(r.i16(), widen_u8(x.a8())))                                                               \
  OPERATION(widen_u8_halves, store(r.i16(), widen_u8_halves(x.a8(), x.b8())))                                         \
  OPERATION(splat_i32, store(r.i32(), splat_i32(x.a32()[3])))                                                         \
  OPERATION(splat_i16, store(r.i16(), splat_i16(x.a16()[3])))                                                         \
  OPERATION(splat_pair, store(r.i16(), splat_pair(x.a16() + 1)))                                                      \
  OPERATION(splat_group, store(r.u8(), splat_group(x.a8() + 1)))                                                      \
  OPERATION(opaque, vi32 v = load_i32(x.a32()); opaque(v); store(r.i32(), v))                                         \
  OPERATION(add_i32, store(r.i32(), add(load_i32(x.a32()), load_i32(x.b32()))))                                       \
  OPERATION(sub_i32, store(r.i32(), sub(load_i32(x.a32()), load_i32(x.b32()))))                                       \
  OPERATION(add_i16, store(r.i16(), add(load_i16(x.a16()), load_i16(x.b16()))))                                       \
  OPERATION(sub_i16, store(r.i16(), sub(load_i16(x.a16()), load_i16(x.b16()))))                                       \
  OPERATION(add_saturating, store(r.i16(), add_saturating(load_i16(x.a16()), load_i16(x.b16()))))                     \
  OPERATION(multiply_low, store(r.i32(), multiply_low(load_i32(x.a32()), load_i32(x.b32()))))                         \
  OPERATION(multiply_rounded, store(r.i16(), multiply_rounded(load_i16(x.a16()), load_i16(x.b16()))))                 \
  OPERATION(shift_left_i32, store(r.i32(), shift_left<5>(load_i32(x.a32()))))                                         \
  OPERATION(shift_left_i16, store(r.i16(), shift_left<7>(load_i16(x.a16()))))                                         \
  OPERATION(shift_right_i32, store(r.i32(), shift_right<6>(load_i32(x.a32()))))                                       \
  OPERATION(shift_right_i16, store(r.i16(), shift_right<4>(load_i16(x.a16()))))                                       \
  OPERATION(shift_right_each, store(r.i32(), shift_right(load_i32(x.a32()), load_i32(x.b32()))))                      \
  OPERATION(min, store(r.i16(), min(load_i16(x.a16()), load_i16(x.b16()))))                                           \
  OPERATION(max, store(r.i16(), max(load_i16(x.a16()), load_i16(x.b16()))))                                           \
  OPERATION(select_negative,                                                                                          \
            store(r.i16(), select_negative(load_i16(x.a16()), load_i16(x.b16()), load_i16(x.c16()))))                 \
  OPERATION(dot2, store(r.i32(), dot2(load_i32(x.c32()), load_i16(x.a16()), load_i16(x.b16()))))                      \
  OPERATION(dot_group, const vu8 a = factor<false>(load_u8(x.a16()));                                                 \
            store(r.i32(), dot_group<false>(load_i32(x.c32()), a, load_u8(x.b16()))))                                 \
  OPERATION(dot4, store(r.i32(), dot4(load_i32(x.c32()), load_u8(x.a8()), load_u8(x.b8()))))                          \
  OPERATION(dot_group_of_quads, const uint32_t zeros = 0;                                                             \
            const vi32 of_zeros = dot_group<true>(splat_i32(0), factor<true>(splat_group(&zeros)), load_u8(x.b8()));  \
            const vi32 sum = dot_group<true>(load_i32(x.c32()), factor<true>(load_u8(x.a8())), load_u8(x.b8()));      \
            store(r.i32(), kOffsetsBytes ? sub(sum, of_zeros) : sum))                                                 \
  OPERATION(dot2_group, vi32 sums[kGroupVectors]; vi16 w[kGroupVectors];                                              \
            for (int i = 0; i < kGroupVectors; ++i) sums[i] = load_i32(x.c32() + i * vi32::lanes);                    \
            load_group_pairs(x.b16(), w); dot2_group(sums, x.a16() + 1, w);                                           \
            for (int i = 0; i < kGroupVectors; ++i) store(r.i32() + i * vi32::lanes, sums[i]))                        \
  OPERATION(store_scaled,                                                                                             \
            const float scale[16] = {0.5f, 3e-5f, -7.0f, 1e-9f, 0.1f, 0.2f, 0.3f, 0.4f, 1e9f, 0.0f, 2.f, 3.f, 4.f,    \
                                     5.f, 6.f, -1.f};                                                                 \
            store_scaled(r.f32(), load_i32(x.a32()), scale))                                                          \
  OPERATION(interleave_low, store(r.i16(), interleave_low(load_i16(x.a16()), load_i16(x.b16()))))                     \
  OPERATION(interleave_high, store(r.i16(), interleave_high(load_i16(x.a16()), load_i16(x.b16()))))                   \
  OPERATION(pack, store(r.i16(), pack(load_i32(x.a32()), load_i32(x.b32()))))                                         \
  OPERATION(pack_unsigned, store(r.u8(), pack_unsigned(load_i16(x.a16()), load_i16(x.b16()))))                        \
  OPERATION(groups_i16, vi16 v[kPairVectors]; load_pair_order(x.a16(), x.b16(), v);                                   \
            store_pair_wide(v, r.i16() + 40, r.i16()))                                                                \
  OPERATION(groups_u8, vi16 v[kPairVectors]; load_pair_order(x.a8(), x.b8(), v); store_line_wide(v, r.i16()))         \
  OPERATION(groups_i32, vi32 a[kGroupVectors]; vi32 b[kGroupVectors]; vi16 v[kPairVectors];                           \
            for (int i = 0; i < kGroupVectors; ++i) a[i] = load_i32(x.a32() + i * vi32::lanes);                       \
            for (int i = 0; i < kGroupVectors; ++i) b[i] = load_i32(x.b32() + i * vi32::lanes);                       \
            pack_pair(a, b, v); store_line_wide(v, r.i16()))                                                          \
  OPERATION(store_halves_wide, vi16 v[kPairVectors]; load_pair_order(x.a16(), x.b16(), v);                            \
            store_halves_wide(v, x.c16(), r.i16() + 40, r.i16()))                                                     \
  OPERATION(store_pair, vi16 v[kPairVectors]; load_pair_order(x.a16(), x.b16(), v);                                   \
            store_pair(v, r.u8() + 20, r.u8()))                                                                       \
  OPERATION(store_pairs, vi16 v[kPairVectors]; vi16 w[kPairVectors]; load_pair_order(x.a16(), x.b16(), v);            \
            load_pair_order(x.c16(), x.c16() + 16, w);                                                                \
            uint8_t* const p[4] = {r.u8() + 60, r.u8() + 40, r.u8() + 20, r.u8()}; store_pairs(v, w, p))              \
  OPERATION(store_line, vi16 v[kPairVectors]; vi16 w[kPairVectors]; load_pair_order(x.a16(), x.b16(), v);             \
            load_pair_order(x.c16(), x.c16() + 16, w); store_line(v, w, r.u8()))                                      \
  OPERATION(line_u8, unit_sums<UnitKind::line>(x.a8(), x.b8(), r.i16()))                                              \
  OPERATION(line_i16, unit_sums<UnitKind::line>(x.a16(), x.b16(), r.i16()))                                           \
  OPERATION(halves_u8, unit_sums<UnitKind::halves>(x.a8(), x.b8(), r.i16()))                                          \
  OPERATION(halves_i16, unit_sums<UnitKind::halves>(x.a16(), x.b16(), r.i16()))                                       \
  OPERATION(arrays_u8, unit_arrays<uint8_t>(x, r.i16()))                                                              \
  OPERATION(arrays_i16, unit_arrays<int16_t>(x, r.i16()))                                                             \
  OPERATION(unit_bytes_u8, unit_bytes<uint8_t, UnitKind::line>(x, r.u8(), {16, 8}))                                   \
  OPERATION(unit_bytes_i16, unit_bytes<int16_t, UnitKind::line>(x, r.u8(), {16, 8}))                                  \
  OPERATION(half_bytes_u8, unit_bytes<uint8_t, UnitKind::halves>(x, r.u8(), {kHalf, 8}))                              \
  OPERATION(half_bytes_i16, unit_bytes<int16_t, UnitKind::halves>(x, r.u8(), {kHalf, 8}))                             \
  OPERATION(padded_i16, const UnitStep step = {kHalf, kQuarter}; const vi16 v = padded_sums(x, step);                 \
            store_padded(v, load_unit<int16_t>(x.c16(), {0, 0}), r.i16(), step))                                      \
  OPERATION(padded_u8, const UnitStep step = {kHalf, kQuarter}; const vi16 v = padded_sums(x, step);                  \
            store_padded(v, load_unit<int16_t>(x.c16(), {0, 0}), r.u8(), step))

#define FACEIO_TEST_MEMBER(name, ...) Operation name = nullptr;
#define FACEIO_TEST_FUNCTION(name, ...) \
  void test_##name(const Operands& x, Result& r) noexcept { __VA_ARGS__; }
#define FACEIO_TEST_ASSIGN(name, ...) ops.name = &test_##name;

struct IntVecOps {
  faceio::Int8Target target = faceio::Int8Target::scalar;
  int lanes = 0;  // of vi32
  int unit = 0;
  FACEIO_TEST_OPERATIONS(FACEIO_TEST_MEMBER)
};

// The functions of one target, inside its region, and what the operations on units share.
#define FACEIO_TEST_TARGET(name)                                                                                      \
  namespace name {                                                                                                    \
  using namespace faceio::int8_##name;                                                                                \
  vi16 sum_of(const vi16 (&pairs)[kUnitVectors]) noexcept {                                                           \
    return pack(dot2(splat_i32(0), pairs[0], splat_i16(1)), dot2(splat_i32(0), pairs[1], splat_i16(1)));              \
  }                                                                                                                   \
  template <UnitKind kKind, class Element>                                                                            \
  void unit_sums(const Element* p, const Element* q, int16_t* out) noexcept {                                         \
    const UnitStep step = {kKind == UnitKind::line ? 16 : kHalf, 8};                                                  \
    vi16 pairs[kUnitVectors];                                                                                         \
    load_unit_pairs<kKind>(p, q, step, pairs);                                                                        \
    store_unit<Element, kKind>(sum_of(pairs), out, step);                                                             \
  }                                                                                                                   \
  template <class Element>                                                                                            \
  void unit_arrays(const Operands& x, int16_t* out) noexcept {                                                        \
    const UnitStep step = {16, 8};                                                                                    \
    vi32 sums[kUnitVectors];                                                                                          \
    load_unit<Element>(x.a32(), step, sums);                                                                          \
    store_unit<Element, UnitKind::line>(pack(sums[0], sums[1]), out, step);                                           \
    store_unit<Element, UnitKind::line>(load_unit<Element>(x.b16(), step), out + kUnit, step);                        \
  }                                                                                                                   \
  template <class Element, UnitKind kKind>                                                                            \
  void unit_bytes(const Operands& x, uint8_t* out, UnitStep step) noexcept {                                          \
    const vi16 v = load_unit<Element>(x.a16(), {16, 8}), w = load_unit<Element>(x.b16(), {16, 8});                    \
    store_unit<Element, kKind>(v, w, out, out + 200, step);                                                           \
  }                                                                                                                   \
  vi16 padded_sums(const Operands& x, UnitStep step) noexcept {                                                       \
    vi16 pairs[kUnitVectors];                                                                                         \
    load_unit_pairs<UnitKind::padded>(x.a16(), x.b16(), step, pairs);                                                 \
    return sum_of(pairs);                                                                                             \
  }                                                                                                                   \
  FACEIO_TEST_OPERATIONS(FACEIO_TEST_FUNCTION)                                                                        \
  void add_to(IntVecOps& ops) noexcept {                                                                              \
    ops.lanes = vi32::lanes;                                                                                          \
    ops.unit = kUnit;                                                                                                 \
    FACEIO_TEST_OPERATIONS(FACEIO_TEST_ASSIGN)                                                                        \
  }                                                                                                                   \
  }

#if FACEIO_BUILDS_SSE41
FACEIO_REGION_SSE41
FACEIO_TEST_TARGET(sse41)
FACEIO_REGION_END
#endif
#if FACEIO_BUILDS_INT8_AVX2
FACEIO_REGION_AVX2
FACEIO_TEST_TARGET(avx2)
FACEIO_REGION_END
#endif
#if FACEIO_BUILDS_AVXVNNI
FACEIO_REGION_AVXVNNI
FACEIO_TEST_TARGET(avxvnni)
FACEIO_REGION_END
#endif
#if FACEIO_BUILDS_AVX512VNNI
FACEIO_REGION_AVX512VNNI
FACEIO_TEST_TARGET(avx512vnni)
FACEIO_REGION_END
#endif
#if FACEIO_BUILDS_INT8_VECTORS
#define FACEIO_TEST_VECTORS(name) FACEIO_TEST_TARGET(name)
FACEIO_REGION_VECTORS
FACEIO_TEST_VECTORS(FACEIO_VECTORS)
FACEIO_REGION_END
#endif
#if FACEIO_BUILDS_DOTPROD
FACEIO_REGION_DOTPROD
FACEIO_TEST_TARGET(dotprod)
FACEIO_REGION_END
#endif
#if FACEIO_BUILDS_I8MM
FACEIO_REGION_I8MM
FACEIO_TEST_TARGET(i8mm)
FACEIO_REGION_END
#endif

/// Of every target that this build holds and this CPU can run.
std::vector<IntVecOps> runnable() {
  std::vector<IntVecOps> found;
  const auto add = [&](faceio::Int8Target target, void (*add_to)(IntVecOps&) noexcept) {
    if (!faceio::cpu_supports(target)) return;
    IntVecOps ops;
    ops.target = target;
    add_to(ops);
    found.push_back(ops);
  };
  static_cast<void>(add);
#if FACEIO_BUILDS_SSE41
  add(faceio::Int8Target::sse41, &sse41::add_to);
#endif
#if FACEIO_BUILDS_INT8_AVX2
  add(faceio::Int8Target::avx2, &avx2::add_to);
#endif
#if FACEIO_BUILDS_AVXVNNI
  add(faceio::Int8Target::avxvnni, &avxvnni::add_to);
#endif
#if FACEIO_BUILDS_AVX512VNNI
  add(faceio::Int8Target::avx512vnni, &avx512vnni::add_to);
#endif
#if FACEIO_BUILDS_INT8_VECTORS
  add(static_cast<faceio::Int8Target>(FACEIO_INT8_VECTORS_LEVEL), &FACEIO_VECTORS::add_to);
#endif
#if FACEIO_BUILDS_DOTPROD
  add(faceio::Int8Target::dotprod, &dotprod::add_to);
#endif
#if FACEIO_BUILDS_I8MM
  add(faceio::Int8Target::i8mm, &i8mm::add_to);
#endif
  return found;
}

std::mt19937& rng() {
  static std::mt19937 generator(20190502);
  return generator;
}

int32_t saturated(int64_t x) { return static_cast<int32_t>(std::clamp<int64_t>(x, -32768, 32767)); }
int32_t byte(int64_t x) { return static_cast<int32_t>(std::clamp<int64_t>(x, 0, 255)); }
int16_t wrapped_i16(int64_t x) { return static_cast<int16_t>(static_cast<uint16_t>(x & 0xffff)); }
int32_t wrapped_i32(int64_t x) { return static_cast<int32_t>(static_cast<uint32_t>(x & 0xffffffff)); }
/// Quotient by 2^n, rounded down.
int64_t floor_shift(int64_t x, int n) {
  const int64_t unit = int64_t{1} << n;
  return x >= 0 ? x / unit : -((-x + unit - 1) / unit);
}

enum class Draw { any, small_sums, counts, limited_pairs };

/// Random operands; one int16_t in four is an end of its range or zero. No int16_t is -32768: products of two would
/// overflow, which the operations exclude. small_sums: int32_t that pack() does not always saturate; counts: those of
/// b are counts of shifts; limited_pairs: neighbours of b, as int8_t, of one sign sum up to 128 at most, and a is often
/// 255.
Operands random_operands(Draw draw) {
  Operands x;
  for (uint8_t* bytes : {x.a_bytes, x.b_bytes, x.c_bytes}) {
    for (int i = 0; i < kBytes + 64; i += 2) {
      const auto word = static_cast<uint32_t>(rng()());
      const int16_t ends[] = {0, 1, -1, 255, 256, 32767, -32767, 128};
      const int16_t value = word % 4 == 0 ? ends[word / 4 % 8] : static_cast<int16_t>(word >> 16);
      const int16_t stored = value == -32768 ? int16_t{-32767} : value;
      std::memcpy(bytes + i, &stored, 2);
    }
  }
  const auto set = [](uint8_t* p, int32_t value) { std::memcpy(p, &value, sizeof value); };
  for (int i = 0; i + 20 <= kBytes; i += 4) {
    if (draw == Draw::small_sums) {
      set(x.a_bytes + 4 + i, static_cast<int32_t>(rng()() % 100000) - 50000);
      set(x.b_bytes + 8 + i, static_cast<int32_t>(rng()() % 100000) - 50000);
    } else if (draw == Draw::counts) {
      set(x.b_bytes + 8 + i, static_cast<int32_t>(rng()() % 32));
    }
  }
  for (int i = 0; draw == Draw::limited_pairs && i < kBytes; i += 2) {
    const int32_t first = static_cast<int32_t>(rng()() % 255) - 127, most = 128 - std::abs(first);
    const int32_t sign = rng()() % 4 != 0 ? (first < 0 ? -1 : 1) : (first < 0 ? 1 : -1);
    const int32_t size = std::min(rng()() % 2 == 0 ? most : static_cast<int32_t>(rng()() % 128), 127);
    const int32_t second = sign * (sign * first > 0 ? std::min(size, most) : size);
    x.b_bytes[4 + i] = static_cast<uint8_t>(first), x.b_bytes[5 + i] = static_cast<uint8_t>(second);
    if (rng()() % 2 == 0) x.a_bytes[2 + i] = x.a_bytes[3 + i] = 255;
  }
  return x;
}

template <class T>
T element(const Result& r, int i) {
  T value;
  std::memcpy(&value, r.bytes + (sizeof(T) == 4 ? 4 : 2) + static_cast<size_t>(i) * sizeof(T), sizeof value);
  return value;
}

/// Elements 0 .. count - 1 that differ from expected(x, i), and bytes changed beyond the last of them where the result
/// is one piece; in many calls.
template <class T, class Expected>
int mismatches(Operation operation, int count, Expected expected, Draw draw = Draw::any, bool in_one_piece = true) {
  int wrong = 0;
  for (int round = 0; round < 200; ++round) {
    const Operands x = random_operands(draw);
    Result r;
    std::memset(r.bytes, 0x5a, sizeof r.bytes);
    operation(x, r);
    for (int i = 0; i < count; ++i) wrong += element<T>(r, i) != static_cast<T>(expected(x, i));
    const size_t end = (sizeof(T) == 4 ? 4 : 2) + static_cast<size_t>(count) * sizeof(T);
    for (size_t i = end; in_one_piece && i < sizeof r.bytes; ++i) wrong += r.bytes[i] != 0x5a;
  }
  return wrong;
}

/// a[i] or, when `second`, b[i].
template <class T>
T pick(int second, const T* a, const T* b, ptrdiff_t i) {
  return second != 0 ? b[i] : a[i];
}

/// The value a result keeps where nothing is stored.
template <class T>
T untouched() {
  T value;
  std::memset(&value, 0x5a, sizeof value);
  return value;
}

}  // namespace

#define CHECK_I32(name, count, ...) \
  CHECK(mismatches<int32_t>(ops.name, count, [=](const Operands& x, int i) { return __VA_ARGS__; }) == 0)
#define CHECK_I16(name, count, ...) \
  CHECK(mismatches<int16_t>(ops.name, count, [=](const Operands& x, int i) { return __VA_ARGS__; }) == 0)
#define CHECK_U8(name, count, ...) \
  CHECK(mismatches<uint8_t>(ops.name, count, [=](const Operands& x, int i) { return __VA_ARGS__; }) == 0)

TEST_CASE("integer lanes divide a panel") {
  for (const IntVecOps& ops : runnable()) {
    INFO(faceio::name(ops.target));
    CHECK(faceio::kPanel % ops.lanes == 0);
    CHECK(ops.unit % 8 == 0);
  }
}

TEST_CASE("integer loads, splats") {
  for (const IntVecOps& ops : runnable()) {
    INFO(faceio::name(ops.target));
    const int n = ops.lanes;
    CHECK_I32(load_store_i32, n, x.a32()[i]);
    CHECK_I16(load_store_i16, 2 * n, x.a16()[i]);
    CHECK_U8(load_store_u8, 4 * n, x.a8()[i]);
    CHECK_I16(load_i16_halves, 2 * n, i < n ? x.a16()[i] : x.b16()[i - n]);
    CHECK_I16(widen_u8, 2 * n, x.a8()[i]);
    CHECK_I16(widen_u8_halves, 2 * n, i < n ? x.a8()[i] : x.b8()[i - n]);
    CHECK_I32(splat_i32, n, x.a32()[0 * i + 3]);
    CHECK_I16(splat_i16, 2 * n, x.a16()[0 * i + 3]);
    CHECK_I16(splat_pair, 2 * n, x.a16()[1 + i % 2]);
    CHECK_U8(splat_group, 4 * n, x.a8()[1 + i % 4]);
    CHECK_I32(opaque, n, x.a32()[i]);
  }
}

TEST_CASE("integer arithmetic, lane by lane") {
  for (const IntVecOps& ops : runnable()) {
    INFO(faceio::name(ops.target));
    const int n = ops.lanes;
    CHECK_I32(add_i32, n, wrapped_i32(int64_t{x.a32()[i]} + x.b32()[i]));
    CHECK_I32(sub_i32, n, wrapped_i32(int64_t{x.a32()[i]} - x.b32()[i]));
    CHECK_I16(add_i16, 2 * n, wrapped_i16(x.a16()[i] + x.b16()[i]));
    CHECK_I16(sub_i16, 2 * n, wrapped_i16(x.a16()[i] - x.b16()[i]));
    CHECK_I16(add_saturating, 2 * n, saturated(x.a16()[i] + x.b16()[i]));
    CHECK_I32(multiply_low, n, wrapped_i32(int64_t{x.a32()[i]} * x.b32()[i]));
    CHECK_I16(multiply_rounded, 2 * n, floor_shift(int64_t{x.a16()[i]} * x.b16()[i] + 16384, 15));
    CHECK_I32(shift_left_i32, n, wrapped_i32(int64_t{x.a32()[i]} * 32));
    CHECK_I16(shift_left_i16, 2 * n, wrapped_i16(x.a16()[i] * 128));
    CHECK_I32(shift_right_i32, n, floor_shift(x.a32()[i], 6));
    CHECK_I16(shift_right_i16, 2 * n, floor_shift(x.a16()[i], 4));
    CHECK(mismatches<int32_t>(
              ops.shift_right_each, n,
              [](const Operands& x, int i) { return floor_shift(x.a32()[i], x.b32()[i]); }, Draw::counts) == 0);
    CHECK_I16(min, 2 * n, std::min(x.a16()[i], x.b16()[i]));
    CHECK_I16(max, 2 * n, std::max(x.a16()[i], x.b16()[i]));
    CHECK_I16(select_negative, 2 * n, x.a16()[i] < 0 ? x.b16()[i] : x.c16()[i]);
    constexpr float kScale[16] = {0.5f, 3e-5f, -7.0f, 1e-9f, 0.1f, 0.2f, 0.3f, 0.4f,
                                  1e9f, 0.0f,  2.f,   3.f,   4.f,  5.f,  6.f,  -1.f};
    CHECK(mismatches<float>(ops.store_scaled, n, [&](const Operands& x, int i) {
            return static_cast<float>(x.a32()[i]) * kScale[i];
          }) == 0);
  }
}

TEST_CASE("dot2 and dot4") {
  for (const IntVecOps& ops : runnable()) {
    INFO(faceio::name(ops.target));
    const int n = ops.lanes;
    CHECK_I32(dot2, n, wrapped_i32(x.c32()[i] + int64_t{x.a16()[2 * i]} * x.b16()[2 * i] +
                                   int64_t{x.a16()[2 * i + 1]} * x.b16()[2 * i + 1]));
    CHECK_I32(dot_group, n, wrapped_i32(x.c32()[i] + int64_t{x.a16()[2 * i]} * x.b16()[2 * i] +
                                        int64_t{x.a16()[2 * i + 1]} * x.b16()[2 * i + 1]));
    CHECK_I32(dot2_group, 16, wrapped_i32(x.c32()[i] + int64_t{x.a16()[1]} * x.b16()[2 * i] +
                                          int64_t{x.a16()[2]} * x.b16()[2 * i + 1]));
    const auto dot4 = [](const Operands& x, int i) {
      int64_t sum = x.c32()[i];
      for (int k = 4 * i; k < 4 * i + 4; ++k) sum += int64_t{x.a8()[k]} * static_cast<int8_t>(x.b8()[k]);
      return wrapped_i32(sum);
    };
    CHECK(mismatches<int32_t>(ops.dot4, n, dot4, Draw::limited_pairs) == 0);
    CHECK(mismatches<int32_t>(ops.dot_group_of_quads, n, dot4, Draw::limited_pairs) == 0);
  }
}

TEST_CASE("interleave and pack, inside blocks of 128 bits") {
  for (const IntVecOps& ops : runnable()) {
    INFO(faceio::name(ops.target));
    const int n = ops.lanes;
    CHECK_I16(interleave_low, 2 * n, pick(i % 2, x.a16(), x.b16(), i / 8 * 8 + i % 8 / 2));
    CHECK_I16(interleave_high, 2 * n, pick(i % 2, x.a16(), x.b16(), i / 8 * 8 + 4 + i % 8 / 2));
    for (const Draw draw : {Draw::any, Draw::small_sums}) {
      CHECK(mismatches<int16_t>(
                ops.pack, 2 * n,
                [](const Operands& x, int i) {
                  return saturated(pick(i % 8 / 4, x.a32(), x.b32(), i / 8 * 4 + i % 4));
                },
                draw) == 0);
    }
    CHECK_U8(pack_unsigned, 4 * n, byte(pick(i % 16 / 8, x.a16(), x.b16(), i / 16 * 8 + i % 8)));
  }
}

TEST_CASE("groups of 16, from memory to memory") {
  for (const IntVecOps& ops : runnable()) {
    INFO(faceio::name(ops.target));
    CHECK_I16(groups_i16, 56, i < 16 ? x.b16()[i] : i < 40 ? untouched<int16_t>() : x.a16()[i - 40]);
    CHECK_I16(groups_u8, 32, i < 16 ? x.a8()[i] : x.b8()[i - 16]);
    for (const Draw draw : {Draw::any, Draw::small_sums}) {
      CHECK(mismatches<int16_t>(
                ops.groups_i32, 32,
                [](const Operands& x, int i) { return saturated(i < 16 ? x.a32()[i] : x.b32()[i - 16]); },
                draw) == 0);
    }
    const auto half = [](const Operands& x, const int16_t* group, int i) {
      return i % 16 < 8 ? group[i / 16 * 8 + i % 8] : x.c16()[i % 8];
    };
    CHECK_I16(store_halves_wide, 72,
              i < 32 ? half(x, x.b16(), i) : i < 40 ? untouched<int16_t>() : half(x, x.a16(), i - 40));
    CHECK_U8(store_pair, 36, i < 16 ? byte(x.b16()[i]) : i < 20 ? untouched<uint8_t>() : byte(x.a16()[i - 20]));
    const auto of_group = [](const Operands& x, int group, int k) {
      return byte(group == 0 ? x.a16()[k] : group == 1 ? x.b16()[k] : x.c16()[16 * (group - 2) + k]);
    };
    CHECK_U8(store_pairs, 76, i % 20 < 16 ? of_group(x, 3 - i / 20, i % 20) : untouched<uint8_t>());
    CHECK_U8(store_line, 64, of_group(x, i / 16, i % 16));
  }
}

TEST_CASE("units, from memory to memory") {
  for (const IntVecOps& ops : runnable()) {
    INFO(faceio::name(ops.target));
    const int unit = ops.unit;
    CHECK_I16(line_u8, unit, x.a8()[i] + x.b8()[i]);
    CHECK_I16(line_i16, unit, saturated(x.a16()[i] + x.b16()[i]));
    CHECK(mismatches<int16_t>(
              ops.arrays_u8, 2 * unit,
              [=](const Operands& x, int i) { return i < unit ? saturated(x.a32()[i]) : x.b16()[i - unit]; },
              Draw::small_sums) == 0);
    CHECK(mismatches<int16_t>(
              ops.arrays_i16, 2 * unit,
              [=](const Operands& x, int i) { return i < unit ? saturated(x.a32()[i]) : x.b16()[i - unit]; },
              Draw::small_sums) == 0);
    for (const Operation operation : {ops.unit_bytes_u8, ops.unit_bytes_i16}) {
      CHECK(mismatches<uint8_t>(operation, 200 + unit, [=](const Operands& x, int i) {
              return i < unit ? byte(x.a16()[i]) : i < 200 ? untouched<uint8_t>() : byte(x.b16()[i - 200]);
            }) == 0);
    }
    // Where element i of a map lies: its number in the unit, or -1.
    const auto in_halves = [](ptrdiff_t i) {
      return i < 16 ? i : i >= kHalf && i < kHalf + 16 ? i - kHalf + 16 : ptrdiff_t{-1};
    };
    if (unit == 32) {
      const int end = static_cast<int>(kHalf) + 16;
      CHECK_I16(halves_u8, end, in_halves(i) < 0 ? untouched<int16_t>() : x.a8()[i] + x.b8()[i]);
      CHECK_I16(halves_i16, end, in_halves(i) < 0 ? untouched<int16_t>() : saturated(x.a16()[i] + x.b16()[i]));
      for (const Operation operation : {ops.half_bytes_u8, ops.half_bytes_i16}) {
        CHECK(mismatches<uint8_t>(operation, 200 + end, [=](const Operands& x, int i) {
                const ptrdiff_t k = in_halves(i % 200);
                return k < 0 ? untouched<uint8_t>() : byte(pick(i / 200, x.a16(), x.b16(), k));
              }) == 0);
      }
    }
    const auto padded = [=](const Operands& x, int i) -> int32_t {
      for (int place = 0; place < unit / 8; ++place) {
        const auto first = static_cast<int>(place / 2 * kHalf + place % 2 * kQuarter);
        if (i >= first && i < first + 8) return saturated(x.a16()[i] + x.b16()[i]);
        if (i >= first + 8 && i < first + 16) return x.c16()[i - first - 8];
      }
      return 0x10000;
    };
    const auto end = static_cast<int>((unit / 8 - 1) / 2 * kHalf + (unit / 8 - 1) % 2 * kQuarter) + 16;
    CHECK(mismatches<int16_t>(ops.padded_i16, end, [=](const Operands& x, int i) {
            const int32_t value = padded(x, i);
            return value == 0x10000 ? untouched<int16_t>() : static_cast<int16_t>(value);
          }) == 0);
    CHECK(mismatches<uint8_t>(ops.padded_u8, end, [=](const Operands& x, int i) {
            const int32_t value = padded(x, i);
            return value == 0x10000 ? untouched<uint8_t>() : static_cast<uint8_t>(byte(value));
          }) == 0);
  }
}
