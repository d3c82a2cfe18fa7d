// The dispatch table of int8 kernels. It has targets of its own: integer instructions came in other steps
// than those of floats.
#ifndef FACEIO_KERNELS_INT8_TABLE_HPP
#define FACEIO_KERNELS_INT8_TABLE_HPP

#include "../simd/target.hpp"
#include "int8.hpp"

FACEIO_BEGIN_NAMESPACE

struct Int8KernelTable {
  Int8Target target;
#define FACEIO_INT8_KERNEL(name, Args) void (*name)(const Args&, int32_t, int32_t) noexcept;
#include "int8_kernels.def"
#undef FACEIO_INT8_KERNEL
};

FACEIO_END_NAMESPACE

#endif  // FACEIO_KERNELS_INT8_TABLE_HPP
