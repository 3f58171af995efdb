// 20 sums of squares: cpu MODEL
#include <overlap/overlap.hpp>

#include <cstdint>
#include <cstdio>
#include <ranges>

#include "model.hpp"

double sum_of_squares(std::uint64_t terms) {
  double sum = 0;  // added up one by one: a compiler may not reorder sums of floating point numbers
  for (std::uint64_t i = 0; i < terms; ++i) sum += static_cast<double>(i) * static_cast<double>(i);
  return sum;
}

int main(int argc, char** argv) {
  overlap::main_guard guard(argc, argv);
  if (argc != 2) return std::fprintf(stderr, "usage: cpu inline|threads|loop|processes\n"), 2;

  auto executor = executor_for(argv[1]);
  const auto begin = overlap::Clock::now();
  double total = 0;
  for (double sum : executor->map(sum_of_squares, std::views::iota(5'000'000UL, 5'000'020UL))) total += sum;
  std::printf("20 sums in %.3f seconds, %.6e in all\n", seconds_since(begin), total);
}
