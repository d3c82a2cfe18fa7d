// The bodies of the int8 kernels in order, and the table of the current target. Included once per int8 target
// by targets.hpp and by nothing else.
#if FACEIO_TARGET_ID == 0
#include "scalar_int8-inl.hpp"
#else
#include "../simd/int-inl.hpp"

#include "requantise_int8-inl.hpp"
#include "conv_tile_int8-inl.hpp"
#if FACEIO_TARGET_ID == 10
#include "conv_across_int8-inl.hpp"
#else
#include "conv_lanes_int8-inl.hpp"
#endif
#include "conv_int8-inl.hpp"
#include "depthwise_int8-inl.hpp"
#include "winograd_int8-inl.hpp"
#endif

FACEIO_BEGIN_NAMESPACE
namespace FACEIO_TARGET_NS {

inline constexpr Int8KernelTable kInt8Table = {
    static_cast<Int8Target>(FACEIO_TARGET_ID),
#define FACEIO_INT8_KERNEL(name, Args) &name,
#include "int8_kernels.def"
#undef FACEIO_INT8_KERNEL
};

}  // namespace FACEIO_TARGET_NS
FACEIO_END_NAMESPACE
