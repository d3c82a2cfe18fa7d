// Lists as text: lines, fields, numbers, and where an error was.
#include <random>
#include <sstream>

#include "eval_support.hpp"

using namespace eval_support;
using faceio::eval::LineReader;
using faceio::eval::TextLine;

namespace {

TextLine line_of(const std::vector<std::string>& fields) {
  TextLine line;
  line.where = "list.txt:7";
  line.fields = fields;
  return line;
}

std::vector<TextLine> lines_of(const std::string& path) {
  LineReader reader(path);
  std::vector<TextLine> lines;
  while (const TextLine* line = reader.next()) lines.push_back(*line);
  CHECK(reader.next() == nullptr);
  CHECK(reader.peek() == nullptr);
  return lines;
}

}  // namespace

TEST_CASE("LineReader: blanks, comments, line ends, numbers of lines") {
  const TemporaryFolder folder;
  const std::string path = folder.write("list.txt",
                                        "# comment\n"
                                        "\n"
                                        "  a.jpg\t1  2 \n"
                                        " \t \r\n"
                                        "b.jpg #not-a-comment\r\n"
                                        "   # indented comment\n"
                                        "last line without its end");
  const auto lines = lines_of(path);
  REQUIRE(lines.size() == 3);
  CHECK(lines[0].where == path + ":3");
  CHECK(lines[0].text == "  a.jpg\t1  2 ");
  CHECK(lines[0].fields == std::vector<std::string>{"a.jpg", "1", "2"});
  CHECK(lines[1].where == path + ":5");
  CHECK(lines[1].text == "b.jpg #not-a-comment");
  CHECK(lines[1].fields == std::vector<std::string>{"b.jpg", "#not-a-comment"});
  CHECK(lines[2].where == path + ":7");
  CHECK(lines[2].fields.size() == 5);
}

TEST_CASE("LineReader: files without a line") {
  const TemporaryFolder folder;
  for (const std::string text : {"", "\n", "\r\n\r\n", "# comment", " \t \n#\n"}) {
    INFO("'", text, "'");
    CHECK(lines_of(folder.write("empty.txt", text)).empty());
  }
}

TEST_CASE("LineReader: peek shows what next returns") {
  const TemporaryFolder folder;
  LineReader reader(folder.write("list.txt", "a 1\n\n# b\nc 2 3\nd\n"));
  for (const std::string first : {"a", "c", "d"}) {
    const TextLine* seen = reader.peek();
    REQUIRE(seen != nullptr);
    CHECK(reader.peek() == seen);
    CHECK(seen->fields[0] == first);
    CHECK(reader.next() == seen);
    CHECK(seen->fields[0] == first);
  }
  CHECK(reader.peek() == nullptr);
  CHECK(reader.next() == nullptr);
}

TEST_CASE("LineReader: a line keeps nothing of the longer one before") {
  const TemporaryFolder folder;
  const std::string path = folder.write("list.txt", "first second third fourth\nx yz\n");
  const auto lines = lines_of(path);
  REQUIRE(lines.size() == 2);
  CHECK(lines[1].where == path + ":2");
  CHECK(lines[1].text == "x yz");
  CHECK(lines[1].fields == std::vector<std::string>{"x", "yz"});
}

TEST_CASE("LineReader: the longest line") {
  const TemporaryFolder folder;
  // With and without a line end, alone and before another line.
  const std::string longest(LineReader::kLongestLine_bytes, 'a');
  for (const std::string end : {"", "\n", "\nb\n"}) {
    const std::string path = folder.write("long.txt", longest + end);
    const auto lines = lines_of(path);
    REQUIRE(lines.size() == (end.size() > 1 ? 2 : 1));
    CHECK(lines[0].text == longest);
    CHECK(lines.back().where == path + (end.size() > 1 ? ":2" : ":1"));
    const std::string longer = folder.write("longer.txt", "b\n" + longest + "a" + end);
    CHECK(contains(error_of([&] { lines_of(longer); }), longer + ":2: is longer than 65536 bytes"));
  }
  // A comment is no exception: what has no line ends is no list.
  const std::string comment = folder.write("comment.txt", "#" + longest);
  CHECK(contains(error_of([&] { lines_of(comment); }), comment + ":1: is longer than 65536 bytes"));
}

TEST_CASE("LineReader: lines of all lengths, whatever parts of the file they are read in") {
  const TemporaryFolder folder;
  std::mt19937 random(1);
  std::string text;
  for (int i = 0; i < 400; ++i) {
    const size_t length = i % 20 == 0 ? 60000 + random() % 5537 : 1 + random() % 3000;
    text += std::string(length, static_cast<char>('a' + i % 26)) + (i % 3 == 0 ? "\r\n" : "\n");
  }
  const auto lines = lines_of(folder.write("many.txt", text));
  std::istringstream expected(text);
  size_t count = 0;
  for (std::string line; std::getline(expected, line); ++count) {
    if (line.back() == '\r') line.pop_back();
    REQUIRE(count < lines.size());
    CHECK(lines[count].text == line);
  }
  CHECK(count == 400);
  CHECK(lines.size() == 400);
}

TEST_CASE("LineReader: what is no text file is refused") {
  const TemporaryFolder folder;
  const std::string binary = folder.write("binary.txt", std::string("a 1\nb \0 2\n", 10));
  CHECK(contains(error_of([&] { lines_of(binary); }), binary + ":2: holds a zero byte"));
  // Also where no line end comes for long, and at the very end.
  const std::string zeros = folder.write("zeros.txt", std::string(1000000, '\0'));
  CHECK(contains(error_of([&] { lines_of(zeros); }), zeros + ":1: holds a zero byte"));
  const std::string last = folder.write("last.txt", std::string("a 1\n\0", 5));
  CHECK(contains(error_of([&] { lines_of(last); }), last + ":2: holds a zero byte"));
  const std::string absent = folder.path() + "/absent.txt";
  CHECK(contains(error_of([&] { lines_of(absent); }), absent + ": no such file"));
  CHECK(contains(error_of([&] { lines_of(folder.path()); }), folder.path() + ": is a directory"));
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
