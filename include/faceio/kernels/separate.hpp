// The kernels of a program whose files are compiled with FACEIO_SEPARATE_KERNELS. Include it in exactly one of them.
#ifndef FACEIO_KERNELS_SEPARATE_HPP
#define FACEIO_KERNELS_SEPARATE_HPP

#include "dispatch.hpp"
#include "targets.hpp"

#if !defined(FACEIO_SEPARATE_KERNELS)
#error "faceio: without FACEIO_SEPARATE_KERNELS every file builds the kernels; define it for all files of the program"
#endif

FACEIO_BEGIN_NAMESPACE

const KernelTable* table_for(Target target) noexcept { return built_table(target); }
const Int8KernelTable* table_for(Int8Target target) noexcept { return built_table(target); }

FACEIO_END_NAMESPACE

#endif  // FACEIO_KERNELS_SEPARATE_HPP
