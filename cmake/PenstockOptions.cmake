# What a build of Penstock can be told, and how our own builds differ from a build inside another project:
# there we are quiet and build nothing but the library.

option(PENSTOCK_BUILD_TESTS "Build the tests" ${PROJECT_IS_TOP_LEVEL})
option(PENSTOCK_BUILD_BENCHMARKS "Build the benchmarks" ${PROJECT_IS_TOP_LEVEL})
option(PENSTOCK_BUILD_EXAMPLES "Build the examples" ${PROJECT_IS_TOP_LEVEL})
option(PENSTOCK_INSTALL "Install the library, its headers and its CMake package" ${PROJECT_IS_TOP_LEVEL})
option(PENSTOCK_DEBIAN "Let cpack make Debian packages; wants BUILD_SHARED_LIBS and the prefix /usr" OFF)
option(PENSTOCK_WERROR "Take warnings in our own code for errors" ${PROJECT_IS_TOP_LEVEL})
option(PENSTOCK_REQUIRE_ALL_TESTS "Stop where a test would be left out because a package is missing" OFF)
option(PENSTOCK_LONG_TESTS "Register the long tests, too (ctest -L long)" OFF)
set(PENSTOCK_SANITIZE "" CACHE STRING "Sanitizers for our own builds: address;undefined or thread")

if(PROJECT_IS_TOP_LEVEL)
  get_property(is_multi_config GLOBAL PROPERTY GENERATOR_IS_MULTI_CONFIG)
  if(NOT is_multi_config AND NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "Debug, Release, RelWithDebInfo or MinSizeRel" FORCE)
  endif()

  # Paths relative to the source tree and a blind eye to times let two checkouts share what was compiled;
  # `pch_defines` is what ccache asks for before it caches a file with a precompiled header.
  find_program(PENSTOCK_CCACHE ccache DOC "Compiles nothing twice, where it is installed")
  mark_as_advanced(PENSTOCK_CCACHE)
  if(PENSTOCK_CCACHE AND NOT DEFINED CMAKE_CXX_COMPILER_LAUNCHER)
    set(CMAKE_CXX_COMPILER_LAUNCHER "${CMAKE_COMMAND}" -E env "CCACHE_BASEDIR=${PROJECT_SOURCE_DIR}" CCACHE_NOHASHDIR=1
        CCACHE_SLOPPINESS=pch_defines,time_macros "${PENSTOCK_CCACHE}")
  endif()
endif()

# Warnings are ours: targets of this build link to this privately, and it is neither exported nor installed.
add_library(penstock_warnings INTERFACE)
if(MSVC)
  target_compile_options(penstock_warnings INTERFACE /W4 $<$<BOOL:${PENSTOCK_WERROR}>:/WX>)
else()
  target_compile_options(penstock_warnings INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion
    $<$<BOOL:${PENSTOCK_WERROR}>:-Werror>)
endif()

# So are sanitizers. Being options of this folder, not of a target, they reach all that is built here and
# nobody who links to it.
if(PENSTOCK_SANITIZE)
  list(JOIN PENSTOCK_SANITIZE "," sanitizers)
  add_compile_options(-fsanitize=${sanitizers} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${sanitizers})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    add_compile_options(-Wno-maybe-uninitialized)  # GCC sees them everywhere in instrumented code, std::regex first
  endif()
endif()
