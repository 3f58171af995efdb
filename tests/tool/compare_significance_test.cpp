#include "compare/significance.hpp"

#include <gtest/gtest.h>

#include <array>

namespace overlap::compare {
namespace {

using Runs = std::vector<double>;

TEST(MedianInterval, OfFiveRunsIsTheirRange) {
  const auto interval = median_interval({3, 1, 5, 2, 4}).value();
  EXPECT_EQ(interval.low, 1);
  EXPECT_EQ(interval.high, 5);
  EXPECT_DOUBLE_EQ(interval.confidence, 0.9375);
}

// 1 - 2 (1 + 10) / 1024: the second from either end of ten, as tables of the sign test have it.
TEST(MedianInterval, OfTenRunsLeavesOutTheEnds) {
  const auto interval = median_interval({1, 2, 3, 4, 5, 6, 7, 8, 9, 10}).value();
  EXPECT_EQ(interval.low, 2);
  EXPECT_EQ(interval.high, 9);
  EXPECT_NEAR(interval.confidence, 0.9785, 1e-4);
}

TEST(MedianInterval, OfOneRunIsNone) { EXPECT_FALSE(median_interval({1})); }

TEST(ChanceOfDifference, OfListsThatLieApartIsTwoOrdersAmongAll) {
  EXPECT_DOUBLE_EQ(chance_of_difference(Runs{1, 2, 3}, Runs{4, 5, 6}), 2.0 / 20);
  EXPECT_DOUBLE_EQ(chance_of_difference(Runs{1, 2, 3, 4, 5}, Runs{10, 7, 8, 9, 6}), 2.0 / 252);
}

TEST(ChanceOfDifference, OfListsThatLieWithinEachOtherIsLarge) {
  EXPECT_GT(chance_of_difference(Runs{1, 4, 5, 8}, Runs{2, 3, 6, 7}), 0.5);
  EXPECT_DOUBLE_EQ(chance_of_difference(Runs{1, 1}, Runs{1, 1}), 1);
  EXPECT_DOUBLE_EQ(chance_of_difference(Runs{}, Runs{1}), 1);
}

// 23 of the pairs: the published critical value for 10 and 10 at 0.05, two-sided.
TEST(ChanceOfDifference, MeetsThePublishedCriticalValue) {
  Runs a, b;
  for (int i = 0; i < 10; ++i) {
    a.push_back(i);
    b.push_back(i + 100);
  }
  b[0] = -1;       // below all of a: ten pairs
  b[1] = 0.5 - 2;  // another ten
  b[2] = 2.5;      // three of a are below: seven pairs, 27 in all
  EXPECT_GT(chance_of_difference(a, b), kChance);
  b[2] = 6.5;  // three pairs, 23 in all
  EXPECT_LE(chance_of_difference(a, b), kChance);
}

TEST(ChanceOfDifference, OfManyRunsComesFromTheNormalDistribution) {
  Runs a, b;
  for (int i = 0; i < 60; ++i) {
    a.push_back(i);
    b.push_back(i + 0.5);
  }
  EXPECT_GT(chance_of_difference(a, b), 0.5);
  for (double& value : b) value += 30;
  EXPECT_LT(chance_of_difference(a, b), 1e-6);
}

TEST(CanDiffer, FourRunsOfEachAreTheLeast) {
  EXPECT_FALSE(can_differ(3, 3));
  EXPECT_TRUE(can_differ(4, 4));
  EXPECT_FALSE(can_differ(0, 100));
}

}  // namespace
}  // namespace overlap::compare
