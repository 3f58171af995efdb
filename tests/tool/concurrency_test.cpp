// The search for the right concurrency against simulated origins in virtual time: no clock, no threads, no chance but
// that of a seeded generator.
#include "get/concurrency.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <queue>
#include <random>
#include <string>
#include <vector>

namespace overlap::get {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr TimePoint kBegin{seconds(1000)};

/// So many places, each of which answers one request after the other; the others wait. Above `refuses_above` requests
/// at a time it refuses. Bodies go one after the other through a link.
struct SimulatedOrigin {
  std::size_t places = 64;
  Duration service = milliseconds(20);
  std::size_t refuses_above = 1'000'000;
  std::uint64_t body = 0;
  double bytes_per_second = 1e12;
  std::function<double(Duration since_begin, std::mt19937_64& random)> slowness = [](Duration, std::mt19937_64&) {
    return 1.0;
  };
};

double noisy(Duration, std::mt19937_64& random) { return std::exponential_distribution<double>(1)(random); }

double three_times_slower_after_10_s(Duration since_begin, std::mt19937_64&) {
  return since_begin < seconds(10) ? 1 : 3;
}

/// Clients that ask as much at a time as a limit allows, for as long as it is told to.
class Simulation {
 public:
  explicit Simulation(SimulatedOrigin origin) : origin_(std::move(origin)), free_at_(origin_.places, kBegin) {}

  /// Answers a second; `fixed`: the limit.
  double run(Duration duration, std::size_t fixed = 0) {
    const std::size_t before = answers_;
    const TimePoint from = now_;
    while (now_ < from + duration) {
      while (running_ < (fixed == 0 ? search_.limit() : fixed)) start();
      end_next();
      most_allowed_ = std::max(most_allowed_, search_.limit());
      if (!search_.is_searching() && searched_ == Duration::zero()) searched_ = now_ - kBegin;
    }
    return static_cast<double>(answers_ - before) / std::chrono::duration<double>(duration).count();
  }

  Concurrency& search() { return search_; }
  std::size_t refusals() const { return refusals_; }
  std::size_t most_allowed() const { return most_allowed_; }
  Duration searched() const { return searched_; }

 private:
  struct Event {
    TimePoint ends;
    TimePoint started;
    TimePoint first_byte;
    bool is_refused;
    bool operator>(const Event& other) const { return ends > other.ends; }
  };

  void start() {
    now_ += nanoseconds(1);  // no two at the same time, as with a real clock
    ++running_;
    search_.started(now_, running_);
    if (running_ > origin_.refuses_above) return events_.push({now_ + milliseconds(1), now_, {}, true});
    const double slowness = origin_.slowness(now_ - kBegin, random_);
    const auto service = std::chrono::duration_cast<Duration>(origin_.service * slowness);
    const auto place = std::ranges::min_element(free_at_);
    *place = std::max(*place, now_) + service;
    if (origin_.body == 0) return events_.push({*place, now_, *place, false});
    const double sending = static_cast<double>(origin_.body) / origin_.bytes_per_second;
    const auto body = std::chrono::duration_cast<Duration>(std::chrono::duration<double>(sending));
    link_free_at_ = std::max(link_free_at_, *place) + body;
    events_.push({link_free_at_, now_, *place, false});
  }

  void end_next() {
    const Event event = events_.top();
    events_.pop();
    now_ = std::max(now_, event.ends);
    --running_;
    if (event.is_refused) {
      ++refusals_;
      search_.left(event.started, now_);
      search_.refused(event.started, now_);
      return;
    }
    ++answers_;
    search_.served(event.started, now_, {event.first_byte - event.started, now_ - event.started, origin_.body});
  }

