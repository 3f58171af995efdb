#include <fmt/format.h>

#include <overlap/core/trace_json.hpp>

#include "compare/report.hpp"

namespace overlap::compare {
namespace {

/// What it refers to is the trace's.
TraceProcess process_of(const ModelRuns& model) {
  const RunTrace& trace = *model.trace;
  TraceProcess process;
  process.name = fmt::format("{}, run {}", cli::to_string(model.model), model.traced_round);
  process.dropped = trace.dropped;
  for (const std::string& name : trace.lanes) process.lanes.push_back({.name = name, .executor = {}, .worker = 0});
  process.spans.reserve(trace.spans.size());
  for (const RunTrace::Span& span : trace.spans) {
    process.spans.push_back({.kind = span.kind,
                             .end = span.end,
                             .lane = span.lane,
                             .task = span.task,
                             .other = 0,
                             .from = Duration(span.from_ns),
                             .to = Duration(span.to_ns),
                             .name = trace.names[span.name]});
  }
  return process;
}

}  // namespace

void write_trace(std::ostream& out, const Findings& findings) {
  std::vector<TraceProcess> processes;
  for (const ModelRuns& model : findings.result.models) {
    if (model.trace) processes.push_back(process_of(model));
  }
  write_chrome_trace(out, processes);
}

}  // namespace overlap::compare
