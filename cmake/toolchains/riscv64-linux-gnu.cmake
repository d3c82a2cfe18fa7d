# Toolchain file of the preset riscv64: 64-bit RISC-V Linux with vectors by clang, run under qemu's user mode (Debian and
# Ubuntu: apt install clang-19 g++-riscv64-linux-gnu qemu-user). FACEIO_QEMU_VLEN is the length of the registers in bits.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR riscv64)
if(NOT CMAKE_CXX_COMPILER)
  set(CMAKE_CXX_COMPILER clang++-19)
endif()
set(CMAKE_CXX_COMPILER_TARGET riscv64-linux-gnu)
# qemu 7.2 stops at vfncvt.rtz.x.f.w, which clang makes of scalar loops (not only there: docs/targets.md).
set(CMAKE_CXX_FLAGS_INIT "-march=rv64gcv -fno-vectorize -fno-slp-vectorize")
set(CMAKE_EXE_LINKER_FLAGS_INIT "-static -fuse-ld=/usr/bin/riscv64-linux-gnu-ld")

set(FACEIO_QEMU_VLEN 128 CACHE STRING "bits of a vector register of the CPU that tests of a cross build run on")
find_program(FACEIO_QEMU qemu-riscv64)
if(FACEIO_QEMU)
  set(CMAKE_CROSSCOMPILING_EMULATOR ${FACEIO_QEMU} -cpu rv64,v=true,vlen=${FACEIO_QEMU_VLEN},vext_spec=v1.0)
endif()

set(CMAKE_FIND_ROOT_PATH /usr/riscv64-linux-gnu)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
