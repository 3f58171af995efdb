// Whether figures differ by more than chance. Pure.
#pragma once

#include <optional>
#include <span>
#include <vector>

namespace overlap::compare {

/// Where the median of all possible runs lies, going by some: between two of them. No shape of their distribution is
/// assumed: each run is below that median as often as above.
struct Interval {
  double low = 0;
  double high = 0;
  double confidence = 0;  ///< how often such an interval holds the median: 0.9375 between the ends of five runs
};

/// The narrowest that is right in 95 of 100 cases, or from the smallest to the largest value where there are too few
/// for that. Nothing of fewer than two.
std::optional<Interval> median_interval(std::vector<double> values);

/// How often chance alone would set two lists of runs apart as much as this, if they were alike: the rank test of Mann
/// and Whitney, two-sided, with the exact distribution. Equal values count half. 1 where one list is empty.
double chance_of_difference(std::span<const double> a, std::span<const double> b);

/// Below this, a difference is taken for real.
inline constexpr double kChance = 0.05;

/// Whether any two lists of these lengths could differ by so much that it is taken for real.
bool can_differ(std::size_t a, std::size_t b);

}  // namespace overlap::compare
