# What `cmake --install` lays down: the library, its headers, its licence, and a CMake package that can be
# moved anywhere.

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/penstock)

install(TARGETS penstock EXPORT penstockTargets FILE_SET HEADERS)
install(EXPORT penstockTargets NAMESPACE penstock:: DESTINATION ${package_dir})

if(PENSTOCK_HAVE_REDIS)
  install(TARGETS penstock_redis EXPORT penstockRedisTargets FILE_SET HEADERS)
  install(EXPORT penstockRedisTargets NAMESPACE penstock:: DESTINATION ${package_dir})
  install(FILES cmake/Findhiredis.cmake DESTINATION ${package_dir})
  install(DIRECTORY ${PROJECT_BINARY_DIR}/redis/ DESTINATION ${CMAKE_INSTALL_DATADIR}/penstock/lua
    FILES_MATCHING PATTERN "*.lua")
endif()

configure_package_config_file(cmake/penstockConfig.cmake.in penstockConfig.cmake INSTALL_DESTINATION ${package_dir}
  NO_SET_AND_CHECK_MACRO)
# Before 1.0 a new minor version may change anything.
write_basic_package_version_file(penstockConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/penstockConfig.cmake ${PROJECT_BINARY_DIR}/penstockConfigVersion.cmake
  DESTINATION ${package_dir})
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
