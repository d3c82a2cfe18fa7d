// The face of the committed astronaut picture (640x480), as onnxruntime and plain numpy post-processing
// find it; with min_face_px, after cv2.resize with INTER_LINEAR.
#ifndef FACEIO_TESTS_SUPPORT_ASTRONAUT_HPP
#define FACEIO_TESTS_SUPPORT_ASTRONAUT_HPP

#include <faceio/vision/geometry.hpp>

namespace test {

struct ExpectedFace {
  int min_face_px;
  float score;
  float x1, y1, x2, y2;
  faceio::Landmarks landmarks;
};

inline constexpr ExpectedFace kAstronaut[] = {
    {16, 0.99859f, 166.70f, 53.31f, 257.44f, 168.94f,
     {{{192.26f, 93.78f}, {232.78f, 97.66f}, {209.05f, 122.75f}, {187.02f, 128.47f}, {229.43f, 131.86f}}}},
    {8, 0.99934f, 166.49f, 50.01f, 255.38f, 166.68f,
     {{{189.0f, 93.5f}, {230.4f, 96.4f}, {207.1f, 119.4f}, {186.3f, 128.8f}, {229.3f, 131.2f}}}},
    {24, 0.99980f, 168.26f, 56.40f, 253.62f, 164.85f,
     {{{191.5f, 95.2f}, {230.3f, 97.2f}, {209.0f, 120.6f}, {191.0f, 133.0f}, {226.4f, 134.6f}}}},
    {32, 0.99095f, 168.54f, 58.15f, 255.65f, 165.40f,
     {{{192.8f, 94.6f}, {234.2f, 100.1f}, {211.1f, 119.1f}, {190.6f, 135.2f}, {224.7f, 139.7f}}}},
    {48, 0.99776f, 169.82f, 62.50f, 255.24f, 162.28f,
     {{{191.8f, 96.1f}, {231.3f, 99.6f}, {209.9f, 116.6f}, {191.5f, 132.0f}, {224.3f, 134.7f}}}},
};

}  // namespace test

#endif
