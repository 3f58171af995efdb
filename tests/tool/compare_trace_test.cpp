// What a run hands back of its tasks.
#include "compare/run_trace.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <overlap/http/response.hpp>
#include <sstream>

#include "compare/run_one.hpp"
#include "compare/task_phases.hpp"
#include "compare/temporary_directory.hpp"
#include "serve/origin.hpp"

namespace overlap::compare {
namespace {

using namespace std::chrono_literals;
using cli::Model;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Kind = TraceSpan::Kind;

RunTrace some_trace() {
  RunTrace trace;
  trace.lanes = {"main thread", "pool 0"};
  trace.names = {"", "http://x/\"<\n", "receiving"};
  trace.spans = {
      {.kind = Kind::queued, .lane = 0, .task = 1, .from_ns = 1, .to_ns = 5, .name = 1},
      {.kind = Kind::running, .end = TraceSpan::End::failed, .lane = 1, .task = 1, .from_ns = 5, .to_ns = 9, .name = 1},
      {.kind = Kind::scope, .lane = 1, .task = 1, .from_ns = 6, .to_ns = 8, .name = 2}};
  trace.dropped = 3;
  return trace;
}

std::string written(const RunTrace& trace) {
  std::ostringstream out;
  write_run_trace(out, trace);
  return out.str();
}

TEST(RunTrace, ArrivesAsItWasSent) { EXPECT_EQ(parse_run_trace(written(some_trace())), some_trace()); }

TEST(RunTrace, OfNothingArrivesToo) { EXPECT_EQ(parse_run_trace(written(RunTrace{})), RunTrace{}); }

TEST(RunTrace, SpanOfALaneThatIsNotThereIsAnError) {
  RunTrace trace = some_trace();
  trace.lanes.pop_back();
  EXPECT_THAT(parse_run_trace(written(trace)).error(), HasSubstr("names what is not there"));
}

TEST(RunTrace, TextThatIsNoTraceIsAnError) {
  EXPECT_FALSE(parse_run_trace(""));
  EXPECT_FALSE(parse_run_trace("{\"lanes\":[],\"names\":[\"\"],\"dropped\":0,\"spans\":[[1]]}"));
  EXPECT_FALSE(parse_run_trace("{\"lanes\":[\"a\"],\"names\":[\"\"],\"dropped\":0,\"spans\":[[9,0,0,1,0,0,0]]}"));
}

TEST(RunTrace, FileThatIsNotThereIsNamed) { EXPECT_THAT(read_run_trace("/no/such").error(), HasSubstr("/no/such")); }

std::int64_t took(const TaskPhases& phases, Phase phase) { return phases.took_ns[static_cast<std::size_t>(phase)]; }

TEST(TaskPhases, StepsOfAResponseFollowEachOther) {
  http::Response response;
  response.timings = {.name_lookup = 1ms, .connect = 3ms, .tls = 0ms, .first_byte = 10ms, .total = 15ms};
  const TaskPhases phases = phases_of(Clock::now() - 20ms, response);
  EXPECT_GE(took(phases, Phase::turn), Duration(5ms).count());
  EXPECT_EQ(took(phases, Phase::name_lookup), Duration(1ms).count());
  EXPECT_EQ(took(phases, Phase::connect), Duration(2ms).count());
  EXPECT_EQ(took(phases, Phase::tls), 0);
  EXPECT_EQ(took(phases, Phase::first_byte), Duration(7ms).count());
  EXPECT_NEAR(static_cast<double>(took(phases, Phase::receiving)), 5e6, 1e5);
}

/// One traced run, by its tasks.
class TracedRun {
 public:
  TracedRun(std::string_view workload, Model model, std::vector<std::string> sites = {}) {
    RunSpec spec;
    spec.workload = workload;
    spec.model = model;
    spec.workers = 3;
    spec.max_concurrent = 64;
    spec.sleep_unit = 20ms;
    spec.sites = std::move(sites);
    spec.directory = directory_.path();
    spec.trace_file = directory_.path() + "/trace";
    result_ = run_one(spec);
    trace_ = read_run_trace(spec.trace_file).value();
  }

  const RunResult& result() const { return result_; }
  const RunTrace& trace() const { return trace_; }

  std::size_t count(Kind kind, std::string_view name = {}) const {
    return static_cast<std::size_t>(std::ranges::count_if(trace_.spans, [&](const RunTrace::Span& span) {
      return span.kind == kind && (name.empty() || trace_.names[span.name] == name);
    }));
  }

