// Evaluates the cases of tools/eval_oracle/recognition.py with the library: reads a JSON list of cases from
// the file named by the argument and prints the JSON list of their results. oracle_test.py compares.
#include <cmath>
#include <faceio/eval/calibration.hpp>
#include <faceio/eval/identification.hpp>
#include <faceio/eval/pairs.hpp>
#include <faceio/eval/templates.hpp>
#include <optional>
#include <string>
#include <vector>

#include "oracle_main.hpp"

using nlohmann::json;

using namespace faceio::eval;

namespace {

json number(double value) {
  return std::isfinite(value) ? json(value) : json();
}
json point(const OperatingPoint& p) {
  return {number(p.threshold), p.tar, p.observed_far};
}
json interval(const Interval& i) {
  return {i.low, i.high};
}

BootstrapOptions options_of(const json& input) {
  const json& options = input.at("options");
  return {options.at("replicates"), options.at("seed"), options.at("confidence")};
}

std::vector<ScoredPair> scored_pairs(const json& input) {
  std::vector<ScoredPair> pairs;
  for (const json& pair : input.at("pairs")) pairs.push_back({pair[0], pair[1], pair[2]});
  return pairs;
}

json roc(const json& input) {
  const Roc curve(input.at("genuine"), input.at("impostor"));
  json points = json::array(), strict = json::array(), nearest = json::array();
  for (const OperatingPoint& p : curve.points()) points.push_back(point(p));
  for (const double far : input.at("fars")) {
    strict.push_back(point(curve.strict(far)));
    nearest.push_back(point(curve.nearest(far)));
  }
  const EqualErrorRate equal = curve.equal_error_rate();
  return {{"points", points},
          {"strict", strict},
          {"nearest", nearest},
          {"equal_error_rate", {equal.rate, equal.threshold}}};
}

json intervals(const json& input) {
  const double confidence = input.at("confidence");
  return {{"clopper_pearson", interval(clopper_pearson(input.at("hits"), input.at("trials"), confidence))},
          {"percentiles", interval(percentile_interval(input.at("values"), confidence))}};
}

json bootstrap(const json& input) {
  const PeopleBootstrap people(scored_pairs(input), input.at("people"), options_of(input));
  return {{"far_at", interval(people.far_at(input.at("threshold")))},
          {"tar_at", interval(people.tar_at(input.at("threshold")))},
          {"tar_at_far", interval(people.tar_at_far(input.at("far")))}};
}

json fold_mean(const FoldMean& mean) {
  return {mean.mean, mean.std, mean.folds};
}

json pairs(const json& input) {
  PairList list;
  list.folds = input.at("folds");
  for (const bool genuine : input.at("same")) list.pairs.push_back({"a", "b", genuine});
  std::vector<std::optional<double>> scores;
  for (const json& score : input.at("scores")) {
    scores.push_back(score.is_null() ? std::nullopt : std::optional<double>(score.get<double>()));
  }
  FoldPairsOptions options;
  options.sweep.scale =
      input.at("squared_distance") ? ThresholdSweep::Scale::squared_distance : ThresholdSweep::Scale::cosine;
  options.sweep.step = input.at("step");
  options.val_far = input.at("val_far");
  options.fars = input.at("fars").get<std::vector<double>>();
  const FoldPairsReport report = evaluate_pairs(list, scores, options);
  json tars = json::array(), val, left_out;
  for (const TarAtFar& tar : report.tars) {
    tars.push_back(point(tar.strict));
    tars.back().push_back(tar.tar_missing_wrong);
  }
  if (report.val) {
    val = {report.val->fold_thresholds, fold_mean(report.val->observed_far),
           fold_mean(report.val->val_missing_wrong), fold_mean(report.val->val_missing_left_out)};
  }
  if (report.accuracy.missing_left_out) left_out = fold_mean(*report.accuracy.missing_left_out);
  return {{"thresholds", report.fold_thresholds},
          {"threshold_mean", report.threshold_mean},
          {"missing_wrong", fold_mean(report.accuracy.missing_wrong)},
          {"missing_left_out", left_out},
          {"val", val},
          {"tars", tars}};
}

json templates(const json& input) {
  std::vector<TemplateFace> faces;
  for (const json& face : input.at("faces")) faces.push_back({"face", face[0], face[1]});
  std::vector<float> values;
  for (const json& embedding : input.at("embeddings")) {
    for (const float value : embedding) values.push_back(value);
  }
  std::vector<TemplatePair> list;
  for (const json& pair : input.at("pairs")) list.push_back({pair[0], pair[1], pair[2]});
  const std::vector<double> fars = input.at("fars");
  const Templates pooled = pool_templates(faces, values, values.size() / faces.size(),
                                          input.at("weights").get<std::vector<double>>());
  const std::vector<double> scores = score_template_pairs(pooled, list);
  json tars = json::array(), people;
  for (const TemplateTar& tar : evaluate_template_pairs(list, scores, {0, 1, 0.95}, fars)) {
    tars.push_back({point(tar.strict), point(tar.nearest)});
  }
  try {
    json found = json::array();
    for (const TemplateTar& tar : evaluate_template_pairs(list, scores, options_of(input), fars)) {
      found.push_back(interval(tar.people.value()));
    }
    people = found;
  } catch (const Error&) {
    // Contradicting labels or too few subjects: no interval.
  }
  return {{"scores", scores}, {"tars", tars}, {"people", people}};
}

struct Embeddings {
  std::vector<float> values;
  std::vector<uint32_t> people;

