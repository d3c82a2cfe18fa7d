// The same program on the computer that builds it: what a board has to say too.
#include <stdio.h>

#include "../board.hpp"

#if defined(__SSE__)
#include <xmmintrin.h>
#endif

void board::print(const char* text) { fputs(text, stdout); }

int main() {
  const int result = board::program();
#if defined(__SSE__)
  // Flags that stay: an operand was denormal, a result too small to be normal.
  if ((_mm_getcsr() & (_MM_EXCEPT_DENORM | _MM_EXCEPT_UNDERFLOW)) == 0) puts("denormals none");
#endif
  return result;
}
