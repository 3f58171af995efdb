#include "compare/advise_command.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "cli/escape.hpp"
#include "compare/compare_options.hpp"
#include "compare/summary.hpp"
#include "compare/temporary_directory.hpp"
#include "compare/workloads/list.hpp"

namespace overlap::compare {
namespace {

using Stopped = std::unexpected<CompareStop>;

// What is at once ends here, whatever it gains: so many connections or threads are no use to recommend.
constexpr std::size_t kMostWorkers = 256;
constexpr std::size_t kMostTasks = 4096;

/// Long runs are less noisy, and nobody wants to wait for many of them.
int runs_after(double seconds) { return seconds > 3 ? 2 : seconds > 0.5 ? 3 : 5; }

/// The places of the items that failed in any of the runs.
std::set<std::size_t> failed_items(const ComparisonResult& result) {
  std::set<std::size_t> failed;
  for (const MeasuredRun& run : result.models.front().runs) {
    failed.insert(run.result.failed_at.begin(), run.result.failed_at.end());
  }
  return failed;
}

std::string first_problem(const ComparisonResult& result) {
  for (const MeasuredRun& run : result.models.front().runs) {
    if (!run.result.problems.empty()) return cli::escape_for_terminal(run.result.problems.front(), 500);
  }
  return {};
}

bool is_refused(const ComparisonResult& result) {
  const auto was_refused = [](const MeasuredRun& run) { return run.result.refused > 0; };
  return std::ranges::any_of(result.models.front().runs, was_refused);
}

/// What a step of a sweep came to; nothing: the servers refused so much at once.
using Step = std::optional<Probe>;

class Sweeper {
 public:
  Sweeper(CompareOptions options, std::size_t cpus, CompareObserver& observer, int interrupt)
      : options_(std::move(options)), cpus_(cpus), observer_(observer), interrupt_(interrupt) {}

  /// The inline model. What fails even so, one after the other, is left out from then on.
  std::expected<Probe, CompareStop> probe_single(int repeat) {
    for (int tries = 1;; ++tries) {
      const auto result = measure(cli::Model::inline_, 1, repeat);
      if (!result) return Stopped(result.error());
      if (result->complaints.empty()) return probe_of(*result, 1);
      const bool may_leave_out = tries < kMostTries && !options_.list_file.empty();
      if (!may_leave_out || !leave_out(*result)) return stopped_by(*result);
    }
  }

  std::expected<std::vector<Probe>, CompareStop> sweep(cli::Model model, const Probe& single, std::size_t most) {
    std::vector<Probe> probes;
    double expected = single.median();
    for (std::size_t at_once = 2;; at_once *= 2) {
      at_once = std::min(at_once, most);
      auto next = step(model, at_once, runs_after(expected / 2));
      if (!next) return Stopped(next.error());
      if (!*next) return narrow(model, std::move(probes), at_once);
      expected = (*next)->median();
      probes.push_back(std::move(**next));
      if (at_once == most || is_exhausted(probes)) return probes;
    }
  }

  const CompareOptions& options() const { return options_; }
  const RunResult& last() const { return last_; }
  const LeftOut& left_out() const { return left_out_; }
  /// As in WorkFacts.
  std::size_t accepted() const { return accepted_; }

 private:
  /// What fails by chance is another item each time: that ends.
  static constexpr int kMostTries = 3;

  static Stopped stopped_by(const ComparisonResult& result) {
    return Stopped({.interrupted = false, .why = result.complaints.front()});
  }

  std::expected<ComparisonResult, CompareStop> measure(cli::Model model, std::size_t at_once, int repeat) {
    CompareOptions options = options_;
    options.models = {model};
    options.workers = at_once;
    options.max_concurrent = at_once;
    options.repeat = repeat;
    options.warmup = 0;
    options.traces = false;
    auto result = run_comparison(options, observer_, interrupt_, origins_);
    if (result && !result->models.front().runs.empty()) last_ = result->models.front().runs.back().result;
    return result;
  }

