# The C++ of the documentation is compiled and run with the tests.
#
# overlap_docs_page(PAGE): takes every block of a page that begins with ```cpp.
#   - One with an `int main(` is a program, compiled as it stands. ctest runs it, and a ```text block that follows with
#     nothing between must be what it prints.
#   - Any other one is compiled, not run, as the body of a function that is given an `overlap::Executor& executor`.
#     It names no headers: it gets those of OVERLAP_DOCS_FRAGMENT_HEAD.
#   - One with <!-- program: NAME --> right before it is a program too, built as programs/PAGE/NAME and run by the commands
#     of the page (tests/docs); one with <!-- source: NAME.cpp --> is compiled by them.
# Errors of the compiler name the page and its line.

set(OVERLAP_DOCS_RUN "${CMAKE_CURRENT_LIST_DIR}/RunDocsProgram.cmake")

set(OVERLAP_DOCS_FRAGMENT_HEAD [=[
#include <boost/asio.hpp>

#include <overlap/overlap.hpp>

#include <cstdio>
#include <iterator>
#include <string>
#include <vector>

using namespace std::chrono_literals;
]=])

# Writes only what differs, so that nothing is compiled again for nothing.
function(overlap_docs_write file content)
  set(old)
  if(EXISTS "${file}")
    file(READ "${file}" old)
  endif()
  if(NOT old STREQUAL content)
    file(WRITE "${file}" "${content}")
  endif()
endfunction()

# Cuts the text in the variable that `from` names behind the first `mark`: what comes before goes, with the mark, to the
# variable that `to` names, which is left undefined if there is no mark.
function(overlap_docs_cut from mark to)
  string(FIND "${${from}}" "${mark}" position)
  if(position EQUAL -1)
    unset(${to} PARENT_SCOPE)
    return()
  endif()
  string(LENGTH "${mark}" length)
  math(EXPR next "${position} + ${length}")
  string(SUBSTRING "${${from}}" 0 ${next} head)
  string(SUBSTRING "${${from}}" ${next} -1 tail)
  set(${to} "${head}" PARENT_SCOPE)
  set(${from} "${tail}" PARENT_SCOPE)
endfunction()

function(overlap_docs_program name code expected)
  set(source "${CMAKE_CURRENT_BINARY_DIR}/${name}.cpp")
  overlap_docs_write("${source}" "${code}")
  add_executable(docs_${name} "${source}")
  target_link_libraries(docs_${name} PRIVATE overlap overlap_warnings)
  set(arguments "-DPROGRAM=$<TARGET_FILE:docs_${name}>")
  if(NOT expected STREQUAL "")
    overlap_docs_write("${CMAKE_CURRENT_BINARY_DIR}/${name}.txt" "${expected}")
    list(APPEND arguments "-DEXPECTED=${CMAKE_CURRENT_BINARY_DIR}/${name}.txt")
  endif()
  add_test(NAME Docs.${name} COMMAND ${CMAKE_COMMAND} ${arguments} -P "${OVERLAP_DOCS_RUN}")
  set_tests_properties(Docs.${name} PROPERTIES TIMEOUT 120)
endfunction()

# A program that the commands of its page run.
function(overlap_docs_named_program page name program code)
  set(source "${CMAKE_CURRENT_BINARY_DIR}/${name}_${program}.cpp")
  overlap_docs_write("${source}" "${code}")
  set(target docs_${name}_${program})
  add_executable(${target} "${source}")
  get_filename_component(folder "${page}" NAME_WE)
  set_target_properties(${target} PROPERTIES OUTPUT_NAME ${program}
    RUNTIME_OUTPUT_DIRECTORY "${CMAKE_CURRENT_BINARY_DIR}/programs/${folder}")
  target_link_libraries(${target} PRIVATE overlap overlap_http Boost::json overlap_warnings)
  set_property(GLOBAL APPEND PROPERTY OVERLAP_DOCS_NAMED_PROGRAMS ${target})
endfunction()

function(overlap_docs_page page)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${page}")
  get_filename_component(name "${page}" NAME_WE)
  string(MAKE_C_IDENTIFIER "${name}" name)
  file(READ "${page}" rest)
  set(rest "\n${rest}")
  set(line 0)  # of the page, of what was cut off so far
  set(programs 0)
  set(fragments 0)
  set(fragments_code "")
  while(TRUE)
    overlap_docs_cut(rest "\n```cpp\n" before)
    if(NOT DEFINED before)
      break()
    endif()
    overlap_docs_cut(rest "\n```\n" code)
    if(NOT DEFINED code)
      message(FATAL_ERROR "${page}: a block of code has no end")
    endif()
    string(REGEX MATCHALL "\n" newlines "${before}")
    list(LENGTH newlines count)
    math(EXPR line "${line} + ${count}")
    set(where "#line ${line} \"${page}\"\n")
    string(REGEX MATCHALL "\n" newlines "${code}")
    list(LENGTH newlines count)
    math(EXPR line "${line} + ${count} - 1")
    string(REGEX REPLACE "\n```\n$" "\n" code "${code}")
    set(rest "\n${rest}")

    string(FIND "${code}" "int main(" main)
    if(before MATCHES "<!-- program: ([a-z0-9_]+) -->\n```cpp\n$")
      overlap_docs_named_program("${page}" "${name}" ${CMAKE_MATCH_1} "${where}${code}")
    elseif(before MATCHES "<!-- source: [a-z0-9_.]+ -->\n```cpp\n$")
      continue()
    elseif(main EQUAL -1)
      math(EXPR fragments "${fragments} + 1")
      string(APPEND fragments_code
             "\nvoid fragment_${fragments}([[maybe_unused]] overlap::Executor& executor) {\n"
             "${where}${code}}\n")
    else()
      math(EXPR programs "${programs} + 1")
      set(expected "")
      if(rest MATCHES "^\n+```text\n")
        set(output "${rest}")
        overlap_docs_cut(output "```text\n" before)
        overlap_docs_cut(output "\n```\n" expected)
        string(REGEX REPLACE "\n```\n$" "\n" expected "${expected}")
      endif()
      overlap_docs_program("${name}_${programs}" "${where}${code}" "${expected}")
    endif()
  endwhile()
  if(fragments)
    set(source "${CMAKE_CURRENT_BINARY_DIR}/${name}_fragments.cpp")
    overlap_docs_write("${source}" "${OVERLAP_DOCS_FRAGMENT_HEAD}${fragments_code}")
    add_library(docs_${name}_fragments OBJECT "${source}")
    target_link_libraries(docs_${name}_fragments PRIVATE overlap overlap_warnings)
    # What is local to a function here may be unused, and GCC dislikes it in the frames of coroutine templates.
    target_compile_options(docs_${name}_fragments PRIVATE
      -Wno-unused $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
  endif()
endfunction()
