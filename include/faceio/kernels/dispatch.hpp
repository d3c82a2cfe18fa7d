// From a target to its kernels, which are built here, or in one file of the program for all of them:
// FACEIO_SEPARATE_KERNELS (core/config.hpp).
#ifndef FACEIO_KERNELS_DISPATCH_HPP
#define FACEIO_KERNELS_DISPATCH_HPP

#if defined(FACEIO_SEPARATE_KERNELS)
#include "table.hpp"
#else
#include "targets.hpp"
#endif

FACEIO_BEGIN_NAMESPACE

#if defined(FACEIO_SEPARATE_KERNELS)
// Defined by the file that includes separate.hpp.
const KernelTable* table_for(Target target) noexcept;
const Int8KernelTable* table_for(Int8Target target) noexcept;
#else
/// Kernels of one target; null when this build does not hold it. Whether the CPU can run them is another question:
/// cpu_supports().
constexpr const KernelTable* table_for(Target target) noexcept { return built_table(target); }
constexpr const Int8KernelTable* table_for(Int8Target target) noexcept { return built_table(target); }
#endif

/// Both tables of a target; null when this build does not hold them.
inline Kernels kernels_for(Target target) noexcept { return {table_for(target), table_for(best_int8_target(target))}; }

FACEIO_END_NAMESPACE

#endif  // FACEIO_KERNELS_DISPATCH_HPP
