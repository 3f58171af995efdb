#include <fmt/format.h>

#include <algorithm>

#include "cli/escape.hpp"
#include "cli/table.hpp"
#include "cli/units.hpp"
#include "cli/wrap.hpp"
#include "compare/notes.hpp"
#include "compare/report.hpp"

namespace overlap::compare {
namespace {

using cli::Table;
using cli::three_digits;

std::string name_of(cli::Model model) { return std::string(cli::to_string(model)); }

std::string plural(std::size_t count, std::string_view one) {
  return fmt::format("{} {}{}", count, one, count == 1 ? "" : "s");
}

RunSpec spec_of(const CompareOptions& options) {
  RunSpec spec;
  spec.sleep_unit = options.sleep_unit;
  spec.list_file = options.list_file;
  return spec;
}

bool has(const Findings& findings, cli::Model model) {
  return std::ranges::find(findings.options.models, model) != findings.options.models.end();
}

std::string or_dash(std::optional<double> value, std::string_view unit = "") {
  return value ? three_digits(*value) + std::string(unit) : "-";
}

/// With as many decimals as the median is shown with.
std::string range_of(const Spread& spread) {
  const std::string median = three_digits(spread.median);
  const auto point = median.find('.');
  const auto decimals = point == std::string::npos ? 0 : median.size() - point - 1;
  return fmt::format("{:.{}f} - {:.{}f}", spread.min, decimals, spread.max, decimals);
}

std::vector<std::string> totals_row(const ModelSummary& summary) {
  if (summary.runs == 0) return {name_of(summary.model), std::to_string(summary.workers), "failed"};
  const Spread& seconds = summary.seconds;
  return {name_of(summary.model),
          std::to_string(summary.workers),
          three_digits(seconds.median),
          range_of(seconds),
          three_digits(summary.items_per_second),
          summary.failed_items > 0 ? fmt::format("{} failed", summary.failed_items) : or_dash(summary.speedup, "x"),
          summary.efficiency ? fmt::format("{:.2f}", *summary.efficiency) : "-",
          three_digits(summary.cpu_seconds),
          three_digits(summary.cpu_us_per_item),
          cli::format_size(summary.peak_memory)};
}

std::string totals_table(const Findings& findings, std::size_t width) {
  Table table({{"\nmodel", Table::Align::left},
               {"workers"},
               {"seconds"},
               {"min - max"},
               {"items/s"},
               {"speed-up"},
               {"efficiency"},
               {"CPU\nseconds"},
               {"CPU-us\nan item"},
               {"peak\nmemory"}});
  for (const ModelSummary& summary : findings.summaries) table.add_row(totals_row(summary));
  return table.text(width);
}

/// The run that stands for the model where a median of whole runs makes no sense: the last.
const RunResult* last_run(const ModelRuns& model) { return model.runs.empty() ? nullptr : &model.runs.back().result; }

/// "5 4 3", ".5 .4 .3"
std::string in_order(const std::vector<double>& order) {
  std::string text;
  for (const double value : order) {
    std::string number = fmt::format("{}", value);
    if (number.starts_with("0.")) number.erase(0, 1);
    text += (text.empty() ? "" : " ") + number;
  }
  return text;
}

/// Of the median run of each part.
double part_seconds(const ModelRuns& model, std::size_t part) {
  std::vector<double> seconds;
  for (const MeasuredRun& run : model.runs) {
    if (run.round >= 1) seconds.push_back(run.result.parts.at(part).seconds);
  }
  return seconds.empty() ? 0 : spread_of(std::move(seconds)).median;
}

/// A row a part, a column a model; below the seconds of a part the order in which its results came.
std::string parts_table(const Findings& findings, std::size_t width) {
  std::vector<Table::Column> columns{{"seconds of each part", Table::Align::left}};
  const RunResult* pattern = nullptr;
  for (const ModelRuns& model : findings.result.models) {
    columns.push_back({name_of(model.model)});
    if (last_run(model) != nullptr) pattern = last_run(model);
  }
  if (pattern == nullptr) return {};
  Table table(std::move(columns));
  for (std::size_t part = 0; part < pattern->parts.size(); ++part) {
    std::vector<std::string> seconds{pattern->parts[part].name};
    std::vector<std::string> order{"  came as"};
    for (const ModelRuns& model : findings.result.models) {
      const RunResult* const run = last_run(model);
      seconds.push_back(run != nullptr ? three_digits(part_seconds(model, part)) : "failed");
      order.push_back(run != nullptr ? in_order(run->parts.at(part).order) : "");
    }
    table.add_row(std::move(seconds));
    if (!pattern->parts[part].order.empty()) table.add_row(std::move(order));
  }
  return table.text(width);
}

/// A row a way to count, under each model.
std::string counts_table(const Findings& findings, std::size_t width) {
  Table table({{"way to count", Table::Align::left},
               {"model", Table::Align::left},
               {"workers"},
               {"expected"},
               {"got"},
               {"lost"},
               {"seconds"}},
              2);
  std::size_t ways = 0;
  for (const ModelRuns& model : findings.result.models) {
    if (const RunResult* const run = last_run(model)) ways = run->parts.size();
  }
  for (std::size_t way = 0; way < ways; ++way) {
    for (std::size_t m = 0; m < findings.result.models.size(); ++m) {
      const ModelRuns& model = findings.result.models[m];
      const RunResult* const run = last_run(model);
      if (run == nullptr) continue;
      const RunPart& part = run->parts.at(way);
      table.add_row({m == 0 ? part.name : "", name_of(model.model), std::to_string(findings.summaries[m].workers),
                     std::to_string(part.expected), std::to_string(part.got), std::to_string(part.expected - part.got),
                     three_digits(part_seconds(model, way))});
    }
  }
  return table.text(width);
}

std::string copies_line(const Findings& findings) {
  if (!has(findings, cli::Model::processes)) return {};
  return "processes: a worker adds to the counter of its own process, and this one's stays 0\n";
}

std::string start_line(const Findings& findings) {
  std::string text;
  for (const ModelSummary& summary : findings.summaries) {
    if (summary.runs == 0 || summary.model == cli::Model::inline_) continue;
    text += fmt::format("{} {} {} ms", text.empty() ? "" : ",", name_of(summary.model),
                        three_digits(summary.start_seconds * 1e3));
  }
  return text.empty() ? text : fmt::format("start-up, not counted:{}\n", text);
}

std::string memory_line(const Findings& findings) {
  for (const ModelSummary& summary : findings.summaries) {
    if (summary.processes <= 1 || summary.resident_bytes == 0) continue;
    return fmt::format("peak memory is that of the largest process; {} were {} processes, {} in all at the end\n",
                       name_of(summary.model), summary.processes, cli::format_size(summary.resident_bytes));
  }
  return {};
}

std::string ideal_line(const Findings& findings) {
  std::string text;
  for (const ModelSummary& summary : findings.summaries) {
    if (!summary.ideal_seconds) continue;
    text += fmt::format("{} {} {} s", text.empty() ? "" : ",", name_of(summary.model),
                        three_digits(*summary.ideal_seconds));
  }
  return text.empty() ? text : fmt::format("efficiency is against the ideal:{}\n", text);
}

std::string note_lines(const Findings& findings) {
  std::string text;
  for (const std::string& note : notes_of(findings)) text += fmt::format("note: {}\n", note);
  return text;
}

std::string check_line(const Findings& findings) {
  if (!findings.result.complaints.empty() || findings.result.results_differ) return {};
  return fmt::format("checked: {}\n", findings.options.workload->checked);
}

}  // namespace

std::string subject_of(const CompareOptions& options) {
  const std::string& file = options.sample_of.empty() ? options.list_file : options.sample_of;
  const std::string name = file.empty() ? std::string(options.workload->name) : cli::escape_for_terminal(file);
  const std::string all = options.sample_of.empty() ? "" : fmt::format("of {} URLs, spread evenly: ", options.urls);
  std::string text = fmt::format("{}: {}{}", name, all, options.workload->describe(spec_of(options)));
  if (options.workload->sites > 0) text += fmt::format(", answered after {}", cli::format_duration(options.latency));
  return text;
}

std::string conditions_of(const Findings& findings) {
  const CompareOptions& options = findings.options;
  std::string text;
  const bool has_pools = has(findings, cli::Model::threads) || has(findings, cli::Model::processes);
  if (has_pools) text += fmt::format("{}; ", plural(options.workers, "worker"));
  if (has(findings, cli::Model::loop)) text += fmt::format("the loop: at most {} at once; ", options.max_concurrent);
  text += fmt::format("{} of each model", plural(static_cast<std::size_t>(options.repeat), "run"));
  if (options.warmup > 0) text += fmt::format(" after {} for warming up", options.warmup);
  return text + fmt::format("; {}", plural(findings.machine.cpus, "CPU"));
}

std::string report_text(const Findings& findings, const TextStyle& style) {
  const Workload::Report kind = findings.options.workload->report;
  const std::size_t width = style.line_width;
  std::string text =
      cli::wrapped(fmt::format("{}\n{}\n\n", subject_of(findings.options), conditions_of(findings)), width);
  if (kind == Workload::Report::counts) {
    return text + counts_table(findings, width) + '\n' +
           cli::wrapped(copies_line(findings) + note_lines(findings) + check_line(findings), width);
  }
  text += totals_table(findings, width) + '\n';
  if (const std::string bars = bars_text(findings.summaries, style); !bars.empty()) text += bars + '\n';
  if (kind == Workload::Report::parts) text += parts_table(findings, width) + '\n';
  return text + cli::wrapped(ideal_line(findings) + start_line(findings) + memory_line(findings) +
                                 note_lines(findings) + check_line(findings),
                             width);
}

}  // namespace overlap::compare
