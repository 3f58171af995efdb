#include <boost/json.hpp>

#include "compare/report.hpp"

namespace overlap::compare {
namespace {

namespace json = boost::json;

json::value or_null(std::optional<double> value) { return value ? json::value(*value) : json::value(nullptr); }

json::object options_json(const CompareOptions& options) {
  json::array models;
  for (const cli::Model model : options.models) models.emplace_back(cli::to_string(model));
  json::object object{{"models", std::move(models)},
                      {"workers", options.workers},
                      {"max_concurrent", options.max_concurrent},
                      {"repeat", options.repeat},
                      {"warmup", options.warmup}};
  if (options.workload->sites > 0) {
    object["latency_seconds"] = to_seconds(options.latency);
    object["seed"] = options.seed;
  }
  if (options.workload->report == Workload::Report::parts)
    object["sleep_unit_seconds"] = to_seconds(options.sleep_unit);
  if (!options.list_file.empty()) object["file"] = options.list_file;
  return object;
}

json::object run_json(const MeasuredRun& run) {
  json::object object = json::parse(to_json(run.result)).as_object();
  for (const char* const internal : {"expected_digest", "failed_at", "refused"}) object.erase(internal);
  object["round"] = run.round;
  object["warmup"] = run.round < 1;
  object["origins_cpu_seconds"] = run.origins_cpu;
  object["process_cpu_seconds"] = to_seconds(run.process.cpu);
  object.erase("peak_memory");
  object["peak_memory_bytes"] = run.result.peak_memory > 0 ? run.result.peak_memory : run.process.peak_memory;
  return object;
}

json::object model_json(const ModelRuns& runs, const ModelSummary& summary) {
  json::object object{
      {"model", cli::to_string(runs.model)}, {"workers", summary.workers}, {"at_once", summary.at_once}};
  if (runs.failure) object["failure"] = *runs.failure;
  if (summary.runs > 0) {
    object["seconds"] = {
        {"median", summary.seconds.median}, {"min", summary.seconds.min}, {"max", summary.seconds.max}};
    if (const auto& interval = summary.interval) {
      object["median_interval"] = {
          {"low", interval->low}, {"high", interval->high}, {"confidence", interval->confidence}};
    }
    object["origin_busy"] = summary.origin_busy;
    object["cpus_busy"] = summary.cpus_busy;
    object["machine_busy"] = summary.machine_busy;
    object["failed_items"] = summary.failed_items;
    object["items_per_second"] = summary.items_per_second;
    object["speedup"] = or_null(summary.speedup);
    object["ideal_seconds"] = or_null(summary.ideal_seconds);
    object["efficiency"] = or_null(summary.efficiency);
    object["cpu_seconds"] = summary.cpu_seconds;
    object["cpu_us_per_item"] = summary.cpu_us_per_item;
    object["peak_memory_bytes"] = summary.peak_memory;
    object["start_seconds"] = summary.start_seconds;
  }
  json::array all;
  for (const MeasuredRun& run : runs.runs) all.push_back(run_json(run));
  object["runs"] = std::move(all);
  return object;
}

}  // namespace

std::string report_json(const Findings& findings) {
  json::array models;
  for (std::size_t i = 0; i < findings.summaries.size(); ++i) {
    models.push_back(model_json(findings.result.models[i], findings.summaries[i]));
  }
  json::array complaints;
  for (const std::string& complaint : findings.result.complaints) complaints.emplace_back(complaint);
  json::object object{
      {"workload", findings.options.workload->name},
      {"version", OVERLAP_VERSION},
      {"machine",
       {{"cpus", findings.machine.cpus}, {"model", findings.machine.model}, {"load", findings.machine.load}}},
      {"options", options_json(findings.options)},
      {"ok", findings.result.complaints.empty()},
      {"complaints", std::move(complaints)},
      {"results_differ", findings.result.results_differ},
      {"models", std::move(models)}};
  return json::serialize(object) + '\n';
}

}  // namespace overlap::compare
