# Joins the parts of a Lua script, and writes all scripts and their SHA1 into one source file; and each of them into a
# file of its own beside it, for an operator who loads them.
#
# A script is `local rules = {}`, numbers, the rules it needs, and the shell. What Redis never reads is left out:
# comments and blank lines; for Redis keeps the text, and sends it on to its copies.

# penstock_script(<variable> <Lua file>...)
function(penstock_script variable)
  set(text "local rules = {}\n")
  foreach(part IN ITEMS numbers ${ARGN} shell)
    set(file ${PROJECT_SOURCE_DIR}/src/redis/lua/${part}.lua)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
    file(READ ${file} lua)
    string(APPEND text "${lua}")
  endforeach()
  string(REGEX REPLACE "\n *--[^\n]*" "" text "${text}")
  string(REGEX REPLACE "\n\n+" "\n" text "${text}")
  string(SHA1 sha1 "${text}")
  set(${variable} "${text}" PARENT_SCOPE)
  set(${variable}_SHA1 "${sha1}" PARENT_SCOPE)
endfunction()

function(penstock_scripts output)
  set(source "// Made by cmake/PenstockScripts.cmake from src/redis/lua/.\n#include \"redis/scripts.h\"\n")
  string(APPEND source "namespace penstock::redis {\n")
  foreach(script IN ITEMS "TokenBucket:token_bucket" "FixedWindow:fixed_window" "SlidingWindow:sliding_window"
                          "SlidingLog:sliding_log" "List:token_bucket,fixed_window,sliding_window,sliding_log")
    string(REGEX MATCH "^([^:]*):(.*)$" whole ${script})
    set(name ${CMAKE_MATCH_1})
    string(REPLACE "," ";" parts ${CMAKE_MATCH_2})
    penstock_script(text ${parts})
    get_filename_component(folder ${output} DIRECTORY)
    file(CONFIGURE OUTPUT ${folder}/${name}.lua CONTENT "${text}" @ONLY NEWLINE_STYLE UNIX)
    string(APPEND source "constexpr std::string_view k${name}Text = R\"lua(${text})lua\";\n"
      "const Script k${name}Script{\"${name}\", k${name}Text, \"${text_SHA1}\"};\n")
  endforeach()
  string(APPEND source "}  // namespace penstock::redis\n")
  file(CONFIGURE OUTPUT ${output} CONTENT "${source}" @ONLY NEWLINE_STYLE UNIX)
endfunction()
