// The state of a training in a file: what is needed to go on as if it had never stopped.
//
//   magic "FIOC"  u32   version 1 u32   bytes of a scalar u32   parameters u32   step i64   recipe u64
//   each parameter: bytes of the name u32, name, rows i64, columns i64, velocity 0 or 1 u32, its numbers, those of the
//   velocity; at the end the CRC-32C of all before, u32. Numbers as the computer has them.
#ifndef FACEIO_TRAIN_CHECKPOINT_HPP
#define FACEIO_TRAIN_CHECKPOINT_HPP

#include <cstring>
#include <string>
#include <type_traits>
#include <vector>

#include "../core/hash.hpp"
#include "../files/read_file.hpp"
#include "../files/write_file.hpp"
#include "../weights/format.hpp"
#include "sgd.hpp"

FACEIO_BEGIN_NAMESPACE
namespace train {
namespace detail {

inline constexpr char kCheckpointMagic[4] = {'F', 'I', 'O', 'C'};
inline constexpr uint32_t kCheckpointVersion = 1;

class ByteWriter {
 public:
  std::vector<uint8_t> bytes;

  template <class T>
  void put(const T& value) {
    append(&value, sizeof value);
  }
  void append(const void* from, size_t size) {
    const auto* const p = static_cast<const uint8_t*>(from);
    bytes.insert(bytes.end(), p, p + size);
  }
};

/// Reads what a ByteWriter wrote; throws Error where the file ends too early.
class ByteReader {
 public:
  ByteReader(const std::vector<uint8_t>& bytes, size_t size, const std::string& path)
      : bytes_(bytes), size_(size), path_(path) {}

  template <class T>
  T get() {
    T value;
    take(&value, sizeof value);
    return value;
  }
  void take(void* to, size_t size) {
    if (size > size_ - at_) throw Error(path_ + ": the checkpoint ends in the middle; start anew or use an older one");
    if (size != 0) std::memcpy(to, bytes_.data() + at_, size);
    at_ += size;
  }
  bool at_end() const noexcept { return at_ == size_; }

 private:
  const std::vector<uint8_t>& bytes_;
  size_t size_, at_ = 0;
  const std::string& path_;
};

}  // namespace detail

/// The number by which trainings are told apart: a hash of all that makes two of them differ. Numbers count by their
/// bits.
class Recipe {
 public:
  template <class T>
  Recipe& add(const T& number) noexcept {
    static_assert(std::is_arithmetic_v<T> || std::is_enum_v<T>, "objects may have padding");
    return add(&number, 1);
  }
  template <class T>
  Recipe& add(const T* numbers, size_t count) noexcept {
    const auto* const bytes = static_cast<const uint8_t*>(static_cast<const void*>(numbers));
    for (size_t i = 0; i < count * sizeof(T); ++i) hash_.add(bytes[i], 1);
    return *this;
  }
  uint64_t value() const noexcept { return hash_.value(); }

 private:
  Fnv1a hash_;
};

/// Writes all parameters and the number of steps done, as a whole or not at all. `recipe` is a number that another
/// training has another of. Throws Error when the file cannot be written.
template <class Scalar>
void save_checkpoint(const std::string& path, int64_t step, uint64_t recipe,
                     const std::vector<Parameter<Scalar>>& parameters) {
  detail::ByteWriter to;
  to.append(detail::kCheckpointMagic, sizeof detail::kCheckpointMagic);
  to.put(detail::kCheckpointVersion);
  to.put(static_cast<uint32_t>(sizeof(Scalar)));
  to.put(static_cast<uint32_t>(parameters.size()));
  to.put(step);
  to.put(recipe);
  for (const Parameter<Scalar>& p : parameters) {
    to.put(static_cast<uint32_t>(p.name.size()));
    to.append(p.name.data(), p.name.size());
    to.put(static_cast<int64_t>(p.value.rows()));
    to.put(static_cast<int64_t>(p.value.cols()));
    to.put(static_cast<uint32_t>(p.velocity.size() != 0));
    to.append(p.value.data(), static_cast<size_t>(p.value.size()) * sizeof(Scalar));
    to.append(p.velocity.data(), static_cast<size_t>(p.velocity.size()) * sizeof(Scalar));
  }
  to.put(crc32c(to.bytes.data(), to.bytes.size()));
  std::string error;
  if (!files::write_file(path, {to.bytes.data(), to.bytes.size()}, error)) throw Error(error);
}

/// Reads what save_checkpoint wrote into parameters of the same names and sizes, and returns the steps done. Throws
/// Error, and leaves the parameters as they are, when the file cannot be read, is damaged, or is of another training.
template <class Scalar>
int64_t load_checkpoint(const std::string& path, uint64_t recipe, std::vector<Parameter<Scalar>>& parameters) {
  constexpr size_t kLargest_bytes = SIZE_MAX / 4;
  std::vector<uint8_t> bytes;
  std::string error;
  if (!files::read_file(path, kLargest_bytes, bytes, error)) throw Error(error);
  uint32_t crc = 0;
  const size_t size = bytes.size() < sizeof crc ? 0 : bytes.size() - sizeof crc;
  if (size != 0) std::memcpy(&crc, bytes.data() + size, sizeof crc);
  if (size < sizeof detail::kCheckpointMagic ||
      std::memcmp(bytes.data(), detail::kCheckpointMagic, sizeof detail::kCheckpointMagic) != 0)
    throw Error(path + ": no checkpoint of faceio; give the file that an earlier run wrote");
  if (crc != crc32c(bytes.data(), size))
    throw Error(path + ": the checkpoint is damaged (its checksum differs); start anew or use an older one");
  detail::ByteReader from(bytes, size, path);
  from.get<uint32_t>();
  const auto version = from.get<uint32_t>(), scalar_bytes = from.get<uint32_t>(), count = from.get<uint32_t>();
  const auto step = from.get<int64_t>();
  const auto its_recipe = from.get<uint64_t>();
  if (version != detail::kCheckpointVersion || scalar_bytes != sizeof(Scalar) || count != parameters.size() ||
      its_recipe != recipe)
    throw Error(path + ": the checkpoint is of a training with other options, data or another version; give the same "
                       "ones, or start anew with another file");
  std::vector<Parameter<Scalar>> loaded = parameters;
  for (Parameter<Scalar>& p : loaded) {
    std::string name(p.name.size(), '\0');
    const bool same_size = from.get<uint32_t>() == name.size();
    if (same_size) from.take(name.data(), name.size());
    const bool named = same_size && name == p.name;
    const int64_t rows = named ? from.get<int64_t>() : -1, columns = named ? from.get<int64_t>() : -1;
    if (rows != p.value.rows() || columns != p.value.cols())
      throw Error(path + ": the checkpoint has no " + p.name + " of [" + std::to_string(p.value.rows()) + ", " +
                  std::to_string(p.value.cols()) + "] where this training has one; it is of another");
    const bool moving = from.get<uint32_t>() != 0;
    p.velocity.resize(moving ? rows : 0, moving ? columns : 0);
    from.take(p.value.data(), static_cast<size_t>(p.value.size()) * sizeof(Scalar));
    from.take(p.velocity.data(), static_cast<size_t>(p.velocity.size()) * sizeof(Scalar));
  }
  if (!from.at_end() || step < 0) throw Error(path + ": the checkpoint has something behind its last parameter");
  parameters = std::move(loaded);
  return step;
}

}  // namespace train
FACEIO_END_NAMESPACE

#endif  // FACEIO_TRAIN_CHECKPOINT_HPP
