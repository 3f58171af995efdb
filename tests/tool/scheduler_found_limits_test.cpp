// Limits that the scheduler finds by itself (-j auto).
#include <gtest/gtest.h>

#include "tool/scheduling.hpp"

namespace overlap::get {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

PacingLimits found_limits() {
  return {.max_concurrent = 1024, .max_per_host = 1024, .are_found = true, .first_concurrent = 64, .first_per_host = 6};
}

/// Rounds of whatever may start, each of which ends `latency` later, as `sign` says.
void run_rounds(Scheduler& scheduler, TimePoint& now, int count, Duration latency, HostSign sign = HostSign::answered) {
  for (int round = 0; round < count; ++round) {
    std::vector<TimePoint> started;
    while (scheduler.start_next(now)) started.push_back(now += std::chrono::nanoseconds(1));
    for (const TimePoint when : started) {
      Scheduler::Ending ending{.sign = sign, .started = when};
      if (sign == HostSign::answered) ending.took = Served{latency, latency, 0};
      ending.is_refusal = sign == HostSign::overloaded;
      scheduler.finish("a", ending, now + latency);
    }
    now += latency + milliseconds(1);
  }
}

void add_many(Scheduler& scheduler, const std::string& host, int count) {
  for (int i = 0; i < count; ++i) scheduler.add(static_cast<Scheduler::Id>(i), host);
}

TEST(Scheduler, WhatIsFoundBeginsWithTheUsualLimits) {
  Scheduler scheduler(found_limits());
  add_many(scheduler, "a", 100);
  EXPECT_EQ(start_all(scheduler).size(), 6U);
  EXPECT_EQ(scheduler.allowed(), 64U);
  EXPECT_EQ(scheduler.for_now(), 6U);
}

TEST(Scheduler, WhatIsFoundGrowsForAHostThatAnswersAsFast) {
  Scheduler scheduler(found_limits());
  add_many(scheduler, "a", 10'000);
  TimePoint now = kNow;
  run_rounds(scheduler, now, 40, milliseconds(20));
  EXPECT_GT(scheduler.found()->most, 500U);
  EXPECT_EQ(scheduler.found()->search, std::nullopt);  // it is still growing
}

TEST(Scheduler, WhatIsFoundGrowsThoughSomeRequestsSayNothingOfTheHost) {
  Scheduler scheduler(found_limits());
  add_many(scheduler, "a", 10'000);
  TimePoint now = kNow;
  for (int i = 0; i < 20; ++i) {
    run_rounds(scheduler, now, 3, milliseconds(20));
    run_rounds(scheduler, now, 1, milliseconds(20), HostSign::none);
  }
  EXPECT_GT(scheduler.found()->most, 100U);
}

TEST(Scheduler, WhatIsFoundIsNeverMoreThanWasGiven) {
  PacingLimits limits = found_limits();
  limits.max_per_host = 10;
  Scheduler scheduler(limits);
  add_many(scheduler, "a", 3000);
  TimePoint now = kNow;
  run_rounds(scheduler, now, 100, milliseconds(20));
  EXPECT_EQ(scheduler.found()->most, 10U);
}

TEST(Scheduler, WhatIsFoundIsHalvedByARefusal) {
  Scheduler scheduler(found_limits());
  add_many(scheduler, "a", 10'000);
  TimePoint now = kNow;
  run_rounds(scheduler, now, 20, milliseconds(20));
  const std::size_t before = scheduler.for_now();
  EXPECT_GT(before, 20U);
  run_rounds(scheduler, now, 1, milliseconds(20), HostSign::overloaded);
  while (scheduler.start_next(now)) {
  }
  EXPECT_EQ(scheduler.running(), before / 2);
  EXPECT_TRUE(scheduler.found()->search);
}

TEST(Scheduler, ARefusalOfOneHostSaysNothingOfAnother) {
  Scheduler scheduler(found_limits());
  add_many(scheduler, "a", 100);
  const Ids started = start_all(scheduler);
  for (std::size_t i = 0; i < started.size(); ++i)
    scheduler.finish("a", {.sign = HostSign::overloaded, .started = kNow, .is_refusal = true}, kNow + milliseconds(1));
  add_many(scheduler, "b", 100);
  EXPECT_EQ(start_all(scheduler).size(), 3U + 6U);
}

TEST(Scheduler, WhatWasFoundOfAHostIsKnownForAMinute) {
  const auto after = [](Duration pause) {
    Scheduler scheduler(found_limits());
    add_many(scheduler, "a", 1000);
    TimePoint now = kNow;
    run_rounds(scheduler, now, 100, milliseconds(20));
    EXPECT_TRUE(scheduler.is_empty());
    EXPECT_EQ(scheduler.start_next(now + pause), std::nullopt);
    add_many(scheduler, "a", 1000);
    return start_all(scheduler, now + pause).size();
  };
  EXPECT_GT(after(seconds(50)), 6U);
  EXPECT_EQ(after(seconds(70)), 6U);
}

TEST(Scheduler, AFoundLimitOfAHostThatDoesNotAnswerIsOneToo) {
  Scheduler scheduler(found_limits());
  add_many(scheduler, "a", 100);
  TimePoint now = kNow;
  run_rounds(scheduler, now, 1, milliseconds(20), HostSign::silent);
  now += seconds(2);
  EXPECT_EQ(start_all(scheduler, now).size(), 1U);
}

}  // namespace
}  // namespace overlap::get
