// What executors tell a trace: the life of each task, once and in order, whatever the model. The work crosses to worker
// processes too.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <overlap/overlap.hpp>

#include "support/gate.hpp"
#include "support/process_tools.hpp"
#include "support/tracing.hpp"

namespace overlap {
namespace {

using std::chrono::milliseconds;
using test::kinds_of_lives_in;
using test::lives_in;
using test::ProcessGate;
using test::wait_at_gate;
using testing::AllOf;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Pair;
using testing::StartsWith;
using testing::UnorderedElementsAre;
using Kind = TraceEvent::Kind;

int square(int value) { return value * value; }
int fail(int value) { throw std::out_of_range("value " + std::to_string(value)); }
Task<int> nap(int value) {
  co_await sleep_for(milliseconds(1));
  co_return value;
}
Task<void> sleep_long() { co_await sleep_for(std::chrono::hours(1)); }

class EveryTrace : public testing::TestWithParam<std::string> {
 protected:
  static std::unique_ptr<Executor> make(std::size_t workers) {
    const std::string& model = GetParam();
    if (model == "inline") return std::make_unique<InlineExecutor>();
    if (model == "loop") return std::make_unique<EventLoopExecutor>();
    if (model == "threads") {
      return std::make_unique<ThreadPoolExecutor>(
          ThreadPoolExecutor::Options{.max_workers = workers, .name = "threads"});
    }
    return std::make_unique<ProcessPoolExecutor>(ProcessPoolExecutor::Options{.max_workers = workers});
  }
};
class BackgroundTrace : public EveryTrace {};
class InProcessTrace : public EveryTrace {};
class AsideTrace : public EveryTrace {};  // in this process, and not in submit()

/// What a worker, or a thread, did: one thing at a time.
void expect_no_two_at_once(TraceRecording& recording) {
  std::map<std::uint64_t, std::uint32_t> places;     // by task: its lane
  std::map<std::uint32_t, std::uint64_t> occupants;  // by lane: the task that runs there
  for (const TraceEvent& event : recording.events()) {
    if (!test::is_of_a_life(event) || event.kind == Kind::submitted) continue;
    if (event.kind == Kind::started) places[event.task] = event.lane;
    std::uint64_t& occupant = occupants[places[event.task]];
    if (event.kind == Kind::started || event.kind == Kind::resumed) {
      EXPECT_EQ(occupant, 0U) << "when task " << event.task << ' ' << event.kind;
      occupant = event.task;
    } else {
      EXPECT_EQ(occupant, event.task) << event.kind;
      occupant = 0;
    }
  }
}

TEST_P(EveryTrace, HasEachTasksLifeOnceAndInOrder) {
  const auto executor = make(2);
  TraceRecording recording;
  std::vector<Future<int>> futures;
  for (int i = 0; i < 50; ++i) {
    futures.push_back(executor->submit(square, i));
    futures.push_back(executor->submit(fail, i));
  }
  wait(futures);
  EXPECT_THAT(kinds_of_lives_in(recording),
              UnorderedElementsAre(Pair("submitted started finished", 50), Pair("submitted started failed", 50)));
  EXPECT_EQ(recording.dropped(), 0U);
}

TEST_P(EveryTrace, SaysWhereATaskRuns) {
  const auto executor = make(1);
  TraceRecording recording;
  executor->submit(square, 2).result();
  const std::string lane = test::lane_of(recording, lives_in(recording).begin()->first);
  EXPECT_THAT(lane, StartsWith(GetParam() + " "));
}

TEST_P(EveryTrace, OfCoroutinesIsWholeToo) {
  const auto executor = make(2);
  TraceRecording recording;
  std::vector<Future<int>> futures;
  for (int i = 0; i < 20; ++i) futures.push_back(executor->submit(nap, i));
  wait(futures);
  EXPECT_EQ(lives_in(recording).size(), 20U);
  for (const auto& [task, life] : lives_in(recording)) {
    EXPECT_THAT(life, AllOf(StartsWith("submitted started"), EndsWith(" finished")));
    if (GetParam() != "processes") {
      EXPECT_THAT(life, HasSubstr("waiting resumed"));
    }
  }
}

TEST_P(InProcessTrace, AThreadRunsOneTaskAtATime) {
  const auto executor = make(2);
  TraceRecording recording;
  std::vector<Future<int>> futures;
  for (int i = 0; i < 20; ++i) {
    futures.push_back(executor->submit(nap, i));
    futures.push_back(executor->submit(square, i));
  }
  wait(futures);
  expect_no_two_at_once(recording);
}

TEST_P(EveryTrace, ATaskThatIsRefusedIsCancelled) {
  const auto executor = make(1);
  executor->shutdown();
  TraceRecording recording;
  EXPECT_THROW(executor->submit(square, 1), BrokenExecutor);
  EXPECT_THAT(kinds_of_lives_in(recording), ElementsAre(Pair("submitted cancelled", 1)));
}

TEST_P(EveryTrace, OfMapHasATaskForEachChunk) {
  const auto executor = make(2);
  TraceRecording recording;
  for (const int value : executor->map({.chunk = 10}, square, std::views::iota(0, 40))) EXPECT_GE(value, 0);
  EXPECT_THAT(kinds_of_lives_in(recording), ElementsAre(Pair("submitted started finished", 4)));
}

TEST_P(BackgroundTrace, CancelledBeforeItStartedATaskNeverDoes) {
  const auto executor = make(1);
  ProcessGate gate;
  TraceRecording recording;
  const auto running = executor->submit(wait_at_gate, gate.path());
  gate.wait_for_task();
  auto by_hand = executor->submit(square, 1);
  const auto by_shutdown = executor->submit(square, 2);
  EXPECT_TRUE(by_hand.cancel());
  EXPECT_TRUE(by_hand.cancel());
  executor->shutdown({.wait = false, .cancel_pending = true});
  gate.open();
  executor->shutdown();
  EXPECT_THAT(kinds_of_lives_in(recording),
              UnorderedElementsAre(Pair("submitted started finished", 1), Pair("submitted cancelled", 2)));
}

TEST_P(BackgroundTrace, MayBeginAndEndWhileATaskRuns) {
  const auto executor = make(1);
  ProcessGate first_gate;
  ProcessGate second_gate;
  const auto first = executor->submit(wait_at_gate, first_gate.path());
  first_gate.wait_for_task();
  TraceRecording recording;
  const auto second = executor->submit(wait_at_gate, second_gate.path());
  first_gate.open();
  first.result();
  second_gate.wait_for_task();
  recording.stop();
  second_gate.open();
  second.result();
  const auto lives = kinds_of_lives_in(recording);
  // When a task began that runs in another process is known only once it has ended.
  const std::string known = GetParam() == "processes" ? "submitted" : "submitted started";
  const std::string seen_of_first = GetParam() == "processes" ? "started finished" : "finished";
  EXPECT_THAT(lives, UnorderedElementsAre(Pair(seen_of_first, 1), Pair(known, 1)));
}

TEST_P(AsideTrace, ARunningTaskThatIsAskedToStopIsCancelled) {
  const auto executor = make(1);
  TraceRecording recording;
  auto future = executor->submit(sleep_long);
  while (!future.running()) std::this_thread::yield();
  future.request_stop();
  EXPECT_THROW(future.result(), CancelledError);
  EXPECT_THAT(lives_in(recording).begin()->second, AllOf(StartsWith("submitted started"), EndsWith("cancelled")));
}

Task<void> await_other(Future<void> other) { co_await std::move(other); }
Task<void> open_gate(test::Gate* gate) {
  gate->open();
  co_return;
}

TEST_P(InProcessTrace, SaysForWhomATaskWaits) {
  const auto executor = make(2);
  ThreadPoolExecutor others({.max_workers = 1, .name = "others"});
  test::Gate gate;
  TraceRecording recording;
  const auto awaited_task = others.submit([pass = gate.pass()] {
    name_this_task("is awaited");
    pass.wait();
  });
  const auto waits = [](Future<void> other, test::Gate* opens) -> Task<void> {
    name_this_task("waits");
    co_await gather(await_other(other), open_gate(opens));  // the second begins when the first waits
  };
  executor->submit(waits, awaited_task, &gate).result();
  const std::uint64_t waiting = test::task_named(recording, "waits");
  const std::uint64_t awaited = test::task_named(recording, "is awaited");
  std::vector<std::uint64_t> waited_for;
  for (const TraceEvent& event : recording.events()) {
    if (event.kind == Kind::waiting && event.task == waiting && event.other != 0) waited_for.push_back(event.other);
  }
  EXPECT_THAT(waited_for, ElementsAre(awaited));
  EXPECT_EQ(test::lane_of(recording, awaited), "others 0");
}

TEST_P(InProcessTrace, ABlockedTaskWaits) {
  const auto executor = make(2);
  ThreadPoolExecutor others({.max_workers = 1});
  test::Gate gate;
  TraceRecording recording;
  const auto other = others.submit([pass = gate.pass()] { pass.wait(); });
  gate.wait_for_arrivals();
  auto blocked = executor->submit([&] {
    name_this_task("blocked");
    EXPECT_THROW(other.result(milliseconds(1)), TimeoutError);
  });
  blocked.result();
  gate.open();
  EXPECT_EQ(lives_in(recording)[test::task_named(recording, "blocked")], "submitted started waiting resumed finished");
}

TEST_P(InProcessTrace, TasksOfAGroupHaveLivesOfTheirOwn) {
  const auto executor = make(1);
  TraceRecording recording;
  const auto parent = []() -> Task<void> {
    name_this_task("parent");
    auto body = [](TaskGroup& group) -> Task<void> {
      for (int i = 0; i < 3; ++i) group.spawn(nap(i));
      co_return;
    };
    co_await TaskGroup::run(body);
  };
  executor->submit(parent).result();
  const auto lives = lives_in(recording);
  EXPECT_EQ(lives.size(), 4U);
  for (const auto& [task, life] : lives) {
    EXPECT_THAT(life, AllOf(StartsWith("submitted started waiting resumed"), EndsWith(" finished")));
  }
  expect_no_two_at_once(recording);
}

TEST_P(InProcessTrace, AScopeMaySpanWaits) {
  const auto executor = make(1);
  TraceRecording recording;
  const auto napping = []() -> Task<void> {
    const TraceScope scope("napping");
    co_await sleep_for(milliseconds(1));
  };
  executor->submit(napping).result();
  const auto spans = recording.spans();
  const auto scope = std::ranges::find(spans, TraceSpan::Kind::scope, &TraceSpan::kind);
  ASSERT_NE(scope, spans.end());
  EXPECT_EQ(scope->name, "napping");
  EXPECT_EQ(scope->end, TraceSpan::End::left);
  EXPECT_EQ(scope->task, lives_in(recording).begin()->first);
  EXPECT_TRUE(std::ranges::any_of(spans, [&](const TraceSpan& span) {
    return span.kind == TraceSpan::Kind::waiting && span.from >= scope->from && span.to <= scope->to;
  }));
}

std::string name_of(const testing::TestParamInfo<std::string>& model) { return model.param; }
INSTANTIATE_TEST_SUITE_P(Models, EveryTrace, testing::Values("inline", "threads", "loop", "processes"), name_of);
INSTANTIATE_TEST_SUITE_P(Models, BackgroundTrace, testing::Values("threads", "loop", "processes"), name_of);
INSTANTIATE_TEST_SUITE_P(Models, InProcessTrace, testing::Values("inline", "threads", "loop"), name_of);
INSTANTIATE_TEST_SUITE_P(Models, AsideTrace, testing::Values("threads", "loop"), name_of);

// ---- Of one executor

TEST(EventLoopTrace, TasksRunInTurns) {
  EventLoopExecutor loop;
  TraceRecording recording;
  std::vector<Future<int>> futures;
  for (int i = 0; i < 10; ++i) futures.push_back(loop.submit(nap, i));
  wait(futures);
  std::size_t waiting = 0;
  for (const TraceSpan& span : recording.spans()) {
    EXPECT_EQ(recording.lanes()[span.lane].name == "loop 0", span.kind != TraceSpan::Kind::queued);
    waiting += span.kind == TraceSpan::Kind::waiting ? 1 : 0;
  }
  EXPECT_GE(waiting, 10U);
  expect_no_two_at_once(recording);
}

TEST(ThreadPoolTrace, AWorkerThatHelpsLetsItsTaskWait) {
  ThreadPoolExecutor pool({.max_workers = 1});
  TraceRecording recording;
  const auto outer = pool.submit([&] {
    name_this_task("outer");
    return pool
        .submit([] {
          name_this_task("inner");
          return 1;
        })
        .result();
  });
  EXPECT_EQ(outer.result(), 1);
  EXPECT_EQ(lives_in(recording)[test::task_named(recording, "outer")], "submitted started waiting resumed finished");
  EXPECT_EQ(lives_in(recording)[test::task_named(recording, "inner")], "submitted started finished");
  EXPECT_EQ(test::lane_of(recording, test::task_named(recording, "inner")), "pool 0");
}

TEST(ThreadPoolTrace, PoolsOfOneNameAreToldApart) {
  TraceRecording recording;
  for (int i = 0; i < 2; ++i) {
    ThreadPoolExecutor pool({.max_workers = 1, .name = "twin"});
    pool.submit([] {}).result();
  }
  std::vector<std::string> names;
  for (const TraceLane& lane : recording.lanes()) {
    if (lane.executor == "twin") names.push_back(lane.name);
  }
  EXPECT_THAT(names, UnorderedElementsAre("twin 0", "twin 0 (2)"));
}

TEST(ProcessTrace, ATaskBeginsWhenItsWorkerSaysSo) {
  ProcessPoolExecutor pool({.max_workers = 1});
  test::warm_up(pool, 1);
  TraceRecording recording;
  const auto began = pool.submit([] { return Clock::now().time_since_epoch().count(); });
  const TimePoint in_worker{Duration(began.result())};
  const TimePoint afterwards = Clock::now();
  recording.stop();
  const auto& events = recording.events();
  ASSERT_EQ(events.size(), 3U);
  EXPECT_EQ(events[1].kind, Kind::started);
  EXPECT_GE(events[1].at, events[0].at);
  // Not later than the code that the worker ran then, give or take what two readings of the clocks differ.
  const TimePoint begin = afterwards - recording.duration();
  EXPECT_LE(begin + events[1].at, in_worker + milliseconds(1));
  EXPECT_EQ(recording.lanes()[events[1].lane].executor, "processes");
}

TEST(ProcessTrace, ACrashFailsTheTaskOnItsWorker) {
  ProcessPoolExecutor pool({.max_workers = 1});
  TraceRecording recording;
  const auto crashed = pool.submit([] { std::_Exit(3); });
  EXPECT_THROW(crashed.result(), WorkerCrashed);
  EXPECT_THAT(kinds_of_lives_in(recording), ElementsAre(Pair("submitted started failed", 1)));
  EXPECT_EQ(test::lane_of(recording, lives_in(recording).begin()->first), "processes 1");
}

TEST(ProcessTrace, ATaskThatIsRunAgainWaitsInBetween) {
  ProcessPoolExecutor pool({.max_workers = 1, .on_crash = ProcessPoolExecutor::OnCrash::retry(1)});
  TraceRecording recording;
  const auto crashed = pool.submit([] { std::_Exit(3); });
  EXPECT_THROW(crashed.result(), WorkerCrashed);
  EXPECT_THAT(kinds_of_lives_in(recording), ElementsAre(Pair("submitted started waiting started failed", 1)));
  std::vector<std::string> lanes;
  for (const TraceSpan& span : recording.spans()) {
    if (span.kind == TraceSpan::Kind::running) lanes.push_back(recording.lanes()[span.lane].name);
  }
  EXPECT_THAT(lanes, ElementsAre("processes 1", "processes 2"));
}

TEST(ProcessTrace, ATerminatedTaskIsCancelled) {
  ProcessPoolExecutor pool({.max_workers = 1});
  ProcessGate gate;
  TraceRecording recording;
  const auto running = pool.submit(wait_at_gate, gate.path());
  gate.wait_for_task();
  EXPECT_TRUE(pool.terminate(running));
  EXPECT_THROW(running.result(), CancelledError);
  EXPECT_THAT(kinds_of_lives_in(recording), ElementsAre(Pair("submitted started cancelled", 1)));
}

}  // namespace
}  // namespace overlap
