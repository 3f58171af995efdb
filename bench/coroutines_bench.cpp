// What a Task costs on a loop: from its start to its end, an await of a child that is ready, a switch between two
// tasks, a gather; and the memory of one that is suspended.

#include <benchmark/benchmark.h>
#include <malloc.h>

#include <boost/asio/deferred.hpp>
#include <boost/asio/post.hpp>
#include <overlap/overlap.hpp>
#include <vector>

namespace {

overlap::Task<void> nothing() { co_return; }

overlap::Task<int> give(int value) { co_return value; }

/// Submits empty tasks to an event loop from another thread, and waits for all of them.
void submit_to_end(benchmark::State& state) {
  overlap::EventLoopExecutor loop;
  std::vector<overlap::Future<void>> futures(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    for (auto& future : futures) future = loop.submit(nothing);
    for (const auto& future : futures) future.result();
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(submit_to_end)->Arg(10'000)->UseRealTime();

/// The same from within the loop: the tasks of a group.
void spawn_to_end(benchmark::State& state) {
  const auto count = state.range(0);
  const auto body = [count](overlap::TaskGroup& group) -> overlap::Task<void> {
    for (std::int64_t i = 0; i < count; ++i) group.spawn(nothing());
    co_return;
  };
  const auto measure = [&]() -> overlap::Task<void> {
    for (auto _ : state) {
      auto group = overlap::TaskGroup::run(body);
      co_await std::move(group);
    }
  };
  overlap::run(measure());
  state.SetItemsProcessed(state.iterations() * count);
}
BENCHMARK(spawn_to_end)->Arg(1'000);

/// A fresh loop for one empty task.
void run_on_fresh_loop(benchmark::State& state) {
  for (auto _ : state) overlap::run(nothing());
}
BENCHMARK(run_on_fresh_loop);

void await_ready_child(benchmark::State& state) {
  const auto measure = [&]() -> overlap::Task<void> {
    for (auto _ : state) {
      const int value = co_await give(1);
      benchmark::DoNotOptimize(value);
    }
  };
  overlap::run(measure());
}
BENCHMARK(await_ready_child);

overlap::Task<void> take_turns_until(const bool* ended) {
  while (!*ended) co_await overlap::sleep_for(overlap::Duration::zero());
}

/// Two tasks take turns: the time of one turn.
void switch_by_sleep_for_no_time(benchmark::State& state) {
  bool ended = false;
  const auto measure = [&]() -> overlap::Task<void> {
    for (auto _ : state) co_await overlap::sleep_for(overlap::Duration::zero());
    ended = true;
  };
  const auto both = [&]() -> overlap::Task<void> { co_await overlap::gather(measure(), take_turns_until(&ended)); };
  overlap::run(both());
  state.SetItemsProcessed(2 * state.iterations());
}
BENCHMARK(switch_by_sleep_for_no_time);

overlap::Task<void> post_until(const bool* ended) {
  while (!*ended) co_await boost::asio::post(boost::asio::deferred);
}

/// The same by Asio's post.
void switch_by_post(benchmark::State& state) {
  bool ended = false;
  const auto measure = [&]() -> overlap::Task<void> {
    for (auto _ : state) co_await boost::asio::post(boost::asio::deferred);
    ended = true;
  };
  const auto both = [&]() -> overlap::Task<void> { co_await overlap::gather(measure(), post_until(&ended)); };
  overlap::run(both());
  state.SetItemsProcessed(2 * state.iterations());
}
BENCHMARK(switch_by_post);

void gather_of(benchmark::State& state) {
  const auto count = static_cast<std::size_t>(state.range(0));
  const auto measure = [&]() -> overlap::Task<void> {
    for (auto _ : state) {
      std::vector<overlap::Task<int>> tasks;
      tasks.reserve(count);
      for (std::size_t i = 0; i < count; ++i) tasks.push_back(give(1));
      auto gathered = overlap::gather(std::move(tasks));
      const std::vector<int> values = co_await std::move(gathered);
      benchmark::DoNotOptimize(values.data());
    }
  };
  overlap::run(measure());
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(gather_of)->Arg(2)->Arg(100)->Arg(10'000);

std::size_t allocated_bytes() { return ::mallinfo2().uordblks; }

/// What is allocated for each of many tasks that are suspended, its future included.
void suspended_task(benchmark::State& state) {
  const auto count = static_cast<std::size_t>(state.range(0));
  for (auto _ : state) {
    overlap::EventLoopExecutor loop;
    std::vector<overlap::Future<void>> futures(count);
    loop.submit(nothing).result();
    const std::size_t before = allocated_bytes();
    for (auto& future : futures) future = loop.submit(overlap::sleep_for, overlap::Duration(std::chrono::hours(1)));
    loop.submit(nothing).result();  // all that were submitted before sleep by now
    state.counters["bytes_a_task"] = static_cast<double>(allocated_bytes() - before) / static_cast<double>(count);
    for (auto& future : futures) future.request_stop();
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(suspended_task)->Arg(10'000)->UseRealTime();

}  // namespace

BENCHMARK_MAIN();
