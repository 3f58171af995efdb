// What every executor promises, whatever its model: one suite, run through Executor&. The work crosses to worker
// processes too, so it is made of plain functions and captureless lambdas.
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <overlap/overlap.hpp>
#include <ranges>
#include <string>
#include <thread>
#include <vector>

namespace overlap {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

int square(int value) { return value * value; }
std::string repeat(std::string text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}
int fail(int value) { throw std::out_of_range("value " + std::to_string(value)); }
int fail_on_three(int value) { return value == 3 ? fail(value) : value; }
void nothing() {}
Task<int> nap(int units, int unit_ms) {
  co_await sleep_for(milliseconds(units * unit_ms));
  co_return units;
}
Task<int> fail_later() {
  co_await sleep_for(milliseconds(1));
  throw std::invalid_argument("later");
}

constexpr Duration::rep kNapUnit = Duration(std::chrono::milliseconds(100)).count();

/// However late it starts.
Task<int> nap_until(int units, Duration::rep end) {
  co_await sleep_for(TimePoint(Duration(end)) - Clock::now());
  co_return units;
}

class EveryExecutor : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override { executor_ = make(5); }

  static std::unique_ptr<Executor> make(std::size_t workers) {
    const std::string& model = GetParam();
    if (model == "inline") return std::make_unique<InlineExecutor>();
    if (model == "loop") return std::make_unique<EventLoopExecutor>();
    if (model == "threads") {
      return std::make_unique<ThreadPoolExecutor>(ThreadPoolExecutor::Options{.max_workers = workers});
    }
    return std::make_unique<ProcessPoolExecutor>(ProcessPoolExecutor::Options{.max_workers = workers});
  }
  bool is_inline() const { return GetParam() == "inline"; }

  std::unique_ptr<Executor> executor_;
};

TEST_P(EveryExecutor, GivesTheResultAnyNumberOfTimes) {
  const auto future = executor_->submit(square, 12);
  EXPECT_EQ(future.result(), 144);
  EXPECT_EQ(future.result(), 144);
  EXPECT_TRUE(future.done());
  EXPECT_FALSE(future.running());
  EXPECT_FALSE(future.cancelled());
}

TEST_P(EveryExecutor, TakesArgumentsAndResultsOfSize) {
  const std::string big(1'000'000, 'x');
  EXPECT_EQ(executor_->submit(repeat, big, 3).result().size(), 3'000'000U);
}

TEST_P(EveryExecutor, RunsFunctionsWithoutAResult) { executor_->submit(nothing).result(); }

TEST_P(EveryExecutor, RunsCaptureLessLambdas) {
  EXPECT_EQ(executor_->submit([](int a, int b) { return a + b; }, 2, 3).result(), 5);
}

TEST_P(EveryExecutor, RethrowsWhatTheTaskThrewAsItWas) {
  const auto future = executor_->submit(fail, 7);
  try {
    future.result();
    FAIL() << "nothing was thrown";
  } catch (const std::out_of_range& error) {
    EXPECT_STREQ(error.what(), "value 7");
  }
  EXPECT_NE(future.exception(), nullptr);
  EXPECT_EQ(executor_->submit(square, 2).result(), 4);  // and lives on
}

TEST_P(EveryExecutor, RunsCoroutines) {
  EXPECT_EQ(executor_->submit(nap, 3, 1).result(), 3);
  EXPECT_THROW(executor_->submit(fail_later).result(), std::invalid_argument);
}

TEST_P(EveryExecutor, SleepsOverlapInAsCompletedOrderAndMapKeepsTheInputs) {
  std::vector<Future<int>> naps;
  const auto now = Clock::now().time_since_epoch().count();  // the same clock in every process
  for (const int units : {5, 4, 3, 2, 1}) naps.push_back(executor_->submit(nap_until, units, now + units * kNapUnit));
  std::vector<int> order;
  for (const auto& done : as_completed(naps)) order.push_back(done.result());
  EXPECT_EQ(order, is_inline() ? (std::vector{5, 4, 3, 2, 1}) : (std::vector{1, 2, 3, 4, 5}));

  std::vector<int> mapped;
  for (const int units : executor_->map(nap, std::vector{5, 4, 3, 2, 1}, std::vector(5, 5))) mapped.push_back(units);
  EXPECT_EQ(mapped, (std::vector{5, 4, 3, 2, 1}));
}

TEST_P(EveryExecutor, MapGivesResultsInOrderForManyInputs) {
  int expected = 0;
  for (const int value : executor_->map(square, std::views::iota(0, 1000))) {
    EXPECT_EQ(value, expected * expected);
    ++expected;
  }
  EXPECT_EQ(expected, 1000);
}

