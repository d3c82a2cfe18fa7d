# Toolchain file of the clang presets: the newest clang that is installed, whatever it is called.
# -DCMAKE_CXX_COMPILER=... on the command line chooses another one.
if(CMAKE_CXX_COMPILER)
  return()
endif()
find_program(FACEIO_CLANG_CXX
  NAMES clang++-21 clang++-20 clang++-19 clang++-18 clang++-17 clang++-16 clang++-15 clang++-14
        clang++)
if(NOT FACEIO_CLANG_CXX)
  message(FATAL_ERROR "faceio: no clang++ is installed (Debian and Ubuntu: apt install clang)")
endif()
set(CMAKE_CXX_COMPILER ${FACEIO_CLANG_CXX})
