// Task groups within others, and within a timeout.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <overlap/async/task_group.hpp>
#include <overlap/async/with_timeout.hpp>

#include "async/cancelling.hpp"
#include "async/group_tasks.hpp"

namespace overlap {
namespace {

using std::chrono::milliseconds;
using test::end_slowly;
using test::errors_of;
using test::fail;
using test::give;
using test::go_round;
using test::make_flag;
using test::note_cancel;
using test::sleep_on;
using testing::ElementsAre;

TEST(TaskGroup, ATimeoutAroundItIsATimeout) {
  const auto body = [](TaskGroup& group) -> Task<void> {
    group.spawn(sleep_on());
    co_await sleep_on();
  };
  EXPECT_THROW(run(with_timeout(milliseconds(2), TaskGroup::run(body))), TimeoutError);
}

TEST(TaskGroup, TheCancelOfAnInnerGroupStaysInside) {
  const auto inner = [](TaskGroup& group) -> Task<void> {
    group.spawn(fail("inner"));
    co_await sleep_on();
  };
  const auto outer = [&inner](TaskGroup& group) -> Task<int> {
    auto sibling = group.spawn(give(6));
    bool failed = false;
    try {
      co_await TaskGroup::run(inner);
    } catch (const TaskGroupError&) {
      failed = true;
    }
    co_await go_round();  // this task was not cancelled, so it may go on awaiting
    const int value = co_await sibling;
    co_return failed ? value : 0;
  };
  EXPECT_EQ(run(TaskGroup::run(outer)), 6);
}

TEST(TaskGroup, AnInnerGroupThatFailsIsOneErrorOfTheOuter) {
  const auto inner = [](TaskGroup& group) -> Task<void> {
    group.spawn(fail("inner"));
    co_await sleep_on();
  };
  auto sibling = make_flag();
  const auto outer = [&](TaskGroup& group) -> Task<void> {
    group.spawn(note_cancel(sibling));
    group.spawn(TaskGroup::run(inner));
    co_await sleep_on();
  };
  EXPECT_THAT(errors_of(TaskGroup::run(outer)), ElementsAre("1 task failed: inner"));
  EXPECT_TRUE(*sibling);
}

TEST(TaskGroup, AFailureOfTheOuterGroupCancelsTheInnerOneAsAWhole) {
  auto inner_child = make_flag();
  const auto inner = [&](TaskGroup& group) -> Task<void> {
    group.spawn(end_slowly(inner_child));
    co_await sleep_on();
  };
  Future<void> inner_future;
  const auto outer = [&](TaskGroup& group) -> Task<void> {
    inner_future = group.spawn(TaskGroup::run(inner));
    co_await fail("outer");
  };
  EXPECT_THAT(errors_of(TaskGroup::run(outer)), ElementsAre("outer"));
  EXPECT_TRUE(*inner_child);
  EXPECT_TRUE(inner_future.cancelled());
}

}  // namespace
}  // namespace overlap
