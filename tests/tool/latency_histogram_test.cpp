#include "get/latency_histogram.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace overlap::get {
namespace {

using std::chrono::microseconds;

TEST(LatencyHistogram, EmptyGivesZeros) {
  const LatencyHistogram histogram;
  EXPECT_EQ(histogram.quantile(0.5), Duration::zero());
  EXPECT_EQ(histogram.max(), Duration::zero());
}

TEST(LatencyHistogram, OneValueIsEveryQuantile) {
  LatencyHistogram histogram;
  histogram.record(microseconds(1234));
  EXPECT_EQ(histogram.quantile(0.0), microseconds(1234));
  EXPECT_EQ(histogram.quantile(0.5), microseconds(1234));
  EXPECT_EQ(histogram.quantile(1.0), microseconds(1234));
}

TEST(LatencyHistogram, QuantilesAreWithinTheStatedPrecisionOfTheExactOnes) {
  LatencyHistogram histogram;
  std::vector<double> exact;
  std::uint64_t state = 7;
  for (int i = 0; i < 20'000; ++i) {
    state = state * 6364136223846793005ULL + 1;
    const double micros = std::exp(static_cast<double>(state >> 40) / static_cast<double>(1 << 24) * 18);
    histogram.record(microseconds(static_cast<std::int64_t>(micros)));
    exact.push_back(micros);
  }
  std::ranges::sort(exact);
  for (const double share : {0.01, 0.1, 0.5, 0.9, 0.99, 0.999}) {
    const double wanted = exact[static_cast<std::size_t>(std::ceil(share * 20'000)) - 1];
    const double got = std::chrono::duration<double, std::micro>(histogram.quantile(share)).count();
    EXPECT_NEAR(got, wanted, wanted * 0.017 + 1.0) << "at " << share;
  }
}

TEST(LatencyHistogram, TheLargestDurationAndNegativeOnesAreCounted) {
  LatencyHistogram histogram;
  histogram.record(Duration::max());
  histogram.record(Duration(-5));
  EXPECT_EQ(histogram.count(), 2U);
  EXPECT_EQ(histogram.max(), Duration::max());
  EXPECT_EQ(histogram.quantile(0.5), Duration::zero());
}

}  // namespace
}  // namespace overlap::get
