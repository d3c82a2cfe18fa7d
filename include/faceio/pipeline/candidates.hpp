// The best anchors of a detector run: a bounded heap in caller memory, then sorted by falling score.
#ifndef FACEIO_PIPELINE_CANDIDATES_HPP
#define FACEIO_PIPELINE_CANDIDATES_HPP

#include "../core/memory.hpp"

FACEIO_BEGIN_NAMESPACE

/// An anchor by its place in the published order (scale, row, column, anchor), with its score as a
/// difference of logits: monotonic in the softmax score and free of an exponential.
struct Candidate {
  float logit;
  uint32_t anchor;
  uint32_t slot;  // where what belongs to it is kept: below the number of candidates
};

/// Keeps the best `memory.size` candidates pushed into it. Equal scores: the lower anchor is better. For
/// one thread at a time; the memory must outlive the heap and what sorted() returns.
class CandidateHeap {
 public:
  static constexpr uint32_t kNoSlot = 0xffffffffu;

  constexpr explicit CandidateHeap(Span<Candidate> memory) noexcept : memory_(memory) {}

  /// The slot of the new candidate, which a worse one may have had before; kNoSlot when it is not kept.
  uint32_t push(float logit, uint32_t anchor) noexcept {
    if (size_ < memory_.size) {
      const auto slot = static_cast<uint32_t>(size_);
      memory_[size_] = {logit, anchor, slot};
      sift_up(size_++);
      return slot;
    }
    if (size_ == 0 || !better({logit, anchor, 0}, memory_[0])) return kNoSlot;
    const uint32_t slot = memory_[0].slot;
    memory_[0] = {logit, anchor, slot};
    sift_down(size_);
    return slot;
  }

  size_t size() const noexcept { return size_; }
  void restart() noexcept { size_ = 0; }

  /// Best first. The heap is used up.
  Span<const Candidate> sorted() noexcept {
    for (size_t n = size_; n > 1; --n) {
      swap(memory_[0], memory_[n - 1]);
      sift_down(n - 1);
    }
    return {memory_.data, size_};
  }

 private:
  static bool better(Candidate a, Candidate b) noexcept {
    return a.logit > b.logit || (a.logit == b.logit && a.anchor < b.anchor);
  }
  static void swap(Candidate& a, Candidate& b) noexcept {
    const Candidate c = a;
    a = b;
    b = c;
  }
  // The worst candidate is at the root.
  void sift_up(size_t i) noexcept {
    while (i > 0) {
      const size_t parent = (i - 1) / 2;
      if (!better(memory_[parent], memory_[i])) return;
      swap(memory_[parent], memory_[i]);
      i = parent;
    }
  }
  void sift_down(size_t size) noexcept {
    for (size_t i = 0;;) {
      size_t worst = i;
      for (size_t child = 2 * i + 1; child < 2 * i + 3 && child < size; ++child) {
        if (better(memory_[worst], memory_[child])) worst = child;
      }
      if (worst == i) return;
      swap(memory_[i], memory_[worst]);
      i = worst;
    }
  }

  Span<Candidate> memory_;
  size_t size_ = 0;
};

FACEIO_END_NAMESPACE

#endif  // FACEIO_PIPELINE_CANDIDATES_HPP
