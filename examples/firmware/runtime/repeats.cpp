#include "../board.hpp"

#if !defined(EXAMPLE_REPEATS)
#define EXAMPLE_REPEATS 1
#endif

const int board::repeats = EXAMPLE_REPEATS;
