// Face in, embedding out: alignment to the ArcFace template, then MobileFaceNet.
#ifndef FACEIO_PIPELINE_EMBEDDER_HPP
#define FACEIO_PIPELINE_EMBEDDER_HPP

#include "../kernels/dispatch.hpp"
#include "../models/mobilefacenet_192.hpp"
#include "../nn/run.hpp"
#include "../vision/align.hpp"

FACEIO_BEGIN_NAMESPACE

/// Longest embedding of any supported network.
inline constexpr int32_t kMaxEmbeddingSize = 512;

/// A face as a direction: `size` numbers with L2 norm 1, 0 < size <= kMaxEmbeddingSize. Carries the id of the model that
/// made it, because embeddings of different models cannot be compared.
struct Embedding {
  float values[kMaxEmbeddingSize] = {};
  int32_t size = 0;
  uint64_t model_id = 0;
  float raw_norm = 0.0f;  // L2 norm before normalisation
};

struct Embedded {
  Embedding embedding;
  Alignment alignment;
};

/// MobileFaceNet behind an ArcFace alignment. Immutable after create(): share one among any number of
/// threads, each with its own scratch memory. The blob and the persistent memory must outlive it.
class Embedder {
 public:
  /// Only good for being assigned to; its functions say not_created.
  constexpr Embedder() noexcept = default;

  /// Exact bytes for create() and for embed() and embed_crop() with a blob of this precision
  /// (Blob::precision()).
  static constexpr Requirements requirements(Precision precision = Precision::fp32) noexcept {
    Arena count;
    count.take<uint8_t>(crop_bytes());
    count.take<uint8_t>(plan_bytes(network(precision), crop_size(), Schedule::depth_first));
    return {bound_bytes(network(precision), kGlobalSide), count.used_bytes()};
  }

  /// Size of the aligned crop.
  static constexpr Size crop_size() noexcept {
    static_assert(mobilefacenet_192::kCrop_px == kCropSide_px, "the template is for another crop");
    return {mobilefacenet_192::kCrop_px, mobilefacenet_192::kCrop_px};
  }
  /// Bytes of an RGB8 crop without padding between rows.
  static constexpr size_t crop_bytes() noexcept {
    return row_bytes(PixelFormat::RGB8, crop_size().width_px) *
           static_cast<size_t>(crop_size().height_px);
  }

  /// `persistent` holds requirements().persistent_bytes and starts 64-byte aligned. Errors: not_created
  /// (an empty blob), model_mismatch, those of bind(), unsupported_target, arena_too_small, arena_misaligned.
  static Result<Embedder> create(const Blob& blob, Span<uint8_t> persistent, Target target) noexcept {
    const Kernels kernels = kernels_for(target);
    if (kernels.table == nullptr || !cpu_supports(target)) return Errc::unsupported_target;
    Arena arena(persistent);
    const Result<BoundNetwork> bound = bind(network(), blob, kernels, kGlobalSide, arena);
    if (!bound) return bound.status();
    Embedder embedder;
    embedder.bound_ = *bound;
    return embedder;
  }

  /// Cuts the aligned face out of a picture: RGB8, crop_bytes() bytes at `crop`. What lies outside the
  /// picture is black. A bad fit is not an error: look at Alignment::status.
  /// Errors: image_*, landmarks_degenerate, landmarks_outside, output_null, memory_overlaps, not_created.
  Result<Alignment> align(const ImageView& image, const Landmarks& landmarks,
                          uint8_t* crop) const noexcept {
    if (bound_.kernels == nullptr) return Errc::not_created;
    const Status valid = validate(image);
    if (!valid.ok()) return valid;
    if (crop == nullptr) return Errc::output_null;
    if (overlaps(image, {crop, crop_bytes()})) return Errc::memory_overlaps;
    const Result<Alignment> alignment = align_to_template(landmarks);
    if (!alignment) return alignment;
    bool inside = false;
    for (const Point& p : landmarks.points) {
      inside = inside || (p.x >= 0.0f && p.x < static_cast<float>(image.size.width_px) && p.y >= 0.0f &&
                          p.y < static_cast<float>(image.size.height_px));
    }
    if (!inside) return Errc::landmarks_outside;
    const Similarity to_image = inverse(alignment->image_to_crop);
    const WarpArgs warp{image,
                        {to_image.a, -to_image.b, to_image.tx, to_image.b, to_image.a, to_image.ty},
                        crop,
                        crop_size(),
                        row_bytes(PixelFormat::RGB8, crop_size().width_px)};
    bound_.kernels->warp_affine_u8(warp, 0, crop_size().height_px);
    return alignment;
  }

