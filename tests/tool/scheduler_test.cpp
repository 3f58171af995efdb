#include "get/scheduler.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "tool/scheduling.hpp"

namespace overlap::get {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(Scheduler, NothingQueuedStartsNothing) {
  Scheduler scheduler({});
  EXPECT_EQ(scheduler.start_next(kNow), std::nullopt);
  EXPECT_TRUE(scheduler.is_empty());
}

TEST(Scheduler, OneHostGoesInTheOrderOfTheList) {
  Scheduler scheduler({.max_concurrent = 10, .max_per_host = 10});
  for (Scheduler::Id id : {1, 2, 3}) scheduler.add(id, "a");
  EXPECT_EQ(start_all(scheduler), (Ids{1, 2, 3}));
}

TEST(Scheduler, HostsTakeTurnsWhateverTheOrderOfTheList) {
  Scheduler scheduler({.max_concurrent = 10, .max_per_host = 10});
  for (Scheduler::Id id : {1, 2, 3}) scheduler.add(id, "a");
  for (Scheduler::Id id : {4, 5, 6}) scheduler.add(id, "b");
  EXPECT_EQ(start_all(scheduler), (Ids{1, 4, 2, 5, 3, 6}));
}

TEST(Scheduler, NoMoreThanMaxConcurrentRun) {
  Scheduler scheduler({.max_concurrent = 2, .max_per_host = 10});
  for (Scheduler::Id id : {1, 2, 3}) scheduler.add(id, "a");
  EXPECT_EQ(start_all(scheduler), (Ids{1, 2}));
  finish(scheduler, "a");
  EXPECT_EQ(start_all(scheduler), (Ids{3}));
}

TEST(Scheduler, NoMoreThanMaxPerHostRunForOneHost) {
  Scheduler scheduler({.max_concurrent = 10, .max_per_host = 2});
  for (Scheduler::Id id : {1, 2, 3}) scheduler.add(id, "a");
  scheduler.add(4, "b");
  EXPECT_EQ(start_all(scheduler), (Ids{1, 4, 2}));
  finish(scheduler, "b");
  EXPECT_EQ(start_all(scheduler), Ids{});
  finish(scheduler, "a");
  EXPECT_EQ(start_all(scheduler), (Ids{3}));
}

TEST(Scheduler, WhatIsToBeTriedLaterWaitsForItsTimeAndThenGoesFirst) {
  Scheduler scheduler({.max_concurrent = 1, .max_per_host = 1});
  scheduler.add_later(1, "a", kNow + seconds(5));
  scheduler.add(2, "a");
  scheduler.add(3, "a");
  EXPECT_EQ(start_all(scheduler), (Ids{2}));
  finish(scheduler, "a");
  EXPECT_EQ(scheduler.next_wake_up(), kNow + seconds(5));
  EXPECT_EQ(start_all(scheduler, kNow + seconds(5)), (Ids{1}));
}

TEST(Scheduler, AHeldHostStartsNothingAndOthersGoOn) {
  Scheduler scheduler({.max_concurrent = 10, .max_per_host = 10});
  for (Scheduler::Id id : {1, 2}) scheduler.add(id, "a");
  scheduler.add(3, "b");
  scheduler.hold("a", kNow + seconds(9));
  EXPECT_EQ(start_all(scheduler), (Ids{3}));
  EXPECT_EQ(scheduler.next_wake_up(), kNow + seconds(9));
  EXPECT_EQ(start_all(scheduler, kNow + seconds(9)), (Ids{1, 2}));
}

TEST(Scheduler, AShorterHoldDoesNotShortenALongerOne) {
  Scheduler scheduler({});
  scheduler.add(1, "a");
  scheduler.hold("a", kNow + seconds(9));
  scheduler.hold("a", kNow + seconds(2));
  EXPECT_EQ(start_all(scheduler, kNow + seconds(3)), Ids{});
  EXPECT_EQ(start_all(scheduler, kNow + seconds(9)), (Ids{1}));
}

TEST(Scheduler, ALongerHoldMadeLaterHolds) {
  Scheduler scheduler({});
  scheduler.add(1, "a");
  scheduler.hold("a", kNow + seconds(2));
  scheduler.hold("a", kNow + seconds(9));
  EXPECT_EQ(start_all(scheduler, kNow + seconds(3)), Ids{});
  EXPECT_EQ(start_all(scheduler, kNow + seconds(9)), (Ids{1}));
}

TEST(Scheduler, TheNextHopOfARedirectGoesBeforeWhatWaits) {
  Scheduler scheduler({.max_concurrent = 1, .max_per_host = 1});
  scheduler.add(1, "a");
  scheduler.add_first(2, "a");
  EXPECT_EQ(start_all(scheduler), (Ids{2}));
}

TEST(Scheduler, DroppingTheQueueLeavesWhatRuns) {
  Scheduler scheduler({.max_concurrent = 1, .max_per_host = 1});
  for (Scheduler::Id id : {1, 2}) scheduler.add(id, "a");
  scheduler.add_later(3, "b", kNow + seconds(1));
  start_all(scheduler);
  Ids dropped = scheduler.drop_queued();
  std::ranges::sort(dropped);
  EXPECT_EQ(dropped, (Ids{2, 3}));
  EXPECT_EQ(scheduler.running(), 1U);
  EXPECT_FALSE(scheduler.is_empty());
  finish(scheduler, "a");
  EXPECT_TRUE(scheduler.is_empty());
  EXPECT_EQ(start_all(scheduler, kNow + seconds(2)), Ids{});
}

// ---- Rates

TEST(Scheduler, ARateSpacesStarts) {
  Scheduler scheduler({.max_concurrent = 10, .max_per_host = 10, .interval = seconds(6)});
  for (Scheduler::Id id : {1, 2, 3}) scheduler.add(id, "a");
  EXPECT_EQ(start_all(scheduler), (Ids{1}));
  EXPECT_EQ(scheduler.next_wake_up(), kNow + seconds(6));
  EXPECT_EQ(start_all(scheduler, kNow + milliseconds(5999)), Ids{});
  EXPECT_EQ(start_all(scheduler, kNow + seconds(6)), (Ids{2}));
  EXPECT_EQ(start_all(scheduler, kNow + seconds(60)), (Ids{3})) << "a rest is not saved up";
}

TEST(Scheduler, AWakeUpThatComesLateIsMadeUpFor) {
  Scheduler scheduler({.max_concurrent = 1000, .max_per_host = 1000, .interval = milliseconds(1)});
  for (Scheduler::Id id = 1; id <= 300; ++id) scheduler.add(id, "a");
  std::size_t started = 0;
  for (int tick = 0; tick < 10; ++tick) started += start_all(scheduler, kNow + tick * milliseconds(10)).size();
  EXPECT_GE(started, 90U);
  EXPECT_LE(started, 90U + 51U) << "no more than the rate and the lateness allowed for";
}

TEST(Scheduler, ARatePerHostHoldsForEachHost) {
  Scheduler scheduler({.max_concurrent = 10, .max_per_host = 10, .host_interval = seconds(2)});
  for (Scheduler::Id id : {1, 2}) scheduler.add(id, "a");
  for (Scheduler::Id id : {3, 4}) scheduler.add(id, "b");
  EXPECT_EQ(start_all(scheduler), (Ids{1, 3}));
  EXPECT_EQ(scheduler.next_wake_up(), kNow + seconds(2));
  EXPECT_EQ(start_all(scheduler, kNow + seconds(2)), (Ids{2, 4}));
}

TEST(Scheduler, ARatePerHostIsRememberedWhenNothingIsLeftOfTheHost) {
  Scheduler scheduler({.max_concurrent = 10, .max_per_host = 10, .host_interval = seconds(2)});
  scheduler.add(1, "a");
  start_all(scheduler);
  finish(scheduler, "a");
  scheduler.add(2, "a");
  EXPECT_EQ(start_all(scheduler, kNow + seconds(1)), Ids{});
  EXPECT_EQ(start_all(scheduler, kNow + seconds(2)), (Ids{2}));
}

// ---- Hosts that do not answer

/// So many requests for each of the hosts "n0", "n1", ...
Scheduler::Id add_hosts(Scheduler& scheduler, Scheduler::Id first, int hosts, int each) {
  for (int i = 0; i < each; ++i) {
    for (int host = 0; host < hosts; ++host) scheduler.add(first++, "n" + std::to_string(host));
  }
  return first;
}

TEST(Scheduler, AHostThatHasNotAnsweredGetsMoreOnlyWhenNoOtherHasAnythingToStart) {
  Scheduler scheduler({.max_concurrent = 4, .max_per_host = 4});
  for (Scheduler::Id id : {1, 2, 3}) scheduler.add(id, "a");
  start_all(scheduler);
  for (Scheduler::Id id : {11, 12, 13}) scheduler.add(id, "b");
  scheduler.add(21, "c");
  EXPECT_EQ(start_all(scheduler), (Ids{11}));
  finish(scheduler, "b", HostSign::none);
  EXPECT_EQ(start_all(scheduler), (Ids{21})) << "the other that has nothing running, rather than more of a";
}

TEST(Scheduler, HostsThatDoNotAnswerLeaveHalfOfThePlacesToThoseThatDo) {
  Scheduler scheduler({.max_concurrent = 8, .max_per_host = 8});
  scheduler.add(1, "good");
  start_all(scheduler);
  for (Scheduler::Id id = 2; id <= 20; ++id) scheduler.add(id, "good");
  finish(scheduler, "good");
  add_hosts(scheduler, 100, 50, 1);
  const Ids started = start_all(scheduler);
  EXPECT_EQ(started.size(), 8U);
  EXPECT_EQ(std::ranges::count_if(started, [](Scheduler::Id id) { return id >= 100; }), 4);
  for (int i = 0; i < 10; ++i) {
    finish(scheduler, "good");
    const Ids next = start_all(scheduler);
    ASSERT_EQ(next.size(), 1U);
    EXPECT_LT(next[0], 100U) << "the place of an answer goes to a host that answers";
  }
}

TEST(Scheduler, NoPlaceStaysEmptyForHostsThatAnswer) {
  Scheduler scheduler({.max_concurrent = 8, .max_per_host = 2});
  scheduler.add(1, "good");
  start_all(scheduler);
  for (Scheduler::Id id = 2; id <= 20; ++id) scheduler.add(id, "good");
  finish(scheduler, "good");
  add_hosts(scheduler, 100, 50, 1);
  EXPECT_EQ(start_all(scheduler).size(), 8U);
}

TEST(Scheduler, ARequestThatHangsGivesUpItsPlaceWhileThereIsOneToSpare) {
  Scheduler scheduler({.max_concurrent = 2, .max_per_host = 6, .spare = 2});
  add_hosts(scheduler, 1, 9, 1);
  EXPECT_EQ(start_all(scheduler), (Ids{1, 2}));
  EXPECT_TRUE(scheduler.lend("n0", kNow));
  EXPECT_EQ(start_all(scheduler), (Ids{3}));
  EXPECT_TRUE(scheduler.lend("n1", kNow));
  EXPECT_FALSE(scheduler.lend("n2", kNow));
  EXPECT_EQ(start_all(scheduler), (Ids{4}));
  EXPECT_EQ(scheduler.running(), 4U);
  scheduler.finish("n0", {.sign = HostSign::silent, .started = kNow, .was_lent = true}, kNow);
  EXPECT_EQ(start_all(scheduler), Ids{}) << "what had no place any more leaves none";
  finish(scheduler, "n2");
  EXPECT_EQ(start_all(scheduler), (Ids{5}));
}

TEST(Scheduler, WhatWaitsForAHostThatIsDownIsGivenUpAndOthersGoOn) {
  Scheduler scheduler({.max_concurrent = 20, .max_per_host = 5, .probes = 0});
  for (Scheduler::Id id = 1; id <= 10; ++id) scheduler.add(id, "dead");
  scheduler.add_later(11, "dead", kNow + seconds(5));
  scheduler.add(21, "fine");
  EXPECT_EQ(start_all(scheduler).size(), 6U);
  for (int i = 0; i < 5; ++i) {
    EXPECT_FALSE(scheduler.is_down("dead"));
    scheduler.finish("dead", {.sign = HostSign::silent, .started = kNow, .trouble = {http::ErrorClass::dns, "no such"}},
                     kNow);
  }
  EXPECT_TRUE(scheduler.is_down("dead"));
  scheduler.add(12, "dead");
  const auto given_up = scheduler.take_given_up();
  ASSERT_EQ(given_up.size(), 7U);
  EXPECT_EQ(given_up[0].trouble.error_class, http::ErrorClass::dns);
  EXPECT_EQ(given_up[0].trouble.message, "no such");
  EXPECT_EQ(scheduler.queued(), 0U);
  finish(scheduler, "fine");
  EXPECT_TRUE(scheduler.is_empty());
}

TEST(Scheduler, OneRequestProbesAHostThatWasDownAndAnAnswerLetsTheRestGo) {
  Scheduler scheduler({.max_concurrent = 20, .max_per_host = 5, .probes = 0});
  for (Scheduler::Id id = 1; id <= 5; ++id) scheduler.add(id, "dead");
  start_all(scheduler);
  for (int i = 0; i < 5; ++i) finish(scheduler, "dead", HostSign::silent);
  const TimePoint later = kNow + seconds(30);
  EXPECT_EQ(start_all(scheduler, later), Ids{});
  for (Scheduler::Id id = 11; id <= 13; ++id) scheduler.add(id, "dead");
  EXPECT_EQ(start_all(scheduler, later), (Ids{11}));
  scheduler.add(14, "dead");
  EXPECT_EQ(scheduler.take_given_up().size(), 1U) << "while it is not known whether it is back";
  finish(scheduler, "dead", HostSign::answered, later);
  EXPECT_EQ(start_all(scheduler, later), (Ids{12, 13}));
}

TEST(Scheduler, FailuresThatWereNoHostsFaultAreForgiven) {
  Scheduler scheduler({.max_concurrent = 20, .max_per_host = 5});
  for (Scheduler::Id id = 1; id <= 8; ++id) scheduler.add(id, "a");
  start_all(scheduler);
  for (int i = 0; i < 5; ++i) finish(scheduler, "a", HostSign::silent);
  EXPECT_EQ(start_all(scheduler), Ids{}) << "suspected";
  scheduler.forgive();
  EXPECT_EQ(start_all(scheduler), (Ids{6, 7, 8}));
}

// ---- What this machine runs out of

TEST(Scheduler, AShortageShrinksWhatRunsAndSuccessesBringItBack) {
  Scheduler scheduler({.max_concurrent = 8, .max_per_host = 100});
  for (Scheduler::Id id = 1; id <= 200; ++id) scheduler.add(id, "a");
  start_all(scheduler);
  for (int i = 0; i < 4; ++i) {
    scheduler.finish("a", {.started = kNow}, kNow);
    scheduler.shrink(kNow, kNow + milliseconds(1));
  }
  EXPECT_EQ(scheduler.allowed(), 6U) << "once for all that were under way";
  EXPECT_EQ(start_all(scheduler, kNow + seconds(1)).size(), 2U);
  for (int i = 0; i < 6 + 7; ++i) {
    finish(scheduler, "a");
    start_all(scheduler, kNow + seconds(1));
  }
  EXPECT_EQ(scheduler.allowed(), 8U);
  EXPECT_EQ(scheduler.running(), 8U);
}

TEST(Scheduler, OneAlwaysMayRun) {
  Scheduler scheduler({.max_concurrent = 8, .max_per_host = 8});
  for (int i = 0; i < 20; ++i) scheduler.shrink(kNow + seconds(i), kNow + seconds(i));
  scheduler.add(1, "a");
  EXPECT_EQ(start_all(scheduler), (Ids{1}));
}

TEST(Scheduler, FailedLookupsMakeFewerOfThem) {
  Scheduler scheduler({.max_concurrent = 16, .max_per_host = 8});
  Scheduler::Id next = add_hosts(scheduler, 1, 16, 1);
  EXPECT_EQ(start_all(scheduler).size(), 16U);
  for (int host = 0; host < 16; ++host) {
    scheduler.finish("n" + std::to_string(host), {.sign = HostSign::silent, .started = kNow, .is_lookup = true},
                     kNow + milliseconds(1));
  }
  add_hosts(scheduler, next, 16, 1);
  EXPECT_EQ(start_all(scheduler, kNow + seconds(1)).size(), 8U);
}

// ---- All together

TEST(Scheduler, EveryIdIsStartedExactlyOnceUnderRandomUse) {
  std::uint64_t state = 12345;
  const auto random = [&state](std::uint64_t below) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    return (state >> 33) % below;
  };
  const PacingLimits limits{
      .max_concurrent = 7, .max_per_host = 3, .interval = milliseconds(3), .host_interval = milliseconds(20)};
  Scheduler scheduler(limits);
  std::unordered_map<std::string, std::size_t> running;
  std::vector<std::string> running_hosts;
  std::unordered_map<Scheduler::Id, std::string> host_of;
  std::vector<int> started(3001, 0);
  Scheduler::Id next = 1;
  TimePoint now = kNow;
  while (next <= 3000 || !scheduler.is_empty()) {
    now += std::chrono::milliseconds(random(50));
    if (next <= 3000 && random(2) == 0) {
      host_of[next] = std::string(1, static_cast<char>('a' + random(9)));
      if (random(4) == 0) {
        scheduler.add_later(next, host_of[next], now + std::chrono::milliseconds(random(2000)));
      } else {
        scheduler.add(next, host_of[next]);
      }
      ++next;
    }
    if (random(40) == 0) scheduler.hold(std::string(1, static_cast<char>('a' + random(9))), now + seconds(1));
    if (!running_hosts.empty() && random(2) == 0) {
      --running[running_hosts.back()];
      const auto sign = static_cast<HostSign>(random(4));
      finish(scheduler, running_hosts.back(), sign, now);
      for (const auto& one : scheduler.take_given_up()) ++started[one.id];
      running_hosts.pop_back();
    }
    if (const auto id = scheduler.start_next(now)) {
      ++started[*id];
      running_hosts.push_back(host_of[*id]);
      ASSERT_LE(++running[host_of[*id]], limits.max_per_host);
      ASSERT_LE(running_hosts.size(), limits.max_concurrent);
    }
  }
  EXPECT_TRUE(std::all_of(started.begin() + 1, started.end(), [](int times) { return times == 1; }));
}

}  // namespace
}  // namespace overlap::get
