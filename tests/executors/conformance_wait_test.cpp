// Section D of the executors' semantics: wait() and as_completed() on running executors.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <numeric>
#include <thread>
#include <vector>

#include <overlap/core/wait.hpp>

#include "executors/conformance.hpp"
#include "support/sanitizers.hpp"

namespace overlap {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;
using namespace std::chrono_literals;
class InProcessWait : public test::ExecutorTest {};
class BackgroundWait : public test::ExecutorTest {};
class MixedWait : public testing::Test {};

std::vector<Future<int>> submit_numbers(Executor& executor, int count) {
  std::vector<Future<int>> futures;
  for (int i = 0; i < count; ++i) futures.push_back(executor.submit([i] { return i; }));
  return futures;
}

TEST_P(InProcessWait, AllCompletedReturnsWhenAllAreDone) {
  const auto futures = submit_numbers(executor(), 100);
  const auto [done, not_done] = wait(futures);
  EXPECT_EQ(done, futures);
  EXPECT_THAT(not_done, IsEmpty());
}

TEST_P(InProcessWait, EachFutureIsYieldedOnce) {
  auto futures = submit_numbers(executor(), 100);
  for (std::size_t i = 0; i < 50; ++i) futures.push_back(Future<int>(futures[i]));
  std::vector<int> seen;
  for (auto future : as_completed(futures)) seen.push_back(future.result());
  std::sort(seen.begin(), seen.end());
  std::vector<int> expected(100);
  std::iota(expected.begin(), expected.end(), 0);
  EXPECT_EQ(seen, expected);
}

TEST_P(InProcessWait, FinishedOnesComeFirst) {
  const auto futures = submit_numbers(executor(), 3);
  wait(futures);
  std::vector<int> seen;
  for (auto future : as_completed(futures)) seen.push_back(future.result());
  EXPECT_THAT(seen, ElementsAre(0, 1, 2));
}

TEST_P(InProcessWait, MayBeUsedByManyThreadsForTheSameFutures) {
  const auto futures = submit_numbers(executor(), 50);
  std::atomic<int> sum{0};
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        for (auto future : as_completed(futures)) sum += future.result();
        sum += static_cast<int>(wait(futures).done.size());
      });
    }
  }
  EXPECT_EQ(sum, 4 * (49 * 50 / 2 + 50));
}

TEST_P(BackgroundWait, FirstCompletedReturnsAtTheFirst) {
  test::Gate blocked;
  test::Gate gate;
  auto futures = occupy(blocked);
  futures.push_back(executor().submit([] {}));
  futures.push_back(executor().submit([pass = gate.pass()] { pass.wait(); }));
  EXPECT_THAT(wait(futures, ReturnWhen::FirstCompleted, 1ms).done, IsEmpty());
  blocked.open();
  const auto [done, not_done] = wait(futures, ReturnWhen::FirstCompleted);
  EXPECT_GE(done.size(), 1U);
  EXPECT_THAT(not_done, testing::Contains(futures.back()));
}

TEST_P(BackgroundWait, FirstExceptionReturnsAtTheFirstErrorOnly) {
  test::Gate blocked;
  const auto running = occupy(blocked);
  test::Gate gate;
  const auto fine = executor().submit([] {});
  const auto failed = executor().submit([] { throw std::runtime_error("x"); });
  const auto waiting = executor().submit([pass = gate.pass()] { pass.wait(); });
  auto cancelled = executor().submit([] {});
  cancelled.cancel();
  const std::vector futures{cancelled, fine, failed, waiting};
  EXPECT_THAT(wait(futures, ReturnWhen::FirstException, 1ms).done, ElementsAre(cancelled));
  blocked.open();
  const auto [done, not_done] = wait(futures, ReturnWhen::FirstException);
  EXPECT_THAT(done, testing::Contains(failed));
  EXPECT_THAT(not_done, testing::Contains(waiting));
}

TEST_P(BackgroundWait, FirstExceptionWithoutAnyWaitsForAll) {
  const auto futures = submit_numbers(executor(), 20);
  EXPECT_EQ(wait(futures, ReturnWhen::FirstException).done.size(), 20U);
}

