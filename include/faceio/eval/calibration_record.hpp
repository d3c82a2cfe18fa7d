// A calibration: thresholds of one model with the error rates that were measured, and its text form.
#ifndef FACEIO_EVAL_CALIBRATION_RECORD_HPP
#define FACEIO_EVAL_CALIBRATION_RECORD_HPP

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <sstream>
#include <string>
#include <vector>

#include "../files/write_file.hpp"
#include "intervals.hpp"
#include "operating_point.hpp"
#include "text.hpp"

FACEIO_BEGIN_NAMESPACE
namespace eval {

/// A rate 0..1 with two intervals: over pairs as if they were independent (Clopper-Pearson), and over people
/// (bootstrap), which is the honest one when a person is in many pairs.
struct MeasuredRate {
  double rate = 0.0;
  Interval pairs, people;
};

/// One operating point: a pair is accepted when its cosine is >= `threshold`.
struct CalibrationRow {
  double target_far = 0.0;         // above 0, below 1
  double threshold = 0.0;          // cosine
  MeasuredRate observed_far, tar;  // observed_far.rate <= target_far
};

/// What is known about one model's thresholds, and from which data.
struct Calibration {
  uint64_t model_id = 0;
  std::string source;  // one line: which pictures, how they were cut out
  uint64_t people = 0, pictures = 0, genuine_pairs = 0, impostor_pairs = 0;
  double confidence = 0.95;          // of all intervals
  std::vector<CalibrationRow> rows;  // falling target FAR, so that thresholds never fall

