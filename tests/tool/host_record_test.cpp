#include "get/host_record.hpp"

#include <gtest/gtest.h>

namespace overlap::get {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using State = HostRecord::State;

constexpr TimePoint kStart{seconds(1000)};
constexpr HostRules kRules{.max_at_once = 8, .probe_delay = seconds(1), .probes = 3};

/// A record, and a clock that tests move.
class Watched {
 public:
  explicit Watched(HostRules rules = kRules) : rules_(rules), record(rules) {}

  void sees(HostSign sign, int times = 1) {
    for (int i = 0; i < times; ++i) record.note(sign, now, now, rules_, {http::ErrorClass::connect, "refused"});
  }
  /// Of a request that began `before` ago.
  void sees_late(HostSign sign, Duration before) { record.note(sign, now - before, now, rules_, {}); }
  /// Goes to where the next request may start, and has it fail.
  void fails_a_probe() {
    now = record.quiet_until();
    sees(HostSign::silent);
  }
  void goes_down() {
    sees(HostSign::silent, 5);
    while (record.state() != State::down) fails_a_probe();
  }

 private:
  const HostRules rules_;

 public:
  TimePoint now = kStart;
  HostRecord record;
};

TEST(HostRecord, AHostIsFineUntilItHasBeenSilentFiveTimesInARow) {
  Watched host;
  host.sees(HostSign::silent, 4);
  EXPECT_EQ(host.record.state(), State::fine);
  host.sees(HostSign::answered);
  host.sees(HostSign::silent, 4);
  EXPECT_EQ(host.record.state(), State::fine);
  host.sees(HostSign::silent);
  EXPECT_EQ(host.record.state(), State::suspected);
  EXPECT_EQ(host.record.limit(), 1U);
}

TEST(HostRecord, ASuspectedHostIsProbedLaterEachTime) {
  Watched host;
  host.sees(HostSign::silent, 5);
  EXPECT_EQ(host.record.quiet_until(), host.now + seconds(1));
  host.fails_a_probe();
  EXPECT_EQ(host.record.quiet_until(), host.now + seconds(2));
  host.fails_a_probe();
  EXPECT_EQ(host.record.quiet_until(), host.now + seconds(4));
}

TEST(HostRecord, WhatWasUnderWayWhenAHostGotSuspectedIsNoProbe) {
  Watched host;
  host.sees(HostSign::silent, 5);
  host.now += seconds(1);
  for (int i = 0; i < 10; ++i) host.sees_late(HostSign::silent, seconds(2));
  EXPECT_EQ(host.record.state(), State::suspected);
}

TEST(HostRecord, AHostIsDownWhenEveryProbeHasFailed) {
  Watched host;
  host.sees(HostSign::silent, 5);
  host.fails_a_probe();
  host.fails_a_probe();
  EXPECT_EQ(host.record.state(), State::suspected);
  host.fails_a_probe();
  EXPECT_EQ(host.record.state(), State::down);
  EXPECT_TRUE(host.record.is_given_up(host.now, 0));
  EXPECT_EQ(host.record.trouble().message, "refused");
}

TEST(HostRecord, WithoutProbesAHostIsDownAtOnce) {
  Watched host({.max_at_once = 8, .probe_delay = seconds(1), .probes = 0});
  host.sees(HostSign::silent, 5);
  EXPECT_EQ(host.record.state(), State::down);
}

TEST(HostRecord, AHostThatIsDownIsProbedAfterARestThatDoubles) {
  Watched host;
  host.goes_down();
  EXPECT_EQ(host.record.quiet_until(), host.now + seconds(30));
  EXPECT_FALSE(host.record.is_given_up(host.record.quiet_until(), 0));
  EXPECT_TRUE(host.record.is_given_up(host.record.quiet_until(), 1)) << "while the probe is under way";
  host.fails_a_probe();
  EXPECT_EQ(host.record.quiet_until(), host.now + seconds(60));
  for (int i = 0; i < 10; ++i) host.fails_a_probe();
  EXPECT_EQ(host.record.quiet_until(), host.now + minutes(10));
}

TEST(HostRecord, OneAnswerMakesAHostFineAgain) {
  Watched host;
  host.goes_down();
  host.now = host.record.quiet_until();
  host.sees(HostSign::answered);
  EXPECT_EQ(host.record.state(), State::fine);
  EXPECT_LE(host.record.quiet_until(), host.now);
  EXPECT_EQ(host.record.limit(), 8U);
}

TEST(HostRecord, AnOverloadedHostGetsHalfAsMuchAtATime) {
  Watched host;
  host.sees(HostSign::overloaded);
  EXPECT_EQ(host.record.limit(), 4U);
  host.now += seconds(1);
  host.sees(HostSign::overloaded);
  host.now += seconds(1);
  host.sees(HostSign::overloaded);
  host.now += seconds(1);
  host.sees(HostSign::overloaded);
  EXPECT_EQ(host.record.limit(), 1U);
  EXPECT_EQ(host.record.overloads(), 4);
}

TEST(HostRecord, RequestsOfOneMomentHalveItOnce) {
  Watched host;
  host.now += seconds(1);
  host.sees(HostSign::overloaded);
  for (int i = 0; i < 7; ++i) host.sees_late(HostSign::overloaded, seconds(1));
  EXPECT_EQ(host.record.limit(), 4U);
}

TEST(HostRecord, WhatWasHalvedComesBackByOneForARoundOfAnswers) {
  Watched host;
  host.sees(HostSign::overloaded);
  host.sees(HostSign::answered, 3);
  EXPECT_EQ(host.record.limit(), 4U);
  host.sees(HostSign::answered);
  EXPECT_EQ(host.record.limit(), 5U);
  host.sees(HostSign::answered, 5 + 6 + 7);
  EXPECT_EQ(host.record.limit(), 8U);
  host.sees(HostSign::answered, 100);
  EXPECT_EQ(host.record.limit(), 8U);
}

TEST(HostRecord, AHostThatAsksForLessIsThere) {
  Watched host;
  host.sees(HostSign::silent, 4);
  host.sees(HostSign::overloaded);
  host.sees(HostSign::silent, 4);
  EXPECT_EQ(host.record.state(), State::fine);
}

TEST(HostRecord, WhatFailsOnThisMachineSaysNothingOfTheHost) {
  Watched host;
  host.sees(HostSign::none, 100);
  EXPECT_EQ(host.record.state(), State::fine);
  EXPECT_FALSE(host.record.is_proven());
}

TEST(HostRecord, AHangingRequestDoubtsTheHostUnlessItHasAnsweredSince) {
  Watched host;
  host.sees(HostSign::answered);
  host.record.doubt(host.now - seconds(1));
  EXPECT_TRUE(host.record.is_proven());
  host.record.doubt(host.now + seconds(1));
  EXPECT_FALSE(host.record.is_proven());
}

}  // namespace
}  // namespace overlap::get
