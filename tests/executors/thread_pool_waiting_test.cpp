// Tasks of a thread pool that wait for tasks of the same pool: there is no way to wait in which a full pool stands
// still.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <future>
#include <ranges>
#include <thread>
#include <vector>

#include <overlap/async/gather.hpp>
#include <overlap/async/sleep.hpp>
#include <overlap/async/task.hpp>
#include <overlap/async/task_group.hpp>
#include <overlap/async/with_timeout.hpp>
#include <overlap/core/wait.hpp>
#include <overlap/executors/thread_pool_executor.hpp>

#include "support/gate.hpp"
#include "support/sanitizers.hpp"
#include "support/threads.hpp"

namespace overlap {
namespace {

using namespace std::chrono_literals;

class ThreadPoolWaiting : public testing::TestWithParam<std::size_t> {
 protected:
  ThreadPoolExecutor pool{{.max_workers = GetParam()}};
};

/// The n-th Fibonacci number, each addend by a task.
int fibonacci(ThreadPoolExecutor& pool, int n) {
  if (n < 2) return n;
  const auto a = pool.submit([&pool, n] { return fibonacci(pool, n - 1); });
  const auto b = pool.submit([&pool, n] { return fibonacci(pool, n - 2); });
  return a.result() + b.result();
}

TEST_P(ThreadPoolWaiting, ForResults) {
  EXPECT_EQ(pool.submit([&] { return fibonacci(pool, 14); }).result(), 377);
}

TEST_P(ThreadPoolWaiting, ForResultsWithATimeout) {
  const auto future = pool.submit([&] { return pool.submit([] { return 3; }).result(1h); });
  EXPECT_EQ(future.result(), 3);
}

TEST_P(ThreadPoolWaiting, WithATimeoutThatRunsOutLeavesTheTaskToOthers) {
  test::Gate gate;
  const auto outer = pool.submit([&, pass = gate.pass()] {
    auto inner = pool.submit([pass] { return pass.wait(), 7; });
    EXPECT_THROW(inner.result(5ms), TimeoutError);
    return inner;
  });
  const auto inner = outer.result();
  EXPECT_FALSE(inner.done());
  gate.open();
  EXPECT_EQ(inner.result(), 7);
}

TEST_P(ThreadPoolWaiting, ForSeveralWithATimeoutThatRunsOut) {
  test::Gate gate;
  const auto outer = pool.submit([&, pass = gate.pass()] {
    std::vector<Future<void>> inner;
    for (int i = 0; i < 3; ++i) inner.push_back(pool.submit([pass] { pass.wait(); }));
    EXPECT_EQ(wait(inner, ReturnWhen::AllCompleted, 5ms).not_done.size(), 3U);
    EXPECT_THROW(as_completed(inner, 5ms).begin(), TimeoutError);
    EXPECT_THROW(
        *pool.map({.timeout = 5ms}, [pass](int) { return pass.wait(), 1; }, std::vector{1, 2}).begin(), TimeoutError);
  });
  outer.result();
}

TEST_P(ThreadPoolWaiting, ForSeveralWithATimeoutThatIsLongEnough) {
  const auto outer = pool.submit([&] {
    std::vector<Future<int>> inner;
    for (int i = 0; i < 10; ++i) inner.push_back(pool.submit([i] { return i; }));
    int sum = 0;
    for (const auto& future : as_completed(inner, 1h)) sum += future.result();
    for (const int x : pool.map({.timeout = 1h}, [](int x) { return x; }, std::views::iota(0, 10))) sum += x;
    inner.push_back(pool.submit([] { return 10; }));
    for (const auto& future : wait(inner, ReturnWhen::AllCompleted, 1h).done) sum += future.result();
    return sum;
  });
  EXPECT_EQ(outer.result(), 45 + 45 + 55);
}

TEST_P(ThreadPoolWaiting, WithATimeoutToAnyDepth) {
  std::function<int(int)> nest = [&](int depth) {
    return depth == 0 ? 0 : pool.submit([&nest, depth] { return nest(depth - 1); }).result(1h) + 1;
  };
  EXPECT_EQ(pool.submit([&] { return nest(20); }).result(), 20);
}

TEST_P(ThreadPoolWaiting, WithATimeoutForATaskThatIsCancelledMeanwhile) {
  test::Gate gate;
  const auto outer = pool.submit([&, pass = gate.pass()] {
    auto blocking = pool.submit([pass] { pass.wait(); });
    EXPECT_THROW(blocking.result(2ms), TimeoutError);
    auto cancelled = pool.submit([] { return 1; });
    if (!cancelled.cancel()) return 1;
    EXPECT_THROW(cancelled.result(1h), CancelledError);
    return 1;
  });
  EXPECT_EQ(outer.result(), 1);
}

TEST_P(ThreadPoolWaiting, ThreadsThatStandInForWaitingWorkersLeave) {
  const auto outer = pool.submit([&] {
    for (int i = 0; i < 200; ++i) EXPECT_EQ(pool.submit([i] { return i; }).result(1h), i);
  });
  outer.result();
  while (test::threads_of_this_process() > GetParam() + 4) std::this_thread::yield();  // one that leaves is still there
}

TEST_P(ThreadPoolWaiting, InWaitAndAsCompletedAndMap) {
  std::vector<Future<int>> outer;
  for (int i = 0; i < 8; ++i) {
    outer.push_back(pool.submit([this, i] {
      std::vector<Future<int>> inner;
      for (int j = 0; j < 10; ++j) inner.push_back(pool.submit([j] { return j; }));
      int sum = 0;
      if (i % 3 == 0) {
        for (const auto& future : wait(inner).done) sum += future.result();
      } else if (i % 3 == 1) {
        for (const auto& future : as_completed(inner)) sum += future.result();
      } else {
        for (const int x : pool.map([](int x) { return x; }, std::views::iota(0, 10))) sum += x;
      }
      return sum;
    }));
  }
  for (const auto& future : outer) EXPECT_EQ(future.result(), 45);
}

TEST_P(ThreadPoolWaiting, ForTheFirstOnly) {
  const auto future = pool.submit([&] {
    const std::vector inner{pool.submit([] { return 1; }), pool.submit([] { return 2; })};
    return wait(inner, ReturnWhen::FirstCompleted).done.size();
  });
  EXPECT_GE(future.result(), 1U);
}

TEST_P(ThreadPoolWaiting, InsideACallback) {
  std::promise<int> seen;
  const auto future = pool.submit([] {});
  future.add_done_callback([&](const auto&) { seen.set_value(pool.submit([] { return 5; }).result()); });
  EXPECT_EQ(seen.get_future().get(), 5);
}

TEST_P(ThreadPoolWaiting, ForATaskThatThrows) {
  const auto future = pool.submit([&] { pool.submit([] { throw std::out_of_range("x"); }).result(); });
  EXPECT_THROW(future.result(), std::out_of_range);
}

TEST_P(ThreadPoolWaiting, ForATaskThatIsCancelledMeanwhile) {
  for (int round = 0; round < 100; ++round) {
    Future<int> inner;
    test::Gate gate;
    const auto outer = pool.submit([&, pass = gate.pass()] {
      inner = pool.submit([] { return 1; });
      pass.wait();
      try {
        return inner.result();
      } catch (const CancelledError&) {
        return 1;
      }
    });
    gate.wait_for_arrivals();
    auto victim = inner;
    std::jthread canceller([victim]() mutable { victim.cancel(); });
    gate.open();
    ASSERT_EQ(outer.result(), 1);
  }
}

TEST(ThreadPoolWaitingFull, RunsTheVeryTaskThatIsWaitedForAndNoOther) {
  ThreadPoolExecutor pool({.max_workers = 1});
  std::vector<int> order;
  pool.submit([&] {
        const auto first = pool.submit([&] { order.push_back(1); });
        const auto second = pool.submit([&] { order.push_back(2); });
        second.result();
        order.push_back(3);
      })
      .result();
  pool.shutdown();
  EXPECT_THAT(order, testing::ElementsAre(2, 3, 1));
}

TEST(ThreadPoolWaitingFull, JustWaitsForWhatRunsElsewhere) {
  ThreadPoolExecutor pool({.max_workers = 2});
  test::Gate gate;
  const auto blocked = pool.submit([pass = gate.pass()] {
    pass.wait();
    return std::this_thread::get_id();
  });
  gate.wait_for_arrivals();
  const auto waiter = pool.submit([&] {
    gate.open();
    return blocked.result() != std::this_thread::get_id();
  });
  EXPECT_TRUE(waiter.result());
}

TEST(ThreadPoolWaitingFull, HasNoBoundOfItsOwnOnDepth) {
  ThreadPoolExecutor pool({.max_workers = 1});
  std::function<int(int)> nest = [&](int depth) {
    return depth == 0 ? 0 : pool.submit([&nest, depth] { return nest(depth - 1); }).result() + 1;
  };
  EXPECT_EQ(pool.submit([&] { return nest(500); }).result(), 500);
}

Task<int> count_down(ThreadPoolExecutor* pool, int depth) {
  if (depth == 0) co_return 0;
  auto below = pool->submit(count_down, pool, depth - 1);
  co_return co_await std::move(below) + 1;
}

TEST_P(ThreadPoolWaiting, InTasksToAnyDepth) {
  const int depth = test::repetitions(10'000);
  EXPECT_EQ(pool.submit(count_down, &pool, depth).result(), depth);
}

Task<int> sum_of_many(ThreadPoolExecutor* pool) {
  std::vector<Future<int>> futures;
  for (int i = 0; i < 20; ++i) futures.push_back(pool->submit([i] { return i; }));
  int sum = 0;
  for (auto& future : futures) sum += co_await std::move(future);
  co_return sum;
}

TEST_P(ThreadPoolWaiting, InManyTasksAtOnce) {
  std::vector<Future<int>> futures;
  for (int i = 0; i < 20; ++i) futures.push_back(pool.submit(sum_of_many, &pool));
  for (const auto& future : futures) EXPECT_EQ(future.result(), 190);
}

Task<int> pass_on(Future<int> future) { co_return co_await std::move(future); }

Task<Future<int>> lose_patience(ThreadPoolExecutor* pool, Future<int> gate) {
  auto inner = pool->submit(pass_on, gate);
  try {
    co_await with_timeout(1ms, pass_on(inner));
  } catch (const TimeoutError&) {
  }
  co_return inner;
}

TEST_P(ThreadPoolWaiting, TaskThatStopsWaitingLeavesTheOtherToItsWork) {
  // The awaited task was begun by the worker that awaited it. It is a task of the pool in its own right.
  ThreadPoolExecutor other({.max_workers = 1});
  test::Gate gate;
  const auto blocked = other.submit([pass = gate.pass()] { return pass.wait(), 7; });
  const auto inner = pool.submit(lose_patience, &pool, blocked).result();
  EXPECT_FALSE(inner.done());
  gate.open();
  EXPECT_EQ(inner.result(), 7);
}

TEST_P(ThreadPoolWaiting, TaskThatIsAskedToStopLeavesTheOtherToItsWork) {
  ThreadPoolExecutor other({.max_workers = 1});
  test::Gate gate;
  const auto blocked = other.submit([pass = gate.pass()] { return pass.wait(), 7; });
  std::promise<Future<int>> promise;
  struct Outer {
    static Task<int> run(ThreadPoolExecutor* pool, Future<int> blocked, std::promise<Future<int>>* told) {
      auto inner = pool->submit(pass_on, blocked);
      told->set_value(inner);
      co_return co_await inner;
    }
  };
  auto outer = pool.submit(Outer::run, &pool, blocked, &promise);
  const auto inner = promise.get_future().get();
  while (!inner.running()) std::this_thread::yield();
  outer.request_stop();
  EXPECT_THROW(outer.result(), CancelledError);
  EXPECT_FALSE(inner.done());
  gate.open();
  EXPECT_EQ(inner.result(), 7);
}

/// What a blocking wait for a task says that the loop of this very worker has begun.
Task<bool> block_for_begun_task(ThreadPoolExecutor* pool, Future<int> gate) {
  auto inner = pool->submit(pass_on, gate);
  try {
    co_await with_timeout(1ms, pass_on(inner));
  } catch (const TimeoutError&) {
  }
  try {
    inner.result();
  } catch (const WouldDeadlock&) {
    co_return true;
  }
  co_return false;
}

TEST(ThreadPoolWaitingFull, BlockedForATaskThatItsOwnLoopHasBegunThrows) {
  ThreadPoolExecutor pool({.max_workers = 1});  // with more, another worker might begin it
  ThreadPoolExecutor other({.max_workers = 1});
  test::Gate gate;
  const auto blocked = other.submit([pass = gate.pass()] { return pass.wait(), 7; });
  EXPECT_TRUE(pool.submit(block_for_begun_task, &pool, blocked).result());
}

TEST_P(ThreadPoolWaiting, BlockedForATaskOfAGroupOnItsOwnLoopThrows) {
  const auto body = [](TaskGroup& group) -> Task<bool> {
    const auto child = group.spawn(sleep_for(Duration::zero()));
    try {
      child.result();
    } catch (const WouldDeadlock&) {
      co_return true;
    }
    co_return false;
  };
  EXPECT_TRUE(pool.submit([body] { return TaskGroup::run(body); }).result());
}

TEST(ThreadPoolWaitingFull, WorkerThatStillDrivesAnotherTaskIsNotTakenForFree) {
  ThreadPoolExecutor pool({.max_workers = 2});
  ThreadPoolExecutor other({.max_workers = 1});
  test::Gate gate;
  const auto blocked = other.submit([pass = gate.pass()] { return pass.wait(), 7; });
  const auto inner = pool.submit(lose_patience, &pool, blocked).result();
  EXPECT_EQ(pool.submit([] { return 1; }).result(), 1);
  EXPECT_FALSE(inner.done());
}

TEST(ThreadPoolWaitingFull, ShutdownWaitsForATaskThatOutlivesTheOneThatAwaitedIt) {
  ThreadPoolExecutor other({.max_workers = 1});
  test::Gate gate;
  const auto blocked = other.submit([pass = gate.pass()] { return pass.wait(), 7; });
  Future<int> inner;
  std::jthread opener;
  {
    ThreadPoolExecutor pool({.max_workers = 1});
    inner = pool.submit(lose_patience, &pool, blocked).result();
    opener = std::jthread([&] { gate.open(); });
  }
  EXPECT_TRUE(inner.done());
  EXPECT_EQ(inner.result(), 7);
}

INSTANTIATE_TEST_SUITE_P(Workers, ThreadPoolWaiting, testing::Values(1, 2, 4), testing::PrintToStringParamName());

}  // namespace
}  // namespace overlap
