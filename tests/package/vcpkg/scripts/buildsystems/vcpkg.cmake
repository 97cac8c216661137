# Stands in for vcpkg's toolchain file, where vcpkg cannot be had: installs the one port `penstock` as the project's
# vcpkg.json and vcpkg-configuration.json say, from an overlay or a git registry, and lets find_package see it.
# What Penstock depends on is the system's.

set(VCPKG_TARGET_TRIPLET x64-linux CACHE STRING "")
set(folder ${CMAKE_BINARY_DIR}/vcpkg_installed)
list(PREPEND CMAKE_PREFIX_PATH ${folder}/${VCPKG_TARGET_TRIPLET})
get_property(trying GLOBAL PROPERTY IN_TRY_COMPILE)
if(trying OR VCPKG_INSTALLED)  # a toolchain file is read more than once
  return()
endif()
set(VCPKG_INSTALLED ON CACHE INTERNAL "")
set(VCPKG_MANIFEST_DIR ${CMAKE_SOURCE_DIR} CACHE PATH "")

file(READ ${VCPKG_MANIFEST_DIR}/vcpkg.json manifest)
file(READ ${VCPKG_MANIFEST_DIR}/vcpkg-configuration.json configuration)

# git(<variable> <arguments>...): in the registry's clone.
function(git variable)
  execute_process(COMMAND git -C ${folder}/registry ${ARGN} OUTPUT_VARIABLE output OUTPUT_STRIP_TRAILING_WHITESPACE
    COMMAND_ERROR_IS_FATAL ANY)
  set(${variable} "${output}" PARENT_SCOPE)
endfunction()

string(JSON overlay ERROR_VARIABLE no_overlay GET "${configuration}" overlay-ports 0)
if(NOT no_overlay)
  file(REAL_PATH ${overlay}/penstock port BASE_DIRECTORY ${VCPKG_MANIFEST_DIR})
else()
  foreach(key IN ITEMS kind repository baseline reference)
    string(JSON ${key} GET "${configuration}" registries 0 ${key})
  endforeach()
  string(JSON package GET "${configuration}" registries 0 packages 0)
  if(NOT kind STREQUAL "git" OR NOT package STREQUAL "penstock")
    message(FATAL_ERROR "this registry has no port penstock: ${configuration}")
  endif()
  file(REMOVE_RECURSE ${folder}/registry)
  file(MAKE_DIRECTORY ${folder}/registry)
  git(nothing init -q)
  git(nothing fetch -q ${repository} ${reference})
  git(database show FETCH_HEAD:versions/p-/penstock.json)
  git(baselines show ${baseline}:versions/baseline.json)
  string(JSON wanted GET "${baselines}" default penstock baseline)
  string(JSON count LENGTH "${database}" versions)
  math(EXPR last "${count} - 1")
  foreach(i RANGE ${last})
    string(JSON version GET "${database}" versions ${i} version)
    if(version STREQUAL wanted)
      string(JSON tree GET "${database}" versions ${i} git-tree)
    endif()
  endforeach()
  set(port ${folder}/port)
  file(MAKE_DIRECTORY ${port})
  git(nothing archive --format=tar -o ${folder}/port.tar ${tree})
  file(ARCHIVE_EXTRACT INPUT ${folder}/port.tar DESTINATION ${port})
endif()

# {"name": "penstock", "features": [...]} or "penstock"
set(features)
string(JSON dependency GET "${manifest}" dependencies 0)
string(JSON count ERROR_VARIABLE no_features LENGTH "${dependency}" features)
if(NOT no_features)
  string(JSON features GET "${dependency}" features 0)
endif()

execute_process(COMMAND_ERROR_IS_FATAL ANY COMMAND ${CMAKE_COMMAND}
  -D PORT_DIR=${port} -D FEATURES=${features} -D FOLDER=${folder} -D TRIPLET=${VCPKG_TARGET_TRIPLET}
  -D VCPKG_BUILD_TYPE=${VCPKG_BUILD_TYPE}$ENV{VCPKG_BUILD_TYPE}
  -P ${CMAKE_CURRENT_LIST_DIR}/../port.cmake)
