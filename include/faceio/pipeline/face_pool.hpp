// The candidates of all network runs over one picture, decoded, and the faces among them.
#ifndef FACEIO_PIPELINE_FACE_POOL_HPP
#define FACEIO_PIPELINE_FACE_POOL_HPP

#include "../kernels/table.hpp"
#include "../nn/plan.hpp"
#include "../vision/geometry.hpp"
#include "candidates.hpp"
#include "pyramid.hpp"

FACEIO_BEGIN_NAMESPACE

/// One detected face, in pixels of the picture. The box may reach outside the picture: clamp_to().
struct Face {
  Box box;
  float score = 0.0f;  // 0..1, softmax of the class head; not a probability of identity or of anything else
  Landmarks landmarks;
};

struct Detections {
  Span<Face> faces;     // best first
  size_t found = 0;     // may exceed faces.size: then the caller's memory was too short for the rest
};

/// Collects candidates in caller memory, for one picture at a time.
class FacePool {
 public:
  /// Room that a pool needs.
  struct Sizes {
    size_t in_a_run = 0;  // candidates that one run of the network can give
    size_t in_all = 0;    // all runs together
    size_t kept = 0;      // that take part in non-maximum suppression
  };

  /// Where a run of the network looked.
  struct Run {
    Level level;
    Tile tile;
    bool mirrored = false;
  };

  /// Takes its memory from `arena`, which may only be counting.
  constexpr FacePool(const Sizes& sizes, Arena& arena) noexcept
      : sizes_(sizes),
        heap_(arena.take<Candidate>(sizes.in_a_run > sizes.kept ? sizes.in_a_run : sizes.kept)),
        best_({heap_, sizes.in_a_run}),
        values_(arena.take<float>(sizes.in_all * kCandidateValues)),
        logits_(arena.take<float>(sizes.in_all * 2)),
        anchors_(arena.take<float>(sizes.in_a_run * 3)) {}

  /// Takes what faces() needs on top: memory that the networks have used is free by then.
  static constexpr void take_sorting(const Sizes& sizes, Arena& arena) noexcept { Sorted(sizes, arena); }

  /// Starts a run of the network, over head maps of these sizes.
  void begin_run(const MapView* heads) noexcept {
    best_.restart();
    uint32_t anchors = 0;
    for (int scale = 0; scale < retinaface_mnet025::kScales; ++scale) {
      first_anchor_[scale] = anchors;
      anchors += static_cast<uint32_t>(heads[scale].height * heads[scale].width) * retinaface_mnet025::kAnchorsPerCell;
    }
  }

  /// Looks through rows of the head map of one scale. Scores first: box and landmarks are taken up only for anchors
  /// whose logits can pass; min_logit is the threshold's, slightly lowered.
  void take_rows(const MapView& head, int scale, int32_t row_begin, int32_t row_end, float min_logit) noexcept {
    using namespace retinaface_mnet025;
    uint32_t anchor = first_anchor_[scale] + static_cast<uint32_t>(row_begin * head.width) * kAnchorsPerCell;
    for (int32_t y = row_begin; y < row_end; ++y) {
      const float* values = head.row(y);
      for (int32_t x = 0; x < head.width; ++x, values += head.pixel_stride) {
        for (int which = 0; which < kAnchorsPerCell; ++which, ++anchor) {
          const float* const logits = values + kClassChannel + 2 * which;
          const float difference = logits[1] - logits[0];
          if (!(difference > min_logit)) continue;
          const uint32_t slot = best_.push(difference, anchor);
          if (slot != CandidateHeap::kNoSlot) keep(slot, values, scale, y, x, which);
        }
      }
    }
  }

