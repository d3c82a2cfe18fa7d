// Executes a plan chain by chain: the last step of a chain pulls its rows through the steps before
// it.
#ifndef FACEIO_NN_RUN_HPP
#define FACEIO_NN_RUN_HPP

#include "int8_plan.hpp"

FACEIO_BEGIN_NAMESPACE

namespace detail {

inline void zero_floats(float* p, ptrdiff_t count) noexcept {
  for (ptrdiff_t i = 0; i < count; ++i) p[i] = 0.0f;
}
/// No call of memcpy(), which programs without a C library lack; sixteen bytes at a time whatever the optimiser does.
inline void copy_bytes(const uint8_t* from, uint8_t* to, ptrdiff_t count) noexcept {
  constexpr ptrdiff_t kBlock = 16;
  ptrdiff_t i = 0;
  for (; i + kBlock <= count; i += kBlock) {
    uint8_t block[kBlock];
    __builtin_memcpy(block, from + i, kBlock);
    __builtin_memcpy(to + i, block, kBlock);
  }
  for (; i < count; ++i) to[i] = from[i];
}

/// Kernels read three bytes beyond the border of a picture, for weights of 0 (memory_plan.hpp): let them be some.
inline void fill_beyond(const Int8Map& map, int32_t y) noexcept {
  constexpr int32_t kPicture_bytes = 3;
  if (map.pixel_stride_bytes != kPicture_bytes) return;
  copy_bytes(map.border_pixel, map.pixel(y, map.width + map.border), kPicture_bytes);
}

/// Fills a row and its border with the border pixel: zeros, or what is zero in an int8 map.
inline void fill_row(const Int8Map& map, int32_t y) noexcept {
  uint8_t* p = map.pixel(y, -map.border);
  for (int32_t x = -map.border; x < map.width + map.border; ++x, p += map.pixel_stride_bytes) {
    copy_bytes(map.border_pixel, p, map.pixel_stride_bytes);
  }
  fill_beyond(map, y);
}
inline void fill_row(const MapView& map, int32_t y) noexcept {
  const int32_t before = map.in_planes() ? kPlaneMargin : map.border * map.pixel_stride;
  zero_floats(map.row(y) - before, map.row_stride);
}

/// Fills the border left and right of a row.
inline void fill_sides(const Int8Map& map, int32_t y) noexcept {
  copy_bytes(map.border_pixel, map.pixel(y, -1), map.pixel_stride_bytes);
  copy_bytes(map.border_pixel, map.pixel(y, map.width), map.pixel_stride_bytes);
  fill_beyond(map, y);
}
inline void fill_sides(const MapView& map, int32_t y) noexcept {
  float* const row = map.row(y);
  if (!map.in_planes()) {
    zero_floats(row - map.pixel_stride, map.pixel_stride);
    zero_floats(row + static_cast<ptrdiff_t>(map.width) * map.pixel_stride, map.pixel_stride);
    return;
  }
  for (int32_t c = 0; c < map.channels; ++c) {
    float* const plane = row + static_cast<ptrdiff_t>(c) * map.channel_step;
    zero_floats(plane - kPlaneMargin, kPlaneMargin);
    zero_floats(plane + map.width, map.channel_step - kPlaneMargin - map.width);
  }
}

/// Fills the border of a whole map.
template <class Map>
inline void fill_border(const Map& map) noexcept {
  fill_row(map, -1);
  for (int32_t y = 0; y < map.height; ++y) fill_sides(map, y);
  fill_row(map, map.height);
}

/// Fills row -1 of a ring, and the border of all rows to come.
template <class Map>
inline void fill_ring_border(const Map& map) noexcept {
  for (int32_t slot = 0; slot < map.ring_rows; ++slot) fill_sides(map, slot);
  fill_row(map, -1);
}

}  // namespace detail

/// Rows of a picture as a network wants them: the source of run(). Pixels of the network's input
/// beyond the picture get the mean colour. Precondition: validate(image) is ok.
class PictureRows {
 public:
  PictureRows(const BoundNetwork& bound, const ImageView& image) noexcept
      : PictureRows(bound, image, image, nullptr) {}

  /// The picture resized to `size`, and mirrored if asked. `row` has room for one RGB8 row of it.
  PictureRows(const BoundNetwork& bound, const ImageView& image, Size size, bool mirrored,
              uint8_t* row) noexcept
      // Stride 0: all rows of the resized picture pass through the same memory.
      : PictureRows(bound, image, ImageView(row, size, 0, PixelFormat::RGB8), row) {
    mirrored_ = mirrored;
  }

  void operator()(const MapView& input, int32_t y) const noexcept {
    resize_row(y);
    const Preprocessing& p = preprocessing_;
    kernels_->u8_to_f32({source_, input, p.bgr, {p.mean[0], p.mean[1], p.mean[2]}, p.scale}, y,
                        y + 1);
  }

