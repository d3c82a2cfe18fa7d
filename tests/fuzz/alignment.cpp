// Any five points as landmarks: a similarity of finite numbers whose inverse undoes it, or a status.
#include <faceio/vision/align.hpp>
#include <faceio/vision/quality.hpp>

#include "fuzz.hpp"

using namespace faceio;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::Input input(data, size);
  Landmarks landmarks;
  const bool near = input.take<uint8_t>() % 2 == 0;
  for (int i = 0; i < kLandmarkCount; ++i) {
    const Point& from = kArcFaceTemplate.points[i];
    landmarks.points[i] = near ? Point{from.x + static_cast<float>(input.take<int16_t>()) / 256.0f,
                                       from.y + static_cast<float>(input.take<int16_t>()) / 256.0f}
                               : Point{input.take<float>(), input.take<float>()};
  }
  const auto alignment = align_to_template(landmarks);
  if (!alignment) {
    FUZZ_REQUIRE(alignment.status().code == Errc::landmarks_degenerate);
    return 0;
  }
  const Similarity& s = alignment->image_to_crop;
  FUZZ_REQUIRE(std::isfinite(s.a) && std::isfinite(s.b) && std::isfinite(s.tx) && std::isfinite(s.ty));
  FUZZ_REQUIRE(alignment->residual_px >= 0.0f && std::isfinite(alignment->residual_px));
  const Similarity back = inverse(s);
  FUZZ_REQUIRE(std::isfinite(back.a) && std::isfinite(back.b) && std::isfinite(back.tx) && std::isfinite(back.ty));
  return 0;
}
