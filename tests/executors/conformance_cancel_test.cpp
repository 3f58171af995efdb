// Section B of the executors' semantics: cancelling. How coroutines are cancelled is in conformance_tasks_test.cpp.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <memory>
#include <thread>
#include <vector>

#include <overlap/core/wait.hpp>

#include "executors/conformance.hpp"
#include "support/sanitizers.hpp"

namespace overlap {
namespace {

using namespace std::chrono_literals;
class InProcessCancel : public test::ExecutorTest {};
class BackgroundCancel : public test::ExecutorTest {};

TEST_P(InProcessCancel, FinishedTaskCannotBeCancelled) {
  auto future = executor().submit([] { return 1; });
  future.result();
  EXPECT_FALSE(future.cancel());
  future.request_stop();
  EXPECT_FALSE(future.cancelled());
  EXPECT_EQ(future.result(), 1);
}

TEST_P(BackgroundCancel, PendingTaskNeverRuns) {
  test::Gate gate;
  const auto running = occupy(gate);
  std::atomic<bool> ran{false};
  auto future = executor().submit([&] { ran = true; });
  EXPECT_TRUE(future.cancel());
  EXPECT_TRUE(future.cancel());
  EXPECT_TRUE(future.cancelled() && future.done());
  EXPECT_FALSE(future.running());
  gate.open();
  executor().shutdown();
  EXPECT_FALSE(ran);
}

TEST_P(BackgroundCancel, RunningTaskCannotBeCancelled) {
  test::Gate gate;
  auto running = occupy(gate);
  EXPECT_FALSE(running[0].cancel());
  EXPECT_TRUE(running[0].running());
  running[0].request_stop();  // it takes no notice
  gate.open();
  running[0].result();
  EXPECT_FALSE(running[0].cancelled());
}

TEST_P(BackgroundCancel, CallOfACancelledTaskIsDestroyedAtOnceAndOnce) {
  test::Gate gate;
  const auto running = occupy(gate);
  std::atomic<int> destroyed{0};
  auto owned = std::shared_ptr<void>(nullptr, [&](void*) { ++destroyed; });
  auto future = executor().submit([captured = std::move(owned)] {});
  EXPECT_EQ(destroyed, 0);
  EXPECT_TRUE(future.cancel());
  EXPECT_EQ(destroyed, 1);
  gate.open();
  executor().shutdown();
  future = {};
  EXPECT_EQ(destroyed, 1);
}

TEST_P(BackgroundCancel, CancelledFutureIsDoneForEverybody) {
  test::Gate gate;
  const auto running = occupy(gate);
  auto future = executor().submit([] { return 1; });
  std::atomic<int> callbacks{0};
  future.add_done_callback([&](const Future<int>& done) { callbacks += done.cancelled() ? 1 : 0; });
  ASSERT_TRUE(future.cancel());
  EXPECT_EQ(callbacks, 1);
  EXPECT_THROW(future.result(), CancelledError);
  EXPECT_THROW(future.result(0s), CancelledError);
  EXPECT_THROW(future.exception(), CancelledError);
  const std::vector futures{future};
  EXPECT_EQ(wait(futures).done.size(), 1U);
  EXPECT_EQ(wait(futures, ReturnWhen::FirstCompleted).done.size(), 1U);
  EXPECT_EQ(wait(futures, ReturnWhen::FirstException).done.size(), 1U);
  for (const auto& done : as_completed(futures)) EXPECT_TRUE(done.cancelled());
  future.add_done_callback([&](const Future<int>&) { ++callbacks; });
  EXPECT_EQ(callbacks, 2);
}

/// Threads that wait, in every way there is, for a future that will be cancelled.
class Waiters {
 public:
  explicit Waiters(const Future<int>& future) {
    start([future] { expect_cancelled([&] { future.result(); }); });
    start([future] { expect_cancelled([&] { future.result(1h); }); });
    start([future] { expect_cancelled([&] { future.exception(); }); });
    start([future] { EXPECT_TRUE(wait(std::vector{future}).done.at(0).cancelled()); });
    start([future] { EXPECT_TRUE(wait(std::vector{future}, ReturnWhen::FirstException).done.at(0).cancelled()); });
    start([future] {
      for (const auto& done : as_completed(std::vector{future})) EXPECT_TRUE(done.cancelled());
    });
  }
  /// Returns when all threads have begun; whether they block already cannot be seen from outside.
  void wait_until_started() const {
    while (started_ != threads_.size()) std::this_thread::yield();
  }

 private:
  void start(std::function<void()> body) {
    threads_.emplace_back([this, waits = std::move(body)] {
      ++started_;
      waits();
    });
  }
  static void expect_cancelled(const std::function<void()>& call) { EXPECT_THROW(call(), CancelledError); }

