// What executors take while they do nothing: the memory of a task that has not started, the time to make and end an
// executor, the CPU time of an idle one. What a program takes to compile: footprint.sh.

#include <benchmark/benchmark.h>

#include <malloc.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <latch>
#include <new>
#include <overlap/overlap.hpp>
#include <string>
#include <thread>
#include <vector>

namespace {

std::atomic<std::size_t> allocations{0};

void* allocate(std::size_t size, std::size_t alignment) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  if (void* memory = std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment)) return memory;
  throw std::bad_alloc();
}

}  // namespace

// The others of the standard library call these.
void* operator new(std::size_t size) { return allocate(size, alignof(std::max_align_t)); }
void* operator new(std::size_t size, std::align_val_t alignment) {
  return allocate(size, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }

namespace {

using namespace std::chrono_literals;

int give_back(int value) { return value; }
overlap::Task<int> give_back_later(int value) { co_return value; }

// ---- The memory of a task that has not started, its future included

constexpr std::size_t kPending = 100'000;

/// What malloc has given and not got back, its own bookkeeping included.
std::size_t bytes_in_use() {
  const struct mallinfo2 now = mallinfo2();
  return now.uordblks + now.hblkhd;
}

/// `submit(i)` returns the future of a task that does not start before this function returns.
template <class Submit>
void count_pending(benchmark::State& state, Submit submit) {
  std::vector<decltype(submit(0))> futures(kPending);
  for (auto _ : state) {
    const std::size_t allocations_before = allocations;
    const std::size_t bytes_before = bytes_in_use();
    for (std::size_t i = 0; i < kPending; ++i) futures[i] = submit(static_cast<int>(i));
    state.counters["bytes_a_task"] = static_cast<double>(bytes_in_use() - bytes_before) / kPending;
    state.counters["allocations_a_task"] = static_cast<double>(allocations - allocations_before) / kPending;
  }
}

/// The executor's one worker waits for the end of the measurement.
template <class E, class F>
void pending(benchmark::State& state, E&& executor, F task) {
  std::latch end(1);
  executor.submit([&end] { end.wait(); });
  count_pending(state, [&](int i) { return executor.submit(task, i); });
  end.count_down();
}

void pending_threads(benchmark::State& state) {
  pending(state, overlap::ThreadPoolExecutor({.max_workers = 1}), give_back);
}
void pending_threads_coroutine(benchmark::State& state) {
  pending(state, overlap::ThreadPoolExecutor({.max_workers = 1}), give_back_later);
}
void pending_loop(benchmark::State& state) {
  pending(state, overlap::EventLoopExecutor({.slow_callback = {}}), give_back);
}
void pending_loop_coroutine(benchmark::State& state) {
  pending(state, overlap::EventLoopExecutor({.slow_callback = {}}), give_back_later);
}

void pending_processes(benchmark::State& state) {
  overlap::ProcessPoolExecutor executor({.max_workers = 1});
  executor.submit(give_back, 0).result();
  auto keeps_the_worker = executor.submit([] { pause(); });
  count_pending(state, [&](int i) { return executor.submit(give_back, i); });
  executor.terminate(keeps_the_worker);
}

void pending_asio(benchmark::State& state) {
  boost::asio::thread_pool pool(1);
  std::latch end(1);
  boost::asio::post(pool, [&end] { end.wait(); });
  count_pending(state, [&](int i) {
    std::packaged_task<int()> task([i] { return i; });
    auto future = task.get_future();
    boost::asio::post(pool, std::move(task));
    return future;
  });
  end.count_down();
}

void pending_std_deferred(benchmark::State& state) {
  count_pending(state, [](int i) { return std::async(std::launch::deferred, give_back, i); });
}

// ---- The time to make and end an executor

template <class E>
E make() {
  if constexpr (requires { E({.max_workers = 2}); }) {
    return E({.max_workers = 2});
  } else {
    return E();
  }
}

template <class E>
void made_and_ended(benchmark::State& state) {
  for (auto _ : state) E executor{make<E>()};
}

template <class E>
void made_used_once_and_ended(benchmark::State& state) {
  for (auto _ : state) {
    E executor{make<E>()};
    benchmark::DoNotOptimize(executor.submit(give_back, 1).result());
  }
}

void one_thread_made_and_joined(benchmark::State& state) {
  for (auto _ : state) std::jthread([] {});
}

void asio_pool_made_and_joined(benchmark::State& state) {
  for (auto _ : state) boost::asio::thread_pool(2).join();
}

/// What starting any program costs: the helper of a process pool is one.
void one_program_started_and_ended(benchmark::State& state) {
  std::string name = "/bin/true";
  char* const arguments[] = {name.data(), nullptr};
  for (auto _ : state) {
    pid_t child = 0;
    if (posix_spawn(&child, name.c_str(), nullptr, nullptr, arguments, environ) != 0) {
      return state.SkipWithError("no /bin/true");
    }
    waitpid(child, nullptr, 0);
  }
}

// ---- The CPU time of an idle one

/// All threads of some processes, but for the one that watches.
struct Activity {
  double cpu_microseconds = 0;
  double wakeups = 0;
  bool known = true;  // false: this kernel does not tell
};

void add_thread(const std::filesystem::path& thread, Activity& sum) {
  double nanoseconds = 0;
  if (!(std::ifstream(thread / "schedstat") >> nanoseconds)) sum.known = false;
  sum.cpu_microseconds += nanoseconds / 1000;
  std::ifstream status(thread / "status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("voluntary_ctxt_switches:")) sum.wakeups += std::atof(line.c_str() + line.find(':') + 1);
  }
}

Activity activity_of(const std::vector<pid_t>& processes) {
  Activity sum;
  const std::string watcher = std::to_string(gettid());
  for (const pid_t process : processes) {
    for (const auto& thread : std::filesystem::directory_iterator("/proc/" + std::to_string(process) + "/task")) {
      if (thread.path().filename() != watcher) add_thread(thread.path(), sum);
    }
  }
  return sum;
}

pid_t parent_of(pid_t process) {
  std::ifstream status("/proc/" + std::to_string(process) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("PPid:")) return std::atoi(line.c_str() + 5);
  }
  return 0;
}

/// This process, and what a process pool started: its workers and their parent, the helper.
template <class E>
std::vector<pid_t> processes_of(const E& executor) {
  std::vector<pid_t> processes;
  if constexpr (requires { executor.worker_pids(); }) {
    processes = executor.worker_pids();
    processes.push_back(parent_of(processes.front()));
  }
  processes.push_back(getpid());
  return processes;
}

/// What all threads but this one do within a second.
void watch(benchmark::State& state, const std::vector<pid_t>& processes) {
  for (auto _ : state) {
    std::this_thread::sleep_for(100ms);  // what was just done may still be tidied up
    const Activity before = activity_of(processes);
    std::this_thread::sleep_for(1s);
    const Activity after = activity_of(processes);
    if (!before.known || !after.known) state.SkipWithError("the kernel keeps no schedstat");
    state.counters["cpu_us"] = after.cpu_microseconds - before.cpu_microseconds;
    state.counters["wakeups"] = after.wakeups - before.wakeups;
  }
}

template <class E>
void idle(benchmark::State& state) {
  E executor{make<E>()};
  std::vector<overlap::Future<int>> futures;
  for (int i = 0; i < 100; ++i) futures.push_back(executor.submit(give_back, i));
  for (const auto& future : futures) future.result();
  watch(state, processes_of(executor));
}

/// Shows that it would be seen.
void thread_that_polls_every_10_ms(benchmark::State& state) {
  std::jthread polls([](std::stop_token stop) {
    while (!stop.stop_requested()) std::this_thread::sleep_for(10ms);
  });
  watch(state, {getpid()});
}

#define ONCE ->Iterations(1)
BENCHMARK(pending_threads) ONCE;
BENCHMARK(pending_threads_coroutine) ONCE;
BENCHMARK(pending_loop) ONCE;
BENCHMARK(pending_loop_coroutine) ONCE;
BENCHMARK(pending_processes) ONCE;
BENCHMARK(pending_asio) ONCE;
BENCHMARK(pending_std_deferred) ONCE;

#define LIFETIME ->UseRealTime()->MinTime(0.1)->Unit(benchmark::kMicrosecond)
BENCHMARK(made_and_ended<overlap::InlineExecutor>) LIFETIME;
BENCHMARK(made_and_ended<overlap::ThreadPoolExecutor>) LIFETIME;
BENCHMARK(made_and_ended<overlap::EventLoopExecutor>) LIFETIME;
BENCHMARK(made_and_ended<overlap::ProcessPoolExecutor>) LIFETIME;
BENCHMARK(made_used_once_and_ended<overlap::InlineExecutor>) LIFETIME;
BENCHMARK(made_used_once_and_ended<overlap::ThreadPoolExecutor>) LIFETIME;
BENCHMARK(made_used_once_and_ended<overlap::EventLoopExecutor>) LIFETIME;
BENCHMARK(made_used_once_and_ended<overlap::ProcessPoolExecutor>) LIFETIME;
BENCHMARK(one_thread_made_and_joined) LIFETIME;
BENCHMARK(asio_pool_made_and_joined) LIFETIME;
BENCHMARK(one_program_started_and_ended) LIFETIME;

BENCHMARK(thread_that_polls_every_10_ms) ONCE;
BENCHMARK(idle<overlap::ThreadPoolExecutor>) ONCE;
BENCHMARK(idle<overlap::EventLoopExecutor>) ONCE;
BENCHMARK(idle<overlap::ProcessPoolExecutor>) ONCE;

}  // namespace

int main(int argc, char** argv) {
  overlap::main_guard guard(argc, argv);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
}
