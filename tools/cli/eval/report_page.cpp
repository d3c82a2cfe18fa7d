#include "report_page.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include <faceio/files/write_file.hpp>

#include "../outcome.hpp"
#include "report_text.hpp"

namespace cli {
namespace {

// Text in a plot shrinks with it; on a narrow screen it is set larger, for which the plot has room.
constexpr const char* kStyle =
    ":root{color-scheme:light dark}"
    "body{font:15px/1.5 sans-serif;max-width:64rem;margin:2rem auto;padding:0 1rem}"
    "h1{font-size:1.6em}h1,h2,pre{overflow-wrap:anywhere}"
    "pre{white-space:pre-wrap;columns:20rem}pre span{display:block;break-inside:avoid}"
    "figure{display:inline-block;margin:.4rem;vertical-align:top;font-size:12px;line-height:1.3;"
    "width:min-content;min-width:9.5rem}"
    "figure div{display:flex;gap:2px}figcaption{margin-top:.2rem;overflow-wrap:anywhere}"
    ".key span{display:inline-block;margin-right:1.5rem}.key svg{margin-right:.5rem}"
    ".plot{max-width:100%;height:auto}"
    ".plot text{font:13px sans-serif;fill:currentColor}"
    ".plot line{stroke:currentColor;stroke-opacity:.2}.plot polyline{vector-effect:non-scaling-stroke}"
    "@media(max-width:40rem){.plot text{font-size:20px}}";

// The plot's frame inside its drawing, in SVG units.
constexpr double kWidth = 640.0;
constexpr double kHeight = 440.0;
constexpr double kLeft = 100.0;
constexpr double kRight = 610.0;
constexpr double kTop = 15.0;
constexpr double kBottom = 375.0;

// Distinct without colour vision as well: Okabe and Ito's palette, and dashes, through which a curve
// below is seen.
struct Stroke {
  const char* colour;
  const char* dashes;
};
constexpr Stroke kStrokes[] = {
    {"#0072b2", "none"}, {"#d55e00", "8 6"}, {"#009e73", "3 3"}, {"#cc79a7", "12 4 2 4"}};

std::string number(double value, const char* form) {
  char text[32];
  std::snprintf(text, sizeof text, form, value);
  return text;
}

/// 0 at the low end of the axis, 1 at the high one.
double share(const Axis& axis, double value) {
  const double held = std::clamp(value, axis.low, axis.high);
  if (axis.scale == AxisScale::linear) return (held - axis.low) / (axis.high - axis.low);
  return std::log(held / axis.low) / std::log(axis.high / axis.low);
}

struct Tick {
  double value = 0.0;
  std::string text;
};

std::vector<Tick> ticks(const Axis& axis) {
  std::vector<Tick> result;
  if (axis.scale == AxisScale::linear) {
    constexpr int kSteps = 5;
    for (int i = 0; i <= kSteps; ++i) {
      const double value = axis.low + (axis.high - axis.low) * i / kSteps;
      result.push_back({value, number(value, "%.3g")});
    }
    return result;
  }
  const long first = std::lround(std::log10(axis.low));
  const long last = std::lround(std::log10(axis.high));
  constexpr long kSmallestPlain = -2;
  for (long power = first; power <= last; ++power) {
    const double value = std::pow(10.0, static_cast<double>(power));
    const bool plain = power >= kSmallestPlain;
    result.push_back({value, plain ? number(value, "%.3g") : "1e" + std::to_string(power)});
  }
  result.front().text = "0";
  return result;
}

double to_x(const Axis& axis, double value) {
  return kLeft + share(axis, value) * (kRight - kLeft);
}

double to_y(const Axis& axis, double value) {
  return kBottom - share(axis, value) * (kBottom - kTop);
}

std::string line(double x1, double y1, double x2, double y2) {
  return "<line x1=\"" + number(x1, "%.1f") + "\" y1=\"" + number(y1, "%.1f") + "\" x2=\"" +
         number(x2, "%.1f") + "\" y2=\"" + number(y2, "%.1f") + "\"/>";
}

std::string label(double x, double y, const char* anchor, const std::string& text,
                  const std::string& more = "") {
  return "<text x=\"" + number(x, "%.1f") + "\" y=\"" + number(y, "%.1f") + "\" text-anchor=\"" +
         anchor + "\"" + more + ">" + html_text(text) + "</text>";
}

std::string grid(const Axis& x, const Axis& y) {
  std::string svg;
  for (const Tick& tick : ticks(x)) {
    const double at = to_x(x, tick.value);
    svg += line(at, kTop, at, kBottom) + label(at, kBottom + 24.0, "middle", tick.text);
  }
  for (const Tick& tick : ticks(y)) {
    const double at = to_y(y, tick.value);
    svg += line(kLeft, at, kRight, at) + label(kLeft - 8.0, at + 5.0, "end", tick.text);
  }
  const double middle = (kTop + kBottom) / 2.0;
  return svg + label((kLeft + kRight) / 2.0, kBottom + 54.0, "middle", x.label) +
         label(24.0, middle, "middle", y.label,
               " transform=\"rotate(-90 24 " + number(middle, "%.1f") + ")\"");
}

std::string polyline(const std::string& points, const Stroke& stroke) {
  return "<polyline fill=\"none\" stroke-width=\"2\" stroke=\"" + std::string(stroke.colour) +
         "\" stroke-dasharray=\"" + stroke.dashes + "\" points=\"" + points + "\"/>";
}

/// A line, or a dot for a single point. Points nearer to the one before than half a unit are left out,
/// except the last.
std::string drawing(const Axis& x, const Axis& y, const Curve& curve, const Stroke& stroke) {
  if (curve.points.size() == 1) {
    return "<circle r=\"4\" fill=\"" + std::string(stroke.colour) + "\" cx=\"" +
           number(to_x(x, curve.points[0].first), "%.1f") + "\" cy=\"" +
           number(to_y(y, curve.points[0].second), "%.1f") + "\"/>";
  }
  constexpr double kNear = 0.5;
  std::string points;
  double last_x = -1e9, last_y = -1e9;
  for (size_t i = 0; i < curve.points.size(); ++i) {
    const double at_x = to_x(x, curve.points[i].first);
    const double at_y = to_y(y, curve.points[i].second);
    const bool near = std::hypot(at_x - last_x, at_y - last_y) < kNear;
    if (near && i + 1 < curve.points.size()) continue;
    points += number(at_x, "%.1f") + "," + number(at_y, "%.1f") + " ";
    last_x = at_x;
    last_y = at_y;
  }
  return polyline(points, stroke);
}

std::string key_entry(const Curve& curve, const Stroke& stroke) {
  return "<span><svg width=\"40\" height=\"10\" aria-hidden=\"true\">" +
         polyline("0,5 40,5", stroke) + "</svg>" + html_text(curve.label) +
         (curve.points.empty() ? ": no points" : "") + "</span>\n";
}

}  // namespace

ReportPage::ReportPage(const std::string& title) : title_(title) {
  body_ = "<h1>" + html_text(title) + "</h1>\n";
}

void ReportPage::add_listing(const std::string& lines) {
  body_ += "<pre>";
  for (size_t at = 0; at < lines.size();) {
    const size_t end = std::min(lines.find('\n', at), lines.size());
    const bool indented = lines[at] == ' ';
    if (!indented) body_ += at == 0 ? "<span>" : "</span><span>";
    body_ += (indented ? "\n" : "") + html_text(lines.substr(at, end - at));
    at = end + 1;
  }
  body_ += "</span></pre>\n";
}

void ReportPage::add_curves(const std::string& heading, const Axis& x, const Axis& y,
                            const std::vector<Curve>& curves) {
  std::string key, drawings;
  size_t next = 0;
  for (const Curve& curve : curves) {
    const Stroke& stroke = kStrokes[next++ % (sizeof kStrokes / sizeof kStrokes[0])];
    key += key_entry(curve, stroke);
    drawings += drawing(x, y, curve, stroke) + "\n";
  }
  const std::string width = number(kWidth, "%.0f"), height = number(kHeight, "%.0f");
  body_ += "<h2>" + html_text(heading) + "</h2>\n<p class=\"key\">" + key + "</p>\n" +
           "<svg class=\"plot\" viewBox=\"0 0 " + width + " " + height + "\" width=\"" + width +
           "\" height=\"" + height + "\" role=\"img\" aria-label=\"" + html_text(heading) +
           "\">\n" + grid(x, y) + "\n" + drawings + "</svg>\n";
}

void ReportPage::add_tiles(const std::string& heading, const std::vector<ErrorTile>& tiles) {
  body_ += "<h2>" + html_text(heading) + "</h2>\n";
  if (tiles.empty()) body_ += "<p>none</p>\n";
  for (const ErrorTile& tile : tiles) {
    body_ += "<figure><div>";
    for (const std::vector<uint8_t>& jpeg : tile.jpegs) {
      body_ += "<img alt=\"\" src=\"data:image/jpeg;base64," + base64(jpeg) + "\">";
    }
    body_ += "</div><figcaption>" + html_text(tile.caption) + "</figcaption></figure>\n";
  }
}

void ReportPage::save(const std::string& path) const {
  const std::string page = "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
                           "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>" +
                           html_text(title_) + "</title><style>" + kStyle + "</style></head>\n<body>\n" + body_ +
                           "</body></html>\n";
  const faceio::Span<const uint8_t> bytes(reinterpret_cast<const uint8_t*>(page.data()), page.size());
  std::string error;
  if (!faceio::files::write_file(path, bytes, error)) throw InputError(error);
}

}  // namespace cli
