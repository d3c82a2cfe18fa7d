// Picture in, faces out.
#ifndef FACEIO_PIPELINE_DETECTOR_HPP
#define FACEIO_PIPELINE_DETECTOR_HPP

#include "../kernels/targets.hpp"
#include "../models/retinaface_mnet025.hpp"
#include "../nn/run.hpp"
#include "../vision/geometry.hpp"
#include "candidates.hpp"

FACEIO_BEGIN_NAMESPACE

/// One detected face, in pixels of the picture. The box may reach outside the picture: clamp_to().
struct Face {
  Box box;
  float score;  // 0..1, softmax of the class head; not a probability of identity or of anything else
  Landmarks landmarks;
};

struct DetectorOptions {
  /// Only faces above this score are reported, 0 .. 1; NaN reports none. The published demonstration
  /// uses 0.6, published evaluations 0.02.
  float min_score = 0.6f;
  /// A face that overlaps a better one by more than this IoU is dropped, 0 .. 1; 1 drops none.
  float nms_iou = 0.4f;
  /// Side in pixels of the smallest face of interest. The picture is scaled so that such a face has the
  /// size of the smallest anchor (16 px), so 32 makes detection four times cheaper and 8 finds smaller
  /// faces at four times the cost. 0 or less: the picture is taken as it is, which amounts to 16.
  int32_t min_face_px = 0;
  /// Candidates kept for non-maximum suppression, best first, as published. 0 or less finds nothing.
  int32_t max_candidates = 5000;
};

struct Detections {
  Span<Face> faces;     // best first
  size_t found = 0;     // may exceed faces.size: then the caller's memory was too short for the rest
};

/// RetinaFace with a MobileNet-0.25 backbone. Immutable after create(): share one among any number of
/// threads, each with its own scratch memory. The blob and the persistent memory must outlive it.
class Detector {
 public:
  /// Only good for being assigned to; its detect() says not_created.
  constexpr Detector() noexcept = default;

  /// Exact bytes for create() and for detect() on pictures of `image` pixels; a smaller picture may
  /// need less. constexpr: firmware makes arrays of it. Sides count from 0 to kMaxImageSide_px.
  static constexpr Requirements requirements(Size image, const DetectorOptions& options = {}) noexcept {
    const Size size{bounded(image.width_px), bounded(image.height_px)};
    Arena count;
    const Size input = padded(network_size(size, options));
    count.take<uint8_t>(plan_bytes(network(), {bounded(input.width_px), bounded(input.height_px)},
                                   Schedule::depth_first));
    lay_out_candidates(size, options, count);
    return {bound_bytes(network()), count.used_bytes()};
  }

  /// Most faces that detect() can find in a picture of this size.
  static constexpr size_t max_faces(Size image, const DetectorOptions& options) noexcept {
    const size_t anchors = anchor_count(padded(network_size(image, options)));
    const auto limit = static_cast<size_t>(options.max_candidates > 0 ? options.max_candidates : 0);
    return anchors < limit ? anchors : limit;
  }

  /// Whether detect() would take this picture: ok, image_* or not_created.
  Status can_detect(const ImageView& image) const noexcept {
    if (bound_.kernels == nullptr) return Errc::not_created;
    const Status valid = validate(image);
    if (!valid.ok()) return valid;
    const Size net = network_size(image.size, options_);
    if (net.width_px > kMaxImageSide_px || net.height_px > kMaxImageSide_px) {
      return Status(Errc::image_too_enlarged, kMaxImageSide_px);
    }
    return Status();
  }

  /// Size of the network input for a picture, before padding to kMinSide_px. A side beyond
  /// kMaxImageSide_px is refused by detect().
  static constexpr Size network_size(Size image, const DetectorOptions& options) noexcept {
    if (options.min_face_px <= 0) return image;
    return {scaled(image.width_px, options), scaled(image.height_px, options)};
  }

  /// `persistent` holds requirements().persistent_bytes and starts 64-byte aligned. Errors: not_created
  /// (an empty blob), model_mismatch, blob_missing_tensor, unsupported_target, arena_too_small,
  /// arena_misaligned.
  static Result<Detector> create(const Blob& blob, Span<uint8_t> persistent,
                                 const DetectorOptions& options, Target target) noexcept {
    const KernelTable* kernels = table_for(target);
    if (kernels == nullptr || !cpu_supports(target)) return Errc::unsupported_target;
    Arena arena(persistent);
    const Result<BoundNetwork> bound = bind(network(), blob, *kernels, 0, arena);
    if (!bound) return bound.status();
    Detector detector;
    detector.bound_ = *bound;
    detector.options_ = options;
    detector.min_logit_ = logit(options.min_score);
    return detector;
  }

