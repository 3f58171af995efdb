// What a request costs through http::Session, beside the bare libcurl multi loop, on kept-alive connections to a local
// server. The figure to compare is cpu_us: CPU time of this process (the server is another one) for one request.

#include <benchmark/benchmark.h>

#include <sys/resource.h>

#include <stdexcept>
#include <vector>

#include <overlap/async/gather.hpp>
#include <overlap/async/task.hpp>
#include <overlap/executors/inline_executor.hpp>
#include <overlap/http.hpp>

#include "http_multi_yardstick.hpp"
#include "http_origin.hpp"

namespace overlap::bench {
namespace {

constexpr long kRequests = 4000;  // of one iteration

const Origin& origin() {
  static const Origin instance;
  return instance;
}

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// Times `run(requests)` over the benchmark's iterations, after one to open the connections.
template <class Run>
void measure(benchmark::State& state, Run run) {
  run(kRequests);
  const double before = cpu_seconds();
  for (auto _ : state) run(kRequests);
  const double used = cpu_seconds() - before;
  const double requests = static_cast<double>(state.iterations()) * static_cast<double>(kRequests);
  state.counters["cpu_us"] = used * 1e6 / requests;
  state.counters["requests/s"] = benchmark::Counter(requests, benchmark::Counter::kIsRate);
}

void bare_multi(benchmark::State& state) {
  MultiYardstick yardstick(origin().url(), static_cast<int>(state.range(0)));
  measure(state, [&](long requests) {
    if (!yardstick.run(requests)) state.SkipWithError("a request failed");
  });
}

class NullSink final : public http::Sink {
 public:
  std::expected<void, http::Failure> begin(const http::Response&) override { return {}; }
  std::expected<void, http::Failure> write(std::span<const std::byte>) override { return {}; }
};

Task<void> fetch_until_none_is_left(std::string url, long* left, bool into_sink) {
  http::Session& session = http::Session::of_current_loop();
  NullSink sink;
  while ((*left)-- > 0) {
    http::Request request;
    request.url = url;
    if (into_sink) request.sink = &sink;
    auto response = co_await session.fetch(std::move(request));
    if (response.status != 200) throw std::runtime_error("status " + std::to_string(response.status));
  }
}

Task<void> fetch_at_once(std::string url, long requests, long in_flight, bool into_sink) {
  std::vector<Task<void>> tasks;
  for (long i = 0; i < in_flight; ++i) tasks.push_back(fetch_until_none_is_left(url, &requests, into_sink));
  (void)co_await gather(std::move(tasks));
}

void run_session(benchmark::State& state, bool into_sink) {
  InlineExecutor executor;  // the loop of this thread, and with it the session, is the same for all runs
  measure(state, [&](long requests) {
    executor.submit(&fetch_at_once, origin().url(), requests, static_cast<long>(state.range(0)), into_sink).result();
  });
}

void session_into_sink(benchmark::State& state) { run_session(state, true); }
void session_into_body(benchmark::State& state) { run_session(state, false); }

BENCHMARK(bare_multi)->Arg(1)->Arg(16)->Arg(64)->Arg(256)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(session_into_sink)->Arg(1)->Arg(16)->Arg(64)->Arg(256)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(session_into_body)->Arg(64)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace overlap::bench

int main(int argc, char** argv) {
  (void)overlap::bench::origin();  // forks, before there are threads
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
