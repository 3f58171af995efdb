#include <overlap/http/retry_policy.hpp>

#include <gtest/gtest.h>

#include <ctime>

namespace overlap::http {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const auto kNow = std::chrono::system_clock::from_time_t(784'111'777);  // Sun, 06 Nov 1994 08:49:37 GMT

TEST(RetryPolicy, GivesUpAfterMaxRetries) {
  std::mt19937_64 random(1);
  RetryPolicy policy;
  policy.max_retries = 2;
  EXPECT_TRUE(policy.next_delay(1, std::nullopt, random));
  EXPECT_TRUE(policy.next_delay(2, std::nullopt, random));
  EXPECT_FALSE(policy.next_delay(3, std::nullopt, random));
}

TEST(RetryPolicy, NoRetriesMeansNone) {
  std::mt19937_64 random(1);
  RetryPolicy policy;
  policy.max_retries = 0;
  EXPECT_FALSE(policy.next_delay(1, seconds(1), random));
}

TEST(RetryPolicy, DelaysAreSpreadFromZeroToADoublingBoundThatIsCapped) {
  std::mt19937_64 random(1);
  RetryPolicy policy;
  policy.max_retries = 100;
  policy.base_delay = milliseconds(100);
  policy.max_delay = seconds(1);
  const auto bounds = [&](int tries) {
    Duration least = Duration::max();
    Duration most{};
    for (int i = 0; i < 2000; ++i) {
      const Duration delay = *policy.next_delay(tries, std::nullopt, random);
      least = std::min(least, delay);
      most = std::max(most, delay);
    }
    return std::pair(least, most);
  };
  for (const auto& [tries, bound] : {std::pair(1, milliseconds(100)),
                                     {2, milliseconds(200)},
                                     {4, milliseconds(800)},
                                     {5, milliseconds(1000)},
                                     {90, milliseconds(1000)}}) {
    const auto [least, most] = bounds(tries);
    EXPECT_LT(least, bound / 20) << tries;
    EXPECT_LE(most, bound) << tries;
    EXPECT_GT(most, bound * 19 / 20) << tries;
  }
}

TEST(RetryPolicy, TheServersLongerWaitIsKeptUpToTheCap) {
  std::mt19937_64 random(1);
  RetryPolicy policy;
  policy.max_server_delay = seconds(30);
  EXPECT_EQ(policy.next_delay(1, seconds(20), random), seconds(20));
  EXPECT_EQ(policy.next_delay(1, seconds(9000), random), seconds(30));
}

TEST(RetryAfter, SecondsAreRead) {
  EXPECT_EQ(parse_retry_after("120", kNow), seconds(120));
  EXPECT_EQ(parse_retry_after(" 0 ", kNow), seconds(0));
}

TEST(RetryAfter, AnHttpDateIsTheTimeUntilThen) {
  EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:50:37 GMT", kNow), seconds(60));
}

TEST(RetryAfter, APastDateIsNoDelay) {
  EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:00:00 GMT", kNow), seconds(0));
}

TEST(RetryAfter, AbsurdSecondsAreCappedWithoutOverflow) {
  const auto delay = parse_retry_after("99999999999999999999999999", kNow);
  ASSERT_TRUE(delay);
  EXPECT_GT(*delay, std::chrono::hours(24 * 365));
}

TEST(RetryAfter, AnAbsurdDateIsCappedWithoutOverflow) {
  for (const char* date : {"Fri, 31 Dec 9999 23:59:59 GMT", "Sat, 01 Jan 2300 00:00:00 GMT"}) {
    const auto delay = parse_retry_after(date, kNow);
    ASSERT_TRUE(delay) << date;
    EXPECT_GT(*delay, std::chrono::hours(24 * 365)) << date;
  }
}

TEST(RetryAfter, WhatIsNeitherIsNothing) {
  for (const char* text : {"", " ", "-5", "1.5", "soon", "12 monkeys", "\x01"}) {
    EXPECT_FALSE(parse_retry_after(text, kNow)) << text;
  }
}

TEST(RetryAfter, ADateInAnAbsurdYearIsNeitherAnOverflowNorForever) {
  const std::chrono::system_clock::time_point now(std::chrono::seconds(1'764'259'200));
  const auto a_century = std::chrono::seconds(100LL * 365 * 86'400);
  EXPECT_EQ(parse_retry_after("Fri, 31 Dec 9999 23:59:59 GMT", now), a_century);
  EXPECT_EQ(parse_retry_after("9 Nov 999199", now), a_century);
  EXPECT_EQ(parse_retry_after("Mon, 01 Jan 1601 00:00:00 GMT", now), Duration::zero());
}

}  // namespace
}  // namespace overlap::http