TEST_P(EveryExecutor, MapThrowsAtItsPositionAndGoesOn) {
  for (const std::size_t chunk : {std::size_t{1}, std::size_t{4}}) {
    auto results = executor_->map({.chunk = chunk}, fail_on_three, std::views::iota(0, 8));
    std::vector<int> got;
    for (auto it = results.begin(); it != results.end(); ++it) {
      try {
        got.push_back(*it);
      } catch (const std::out_of_range&) {
        got.push_back(-1);
      }
    }
    EXPECT_EQ(got, (std::vector{0, 1, 2, -1, 4, 5, 6, 7})) << "chunk " << chunk;
  }
}

TEST_P(EveryExecutor, MapOfAnEndlessInputIsLazy) {
  int count = 0;
  for (const int value : executor_->map(square, std::views::iota(0))) {
    EXPECT_EQ(value, count * count);
    if (++count == 50) break;
  }
}

TEST_P(EveryExecutor, WaitTellsTheDoneFromTheOthers) {
  const std::vector<Future<int>> futures = {executor_->submit(nap, 1, 1), executor_->submit(nap, 1, 1)};
  const auto [done, not_done] = wait(futures);
  EXPECT_EQ(done.size(), 2U);
  EXPECT_TRUE(not_done.empty());
}

TEST_P(EveryExecutor, AWaitThatRunsOutOfTimeChangesNothing) {
  if (is_inline()) return;  // done when submit() returns
  const auto future = executor_->submit(nap, 1, 100);
  EXPECT_THROW(future.result(Duration::zero()), TimeoutError);
  EXPECT_THROW(future.result(milliseconds(1)), TimeoutError);
  EXPECT_EQ(future.result(hours::max()), 1);
}

TEST_P(EveryExecutor, ADoneCallbackRunsOnceWithTheFuture) {
  std::atomic<int> sum{0};
  std::atomic<int> calls{0};
  for (int i = 1; i <= 20; ++i) {
    executor_->submit(square, i).add_done_callback([&](const Future<int>& done) {
      sum += done.result();
      ++calls;
    });
  }
  executor_->shutdown();
  EXPECT_EQ(calls, 20);
  EXPECT_EQ(sum, 2870);
}

TEST_P(EveryExecutor, ADoneCallbackMaySubmit) {
  // Futures are made by one thread and finished by another: the promise is that nothing is under a lock meanwhile.
  std::atomic<int> left{100};
  std::function<void(const Future<int>&)> again = [&](const Future<int>&) {
    if (--left > 0) executor_->submit(square, 1).add_done_callback(again);
  };
  executor_->submit(square, 1).add_done_callback(again);
  while (left > 0) std::this_thread::yield();
}

TEST_P(EveryExecutor, WhatWasAcceptedRunsBeforeShutdownReturns) {
  std::vector<Future<int>> futures;
  for (int i = 0; i < 50; ++i) futures.push_back(executor_->submit(square, i));
  executor_->shutdown();
  for (int i = 0; i < 50; ++i) {
    EXPECT_TRUE(futures[static_cast<std::size_t>(i)].done());
    EXPECT_EQ(futures[static_cast<std::size_t>(i)].result(), i * i);
  }
}

TEST_P(EveryExecutor, RefusesWorkAfterShutdownHoweverOften) {
  executor_->shutdown();
  executor_->shutdown();
  EXPECT_THROW(executor_->submit(square, 1), BrokenExecutor);
}

TEST_P(EveryExecutor, ShutdownThatCancelsLeavesEveryFutureDone) {
  const auto narrow = make(1);
  std::vector<Future<int>> futures;
  for (int i = 0; i < 30; ++i) futures.push_back(narrow->submit(nap, 1, 2));
  narrow->shutdown({.wait = true, .cancel_pending = true});
  int ran = 0;
  for (const auto& future : futures) {
    ASSERT_TRUE(future.done());
    if (future.cancelled()) {
      EXPECT_THROW(future.result(), CancelledError);
    } else {
      EXPECT_EQ(future.result(), 1);
      ++ran;
    }
  }
  EXPECT_TRUE(!is_inline() || ran == 30);
}

TEST_P(EveryExecutor, DestroyingItFinishesWhatWasAccepted) {
  std::vector<Future<int>> futures;
  {
    const auto short_lived = make(2);
    for (int i = 0; i < 20; ++i) futures.push_back(short_lived->submit(square, i));
  }
  for (const auto& future : futures) EXPECT_TRUE(future.done());
}

TEST_P(EveryExecutor, TakesWorkFromManyThreadsAtOnce) {
  std::atomic<int> sum{0};
  std::vector<std::jthread> submitters;
  for (int t = 0; t < 4; ++t) {
    submitters.emplace_back([&] {
      for (int i = 0; i < 100; ++i) sum += executor_->submit(square, 2).result();
    });
  }
  submitters.clear();
  EXPECT_EQ(sum, 1600);
}

INSTANTIATE_TEST_SUITE_P(Models, EveryExecutor, testing::Values("inline", "threads", "loop", "processes"),
                         [](const auto& param) { return param.param; });

}  // namespace
}  // namespace overlap
