// Every await of the library, cancelled: while it waits, before it waits, and at the moment at which its result comes.
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <overlap/async/gather.hpp>
#include <overlap/async/queue.hpp>
#include <overlap/async/rate_limiter.hpp>
#include <overlap/async/semaphore.hpp>
#include <overlap/async/shield.hpp>
#include <overlap/async/sleep.hpp>
#include <overlap/async/task_group.hpp>
#include <overlap/async/with_timeout.hpp>
#include <overlap/executors/event_loop_executor.hpp>
#include <overlap/executors/thread_pool_executor.hpp>
#include <overlap/executors/to_thread.hpp>
#include <string>
#include <thread>
#include <vector>

#include "async/cancelling.hpp"
#include "support/gate.hpp"

namespace overlap {
namespace {

using std::chrono::hours;
using test::cancel_while_waiting;
using test::End;
using test::Flag;
using test::go_round;
using test::insist;
using test::make_flag;

Task<void> begin_and_sleep(Flag begun) {
  *begun = true;
  co_await sleep_for(hours(1));
}

/// An await that waits until it is cancelled. What it waits for says in `begun` that it began.
using Waiting = std::function<Task<void>(Flag begun)>;

Task<void> wait_for_sleep(Flag begun) { return begin_and_sleep(std::move(begun)); }

Task<void> wait_for_gather(Flag begun) { co_await gather(begin_and_sleep(begun), begin_and_sleep(begun)); }

Task<void> wait_for_gather_of_vector(Flag begun) {
  std::vector<Task<void>> tasks;
  tasks.push_back(begin_and_sleep(begun));
  auto all = gather(return_exceptions, std::move(tasks));
  co_await std::move(all);
}

Task<void> wait_with_timeout(Flag begun) { return with_timeout(hours(2), begin_and_sleep(std::move(begun))); }

Task<void> wait_for_shield(Flag begun) { return shield(begin_and_sleep(std::move(begun))); }

Task<void> wait_for_group(Flag begun) {
  const auto body = [begun](TaskGroup& group) -> Task<void> {
    group.spawn(begin_and_sleep(begun));
    co_await begin_and_sleep(begun);
  };
  auto group = TaskGroup::run(body);
  co_await std::move(group);
}

Task<void> wait_for_future(Flag) {
  EventLoopExecutor other;
  auto future = other.submit(test::sleep_on);
  struct Stop {
    Future<void> future;
    ~Stop() { future.request_stop(); }
  };
  const Stop stop{future};
  co_await future;
}

Task<void> wait_for_thread(Flag) {
  const test::Gate gate;  // opened when this ends
  auto call = to_thread([](test::Gate::Pass pass) { pass.wait(); }, gate.pass());
  co_await std::move(call);
}

Task<void> wait_for_permit(Flag) {
  Semaphore none(0);
  const Semaphore::Permit permit = co_await none.acquire();
}

Task<void> wait_for_rate(Flag) {
  RateLimiter rare({.count = 1, .per = hours(1)});
  rare.try_acquire();
  co_await rare.acquire();
}

Task<void> wait_behind_rate(Flag) {
  RateLimiter rare({.count = 1, .per = hours(1)});
  rare.try_acquire();
  co_await gather(rare.acquire(), rare.acquire());
}

Task<void> wait_to_put(Flag) {
  Queue<int> full(1);
  full.try_put(1);
  co_await full.put(2);
}

Task<void> wait_to_get(Flag) {
  Queue<int> empty(1);
  co_await empty.get();
}

const std::map<std::string, Waiting> kAwaits = {
    {"SleepFor", wait_for_sleep},
    {"Gather", wait_for_gather},
    {"GatherOfVector", wait_for_gather_of_vector},
    {"WithTimeout", wait_with_timeout},
    {"Shield", wait_for_shield},
    {"TaskGroup", wait_for_group},
    {"Future", wait_for_future},
    {"ToThread", wait_for_thread},
    {"Semaphore", wait_for_permit},
    {"RateLimiter", wait_for_rate},
    {"RateLimiterLine", wait_behind_rate},
    {"QueuePut", wait_to_put},
    {"QueueGet", wait_to_get},
};

class Cancellation : public testing::TestWithParam<std::pair<const std::string, Waiting>> {
 protected:
  Task<void> waiting(Flag begun = make_flag()) const { return GetParam().second(std::move(begun)); }
};

TEST_P(Cancellation, EndsAnAwaitThatWaits) { EXPECT_EQ(run(cancel_while_waiting(waiting())), End::cancelled); }

TEST_P(Cancellation, ComesOutOfNestedAwaitsToo) {
  const auto nested = [](Task<void> inner) -> Task<void> {
    const auto body = [&inner](TaskGroup& group) -> Task<void> {
      group.spawn(test::sleep_on());
      co_await with_timeout(hours(1), std::move(inner));
    };
    co_await TaskGroup::run(body);
  };
  EXPECT_EQ(run(cancel_while_waiting(nested(waiting()))), End::cancelled);
}

TEST_P(Cancellation, BeforeAnAwaitKeepsItFromBeginning) {
  auto begun = make_flag();
  const auto cancelled_already = [](Task<void> next) -> Task<void> {
    co_await insist(1);  // takes the cancel and goes on
    co_await std::move(next);
  };
  EXPECT_EQ(run(cancel_while_waiting(cancelled_already(waiting(begun)))), End::cancelled);
  EXPECT_FALSE(*begun);
}

TEST_P(Cancellation, BeforeATaskBeginsKeepsItFromBeginning) {
  auto begun = make_flag();
  const auto cancel_at_once = [](Task<void> task) -> Task<End> {
    auto child = detail::start_child(std::move(task));
    child->started.cancel();
    const End end = co_await test::end_of_child(child);
    co_return end;
  };
  EXPECT_EQ(run(cancel_at_once(waiting(begun))), End::cancelled);
  EXPECT_FALSE(*begun);
}

TEST_P(Cancellation, OfASubmittedTaskMakesItsFutureCancelled) {
  EventLoopExecutor loop;
  ThreadPoolExecutor pool({.max_workers = 1});
  for (Executor* executor : {static_cast<Executor*>(&loop), static_cast<Executor*>(&pool)}) {
    auto future = executor->submit(GetParam().second, make_flag());
    while (!future.running()) std::this_thread::yield();
    future.request_stop();
    EXPECT_THROW(future.result(), CancelledError);
    EXPECT_TRUE(future.cancelled());
  }
}

TEST_P(Cancellation, AtTheLoopsEndIsAwaited) {
  const auto leave = [](Task<void> task) -> Task<void> {
    detail::start_child(std::move(task));
    co_await go_round();
  };
  run(leave(waiting()));
}

INSTANTIATE_TEST_SUITE_P(Awaits, Cancellation, testing::ValuesIn(kAwaits),
                         [](const auto& param) { return param.param.first; });

/// The task that awaits, for what it awaits to cancel.
using Awaiting = std::shared_ptr<Loop::Started>;

/// Cancels the task that awaits this one, and has a result for it all the same.
Task<int> cancel_and_give(Awaiting awaiting) {
  co_await go_round();
  awaiting->cancel();
  co_return 5;
}

template <class MakeTask>
Task<int> give_while_cancelled(MakeTask make) {
  auto awaiting = std::make_shared<Loop::Started>();
  auto child = detail::start_child(make(awaiting));
  *awaiting = child->started;
  co_await test::end_of_child(child);
  const int value = child->outcome.value();
  co_return value;
}

TEST(CancellationAndResult, WithTimeoutGivesTheResult) {
  const auto make = [](Awaiting awaiting) { return with_timeout(hours(1), cancel_and_give(std::move(awaiting))); };
  EXPECT_EQ(run(give_while_cancelled(make)), 5);
}

TEST(CancellationAndResult, ShieldGivesTheResult) {
  const auto make = [](Awaiting awaiting) { return shield(cancel_and_give(std::move(awaiting))); };
  EXPECT_EQ(run(give_while_cancelled(make)), 5);
}

TEST(CancellationAndResult, GatherGivesTheResults) {
  const auto make = [](Awaiting awaiting) -> Task<int> {
    auto [value] = co_await gather(cancel_and_give(std::move(awaiting)));
    co_return value;
  };
  EXPECT_EQ(run(give_while_cancelled(make)), 5);
}

TEST(CancellationAndResult, TaskGroupGivesTheResult) {
  const auto make = [](Awaiting awaiting) -> Task<int> {
    const auto body = [awaiting](TaskGroup&) -> Task<int> { return cancel_and_give(awaiting); };
    auto group = TaskGroup::run(body);
    const int value = co_await std::move(group);
    co_return value;
  };
  EXPECT_EQ(run(give_while_cancelled(make)), 5);
}

TEST(CancellationAndResult, AFutureThatIsDoneGivesItsResult) {
  const auto wait_for_it = [](Future<int> future) -> Task<int> {
    const int value = co_await future;
    co_return value;
  };
  const auto give = []() -> Task<int> {
    co_await go_round();
    co_return 5;
  };
  const auto body = [&](TaskGroup& group) -> Task<int> {
    auto future = group.spawn(give());
    auto child = detail::start_child(wait_for_it(future));
    future.add_done_callback([child](const Future<int>&) { child->started.cancel(); });  // the waiter was told before
    co_await test::end_of_child(child);
    const int value = child->outcome.value();
    co_return value;
  };
  EXPECT_EQ(run(TaskGroup::run(body)), 5);
}

TEST(CancellationAndResult, AnAbandonedFutureKeepsItsResult) {
  const auto body = [](TaskGroup& group) -> Task<int> {
    Queue<int> queue(1);
    auto getting = group.spawn(queue.get());
    const auto wait_for_it = [](Future<std::optional<int>> future) -> Task<void> { co_await future; };
    const End end = co_await cancel_while_waiting(wait_for_it(getting));
    EXPECT_EQ(end, End::cancelled);
    queue.try_put(6);
    const std::optional<int> got = co_await getting;
    co_return got.value_or(0);
  };
  EXPECT_EQ(run(TaskGroup::run(body)), 6);
}

}  // namespace
}  // namespace overlap
