// The kernels of all targets, compiled once for the whole program.
#include <faceio/kernels/separate.hpp>
