// A weight blob with other weights in some of its layers: how what was trained gets back into a detector or recogniser.
#ifndef FACEIO_TRAIN_BLOB_WRITER_HPP
#define FACEIO_TRAIN_BLOB_WRITER_HPP

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "../nn/network.hpp"
#include "../weights/blob.hpp"
#include "matrix.hpp"

FACEIO_BEGIN_NAMESPACE
namespace train {

/// Index of the operation of that name. Throws Error when the network has none.
inline uint16_t operation(const NetworkView& network, const std::string& name) {
  for (size_t i = 0; i < network.ops.size; ++i) {
    if (name == network.ops[i].name) return static_cast<uint16_t>(i);
  }
  throw Error("the network has no operation called " + name + "; models/ has their names");
}

/// A 1x1 convolution: out = weights * in + bias.
struct PointwiseLayer {
  Matrix<float> weights;  // [c_out, c_in]
  Vector<float> bias;     // [c_out]
};

/// A copy of a blob, an entry at a time. Not for several threads at once.
class BlobWriter {
 public:
  explicit BlobWriter(const Blob& blob) : model_id_(blob.model_id()) {
    for (const BlobEntry& e : blob.entries()) {
      const uint8_t* const bytes = blob.bytes_of(e);
      entries_.push_back({e, {bytes, bytes + e.bytes}});
    }
  }

  /// Throws Error unless the operation is a 1x1 with fp32 weights and a bias: int8 and fp16 blobs are made of a trained
  /// fp32 one (tools/quantise, tools/convert).
  PointwiseLayer pointwise(uint16_t op) const {
    const Entry& weights = find(op, Role::weights);
    const Entry& bias = find(op, Role::bias);
    PointwiseLayer layer;
    layer.weights.resize(weights.about.dims[0], weights.about.dims[3]);
    layer.bias.resize(weights.about.dims[0]);
    for (Index o = 0; o < layer.weights.rows(); ++o) {
      for (Index i = 0; i < layer.weights.cols(); ++i)
        layer.weights(o, i) = number(weights, place(o, i, layer.weights.cols()));
      layer.bias(o) = number(bias, static_cast<size_t>(o));
    }
    return layer;
  }

  /// Gives the operation other weights and takes away what the self-test expected of it. Throws Error as pointwise()
  /// does, and when sizes differ or a number is not finite.
  void set_pointwise(uint16_t op, const PointwiseLayer& layer) {
    Entry& weights = find(op, Role::weights);
    Entry& bias = find(op, Role::bias);
    const Index outputs = weights.about.dims[0], inputs = weights.about.dims[3];
    if (layer.weights.rows() != outputs || layer.weights.cols() != inputs || layer.bias.size() != outputs)
      throw Error("operation " + std::to_string(op) + " has weights of [" + std::to_string(outputs) + ", " +
                  std::to_string(inputs) + "], the layer [" + std::to_string(layer.weights.rows()) + ", " +
                  std::to_string(layer.weights.cols()) + "] and " + std::to_string(layer.bias.size()) + " biases");
    if (!layer.weights.allFinite() || !layer.bias.allFinite())
      throw Error("operation " + std::to_string(op) + ": a weight or bias is not finite; the training diverged");
    for (Index o = 0; o < outputs; ++o) {
      for (Index i = 0; i < inputs; ++i) set_number(weights, place(o, i, inputs), layer.weights(o, i));
      set_number(bias, static_cast<size_t>(o), layer.bias(o));
    }
    const auto stale = [op](const Entry& e) { return e.about.op_index == op && e.about.role == Role::selftest_output; };
    entries_.erase(std::remove_if(entries_.begin(), entries_.end(), stale), entries_.end());
  }

  /// Replaces the blob's UTF-8 JSON about its origin: source, licence, training data. It must say what was trained.
  /// Throws Error when the blob has none.
  void set_provenance(const std::string& json) {
    for (Entry& e : entries_) {
      if (e.about.op_index != kWholeModel || e.about.role != Role::provenance) continue;
      e.bytes.assign(json.begin(), json.end());
      e.about.dims[0] = static_cast<uint32_t>(json.size());
      e.about.bytes = json.size();
      return;
    }
    throw Error("the blob has no provenance to replace; it is none of faceio's converters'");
  }

