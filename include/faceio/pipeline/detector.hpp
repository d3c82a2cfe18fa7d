// Picture in, faces out.
#ifndef FACEIO_PIPELINE_DETECTOR_HPP
#define FACEIO_PIPELINE_DETECTOR_HPP

#include "../kernels/dispatch.hpp"
#include "../nn/run.hpp"
#include "face_pool.hpp"

FACEIO_BEGIN_NAMESPACE

/// RetinaFace with a MobileNet-0.25 backbone. Immutable after create(): share one among any number of
/// threads, each with its own scratch memory. The blob and the persistent memory must outlive it.
class Detector {
 public:
  /// Only good for being assigned to; its detect() says not_created.
  constexpr Detector() noexcept = default;

  /// Exact bytes for create() and for detect() on pictures of `image` pixels with a blob of this precision
  /// (Blob::precision()); a smaller picture may need less. constexpr: firmware makes
  /// arrays of it. Sides count from 0 to kMaxImageSide_px.
  static constexpr Requirements requirements(Size image, const DetectorOptions& options = {},
                                             Precision precision = Precision::fp32) noexcept {
    const Size size{bounded(image.width_px), bounded(image.height_px)};
    Arena count;
    lay_out(size, options, count);
    Arena sorting;
    FacePool::take_sorting(needs_of(size, options).pool, sorting);
    // The plans of all runs share the rest of the memory, and sorting what they found.
    size_t rest_bytes = sorting.used_bytes();
    for_each_tile(size, options, [&rest_bytes, precision](const Level&, const Tile& tile) {
      const size_t bytes = plan_bytes(network(precision), padded(tile.size), Schedule::streaming);
      if (bytes > rest_bytes) rest_bytes = bytes;
      return true;
    });
    count.take<uint8_t>(rest_bytes);
    return {bound_bytes(network(precision), 0), count.used_bytes()};
  }

  /// Most faces that detect() can find in a picture of this size.
  static constexpr size_t max_faces(Size image, const DetectorOptions& options) noexcept {
    return needs_of(image, options).pool.kept;
  }

  /// Whether detect() would take this picture: ok, image_* or not_created.
  Status can_detect(const ImageView& image) const noexcept {
    if (bound_.kernels == nullptr) return Errc::not_created;
    const Status valid = validate(image);
    if (!valid.ok()) return valid;
    const Size finest = plan_levels(image.size, options_).level[0].size;
    if (finest.width_px > kMaxImageSide_px || finest.height_px > kMaxImageSide_px) {
      return Status(Errc::image_too_enlarged, kMaxImageSide_px);
    }
    return Status();
  }

  /// `persistent` holds requirements().persistent_bytes and starts 64-byte aligned. Errors: not_created
  /// (an empty blob), model_mismatch, those of bind(), unsupported_target, arena_too_small, arena_misaligned.
  static Result<Detector> create(const Blob& blob, Span<uint8_t> persistent,
                                 const DetectorOptions& options, Target target) noexcept {
    const Kernels kernels = kernels_for(target);
    if (kernels.table == nullptr || !cpu_supports(target)) return Errc::unsupported_target;
    Arena arena(persistent);
    const Result<BoundNetwork> bound = bind(network(), blob, kernels, 0, arena);
    if (!bound) return bound.status();
    Detector detector;
    detector.bound_ = *bound;
    detector.set_options(options);
    return detector;
  }

  /// Finds faces and writes the best of them to `out`. Any picture from 1x1 pixels up; no allocation.
  /// `scratch` holds requirements(image.size).scratch_bytes, starts 64-byte aligned and is used only
  /// during the call. `out` may be empty: then faces are only counted. Every number of a face is finite.
  /// Errors: those of can_detect(), output_null, memory_overlaps, arena_too_small, arena_misaligned.
  Result<Detections> detect(const ImageView& image, Span<uint8_t> scratch,
                            Span<Face> out) const noexcept {
    const Status usable = can_detect(image);
    if (!usable.ok()) return usable;
    if (out.data == nullptr && out.size > 0) return Errc::output_null;
    const Span<const uint8_t> results(static_cast<const uint8_t*>(static_cast<const void*>(out.data)),
                                      saturating_multiply(out.size, sizeof(Face)));
    if (overlaps(image, scratch) || overlaps(image, results) || overlaps(scratch, results)) {
      return Errc::memory_overlaps;
    }
    Arena arena(scratch);
    Room room = lay_out(image.size, options_, arena);
    Status searched;
    for_each_tile(image.size, options_, [&](const Level& level, const Tile& tile) {
      searched = search_tile(image, level, tile, arena, room);
      return searched.ok();
    });
    if (!searched.ok()) return searched;
    return room.pool.faces(*bound_.kernels, options_, arena, out);
  }

