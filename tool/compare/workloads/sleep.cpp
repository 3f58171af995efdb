// Tasks that only wait: what overlaps, and in which order results come.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <overlap/async/sleep.hpp>
#include <overlap/core/executor.hpp>
#include <overlap/core/wait.hpp>
#include <span>

#include "cli/units.hpp"
#include "compare/collect.hpp"
#include "compare/workloads/all.hpp"

namespace overlap::compare {
namespace {

// In units, a second each unless --sleep-unit says otherwise.
constexpr std::array kPair{1.0, 1.0};
constexpr std::array kTen{1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5};
constexpr std::array kCountdown{5.0, 4.0, 3.0, 2.0, 1.0};
constexpr std::array kShortCountdown{0.5, 0.4, 0.3, 0.2, 0.1};

/// The sets in the order in which they are run, each after the one before has ended.
constexpr std::array<std::span<const double>, 4> kSets{kPair, kTen, kCountdown, kShortCountdown};

/// Gives back how many of these units it has waited.
Task<double> wait_for(double units, std::int64_t unit_ns) {
  co_await sleep_for(std::chrono::nanoseconds(static_cast<std::int64_t>(units * static_cast<double>(unit_ns))));
  co_return units;
}

class SleepRun {
 public:
  SleepRun(Executor& executor, const RunSpec& spec, RunResult& result)
      : executor_(executor), unit_ns_(spec.sleep_unit.count()), result_(result) {}

  void wait_for_all(std::span<const double> waits, std::string name) {
    const TimePoint begin = Clock::now();
    collect(submit(waits), result_);
    add_part(std::move(name), begin, {});
  }

  /// The order in which the results were there.
  std::vector<double> complete(std::span<const double> waits, std::string name) {
    const TimePoint begin = Clock::now();
    std::vector<double> order;
    for (const Future<double>& future : as_completed(submit(waits))) order.push_back(future.result());
    result_.items += order.size();
    add_part(std::move(name), begin, order);
    return order;
  }

  /// The order in which map() gave the results.
  std::vector<double> map(std::span<const double> waits, std::string name) {
    const TimePoint begin = Clock::now();
    const std::vector<std::int64_t> units(waits.size(), unit_ns_);
    std::vector<double> order;
    for (const double waited : executor_.map({.buffer = MapOptions::unbounded}, wait_for, waits, units)) {
      order.push_back(waited);
    }
    result_.items += order.size();
    add_part(std::move(name), begin, order);
    return order;
  }

 private:
  std::vector<Future<double>> submit(std::span<const double> waits) {
    std::vector<Future<double>> futures;
    for (const double units : waits) futures.push_back(executor_.submit(wait_for, units, unit_ns_));
    return futures;
  }

  void add_part(std::string name, TimePoint begin, std::vector<double> order) {
    RunPart part;
    part.name = std::move(name);
    part.seconds = to_seconds(Clock::now() - begin);
    part.order = std::move(order);
    result_.parts.push_back(std::move(part));
  }

  Executor& executor_;
  const std::int64_t unit_ns_;
  RunResult& result_;
};

std::string in_units(std::span<const double> waits) { return fmt::format("{}", fmt::join(waits, " ")); }

/// As many waits at once as the longest set has, or as may be.
bool all_at_once(const RunSpec& spec) {
  if (spec.model == cli::Model::inline_) return false;
  const std::size_t at_once = spec.model == cli::Model::loop ? spec.max_concurrent : spec.workers;
  return at_once >= kCountdown.size();
}

void check(const RunSpec& spec, std::span<const double> completed, std::span<const double> mapped, RunResult& result) {
  if (!std::ranges::equal(mapped, kShortCountdown)) {
    add_problem(result, fmt::format("map() gave {} instead of {}", in_units(mapped), in_units(kShortCountdown)));
  }
  std::vector<double> expected(kCountdown.begin(), kCountdown.end());
  if (all_at_once(spec)) std::ranges::reverse(expected);
  const bool is_known = all_at_once(spec) || spec.model == cli::Model::inline_;  // with few workers, it depends
  if (is_known && !std::ranges::equal(completed, expected)) {
    add_problem(result, fmt::format("as_completed() gave {} instead of {}", in_units(completed), in_units(expected)));
  }
}

void describe_tasks(Measurement& measurement) {
  measurement.tasks_are(Phase::sleeping);
  std::size_t index = 0;
  for (const std::span<const double> set : kSets) {
    for (const double units : set) measurement.describe_task(index++, fmt::format("wait of {}", units));
  }
}

void run(Executor& executor, const RunSpec& spec, Measurement& measurement, RunResult& result) {
  SleepRun sleep(executor, spec, result);
  measurement.begin();
  sleep.wait_for_all(kPair, "2 waits of 1");
  sleep.wait_for_all(kTen, "10 waits of 1.5");
  const auto completed = sleep.complete(kCountdown, "as_completed: 5 4 3 2 1");
  const auto mapped = sleep.map(kShortCountdown, "map: .5 .4 .3 .2 .1");
  measurement.end();
  describe_tasks(measurement);
  check(spec, completed, mapped, result);
}

std::string describe(const RunSpec& spec) {
  return fmt::format("4 sets of waits, in units of {}", cli::format_duration(spec.sleep_unit));
}

std::vector<Stage> stages(const RunSpec& spec) {
  const double unit = to_seconds(spec.sleep_unit);
  std::vector<Stage> stages;
  for (const std::span<const double> set : kSets) {
    Stage stage;
    for (const double units : set) {
      stage.waiting += units * unit;
      stage.longest = std::max(stage.longest, units * unit);
    }
    stages.push_back(stage);
  }
  return stages;
}

}  // namespace

Workload sleep_workload() {
  return {.name = "sleep",
          .verb = "Waited for",
          .checked = "map() gave results in the order of the input, as_completed() in the order of ending",
          .report = Workload::Report::parts,
          .repeat = 1,  // one run of the inline model alone takes 33 units
          .warmup = 0,
          .describe = describe,
          .stages = stages,
          .run = run};
}

}  // namespace overlap::compare
