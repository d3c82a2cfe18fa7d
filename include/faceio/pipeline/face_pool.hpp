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
  float score;  // 0..1, softmax of the class head; not a probability of identity or of anything else
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
        values_(arena.take<float>(sizes.in_all * kCandidateValues)),
        logits_(arena.take<float>(sizes.in_all * 2)),
        anchors_(arena.take<float>(sizes.in_a_run * 3)),
        sorted_(arena.take<float>(sizes.kept * kCandidateValues)),
        sorted_score_(arena.take<float>(sizes.kept)),
        keep_(arena.take<uint8_t>(sizes.kept)) {}

  /// Adds what a run found above `options.min_score`. Scores first: box and landmarks are decoded only
  /// for anchors whose logits can pass; min_logit is the threshold's, slightly lowered.
  void add(const Plan& plan, const Run& run, const KernelTable& kernels, float min_logit,
           const DetectorOptions& options) noexcept {
    using namespace retinaface_mnet025;
    const Span<const Candidate> found = collect(plan, min_logit);
    const size_t stride = sizes_.in_all;
    float* const face_logit = logits_ + stride;
    for (size_t i = 0; i < found.size; ++i) {
      const Cell cell = cell_of(plan, found[i].anchor);
      const size_t to = count_ + i;
      logits_[to] = cell.head[kClassChannel + 2 * cell.anchor];
      face_logit[to] = cell.head[kClassChannel + 2 * cell.anchor + 1];
      for (int k = 0; k < 4; ++k) value(k)[to] = cell.head[kBoxChannel + 4 * cell.anchor + k];
      for (int k = 0; k < 10; ++k) {
        value(4 + k)[to] = cell.head[kLandmarkChannel + 10 * cell.anchor + k];
      }
      anchors_[i] = cell.centre_x_px;
      anchors_[sizes_.in_a_run + i] = cell.centre_y_px;
      anchors_[2 * sizes_.in_a_run + i] = cell.side_px;
    }
    const auto count = static_cast<int32_t>(found.size);
    const Tile& tile = run.tile;
    const float scale_x =
        static_cast<float>(tile.source.width_px) / static_cast<float>(tile.size.width_px);
    const float scale_y =
        static_cast<float>(tile.source.height_px) / static_cast<float>(tile.size.height_px);
    float* const score = logits_ + count_;
    kernels.softmax2_f32({score, face_logit + count_, score, count});
    kernels.anchor_decode_f32({values_ + count_, static_cast<int32_t>(stride), anchors_,
                               anchors_ + sizes_.in_a_run, anchors_ + 2 * sizes_.in_a_run,
                               values_ + count_, static_cast<int32_t>(stride), count, scale_x,
                               scale_y, kCentreVariance, kSizeVariance});
    const size_t end = count_ + found.size;
    for (size_t from = count_; from < end; ++from) {
      if (!(logits_[from] > options.min_score)) continue;
      place(from, run);
      if (counts(run, scale_x * scale_y)) ++count_;
    }
  }

  /// Sorts, suppresses, votes, and writes the best faces to `out`.
  Detections faces(const KernelTable& kernels, const DetectorOptions& options,
                   Span<Face> out) noexcept {
    CandidateHeap heap({heap_, sizes_.kept});
    for (size_t i = 0; i < count_; ++i) heap.push({logits_[i], static_cast<uint32_t>(i)});
    const Span<const Candidate> order = heap.sorted();
    for (size_t i = 0; i < order.size; ++i) {
      sorted_score_[i] = order[i].logit;
      for (int k = 0; k < kCandidateValues; ++k) sorted(k)[i] = value(k)[order[i].anchor];
    }
    kernels.nms_f32({sorted(0), sorted(1), sorted(2), sorted(3), static_cast<int32_t>(order.size),
                     options.nms_iou, keep_});
    Detections result{{out.data, 0}, 0};
    for (size_t i = 0; i < order.size; ++i) {
      if (keep_[i] == 0 || result.found++ >= out.size) continue;
      Face& face = out[result.faces.size++];
      face.score = sorted_score_[i];
      face.box = box_at(i);
      if (options.voting_iou > 0.0f) face.box = voted(face.box, order.size, options.voting_iou);
      for (int p = 0; p < kLandmarkCount; ++p) {
        face.landmarks.points[p] = {sorted(4 + 2 * p)[i], sorted(5 + 2 * p)[i]};
      }
    }
    return result;
  }

 private:
  struct Cell {
    const float* head;  // 32 channels
    float centre_x_px, centre_y_px, side_px;
    int anchor;         // 0 or 1
  };

  static Cell cell_of(const Plan& plan, uint32_t anchor) noexcept {
    using namespace retinaface_mnet025;
    int scale = 0;
    for (;; ++scale) {
      const MapView& map = plan.outputs[scale];
      const auto here = static_cast<uint32_t>(map.height * map.width * kAnchorsPerCell);
      if (scale + 1 == kScales || anchor < here) break;
      anchor -= here;
    }
    const MapView& map = plan.outputs[scale];
    const auto pixel = static_cast<int32_t>(anchor / kAnchorsPerCell);
    const int32_t y = pixel / map.width;
    const int32_t x = pixel % map.width;
    const int which = static_cast<int>(anchor % kAnchorsPerCell);
    const auto stride = static_cast<float>(kStride_px[scale]);
    return {map.row(y) + static_cast<ptrdiff_t>(x) * map.pixel_stride,
            (static_cast<float>(x) + 0.5f) * stride, (static_cast<float>(y) + 0.5f) * stride,
            kAnchor_px[scale][which], which};
  }

  Span<const Candidate> collect(const Plan& plan, float min_logit) const noexcept {
    using namespace retinaface_mnet025;
    CandidateHeap heap({heap_, sizes_.in_a_run});
    uint32_t anchor = 0;
    for (int scale = 0; scale < kScales; ++scale) {
      const MapView& map = plan.outputs[scale];
      for (int32_t y = 0; y < map.height; ++y) {
        const float* head = map.row(y) + kClassChannel;
        for (int32_t x = 0; x < map.width; ++x, head += map.pixel_stride) {
          for (int a = 0; a < kAnchorsPerCell; ++a, ++anchor) {
            const float difference = head[2 * a + 1] - head[2 * a];
            if (difference > min_logit) heap.push({difference, anchor});
          }
        }
      }
    }
    return heap.sorted();
  }

  /// Moves decoded candidate `from` to the end of the pool, in pixels of the picture.
  void place(size_t from, const Run& run) noexcept {
    const size_t to = count_;
    const auto x = static_cast<float>(run.tile.x_px), y = static_cast<float>(run.tile.y_px);
    const auto width = static_cast<float>(run.tile.source.width_px);
    logits_[to] = logits_[from];
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

  Box box_at(size_t i) const noexcept {
    return {sorted(0)[i], sorted(1)[i], sorted(2)[i] - sorted(0)[i], sorted(3)[i] - sorted(1)[i]};
  }

  /// Mean of all boxes that overlap `best`, weighted by score; `best` is among them.
  Box voted(const Box& best, size_t count, float min_iou) const noexcept {
    Box sum;
    float weight = 0.0f;
    for (size_t i = 0; i < count; ++i) {
      const Box box = box_at(i);
      if (!(iou(best, box) >= min_iou)) continue;
      const float score = sorted_score_[i];
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
  float* sorted(int k) const noexcept { return sorted_ + static_cast<size_t>(k) * sizes_.kept; }

  Sizes sizes_;
  size_t count_ = 0;
  Candidate* heap_;
  float* values_;        // [kCandidateValues][in_all]: x1 y1 x2 y2, then five points
  float* logits_;        // [2][in_all]: of the background, of a face; the first becomes the score
  float* anchors_;       // [3][in_a_run]: centre x, centre y, side
  float* sorted_;        // [kCandidateValues][kept]
  float* sorted_score_;  // [kept]
  uint8_t* keep_;        // [kept]
};

FACEIO_END_NAMESPACE

#endif  // FACEIO_PIPELINE_FACE_POOL_HPP
