// The overlap program. Worker processes begin here too: main_guard must come first.
#include <overlap/executors/main_guard.hpp>

#include "app.hpp"

int main(int argc, char** argv) {
  const overlap::main_guard guard(argc, argv);
  return overlap::run_program(argc, argv);
}
