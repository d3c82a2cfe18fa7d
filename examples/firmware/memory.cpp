// Arrays as large as the memory of the detector and of the embedder: constants of the compiler, shown by `nm -S`.
#include <faceio/firmware.hpp>

namespace {

using namespace faceio;

constexpr size_t detector_bytes(Size size, Precision precision) {
  DetectorOptions options;
  options.max_candidates = 200;
  const Requirements r = Detector::requirements(size, options, precision);
  return r.persistent_bytes + r.scratch_bytes;
}
constexpr size_t embedder_bytes(Precision precision) {
  const Requirements r = Embedder::requirements(precision);
  return r.persistent_bytes + r.scratch_bytes;
}

}  // namespace

extern "C" {
uint8_t detector_160x120_fp32[detector_bytes({160, 120}, Precision::fp32)];
uint8_t detector_320x240_fp32[detector_bytes({320, 240}, Precision::fp32)];
uint8_t detector_640x480_fp32[detector_bytes({640, 480}, Precision::fp32)];
uint8_t embedder_fp32[embedder_bytes(Precision::fp32)];
#if !defined(FACEIO_NO_INT8)
uint8_t detector_160x120_int8[detector_bytes({160, 120}, Precision::int8)];
uint8_t detector_320x240_int8[detector_bytes({320, 240}, Precision::int8)];
uint8_t detector_640x480_int8[detector_bytes({640, 480}, Precision::int8)];
uint8_t embedder_int8[embedder_bytes(Precision::int8)];
#endif
}
