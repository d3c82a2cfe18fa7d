// Memory the caller gives: Span, Arena and Requirements. Nothing in the inner layers allocates.
#ifndef FACEIO_CORE_MEMORY_HPP
#define FACEIO_CORE_MEMORY_HPP

#include "status.hpp"

FACEIO_BEGIN_NAMESPACE

/// Alignment of every arena, map and tensor, in bytes: one cache line, one AVX-512 vector.
inline constexpr size_t kAlignment_bytes = 64;

/// Sizes that do not fit size_t (large pictures on 32-bit CPUs) stick at this value, which no memory has.
inline constexpr size_t kTooLarge_bytes = ~static_cast<size_t>(0);

constexpr size_t saturating_add(size_t a, size_t b) noexcept {
  return a > kTooLarge_bytes - b ? kTooLarge_bytes : a + b;
}
constexpr size_t saturating_multiply(size_t a, size_t b) noexcept {
  return b != 0 && a > kTooLarge_bytes / b ? kTooLarge_bytes : a * b;
}
/// The next multiple of `multiple` > 0, or kTooLarge_bytes.
constexpr size_t round_up(size_t value, size_t multiple) noexcept {
  const size_t sum = saturating_add(value, multiple - 1);
  return sum == kTooLarge_bytes ? sum : sum / multiple * multiple;
}

/// A range of T that lives elsewhere and must outlive the span. Indices are not checked.
template <class T>
struct Span {
  T* data = nullptr;
  size_t size = 0;

  constexpr Span() noexcept = default;
  constexpr Span(T* first, size_t count) noexcept : data(first), size(count) {}
  template <size_t kCount>
  constexpr Span(T (&array)[kCount]) noexcept : data(array), size(kCount) {}
  template <class U>
  constexpr Span(Span<U> other) noexcept : data(other.data), size(other.size) {}

  constexpr T& operator[](size_t index) const noexcept { return data[index]; }
  constexpr T* begin() const noexcept { return data; }
  constexpr T* end() const noexcept { return data + size; }
  constexpr bool empty() const noexcept { return size == 0; }
  constexpr Span first(size_t count) const noexcept { return Span(data, count); }
};

/// Whether two ranges of bytes share one. A range at null is none, whatever its size.
inline bool overlaps(Span<const uint8_t> a, Span<const uint8_t> b) noexcept {
  if (a.data == nullptr || b.data == nullptr) return false;
  const auto a_begin = reinterpret_cast<uintptr_t>(a.data), b_begin = reinterpret_cast<uintptr_t>(b.data);
  return a_begin < b_begin ? b_begin - a_begin < a.size && b.size > 0 : a_begin - b_begin < b.size && a.size > 0;
}

/// Exact memory an object needs. `persistent` is written while creating and read-only afterwards, so
/// it may be shared by threads; `scratch` belongs to one thread at a time. Both start 64-byte aligned.
struct Requirements {
  size_t persistent_bytes = 0;
  size_t scratch_bytes = 0;
};

/// Bump allocator over caller bytes. Also counts without memory: an Arena over a null range hands out
/// null pointers and sums the bytes, so the size asked for and the size used come from the same code.
class Arena {
 public:
  constexpr Arena() noexcept = default;
  constexpr explicit Arena(Span<uint8_t> bytes) noexcept : bytes_(bytes) {}
  constexpr Arena(void* data, size_t size_bytes) noexcept
      : bytes_(static_cast<uint8_t*>(data), size_bytes) {}

  /// 64-byte aligned room for `count` objects of a type that needs no destructor; null when counting or
  /// when full (status() then says how many bytes are missing).
  template <class T>
  constexpr T* take(size_t count) noexcept {
    const size_t begin = used_bytes_;
    used_bytes_ = saturating_add(used_bytes_, round_up(saturating_multiply(count, sizeof(T)), kAlignment_bytes));
    if (bytes_.data == nullptr || used_bytes_ > bytes_.size) return nullptr;
    return static_cast<T*>(static_cast<void*>(bytes_.data + begin));
  }

  constexpr size_t used_bytes() const noexcept { return used_bytes_; }

  /// ok, arena_misaligned, or arena_too_small with the number of missing bytes (all of them when the
  /// memory is null).
  Status status() const noexcept {
    if (bytes_.data == nullptr && used_bytes_ > 0) return Status(Errc::arena_too_small, used_bytes_);
    const auto misaligned = reinterpret_cast<uintptr_t>(bytes_.data) % kAlignment_bytes;
    if (misaligned != 0) return Status(Errc::arena_misaligned, misaligned);
    if (used_bytes_ > bytes_.size) return Status(Errc::arena_too_small, used_bytes_ - bytes_.size);
    return Status();
  }

 private:
  Span<uint8_t> bytes_{};
  size_t used_bytes_ = 0;
};

FACEIO_END_NAMESPACE

#endif  // FACEIO_CORE_MEMORY_HPP
