// Section E of the executors' semantics: map(). What it submits and when is in tests/core/map_test.cpp.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <ranges>
#include <stdexcept>
#include <string>
#include <vector>

#include "executors/conformance.hpp"

namespace overlap {
namespace {

using testing::ElementsAre;
using namespace std::chrono_literals;
class InProcessMap : public test::ExecutorTest {};
class BackgroundMap : public test::ExecutorTest {};

std::vector<int> collect(auto&& range) {
  std::vector<int> all;
  for (const int x : range) all.push_back(x);
  return all;
}

/// The results, with -1 for each position that throws.
std::vector<int> collect_with_errors(auto&& range) {
  std::vector<int> all;
  for (auto it = range.begin(); it != range.end(); ++it) {
    try {
      all.push_back(*it);
    } catch (const std::runtime_error&) {
      all.push_back(-1);
    }
  }
  return all;
}

int fail_at_three(int x) { return x == 3 ? throw std::runtime_error("three") : x; }

TEST_P(InProcessMap, GivesResultsInInputOrder) {
  const auto input = std::views::iota(0, 500);
  const auto results = collect(executor().map([](int x) { return 2 * x; }, input));
  ASSERT_EQ(results.size(), 500U);
  for (int i = 0; i < 500; ++i) EXPECT_EQ(results[static_cast<std::size_t>(i)], 2 * i);
}

TEST_P(InProcessMap, EmptyInputGivesNothing) {
  EXPECT_THAT(collect(executor().map([](int x) { return x; }, std::vector<int>())), ElementsAre());
}

TEST_P(InProcessMap, ZipsSeveralRangesToTheShortest) {
  const std::vector<int> tens{10, 20, 30};
  EXPECT_THAT(collect(executor().map([](int a, int b, int c) { return a + b + c; }, tens, std::views::iota(1),
                                     std::vector{100, 200, 300, 400})),
              ElementsAre(111, 222, 333));
}

TEST_P(InProcessMap, InfiniteInputIsPulledLazily) {
  std::vector<int> first;
  for (const int x : executor().map({.buffer = 10}, [](int x) { return x; }, std::views::iota(0))) {
    first.push_back(x);
    if (x == 4) break;
  }
  EXPECT_THAT(first, ElementsAre(0, 1, 2, 3, 4));
}

TEST_P(InProcessMap, ErrorIsThrownAtItsPositionAndLaterOnesFollow) {
  for (const std::size_t chunk : {1U, 2U, 10U}) {
    EXPECT_THAT(collect_with_errors(executor().map({.chunk = chunk}, fail_at_three, std::views::iota(1, 6))),
                ElementsAre(1, 2, -1, 4, 5));
  }
}

TEST_P(InProcessMap, InputThatThrowsEndsTheRangeThere) {
  for (const std::size_t chunk : {1U, 2U, 10U}) {
    const auto input = std::views::iota(1, 6) | std::views::transform(fail_at_three);
    EXPECT_THAT(
        collect_with_errors(executor().map({.chunk = chunk}, [](int x) { return x; }, input)), ElementsAre(1, 2, -1));
  }
}

TEST_P(InProcessMap, UnboundedBufferAndChunksGiveTheSame) {
  std::vector<int> expected(100);
  for (int i = 0; i < 100; ++i) expected[static_cast<std::size_t>(i)] = i;
  const auto same = [](int x) { return x; };
  const auto input = std::views::iota(0, 100);
  for (const std::size_t chunk : {0U, 1U, 7U, 1000U}) {
    for (const std::size_t buffer : {std::size_t{0}, std::size_t{1}, std::size_t{3}, MapOptions::unbounded}) {
      EXPECT_EQ(collect(executor().map({.chunk = chunk, .buffer = buffer}, same, input)), expected);
    }
  }
}

TEST_P(InProcessMap, VoidAndMoveOnlyResultsCanBeMapped) {
  std::atomic<int> sum{0};
  int positions = 0;
  for ([[maybe_unused]] const auto& nothing : executor().map([&](int x) { sum += x; }, std::vector{1, 2, 3})) {
    ++positions;
  }
  EXPECT_EQ(sum, 6);
  EXPECT_EQ(positions, 3);
  int owned = 0;
  for (auto&& pointer : executor().map([](int x) { return std::make_unique<int>(x); }, std::vector{1, 2, 3})) {
    owned += *pointer;
  }
  EXPECT_EQ(owned, 6);
}

TEST_P(InProcessMap, AfterShutdownIsAnError) {
  executor().shutdown();
  EXPECT_THROW(collect(executor().map([](int x) { return x; }, std::vector{1})), BrokenExecutor);
}

TEST_P(InProcessMap, ShutdownInTheMiddleIsAnErrorThere) {
  auto results = executor().map({.buffer = 2}, [](int x) { return x; }, std::views::iota(0));
  auto it = results.begin();
  executor().shutdown();
  EXPECT_EQ(*it, 0);
  bool broken = false;
  for (int i = 0; i < 10 && !broken; ++i) {
    ++it;
    try {
      *it;
    } catch (const BrokenExecutor&) {
      broken = true;
    }
  }
  EXPECT_TRUE(broken);
  ++it;
  EXPECT_EQ(it, results.end());
}

TEST_P(InProcessMap, EndlessTimeoutDoesNotOverflow) {
  const auto same = [](int x) { return x; };
  EXPECT_EQ(collect(executor().map({.timeout = Duration::max()}, same, std::vector{1})).size(), 1U);
  EXPECT_EQ(collect(executor().map({.timeout = std::chrono::hours::max()}, same, std::vector{1})).size(), 1U);
}

TEST_P(InProcessMap, RangesMayBeWalkedInStep) {
  auto a = executor().map([](int x) { return x; }, std::views::iota(0, 50));
  auto b = executor().map([](int x) { return 2 * x; }, std::views::iota(0, 50));
  auto in_a = a.begin();
  auto in_b = b.begin();
  for (; in_a != a.end(); ++in_a, ++in_b) EXPECT_EQ(2 * *in_a, *in_b);
}

TEST_P(BackgroundMap, TimeoutCancelsThatTaskAndTheLaterOnes) {
  test::Gate gate;
  std::atomic<int> runs{0};
  const auto wait_at_gate = [&runs, pass = gate.pass()](int x) {
    pass.wait();
    ++runs;
    return x;
  };
  const auto running = occupy(gate);
  auto results = executor().map({.buffer = 20, .timeout = 1ms}, wait_at_gate, std::views::iota(0));
  auto it = results.begin();
  EXPECT_THROW(*it, TimeoutError);
  ++it;
  EXPECT_EQ(it, results.end());
  gate.open();
  executor().shutdown();
  EXPECT_EQ(runs, 0);
}

TEST_P(BackgroundMap, DestroyingTheRangeCancelsWhatHasNotStartedAndNothingElse) {
  for (const bool begun : {false, true}) {
    const auto own = GetParam().make();
    test::Gate gate;
    std::atomic<std::size_t> runs{0};
    const auto wait_at_gate = [&runs, pass = gate.pass()](int x) {
      if (x > 0) pass.wait();
      ++runs;
    };
    {
      auto results = own->map({.buffer = 20}, wait_at_gate, std::views::iota(0));
      gate.wait_for_arrivals(GetParam().workers);
      if (begun) results.begin();
    }
    gate.open();
    own->shutdown();
    EXPECT_EQ(runs, 1 + GetParam().workers);
  }
}

TEST_P(BackgroundMap, RunningTasksOfADestroyedRangeKeepTheirInput) {
  test::Gate gate;
  std::atomic<std::size_t> letters{0};
  {
    auto text = std::string("a first word that is long, and a second, and a third");
    const auto measure = [&letters, pass = gate.pass()](auto word) {
      pass.wait();
      for (const char c : word) letters += c != ' ' ? 1U : 0U;
    };
    const auto results = executor().map({.buffer = 20}, measure, std::move(text) | std::views::split(','));
    gate.wait_for_arrivals(GetParam().workers);
  }
  gate.open();
  executor().shutdown();
  EXPECT_GT(letters, 0U);
}

TEST_P(BackgroundMap, IsWalkedByAnotherExecutorsWorkers) {
  const auto other = test::kThreadPool.make();
  const auto sum = other->submit([this] {
    int total = 0;
    for (const int x : executor().map([](int x) { return x; }, std::views::iota(0, 100))) total += x;
    return total;
  });
  EXPECT_EQ(sum.result(), 4950);
}

OVERLAP_CONFORMANCE(InProcessMap, test::kInline, test::kThreadPool, test::kEventLoop);
OVERLAP_CONFORMANCE(BackgroundMap, test::kThreadPool, test::kEventLoop);

}  // namespace
}  // namespace overlap