  /// Finds faces and writes the best of them to `out`. Any picture from 1x1 pixels up; no allocation.
  /// `scratch` holds requirements(image.size).scratch_bytes, starts 64-byte aligned and is used only
  /// during the call. `out` may be empty: then faces are only counted.
  /// Errors: those of can_detect(), arena_too_small, arena_misaligned.
  Result<Detections> detect(const ImageView& image, Span<uint8_t> scratch,
                            Span<Face> out) const noexcept {
    const Status usable = can_detect(image);
    if (!usable.ok()) return usable;
    const Size net = network_size(image.size, options_);
    Arena arena(scratch);
    const Result<Plan> plan = make_plan(bound_, padded(net), Schedule::depth_first, arena);
    const Buffers buffers = lay_out_candidates(image.size, options_, arena);
    const Status memory = arena.status();
    if (!memory.ok()) return memory;

    if (net == image.size) {
      run(*plan, PictureRows(bound_, image));
    } else {
      run(*plan, PictureRows(bound_, image, net, buffers.resized_row));
    }
    const float scale_x = static_cast<float>(image.size.width_px) / static_cast<float>(net.width_px);
    const float scale_y = static_cast<float>(image.size.height_px) / static_cast<float>(net.height_px);
    return select_faces(*plan, buffers, scale_x, scale_y, out);
  }

  const DetectorOptions& options() const noexcept { return options_; }
  const BoundNetwork& bound() const noexcept { return bound_; }

  static constexpr NetworkView network() noexcept { return retinaface_mnet025::kNetwork.view(); }

 private:
  /// Memory behind the plan. Structures of arrays: [values][capacity].
  struct Buffers {
    uint8_t* resized_row;   // one RGB8 row; null when the picture is taken as it is
    size_t capacity;
    Candidate* candidates;
    float* values;          // [kCandidateValues]
    float* anchors;         // [3]: centre x, centre y, side
    float* logits;          // [2]: background, face
    uint8_t* keep;
  };

  static constexpr int32_t bounded(int32_t side_px) noexcept {
    return side_px < 0 ? 0 : side_px > kMaxImageSide_px ? kMaxImageSide_px : side_px;
  }

  static constexpr Size padded(Size net) noexcept {
    constexpr int32_t kMin = retinaface_mnet025::kMinSide_px;
    return {net.width_px < kMin ? kMin : net.width_px, net.height_px < kMin ? kMin : net.height_px};
  }

  static constexpr int32_t scaled(int32_t side_px, const DetectorOptions& options) noexcept {
    const double scale = static_cast<double>(retinaface_mnet025::kSmallestFace_px) /
                         static_cast<double>(options.min_face_px);
    const double side = static_cast<double>(side_px) * scale + 0.5;
    constexpr double kBeyond = kMaxImageSide_px + 1.0;
    return static_cast<int32_t>(side < 1.0 ? 1.0 : side > kBeyond ? kBeyond : side);
  }

  static constexpr size_t anchor_count(Size net) noexcept {
    size_t count = 0;
    for (const int32_t stride : retinaface_mnet025::kStride_px) {
      count += static_cast<size_t>((net.width_px + stride - 1) / stride) *
               static_cast<size_t>((net.height_px + stride - 1) / stride) *
               retinaface_mnet025::kAnchorsPerCell;
    }
    return count;
  }

  static constexpr Buffers lay_out_candidates(Size image, const DetectorOptions& options,
                                              Arena& arena) noexcept {
    const Size net = network_size(image, options);
    const size_t capacity = max_faces(image, options);
    Buffers b{};
    b.capacity = capacity;
    if (net != image) {
      b.resized_row = arena.take<uint8_t>(row_bytes(PixelFormat::RGB8, net.width_px));
    }
    b.candidates = arena.take<Candidate>(capacity);
    b.values = arena.take<float>(capacity * kCandidateValues);
    b.anchors = arena.take<float>(capacity * 3);
    b.logits = arena.take<float>(capacity * 2);
    b.keep = arena.take<uint8_t>(capacity);
    return b;
  }

