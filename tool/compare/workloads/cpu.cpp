// 20 sums of squares of 0 .. n-1, n = 5,000,000 + 0 .. 19: nothing but CPU time.
#include "compare/workloads/cpu.hpp"

#include <fmt/format.h>

#include <overlap/core/executor.hpp>

#include "compare/collect.hpp"
#include "compare/workloads/all.hpp"

namespace overlap::compare {
namespace {

constexpr std::uint64_t kTerms = 5'000'000;
constexpr std::uint64_t kSums = 20;

__extension__ typedef unsigned __int128 Wide;  // the sums are above 4e19, more than 64 bits hold

WideSum halves_of(Wide value) { return {static_cast<std::uint64_t>(value >> 64), static_cast<std::uint64_t>(value)}; }

void run(Executor& executor, const RunSpec&, Measurement& measurement, RunResult& result) {
  std::vector<Future<WideSum>> futures;
  measurement.begin();
  for (std::uint64_t i = 0; i < kSums; ++i) futures.push_back(executor.submit(sum_of_squares, kTerms + i));
  const auto sums = collect(std::move(futures), result);
  measurement.end();
  measurement.tasks_are(Phase::computing);
  for (std::uint64_t i = 0; i < kSums; ++i) {
    measurement.describe_task(i, fmt::format("{} squares", kTerms + i));
    if (!sums[i] || *sums[i] == sum_of_squares_by_formula(kTerms + i)) continue;
    add_problem(result, fmt::format("the sum of {} squares is wrong", kTerms + i));
  }
}

std::string describe(const RunSpec&) { return fmt::format("{} sums of {} million squares", kSums, kTerms / 1'000'000); }

std::vector<Stage> stages(const RunSpec&) { return {}; }  // it never waits

}  // namespace

WideSum sum_of_squares(std::uint64_t n) {
  Wide sum = 0;
  for (std::uint64_t i = 0; i < n; ++i) {
    std::uint64_t term = i;
    // Compilers know the formula and would put it in place of the loop. After this line, which costs no instruction,
    // they must take `term` for any number, so each turn is really taken.
    asm volatile("" : "+r"(term));
    sum += static_cast<Wide>(term) * term;
  }
  return halves_of(sum);
}

WideSum sum_of_squares_by_formula(std::uint64_t n) {
  if (n == 0) return {};
  return halves_of(static_cast<Wide>(n - 1) * n * (2 * n - 1) / 6);
}

Workload cpu_workload() {
  return {.name = "cpu",
          .verb = "Added up",
          .checked = "every sum against its formula",
          .one_worker_a_cpu = true,
          .max_concurrent = 1,  // what never waits runs one at a time on a loop
          .describe = describe,
          .stages = stages,
          .run = run};
}

}  // namespace overlap::compare
