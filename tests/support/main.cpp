// main() of every test program.
#include <gtest/gtest.h>

#include <overlap/executors/main_guard.hpp>

#include "support/process_programs.hpp"
#include "support/sanitizers.hpp"

/// Asked by the leak sanitizer.
extern "C" int __lsan_is_turned_off() { return overlap::test::leaks_are_expected ? 1 : 0; }

int main(int argc, char** argv) {
  const overlap::main_guard guard(argc, argv);
  if (const auto code = overlap::test::run_program(argc, argv)) return *code;
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
