// One task through our thread pool and through what else there is, side by side: submit many and collect all results,
// fork and join inside the workers, one round trip at a time. Beside the last stands its floor: two threads that wake
// each other by futex.

#include <benchmark/benchmark.h>

#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/task_arena.h>
#include <oneapi/tbb/task_group.h>

#include <atomic>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <future>
#include <overlap/core/detail/pause.hpp>
#include <overlap/overlap.hpp>
#include <thread>
#include <vector>

#include "ping_pong.hpp"

namespace {

constexpr int kTasks = 500'000;

std::size_t workers(const benchmark::State& state) { return static_cast<std::size_t>(state.range(0)); }

// ---- Submit many from one thread, collect all results

void many_overlap(benchmark::State& state) {
  overlap::ThreadPoolExecutor pool({.max_workers = workers(state)});
  std::vector<overlap::Future<int>> futures(kTasks);
  for (auto _ : state) {
    for (int i = 0; i < kTasks; ++i) futures[static_cast<std::size_t>(i)] = pool.submit([i] { return i; });
    for (auto& future : futures) benchmark::DoNotOptimize(std::exchange(future, {}).result());
  }
  state.SetItemsProcessed(state.iterations() * kTasks);
}

/// Of std::packaged_task, through any `post`; `wait` comes before the results are collected.
template <class Post, class Wait>
void many_packaged(benchmark::State& state, Post post, Wait wait) {
  std::vector<std::future<int>> futures(kTasks);
  for (auto _ : state) {
    for (int i = 0; i < kTasks; ++i) {
      std::packaged_task<int()> task([i] { return i; });
      futures[static_cast<std::size_t>(i)] = task.get_future();
      post(std::move(task));
    }
    wait();
    for (auto& future : futures) benchmark::DoNotOptimize(future.get());
  }
  state.SetItemsProcessed(state.iterations() * kTasks);
}

void many_asio(benchmark::State& state) {
  boost::asio::thread_pool pool(workers(state));
  many_packaged(state, [&](auto task) { boost::asio::post(pool, std::move(task)); }, [] {});
}

/// By itself oneTBB starts no more threads than there are CPUs, this one included, and none of its own on one CPU.
auto allow_tbb(std::size_t threads) {
  using Control = oneapi::tbb::global_control;
  return Control(Control::max_allowed_parallelism, threads);
}

void many_tbb(benchmark::State& state) {
  // One slot more for this thread, which submits, and works while it waits.
  const auto allowed = allow_tbb(workers(state) + 1);
  oneapi::tbb::task_arena arena(static_cast<int>(workers(state)) + 1);
  arena.execute([&] {
    oneapi::tbb::task_group group;
    many_packaged(
        state,
        [&](auto task) { group.run([shared = std::make_shared<decltype(task)>(std::move(task))] { (*shared)(); }); },
        [&] { group.wait(); });
  });
}

/// The floor: what must happen for any pool that gives each task memory of its own. It is allocated and freed, crosses
/// to another thread and back; here through nothing but one counter, and nobody ever sleeps. Needs two CPUs.
void many_floor(benchmark::State& state) {
  struct Node {
    std::atomic<bool> done{false};
    int value = 0;
    char rest[88] = {};  // as large as a node of the pool
  };
  std::vector<Node*> nodes(kTasks);
  std::atomic<int> submitted{0};
  for (auto _ : state) {
    submitted = 0;
    std::jthread worker([&] {
      for (int i = 0; i < kTasks; ++i) {
        while (submitted.load(std::memory_order_acquire) <= i) overlap::detail::pause();
        Node& node = *nodes[static_cast<std::size_t>(i)];
        node.value += 1;
        node.done.store(true, std::memory_order_release);
      }
    });
    for (int i = 0; i < kTasks; ++i) {
      nodes[static_cast<std::size_t>(i)] = new Node{.value = i};
      submitted.store(i + 1, std::memory_order_release);
    }
    for (Node* node : nodes) {
      while (!node->done.load(std::memory_order_acquire)) overlap::detail::pause();
      benchmark::DoNotOptimize(node->value);
      delete node;
    }
  }
  state.SetItemsProcessed(state.iterations() * kTasks);
}

void many_std_async(benchmark::State& state) {
  constexpr int kFew = 2'000;
  for (auto _ : state) {
    for (int i = 0; i < kFew; ++i) {
      benchmark::DoNotOptimize(std::async(std::launch::async, [i] { return i; }).get());
    }
  }
  state.SetItemsProcessed(state.iterations() * kFew);
}

// ---- Fork and join

constexpr int kFibonacci = 24;
constexpr int kForks = 2 * 75'024;  // tasks that fibonacci(24) makes

int fibonacci_overlap(overlap::ThreadPoolExecutor& pool, int n) {
  if (n < 2) return n;
  const auto a = pool.submit([&pool, n] { return fibonacci_overlap(pool, n - 1); });
  const auto b = pool.submit([&pool, n] { return fibonacci_overlap(pool, n - 2); });
  const int left = a.result();
  return left + b.result();
}

void fork_join_overlap(benchmark::State& state) {
  overlap::ThreadPoolExecutor pool({.max_workers = workers(state)});
  for (auto _ : state) {
    benchmark::DoNotOptimize(pool.submit([&pool] { return fibonacci_overlap(pool, kFibonacci); }).result());
  }
  state.SetItemsProcessed(state.iterations() * kForks);
}

int fibonacci_tbb(int n) {
  if (n < 2) return n;
  int a = 0;
  int b = 0;
  oneapi::tbb::task_group group;
  group.run([&a, n] { a = fibonacci_tbb(n - 1); });
  group.run([&b, n] { b = fibonacci_tbb(n - 2); });
  group.wait();
  return a + b;
}

void fork_join_tbb(benchmark::State& state) {
  const auto allowed = allow_tbb(workers(state));
  oneapi::tbb::task_arena arena(static_cast<int>(workers(state)));
  for (auto _ : state) {
    arena.execute([] { benchmark::DoNotOptimize(fibonacci_tbb(kFibonacci)); });
  }
  state.SetItemsProcessed(state.iterations() * kForks);
}

// ---- One at a time

void round_trip_overlap(benchmark::State& state) {
  overlap::ThreadPoolExecutor pool({.max_workers = workers(state)});
  for (auto _ : state) benchmark::DoNotOptimize(pool.submit([] { return 1; }).result());
}

void round_trip_asio(benchmark::State& state) {
  boost::asio::thread_pool pool(workers(state));
  for (auto _ : state) {
    std::packaged_task<int()> task([] { return 1; });
    auto future = task.get_future();
    boost::asio::post(pool, std::move(task));
    benchmark::DoNotOptimize(future.get());
  }
}

void round_trip_futex(benchmark::State& state) {
  bench::PingPong both(bench::PingPong::Between::threads);
  std::jthread other([&both] { both.answer(); });
  for (auto _ : state) both.round_trip();
  both.end();
}

#define WITH_WORKERS ->UseRealTime()->MeasureProcessCPUTime()->ArgName("workers")
BENCHMARK(many_overlap) WITH_WORKERS->Arg(1)->Arg(2)->Arg(8);
BENCHMARK(many_asio) WITH_WORKERS->Arg(1)->Arg(2)->Arg(8);
BENCHMARK(many_tbb) WITH_WORKERS->Arg(1)->Arg(2)->Arg(8);
BENCHMARK(many_floor)->UseRealTime()->MeasureProcessCPUTime();
BENCHMARK(many_std_async)->UseRealTime()->MeasureProcessCPUTime();
BENCHMARK(fork_join_overlap) WITH_WORKERS->Arg(1)->Arg(2)->Arg(8);
BENCHMARK(fork_join_tbb) WITH_WORKERS->Arg(1)->Arg(2)->Arg(8);
BENCHMARK(round_trip_overlap) WITH_WORKERS->Arg(1)->Arg(2);
BENCHMARK(round_trip_asio) WITH_WORKERS->Arg(1)->Arg(2);
BENCHMARK(round_trip_futex)->UseRealTime()->MeasureProcessCPUTime();

}  // namespace

BENCHMARK_MAIN();