  std::expected<Step, CompareStop> step(cli::Model model, std::size_t at_once, int repeat) {
    const auto result = measure(model, at_once, repeat);
    if (!result) return Stopped(result.error());
    if (result->complaints.empty()) return probe_of(*result, at_once);
    if (is_refused(*result)) return std::nullopt;
    return stopped_by(*result);
  }

  /// Finds the most that the servers accept, which is below `refused`. The probes, of less, are in order, and stay so.
  std::expected<std::vector<Probe>, CompareStop> narrow(cli::Model model, std::vector<Probe> probes,
                                                        std::size_t refused) {
    accepted_ = probes.empty() ? 1 : probes.back().at_once;
    while (refused - accepted_ > 1) {
      const std::size_t middle = accepted_ + (refused - accepted_) / 2;
      auto next = step(model, middle, runs_after(probes.back().median()));
      if (!next) return Stopped(next.error());
      (*next ? accepted_ : refused) = middle;
      if (*next) probes.push_back(std::move(**next));
    }
    return probes;
  }

  /// False: there is nothing to leave out, or nothing else.
  bool leave_out(const ComparisonResult& result) {
    const std::set<std::size_t> failed = failed_items(result);
    if (failed.empty() || failed.size() >= last_.items) return false;
    if (!place_) place_.emplace();
    const std::string rest = fmt::format("{}/without{}.txt", place_->path(), left_out_.items + failed.size());
    const auto is_chosen = [&failed](std::size_t index) { return !failed.contains(index); };
    if (!write_chosen(options_.list_file, is_chosen, rest)) return false;
    if (left_out_.items == 0) left_out_ = {.items = 0, .of = last_.items, .example = first_problem(result)};
    left_out_.items += failed.size();
    options_.list_file = rest;
    return true;
  }

  Probe probe_of(const ComparisonResult& result, std::size_t at_once) const {
    const ModelSummary summary = summarise(options_, result, cpus_).front();
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

  CompareOptions options_;
  const std::size_t cpus_;
  CompareObserver& observer_;
  const int interrupt_;
  SharedOrigins origins_;
  RunResult last_;
  std::optional<TemporaryDirectory> place_;  ///< of the lists without what was left out
  LeftOut left_out_;
  std::size_t accepted_ = 0;
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
  if (facts.accepted > 0) most = std::min(most, facts.accepted);
  return std::max<std::size_t>(std::min<std::size_t>(most, facts.items), 1);
}

/// Once, or, where it is short enough, a few times to see its noise.
std::expected<Probe, CompareStop> run_single(Sweeper& sweeper) {
  auto single = sweeper.probe_single(1);
  if (!single || single->median() >= 3) return single;
  return sweeper.probe_single(runs_after(single->median()));
}

WorkFacts facts_of(const Sweeper& sweeper, std::size_t cpus) {
  return {.items = sweeper.last().items,
          .bytes = sweeper.last().bytes,
          .longest_seconds = longest_of(sweeper.options(), sweeper.last()),
          .cpus = cpus,
          .host_limit = host_limit_of(sweeper.options())};
}

}  // namespace

std::expected<Sweeps, CompareStop> run_sweeps(CompareOptions options, std::size_t cpus, CompareObserver& observer,
                                              int interrupt) {
  Sweeper sweeper(std::move(options), cpus, observer, interrupt);
  Sweeps sweeps;
  auto single = run_single(sweeper);
  if (!single) return Stopped(single.error());
  sweeps.single = std::move(*single);
  sweeps.facts = facts_of(sweeper, cpus);
  sweeps.left_out = sweeper.left_out();
  for (const cli::Model model : sweeper.options().models) {
    if (model == cli::Model::inline_ || sweeps.facts.accepted == 1) continue;
    auto probes = sweeper.sweep(model, sweeps.single, most_of(model, sweeps.facts));
    if (!probes) return Stopped(probes.error());
    sweeps.facts.accepted = sweeper.accepted();
    if (!probes->empty()) sweeps.models.push_back(std::move(*probes));
  }
  return sweeps;
}

}  // namespace overlap::compare
