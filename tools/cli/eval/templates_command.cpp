#include <faceio/eval/templates.hpp>

#include <cstdio>

#include "commands.hpp"
#include "embedder.hpp"
#include "pictures.hpp"
#include "../rate_text.hpp"
#include "../json_object.hpp"

namespace cli {
namespace {

namespace eval = faceio::eval;

/// The faces whose pictures could be read, [faces, length] embeddings and detector scores.
struct EmbeddedFaces {
  std::vector<eval::TemplateFace> faces;
  std::vector<float> values;
  std::vector<double> scores;
  size_t length = 0;
  size_t unreadable = 0;
};

std::vector<float> embedding_of(const LoadedImage& image, const eval::LandmarkedFace& face,
                                EvalEmbedder& embedder) {
  faceio::Landmarks landmarks{};
  for (size_t i = 0; i < face.x_px.size(); ++i) {
    landmarks.points[i] = {static_cast<float>(face.x_px[i]), static_cast<float>(face.y_px[i])};
  }
  try {
    const auto embedding = embedder.embed(image.picture.view(), landmarks);
    if (embedding) return *embedding;
  } catch (const faceio::host::Error& e) {
    throw InputError(image.path + ": " + e.what());
  }
  throw InputError(image.path +
                   ": its landmarks lie outside the picture or span no face; mend --landmarks");
}

EmbeddedFaces embed_faces(const std::vector<eval::TemplateFace>& faces,
                          const std::vector<eval::LandmarkedFace>& landmarks,
                          const EvalArguments& e, EvalEmbedder& embedder) {
  EmbeddedFaces embedded;
  ListedPictures pictures(e.images_folder, e.skip_unreadable, faces.size());
  for (size_t i = 0; i < faces.size(); ++i) {
    const std::optional<LoadedImage> image = pictures.load(faces[i].image);
    if (!image) continue;
    const std::vector<float> values = embedding_of(*image, landmarks[i], embedder);
    embedded.length = values.size();
    embedded.values.insert(embedded.values.end(), values.begin(), values.end());
    embedded.faces.push_back(faces[i]);
    embedded.scores.push_back(landmarks[i].score);
  }
  embedded.unreadable = pictures.unreadable();
  pictures.warn_of_turned();
  if (embedded.faces.empty()) {
    throw InputError(e.faces_path + ": none of its pictures can be read below " + e.images_folder);
  }
  return embedded;
}

struct PairCounts {
  size_t genuine = 0, impostor = 0;
};

PairCounts count(const std::vector<eval::TemplatePair>& pairs) {
  PairCounts counts;
  for (const eval::TemplatePair& pair : pairs) ++(pair.genuine ? counts.genuine : counts.impostor);
  return counts;
}

std::string json_of(const std::vector<eval::TemplateTar>& tars, const PairCounts& pairs,
                    const EmbeddedFaces& embedded, size_t templates, const EvalArguments& e,
                    const EvalEmbedder& embedder) {
  JsonObject strict, nearest, nearest_far, intervals;
  for (const eval::TemplateTar& tar : tars) {
    const std::string key = far_text(tar.target_far);
    const bool known = eval::allowed_impostors(tar.target_far, pairs.impostor) > 0;
    strict.json(key, known ? json_number(tar.strict.tar) : "null");
    nearest.json(key, known ? json_number(tar.nearest.tar) : "null");
    nearest_far.json(key, known ? json_number(tar.nearest.observed_far) : "null");
    intervals.json(key, known && tar.people ? interval_json(*tar.people) : "null");
  }
  JsonObject object;
  object.json("tar", strict.str())
      .json("tar_nearest", nearest.str())
      .json("tar_nearest_far", nearest_far.str())
      .json("tar_interval", intervals.str())
      .count("templates", templates)
      .count("faces", embedded.faces.size())
      .count("unreadable", embedded.unreadable)
      .count("genuine_pairs", pairs.genuine)
      .count("impostor_pairs", pairs.impostor)
      .flag("flip", e.flip)
      .flag("score_weighting", e.score_weighting)
      .text("recogniser", embedder.model_id());
  return object.str();
}

void print_table(const std::vector<eval::TemplateTar>& tars, const PairCounts& pairs,
                 const EmbeddedFaces& embedded, size_t templates, const EvalArguments& e) {
  std::printf("%-6s  %9s  %9s  %12s  %s\n", "FAR", "TAR", "nearest *", "at FAR",
              e.bootstrap_replicates > 0 ? "95 % interval of TAR over subjects" : "");
  for (const eval::TemplateTar& tar : tars) {
    if (eval::allowed_impostors(tar.target_far, pairs.impostor) == 0) {
      std::printf("%-6s  too few impostor pairs\n", far_text(tar.target_far).c_str());
      continue;
    }
    std::printf("%-6s  %9.4f  %9.4f  %12.6e", far_text(tar.target_far).c_str(),
                tar.strict.tar, tar.nearest.tar, tar.nearest.observed_far);
    if (tar.people) std::printf("  %.4f to %.4f", tar.people->low, tar.people->high);
    std::printf("\n");
  }
  std::printf("%zu templates of %zu faces, %zu pictures unreadable; %zu genuine, %zu impostor pairs\n",
              templates, embedded.faces.size(), embedded.unreadable, pairs.genuine, pairs.impostor);
  std::printf("%s%s\n", e.flip ? "mirrored crop added" : "no mirrored crop",
              e.score_weighting ? ", weighted by detector score" : "");
  std::printf("* the point whose FAR is nearest to the target, as the IJB scripts choose\n");
}

}  // namespace

Outcome run_eval_templates(const Arguments& arguments) {
  const EvalArguments& e = arguments.eval;
  const std::vector<eval::TemplateFace> faces = eval::read_template_faces(e.faces_path);
  const auto landmarks = eval::read_landmarked_faces(e.landmarks_path, faces);
  const std::vector<eval::TemplatePair> pairs = eval::read_template_pairs(e.pairs_path);
  EvalEmbedder embedder(arguments, e.flip);
  const EmbeddedFaces embedded = embed_faces(faces, landmarks, e, embedder);
  const eval::Templates templates =
      eval::pool_templates(embedded.faces, embedded.values, embedded.length,
                           e.score_weighting ? embedded.scores : std::vector<double>());
  eval::BootstrapOptions bootstrap;
  bootstrap.replicates = e.bootstrap_replicates;
  const auto tars = eval::evaluate_template_pairs(
      pairs, eval::score_template_pairs(templates, pairs), bootstrap);
  const PairCounts counts = count(pairs);
  if (arguments.json) {
    const std::string json = json_of(tars, counts, embedded, templates.ids.size(), e, embedder);
    std::printf("%s\n", json.c_str());
  } else {
    print_table(tars, counts, embedded, templates.ids.size(), e);
  }
  return Outcome::done;
}

}  // namespace cli
