// wait() and as_completed() where the test decides what finishes when. Waiting for real is in the conformance suite.

#include <overlap/core/wait.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <list>
#include <ranges>
#include <vector>

#include "core/manual_executor.hpp"

namespace overlap {
namespace {

using detail::CurrentHome;
using test::ManualExecutor;
using testing::ElementsAre;
using testing::IsEmpty;
using namespace std::chrono_literals;

std::vector<Future<int>> submit_numbers(Executor& executor, int count) {
  std::vector<Future<int>> futures;
  for (int i = 0; i < count; ++i) futures.push_back(executor.submit([i] { return i; }));
  return futures;
}

TEST(Wait, NothingToWaitForReturnsAtOnce) {
  const std::vector<Future<int>> none;
  for (const ReturnWhen when : {ReturnWhen::AllCompleted, ReturnWhen::FirstCompleted, ReturnWhen::FirstException}) {
    const auto result = wait(none, when);
    EXPECT_THAT(result.done, IsEmpty());
    EXPECT_THAT(result.not_done, IsEmpty());
  }
  EXPECT_EQ(std::ranges::distance(as_completed(none)), 0);
}

TEST(Wait, SplitsInInputOrder) {
  ManualExecutor executor;
  const auto futures = submit_numbers(executor, 4);
  Future<int>(futures[0]).cancel();
  Future<int>(futures[2]).cancel();
  const auto result = wait(futures, ReturnWhen::AllCompleted, 0s);
  EXPECT_THAT(result.done, ElementsAre(futures[0], futures[2]));
  EXPECT_THAT(result.not_done, ElementsAre(futures[1], futures[3]));
}

TEST(Wait, DuplicatesCountOnce) {
  ManualExecutor executor;
  auto futures = submit_numbers(executor, 2);
  futures.push_back(futures[0]);
  futures.push_back(futures[1]);
  executor.run_one();
  const auto some = wait(futures, ReturnWhen::FirstCompleted);
  EXPECT_THAT(some.done, ElementsAre(futures[0]));
  EXPECT_THAT(some.not_done, ElementsAre(futures[1]));
  executor.run_one();
  EXPECT_THAT(wait(futures).done, ElementsAre(futures[0], futures[1]));
  EXPECT_EQ(std::ranges::distance(as_completed(futures)), 2);
}

TEST(Wait, FirstExceptionPassesOverCancelledFutures) {
  ManualExecutor executor;
  auto cancelled = executor.submit([]() -> int { return 0; });
  const auto failed = executor.submit([]() -> int { throw std::runtime_error("x"); });
  const auto pending = executor.submit([] { return 0; });
  cancelled.cancel();
  const std::vector futures{cancelled, failed, pending};
  EXPECT_EQ(wait(futures, ReturnWhen::FirstException, 0s).done.size(), 1U);
  while (!failed.done()) executor.run_one();
  EXPECT_EQ(wait(futures, ReturnWhen::FirstException).done.size(), 2U);  // true already: no waiting
}

TEST(Wait, AnyRangeOfFuturesWillDo) {
  ManualExecutor executor;
  std::list<Future<int>> list;
  for (const auto& future : submit_numbers(executor, 3)) list.push_back(future);
  executor.run_all();
  EXPECT_EQ(wait(list).done.size(), 3U);
  EXPECT_EQ(wait(list | std::views::take(2)).done.size(), 2U);
  EXPECT_EQ(wait(std::vector<Future<int>>(list.begin(), list.end())).done.size(), 3U);
  EXPECT_EQ(std::ranges::distance(as_completed(list | std::views::drop(1))), 2);
}

TEST(Wait, HandleToNothingIsRefused) {
  const std::vector<Future<int>> futures(1);
  EXPECT_THROW(wait(futures), std::logic_error);
  EXPECT_THROW(as_completed(futures), std::logic_error);
}

TEST(Wait, EndlessTimeoutDoesNotOverflow) {
  ManualExecutor executor;
  const auto futures = submit_numbers(executor, 1);
  executor.run_all();
  EXPECT_EQ(wait(futures, ReturnWhen::AllCompleted, Duration::max()).done.size(), 1U);
  EXPECT_EQ(wait(futures, ReturnWhen::AllCompleted, std::chrono::hours::max()).done.size(), 1U);
  EXPECT_EQ(wait(futures, ReturnWhen::AllCompleted, std::nullopt).done.size(), 1U);
  EXPECT_EQ(std::ranges::distance(as_completed(futures, Duration::max())), 1);
  EXPECT_EQ(std::ranges::distance(as_completed(futures, std::chrono::hours::max())), 1);
  EXPECT_EQ(std::ranges::distance(as_completed(futures, std::nullopt)), 1);
}

TEST(Wait, ShortestTimeoutOnlyLooks) {
  ManualExecutor executor;
  const auto futures = submit_numbers(executor, 1);
  EXPECT_EQ(wait(futures, ReturnWhen::AllCompleted, std::chrono::hours::min()).not_done.size(), 1U);
  EXPECT_THROW(as_completed(futures, std::chrono::hours::min()).begin(), TimeoutError);
}

TEST(AsCompleted, IsAnInputRange) {
  using Range = decltype(as_completed(std::vector<Future<int>>()));
  static_assert(std::ranges::input_range<Range>);
  static_assert(std::is_same_v<std::ranges::range_value_t<Range>, Future<int>>);
}

TEST(AsCompleted, FinishedOnesComeFirstThenTheOrderOfFinishing) {
  ManualExecutor executor;
  auto futures = submit_numbers(executor, 4);
  executor.run_one();  // 0
  futures[2].cancel();
  std::swap(futures[0], futures[3]);
  auto range = as_completed(futures);
  auto it = range.begin();
  EXPECT_TRUE((*it).cancelled());
  ++it;
  EXPECT_EQ((*it).result(), 0);
  executor.run_one();  // 1
  executor.run_one();  // 2 was cancelled
  executor.run_one();  // 3
  ++it;
  EXPECT_EQ((*it).result(), 1);
  ++it;
  EXPECT_EQ((*it).result(), 3);
  ++it;
  EXPECT_EQ(it, range.end());
}

TEST(AsCompleted, TimeoutSaysHowManyAreUnfinished) {
  ManualExecutor executor;
  auto futures = submit_numbers(executor, 4);
  futures.push_back(futures[0]);
  executor.run_one();
  executor.run_one();
  auto range = as_completed(futures, 0s);
  auto it = range.begin();
  ++it;
  try {
    ++it;
    FAIL() << "nothing was left";
  } catch (const TimeoutError& error) {
    EXPECT_STREQ(error.what(), "2 (of 4) futures unfinished");
  }
  EXPECT_EQ(it, range.end());
}

TEST(AsCompleted, FutureThatWasYieldedIsNotKept) {
  ManualExecutor executor;
  const auto counted = std::make_shared<int>(0);
  std::vector futures{executor.submit([counted] { return counted; }),
                      executor.submit([] { return std::shared_ptr<int>(); })};
  auto range = as_completed(futures);
  futures.clear();
  executor.run_all();
  auto it = range.begin();
  {
    const auto taken = *it;
  }
  EXPECT_EQ(counted.use_count(), 1);
  ++it;
  EXPECT_EQ(counted.use_count(), 1);
}

TEST(AsCompleted, LeavingEarlyUnregisters) {
  ManualExecutor executor;
  const auto futures = submit_numbers(executor, 3);
  executor.run_one();
  {
    auto range = as_completed(futures);
    EXPECT_EQ((*range.begin()).result(), 0);
  }
  executor.run_all();  // notifies nobody
}

TEST(AsCompleted, WorkerRunsWhatItWaitsForIfNobodyHas) {
  ManualExecutor executor;
  const auto futures = submit_numbers(executor, 3);
  const CurrentHome home(&executor, CurrentHome::Kind::pool);
  std::vector<int> order;
  for (auto future : as_completed(futures)) order.push_back(future.result());
  EXPECT_THAT(order, ElementsAre(0, 1, 2));
}

TEST(Wait, WorkerRunsNoMoreThanItNeeds) {
  ManualExecutor executor;
  const auto futures = submit_numbers(executor, 3);
  const CurrentHome home(&executor, CurrentHome::Kind::pool);
  EXPECT_EQ(wait(futures, ReturnWhen::FirstCompleted).done.size(), 1U);
  EXPECT_FALSE(futures[1].done());
}

TEST(Wait, WorkerWhoseTimeHasRunOutRunsNothingMore) {
  ManualExecutor executor;
  const auto futures = submit_numbers(executor, 3);
  const CurrentHome home(&executor, CurrentHome::Kind::pool);
  EXPECT_EQ(wait(futures, ReturnWhen::AllCompleted, 0s).not_done.size(), 3U);
  EXPECT_THROW(as_completed(futures, 0s).begin(), TimeoutError);
  EXPECT_FALSE(futures[0].done());
}

TEST(Wait, LoopThatWaitsForItsOwnTasksIsToldSoButMayLook) {
  ManualExecutor executor;
  const auto futures = submit_numbers(executor, 2);
  const CurrentHome home(&executor, CurrentHome::Kind::loop);
  EXPECT_THROW(wait(futures), WouldDeadlock);
  EXPECT_THROW(as_completed(futures).begin(), WouldDeadlock);
  EXPECT_EQ(wait(futures, ReturnWhen::AllCompleted, 0s).not_done.size(), 2U);
}

TEST(AsCompleted, CompletionCostsTheSameHoweverManyFutures) {
  ManualExecutor executor;
  constexpr int kMany = 50'000;  // anything quadratic takes minutes
  const auto futures = submit_numbers(executor, kMany);
  auto range = as_completed(futures);
  executor.run_all();
  int expected = 0;
  for (auto future : range) ASSERT_EQ(future.result(), expected++);
  EXPECT_EQ(expected, kMany);
}

}  // namespace
}  // namespace overlap
