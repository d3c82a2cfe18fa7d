#include "annotate.hpp"

#include <faceio/host/image_io.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "outcome.hpp"

namespace cli {
namespace {

using faceio::host::Picture;

struct Colour {
  uint8_t rgb[3];
};
constexpr Colour kBox{{60, 220, 90}};
constexpr Colour kLeft{{255, 140, 0}};
constexpr Colour kRight{{40, 130, 255}};
constexpr Colour kMiddle{{255, 255, 255}};
constexpr Colour kDark{{0, 0, 0}};

/// 5x7 glyphs, one row a byte, the leftmost pixel in bit 4.
struct Glyph {
  char character;
  uint8_t rows[7];
};
constexpr int kGlyphWidth_px = 5;
constexpr int kGlyphHeight_px = 7;
constexpr Glyph kFont[] = {
    {'0', {0x0E, 0x11, 0x13, 0x15, 0x19, 0x11, 0x0E}},
    {'1', {0x04, 0x0C, 0x04, 0x04, 0x04, 0x04, 0x0E}},
    {'2', {0x0E, 0x11, 0x01, 0x06, 0x08, 0x10, 0x1F}},
    {'3', {0x1E, 0x01, 0x01, 0x0E, 0x01, 0x01, 0x1E}},
    {'4', {0x02, 0x06, 0x0A, 0x12, 0x1F, 0x02, 0x02}},
    {'5', {0x1F, 0x10, 0x1E, 0x01, 0x01, 0x11, 0x0E}},
    {'6', {0x06, 0x08, 0x10, 0x1E, 0x11, 0x11, 0x0E}},
    {'7', {0x1F, 0x01, 0x02, 0x04, 0x08, 0x08, 0x08}},
    {'8', {0x0E, 0x11, 0x11, 0x0E, 0x11, 0x11, 0x0E}},
    {'9', {0x0E, 0x11, 0x11, 0x0F, 0x01, 0x02, 0x0C}},
    {'.', {0x00, 0x00, 0x00, 0x00, 0x00, 0x0C, 0x0C}},
    {'#', {0x0A, 0x0A, 0x1F, 0x0A, 0x1F, 0x0A, 0x0A}},
};

/// Pixels drawn; what lies outside the picture is left out.
class Canvas {
 public:
  explicit Canvas(Picture& picture) : picture_(picture) {}

  void fill(int x0, int y0, int x1, int y1, const Colour& colour) {
    const faceio::Size size = picture_.size;
    for (int y = std::max(y0, 0); y < std::min(y1, size.height_px); ++y) {
      for (int x = std::max(x0, 0); x < std::min(x1, size.width_px); ++x) set(x, y, colour);
    }
  }

  void frame(int x0, int y0, int x1, int y1, int line_px, const Colour& colour) {
    fill(x0, y0, x1, y0 + line_px, colour);
    fill(x0, y1 - line_px, x1, y1, colour);
    fill(x0, y0, x0 + line_px, y1, colour);
    fill(x1 - line_px, y0, x1, y1, colour);
  }

  void disc(int cx, int cy, int radius_px, const Colour& colour) {
    const faceio::Size size = picture_.size;
    for (int y = std::max(cy - radius_px, 0); y <= std::min(cy + radius_px, size.height_px - 1);
         ++y) {
      for (int x = std::max(cx - radius_px, 0); x <= std::min(cx + radius_px, size.width_px - 1);
           ++x) {
        const int dx = x - cx;
        const int dy = y - cy;
        if (dx * dx + dy * dy <= radius_px * radius_px) set(x, y, colour);
      }
    }
  }

  void text(int x, int y, const std::string& characters, int scale, const Colour& colour) {
    for (const char c : characters) {
      for (const Glyph& glyph : kFont) {
        if (glyph.character != c) continue;
        for (int row = 0; row < kGlyphHeight_px; ++row) {
          for (int column = 0; column < kGlyphWidth_px; ++column) {
            if ((glyph.rows[row] >> (kGlyphWidth_px - 1 - column) & 1) == 0) continue;
            const int left = x + column * scale;
            const int top = y + row * scale;
            fill(left, top, left + scale, top + scale, colour);
          }
        }
      }
      x += (kGlyphWidth_px + 1) * scale;
    }
  }

