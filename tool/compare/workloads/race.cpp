// Read, add, write: three steps, between which another task may do the same. Its addition is lost then.
//
// "Unprotected" reads and writes in two steps, each of which is atomic by itself, so that the program stays defined
// while the updates are lost. Every so often it waits between the two: so the loss shows on one CPU too, and under a
// loop, which is as prone to it across a co_await as threads are everywhere. All the other ways wait as often.
#include <fmt/format.h>

#include <array>
#include <atomic>
#include <mutex>
#include <numeric>
#include <overlap/async/sleep.hpp>
#include <overlap/core/executor.hpp>

#include "compare/collect.hpp"
#include "compare/workloads/all.hpp"

namespace overlap::compare {
namespace {

constexpr std::uint64_t kTasks = 8;
constexpr std::uint64_t kSteps = 200'000;  // of a task
constexpr std::uint64_t kStepsBetweenPauses = 5'000;
constexpr auto kPause = std::chrono::microseconds(20);

std::atomic<std::uint64_t> shared_counter{0};
std::mutex guard_of_counter;
std::uint64_t guarded_counter = 0;

bool is_pause(std::uint64_t step) { return step % kStepsBetweenPauses == 0; }

Task<std::uint64_t> add_unprotected(std::uint64_t steps) {
  for (std::uint64_t i = 0; i < steps; ++i) {
    const std::uint64_t seen = shared_counter.load(std::memory_order_relaxed);
    if (is_pause(i)) co_await sleep_for(kPause);
    shared_counter.store(seen + 1, std::memory_order_relaxed);
  }
  co_return steps;
}

Task<std::uint64_t> add_atomically(std::uint64_t steps) {
  for (std::uint64_t i = 0; i < steps; ++i) {
    if (is_pause(i)) co_await sleep_for(kPause);
    shared_counter.fetch_add(1, std::memory_order_relaxed);
  }
  co_return steps;
}

Task<std::uint64_t> add_under_mutex(std::uint64_t steps) {
  for (std::uint64_t i = 0; i < steps; ++i) {
    if (is_pause(i)) co_await sleep_for(kPause);
    const std::lock_guard lock(guard_of_counter);  // never held across a co_await
    ++guarded_counter;
  }
  co_return steps;
}

/// Shares nothing: the task's sum is its result.
Task<std::uint64_t> add_alone(std::uint64_t steps) {
  std::uint64_t sum = 0;
  for (std::uint64_t i = 0; i < steps; ++i) {
    if (is_pause(i)) co_await sleep_for(kPause);
    ++sum;
    asm volatile("" : "+r"(sum));  // counts, where the compiler would rather multiply
  }
  co_return sum;
}

struct Way {
  std::string_view name;
  Task<std::uint64_t> (*add)(std::uint64_t);
  bool is_safe;    // between tasks of one process
  bool is_shared;  // the tasks add to a counter of the process; otherwise their results are added up
};

constexpr std::array kWays{
    Way{"unprotected", add_unprotected, false, true},
    Way{"atomic", add_atomically, true, true},
    Way{"mutex", add_under_mutex, true, true},
    Way{"a sum a task", add_alone, true, false},
};

RunPart run_way(Executor& executor, const Way& way, RunResult& result) {
  shared_counter = 0;
  guarded_counter = 0;
  const TimePoint begin = Clock::now();
  std::vector<Future<std::uint64_t>> futures;
  for (std::uint64_t i = 0; i < kTasks; ++i) futures.push_back(executor.submit(way.add, kSteps));
  const auto sums = collect(std::move(futures), result);
  RunPart part;
  part.seconds = to_seconds(Clock::now() - begin);
  part.name = way.name;
  part.expected = static_cast<std::int64_t>(kTasks * kSteps);
  std::uint64_t got = shared_counter + guarded_counter;  // only one of them is used
  if (!way.is_shared) {
    for (const auto& sum : sums) got += sum.value_or(0);
  }
  part.got = static_cast<std::int64_t>(got);
  return part;
}

/// In other processes the tasks add to counters of those: ours stays 0.
void check(const RunSpec& spec, const Way& way, const RunPart& part, RunResult& result) {
  const bool is_elsewhere = way.is_shared && spec.model == cli::Model::processes;
  const bool may_lose = !way.is_safe && spec.model != cli::Model::inline_;
  if (may_lose && !is_elsewhere) return;
  const std::int64_t right = is_elsewhere ? 0 : part.expected;
  if (part.got != right) add_problem(result, fmt::format("{}: counted {} instead of {}", way.name, part.got, right));
}

void run(Executor& executor, const RunSpec& spec, Measurement& measurement, RunResult& result) {
  measurement.begin();
  for (const Way& way : kWays) result.parts.push_back(run_way(executor, way, result));
  measurement.end();
  measurement.tasks_are(Phase::computing);
  for (std::size_t i = 0; i < kWays.size() * kTasks; ++i) {
    measurement.describe_task(i, std::string(kWays[i / kTasks].name));
  }
  for (std::size_t i = 0; i < kWays.size(); ++i) check(spec, kWays[i], result.parts[i], result);
}

std::string describe(const RunSpec&) {
  return fmt::format("{} tasks add 1 to a counter, {} times each", kTasks, kSteps);
}

std::vector<Stage> stages(const RunSpec&) { return {}; }

}  // namespace

Workload race_workload() {
  return {.name = "race",
          .verb = "Ran",
          .checked = "nothing was lost where tasks share nothing, or only an atomic or a counter under a mutex",
          .report = Workload::Report::counts,
          .repeat = 1,
          .warmup = 0,
          .describe = describe,
          .stages = stages,
          .run = run};
}

}  // namespace overlap::compare
