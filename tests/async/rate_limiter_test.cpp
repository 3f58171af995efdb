#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <overlap/async/rate_limiter.hpp>
#include <overlap/async/task_group.hpp>
#include <stdexcept>
#include <thread>
#include <vector>

#include "async/cancelling.hpp"

namespace overlap {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;
using test::go_round;
using testing::ElementsAre;

TimePoint at(Duration time) { return TimePoint(hours(1) + time); }

/// The times at which `count` go ahead that are all there from time 0 on.
std::vector<Duration> times(detail::CellRate rate, int count) {
  std::vector<Duration> all;
  TimePoint now = at(seconds(0));
  for (int i = 0; i < count; ++i) {
    now = std::max(now, rate.next());
    rate.take(now);
    all.push_back(now - at(seconds(0)));
  }
  return all;
}

TEST(CellRate, WithABurstOfOneTheyAreEvenlySpaced) {
  EXPECT_THAT(times(detail::CellRate(seconds(2), 1), 4), ElementsAre(seconds(0), seconds(2), seconds(4), seconds(6)));
}

TEST(CellRate, ABurstGoesAheadAtOnce) {
  EXPECT_THAT(times(detail::CellRate(seconds(2), 3), 5),
              ElementsAre(seconds(0), seconds(0), seconds(0), seconds(2), seconds(4)));
}

TEST(CellRate, ALongRestAllowsOneBurstAndNoMore) {
  detail::CellRate rate(seconds(2), 2);
  rate.take(at(seconds(0)));
  rate.take(at(seconds(1000)));
  EXPECT_LE(rate.next(), at(seconds(1000)));
  rate.take(at(seconds(1000)));
  EXPECT_EQ(rate.next(), at(seconds(1002)));
}

TEST(CellRate, ABurstMakesUpForOneThatComesLate) {
  detail::CellRate rate(seconds(2), 2);
  rate.take(at(seconds(0)));
  rate.take(at(seconds(0)));
  rate.take(at(seconds(3)));  // allowed from 2 on
  EXPECT_EQ(rate.next(), at(seconds(4)));
}

TEST(CellRate, WithoutABurstOneThatComesLateMovesTheOthers) {
  detail::CellRate rate(seconds(2), 1);
  rate.take(at(seconds(0)));
  rate.take(at(seconds(3)));
  EXPECT_EQ(rate.next(), at(seconds(5)));
}

TEST(CellRate, HugeNumbersDoNotOverflow) {
  detail::CellRate rare(Duration::max(), 1);
  rare.take(at(seconds(0)));
  EXPECT_EQ(rare.next(), TimePoint::max());
  detail::CellRate often(nanoseconds(1), static_cast<std::size_t>(-1));
  often.take(at(seconds(0)));
  EXPECT_LE(often.next(), at(seconds(0)));
  detail::CellRate both(Duration::max(), static_cast<std::size_t>(-1));
  both.take(at(seconds(0)));
  both.take(at(seconds(0)));
}

TEST(RateLimiter, LetsAheadNoMoreThanWasSaid) {
  RateLimiter limiter({.count = 100, .per = seconds(1), .burst = 2});
  const auto all = [&]() -> Task<void> {
    for (int i = 0; i < 5; ++i) co_await limiter.acquire();
  };
  const TimePoint begin = Clock::now();
  run(all());
  EXPECT_GE(Clock::now() - begin, milliseconds(30));
}

TEST(RateLimiter, AnIntervalIsRoundedUp) {
  RateLimiter limiter({.count = 3, .per = nanoseconds(10)});
  EXPECT_TRUE(limiter.try_acquire());
}

TEST(RateLimiter, IsFirstComeFirstServed) {
  RateLimiter limiter({.count = 1000, .per = seconds(1)});
  std::vector<int> order;
  const auto enter = [&](int name) -> Task<void> {
    co_await limiter.acquire();
    order.push_back(name);
  };
  const auto body = [&](TaskGroup& group) -> Task<void> {
    for (int i = 0; i < 5; ++i) group.spawn(enter(i));
    co_return;
  };
  run(TaskGroup::run(body));
  EXPECT_THAT(order, ElementsAre(0, 1, 2, 3, 4));
}

TEST(RateLimiter, TryAcquireTakesWhatIsThereAndNoMore) {
  RateLimiter limiter({.count = 1, .per = hours(1), .burst = 2});
  EXPECT_TRUE(limiter.try_acquire());
  EXPECT_TRUE(limiter.try_acquire());
  EXPECT_FALSE(limiter.try_acquire());
}

TEST(RateLimiter, ACancelledWaiterUsesNothingUp) {
  // Did each of those that are cancelled use up a turn, the last would wait for many minutes.
  RateLimiter limiter({.count = 5, .per = seconds(1)});
  const auto body = [&](TaskGroup& group) -> Task<void> {
    co_await limiter.acquire();
    std::vector<Future<void>> given_up;
    for (int i = 0; i < 3'000; ++i) given_up.push_back(group.spawn(limiter.acquire()));
    auto last = group.spawn(limiter.acquire());
    co_await go_round(3);
    for (auto& future : given_up) future.request_stop();
    co_await last;
  };
  const TimePoint begin = Clock::now();
  run(TaskGroup::run(body));
  EXPECT_GE(Clock::now() - begin, milliseconds(200));
  EXPECT_EQ(limiter.waiting(), 0U);
}

TEST(RateLimiter, RefusesOptionsThatMeanNothing) {
  EXPECT_THROW(RateLimiter({.count = 0}), std::invalid_argument);
  EXPECT_THROW(RateLimiter({.per = seconds(0)}), std::invalid_argument);
  EXPECT_THROW(RateLimiter({.burst = 0}), std::invalid_argument);
}

TEST(RateLimiter, UseOnAnotherThreadIsRefused) {
  RateLimiter limiter({.count = 1, .per = hours(1), .burst = 2});
  EXPECT_TRUE(limiter.try_acquire());
  std::thread([&] { EXPECT_THROW(limiter.try_acquire(), std::logic_error); }).join();
}

TEST(RateLimiter, TasksThatWaitMayOutliveIt) {
  const auto body = [](TaskGroup& group) -> Task<void> {
    RateLimiter limiter({.count = 100, .per = seconds(1)});
    for (int i = 0; i < 3; ++i) group.spawn(limiter.acquire());
    co_await go_round(3);
  };
  run(TaskGroup::run(body));
}

}  // namespace
}  // namespace overlap
