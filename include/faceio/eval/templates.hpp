// Templates of several pictures (IJB-B, IJB-C): pooling, 1:1 verification, and sets for 1:N search.
#ifndef FACEIO_EVAL_TEMPLATES_HPP
#define FACEIO_EVAL_TEMPLATES_HPP

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "bootstrap.hpp"
#include "operating_point.hpp"
#include "score_blocks.hpp"
#include "template_lists.hpp"

FACEIO_BEGIN_NAMESPACE
namespace eval {

/// Pooled embeddings of unit length.
struct Templates {
  size_t length = 0;
  std::vector<uint32_t> ids;   // rising
  std::vector<double> values;  // [ids.size(), length]

  /// The embedding of a template. Throws Error when there is none.
  const double* find(uint32_t id) const {
    const auto at = std::lower_bound(ids.begin(), ids.end(), id);
    if (at == ids.end() || *at != id) {
      throw Error("template " + std::to_string(id) + " has no face in the list of faces");
    }
    return values.data() + static_cast<size_t>(at - ids.begin()) * length;
  }
};

/// Pools faces as onnx_ijbc.py does (InsightFace, recognition/arcface_torch; its settings N1, D0 or D1): mean
/// over the faces of each media, sum over the media, L2 normalisation. `embeddings` is [faces, length], norms
/// kept as the network gives them, with those of the mirrored crop already added if flip is wanted.
/// With `weights` (detector scores, one per face) each embedding is multiplied by its weight first.
/// Throws Error when sizes do not fit, a number is not finite, a weight is negative, or a template sums up to
/// nothing.
inline Templates pool_templates(const std::vector<TemplateFace>& faces, const std::vector<float>& embeddings,
                                size_t length, const std::vector<double>& weights = {}) {
  if (length == 0 || embeddings.size() / length != faces.size() || embeddings.size() % length != 0) {
    throw Error(std::to_string(embeddings.size()) + " numbers are not " + std::to_string(faces.size()) +
                " embeddings of " + std::to_string(length));
  }
  if (!weights.empty() && weights.size() != faces.size()) {
    throw Error(std::to_string(weights.size()) + " weights for " + std::to_string(faces.size()) + " faces");
  }
  std::vector<size_t> order(faces.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&faces](size_t a, size_t b) {
    if (faces[a].template_id != faces[b].template_id) return faces[a].template_id < faces[b].template_id;
    return faces[a].media_id != faces[b].media_id ? faces[a].media_id < faces[b].media_id : a < b;
  });
  Templates result;
  result.length = length;
  for (size_t i = 0; i < order.size();) {
    const uint32_t id = faces[order[i]].template_id;
    std::vector<double> sum(length);
    while (i < order.size() && faces[order[i]].template_id == id) {
      const uint32_t media = faces[order[i]].media_id;
      std::vector<double> media_sum(length);
      double count = 0.0;
      for (; i < order.size(); ++i) {
        const size_t face = order[i];
        if (faces[face].template_id != id || faces[face].media_id != media) break;
        const double weight = weights.empty() ? 1.0 : weights[face];
        bool usable = weight >= 0.0 && std::isfinite(weight);
        for (size_t j = 0; j < length; ++j) {
          const double value = embeddings[face * length + j];
          usable = usable && std::isfinite(value);
          media_sum[j] += weight * value;
        }
        if (!usable) throw Error(faces[face].image + ": its embedding is not finite, or its weight not >= 0");
        count += 1.0;
      }
      for (size_t j = 0; j < length; ++j) sum[j] += media_sum[j] / count;
    }
    double squared = 0.0;
    for (const double value : sum) squared += value * value;
    const double norm = std::sqrt(squared);
    constexpr double kSmallest = 1e-12;
    if (!(norm > kSmallest && std::isfinite(norm))) {
      throw Error("the embeddings of template " + std::to_string(id) + " sum up to the norm " +
                  detail::number_text(norm) + "; it has no direction");
    }
    result.ids.push_back(id);
    for (const double value : sum) result.values.push_back(value / norm);
  }
  return result;
}

/// Cosine of each pair of templates. Throws Error when a template is missing.
inline std::vector<double> score_template_pairs(const Templates& templates,
                                                const std::vector<TemplatePair>& pairs) {
  std::vector<double> scores;
  scores.reserve(pairs.size());
  for (const TemplatePair& pair : pairs) {
    const double* a = templates.find(pair.a);
    scores.push_back(std::inner_product(a, a + templates.length, templates.find(pair.b), 0.0));
  }
  return scores;
}

