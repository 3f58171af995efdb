#include <overlap/executors/inline_executor.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <ranges>
#include <thread>
#include <vector>

#include <overlap/async/sleep.hpp>
#include <overlap/async/task.hpp>

namespace overlap {
namespace {

using testing::ElementsAre;
using namespace std::chrono_literals;

Task<std::thread::id> where() {
  co_await sleep_for(1ms);
  co_return std::this_thread::get_id();
}

TEST(InlineExecutor, TaskIsDoneWhenSubmitReturns) {
  InlineExecutor executor;
  auto future = executor.submit([] { return std::this_thread::get_id(); });
  EXPECT_TRUE(future.done());
  EXPECT_FALSE(future.running());
  EXPECT_FALSE(future.cancel());
  EXPECT_EQ(future.result(0s), std::this_thread::get_id());
}

TEST(InlineExecutor, CoroutineIsDrivenToItsEndByTheSubmittingThread) {
  InlineExecutor executor;
  EXPECT_EQ(executor.submit(where).result(0s), std::this_thread::get_id());
}

TEST(InlineExecutor, TaskMaySubmitAndRunsTheInnerOneFirst) {
  InlineExecutor executor;
  std::vector<int> order;
  executor.submit([&] {
    order.push_back(1);
    executor.submit([&] { order.push_back(2); });
    order.push_back(3);
  });
  EXPECT_THAT(order, ElementsAre(1, 2, 3));
}

TEST(InlineExecutor, TaskMayShutItDownAndIsFinished) {
  InlineExecutor executor;
  const auto future = executor.submit([&] {
    executor.shutdown({.wait = false});
    EXPECT_THROW(executor.submit([] {}), BrokenExecutor);
    return 1;
  });
  EXPECT_EQ(future.result(), 1);
}

TEST(InlineExecutor, EachThreadRunsItsOwnCalls) {
  InlineExecutor executor;
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      EXPECT_EQ(executor.submit([] { return std::this_thread::get_id(); }).result(), std::this_thread::get_id());
      EXPECT_EQ(executor.submit(where).result(), std::this_thread::get_id());
    });
  }
}

TEST(InlineExecutor, MapRunsOneAheadOfTheConsumer) {
  InlineExecutor executor;
  int runs = 0;
  auto results = executor.map([&](int x) { return ++runs, x; }, std::views::iota(0));
  EXPECT_EQ(runs, 1);
  auto it = results.begin();
  EXPECT_EQ(*it, 0);
  EXPECT_EQ(runs, 2);
}

TEST(InlineExecutor, HasOneWorker) { EXPECT_EQ(InlineExecutor().concurrency(), 1U); }

TEST(InlineExecutor, MayBeDestroyedByItsOwnTask) {
  auto executor = std::make_unique<InlineExecutor>();
  const auto future = executor->submit([&] { return executor.reset(), 1; });
  EXPECT_EQ(future.result(), 1);
}

}  // namespace
}  // namespace overlap
