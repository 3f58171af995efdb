#include "compare/summary.hpp"

#include <algorithm>

namespace overlap::compare {
namespace {

template <class Figure>
std::vector<double> figures(const ModelRuns& model, Figure figure) {
  std::vector<double> values;
  for (const MeasuredRun& run : model.runs) {
    if (run.round >= 1) values.push_back(static_cast<double>(figure(run)));
  }
  return values;
}

template <class Figure>
double median_of(const ModelRuns& model, Figure figure) {
  return spread_of(figures(model, figure)).median;
}

std::size_t counted_runs(const ModelRuns& model) {
  return static_cast<std::size_t>(std::ranges::count_if(model.runs, [](const auto& run) { return run.round >= 1; }));
}

/// Until the work has ended, where that is known: what the process does afterwards is not the model's.
std::uint64_t peak_of_run(const MeasuredRun& run) {
  return run.result.peak_memory > 0 ? run.result.peak_memory : run.process.peak_memory;
}

double cpu_of_run(const MeasuredRun& run) { return run.result.cpu_seconds; }

/// Where nobody knows how long the items wait, what they took one after the other stands for it.
std::optional<std::vector<Stage>> stages_of(const CompareOptions& options, const ModelRuns* inline_runs) {
  const Workload& workload = *options.workload;
  RunSpec spec;
  spec.latency = options.latency;
  spec.sleep_unit = options.sleep_unit;
  if (workload.stages != nullptr) return workload.stages(spec);
  if (inline_runs == nullptr) return std::nullopt;
  Stage stage;
  stage.waiting = median_of(*inline_runs, [](const MeasuredRun& run) { return run.result.waited_seconds; });
  stage.longest = median_of(*inline_runs, [](const MeasuredRun& run) { return run.result.longest_seconds; });
  return std::vector{stage};
}

double per_second(double amount, const MeasuredRun& run) {
  return run.result.seconds > 0 ? amount / run.result.seconds : 0;
}

void add_burden(ModelSummary& summary, const ModelRuns& model, std::size_t cpus) {
  summary.origin_busy =
      median_of(model, [](const MeasuredRun& run) { return per_second(run.busiest_origin_cpu, run); });
  summary.machine_busy = median_of(model, [](const MeasuredRun& run) { return run.result.machine_busy; });
  summary.cpus_busy = median_of(model, [cpus](const MeasuredRun& run) {
    return per_second(run.result.cpu_seconds + run.origins_cpu, run) / static_cast<double>(cpus);
  });
}

ModelSummary figures_of(const CompareOptions& options, const ModelRuns& model) {
  ModelSummary summary;
  summary.model = model.model;
  summary.at_once = at_once(options, model.model);
  summary.workers = model.model == cli::Model::loop ? 1 : summary.at_once;
  summary.runs = counted_runs(model);
  if (summary.runs == 0) return summary;
  for (const MeasuredRun& run : model.runs) summary.failed_items += run.round >= 1 ? run.result.failed : 0;
  const auto items = median_of(model, [](const auto& run) { return run.result.items - run.result.failed; });
  auto seconds = figures(model, [](const MeasuredRun& run) { return run.result.seconds; });
  summary.interval = median_interval(seconds);
  summary.seconds = spread_of(std::move(seconds));
  summary.items_per_second = summary.seconds.median > 0 ? items / summary.seconds.median : 0;
  summary.cpu_seconds = median_of(model, cpu_of_run);
  summary.stalled_seconds = median_of(model, [](const MeasuredRun& run) { return run.result.stalled_seconds; });
  summary.cpu_us_per_item = items > 0 ? summary.cpu_seconds * 1e6 / items : 0;
  const auto peak = spread_of(figures(model, peak_of_run)).max;
  summary.peak_memory = static_cast<std::uint64_t>(peak);
  summary.start_seconds = median_of(model, [](const MeasuredRun& run) { return run.result.start_seconds; });
  summary.processes = model.runs.back().result.processes;
  summary.resident_bytes =
      static_cast<std::uint64_t>(median_of(model, [](const MeasuredRun& run) { return run.result.resident_bytes; }));
  return summary;
}

/// Above this efficiency the ideal was none: waits, or the CPU, were faster in these runs than in the inline ones.
constexpr double kMostEfficiency = 1.1;

void add_ideal(ModelSummary& summary, double ideal) {
  const auto reached = efficiency(ideal, summary.seconds.median);
  summary.beats_ideal = reached && *reached > kMostEfficiency;
  if (summary.beats_ideal) return;
  summary.ideal_seconds = ideal;
  summary.efficiency = reached;
}

/// The runs that the others are compared to, if there are any and nothing failed in them.
const ModelRuns* inline_runs_of(const CompareOptions& options, const ComparisonResult& result) {
  const auto found = std::ranges::find(result.models, cli::Model::inline_, &ModelRuns::model);
  return found != result.models.end() && is_whole(figures_of(options, *found)) ? &*found : nullptr;
}

}  // namespace

bool is_whole(const ModelSummary& summary) { return summary.runs > 0 && summary.failed_items == 0; }

std::vector<ModelSummary> summarise(const CompareOptions& options, const ComparisonResult& result, std::size_t cpus) {
  const ModelRuns* const inline_runs = inline_runs_of(options, result);
  const auto stages = stages_of(options, inline_runs);
  std::vector<ModelSummary> summaries;
  for (const ModelRuns& model : result.models) {
    ModelSummary summary = figures_of(options, model);
    if (summary.runs > 0) add_burden(summary, model, cpus);
    if (is_whole(summary) && inline_runs != nullptr) {
      const auto inline_seconds = figures_of(options, *inline_runs).seconds.median;
      summary.speedup = efficiency(inline_seconds, summary.seconds.median);
    }
    if (is_whole(summary) && stages) {
      const double cpu = inline_runs != nullptr ? median_of(*inline_runs, cpu_of_run) : summary.cpu_seconds;
      add_ideal(summary, ideal_seconds(*stages, static_cast<double>(summary.at_once), cpu, cpus));
    }
    summaries.push_back(summary);
  }
  return summaries;
}

}  // namespace overlap::compare
