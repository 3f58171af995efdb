// What a Future does by itself, with an executor that runs tasks when the test says so. What holds for every executor
// is in tests/executors/conformance_*_test.cpp.

#include <overlap/core/future.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <type_traits>
#include <vector>

#include "core/manual_executor.hpp"
#include "support/hook_recorder.hpp"

namespace overlap {
namespace {

using test::ManualExecutor;
using testing::ElementsAre;
using namespace std::chrono_literals;

TEST(Future, HandleToNothingSaysSo) {
  Future<int> future;
  EXPECT_FALSE(future.valid());
  EXPECT_THROW(future.done(), std::logic_error);
  EXPECT_THROW(future.result(), std::logic_error);
  EXPECT_THROW(future.cancel(), std::logic_error);
  EXPECT_THROW(future.add_done_callback([](const auto&) {}), std::logic_error);
  EXPECT_EQ(future, Future<int>());
}

TEST(Future, CopiesAreTheSameFuture) {
  ManualExecutor executor;
  const Future<int> future = executor.submit([] { return 1; });
  const Future<int> copy = future;
  EXPECT_EQ(copy, future);
  EXPECT_NE(copy, executor.submit([] { return 1; }));
  executor.run_all();
  EXPECT_EQ(&copy.result(), &future.result());
}

TEST(Future, ResultOfALvalueIsAReferenceAndOfARvalueAValue) {
  static_assert(std::is_same_v<decltype(std::declval<const Future<int>&>().result()), const int&>);
  static_assert(std::is_same_v<decltype(std::declval<Future<int>&>().result()), const int&>);
  static_assert(std::is_same_v<decltype(std::declval<Future<int>>().result()), int>);
  static_assert(std::is_same_v<decltype(std::declval<Future<int>&>().result(1s)), const int&>);
  static_assert(std::is_same_v<decltype(std::declval<Future<int>&>().result(1ns)), const int&>);
  static_assert(std::is_same_v<decltype(std::declval<Future<int>>().result(1ns)), int>);
  static_assert(std::is_same_v<decltype(std::declval<Future<int>>().result(1h)), int>);
  static_assert(std::is_same_v<decltype(std::declval<Future<void>&>().result()), void>);
  static_assert(std::is_same_v<decltype(std::declval<Future<void>>().result(1s)), void>);
}

TEST(Future, GoesThroughItsStates) {
  ManualExecutor executor;
  std::vector<bool> inside;
  Future<void> future;
  future = executor.submit([&] { inside = {future.running(), future.done(), future.cancelled(), future.cancel()}; });
  EXPECT_FALSE(future.running() || future.done() || future.cancelled());
  executor.run_all();
  EXPECT_THAT(inside, ElementsAre(true, false, false, false));
  EXPECT_TRUE(future.done());
  EXPECT_FALSE(future.running() || future.cancelled());
}

TEST(Future, CancelOfAPendingTaskDestroysItsCallAtOnce) {
  ManualExecutor executor;
  const auto counted = std::make_shared<int>(0);
  const Future<void> future = executor.submit([counted] { ADD_FAILURE() << "ran"; });
  EXPECT_EQ(counted.use_count(), 2);
  EXPECT_TRUE(Future<void>(future).cancel());
  EXPECT_EQ(counted.use_count(), 1);
  executor.run_all();
}

TEST(Future, MovingTheResultOutLeavesAMovedFromValue) {
  ManualExecutor executor;
  Future<std::unique_ptr<int>> future = executor.submit([] { return std::make_unique<int>(4); });
  const auto copy = future;
  executor.run_all();
  EXPECT_EQ(*std::move(future).result(), 4);
  EXPECT_EQ(copy.result(), nullptr);
}

TEST(Future, TimeoutOfAnyUnitPolls) {
  ManualExecutor executor;
  const auto future = executor.submit([] { return 1; });
  EXPECT_THROW(future.result(0ns), TimeoutError);
  EXPECT_THROW(future.result(0s), TimeoutError);
  EXPECT_THROW(future.result(-5h), TimeoutError);
  EXPECT_THROW(future.result(std::chrono::hours::min()), TimeoutError);
  EXPECT_THROW(future.result(std::chrono::duration<double>(-1)), TimeoutError);
  EXPECT_THROW(future.exception(0s), TimeoutError);
  EXPECT_THROW(Future<int>(future).result(0s), TimeoutError);
  EXPECT_FALSE(future.done());
  executor.run_all();
  EXPECT_EQ(future.result(0ns), 1);
  EXPECT_EQ(future.result(-5h), 1);
  EXPECT_EQ(future.result(Duration::max()), 1);
  EXPECT_EQ(future.result(std::chrono::hours::max()), 1);
}

TEST(Future, CallbackThatHoldsItsOwnFutureLeaksNothing) {
  const auto counted = std::make_shared<int>(0);
  {
    ManualExecutor executor;
    const auto future = executor.submit([] {});
    future.add_done_callback([future, counted](const Future<void>&) {});
    executor.run_all();
  }
  EXPECT_EQ(counted.use_count(), 1);
}

TEST(Future, CallbackIsDestroyedWhenItHasRun) {
  ManualExecutor executor;
  const auto counted = std::make_shared<int>(0);
  const auto future = executor.submit([] {});
  future.add_done_callback([counted](const Future<void>&) {});
  EXPECT_EQ(counted.use_count(), 2);
  executor.run_all();
  EXPECT_EQ(counted.use_count(), 1);
  future.add_done_callback([counted](const Future<void>&) {});
  EXPECT_EQ(counted.use_count(), 1);
}

TEST(Future, MoveOnlyCallbackIsTaken) {
  ManualExecutor executor;
  const auto future = executor.submit([] { return 2; });
  int seen = 0;
  future.add_done_callback(
      [&seen, owned = std::make_unique<int>(40)](const Future<int>& done) { seen = done.result() + *owned; });
  executor.run_all();
  EXPECT_EQ(seen, 42);
}

TEST(Future, CallbacksNestedDeeplyAreAllCalledInOrder) {
  const test::HookRecorder recorder;
  ManualExecutor executor;
  std::vector<int> order;
  const auto future = executor.submit([] {});
  executor.run_all();
  std::function<void(int)> nest = [&](int depth) {
    if (depth == 100) return;
    future.add_done_callback([&, depth](const auto&) {
      order.push_back(depth);
      nest(depth + 1);
      if (depth % 10 == 0) throw std::runtime_error(std::to_string(depth));
    });
  };
  nest(0);
  ASSERT_EQ(order.size(), 100U);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
  EXPECT_EQ(recorder.reports().size(), 10U);
}

TEST(Future, HundredThousandCallbacksEachFromTheOneBeforeNeedNoStack) {
  constexpr int kDepth = 100'000;
  ManualExecutor executor;
  const auto future = executor.submit([] {});
  executor.run_all();
  struct Next {
    const Future<void>* future;
    int* calls;
    void operator()(const Future<void>&) const {
      if (++*calls < kDepth) future->add_done_callback(*this);
    }
  };
  int calls = 0;
  future.add_done_callback(Next{&future, &calls});
  EXPECT_EQ(calls, kDepth);
}

TEST(Future, StopTokenIsGivenToWhoeverTakesOneFirst) {
  ManualExecutor executor;
  const auto with = executor.submit([](std::stop_token token, int x) { return token.stop_possible() ? x : -1; }, 3);
  const auto without = executor.submit([](int x) { return x; }, 4);
  executor.run_all();
  EXPECT_EQ(with.result(), 3);
  EXPECT_EQ(without.result(), 4);
}

TEST(Future, GenericCallableGetsTheArgumentsAndNothingElse) {
  ManualExecutor executor;
  const auto sum = executor.submit([](auto... x) { return (x + ...); }, 1, 2, 3);
  const auto count = executor.submit([](auto&&... x) { return sizeof...(x); }, 1, 2);
  executor.run_all();
  EXPECT_EQ(sum.result(), 6);
  EXPECT_EQ(count.result(), 2U);
}

TEST(Future, ArgumentsAreMovedIntoTheCall) {
  ManualExecutor executor;
  const auto future = executor.submit([](std::unique_ptr<int> p, std::string s) { return s + std::to_string(*p); },
                                      std::make_unique<int>(1), "a");
  int by_reference = 0;
  const auto other = executor.submit([](int& x) { x = 5; }, std::ref(by_reference));
  executor.run_all();
  EXPECT_EQ(future.result(), "a1");
  EXPECT_EQ(by_reference, 5);
}

TEST(Future, MemberFunctionCanBeSubmitted) {
  struct Point {
    int x = 3;
    int times(int n) const { return x * n; }
  };
  ManualExecutor executor;
  const auto product = executor.submit(&Point::times, Point{}, 5);
  executor.run_all();
  EXPECT_EQ(product.result(), 15);
}

TEST(Future, ResultWhoseMoveThrowsFailsTheTask) {
  struct Touchy {
    Touchy() = default;
    Touchy(Touchy&&) { throw std::runtime_error("no"); }
  };
  ManualExecutor executor;
  const auto future = executor.submit([] { return Touchy(); });
  executor.run_all();
  EXPECT_THROW(future.result(), std::runtime_error);
}

TEST(Future, ArgumentWhoseMoveThrowsFailsTheSubmit) {
  struct Touchy {
    Touchy() = default;
    Touchy(const Touchy&) { throw std::runtime_error("no"); }
    void operator()() const {}
  };
  ManualExecutor executor;
  const Touchy touchy;
  EXPECT_THROW(executor.submit(touchy), std::runtime_error);
  EXPECT_EQ(executor.submitted(), 0U);
}

}  // namespace
}  // namespace overlap
