// Which scales of a picture are searched, and in which pieces.
#ifndef FACEIO_PIPELINE_PYRAMID_HPP
#define FACEIO_PIPELINE_PYRAMID_HPP

#include "../core/image_view.hpp"
#include "../models/retinaface_mnet025.hpp"

FACEIO_BEGIN_NAMESPACE

/// Most levels of a pyramid.
inline constexpr int kMaxLevels = 4;

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
  /// Side in pixels of the largest face of interest. Where the scale of min_face_px makes it larger than
  /// the largest anchor (512 px), the picture is searched at coarser scales too. 0 or less: one scale.
  int32_t max_face_px = 0;
  /// The longer sides in pixels to which the picture is scaled, instead of what the two face sizes ask
  /// for: one level each, up to the first that is 0 or less. A side beyond kMostEnlargement times the
  /// picture's counts as that.
  int32_t long_sides_px[kMaxLevels] = {};
  /// Every level also mirrored, at twice the cost.
  bool flip = false;
  /// A reported box becomes the mean, weighted by score, of all boxes that overlap it by this IoU or
  /// more (Gidaris & Komodakis 2015, section 4.3). 0 or less: it stays as it is.
  float voting_iou = 0.0f;
  /// Candidates kept for non-maximum suppression, best first, as published. 0 or less finds nothing.
  int32_t max_candidates = 5000;
};

/// An IoU for voting_iou: what the program votes by.
inline constexpr float kVotingIou = 0.7f;
/// How far long_sides_px enlarges a picture at most: beyond it there is nothing more to see.
inline constexpr int32_t kMostEnlargement = 3;
/// Scale of a level over that of the next coarser one that max_face_px asks for. A level finds faces of
/// kLeastSide_px to kMostSide_px, so neighbouring levels share most sizes.
inline constexpr double kLevelRatio = 4.0;
/// Sides in network pixels between which a level's faces count: from one and a half times the smallest
/// anchor, where a finer level sees better, to the largest. The finest level has no lower limit, the
/// coarsest no upper one.
inline constexpr float kLeastSide_px = 24.0f;
inline constexpr float kMostSide_px = 512.0f;
/// A level with a longer side is searched in tiles, which bounds the memory.
inline constexpr int32_t kTileSide_px = 4096;
/// Above every coordinate and side, in place of a limit that there is not.
inline constexpr float kNoLimit_px = 3.4e38f;

/// The picture at one scale.
struct Level {
  Size size;                      // network pixels
  float least_side_px = 0.0f;        // of a face that counts, network pixels: at least
  float most_side_px = kNoLimit_px;  // less than
};

/// Levels, the finest first.
struct Levels {
  Level level[kMaxLevels];
  int count = 0;
};

/// A piece of the picture that is one input of the network.
struct Tile {
  int32_t x_px = 0, y_px = 0;     // of its first pixel; even
  Size source;                    // pixels of the picture
  Size size;                      // network pixels
  // Faces count when their centre lies here, so that each belongs to one tile. Picture pixels; the
  // outermost tiles have no outer limit.
  float core_left = -kNoLimit_px, core_top = -kNoLimit_px;
  float core_right = kNoLimit_px, core_bottom = kNoLimit_px;
};

namespace detail {

constexpr int32_t scaled_side(int32_t side_px, double scale) noexcept {
  const double side = static_cast<double>(side_px) * scale + 0.5;
  constexpr double kBeyond = kMaxImageSide_px + 1.0;
  return static_cast<int32_t>(side < 1.0 ? 1.0 : side > kBeyond ? kBeyond : side);
}

constexpr Size scaled_size(Size image, double scale) noexcept {
  return {scaled_side(image.width_px, scale), scaled_side(image.height_px, scale)};
}

/// Inserts a level where it belongs unless one of its size is there.
constexpr void insert_level(Levels& levels, Size size) noexcept {
  int at = 0;
  while (at < levels.count && levels.level[at].size.width_px >= size.width_px &&
         levels.level[at].size.height_px >= size.height_px) {
    if (levels.level[at].size == size) return;
    ++at;
  }
  for (int i = levels.count; i > at; --i) levels.level[i] = levels.level[i - 1];
  levels.level[at] = Level{};
  levels.level[at].size = size;
  ++levels.count;
}

constexpr int32_t longer_side(Size size) noexcept {
  return size.width_px > size.height_px ? size.width_px : size.height_px;
}

/// Where piece `index` of `count` begins, in pixels; even, because pairs of pixels share chroma.
constexpr int32_t piece_begin(int32_t side_px, int32_t index, int32_t count) noexcept {
  return side_px * index / count / 2 * 2;
}

constexpr int32_t pieces(int32_t side_px) noexcept {
  return (side_px + kTileSide_px - 1) / kTileSide_px;
}

/// One direction of a tile.
struct Piece {
  int32_t begin_px = 0, source_px = 0, size_px = 0;
  float core_begin = -kNoLimit_px, core_end = kNoLimit_px;
};

constexpr Piece piece_of(int32_t image_px, int32_t level_px, int32_t index) noexcept {
  const int32_t count = pieces(level_px);
  if (count <= 1) return {0, image_px, level_px, -kNoLimit_px, kNoLimit_px};
  const int32_t begin = piece_begin(image_px, index, count);
  const int32_t end = index + 1 < count ? piece_begin(image_px, index + 1, count) : image_px;
  // Half of the largest face around the core, so that a face whose centre is there is seen whole.
  const auto margin = static_cast<int32_t>(
      static_cast<double>(kMostSide_px) / 2.0 * image_px / level_px / 2.0 + 1.0) * 2;
  const int32_t from = begin > margin ? begin - margin : 0;
  const int32_t to = image_px - end > margin ? end + margin : image_px;
  Piece piece;
  piece.begin_px = from;
  piece.source_px = to - from;
  piece.size_px = image_px == level_px
                      ? to - from
                      : scaled_side(to - from, static_cast<double>(level_px) / image_px);
  if (index > 0) piece.core_begin = static_cast<float>(begin);
  if (index + 1 < count) piece.core_end = static_cast<float>(end);
  return piece;
}

}  // namespace detail

