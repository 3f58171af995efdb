# Flags and helpers that every target of this build shares.

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "" FORCE)
endif()

find_program(OVERLAP_CCACHE ccache)
if(OVERLAP_CCACHE AND PROJECT_IS_TOP_LEVEL)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${OVERLAP_CCACHE}")
endif()

# The sanitizers cover all that is compiled here, so they are set before any target exists.
if(OVERLAP_SANITIZE)
  add_compile_options(-fsanitize=${OVERLAP_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all -g1)
  add_link_options(-fsanitize=${OVERLAP_SANITIZE})
endif()

# Flags for our own code only, never for those who use the library.
add_library(overlap_warnings INTERFACE)
target_compile_options(overlap_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor -Woverloaded-virtual -Wold-style-cast
  $<$<BOOL:${OVERLAP_WARNINGS_AS_ERRORS}>:-Werror>
  # GCC 12 reports accesses in inlined library code that cannot happen (its own headers, Asio, {fmt}).
  $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized -Wno-array-bounds -Wno-stringop-overflow -Wno-stringop-overread
    -Wno-restrict -Wno-dangling-pointer>
  # GCC's thread sanitizer does not see stand-alone fences; Asio uses one where the sanitizer needs none.
  $<$<CXX_COMPILER_ID:GNU>:-Wno-tsan>
  # -Wconversion of clang is also about signs, which that of GCC is not.
  $<$<CXX_COMPILER_ID:Clang>:-Wno-sign-conversion -Wthread-safety -Werror=thread-safety>)

# overlap_library(NAME DIRECTORY...): a static library of every .cpp below the directories.
# A folder is a component here, so a new file needs no edit of a list.
function(overlap_sources out)
  set(all)
  foreach(directory IN LISTS ARGN)
    file(GLOB_RECURSE found CONFIGURE_DEPENDS "${directory}/*.cpp")
    list(APPEND all ${found})
  endforeach()
  set(${out} ${all} PARENT_SCOPE)
endfunction()
