# Debian packages, made by `cpack` in a build with PENSTOCK_DEBIAN: for each component what programs need to run, named
# after the SONAME, and what people need to build programs. Who limits in process installs no network client:
# docs/decisions/0009-debian-packages.md.

if(NOT PENSTOCK_SHARED OR NOT CMAKE_INSTALL_PREFIX STREQUAL "/usr")
  message(FATAL_ERROR "PENSTOCK_DEBIAN=ON wants BUILD_SHARED_LIBS=ON and CMAKE_INSTALL_PREFIX=/usr: see the preset `debian`.")
endif()

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_CONTACT "Penstock maintainers <maintainers@penstock.invalid>")
set(CPACK_PACKAGE_DIRECTORY ${PROJECT_BINARY_DIR}/debian)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${PROJECT_BINARY_DIR})  # where libpenstock_redis finds libpenstock
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS_POLICY ">=")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_COMPONENTS_ALL)

set(soname ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
string(REGEX REPLACE "^An e" "E" CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(text "Penstock gates each call of a server with a limit:\n"
         "token bucket, fixed window, sliding window or log of moments.\n")
string(CONCAT text ${text})

# penstock_deb(<component> <package> SECTION <name> TEXT <what it has> [DEPENDS <packages>])
#
# What a library is linked to, dpkg-shlibdeps finds out.
function(penstock_deb component package)
  cmake_parse_arguments(PARSE_ARGV 2 arg "" "SECTION;TEXT;DEPENDS" "")
  string(TOUPPER ${component} COMPONENT)
  foreach(part IN ITEMS NAME SECTION DEPENDS)
    set(arg_NAME ${package})
    set(CPACK_DEBIAN_${COMPONENT}_PACKAGE_${part} "${arg_${part}}" PARENT_SCOPE)
  endforeach()
  set(CPACK_COMPONENT_${COMPONENT}_DESCRIPTION "${text}This package has ${arg_TEXT}." PARENT_SCOPE)
  set(CPACK_COMPONENTS_ALL ${CPACK_COMPONENTS_ALL} ${component} PARENT_SCOPE)

  set(documents ${PROJECT_BINARY_DIR}/documents/${package})
  file(MAKE_DIRECTORY ${documents})
  execute_process(COMMAND gzip -9nc ${PROJECT_SOURCE_DIR}/packaging/debian/changelog OUTPUT_FILE ${documents}/changelog.gz
    COMMAND_ERROR_IS_FATAL ANY)
  install(FILES packaging/debian/copyright ${documents}/changelog.gz DESTINATION share/doc/${package} COMPONENT ${component})
  if(arg_SECTION STREQUAL "libs")
    set(CPACK_DEBIAN_${COMPONENT}_PACKAGE_CONTROL_EXTRA ${PROJECT_SOURCE_DIR}/packaging/debian/triggers PARENT_SCOPE)
    install(FILES packaging/debian/lintian-overrides DESTINATION share/lintian/overrides RENAME ${package}
      COMPONENT ${component})
  endif()
endfunction()

penstock_deb(penstock_runtime libpenstock${soname} SECTION libs
  TEXT "the library for limits in one process")
penstock_deb(penstock_development libpenstock-dev SECTION libdevel
  TEXT "what is needed to build programs with it"
  DEPENDS "libpenstock${soname} (= ${PROJECT_VERSION}), libabsl-dev")
if(PENSTOCK_HAVE_REDIS)
  penstock_deb(penstock_redis_runtime libpenstock-redis${soname} SECTION libs
    TEXT "the library for limits that\nmachines share through Redis or Valkey"
    DEPENDS "libpenstock${soname} (= ${PROJECT_VERSION})")
  penstock_deb(penstock_redis_development libpenstock-redis-dev SECTION libdevel
    TEXT "what is needed to build programs with\nlimits that machines share through Redis or Valkey"
    DEPENDS "libpenstock-redis${soname} (= ${PROJECT_VERSION}), libpenstock-dev (= ${PROJECT_VERSION})")
endif()

include(CPack)
