# FACEIO_VERSION from include/faceio/version.hpp, the one place that holds the version.
set(faceio_version_header "${CMAKE_CURRENT_LIST_DIR}/../include/faceio/version.hpp")
file(STRINGS "${faceio_version_header}" faceio_version_lines
  REGEX "^#define FACEIO_VERSION_(MAJOR|MINOR|PATCH) [0-9]+$")
list(LENGTH faceio_version_lines faceio_version_count)
if(NOT faceio_version_count EQUAL 3)
  message(FATAL_ERROR "faceio: ${faceio_version_header} must define FACEIO_VERSION_MAJOR, "
    "FACEIO_VERSION_MINOR and FACEIO_VERSION_PATCH, each once and as a number")
endif()
string(REGEX MATCHALL "[0-9]+" FACEIO_VERSION "${faceio_version_lines}")
list(JOIN FACEIO_VERSION "." FACEIO_VERSION)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${faceio_version_header}")
