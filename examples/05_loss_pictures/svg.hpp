// Just enough SVG for these pictures. Coordinates are units of the viewBox, and pages scale it: a phone shows 720 units
// on some 360 pixels, so text of 22 units is readable there.
#ifndef LOSS_PICTURES_SVG_HPP
#define LOSS_PICTURES_SVG_HPP

#include <cmath>
#include <cstdio>
#include <initializer_list>
#include <string>
#include <utility>

/// What a program of pictures writes, and says about it.
struct Picture {
  std::string file, svg, figures;
};

/// A line of text by printf's rules, up to 400 characters.
template <class... Values>
std::string format(const char* pattern, Values... values) {
  char text[401];
  std::snprintf(text, sizeof text, pattern, values...);
  return text;
}

/// A tenth of a unit is finer than any screen.
inline std::string units(double value) { return format("%.1f", value); }

/// From a quantity to a coordinate.
struct Scale {
  double from, to, from_units, to_units;
  double operator()(double value) const {
    return from_units + (value - from) / (to - from) * (to_units - from_units);
  }
};

class Svg {
 public:
  using Attributes = std::initializer_list<std::pair<const char*, std::string>>;

  static constexpr double kWidth = 720.0;

  Svg(double height, const std::string& title, const std::string& description) {
    out_ = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " + units(kWidth) + " " + units(height) +
           "\" role=\"img\">\n";
    add("title", {}, title);
    add("desc", {}, description);
    out_ += kStyle;
    add("rect", {{"class", "paper"}, {"width", "100%"}, {"height", "100%"}});
  }

  void add(const char* element, Attributes attributes, const std::string& content = "") {
    out_ += std::string("<") + element;
    for (const auto& [name, value] : attributes) out_ += std::string(" ") + name + "=\"" + escaped(value) + "\"";
    out_ += content.empty() ? "/>\n" : ">" + escaped(content) + "</" + element + ">\n";
  }

  /// `classes`: of the style below; middle and end say which part of the text is at x.
  void text(double x, double y, const std::string& words, const std::string& classes = "") {
    add("text", {{"class", classes}, {"x", units(x)}, {"y", units(y)}}, words);
  }

  void line(double x1, double y1, double x2, double y2, const std::string& classes) {
    add("path", {{"class", classes}, {"d", "M" + units(x1) + " " + units(y1) + "L" + units(x2) + " " + units(y2)}});
  }

  /// Grid lines with their numbers below (x) and to the left (y) of a plot.
  void grid(const Scale& x, const Scale& y, std::initializer_list<double> at_x, std::initializer_list<double> at_y,
            const char* x_pattern, const char* y_pattern) {
    for (const double value : at_x) {
      const std::string at = units(x(value));
      add("path", {{"class", "grid"}, {"data-x", format("%g", value)},
                   {"d", "M" + at + " " + units(y.from_units) + "V" + units(y.to_units)}});
      text(x(value), y.from_units + 28.0, signed_number(x_pattern, value), "small middle");
    }
    for (const double value : at_y) {
      const std::string at = units(y(value));
      add("path", {{"class", "grid"}, {"data-y", format("%g", value)},
                   {"d", "M" + units(x.from_units) + " " + at + "H" + units(x.to_units)}});
      text(x.from_units - 10.0, y(value) + 7.0, signed_number(y_pattern, value), "small end");
    }
  }

  std::string str() const { return out_ + "</svg>\n"; }

 private:
  // Colours of Okabe and Ito, which colour-blind people can tell apart, but for a yellow that shows on white, and a
  // blue and a white that show on black.
  static constexpr const char* kStyle = R"(<style>
.paper{fill:#fff} text{font:22px system-ui,sans-serif;fill:#1a1a1a} .small{font-size:19px} .heading{font-weight:600}
.middle{text-anchor:middle} .end{text-anchor:end} .grid{stroke:#d4d4d4;stroke-width:1.5;fill:none}
.c0{fill:#000;stroke:#000} .c1{fill:#e69f00;stroke:#e69f00} .c2{fill:#56b4e9;stroke:#56b4e9}
.c3{fill:#009e73;stroke:#009e73} .c4{fill:#c8b900;stroke:#c8b900} .c5{fill:#0072b2;stroke:#0072b2}
.c6{fill:#d55e00;stroke:#d55e00} .c7{fill:#cc79a7;stroke:#cc79a7}
@media (prefers-color-scheme:dark){.paper{fill:#15171a} text{fill:#ececec} .grid{stroke:#44474c}
.c0{fill:#fff;stroke:#fff} .c4{fill:#f0e442;stroke:#f0e442} .c5{fill:#3d9bd6;stroke:#3d9bd6}}
.dots{fill:none;stroke-width:6;stroke-linecap:round} .ray{fill:none;stroke-width:2.5}
.curve{fill:none;stroke-width:4} .area{fill-opacity:.3;stroke-width:3}
.dashes{stroke-dasharray:16 8} .dots-dashes{stroke-dasharray:18 7 3 7} .points{stroke-dasharray:3 7}
.short{stroke-dasharray:8 6} .long{stroke-dasharray:30 8}
</style>
)";

  static std::string escaped(const std::string& words) {
    std::string out;
    for (const char c : words) {
      out += c == '&' ? "&amp;" : c == '<' ? "&lt;" : c == '"' ? "&quot;" : std::string(1, c);
    }
    return out;
  }

  /// With the sign that typographers use.
  static std::string signed_number(const char* pattern, double value) {
    return (value < 0.0 ? "−" : "") + format(pattern, std::fabs(value));
  }

  std::string out_;
};

#endif  // LOSS_PICTURES_SVG_HPP
