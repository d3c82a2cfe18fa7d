// Start of a Cortex-M with an FPU, and semihosting.
#include <stddef.h>
#include <stdint.h>

#include "../../board.hpp"

extern "C" {
// Of the linker script.
extern uint32_t ram_begin[], ram_end[], ram_contents[], zeros_begin[], zeros_end[], stack_top[];
[[noreturn]] void reset();
[[noreturn]] void fault();
}

namespace {

constexpr uint32_t kWrite0 = 0x04, kExitExtended = 0x20, kApplicationExit = 0x20026;

uint32_t semihosting(uint32_t operation, const void* argument) {
  register uint32_t r0 __asm__("r0") = operation;
  register const void* r1 __asm__("r1") = argument;
  __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
  return r0;
}

[[noreturn]] void leave(int code) {
  const uint32_t block[2] = {kApplicationExit, static_cast<uint32_t>(code)};
  semihosting(kExitExtended, block);
  while (true) {
  }
}

}  // namespace

void board::print(const char* text) { semihosting(kWrite0, text); }

void reset() {
  // Coprocessors 10 and 11, the FPU, for everybody.
  *reinterpret_cast<volatile uint32_t*>(0xe000ed88u) |= 0xfu << 20;
  __asm__ volatile("dsb\n isb" ::: "memory");
  const uint32_t* from = ram_contents;
  for (uint32_t* to = ram_begin; to < ram_end;) *to++ = *from++;
  for (uint32_t* to = zeros_begin; to < zeros_end;) *to++ = 0;
  leave(board::program());
}

void fault() {
  board::print("fault\n");
  leave(99);
}

// Initial stack pointer, reset, then NMI and the faults.
__attribute__((section(".vectors"), used)) const void* const vectors[16] = {
    stack_top,
    reinterpret_cast<const void*>(reset),
    reinterpret_cast<const void*>(fault),
    reinterpret_cast<const void*>(fault),
    reinterpret_cast<const void*>(fault),
    reinterpret_cast<const void*>(fault),
    reinterpret_cast<const void*>(fault),
};
