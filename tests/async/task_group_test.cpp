#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <overlap/async/sleep.hpp>
#include <overlap/async/task_group.hpp>
#include <overlap/executors/event_loop_executor.hpp>
#include <stdexcept>
#include <vector>

#include "async/cancelling.hpp"
#include "async/group_tasks.hpp"
#include "support/hook_recorder.hpp"

namespace overlap {
namespace {

using std::chrono::milliseconds;
using test::end_slowly;
using test::errors_of;
using test::fail;
using test::fail_when_cancelled;
using test::Flag;
using test::give;
using test::go_round;
using test::make_flag;
using test::note_cancel;
using test::sleep_on;
using testing::ElementsAre;

TEST(TaskGroup, LeavesWhenEveryTaskHasEnded) {
  const auto body = [](TaskGroup& group) -> Task<void> {
    for (int i = 0; i < 3; ++i) group.spawn(sleep_for(milliseconds(i)));
    group.spawn(give(1));
    EXPECT_EQ(group.size(), 4U);
    co_return;
  };
  const auto all = [&body]() -> Task<std::size_t> {
    std::optional<TaskGroup> copy;
    const auto keep_a_copy = [&](TaskGroup& group) -> Task<void> {
      copy = group;
      return body(group);
    };
    co_await TaskGroup::run(keep_a_copy);
    co_return copy->size();
  };
  EXPECT_EQ(run(all()), 0U);
}

TEST(TaskGroup, OfNothingEndsWithItsBody) {
  const auto body = [](TaskGroup&) -> Task<void> { co_return; };
  run(TaskGroup::run(body));
}

TEST(TaskGroup, GivesWhatTheBodyGives) {
  const auto body = [](TaskGroup& group) -> Task<std::unique_ptr<int>> {
    group.spawn(give(1));
    co_return std::make_unique<int>(7);
  };
  EXPECT_EQ(*run(TaskGroup::run(body)), 7);
}

TEST(TaskGroup, SpawnGivesAFutureOfTheResult) {
  const auto body = [](TaskGroup& group) -> Task<int> {
    auto first = group.spawn(give(3));
    auto second = group.spawn(give(4));
    const int sum = co_await first + co_await second;
    co_return sum;
  };
  EXPECT_EQ(run(TaskGroup::run(body)), 7);
}

TEST(TaskGroup, BlockingForAChildIsRefused) {
  const auto body = [](TaskGroup& group) -> Task<int> {
    auto future = group.spawn(give(3));
    EXPECT_THROW(future.result(), WouldDeadlock);
    const int value = co_await future;
    EXPECT_EQ(future.result(), 3);
    co_return value;
  };
  EXPECT_EQ(run(TaskGroup::run(body)), 3);
  EventLoopExecutor loop;
  EXPECT_EQ(loop.submit([body] { return TaskGroup::run(body); }).result(), 3);
}

TEST(TaskGroup, ManyTasksRunAtTheSameTime) {
  const auto body = [](TaskGroup& group) -> Task<int> {
    std::vector<Future<int>> futures;
    for (int i = 0; i < 1000; ++i) futures.push_back(group.spawn(give(i)));
    int sum = 0;
    for (auto& future : futures) sum += co_await future;
    co_return sum;
  };
  EXPECT_EQ(run(TaskGroup::run(body)), 499'500);
}

TEST(TaskGroup, AChildMaySpawnMoreAfterTheBodyHasEnded) {
  auto done = make_flag();
  const auto spawn_later = [](TaskGroup group, Flag flag) -> Task<void> {
    co_await go_round();
    group.spawn(test::set(std::move(flag)));
  };
  const auto body = [&](TaskGroup& group) -> Task<void> {
    group.spawn(spawn_later(group, done));
    co_return;
  };
  run(TaskGroup::run(body));
  EXPECT_TRUE(*done);
}

TEST(TaskGroup, TheFirstFailureCancelsSiblingsAndBody) {
  auto sibling = make_flag();
  auto body_cancelled = make_flag();
  const auto body = [&](TaskGroup& group) -> Task<void> {
    group.spawn(note_cancel(sibling));
    group.spawn(fail("first"));
    co_await note_cancel(body_cancelled);
  };
  EXPECT_THAT(errors_of(TaskGroup::run(body)), ElementsAre("first"));
  EXPECT_TRUE(*sibling);
  EXPECT_TRUE(*body_cancelled);
}

TEST(TaskGroup, AFailureIsThrownOnlyWhenTheOthersHaveEnded) {
  auto ended = make_flag();
  const auto body = [&](TaskGroup& group) -> Task<void> {
    group.spawn(end_slowly(ended));
    group.spawn(fail("first"));
    co_return;
  };
  EXPECT_THAT(errors_of(TaskGroup::run(body)), ElementsAre("first"));
  EXPECT_TRUE(*ended);
}

TEST(TaskGroup, AllErrorsAreThrownTogether) {
  const auto body = [](TaskGroup& group) -> Task<void> {
    group.spawn(fail_when_cancelled("third"));
    group.spawn(fail("first"));
    co_await fail_when_cancelled("second");
  };
  EXPECT_THAT(errors_of(TaskGroup::run(body)), testing::UnorderedElementsAre("first", "second", "third"));
}

TEST(TaskGroup, TheErrorListsTheMessages) {
  const TaskGroupError error({std::make_exception_ptr(std::runtime_error("one")), std::make_exception_ptr(2)});
  EXPECT_STREQ(error.what(), "2 tasks failed: one; unknown exception");
}

TEST(TaskGroup, AFailureOfTheBodyCancelsTheChildren) {
  auto child = make_flag();
  const auto body = [&](TaskGroup& group) -> Task<void> {
    group.spawn(note_cancel(child));
    co_await fail("body");
  };
  EXPECT_THAT(errors_of(TaskGroup::run(body)), ElementsAre("body"));
  EXPECT_TRUE(*child);
}

TEST(TaskGroup, ABodyThatIsNoCoroutineMayThrowToo) {
  const auto body = [](TaskGroup& group) -> Task<void> {
    group.spawn(sleep_on());
    if (group.size() == 1) throw std::runtime_error("body");
    return sleep_on();
  };
  EXPECT_THAT(errors_of(TaskGroup::run(body)), ElementsAre("body"));
}

TEST(TaskGroup, AnErrorThatTheBodyGetsFromAFutureCountsOnce) {
  const auto body = [](TaskGroup& group) -> Task<void> {
    auto future = group.spawn(fail("child"));
    co_await future;
  };
  EXPECT_THAT(errors_of(TaskGroup::run(body)), ElementsAre("child"));
}

TEST(TaskGroup, AfterAFailureNothingBeginsAnyMore) {
  auto begun = make_flag();
  auto cancelled = make_flag();
  const auto spawn_at_the_end = [](TaskGroup group, Flag begun_flag, Flag cancelled_flag) -> Task<void> {
    try {
      co_await sleep_on();
    } catch (const boost::system::system_error&) {
      *cancelled_flag = group.spawn(test::set(std::move(begun_flag))).cancelled();
    }
  };
  const auto body = [&](TaskGroup& group) -> Task<void> {
    group.spawn(spawn_at_the_end(group, begun, cancelled));
    group.spawn(fail("first"));
    co_return;
  };
  EXPECT_THAT(errors_of(TaskGroup::run(body)), ElementsAre("first"));
  EXPECT_FALSE(*begun);
  EXPECT_TRUE(*cancelled);
}

TEST(TaskGroup, AFailureBeforeSiblingsHaveBegunKeepsThemFromBeginning) {
  auto begun = make_flag();
  Future<void> sibling;
  const auto fail_at_once = []() -> Task<void> {
    throw std::runtime_error("at once");
    co_return;
  };
  const auto body = [&](TaskGroup& group) -> Task<void> {
    group.spawn(fail_at_once());
    sibling = group.spawn(test::set(begun));
    co_return;
  };
  EXPECT_THAT(errors_of(TaskGroup::run(body)), ElementsAre("at once"));
  EXPECT_FALSE(*begun);
  EXPECT_TRUE(sibling.cancelled());
}

TEST(TaskGroup, AChildCancelledThroughItsFutureDoesNoHarm) {
  auto stopped = make_flag();
  const auto body = [&](TaskGroup& group) -> Task<int> {
    auto running = group.spawn(note_cancel(stopped));
    auto never_begun = group.spawn(sleep_on());
    EXPECT_TRUE(never_begun.cancel());
    auto other = group.spawn(give(5));
    co_await go_round();
    running.request_stop();
    const int value = co_await other;
    co_return value;
  };
  EXPECT_EQ(run(TaskGroup::run(body)), 5);
  EXPECT_TRUE(*stopped);
}

TEST(TaskGroup, AChildThatCancelsItselfDoesNoHarm) {
  const auto give_up = []() -> Task<void> {
    co_await go_round(1);
    throw CancelledError();
  };
  const auto body = [&](TaskGroup& group) -> Task<int> {
    auto future = group.spawn(give_up());
    const int value = co_await give(5);
    EXPECT_TRUE(future.cancelled());
    co_return value;
  };
  EXPECT_EQ(run(TaskGroup::run(body)), 5);
}

TEST(TaskGroup, ABodyThatCancelsItselfCancelsTheChildrenAndSaysSo) {
  auto child = make_flag();
  const auto body = [&](TaskGroup& group) -> Task<void> {
    group.spawn(note_cancel(child));
    co_await go_round();
    throw CancelledError("given up");
  };
  EXPECT_THROW(run(TaskGroup::run(body)), CancelledError);
  EXPECT_TRUE(*child);
}

TEST(TaskGroup, CancellingWhoRunsItCancelsAllAndWaitsForTheirEnd) {
  auto child = make_flag();
  auto body_ended = make_flag();
  const auto body = [&](TaskGroup& group) -> Task<void> {
    group.spawn(end_slowly(child));
    co_await end_slowly(body_ended);
  };
  const auto all = [&]() -> Task<bool> {
    const test::End end = co_await test::cancel_while_waiting(TaskGroup::run(body));
    co_return end == test::End::cancelled && *child && *body_ended;
  };
  EXPECT_TRUE(run(all()));
}

TEST(TaskGroup, ACancelFromOutsideComesOutAsOneThoughChildrenFail) {
  const test::HookRecorder hook;
  const auto body = [](TaskGroup& group) -> Task<void> {
    group.spawn(fail_when_cancelled("child"));
    co_await fail_when_cancelled("body");
  };
  EXPECT_EQ(run(test::cancel_while_waiting(TaskGroup::run(body))), test::End::cancelled);
  EXPECT_THAT(hook.reports(), testing::UnorderedElementsAre("task group: child", "task group: body"));
}

TEST(TaskGroup, ACancelFromOutsideThatMeetsAFailingGroupComesOutAsOne) {
  const test::HookRecorder hook;
  auto ended = make_flag();
  const auto body = [&](TaskGroup& group) -> Task<void> {
    group.spawn(fail("child"));  // after three rounds
    co_await end_slowly(ended);  // five rounds later
  };
  const auto all = [&]() -> Task<test::End> {
    auto child = detail::start_child(TaskGroup::run(body));
    co_await go_round(6);
    EXPECT_FALSE(*ended);
    child->started.cancel();
    const test::End end = co_await test::end_of_child(child);
    co_return end;
  };
  EXPECT_EQ(run(all()), test::End::cancelled);
  EXPECT_THAT(hook.reports(), ElementsAre("task group: child"));
}

TEST(TaskGroup, SpawnAfterTheEndThrows) {
  const auto all = []() -> Task<bool> {
    std::optional<TaskGroup> kept;
    const auto body = [&kept](TaskGroup& group) -> Task<void> {
      kept = group;
      co_return;
    };
    co_await TaskGroup::run(body);
    EXPECT_THROW(kept->spawn(give(1)), std::logic_error);
    co_return true;
  };
  EXPECT_TRUE(run(all()));
}

TEST(TaskGroup, ACopyMayOutliveTheLoopAndRefuses) {
  std::optional<TaskGroup> kept;
  const auto body = [&kept](TaskGroup& group) -> Task<void> {
    kept = group;
    co_return;
  };
  run(TaskGroup::run(body));
  EXPECT_THROW(kept->spawn(give(1)), std::logic_error);
}

TEST(TaskGroup, SpawnInATaskOfAnInnerLoopThrows) {
  const auto body = [](TaskGroup& group) -> Task<void> {
    const auto inner = [&group]() -> Task<void> {
      EXPECT_THROW(group.spawn(give(1)), std::logic_error);
      co_return;
    };
    run(inner());
    co_return;
  };
  run(TaskGroup::run(body));
}

}  // namespace
}  // namespace overlap