  /// Aligns and embeds one face. `scratch` holds requirements().scratch_bytes and is used only during
  /// the call; no allocation. A bad fit is not an error: look at Alignment::status.
  /// Errors: image_*, landmarks_degenerate, landmarks_outside, arena_*, memory_overlaps, no_direction, not_created.
  Result<Embedded> embed(const ImageView& image, const Landmarks& landmarks,
                         Span<uint8_t> scratch) const noexcept {
    if (bound_.kernels == nullptr) return Errc::not_created;
    Arena arena(scratch);
    uint8_t* const crop = arena.take<uint8_t>(crop_bytes());
    const Status memory = arena.status();
    if (!memory.ok()) return memory;
    const Status valid = validate(image);
    if (!valid.ok()) return valid;
    if (overlaps(image, scratch)) return Errc::memory_overlaps;
    const Result<Alignment> alignment = align(image, landmarks, crop);
    if (!alignment) return alignment.status();
    const auto stride = row_bytes(PixelFormat::RGB8, crop_size().width_px);
    const Result<Embedding> embedding = run_on(ImageView(crop, crop_size(), stride, PixelFormat::RGB8), arena);
    if (!embedding) return embedding.status();
    return Embedded{*embedding, *alignment};
  }

  /// Embeds a face that is aligned already: a picture of crop_size() pixels in any format.
  /// Errors: image_*, crop_bad_size, arena_*, memory_overlaps, no_direction, not_created.
  Result<Embedding> embed_crop(const ImageView& crop, Span<uint8_t> scratch) const noexcept {
    if (bound_.kernels == nullptr) return Errc::not_created;
    const Status valid = validate(crop);
    if (!valid.ok()) return valid;
    if (crop.size != crop_size()) return Errc::crop_bad_size;
    if (overlaps(crop, scratch)) return Errc::memory_overlaps;
    return run_on(crop, Arena(scratch));
  }

  /// Cosine of the angle between two embeddings, -1..1. Errors: model_mismatch when they come from
  /// different models, not_created (also two that nothing was put into).
  Result<float> cosine(const Embedding& a, const Embedding& b) const noexcept {
    if (bound_.kernels == nullptr) return Errc::not_created;
    if (a.model_id != b.model_id || a.size != b.size || a.size > kMaxEmbeddingSize) return Errc::model_mismatch;
    if (a.size <= 0) return Errc::not_created;
    float result = 0.0f;
    bound_.kernels->dot_f32({a.values, b.values, a.size, &result});
    return result > 1.0f ? 1.0f : result < -1.0f ? -1.0f : result;  // rounding may exceed 1
  }

  const BoundNetwork& bound() const noexcept { return bound_; }

  static constexpr NetworkView network(Precision precision = Precision::fp32) noexcept {
    return mobilefacenet_192::kNetwork.view(precision);
  }

 private:
  /// Side of the map that the global depthwise layer reads.
  static constexpr uint32_t kGlobalSide =
      global_depthwise_side(mobilefacenet_192::kNetwork.view(), Size{kCropSide_px, kCropSide_px});

  Result<Embedding> run_on(const ImageView& crop, Arena arena) const noexcept {
#if FACEIO_BUILDS_INT8
    if (bound_.network.precision == Precision::int8) {
      return run_with(make_int8_plan(bound_, crop_size(), Schedule::depth_first, arena), crop);
    }
#endif
    return run_with(make_plan(bound_, crop_size(), Schedule::depth_first, arena), crop);
  }

  template <class AnyPlan>
  Result<Embedding> run_with(const Result<AnyPlan>& plan, const ImageView& crop) const noexcept {
    if (!plan) return plan.status();
    run(*plan, PictureRows(bound_, crop));
    Embedding e;
    e.size = mobilefacenet_192::kEmbeddingSize;
    e.model_id = bound_.network.model_id;
    bound_.kernels->l2_normalize_f32({plan->outputs[0].data, e.values, e.size, &e.raw_norm});
    if (!(e.raw_norm > 0.0f && e.raw_norm <= kLargestFloat)) return Errc::no_direction;
    return e;
  }

  static constexpr float kLargestFloat = 3.402823466e38f;

  BoundNetwork bound_{};
};

FACEIO_END_NAMESPACE

#endif  // FACEIO_PIPELINE_EMBEDDER_HPP
