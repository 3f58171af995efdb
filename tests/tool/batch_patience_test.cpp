// How long a run waits before it deals with what has ended.
#include "get/batch_patience.hpp"

#include <gtest/gtest.h>

namespace overlap::get {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr TimePoint kNow{seconds(1000)};

LatencyHistogram answers_of(Duration latency) {
  LatencyHistogram histogram;
  for (int i = 0; i < 100; ++i) histogram.record(latency);
  return histogram;
}

TEST(BatchPatience, IsASmallPartOfAnAnswerWhereTheTimeGoesIntoWaiting) {
  BatchPatience patience;
  patience.at(kNow, seconds(1), answers_of(milliseconds(50)));
  const Duration found = patience.at(kNow + milliseconds(200), seconds(1), answers_of(milliseconds(50)));
  EXPECT_GT(found, microseconds(150));
  EXPECT_LT(found, microseconds(250));
}

TEST(BatchPatience, IsAMillisecondWhereCpuTimeIsShort) {
  BatchPatience patience;
  patience.at(kNow, seconds(1), answers_of(milliseconds(3)));
  const auto cpu = seconds(1) + milliseconds(190);
  EXPECT_EQ(patience.at(kNow + milliseconds(200), cpu, answers_of(milliseconds(3))), milliseconds(1));
  EXPECT_LT(patience.at(kNow + milliseconds(400), cpu, answers_of(milliseconds(3))), microseconds(20)) << "no more";
}

TEST(BatchPatience, IsNeverMoreThanAMillisecond) {
  BatchPatience patience;
  patience.at(kNow, seconds(1), {});
  EXPECT_EQ(patience.at(kNow + milliseconds(200), seconds(1), answers_of(seconds(30))), milliseconds(1));
}

TEST(BatchPatience, ChangesATenthOfASecondLaterAtTheSoonest) {
  BatchPatience patience;
  const Duration first = patience.at(kNow, seconds(1), answers_of(milliseconds(50)));
  EXPECT_EQ(patience.at(kNow + milliseconds(99), seconds(9), answers_of(seconds(30))), first);
}

}  // namespace
}  // namespace overlap::get
