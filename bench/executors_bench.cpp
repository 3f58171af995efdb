// What a task costs under the executors of one process: submitting and collecting many, and one round trip at a time.
#include <benchmark/benchmark.h>

#include <overlap/overlap.hpp>
#include <vector>

namespace {

int give_back(int value) { return value; }

overlap::Task<int> give_back_later(int value) { co_return value; }

template <class E>
E make() {
  if constexpr (std::is_same_v<E, overlap::ThreadPoolExecutor>) {
    return E({.max_workers = 2});
  } else {
    return E();
  }
}

/// Submits a batch from one thread, then collects every result.
template <class E>
void submit_and_collect(benchmark::State& state) {
  E executor{make<E>()};
  const auto batch = static_cast<int>(state.range(0));
  std::vector<overlap::Future<int>> futures(static_cast<std::size_t>(batch));
  for (auto _ : state) {
    for (int i = 0; i < batch; ++i) futures[static_cast<std::size_t>(i)] = executor.submit(give_back, i);
    for (const auto& future : futures) benchmark::DoNotOptimize(future.result());
  }
  state.SetItemsProcessed(state.iterations() * batch);
}
BENCHMARK(submit_and_collect<overlap::InlineExecutor>)->Arg(10'000)->UseRealTime();
BENCHMARK(submit_and_collect<overlap::ThreadPoolExecutor>)->Arg(10'000)->UseRealTime();
BENCHMARK(submit_and_collect<overlap::EventLoopExecutor>)->Arg(10'000)->UseRealTime();

/// The same with coroutines.
template <class E>
void submit_tasks_and_collect(benchmark::State& state) {
  E executor{make<E>()};
  const auto batch = static_cast<int>(state.range(0));
  std::vector<overlap::Future<int>> futures(static_cast<std::size_t>(batch));
  for (auto _ : state) {
    for (int i = 0; i < batch; ++i) futures[static_cast<std::size_t>(i)] = executor.submit(give_back_later, i);
    for (const auto& future : futures) benchmark::DoNotOptimize(future.result());
  }
  state.SetItemsProcessed(state.iterations() * batch);
}
BENCHMARK(submit_tasks_and_collect<overlap::ThreadPoolExecutor>)->Arg(10'000)->UseRealTime();
BENCHMARK(submit_tasks_and_collect<overlap::EventLoopExecutor>)->Arg(10'000)->UseRealTime();

/// One task at a time: the executor is idle whenever the next comes.
template <class E>
void round_trip(benchmark::State& state) {
  E executor{make<E>()};
  executor.submit(give_back, 0).result();
  for (auto _ : state) benchmark::DoNotOptimize(executor.submit(give_back, 1).result());
}
BENCHMARK(round_trip<overlap::ThreadPoolExecutor>)->UseRealTime();
BENCHMARK(round_trip<overlap::EventLoopExecutor>)->UseRealTime();

}  // namespace

BENCHMARK_MAIN();
