#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <overlap/async/shield.hpp>
#include <overlap/async/sleep.hpp>
#include <overlap/async/with_timeout.hpp>
#include <stdexcept>
#include <string>

#include "async/cancelling.hpp"
#include "support/hook_recorder.hpp"

namespace overlap {
namespace {

using std::chrono::milliseconds;
using test::cancel_while_waiting;
using test::End;
using test::Flag;
using test::go_round;
using test::make_flag;

constexpr int kRoundsOfWork = 60;  // more than cancel_while_waiting() lets pass

Task<void> work(Flag done) {
  co_await go_round(kRoundsOfWork);
  *done = true;
}

Task<int> fail_after_work() {
  co_await go_round(kRoundsOfWork);
  throw std::runtime_error("as told");
}

Task<std::string> name_it() {
  co_await go_round();
  co_return "a name that is too long to be kept in place";
}

TEST(Shield, GivesTheResult) { EXPECT_EQ(run(shield(name_it())), "a name that is too long to be kept in place"); }

TEST(Shield, ThrowsWhatTheTaskThrew) {
  const test::HookRecorder hook;
  EXPECT_THROW(run(shield(fail_after_work())), std::runtime_error);
  EXPECT_THAT(hook.reports(), testing::IsEmpty());
}

TEST(Shield, CancellingTheAwaitLeavesTheTaskRunning) {
  auto done = make_flag();
  const auto all = [](Flag flag) -> Task<bool> {
    const End end = co_await cancel_while_waiting(shield(work(flag)));
    const bool before = *flag;
    co_await go_round(2 * kRoundsOfWork);
    co_return end == End::cancelled && !before && *flag;
  };
  EXPECT_TRUE(run(all(done)));
}

TEST(Shield, WhatIsThrownUnseenGoesToTheHook) {
  const test::HookRecorder hook;
  const auto all = []() -> Task<void> {
    co_await cancel_while_waiting(shield(fail_after_work()));
    co_await go_round(2 * kRoundsOfWork);
  };
  run(all());
  EXPECT_THAT(hook.reports(), testing::ElementsAre("shielded task: as told"));
}

TEST(Shield, WhatIsLeftAtTheLoopsEndIsCancelledAndAwaited) {
  const test::HookRecorder hook;
  auto ended = make_flag();
  const auto all = [](Flag flag) -> Task<void> {
    co_await cancel_while_waiting(shield(test::end_slowly(std::move(flag))));
  };
  run(all(ended));
  EXPECT_TRUE(*ended);
  EXPECT_THAT(hook.reports(), testing::IsEmpty());
}

TEST(Shield, CancelledBeforeTheTaskHasBegunItStillBegins) {
  auto done = make_flag();
  const auto all = [](Flag flag) -> Task<End> {
    const auto cancel = [](Flag inner) -> Task<void> {
      co_await with_timeout(Duration::zero(), shield(work(std::move(inner))));
    };
    const End end = co_await cancel_while_waiting(cancel(flag));
    co_await go_round(2 * kRoundsOfWork);
    co_return end;
  };
  EXPECT_EQ(run(all(done)), End::other_error);  // a TimeoutError
  EXPECT_TRUE(*done);
}

TEST(Shield, ATaskCancelledBeforeDoesNotStartIt) {
  auto done = make_flag();
  const auto cancelled = [](Flag flag) -> Task<void> {
    co_await test::insist(1);
    co_await shield(work(std::move(flag)));
  };
  const auto all = [&](Flag flag) -> Task<End> {
    const End end = co_await cancel_while_waiting(cancelled(std::move(flag)));
    co_await go_round(2 * kRoundsOfWork);
    co_return end;
  };
  EXPECT_EQ(run(all(done)), End::cancelled);
  EXPECT_FALSE(*done);
}

TEST(Shield, OnlyItsTaskIsShielded) {
  const auto cancelled_inside = []() -> Task<int> {
    co_await go_round(1);
    throw CancelledError();
  };
  EXPECT_THROW(run(shield(cancelled_inside())), CancelledError);
}

}  // namespace
}  // namespace overlap
