// Section C of the executors' semantics: done callbacks.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <future>
#include <mutex>
#include <numeric>
#include <thread>
#include <vector>

#include <overlap/core/wait.hpp>

#include "executors/conformance.hpp"
#include "support/hook_recorder.hpp"
#include "support/sanitizers.hpp"

namespace overlap {
namespace {

using testing::ElementsAre;
using namespace std::chrono_literals;
class InProcessCallbacks : public test::ExecutorTest {};
class BackgroundCallbacks : public test::ExecutorTest {};

TEST_P(InProcessCallbacks, RunAtOnceInTheAddingThreadWhenDoneAlready) {
  const auto future = executor().submit([] { return 3; });
  future.result();
  std::thread::id where;
  future.add_done_callback([&](const Future<int>& done) {
    EXPECT_EQ(done, future);
    where = std::this_thread::get_id();
  });
  EXPECT_EQ(where, std::this_thread::get_id());
}

TEST_P(BackgroundCallbacks, RunInOrderOfAdditionOnTheThreadThatFinishesTheTask) {
  test::Gate gate;
  const auto running = occupy(gate);
  std::thread::id ran_on;
  std::vector<int> order;
  std::promise<void> last_ran;
  const auto future = executor().submit([&] { ran_on = std::this_thread::get_id(); });
  for (int i = 0; i < 50; ++i) {
    future.add_done_callback([&, i](const Future<void>&) {
      EXPECT_EQ(std::this_thread::get_id(), ran_on);
      order.push_back(i);
    });
  }
  future.add_done_callback([&](const Future<void>&) { last_ran.set_value(); });
  EXPECT_TRUE(order.empty());
  gate.open();
  last_ran.get_future().get();
  std::vector<int> expected(50);
  std::iota(expected.begin(), expected.end(), 0);
  EXPECT_EQ(order, expected);
}

TEST_P(BackgroundCallbacks, RunAfterWaitersWereWoken) {
  test::Gate gate;
  const auto running = occupy(gate);
  const auto future = executor().submit([] { return 1; });
  test::Gate callback_gate;
  future.add_done_callback([pass = callback_gate.pass()](const auto&) { pass.wait(); });
  gate.open();
  EXPECT_EQ(future.result(), 1);  // although the callback has not returned
  EXPECT_EQ(wait(std::vector{future}).done.size(), 1U);
}

TEST_P(BackgroundCallbacks, RunOnErrorAndOnCancel) {
  test::Gate gate;
  const auto running = occupy(gate);
  const auto failed = executor().submit([] { throw std::runtime_error("x"); });
  auto cancelled = executor().submit([] {});
  std::promise<bool> saw_error;
  failed.add_done_callback([&](const Future<void>& done) { saw_error.set_value(done.exception() != nullptr); });
  bool saw_cancel = false;
  cancelled.add_done_callback([&](const Future<void>& done) { saw_cancel = done.cancelled(); });
  EXPECT_TRUE(cancelled.cancel());
  EXPECT_TRUE(saw_cancel);  // on the cancelling thread
  gate.open();
  EXPECT_TRUE(saw_error.get_future().get());
}

TEST_P(BackgroundCallbacks, WhatTheyThrowGoesToTheHookAndNothingIsLost) {
  const test::HookRecorder recorder;
  test::Gate gate;
  const auto running = occupy(gate);
  const auto future = executor().submit([] {});
  std::promise<void> second_ran;
  future.add_done_callback([](const Future<void>&) { throw std::runtime_error("first"); });
  future.add_done_callback([](const Future<void>&) { throw 42; });
  future.add_done_callback([&](const Future<void>&) { second_ran.set_value(); });
  gate.open();
  second_ran.get_future().get();
  for (int i = 0; i < 10; ++i) EXPECT_EQ(executor().submit([] { return 1; }).result(), 1);
  EXPECT_THAT(recorder.reports(), ElementsAre("done callback: first", "done callback: unknown exception"));
}

TEST_P(InProcessCallbacks, WhatALateOneThrowsGoesToTheHookToo) {
  const test::HookRecorder recorder;
  const auto future = executor().submit([] {});
  future.result();
  EXPECT_NO_THROW(future.add_done_callback([](const Future<void>&) { throw std::runtime_error("late"); }));
  EXPECT_THAT(recorder.reports(), ElementsAre("done callback: late"));
}

TEST_P(InProcessCallbacks, MayDoAnythingWithAnyFuture) {
  const auto other = executor().submit([] { return 2; });
  std::promise<int> sum;
  const auto future = executor().submit([] { return 1; });
  future.add_done_callback([&](Future<int> done) {
    int total = done.result() + done.result(0s) + (done.exception() == nullptr ? 10 : 0);
    total += done.cancel() || done.running() ? 1000 : 0;
    done.request_stop();
    done.add_done_callback([&](const Future<int>&) { total += 100; });
    total += static_cast<int>(wait(std::vector{done}).done.size());
    for (const auto& each : as_completed(std::vector{done})) total += each.result();
    sum.set_value(total);
  });
  EXPECT_EQ(sum.get_future().get(), 1 + 1 + 10 + 100 + 1 + 1);
  EXPECT_EQ(other.result(), 2);
}

TEST_P(InProcessCallbacks, MaySubmitAndShutDown) {
  std::promise<Future<int>> submitted;
  std::promise<void> shut_down;
  executor().submit([] {}).add_done_callback([&](const Future<void>&) {
    submitted.set_value(executor().submit([] { return 8; }));
    executor().shutdown({.wait = false});
    EXPECT_THROW(executor().submit([] {}), BrokenExecutor);
    shut_down.set_value();
  });
  shut_down.get_future().get();
  EXPECT_EQ(submitted.get_future().get().result(), 8);
}

TEST_P(BackgroundCallbacks, MayCancelWhatIsPending) {
  test::Gate gate;
  const auto running = occupy(gate);
  auto victim = executor().submit([] {});
  auto first = executor().submit([] {});
  first.add_done_callback([&](const Future<void>&) { EXPECT_TRUE(victim.cancel()); });
  EXPECT_TRUE(first.cancel());
  EXPECT_TRUE(victim.cancelled());
}

/// Submits the next link from the callback of the one before.
struct Chain {
  Executor& executor;
  int left;
  std::promise<void> ended;

  void next() {
    executor.submit([] {}).add_done_callback([this](const Future<void>&) {
      if (--left == 0) {
        ended.set_value();
      } else {
        next();
      }
    });
  }
};

TEST_P(InProcessCallbacks, HundredThousandSubmitsEachFromACallbackNeedNoStack) {
  Chain chain{executor(), test::repetitions(100'000), {}};
  chain.next();
  chain.ended.get_future().get();
  executor().shutdown();  // the last callback has returned
}

TEST_P(InProcessCallbacks, RunOnceEachWhoeverAddsThemWhen) {
  std::atomic<int> calls{0};
  constexpr int kTasks = 200;
  {
    std::vector<Future<void>> futures;
    for (int i = 0; i < kTasks; ++i) futures.push_back(executor().submit([] {}));
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 3; ++thread) {
      threads.emplace_back([&] {
        for (const auto& future : futures) future.add_done_callback([&](const Future<void>&) { ++calls; });
      });
    }
  }
  executor().shutdown();
  EXPECT_EQ(calls, 3 * kTasks);
}

OVERLAP_CONFORMANCE(InProcessCallbacks, test::kInline, test::kThreadPool, test::kEventLoop);
OVERLAP_CONFORMANCE(BackgroundCallbacks, test::kThreadPool, test::kEventLoop);

}  // namespace
}  // namespace overlap
