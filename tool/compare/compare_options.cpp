#include "compare/compare_options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "cli/escape.hpp"
#include "compare/workloads/list.hpp"

namespace overlap::compare {
namespace {

constexpr std::size_t kWorkersOfIoJobs = 5;

std::string known_workloads() {
  std::string names;
  for (const Workload& workload : workloads()) {
    if (workload.name != kListWorkload) names += fmt::format("{}{}", names.empty() ? "" : ", ", workload.name);
  }
  return names;
}

std::expected<const Workload*, std::string> find_named_or_list(const std::string& name) {
  const Workload* const workload = find_workload(name);
  if (workload != nullptr && name != kListWorkload) return workload;
  std::error_code ignored;
  if (std::filesystem::exists(name, ignored)) return find_workload(kListWorkload);
  return std::unexpected(fmt::format("no workload or file of URLs is called '{}'; there are: {}",
                                     cli::escape_for_terminal(name, 200), known_workloads()));
}

std::expected<std::vector<cli::Model>, std::string> parse_models(const std::vector<std::string>& names) {
  std::vector<cli::Model> models;
  for (const std::string& name : names) {
    const auto model = cli::parse_model(name);
    if (!model) return std::unexpected(model.error());
    if (std::ranges::find(models, *model) == models.end()) models.push_back(*model);
  }
  if (models.empty()) return std::unexpected("no model is given");
  return models;
}

}  // namespace

std::string problem_with_advise(const CompareFlags& flags) {
  if (!flags.json.empty() || !flags.html.empty() || !flags.trace.empty() || !flags.baseline.empty()) {
    return "--advise measures in its own way: it goes with none of --json, --html, --trace, --baseline";
  }
  if (flags.workers || flags.max_concurrent || flags.repeat || flags.warmup) {
    return "--advise finds out by itself how much at once and how many runs: it goes with none of -j, --workers, "
           "--repeat, --warmup";
  }
  return {};
}

std::size_t host_limit_of(const CompareOptions& options) {
  if (options.list_file.empty()) return 0;
  const auto facts = examine_list(options.list_file);
  return facts ? kMaxPerHost * facts->hosts : 0;
}

std::expected<CompareOptions, std::string> make_options(const CompareFlags& flags, std::size_t cpus) {
  const auto workload = find_named_or_list(flags.workload);
  if (!workload) return std::unexpected(workload.error());
  auto models = parse_models(flags.models);
  if (!models) return std::unexpected(models.error());

  CompareOptions options;
  options.workload = *workload;
  options.models = std::move(*models);
  options.workers = flags.workers.value_or((*workload)->one_worker_a_cpu ? cpus : kWorkersOfIoJobs);
  options.max_concurrent = flags.max_concurrent.value_or((*workload)->max_concurrent);
  options.repeat = flags.repeat.value_or((*workload)->repeat);
  options.warmup = flags.warmup.value_or((*workload)->warmup);
  options.latency = flags.latency;
  options.sleep_unit = flags.sleep_unit;
  options.traces = !flags.trace.empty() || !flags.html.empty();
  if ((*workload)->name != kListWorkload) return options;

  const auto facts = examine_list(flags.workload);
  if (!facts) return std::unexpected(facts.error());
  // The runs are told of it, and reports tell it, in JSON.
  if (cli::utf8_prefix(flags.workload) != flags.workload.size())
    return std::unexpected(
        fmt::format("--workload: the name {} is not UTF-8", cli::escape_for_terminal(flags.workload)));
  options.list_file = flags.workload;
  // More than the hosts are asked at once cannot be under way.
  options.max_concurrent = std::min(options.max_concurrent, kMaxPerHost * facts->hosts);
  return options;
}

}  // namespace overlap::compare
