# cmake -D ROOT=<source tree> -P public_headers.cmake
# Includes run one way: public headers need the standard library and absl/status only, the algorithms know
# no clock, map, atomic or socket, and no back end knows another.

cmake_minimum_required(VERSION 3.23)

set(std "<[a-z_0-9]+>")
set(public "\"penstock/[a-z_]+\\.h\"")
set(stateful "<(atomic|mutex|shared_mutex|thread|stop_token|condition_variable|semaphore|latch|barrier|future|map|unordered_map|set|unordered_set|ctime|iostream|fstream|random)>")

set(bad "")

# check(<files below ROOT> ALLOW <includes> [DENY <includes>] [AVOID <words>]): regular expressions, each.
function(check pattern)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "ALLOW;DENY;AVOID" "")
  file(GLOB files RELATIVE ${ROOT} ${ROOT}/${pattern})
  if(NOT files)
    list(APPEND bad "${pattern}: no such file, so nothing was checked")
  endif()
  foreach(file IN LISTS files)
    file(STRINGS ${ROOT}/${file} lines REGEX "^[ \t]*#[ \t]*(include|import)")
    foreach(line IN LISTS lines)
      string(REGEX REPLACE "^[ \t]*#[ \t]*(include|import)[ \t]*([<\"][^>\"]*[>\"]|.*).*$" "\\2" include "${line}")
      if(NOT include MATCHES "^(${arg_ALLOW})$" OR (arg_DENY AND include MATCHES "^(${arg_DENY})$"))
        list(APPEND bad "${file} must not include ${include}")
      endif()
    endforeach()
    if(arg_AVOID)
      file(STRINGS ${ROOT}/${file} lines REGEX "${arg_AVOID}")
      foreach(line IN LISTS lines)
        list(APPEND bad "${file} must not say: ${line}")
      endforeach()
    endif()
  endforeach()
  set(bad "${bad}" PARENT_SCOPE)
endfunction()

set(detail "\"penstock/detail/(algorithm|memory)/[a-z_]+\\.h\"")
check("include/penstock/*.h" ALLOW "${std}|\"absl/status/status(or)?\\.h\"|${public}|${detail}")
# Machinery is in sight of those who ask for it by name, and of nobody else.
foreach(header awaitable clock decision limit limiter memory penstock redis)
  check("include/penstock/${header}.h" ALLOW "${std}|\"absl/status/status(or)?\\.h\"|${public}"
    DENY "\"penstock/memory_limiter\\.h\"")
endforeach()
check("include/penstock/detail/algorithm/*.h"
  ALLOW "${std}|\"penstock/detail/algorithm/[a-z_]+\\.h\"|\"penstock/(limit|decision)\\.h\"" DENY "${stateful}"
  AVOID "(steady|system|high_resolution)_clock|clock_gettime|std::atomic")
check("include/penstock/detail/memory/*.h"
  ALLOW "${std}|${detail}|<emmintrin\\.h>|\"penstock/(clock|decision|export|limit|memory)\\.h\"")
check("src/memory/*" ALLOW "${std}|\"(binding|in_range)\\.h\"|\"(absl|memory|penstock)/.*\\.h\"|<(sys/(mman|random)|unistd|immintrin|arm_neon)\\.h>")
check("src/redis/*.*"
  ALLOW "${std}|\"(binding|in_range)\\.h\"|\"(absl|redis)/.*\\.h\"|${public}|\"penstock/detail/algorithm/[a-z_]+\\.h\"|<hiredis/read\\.h>|<(arpa|linux|net|netinet|sys)/[a-z_]+\\.h>|<(fcntl|netdb|poll|pthread|signal|unistd)\\.h>"
  DENY "\"penstock/memory_limiter\\.h\"")

if(bad)
  list(JOIN bad "\n  " bad)
  message(FATAL_ERROR "\n  ${bad}")
endif()