  /// The file, as docs/weight_format.md has it.
  std::vector<uint8_t> bytes() const {
    BlobHeader header = {};
    std::memcpy(header.magic, kBlobMagic, sizeof header.magic);
    header.format_version = kBlobVersion;
    header.header_bytes = sizeof(BlobHeader);
    header.endian_mark = kBlobEndianMark;
    header.entry_count = static_cast<uint32_t>(entries_.size());
    header.model_id = model_id_;
    const size_t payload = sizeof(BlobHeader) + entries_.size() * sizeof(BlobEntry);
    header.payload_offset = static_cast<uint32_t>(payload);
    std::vector<uint8_t> file(payload);
    for (size_t i = 0; i < entries_.size(); ++i) {
      BlobEntry about = entries_[i].about;
      about.offset = file.size();
      std::memcpy(&file[sizeof(BlobHeader) + i * sizeof(BlobEntry)], &about, sizeof about);
      file.insert(file.end(), entries_[i].bytes.begin(), entries_[i].bytes.end());
      file.resize((file.size() + kAlignment_bytes - 1) / kAlignment_bytes * kAlignment_bytes);
    }
    header.file_bytes = file.size();
    header.directory_crc32c = crc32c(&file[sizeof(BlobHeader)], payload - sizeof(BlobHeader));
    header.payload_crc32c = crc32c(file.data() + payload, file.size() - payload);
    std::memcpy(file.data(), &header, sizeof header);
    header.header_crc32c = crc32c(file.data(), offsetof(BlobHeader, header_crc32c));
    std::memcpy(file.data(), &header, sizeof header);
    return file;
  }

 private:
  static constexpr size_t kAlignment_bytes = 64;

  struct Entry {
    BlobEntry about;
    std::vector<uint8_t> bytes;
  };

  const Entry& find(uint16_t op, Role role) const {
    for (const Entry& e : entries_) {
      if (e.about.op_index != op || e.about.role != role) continue;
      const bool pointwise = role == Role::bias || (e.about.layout == Layout::panel16 && e.about.rank == 4 &&
                                                    e.about.dims[1] == 1 && e.about.dims[2] == 1);
      if (e.about.dtype == DType::f32 && pointwise) return e;
    }
    throw Error("operation " + std::to_string(op) + " of the blob is no 1x1 convolution with fp32 weights and a bias; "
                "train with the fp32 blob");
  }
  Entry& find(uint16_t op, Role role) { return const_cast<Entry&>(static_cast<const BlobWriter*>(this)->find(op, role)); }

  /// Of a weight among those of its layer: panels of 16 outputs.
  static size_t place(Index output, Index input, Index inputs) noexcept {
    return static_cast<size_t>((output / kPanel * inputs + input) * kPanel + output % kPanel);
  }
  static float number(const Entry& e, size_t i) {
    float value;
    std::memcpy(&value, &e.bytes[i * sizeof value], sizeof value);
    return value;
  }
  static void set_number(Entry& e, size_t i, float value) {
    std::memcpy(&e.bytes[i * sizeof value], &value, sizeof value);
  }

  uint64_t model_id_;
  std::vector<Entry> entries_;
};

/// The layer followed by a linear head without bias: weights become head * weights, the bias head * bias. In double.
inline PointwiseLayer followed_by(const PointwiseLayer& layer, const Matrix<float>& head) {
  if (head.cols() != layer.weights.rows() || head.rows() != layer.weights.rows())
    throw Error("a head of [" + std::to_string(head.rows()) + ", " + std::to_string(head.cols()) +
                "] does not fold into a layer of " + std::to_string(layer.weights.rows()) + " outputs; it has to be square");
  const Matrix<double> h = head.cast<double>();
  return {(h * layer.weights.cast<double>()).cast<float>(), (h * layer.bias.cast<double>()).cast<float>()};
}

}  // namespace train
FACEIO_END_NAMESPACE

#endif  // FACEIO_TRAIN_BLOB_WRITER_HPP
