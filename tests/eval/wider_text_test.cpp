// The text files of WIDER FACE: both forms of the truth, predictions, and where an error was.
#include <faceio/eval/wider_text.hpp>

#include "eval_support.hpp"

using namespace eval_support;
using namespace faceio::eval;

namespace {

bool counts(const WiderFace& face, WiderSubset subset) {
  return face.counts[static_cast<size_t>(subset)];
}

}  // namespace

TEST_CASE("read_wider_truth: the makers' form") {
  const TemporaryFolder folder;
  const WiderTruth truth = read_wider_truth(folder.write("gt.txt",
                                                         "0--Parade/b.jpg\n"
                                                         "3\n"
                                                         "78 221 7 8 2 0 0 0 0 0 \n"
                                                         "78.5 238 14 17 2 0 0 1 0 0 \n"
                                                         "3 4 0 9 2 0 0 0 0 0 \n"
                                                         "0--Parade/no_faces.jpg\n"
                                                         "0\n"
                                                         "0 0 0 0 0 0 0 0 0 0 \n"
                                                         "1--Handshaking/a.jpg\n"
                                                         "0\n"));
  CHECK(!truth.has_subsets);
  REQUIRE(truth.faces.size() == 3);
  CHECK(truth.faces.begin()->file == "0--Parade/b.jpg");
  const auto& faces = *truth.faces.find("0--Parade/b.jpg");
  REQUIRE(faces.size() == 3);
  CHECK(faces[0].box.x1 == 78.0);
  CHECK(faces[0].box.y1 == 221.0);
  CHECK(faces[0].box.x2 == 85.0);
  CHECK(faces[0].box.y2 == 229.0);
  CHECK(faces[1].box.x1 == 78.5);
  for (const WiderFace& face : faces) {
    for (const WiderSubset s : {WiderSubset::easy, WiderSubset::medium, WiderSubset::hard})
      CHECK(!counts(face, s));
  }
  CHECK(counts(faces[0], WiderSubset::all));
  CHECK(!counts(faces[1], WiderSubset::all));  // marked invalid
  CHECK(!counts(faces[2], WiderSubset::all));  // no width
  // The line of zeros is a face of no size that counts nowhere.
  const auto& no_faces = *truth.faces.find("0--Parade/no_faces.jpg");
  REQUIRE(no_faces.size() == 1);
  CHECK(!counts(no_faces[0], WiderSubset::all));
  CHECK(truth.faces.find("1--Handshaking/a.jpg")->empty());
}

TEST_CASE("read_wider_truth: the form with subset flags") {
  const TemporaryFolder folder;
  const WiderTruth truth = read_wider_truth(folder.write("gt.txt",
                                                         "a.jpg\n0\n"
                                                         "b.jpg\n2\n"
                                                         "1 2 3 4 2 0 0 0 0 0 0 1 1\n"
                                                         "5 6 7 8 2 0 0 1 0 0 0 0 1\n"));
  CHECK(truth.has_subsets);
  CHECK(truth.faces.find("a.jpg")->empty());
  const auto& faces = *truth.faces.find("b.jpg");
  REQUIRE(faces.size() == 2);
  CHECK(faces[0].counts == std::array<bool, kWiderSubsets>{{false, true, true, true}});
  CHECK(faces[1].counts == std::array<bool, kWiderSubsets>{{false, false, true, false}});
}

TEST_CASE("read_wider_truth: errors say where") {
  const TemporaryFolder folder;
  const auto error_with = [&](const std::string& text) {
    const std::string path = folder.write("gt.txt", text);
    const std::string error = error_of([&] { read_wider_truth(path); });
    CHECK(contains(error, path + ":"));
    return error.empty() ? error : error.substr(path.size());
  };
  const std::string face = "1 2 3 4 0 0 0 0 0 0\n";
  CHECK(contains(error_with(""), ": holds no picture"));
  CHECK(contains(error_with("a.jpg\n"), ":1: is the last line, expected: the number of faces"));
  CHECK(contains(error_with("a.jpg\nb.jpg\n"), ":2: 'b.jpg' is not a whole number"));
  CHECK(contains(error_with("a.jpg\n-1\n"), ":2: '-1' is not a whole number"));
  CHECK(contains(error_with("a.jpg\n99999999999\n"), ":2: '99999999999' is not a whole number"));
  CHECK(contains(error_with("a.jpg\n1 2\n"), ":2: has 2 fields, expected: the number of faces of a.jpg"));
  CHECK(contains(error_with("a.jpg\n2\n" + face), ":2: announces more faces than the file has lines"));
  CHECK(contains(error_with("a.jpg\n1000000\n" + face), ":2: announces more faces"));
  // One face too many or too few for the count.
  CHECK(
      contains(error_with("a.jpg\n1\n" + face + face), ":4: has 10 fields, expected: the file of a picture"));
  CHECK(contains(error_with("a.jpg\n0\n" + face), ":3: has 10 fields, expected: the file of a picture"));
  CHECK(contains(error_with("a.jpg\n2\n" + face + "b.jpg\n1\n" + face),
                 ":4: has 1 fields, expected: x y width"));
  CHECK(contains(error_with("a.jpg\n1\n" + face + "a.jpg\n1\n" + face), ":4: names a.jpg a second time"));
  CHECK(contains(error_with("a.jpg\n1\n1 2 3 4\n"), ":3: has 4 fields"));
  CHECK(contains(error_with("a.jpg\n1\n1 2 x 4 0 0 0 0 0 0\n"), ":3: 'x' is not a number"));
  CHECK(contains(error_with("a.jpg\n1\n1 2 3 4 0 0 0 2 0 0\n"), ":3: '2' is not a whole number from 0 to 1"));
  // Both forms in one file; a flag that is none.
  CHECK(contains(error_with("a.jpg\n2\n" + face + "1 2 3 4 0 0 0 0 0 0 1 1 1\n"), ":4: has 13 fields"));
  CHECK(contains(error_with("a.jpg\n1\n1 2 3 4 0 0 0 0 0 0 1 1 3\n"),
                 ":3: '3' is not a whole number from 0 to 1"));
}

