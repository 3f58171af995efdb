#include "get/shared_bandwidth.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

namespace overlap::get {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(SharedBandwidth, WhatIsReadIsDueAtTheRate) {
  const auto bandwidth = SharedBandwidth::create(1000);
  const TimePoint begin = Clock::now();
  const TimePoint first = bandwidth->take(2000);
  EXPECT_GE(first, begin + milliseconds(1950)) << "two seconds, less what a rest allows for";
  EXPECT_EQ(bandwidth->take(3000), first + seconds(3));
}

TEST(SharedBandwidth, ALittleMayBeReadAtOnceAfterARest) {
  const auto bandwidth = SharedBandwidth::create(1'000'000);
  EXPECT_LE(bandwidth->take(10'000), Clock::now());
}

TEST(SharedBandwidth, SmallPiecesAddUp) {
  const auto bandwidth = SharedBandwidth::create(1'000'000);
  const TimePoint begin = Clock::now();
  TimePoint last;
  for (int i = 0; i < 1000; ++i) last = bandwidth->take(1000);
  EXPECT_GE(last, begin + milliseconds(950));
}

TEST(SharedBandwidth, AnotherProcessTakesFromTheSame) {
  const auto bandwidth = SharedBandwidth::create(1000);
  const TimePoint first = bandwidth->take(1000);
  const std::string path = bandwidth->path();
  const pid_t child = fork();
  if (child == 0) {
    const auto same = SharedBandwidth::open(path, 1000);
    if (same) same->take(5000);
    _exit(same ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_EQ(status, 0);
  EXPECT_EQ(bandwidth->take(1000), first + seconds(6));
}

TEST(SharedBandwidth, WhatCannotBeOpenedIsNull) {
  EXPECT_EQ(SharedBandwidth::open("/nonexistent/bandwidth", 1), nullptr);
}

}  // namespace
}  // namespace overlap::get
