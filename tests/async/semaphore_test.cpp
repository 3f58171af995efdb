#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <overlap/async/gather.hpp>
#include <overlap/async/semaphore.hpp>
#include <overlap/async/task_group.hpp>
#include <stdexcept>
#include <thread>
#include <vector>

#include "async/cancelling.hpp"
#include "support/hook_recorder.hpp"

namespace overlap {
namespace {

using test::End;
using test::go_round;
using testing::ElementsAre;

using Order = std::shared_ptr<std::vector<int>>;

Task<void> take_turn(Semaphore* semaphore, int name, Order order) {
  const Semaphore::Permit permit = co_await semaphore->acquire();
  order->push_back(name);
  co_await go_round(2);
}

TEST(Semaphore, LetsInAsManyAsItHasPermits) {
  Semaphore semaphore(3);
  int inside = 0;
  int most = 0;
  const auto enter = [&]() -> Task<void> {
    const Semaphore::Permit permit = co_await semaphore.acquire();
    most = std::max(most, ++inside);
    co_await go_round(2);
    --inside;
  };
  const auto body = [&](TaskGroup& group) -> Task<void> {
    for (int i = 0; i < 20; ++i) group.spawn(enter());
    co_return;
  };
  run(TaskGroup::run(body));
  EXPECT_EQ(most, 3);
  EXPECT_EQ(semaphore.available(), 3U);
}

TEST(Semaphore, IsFirstComeFirstServed) {
  Semaphore semaphore(1);
  auto order = std::make_shared<std::vector<int>>();
  const auto body = [&](TaskGroup& group) -> Task<void> {
    for (int i = 0; i < 5; ++i) group.spawn(take_turn(&semaphore, i, order));
    co_return;
  };
  run(TaskGroup::run(body));
  EXPECT_THAT(*order, ElementsAre(0, 1, 2, 3, 4));
}

TEST(Semaphore, TryAcquireTakesNothingFromThoseWhoWait) {
  Semaphore semaphore(1);
  auto order = std::make_shared<std::vector<int>>();
  const auto body = [&](TaskGroup& group) -> Task<bool> {
    auto first = semaphore.try_acquire();
    EXPECT_TRUE(first);
    EXPECT_FALSE(semaphore.try_acquire());
    group.spawn(take_turn(&semaphore, 1, order));
    co_await go_round();
    EXPECT_EQ(semaphore.waiting(), 1U);
    first->release();
    co_return !semaphore.try_acquire();  // it is the other's already, who has not yet gone on
  };
  EXPECT_TRUE(run(TaskGroup::run(body)));
  EXPECT_THAT(*order, ElementsAre(1));
}

TEST(Semaphore, ACancelledWaiterPassesItsTurnOn) {
  Semaphore semaphore(1);
  auto order = std::make_shared<std::vector<int>>();
  const auto body = [&](TaskGroup& group) -> Task<void> {
    auto held = semaphore.try_acquire();
    auto first = group.spawn(take_turn(&semaphore, 1, order));
    group.spawn(take_turn(&semaphore, 2, order));
    co_await go_round();
    first.request_stop();
    co_await go_round();
    EXPECT_TRUE(first.cancelled());
    EXPECT_EQ(semaphore.waiting(), 1U);
    held->release();
  };
  run(TaskGroup::run(body));
  EXPECT_THAT(*order, ElementsAre(2));
  EXPECT_EQ(semaphore.available(), 1U);
}

TEST(Semaphore, APermitThatCoincidesWithACancelIsKeptAndThenReturned) {
  Semaphore semaphore(1);
  auto order = std::make_shared<std::vector<int>>();
  const auto all = [&](bool cancel_first) -> Task<End> {
    auto held = semaphore.try_acquire();
    auto child = detail::start_child(take_turn(&semaphore, 1, order));
    co_await go_round();
    if (cancel_first) child->started.cancel();
    held->release();
    if (!cancel_first) child->started.cancel();
    const End end = co_await test::end_of_child(child);
    co_return end;
  };
  for (bool cancel_first : {false, true}) {
    EXPECT_EQ(run(all(cancel_first)), End::cancelled);  // at the await after the one that gave the permit
    EXPECT_EQ(semaphore.available(), 1U);
  }
  EXPECT_THAT(*order, ElementsAre(1, 1));
}

TEST(Semaphore, PermitsMoveAndAreReturnedOnce) {
  Semaphore semaphore(2);
  Semaphore::Permit first = *semaphore.try_acquire();
  Semaphore::Permit second = *semaphore.try_acquire();
  EXPECT_EQ(semaphore.available(), 0U);
  second = std::move(first);  // returns what it held
  EXPECT_EQ(semaphore.available(), 1U);
  EXPECT_FALSE(first);
  first.release();
  second.release();
  second.release();
  EXPECT_EQ(semaphore.available(), 2U);
}

TEST(Semaphore, PermitsAndWaitersMayOutliveIt) {
  auto order = std::make_shared<std::vector<int>>();
  const auto body = [&](TaskGroup& group) -> Task<void> {
    std::optional<Semaphore> semaphore(std::in_place, 1U);
    auto held = semaphore->try_acquire();
    group.spawn(take_turn(&*semaphore, 1, order));
    co_await go_round();
    semaphore.reset();
    held->release();
  };
  run(TaskGroup::run(body));
  EXPECT_THAT(*order, ElementsAre(1));
}

TEST(Semaphore, UseOnAnotherThreadIsRefused) {
  const test::HookRecorder hook;
  Semaphore semaphore(1);
  auto permit = semaphore.try_acquire();
  std::thread([&] {
    const auto acquire = [&]() -> Task<void> { const auto got = co_await semaphore.acquire(); };
    EXPECT_THROW(run(acquire()), std::logic_error);
    EXPECT_THROW(semaphore.try_acquire(), std::logic_error);
    permit->release();
  }).join();
  EXPECT_THAT(hook.reports(), ElementsAre("Semaphore permit: released on a thread that is not its loop's"));
}

TEST(Semaphore, OneLoopAfterTheOtherMayUseIt) {
  Semaphore semaphore(1);
  auto order = std::make_shared<std::vector<int>>();
  run(take_turn(&semaphore, 1, order));
  run(take_turn(&semaphore, 2, order));
  EXPECT_THAT(*order, ElementsAre(1, 2));
}

}  // namespace
}  // namespace overlap
