// Division of 64 bits for 32-bit CPUs, by the names that compilers call. A toolchain's compiler-rt or libgcc has it; this
// one makes the example complete without.
#include <stdint.h>

#if UINTPTR_MAX == 0xffffffffu

namespace {

struct Divided {
  uint64_t quotient, remainder;
};

/// Digit by digit; the divisor is not 0.
Divided divide(uint64_t a, uint64_t b) {
  Divided d{0, 0};
  for (int bit = 63; bit >= 0; --bit) {
    d.remainder = d.remainder << 1 | (a >> bit & 1u);
    if (d.remainder < b) continue;
    d.remainder -= b;
    d.quotient |= uint64_t{1} << bit;
  }
  return d;
}

uint64_t magnitude(int64_t a) { return a < 0 ? 0 - static_cast<uint64_t>(a) : static_cast<uint64_t>(a); }

}  // namespace

extern "C" {

uint64_t __udivdi3(uint64_t a, uint64_t b) { return divide(a, b).quotient; }
uint64_t __umoddi3(uint64_t a, uint64_t b) { return divide(a, b).remainder; }
int64_t __divdi3(int64_t a, int64_t b) {
  const uint64_t q = divide(magnitude(a), magnitude(b)).quotient;
  return static_cast<int64_t>((a < 0) != (b < 0) ? 0 - q : q);
}
int64_t __moddi3(int64_t a, int64_t b) {
  const uint64_t r = divide(magnitude(a), magnitude(b)).remainder;
  return static_cast<int64_t>(a < 0 ? 0 - r : r);
}

#if defined(__ARM_EABI__)
// Quotient in r0 and r1, remainder in r2 and r3: not a C function's way.
uint64_t udivmod64(uint64_t a, uint64_t b, uint64_t* remainder) {
  const Divided d = divide(a, b);
  *remainder = d.remainder;
  return d.quotient;
}
int64_t divmod64(int64_t a, int64_t b, int64_t* remainder) {
  *remainder = __moddi3(a, b);
  return __divdi3(a, b);
}
#define AEABI_DIVMOD(name, function)                    \
  __attribute__((naked, used)) void name() {            \
    __asm__ volatile(                                   \
        "push {r6, lr}\n"                               \
        "sub sp, #16\n"                                 \
        "add r6, sp, #8\n"                              \
        "str r6, [sp]\n"                                \
        "bl " #function "\n"                            \
        "ldrd r2, r3, [sp, #8]\n"                       \
        "add sp, #16\n"                                 \
        "pop {r6, pc}\n");                              \
  }
AEABI_DIVMOD(__aeabi_uldivmod, udivmod64)
AEABI_DIVMOD(__aeabi_ldivmod, divmod64)
#endif

}  // extern "C"

#endif
