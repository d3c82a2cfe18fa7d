// Calibration: thresholds by hand, refusals, gallery arithmetic, and the text form.
#include <doctest/doctest.h>

#include <cmath>
#include <faceio/eval/calibration.hpp>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "eval_support.hpp"

using faceio::eval::BootstrapOptions;
using faceio::eval::calibrate;
using faceio::eval::Calibration;
using faceio::eval::calibration_text;
using faceio::eval::CalibrationData;
using faceio::eval::CalibrationRow;
using faceio::eval::Error;
using faceio::eval::false_positive_identification_rate;
using faceio::eval::needed_impostor_pairs;
using faceio::eval::read_calibration;
using faceio::eval::write_calibration;
using test::check_error;
using test::TextFile;

namespace {

// 30 impostor pairs of ten people with scores 0.30, 0.29, ... 0.01 and ten genuine pairs, one a person, with
// scores 0.95, 0.85, ... 0.25 and 0.15, 0.05.
CalibrationData example() {
  CalibrationData data;
  data.model_id = 0x00FACE0000000042u;
  data.source = "ten invented people";
  data.people = 10;
  data.pictures = 20;
  for (uint32_t i = 0; i < 30; ++i) data.pairs.push_back({(30.0 - i) / 100.0, i % 10, (i + 1 + i / 10) % 10});
  for (uint32_t i = 0; i < 10; ++i) data.pairs.push_back({(95.0 - 10.0 * i) / 100.0, i, i});
  return data;
}

const BootstrapOptions kQuick = {200, 7, 0.95};

std::string without_line(const std::string& text, const std::string& key) {
  std::istringstream lines(text);
  std::string line, result;
  while (std::getline(lines, line)) {
    if (line.compare(0, key.size(), key) != 0) result += line + "\n";
  }
  return result;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

constexpr const char* kText =
    "faceio calibration 1\n"
    "model 0x0123456789abcdef\n"
    "source LFW view 2,  deep-funneled \n"
    "people 4281\n"
    "pictures 7701\n"
    "genuine_pairs 3000\n"
    "impostor_pairs 3000\n"
    "confidence 0.95\n"
    "# falling target FAR\n"
    "row 0.01 threshold 0.25 far 0.01 pairs 0.007 0.014 people 0.006 0.015 "
    "tar 0.994 pairs 0.99 0.996 people 0.98 0.997\n"
    "row 0.001 threshold 0.375 far 0.001 pairs 0.0002 0.003 people 0 0.004 "
    "tar 0.984 pairs 0.98 0.988 people 0.97 0.99\n";

}  // namespace

TEST_CASE("calibrate: the smallest threshold that keeps the FAR") {
  const Calibration result = calibrate(example(), {0.1, 0.2}, kQuick);
  CHECK(result.model_id == 0x00FACE0000000042u);
  CHECK(result.source == "ten invented people");
  CHECK(result.people == 10);
  CHECK(result.pictures == 20);
  CHECK(result.genuine_pairs == 10);
  CHECK(result.impostor_pairs == 30);
  REQUIRE(result.rows.size() == 2);
  // 0.2: six impostors, 0.30 to 0.25, where the genuine 0.25 lies too: eight genuine. 0.1: three, to 0.28;
  // genuine down to 0.35: seven.
  const CalibrationRow &loose = result.rows[0], &tight = result.rows[1];
  CHECK(loose.target_far == 0.2);
  CHECK(loose.threshold == 0.25);
  CHECK(loose.observed_far.rate == doctest::Approx(0.2));
  CHECK(loose.tar.rate == doctest::Approx(0.8));
  CHECK(tight.target_far == 0.1);
  CHECK(tight.threshold == 0.28);
  CHECK(tight.observed_far.rate == doctest::Approx(0.1));
  CHECK(tight.tar.rate == doctest::Approx(0.7));
  // scipy.stats.beta: 3 of 30 and 7 of 10.
  CHECK(tight.observed_far.pairs.low == doctest::Approx(0.021117137).epsilon(1e-7));
  CHECK(tight.observed_far.pairs.high == doctest::Approx(0.265288450).epsilon(1e-7));
  CHECK(tight.tar.pairs.low == doctest::Approx(0.347547154).epsilon(1e-7));
  CHECK(tight.tar.pairs.high == doctest::Approx(0.933260524).epsilon(1e-7));
  // Genuine pairs are one a person, so the TAR of a replicate is binomial / 10 with mean 0.7 and standard
  // deviation 0.145.
  CHECK(tight.tar.people.low >= 0.2);
  CHECK(tight.tar.people.low <= 0.5);
  CHECK(tight.tar.people.high >= 0.9);
}

TEST_CASE("calibrate refuses what the data cannot support") {
  check_error([] { calibrate(example(), {0.05}, kQuick); },
              "FAR 0.05 needs 60 impostor pairs (3 / FAR), the data has 30");
  check_error([] { calibrate(example(), {0.1, 1e-4}, kQuick); }, "needs 30000 impostor pairs");
  check_error([] { calibrate(example(), {0.0}, kQuick); }, "no data supports it");
  check_error([] { calibrate(example(), {1.0}, kQuick); }, "no data supports it");
  check_error([] { calibrate(example(), {std::nan("")}, kQuick); }, "no data supports it");
  check_error([] { calibrate(example(), {}, kQuick); }, "at least one row");
  check_error([] { calibrate(example(), {0.2, 0.2}, kQuick); }, "falling target FARs");
  const auto with = [](const auto& change) {
    return [change] {
      CalibrationData data = example();
      change(data);
      calibrate(data, {0.1}, kQuick);
    };
  };
  check_error(with([](CalibrationData& d) { d.pairs.resize(30); }), "no genuine pair");
  check_error(with([](CalibrationData& d) { d.pairs.erase(d.pairs.begin(), d.pairs.begin() + 30); }),
              "no impostor pair");
  check_error(with([](CalibrationData& d) {
                for (auto& pair : d.pairs) pair.score = pair.genuine() ? 0.5 : 0.9;
              }),
              "share the highest score");
  check_error(with([](CalibrationData& d) { d.pairs[3].score = std::nan(""); }), "not a finite number");
  check_error(with([](CalibrationData& d) {
                for (auto& pair : d.pairs) pair.score *= 1000.0;
              }),
              "the threshold is not a cosine");
  check_error(with([](CalibrationData& d) { d.people = 9; }), "person 9 is out of range");
  check_error(with([](CalibrationData& d) { d.source = ""; }), "must be one line");
  check_error(with([](CalibrationData& d) { d.source = "two\nlines"; }), "must be one line");
}

TEST_CASE("the rule of three") {
  CHECK(needed_impostor_pairs(1e-4) == 30000);
  CHECK(needed_impostor_pairs(1e-6) == 3000000);
  CHECK(needed_impostor_pairs(0.7) == 5);  // 4.29
  CHECK(needed_impostor_pairs(1e-300) == 10000000000000000000u);
}

TEST_CASE("false_positive_identification_rate") {
  // 1 - 0.9999^1000.
  CHECK(false_positive_identification_rate(1e-4, 1000) == doctest::Approx(0.09516710644).epsilon(1e-9));
  CHECK(false_positive_identification_rate(0.5, 2) == doctest::Approx(0.75));
  CHECK(false_positive_identification_rate(1e-15, 1000) == doctest::Approx(1e-12).epsilon(1e-9));
  CHECK(false_positive_identification_rate(0.0, 1000) == 0.0);
  CHECK(false_positive_identification_rate(1.0, 1) == 1.0);
  CHECK(false_positive_identification_rate(1.0, 0) == 0.0);
  CHECK_THROWS_AS(false_positive_identification_rate(1.5, 1), Error);
  CHECK_THROWS_AS(false_positive_identification_rate(std::nan(""), 1), Error);
}

TEST_CASE("row_for") {
  const Calibration calibration = read_calibration(TextFile(kText).path());
  CHECK(calibration.row_for(0.01).threshold == 0.25);
  CHECK(calibration.row_for(1.0 / 1000).threshold == 0.375);
  check_error([&] { calibration.row_for(1e-4); },
              "no calibration for FAR 0.0001; this one supports 0.01, 0.001");
  check_error([&] { calibration.row_for(std::nan("")); }, "supports 0.01, 0.001");
  check_error([] { Calibration().row_for(0.1); }, "supports none");
}

TEST_CASE("read_calibration") {
  const Calibration calibration = read_calibration(TextFile(kText).path());
  CHECK(calibration.model_id == 0x0123456789ABCDEFu);
  CHECK(calibration.source == "LFW view 2,  deep-funneled");
  CHECK(calibration.people == 4281);
  CHECK(calibration.pictures == 7701);
  CHECK(calibration.genuine_pairs == 3000);
  CHECK(calibration.impostor_pairs == 3000);
  CHECK(calibration.confidence == 0.95);
  REQUIRE(calibration.rows.size() == 2);
  const CalibrationRow& row = calibration.rows[1];
  CHECK(row.target_far == 0.001);
  CHECK(row.observed_far.rate == 0.001);
  CHECK(row.observed_far.pairs.low == 0.0002);
  CHECK(row.observed_far.pairs.high == 0.003);
  CHECK(row.observed_far.people.low == 0.0);
  CHECK(row.observed_far.people.high == 0.004);
  CHECK(row.tar.rate == 0.984);
  CHECK(row.tar.pairs.low == 0.98);
  CHECK(row.tar.pairs.high == 0.988);
  CHECK(row.tar.people.low == 0.97);
  CHECK(row.tar.people.high == 0.99);
}

TEST_CASE("write_calibration and back") {
  const Calibration written = calibrate(example(), {0.1, 0.2}, kQuick);
  const TextFile file("");
  write_calibration(file.path(), written);
  const Calibration read = read_calibration(file.path());
  CHECK(read.model_id == written.model_id);
  CHECK(read.rows[1].threshold == written.rows[1].threshold);
  CHECK(read.rows[1].observed_far.people.high == written.rows[1].observed_far.people.high);
  CHECK(calibration_text(read) == calibration_text(written));
  CHECK(calibration_text(read).find("model 0x00face0000000042\nsource ten invented people\n") !=
        std::string::npos);
  check_error([&] { write_calibration("absent_folder/calibration.txt", written); }, "cannot be written");
  Calibration bad = written;
  bad.rows.clear();
  check_error([&] { calibration_text(bad); }, "at least one row");
  bad = written;
  bad.rows[0].tar.rate = std::nan("");
  check_error([&] { calibration_text(bad); }, "row 1: a rate or interval");
}

TEST_CASE("read_calibration refuses") {
  const std::string text = kText;
  const auto reads = [](const std::string& changed) {
    return [changed] { read_calibration(TextFile(changed).path()); };
  };
  check_error(reads(""), "the line 'faceio ...' is missing");
  check_error(reads(replaced(text, "calibration 1", "calibration 2")), ":1: a calibration begins with");
  check_error(reads(replaced(text, "people 4281", "persons 4281")),
              ":4: 'persons' stands where 'people' must");
  check_error(reads(without_line(text, "pictures")), ":5: 'genuine_pairs' stands where 'pictures' must");
  check_error(reads(without_line(text, "row")), "the line 'row ...' is missing");
  check_error(reads(text + "people 4281\n"), ":12: 'people' stands where 'row' must");
  check_error(reads(replaced(text, "0x0123456789abcdef", "0123456789abcdef00")), ":2: ");
  check_error(reads(replaced(text, "0x0123456789abcdef", "0x0123456789abcdeg")), "16 hexadecimal digits");
  check_error(reads(replaced(text, "0x0123456789abcdef", "0x-123456789abcdef")), "16 hexadecimal digits");
  check_error(reads(replaced(text, "0x0123456789abcdef", "0x123")), "16 hexadecimal digits");
  check_error(reads(replaced(text, "0x0123456789abcdef", "0x0123456789abcdef0")), "16 hexadecimal digits");
  check_error(reads(replaced(text, "source LFW view 2,  deep-funneled ", "source")),
              ":3: the source must be");
  const std::string title(4096, 't');
  CHECK(read_calibration(TextFile(replaced(text, "LFW view 2,  deep-funneled ", title)).path()).source == title);
  check_error(reads(replaced(text, "LFW view 2,  deep-funneled ", title + "t")),
              ":3: the source has 4097 bytes, at most 4096");
  check_error(reads(replaced(text, "people 4281", "people -1")), ":4: '-1' is not a whole number");
  check_error(reads(replaced(text, "people 4281", "people 1 2")), ":4: has 3 fields");
  check_error(reads(replaced(text, "confidence 0.95", "confidence 95")), ":8: is not between 0 and 1");
  check_error(reads(replaced(text, "confidence 0.95", "confidence nan")), ":8: 'nan' is not a number");
  check_error(reads(replaced(text, "row 0.01 threshold", "row 0.01 cosine")),
              ":10: expected: row FAR threshold");
  check_error(reads(text.substr(0, text.size() - 10)), ":11: expected: row FAR");
  check_error(reads(replaced(text, "threshold 0.25", "threshold 25")), ":10: the threshold is not a cosine");
  check_error(reads(replaced(text, "0.007 0.014", "0.014 0.007")), ":10: a rate or interval");
  check_error(reads(replaced(text, "tar 0.994", "tar 99.4")), ":10: a rate or interval");
  check_error(reads(replaced(text, "row 0.001", "row 0.0005")), ":11: FAR 0.0005 needs 6000 impostor pairs");
  check_error(reads(replaced(text, "row 0.01 ", "row 0 ")), ":10: the target FAR is not between");
  check_error(reads(replaced(text, "far 0.01 ", "far 0.02 ")), ":10: the measured FAR exceeds the target");
  check_error(reads(replaced(text, "row 0.01 ", "row 0.001 ")), ":10: the measured FAR exceeds the target");
  check_error(reads(replaced(text, "row 0.001 ", "row 0.01 ")), ":11: rows must have falling");
  check_error(reads(replaced(text, "threshold 0.375", "threshold 0.125")), ":11: rows must have falling");
}
