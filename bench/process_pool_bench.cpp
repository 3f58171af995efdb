// What a task costs in a process pool, beside what two processes cost that do nothing but wake each other, and what an
// array costs on its way to a worker and back, beside a copy of it in memory.
//
// Only the public API is used, so that figures from before and after a change of the transport can be compared.

#include <benchmark/benchmark.h>

#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <new>
#include <numeric>
#include <overlap/overlap.hpp>
#include <ranges>
#include <utility>
#include <vector>

#include "ping_pong.hpp"

namespace {

using Array = std::vector<double>;

int give_back(int value) { return value; }

// ---- Tiny tasks

void submit_and_collect(benchmark::State& state) {
  constexpr int kTasks = 10'000;
  overlap::ProcessPoolExecutor pool({.max_workers = static_cast<std::size_t>(state.range(0))});
  std::vector<overlap::Future<int>> futures(kTasks);
  for (auto _ : state) {
    for (int i = 0; i < kTasks; ++i) futures[static_cast<std::size_t>(i)] = pool.submit(give_back, i);
    for (auto& future : futures) benchmark::DoNotOptimize(std::exchange(future, {}).result());
  }
  state.SetItemsProcessed(state.iterations() * kTasks);
}

/// `chunk` 0: as many items a task as the pool thinks right.
void map_in_chunks(benchmark::State& state) {
  constexpr int kItems = 1'000'000;
  overlap::ProcessPoolExecutor pool({.max_workers = 2});
  pool.submit(give_back, 0).result();
  const auto chunk = static_cast<std::size_t>(state.range(0));
  for (auto _ : state) {
    for (int value : pool.map({.chunk = chunk}, give_back, std::views::iota(0, kItems)))
      benchmark::DoNotOptimize(value);
  }
  state.SetItemsProcessed(state.iterations() * kItems);
}

// ---- One at a time

void round_trip(benchmark::State& state) {
  overlap::ProcessPoolExecutor pool({.max_workers = static_cast<std::size_t>(state.range(0))});
  pool.submit(give_back, 0).result();
  for (auto _ : state) benchmark::DoNotOptimize(pool.submit(give_back, 1).result());
}

/// A child process that runs `serve` and dies with this one.
template <class Serve>
pid_t start_child(Serve serve) {
  const pid_t child = fork();
  if (child != 0) return child;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  serve();
  _exit(0);
}

void two_processes_futex(benchmark::State& state) {
  void* shared = mmap(nullptr, sizeof(bench::PingPong), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) return state.SkipWithError("mmap failed");
  auto* both = new (shared) bench::PingPong(bench::PingPong::Between::processes);
  const pid_t child = start_child([both] { both->answer(); });
  if (child < 0) return state.SkipWithError("fork failed");
  for (auto _ : state) both->round_trip();
  both->end();
  waitpid(child, nullptr, 0);
  munmap(shared, sizeof(bench::PingPong));
}

void two_processes_socketpair(benchmark::State& state) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return state.SkipWithError("socketpair failed");
  const pid_t child = start_child([&ends] {
    close(ends[0]);
    for (int value = 0; read(ends[1], &value, sizeof value) == sizeof value;) {
      if (write(ends[1], &value, sizeof value) != sizeof value) return;
    }
  });
  if (child < 0) return state.SkipWithError("fork failed");
  close(ends[1]);
  int value = 1;
  for (auto _ : state) {
    if (write(ends[0], &value, sizeof value) != sizeof value || read(ends[0], &value, sizeof value) != sizeof value) {
      state.SkipWithError("the other process has gone");
      break;
    }
  }
  close(ends[0]);
  waitpid(child, nullptr, 0);
}

// ---- Arrays

Array make_array(std::size_t bytes) {
  Array array(bytes / sizeof(double));
  std::iota(array.begin(), array.end(), 0.0);
  return array;
}

std::size_t bytes_of(const benchmark::State& state) { return static_cast<std::size_t>(state.range(0)); }

/// Not the sum: reading it all would be counted as a cost of the transport.
double first_and_last(const Array& array) { return array.front() + array.back(); }

