// A network as a constexpr table: one record per operation, readable top to bottom.
//
// NetworkBuilder is run at compile time (models/*.hpp); a mistake in a table (unknown map, channels
// that do not fit) calls a function that is not constexpr, so it is a compile error that names it.
// Everything after it sees only NetworkView, plain spans of records.
#ifndef FACEIO_NN_NETWORK_HPP
#define FACEIO_NN_NETWORK_HPP

#include "../core/hash.hpp"
#include "../kernels/conv.hpp"
#include "../weights/format.hpp"

FACEIO_BEGIN_NAMESPACE

enum class Op : uint8_t {
  conv3x3 = 1,
  conv1x1 = 2,
  depthwise3x3 = 3,
  global_depthwise = 4,
  batchnorm = 5,
  add = 6,
  upsample_nearest = 7,  // in0 to the size of in1
};

inline constexpr uint16_t kNoMap = 0xffff;

struct OpRecord {
  Op op = Op::conv1x1;
  Activation activation = Activation::linear;
  uint8_t stride = 1;
  uint8_t pad_before = 0;
  uint16_t in0 = kNoMap;
  uint16_t in1 = kNoMap;
  uint16_t out = kNoMap;
  uint16_t out_channel_offset = 0;
  uint16_t c_in = 0;
  uint16_t c_out = 0;
  float leaky_slope = 0.0f;
  char name[24] = {};
};

/// True for the convolutions that Winograd's algorithm can compute, and wins on: every 3x3 of stride 1
/// whose channels fill panels, from 16 channels and 15 x 20 pixels up (benchmarks/kernels).
constexpr bool suits_winograd(const OpRecord& op) noexcept {
  return op.op == Op::conv3x3 && op.stride == 1 && op.pad_before == 1 && op.c_in % kPanel == 0 &&
         op.c_out % kPanel == 0;
}

/// True for the convolutions that run by Winograd's algorithm.
constexpr bool uses_winograd(const OpRecord& op) noexcept {
#if defined(FACEIO_SMALL)
  static_cast<void>(op);
  return false;
#else
  return suits_winograd(op);
#endif
}

struct MapRecord {
  uint16_t channels = 0;
  bool border = false;   // read by a 3x3: needs a zero pixel around it
  bool output = false;   // read by the caller after the run: its memory is not reused, unless it streams
  bool picture = false;  // the input: its pixels lie close together, unless in planes
  bool planes = false;   // each row holds its channels one after the other: see core/map_view.hpp; fp32 only
  bool wide = false;     // 16 bits an element in int8 networks
};

/// What planning and running see of a network. Maps are numbered; map 0 is the input picture.
struct NetworkView {
  Span<const OpRecord> ops;
  Span<const MapRecord> maps;
  Span<const uint16_t> outputs;
  uint64_t model_id = 0;
  Precision precision = Precision::fp32;
};

/// Largest network the planner takes.
inline constexpr int kMaxOps = 96;
inline constexpr int kMaxMaps = 96;
inline constexpr int kMaxOutputs = 8;

namespace network_mistake {
// Deliberately not constexpr: the name is the message of the compile error.
inline void too_many_operations() noexcept {}
inline void too_many_maps() noexcept {}
inline void too_many_outputs() noexcept {}
inline void unknown_map() noexcept {}
inline void stride_is_not_1_or_2() noexcept {}
inline void leaky_slope_is_not_between_0_and_1() noexcept {}
inline void slice_does_not_fit() noexcept {}
inline void slices_overlap() noexcept {}
inline void channels_differ() noexcept {}
inline void this_operation_takes_no_maps_in_planes() noexcept {}
inline void pictures_go_into_convolutions_only() noexcept {}
inline void name_too_long() noexcept {}
}  // namespace network_mistake

struct Map {
  uint16_t id = kNoMap;
};

/// Destination of an operation: a new map, or channels [offset, offset + c_out) of an existing one,
/// which is how a concatenation is written.
struct Slice {
  Map map{};
  uint16_t offset = 0;
};

/// Activation with its slope, as written in a table.
struct Act {
  Activation kind = Activation::linear;
  float slope = 0.0f;
};
inline constexpr Act kLinear{Activation::linear, 0.0f};
inline constexpr Act kRelu{Activation::relu, 0.0f};
inline constexpr Act kPrelu{Activation::prelu, 0.0f};
/// 0 < slope <= 1, as the kernel computes max(x, slope * x).
constexpr Act leaky(float slope) noexcept {
  if (!(slope >= 1e-6f && slope <= 1.0f)) network_mistake::leaky_slope_is_not_between_0_and_1();
  return {Activation::leaky_relu, slope};
}

