// Kernel tables for tests. The kernels themselves are compiled once, in kernel_tables.cpp, so a test
// file that only calls through tables compiles in a second.
#ifndef FACEIO_TESTS_SUPPORT_KERNEL_TABLES_HPP
#define FACEIO_TESTS_SUPPORT_KERNEL_TABLES_HPP

#include <faceio/kernels/table.hpp>
#include <vector>

namespace test {

/// Tables of every target that this build holds and this CPU can run.
const std::vector<const faceio::KernelTable*>& runnable_tables();
/// The same for int8 kernels, in rising order of preference: the first is the scalar one.
const std::vector<const faceio::Int8KernelTable*>& runnable_int8_tables();

/// A table with the int8 kernels of its target.
faceio::Kernels with_int8(const faceio::KernelTable& table);

}  // namespace test

#endif