  const DetectorOptions& options() const noexcept { return options_; }
  /// Replaces the options for detections to come; not while another thread detects.
  void set_options(const DetectorOptions& options) noexcept {
    options_ = options;
    // Slightly below the threshold, which is applied exactly to the softmax score.
    min_logit_ = logit(options.min_score) - 1e-3f;
  }
  const BoundNetwork& bound() const noexcept { return bound_; }

  static constexpr NetworkView network(Precision precision = Precision::fp32) noexcept {
    return retinaface_mnet025::kNetwork.view(precision);
  }

 private:
  static constexpr bool heads_stream() noexcept {
    for (const uint16_t head : network().outputs) {
      if (!can_stream(network(), head)) return false;
    }
    return true;
  }

  /// Memory in front of the plan.
  struct Room {
    uint8_t* picture_row;  // one RGB8 row; null when the picture is taken as it is
    FacePool pool;
  };

  static constexpr int32_t bounded(int32_t side_px) noexcept {
    return side_px < 0 ? 0 : side_px > kMaxImageSide_px ? kMaxImageSide_px : side_px;
  }

  static constexpr Size padded(Size net) noexcept {
    constexpr int32_t kMin = retinaface_mnet025::kMinSide_px;
    return {net.width_px < kMin ? kMin : net.width_px, net.height_px < kMin ? kMin : net.height_px};
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

  /// What the levels and tiles of a picture need.
  struct Needs {
    FacePool::Sizes pool;
    int32_t longest_row_px = 0;  // that has to be resized or mirrored
  };

  static constexpr Needs needs_of(Size image, const DetectorOptions& options) noexcept {
    const auto limit = static_cast<size_t>(options.max_candidates > 0 ? options.max_candidates : 0);
    Needs needs;
    for_each_tile(image, options, [&](const Level&, const Tile& tile) {
      const size_t anchors = anchor_count(padded(tile.size));
      const size_t found = anchors < limit ? anchors : limit;
      if (found > needs.pool.in_a_run) needs.pool.in_a_run = found;
      needs.pool.in_all += options.flip ? 2 * found : found;
      const bool as_it_is = tile.size == tile.source && !options.flip;
      if (!as_it_is && tile.size.width_px > needs.longest_row_px) {
        needs.longest_row_px = tile.size.width_px;
      }
      return true;
    });
    needs.pool.kept = needs.pool.in_all < limit ? needs.pool.in_all : limit;
    return needs;
  }

  static constexpr Room lay_out(Size image, const DetectorOptions& options, Arena& arena) noexcept {
    const Needs needs = needs_of(image, options);
    uint8_t* const row = needs.longest_row_px > 0 ? arena.take<uint8_t>(row_bytes(
                                                        PixelFormat::RGB8, needs.longest_row_px))
                                                  : nullptr;
    return {row, FacePool(needs.pool, arena)};
  }

  /// Runs the network on one tile, and on its mirror image if asked. `arena` is a copy: the plans of all
  /// tiles share the rest of the memory.
  Status search_tile(const ImageView& image, const Level& level, const Tile& tile, Arena arena,
                     Room& room) const noexcept {
    const Size size = padded(tile.size);
#if FACEIO_BUILDS_INT8
    if (bound_.network.precision == Precision::int8) {
      return search_with(make_int8_plan(bound_, size, Schedule::streaming, arena), image, level, tile, room);
    }
#endif
    return search_with(make_plan(bound_, size, Schedule::streaming, arena), image, level, tile, room);
  }

  template <class AnyPlan>
  Status search_with(const Result<AnyPlan>& plan, const ImageView& image, const Level& level, const Tile& tile,
                     Room& room) const noexcept {
    static_assert(heads_stream(), "faces are looked for in the rows of heads as they come");
    if (!plan) return plan.status();
    const ImageView view = tile_view(image, tile);
    for (int side = 0; side < (options_.flip ? 2 : 1); ++side) {
      const bool mirrored = side == 1;
      const bool as_it_is = tile.size == view.size && !mirrored;
      room.pool.begin_run(plan->outputs);
      run(*plan,
          as_it_is ? PictureRows(bound_, view)
                   : PictureRows(bound_, view, tile.size, mirrored, room.picture_row),
          NoTrace{}, [&](int scale, int32_t row_begin, int32_t row_end) noexcept {
            room.pool.take_rows(plan->outputs[scale], scale, row_begin, row_end, min_logit_);
          });
      room.pool.end_run({level, tile, mirrored}, *bound_.kernels, options_);
    }
    return Status();
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

  BoundNetwork bound_{};
  DetectorOptions options_{};
  float min_logit_ = 0.0f;
};

FACEIO_END_NAMESPACE

#endif  // FACEIO_PIPELINE_DETECTOR_HPP