/// The levels at which a picture is searched.
constexpr Levels plan_levels(Size image, const DetectorOptions& options) noexcept {
  Levels levels;
  if (options.long_sides_px[0] > 0) {
    const double longer = detail::longer_side(image) > 0 ? detail::longer_side(image) : 1;
    for (const int32_t side : options.long_sides_px) {
      if (side <= 0) break;
      const double scale = side / longer < kMostEnlargement ? side / longer : kMostEnlargement;
      detail::insert_level(levels, detail::scaled_size(image, scale));
    }
  } else {
    const double smallest = options.min_face_px > 0 ? static_cast<double>(options.min_face_px)
                                                    : retinaface_mnet025::kSmallestFace_px;
    double scale = retinaface_mnet025::kSmallestFace_px / smallest;
    detail::insert_level(levels, detail::scaled_size(image, scale));
    const double coarsest =
        options.max_face_px > 0 ? static_cast<double>(kMostSide_px) / options.max_face_px : scale;
    while (scale > coarsest && levels.count < kMaxLevels) {
      scale = scale / kLevelRatio > coarsest ? scale / kLevelRatio : coarsest;
      detail::insert_level(levels, detail::scaled_size(image, scale));
    }
  }
  for (int i = 0; i < levels.count; ++i) {
    if (i > 0) levels.level[i].least_side_px = kLeastSide_px;
    if (i + 1 < levels.count) levels.level[i].most_side_px = kMostSide_px;
  }
  return levels;
}

/// Tiles of a level of `level` network pixels, at least one.
constexpr int32_t tile_count(Size level) noexcept {
  return detail::pieces(level.width_px) * detail::pieces(level.height_px);
}

/// Tile `index` of a level, 0 <= index < tile_count().
constexpr Tile tile_of(Size image, Size level, int32_t index) noexcept {
  const int32_t across = detail::pieces(level.width_px);
  const detail::Piece x = detail::piece_of(image.width_px, level.width_px, index % across);
  const detail::Piece y = detail::piece_of(image.height_px, level.height_px, index / across);
  return {x.begin_px,   y.begin_px,   {x.source_px, y.source_px}, {x.size_px, y.size_px},
          x.core_begin, y.core_begin, x.core_end,                 y.core_end};
}

/// Calls use(level, tile) for every tile of every level, the finest first, as long as it returns true.
template <class Use>
constexpr void for_each_tile(Size image, const DetectorOptions& options, const Use& use) noexcept {
  const Levels levels = plan_levels(image, options);
  for (int l = 0; l < levels.count; ++l) {
    const Level& level = levels.level[l];
    for (int32_t t = 0; t < tile_count(level.size); ++t) {
      if (!use(level, tile_of(image, level.size, t))) return;
    }
  }
}

/// The part of a picture that a tile covers.
constexpr ImageView tile_view(const ImageView& image, const Tile& tile) noexcept {
  const auto x = static_cast<size_t>(tile.x_px), y = static_cast<size_t>(tile.y_px);
  const size_t first = y * image.stride_bytes + row_bytes(image.format, tile.x_px);
  const uint8_t* const chroma =
      image.chroma == nullptr ? nullptr : image.chroma + y / 2 * image.chroma_stride_bytes + x;
  return ImageView(image.data + first, tile.source, image.stride_bytes, image.format, chroma,
                   image.chroma_stride_bytes);
}

FACEIO_END_NAMESPACE

#endif  // FACEIO_PIPELINE_PYRAMID_HPP
