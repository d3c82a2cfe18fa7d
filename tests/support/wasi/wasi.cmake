# The C++ library of WASI, as Debian configures it, leaves file streams out; its templates are complete.
find_file(FACEIO_WASI_CONFIG_SITE __config_site PATHS /usr/lib/llvm-19/include/wasm32-wasi/c++/v1
  NO_DEFAULT_PATH NO_CMAKE_FIND_ROOT_PATH)
if(NOT FACEIO_WASI_CONFIG_SITE)
  message(FATAL_ERROR "faceio: the C++ library of WASI is not found. Install it (Debian and Ubuntu: "
    "apt install libc++-19-dev-wasm32 libc++abi-19-dev-wasm32 wasi-libc)")
endif()
file(READ ${FACEIO_WASI_CONFIG_SITE} config_site)
string(REPLACE "#define _LIBCPP_HAS_NO_FILESYSTEM" "" config_site "${config_site}")
file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/wasi/__config_site "${config_site}")

target_sources(faceio_test_support PRIVATE ${CMAKE_CURRENT_LIST_DIR}/libcxx.cpp)
target_include_directories(faceio_test_support BEFORE PUBLIC ${CMAKE_CURRENT_BINARY_DIR}/wasi)
target_compile_definitions(faceio_test_support PUBLIC FACEIO_NO_MMAP _WASI_EMULATED_SIGNAL
  DOCTEST_CONFIG_NO_EXCEPTIONS_BUT_WITH_ALL_ASSERTS)
target_link_libraries(faceio_test_support PUBLIC wasi-emulated-signal)
target_link_options(faceio_test_support PUBLIC -Wl,-z,stack-size=4194304)