/// Padding at the top and left of a 3x3: one pixel, or none, as TensorFlow's SAME has it at stride
/// 2 and even sizes. One pixel always follows at the bottom and right. Other operations have no
/// padding.
enum class Padding : uint8_t { symmetric = 1, bottom_right = 0, none = 0 };

template <int kOpCount, int kMapCount>
struct NetworkTable {
  OpRecord ops[kOpCount] = {};
  MapRecord maps[kMapCount] = {};
  uint16_t outputs[kMaxOutputs] = {};
  int op_count = 0;
  int map_count = 0;
  int output_count = 0;
  uint64_t model_id = 0;

  constexpr NetworkView view(Precision precision = Precision::fp32) const noexcept {
    return {{ops, static_cast<size_t>(op_count)},
            {maps, static_cast<size_t>(map_count)},
            {outputs, static_cast<size_t>(output_count)},
            model_id,
            precision};
  }
};

class NetworkBuilder {
 public:
  using Table = NetworkTable<kMaxOps, kMaxMaps>;

  constexpr Map input(int channels) noexcept {
    const Map picture = map(channels);
    table_.maps[picture.id].picture = true;
    return picture;
  }

  /// An empty map to be filled by slices.
  constexpr Map map(int channels) noexcept {
    if (table_.map_count == kMaxMaps) network_mistake::too_many_maps();
    table_.maps[table_.map_count].channels = static_cast<uint16_t>(channels);
    return {static_cast<uint16_t>(table_.map_count++)};
  }

  /// A layer of the picture with up to eight outputs keeps both maps in planes.
  constexpr Map conv3x3(const char* name, Map in, int c_out, int stride, Act act,
                        Padding padding = Padding::symmetric, Slice out = {}) noexcept {
    needs_border(in, stride);
    const bool planes = table_.maps[in.id].picture && c_out <= 8;
    if (planes) table_.maps[in.id].planes = true;
    return append({Op::conv3x3, act, stride, padding, planes}, name, "", in, {}, c_out, out);
  }
  constexpr Map conv1x1(const char* name, Map in, int c_out, Act act, Slice out = {}) noexcept {
    return append({Op::conv1x1, act, 1, Padding::none}, name, "", in, {}, c_out, out);
  }
  constexpr Map conv1x1(const char* block, const char* part, Map in, int c_out, Act act) noexcept {
    return append({Op::conv1x1, act, 1, Padding::none}, block, part, in, {}, c_out, {});
  }
  constexpr Map depthwise3x3(const char* block, const char* part, Map in, int stride, Act act,
                             Padding padding = Padding::symmetric) noexcept {
    needs_border(in, stride);
    return append({Op::depthwise3x3, act, stride, padding, table_.maps[in.id].planes}, block, part,
                  in, {}, channels(in), {});
  }
  constexpr Map global_depthwise(const char* name, Map in, Act act) noexcept {
    return append({Op::global_depthwise, act, 1, Padding::none}, name, "", in, {}, channels(in),
                  {});
  }
  constexpr Map batchnorm(const char* name, Map in) noexcept {
    return append({Op::batchnorm, kLinear, 1, Padding::none}, name, "", in, {}, channels(in), {});
  }
  /// a and b have the same size.
  constexpr Map add(const char* block, const char* part, Map a, Map b) noexcept {
    if (channels(a) != channels(b)) network_mistake::channels_differ();
    return append({Op::add, kLinear, 1, Padding::none}, block, part, a, b, channels(a), {});
  }
  constexpr Map upsample_nearest(const char* name, Map in, Map size_of) noexcept {
    return append({Op::upsample_nearest, kLinear, 1, Padding::none}, name, "", in, size_of,
                  channels(in), {});
  }

  /// Gives a map 16 bits an element in int8 networks, for results that 8 bits would spoil.
  constexpr Map wide(Map m) noexcept {
    channels(m);  // names an unknown map
    table_.maps[m.id].wide = true;
    return m;
  }

  constexpr void output(Map m) noexcept {
    if (table_.output_count == kMaxOutputs) network_mistake::too_many_outputs();
    channels(m);  // names an unknown map
    table_.maps[m.id].output = true;
    table_.outputs[table_.output_count++] = m.id;
  }

  constexpr Table finish() noexcept {
    for (int i = 0; i < table_.op_count; ++i) check_layouts(table_.ops[i]);
    table_.model_id = hash_of_table();
    return table_;
  }

 private:
  struct Kind {
    Op op;
    Act act;
    int stride;
    Padding padding;
    bool to_planes = false;
  };

