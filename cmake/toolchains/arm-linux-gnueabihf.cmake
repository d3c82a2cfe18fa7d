# Toolchain file of the preset armv7: 32-bit Arm Linux with NEON and VFPv4 by gcc, run under qemu's user mode where that
# is installed (Debian and Ubuntu: apt install g++-arm-linux-gnueabihf qemu-user). FACEIO_QEMU_CPU is one of
# `qemu-arm -cpu help`.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR armv7)
if(NOT CMAKE_CXX_COMPILER)
  set(CMAKE_CXX_COMPILER arm-linux-gnueabihf-g++)
endif()
# gcc notes where its ABI was another one before gcc 7.
set(CMAKE_CXX_FLAGS_INIT "-march=armv7-a+neon-vfpv4 -mfpu=neon-vfpv4 -Wno-psabi")

set(FACEIO_QEMU_CPU cortex-a7 CACHE STRING "CPU that tests of a cross build run on")
find_program(FACEIO_QEMU qemu-arm)
if(FACEIO_QEMU)
  set(CMAKE_CROSSCOMPILING_EMULATOR ${FACEIO_QEMU} -L /usr/arm-linux-gnueabihf -cpu ${FACEIO_QEMU_CPU})
endif()

set(CMAKE_FIND_ROOT_PATH /usr/arm-linux-gnueabihf)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
