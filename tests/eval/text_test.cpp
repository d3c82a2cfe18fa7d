// Lists as text: lines, fields, numbers, and where an error was.
#include "eval_support.hpp"

using namespace eval_support;
using faceio::eval::read_lines;
using faceio::eval::TextLine;

namespace {

TextLine line_of(const std::vector<std::string>& fields) {
  TextLine line;
  line.where = "list.txt:7";
  line.fields = fields;
  return line;
}

}  // namespace

TEST_CASE("read_lines: blanks, comments, line ends, numbers of lines") {
  const TemporaryFolder folder;
  const std::string path = folder.write("list.txt",
                                        "# comment\n"
                                        "\n"
                                        "  a.jpg\t1  2 \n"
                                        " \t \r\n"
                                        "b.jpg #not-a-comment\r\n"
                                        "   # indented comment\n"
                                        "last line without its end");
  const auto lines = read_lines(path);
  REQUIRE(lines.size() == 3);
  CHECK(lines[0].where == path + ":3");
  CHECK(lines[0].text == "  a.jpg\t1  2 ");
  CHECK(lines[0].fields == std::vector<std::string>{"a.jpg", "1", "2"});
  CHECK(lines[1].where == path + ":5");
  CHECK(lines[1].text == "b.jpg #not-a-comment");
  CHECK(lines[1].fields == std::vector<std::string>{"b.jpg", "#not-a-comment"});
  CHECK(lines[2].where == path + ":7");
  CHECK(lines[2].fields.size() == 5);
  CHECK(read_lines(folder.write("empty.txt", "")).empty());
}

TEST_CASE("read_lines: what is no text file is refused") {
  const TemporaryFolder folder;
  const std::string binary = folder.write("binary", std::string("first\nse\0cond\n", 14));
  CHECK(contains(error_of([&] { read_lines(binary); }), binary + ":2: holds a zero byte"));
  const std::string absent = folder.path() + "/absent.txt";
  CHECK(contains(error_of([&] { read_lines(absent); }), absent + ": cannot be opened"));
  CHECK(contains(error_of([&] { read_lines(folder.path()); }), folder.path() + ": cannot be read"));
}

TEST_CASE("TextLine::number") {
  const TextLine line = line_of({"12", "-0.5", "1e3", "nan", "inf", "1x", "x", "1e999"});
  CHECK(line.number(0) == 12.0);
  CHECK(line.number(1) == -0.5);
  CHECK(line.number(2) == 1000.0);
  for (size_t i = 3; i < line.fields.size(); ++i) {
    CHECK(error_of([&] { line.number(i); }) == "list.txt:7: '" + line.fields[i] + "' is not a number");
  }
  CHECK(contains(error_of([&] { line.number(8); }), "list.txt:7: ends early: field 9 is missing"));
}

TEST_CASE("TextLine::integer") {
  const TextLine line = line_of({"0", "-3", "10", "1.5", "7x", "99999999999999999999"});
  CHECK(line.integer(0, 0, 10) == 0);
  CHECK(line.integer(1, -3, 10) == -3);
  CHECK(line.integer(2, 0, 10) == 10);
  CHECK(error_of([&] { line.integer(1, -2, 10); }) == "list.txt:7: '-3' is not a whole number from -2 to 10");
  CHECK(contains(error_of([&] { line.integer(2, 0, 9); }), "from 0 to 9"));
  for (size_t i = 3; i < line.fields.size(); ++i) {
    CHECK(contains(error_of([&] { line.integer(i, -100, 9223372036854775807LL); }), "is not a whole number"));
  }
  CHECK(contains(error_of([&] { line.integer(6, 0, 1); }), "field 7 is missing"));
}

TEST_CASE("TextLine::expect_fields") {
  const TextLine line = line_of({"a", "b"});
  CHECK(error_of([&] { line.expect_fields(2, "file label"); }).empty());
  CHECK(error_of([&] { line.expect_fields(3, "file label box"); }) ==
        "list.txt:7: has 2 fields, expected: file label box");
}
