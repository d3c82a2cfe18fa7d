# Toolchain file of the preset mingw: 64-bit Windows by MinGW-w64's gcc with POSIX threads, run under Wine (Debian and
# Ubuntu: apt install g++-mingw-w64-x86-64-posix wine64 wine). Programs are static: they need no library beside them.
set(CMAKE_SYSTEM_NAME Windows)
set(CMAKE_SYSTEM_PROCESSOR x86_64)
if(NOT CMAKE_CXX_COMPILER)
  set(CMAKE_CXX_COMPILER x86_64-w64-mingw32-g++-posix)
endif()
set(CMAKE_EXE_LINKER_FLAGS_INIT -static)

# Debian keeps the program beside its libraries. Wine's state goes into the build folder, where run_wine makes it.
find_program(FACEIO_WINE NAMES wine64 wine PATHS /usr/lib/wine)
if(FACEIO_WINE)
  set(CMAKE_CROSSCOMPILING_EMULATOR ${CMAKE_CURRENT_LIST_DIR}/run_wine ${FACEIO_WINE} ${CMAKE_BINARY_DIR}/wine)
endif()

set(CMAKE_FIND_ROOT_PATH /usr/x86_64-w64-mingw32)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
