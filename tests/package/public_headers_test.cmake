# cmake -D WORK=<empty folder> -P public_headers_test.cmake
# Breaks each rule of public_headers.cmake in a little tree of its own and sees whether it is noticed.

cmake_minimum_required(VERSION 3.23)

# A tree that keeps the rules, with `text` in `file`.
function(plant file text)
  file(REMOVE_RECURSE ${WORK})
  file(WRITE ${WORK}/include/penstock/limit.h "#include <chrono>\n#include \"absl/status/statusor.h\"\n")
  foreach(header awaitable clock decision limiter memory penstock redis)
    file(WRITE ${WORK}/include/penstock/${header}.h "#include \"penstock/limit.h\"\n")
  endforeach()
  file(WRITE ${WORK}/include/penstock/memory_limiter.h "#include \"penstock/detail/memory/table.h\"\n")
  file(WRITE ${WORK}/include/penstock/detail/memory/table.h "#include \"penstock/detail/memory/cell.h\"\n")
  file(WRITE ${WORK}/include/penstock/detail/algorithm/advance.h "#include <cstdint>\n#include \"penstock/decision.h\"\n")
  file(WRITE ${WORK}/src/memory/limiter.cpp "#include <mutex>\n#include \"penstock/detail/algorithm/advance.h\"\n")
  file(WRITE ${WORK}/src/redis/reply.cpp "#include <hiredis/read.h>\n#include \"redis/reply.h\"\n")
  file(APPEND ${WORK}/${file} "${text}\n")
endfunction()

function(expect_pass file text)
  plant(${file} "${text}")
  execute_process(COMMAND ${CMAKE_COMMAND} -D ROOT=${WORK} -P ${CMAKE_CURRENT_LIST_DIR}/public_headers.cmake
    RESULT_VARIABLE result ERROR_VARIABLE error)
  if(NOT result EQUAL 0)
    message(SEND_ERROR "${file} may say '${text}', but was refused: ${error}")
  endif()
endfunction()

function(expect_fail file text)
  plant(${file} "${text}")
  execute_process(COMMAND ${CMAKE_COMMAND} -D ROOT=${WORK} -P ${CMAKE_CURRENT_LIST_DIR}/public_headers.cmake
    RESULT_VARIABLE result ERROR_VARIABLE error)
  if(result EQUAL 0 OR NOT error MATCHES "${file}")
    message(SEND_ERROR "'${text}' in ${file} was not noticed")
  endif()
endfunction()

expect_pass(include/penstock/limit.h "#include <string_view>  // with a comment")
expect_fail(include/penstock/limit.h "#include <stdint.h>")
expect_fail(include/penstock/limit.h "#include \"absl/strings/string_view.h\"")
expect_fail(include/penstock/limit.h "#include <absl/time/time.h>")
expect_fail(include/penstock/memory.h "#include \"memory/limiter.h\"")
expect_fail(include/penstock/memory.h "  #  include <hiredis/hiredis.h>")
expect_fail(include/penstock/memory.h "#include \"../../src/memory/limiter.cpp\"")

expect_fail(include/penstock/memory.h "#include \"penstock/memory_limiter.h\"")
expect_fail(include/penstock/memory.h "#include \"penstock/detail/memory/table.h\"")
expect_fail(include/penstock/awaitable.h "#include \"penstock/memory_limiter.h\"")

expect_pass(include/penstock/detail/memory/table.h "#include \"penstock/detail/algorithm/advance.h\"")
expect_fail(include/penstock/detail/memory/table.h "#include \"memory/limiter.h\"")
expect_fail(include/penstock/detail/memory/table.h "#include \"absl/container/flat_hash_map.h\"")

expect_pass(include/penstock/detail/algorithm/advance.h "#include \"penstock/detail/algorithm/supply.h\"")
expect_fail(include/penstock/detail/algorithm/advance.h "#include <atomic>")
expect_fail(include/penstock/detail/algorithm/advance.h "#include <unordered_map>")
expect_fail(include/penstock/detail/algorithm/advance.h "#include <sys/socket.h>")
expect_fail(include/penstock/detail/algorithm/advance.h "#include \"penstock/clock.h\"")
expect_fail(include/penstock/detail/algorithm/advance.h "#include \"memory/limiter.h\"")
expect_fail(include/penstock/detail/algorithm/advance.h "auto now = std::chrono::steady_clock::now();")

expect_pass(src/memory/limiter.cpp "#include \"absl/container/flat_hash_map.h\"")
expect_fail(src/memory/limiter.cpp "#include \"redis/connection.h\"")
expect_fail(src/memory/limiter.cpp "#include \"../redis/connection.h\"")
expect_fail(src/memory/limiter.cpp "#include <hiredis/hiredis.h>")

expect_pass(src/redis/reply.cpp "#include \"penstock/memory.h\"")
expect_fail(src/redis/reply.cpp "#include \"penstock/memory_limiter.h\"")
expect_fail(src/redis/reply.cpp "#include \"memory/log_store.h\"")
expect_fail(src/redis/reply.cpp "#include <hiredis/async.h>")

file(REMOVE_RECURSE ${WORK})
file(WRITE ${WORK}/include/penstock/limit.h "")
execute_process(COMMAND ${CMAKE_COMMAND} -D ROOT=${WORK} -P ${CMAKE_CURRENT_LIST_DIR}/public_headers.cmake
  RESULT_VARIABLE result ERROR_QUIET)
if(result EQUAL 0)
  message(SEND_ERROR "A tree without algorithms passed: the checker looked at nothing")
endif()