  /// Once the table is complete: a later operation may put the picture in planes.
  constexpr void check_layouts(const OpRecord& op) const noexcept {
    const uint16_t operands[2] = {op.in0, op.in1};
    for (const uint16_t id : operands) {
      if (id == kNoMap || op.op == Op::conv1x1) continue;
      const MapRecord& in = table_.maps[id];
      if (in.planes && !table_.maps[op.out].planes) {
        network_mistake::this_operation_takes_no_maps_in_planes();
      }
      if (in.picture && !in.planes && in.channels % kPanel != 0 && op.op != Op::conv3x3) {
        network_mistake::pictures_go_into_convolutions_only();
      }
    }
  }

  constexpr void needs_border(Map in, int stride) noexcept {
    channels(in);  // names an unknown map
    if (stride != 1 && stride != 2) network_mistake::stride_is_not_1_or_2();
    table_.maps[in.id].border = true;
  }

  constexpr int channels(Map m) const noexcept {
    if (m.id >= table_.map_count) network_mistake::unknown_map();
    return table_.maps[m.id].channels;
  }

  constexpr Map append(Kind kind, const char* block, const char* part, Map in0, Map in1, int c_out,
                       Slice out) noexcept {
    if (table_.op_count == kMaxOps) network_mistake::too_many_operations();
    const int c_in = channels(in0);
    if (out.map.id == kNoMap) {
      out = {map(c_out), 0};
      table_.maps[out.map.id].planes = kind.to_planes;
    } else if (out.offset % kPanel != 0 || c_out % kPanel != 0 ||
               out.offset + c_out > channels(out.map)) {
      network_mistake::slice_does_not_fit();
    } else {
      // Every channel of a map has one writer, which does not read that map.
      if (out.map.id == in0.id) network_mistake::slices_overlap();
      for (int i = 0; i < table_.op_count; ++i) {
        const OpRecord& other = table_.ops[i];
        if (other.out == out.map.id && other.out_channel_offset < out.offset + c_out &&
            out.offset < other.out_channel_offset + other.c_out) {
          network_mistake::slices_overlap();
        }
      }
    }
    OpRecord& r = table_.ops[table_.op_count++];
    r.op = kind.op;
    r.activation = kind.act.kind;
    r.stride = static_cast<uint8_t>(kind.stride);
    r.pad_before = static_cast<uint8_t>(kind.padding);
    r.in0 = in0.id;
    r.in1 = in1.id;
    r.out = out.map.id;
    r.out_channel_offset = out.offset;
    r.c_in = static_cast<uint16_t>(c_in);
    r.c_out = static_cast<uint16_t>(c_out);
    r.leaky_slope = kind.act.slope;
    size_t at = 0;
    const char* const parts[2] = {block, part};
    for (const char* s : parts) {
      for (; *s != '\0'; ++s) {
        if (at + 1 == sizeof r.name) network_mistake::name_too_long();
        r.name[at++] = *s;
      }
    }
    return out.map;
  }

  /// FNV-1a over the records (docs/weight_format.md): a blob carries the hash of the table it was
  /// converted for, so weights of another network are refused.
  constexpr uint64_t hash_of_table() const noexcept {
    Fnv1a hash;
    for (int i = 0; i < table_.op_count; ++i) {
      const OpRecord& r = table_.ops[i];
      hash.add(static_cast<uint32_t>(r.op), 1);
      hash.add(static_cast<uint32_t>(r.activation), 1);
      hash.add(r.stride, 1);
      hash.add(r.pad_before, 1);
      const uint16_t fields[6] = {r.in0, r.in1, r.out, r.out_channel_offset, r.c_in, r.c_out};
      for (const uint16_t v : fields) hash.add(v, 2);
      hash.add(float_bits(r.leaky_slope), 4);
      for (const char* s = r.name; *s != '\0'; ++s) hash.add(static_cast<uint8_t>(*s), 1);
      hash.add(0u, 1);
    }
    return hash.value();
  }

  /// IEEE single bits of a float in [2^-126, 2), or of 0; C++17 has no constexpr bit cast.
  static constexpr uint32_t float_bits(float value) noexcept {
    if (value == 0.0f) return 0;
    uint32_t exponent = 127;
    while (value < 1.0f) {
      value *= 2.0f;
      --exponent;
    }
    return exponent << 23 | static_cast<uint32_t>((value - 1.0f) * 8388608.0f);
  }

  Table table_{};
};

FACEIO_END_NAMESPACE

#endif  // FACEIO_NN_NETWORK_HPP
