// Points, boxes, landmarks and similarity transforms in picture coordinates: pixels, x to the
// right, y down, pixel centres at integer positions. All functions are pure and safe to call from
// any thread.
#ifndef FACEIO_VISION_GEOMETRY_HPP
#define FACEIO_VISION_GEOMETRY_HPP

#include "../core/map_view.hpp"

FACEIO_BEGIN_NAMESPACE

/// Position in pixels.
struct Point {
  float x = 0.0f;
  float y = 0.0f;
};

/// Axis-parallel box in pixels: [x, x + width] x [y, y + height].
struct Box {
  float x = 0.0f;
  float y = 0.0f;
  float width = 0.0f;
  float height = 0.0f;
};

/// Indices of Landmarks::points. Sides are those of the picture, not of the person: in a picture of
/// somebody who faces the camera, the eye on the left of the picture is that person's right eye.
enum LandmarkIndex : int {
  kEyeImageLeft = 0,
  kEyeImageRight,
  kNose,
  kMouthImageLeft,
  kMouthImageRight,
};
inline constexpr int kLandmarkCount = 5;

/// Five points of a face in LandmarkIndex order, pixels.
struct Landmarks {
  Point points[kLandmarkCount];
};

/// Square pixels; 0 for a box with a negative or NaN side.
constexpr float area(const Box& box) noexcept {
  return box.width > 0.0f && box.height > 0.0f ? box.width * box.height : 0.0f;
}

/// Intersection over union of areas, 0..1; 0 when both boxes are empty. Unlike nms_f32 it adds no
/// pixel to the sides.
constexpr float iou(const Box& a, const Box& b) noexcept {
  const float left = a.x > b.x ? a.x : b.x;
  const float top = a.y > b.y ? a.y : b.y;
  const float a_right = a.x + a.width, b_right = b.x + b.width;
  const float a_bottom = a.y + a.height, b_bottom = b.y + b.height;
  const float right = a_right < b_right ? a_right : b_right;
  const float bottom = a_bottom < b_bottom ? a_bottom : b_bottom;
  const float common = area(Box{left, top, right - left, bottom - top});
  const float all = area(a) + area(b) - common;
  return all > 0.0f ? common / all : 0.0f;
}

/// The part of `box` inside [0, width_px] x [0, height_px]; a side is 0 when nothing is inside. A
/// NaN coordinate counts as 0.
constexpr Box clamp_to(const Box& box, Size size) noexcept {
  const auto width = static_cast<float>(size.width_px);
  const auto height = static_cast<float>(size.height_px);
  const float x2 = box.x + box.width, y2 = box.y + box.height;
  const float left = box.x > 0.0f ? (box.x < width ? box.x : width) : 0.0f;
  const float top = box.y > 0.0f ? (box.y < height ? box.y : height) : 0.0f;
  const float right = x2 > left ? (x2 < width ? x2 : width) : left;
  const float bottom = y2 > top ? (y2 < height ? y2 : height) : top;
  return Box{left, top, right - left, bottom - top};
}

/// Rotation, uniform scale and shift: x' = a x - b y + tx, y' = b x + a y + ty.
struct Similarity {
  float a = 1.0f;
  float b = 0.0f;
  float tx = 0.0f;
  float ty = 0.0f;
};

/// Where the transform takes a point.
constexpr Point apply(const Similarity& s, Point p) noexcept {
  return Point{s.a * p.x - s.b * p.y + s.tx, s.b * p.x + s.a * p.y + s.ty};
}

/// The transform that undoes `s`. Precondition: a and b are not both 0.
constexpr Similarity inverse(const Similarity& s) noexcept {
  // In double: tx and ty may be large against the crop they map to.
  const double a = s.a, b = s.b, tx = s.tx, ty = s.ty;
  const double square = a * a + b * b;
  return Similarity{static_cast<float>(a / square), static_cast<float>(-b / square),
                    static_cast<float>(-(a * tx + b * ty) / square),
                    static_cast<float>((b * tx - a * ty) / square)};
}

FACEIO_END_NAMESPACE

#endif  // FACEIO_VISION_GEOMETRY_HPP
