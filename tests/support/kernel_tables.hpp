// Kernel tables for tests. The kernels themselves are compiled once, in kernel_tables.cpp, so a test
// file that only calls through tables compiles in a second.
#ifndef FACEIO_TESTS_SUPPORT_KERNEL_TABLES_HPP
#define FACEIO_TESTS_SUPPORT_KERNEL_TABLES_HPP

#include <faceio/kernels/table.hpp>
#include <vector>

namespace test {

/// Tables of every target that this build holds and this CPU can run.
const std::vector<const faceio::KernelTable*>& runnable_tables();

}  // namespace test

#endif
