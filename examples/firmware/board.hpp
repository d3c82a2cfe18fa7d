// What a board gives the program, and the program a board.
#ifndef BOARD_HPP
#define BOARD_HPP

namespace board {

void print(const char* text);  // the board's
int program();                 // main.cpp's; its result is the exit code
extern const int repeats;      // detections and embeddings it makes: several to count instructions

}  // namespace board

#endif
