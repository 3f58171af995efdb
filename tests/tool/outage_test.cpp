#include "get/outage.hpp"

#include <gtest/gtest.h>

namespace overlap::get {
namespace {

using std::chrono::seconds;

class OutageTest : public testing::Test {
 protected:
  /// Failures to reach hosts "0", "1", ... in turn; whether the last one is put down to the network.
  bool fails(int times, int hosts, bool is_lookup = false) {
    bool is_network = false;
    for (int i = 0; i < times; ++i) is_network = outage_.unreachable(std::to_string(i % hosts), is_lookup, now_, now_);
    return is_network;
  }
  void goes_out() {
    fails(12, 3);
    ASSERT_TRUE(outage_.is_out());
  }
  void fails_a_probe() {
    now_ = *outage_.next_wake_up();
    ASSERT_TRUE(outage_.may_start(now_));
    outage_.unreachable("0", false, now_, now_);
  }

  TimePoint now_{seconds(1000)};
  Outage outage_{seconds(1)};
};

TEST_F(OutageTest, ADozenFailuresOfThreeHostsAreTheNetworks) {
  EXPECT_FALSE(fails(11, 3));
  EXPECT_FALSE(outage_.is_out());
  EXPECT_TRUE(fails(1, 3));
  EXPECT_TRUE(outage_.is_out());
}

TEST_F(OutageTest, TwoHostsMayBothBeDead) {
  EXPECT_FALSE(fails(1000, 2));
  EXPECT_FALSE(outage_.is_out());
}

TEST_F(OutageTest, AnAnswerInBetweenShowsThatTheNetworkIsThere) {
  for (int i = 0; i < 100; ++i) {
    fails(11, 11);
    EXPECT_FALSE(outage_.answered());
  }
  EXPECT_FALSE(outage_.is_out());
}

TEST_F(OutageTest, WhatWasUnderWayWhenItWentOutCountsForNothing) {
  goes_out();
  const auto probe = outage_.next_wake_up();
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(outage_.unreachable("7", false, now_ - seconds(1), now_));
  EXPECT_EQ(outage_.next_wake_up(), probe);
}

TEST_F(OutageTest, OnlyOneProbeIsMadeAtATimeAndLaterEachTime) {
  outage_.set_beacon(true);
  goes_out();
  EXPECT_FALSE(outage_.may_start(now_));
  EXPECT_EQ(outage_.next_wake_up(), now_ + seconds(1));
  now_ += seconds(1);
  EXPECT_TRUE(outage_.may_start(now_));
  EXPECT_FALSE(outage_.may_start(now_));
  outage_.unreachable("0", false, now_, now_);
  EXPECT_EQ(outage_.next_wake_up(), now_ + seconds(1));
  fails_a_probe();
  EXPECT_EQ(outage_.next_wake_up(), now_ + seconds(2));
  for (int i = 0; i < 10; ++i) fails_a_probe();
  EXPECT_EQ(outage_.next_wake_up(), now_ + seconds(30));
}

TEST_F(OutageTest, AnAnswerEndsIt) {
  goes_out();
  EXPECT_TRUE(outage_.answered());
  EXPECT_FALSE(outage_.is_out());
  EXPECT_TRUE(outage_.may_start(now_));
  EXPECT_FALSE(outage_.answered());
}

TEST_F(OutageTest, WithAnAddressThatOnceAnsweredItIsWaitedForAsLongAsItTakes) {
  outage_.set_beacon(true);
  goes_out();
  for (int i = 0; i < 1000; ++i) fails_a_probe();
  EXPECT_TRUE(outage_.is_out());
}

TEST_F(OutageTest, AnAddressThatIsReachedShowsThatTheHostsAreToBlame) {
  outage_.set_beacon(true);
  goes_out();
  EXPECT_EQ(outage_.beacon_reached(), Outage::Finding::hosts_at_fault);
  EXPECT_FALSE(outage_.is_out());
  EXPECT_FALSE(fails(1000, 20)) << "until something has answered";
  outage_.answered();
  EXPECT_TRUE(fails(12, 3));
}

TEST_F(OutageTest, AnAddressThatWasMissedAndIsReachedShowsThatTheNetworkIsBack) {
  outage_.set_beacon(true);
  goes_out();
  outage_.beacon_missed();
  EXPECT_EQ(outage_.beacon_reached(), Outage::Finding::network_back);
  EXPECT_FALSE(outage_.is_out());
  EXPECT_TRUE(fails(12, 3)) << "it may go again";
}

TEST_F(OutageTest, WithoutSuchAnAddressHostsAreToBlameAfterAFewProbes) {
  goes_out();
  int probes = 0;
  for (; outage_.is_out(); ++probes) fails_a_probe();
  EXPECT_EQ(probes, 6);
  EXPECT_FALSE(fails(1000, 20));
}

TEST_F(OutageTest, AReachableAddressSaysNothingOfLookups) {
  outage_.set_beacon(true);
  fails(12, 3, true);
  EXPECT_EQ(outage_.beacon_reached(), Outage::Finding::nothing);
  EXPECT_TRUE(outage_.is_out());
  int probes = 0;
  for (; outage_.is_out(); ++probes) fails_a_probe();
  EXPECT_EQ(probes, 10);
}

TEST_F(OutageTest, AProbeThatSaysNothingIsMadeAgain) {
  goes_out();
  now_ += seconds(1);
  ASSERT_TRUE(outage_.may_start(now_));
  outage_.inconclusive(now_, now_);
  EXPECT_GT(*outage_.next_wake_up(), now_);
  EXPECT_TRUE(outage_.may_start(*outage_.next_wake_up()));
}

}  // namespace
}  // namespace overlap::get
