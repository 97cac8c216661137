# Optional components, and the summary that says what became of them.

# penstock_summary(<name> <text>): a line for the end of the configure run.
function(penstock_summary name text)
  set_property(GLOBAL APPEND PROPERTY PENSTOCK_SUMMARY "${name}: ${text}")
endfunction()

function(penstock_print_summary)
  get_property(lines GLOBAL PROPERTY PENSTOCK_SUMMARY)
  list(JOIN lines "\n--   " lines)
  message(STATUS "Penstock ${PROJECT_VERSION}\n--   ${lines}")
endfunction()

# penstock_component(<NAME> PACKAGE <find_package arguments> DEBIAN <package> FOR <what it adds>)
#
# Declares the option PENSTOCK_<NAME>: AUTO takes the package where it is found and says so; ON takes a
# missing one for an error; OFF does not look. Sets PENSTOCK_HAVE_<NAME> for the caller.
function(penstock_component name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "DEBIAN;FOR" "PACKAGE")
  set(option PENSTOCK_${name})
  set(${option} AUTO CACHE STRING "${arg_FOR}: AUTO, ON or OFF")
  set_property(CACHE ${option} PROPERTY STRINGS AUTO ON OFF)
  list(GET arg_PACKAGE 0 package)
  string(TOLOWER ${name} label)

  set(have OFF)
  if(${option})
    find_package(${arg_PACKAGE} QUIET)
    if(${package}_FOUND)
      set(have ON)
      penstock_summary(${label} "yes, ${arg_FOR}")
    elseif(${option} STREQUAL "AUTO")
      penstock_summary(${label} "no, ${package} was not found (Debian: ${arg_DEBIAN})")
    else()
      message(FATAL_ERROR "${option}=${${option}}, but ${package} was not found (Debian: ${arg_DEBIAN}). "
        "Install it, or set ${option}=OFF to do without ${arg_FOR}.")
    endif()
  else()
    penstock_summary(${label} "no, ${option}=${${option}}")
  endif()
  set(PENSTOCK_HAVE_${name} ${have} PARENT_SCOPE)
endfunction()
