// Macros that other people's headers really define, with their real shapes: what faceio meets after
// <windows.h> and friends. T and U are missing on purpose: no library survives those.
#ifndef FACEIO_TESTS_COMPILE_HOSTILE_MACROS_HPP
#define FACEIO_TESTS_COMPILE_HOSTILE_MACROS_HPP

// Redefining a keyword or a builtin macro is only a warning away from legal, in a system header.
#pragma GCC system_header

// windows.h and what it includes
#define min(a, b) (((a) < (b)) ? (a) : (b))
#define max(a, b) (((a) > (b)) ? (a) : (b))
#define small char
#define hyper long long
#define near
#define far
#define NEAR
#define FAR
#define IN
#define OUT
#define OPTIONAL
#define CONST const
#define VOID void
#define PASCAL
#define CALLBACK
#define STRICT 1
#define ERROR 0
#define NO_ERROR 0L
#define DELETE (0x00010000L)
#define ABSOLUTE 1
#define RELATIVE 2
#define OPAQUE 2
#define TRANSPARENT 1
#define DIFFERENCE 11
#define interface struct
#define Yield()
#define GetObject GetObjectA
#define LoadImage LoadImageA
#define GetMessage GetMessageA
#define RGB(r, g, b) ((r) | ((g) << 8) | ((b) << 16))
#define rad1 0x0420
#define grp1 0x0430
#define lst1 0x0460
#define cmb1 0x0470

// Xlib.h
#define Bool int
#define True 1
#define False 0
#define None 0L
#define Success 0
#define Always 2
#define Above 0
#define Below 1
#define Unsorted 0
#define Complex 0
#define Expose 12
#define KeyPress 2
#define FocusIn 9
#define CursorShape 0
#define GrayScale 1
#define Convex 2

// curses.h and termios.h
#define OK (0)
#define ERR (-1)
#define TRUE 1
#define FALSE 0
// curses.h defines these unless NCURSES_NOMACROS is set; they also break members of std::vector, so
// only the inner layers, which use no containers, have to survive them.
#if defined(FACEIO_TEST_CURSES_FUNCTIONS)
#define box(win, v, h) wborder(win, v, v, h, h, 0, 0, 0, 0)
#define border(ls, rs, ts, bs, tl, tr, bl, br) wborder(stdscr, ls, rs, ts, bs, tl, tr, bl, br)
#define clear() wclear(stdscr)
#define erase() werase(stdscr)
#define move(y, x) wmove(stdscr, (y), (x))
#define refresh() wrefresh(stdscr)
#define timeout(delay) wtimeout(stdscr, (delay))
#define insert(y, x) winsch(stdscr, y, x)
#define getch() wgetch(stdscr)
#endif
#define ECHO 0000010
#define B0 0000000
#define B50 0000001

// Arduino.h
#define PI 3.1415926535897932384626433832795
#define INPUT 0x0
#define OUTPUT 0x1
#define DEFAULT 1
#define abs(x) ((x) > 0 ? (x) : -(x))
#define round(x) ((x) >= 0 ? (long)((x) + 0.5) : (long)((x)-0.5))
#define sq(x) ((x) * (x))
#define bit(b) (1UL << (b))
#define F(text) (text)
#define constrain(value, low, high) \
  ((value) < (low) ? (low) : ((value) > (high) ? (high) : (value)))

// sys/sysmacros.h, AssertMacros.h, Qt, Objective-C, compilers in GNU mode
#define major(device) ((device) >> 8)
#define minor(device) ((device)&0xff)
#define check(condition) ((void)(condition))
#define verify(condition) ((void)(condition))
#define require(condition, label) if (!(condition)) goto label
#define signals public
#define slots
#define emit
#define foreach(variable, container) for (variable : container)
#define YES 1
#define NO 0
#define nil 0
#define unix 1
#define linux 1

// User code
#define A 1
#define B 2
#define C 3
#define D 4
#define E 5
#define H 8
#define I 9
#define K 11
#define L 12
#define M 13
#define N 14
#define P 16
#define R 18
#define S 19
#define V 22
#define W 23
#define X 24
#define Y 25
#define Z 26
#define DEBUG 1
#define LOG(text)
#define CHECK(condition)
#define ASSERT(condition)
#define UNUSED(name)
#define PANEL 1
#define ALIGN 64
#define SIZE 10
#define likely(condition) (condition)
#define unlikely(condition) (condition)

#endif  // FACEIO_TESTS_COMPILE_HOSTILE_MACROS_HPP
