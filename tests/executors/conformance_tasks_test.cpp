// Coroutines on every executor: the same Task gives the same result whatever runs it. Orders that depend on time use
// steps long enough for a busy machine.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include <overlap/async/gather.hpp>
#include <overlap/async/sleep.hpp>
#include <overlap/async/task.hpp>
#include <overlap/async/with_timeout.hpp>
#include <overlap/core/wait.hpp>
#include <overlap/executors/thread_pool_executor.hpp>

#include "executors/conformance.hpp"

namespace overlap {
namespace {

using testing::ElementsAre;
using namespace std::chrono_literals;
class InProcessTasks : public test::ExecutorTest {};
class BackgroundTasks : public test::ExecutorTest {};

Task<int> add(int a, int b) { co_return a + b; }
Task<std::unique_ptr<int>> own(int x) {
  co_await sleep_for(0s);
  co_return std::make_unique<int>(x);
}
Task<int> sleep_units(int units) {
  co_await sleep_for(units * 50ms);
  co_return units;
}
Task<void> sleep_an_hour() { co_await sleep_for(1h); }
Task<int> fail(std::string what) {
  co_await sleep_for(0s);
  throw std::out_of_range(what);
}

TEST_P(InProcessTasks, GiveTheirResults) {
  EXPECT_EQ(executor().submit(add, 2, 3).result(), 5);
  EXPECT_EQ(*executor().submit(own, 4).result(), 4);
  executor().submit(sleep_for, Duration(1ms)).result();
  EXPECT_THROW(executor().submit(fail, std::string("x")).result(), std::out_of_range);
}

/// However late it starts.
Task<int> sleep_until(TimePoint end, int units) {
  co_await sleep_for(end - Clock::now());
  co_return units;
}

TEST_P(InProcessTasks, SleepersFinishInTheOrderOfTheirTimes) {
  std::unique_ptr<Executor> own;
  if (GetParam().workers > 1) own = std::make_unique<ThreadPoolExecutor>(ThreadPoolExecutor::Options{.max_workers = 5});
  Executor& wide = own ? *own : executor();
  std::vector<Future<int>> futures;
  const TimePoint begin = Clock::now();
  for (const int units : {5, 4, 3, 2, 1}) futures.push_back(wide.submit(sleep_until, begin + units * 100ms, units));
  std::vector<int> order;
  for (auto future : as_completed(futures)) order.push_back(future.result());
  if (std::string(GetParam().name) == "Inline") {
    EXPECT_THAT(order, ElementsAre(5, 4, 3, 2, 1));
  } else {
    EXPECT_THAT(order, ElementsAre(1, 2, 3, 4, 5));
  }
}

TEST_P(InProcessTasks, MapKeepsTheOrderOfTheInput) {
  std::vector<int> order;
  for (const int units : executor().map(sleep_units, std::vector{3, 2, 1})) order.push_back(units);
  EXPECT_THAT(order, ElementsAre(3, 2, 1));
}

TEST_P(InProcessTasks, ArgumentsAndCallableAreGoneWhenTheResultIsThere) {
  struct Sleeper {
    std::shared_ptr<int> captured;
    Task<int> operator()(std::shared_ptr<int> argument) const {
      const auto local = argument;
      co_await sleep_for(0s);
      if (*local == 0) throw std::runtime_error("zero");
      co_return *local + *captured;
    }
  };
  for (const int argument : {3, 0}) {
    const auto captured = std::make_shared<int>(2);
    const auto passed = std::make_shared<int>(argument);
    const auto future = executor().submit(Sleeper{captured}, passed);
    EXPECT_EQ(future.exception() != nullptr, argument == 0);
    EXPECT_EQ(captured.use_count(), 1);
    EXPECT_EQ(passed.use_count(), 1);
  }
}

Task<int> await_one(Future<int> future) { co_return co_await std::move(future) + 1; }
Task<int> await_named(Future<int> future) {
  const int first = co_await future;
  const int again = co_await future;
  co_return first + again;
}
Task<int> submit_and_await(Executor* executor, int depth) {
  if (depth == 0) co_return 0;
  auto inner = executor->submit(submit_and_await, executor, depth - 1);
  co_return co_await std::move(inner) + 1;
}

TEST_P(InProcessTasks, AwaitFuturesOfAnotherExecutor) {
  const auto other = test::kThreadPool.make();
  EXPECT_EQ(executor().submit(await_one, other->submit([] { return 1; })).result(), 2);
  EXPECT_EQ(executor().submit(await_named, other->submit(add, 2, 3)).result(), 10);
  EXPECT_THROW(executor().submit(await_one, other->submit(fail, std::string("x"))).result(), std::out_of_range);
}

TEST_P(InProcessTasks, AwaitFuturesOfTheSameExecutorHoweverFullItIs) {
  EXPECT_EQ(executor().submit(submit_and_await, &executor(), 20).result(), 20);
  std::vector<Future<int>> futures;
  for (int i = 0; i < 20; ++i) futures.push_back(executor().submit(submit_and_await, &executor(), 3));
  for (const auto& future : futures) EXPECT_EQ(future.result(), 3);
}

Task<int> await_cancelled(Future<int> future) {
  try {
    co_return co_await std::move(future);
  } catch (const CancelledError&) {
    co_return -1;
  }
}

TEST_P(BackgroundTasks, AwaitOfACancelledFutureThrowsThat) {
  test::Gate gate;
  const auto running = occupy(gate);
  auto cancelled = executor().submit([] { return 1; });
  cancelled.cancel();
  EXPECT_EQ(run(await_cancelled(cancelled)), -1);
  auto later = executor().submit([] { return 1; });
  const auto waiting = test::kEventLoop.make();
  const auto waiter = waiting->submit(await_cancelled, later);
  while (!waiter.running()) std::this_thread::yield();
  EXPECT_TRUE(later.cancel());
  EXPECT_EQ(waiter.result(), -1);
}

Task<int> gather_three(int base) {
  auto [a, b, c] = co_await gather(add(base, 1), sleep_units(1), add(base, 3));
  co_return a + b + c;
}
Task<bool> time_out() {
  try {
    co_await with_timeout(1ms, sleep_an_hour());
  } catch (const TimeoutError&) {
    co_return true;
  }
  co_return false;
}
Task<int> run_inside(int depth) {
  co_await sleep_for(0s);
  if (depth == 0) co_return 0;
  co_return run(run_inside(depth - 1)) + 1;
}

TEST_P(InProcessTasks, GatherTimeoutAndNestedRunWork) {
  EXPECT_EQ(executor().submit(gather_three, 10).result(), 25);
  EXPECT_TRUE(executor().submit(time_out).result());
  EXPECT_EQ(executor().submit(run_inside, 5).result(), 5);
}

TEST_P(InProcessTasks, PlainFunctionsMayRunTasks) {
  EXPECT_EQ(executor().submit([] { return run(add(1, 2)); }).result(), 3);
}

TEST_P(BackgroundTasks, RequestStopCancelsASleeper) {
  for (const bool begun : {false, true}) {
    auto future = executor().submit(sleep_an_hour);
    while (begun && !future.running()) std::this_thread::yield();
    future.request_stop();
    EXPECT_THROW(future.result(), CancelledError);
    EXPECT_TRUE(future.cancelled());
  }
}

Task<void> await_forever(Future<void> future) { co_await future; }
Task<void> gather_forever() { co_await gather(sleep_an_hour(), sleep_an_hour()); }
Task<void> limit_forever() { co_await with_timeout(2h, sleep_an_hour()); }

TEST_P(BackgroundTasks, RequestStopCancelsWhateverIsAwaited) {
  ThreadPoolExecutor other({.max_workers = 1});
  test::Gate gate;
  const auto blocked = other.submit([pass = gate.pass()] { pass.wait(); });
  gate.wait_for_arrivals();
  for (auto future : {executor().submit(await_forever, blocked), executor().submit(gather_forever),
                      executor().submit(limit_forever)}) {
    while (!future.running()) std::this_thread::yield();
    future.request_stop();
    EXPECT_THROW(future.result(), CancelledError);
    EXPECT_TRUE(future.cancelled());
  }
  EXPECT_TRUE(blocked.running());  // the awaited one is not touched
}

Task<int> survive() {
  try {
    co_await sleep_for(1h);
  } catch (const boost::system::system_error&) {
  }
  co_return 7;
}
Task<int> fail_on_cancel() {
  try {
    co_await sleep_for(1h);
  } catch (const boost::system::system_error&) {
  }
  throw std::out_of_range("in the cleanup");
}

TEST_P(BackgroundTasks, TaskThatWasAskedToStopMayStillEndInItsOwnWay) {
  auto survivor = executor().submit(survive);
  while (!survivor.running()) std::this_thread::yield();
  survivor.request_stop();
  EXPECT_EQ(survivor.result(), 7);
  auto failure = executor().submit(fail_on_cancel);
  while (!failure.running()) std::this_thread::yield();
  failure.request_stop();
  EXPECT_THROW(failure.result(), std::out_of_range);
  EXPECT_FALSE(survivor.cancelled() || failure.cancelled());
}

TEST_P(BackgroundTasks, StopAtAnyMomentEndsTheTask) {
  for (int i = 0; i < 100; ++i) {
    auto future = executor().submit(sleep_an_hour);
    for (int spin = 0; spin < i * 20; ++spin) static_cast<void>(future.running());
    future.request_stop();
    EXPECT_THROW(future.result(), CancelledError);
  }
}

TEST_P(BackgroundTasks, ShutdownCancelsPendingAndWaitsForRunningOnes) {
  test::Gate gate;
  const auto running = occupy(gate);
  auto pending = executor().submit(sleep_an_hour);
  executor().shutdown({.wait = false, .cancel_pending = true});
  EXPECT_TRUE(pending.cancelled());
}

OVERLAP_CONFORMANCE(InProcessTasks, test::kInline, test::kThreadPool, test::kEventLoop);
OVERLAP_CONFORMANCE(BackgroundTasks, test::kThreadPool, test::kEventLoop);

}  // namespace
}  // namespace overlap
