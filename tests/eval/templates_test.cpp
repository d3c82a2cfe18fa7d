// Templates: lists, pooling with closed-form cosines, 1:1 and the sets for 1:N.
#include <doctest/doctest.h>

#include <cmath>
#include <faceio/eval/identification.hpp>
#include <faceio/eval/templates.hpp>
#include <limits>
#include <vector>

#include "eval_support.hpp"

using faceio::eval::BootstrapOptions;
using faceio::eval::Error;
using faceio::eval::evaluate_template_pairs;
using faceio::eval::Identification;
using faceio::eval::pool_templates;
using faceio::eval::read_landmarked_faces;
using faceio::eval::read_template_faces;
using faceio::eval::read_template_pairs;
using faceio::eval::read_template_subjects;
using faceio::eval::score_template_pairs;
using faceio::eval::select_templates;
using faceio::eval::subjects_of_pairs;
using faceio::eval::TemplateFace;
using faceio::eval::TemplatePair;
using faceio::eval::Templates;
using faceio::eval::TemplateSubject;
using test::check_error;
using test::TextFile;

namespace {

// Six images, three media, two templates. Template 5: media 1 (2,0) and (0,2), mean (1,1); media 2 (2,-1);
// sum (3,0), unit (1,0). Template 3: its own media of number 1, (3,4) three times, unit (0.6,0.8).
const std::vector<TemplateFace> kFaces = {{"a", 5, 1}, {"d", 3, 1}, {"c", 5, 2},
                                          {"e", 3, 1}, {"b", 5, 1}, {"f", 3, 1}};
const std::vector<float> kEmbeddings = {2, 0, 3, 4, 2, -1, 3, 4, 0, 2, 3, 4};
const std::vector<TemplatePair> kPair = {{5, 3, false}};

constexpr BootstrapOptions kNoBootstrap = {0, 1, 0.95};

}  // namespace

TEST_CASE("pooling: mean per media, sum over media, unit length") {
  const Templates templates = pool_templates(kFaces, kEmbeddings, 2);
  CHECK(templates.ids == std::vector<uint32_t>{3, 5});
  CHECK(templates.find(5)[0] == doctest::Approx(1.0).epsilon(1e-15));
  CHECK(templates.find(5)[1] == doctest::Approx(0.0));
  CHECK(templates.find(3)[0] == doctest::Approx(0.6).epsilon(1e-15));
  CHECK(templates.find(3)[1] == doctest::Approx(0.8).epsilon(1e-15));
  const auto scores = score_template_pairs(templates, kPair);
  REQUIRE(scores.size() == 1);
  CHECK(scores[0] == doctest::Approx(0.6).epsilon(1e-14));
}

TEST_CASE("pooling with detector scores") {
  // Template 5: media 1 (1 (2,0) + 0 (0,2)) / 2 = (1,0), media 2 0.5 (2,-1) = (1,-0.5): sum (2,-0.5). The
  // cosine with (0.6,0.8) is 0.8 / sqrt(4.25).
  const Templates templates = pool_templates(kFaces, kEmbeddings, 2, {1.0, 0.9, 0.5, 0.3, 0.0, 0.8});
  CHECK(score_template_pairs(templates, kPair)[0] == doctest::Approx(0.8 / std::sqrt(4.25)).epsilon(1e-14));
}

TEST_CASE("pooling refuses") {
  check_error([] { pool_templates(kFaces, kEmbeddings, 3); }, "12 numbers are not 6 embeddings of 3");
  check_error([] { pool_templates(kFaces, kEmbeddings, 0); }, "embeddings of 0");
  check_error([] { pool_templates(kFaces, std::vector<float>(13), 2); }, "13 numbers");
  check_error([] { pool_templates(kFaces, kEmbeddings, 2, {1.0}); }, "1 weights for 6 faces");
  check_error([] { pool_templates(kFaces, kEmbeddings, 2, {1, 1, 1, 1, 1, -1}); }, "f: its embedding");
  check_error(
      [] {
        pool_templates(kFaces, kEmbeddings, 2, {1, 1, 1, 1, std::nan(""), 1});
      },
      "b: its embedding");
  std::vector<float> bad = kEmbeddings;
  bad[4] = std::numeric_limits<float>::infinity();
  check_error([&] { pool_templates(kFaces, bad, 2); }, "c: its embedding");
  check_error(
      [] {
        pool_templates({{"x", 1, 1}, {"y", 1, 2}}, {1, 2, -1, -2}, 2);
      },
      "template 1 sum up to the norm 0");
  check_error(
      [] {
        score_template_pairs(pool_templates(kFaces, kEmbeddings, 2), {{5, 4, true}});
      },
      "template 4 has no face");
}

