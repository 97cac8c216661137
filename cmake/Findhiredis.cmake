# hiredis, by any of its names: hiredis::hiredis, whether it brings a CMake package with that target (upstream from
# 1.0, vcpkg, Conan), with another one (hiredis::hiredis_static), or a header and a library only (Debian 12).

if(NOT TARGET hiredis::hiredis)
  find_package(hiredis CONFIG QUIET)
endif()
if(NOT TARGET hiredis::hiredis AND TARGET hiredis::hiredis_static)
  add_library(hiredis::hiredis INTERFACE IMPORTED)
  set_target_properties(hiredis::hiredis PROPERTIES INTERFACE_LINK_LIBRARIES hiredis::hiredis_static)
endif()
if(NOT TARGET hiredis::hiredis)
  find_path(hiredis_INCLUDE_DIR hiredis/read.h)
  find_library(hiredis_LIBRARY NAMES hiredis hiredisd)  # from 1.1 a debug build is called hiredisd
  mark_as_advanced(hiredis_INCLUDE_DIR hiredis_LIBRARY)
  if(hiredis_INCLUDE_DIR AND hiredis_LIBRARY)
    add_library(hiredis::hiredis UNKNOWN IMPORTED)
    set_target_properties(hiredis::hiredis PROPERTIES
      IMPORTED_LOCATION ${hiredis_LIBRARY} INTERFACE_INCLUDE_DIRECTORIES ${hiredis_INCLUDE_DIR})
  endif()
endif()

if(TARGET hiredis::hiredis)
  set(hiredis_FOUND TRUE)
else()
  set(hiredis_FOUND FALSE)
  if(hiredis_FIND_REQUIRED)
    message(FATAL_ERROR "hiredis was not found (Debian: libhiredis-dev)")
  endif()
endif()
