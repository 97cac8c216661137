# What `cmake --install` lays down: the libraries, their headers, the licence, and a CMake package and pkg-config
# files that can be moved anywhere.

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/penstock)

# penstock_install(<target> AS <pkg-config module> TARGETS_FILE <name> DESCRIPTION <text>
#                  [REQUIRES <modules>] [REQUIRES_PRIVATE <modules>] [LIBS_PRIVATE <flags>])
#
# One component. Who only runs programs needs its part <target>_runtime; who builds them <target>_development, too.
function(penstock_install target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "AS;TARGETS_FILE;DESCRIPTION" "REQUIRES;REQUIRES_PRIVATE;LIBS_PRIVATE")
  set(runtime ${target}_runtime)
  set(development ${target}_development)
  install(TARGETS ${target} EXPORT ${arg_TARGETS_FILE}
    RUNTIME COMPONENT ${runtime}
    LIBRARY COMPONENT ${runtime} NAMELINK_COMPONENT ${development}
    ARCHIVE COMPONENT ${development}
    FILE_SET HEADERS COMPONENT ${development})
  install(EXPORT ${arg_TARGETS_FILE} NAMESPACE penstock:: DESTINATION ${package_dir} COMPONENT ${development})

  # A debug build with a postfix lies beside another, and so does its module: penstockd.pc.
  set(debug_postfix $<$<CONFIG:Debug>:${CMAKE_DEBUG_POSTFIX}>)
  list(TRANSFORM arg_REQUIRES REPLACE "^(penstock.*)$" "\\1${debug_postfix} = ${PROJECT_VERSION}")
  list(JOIN arg_REQUIRES ", " requires)
  set(private)
  if(NOT PENSTOCK_SHARED)
    list(JOIN arg_REQUIRES_PRIVATE ", " private)
    set(private "Requires.private: ${private}\nLibs.private: ${arg_LIBS_PRIVATE}\n")
  endif()
  set(module_dir ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig)
  file(RELATIVE_PATH prefix ${module_dir} ${CMAKE_INSTALL_PREFIX})
  string(REGEX REPLACE "/$" "" prefix ${prefix})
  file(RELATIVE_PATH libdir ${CMAKE_INSTALL_PREFIX} ${CMAKE_INSTALL_FULL_LIBDIR})
  file(RELATIVE_PATH includedir ${CMAKE_INSTALL_PREFIX} ${CMAKE_INSTALL_FULL_INCLUDEDIR})
  set(name ${arg_AS})
  set(description ${arg_DESCRIPTION})
  configure_file(${PROJECT_SOURCE_DIR}/cmake/module.pc.in ${PROJECT_BINARY_DIR}/${arg_AS}.pc.in @ONLY)
  set(module ${PROJECT_BINARY_DIR}/pkgconfig/$<CONFIG>/${arg_AS}${debug_postfix}.pc)
  file(GENERATE OUTPUT ${module} INPUT ${PROJECT_BINARY_DIR}/${arg_AS}.pc.in TARGET ${target})
  install(FILES ${module} DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT ${development})
endfunction()

# A static library's own needs are its user's to link: `pkg-config --static` follows what is private. A shared one has
# them already, and names none, so that nobody must install what he does not use.
penstock_install(penstock AS penstock TARGETS_FILE penstockTargets
  DESCRIPTION "${PROJECT_DESCRIPTION}"
  REQUIRES absl_status absl_statusor
  REQUIRES_PRIVATE absl_flat_hash_map absl_strings
  LIBS_PRIVATE -pthread)

if(PENSTOCK_HAVE_REDIS)
  penstock_install(penstock_redis AS penstock-redis TARGETS_FILE penstockRedisTargets
    DESCRIPTION "Penstock's limits that machines share through Redis or Valkey"
    REQUIRES penstock
    REQUIRES_PRIVATE hiredis absl_flat_hash_map absl_inlined_vector absl_strings
    LIBS_PRIVATE -pthread)
  install(FILES cmake/Findhiredis.cmake DESTINATION ${package_dir} COMPONENT penstock_redis_development)
  install(DIRECTORY ${PROJECT_BINARY_DIR}/redis/ DESTINATION ${CMAKE_INSTALL_DATADIR}/penstock/lua
    COMPONENT penstock_redis_development FILES_MATCHING PATTERN "*.lua")
endif()

configure_package_config_file(cmake/penstockConfig.cmake.in penstockConfig.cmake INSTALL_DESTINATION ${package_dir}
  NO_SET_AND_CHECK_MACRO)
# Before 1.0 a new minor version may change anything.
write_basic_package_version_file(penstockConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/penstockConfig.cmake ${PROJECT_BINARY_DIR}/penstockConfigVersion.cmake
  DESTINATION ${package_dir} COMPONENT penstock_development)
if(NOT PENSTOCK_DEBIAN)  # whose packages have a file of their own for that
  install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT penstock_development)
endif()
