// What is particular to the event loop: it says when something holds it, and when something would for ever.

#include <overlap/executors/event_loop_executor.hpp>

#include <pthread.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include <overlap/async/sleep.hpp>
#include <overlap/async/task_group.hpp>
#include <overlap/executors/inline_executor.hpp>
#include <overlap/executors/thread_pool_executor.hpp>

#include "support/hook_recorder.hpp"

namespace overlap {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using namespace std::chrono_literals;

void hold_for(Duration duration) {
  const TimePoint end = Clock::now() + duration;
  while (Clock::now() < end) {
  }
}

Task<void> sleep_then_hold() {
  co_await sleep_for(1ms);
  hold_for(60ms);
  co_await sleep_for(1ms);
}

Task<void> await_then_hold(Future<void> future) {
  co_await future;
  hold_for(60ms);
}

class SlowCallbacks : public testing::Test {
 protected:
  test::HookRecorder hook;
};

TEST_F(SlowCallbacks, FunctionThatHoldsTheLoopIsReported) {
  EventLoopExecutor loop({.name = "pages", .slow_callback = 50ms});
  loop.submit(hold_for, 60ms).result();
  loop.shutdown();
  EXPECT_THAT(hook.reports(), Contains(AllOf(HasSubstr("event loop"), HasSubstr("pages: held for "),
                                             HasSubstr("slow_callback: 50 ms"))));
}

TEST_F(SlowCallbacks, TaskThatHoldsTheLoopAfterAWaitIsReported) {
  EventLoopExecutor loop({.slow_callback = 50ms});
  loop.submit(sleep_then_hold).result();
  loop.shutdown();
  EXPECT_THAT(hook.reports(), Contains(HasSubstr("held for ")));
}

TEST_F(SlowCallbacks, TaskThatHoldsTheLoopAfterAFutureIsReported) {
  ThreadPoolExecutor pool({.max_workers = 1});
  EventLoopExecutor loop({.slow_callback = 50ms});
  loop.submit(await_then_hold, pool.submit([] { hold_for(1ms); })).result();
  loop.shutdown();
  EXPECT_THAT(hook.reports(), Contains(HasSubstr("held for ")));
}

TEST_F(SlowCallbacks, WaitIsNotTakenForThat) {
  EventLoopExecutor loop({.slow_callback = 1s});
  loop.submit(sleep_for, Duration(1500ms)).result();
  loop.shutdown();
  EXPECT_THAT(hook.reports(), IsEmpty());
}

TEST_F(SlowCallbacks, AreNotReportedWhenThatIsTurnedOff) {
  EventLoopExecutor loop({.slow_callback = 0ms});
  loop.submit(hold_for, 120ms).result();
  loop.submit(sleep_then_hold).result();
  loop.shutdown();
  EXPECT_THAT(hook.reports(), IsEmpty());
}

Task<int> pass_on(Future<int> future) { co_return co_await std::move(future); }

Task<int> give_after(Duration duration, int value) {
  co_await sleep_for(duration);
  co_return value;
}

/// What a task of the loop gets that runs another to its end which awaits one of the loop.
template <class RunToItsEnd>
bool would_deadlock(RunToItsEnd run_to_its_end) {
  EventLoopExecutor loop;
  const auto told = [&](Future<int> awaited) {
    try {
      run_to_its_end(awaited);
    } catch (const WouldDeadlock&) {
      return true;
    }
    return false;
  };
  const auto running = loop.submit(give_after, Duration(1h), 1);
  const auto for_running = loop.submit([&, running] { return told(running); });
  const auto for_pending = loop.submit([&] { return told(loop.submit([] { return 1; })); });
  const bool both = for_running.result() && for_pending.result();
  auto(running).request_stop();
  return both;
}

TEST(EventLoopWaiting, RunInsideATaskThatAwaitsOneOfTheOuterLoopThrows) {
  EXPECT_TRUE(would_deadlock([](Future<int> awaited) { run(pass_on(awaited)); }));
}

TEST(EventLoopWaiting, InlineTaskInsideATaskThatAwaitsOneOfTheOuterLoopThrows) {
  EXPECT_TRUE(would_deadlock([](Future<int> awaited) { InlineExecutor().submit(pass_on, awaited).result(); }));
}

TEST(EventLoopWaiting, RunInsideATaskThatBlocksForOneOfTheOuterLoopThrows) {
  EXPECT_TRUE(would_deadlock([](Future<int> awaited) {
    const auto block = [](Future<int> future) -> Task<int> { co_return future.result(); };
    run(block(awaited));
  }));
}

TEST(EventLoopWaiting, RunInsideATaskMayAwaitWhatRunsElsewhereAndWhatItStartsItself) {
  EventLoopExecutor loop;
  ThreadPoolExecutor pool({.max_workers = 1});
  const auto group = [](TaskGroup& tasks) -> Task<int> {
    auto first = tasks.spawn(give_after(Duration::zero(), 1));
    auto second = tasks.spawn(give_after(1ms, 2));
    co_return co_await std::move(first) + co_await std::move(second);
  };
  const auto inside = [&] {
    return run(TaskGroup::run(group)) + run(pass_on(pool.submit([] { return 3; }))) +
           run(pass_on(EventLoopExecutor().submit(give_after, Duration::zero(), 4)));
  };
  EXPECT_EQ(loop.submit(inside).result(), 10);
}

TEST(EventLoopExecutor, TaskThatEndsItsThreadFailsAndAnotherThreadGoesOn) {
  EventLoopExecutor loop;
  const auto sleep = []() -> Task<int> {
    co_await sleep_for(std::chrono::hours(1));
    co_return 1;
  };
  auto suspended = loop.submit(sleep);
  for (int i = 0; i < 3; ++i) {
    const auto ending = loop.submit([] { pthread_exit(nullptr); });
    const auto behind_it = loop.submit([] { return 2; });
    EXPECT_THROW(ending.result(), BrokenExecutor);
    EXPECT_EQ(behind_it.result(), 2);
    EXPECT_FALSE(suspended.done());
  }
  suspended.request_stop();
  EXPECT_THROW(suspended.result(), CancelledError);
}

TEST(EventLoopExecutor, ShutdownWaitsForTheThreadThatGoesOn) {
  for (const bool at_once : {false, true}) {
    EventLoopExecutor loop;
    const auto ending = loop.submit([] { pthread_exit(nullptr); });
    const auto behind_it = loop.submit([] { return 2; });
    if (!at_once) ending.exception();
    loop.shutdown();
    EXPECT_TRUE(ending.done());
    EXPECT_EQ(behind_it.result(), 2);
  }
}

}  // namespace
}  // namespace overlap
