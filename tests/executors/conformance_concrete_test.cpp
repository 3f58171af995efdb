// The outlines of the executors' semantics through the concrete types, each made with its default constructor: what
// a program writes that has chosen its model. The details are tested through Executor&.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

#include <overlap/core/wait.hpp>
#include <overlap/executors/event_loop_executor.hpp>
#include <overlap/executors/inline_executor.hpp>
#include <overlap/executors/process_pool_executor.hpp>
#include <overlap/executors/thread_pool_executor.hpp>

#include "executors/conformance.hpp"

namespace overlap {

std::unique_ptr<Executor> test::make_inline() { return std::make_unique<InlineExecutor>(); }
std::unique_ptr<Executor> test::make_thread_pool() {
  return std::make_unique<ThreadPoolExecutor>(ThreadPoolExecutor::Options{.max_workers = 2});
}
std::unique_ptr<Executor> test::make_event_loop() { return std::make_unique<EventLoopExecutor>(); }

namespace {

using testing::ElementsAre;
using namespace std::chrono_literals;

// All of these could cross to another process.
int square(int x) { return x * x; }
int fail_at_two(int x) {
  if (x == 2) throw std::out_of_range("two");
  return x;
}
Task<int> square_later(int x) { co_return x* x; }

template <class E>
class ConcreteExecutor : public testing::Test {
 protected:
  E executor;
};

using Types = testing::Types<InlineExecutor, ThreadPoolExecutor, EventLoopExecutor, ProcessPoolExecutor>;
TYPED_TEST_SUITE(ConcreteExecutor, Types);

TYPED_TEST(ConcreteExecutor, RunsCallsOfEveryKind) {
  EXPECT_EQ(this->executor.submit(square, 3).result(), 9);
  EXPECT_EQ(this->executor.submit([](const std::string& s) { return s + "!"; }, std::string("a")).result(), "a!");
  this->executor.submit([] {}).result();
  EXPECT_THROW(this->executor.submit(fail_at_two, 2).result(), std::out_of_range);
  EXPECT_EQ(this->executor.submit(square_later, 4).result(), 16);
}

TYPED_TEST(ConcreteExecutor, CallsBackAndIsWaitedFor) {
  std::vector<Future<int>> futures;
  for (int x = 1; x <= 4; ++x) futures.push_back(this->executor.submit(fail_at_two, x));
  EXPECT_EQ(wait(futures).done.size(), 4U);
  int failed = 0;
  for (auto future : as_completed(futures, 1h)) failed += future.exception() != nullptr ? 1 : 0;
  EXPECT_EQ(failed, 1);
  int seen = 0;
  futures[0].add_done_callback([&seen](const Future<int>& future) { seen = future.result(); });
  EXPECT_EQ(seen, 1);
  EXPECT_FALSE(futures[0].cancel());
}

TYPED_TEST(ConcreteExecutor, MapsInOrder) {
  const std::array input{1, 2, 3, 4};
  std::vector<int> squares;
  for (const int x : this->executor.map(square, input)) squares.push_back(x);
  EXPECT_THAT(squares, ElementsAre(1, 4, 9, 16));
  std::vector<int> zipped;
  for (const int x : this->executor.map(
           {.chunk = 2, .timeout = 1h}, [](int a, int b) { return 10 * a + b; }, input, std::vector{5, 6, 7})) {
    zipped.push_back(x);
  }
  EXPECT_THAT(zipped, ElementsAre(15, 26, 37));
  std::vector<int> later;
  for (const int x : this->executor.map(square_later, input)) later.push_back(x);
  EXPECT_THAT(later, ElementsAre(1, 4, 9, 16));
}

TYPED_TEST(ConcreteExecutor, RefusesWorkAfterShutdown) {
  auto future = this->executor.submit(square, 3);
  this->executor.shutdown();
  this->executor.shutdown({.wait = false, .cancel_pending = true});
  EXPECT_EQ(future.result(0s), 9);
  EXPECT_THROW(this->executor.submit(square, 3), BrokenExecutor);
  EXPECT_THROW(this->executor.submit(square_later, 3), BrokenExecutor);
}

TYPED_TEST(ConcreteExecutor, IsAnExecutor) {
  Executor& base = this->executor;
  EXPECT_EQ(base.submit(square, 3).result(), 9);
  EXPECT_GE(base.concurrency(), 1U);
}

}  // namespace
}  // namespace overlap
