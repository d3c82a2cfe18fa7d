// The same program on the computer that builds it: what a board has to say too.
#include <stdio.h>

#include "../board.hpp"

void board::print(const char* text) { fputs(text, stdout); }

int main() { return board::program(); }
