#include <faceio/eval/pairs.hpp>
#include <faceio/eval/templates.hpp>

#include <cstdio>
#include <map>

#include "commands.hpp"
#include "detector.hpp"
#include "embedder.hpp"
#include "pairs_page.hpp"
#include "pictures.hpp"
#include "../faces.hpp"
#include "../rate_text.hpp"

namespace cli {
namespace {

namespace eval = faceio::eval;

constexpr float kMinScore = 0.5f;
/// Unit vectors of all pictures of a list, each read once; nothing where no face was found.
struct EmbeddedPictures {
  std::map<std::string, std::optional<std::vector<float>>> by_path;
  std::vector<std::string> faceless;  // readable, but no face was found
  size_t unreadable = 0;
};

std::optional<std::vector<float>> embedding_of(const LoadedImage& image, bool aligned,
                                               EvalDetector& detector, EvalEmbedder& embedder) {
  try {
    if (aligned && image.picture.size != faceio::Embedder::crop_size()) {
      throw InputError(image.path + ": is no crop of 112x112 pixels; leave out --aligned");
    }
    if (aligned) return unit_vector(embedder.embed_crop(image.picture));
    const std::vector<faceio::Face> faces = detector.detect(image);
    if (faces.empty()) return std::nullopt;
    const faceio::Face& face = faces[most_central_face(faces, image.picture.size)];
    auto embedding = embedder.embed(image.picture.view(), face.landmarks);
    return embedding ? unit_vector(std::move(*embedding)) : std::nullopt;
  } catch (const faceio::host::Error& e) {
    throw InputError(image.path + ": " + e.what());
  }
}

EmbeddedPictures embed_pictures(const eval::PairList& list, const EvalArguments& e,
                                EvalDetector& detector, EvalEmbedder& embedder) {
  EmbeddedPictures embedded;
  for (const eval::PicturePair& pair : list.pairs) {
    embedded.by_path[pair.a];
    embedded.by_path[pair.b];
  }
  ListedPictures pictures(e.images_folder, e.skip_unreadable, embedded.by_path.size());
  for (auto& [path, embedding] : embedded.by_path) {
    const std::optional<LoadedImage> image = pictures.load(path);
    if (!image) continue;
    embedding = embedding_of(*image, e.aligned, detector, embedder);
    if (!embedding) embedded.faceless.push_back(path);
  }
  embedded.unreadable = pictures.unreadable();
  return embedded;
}

std::vector<std::optional<double>> score_pairs(const eval::PairList& list,
                                               const EmbeddedPictures& embedded) {
  std::vector<std::optional<double>> scores;
  for (const eval::PicturePair& pair : list.pairs) {
    const auto& a = embedded.by_path.at(pair.a);
    const auto& b = embedded.by_path.at(pair.b);
    scores.push_back(a && b ? std::optional<double>(cosine_of(*a, *b)) : std::nullopt);
  }
  return scores;
}

size_t scored_impostors(const eval::FoldPairsReport& report) {
  return report.impostor_pairs - report.missing_impostors;
}

eval::Interval tar_interval(const eval::TarAtFar& tar, const eval::FoldPairsReport& report) {
  return eval::clopper_pearson(tar.strict.accepted_genuine, report.genuine_pairs);
}

eval::Interval far_interval(const eval::TarAtFar& tar, const eval::FoldPairsReport& report) {
  return eval::clopper_pearson(tar.strict.accepted_impostors, scored_impostors(report));
}

std::string json_of(const eval::FoldPairsReport& report, const EmbeddedPictures& embedded,
                    double pairs_per_s, const Arguments& arguments, const EvalDetector& detector,
                    const EvalEmbedder& embedder) {
  JsonObject tars, tar_intervals, far_intervals;
  for (const eval::TarAtFar& tar : report.tars) {
    const std::string key = far_text(tar.target_far);
    const bool known = eval::allowed_impostors(tar.target_far, scored_impostors(report)) > 0;
    tars.json(key, known ? json_number(tar.tar_missing_wrong) : "null");
    tar_intervals.json(key, known ? interval_json(tar_interval(tar, report)) : "null");
    far_intervals.json(key, known ? interval_json(far_interval(tar, report)) : "null");
  }
  const eval::PairAccuracy& accuracy = report.accuracy;
  JsonObject object;
  object.number("accuracy", accuracy.missing_wrong.mean)
      .number("std", accuracy.missing_wrong.std)
      .count("failed_detections", embedded.faceless.size())
      .json("tar", tars.str())
      .number("pairs_per_s", pairs_per_s)
      .json("accuracy_found_only", accuracy.missing_left_out
                                       ? json_number(accuracy.missing_left_out->mean)
                                       : "null")
      .number("threshold", report.threshold_mean)
      .json("tar_interval", tar_intervals.str())
      .json("far_interval", far_intervals.str());
  if (report.val) {
    object.json("val", JsonObject()
                           .number("far", eval::FoldPairsOptions().val_far)
                           .number("val", report.val->val_missing_wrong.mean)
                           .number("std", report.val->val_missing_wrong.std)
                           .number("observed_far", report.val->observed_far.mean)
                           .str());
  } else {
    object.json("val", "null");
  }
  object.count("genuine_pairs", report.genuine_pairs)
      .count("impostor_pairs", report.impostor_pairs)
      .count("pairs_without_score", report.missing_genuine + report.missing_impostors)
      .count("pictures", embedded.by_path.size())
      .count("unreadable", embedded.unreadable)
      .flag("aligned", arguments.eval.aligned)
      .flag("flip", arguments.eval.flip)
      .text("recogniser", embedder.model_id());
  if (!arguments.eval.aligned) detector.describe_in(object);
  return object.str();
}

void print_table(const eval::FoldPairsReport& report, const EmbeddedPictures& embedded,
                 double pairs_per_s, const EvalArguments& e, const EvalDetector& detector) {
  const eval::FoldMean& all = report.accuracy.missing_wrong;
  std::printf("accuracy              %.2f %% +- %.2f   %zu folds, threshold %.3f (cosine)\n",
              100.0 * all.mean, 100.0 * all.std, all.folds.size(), report.threshold_mean);
  if (report.accuracy.missing_left_out) {
    const eval::FoldMean& found = *report.accuracy.missing_left_out;
    std::printf("  of pairs with faces %.2f %% +- %.2f\n", 100.0 * found.mean, 100.0 * found.std);
  }
  std::printf("pairs                 %zu genuine, %zu impostor; %zu without a score, wrong\n",
              report.genuine_pairs, report.impostor_pairs,
              report.missing_genuine + report.missing_impostors);
  std::printf("pictures              %zu, %zu without a face, %zu unreadable\n",
              embedded.by_path.size(), embedded.faceless.size(), embedded.unreadable);
  if (report.val) {
    std::printf("VAL at FAR 1e-3       %.2f %% +- %.2f   observed FAR %.2g\n",
                100.0 * report.val->val_missing_wrong.mean,
                100.0 * report.val->val_missing_wrong.std, report.val->observed_far.mean);
  }
  for (const eval::TarAtFar& tar : report.tars) {
    if (eval::allowed_impostors(tar.target_far, scored_impostors(report)) == 0) {
      std::printf("TAR at FAR %s       too few impostor pairs\n", far_text(tar.target_far).c_str());
      continue;
    }
    const eval::Interval rate = tar_interval(tar, report);
    const eval::Interval far = far_interval(tar, report);
    std::printf("TAR at FAR %s       %.4f (%.4f to %.4f)   threshold %.3f, %zu false accepts: "
                "FAR %.1e to %.1e\n",
                far_text(tar.target_far).c_str(), tar.tar_missing_wrong, rate.low, rate.high,
                tar.strict.threshold, static_cast<size_t>(tar.strict.accepted_impostors), far.low,
                far.high);
  }
  std::printf("                      in brackets and behind FAR: 95 %% Clopper-Pearson intervals\n");
  std::printf("%s%s   %.0f pairs a second, decoding included\n",
              e.aligned ? "crops given" : detector.line().c_str(),
              e.flip ? "   mirrored crop added" : "", pairs_per_s);
}

}  // namespace

Outcome run_eval_pairs(const Arguments& arguments) {
  const EvalArguments& e = arguments.eval;
  const eval::PairList list = eval::read_pairs(e.pairs_path, e.folds);
  EvalDetector detector(arguments, kMinScore);
  EvalEmbedder embedder(arguments, e.flip);
  const Stopwatch watch;
  const EmbeddedPictures embedded = embed_pictures(list, e, detector, embedder);
  const std::vector<std::optional<double>> scores = score_pairs(list, embedded);
  const double pairs_per_s = static_cast<double>(list.pairs.size()) / watch.elapsed_ms() * 1e3;

  eval::FoldPairsOptions options;
  options.fars = eval::ijb_target_fars();
  const eval::FoldPairsReport report = eval::evaluate_pairs(list, scores, options);
  for (const std::string& path : embedded.faceless) {
    std::fprintf(stderr, "faceio: no face found: %s\n", path.c_str());
  }
  const std::string json =
      json_of(report, embedded, pairs_per_s, arguments, detector, embedder);
  if (!e.html_path.empty()) save_pairs_page(e, list, scores, json);
  if (arguments.json) {
    std::printf("%s\n", json.c_str());
  } else {
    print_table(report, embedded, pairs_per_s, e, detector);
  }
  return Outcome::done;
}

}  // namespace cli
