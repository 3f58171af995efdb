// 100,000 tasks that sleep for a second at the same time on one event loop: how long that takes in all, and what
// memory a sleeping task has. One line for people, one of JSON.

#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <overlap/overlap.hpp>
#include <string>
#include <vector>

namespace {

using namespace std::chrono_literals;

overlap::Task<void> sleep_for_a_second() { co_await overlap::sleep_for(1s); }

long resident_bytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) return std::atol(line.c_str() + 6) * 1024;
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::size_t count = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 100'000;
  overlap::EventLoopExecutor loop;
  loop.submit([] {}).result();
  std::vector<overlap::Future<void>> futures;
  futures.reserve(count);
  const long before = resident_bytes();
  const auto begin = std::chrono::steady_clock::now();
  for (std::size_t i = 0; i < count; ++i) futures.push_back(loop.submit(sleep_for_a_second));
  loop.submit([] {}).result();  // all that were submitted before sleep by now
  const std::chrono::duration<double> started = std::chrono::steady_clock::now() - begin;
  const long after = resident_bytes();
  for (const auto& future : futures) future.result();
  const std::chrono::duration<double> total = std::chrono::steady_clock::now() - begin;
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const double cpu = static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                     static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
  const double per_task = static_cast<double>(after - before) / static_cast<double>(count);
  std::printf("%zu sleeps of 1 s: %.3f s in all (asleep after %.3f s, %.3f s of CPU time), %.0f bytes a task\n", count,
              total.count(), started.count(), cpu, per_task);
  std::printf("{\"tasks\": %zu, \"seconds\": %.4f, \"seconds_to_start\": %.4f, \"cpu_seconds\": %.4f, "
              "\"bytes_a_task\": %.0f}\n",
              count, total.count(), started.count(), cpu, per_task);
}
