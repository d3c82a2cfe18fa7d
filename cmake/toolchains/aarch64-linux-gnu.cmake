# Toolchain file of the preset aarch64: 64-bit Arm Linux with gcc, run under qemu's user mode where that is installed
# (Debian and Ubuntu: apt install g++-aarch64-linux-gnu qemu-user). FACEIO_QEMU_CPU is one of `qemu-aarch64 -cpu help`.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
if(NOT CMAKE_CXX_COMPILER)
  set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
endif()

set(FACEIO_QEMU_CPU max CACHE STRING "CPU that tests of a cross build run on")
find_program(FACEIO_QEMU qemu-aarch64)
if(FACEIO_QEMU)
  set(CMAKE_CROSSCOMPILING_EMULATOR ${FACEIO_QEMU} -L /usr/aarch64-linux-gnu -cpu ${FACEIO_QEMU_CPU})
endif()

set(CMAKE_FIND_ROOT_PATH /usr/aarch64-linux-gnu)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
