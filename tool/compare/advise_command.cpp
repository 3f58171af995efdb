#include "compare/advise_command.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "compare/summary.hpp"

namespace overlap::compare {
namespace {

using Stopped = std::unexpected<CompareStop>;

// What is at once ends here, whatever it gains: so many connections or threads are no use to recommend.
constexpr std::size_t kMostWorkers = 256;
constexpr std::size_t kMostTasks = 4096;

/// Long runs are less noisy, and nobody wants to wait for many of them.
int runs_after(double seconds) { return seconds > 3 ? 2 : seconds > 0.5 ? 3 : 5; }

class Sweeper {
 public:
  Sweeper(const CompareOptions& options, std::size_t cpus, CompareObserver& observer, int interrupt)
      : options_(options), cpus_(cpus), observer_(observer), interrupt_(interrupt) {}

  std::expected<Probe, CompareStop> probe(cli::Model model, std::size_t at_once, int repeat) {
    CompareOptions options = options_;
    options.models = {model};
    options.workers = at_once;
    options.max_concurrent = at_once;
    options.repeat = repeat;
    options.warmup = 0;
    options.traces = false;
    auto result = run_comparison(options, observer_, interrupt_, origins_);
    if (!result) return Stopped(result.error());
    if (!result->complaints.empty()) return Stopped({.interrupted = false, .why = result->complaints.front()});
    last_ = result->models.front().runs.back().result;
    return probe_of(options, *result, at_once);
  }

  std::expected<std::vector<Probe>, CompareStop> sweep(cli::Model model, const Probe& single, std::size_t most) {
    std::vector<Probe> probes;
    double expected = single.median();
    for (std::size_t at_once = 2;; at_once *= 2) {
      at_once = std::min(at_once, most);
      auto next = probe(model, at_once, runs_after(expected / 2));
      if (!next) return Stopped(next.error());
      expected = next->median();
      probes.push_back(std::move(*next));
      if (at_once == most || is_exhausted(probes)) return probes;
    }
  }

  const RunResult& last() const { return last_; }

 private:
  Probe probe_of(const CompareOptions& options, const ComparisonResult& result, std::size_t at_once) const {
    const ModelSummary summary = summarise(options, result, cpus_).front();
    Probe probe;
    probe.model = summary.model;
    probe.at_once = at_once;
    for (const MeasuredRun& run : result.models.front().runs) probe.seconds.push_back(run.result.seconds);
    probe.cpu_seconds = summary.cpu_seconds;
    probe.stalled_seconds = summary.stalled_seconds;
    probe.origin_busy = summary.origin_busy;
    probe.cpus_busy = summary.cpus_busy;
    probe.machine_busy = summary.machine_busy;
    return probe;
  }

  const CompareOptions& options_;
  const std::size_t cpus_;
  CompareObserver& observer_;
  const int interrupt_;
  SharedOrigins origins_;
  RunResult last_;
};

/// What the work takes at least, however much is at once: its longest waits.
double longest_of(const CompareOptions& options, const RunResult& result) {
  if (options.workload->stages == nullptr) return result.longest_seconds;
  RunSpec spec;
  spec.latency = options.latency;
  spec.sleep_unit = options.sleep_unit;
  double longest = 0;
  for (const Stage& stage : options.workload->stages(spec)) longest += stage.longest;
  return longest;
}

/// More at once than there are items is the same as all of them.
std::size_t most_of(cli::Model model, const WorkFacts& facts) {
  std::size_t most = model == cli::Model::loop ? kMostTasks : kMostWorkers;
  if (facts.host_limit > 0) most = std::min(most, facts.host_limit);
  return std::max<std::size_t>(std::min<std::size_t>(most, facts.items), 1);
}

}  // namespace

std::expected<Sweeps, CompareStop> run_sweeps(const CompareOptions& options, std::size_t cpus, std::size_t host_limit,
                                              CompareObserver& observer, int interrupt) {
  Sweeper sweeper(options, cpus, observer, interrupt);
  Sweeps sweeps;
  auto single = sweeper.probe(cli::Model::inline_, 1, 1);
  if (!single) return Stopped(single.error());
  if (single->median() < 3) {  // short enough to see its noise too
    single = sweeper.probe(cli::Model::inline_, 1, runs_after(single->median()));
    if (!single) return Stopped(single.error());
  }
  sweeps.single = std::move(*single);
  const RunResult& result = sweeper.last();
  sweeps.facts = {.items = result.items,
                  .bytes = result.bytes,
                  .longest_seconds = longest_of(options, result),
                  .cpus = cpus,
                  .host_limit = host_limit};
  for (const cli::Model model : options.models) {
    if (model == cli::Model::inline_) continue;
    auto probes = sweeper.sweep(model, sweeps.single, most_of(model, sweeps.facts));
    if (!probes) return Stopped(probes.error());
    sweeps.models.push_back(std::move(*probes));
  }
  return sweeps;
}

}  // namespace overlap::compare