TEST_CASE("subjects: what genuine pairs connect") {
  const auto subjects = subjects_of_pairs({{7, 9, false}, {9, 4, true}, {8, 4, true}, {7, 6, false}});
  CHECK(subjects.size() == 5);
  CHECK(subjects.at(7) == 0);
  CHECK(subjects.at(9) == 1);
  CHECK(subjects.at(4) == 1);
  CHECK(subjects.at(8) == 1);
  CHECK(subjects.at(6) == 2);
  check_error(
      [] {
        subjects_of_pairs({{1, 2, true}, {2, 3, true}, {1, 3, false}});
      },
      "templates 1 and 3 are labelled as two people");
}

TEST_CASE("1:1: strict, nearest, and the interval over subjects") {
  // Falling: 0.9 g, 0.8 i, 0.7 i, 0.6 g. Corners of (genuine, impostors): 1,0 1,2 2,2; point 1,1 goes on in
  // the same step. FAR 0.4: strict none, nearest is FAR 0 (0.4 away) rather than 1.
  const std::vector<TemplatePair> pairs = {{1, 2, true}, {1, 3, false}, {2, 4, false}, {3, 4, true}};
  const auto tars = evaluate_template_pairs(pairs, {0.9, 0.8, 0.7, 0.6}, kNoBootstrap, {0.4, 0.5, 0.9});
  REQUIRE(tars.size() == 3);
  CHECK(tars[0].target_far == 0.4);
  CHECK(tars[0].strict.tar == 0.5);
  CHECK(tars[0].strict.observed_far == 0.0);
  CHECK(tars[0].nearest.observed_far == 0.0);
  CHECK_FALSE(tars[0].people.has_value());
  CHECK(tars[1].strict.threshold == 0.8);
  CHECK(tars[1].nearest.tar == 1.0);
  CHECK(tars[1].nearest.observed_far == 1.0);
  CHECK(tars[2].strict.observed_far == 0.5);
  CHECK(tars[2].nearest.observed_far == 1.0);
  CHECK(evaluate_template_pairs(pairs, {0.9, 0.8, 0.7, 0.6}, kNoBootstrap).size() == 6);

  // The pairs of bootstrap_test.cpp: person p has the templates 2p and 2p + 1.
  const std::vector<TemplatePair> people = {{0, 1, true},  {2, 3, true},  {2, 4, false},
                                            {6, 7, true},  {8, 9, true},  {1, 3, false},
                                            {4, 6, false}, {4, 8, false}, {0, 9, false}};
  const auto one = evaluate_template_pairs(people, {0.9, 0.4, 0.3, 0.95, 0.7, 0.5, 0.8, 0.6, 0.1},
                                           {1, 1234567, 0.95}, {0.2, 0.5});
  REQUIRE(one[0].people.has_value());
  CHECK(one[0].people->low == doctest::Approx(0.5));
  REQUIRE(one[1].people.has_value());
  CHECK(one[1].people->high == doctest::Approx(1.0));
}

TEST_CASE("1:1 refuses") {
  const std::vector<TemplatePair> pairs = {{1, 2, true}, {1, 3, false}};
  check_error([&] { evaluate_template_pairs(pairs, {0.5}, kNoBootstrap); }, "1 scores for 2 pairs");
  check_error(
      [&] {
        evaluate_template_pairs(pairs, {0.5, std::nan("")}, kNoBootstrap);
      },
      "not a finite number");
  check_error([&] { evaluate_template_pairs({{1, 2, true}}, {0.5}, kNoBootstrap); }, "no impostor pair");
  check_error([&] { evaluate_template_pairs({{1, 2, false}}, {0.5}, kNoBootstrap); }, "no genuine pair");
  check_error([&] { evaluate_template_pairs(pairs, {0.5, 0.4}, kNoBootstrap, {1.5}); }, "target FAR 1.5");
  check_error(
      [] {
        evaluate_template_pairs({{1, 2, true}, {1, 2, false}}, {0.5, 0.4}, {10, 1, 0.95});
      },
      "labelled as two people");
  check_error([&] { evaluate_template_pairs(pairs, {0.5, 0.4}, {100, 1, 0.95}); }, "needs more people");
}