  std::atomic<std::size_t> started_{0};
  std::vector<std::jthread> threads_;
};

TEST_P(BackgroundCancel, CancelWakesEveryWaiter) {
  test::Gate gate;
  const auto running = occupy(gate);
  auto future = executor().submit([] { return 1; });
  const Waiters waiters(future);
  waiters.wait_until_started();
  EXPECT_TRUE(future.cancel());
}

TEST_P(BackgroundCancel, CancelByShutdownWakesEveryWaiter) {
  test::Gate gate;
  const auto running = occupy(gate);
  const auto future = executor().submit([] { return 1; });
  std::atomic<int> callbacks{0};
  future.add_done_callback([&](const Future<int>& done) { callbacks += done.cancelled() ? 1 : 0; });
  {
    const Waiters waiters(future);
    waiters.wait_until_started();
    executor().shutdown({.wait = false, .cancel_pending = true});
  }
  EXPECT_EQ(callbacks, 1);
  EXPECT_TRUE(running[0].running());
}

TEST_P(BackgroundCancel, CancelByShutdownIsDoneWhenShutdownReturns) {
  test::Gate gate;
  const auto running = occupy(gate);
  std::vector<Future<int>> pending;
  for (int i = 0; i < 50; ++i) pending.push_back(executor().submit([] { return 1; }));
  executor().shutdown({.wait = false, .cancel_pending = true});
  for (const auto& future : pending) EXPECT_TRUE(future.cancelled());
  gate.open();
  executor().shutdown();
  for (const auto& future : running) EXPECT_FALSE(future.cancelled());
}

TEST_P(BackgroundCancel, RequestStopCancelsAPendingTask) {
  test::Gate gate;
  const auto running = occupy(gate);
  auto future = executor().submit([](std::stop_token) { return 1; });
  future.request_stop();
  EXPECT_TRUE(future.cancelled());
}

TEST_P(BackgroundCancel, RunningTaskIsAskedToStopThroughItsToken) {
  const auto wait_for_stop = [](std::stop_token token) {
    std::mutex mutex;
    std::condition_variable_any stopped;
    std::unique_lock lock(mutex);
    stopped.wait(lock, token, [] { return false; });
  };
  const auto wait_then_cancel = [wait_for_stop](std::stop_token token) {
    wait_for_stop(token);
    throw CancelledError();
  };
  const auto wait_then_finish = [wait_for_stop](std::stop_token token, int x) {
    wait_for_stop(token);
    return x;
  };
  for (const bool may_be_pending : {false, true}) {
    auto cancelled = executor().submit(wait_then_cancel);
    while (!may_be_pending && !cancelled.running()) std::this_thread::yield();
    cancelled.request_stop();
    cancelled.request_stop();
    EXPECT_THROW(cancelled.result(), CancelledError);
    EXPECT_TRUE(cancelled.cancelled());
  }
  auto finished = executor().submit(wait_then_finish, 5);
  while (!finished.running()) std::this_thread::yield();
  finished.request_stop();
  EXPECT_EQ(finished.result(), 5);
  EXPECT_FALSE(finished.cancelled());
}

TEST_P(BackgroundCancel, ErrorOfATaskThatWasAskedToStopIsStillItsError) {
  auto future = executor().submit([](std::stop_token token) {
    while (!token.stop_requested()) std::this_thread::yield();
    throw std::runtime_error("in the cleanup");
  });
  while (!future.running()) std::this_thread::yield();
  future.request_stop();
  EXPECT_THROW(future.result(), std::runtime_error);
  EXPECT_FALSE(future.cancelled());
}

TEST_P(BackgroundCancel, EachTaskRunsOrIsCancelledButNotBoth) {
  for (int round = 0; round < test::repetitions(100); ++round) {
    std::atomic<int> runs{0};
    std::vector<Future<void>> futures;
    std::size_t cancelled = 0;
    for (int i = 0; i < 50; ++i) futures.push_back(executor().submit([&] { ++runs; }));
    for (auto it = futures.rbegin(); it != futures.rend(); ++it) cancelled += it->cancel() ? 1 : 0;
    wait(futures);
    ASSERT_EQ(cancelled + static_cast<std::size_t>(runs), futures.size());
    for (const auto& future : futures) ASSERT_TRUE(future.done());
  }
}

OVERLAP_CONFORMANCE(InProcessCancel, test::kInline, test::kThreadPool, test::kEventLoop);
OVERLAP_CONFORMANCE(BackgroundCancel, test::kThreadPool, test::kEventLoop);

}  // namespace
}  // namespace overlap
