// A comparison whose every figure is known.
#pragma once

#include <fstream>
#include <string>
#include <vector>

#include "compare/page/page.hpp"
#include "compare/report.hpp"
#include "compare/task_phases.hpp"

namespace overlap::compare {

inline MeasuredRun run_of(int round, double seconds) {
  MeasuredRun run;
  run.round = round;
  run.result.items = 160;
  run.result.seconds = seconds;
  run.result.cpu_seconds = 0.08;
  run.result.processes = 1;
  run.result.peak_memory = std::uint64_t{15} << 20;
  return run;
}

/// `tasks` tasks on `lanes` lanes. Each takes 100 ms on its lane, one after the other: 10 ms of connecting, 80 ms of
/// waiting for its first byte, 10 ms of computing. All are given to the executor at the beginning.
inline RunTrace trace_of(std::size_t tasks, std::size_t lanes, const std::string& name = "http://origin/page") {
  constexpr std::int64_t kTask = 100'000'000;
  RunTrace trace;
  trace.lanes = {"main thread"};
  for (std::size_t lane = 0; lane < lanes; ++lane) trace.lanes.push_back("pool " + std::to_string(lane));
  trace.names = {"", "connect", "waiting for the first byte", "computing"};
  for (std::size_t i = 0; i < tasks; ++i) {
    const auto lane = static_cast<std::uint32_t>(i % lanes + 1);
    const auto from = static_cast<std::int64_t>(i / lanes) * kTask;
    const auto named = static_cast<std::uint32_t>(trace.names.size());
    trace.names.push_back(name + std::to_string(i + 1));
    const auto add = [&](TraceSpan::Kind kind, std::int64_t begin, std::int64_t end, std::uint32_t what) {
      trace.spans.push_back({.kind = kind,
                             .end = kind == TraceSpan::Kind::running ? TraceSpan::End::finished : TraceSpan::End::left,
                             .lane = kind == TraceSpan::Kind::queued ? 0 : lane,
                             .task = i + 1,
                             .from_ns = begin,
                             .to_ns = end,
                             .name = what});
    };
    add(TraceSpan::Kind::queued, 0, from, named);
    add(TraceSpan::Kind::running, from, from + kTask, named);
    add(TraceSpan::Kind::scope, from, from + kTask / 10, 1);
    add(TraceSpan::Kind::scope, from + kTask / 10, from + kTask / 10 * 9, 2);
    add(TraceSpan::Kind::scope, from + kTask / 10 * 9, from + kTask, 3);
  }
  return trace;
}

/// Inline 8 s, threads 2 s with 5 workers; each with 40 tasks in its timeline.
struct KnownFindings {
  CompareOptions options;
  ComparisonResult result;
  Machine machine{.cpus = 2, .model = "Some CPU", .load = 0};

  KnownFindings() {
    options.workload = find_workload("pages");
    options.models = {cli::Model::inline_, cli::Model::threads};
    options.workers = 5;
    options.max_concurrent = 160;
    options.repeat = 3;
    options.warmup = 0;
    options.latency = std::chrono::milliseconds(50);
    result.models = {{.model = cli::Model::inline_,
                      .runs = {run_of(1, 8.1), run_of(2, 8), run_of(3, 7.9)},
                      .failure = {},
                      .trace = trace_of(40, 1),
                      .traced_round = 2},
                     {.model = cli::Model::threads,
                      .runs = {run_of(1, 2), run_of(2, 1.9), run_of(3, 2.5)},
                      .failure = {},
                      .trace = trace_of(40, 5),
                      .traced_round = 1}};
  }

  template <class Function>
  auto with(Function function) const {
    const auto summaries = summarise(options, result, machine.cpus);
    return function(Findings{options, result, summaries, machine});
  }

  void write(const std::string& file) const {
    std::ofstream out(file, std::ios::binary);
    with([&out](const Findings& findings) { write_page(out, findings); });
  }
};

}  // namespace overlap::compare