  /// Decodes what the run found, and keeps what is above `options.min_score`.
  void end_run(const Run& run, const KernelTable& kernels, const DetectorOptions& options) noexcept {
    using namespace retinaface_mnet025;
    const size_t stride = sizes_.in_all, found = best_.size();
    const auto count = static_cast<int32_t>(found);
    const Tile& tile = run.tile;
    const float scale_x =
        static_cast<float>(tile.source.width_px) / static_cast<float>(tile.size.width_px);
    const float scale_y =
        static_cast<float>(tile.source.height_px) / static_cast<float>(tile.size.height_px);
    float* const score = logits_ + count_;
    kernels.softmax2_f32({score, score + stride, score, count});
    // Logits tell apart what scores round to 1.
    for (const Candidate& candidate : best_.sorted()) score[stride + candidate.slot] = candidate.logit;
    kernels.anchor_decode_f32({values_ + count_, static_cast<int32_t>(stride), anchors_,
                               anchors_ + sizes_.in_a_run, anchors_ + 2 * sizes_.in_a_run,
                               values_ + count_, static_cast<int32_t>(stride), count, scale_x,
                               scale_y, kCentreVariance, kSizeVariance});
    const size_t end = count_ + found;
    for (size_t from = count_; from < end; ++from) {
      if (!(logits_[from] > options.min_score)) continue;
      place(from, run);
      if (is_within_reason(count_) && counts(run, scale_x * scale_y)) ++count_;
    }
  }

  /// Sorts, suppresses, votes, and writes the best faces to `out`. Takes take_sorting() from `arena`; errors: those of
  /// Arena::status().
  Result<Detections> faces(const KernelTable& kernels, const DetectorOptions& options, Arena arena,
                           Span<Face> out) noexcept {
    const Sorted sorted(sizes_, arena);
    const Status memory = arena.status();
    if (!memory.ok()) return memory;
    CandidateHeap heap({heap_, sizes_.kept});
    const float* const key = logits_ + sizes_.in_all;
    for (size_t i = 0; i < count_; ++i) heap.push(key[i], static_cast<uint32_t>(i));
    const Span<const Candidate> order = heap.sorted();
    for (size_t i = 0; i < order.size; ++i) {
      sorted.score[i] = logits_[order[i].anchor];
      for (int k = 0; k < kCandidateValues; ++k) sorted.value(k)[i] = value(k)[order[i].anchor];
    }
    kernels.nms_f32({sorted.value(0), sorted.value(1), sorted.value(2), sorted.value(3),
                     static_cast<int32_t>(order.size), options.nms_iou, sorted.keep});
    Detections result{{out.data, 0}, 0};
    for (size_t i = 0; i < order.size; ++i) {
      if (sorted.keep[i] == 0 || result.found++ >= out.size) continue;
      Face& face = out[result.faces.size++];
      face.score = sorted.score[i];
      face.box = sorted.box_at(i);
      if (options.voting_iou > 0.0f) face.box = voted(sorted, face.box, order.size, options.voting_iou);
      for (int p = 0; p < kLandmarkCount; ++p) {
        face.landmarks.points[p] = {sorted.value(4 + 2 * p)[i], sorted.value(5 + 2 * p)[i]};
      }
    }
    return result;
  }

 private:
  /// The candidates that take part in non-maximum suppression, best first.
  struct Sorted {
    size_t kept;
    float* values;  // [kCandidateValues][kept]
    float* score;   // [kept]
    uint8_t* keep;  // [kept]

    constexpr Sorted(const Sizes& sizes, Arena& arena) noexcept
        : kept(sizes.kept),
          values(arena.take<float>(sizes.kept * kCandidateValues)),
          score(arena.take<float>(sizes.kept)),
          keep(arena.take<uint8_t>(sizes.kept)) {}
    float* value(int k) const noexcept { return values + static_cast<size_t>(k) * kept; }
    Box box_at(size_t i) const noexcept {
      return {value(0)[i], value(1)[i], value(2)[i] - value(0)[i], value(3)[i] - value(1)[i]};
    }
  };

  /// Copies what the network says about an anchor, and where the anchor is.
  void keep(uint32_t slot, const float* values, int scale, int32_t y, int32_t x, int which) noexcept {
    using namespace retinaface_mnet025;
    const size_t to = count_ + slot;
    logits_[to] = values[kClassChannel + 2 * which];
    logits_[sizes_.in_all + to] = values[kClassChannel + 2 * which + 1];
    for (int k = 0; k < 4; ++k) value(k)[to] = values[kBoxChannel + 4 * which + k];
    for (int k = 0; k < 10; ++k) value(4 + k)[to] = values[kLandmarkChannel + 10 * which + k];
    const auto stride_px = static_cast<float>(kStride_px[scale]);
    anchors_[slot] = (static_cast<float>(x) + 0.5f) * stride_px;
    anchors_[sizes_.in_a_run + slot] = (static_cast<float>(y) + 0.5f) * stride_px;
    anchors_[2 * sizes_.in_a_run + slot] = kAnchor_px[scale][which];
  }

