# Installed package: headers, default weights, CMake config and pkg-config file. Nothing installed
# depends on a CPU or an absolute path, so it all goes below share/ and the prefix can be moved.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(faceio_cmake_dir ${CMAKE_INSTALL_DATADIR}/cmake/faceio)
set(faceio_pkgconfig_dir ${CMAKE_INSTALL_DATADIR}/pkgconfig)
set(faceio_weights_dir ${CMAKE_INSTALL_DATADIR}/faceio/weights)

install(DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}/include/faceio
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
  FILES_MATCHING PATTERN "*.hpp" PATTERN "*.def" PATTERN "*.inl")
install(DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}/weights/ DESTINATION ${faceio_weights_dir})
install(FILES ${CMAKE_CURRENT_SOURCE_DIR}/LICENSE
  DESTINATION ${CMAKE_INSTALL_DATADIR}/licenses/faceio)

install(TARGETS faceio EXPORT faceioTargets INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(EXPORT faceioTargets NAMESPACE faceio:: DESTINATION ${faceio_cmake_dir})
configure_package_config_file(
  ${CMAKE_CURRENT_SOURCE_DIR}/cmake/faceioConfig.cmake.in
  ${CMAKE_CURRENT_BINARY_DIR}/faceioConfig.cmake
  INSTALL_DESTINATION ${faceio_cmake_dir}
  PATH_VARS faceio_weights_dir)
# While the major version is 0 a new minor version may change the interface.
write_basic_package_version_file(
  ${CMAKE_CURRENT_BINARY_DIR}/faceioConfigVersion.cmake
  COMPATIBILITY SameMinorVersion
  ARCH_INDEPENDENT)
install(
  FILES ${CMAKE_CURRENT_BINARY_DIR}/faceioConfig.cmake
        ${CMAKE_CURRENT_BINARY_DIR}/faceioConfigVersion.cmake
  DESTINATION ${faceio_cmake_dir})

# pkg-config works out where the file lies (pcfiledir), so the prefix is written relative to it.
file(RELATIVE_PATH faceio_pc_prefix
  ${CMAKE_INSTALL_FULL_DATADIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
configure_file(
  ${CMAKE_CURRENT_SOURCE_DIR}/cmake/faceio.pc.in
  ${CMAKE_CURRENT_BINARY_DIR}/faceio.pc
  @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/faceio.pc DESTINATION ${faceio_pkgconfig_dir})
