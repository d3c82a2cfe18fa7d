// What integer back ends share whose products take fours as they lie in memory. Operations: int-inl.hpp.
FACEIO_BEGIN_NAMESPACE
namespace FACEIO_TARGET_NS {

inline constexpr bool kOffsetsBytes = false;
template <bool>
FACEIO_ALWAYS_INLINE vu8 factor(vu8 a) noexcept {
  return a;
}

}  // namespace FACEIO_TARGET_NS
FACEIO_END_NAMESPACE