  explicit Embeddings(const json& input) : people(input.at("people").get<std::vector<uint32_t>>()) {
    for (const json& row : input.at("values")) {
      for (const float value : row) values.push_back(value);
    }
  }
  EmbeddingBlock block(size_t first, size_t count) const {
    return {values.data() + first * length(), people.data() + first, std::min(count, people.size() - first)};
  }
  size_t length() const { return values.size() / people.size(); }
};

json all_pairs(const json& input) {
  const Embeddings embeddings(input.at("embeddings"));
  const size_t block = input.at("block"), count = embeddings.people.size();
  AllPairsOptions options;
  options.tail = input.at("tail");
  options.genuine_limit = input.at("genuine_limit");
  AllPairs all(embeddings.length(), options);
  for (size_t first = 0; first < count; first += block) {
    all.add_within(embeddings.block(first, block));
    for (size_t before = 0; before < first; before += block) {
      all.add_between(embeddings.block(first, block), embeddings.block(before, block));
    }
  }
  json points = json::array();
  for (const double far : input.at("fars")) {
    try {
      const AllPairsPoint found = all.at_far(far);
      points.push_back(point(found.strict));
      points.back().push_back(found.smallest_threshold ? 1 : 0);
      points.back().push_back(found.undecided_genuine);
    } catch (const Error&) {
      points.push_back(nullptr);
    }
  }
  return {{"genuine", all.genuine_pairs()},
          {"impostors", all.impostor_pairs()},
          {"tail", all.tail()},
          {"points", points}};
}

json identification(const json& input) {
  const Embeddings probes(input.at("probes")), gallery(input.at("gallery"));
  const size_t block = input.at("block"), count = gallery.people.size();
  AllPairsOptions options;
  options.tail = input.at("tail");
  Identification search(probes.block(0, probes.people.size()), probes.length(), options);
  for (size_t first = 0; first < count; first += block) search.add_gallery(gallery.block(first, block));
  const auto try_at = [](const auto& rate) -> json {
    try {
      const IdentificationPoint found = rate();
      return {found.threshold, found.tpir, found.fpir};
    } catch (const Error&) {
      return nullptr;
    }
  };
  const json ranks = {search.rank_rate(1), search.rank_rate(5), search.rank_rate(10)};
  json ijb = json::array(), at_fpr = json::array();
  for (const double rate : input.at("rates")) {
    ijb.push_back(try_at([&] { return search.ijb(rate); }));
    at_fpr.push_back(try_at([&] { return search.at_fpr(rate); }));
  }
  return {{"mated", search.probes_with_mate()}, {"ranks", ranks}, {"ijb", ijb}, {"at_fpr", at_fpr}};
}

json calibration(const json& input) {
  CalibrationData data;
  data.source = "random";
  data.people = input.at("people");
  data.pairs = scored_pairs(input);
  const Calibration result = calibrate(data, input.at("fars"), options_of(input));
  json rows = json::array(), fpir = json::array();
  for (const CalibrationRow& row : result.rows) {
    rows.push_back({row.target_far, row.threshold, row.observed_far.rate, interval(row.observed_far.pairs),
                    interval(row.observed_far.people), row.tar.rate, interval(row.tar.pairs),
                    interval(row.tar.people)});
    fpir.push_back(false_positive_identification_rate(row.target_far, input.at("gallery")));
  }
  return {{"rows", rows}, {"fpir", fpir}};
}

/// The result of one case; {"result": null} where the library says that there is none.
json evaluate(const json& input) {
  const std::string kind = input.at("kind");
  try {
    if (kind == "roc") return roc(input);
    if (kind == "intervals") return intervals(input);
    if (kind == "bootstrap") return bootstrap(input);
    if (kind == "pairs") return pairs(input);
    if (kind == "templates") return templates(input);
    if (kind == "all_pairs") return all_pairs(input);
    if (kind == "identification") return identification(input);
    if (kind == "calibration") return calibration(input);
  } catch (const Error&) {
    return {{"result", nullptr}};
  }
  throw std::runtime_error("a case of the unknown kind " + kind);
}

}  // namespace

int main(int argc, char** argv) { return answer_cases(argc, argv, evaluate); }
