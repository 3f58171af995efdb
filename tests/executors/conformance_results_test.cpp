// Section A of the executors' semantics: what a Future gives.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "executors/conformance.hpp"

namespace overlap {
namespace {

using namespace std::chrono_literals;
class InProcessResults : public test::ExecutorTest {};
class BackgroundResults : public test::ExecutorTest {};

struct NotDefault {
  explicit NotDefault(int value) : x(value) {}
  int x;
};
struct MoveOnly {
  explicit MoveOnly(int value) : x(value) {}
  MoveOnly(MoveOnly&&) = default;
  MoveOnly& operator=(MoveOnly&&) = delete;
  int x;
};

TEST_P(InProcessResults, ValuesComeBack) {
  EXPECT_EQ(executor().submit([] { return 7; }).result(), 7);
  EXPECT_EQ(executor().submit([](int a, int b) { return a - b; }, 5, 3).result(), 2);
  EXPECT_EQ(executor().submit([] { return std::string(1000, 'x'); }).result().size(), 1000U);
}

TEST_P(InProcessResults, VoidComesBack) {
  std::atomic<bool> ran{false};
  const Future<void> future = executor().submit([&] { ran = true; });
  future.result();
  EXPECT_TRUE(ran);
  EXPECT_EQ(future.exception(), nullptr);
}

TEST_P(InProcessResults, MoveOnlyResultsComeBack) {
  const auto kept = executor().submit([] { return std::make_unique<int>(4); });
  EXPECT_EQ(*kept.result(), 4);
  const std::unique_ptr<int> taken = executor().submit([] { return std::make_unique<int>(5); }).result();
  EXPECT_EQ(*taken, 5);
  EXPECT_EQ(executor().submit([] { return MoveOnly(6); }).result(1h).x, 6);
}

TEST_P(InProcessResults, ResultsNeedNoDefaultConstructor) {
  EXPECT_EQ(executor().submit([] { return NotDefault(3); }).result().x, 3);
}

TEST_P(InProcessResults, ResultMayBeTakenAnyNumberOfTimesFromAnyThread) {
  const auto future = executor().submit([] { return std::string("same"); });
  std::atomic<int> right{0};
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&] {
        for (int j = 0; j < 50; ++j) right += future.result() == "same" ? 1 : 0;
      });
    }
  }
  EXPECT_EQ(right, 400);
}

TEST_P(InProcessResults, WhatATaskThrowsIsThrownByResultEveryTime) {
  const auto future = executor().submit([]() -> int { throw std::out_of_range("far"); });
  for (int i = 0; i < 3; ++i) {
    try {
      future.result();
      FAIL() << "nothing was thrown";
    } catch (const std::out_of_range& error) {
      EXPECT_STREQ(error.what(), "far");
    }
  }
  EXPECT_THROW(std::rethrow_exception(future.exception()), std::out_of_range);
  EXPECT_TRUE(future.done());
  EXPECT_FALSE(future.cancelled());
}

TEST_P(InProcessResults, AnythingCanBeThrownAndTheWorkerLivesOn) {
  EXPECT_THROW(executor().submit([] { throw 42; }).result(), int);
  EXPECT_THROW(executor().submit([] { throw std::string("text"); }).result(), std::string);
  EXPECT_THROW(executor().submit([] { throw CancelledError("not asked to"); }).result(), CancelledError);
  EXPECT_EQ(executor().submit([] { return 1; }).result(), 1);
}

TEST_P(InProcessResults, CancelledErrorOfATaskThatNobodyCancelledIsAnError) {
  const auto future = executor().submit([] { throw CancelledError("of my own accord"); });
  EXPECT_THROW(future.result(), CancelledError);
  EXPECT_FALSE(future.cancelled());
  EXPECT_NE(future.exception(), nullptr);
}

TEST_P(InProcessResults, DroppedFutureStillRuns) {
  std::atomic<int> runs{0};
  for (int i = 0; i < 100; ++i) executor().submit([&] { ++runs; });
  executor().shutdown();
  EXPECT_EQ(runs, 100);
}

TEST_P(InProcessResults, LastHandleMayBeDroppedAsSoonAsTheResultIsThere) {
  for (int i = 0; i < 500; ++i) {
    auto future = executor().submit([i] { return std::make_unique<int>(i); });
    ASSERT_EQ(*future.result(), i);
    future = {};
  }
}

