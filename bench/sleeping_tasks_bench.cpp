// 100,000 tasks that sleep for a second at the same time on one event loop: how long that takes in all, until when all
// of them sleep, and what memory each of them has.

#include <benchmark/benchmark.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <overlap/overlap.hpp>
#include <string>
#include <vector>

namespace {

using namespace std::chrono_literals;

overlap::Task<void> sleep_for_a_second() { co_await overlap::sleep_for(1s); }

double resident_bytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) return std::atof(line.c_str() + 6) * 1024;
  }
  return 0;
}

void sleeping_tasks(benchmark::State& state) {
  const auto count = static_cast<std::size_t>(state.range(0));
  for (auto _ : state) {
    overlap::EventLoopExecutor loop;
    loop.submit([] {}).result();
    std::vector<overlap::Future<void>> futures(count);
    const double before = resident_bytes();
    const auto begin = std::chrono::steady_clock::now();
    for (auto& future : futures) future = loop.submit(sleep_for_a_second);
    loop.submit([] {}).result();  // all that were submitted before sleep by now
    const std::chrono::duration<double> asleep_after = std::chrono::steady_clock::now() - begin;
    state.counters["asleep_after_s"] = asleep_after.count();
    state.counters["bytes_a_task"] = (resident_bytes() - before) / static_cast<double>(count);
    for (const auto& future : futures) future.result();
  }
}
// Once: memory that was used before counts as none the second time.
BENCHMARK(sleeping_tasks)->Arg(100'000)->Iterations(1)->UseRealTime()->MeasureProcessCPUTime();

}  // namespace

BENCHMARK_MAIN();