TEST_CASE("1:N: listed templates searched") {
  const Templates templates = pool_templates(kFaces, kEmbeddings, 2);
  const auto gallery = select_templates(templates, {{5, 70}, {3, 80}});
  const auto probe = select_templates(templates, {{3, 70}});
  CHECK(gallery.subjects == std::vector<uint32_t>{70, 80});
  CHECK(gallery.values == std::vector<float>{1.0f, 0.0f, 0.6f, 0.8f});
  // The probe looks like 80 (cosine 1), its mate 70 scores 0.6.
  Identification search(probe.block(), 2);
  search.add_gallery(gallery.block());
  CHECK(search.rank_rate(1) == 0.0);
  CHECK(search.rank_rate(5) == 1.0);
  check_error([&] { select_templates(templates, {{4, 70}}); }, "template 4 has no face");
}

TEST_CASE("lists of faces and pairs") {
  const auto faces = read_template_faces(TextFile("1.jpg 1 69544\n2.jpg 1 19089\n").path());
  REQUIRE(faces.size() == 2);
  CHECK(faces[1].image == "2.jpg");
  CHECK(faces[1].template_id == 1);
  CHECK(faces[1].media_id == 19089);
  check_error([] { read_template_faces(TextFile("1.jpg 1\n").path()); }, ":1: has 2 fields");
  check_error([] { read_template_faces(TextFile("1.jpg 1 -1\n").path()); }, "'-1' is not a whole number");
  check_error([] { read_template_faces(TextFile("1.jpg 1 4294967296\n").path()); }, "is not a whole number");
  check_error([] { read_template_faces(TextFile("").path()); }, "holds no lines");

  const auto pairs = read_template_pairs(TextFile("1 11065 1\n1 11066 0\n").path());
  REQUIRE(pairs.size() == 2);
  CHECK(pairs[0].b == 11065);
  CHECK(pairs[0].genuine);
  CHECK_FALSE(pairs[1].genuine);
  check_error([] { read_template_pairs(TextFile("1 2 1\n1 2 2\n").path()); },
              ":2: '2' is not a whole number");
  check_error([] { read_template_pairs(TextFile("1 2 1 0\n").path()); }, ":1: has 4 fields");
}

TEST_CASE("list of landmarks") {
  const std::string text = "1.jpg 1 2 3 4 5 6 7 8 9 10.5 0.75\n2.jpg 1 2 3 4 5 6 7 8 9 10 0.5\n";
  const std::vector<TemplateFace> faces = {{"1.jpg", 1, 1}, {"2.jpg", 1, 2}};
  const auto landmarked = read_landmarked_faces(TextFile(text).path(), faces);
  REQUIRE(landmarked.size() == 2);
  CHECK(landmarked[0].x_px[0] == 1.0);
  CHECK(landmarked[0].y_px[0] == 2.0);
  CHECK(landmarked[0].x_px[4] == 9.0);
  CHECK(landmarked[0].y_px[4] == 10.5);
  CHECK(landmarked[0].score == 0.75);
  const auto reads = [&](const std::string& changed, const std::vector<TemplateFace>& expected) {
    return [changed, expected] { read_landmarked_faces(TextFile(changed).path(), expected); };
  };
  check_error(reads(text, {{"1.jpg", 1, 1}}), ":2: is one line more");
  check_error(reads(text, {{"1.jpg", 1, 1}, {"3.jpg", 1, 2}}),
              ":2: names '2.jpg' where the list of faces names '3.jpg'");
  check_error(reads(text.substr(0, 34), faces), "ends after 1 of 2 faces");
  check_error(reads("1.jpg 1 2 3 4 5 6 7 8 9 10\n", faces), ":1: has 11 fields");
  check_error(reads("1.jpg 1 2 3 4 5 6 7 8 9 nan 1\n", faces), "'nan' is not a number");
}

TEST_CASE("lists of subjects") {
  const std::string head = "TEMPLATE_ID,SUBJECT_ID,FILENAME\n";
  const auto list =
      read_template_subjects(TextFile(head + "7,70,img/a b.jpg\n7,70,img/c.jpg\n3,80\n").path());
  REQUIRE(list.size() == 2);
  CHECK(list[0].template_id == 7);
  CHECK(list[0].subject_id == 70);
  CHECK(list[1].template_id == 3);
  CHECK(list[1].subject_id == 80);
  const auto reads = [](const std::string& text) {
    return [text] { read_template_subjects(TextFile(text).path()); };
  };
  check_error(reads("7,70\n"), ":1: holds numbers where the names");
  check_error(reads(head + "7 70\n"), ":2: has no comma");
  check_error(reads(head + "7,x\n"), ":2: 'x' is not a whole number");
  check_error(reads(head + ",70\n"), ":2: '' is not a whole number");
  check_error(reads(head + "7,70\n7,71\n"), ":3: gives template 7 the subject 71, before it was 70");
}