  /// Moves decoded candidate `from` to the end of the pool, in pixels of the picture.
  void place(size_t from, const Run& run) noexcept {
    const size_t to = count_;
    const auto x = static_cast<float>(run.tile.x_px), y = static_cast<float>(run.tile.y_px);
    const auto width = static_cast<float>(run.tile.source.width_px);
    logits_[to] = logits_[from];
    logits_[sizes_.in_all + to] = logits_[sizes_.in_all + from];
    float v[kCandidateValues];
    for (int k = 0; k < kCandidateValues; ++k) v[k] = value(k)[from];
    if (run.mirrored) {
      const float x1 = v[0];
      v[0] = width - v[2];
      v[2] = width - x1;
      for (int p = 0; p < kLandmarkCount; ++p) v[4 + 2 * p] = width - v[4 + 2 * p];
      exchange_points(v, kEyeImageLeft, kEyeImageRight);
      exchange_points(v, kMouthImageLeft, kMouthImageRight);
    }
    for (int k = 0; k < kCandidateValues; ++k) value(k)[to] = v[k] + (k % 2 == 0 ? x : y);
  }

  static void exchange_points(float (&v)[kCandidateValues], int a, int b) noexcept {
    for (int k = 4; k < 6; ++k) {
      const float kept = v[k + 2 * a];
      v[k + 2 * a] = v[k + 2 * b];
      v[k + 2 * b] = kept;
    }
  }

  /// False where weights beyond reason have led to coordinates that are not finite, or whose sums would not be.
  bool is_within_reason(size_t i) const noexcept {
    constexpr float kLimit_px = 1e9f;
    bool within = true;
    for (int k = 0; k < kCandidateValues; ++k) within &= value(k)[i] >= -kLimit_px && value(k)[i] <= kLimit_px;
    return within;
  }

  /// Whether the candidate at the end of the pool belongs to this run: by its size, and its centre.
  bool counts(const Run& run, float area_scale) const noexcept {
    const size_t i = count_;
    const float width = value(2)[i] - value(0)[i], height = value(3)[i] - value(1)[i];
    const float area = width * height / area_scale;  // network pixels
    const float least = run.level.least_side_px, most = run.level.most_side_px;
    if (area < least * least || area >= most * most) return false;
    const float x = value(0)[i] + width / 2.0f, y = value(1)[i] + height / 2.0f;
    const Tile& tile = run.tile;
    return !(x < tile.core_left || x >= tile.core_right || y < tile.core_top || y >= tile.core_bottom);
  }

  /// Mean of all boxes that overlap `best`, weighted by score; `best` is among them.
  static Box voted(const Sorted& sorted, const Box& best, size_t count, float min_iou) noexcept {
    Box sum;
    float weight = 0.0f;
    for (size_t i = 0; i < count; ++i) {
      const Box box = sorted.box_at(i);
      if (!(iou(best, box) >= min_iou)) continue;
      const float score = sorted.score[i];
      sum.x += score * box.x;
      sum.y += score * box.y;
      sum.width += score * box.width;
      sum.height += score * box.height;
      weight += score;
    }
    if (!(weight > 0.0f)) return best;
    return {sum.x / weight, sum.y / weight, sum.width / weight, sum.height / weight};
  }

  float* value(int k) const noexcept { return values_ + static_cast<size_t>(k) * sizes_.in_all; }

  Sizes sizes_;
  size_t count_ = 0;
  Candidate* heap_;      // of the best of a run, then of all
  CandidateHeap best_;   // of the run that goes on
  uint32_t first_anchor_[retinaface_mnet025::kScales] = {};
  float* values_;        // [kCandidateValues][in_all]: x1 y1 x2 y2, then five points
  float* logits_;        // [2][in_all]: of the background, of a face; they become the score and the
                         // difference of logits
  float* anchors_;       // [3][in_a_run]: centre x, centre y, side
};

FACEIO_END_NAMESPACE

#endif  // FACEIO_PIPELINE_FACE_POOL_HPP