/// The subject of each template, numbered from 0 in order of appearance: templates that genuine pairs connect
/// are of one subject. Throws Error when an impostor pair lies inside a subject.
inline std::unordered_map<uint32_t, uint32_t> subjects_of_pairs(const std::vector<TemplatePair>& pairs) {
  std::unordered_map<uint32_t, uint32_t> index;
  for (const TemplatePair& pair : pairs) {
    index.emplace(pair.a, static_cast<uint32_t>(index.size()));
    index.emplace(pair.b, static_cast<uint32_t>(index.size()));
  }
  std::vector<uint32_t> parent(index.size());  // a forest of disjoint sets, roots are the first of each
  std::iota(parent.begin(), parent.end(), 0u);
  const auto root = [&parent](uint32_t node) {
    while (parent[node] != node) node = parent[node] = parent[parent[node]];
    return node;
  };
  for (const TemplatePair& pair : pairs) {
    if (!pair.genuine) continue;
    const uint32_t a = root(index[pair.a]), b = root(index[pair.b]);
    parent[(std::max)(a, b)] = (std::min)(a, b);
  }
  for (const TemplatePair& pair : pairs) {
    if (pair.genuine || root(index[pair.a]) != root(index[pair.b])) continue;
    throw Error("templates " + std::to_string(pair.a) + " and " + std::to_string(pair.b) +
                " are labelled as two people, but genuine pairs connect them");
  }
  std::vector<uint32_t> number(parent.size());
  uint32_t subjects = 0;
  for (uint32_t node = 0; node < parent.size(); ++node) {
    number[node] = root(node) == node ? subjects++ : number[root(node)];
  }
  for (auto& entry : index) entry.second = number[entry.second];
  return index;
}

struct TemplateTar {
  double target_far = 0.0;
  OperatingPoint strict;           // observed FAR <= target
  OperatingPoint nearest;          // as the IJB scripts pick it; may exceed the target
  std::optional<Interval> people;  // of the strict TAR, bootstrap over subjects
};

/// The FARs that IJB results are stated at.
inline std::vector<double> ijb_target_fars() {
  return {1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1};
}

/// TAR at each FAR of `target_fars` for scored pairs of templates. The bootstrap is left out when
/// options.replicates is 0; it passes twice over all pairs per replicate and FAR.
/// Throws Error when the numbers of pairs and scores differ, a score is not finite, there is no genuine or no
/// impostor pair, labels contradict each other, or the subjects are too few for the bootstrap.
inline std::vector<TemplateTar> evaluate_template_pairs(
    const std::vector<TemplatePair>& pairs, const std::vector<double>& scores,
    const BootstrapOptions& options, const std::vector<double>& target_fars = ijb_target_fars()) {
  if (scores.size() != pairs.size()) {
    throw Error(std::to_string(scores.size()) + " scores for " + std::to_string(pairs.size()) + " pairs");
  }
  std::vector<double> genuine, impostor;
  for (size_t i = 0; i < pairs.size(); ++i) (pairs[i].genuine ? genuine : impostor).push_back(scores[i]);
  const Roc roc(std::move(genuine), (std::move)(impostor));
  std::vector<TemplateTar> result;
  for (const double target_far : target_fars) {
    result.push_back({target_far, roc.strict(target_far), roc.nearest(target_far), std::nullopt});
  }
  if (options.replicates == 0) return result;
  const std::unordered_map<uint32_t, uint32_t> subjects = subjects_of_pairs(pairs);
  std::vector<ScoredPair> scored;
  uint32_t people = 0;
  for (size_t i = 0; i < pairs.size(); ++i) {
    scored.push_back({scores[i], subjects.at(pairs[i].a), subjects.at(pairs[i].b)});
    people = (std::max)({people, scored.back().person_a + 1, scored.back().person_b + 1});
  }
  const PeopleBootstrap bootstrap(std::move(scored), people, options);
  for (TemplateTar& tar : result) tar.people = bootstrap.tar_at_far(tar.target_far);
  return result;
}

/// Templates of a gallery or of probes as Identification takes them, in the order of their list.
struct TemplateSet {
  size_t length = 0;
  std::vector<float> values;
  std::vector<uint32_t> subjects;

  EmbeddingBlock block() const { return {values.data(), subjects.data(), subjects.size()}; }
};

/// The listed templates. Throws Error when one is missing.
inline TemplateSet select_templates(const Templates& templates, const std::vector<TemplateSubject>& list) {
  TemplateSet set;
  set.length = templates.length;
  for (const TemplateSubject& entry : list) {
    const double* values = templates.find(entry.template_id);
    for (size_t i = 0; i < templates.length; ++i) set.values.push_back(static_cast<float>(values[i]));
    set.subjects.push_back(entry.subject_id);
  }
  return set;
}

}  // namespace eval
FACEIO_END_NAMESPACE

#endif  // FACEIO_EVAL_TEMPLATES_HPP
