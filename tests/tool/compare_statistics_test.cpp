#include "compare/statistics.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace overlap::compare {
namespace {

TEST(Spread, MedianOfAnOddNumberIsTheOneInTheMiddle) {
  const Spread spread = spread_of({3, 1, 100});
  EXPECT_EQ(spread.median, 3);
  EXPECT_EQ(spread.min, 1);
  EXPECT_EQ(spread.max, 100);
}

TEST(Spread, MedianOfAnEvenNumberIsBetweenTheTwoInTheMiddle) { EXPECT_EQ(spread_of({4, 1, 2, 100}).median, 3); }

TEST(Spread, OneValueIsAllThree) {
  const Spread spread = spread_of({7});
  EXPECT_EQ(spread.median, 7);
  EXPECT_EQ(spread.min, 7);
  EXPECT_EQ(spread.max, 7);
}

TEST(Spread, OfNothingIsMisuse) { EXPECT_THROW(spread_of({}), std::invalid_argument); }

TEST(Ideal, WaitsAreSharedAmongWhatIsUnderWayAtOnce) {
  const std::vector<Stage> stages{{.waiting = 160 * 0.05, .longest = 0.05}};
  EXPECT_DOUBLE_EQ(ideal_seconds(stages, 1, 0.1, 2), 8.0);
  EXPECT_DOUBLE_EQ(ideal_seconds(stages, 5, 0.1, 2), 1.6);
}

TEST(Ideal, IsNeverBelowTheLongestWait) {
  const std::vector<Stage> stages{{.waiting = 8, .longest = 0.05}};
  EXPECT_DOUBLE_EQ(ideal_seconds(stages, 1000, 0, 2), 0.05);
}

TEST(Ideal, IsNeverBelowTheCpuTimeSharedAmongAllCpus) {
  EXPECT_DOUBLE_EQ(ideal_seconds({}, 1, 3, 2), 1.5);
  const std::vector<Stage> stages{{.waiting = 1, .longest = 1}};
  EXPECT_DOUBLE_EQ(ideal_seconds(stages, 1, 3, 2), 1.5);
}

TEST(Ideal, StagesWaitForEachOther) {
  const std::vector<Stage> stages{{.waiting = 2, .longest = 1}, {.waiting = 15, .longest = 1.5}};
  EXPECT_DOUBLE_EQ(ideal_seconds(stages, 5, 0, 2), 1 + 3);
}

TEST(Efficiency, IsTheIdealOverWhatWasMeasured) {
  EXPECT_DOUBLE_EQ(efficiency(1.6, 2.0).value(), 0.8);
  EXPECT_FALSE(efficiency(1.6, 0));
}

}  // namespace
}  // namespace overlap::compare
