// python_rivals_ours MEASURE: prints what one measure takes here. bench/python_rivals.py does the same work with the
// executors of Python, bench/python_rivals.sh runs them in turn.
#include <cstdint>
#include <cstdio>
#include <overlap/overlap.hpp>
#include <ranges>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using Threads = overlap::ThreadPoolExecutor;
using Processes = overlap::ProcessPoolExecutor;

int give_back(int value) { return value; }
overlap::Task<int> give_back_later(int value) { co_return value; }
overlap::Task<void> sleep_for_a_second() { co_await overlap::sleep_for(1s); }

template <class Work>
double seconds(Work work) {
  const auto begin = overlap::Clock::now();
  work();
  return std::chrono::duration<double>(overlap::Clock::now() - begin).count();
}

/// Of the second time: the first pays for what happens once, as memory that the kernel has yet to give.
template <class Work>
double nanoseconds_an_item(int items, Work work) {
  work();
  return 1e9 * seconds(work) / items;
}

// ---- Pools of two workers

template <class Pool, int tasks>
double submit() {
  Pool pool({.max_workers = 2});
  std::vector<overlap::Future<int>> futures(tasks);
  return nanoseconds_an_item(tasks, [&] {
    for (int i = 0; i < tasks; ++i) futures[static_cast<std::size_t>(i)] = pool.submit(give_back, i);
    for (auto& future : futures) std::exchange(future, {}).result();
  });
}

template <class Pool, int trips>
double round_trip() {
  Pool pool({.max_workers = 2});
  return nanoseconds_an_item(trips, [&] {
    for (int i = 0; i < trips; ++i) pool.submit(give_back, i).result();
  });
}

template <class Pool>
double map() {
  constexpr int kItems = 1'000'000;
  Pool pool({.max_workers = 2});
  std::int64_t sum = 0;
  const double each = nanoseconds_an_item(kItems, [&] {
    sum = 0;
    for (int value : pool.map({.chunk = 1000}, give_back, std::views::iota(0, kItems))) sum += value;
  });
  return sum == std::int64_t{kItems} * (kItems - 1) / 2 ? each : -1;
}

// ---- The event loop

constexpr int kCoroutines = 100'000;

overlap::Task<void> gather_many() {
  std::vector<overlap::Task<int>> tasks;
  for (int i = 0; i < kCoroutines; ++i) tasks.push_back(give_back_later(i));
  co_await overlap::gather(std::move(tasks));
}

double loop_spawn() {
  return nanoseconds_an_item(kCoroutines, [] { overlap::run(gather_many()); });
}

double loop_submit() {
  overlap::EventLoopExecutor loop;
  std::vector<overlap::Future<int>> futures(kCoroutines);
  return nanoseconds_an_item(kCoroutines, [&] {
    for (int i = 0; i < kCoroutines; ++i) futures[static_cast<std::size_t>(i)] = loop.submit(give_back_later, i);
    for (auto& future : futures) std::exchange(future, {}).result();
  });
}

overlap::Task<void> gather_sleepers() {
  std::vector<overlap::Task<void>> tasks;
  for (int i = 0; i < kCoroutines; ++i) tasks.push_back(sleep_for_a_second());
  co_await overlap::gather(std::move(tasks));
}

double loop_sleep() {
  return seconds([] { overlap::run(gather_sleepers()); });
}

// ---- The founding job `cpu`; making the pool and ending it is part of it, as in a program

double sum_of_squares(std::uint64_t terms) {
  double sum = 0;
  for (std::uint64_t i = 0; i < terms; ++i) sum += static_cast<double>(i) * static_cast<double>(i);
  return sum;
}

constexpr auto kSums = std::views::iota(std::uint64_t{5'000'000}, std::uint64_t{5'000'020});
double total;  // so that nothing is optimised away

template <class Pool>
void add_up(Pool& pool) {
  for (double sum : pool.map(sum_of_squares, kSums)) total += sum;
}

double cpu_inline() {
  return seconds([] {
    overlap::InlineExecutor here;
    add_up(here);
  });
}

template <class Pool>
double cpu() {
  return seconds([] {
    Pool pool({.max_workers = overlap::available_cpus()});
    add_up(pool);
  });
}

/// What this machine's CPUs give when nothing stands between them and the work.
double cpu_bare_threads() {
  const std::size_t count = overlap::available_cpus();
  std::vector<double> sums(count);
  const double taken = seconds([&] {
    std::vector<std::jthread> threads;
    for (std::size_t thread = 0; thread < count; ++thread) {
      threads.emplace_back([&sums, thread, count] {
        for (std::size_t i = thread; i < kSums.size(); i += count) sums[thread] += sum_of_squares(kSums[i]);
      });
    }
  });
  for (double sum : sums) total += sum;
  return taken;
}

struct Measure {
  std::string_view name;
  double (*take)();
};

constexpr Measure kMeasures[] = {
    {"threads_submit", submit<Threads, 200'000>},
    {"threads_round_trip", round_trip<Threads, 20'000>},
    {"threads_map", map<Threads>},
    {"processes_submit", submit<Processes, 10'000>},
    {"processes_round_trip", round_trip<Processes, 5'000>},
    {"processes_map", map<Processes>},
    {"loop_spawn", loop_spawn},
    {"loop_submit", loop_submit},
    {"loop_sleep", loop_sleep},
    {"cpu_inline", cpu_inline},
    {"cpu_threads", cpu<Threads>},
    {"cpu_processes", cpu<Processes>},
    {"cpu_bare_threads", cpu_bare_threads},
};

}  // namespace

int main(int argc, char** argv) {
  overlap::main_guard guard(argc, argv);
  for (const Measure& measure : kMeasures) {
    if (argc == 2 && measure.name == argv[1]) {
      std::printf("%.9g\n", measure.take());
      return 0;
    }
  }
  std::fprintf(stderr, "python_rivals_ours: which measure?\n");
  return 2;
}
