// What map() submits and when, with an executor that runs tasks when the test says so. What it gives, on every
// executor, is in tests/executors/conformance_map_test.cpp.

#include <overlap/core/map.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <ranges>
#include <sstream>
#include <string>
#include <vector>

#include "core/manual_executor.hpp"

namespace overlap {
namespace {

using test::ManualExecutor;
using testing::ElementsAre;
using namespace std::chrono_literals;

int twice(int x) { return 2 * x; }

TEST(Map, GivesAnInputRange) {
  using Range = decltype(std::declval<ManualExecutor&>().map(twice, std::vector<int>()));
  static_assert(std::ranges::input_range<Range>);
  static_assert(std::is_same_v<std::ranges::range_value_t<Range>, int>);
}

TEST(Map, SubmitsAWindowAtOnceAndNoMore) {
  ManualExecutor executor(3);
  int pulled = 0;
  auto input = std::views::iota(0) | std::views::transform([&](int x) { return ++pulled, x; });
  auto results = executor.map(twice, input);
  EXPECT_EQ(executor.submitted(), 3U);
  EXPECT_EQ(pulled, 3);
  executor.run_all();
  auto it = results.begin();
  EXPECT_EQ(*it, 0);
  EXPECT_EQ(executor.submitted(), 4U);  // the place of the first was taken
  executor.run_all();
  ++it;
  EXPECT_EQ(*it, 2);
  EXPECT_EQ(executor.submitted(), 5U);
  executor.run_all();
}

TEST(Map, BufferAndUnboundedBufferAreObeyed) {
  ManualExecutor executor(3);
  const std::vector<int> input(10);
  {
    const auto results = executor.map({.buffer = 5}, twice, input);
  }
  EXPECT_EQ(executor.submitted(), 5U);
  {
    const auto results = executor.map({.buffer = MapOptions::unbounded}, twice, input);
  }
  EXPECT_EQ(executor.submitted(), 15U);
}

TEST(Map, ChunkPutsSeveralInputsIntoOneTask) {
  ManualExecutor executor(2);
  const std::vector<int> input{1, 2, 3, 4, 5, 6, 7};
  auto results = executor.map({.chunk = 3}, twice, input);
  EXPECT_EQ(executor.submitted(), 2U);
  executor.run_all();
  std::vector<int> got;
  auto it = results.begin();
  EXPECT_EQ(executor.submitted(), 3U);
  executor.run_all();
  for (; it != results.end(); ++it) got.push_back(*it);
  EXPECT_THAT(got, ElementsAre(2, 4, 6, 8, 10, 12, 14));
}

TEST(Map, DestroyingTheRangeCancelsWhatHasNotStarted) {
  ManualExecutor executor(4);
  int runs = 0;
  const auto count = [&runs](int) { ++runs; };
  {
    auto untouched = executor.map(count, std::views::iota(0));
  }
  executor.run_all();
  EXPECT_EQ(runs, 0);
  {
    auto begun = executor.map(count, std::views::iota(0));
    executor.run_one();
    begun.begin();
  }
  executor.run_all();
  EXPECT_EQ(runs, 1);
}

TEST(Map, TimeoutCancelsThatTaskAndTheLaterOnes) {
  ManualExecutor executor(4);
  auto results = executor.map({.timeout = 0s}, twice, std::views::iota(0));
  executor.run_one();
  auto it = results.begin();
  EXPECT_EQ(*it, 0);  // it was there
  ++it;
  EXPECT_THROW(*it, TimeoutError);
  ++it;
  EXPECT_EQ(it, results.end());
  const std::size_t submitted = executor.submitted();
  executor.run_all();  // all of them cancelled: nothing runs
  EXPECT_EQ(executor.submitted(), submitted);
}

TEST(Map, NothingFollowsTheTimeoutNotEvenAnErrorOfTheInput) {
  ManualExecutor executor(10);
  const auto input = std::views::iota(0) | std::views::transform([](int x) {
                       if (x == 2) throw std::runtime_error("input");
                       return x;
                     });
  auto results = executor.map({.timeout = 0s}, twice, input);
  auto it = results.begin();
  EXPECT_THROW(*it, TimeoutError);
  ++it;
  EXPECT_EQ(it, results.end());
}

TEST(Map, InputThatThrowsEndsTheRangeAtItsPosition) {
  ManualExecutor executor(10);
  const auto input = std::views::iota(0) | std::views::transform([](int x) {
                       if (x == 2) throw std::runtime_error("input");
                       return x;
                     });
  for (const std::size_t chunk : {1U, 2U, 3U}) {
    auto results = executor.map({.chunk = chunk}, twice, input);
    executor.run_all();
    auto it = results.begin();
    EXPECT_EQ(*it, 0);
    ++it;
    EXPECT_EQ(*it, 2);
    ++it;
    EXPECT_THROW(*it, std::runtime_error);
    ++it;
    EXPECT_EQ(it, results.end());
  }
}

TEST(Map, ShutdownInTheMiddleIsAnErrorAndNotAnEarlyEnd) {
  ManualExecutor executor(2);
  auto results = executor.map(twice, std::views::iota(0));
  executor.run_all();
  executor.shutdown();
  auto it = results.begin();
  EXPECT_EQ(*it, 0);
  ++it;
  EXPECT_EQ(*it, 2);
  ++it;
  EXPECT_THROW(*it, BrokenExecutor);
  ++it;
  EXPECT_EQ(it, results.end());
}

TEST(Map, SinglePassInputIsReadOnce) {
  ManualExecutor executor(10);
  std::istringstream stream("1 2 3");
  auto results = executor.map(twice, std::views::istream<int>(stream));
  executor.run_all();
  std::vector<int> got;
  for (const int x : results) got.push_back(x);
  EXPECT_THAT(got, ElementsAre(2, 4, 6));
}

TEST(Map, InputThatIsMovedInLivesWithTheRange) {
  ManualExecutor executor(10);
  auto results = executor.map([](const std::string& s) { return s + "!"; }, std::vector<std::string>{"a", "b"});
  executor.run_all();
  std::vector<std::string> got;
  for (auto s : results) got.push_back(s);
  EXPECT_THAT(got, ElementsAre("a!", "b!"));
}

TEST(Map, TaskThatRunsWhenTheRangeIsDestroyedKeepsTheInput) {
  // Elements may look into the input, as the words of a split string do.
  struct Input {
    std::vector<int> elements;
    std::shared_ptr<int> token;
    auto begin() const { return elements.begin(); }
    auto end() const { return elements.end(); }
  };
  ManualExecutor executor;
  Input input{{1, 2}, std::make_shared<int>()};
  const std::weak_ptr<int> token = input.token;
  bool alive_while_it_ran = false;
  std::optional<MapRange<void>> results;
  const auto task = [&](int) {
    results.reset();
    alive_while_it_ran = !token.expired();
  };
  results.emplace(executor.map(task, std::move(input)));
  EXPECT_FALSE(token.expired());
  executor.run_all();
  EXPECT_TRUE(alive_while_it_ran);
  EXPECT_TRUE(token.expired());  // and no longer than that
}

TEST(Map, MoveOnlyInputsAndResultsPass) {
  ManualExecutor executor(10);
  std::vector<std::unique_ptr<int>> owners;
  owners.push_back(std::make_unique<int>(3));
  auto moved = std::ranges::subrange(std::move_iterator(owners.begin()), std::move_iterator(owners.end()));
  auto results = executor.map([](std::unique_ptr<int> p) { return std::make_unique<int>(*p + 1); }, moved);
  executor.run_all();
  auto it = results.begin();
  const std::unique_ptr<int> result = *it;
  EXPECT_EQ(*result, 4);
}

TEST(Map, PositionMayBeReadAgain) {
  ManualExecutor executor(10);
  auto results = executor.map([](int x) { return x == 0 ? throw std::runtime_error("x") : x; }, std::vector{0, 1});
  executor.run_all();
  auto it = results.begin();
  EXPECT_THROW(*it, std::runtime_error);
  EXPECT_THROW(*it, std::runtime_error);
  EXPECT_THROW(*results.begin(), std::runtime_error);
  ++it;
  EXPECT_EQ(*it, 1);
  EXPECT_EQ(*it, 1);
}

TEST(Map, WaitThatIsRefusedLeavesItsPositionAsItWas) {
  ManualExecutor executor(2);
  auto results = executor.map(twice, std::vector{1, 2});
  {
    const detail::CurrentHome home(&executor, detail::CurrentHome::Kind::loop);
    EXPECT_THROW(results.begin(), WouldDeadlock);
  }
  executor.run_all();
  EXPECT_EQ(*results.begin(), 2);
}

}  // namespace
}  // namespace overlap
