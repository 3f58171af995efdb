#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <overlap/async/queue.hpp>
#include <overlap/async/task_group.hpp>
#include <string>
#include <thread>
#include <vector>

#include "async/cancelling.hpp"

namespace overlap {
namespace {

using test::End;
using test::go_round;
using testing::ElementsAre;

using Numbers = Queue<int>;

Task<void> put_all(Numbers* queue, int from, int to) {
  for (int i = from; i < to; ++i) co_await queue->put(i);
}

Task<void> get_all(Numbers* queue, std::vector<int>* got) {
  while (auto item = co_await queue->get()) got->push_back(*item);
}

TEST(Queue, GivesItemsInTheOrderInWhichTheyWerePut) {
  Numbers queue(3);
  std::vector<int> got;
  const auto body = [&](TaskGroup& group) -> Task<void> {
    group.spawn(get_all(&queue, &got));
    co_await put_all(&queue, 0, 10);
    queue.close();
  };
  run(TaskGroup::run(body));
  EXPECT_THAT(got, ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8, 9));
}

TEST(Queue, PutWaitsWhileItIsFull) {
  Numbers queue(2);
  const auto body = [&](TaskGroup& group) -> Task<void> {
    auto putting = group.spawn(put_all(&queue, 0, 4));
    co_await go_round();
    EXPECT_EQ(queue.size(), 2U);
    EXPECT_FALSE(putting.done());
    EXPECT_EQ(queue.try_get(), 0);
    EXPECT_EQ(queue.size(), 2U);  // who waited has put
    EXPECT_EQ(queue.try_get(), 1);
    co_await go_round();
    EXPECT_TRUE(putting.done());
  };
  run(TaskGroup::run(body));
}

TEST(Queue, OfCapacityZeroNeverMakesPutWait) {
  Numbers queue(0);
  run(put_all(&queue, 0, 1000));
  EXPECT_EQ(queue.size(), 1000U);
}

TEST(Queue, ThoseWhoWaitToGetAreServedInTurn) {
  Numbers queue(1);
  std::vector<std::optional<int>> got(3);
  const auto take = [&](std::size_t name) -> Task<void> { got[name] = co_await queue.get(); };
  const auto body = [&](TaskGroup& group) -> Task<void> {
    for (std::size_t i = 0; i < 3; ++i) group.spawn(take(i));
    co_await go_round();
    co_await put_all(&queue, 0, 3);
  };
  run(TaskGroup::run(body));
  EXPECT_THAT(got, ElementsAre(0, 1, 2));
}

TEST(Queue, TakesItemsThatOnlyMove) {
  Queue<std::unique_ptr<int>> queue(1);
  const auto body = [&](TaskGroup& group) -> Task<int> {
    const auto put = [&](int value) -> Task<void> {
      auto item = std::make_unique<int>(value);
      co_await queue.put(std::move(item));
    };
    group.spawn(put(1));
    group.spawn(put(2));
    auto first = co_await queue.get();
    auto second = co_await queue.get();
    co_return 10 * **first + **second;
  };
  EXPECT_EQ(run(TaskGroup::run(body)), 12);
}

TEST(Queue, TryPutLeavesTheItemWhenThereIsNoRoom) {
  Queue<std::unique_ptr<int>> queue(1);
  auto first = std::make_unique<int>(1);
  auto second = std::make_unique<int>(2);
  EXPECT_TRUE(queue.try_put(std::move(first)));
  EXPECT_FALSE(queue.try_put(std::move(second)));
  EXPECT_TRUE(second);
  EXPECT_EQ(**queue.try_get(), 1);
  EXPECT_FALSE(queue.try_get());
}

TEST(Queue, ClosedItIsDrainedAndThenSaysSo) {
  Numbers queue(5);
  const auto all = [&]() -> Task<std::vector<int>> {
    co_await put_all(&queue, 0, 2);
    queue.close();
    queue.close();
    std::vector<int> got;
    co_await get_all(&queue, &got);
    const auto nothing = co_await queue.get();
    EXPECT_FALSE(nothing);
    co_return got;
  };
  EXPECT_THAT(run(all()), ElementsAre(0, 1));
  EXPECT_TRUE(queue.closed());
}

TEST(Queue, ClosedItTakesNothingMore) {
  Numbers queue(5);
  queue.close();
  EXPECT_THROW(run(queue.put(1)), QueueClosed);
  EXPECT_THROW(queue.try_put(1), QueueClosed);
}

TEST(Queue, CloseWakesThoseWhoWait) {
  Numbers full(1);
  Numbers empty(1);
  const auto body = [&](TaskGroup& group) -> Task<bool> {
    co_await put_all(&full, 0, 1);
    auto putting = group.spawn(test::end_of_child(detail::start_child(full.put(2))));
    auto getting = group.spawn(empty.get());
    co_await go_round();
    full.close();
    empty.close();
    const End put = co_await putting;
    const std::optional<int> got = co_await getting;
    co_return put == End::other_error && !got;
  };
  EXPECT_TRUE(run(TaskGroup::run(body)));
  EXPECT_EQ(full.try_get(), 0);
  EXPECT_FALSE(full.try_get());
}

TEST(Queue, ACancelledGetTakesNothing) {
  Numbers queue(1);
  const auto body = [&](TaskGroup& group) -> Task<int> {
    auto first = group.spawn(queue.get());
    auto second = group.spawn(queue.get());
    co_await go_round();
    first.request_stop();
    co_await go_round();
    EXPECT_TRUE(first.cancelled());
    co_await queue.put(7);
    const std::optional<int> got = co_await second;
    co_return got.value_or(0);
  };
  EXPECT_EQ(run(TaskGroup::run(body)), 7);
}

TEST(Queue, AnItemThatCoincidesWithACancelIsNotLost) {
  Numbers queue(1);
  const auto all = [&](bool cancel_first) -> Task<std::optional<int>> {
    auto child = detail::start_child(queue.get());
    co_await go_round();
    if (cancel_first) child->started.cancel();
    EXPECT_TRUE(queue.try_put(9));
    if (!cancel_first) child->started.cancel();
    co_await test::end_of_child(child);
    std::optional<int> item = child->outcome.value();
    co_return item;
  };
  EXPECT_EQ(run(all(false)), 9);
  EXPECT_EQ(run(all(true)), 9);
}

TEST(Queue, ACancelledPutPutsNothingAndPassesItsTurnOn) {
  Numbers queue(1);
  std::vector<int> got;
  const auto body = [&](TaskGroup& group) -> Task<void> {
    co_await queue.put(1);
    auto first = group.spawn(queue.put(2));
    auto second = group.spawn(queue.put(3));
    co_await go_round();
    first.request_stop();
    co_await go_round();
    EXPECT_TRUE(first.cancelled());
    while (auto item = queue.try_get()) got.push_back(*item);
    co_await second;
  };
  run(TaskGroup::run(body));
  EXPECT_THAT(got, ElementsAre(1, 3));
}

TEST(Queue, APutThatWasTakenInSaysSoThoughItsTaskIsCancelled) {
  Numbers queue(1);
  const auto all = [&]() -> Task<End> {
    co_await queue.put(1);
    auto child = detail::start_child(queue.put(2));
    co_await go_round();
    child->started.cancel();
    EXPECT_EQ(queue.try_get(), 1);
    const End end = co_await test::end_of_child(child);
    co_return end;
  };
  EXPECT_EQ(run(all()), End::result);
  EXPECT_EQ(queue.try_get(), 2);
}

TEST(Queue, TasksThatWaitMayOutliveIt) {
  const auto body = [](TaskGroup& group) -> Task<void> {
    auto queue = std::make_unique<Queue<std::string>>(1);
    auto getting = group.spawn(queue->get());
    co_await go_round();
    queue->close();
    queue.reset();
    const auto nothing = co_await getting;
    EXPECT_FALSE(nothing);
  };
  run(TaskGroup::run(body));
}

TEST(Queue, UseOnAnotherThreadIsRefused) {
  Numbers queue(1);
  EXPECT_TRUE(queue.try_put(1));
  std::thread([&] { EXPECT_THROW(queue.try_get(), std::logic_error); }).join();
}

}  // namespace
}  // namespace overlap
