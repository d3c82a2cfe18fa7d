// What the C++ library of WASI lacks and the tests use: exceptions, which end the program here, and file streams, whose
// templates are complete.
#include <cstdio>
#include <cstdlib>
#include <fstream>

extern "C" {
void* __cxa_allocate_exception(size_t bytes) noexcept { return std::malloc(bytes); }
[[noreturn]] void __cxa_throw(void*, void*, void (*)(void*)) {
  std::fputs("an exception was thrown; WebAssembly tests cannot catch it\n", stderr);
  std::abort();
}
}

template class std::basic_filebuf<char>;
template class std::basic_ifstream<char>;
template class std::basic_ofstream<char>;
template class std::basic_fstream<char>;
