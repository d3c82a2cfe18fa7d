# Toolchain file of the preset wasm: WebAssembly with fixed-width SIMD by clang, tests run in Node (Debian and Ubuntu:
# apt install clang-19 lld-19 libclang-rt-19-dev-wasm32 libc++-19-dev-wasm32 libc++abi-19-dev-wasm32 wasi-libc nodejs).
set(CMAKE_SYSTEM_NAME Generic)
set(FACEIO_WASI ON)
set(CMAKE_SYSTEM_PROCESSOR wasm32)
if(NOT CMAKE_CXX_COMPILER)
  set(CMAKE_CXX_COMPILER clang++-19)
endif()
set(CMAKE_CXX_COMPILER_TARGET wasm32-wasi)
# Tests throw when a file is missing. Nothing catches: tests/support/wasi/libcxx.cpp ends the program.
set(CMAKE_CXX_FLAGS_INIT "-msimd128 -stdlib=libc++ -fexceptions -Xclang -fcxx-exceptions")

find_program(FACEIO_NODE NAMES node nodejs)
if(FACEIO_NODE)
  set(CMAKE_CROSSCOMPILING_EMULATOR ${FACEIO_NODE} --no-warnings ${CMAKE_CURRENT_LIST_DIR}/run_wasi.mjs)
endif()

set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