  /// RGB8 pixels as they are.
  void operator()(const Int8Map& input, int32_t y) const noexcept {
    resize_row(y);
    const int32_t width = source_.size.width_px < input.width ? source_.size.width_px : input.width;
    const int32_t pixels = y < source_.size.height_px ? width : 0;  // of the picture
    if (pixels > 0) {
      if (source_.format == PixelFormat::RGB8) {
        const uint8_t* const row = source_.data + static_cast<size_t>(y) * source_.stride_bytes;
        detail::copy_bytes(row, input.row(y), static_cast<ptrdiff_t>(pixels) * 3);
        // Rows come from memory, between layers that push them out of the caches.
        constexpr size_t kRowsAhead = 2, kLine_bytes = 64;
        for (size_t at = 0; at < static_cast<size_t>(pixels) * 3; at += kLine_bytes) {
          FACEIO_PREFETCH_L2(row + kRowsAhead * source_.stride_bytes + at);
        }
      } else {
        // To its own size: other formats become RGB8.
        ImageView cut = source_;
        cut.size.width_px = pixels;
        kernels_->resize_bilinear_u8({cut, input.row(y), cut.size, 0}, y, y + 1);
      }
    }
    for (int32_t x = pixels; x < input.width; ++x) detail::copy_bytes(input.border_pixel, input.pixel(y, x), 3);
  }

 private:
  void resize_row(int32_t y) const noexcept {
    if (resized_row_ == nullptr || y >= source_.size.height_px) return;
    kernels_->resize_bilinear_u8({image_, resized_row_, source_.size, 0}, y, y + 1);
    if (mirrored_) mirror_rgb8_row(resized_row_, source_.size.width_px);
  }

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
  bool mirrored_ = false;
};

/// Source of run() when the caller has filled plan.input; only where that is whole.
struct InputIsThere {
  void operator()(const MapView&, int32_t) const noexcept {}
  void operator()(const Int8Map&, int32_t) const noexcept {}
};

/// What operation `first_op + part` of a step writes: a map, or a slice of one.
inline MapView output_of(const Step& step, int part) noexcept {
  if (step.winograd) return step.winograd_args.part[part].out;
  switch (step.op) {
    case Op::batchnorm: return step.batchnorm.out;
    case Op::add: return step.add.out;
    case Op::upsample_nearest: return step.upsample.out;
    default: return step.conv.out;
  }
}
/// What a step of an int8 network writes: a map, or an output of the network.
struct Int8Output {
  Int8Map map;
  MapView floats;  // data null: map instead

  int32_t height() const noexcept { return floats.data != nullptr ? floats.height : map.height; }
};
inline Int8Output output_of(const Int8Step& step, int part) noexcept {
  if (step.winograd) return {step.winograd_args.part[part].out, {}};
  return {step.conv.out, step.conv.float_out};
}

/// Hook of run(): called when a chain is done, for each operation of its last step, with the
/// operation's index in the network table and the map that was written. Layer by layer, that is
/// every operation and its result; depth-first, operations that were computed together name the
/// result of the last one.
struct NoTrace {
  void operator()(size_t, const MapView&) const noexcept {}
  void operator()(size_t, const Int8Output&) const noexcept {}
};

/// Sink of run(): called with an index into plan.outputs and rows [row_begin, row_end) that are there now and
/// will be overwritten; rows of an output come in rising order. Only where outputs are streamed.
struct NoSink {
  void operator()(int, int32_t, int32_t) const noexcept {}
};

namespace detail {

inline void run_rows(const KernelTable& k, const Step& step, int32_t row_begin,
                     int32_t row_end) noexcept {
  switch (step.op) {
    case Op::conv3x3:
#if !defined(FACEIO_SMALL)
      if (step.winograd) {
        k.winograd3x3_f32(step.winograd_args, row_begin, row_end);
        break;
      }
#endif
      k.conv3x3_f32(step.conv, row_begin, row_end);
      break;
    case Op::conv1x1: k.conv1x1_f32(step.conv, row_begin, row_end); break;
    case Op::depthwise3x3: k.depthwise3x3_f32(step.conv, row_begin, row_end); break;
    case Op::global_depthwise: k.global_depthwise_f32(step.conv, row_begin, row_end); break;
    case Op::batchnorm: k.batchnorm_f32(step.batchnorm, row_begin, row_end); break;
    case Op::add: k.add_f32(step.add, row_begin, row_end); break;
    case Op::upsample_nearest: k.upsample_nearest_f32(step.upsample, row_begin, row_end); break;
  }
}
inline void run_rows(const Int8KernelTable& k, const Int8Step& step, int32_t row_begin, int32_t row_end) noexcept {
  switch (step.op) {
    case Op::conv3x3:
#if !defined(FACEIO_SMALL)
      if (step.winograd) {
        k.winograd3x3_int8(step.winograd_args, row_begin, row_end);
        break;
      }
#endif
      k.conv3x3_int8(step.conv, row_begin, row_end);
      break;
    case Op::conv1x1: k.conv1x1_int8(step.conv, row_begin, row_end); break;
    case Op::depthwise3x3: k.depthwise3x3_int8(step.conv, row_begin, row_end); break;
    case Op::global_depthwise: k.global_depthwise_int8(step.conv, row_begin, row_end); break;
    default: FACEIO_ASSERT(false, "bind() lets no other operation into an int8 network"); break;
  }
}

inline int32_t height_of(const MapView& output) noexcept { return output.height; }
inline int32_t height_of(const Int8Output& output) noexcept { return output.height(); }

/// Pulls rows through one chain: rows of a step ask for the rows they need of the step before it.
/// What the first step reads is there already, or is the picture, whose rows come from the source.
template <class AnyPlan, class Source, class Sink>
class Chain {
  using AnyStep = typename AnyPlan::StepType;

