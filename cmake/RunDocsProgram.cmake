# Runs a program of the documentation: -DPROGRAM=FILE, and -DEXPECTED=FILE with what it is to print, if anything is said.
cmake_minimum_required(VERSION 3.25)

execute_process(COMMAND "${PROGRAM}" OUTPUT_VARIABLE printed ERROR_VARIABLE errors RESULT_VARIABLE result)
if(NOT result EQUAL 0)
  message(FATAL_ERROR "the program ended with ${result}\n${printed}${errors}")
endif()
if(DEFINED EXPECTED)
  file(READ "${EXPECTED}" expected)
  if(NOT printed STREQUAL expected)
    message(FATAL_ERROR "it printed\n${printed}\nand the page says\n${expected}\n${errors}")
  endif()
endif()
