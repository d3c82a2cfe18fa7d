// Every allocation of this test program lies between two pages that nobody may touch, and of two one begins at the page
// before it, the other ends at the page behind it: a kernel that reads one element too many ends the program. Sanitizers
// and systems without mmap have their own memory.
#include <doctest/doctest.h>

#if defined(__linux__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define FACEIO_TEST_GUARDS 1
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer) || __has_feature(thread_sanitizer)
#undef FACEIO_TEST_GUARDS
#endif
#endif
#endif

#if defined(FACEIO_TEST_GUARDS)
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <mutex>
#include <new>
#include <vector>

namespace {

size_t page_bytes() {
  static const auto bytes = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  return bytes;
}

/// Where an allocation is, and the mapping around it.
struct Guarded {
  void* data;
  void* mapping;
  size_t mapping_bytes;
};

/// All allocations, by address: a hash table with linear probing, which itself must not allocate.
class Allocations {
 public:
  void insert(const Guarded& added) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (++count_ > kSlots / 2) std::abort();
    size_t i = home(added.data);
    while (slots_[i].data != nullptr) i = (i + 1) % kSlots;
    slots_[i] = added;
  }
  Guarded take(const void* data) {
    const std::lock_guard<std::mutex> lock(mutex_);
    size_t i = home(data);
    while (slots_[i].data != data) {
      if (slots_[i].data == nullptr) std::abort();  // freed twice, or never allocated
      i = (i + 1) % kSlots;
    }
    const Guarded taken = slots_[i];
    --count_;
    // Whatever was pushed further by this one moves up.
    for (size_t next = (i + 1) % kSlots; slots_[next].data != nullptr; next = (next + 1) % kSlots) {
      const size_t distance = (next + kSlots - home(slots_[next].data)) % kSlots;
      if (distance >= (next + kSlots - i) % kSlots) {
        slots_[i] = slots_[next];
        i = next;
      }
    }
    slots_[i] = Guarded{};
    return taken;
  }
  bool next_at_end() { return turn_++ % 2 == 0; }

 private:
  static constexpr size_t kSlots = size_t{1} << 16;
  static size_t home(const void* data) {
    return static_cast<size_t>((reinterpret_cast<uintptr_t>(data) >> 4) * 0x9e3779b97f4a7c15u >> 40) % kSlots;
  }
  std::mutex mutex_;
  Guarded slots_[kSlots] = {};
  size_t count_ = 0;
  unsigned turn_ = 0;
};
Allocations allocations;

void* allocate(size_t size, size_t alignment) {
  const size_t page = page_bytes();
  const size_t room = (size + page - 1) / page * page;
  const size_t all = room + 2 * page;
  void* const mapping = mmap(nullptr, all, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapping == MAP_FAILED) throw std::bad_alloc();
  auto* const first = static_cast<uint8_t*>(mapping) + page;
  if (room > 0 && mprotect(first, room, PROT_READ | PROT_WRITE) != 0) throw std::bad_alloc();
  const bool at_end = allocations.next_at_end();
  void* const data = at_end ? first + (room - size) / alignment * alignment : first;
  allocations.insert({data, mapping, all});
  return data;
}

void release(void* data) {
  if (data == nullptr) return;
  const Guarded taken = allocations.take(data);
  munmap(taken.mapping, taken.mapping_bytes);
}

/// How a child process ends that reads a byte.
int signal_of_reading(const volatile uint8_t* byte) {
  const pid_t child = fork();
  if (child == 0) {
    std::signal(SIGSEGV, SIG_DFL);
    static_cast<void>(*byte);
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

}  // namespace

// Alignment of 1 where none is asked for: kernels need none, and a byte more would go unnoticed with it.
void* operator new(size_t size) { return allocate(size, size % 8 == 0 ? 8 : size % 4 == 0 ? 4 : size % 2 == 0 ? 2 : 1); }
void* operator new[](size_t size) { return operator new(size); }
void* operator new(size_t size, std::align_val_t alignment) { return allocate(size, static_cast<size_t>(alignment)); }
void* operator new[](size_t size, std::align_val_t alignment) { return operator new(size, alignment); }
void operator delete(void* data) noexcept { release(data); }
void operator delete[](void* data) noexcept { release(data); }
void operator delete(void* data, size_t) noexcept { release(data); }
void operator delete[](void* data, size_t) noexcept { release(data); }
void operator delete(void* data, std::align_val_t) noexcept { release(data); }
void operator delete[](void* data, std::align_val_t) noexcept { release(data); }
void operator delete(void* data, size_t, std::align_val_t) noexcept { release(data); }
void operator delete[](void* data, size_t, std::align_val_t) noexcept { release(data); }

TEST_CASE("a byte before or behind an allocation cannot be read") {
  int before = 0, behind = 0;
  for (int i = 0; i < 2; ++i) {
    std::vector<uint8_t> bytes(page_bytes() + 5);
    before += signal_of_reading(bytes.data() - 1) == SIGSEGV;
    behind += signal_of_reading(bytes.data() + bytes.size()) == SIGSEGV;
    CHECK(signal_of_reading(bytes.data()) == 0);
    CHECK(signal_of_reading(bytes.data() + bytes.size() - 1) == 0);
  }
  CHECK(before == 1);
  CHECK(behind == 1);
}
#else
TEST_CASE("guard pages") { MESSAGE("SKIPPED: sanitizers, or a system without mmap, have their own memory"); }
#endif