void array_argument(benchmark::State& state) {
  overlap::ProcessPoolExecutor pool({.max_workers = 1});
  const Array array = make_array(bytes_of(state));
  pool.submit(first_and_last, Array(1)).result();
  for (auto _ : state) {
    state.PauseTiming();
    Array given = array;
    state.ResumeTiming();
    const double got = pool.submit(first_and_last, std::move(given)).result();
    if (got != first_and_last(array)) state.SkipWithError("the worker saw another array");
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

/// What the worker will return next: made beforehand, so that only its way back is measured.
Array prepared;
double prepare(std::size_t bytes) {
  prepared = make_array(bytes);
  return first_and_last(prepared);
}
Array hand_over() { return std::move(prepared); }

void array_result(benchmark::State& state) {
  overlap::ProcessPoolExecutor pool({.max_workers = 1});
  for (auto _ : state) {
    state.PauseTiming();
    const double expected = pool.submit(prepare, bytes_of(state)).result();
    state.ResumeTiming();
    Array got = pool.submit(hand_over).result();
    state.PauseTiming();  // giving the memory back is not its way
    if (got.size() * sizeof(double) != bytes_of(state) || first_and_last(got) != expected) {
      state.SkipWithError("the worker returned another array");
    }
    got = {};
    state.ResumeTiming();
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

/// The same array in shared memory, made once and handed over: nothing is copied.
void shared_array_argument(benchmark::State& state) {
  overlap::ProcessPoolExecutor pool({.max_workers = 1});
  const auto first_and_last_of = [](overlap::SharedArray<double> array) { return *array.begin() + *(array.end() - 1); };
  const Array array = make_array(bytes_of(state));
  const overlap::SharedArray<double> shared(array);
  pool.submit(first_and_last_of, shared).result();
  for (auto _ : state) {
    if (pool.submit(first_and_last_of, shared).result() != first_and_last(array)) {
      state.SkipWithError("the worker saw another array");
    }
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

/// With the one copy that takes an array of the program's there.
void copied_to_shared_array_argument(benchmark::State& state) {
  overlap::ProcessPoolExecutor pool({.max_workers = 1});
  const auto first_and_last_of = [](overlap::SharedArray<double> array) { return *array.begin() + *(array.end() - 1); };
  const Array array = make_array(bytes_of(state));
  for (auto _ : state) {
    const overlap::SharedArray<double> shared(array);
    if (pool.submit(first_and_last_of, shared).result() != first_and_last(array)) {
      state.SkipWithError("the worker saw another array");
    }
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

/// Into memory that was used before: the bare copy.
void copy_in_place(benchmark::State& state) {
  const Array array = make_array(bytes_of(state));
  Array copy = array;
  for (auto _ : state) {
    std::memcpy(copy.data(), array.data(), bytes_of(state));
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

/// Into memory that the kernel has yet to give: what a receiver that has no array yet pays at least.
void copy_to_new_memory(benchmark::State& state) {
  const Array array = make_array(bytes_of(state));
  for (auto _ : state) {
    // Not malloc, which would give back what was freed before.
    void* copy = mmap(nullptr, bytes_of(state), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (copy == MAP_FAILED) return state.SkipWithError("no memory");
    benchmark::DoNotOptimize(std::memcpy(copy, array.data(), bytes_of(state)));
    benchmark::ClobberMemory();
    state.PauseTiming();
    munmap(copy, bytes_of(state));
    state.ResumeTiming();
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

#define WITH_WORKERS ->UseRealTime()->MeasureProcessCPUTime()->ArgName("workers")
BENCHMARK(submit_and_collect) WITH_WORKERS->Arg(1)->Arg(2);
BENCHMARK(map_in_chunks)->UseRealTime()->MeasureProcessCPUTime()->ArgName("chunk")->Arg(1000)->Arg(0);
BENCHMARK(round_trip) WITH_WORKERS->Arg(1)->Arg(2);
BENCHMARK(two_processes_futex)->UseRealTime()->MeasureProcessCPUTime();
BENCHMARK(two_processes_socketpair)->UseRealTime()->MeasureProcessCPUTime();

#define WITH_SIZES ->UseRealTime()->ArgName("bytes")->Arg(64 << 10)->Arg(8 << 20)
#define A_GIBIBYTE ->UseRealTime()->ArgName("bytes")->Arg(1 << 30)->Iterations(1)->Unit(benchmark::kMillisecond)
BENCHMARK(array_argument) WITH_SIZES;
BENCHMARK(array_result) WITH_SIZES;
BENCHMARK(shared_array_argument) WITH_SIZES;
BENCHMARK(copied_to_shared_array_argument) WITH_SIZES;
BENCHMARK(copy_in_place) WITH_SIZES;
BENCHMARK(copy_to_new_memory) WITH_SIZES;
BENCHMARK(array_argument) A_GIBIBYTE;
BENCHMARK(array_result) A_GIBIBYTE;
BENCHMARK(shared_array_argument) A_GIBIBYTE;
BENCHMARK(copied_to_shared_array_argument) A_GIBIBYTE;
BENCHMARK(copy_in_place) A_GIBIBYTE;
BENCHMARK(copy_to_new_memory) A_GIBIBYTE;

}  // namespace

int main(int argc, char** argv) {
  overlap::main_guard guard(argc, argv);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
}