TEST_P(InProcessResults, ArgumentsAndCallableAreGoneWhenTheResultIsThere) {
  for (const bool throws : {false, true}) {
    std::thread::id ran_on;
    std::thread::id destroyed_on;
    std::atomic<int> destroyed{0};
    const auto watched = [&] {
      return std::shared_ptr<void>(nullptr, [&](void*) {
        destroyed_on = std::this_thread::get_id();
        ++destroyed;
      });
    };
    const auto future = executor().submit(
        [&ran_on, throws, captured = watched()](const std::shared_ptr<void>&) {
          ran_on = std::this_thread::get_id();
          if (throws) throw std::runtime_error("x");
        },
        watched());
    EXPECT_EQ(future.exception() != nullptr, throws);
    EXPECT_EQ(destroyed, 2);
    EXPECT_EQ(destroyed_on, ran_on);
  }
}

TEST_P(InProcessResults, WaitsForNothingWhenDone) {
  const auto future = executor().submit([] { return 1; });
  future.result();
  EXPECT_EQ(future.result(0s), 1);
  EXPECT_EQ(future.result(-1s), 1);
  EXPECT_EQ(future.exception(Duration::min()), nullptr);
}

TEST_P(InProcessResults, EndlessTimeoutsDoNotOverflow) {
  EXPECT_EQ(executor().submit([] { return 1; }).result(Duration::max()), 1);
  EXPECT_EQ(executor().submit([] { return 2; }).result(std::chrono::hours::max()), 2);
  EXPECT_EQ(executor().submit([] { return 3; }).result(std::chrono::duration<double>(1e300)), 3);
}

TEST_P(InProcessResults, TimeoutErrorOfATaskIsNotThatOfAWait) {
  const auto future = executor().submit([]() -> int { throw TimeoutError("my own"); });
  try {
    future.result(1h);
    FAIL() << "nothing was thrown";
  } catch (const TimeoutError& error) {
    EXPECT_STREQ(error.what(), "my own");
  }
  EXPECT_TRUE(future.done());
}

TEST_P(BackgroundResults, FutureShowsItsState) {
  test::Gate gate;
  const auto running = occupy(gate);
  const auto pending = executor().submit([] {});
  for (const auto& future : running) {
    EXPECT_TRUE(future.running());
    EXPECT_FALSE(future.done() || future.cancelled());
  }
  EXPECT_FALSE(pending.running() || pending.done() || pending.cancelled());
  gate.open();
  pending.result();
  EXPECT_TRUE(pending.done());
  EXPECT_FALSE(pending.running() || pending.cancelled());
}

TEST_P(BackgroundResults, DroppingARunningFutureDoesNotBlock) {
  test::Gate gate;
  occupy(gate).clear();
  executor().submit([] {});
}

TEST_P(BackgroundResults, WaitThatRunsOutThrowsAndChangesNothing) {
  test::Gate gate;
  auto running = occupy(gate);
  const auto pending = executor().submit([] { return 5; });
  for (const Duration timeout : {Duration(0), Duration(-1), Duration(1ms)}) {
    EXPECT_THROW(running[0].result(timeout), TimeoutError);
    EXPECT_THROW(pending.result(timeout), TimeoutError);
    EXPECT_THROW(pending.exception(timeout), TimeoutError);
  }
  EXPECT_TRUE(running[0].running());
  gate.open();
  EXPECT_EQ(pending.result(1h), 5);
}

TEST_P(BackgroundResults, WaitersOfEveryKindAreWoken) {
  test::Gate gate;
  const auto running = occupy(gate);
  const auto future = executor().submit([] { return 9; });
  std::atomic<int> sum{0};
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 3; ++i) {
      threads.emplace_back([&] { sum += future.result(); });
      threads.emplace_back([&] { sum += future.result(Duration::max()); });
      threads.emplace_back([&] { sum += future.result(std::chrono::hours::max()); });
      threads.emplace_back([&] { sum += future.exception(1h) == nullptr ? 9 : 0; });
    }
    gate.open();
  }
  EXPECT_EQ(sum, 12 * 9);
}

OVERLAP_CONFORMANCE(InProcessResults, test::kInline, test::kThreadPool, test::kEventLoop);
OVERLAP_CONFORMANCE(BackgroundResults, test::kThreadPool, test::kEventLoop);

}  // namespace
}  // namespace overlap
