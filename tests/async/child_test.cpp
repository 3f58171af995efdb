// What gather, with_timeout and the like share: children that are cancelled, and the waiting for their end.
#include <gtest/gtest.h>

#include <overlap/async/gather.hpp>
#include <overlap/async/sleep.hpp>
#include <overlap/async/task.hpp>
#include <overlap/async/with_timeout.hpp>

#include "async/cancelling.hpp"

namespace overlap {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

using test::end_slowly;
using test::Flag;
using test::insist;
using test::make_flag;
using test::set;

/// Gives whether `*ended` was set when the task that was cancelled has ended.
Task<bool> cancel_and_look(Task<void> task, Flag ended) {
  try {
    co_await with_timeout(milliseconds(2), std::move(task));
  } catch (const TimeoutError&) {
  }
  co_return *ended;
}

TEST(Child, CancelledBeforeItBeganNeverBegins) {
  auto begun = make_flag();
  const auto leave_at_once = [](Flag flag) -> Task<void> {
    detail::start_child(set(std::move(flag)))->started.cancel();
    co_return;
  };
  run(leave_at_once(begun));
  EXPECT_FALSE(*begun);
}

TEST(Child, LeftBehindBeforeItBeganIsCancelledWithTheLoop) {
  const auto leave_at_once = []() -> Task<void> {
    detail::start_child(sleep_for(hours(1)));
    co_return;
  };
  run(leave_at_once());
}

TEST(WithTimeout, WaitsUntilTheCancelledTaskHasEnded) {
  auto ended = make_flag();
  EXPECT_TRUE(run(cancel_and_look(end_slowly(ended), ended)));
}

TEST(WithTimeout, CancelledItWaitsUntilItsTaskHasEnded) {
  auto ended = make_flag();
  EXPECT_TRUE(run(cancel_and_look(with_timeout(hours(1), end_slowly(ended)), ended)));
}

TEST(WithTimeout, CancelledItKeepsAResultThatItsTaskGivesAllTheSame) {
  EXPECT_EQ(run(with_timeout(milliseconds(1), with_timeout(hours(1), insist(5)))), 5);
}

TEST(Gather, CancelledItWaitsUntilItsTasksHaveEnded) {
  auto ended = make_flag();
  const auto both = [](Flag flag) -> Task<void> { co_await gather(sleep_for(hours(1)), end_slowly(std::move(flag))); };
  EXPECT_TRUE(run(cancel_and_look(both(ended), ended)));
}

}  // namespace
}  // namespace overlap
