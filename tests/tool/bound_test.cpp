#include "get/bound.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "get/scheduler.hpp"

namespace overlap::get {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr TimePoint kNow{seconds(1000)};

/// Bound by `bound` nine tenths of the time, and by the end of the list for the rest.
BoundTimes times_of(Bound bound) {
  BoundTimes times;
  times.look(bound, kNow);
  times.look(Bound::end, kNow + seconds(9));
  times.end(kNow + seconds(10));
  return times;
}

TEST(BoundTimes, WhatBindsAtOneLookBindsUntilTheNext) {
  BoundTimes times;
  times.look(Bound::host, kNow);
  times.look(Bound::run, kNow + seconds(6));
  times.look(Bound::host, kNow + seconds(8));
  times.end(kNow + seconds(10));
  EXPECT_EQ(times.total(), seconds(10));
  EXPECT_DOUBLE_EQ(times.share(Bound::host), 0.8);
  EXPECT_DOUBLE_EQ(times.share(Bound::run), 0.2);
  EXPECT_DOUBLE_EQ(times.share(Bound::rate), 0);
  EXPECT_EQ(times.longest(), Bound::host);
}

TEST(BoundTimes, WithoutALookNothingIsKnown) {
  BoundTimes times;
  times.end(kNow);
  EXPECT_EQ(times.longest(), std::nullopt);
  EXPECT_DOUBLE_EQ(times.share(Bound::host), 0);
  EXPECT_THAT(what_bound(times, {}), IsEmpty());
}

TEST(BoundTimes, LooksAreDueNowAndThenOnly) {
  BoundTimes times;
  EXPECT_TRUE(times.is_due(kNow));
  times.look(Bound::host, kNow);
  EXPECT_FALSE(times.is_due(kNow + milliseconds(1)));
  EXPECT_TRUE(times.is_due(kNow + milliseconds(5)));
}

TEST(WhatBound, NamesTheShareAndTheFlagThatHelps) {
  EXPECT_EQ(
      what_bound(times_of(Bound::host), {}),
      "What bound, 90 % of the time: the limit of 6 requests a host. --max-per-host 12 or -j auto may be faster, if "
      "the host allows it.");
  EXPECT_EQ(what_bound(times_of(Bound::run), {.concurrency = 64}),
            "What bound, 90 % of the time: the limit of 64 requests at a time. -j 128 or -j auto may be faster.");
}

TEST(WhatBound, IsNoLimitOfTheBandwidthThatABurstWentBeyond) {
  EXPECT_THAT(what_bound(times_of(Bound::host), {.bandwidth_used = 1.2}), HasSubstr("--limit-rate, 100 %"));
  EXPECT_THAT(what_bound(times_of(Bound::host), {.bandwidth_used = 1097}), HasSubstr("6 requests a host"));
}

TEST(WhatBound, OfWorkersSaysHowToHaveMore) {
  const BoundContext threads{.model = cli::Model::threads, .workers = 5, .concurrency = 5};
  EXPECT_THAT(what_bound(times_of(Bound::run), threads), HasSubstr("the 5 workers. --workers 10 may be faster"));
  const BoundContext fewer{.model = cli::Model::processes, .workers = 5, .concurrency = 2};
  EXPECT_THAT(what_bound(times_of(Bound::run), fewer), HasSubstr("the limit of 2 requests at a time. -j 4"));
  EXPECT_THAT(what_bound(times_of(Bound::run), {.model = cli::Model::inline_}), HasSubstr("--model loop"));
}

TEST(WhatBound, OfWhatWasFoundAdvisesNothing) {
  const BoundContext found{.concurrency = 64, .per_host = 1024, .are_found = true, .found = 83};
  EXPECT_THAT(what_bound(times_of(Bound::host), found), HasSubstr("(83 at a time in all): more would have waited"));
  EXPECT_THAT(what_bound(times_of(Bound::run), found), HasSubstr("found, 83 at a time"));
  const BoundContext given{.per_host = 10, .are_found = true, .is_per_host_given = true, .found = 10};
  EXPECT_THAT(what_bound(times_of(Bound::host), given), HasSubstr("10 requests a host, which --max-per-host sets"));
}

TEST(WhatBound, WhatIsUsedUpBindsWhateverElseThereIs) {
  EXPECT_THAT(what_bound(times_of(Bound::host), {.bandwidth_used = 0.97}), HasSubstr("--limit-rate, 97 %"));
  EXPECT_THAT(what_bound(times_of(Bound::host), {.cpu_of_loop = 0.93}), HasSubstr("the loop's one thread"));
  const BoundContext threads{.model = cli::Model::threads, .cpu_of_loop = 1.9};
  EXPECT_THAT(what_bound(times_of(Bound::rate), threads), HasSubstr("--rate"));
}

TEST(WhatBound, HasAWordForEverythingThatBinds) {
  for (const Bound bound : kBounds) {
    EXPECT_THAT(what_bound(times_of(bound), {}), HasSubstr("What bound, "));
    EXPECT_FALSE(to_string(bound).empty());
  }
}

// ---- What the schedule says

void start_all(Scheduler& scheduler, TimePoint now = kNow) {
  while (scheduler.start_next(now)) {
  }
}

TEST(SchedulerBound, IsTheLimitThatKeepsSomethingFromStarting) {
  Scheduler by_run({.max_concurrent = 2, .max_per_host = 6});
  Scheduler by_host({.max_concurrent = 20, .max_per_host = 2});
  for (Scheduler* const scheduler : {&by_run, &by_host}) {
    for (Scheduler::Id id = 0; id < 5; ++id) scheduler->add(id, "a");
    start_all(*scheduler);
  }
  EXPECT_EQ(by_run.bound(kNow), Bound::run);
  EXPECT_EQ(by_host.bound(kNow), Bound::host);
}

TEST(SchedulerBound, IsTheRateWhereItIsNotDueYet) {
  Scheduler by_rate({.interval = seconds(1)});
  Scheduler by_host_rate({.host_interval = seconds(1)});
  for (Scheduler* const scheduler : {&by_rate, &by_host_rate}) {
    for (Scheduler::Id id = 0; id < 5; ++id) scheduler->add(id, "a");
    start_all(*scheduler);
  }
  EXPECT_EQ(by_rate.bound(kNow), Bound::rate);
  EXPECT_EQ(by_host_rate.bound(kNow), Bound::host_rate);
}

TEST(SchedulerBound, IsTheHostThatIsLeftAloneOrTheWaitForAnotherTry) {
  Scheduler scheduler({});
  scheduler.add_later(1, "a", kNow + seconds(5));
  start_all(scheduler);
  EXPECT_EQ(scheduler.bound(kNow), Bound::retry);
  scheduler.add(2, "b");
  scheduler.hold("b", kNow + seconds(5));
  start_all(scheduler);
  EXPECT_EQ(scheduler.bound(kNow), Bound::hold);
}

TEST(SchedulerBound, IsTheEndWhereNothingWaits) {
  Scheduler scheduler({});
  scheduler.add(1, "a");
  start_all(scheduler);
  EXPECT_EQ(scheduler.bound(kNow), Bound::end);
}

}  // namespace
}  // namespace overlap::get
