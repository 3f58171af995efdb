// A call is encoded, decoded and run, and its outcome brought back, all in one process: what worker processes do with
// pipes in between.

#include <overlap/core/detail/shipping.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include <overlap/core/executor.hpp>

namespace overlap::detail {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// Runs every task through its ship table.
class ShippingExecutor final : public Executor {
 public:
  std::size_t concurrency() const noexcept override { return 1; }

 private:
  void enqueue(TaskPtr task) override {
    const ShipTable* const table = task->ship_table();
    if (table == nullptr) throw NotShippable(task->why_not_shippable());
    EXPECT_TRUE(is_registered_thunk(reinterpret_cast<const void*>(table->thunk)));
    Encoder call;
    table->encode_call(*task, call);
    ASSERT_TRUE(task->try_start());
    Decoder in(call.bytes());
    Encoder outcome;
    table->thunk(in, outcome);
    EXPECT_EQ(in.left(), 0U);
    Decoder back(outcome.bytes());
    table->decode_outcome(*task, back);
    EXPECT_EQ(back.left(), 0U);
  }
  void do_shutdown(ShutdownOptions) override {}
};

int add(int a, int b) { return a + b; }
std::string repeat(const std::string& text, std::size_t times) {
  std::string all;
  while (times-- > 0) all += text;
  return all;
}
int apply_to(int (*function)(int, int), int x) { return function(x, x); }

TEST(Shipping, FunctionsArgumentsAndResultsCross) {
  ShippingExecutor executor;
  EXPECT_EQ(executor.submit(&add, 2, 3).result(), 5);
  EXPECT_EQ(executor.submit(&repeat, std::string("ab"), 3U).result(), "ababab");
  EXPECT_EQ(executor.submit(&apply_to, &add, 4).result(), 8);
}

TEST(Shipping, CapturelessLambdasAndFunctionObjectsCross) {
  ShippingExecutor executor;
  EXPECT_EQ(executor.submit([](const std::vector<int>& v) { return v.size(); }, std::vector<int>(7)).result(), 7U);
  EXPECT_EQ(executor.submit(std::plus<int>(), 1, 2).result(), 3);
  executor.submit([] {}).result();
}

TEST(Shipping, ErrorsCross) {
  ShippingExecutor executor;
  const auto future = executor.submit([]() -> int { throw std::out_of_range("far"); });
  EXPECT_THROW(future.result(), std::out_of_range);
}

TEST(Shipping, TaskThatTakesAStopTokenGetsOne) {
  ShippingExecutor executor;
  EXPECT_EQ(executor.submit([](std::stop_token token, int x) { return token.stop_requested() ? -1 : x; }, 5).result(),
            5);
}

TEST(Shipping, ChunkOfAMapCrossesWithAnOutcomeAnElement) {
  ShippingExecutor executor;
  auto results = executor.map(
      {.chunk = 3}, [](int x) { return x == 2 ? throw std::runtime_error("two") : 10 * x; }, std::vector{1, 2, 3, 4});
  std::vector<int> got;
  auto it = results.begin();
  for (; it != results.end(); ++it) {
    try {
      got.push_back(*it);
    } catch (const std::runtime_error&) {
      got.push_back(-1);
    }
  }
  EXPECT_THAT(got, ElementsAre(10, -1, 30, 40));
}

std::string reason(auto submit) {
  try {
    submit();
  } catch (const NotShippable& error) {
    return error.what();
  }
  return "was accepted";
}

TEST(Shipping, WhatCannotCrossIsRefusedWithTheReason) {
  ShippingExecutor executor;
  int capture = 1;
  int target = 0;
  EXPECT_THAT(reason([&] { executor.submit([capture] { return capture; }); }), HasSubstr("callable has state"));
  EXPECT_THAT(reason([&] { executor.submit([](int*) {}, &target); }), HasSubstr("argument"));
  EXPECT_THAT(reason([&] { executor.submit([](std::string_view) {}, std::string_view("x")); }), HasSubstr("argument"));
  EXPECT_THAT(reason([&] { executor.submit([]() -> int* { return nullptr; }); }), HasSubstr("result"));
}

TEST(Shipping, ThunksAreRegisteredBeforeMain) {
  const auto table = Shipping<int (*)(int, int), int, int>::table();
  ASSERT_NE(table, nullptr);
  EXPECT_TRUE(is_registered_thunk(reinterpret_cast<const void*>(table->thunk)));
  EXPECT_FALSE(is_registered_thunk(reinterpret_cast<const void*>(&add)));
}

}  // namespace
}  // namespace overlap::detail
