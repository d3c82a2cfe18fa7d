// Executes a plan: first the chain of layers that runs depth-first, then the rest layer by layer.
#ifndef FACEIO_NN_RUN_HPP
#define FACEIO_NN_RUN_HPP

#include "plan.hpp"

FACEIO_BEGIN_NAMESPACE

namespace detail {

/// Zeroes `count` pixels of a row from pixel x on, with their padding lanes.
inline void zero_pixels(const MapView& map, int32_t y, int32_t x, int32_t count) noexcept {
  float* p = map.row(y) + static_cast<ptrdiff_t>(x) * map.pixel_stride;
  const ptrdiff_t floats = static_cast<ptrdiff_t>(count) * map.pixel_stride;
  for (ptrdiff_t i = 0; i < floats; ++i) p[i] = 0.0f;
}

}  // namespace detail

/// Zeroes the one-pixel border of a whole map.
inline void zero_border(const MapView& map) noexcept {
  detail::zero_pixels(map, -1, -1, map.width + 2);
  for (int32_t y = 0; y < map.height; ++y) {
    detail::zero_pixels(map, y, -1, 1);
    detail::zero_pixels(map, y, map.width, 1);
  }
  detail::zero_pixels(map, map.height, -1, map.width + 2);
}

/// Rows of a picture as a network wants them: the source of run(). Pixels of the network's input beyond
/// the picture get the mean colour. Precondition: validate(image) is ok.
class PictureRows {
 public:
  PictureRows(const BoundNetwork& bound, const ImageView& image) noexcept
      : PictureRows(bound, image, image, nullptr) {}

  /// The picture resized to `size`. `row` has room for one RGB8 row of it.
  PictureRows(const BoundNetwork& bound, const ImageView& image, Size size, uint8_t* row) noexcept
      // Stride 0: all rows of the resized picture pass through the same memory.
      : PictureRows(bound, image, ImageView(row, size, 0, PixelFormat::RGB8), row) {}

  void operator()(const MapView& input, int32_t y) const noexcept {
    if (resized_row_ != nullptr && y < source_.size.height_px) {
      kernels_->resize_bilinear_u8({image_, resized_row_, source_.size, 0}, y, y + 1);
    }
    const Preprocessing& p = preprocessing_;
    kernels_->u8_to_f32({source_, input, p.bgr, {p.mean[0], p.mean[1], p.mean[2]}, p.scale}, y, y + 1);
  }

 private:
  PictureRows(const BoundNetwork& bound, const ImageView& image, const ImageView& source,
              uint8_t* resized_row) noexcept
      : kernels_(bound.kernels),
        preprocessing_(bound.preprocessing),
        image_(image),
        source_(source),
        resized_row_(resized_row) {}

  const KernelTable* kernels_;
  Preprocessing preprocessing_;
  ImageView image_;
  ImageView source_;
  uint8_t* resized_row_;
};

/// Source of run() when the caller has filled plan.input; only for plans without a chain.
struct InputIsThere {
  void operator()(const MapView&, int32_t) const noexcept {}
};

/// What operation `first_op + part` of a step writes: a map, or a slice of one.
inline MapView output_of(const Step& step, int part) noexcept {
  if (step.winograd) return step.winograd_parts.part[part].out;
  switch (step.op) {
    case Op::batchnorm: return step.batchnorm.out;
    case Op::add: return step.add.out;
    case Op::upsample_nearest: return step.upsample.out;
    default: return step.conv.out;
  }
}

/// Hook of run(): called after each operation that ran as a whole layer, with its index in the network
/// table and what it wrote.
struct NoTrace {
  void operator()(size_t, const MapView&) const noexcept {}
};

namespace detail {

inline void run_rows(const KernelTable& k, const Step& step, int32_t row_begin, int32_t row_end) noexcept {
  switch (step.op) {
    case Op::conv3x3:
      if (step.winograd) {
        k.winograd3x3_f32(step.winograd_parts, row_begin, row_end);
      } else {
        k.conv3x3_f32(step.conv, row_begin, row_end);
      }
      break;
    case Op::conv1x1: k.conv1x1_f32(step.conv, row_begin, row_end); break;
    case Op::depthwise3x3: k.depthwise3x3_f32(step.conv, row_begin, row_end); break;
    case Op::global_depthwise: k.global_depthwise_f32(step.conv, row_begin, row_end); break;
    case Op::batchnorm: k.batchnorm_f32(step.batchnorm, row_begin, row_end); break;
    case Op::add: k.add_f32(step.add, row_begin, row_end); break;
    case Op::upsample_nearest: k.upsample_nearest_f32(step.upsample, row_begin, row_end); break;
  }
}

/// Pulls rows through the chain: a row of a map asks for the rows it needs of the map before it. Level 0
/// is the picture, level i what step i - 1 writes.
template <class Source>
class Chain {
 public:
  Chain(const Plan& plan, const Source& source) noexcept : plan_(plan), source_(source) {
    for (int level = 0; level < plan.chain; ++level) {
      const MapView map = map_of(level);
      // Clears row -1, and the columns left and right of all rows to come.
      if (map.border == 0) continue;
      for (int32_t slot = 0; slot < map.ring_rows; ++slot) zero_pixels(map, slot, -1, map.width + 2);
    }
  }

  /// Computes rows of a level up to `row_end`; the row after the last one is the zero border.
  void pull(int level, int32_t row_end) noexcept {
    const MapView map = map_of(level);
    for (int32_t& y = next_row_[level]; y < row_end; ++y) {
      if (y == map.height) {
        zero_pixels(map, y, 0, map.width);
      } else if (level == 0) {
        source_(map, y);
      } else {
        const Step& step = plan_.steps[static_cast<size_t>(level - 1)];
        const bool is_3x3 = step.op != Op::conv1x1;
        pull(level - 1, is_3x3 ? y * step.conv.stride + 3 - step.conv.pad_before : y + 1);
        run_rows(*plan_.kernels, step, y, y + 1);
      }
    }
  }

 private:
  MapView map_of(int level) const noexcept {
    return level == 0 ? plan_.input : plan_.steps[static_cast<size_t>(level - 1)].conv.out;
  }

  const Plan& plan_;
  const Source& source_;
  int32_t next_row_[kMaxOps] = {};
};

}  // namespace detail

/// Runs the network on the rows that `source` writes: source(input, y) for each row y of plan.input, in
/// rising order. Never allocates. Thread-safe for plans in different scratch memories.
template <class Source, class Trace = NoTrace>
inline void run(const Plan& plan, const Source& source, const Trace& trace = Trace{}) noexcept {
  if (plan.chain > 0) {
    const MapView last = plan.steps[static_cast<size_t>(plan.chain - 1)].conv.out;
    if (last.border != 0) zero_border(last);
    detail::Chain<Source>(plan, source).pull(plan.chain, last.height);
  } else {
    if (plan.input.border != 0) zero_border(plan.input);
    for (int32_t y = 0; y < plan.input.height; ++y) source(plan.input, y);
  }
  for (size_t i = static_cast<size_t>(plan.chain); i < plan.steps.size; ++i) {
    const Step& step = plan.steps[i];
    for (const MapView& map : step.zero_border) {
      if (map.data != nullptr) zero_border(map);
    }
    detail::run_rows(*plan.kernels, step, 0, output_of(step, 0).height);
    for (int part = 0; part < step.op_count; ++part) {
      trace(static_cast<size_t>(step.first_op) + static_cast<size_t>(part), output_of(step, part));
    }
  }
}

FACEIO_END_NAMESPACE

#endif  // FACEIO_NN_RUN_HPP
