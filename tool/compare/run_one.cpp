#include "compare/run_one.hpp"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <system_error>

#include "cli/escape.hpp"
#include "cli/models.hpp"
#include "compare/measurement.hpp"
#include "compare/process_tree.hpp"
#include "compare/ready_workers.hpp"
#include "compare/run_tracer.hpp"
#include "compare/workload.hpp"

namespace overlap::compare {
namespace {

std::string read_standard_input() {
  std::string text;
  char block[16384];
  for (;;) {
    const ssize_t count = read(STDIN_FILENO, block, sizeof block);
    if (count > 0) text.append(block, static_cast<std::size_t>(count));
    if (count == 0) return text;
    if (count < 0 && errno != EINTR) throw std::system_error(errno, std::generic_category(), "standard input");
  }
}

void write_standard_output(const std::string& text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0) {
    throw std::system_error(errno, std::generic_category(), "standard output");
  }
}

/// Each connection is a descriptor, and the usual soft limit is 1024. Best effort.
void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

/// How many workers start() waits for: an executor without workers has none to wait for.
std::size_t workers_of(const RunSpec& spec) {
  switch (spec.model) {
    case cli::Model::inline_:
      return 0;
    case cli::Model::loop:
      return 1;
    default:
      return spec.workers;
  }
}

/// A coroutine on the loop shares its thread with the others.
void write_trace(const RunSpec& spec, RunTracer& tracer) {
  std::ofstream file(spec.trace_file, std::ios::binary | std::ios::trunc);
  write_run_trace(file, tracer.take(spec.model != cli::Model::loop));
  file.close();
  if (!file) throw std::system_error(errno, std::generic_category(), spec.trace_file);
}

}  // namespace

RunResult run_one(const RunSpec& spec) {
  const Workload* const workload = find_workload(spec.workload);
  if (workload == nullptr) throw std::invalid_argument("no such workload: " + spec.workload);

  RunResult result;
  const TimePoint begin = Clock::now();
  const std::unique_ptr<Executor> executor = cli::make_executor(spec.model, spec.workers, spec.max_concurrent);
  const ReadyWorkers ready = wait_for_workers(*executor, workers_of(spec), begin);
  result.start_seconds = to_seconds(ready.took);
  result.workers_ready = ready.workers;

  RunTracer tracer;
  Measurement measurement(spec.trace_file.empty() ? nullptr : &tracer);
  workload->run(*executor, spec, measurement, result);
  result.seconds = measurement.seconds();
  result.cpu_seconds = measurement.cpu_seconds();
  result.machine_busy = measurement.machine_busy();
  result.stalled_seconds = measurement.stalled_seconds();
  const TreeMemory memory = memory_of_process_tree();
  result.processes = memory.processes;
  result.resident_bytes = memory.bytes;
  result.peak_memory = memory.peak;  // before what is recorded is read, which takes more
  executor->shutdown();
  if (!spec.trace_file.empty()) write_trace(spec, tracer);
  if (spec.prepare && workload->expected_digest != nullptr) result.expected_digest = workload->expected_digest(spec);
  return result;
}

int run_from_standard_input() {
  try {
    raise_descriptor_limit();
    const auto spec = parse_run_spec(read_standard_input());
    if (!spec) throw std::runtime_error("the specification of the run " + spec.error());
    write_standard_output(to_json(run_one(*spec)));
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", cli::escape_for_terminal(error.what()));
    return 1;
  }
}

}  // namespace overlap::compare
