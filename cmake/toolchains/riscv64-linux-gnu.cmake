# Toolchain file of the preset riscv64: 64-bit RISC-V Linux by clang, run under qemu's user mode (Debian and Ubuntu:
# apt install clang-19 g++-riscv64-linux-gnu qemu-user). FACEIO_QEMU_CPU is a CPU of qemu-riscv64 with its properties;
# v=false is one without vectors.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR riscv64)
if(NOT CMAKE_CXX_COMPILER)
  set(CMAKE_CXX_COMPILER clang++-19)
endif()
set(CMAKE_CXX_COMPILER_TARGET riscv64-linux-gnu)
set(CMAKE_CXX_FLAGS_INIT "-march=rv64gc")
set(CMAKE_EXE_LINKER_FLAGS_INIT "-fuse-ld=/usr/bin/riscv64-linux-gnu-ld")

set(FACEIO_QEMU_CPU rv64,v=true,vlen=128,vext_spec=v1.0 CACHE STRING "CPU that tests of a cross build run on")
find_program(FACEIO_QEMU qemu-riscv64)
if(FACEIO_QEMU)
  set(CMAKE_CROSSCOMPILING_EMULATOR ${FACEIO_QEMU} -L /usr/riscv64-linux-gnu -cpu ${FACEIO_QEMU_CPU})
endif()

set(CMAKE_FIND_ROOT_PATH /usr/riscv64-linux-gnu)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
