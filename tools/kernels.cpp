// The kernels of all targets, compiled once for the program and the examples.
#include <faceio/kernels/separate.hpp>