  /// The row of a target FAR. Throws Error that lists the supported ones when it is not among them.
  const CalibrationRow& row_for(double target_far) const;
};

/// How many impostor pairs it takes to speak of a FAR: three expected errors, the rule of three. Throws Error
/// unless 0 < far < 1.
inline uint64_t needed_impostor_pairs(double target_far) {
  if (!(target_far > 0.0 && target_far < 1.0)) {
    throw Error("target FAR " + std::to_string(target_far) + " is not between 0 and 1; no data supports it");
  }
  constexpr double kRounding = 1e-12, kMost = 1e19;
  return static_cast<uint64_t>((std::min)(std::ceil(3.0 / target_far * (1.0 - kRounding)), kMost));
}

/// Throws Error, which begins with `where`, when a FAR needs more impostor pairs than there are.
inline void check_support(double target_far, uint64_t impostor_pairs, const std::string& where = "") {
  const uint64_t needed = needed_impostor_pairs(target_far);
  if (impostor_pairs >= needed) return;
  throw Error(where + "FAR " + detail::number_text(target_far) + " needs " + std::to_string(needed) +
              " impostor pairs (3 / FAR), the data has " + std::to_string(impostor_pairs) +
              "; add pictures or choose a larger FAR");
}

/// Throws Error, which begins with `where`, unless `source` is one line of printable text without blanks at
/// its ends, short enough for LineReader.
inline void check_source(const std::string& source, const std::string& where) {
  constexpr size_t kLongest_bytes = 4096;
  static_assert(kLongest_bytes < LineReader::kLongestLine_bytes / 2, "what is written can be read");
  bool plain = !source.empty() && source.front() != ' ' && source.back() != ' ';
  for (const char c : source) plain = plain && (static_cast<unsigned char>(c) >= 0x20 && c != 0x7F);
  if (!plain) throw Error(where + ": the source must be one line of text that says which data was used");
  if (source.size() > kLongest_bytes) {
    throw Error(where + ": the source has " + std::to_string(source.size()) + " bytes, at most " +
                std::to_string(kLongest_bytes) + " can be kept; shorten it");
  }
}

/// `hits` of `all` pairs with the interval over pairs; the one over people is left to a bootstrap. Throws
/// Error like clopper_pearson.
inline MeasuredRate measured_rate(uint64_t hits, uint64_t all, double confidence) {
  MeasuredRate measured;
  measured.rate = static_cast<double>(hits) / static_cast<double>(all);
  measured.pairs = clopper_pearson(hits, all, confidence);
  return measured;
}

namespace detail {

[[noreturn]] inline void refuse_far(double target_far) {
  throw Error("no threshold keeps FAR " + number_text(target_far) +
              ": too many impostor pairs share the highest score; are there duplicates in the data?");
}

inline std::string rate_text(const MeasuredRate& measured) {
  return number_text(measured.rate) + " pairs " + number_text(measured.pairs.low) + " " +
         number_text(measured.pairs.high) + " people " + number_text(measured.people.low) + " " +
         number_text(measured.people.high);
}

inline void check_rate(const MeasuredRate& measured, const std::string& where) {
  const auto orderly = [](double low, double high) { return low >= 0.0 && low <= high && high <= 1.0; };
  if (!orderly(measured.rate, 1.0) || !orderly(measured.pairs.low, measured.pairs.high) ||
      !orderly(measured.people.low, measured.people.high)) {
    throw Error(where + ": a rate or interval does not lie in rising order between 0 and 1");
  }
}

// The words of a row: small letters as they are, capitals for numbers.
inline void check_row_form(const TextLine& line) {
  const std::string rate = " RATE pairs LOW HIGH people LOW HIGH";
  const std::string form = "row FAR threshold COSINE far" + rate + " tar" + rate;
  std::istringstream words(form);
  std::string word;
  size_t count = 0;
  bool as_written = true;
  for (; words >> word; ++count) {
    const bool is_number = word[0] >= 'A' && word[0] <= 'Z';
    as_written = as_written && count < line.fields.size() && (is_number || word == line.fields[count]);
  }
  if (!as_written || count != line.fields.size()) line.fail("expected: " + form);
}

// Row `index` by itself and after the row before it; `where` begins the error.
inline void check_row(const Calibration& calibration, size_t index, const std::string& where) {
  const CalibrationRow& row = calibration.rows[index];
  check_rate(row.observed_far, where);
  check_rate(row.tar, where);
  if (!(row.target_far > 0.0 && row.target_far < 1.0)) {
    throw Error(where + ": the target FAR is not between 0 and 1");
  }
  check_support(row.target_far, calibration.impostor_pairs, where + ": ");
  constexpr double kMostCosine = 1.001;  // rounding of float embeddings included
  if (!(std::fabs(row.threshold) <= kMostCosine)) throw Error(where + ": the threshold is not a cosine");
  if (row.observed_far.rate > row.target_far) throw Error(where + ": the measured FAR exceeds the target");
  if (index == 0) return;
  const CalibrationRow& before = calibration.rows[index - 1];
  if (row.target_far >= before.target_far || row.threshold < before.threshold) {
    throw Error(where + ": rows must have falling target FARs and thresholds that do not fall");
  }
}

}  // namespace detail

inline const CalibrationRow& Calibration::row_for(double target_far) const {
  constexpr double kSame = 1e-9;
  std::string supported;
  for (const CalibrationRow& row : rows) {
    if (std::fabs(row.target_far - target_far) <= kSame * row.target_far) return row;
    supported += (supported.empty() ? "" : ", ") + detail::number_text(row.target_far);
  }
  throw Error("no calibration for FAR " + detail::number_text(target_far) + "; this one supports " +
              (supported.empty() ? "none" : supported));
}

/// Throws Error unless the record may be written: a source, rows in order, rates and intervals in range, and
/// enough impostor pairs for every FAR.
inline void check_calibration(const Calibration& calibration) {
  check_source(calibration.source, "calibration");
  detail::check_confidence(calibration.confidence);
  if (calibration.rows.empty()) throw Error("a calibration needs at least one row");
  for (size_t i = 0; i < calibration.rows.size(); ++i) {
    detail::check_row(calibration, i, "row " + std::to_string(i + 1));
  }
}

/// The text form, one `key value` a line in this order; read_calibration gives back the same doubles:
///
///   faceio calibration 1
///   model 0x0123456789abcdef
///   source LFW view 2, deep-funneled, cut out by faceio
///   people 4281
///   pictures 7701
///   genuine_pairs 3000
///   impostor_pairs 3000
///   confidence 0.95
///   row TARGET_FAR threshold COSINE far RATE pairs LOW HIGH people LOW HIGH tar ... (as after far)
///
/// with one line `row` per target FAR, largest first. Throws Error like check_calibration.
inline std::string calibration_text(const Calibration& calibration) {
  check_calibration(calibration);
  char model[17];
  const std::to_chars_result end = std::to_chars(model, model + sizeof model, calibration.model_id, 16);
  const std::string digits(model, end.ptr);
  std::string text = "faceio calibration 1\n";
  text += "model 0x" + std::string(16 - digits.size(), '0') + digits + "\n";
  text += "source " + calibration.source + "\n";
  text += "people " + std::to_string(calibration.people) + "\n";
  text += "pictures " + std::to_string(calibration.pictures) + "\n";
  text += "genuine_pairs " + std::to_string(calibration.genuine_pairs) + "\n";
  text += "impostor_pairs " + std::to_string(calibration.impostor_pairs) + "\n";
  text += "confidence " + detail::number_text(calibration.confidence) + "\n";
  for (const CalibrationRow& row : calibration.rows) {
    text += "row " + detail::number_text(row.target_far);
    text += " threshold " + detail::number_text(row.threshold);
    text += " far " + detail::rate_text(row.observed_far);
    text += " tar " + detail::rate_text(row.tar) + "\n";
  }
  return text;
}

/// Writes calibration_text to a file, which is the old one until the new one is whole. Throws Error.
inline void write_calibration(const std::string& path, const Calibration& calibration) {
  const std::string text = calibration_text(calibration);
  std::string error;
  if (!files::write_file(path, {reinterpret_cast<const uint8_t*>(text.data()), text.size()}, error)) throw Error(error);
}

/// Reads the text form. Throws Error with file and line for anything that calibration_text would not write:
/// unknown, missing or repeated keys, numbers out of range, rows that the data cannot support. Lines that
/// begin with '#' are comments.
inline Calibration read_calibration(const std::string& path) {
  LineReader lines(path);
  const auto take = [&](const std::string& key) {
    const TextLine* line = lines.next();
    if (line == nullptr) throw Error(path + ": ends early: the line '" + key + " ...' is missing");
    if (line->fields[0] != key) line->fail("'" + line->fields[0] + "' stands where '" + key + "' must");
    return *line;
  };
  const auto count = [&](const std::string& key) {
    const TextLine line = take(key);
    line.expect_fields(2, key + " NUMBER");
    constexpr long long kMost = 1000000000000000000;
    return static_cast<uint64_t>(line.integer(1, 0, kMost));
  };
  const TextLine head = take("faceio");
  if (head.fields != std::vector<std::string>{"faceio", "calibration", "1"}) {
    head.fail("a calibration begins with the line: faceio calibration 1");
  }
  Calibration result;
  const TextLine model = take("model");
  model.expect_fields(2, "model 0x and 16 hexadecimal digits");
  const std::string& id = model.fields[1];
  if (id.size() != 18 || id.compare(0, 2, "0x") != 0 ||
      std::from_chars(id.data() + 2, id.data() + 18, result.model_id, 16).ptr != id.data() + 18) {
    model.fail("'" + id + "' is not 0x and 16 hexadecimal digits");
  }
  const TextLine source = take("source");
  if (source.fields.size() > 1) {
    const size_t begin = source.text.find(source.fields[1], source.text.find("source") + 6);
    result.source = source.text.substr(begin, source.text.find_last_not_of(" \t") + 1 - begin);
  }
  check_source(result.source, source.where);
  result.people = count("people");
  result.pictures = count("pictures");
  result.genuine_pairs = count("genuine_pairs");
  result.impostor_pairs = count("impostor_pairs");
  const TextLine confidence = take("confidence");
  confidence.expect_fields(2, "confidence NUMBER");
  result.confidence = confidence.number(1);
  if (!(result.confidence > 0.0 && result.confidence < 1.0)) confidence.fail("is not between 0 and 1");
  do {
    const TextLine line = take("row");
    detail::check_row_form(line);
    const auto rate = [&line](size_t at) {
      return MeasuredRate{line.number(at),
                          {line.number(at + 2), line.number(at + 3)},
                          {line.number(at + 5), line.number(at + 6)}};
    };
    result.rows.push_back({line.number(1), line.number(3), rate(5), rate(13)});
    detail::check_row(result, result.rows.size() - 1, line.where);
  } while (lines.peek() != nullptr);
  return result;
}

}  // namespace eval
FACEIO_END_NAMESPACE

#endif  // FACEIO_EVAL_CALIBRATION_RECORD_HPP