 public:
  Chain(const AnyPlan& plan, size_t first, const Source& source, const Sink& sink) noexcept
      : plan_(plan), first_(first), source_(source), sink_(sink) {
    if (plan.input.ring_rows != 0 && first == 0 && plan.input.border != 0) {
      fill_ring_border(plan.input);
    }
    for (size_t s = first; s + 1 < plan.steps[first].chain_end; ++s) {
      if (plan.steps[s].conv.out.border != 0) fill_ring_border(plan.steps[s].conv.out);
    }
  }

  /// Computes rows of a step up to `row_end`; the row after the last one is the zero border.
  void pull(size_t s, int32_t row_end) noexcept {
    const AnyStep& step = plan_.steps[s];
    const int32_t height = height_of(output_of(step, 0));
    for (int32_t& y = next_row_[s + 1]; y < row_end;) {
      if (y == height) {
        fill_row(step.conv.out, y++);
        continue;
      }
      // A step alone takes all rows at once.
      int32_t end = row_end < height ? row_end : height;
      if (!is_alone(s) && end > y + step.rows_per_call) end = y + step.rows_per_call;
      if (s > first_) {
        pull(s - 1, input_rows_of(step, end));
      } else if (s == 0 && plan_.input.ring_rows != 0) {
        pull_picture(input_rows_of(step, end));
      }
      run_rows(*plan_.kernels, step, y, end);
      if (step.streamed_output >= 0) sink_(step.streamed_output, y, end);
      y = end;
    }
  }

 private:
  static int32_t input_rows_of(const AnyStep& step, int32_t row_end) noexcept {
    return input_rows(step.op, step.conv.stride, step.conv.pad_before, row_end);
  }
  bool is_alone(size_t s) const noexcept {
    const AnyStep& step = plan_.steps[s];
    return s == first_ && s + 1 == step.chain_end && (s > 0 || plan_.input.ring_rows == 0) &&
           step.streamed_output < 0;
  }
  void pull_picture(int32_t row_end) noexcept {
    for (int32_t& y = next_row_[0]; y < row_end; ++y) {
      if (y == plan_.input.height) {
        fill_row(plan_.input, y);
      } else {
        source_(plan_.input, y);
      }
    }
  }

  const AnyPlan& plan_;
  const size_t first_;
  const Source& source_;
  const Sink& sink_;
  int32_t next_row_[kMaxOps + 1] = {};  // of the picture, then of every step
};

}  // namespace detail

/// Runs the network on the rows that `source` writes: source(input, y) for each row y of
/// plan.input, in rising order. Never allocates. Thread-safe for plans in different scratch
/// memories. For plans of both precisions.
template <class AnyPlan, class Source, class Trace = NoTrace, class Sink = NoSink>
inline void run(const AnyPlan& plan, const Source& source, const Trace& trace = Trace{},
                const Sink& sink = Sink{}) noexcept {
  if (plan.input.ring_rows == 0) {
    if (plan.input.border != 0) detail::fill_border(plan.input);
    for (int32_t y = 0; y < plan.input.height; ++y) source(plan.input, y);
  }
  for (size_t first = 0; first < plan.steps.size; first = plan.steps[first].chain_end) {
    const size_t last = plan.steps[first].chain_end - size_t{1};
    const auto& step = plan.steps[last];
    for (const auto& map : step.fill_border) {
      if (map.data != nullptr) detail::fill_border(map);
    }
    detail::Chain<AnyPlan, Source, Sink>(plan, first, source, sink).pull(last, detail::height_of(output_of(step, 0)));
    for (int part = 0; part < step.op_count; ++part) {
      trace(static_cast<size_t>(step.first_op) + static_cast<size_t>(part), output_of(step, part));
    }
  }
}

FACEIO_END_NAMESPACE

#endif  // FACEIO_NN_RUN_HPP
