// Tasks that only wait: sleep MODEL [UNIT_IN_MILLISECONDS]
#include <overlap/overlap.hpp>

#include <cstdio>
#include <cstdlib>
#include <vector>

#include "model.hpp"

using std::chrono::milliseconds;

overlap::Task<int> nap(int units, int unit) {
  co_await overlap::sleep_for(milliseconds(units * unit));
  co_return units;
}

int main(int argc, char** argv) {
  overlap::main_guard guard(argc, argv);
  if (argc < 2) return std::fprintf(stderr, "usage: sleep inline|threads|loop|processes [UNIT_IN_MILLISECONDS]\n"), 2;
  const int unit = argc > 2 ? std::atoi(argv[2]) : 1000;
  auto executor = executor_for(argv[1]);
  const auto begin = overlap::Clock::now();

  std::vector<overlap::Future<int>> naps;
  for (int units : {5, 4, 3, 2, 1}) naps.push_back(executor->submit(nap, units, unit));
  std::printf("as completed:");
  for (const auto& done : overlap::as_completed(naps)) std::printf(" %d", done.result());

  std::printf("\nby map:      ");
  for (int units : executor->map(nap, std::vector{5, 4, 3, 2, 1}, std::vector(5, unit))) std::printf(" %d", units);
  std::printf("\n%.1f seconds\n", seconds_since(begin));
}
