// Identification (1:N): every probe against a gallery, ranks, and TPIR at FPIR.
#ifndef FACEIO_EVAL_IDENTIFICATION_HPP
#define FACEIO_EVAL_IDENTIFICATION_HPP

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "all_pairs.hpp"

FACEIO_BEGIN_NAMESPACE
namespace eval {

/// What a threshold does to searches.
struct IdentificationPoint {
  double threshold = 0.0;
  double tpir = 0.0;  // true positive identification rate, 0..1: over the probes with a mate
  double fpir = 0.0;  // false positive identification rate as observed: over all probes
};

/// Probes searched in a gallery that may come in blocks of any number. A mate is a gallery embedding of the
/// probe's person; a probe's mate score is that of its best mate. Memory: 48 bytes a probe and that of
/// AllPairs. One thread per object.
class Identification {
 public:
  static constexpr size_t kMostRank = 10;

  /// `probes` refers to memory that must outlive the object. Throws Error when there are none, or a norm is
  /// not 1.
  Identification(const EmbeddingBlock& probes, size_t length, AllPairsOptions options = {})
      : probes_(probes),
        length_(length),
        dot_(options.dot),
        verification_(length, (std::move)(options)),
        searches_(probes.count) {
    if (probes.count == 0) throw Error("no probes, so there is nothing to search");
    check_unit_norms(probes, length);
  }

  /// Searches every probe in a further part of the gallery, which holds no probe itself. Throws Error when a
  /// norm is not 1.
  void add_gallery(const EmbeddingBlock& gallery) {
    check_unit_norms(gallery, length_);
    const auto visit = [&](size_t probe, size_t first, size_t count, const float* scores) {
      const uint32_t person = probes_.people[probe];
      Search& search = searches_[probe];
      for (size_t c = 0; c < count; ++c) {
        const bool mate = gallery.people[first + c] == person;
        verification_.add(scores[c], mate);
        if (mate) {
          search.mate = (std::max)(search.mate, scores[c]);
        } else {
          search.add_other(scores[c]);
        }
      }
    };
    each_score_row(probes_, gallery, length_, false, dot_, visit);
  }

  /// The same comparisons as pairs: Ver @ FPR of Trillion-Pairs is its at_far(1e-9).
  const AllPairs& verification() const { return verification_; }

  size_t probes_with_mate() const {
    return static_cast<size_t>(std::count_if(searches_.begin(), searches_.end(),
                                             [](const Search& search) { return search.has_mate(); }));
  }

  /// Closed-set identification rate: share of the probes with a mate for which fewer than `rank` others reach
  /// the mate's score. Throws Error when no probe has a mate, or rank is not 1 to 10.
  double rank_rate(size_t rank) const {
    if (rank < 1 || rank > kMostRank) {
      throw Error("rank " + std::to_string(rank) + " is not in the range 1 to " + std::to_string(kMostRank));
    }
    return share_of_mated([rank](const Search& search) { return search.others[rank - 1] < search.mate; });
  }

  /// TPIR at FPIR as in ijb_1n.py (InsightFace, recognition/_evaluation_/ijb): the threshold is the
  /// ceil(fpir x probes)-th highest score of any probe with anybody else, and a probe is identified when its
  /// mate scores above it, whatever its rank. Throws Error when no probe has a mate, fpir is not above 0 and
  /// below 1, or the score lies beyond the tail of `verification`.
  IdentificationPoint ijb(double fpir) const {
    check_rate(fpir);
    const size_t place = static_cast<size_t>(std::ceil(fpir * static_cast<double>(probes_.count)));
    const std::vector<float> falling = verification_.tail();
    if (place > falling.size()) {
      throw Error("FPIR " + detail::number_text(fpir) + " is decided by score " + std::to_string(place) +
                  " of other people, of which " + std::to_string(falling.size()) +
                  " are kept; make the tail longer or the gallery larger");
    }
    const float threshold = falling[place - 1];
    const auto above = std::lower_bound(falling.begin(), falling.end(), threshold, std::greater<float>());
    IdentificationPoint point;
    point.threshold = threshold;
    point.fpir = static_cast<double>(above - falling.begin()) / static_cast<double>(probes_.count);
    point.tpir = share_of_mated([threshold](const Search& search) { return search.mate > threshold; });
    return point;
  }

  /// Identification at a false positive rate over searches, our reading of "Id @ FPR" of Trillion-Pairs,
  /// whose server does not publish its code: a search is a false positive when its best other score is >= the
  /// threshold, the smallest float that keeps the observed rate <= fpr; a probe is identified when its mate
  /// scores above all others and >= the threshold. Throws Error when no probe has a mate, there are fewer
  /// than 1 / fpr probes, or fpr is not above 0 and below 1.
  IdentificationPoint at_fpr(double fpr) const {
    check_rate(fpr);
    const uint64_t allowed = allowed_impostors(fpr, probes_.count);
    if (allowed == 0) {
      throw Error(std::to_string(probes_.count) + " probes cannot show a false positive rate of " +
                  detail::number_text(fpr) + ": one is already more; add probes");
    }
    std::vector<float> falling;
    for (const Search& search : searches_) falling.push_back(search.others[0]);
    std::sort(falling.begin(), falling.end(), std::greater<float>());
    const float rejected = falling[static_cast<size_t>(allowed)];
    const float threshold = std::nextafter(rejected, std::numeric_limits<float>::infinity());
    const auto end = std::lower_bound(falling.begin(), falling.end(), rejected, std::greater<float>());
    IdentificationPoint point;
    point.threshold = threshold;
    point.fpir = static_cast<double>(end - falling.begin()) / static_cast<double>(probes_.count);
    point.tpir = share_of_mated([threshold](const Search& search) {
      return search.mate >= threshold && search.mate > search.others[0];
    });
    return point;
  }

 private:
  static constexpr float kNone = -2.0f;  // below every cosine

  struct Search {
    float mate = kNone;
    std::array<float, kMostRank> others;  // the highest of other people, falling

    Search() { others.fill(kNone); }

    bool has_mate() const { return mate > kNone; }

    void add_other(float score) {
      if (score <= others.back()) return;
      const auto place = std::upper_bound(others.begin(), others.end(), score, std::greater<float>());
      std::copy_backward(place, others.end() - 1, others.end());
      *place = score;
    }
  };

  static void check_rate(double rate) {
    if (rate > 0.0 && rate < 1.0) return;
    throw Error("false positive rate " + detail::number_text(rate) + " is not between 0 and 1");
  }

  template <class Test>
  double share_of_mated(const Test& identified) const {
    size_t mated = 0, hits = 0;
    for (const Search& search : searches_) {
      if (!search.has_mate()) continue;
      ++mated;
      if (identified(search)) ++hits;
    }
    if (mated == 0) throw Error("no probe has a mate in the gallery, so there is no identification rate");
    return static_cast<double>(hits) / static_cast<double>(mated);
  }

  EmbeddingBlock probes_;
  size_t length_;
  DotRow dot_;
  AllPairs verification_;
  std::vector<Search> searches_;
};

}  // namespace eval
FACEIO_END_NAMESPACE

#endif  // FACEIO_EVAL_IDENTIFICATION_HPP
