// Those who sleep on a loop share one timer: each is woken at its time, or before by a cancel.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <cstdint>
#include <memory>
#include <overlap/async/gather.hpp>
#include <overlap/async/sleep.hpp>
#include <overlap/async/task.hpp>
#include <vector>

#include "async/cancelling.hpp"

namespace overlap {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;

Task<void> sleep_and_note(Duration duration, std::vector<TimePoint>* woken) {
  const TimePoint until = Clock::now() + duration;
  co_await sleep_for(duration);
  EXPECT_GE(Clock::now(), until);
  woken->push_back(until);
}

Task<void> sleep_until_and_note(TimePoint until, std::vector<TimePoint>* woken) {
  detail::Sleeper sleeper;
  co_await sleeper.until(until);
  woken->push_back(until);
}

TEST(Sleepers, ThoseWhoseTimeHasComeWakeInTheOrderOfTheirTime) {
  std::vector<TimePoint> woken;
  const auto all = [&]() -> Task<void> {
    const TimePoint now = Clock::now();
    std::vector<Task<void>> tasks;
    for (int i = 0; i < 500; ++i) tasks.push_back(sleep_until_and_note(now - microseconds((i * 211) % 500), &woken));
    auto gathered = gather(std::move(tasks));
    co_await std::move(gathered);
  };
  run(all());
  EXPECT_EQ(woken.size(), 500U);
  EXPECT_TRUE(std::is_sorted(woken.begin(), woken.end()));
}

Task<void> sleep_and_count(Duration duration, int* cancelled) {
  try {
    co_await sleep_for(duration);
  } catch (const boost::system::system_error&) {
    ++*cancelled;
  }
}

TEST(Sleepers, CancelledOnesLeaveTheOthersToTheirTime) {
  int cancelled = 0;
  std::vector<TimePoint> woken;
  const auto all = [&]() -> Task<void> {
    std::vector<std::shared_ptr<detail::Child<void>>> long_ones;
    std::vector<std::shared_ptr<detail::Child<void>>> short_ones;
    for (int i = 0; i < 100; ++i) {
      long_ones.push_back(detail::start_child(sleep_and_count(hours(1 + (i * 37) % 100), &cancelled)));
      short_ones.push_back(detail::start_child(sleep_and_note(microseconds((i * 61) % 997), &woken)));
    }
    co_await test::go_round();
    for (int i = 0; i < 100; ++i) long_ones[static_cast<std::size_t>((i * 71) % 100)]->started.cancel();
    for (auto& child : long_ones) co_await child->ended.wait(std::nullopt);
    for (auto& child : short_ones) co_await child->ended.wait(std::nullopt);
  };
  run(all());
  EXPECT_EQ(cancelled, 100);
  EXPECT_EQ(woken.size(), 100U);
}

TEST(Sleepers, SleepForNoTimeComesAfterWhatWasPostedBefore) {
  std::vector<int> order;
  const auto all = [&]() -> Task<void> {
    boost::asio::post(Loop::current()->context(), [&order] { order.push_back(1); });
    co_await sleep_for(Duration::zero());
    order.push_back(2);
  };
  run(all());
  EXPECT_THAT(order, testing::ElementsAre(1, 2));
}

TEST(Sleepers, CoroutineOfAnotherContextSleepsOnThat) {
  boost::asio::io_context elsewhere;
  bool woken = false;
  const auto sleep = [](bool* flag) -> Task<void> {
    co_await sleep_for(microseconds(100));
    co_await sleep_for(Duration::zero());
    *flag = true;
  };
  boost::asio::co_spawn(elsewhere, sleep(&woken), boost::asio::detached);
  elsewhere.run();
  EXPECT_TRUE(woken);
}

TEST(Sleepers, CoroutineThatNoLoopOwnsIsDestroyedWithTheContext) {
  const auto held = std::make_shared<int>(1);
  const auto sleep_on = [](std::shared_ptr<int> hold) -> Task<void> {
    co_await sleep_for(hours(1));
    *hold = 2;
  };
  const auto leave = [&]() -> Task<void> {
    boost::asio::co_spawn(Loop::current()->context(), sleep_on(held), boost::asio::detached);
    co_await test::go_round();
  };
  run(leave());
  EXPECT_EQ(held.use_count(), 1);
  EXPECT_EQ(*held, 1);
}

}  // namespace
}  // namespace overlap
