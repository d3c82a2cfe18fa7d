// The kernel bodies in order, and the table of the current target. Included once per target by
// targets.hpp and by nothing else; FACEIO_TARGET_NS and FACEIO_TARGET_ID name the target.
#include "../simd/vec-inl.hpp"

#include "activate_f32-inl.hpp"
#include "planes_f32-inl.hpp"
#include "conv_f32-inl.hpp"
#include "depthwise_f32-inl.hpp"
#include "detection_f32-inl.hpp"
#include "elementwise_f32-inl.hpp"
#include "pixels_u8-inl.hpp"
#include "unpack_u8-inl.hpp"
#include "taps_u8-inl.hpp"
#include "resize_u8-inl.hpp"
#include "warp_u8-inl.hpp"
#include "measure_f32-inl.hpp"
#include "reduce_f32-inl.hpp"
#include "winograd_f32-inl.hpp"

FACEIO_BEGIN_NAMESPACE
namespace FACEIO_TARGET_NS {

inline constexpr KernelTable kTable = {
    static_cast<Target>(FACEIO_TARGET_ID),
#define FACEIO_ROW_KERNEL(name, Args) &name,
#define FACEIO_KERNEL(name, Args) &name,
#include "kernels.def"
#undef FACEIO_ROW_KERNEL
#undef FACEIO_KERNEL
};

}  // namespace FACEIO_TARGET_NS
FACEIO_END_NAMESPACE
