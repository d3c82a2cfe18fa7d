#include "report_page.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>

#include "../outcome.hpp"
#include "report_text.hpp"

namespace cli {
namespace {

constexpr const char* kStyle =
    "body{font:15px/1.5 sans-serif;max-width:64rem;margin:2rem auto;padding:0 1rem;color:#222}"
    "pre{white-space:pre-wrap}"
    "figure{display:inline-block;margin:.4rem;vertical-align:top;font-size:12px;max-width:20rem}"
    "figcaption{overflow-wrap:anywhere}svg text{font:12px sans-serif;fill:#222}";

// The plot's frame inside its drawing, in SVG units.
constexpr double kWidth = 640.0;
constexpr double kHeight = 420.0;
constexpr double kLeft = 70.0;
constexpr double kRight = 620.0;
constexpr double kTop = 15.0;
constexpr double kBottom = 365.0;

// Distinct without colour vision as well: Okabe and Ito's palette.
constexpr const char* kColours[] = {"#0072b2", "#d55e00", "#009e73", "#cc79a7"};

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

std::vector<double> ticks(const Axis& axis) {
  std::vector<double> values;
  if (axis.scale == AxisScale::linear) {
    constexpr int kSteps = 5;
    for (int i = 0; i <= kSteps; ++i) {
      values.push_back(axis.low + (axis.high - axis.low) * i / kSteps);
    }
    return values;
  }
  constexpr double kRounding = 1e-9;
  const double first = std::ceil(std::log10(axis.low) - kRounding);
  for (double power = first; power <= std::log10(axis.high) + kRounding; power += 1.0) {
    values.push_back(std::pow(10.0, power));
  }
  return values;
}

double to_x(const Axis& axis, double value) {
  return kLeft + share(axis, value) * (kRight - kLeft);
}

double to_y(const Axis& axis, double value) {
  return kBottom - share(axis, value) * (kBottom - kTop);
}

std::string line(double x1, double y1, double x2, double y2) {
  return "<line x1=\"" + number(x1, "%.1f") + "\" y1=\"" + number(y1, "%.1f") + "\" x2=\"" +
         number(x2, "%.1f") + "\" y2=\"" + number(y2, "%.1f") + "\" stroke=\"#ccc\"/>";
}

std::string label(double x, double y, const char* anchor, const std::string& text,
                  const std::string& more = "") {
  return "<text x=\"" + number(x, "%.1f") + "\" y=\"" + number(y, "%.1f") + "\" text-anchor=\"" +
         anchor + "\"" + more + ">" + html_text(text) + "</text>";
}

std::string grid(const Axis& x, const Axis& y) {
  std::string svg;
  for (const double value : ticks(x)) {
    const double at = to_x(x, value);
    svg += line(at, kTop, at, kBottom) + label(at, kBottom + 18.0, "middle", number(value, "%.3g"));
  }
  for (const double value : ticks(y)) {
    const double at = to_y(y, value);
    svg += line(kLeft, at, kRight, at) + label(kLeft - 8.0, at + 4.0, "end", number(value, "%.3g"));
  }
  const double middle = (kTop + kBottom) / 2.0;
  return svg + label((kLeft + kRight) / 2.0, kBottom + 42.0, "middle", x.label) +
         label(16.0, middle, "middle", y.label,
               " transform=\"rotate(-90 16 " + number(middle, "%.1f") + ")\"");
}

/// Points nearer to the one before than half a unit are left out, except the last.
std::string polyline(const Axis& x, const Axis& y, const Curve& curve, const char* colour) {
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
  return "<polyline fill=\"none\" stroke-width=\"2\" stroke=\"" + std::string(colour) +
         "\" points=\"" + points + "\"/>";
}

}  // namespace

ReportPage::ReportPage(const std::string& title) : title_(title) {
  body_ = "<h1>" + html_text(title) + "</h1>\n";
}

void ReportPage::add_listing(const std::string& lines) {
  body_ += "<pre>\n";
  for (size_t at = 0; at < lines.size();) {
    const size_t end = std::min(lines.find('\n', at), lines.size());
    body_ += html_text(lines.substr(at, end - at)) + "\n";
    at = end + 1;
  }
  body_ += "</pre>\n";
}

void ReportPage::add_curves(const std::string& heading, const Axis& x, const Axis& y,
                            const std::vector<Curve>& curves) {
  body_ += "<h2>" + html_text(heading) + "</h2>\n<svg viewBox=\"0 0 " + number(kWidth, "%.0f") +
           " " + number(kHeight, "%.0f") + "\" width=\"640\" height=\"420\" role=\"img\">\n" +
           grid(x, y) + "\n";
  constexpr double kLine = 18.0;
  double at = kTop + kLine;
  size_t colour = 0;
  for (const Curve& curve : curves) {
    const char* stroke = kColours[colour++ % (sizeof kColours / sizeof kColours[0])];
    body_ += polyline(x, y, curve, stroke) +
             label(kLeft + 12.0, at, "start", curve.label,
                   " style=\"fill:" + std::string(stroke) + "\"") +
             "\n";
    at += kLine;
  }
  body_ += "</svg>\n";
}

void ReportPage::add_tiles(const std::string& heading, const std::vector<ErrorTile>& tiles) {
  body_ += "<h2>" + html_text(heading) + "</h2>\n";
  if (tiles.empty()) body_ += "<p>none</p>\n";
  for (const ErrorTile& tile : tiles) {
    body_ += "<figure>";
    for (const std::vector<uint8_t>& jpeg : tile.jpegs) {
      body_ += "<img alt=\"\" src=\"data:image/jpeg;base64," + base64(jpeg) + "\">";
    }
    body_ += "<figcaption>" + html_text(tile.caption) + "</figcaption></figure>\n";
  }
}

void ReportPage::save(const std::string& path) const {
  std::ofstream file(path, std::ios::binary);
  file << "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>"
       << html_text(title_) << "</title><style>" << kStyle << "</style></head>\n<body>\n"
       << body_ << "</body></html>\n";
  file.close();
  if (!file) throw InputError(path + ": the page cannot be written; choose another place");
}

}  // namespace cli