TEST_P(BackgroundWait, RunningOutOfTimeIsNoError) {
  test::Gate gate;
  const auto futures = occupy(gate);
  for (const Timeout timeout : {Timeout(0s), Timeout(-1s), Timeout(1ms)}) {
    const auto [done, not_done] = wait(futures, ReturnWhen::AllCompleted, timeout);
    EXPECT_THAT(done, IsEmpty());
    EXPECT_EQ(not_done, futures);
  }
}

TEST_P(BackgroundWait, IsWokenFromAnyThread) {
  test::Gate gate;
  auto futures = occupy(gate);
  std::atomic<std::size_t> done{0};
  std::atomic<int> waiting{0};
  {
    std::vector<std::jthread> threads;
    for (const Timeout timeout : {Timeout(), Timeout(Duration::max()), Timeout(std::chrono::hours::max())}) {
      threads.emplace_back([&, timeout] {
        ++waiting;
        done += wait(futures, ReturnWhen::AllCompleted, timeout).done.size();
      });
      threads.emplace_back([&, timeout] {
        ++waiting;
        for (const auto& future : as_completed(futures, timeout)) done += future.done() ? 1 : 0;
      });
    }
    while (waiting != 6) std::this_thread::yield();
    gate.open();
  }
  EXPECT_EQ(done, 6 * futures.size());
}

TEST_P(BackgroundWait, TimeoutOfAsCompletedIsOneBudgetAndSaysWhatIsLeft) {
  std::vector<Future<int>> futures = submit_numbers(executor(), 2);
  wait(futures);
  test::Gate gate;
  const auto running = occupy(gate);
  for (const auto& future : submit_numbers(executor(), 2)) futures.push_back(future);
  int yielded = 0;
  try {
    for (const auto& future : as_completed(futures, 2ms)) yielded += future.done() ? 1 : 0;
    FAIL() << "nothing was thrown";
  } catch (const TimeoutError& error) {
    EXPECT_STREQ(error.what(), "2 (of 4) futures unfinished");
  }
  EXPECT_EQ(yielded, 2);
}

TEST_P(BackgroundWait, LeavingEarlyIsFine) {
  test::Gate gate;
  const auto first = executor().submit([] {});
  first.result();
  auto futures = occupy(gate);
  futures.insert(futures.begin(), first);
  for (const auto& future : as_completed(futures)) {
    EXPECT_EQ(future, first);
    break;
  }
  gate.open();
  executor().shutdown();
}

TEST_P(BackgroundWait, CostsTheSameHoweverManyFutures) {
  const int many = test::repetitions(20'000);  // anything quadratic takes minutes
  test::Gate gate;
  const auto running = occupy(gate);
  const auto futures = submit_numbers(executor(), many);
  auto range = as_completed(futures);
  gate.open();
  int seen = 0;
  for (auto future : range) seen += future.done() ? 1 : 0;
  EXPECT_EQ(seen, many);
}

TEST_F(MixedWait, FuturesOfDifferentExecutorsAreWaitedForTogether) {
  std::vector<std::unique_ptr<Executor>> executors;
  for (const auto& model : {test::kInline, test::kThreadPool, test::kEventLoop}) executors.push_back(model.make());
  test::Gate gate;
  std::vector<Future<int>> futures{executors[0]->submit([] { return 0; })};
  for (const int i : {1, 2}) {
    futures.push_back(executors[static_cast<std::size_t>(i)]->submit([i, pass = gate.pass()] {
      pass.wait();
      return i;
    }));
  }
  EXPECT_THAT(wait(futures, ReturnWhen::FirstCompleted).done, ElementsAre(futures[0]));
  std::vector<int> seen;
  for (auto future : as_completed(futures)) {
    gate.open();
    seen.push_back(future.result());
  }
  EXPECT_THAT(seen, UnorderedElementsAre(0, 1, 2));
  EXPECT_EQ(seen[0], 0);
}

OVERLAP_CONFORMANCE(InProcessWait, test::kInline, test::kThreadPool, test::kEventLoop);
OVERLAP_CONFORMANCE(BackgroundWait, test::kThreadPool, test::kEventLoop);

}  // namespace
}  // namespace overlap