TEST_CASE("read_wider_predictions: one picture") {
  const TemporaryFolder folder;
  const auto boxes =
      read_wider_predictions(folder.write("a.txt", "any_name\n2\n1 2 3 4 0.25\n5 6 7 8.5 0.75 \n"));
  REQUIRE(boxes.size() == 2);
  CHECK(boxes[0].score == 0.25);
  CHECK(boxes[0].box.x2 == 4.0);
  CHECK(boxes[1].box.x1 == 5.0);
  CHECK(boxes[1].box.y2 == 14.5);
  CHECK(boxes[1].score == 0.75);
  CHECK(read_wider_predictions(folder.write("b.txt", "b\n0\n")).empty());

  const auto error_with = [&](const std::string& text) {
    const std::string path = folder.write("c.txt", text);
    return error_of([&] { read_wider_predictions(path); });
  };
  CHECK(contains(error_with("c\n"), "c.txt: ends early"));
  CHECK(contains(error_with("c\n2\n1 2 3 4 0.5\n"), "c.txt:2: announces 2 boxes, but 1 lines follow"));
  CHECK(contains(error_with("c\n0\n1 2 3 4 0.5\n"), "c.txt:2: announces 0 boxes, but 1 lines follow"));
  CHECK(contains(error_with("c\n1\n1 2 3 4\n"), "c.txt:3: has 4 fields, expected: x y width height score"));
  CHECK(contains(error_with("c\n1\n1 2 3 4 nan\n"), "c.txt:3: 'nan' is not a number"));
  CHECK(contains(error_with("c\nmany\n"), "c.txt:2: 'many' is not a whole number"));
}

TEST_CASE("read_wider_predictions: a folder") {
  const TemporaryFolder folder;
  WiderTruth truth;
  truth.faces["0--Parade/0_a.b.jpg"];
  truth.faces["0--Parade/absent.jpg"];
  truth.faces["no.suffix/picture"];
  folder.write("0--Parade/0_a.b.txt", "0_a.b\n1\n1 2 3 4 0.5\n");
  folder.write("no.suffix/picture.txt", "picture\n0\n");
  const auto predictions = read_wider_predictions(folder.path(), truth);
  CHECK(predictions.size() == 2);
  REQUIRE(predictions.find("0--Parade/0_a.b.jpg") != nullptr);
  CHECK(predictions.find("0--Parade/0_a.b.jpg")->size() == 1);
  CHECK(predictions.find("0--Parade/absent.jpg") == nullptr);
  REQUIRE(predictions.find("no.suffix/picture") != nullptr);
  const std::string wrong = folder.path() + "/0--Parade";
  CHECK(contains(error_of([&] { read_wider_predictions(wrong, truth); }), "holds no prediction file"));
}

TEST_CASE("read_wider_truth: the validation set") {
  const std::string path = shared_data("wider_val/wider_face_val_full_gt.txt");
  if (!test::available(path)) return;
  const WiderTruth truth = read_wider_truth(path);
  CHECK(truth.has_subsets);
  CHECK(truth.faces.size() == 3226);
  // awk 'NF == 13 { n++; e += $11; m += $12; h += $13 } END { print n, e, m, h }', and with
  // NF == 13 && $3 > 0 && $4 > 0 && $8 == 0.
  size_t faces = 0, counted[kWiderSubsets] = {};
  for (const auto& picture : truth.faces) {
    faces += picture.items.size();
    for (const WiderFace& face : picture.items) {
      for (size_t s = 0; s < kWiderSubsets; ++s) counted[s] += face.counts[s] ? 1 : 0;
    }
  }
  CHECK(faces == 39708);
  CHECK(counted[0] == 7211);
  CHECK(counted[1] == 13319);
  CHECK(counted[2] == 31958);
  CHECK(counted[3] == 39112);
}