  /// ln(p / (1 - p)), without a mathematics library: ln(m 2^e) by the series of atanh.
  static constexpr float logit(float probability) noexcept {
    const double p = probability;
    if (!(p > 0.0)) return -3.4e38f;
    if (!(p < 1.0)) return 3.4e38f;
    double m = p / (1.0 - p);
    double e = 0.0;
    for (; m > 1.5; m /= 2.0) e += 1.0;
    for (; m < 0.75; m *= 2.0) e -= 1.0;
    const double t = (m - 1.0) / (m + 1.0);
    double power = t;
    double sum = 0.0;
    for (int k = 1; k < 30; k += 2, power *= t * t) sum += power / k;
    return static_cast<float>(2.0 * sum + e * 0.693147180559945309);
  }

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

  /// Scores first: box and landmarks are decoded only for anchors that can pass.
  Span<const Candidate> collect(const Plan& plan, const Buffers& buffers) const noexcept {
    using namespace retinaface_mnet025;
    // Slightly below the threshold; select_faces() applies the exact one to the softmax score.
    const float threshold = min_logit_ - 1e-3f;
    CandidateHeap heap({buffers.candidates, buffers.capacity});
    uint32_t anchor = 0;
    for (int scale = 0; scale < kScales; ++scale) {
      const MapView& map = plan.outputs[scale];
      for (int32_t y = 0; y < map.height; ++y) {
        const float* head = map.row(y) + kClassChannel;
        for (int32_t x = 0; x < map.width; ++x, head += map.pixel_stride) {
          for (int a = 0; a < kAnchorsPerCell; ++a, ++anchor) {
            const float difference = head[2 * a + 1] - head[2 * a];
            if (difference > threshold) heap.push({difference, anchor});
          }
        }
      }
    }
    return heap.sorted();
  }

  Detections select_faces(const Plan& plan, const Buffers& b, float scale_x, float scale_y,
                          Span<Face> out) const noexcept {
    using namespace retinaface_mnet025;
    const Span<const Candidate> candidates = collect(plan, b);
    const size_t stride = b.capacity;
    for (size_t i = 0; i < candidates.size; ++i) {
      const Cell cell = cell_of(plan, candidates[i].anchor);
      for (size_t k = 0; k < 2; ++k) {
        b.logits[k * stride + i] = cell.head[kClassChannel + 2 * cell.anchor + static_cast<int>(k)];
      }
      for (int k = 0; k < 4; ++k) {
        b.values[static_cast<size_t>(k) * stride + i] = cell.head[kBoxChannel + 4 * cell.anchor + k];
      }
      for (int k = 0; k < 10; ++k) {
        b.values[static_cast<size_t>(4 + k) * stride + i] =
            cell.head[kLandmarkChannel + 10 * cell.anchor + k];
      }
      b.anchors[i] = cell.centre_x_px;
      b.anchors[stride + i] = cell.centre_y_px;
      b.anchors[2 * stride + i] = cell.side_px;
    }
    const auto count = static_cast<int32_t>(candidates.size);
    const auto row = static_cast<int32_t>(stride);
    float* const score = b.logits;
    bound_.kernels->softmax2_f32({b.logits, b.logits + stride, score, count});
    bound_.kernels->anchor_decode_f32({b.values, row, b.anchors, b.anchors + stride,
                                       b.anchors + 2 * stride, b.values, row, count, scale_x, scale_y,
                                       kCentreVariance, kSizeVariance});
    const auto value = [&](int k) noexcept { return b.values + static_cast<size_t>(k) * stride; };
    bound_.kernels->nms_f32(
        {value(0), value(1), value(2), value(3), count, options_.nms_iou, b.keep});

    Detections result{{out.data, 0}, 0};
    for (size_t i = 0; i < candidates.size; ++i) {
      if (b.keep[i] == 0 || !(score[i] > options_.min_score)) continue;
      if (result.found++ >= out.size) continue;
      Face& face = out[result.faces.size++];
      face.score = score[i];
      face.box = {value(0)[i], value(1)[i], value(2)[i] - value(0)[i], value(3)[i] - value(1)[i]};
      for (int p = 0; p < kLandmarkCount; ++p) {
        face.landmarks.points[p] = {value(4 + 2 * p)[i], value(5 + 2 * p)[i]};
      }
    }
    return result;
  }

  BoundNetwork bound_{};
  DetectorOptions options_{};
  float min_logit_ = 0.0f;
};

FACEIO_END_NAMESPACE

#endif  // FACEIO_PIPELINE_DETECTOR_HPP