  /// Of all tasks, added up.
  double seconds(std::string_view phase) const {
    double sum = 0;
    for (const RunTrace::Span& span : trace_.spans) {
      if (span.kind == Kind::scope && trace_.names[span.name] == phase) {
        sum += static_cast<double>(span.to_ns - span.from_ns) * 1e-9;
      }
    }
    return sum;
  }

 private:
  const TemporaryDirectory directory_;
  RunResult result_;
  RunTrace trace_;
};

class EveryTracedModel : public testing::TestWithParam<Model> {};

std::string name_of_model(const testing::TestParamInfo<Model>& info) { return std::string(cli::to_string(info.param)); }

INSTANTIATE_TEST_SUITE_P(Workloads, EveryTracedModel, testing::ValuesIn(cli::kModels), name_of_model);

TEST_P(EveryTracedModel, DownloadsWaitForTheirFirstByteAsLongAsTheOriginDoes) {
  const serve::BackgroundOrigin origin({.latency = 5ms});
  const TracedRun run("api", GetParam(), {origin.url()});
  EXPECT_EQ(run.trace().dropped, 0U);
  EXPECT_EQ(run.count(Kind::scope, to_string(Phase::first_byte)), 1000U);
  EXPECT_EQ(run.count(Kind::running, origin.url() + "/json/1000") > 0, true);
  EXPECT_GE(run.seconds(to_string(Phase::first_byte)), 1000 * 0.0045);
  EXPECT_GT(run.seconds(to_string(Phase::computing)), 0);
}

TEST_P(EveryTracedModel, PhasesLieWithinTheirTaskAndTasksWithinTheRun) {
  const serve::BackgroundOrigin origin;
  const TracedRun run("images", GetParam(), {origin.url()});
  std::map<std::uint64_t, std::pair<std::int64_t, std::int64_t>> lives;
  for (const RunTrace::Span& span : run.trace().spans) {
    if (span.kind == Kind::scope || span.kind == Kind::queued) continue;
    auto& life = lives.try_emplace(span.task, span.from_ns, span.to_ns).first->second;
    life.second = std::max(life.second, span.to_ns);
  }
  EXPECT_EQ(lives.size(), 15U);
  for (const RunTrace::Span& span : run.trace().spans) {
    EXPECT_GE(span.from_ns, 0);
    EXPECT_LE(static_cast<double>(span.to_ns) * 1e-9, run.result().seconds + 0.05);
    if (span.kind != Kind::scope) continue;
    EXPECT_GE(span.from_ns, lives.at(span.task).first);
    EXPECT_LE(span.to_ns, lives.at(span.task).second);
  }
  EXPECT_EQ(run.count(Kind::scope, to_string(Phase::writing)), 15U);
}

TEST_P(EveryTracedModel, TaskWhoseServerAnswersWithAnErrorHasFailed) {
  const serve::BackgroundOrigin origin;
  const TracedRun run("images", GetParam(), {origin.url("/fault/status/404?")});
  EXPECT_EQ(run.result().failed, 15U);
  std::map<std::uint64_t, int> failed;
  for (const RunTrace::Span& span : run.trace().spans) {
    EXPECT_NE(span.end, TraceSpan::End::finished);
    if (span.end == TraceSpan::End::failed) ++failed[span.task];
  }
  EXPECT_EQ(failed.size(), 15U);
}

TEST_P(EveryTracedModel, TasksThatOnlyWaitAreSeenSleeping) {
  const TracedRun run("sleep", GetParam());
  EXPECT_NEAR(run.seconds(to_string(Phase::sleeping)), 33.5 * 0.02, 33.5 * 0.02 * 0.5);
  EXPECT_EQ(run.count(Kind::scope), 22U);
}

TEST_P(EveryTracedModel, WorkersHaveALaneEach) {
  const TracedRun run("sleep", GetParam());
  std::map<std::uint32_t, int> tasks;
  for (const RunTrace::Span& span : run.trace().spans) {
    if (span.kind == Kind::running) ++tasks[span.lane];
  }
  const bool is_pool = GetParam() == Model::threads || GetParam() == Model::processes;
  EXPECT_EQ(tasks.size(), is_pool ? 3U : 1U);
}

TEST(RunOne, WithoutATraceFileRecordsNothing) {
  RunSpec spec;
  spec.workload = "cpu";
  EXPECT_THAT(run_one(spec).problems, IsEmpty());
  EXPECT_FALSE(is_tracing());
}

}  // namespace
}  // namespace overlap::compare
