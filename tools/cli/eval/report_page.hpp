// A report as one self-contained HTML page: tables, curves as inline SVG, pictures as data: URIs.
#ifndef FACEIO_CLI_EVAL_REPORT_PAGE_HPP
#define FACEIO_CLI_EVAL_REPORT_PAGE_HPP

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace cli {

enum class AxisScale { linear, logarithmic };

/// A logarithmic axis runs between powers of ten. Its low end, which lies below everything but 0, is
/// where 0 is drawn, and labelled so. Points outside an axis are drawn at its end.
struct Axis {
  std::string label;
  double low = 0.0;
  double high = 1.0;
  AxisScale scale = AxisScale::linear;
};

struct Curve {
  std::string label;
  std::vector<std::pair<double, double>> points;  // x, y
};

/// One error: JPEG files side by side, and what to say about them.
struct ErrorTile {
  std::vector<std::vector<uint8_t>> jpegs;
  std::string caption;
};

/// All text is escaped. Nothing in the page is loaded from elsewhere.
class ReportPage {
 public:
  explicit ReportPage(const std::string& title);

  /// Lines as they are; those that begin with a blank stay with the line before.
  void add_listing(const std::string& lines);

  void add_curves(const std::string& heading, const Axis& x, const Axis& y,
                  const std::vector<Curve>& curves);

  void add_tiles(const std::string& heading, const std::vector<ErrorTile>& tiles);

  /// Throws InputError when the file cannot be written.
  void save(const std::string& path) const;

 private:
  std::string title_;
  std::string body_;
};

}  // namespace cli

#endif  // FACEIO_CLI_EVAL_REPORT_PAGE_HPP
