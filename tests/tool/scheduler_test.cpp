#include "get/scheduler.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace overlap::get {
namespace {

using std::chrono::seconds;

constexpr TimePoint kNow{seconds(1000)};

std::vector<Scheduler::Id> start_all(Scheduler& scheduler, TimePoint now = kNow) {
  std::vector<Scheduler::Id> started;
  while (const auto id = scheduler.start_next(now)) started.push_back(*id);
  return started;
}

using Ids = std::vector<Scheduler::Id>;

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
  scheduler.finish("a");
  EXPECT_EQ(start_all(scheduler), (Ids{3}));
}

TEST(Scheduler, NoMoreThanMaxPerHostRunForOneHost) {
  Scheduler scheduler({.max_concurrent = 10, .max_per_host = 2});
  for (Scheduler::Id id : {1, 2, 3}) scheduler.add(id, "a");
  scheduler.add(4, "b");
  EXPECT_EQ(start_all(scheduler), (Ids{1, 4, 2}));
  scheduler.finish("b");
  EXPECT_EQ(start_all(scheduler), Ids{});
  scheduler.finish("a");
  EXPECT_EQ(start_all(scheduler), (Ids{3}));
}

TEST(Scheduler, WhatIsToBeTriedLaterWaitsForItsTimeAndThenGoesFirst) {
  Scheduler scheduler({.max_concurrent = 1, .max_per_host = 1});
  scheduler.add_later(1, "a", kNow + seconds(5));
  scheduler.add(2, "a");
  scheduler.add(3, "a");
  EXPECT_EQ(start_all(scheduler), (Ids{2}));
  scheduler.finish("a");
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
  scheduler.finish("a");
  EXPECT_TRUE(scheduler.is_empty());
  EXPECT_EQ(start_all(scheduler, kNow + seconds(2)), Ids{});
}

TEST(Scheduler, EveryIdIsStartedExactlyOnceUnderRandomUse) {
  std::uint64_t state = 12345;
  const auto random = [&state](std::uint64_t below) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    return (state >> 33) % below;
  };
  const PacingLimits limits{.max_concurrent = 7, .max_per_host = 3};
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
      scheduler.finish(running_hosts.back());
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