  const SimulatedOrigin origin_;
  Concurrency search_{{}};
  std::vector<TimePoint> free_at_;
  TimePoint link_free_at_ = kBegin;
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
  std::mt19937_64 random_{1};
  TimePoint now_ = kBegin;
  Duration searched_{};
  std::size_t running_ = 0;
  std::size_t answers_ = 0;
  std::size_t refusals_ = 0;
  std::size_t most_allowed_ = 0;
};

double best_fixed(const SimulatedOrigin& origin, Duration duration) {
  double best = 0;
  for (const std::size_t fixed : {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 640, 768, 1024}) {
    if (fixed <= origin.refuses_above) best = std::max(best, Simulation(origin).run(duration, fixed));
  }
  return best;
}

/// The search included.
double share_of_best(const SimulatedOrigin& origin, Duration duration = seconds(30)) {
  return Simulation(origin).run(duration) / best_fixed(origin, duration);
}

class Knees : public testing::TestWithParam<std::size_t> {};
INSTANTIATE_TEST_SUITE_P(At, Knees, testing::Values(1, 3, 8, 64, 512),
                         [](const auto& param) { return std::to_string(param.param); });

TEST_P(Knees, AreFoundWithinATenthOfTheBestFixedNumber) { EXPECT_GE(share_of_best({.places = GetParam()}), 0.9); }

TEST_P(Knees, AreFoundThoughAnswersTakeVeryDifferentTimes) {
  EXPECT_GE(share_of_best({.places = GetParam(), .slowness = noisy}), 0.9);
}

TEST_P(Knees, DoNotMakeALongQueue) {
  Simulation simulation({.places = GetParam()});
  simulation.run(seconds(30));
  EXPECT_LE(simulation.search().limit(), std::max<std::size_t>(12, GetParam() * 8 / 5));
  // Twelve is what the first step beyond six is; half of what runs at a time may wait, and is tried half higher.
  EXPECT_LE(simulation.most_allowed(), std::max<std::size_t>(12, GetParam() * 9 / 4));
}

TEST(Concurrency, BeginsWithWhatItIsToldTo) {
  EXPECT_EQ(Concurrency({}).limit(), 6U);
  EXPECT_EQ(Concurrency({.start = 64}).limit(), 64U);
  EXPECT_EQ(Concurrency({.start = 6, .ceiling = 4}).limit(), 4U);
}

TEST(Concurrency, DoublesWhileAnswersTakeNoLonger) {
  Simulation simulation({.places = 2000});
  simulation.run(milliseconds(500));
  EXPECT_EQ(simulation.search().limit(), 1024U);  // the ceiling: six times 2^8 is more
}

TEST(Concurrency, IsFoundWithinADozenLatencies) {
  Simulation simulation({.places = 64});
  simulation.run(seconds(1));
  EXPECT_GT(simulation.searched(), Duration::zero());
  EXPECT_LE(simulation.searched(), milliseconds(20) * 12);
}

TEST(Concurrency, OfALimitThatNobodyReachesNothingIsMade) {
  Concurrency search({.start = 64});
  TimePoint now = kBegin;
  for (int i = 0; i < 1000; ++i) {
    search.started(now, 1);
    search.served(now, now + milliseconds(20), {milliseconds(20), milliseconds(20), 0});
    now += milliseconds(21);
  }
  EXPECT_EQ(search.limit(), 64U);
  EXPECT_TRUE(search.is_searching());
}

TEST(Concurrency, ALinkThatIsFullIsAKneeToo) {
  const SimulatedOrigin origin{
      .places = 5000, .body = 100'000, .bytes_per_second = 1e8};  // 1000 a second: 20 at a time
  EXPECT_GE(share_of_best(origin), 0.9);
  Simulation simulation(origin);
  simulation.run(seconds(10));
  EXPECT_LE(simulation.most_allowed(), 48U);
}

TEST(Concurrency, BodiesThatGrowAreNoQueue) {
  Concurrency search({});
  TimePoint now = kBegin;
  for (std::uint64_t size = 10'000; size < 10'000'000; size += size / 20) {  // at a constant 100 kB a millisecond
    for (std::size_t i = 0; i < search.limit(); ++i) search.started(now + nanoseconds(i), i + 1);
    const auto whole = milliseconds(10) + nanoseconds(size * 10);
    for (std::size_t i = search.limit(); i-- > 0;)
      search.served(now + nanoseconds(i), now + whole, {milliseconds(10), whole, size});
    now += whole + milliseconds(1);
  }
  EXPECT_EQ(search.limit(), 1024U);
}

// ---- Refusals

TEST(Concurrency, ARefusalHalvesTheLimitOnceForAllThatWasUnderWay) {
  Concurrency search({.start = 64});
  for (std::size_t i = 0; i < 64; ++i) search.started(kBegin + nanoseconds(i), i + 1);
  search.refused(kBegin + nanoseconds(1), kBegin + milliseconds(20));
  search.refused(kBegin + nanoseconds(2), kBegin + milliseconds(21));
  EXPECT_EQ(search.limit(), 32U);
  search.refused(kBegin + milliseconds(22), kBegin + milliseconds(40));  // it is still too much
  EXPECT_EQ(search.limit(), 16U);
  EXPECT_FALSE(search.is_searching());
}

TEST(Concurrency, OneAtATimeIsNoQueueHoweverLongItTakes) {
  Concurrency search({.start = 1});
  TimePoint now = kBegin;
  const auto answer = [&](Duration latency, int count) {
    for (int i = 0; i < count; ++i) {
      search.started(now, 1);
      search.served(now, now + latency, {latency, latency, 0});
      now += latency + milliseconds(1);
    }
  };
  search.refused(now, now);
  now += milliseconds(1);
  answer(milliseconds(20), 16);
  answer(milliseconds(200), 100);
  answer(minutes(1), 400);  // the refusal is long ago
  EXPECT_GT(search.limit(), 1U);
}

TEST(Concurrency, IsNeverBelowOne) {
  Concurrency search({});
  for (int i = 0; i < 10; ++i) search.refused(kBegin + seconds(2 * i), kBegin + seconds(2 * i + 1));
  EXPECT_EQ(search.limit(), 1U);
}

TEST(Concurrency, SettlesBelowWhatIsRefused) {
  for (const std::size_t most : {3U, 20U, 64U, 300U}) {
    const SimulatedOrigin origin{.places = 2000, .refuses_above = most};
    Simulation simulation(origin);
    simulation.run(seconds(10));
    EXPECT_LE(simulation.search().limit(), most);
    const std::size_t refusals = simulation.refusals();
    const double rate = simulation.run(seconds(20));
    EXPECT_GE(rate, 0.85 * best_fixed(origin, seconds(20))) << most;
    EXPECT_EQ(simulation.refusals(), refusals) << most;  // and does not ask for more again and again
  }
}

TEST(Concurrency, AsksForMoreAgainAMinuteAfterARefusal) {
  const auto after = [](Duration wait) {
    Concurrency search({.start = 10, .ceiling = 10});
    search.refused(kBegin, kBegin);
    TimePoint now = kBegin + nanoseconds(1);
    const TimePoint end = now + wait;
    while (now < end) {
      for (std::size_t i = 0; i < search.limit(); ++i) search.started(now + nanoseconds(i), i + 1);
      const std::size_t running = search.limit();
      for (std::size_t i = running; i-- > 0;)
        search.served(now + nanoseconds(i), now + milliseconds(20), {milliseconds(20), milliseconds(20), 0});
      now += milliseconds(25);
    }
    return search.limit();
  };
  EXPECT_EQ(after(seconds(50)), 9U);
  EXPECT_EQ(after(seconds(70)), 10U);
}

TEST(Concurrency, WhatIsLostHalvesTheLimitAndDoesNotBindItFromThenOn) {
  Concurrency search({.start = 64});
  search.lost(kBegin, kBegin + seconds(10));
  search.lost(kBegin, kBegin + seconds(11));
  EXPECT_EQ(search.limit(), 32U);
}

TEST(Concurrency, ARoundDoesNotWaitForWhatHangs) {
  Concurrency search({.start = 32});
  for (std::size_t i = 0; i < 32; ++i) search.started(kBegin + nanoseconds(i), i + 1);
  for (std::size_t i = 0; i < 8; ++i) search.left(kBegin + nanoseconds(i), kBegin + seconds(2));
  for (std::size_t i = 10; i < 32; ++i)  // two are not heard of
    search.served(kBegin + nanoseconds(i), kBegin + seconds(2), {milliseconds(20), milliseconds(20), 0});
  EXPECT_EQ(search.limit(), 64U);
}

// ---- An origin that changes

TEST(Concurrency, AnOriginThatSlowsDownIsAskedForLessAtFirst) {
  Simulation simulation({.places = 64, .slowness = three_times_slower_after_10_s});
  simulation.run(seconds(10));
  const std::size_t before = simulation.search().limit();
  std::size_t least = before;
  for (int i = 0; i < 40; ++i) {
    simulation.run(milliseconds(50));
    least = std::min(least, simulation.search().limit());
  }
  EXPECT_LE(least, before * 2 / 3);
}

TEST(Concurrency, AnOriginThatIsSlowWhateverIsAskedIsAskedForAllThatItCanDo) {
  EXPECT_GE(share_of_best({.places = 64, .slowness = three_times_slower_after_10_s}), 0.9);
}

TEST(Concurrency, AnOriginThatCanDoLessIsAskedForLess) {
  // A third of the places is a third of the throughput with the same latency; here, what an answer takes grows with the
  // number under way from then on, as it does where they share one CPU.
  Concurrency search({.start = 60});
  TimePoint now = kBegin;
  const auto round = [&](auto latency_of) {
    const std::size_t running = search.limit();
    const Duration latency = latency_of(running);
    for (std::size_t i = 0; i < running; ++i) search.started(now + nanoseconds(i), i + 1);
    for (std::size_t i = running; i-- > 0;) search.served(now + nanoseconds(i), now + latency, {latency, latency, 0});
    now += latency + milliseconds(1);
  };
  const auto with_places = [](std::size_t places) {
    return [places](std::size_t running) { return milliseconds(20) * std::max<std::size_t>(running, places) / places; };
  };
  for (int i = 0; i < 50; ++i) round(with_places(60));
  EXPECT_GE(search.limit(), 60U);
  for (int i = 0; i < 50; ++i) round(with_places(20));
  EXPECT_GE(search.limit(), 20U);
  EXPECT_LE(search.limit(), 45U);
}

TEST(Concurrency, AnOriginThatIsQuickAgainIsAskedForMoreAgain) {
  const auto slow_from_10_to_20_s = [](Duration since_begin, std::mt19937_64&) {
    return since_begin < seconds(10) || since_begin > seconds(20) ? 1.0 : 3.0;
  };
  EXPECT_GE(share_of_best({.places = 64, .slowness = slow_from_10_to_20_s}), 0.9);
}

}  // namespace
}  // namespace overlap::get
