#include <overlap/core/time.hpp>

#include <gtest/gtest.h>

#include <limits>

namespace overlap {
namespace {

using detail::saturating_cast;
using namespace std::chrono_literals;

TEST(Time, DeadlineOfZeroOrLessIsNow) {
  const TimePoint before = Clock::now();
  for (const Duration duration : {Duration::zero(), Duration(-1), Duration::min()}) {
    const TimePoint deadline = deadline_after(duration);
    EXPECT_GE(deadline, before);
    EXPECT_LE(deadline, Clock::now());
  }
}

TEST(Time, DeadlineOfTheLongestDurationIsTheEndOfTime) {
  EXPECT_EQ(deadline_after(Duration::max()), TimePoint::max());
  EXPECT_EQ(deadline_after(Duration::max() - 1s), TimePoint::max());
}

TEST(Time, DeadlineOfAnOrdinaryDurationIsThatMuchLater) {
  const TimePoint before = Clock::now();
  const TimePoint deadline = deadline_after(Duration(5s));
  EXPECT_GE(deadline, before + 5s);
  EXPECT_LE(deadline, Clock::now() + 5s);
}

TEST(Time, AbsentTimeoutHasNoDeadline) {
  EXPECT_EQ(deadline_after(Timeout()), std::nullopt);
  EXPECT_EQ(deadline_after(Timeout(std::nullopt)), std::nullopt);
  EXPECT_EQ(deadline_after(Timeout(std::optional<Duration>())), std::nullopt);
  EXPECT_TRUE(deadline_after(Timeout(1s)).has_value());
}

TEST(Time, TimeoutIsMadeOfAnyDurationAndSaturates) {
  const auto duration = [](std::optional<Duration> timeout) { return timeout; };
  EXPECT_EQ(duration(Timeout(250ms)), Duration(250ms));
  EXPECT_EQ(duration(Timeout(std::optional(3s))), Duration(3s));
  EXPECT_EQ(duration(Timeout(std::chrono::hours::max())), Duration::max());
  EXPECT_EQ(duration(Timeout(std::optional(std::chrono::hours::min()))), Duration::min());
}

TEST(Time, OrdinaryDurationsAreCastExactly) {
  EXPECT_EQ(saturating_cast(1ns), 1ns);
  EXPECT_EQ(saturating_cast(-3h), -3h);
  EXPECT_EQ(saturating_cast(std::chrono::duration<double>(0.25)), 250ms);
}

TEST(Time, HugeDurationsSaturateInsteadOfWrapping) {
  EXPECT_EQ(saturating_cast(std::chrono::hours::max()), Duration::max());
  EXPECT_EQ(saturating_cast(std::chrono::hours::min()), Duration::min());
  EXPECT_EQ(saturating_cast(std::chrono::years::max()), Duration::max());
  EXPECT_EQ(saturating_cast(std::chrono::duration<double>(1e300)), Duration::max());
  EXPECT_EQ(saturating_cast(std::chrono::duration<double>(-1e300)), Duration::min());
  EXPECT_EQ(saturating_cast(Duration::max()), Duration::max());
  EXPECT_EQ(saturating_cast(Duration::min()), Duration::min());
}

TEST(Time, InfinityIsForEverAndNotANumberIsNoTimeAtAll) {
  using Seconds = std::chrono::duration<double>;
  EXPECT_EQ(saturating_cast(Seconds(std::numeric_limits<double>::infinity())), Duration::max());
  EXPECT_EQ(saturating_cast(Seconds(-std::numeric_limits<double>::infinity())), Duration::min());
  EXPECT_LE(saturating_cast(Seconds(std::numeric_limits<double>::quiet_NaN())), Duration::zero());
}

}  // namespace
}  // namespace overlap
