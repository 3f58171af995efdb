// What a recording costs: one event, and a task under each executor with and without one.
#include <benchmark/benchmark.h>

#include <optional>
#include <overlap/overlap.hpp>
#include <vector>

namespace {

/// Room for what a benchmark records before it begins anew, which is not measured: about as long as a run that is
/// traced takes, so that getting the memory is measured too.
constexpr int kEvents = 1'000'000;

/// Calls record() `kEvents` times within each recording.
template <class Record>
void measure(benchmark::State& state, bool on, Record record) {
  std::size_t dropped = 0;
  for (auto _ : state) {
    state.PauseTiming();
    std::optional<overlap::TraceRecording> recording;
    if (on) recording.emplace(overlap::TraceRecording::Options{.max_events = 4 * kEvents});
    state.ResumeTiming();
    for (int i = 0; i < kEvents; ++i) record();
    state.PauseTiming();
    if (recording) dropped += recording->dropped();
    recording.reset();
    state.ResumeTiming();
  }
  state.SetItemsProcessed(state.iterations() * kEvents);
  state.counters["dropped"] = static_cast<double>(dropped);
}

/// One event of a task: what executors call.
void event(benchmark::State& state) {
  measure(state, true, [] { overlap::detail::trace(overlap::detail::TracePoint::resumed, 1); });
}
BENCHMARK(event)->UseRealTime();

/// The point itself, with its test whether a recording is on.
void point(benchmark::State& state) {
  measure(state, state.range(0) != 0, [] {
    if (overlap::detail::trace_on()) [[unlikely]]
      overlap::detail::trace(overlap::detail::TracePoint::resumed, 1);
    benchmark::ClobberMemory();
  });
}
BENCHMARK(point)->ArgName("on")->Arg(0)->Arg(1)->UseRealTime();

/// A scope is two events.
void scope(benchmark::State& state) {
  measure(state, state.range(0) != 0, [] {
    const overlap::TraceScope scope("computing");
    benchmark::ClobberMemory();
  });
}
BENCHMARK(scope)->ArgName("on")->Arg(0)->Arg(1)->UseRealTime();

/// It takes three records.
void name_of_a_url(benchmark::State& state) {
  measure(state, true, [] { overlap::detail::trace_name(1, "http://example.org/pages/0000123.html"); });
}
BENCHMARK(name_of_a_url)->UseRealTime();

/// To read the clock is most of an event.
void counter_alone(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(overlap::detail::trace_now());
}
BENCHMARK(counter_alone);
void monotonic_clock_alone(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(overlap::Clock::now());
}
BENCHMARK(monotonic_clock_alone);

int give_back(int value) { return value; }
overlap::Task<int> give_back_later(int value) { co_return value; }

constexpr int kBatch = 10'000;

/// Submits a batch and collects every result; the argument says whether all that is recorded.
template <class E, auto function>
void tasks(benchmark::State& state) {
  E executor;
  std::vector<overlap::Future<int>> futures(kBatch);
  std::size_t dropped = 0;
  for (auto _ : state) {
    state.PauseTiming();
    std::optional<overlap::TraceRecording> recording;
    if (state.range(0) != 0) recording.emplace();
    state.ResumeTiming();
    for (int i = 0; i < kBatch; ++i) futures[static_cast<std::size_t>(i)] = executor.submit(function, i);
    for (const auto& future : futures) benchmark::DoNotOptimize(future.result());
    state.PauseTiming();
    if (recording) dropped += recording->dropped();
    recording.reset();
    state.ResumeTiming();
  }
  state.SetItemsProcessed(state.iterations() * kBatch);
  state.counters["dropped"] = static_cast<double>(dropped);
}
BENCHMARK(tasks<overlap::InlineExecutor, give_back>)->ArgName("on")->Arg(0)->Arg(1)->UseRealTime();
BENCHMARK(tasks<overlap::ThreadPoolExecutor, give_back>)->ArgName("on")->Arg(0)->Arg(1)->UseRealTime();
BENCHMARK(tasks<overlap::EventLoopExecutor, give_back>)->ArgName("on")->Arg(0)->Arg(1)->UseRealTime();
BENCHMARK(tasks<overlap::ThreadPoolExecutor, give_back_later>)->ArgName("on")->Arg(0)->Arg(1)->UseRealTime();
BENCHMARK(tasks<overlap::EventLoopExecutor, give_back_later>)->ArgName("on")->Arg(0)->Arg(1)->UseRealTime();

}  // namespace

BENCHMARK_MAIN();
