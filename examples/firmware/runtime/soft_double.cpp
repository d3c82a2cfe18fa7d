// soft_double.hpp by the names that compilers call.
#if defined(__riscv_flen) && __riscv_flen < 64
#include "soft_double.hpp"

namespace {

uint64_t bits_of(double x) {
  uint64_t bits;
  __builtin_memcpy(&bits, &x, sizeof bits);
  return bits;
}
double double_of(uint64_t bits) {
  double x;
  __builtin_memcpy(&x, &bits, sizeof x);
  return x;
}
soft::Parts parts(double x) { return soft::Double::unpack(bits_of(x)); }
double joined(const soft::Parts& p) { return double_of(soft::Double::pack(p)); }
double opposite(double x) { return double_of(bits_of(x) ^ uint64_t{1} << 63); }

}  // namespace

extern "C" {

double __adddf3(double a, double b) { return joined(soft::add(parts(a), parts(b))); }
double __subdf3(double a, double b) { return joined(soft::add(parts(a), parts(opposite(b)))); }
double __muldf3(double a, double b) { return joined(soft::multiply(parts(a), parts(b))); }
double __divdf3(double a, double b) { return joined(soft::divide(parts(a), parts(b))); }
int __ltdf2(double a, double b) { return soft::compare(bits_of(a), bits_of(b), 1); }
int __ledf2(double a, double b) { return soft::compare(bits_of(a), bits_of(b), 1); }
int __eqdf2(double a, double b) { return soft::compare(bits_of(a), bits_of(b), 1); }
int __nedf2(double a, double b) { return soft::compare(bits_of(a), bits_of(b), 1); }
int __gtdf2(double a, double b) { return soft::compare(bits_of(a), bits_of(b), -1); }
int __gedf2(double a, double b) { return soft::compare(bits_of(a), bits_of(b), -1); }
int __fixdfsi(double a) { return soft::to_int32(bits_of(a)); }
double __floatsidf(int a) {
  const auto bits = static_cast<uint32_t>(a);
  return double_of(soft::from_uint32(a < 0 ? 0 - bits : bits, a < 0));
}
double __floatunsidf(unsigned a) { return double_of(soft::from_uint32(a, false)); }
double __extendsfdf2(float a) {
  uint32_t bits;
  __builtin_memcpy(&bits, &a, sizeof bits);
  return joined(soft::Float::unpack(bits));
}
float __truncdfsf2(double a) {
  const auto bits = static_cast<uint32_t>(soft::Float::pack(parts(a)));
  float x;
  __builtin_memcpy(&x, &bits, sizeof x);
  return x;
}

}  // extern "C"
#endif