 private:
  void set(int x, int y, const Colour& colour) {
    const size_t pixel = static_cast<size_t>(y) * static_cast<size_t>(picture_.size.width_px) +
                         static_cast<size_t>(x);
    std::copy(colour.rgb, colour.rgb + 3, picture_.rgb.begin() + static_cast<ptrdiff_t>(3 * pixel));
  }

  Picture& picture_;
};

/// Rounded, and far outside the picture held where integers cannot overflow.
int pixel_of(float coordinate) {
  constexpr float kFar_px = 1e6f;
  if (!(coordinate > -kFar_px)) return -1000000;
  return static_cast<int>(std::lround(std::min(coordinate, kFar_px)));
}

void draw_face(Canvas& canvas, const faceio::Face& face, size_t number, int line_px) {
  const int x0 = pixel_of(face.box.x);
  const int y0 = pixel_of(face.box.y);
  const int x1 = pixel_of(face.box.x + face.box.width);
  const int y1 = pixel_of(face.box.y + face.box.height);
  canvas.frame(x0, y0, x1, y1, line_px, kBox);

  const int shorter_px = std::max(std::min(x1 - x0, y1 - y0), 1);
  const int radius_px = std::clamp(shorter_px / 25, 2, 4 * line_px);
  const Colour* const colours[faceio::kLandmarkCount] = {&kLeft, &kRight, &kMiddle, &kLeft,
                                                         &kRight};
  for (int i = 0; i < faceio::kLandmarkCount; ++i) {
    const faceio::Point& point = face.landmarks.points[i];
    const int x = pixel_of(point.x);
    const int y = pixel_of(point.y);
    canvas.disc(x, y, radius_px + 1, kDark);
    canvas.disc(x, y, radius_px, *colours[i]);
  }

  char label[40];
  std::snprintf(label, sizeof label, "#%zu %.3f", number, static_cast<double>(face.score));
  const int scale = line_px;
  const int width_px =
      static_cast<int>(std::string(label).size()) * (kGlyphWidth_px + 1) * scale + scale;
  const int height_px = (kGlyphHeight_px + 2) * scale;
  // Above the box, or inside it at the upper edge of the picture.
  const int top = y0 - height_px >= 0 ? y0 - height_px : std::max(y0, 0);
  const int left = std::max(x0, 0);
  canvas.fill(left, top, left + width_px, top + height_px, kDark);
  canvas.text(left + scale, top + scale, label, scale, kBox);
}

bool ends_with(const std::string& text, const std::string& end) {
  if (text.size() < end.size()) return false;
  return std::equal(end.begin(), end.end(), text.end() - static_cast<ptrdiff_t>(end.size()),
                    [](char a, char b) { return a == (b >= 'A' && b <= 'Z' ? b - 'A' + 'a' : b); });
}

}  // namespace

void draw_faces(Picture& picture, const std::vector<faceio::Face>& faces) {
  Canvas canvas(picture);
  const int longer_px = std::max(picture.size.width_px, picture.size.height_px);
  const int line_px = std::clamp(longer_px / 500, 1, 20);
  // The best face is drawn last, on top.
  for (size_t i = faces.size(); i > 0; --i) draw_face(canvas, faces[i - 1], i, line_px);
}

void save_picture(const std::string& path, const Picture& picture) {
  std::string error;
  const bool jpeg = ends_with(path, ".jpg") || ends_with(path, ".jpeg");
  const bool done = jpeg ? faceio::host::write_jpg(path, picture, error)
                         : faceio::host::write_png(path, picture, error);
  if (!done) throw InputError(error);
}

}  // namespace cli
