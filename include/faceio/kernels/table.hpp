// The dispatch table: one plain function pointer per kernel, looked up once when a plan is made.
#ifndef FACEIO_KERNELS_TABLE_HPP
#define FACEIO_KERNELS_TABLE_HPP

#include "../simd/target.hpp"
#include "conv.hpp"
#include "detection.hpp"
#include "elementwise.hpp"
#include "image.hpp"
#include "int8_table.hpp"
#include "measure.hpp"
#include "reduce.hpp"
#include "winograd.hpp"

FACEIO_BEGIN_NAMESPACE

struct KernelTable {
  Target target;
#define FACEIO_ROW_KERNEL(name, Args) void (*name)(const Args&, int32_t, int32_t) noexcept;
#define FACEIO_KERNEL(name, Args) void (*name)(const Args&) noexcept;
#include "kernels.def"
#undef FACEIO_ROW_KERNEL
#undef FACEIO_KERNEL
};

/// The kernels of a target, for networks of any precision.
struct Kernels {
  const KernelTable* table = nullptr;
  const Int8KernelTable* int8 = nullptr;
};

FACEIO_END_NAMESPACE

#endif  // FACEIO_KERNELS_TABLE_HPP
