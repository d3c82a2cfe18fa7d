// The clock and the page-fault counter of a process (POSIX).
#ifndef FACEIO_BENCHMARKS_FOOTPRINT_CLOCK_HPP
#define FACEIO_BENCHMARKS_FOOTPRINT_CLOCK_HPP

#include <sys/resource.h>

#include <chrono>

inline double now_ms() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double, std::milli>(now).count();
}

/// Pages that had to be mapped in without reading a disk.
inline long minor_faults() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  return used.ru_minflt;
}

#endif  // FACEIO_BENCHMARKS_FOOTPRINT_CLOCK_HPP
