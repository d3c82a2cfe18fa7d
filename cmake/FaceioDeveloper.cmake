# Flags and packages of faceio's own programs and tests. Nothing here reaches consumers.
if(NOT FACEIO_WASI)
  find_package(Threads REQUIRED)
endif()

# faceio_find_headers(<name> <target> <folder> <header>): a package of headers alone, for a cross build. It is the one of
# the machine that builds, through a link in a folder of its own: the cross compiler must not search all host headers.
function(faceio_find_headers name target folder header)
  find_path(FACEIO_${name}_HEADERS ${folder}/${header} PATHS /usr/include /usr/local/include
    PATH_SUFFIXES eigen3 NO_CMAKE_FIND_ROOT_PATH)
  if(NOT FACEIO_${name}_HEADERS)
    return()
  endif()
  set(links ${CMAKE_BINARY_DIR}/host_headers)
  file(MAKE_DIRECTORY ${links})
  file(CREATE_LINK ${FACEIO_${name}_HEADERS}/${folder} ${links}/${folder} SYMBOLIC)
  if(NOT TARGET ${target})
    add_library(${target} INTERFACE IMPORTED GLOBAL)
    target_include_directories(${target} SYSTEM INTERFACE ${links})
  endif()
  set(${name}_FOUND TRUE PARENT_SCOPE)
endfunction()

# faceio_find_package(<name> <debian package> [<target> <folder> <header>]): find_package that says what to install. The
# last three, of packages of headers alone, are for faceio_find_headers().
function(faceio_find_package name debian_package)
  if(CMAKE_CROSSCOMPILING AND ARGC GREATER 2)
    faceio_find_headers(${name} ${ARGN})
  else()
    find_package(${name} QUIET)
  endif()
  if(NOT ${name}_FOUND)
    message(FATAL_ERROR "faceio: ${name} is not installed. Install it (Debian and Ubuntu: "
      "apt install ${debian_package}) or switch off what needs it with -DFACEIO_BUILD_TESTS=OFF, "
      "-DFACEIO_BUILD_TOOLS=OFF or -DFACEIO_BUILD_BENCHMARKS=OFF")
  endif()
endfunction()

# Target faceio_stb: the include path for <stb/stb_image.h>.
function(faceio_find_stb)
  if(TARGET faceio_stb)
    return()
  endif()
  if(CMAKE_CROSSCOMPILING AND NOT FACEIO_STB_INCLUDE_DIR)
    faceio_find_headers(stb faceio_stb stb stb_image.h)
    if(stb_FOUND)
      return()
    endif()
  endif()
  find_path(FACEIO_STB_INCLUDE_DIR stb/stb_image.h)
  if(NOT FACEIO_STB_INCLUDE_DIR)
    message(FATAL_ERROR "faceio: <stb/stb_image.h> is not found. Install stb (Debian and Ubuntu: "
      "apt install libstb-dev), or pass -DFACEIO_STB_INCLUDE_DIR=<folder that holds stb/>")
  endif()
  add_library(faceio_stb INTERFACE)
  target_include_directories(faceio_stb SYSTEM INTERFACE ${FACEIO_STB_INCLUDE_DIR})
endfunction()

# faceio_developer_target(<target>): links faceio, switches on warnings, sanitizers and assertions.
function(faceio_developer_target target)
  target_link_libraries(${target} PRIVATE faceio::faceio $<TARGET_NAME_IF_EXISTS:Threads::Threads>)
  set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF)
  if(FACEIO_ENABLE_ASSERT)
    target_compile_definitions(${target} PRIVATE FACEIO_ENABLE_ASSERT)
  endif()
  if(NOT CMAKE_CXX_COMPILER_ID MATCHES "GNU|Clang")
    return()
  endif()
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wshadow -Wconversion
    $<$<BOOL:${FACEIO_WERROR}>:-Werror>)
  if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    # libstdc++ 12 calls its own deprecated get_temporary_buffer() in std::stable_sort, and clang 19
    # reports that although it is in a system header. gcc keeps the warning for our code.
    target_compile_options(${target} PRIVATE -Wno-deprecated-declarations)
  endif()
  if(FACEIO_SANITIZE)
    target_compile_options(${target} PRIVATE
      -fsanitize=${FACEIO_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_link_options(${target} PRIVATE -fsanitize=${FACEIO_SANITIZE})
  endif()
endfunction()
