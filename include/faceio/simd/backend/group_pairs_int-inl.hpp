// What integer back ends share whose products take pairs as they lie in memory. Operations: int-inl.hpp.
FACEIO_BEGIN_NAMESPACE
namespace FACEIO_TARGET_NS {

FACEIO_ALWAYS_INLINE void load_group_pairs(const int16_t* p, vi16 (&w)[kGroupVectors]) noexcept {
  FACEIO_UNROLL
  for (int k = 0; k < kGroupVectors; ++k) w[k] = load_i16(p + k * vi16::lanes);
}
FACEIO_ALWAYS_INLINE void dot2_group(vi32 (&sum)[kGroupVectors], const int16_t* p,
                                     const vi16 (&w)[kGroupVectors]) noexcept {
  const vi16 value = splat_pair(p);
  FACEIO_UNROLL
  for (int k = 0; k < kGroupVectors; ++k) sum[k] = dot2(sum[k], value, w[k]);
}

}  // namespace FACEIO_TARGET_NS
FACEIO_END_NAMESPACE
