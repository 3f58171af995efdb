// What is particular to the event loop: it says when something holds it.

#include <overlap/executors/event_loop_executor.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include <overlap/async/sleep.hpp>
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

}  // namespace
}  // namespace overlap
